"""What is asked for an inverter that belongs to no system (dossier 4.13)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ..parsing import timestamp
from .client import AnkerClient
from .parts import Part
from .settings import LIMIT_EVERY
from .shown import SteadyTotals
from .standalone import PvStatus, PvTariff, PvTotals


@dataclass(frozen=True, slots=True, kw_only=True)
class Standalone:
    """What is known of an inverter that belongs to no system.

    `today_kwh` is what it has given since the midnight at which the day `begins`.
    `limit_waits` is how long its limit may not be set again: it is stored for good, and
    that only so many times. `country` is the account's, which tells what dollars are meant.
    """

    status: PvStatus | None
    totals: PvTotals | None
    tariff: PvTariff | None
    today_kwh: float | None
    begins: datetime
    country: str
    limit_waits: timedelta = timedelta()


class StandaloneFeed:
    """What is asked for one of them: what it does now has to be known, nothing else."""

    def __init__(
        self,
        client: AnkerClient,
        serial: str,
        today: Callable[[], tuple[date, datetime]],
        often: timedelta,
        seldom: timedelta,
    ) -> None:
        """Know nothing yet; `today` returns the day and when it began."""
        self._client = client
        self._serial = serial
        self._today = today
        self._most: tuple[date, float] | None = None
        self._steady = SteadyTotals()
        self._limited = f"limited {serial}"
        clock = client.clock
        self._totals = Part(self._fetch_totals, often, clock)
        self._days = Part(self._fetch_days, often, clock)
        self._tariff = Part(lambda: client.pv_tariff(serial), seldom, clock)

    @property
    def detailed_at(self) -> datetime | None:
        """When its details came, None before."""
        return self._totals.told_at

    async def now(self) -> Standalone:
        """Return what the inverter does."""
        status = await self._client.pv_status([self._serial])
        days = await self._days.get() or {}
        totals, tariff = await self._totals.get(), await self._tariff.get()
        day, begins = self._today()
        return Standalone(
            status=status.get(self._serial),
            totals=totals,
            tariff=tariff,
            today_kwh=self._rising(day, days.get(day)),
            begins=begins,
            country=self._client.country,
            limit_waits=self._limit_waits(),
        )

    def expire(self) -> None:
        """Have what is asked seldom asked again."""
        for part in (self._totals, self._days, self._tariff):
            part.expire()

    async def limited(self) -> None:
        """Note that the limit is being set."""
        now = self._client.clock().isoformat()
        await self._client.api.login.note(self._limited, now)

    def _limit_waits(self) -> timedelta:
        notes = self._client.api.login.notes
        if (limited_at := timestamp(notes.get(self._limited))) is None:
            return timedelta()
        passed = abs(self._client.clock() - limited_at)
        return max(LIMIT_EVERY - passed, timedelta())

    async def _fetch_totals(self) -> PvTotals:
        totals = await self._client.pv_totals(self._serial)
        return self._steady.after(totals, self._client.clock())

    async def _fetch_days(self) -> dict[date, float]:
        day, _begins = self._today()
        return await self._client.pv_days(self._serial, day, day)

    def _rising(self, day: date, told: float | None) -> float | None:
        """Return the energy of a day, which never falls."""
        if told is None:
            return None
        before = self._most[1] if self._most and self._most[0] == day else 0.0
        self._most = day, max(told, before)
        return self._most[1]
