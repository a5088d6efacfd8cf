"""Windows that come again, by the wall clock of a site.

The rules of RFC 5545 that a battery needs: daily or weekly, with INTERVAL, BYDAY, UNTIL
and COUNT, and with single dates taken out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr

from .schedule import DAY, wall_instant

_PARTS: Final = ("FREQ", "INTERVAL", "WKST", "BYDAY", "COUNT", "UNTIL")
_WEEKDAYS: Final = frozenset({"MO", "TU", "WE", "TH", "FR", "SA", "SU"})
_CYCLE_DAYS: Final = {"DAILY": 1, "WEEKLY": 7}
_WALL: Final = "%Y%m%dT%H%M%S"
_MARGIN: Final = 2 * DAY
"""Wall time and UTC are less than this apart."""
_CENTURY: Final = 36_525 * DAY


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
        earliest = start.astimezone(zone).replace(tzinfo=None) - self.length - _MARGIN
        latest = end.astimezone(zone).replace(tzinfo=None) + _MARGIN
        for wall in self._rule_from(earliest).xafter(earliest, inc=True):
            if wall > latest:
                return
            if wall in self.exdates:
                continue
            window = self._placed(wall, zone)
            if window.start < end and start < window.end:
                yield window

    @property
    def first_window(self) -> Window:
        """The first window of all; RecurrenceError when there is none."""
        begin = (self.first - _MARGIN).replace(tzinfo=UTC)
        window = next(self.windows(begin, begin + _CENTURY), None)
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
        if self.endless:
            return False
        return next(self.windows(now, now + _CENTURY), None) is None

    def without(self, wall: datetime) -> Recurrence:
        """Return the recurrence with one window taken out."""
        return replace(self, exdates=self.exdates | {wall})

    def until(self, wall: datetime) -> Recurrence:
        """Return what of the recurrence comes before a wall time."""
        parts = _parts(self.rule)
        parts.pop("COUNT", None)
        parts["UNTIL"] = f"{wall - timedelta(seconds=1):{_WALL}}"
        return replace(self, rule=_text(parts))

    def since(self, wall: datetime) -> Recurrence:
        """Return what of the recurrence comes at a wall time of its own and later."""
        parts = _parts(self.rule)
        if "COUNT" in parts:
            earlier = _rrule(self.rule, self.first).between(self.first, wall, inc=True)
            count = sum(1 for before in earlier if before < wall)
            parts["COUNT"] = str(int(parts["COUNT"]) - count)
        return replace(self, first=wall, rule=_text(parts))

    def _rule_from(self, earliest: datetime) -> rrule:
        """Return the rule, begun near what is wanted where that changes nothing."""
        begin = self.first
        if (cycle := _cycle(self.rule)) is not None:
            begin += max(0, (earliest - begin) // cycle) * cycle
        return _rrule(self.rule, begin)

    def _placed(self, wall: datetime, zone: ZoneInfo) -> Window:
        start = wall_instant(wall.date(), wall.time(), zone)
        last = wall + self.length
        end = wall_instant(last.date(), last.time(), zone)
        return Window(wall, start, end if end > start else start + self.length)


@lru_cache(maxsize=4096)
def _cycle(rule: str) -> timedelta | None:
    """Return after how long a rule repeats itself; None for one that counts."""
    parts = _parts(rule)
    if "COUNT" in parts:
        return None
    return _CYCLE_DAYS[parts["FREQ"]] * int(parts.get("INTERVAL", 1)) * DAY


@lru_cache(maxsize=4096)
def _rrule(rule: str, begin: datetime) -> rrule:
    parsed = rrulestr(rule, dtstart=begin)
    assert isinstance(parsed, rrule)
    return parsed


def parse_rrule(text: str, zone: str) -> str:
    """Return a recurrence rule in normal form, its UNTIL as wall time in the zone.

    Raises RecurrenceError for what is no rule, or none that we keep.
    """
    parts = _parts(text)
    if parts.get("FREQ") not in _CYCLE_DAYS or not parts.keys() <= set(_PARTS):
        raise RecurrenceError("recurrence_unsupported")
    days = {day for day in parts.get("BYDAY", "").split(",") if day}
    if not days <= _WEEKDAYS:
        raise RecurrenceError("recurrence_unsupported")
    try:
        if until := parts.get("UNTIL"):
            parts["UNTIL"] = f"{_until(until, zone):{_WALL}}"
        normal = _text(parts)
        rrulestr(normal, dtstart=datetime(2000, 1, 1))
    except ValueError as error:
        raise RecurrenceError("recurrence_unsupported") from error
    return normal


def recurrence_id(wall: datetime) -> str:
    """Return what names one window of a recurrence."""
    return f"{wall:{_WALL}}"


def wall_of_recurrence_id(text: str) -> datetime:
    """Return the wall time that a recurrence id stands for; ValueError for no id."""
    return datetime.strptime(text, _WALL)


def _until(text: str, zone: str) -> datetime:
    """Read UNTIL: a date means its end, a Z means UTC, else it is wall time."""
    if len(text) == len("20261130"):
        return datetime.combine(
            datetime.strptime(text, "%Y%m%d").date(), time(23, 59, 59)
        )
    if text.endswith("Z"):
        instant = datetime.strptime(text, f"{_WALL}Z").replace(tzinfo=UTC)
        return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return datetime.strptime(text, _WALL)


def _parts(text: str) -> dict[str, str]:
    """Return the parts of a rule by name, in capitals."""
    stripped = text.strip().upper().removeprefix("RRULE:").strip(";")
    pairs = (part.partition("=") for part in stripped.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _text(parts: Mapping[str, str]) -> str:
    return ";".join(f"{name}={parts[name]}" for name in _PARTS if parts.get(name))
