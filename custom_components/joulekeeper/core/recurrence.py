"""Windows that come again, by the wall clock of a site.

The rules of RFC 5545 that a battery needs: daily or weekly, with INTERVAL, BYDAY, UNTIL
and COUNT, and with single dates taken out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from .schedule import DAY, compact, offset_of_day, wall_instant

_PARTS: Final = ("FREQ", "INTERVAL", "WKST", "BYDAY", "COUNT", "UNTIL")
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES: Final = ("DAILY", "WEEKLY")
_MOST: Final = {"INTERVAL": 1000, "COUNT": 10_000}
_WALL: Final = "%Y%m%dT%H%M%S"
_MARGIN: Final = 2 * DAY
"""Wall time and UTC are less than this apart."""
_EARLIEST: Final = datetime.min + _MARGIN
_LATEST: Final = datetime.max.replace(microsecond=0) - _MARGIN


class RecurrenceError(ValueError):
    """A recurrence that we do not know; `key` tells why, as a key of the user texts."""

    def __init__(self, key: str) -> None:
        """Keep the key."""
        super().__init__(key)
        self.key = key


class Window(NamedTuple):
    """One window: the wall time at which it recurs, and its instants in UTC."""

    wall: datetime | None
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """When a window comes again.

    `first` is the wall time, without zone, from which the rule counts; `length` is how
    far the end is from the start on the wall clock. `exdates` are wall starts that are
    left out; `rule` is in the normal form of `parse_rrule`.
    """

    first: datetime
    length: timedelta
    zone: str
    rule: str
    exdates: frozenset[datetime] = frozenset()

    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Yield each window that shares time with a span of instants, earliest first.

        A start inside the hour that a clock change skips is the first instant after
        it, one in the hour that is repeated its first pass. A window that would vanish
        in the skipped hour keeps its length instead.
        """
        zone = ZoneInfo(self.zone)
        earliest = _shifted(start.replace(tzinfo=None), -self.length - _MARGIN)
        latest = min(
            _shifted(end.replace(tzinfo=None), _MARGIN), _shifted(_LATEST, -self.length)
        )
        before: datetime | None = None
        for wall in self._walls(earliest, latest):
            if wall in self.exdates:
                continue
            window = self._placed(wall, zone)
            # In a day that a zone skipped it would be that of the next day, too.
            if window.start < end and start < window.end and window.start != before:
                before = window.start
                yield window

    @property
    def first_window(self) -> Window:
        """The first window of all; RecurrenceError when there is none."""
        window = next(self._windows_from(datetime.min.replace(tzinfo=UTC)), None)
        if window is None:
            raise RecurrenceError("recurrence_empty")
        return window

    @property
    def endless(self) -> bool:
        """Whether it goes on for ever."""
        parts = _parts(self.rule)
        return "COUNT" not in parts and "UNTIL" not in parts

    def over(self, now: datetime) -> bool:
        """Tell whether nothing comes any more."""
        return not self.endless and next(self._windows_from(now), None) is None

    def takes_place(self, day: date) -> bool:
        """Tell whether one starts on a day by the wall clock."""
        begin = datetime.combine(day, time())
        return any(
            wall.date() == day and wall not in self.exdates
            for wall in self._walls(begin, begin + DAY)
        )

    def without(self, wall: datetime) -> Recurrence:
        """Return the recurrence with one window taken out."""
        return replace(self, exdates=self.exdates | {wall})

    def until(self, wall: datetime) -> Recurrence:
        """Return what of the recurrence comes before a wall time."""
        parts = _parts(self.rule)
        last = wall - timedelta(seconds=1)
        if "COUNT" in parts:
            del parts["COUNT"]
            last = min(last, self._last_wall)
        elif "UNTIL" in parts:
            last = min(last, datetime.strptime(parts["UNTIL"], _WALL))
        parts["UNTIL"] = f"{last:{_WALL}}"
        return replace(self, rule=_text(parts))

    def since(self, wall: datetime) -> Recurrence:
        """Return what of the recurrence comes at a wall time of its own and later."""
        parts = _parts(self.rule)
        if "COUNT" in parts:
            earlier = sum(before < wall for before in self._walls(self.first, wall))
            parts["COUNT"] = str(int(parts["COUNT"]) - earlier)
        return replace(self, first=wall, rule=_text(parts))

    @property
    def _last_wall(self) -> datetime:
        return self.first + _beat(self.rule, self.first).last * DAY

    def _windows_from(self, start: datetime) -> Iterator[Window]:
        return self.windows(start, datetime.max.replace(tzinfo=UTC))

    def _walls(self, earliest: datetime, latest: datetime) -> Iterator[datetime]:
        """Yield the wall starts of the days of a span, dates left out included."""
        first = self.first.replace(microsecond=0)
        beat = _beat(self.rule, first)
        begin = max(0, (earliest - first) // DAY)
        end = min(beat.last, (latest - first) // DAY)
        for cycle in range(begin - begin % beat.cycle, end + 1, beat.cycle):
            for offset in beat.offsets:
                if begin <= cycle + offset <= end:
                    yield first + (cycle + offset) * DAY

    def _placed(self, wall: datetime, zone: ZoneInfo) -> Window:
        day, last = wall.date(), wall + self.length
        offset = offset_of_day(day, zone)
        if offset is not None and last.date() == day:
            start = wall.replace(tzinfo=UTC) - offset
            return Window(wall, start, start + self.length)
        start = wall_instant(day, wall.time(), zone)
        end = wall_instant(last.date(), last.time(), zone)
        return Window(wall, start, end if end > start else start + self.length)


class _Beat(NamedTuple):
    """The days on which a rule comes, all counted from its first day.

    Those in `offsets` come again with each cycle, up to the `last`.
    """

    cycle: int
    offsets: tuple[int, ...]
    last: int


@lru_cache(maxsize=4096)
def _beat(rule: str, first: datetime) -> _Beat:
    """Return the days of a rule in normal form."""
    parts = _parts(rule)
    interval = int(parts.get("INTERVAL", 1))
    cycle = 7 * interval
    named = parts["BYDAY"].split(",") if "BYDAY" in parts else ()
    weekdays = {_WEEKDAYS.index(day) for day in named} or {first.weekday()}
    if parts["FREQ"] == "WEEKLY":
        week_start = _WEEKDAYS.index(parts.get("WKST", "MO"))
        gone = (first.weekday() - week_start) % 7
        days = {((day - week_start) % 7 - gone) % cycle for day in weekdays}
    elif named:
        days = set(range(0, cycle, interval))
        days = {day for day in days if (first.weekday() + day) % 7 in weekdays}
    else:
        cycle, days = interval, {0}
    offsets = tuple(sorted(days))
    until = datetime.strptime(parts["UNTIL"], _WALL) if "UNTIL" in parts else _LATEST
    last = (until - first) // DAY
    if not offsets:
        last = -1
    elif "COUNT" in parts:
        cycles, index = divmod(int(parts["COUNT"]) - 1, len(offsets))
        last = min(last, cycles * cycle + offsets[index])
    return _Beat(cycle, offsets, last)


def _shifted(wall: datetime, by: timedelta) -> datetime:
    """Return a wall time moved, within what has an instant in every zone."""
    try:
        return min(max(wall + by, _EARLIEST), _LATEST)
    except OverflowError:
        return _LATEST if by > timedelta() else _EARLIEST


def parse_rrule(text: str, zone: str) -> str:
    """Return a recurrence rule in normal form, its UNTIL as wall time in the zone.

    Raises RecurrenceError for what is no rule, or none that we keep.
    """
    parts = _parts(text)
    days = parts["BYDAY"].split(",") if parts.get("BYDAY") else []
    if (
        parts.get("FREQ") not in _FREQUENCIES
        or not parts.keys() <= set(_PARTS)
        or not set(days) <= set(_WEEKDAYS)
        or (parts.get("COUNT") and parts.get("UNTIL"))
    ):
        raise RecurrenceError("recurrence_unsupported")
    try:
        for name, most in _MOST.items():
            if parts.get(name):
                parts[name] = str(_number(parts[name], most))
        if until := parts.get("UNTIL"):
            parts["UNTIL"] = f"{_until(until, zone):{_WALL}}"
        normal = _text(parts)
        rrulestr(normal, dtstart=datetime(2000, 1, 1))
    except ValueError as error:
        raise RecurrenceError("recurrence_unsupported") from error
    return normal


def recurrence_id(wall: datetime) -> str:
    """Return what names one window of a recurrence."""
    return compact(wall)


def wall_of_recurrence_id(text: str) -> datetime:
    """Return the wall time that a recurrence id stands for; ValueError for no id."""
    return datetime.strptime(text, _WALL)


def _number(text: str, most: int) -> int:
    """Read a number from 1; ValueError for anything else."""
    # Else it could be "+1", "1_0", or the digits of any script.
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise ValueError(text)
    return int(text)


def _until(text: str, zone: str) -> datetime:
    """Read UNTIL: a date means its end, a Z means UTC, else it is wall time."""
    if len(text) == len("20261130"):
        return datetime.combine(
            datetime.strptime(text, "%Y%m%d").date(), time(23, 59, 59)
        )
    if text.endswith("Z"):
        wall = _shifted(datetime.strptime(text, f"{_WALL}Z"), timedelta())
        instant = wall.replace(tzinfo=UTC)
        return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return datetime.strptime(text, _WALL)


def _parts(text: str) -> dict[str, str]:
    """Return the parts of a rule by name, in capitals."""
    stripped = text.strip().upper().removeprefix("RRULE:").strip(";")
    pairs = (part.partition("=") for part in stripped.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _text(parts: Mapping[str, str]) -> str:
    return ";".join(f"{name}={parts[name]}" for name in _PARTS if parts.get(name))
