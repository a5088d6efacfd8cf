"""A micro-inverter that stands alone (4.13, 9.5)."""

from datetime import date, datetime, timedelta
from typing import Any
import zlib
from zoneinfo import ZoneInfo

from .behaviour import Behaviour
from .household import HOURS, STEP, Sources
from .settings import Timeline
from .specs import InverterSpec

_REPORT = timedelta(minutes=5)
_EFFICIENCY = 0.95
_CO2_PER_KWH = 0.997
_CURVE = 288


class Inverter:
    """Panels, a limit and a counter."""

    def __init__(
        self, spec: InverterSpec, behaviour: Behaviour, begin: datetime, seed: int
    ) -> None:
        """Start at `begin`."""
        self.spec = spec
        self.alias = spec.alias
        self.zone = ZoneInfo(spec.zone)
        self.offline: Timeline[bool] = Timeline(False, begin)
        self._behaviour = behaviour
        self._seed = seed + zlib.crc32(spec.serial.encode())
        floor = int((begin - 2 * _REPORT).timestamp()) // 300 * 300
        self.begin = datetime.fromtimestamp(floor, begin.tzinfo)
        self.sources = Sources(spec, spec.panels, 0.0, self.begin, self._seed)
        self.time = self.begin
        self.limit: Timeline[int] = Timeline(spec.limit_w, self.begin)
        self.limit_writes = 0
        self.prices: list[dict[str, Any]] = [
            {"from": "00:00", "to": "23:59", "price": spec.price}
        ]
        self.currency = "€"
        self._steps: list[tuple[float, float]] = []
        self._kwh = 0.0

    def advance(self, now: datetime) -> None:
        """Live up to `now`."""
        while self.time <= now:
            sun = sum(self.sources.sun_w(self.time)) * _EFFICIENCY
            power = min(sun, self.limit.at(self.time))
            self._steps.append((power, self._kwh))
            self._kwh += power * HOURS / 1000
            self.time += STEP

    # -- what it did -----------------------------------------------------------

    def report_time(self, now: datetime) -> datetime:
        """Return the time of the newest report."""
        time = now - (now - self.begin) % _REPORT
        while self.offline.at(time) and time > self.begin:
            time -= _REPORT
        return time

    def power_w(self, time: datetime) -> float:
        """Return the power at a time."""
        return self._at(time)[0]

    def _at(self, time: datetime) -> tuple[float, float]:
        n = int((time - self.begin) / STEP)
        return self._steps[max(0, min(n, len(self._steps) - 1))]

    def counted_kwh(self, time: datetime) -> float:
        """Return the counter at a time."""
        if time < self.begin:
            days = max(0.0, (self.begin - time) / timedelta(days=1))
            share = max(0.0, 1 - days / self.spec.since_days)
            return self.spec.before * share
        power, kwh = self._at(time)
        seconds = (time - self.begin) % STEP
        return self.spec.before + kwh + power * seconds / timedelta(hours=1) / 1000

    def midnight(self, day: date) -> datetime:
        """Return when a day begins, UTC."""
        begin = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return begin.astimezone(self.begin.tzinfo)

    def day_kwh(self, day: date, now: datetime) -> float:
        """Return the yield of a day."""
        newest = self.report_time(now)
        start = min(self.midnight(day), newest)
        end = min(self.midnight(day + timedelta(days=1)), newest)
        return self.counted_kwh(end) - self.counted_kwh(start)

    # -- what is told ----------------------------------------------------------

    def status(self, now: datetime) -> dict[str, Any]:
        """Return a row of getPvStatus."""
        online = not self.offline.at(now)
        power = self.power_w(self.report_time(now)) if online else 0.0
        return {
            "sn": self.spec.serial,
            "power": round(power),
            "status": int(online),
        }

    def totals(self, now: datetime) -> dict[str, Any]:
        """Return data of getPvTotalStatistics."""
        kwh = self.counted_kwh(self.report_time(now))
        return {
            "energy": round(kwh, 1),
            "energyUnit": "kWh",
            "reductionCo2": round(kwh * _CO2_PER_KWH),
            "reductionCo2Unit": "kg",
            "saveMoney": round(kwh * self.prices[0]["price"], 1),
            "saveMoneyUnit": self.currency,
            "powerConfig": f"{self.limit.at(now)}W",
            "powerPopUpFlag": 0,
        }

    def statistics(
        self, kind: str, start: date, end: date, now: datetime
    ) -> dict[str, Any]:
        """Return data of statisticsPv."""
        days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        yields = [self.day_kwh(day, now) for day in days]
        price = self.prices[0]["price"]
        return {
            "curve": self._curve(start, now) if kind == "day" else [],
            "energy": []
            if kind == "day"
            else [
                {"money": 0, "energy": round(kwh, 2), "index": index}
                for index, kwh in enumerate(yields, 1)
            ],
            "energyUnit": "kWh",
            "solarGeneraion": round(sum(yields), 2),
            "money": round(sum(yields) * price, 2),
            "moneyUnit": self.currency,
            "loadPercent": "",
            "ppsPercent": "",
            "generationTime": 0,
            "maxPower": 0,
        }

    def _curve(self, day: date, now: datetime) -> list[dict[str, Any]]:
        newest, start = self.report_time(now), self.midnight(day)
        points = []
        for n in range(_CURVE):
            time = start + n * _REPORT
            known = self.begin <= time <= newest
            points.append(
                {
                    "power": round(self.power_w(time)) if known else 0,
                    "time": f"{n // 12:02}:{n % 12 * 5:02}",
                    "valuePtr": None,
                    "isFix": False,
                    "isFuture": False,
                }
            )
        return points

    def price(self) -> dict[str, Any]:
        """Return data of selectUserTieredElecPrice."""
        return {"currencyUnit": self.currency, "tieredElecPrices": self.prices}
