"""When a system's overview is worth fetching again (dossier 6).

A Solarbank E1600 reports every minute, later ones every five minutes, or every few
seconds while the vendor's app is open. The overview tells when it was, by the device's
own wall clock and without a zone.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from ...core.pacing import PhaseLock
from .models import Scene

_REPORTS_EVERY: Final = timedelta(seconds=60)
_LATER_REPORTS_EVERY: Final = timedelta(minutes=5)

_OFFSETS: Final = timedelta(minutes=15)
"""Offsets from UTC are multiples of that."""
_OUT_OF_TURN: Final = timedelta(seconds=1)
_SKEW: Final = timedelta(minutes=2)
"""The most that a device's clock goes fast."""
_REPORTS_TO_BELIEVE: Final = 3
"""One that the cloud has kept back looks as if it came from another zone."""
_EAST: Final = timedelta(hours=14)
_WEST: Final = timedelta(hours=-12)


@dataclass(slots=True)
class Written:
    """When a plan was written last."""

    at: datetime | None = None


class WallClock:
    """Tells which instant a device's wall clock means.

    As a rule it is in Home Assistant's zone. Where it is in another one, its offset
    from UTC is learned: a report that is new since the last look is younger than that,
    and offsets are quarters of an hour.
    """

    def __init__(self) -> None:
        """Take Home Assistant's zone until something else is seen."""
        self._offset: timedelta | None = None
        self._told: datetime | None = None
        self._instant: datetime | None = None
        self._looked_at: datetime | None = None
        self._agreed = 0

    def zone(self, usual: tzinfo) -> tzinfo:
        """Return the zone of the device, once several reports agree on another one."""
        if self._offset is None or self._agreed < _REPORTS_TO_BELIEVE:
            return usual
        return timezone(self._offset)

    def instant(self, told: datetime, now: datetime, zone: tzinfo) -> datetime:
        """Return when it was `told` o'clock, as seen at `now`."""
        if told == self._told and self._instant is not None:
            # What it meant before it still means, however old it gets.
            self._looked_at = now
            return self._instant
        usual = in_zone(told, now, zone)
        before = self._offset
        youth = None if self._told is None else now - (self._looked_at or now)
        if now - usual >= -_SKEW and (youth is None or now - usual < youth + _OFFSETS):
            self._offset = None
        elif youth is not None or usual - now > _SKEW:
            self._offset = _offset_of(told, now)
        self._agreed = self._agreed + 1 if self._offset == before else 1
        self._told, self._looked_at = told, now
        self._instant = usual
        if self._offset is not None:
            self._instant = (told - self._offset).replace(tzinfo=UTC)
        return self._instant


class SceneRhythm:
    """Keeps the polls of one system just behind its reports."""

    def __init__(self, interval: timedelta, jitter: timedelta) -> None:
        """Take the longest time between two polls, and our own constant offset.

        The `interval` may be another one from the next poll on.
        """
        self.interval = interval
        self._jitter = jitter
        self._lock: PhaseLock | None = None
        self._period = self._left_out = timedelta()
        self._newest: datetime | None = None
        self._due: datetime | None = None

    def due_in(self, scene: Scene, now: datetime) -> timedelta:
        """Learn from an overview that came at `now`; return the time to wait."""
        if (stamp := scene.reported_at) is None:
            return self.interval
        banks = scene.solarbanks.values()
        first = bool(banks) and all(bank.is_first_generation for bank in banks)
        period = _REPORTS_EVERY if first else _LATER_REPORTS_EVERY
        if self._lock is None or period != self._period:
            self._lock = PhaseLock(period, self._jitter)
            self._period, self._left_out = period, timedelta()
            self._newest = self._due = None
        # The lock knows only of those periods in which there is a poll.
        known = stamp - self._left_out
        wait = self._lock.due_in(known, now - self._left_out)
        if self._newest is None or known > self._newest:
            self._newest = known
            more = max(self.interval // period - 1, 0) * period
            self._left_out += more
            wait += more
        elif self._is_due(now) and wait >= period / 2:
            # It is silent: there is nothing to be in time for.
            wait = self.interval
        self._due = now + wait
        return wait if self.interval >= period else min(wait, self.interval)

    def _is_due(self, now: datetime) -> bool:
        return self._due is None or self._due - now <= _OUT_OF_TURN


def in_zone(told: datetime, now: datetime, zone: tzinfo) -> datetime:
    """Return the instant of a wall clock's time in a zone.

    In the hour that comes twice it is the one that is nearer to now, if that has come.
    """
    both = [told.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    past = [instant for instant in both if instant <= now + _SKEW]
    return max(past, default=min(both))


def _offset_of(told: datetime, now: datetime) -> timedelta | None:
    """Return the offset of a wall clock that has just been read, None if there is none."""
    ahead = told.replace(tzinfo=UTC) - now - _SKEW
    offset = -(-ahead // _OFFSETS) * _OFFSETS
    return offset if _WEST <= offset <= _EAST else None
