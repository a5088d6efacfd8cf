"""What devices came to in a month and a year, told to each of the account's plants.

Few want it, so it is asked for once when nothing is known yet, and then only while
somebody listens. An interface takes one call a minute, and each type of devices needs
one: what has to wait is asked for by the next fetch.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, override

from ...core.errors import AuthError, NotSupported, RateLimited, VendorError
from .codes import INTERFACE_NOT_GRANTED, PLANT_REFUSED, said_again
from .feeds import AccountFeeds, collected, of_date
from .limits import GAP
from .models import BATTERIES, INVERTERS, DevicePeriod
from .recall import Kept, Rows
from .rows import DeviceNames
from .times import Period

DEVICE_INTERVAL: Final = timedelta(hours=6)
_NEW_PERIOD: Final = timedelta(hours=1)
"""After midnight the cloud tells of the new month."""
_SHOWN: Final = {Period.MONTH: timedelta(days=70), Period.YEAR: timedelta(days=400)}
"""How old a row may be that is shown."""
_COUNTED: Final = frozenset(map(int, INVERTERS | BATTERIES))
_TOLERANCE: Final = timedelta(minutes=1)
_SOON: Final = GAP + timedelta(seconds=1)
_AGAIN: Final = timedelta(hours=1)
"""After which it is asked for again what failed: a day has few calls."""
_REFUSED_AGAIN: Final = timedelta(hours=3)
_STILL_GOOD: Final = timedelta(hours=26)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceStatistics:
    """The present month and year of a plant's inverters and batteries, by their ids.

    What is not told is missing. `begins` are the midnights at which they began.
    `waiting` tells that a type could not be asked for yet. `due_at` is when to ask.
    """

    rows: Mapping[Period, Mapping[int, DevicePeriod]] = field(repr=False)
    begins: Mapping[Period, datetime]
    waiting: bool
    due_at: datetime


class DeviceFeeds(AccountFeeds):
    """Fetches statistics of devices too."""

    @override
    def __init__(self, *args: Any, **options: Any) -> None:
        """Know nothing yet."""
        super().__init__(*args, **options)
        self._turns: dict[Period, asyncio.Lock] = {}
        self._tried: dict[str, datetime] = {}
        self._failed: dict[str, tuple[VendorError, datetime]] = {}
        """What failed, of an interface or a type of it, and when it is asked again."""
        self._shown: set[str] = set()
        """Plants whose statistics have been returned since the start."""

    async def device_statistics(self, code: str) -> DeviceStatistics:
        """Return what a plant's devices came to; an error when nothing is told.

        The first time an older answer will do: whether anybody listens is seen later.
        """
        await self._inventory.require(code)
        kinds = {item.type_id for item in self.devices(code)} & _COUNTED
        names = [(period, kind) for period in _SHOWN for kind in kinds]
        never = datetime.min.replace(tzinfo=UTC)
        # One that fails must not keep the others of its interface waiting for ever.
        names.sort(key=lambda name: (self._tried.get(_name(*name), never), name))
        wait = DEVICE_INTERVAL - _TOLERANCE if code in self._shown else _STILL_GOOD
        results = await asyncio.gather(
            *(self._counted(*name, code, wait) for name in names),
            return_exceptions=True,
        )
        now = self._client.clock()
        begins = self._begins(now)
        following = begins[Period.MONTH].date() + timedelta(days=32)
        new_month = datetime.combine(following.replace(day=1), time(), self._zone)
        due = [now + DEVICE_INTERVAL, new_month + _NEW_PERIOD]
        failures: list[VendorError] = []
        rows: dict[Period, dict[int, DevicePeriod]] = {period: {} for period in _SHOWN}
        for (period, kind), result in zip(names, results, strict=True):
            if isinstance(result, Kept):
                due.append(self._due_at(result, period, begins, now))
                rows[period] |= self._rows_of(result, period, kind, code, begins)
            elif isinstance(result, VendorError) and not isinstance(result, AuthError):
                failures.append(result)
                due.append(now + _retry(result))
            else:
                raise result
        # Of what only has to wait nothing is wrong.
        not_yet = any(isinstance(item, _NotYet) for item in failures)
        if failures and len(failures) == len(names) and not not_yet:
            raise failures[0]
        self._shown.add(code)
        return DeviceStatistics(
            rows=rows,
            begins=begins,
            waiting=any(isinstance(item, RateLimited) for item in failures),
            due_at=min(due),
        )

    def _begins(self, now: datetime) -> dict[Period, datetime]:
        """Return the midnights at which the month and the year began."""
        # What is told just after midnight is still of the day before.
        month = (now - _NEW_PERIOD).astimezone(self._zone).date().replace(day=1)
        days = {Period.MONTH: month, Period.YEAR: month.replace(month=1)}
        return {
            period: datetime.combine(day, time(), self._zone)
            for period, day in days.items()
        }

    def _due_at(
        self,
        kept: Kept,
        period: Period,
        begins: Mapping[Period, datetime],
        now: datetime,
    ) -> datetime:
        """Return when an answer is asked for anew; while it has to wait, when it may."""
        due = kept.at + DEVICE_INTERVAL
        if due > now and kept.at >= begins[period] + _NEW_PERIOD:
            return due
        return now + self._client.limiter.wait(_interface(period))[0]

    def _rows_of(
        self,
        kept: Kept,
        period: Period,
        kind: int,
        code: str,
        begins: Mapping[Period, datetime],
    ) -> Mapping[int, DevicePeriod]:
        """Return the rows of the present period of a plant's devices of a type."""
        names = DeviceNames(self._of_type(kind, [code]))
        found: dict[int, list[DevicePeriod]] = {}
        for raw in kept.rows:
            device_id, row = names.id_of(raw), DevicePeriod.parse(raw)
            if device_id is not None and row is not None:
                found.setdefault(device_id, []).append(row)
        day = begins[period].date()
        present = {
            device_id: of_date(
                sorted(rows, key=lambda row: row.collected), period, day, self._zone
            )
            for device_id, rows in found.items()
        }
        return {key: row for key, row in present.items() if row is not None}

    async def _counted(
        self, period: Period, kind: int, code: str, fresh_for: timedelta
    ) -> Kept:
        name = _name(period, kind)

        async def ask(codes: Sequence[str]) -> Rows:
            async with self._turns.setdefault(period, asyncio.Lock()):
                now = self._client.clock()
                self._raise_failed(name, now)
                self._require_turn(period)
                self._tried[name] = now
                try:
                    rows = await self._client.device_period_rows(
                        period,
                        kind,
                        self._of_type(kind, codes),
                        now.astimezone(self._zone).date(),
                        self._zone,
                    )
                except NotSupported as error:
                    # What is refused for a plant is left to the search for it.
                    if error.reason not in PLANT_REFUSED:
                        whole = error.reason == INTERFACE_NOT_GRANTED
                        failed = _interface(period) if whole else name
                        self._failed[failed] = error, now + _REFUSED_AGAIN
                    raise
            since = now - _SHOWN[period]
            return [row for row in rows if collected(row, now) >= since]

        kept = await self._recalled(
            name,
            ask,
            about=[str(device.id) for device in self._of_type(kind)],
            fresh_for=fresh_for,
            good_for=_STILL_GOOD,
            not_before=self._begins(self._client.clock())[period] + _NEW_PERIOD,
        )
        self._require(name, code)
        return kept

    def _raise_failed(self, name: str, now: datetime) -> None:
        """Say again what is refused for long; a day has few calls to ask about it."""
        for failed in (name, name.partition(" ")[0]):
            if failed in self._failed:
                error, until = self._failed[failed]
                left = until - now
                if timedelta() < left <= _REFUSED_AGAIN:
                    raise said_again(error, left.total_seconds())
                del self._failed[failed]

    def _require_turn(self, period: Period) -> None:
        """Raise _NotYet while another type's call is less than a minute old."""
        interface = _interface(period)
        wait, reason = self._client.limiter.wait(interface)
        if reason is None and wait > timedelta():
            raise _NotYet(
                f"{interface}: not sent yet", wait.total_seconds(), reason="own_budget"
            )


class _NotYet(RateLimited):
    """Another type of devices was asked for less than a minute ago."""


def device_statistics_due_in(payload: DeviceStatistics, now: datetime) -> timedelta:
    """Return the time until the statistics of devices are asked for."""
    return max(payload.due_at - now, _SOON)


def _name(period: Period, kind: int) -> str:
    """Return how the statistics of a type are called among answers."""
    return f"{_interface(period)} {kind}"


def _interface(period: Period) -> str:
    return f"getDevKpi{period}"


def _retry(error: VendorError) -> timedelta:
    """Return how soon it is asked for again what failed."""
    if isinstance(error, NotSupported):
        return _REFUSED_AGAIN
    if isinstance(error, RateLimited) and error.retry_after:
        return timedelta(seconds=error.retry_after)
    return _AGAIN
