"""Days in pieces: what holds from one minute of a wall clock's day to another.

The cloud tells such pieces as objects with `start_time` and `end_time`, "HH:MM" up to
"24:00" (dossier section 5). Whatever else stands in an object is kept as it was read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
import re
from typing import Any, Final

from ...core.schedule import DAY, MINUTE, wall_instant
from ..parsing import integer

DAY_MINUTES: Final = 24 * 60
_CLOCK: Final = re.compile(r"(\d\d?):(\d\d)", re.ASCII)
_STEP: Final = timedelta(minutes=15)
"""Clocks change at multiples of it."""


def minutes_of(text: Any) -> int | None:
    """Return "HH:MM" as minutes since midnight, "24:00" is 1440; None if it is none."""
    found = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    hours, minutes = map(int, found.groups())
    total = hours * 60 + minutes
    return total if minutes < 60 and total <= DAY_MINUTES else None


def clock(minutes: int) -> str:
    """Return minutes since midnight as "HH:MM"."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


@dataclass(frozen=True, slots=True)
class Piece:
    """From one minute of the day to another, the end exclusive; `raw` is all of it."""

    start: int
    end: int
    raw: Mapping[str, Any] = field(repr=False)

    def dump(self) -> dict[str, Any]:
        """Return it as the cloud has it; a time that has not moved as it was read."""
        times = {"start_time": self.start, "end_time": self.end}
        moved = {
            key: clock(minutes)
            for key, minutes in times.items()
            if minutes_of(self.raw.get(key)) != minutes
        }
        return {**self.raw, **moved}

    def holds_at(self, minute: int) -> bool:
        """Whether a minute is in it."""
        return self.start <= minute < self.end

    def within(self, start: int, end: int) -> Piece:
        """Return what of it is between two minutes."""
        return replace(self, start=max(start, self.start), end=min(end, self.end))

    def having(self, **values: Any) -> Piece:
        """Return it with other values, of which only the keys that exist are set."""
        known = {key: value for key, value in values.items() if key in self.raw}
        return replace(self, raw={**self.raw, **known})


type Pieces = tuple[Piece, ...]


def parse(objects: Any) -> Pieces | None:
    """Return the pieces of a day; no list is no piece.

    None for what could not be written back as it is meant: a time that is missing, is
    none, or overlaps another one.
    """
    if objects is None:
        return ()
    if not isinstance(objects, list):
        return None
    found: list[Piece] = []
    for item in objects:
        if not isinstance(item, dict):
            return None
        start, end = (
            minutes_of(item.get("start_time")),
            minutes_of(item.get("end_time")),
        )
        if start is None or end is None or start >= end:
            return None
        found.append(Piece(start, end, item))
    found.sort(key=lambda piece: piece.start)
    if any(one.end > other.start for one, other in pairwise(found)):
        return None
    return tuple(found)


def at(pieces: Iterable[Piece], minute: int) -> Piece | None:
    """Return what holds at a minute, None in a gap."""
    return next((piece for piece in pieces if piece.holds_at(minute)), None)


def gap_at(pieces: Sequence[Piece], minute: int) -> tuple[int, int]:
    """Return from when to when nothing holds around a minute."""
    start = max((item.end for item in pieces if item.end <= minute), default=0)
    end = min((i.start for i in pieces if i.start > minute), default=DAY_MINUTES)
    return start, end


def without(pieces: Iterable[Piece], start: int, end: int) -> Pieces:
    """Return pieces with a span left out; one around it is split in two."""
    left: list[Piece] = []
    for piece in pieces:
        if piece.end <= start or end <= piece.start:
            left.append(piece)
            continue
        if piece.start < start:
            left.append(replace(piece, end=start))
        if end < piece.end:
            left.append(replace(piece, start=end))
    return tuple(left)


def put(pieces: Iterable[Piece], new: Piece) -> Pieces:
    """Return pieces with a new one in the place of what was there."""
    both = (*without(pieces, new.start, new.end), new)
    return tuple(sorted(both, key=lambda piece: piece.start))


def joined(
    pieces: Iterable[Piece], same: Callable[[Piece, Piece], bool], least: int = 1
) -> Pieces:
    """Return pieces with equal neighbours made one, as long as `least` are left."""
    made = list(pieces)
    index = 1
    while index < len(made) and len(made) > least:
        one, other = made[index - 1], made[index]
        if one.end == other.start and same(one, other):
            made[index - 1 : index + 1] = [replace(one, end=other.end)]
        else:
            index += 1
    return tuple(made)


def edges(*days: Iterable[Piece]) -> list[int]:
    """Return all minutes at which anything of several days starts or ends."""
    found = {edge for day in days for item in day for edge in (item.start, item.end)}
    return sorted(found | {0, DAY_MINUTES})


def holds_same(
    one: Sequence[Piece], other: Sequence[Piece], same: Callable[[Piece, Piece], bool]
) -> bool:
    """Tell whether two days do the same at each minute, wherever they are cut."""
    for start, _ in pairwise(edges(one, other)):
        mine, its = at(one, start), at(other, start)
        if (mine is None) != (its is None):
            return False
        if mine is not None and its is not None and not same(mine, its):
            return False
    return True


type Wish = Callable[[Piece | None, Sequence[Piece | None], Piece | None], Piece | None]
"""Returns what the owner of a minute wants, by what he wanted, was shown, and is there."""


def merged(
    owner: Pieces,
    shown: Sequence[Pieces],
    current: Pieces,
    wish: Wish,
    same: Callable[[Piece, Piece], bool],
) -> Pieces:
    """Return a day as its owner wants it, minute by minute.

    What is left of a piece is not cut where nothing changes any more.
    """
    made: list[tuple[Piece | None, Piece]] = []
    for start, end in pairwise(edges(owner, current, *shown)):
        theirs, now = at(owner, start), at(current, start)
        wanted = wish(theirs, [at(day, start) for day in shown], now)
        if wanted is None:
            continue
        whose = now if wanted is now else theirs
        part = replace(wanted, start=start, end=end)
        if made:
            before, last = made[-1]
            if before is whose and last.end == start and same(last, part):
                made.pop()
                part = replace(last, end=end)
        made.append((whose, part))
    return tuple(piece for _, piece in made)


def whole_wish(same: Callable[[Piece, Piece], bool]) -> Wish:
    """Return the wish of who changes a piece only as a whole."""

    def wish(
        owner: Piece | None, shown: Sequence[Piece | None], current: Piece | None
    ) -> Piece | None:
        kept = any(
            it is current if it is None or current is None else same(current, it)
            for it in shown
        )
        return owner if kept else current

    return wish


# -- instants and wall clocks ------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class WallSpan:
    """Minutes of a day that a wall clock shows; Sunday is day 0, as for the cloud."""

    day: int
    start: int
    end: int


def wall_spans(start: datetime, end: datetime, zone: tzinfo) -> tuple[WallSpan, ...]:
    """Return what a wall clock shows between two instants, in whole minutes.

    What it shows twice, as in the hour that is repeated, is told once; what it skips is
    not told.
    """
    first, last = _whole(start), _whole(end)
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    while first < max(last, _whole(start) + MINUTE):
        until = min(_next_step(first, last, zone), max(last, first + MINUTE))
        local = first.astimezone(zone)
        begin = local.hour * 60 + local.minute
        length = (until - first) // MINUTE
        key = (local.toordinal(), local.isoweekday() % 7)
        found.setdefault(key, []).append((begin, begin + length))
        first = until
    return tuple(
        WallSpan(day, begin, finish)
        for (_, day), spans in sorted(found.items())
        for begin, finish in _united(spans)
    )


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _next_step(start: datetime, end: datetime, zone: tzinfo) -> datetime:
    """Return the end of a stretch on one day in which clocks do not change."""
    local = start.astimezone(zone)
    midnight = wall_instant(local.date() + DAY, datetime.min.time(), zone)
    until = min(end, midnight)
    if until <= start or until.astimezone(zone).utcoffset() == local.utcoffset():
        return max(until, start + MINUTE)
    grid = datetime(2000, 1, 1, tzinfo=UTC)
    return min(grid + ((start - grid) // _STEP + 1) * _STEP, until)


def _united(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    made: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if made and start <= made[-1][1]:
            made[-1] = (made[-1][0], max(end, made[-1][1]))
        else:
            made.append((start, end))
    return made


def minute_of(now: datetime, zone: tzinfo) -> int:
    """Return which minute of its day a wall clock shows.

    The last two seconds of a day count as the next one's first (dossier 5.3).
    """
    local = (now + timedelta(seconds=2)).astimezone(zone)
    if local.hour or local.minute:
        local = now.astimezone(zone)
    return local.hour * 60 + local.minute


def weekday_of(now: datetime, zone: tzinfo) -> int:
    """Return the day of the week that a wall clock shows, 0 for Sunday."""
    return (now + timedelta(seconds=2)).astimezone(zone).isoweekday() % 7


def next_edge(days: Iterable[Iterable[Piece]], now: datetime, zone: tzinfo) -> datetime:
    """Return when something of one day after another starts or ends next.

    `days` begins with today; midnight is an edge of each.
    """
    today = now.astimezone(zone).date()
    for number, pieces in enumerate(days):
        date = today + number * DAY
        for minute in edges(pieces):
            wall = (datetime.min + minute % DAY_MINUTES * MINUTE).time()
            moment = wall_instant(date + minute // DAY_MINUTES * DAY, wall, zone)
            if moment > now:
                return moment
    return now + DAY


def whole(value: Any, least: int, most: int, default: int) -> int:
    """Return a number of the cloud, or a default, within limits."""
    found = integer(value)
    return min(max(default if found is None else found, least), most)
