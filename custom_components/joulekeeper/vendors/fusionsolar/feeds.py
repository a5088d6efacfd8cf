"""What is asked for the whole account at once, and told to each of its plants."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final

from ...core.errors import (
    AuthError,
    NotFound,
    NotSupported,
    RateLimited,
    Rejected,
    VendorError,
)
from .board import Evidence
from .client import FusionSolarClient
from .codes import PLANT_REFUSED
from .inventory import InventoryFeed
from .limits import (
    ALARMS,
    CONTROL,
    DEVICE_HISTORY,
    DEVICE_PERIODS,
    DEVICES,
    PLANT_REAL_TIME,
    PLANTS,
    Share,
)
from .live import LiveFeeds
from .looks import Looks
from .models import BATTERIES, Alarm, DevicePeriod, PlantNow, PlantPeriod
from .pace import Pace
from .recall import Recall, Rows
from .times import Period, instant, period_start

PLANT_INTERVAL: Final = timedelta(hours=1)
ALARMS_INTERVAL: Final = timedelta(hours=1)
_EVERY: Final = {
    # That they seldom fall on the same hour is meant.
    Period.DAY: timedelta(hours=3),
    Period.MONTH: timedelta(hours=10),
    Period.YEAR: timedelta(hours=11),
}
_SHOWN: Final = {
    Period.DAY: timedelta(days=3),
    Period.MONTH: timedelta(days=70),
    Period.YEAR: timedelta(days=36500),
}
"""How old a row may be that is shown."""
_NEW_DAY: Final = timedelta(minutes=10)
"""After midnight the cloud tells of the new day."""
_AGAIN: Final = timedelta(hours=1)
"""After which a statistic is asked for again that failed: a day has few calls."""
_MINUTE: Final = timedelta(minutes=1)
_TOLERANCE: Final = timedelta(minutes=1)
"""Timers of several plants may be so far apart."""
_YEAR: Final = timedelta(days=364)
_MONTH: Final = timedelta(days=30)
_ALARMS_OF_A_MONTH: Final = f"{ALARMS} of a month"
_STILL_TODAY: Final = timedelta(hours=3)
_STILL_GOOD: Final = timedelta(hours=26)
DAILY: Final = (
    PLANTS,
    DEVICES,
    *(f"getKpiStation{period}" for period in _EVERY),
    DEVICE_HISTORY,
    *DEVICE_PERIODS,
)
"""The interfaces with a quota for a day that are in use."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """The active alarms of a plant, the worst first."""

    items: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """A plant's present day, month and year, and all its years; None is not told.

    `begins` are the midnights at which the day, the month and the year began.
    """

    day: PlantPeriod | None
    month: PlantPeriod | None
    year: PlantPeriod | None
    years: tuple[PlantPeriod, ...] = field(repr=False)
    begins: Mapping[Period, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsLeft:
    """What is left of a day's quotas, by interface.

    All control calls share one; it is None for a plant without a battery.
    """

    daily: Mapping[str, Share]
    control: Share | None


class AccountFeeds(LiveFeeds):
    """Fetches all there is of the plants of an account that are wanted."""

    def __init__(
        self,
        client: FusionSolarClient,
        inventory: InventoryFeed,
        recall: Recall,
        evidence: Evidence,
        pace: Pace,
        looks: Looks,
        zone: tzinfo,
        wanted: frozenset[str],
    ) -> None:
        """Know nothing yet; `zone` is the plants'."""
        super().__init__(client, inventory, recall, evidence, pace, looks, wanted)
        self._zone = zone
        self._again_at: dict[str, datetime] = {}
        """When a plant's statistics are asked for again of which one failed."""

    async def calls_left(self, code: str) -> CallsLeft:
        """Return what is left of the account's quotas; that is no call."""
        limiter = self._client.limiter
        has_battery = any(item.type_id in BATTERIES for item in self.devices(code))
        return CallsLeft(
            daily={name: limiter.share(name) for name in DAILY},
            control=limiter.share(CONTROL) if has_battery else None,
        )

    def _told_from(self, day: date) -> datetime:
        """Return since when the cloud tells of a day."""
        return datetime.combine(day, time(), self._zone) + _NEW_DAY

    def _new_day(self) -> datetime | None:
        """Return since when the cloud tells of today, None while it may not yet."""
        now = self._client.clock()
        begin = self._told_from(now.astimezone(self._zone).date())
        return begin if begin <= now else None

    def _to_new_day(self, now: datetime) -> timedelta:
        today = now.astimezone(self._zone).date()
        begin = self._told_from(today)
        if begin <= now:
            begin = self._told_from(today + timedelta(days=1))
        return begin.astimezone(UTC) - now

    def plant_due_in(self, _payload: object, now: datetime) -> timedelta:
        """Return the time until the plants' energies are asked for."""
        due = self._recall.due_in(PLANT_REAL_TIME, PLANT_INTERVAL, now)
        return min(due, self._to_new_day(now))

    def alarms_due_in(self, _payload: object, now: datetime) -> timedelta:
        """Return the time until the alarms are asked for."""
        return self._recall.due_in(ALARMS, ALARMS_INTERVAL, now)

    def statistics_due_in(self, code: str, now: datetime) -> timedelta:
        """Return the time until one of a plant's statistics is asked for."""
        due = [
            self._recall.due_in(f"getKpiStation{period}", every, now)
            for period, every in _EVERY.items()
        ]
        if (again_at := self._again_at.get(code)) is not None:
            # One that failed keeps asking for it; the others tell when they are due.
            due = [*(item for item in due if item > _MINUTE), again_at - now]
        return max(min(*due, self._to_new_day(now)), _MINUTE)

    async def now(self, code: str) -> PlantNow:
        """Return the energies of a plant."""
        await self._inventory.require(code)

        async def ask(codes: Sequence[str]) -> Rows:
            await self._client.plants_now(codes)
            return list(self._client.raw[PLANT_REAL_TIME])

        kept = await self._recalled(
            PLANT_REAL_TIME,
            ask,
            about=self._codes,
            fresh_for=PLANT_INTERVAL - _TOLERANCE,
            good_for=_STILL_TODAY,
            not_before=self._new_day(),
        )
        self._require(PLANT_REAL_TIME, code)
        for row in kept.rows:
            found = PlantNow.parse(row)
            if found is not None and found.plant_code == code:
                begins = self._evidence.days.begins(
                    f"plant {code}", kept.at, found.day_counters
                )
                return replace(found, day_begins=begins)
        raise NotFound(f"{PLANT_REAL_TIME}: a plant is missing", reason="not_told")

    async def statistics(self, code: str) -> Statistics:
        """Return what a plant's day, month and years came to."""
        await self._inventory.require(code)
        results = await asyncio.gather(
            *(self._periods(period, code) for period in _EVERY), return_exceptions=True
        )
        now = self._client.clock()
        told: dict[Period, tuple[PlantPeriod, ...]] = {}
        failures: list[BaseException] = []
        self._again_at.pop(code, None)
        for period, result in zip(_EVERY, results, strict=True):
            if isinstance(result, tuple):
                told[period] = result
            elif isinstance(result, VendorError) and not isinstance(result, AuthError):
                failures.append(result)
                wait = timedelta(seconds=_retry_s(result))
                again_at = self._again_at.get(code, now + wait)
                self._again_at[code] = min(again_at, now + wait)
            else:
                raise result
        if not told:
            raise failures[0]
        days, months, years = (told.get(period, ()) for period in _EVERY)
        # What was asked for before is still of the day before.
        today = (self._client.clock() - _NEW_DAY).astimezone(self._zone).date()
        begins = {
            Period.DAY: today,
            Period.MONTH: today.replace(day=1),
            Period.YEAR: today.replace(month=1, day=1),
        }
        return Statistics(
            day=of_date(days, Period.DAY, begins[Period.DAY], self._zone),
            month=of_date(months, Period.MONTH, begins[Period.MONTH], self._zone),
            year=of_date(years, Period.YEAR, begins[Period.YEAR], self._zone),
            years=years,
            begins={
                period: datetime.combine(day, time(), self._zone)
                for period, day in begins.items()
            },
        )

    async def _periods(self, period: Period, code: str) -> tuple[PlantPeriod, ...]:
        name = f"getKpiStation{period}"

        async def ask(codes: Sequence[str]) -> Rows:
            now = self._client.clock()
            today = now.astimezone(self._zone).date()
            rows = await self._client.plant_period_rows(
                period, codes, today, self._zone
            )
            # Only what is going on is shown: the rest need not be kept.
            since = now - _SHOWN[period]
            return [row for row in rows if collected(row, now) >= since]

        try:
            kept = await self._recalled(
                name,
                ask,
                about=self._codes,
                fresh_for=_EVERY[period] - _TOLERANCE,
                good_for=_STILL_GOOD,
                not_before=self._new_day() if period is Period.DAY else None,
            )
        except NotSupported as error:
            if error.reason in PLANT_REFUSED:
                raise
            return ()
        self._require(name, code)
        found = filter(None, map(PlantPeriod.parse, kept.rows))
        own = (row for row in found if row.plant_code == code)
        return tuple(sorted(own, key=lambda row: row.collected))

    async def alarms(self, code: str) -> Alarms:
        """Return a plant's active alarms."""
        await self._inventory.require(code)

        kept = await self._recalled(
            ALARMS,
            self._alarm_rows,
            about=self._codes,
            fresh_for=ALARMS_INTERVAL - _TOLERANCE,
            good_for=_STILL_TODAY,
        )
        self._require(ALARMS, code)
        found = filter(None, map(Alarm.parse, kept.rows))
        own = [alarm for alarm in found if alarm.plant_code in (code, None)]
        return Alarms(tuple(own))

    async def _alarm_rows(self, codes: Sequence[str]) -> Rows:
        """Return the active alarms of a year.

        Some cloud may only tell of a month (dossier 7.9): there an alarm that has become
        older since is taken for active still, for it is not known that it has gone.
        """
        client, choices = self._client, self._client.choices
        now = client.clock()
        if not await choices.prefers(_ALARMS_OF_A_MONTH):
            try:
                await client.alarms(codes, now - _YEAR, now)
            except Rejected:
                await choices.prefer(_ALARMS_OF_A_MONTH)
            else:
                return list(client.raw[ALARMS])
        since = now - _MONTH
        older = [
            row
            for row in self._recall.rows.get(ALARMS, ())
            if (raised := instant(row.get("raiseTime")))
            and now - _YEAR < raised < since
        ]
        await client.alarms(codes, since, now)
        return [*older, *client.raw[ALARMS]]


def of_date[T: (PlantPeriod, DevicePeriod)](
    rows: Sequence[T], period: Period, day: date, zone: tzinfo
) -> T | None:
    """Return the row of what began on a day of the plants' zone; rows come in order."""
    return next(
        (
            row
            for row in reversed(rows)
            if period_start(period, row.collected, zone).date() == day
        ),
        None,
    )


def _retry_s(error: VendorError) -> float:
    """Return how soon one of several statistics is asked for again, s."""
    told = error.retry_after if isinstance(error, RateLimited) else None
    return told or _AGAIN.total_seconds()


def collected(row: Mapping[str, Any], otherwise: datetime) -> datetime:
    """Return about when a row's period began."""
    return instant(row.get("collectTime")) or otherwise
