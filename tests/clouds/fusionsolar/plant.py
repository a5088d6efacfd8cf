"""One plant: its house, what it is set to, and what it has told."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Literal
import zlib
from zoneinfo import ZoneInfo

from ..house import Control, Energy, House
from .alarms import Alarm
from .behaviour import Behaviour
from .dispatch import Dispatch
from .fixtures import BATTERY, ESS, DeviceSpec, PlantSpec
from .inverter import (
    BatteryLimits,
    BatteryMode,
    Doing,
    FeedIn,
    Settings,
    Timeline,
    control,
    decide,
)
from .telemetry import MARK_S, STEP, Record, Recorder, Totals

type Span = Literal["hour", "day", "month", "year"]

_HOURS = STEP.total_seconds() / 3600


class Plant:
    """A plant that lives on whatever the cloud knows of it."""

    def __init__(
        self, spec: PlantSpec, behaviour: Behaviour, begin: datetime, seed: int
    ) -> None:
        """Start at `begin`."""
        self.spec = spec
        self.zone = ZoneInfo(spec.house.zone)
        self.seed = seed + zlib.crc32(spec.code.encode())
        self.granted = True
        self.offline_since: datetime | None = None
        self.offline_devices: set[int] = set()
        self.alarms: list[Alarm] = []
        self.dispatches: list[Dispatch] = []
        self._behaviour = behaviour
        # On a mark, and one earlier, so that there is something told from the first.
        mark = int(begin.timestamp()) // MARK_S - 2
        start = datetime.fromtimestamp(mark * MARK_S, begin.tzinfo)
        self.house = House(spec.house, start, self.seed, STEP)
        self.mode = Timeline(BatteryMode(), start)
        self.limits = Timeline(BatteryLimits(), start)
        self.feed_in = Timeline(FeedIn(), start)
        self.recorder = Recorder(
            self.zone,
            self.seed,
            start,
            spec.connected,
            _hours_of(spec),
            behaviour,
        )
        self._doing = self._decide(start)

    # -- life ------------------------------------------------------------------

    @property
    def has_battery(self) -> bool:
        """Whether there is something to dispatch."""
        return any(d.kind in (BATTERY, ESS) for d in self.spec.devices)

    def advance(self, now: datetime) -> None:
        """Run the house up to `now`."""
        for reading in self.house.advance(now, self._control):
            self.recorder.record(reading, self._doing)

    def _control(self, time: datetime) -> Control:
        self._doing = self._decide(time)
        settings = Settings(
            self.mode.at(time), self.limits.at(time), self.feed_in.at(time)
        )
        spec, stored = self.spec.house, self.house.stored_kwh
        return control(self._doing, settings, spec, stored, _HOURS)

    def _decide(self, time: datetime) -> Doing:
        wanted = None
        for dispatch in self.dispatches:
            doing = dispatch.step(time, self.house.energy, self.soc)
            wanted = doing or wanted
        local = time.astimezone(self.zone)
        by_mode = decide(self.mode.at(time), local, self._behaviour)
        if wanted is not None and self._behaviour.dispatch_model == "kept":
            return replace(wanted, model=by_mode.model)
        return wanted or by_mode

    @property
    def soc(self) -> float:
        """Return the true state of charge, %."""
        return (self.house.soc or 0.0) * 100

    @property
    def doing(self) -> Doing:
        """Return what it did in its newest step, and why."""
        return self._doing

    def running(self, now: datetime) -> Dispatch | None:
        """Return the dispatch that is not over yet."""
        self.advance(now)
        alive = [d for d in self.dispatches if not d.is_over(now)]
        return alive[-1] if alive else None

    # -- what it has told ------------------------------------------------------

    def told_until(self, time: datetime) -> bool:
        """Whether the cloud was told what was at `time`."""
        return self.offline_since is None or time < self.offline_since

    def latest(self, now: datetime, lag_s: float = 0.0) -> Record:
        """Return the record that is shown at `now`."""
        self.advance(now)
        return self.recorder.latest(now - timedelta(seconds=lag_s), self.told_until)

    def is_connected(self, device: DeviceSpec) -> bool:
        """Whether a device talks to the cloud."""
        return self.offline_since is None and device.number not in self.offline_devices

    def set_online(self, online: bool, now: datetime) -> None:
        """Cut or mend the line; what was recorded meanwhile is told then."""
        self.advance(now)
        self.offline_since = None if online else self.offline_since or now

    # -- periods ---------------------------------------------------------------

    def local(self, time: datetime) -> datetime:
        """Return a time on the plant's clock."""
        return time.astimezone(self.zone)

    def midnight(self, day: date) -> datetime:
        """Return when a day of the plant begins, UTC."""
        begin = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return begin.astimezone(self.recorder.start.tzinfo)

    def periods(self, span: Span, time: datetime) -> list[tuple[datetime, datetime]]:
        """Return begin and end of the rows that hold `time`'s day, month or year.

        Hours of its day, days of its month, months of its year, or all years up to
        its year, the oldest first.
        """
        local = self.local(time)
        match span:
            case "hour":
                first = self.midnight(local.date())
                last = self.midnight(local.date() + timedelta(days=1))
                count = round((last - first).total_seconds() / 3600)
                edges = [first + timedelta(hours=n) for n in range(count + 1)]
            case "day":
                month = local.date().replace(day=1)
                after = (month + timedelta(days=32)).replace(day=1)
                count = (after - month).days
                edges = [
                    self.midnight(month + timedelta(days=n)) for n in range(count + 1)
                ]
            case "month":
                edges = [
                    self.midnight(date(local.year + n // 12, n % 12 + 1, 1))
                    for n in range(13)
                ]
            case _:
                first_year = self.local(self.recorder.connected).year
                edges = [
                    self.midnight(date(year, 1, 1))
                    for year in range(first_year, local.year + 2)
                ]
        return list(pairwise(edges))

    def counted(self, begin: datetime, end: datetime, newest: Record) -> Totals | None:
        """Return what was counted from begin to end, None for no time at all."""
        if begin >= newest.time or end <= self.recorder.connected:
            return None
        recorder = self.recorder
        return recorder.at(end, newest).minus(recorder.at(begin, newest))

    def today(self, record: Record) -> Totals:
        """Return what was counted from the record's midnight to the record."""
        # The day that ends with a record at midnight is still the day of that record.
        begin = self.midnight(self.local(record.time).date())
        return record.totals.minus(self.recorder.at(begin, record))

    def history(self, start: datetime, end: datetime) -> list[tuple[datetime, Energy]]:
        """Return (full hour, all-time counters) for start <= hour <= end."""
        return [hour for hour in self.recorder.hours if start <= hour[0] <= end]


def _hours_of(spec: PlantSpec) -> Totals:
    """Return the counters at the start; the hours are those at full power."""
    energy, house = spec.house.energy, spec.house
    charge_kw = max(1.0, house.max_charge_w / 1000)
    discharge_kw = max(1.0, house.max_discharge_w / 1000)
    return Totals(energy, energy.charged / charge_kw, energy.discharged / discharge_kw)
