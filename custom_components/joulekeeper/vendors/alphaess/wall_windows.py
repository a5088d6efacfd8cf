"""Windows of a plan that recurs by the plant's wall clock, and one-shots among them.

Both kinds of store, the periodic schedule and the daily slots, are thought of as windows
on days of the week. A one-shot is a window on one of these days, for which the owner's
windows are cut. A window ends on its own day: what the vendor makes of one over midnight,
or of 24:00, is not documented, so that the last quarter of a day is left out
(dossier section 3, Midnight).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from ...core.schedule import DAY, Action
from ...core.timeline import Segment
from .settings import ALL_DAYS

LAST_END: Final = time(23, 45)
"""The latest end of a window on its own day."""
HOLD_POWER_W: Final = 100
HOLD_LIMIT: Final = 10
"""A charge window with little power up to little charge keeps the battery from
discharging (dossier 2.8)."""
FULL: Final = 100
_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
LEAST_LIMIT: Final = 10


_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From one wall time to a later one, on days of the week, 0 for Monday.

    It charges, or else lets discharge; with `power_w`, up or down to `limit_soc`
    percent. None is unknown, or not to be set.
    """

    charges: bool
    start: time
    end: time
    days: frozenset[int] = ALL_DAYS
    power_w: int | None = None
    limit_soc: float | None = None

    @property
    def name(self) -> str:
        """What it does when, but for its percentage."""
        kind = "charge" if self.charges else "discharge"
        days = " ".join(_DAYS[day] for day in sorted(self.days))
        power = "" if self.power_w is None else f", {self.power_w} W"
        return f"{kind} {self.start:%H:%M}-{self.end:%H:%M} {days}{power}"

    @property
    def key(self) -> str:
        """What names it among the windows of a plan: all that it is."""
        if self.limit_soc is None:
            return self.name
        return (
            f"{self.name}, {'up' if self.charges else 'down'} to {self.limit_soc:g} %"
        )

    @property
    def over_midnight(self) -> bool:
        """Whether it ends on the next day."""
        return self.end <= self.start

    def spans(self, day: int) -> tuple[tuple[int, int], ...]:
        """Return what of it is on a day of the week, in minutes since midnight."""
        first, last = _minutes(self.start), _minutes(self.end)
        if not self.over_midnight:
            return ((first, last),) if day in self.days else ()
        spans = ((first, _DAY_MINUTES),) if day in self.days else ()
        if (day - 1) % 7 in self.days and last:
            spans = ((0, last), *spans)
        return spans

    def does_same(self, other: Window) -> bool:
        """Whether both do the same, whenever."""
        return self == replace(other, start=self.start, end=self.end, days=self.days)


_DAY_MINUTES: Final = 24 * 60


def of_segment(segment: Segment, zone: tzinfo) -> tuple[Window, ...]:
    """Return the windows of one day each that a segment comes to.

    `limit_soc` of the segment is where it stops. What is too short to be told, as in
    the last quarter of a day, is left out.
    """
    charges = segment.action in (Action.CHARGE, Action.HOLD)
    power, limit = segment.power_w, segment.limit_soc
    if segment.action is Action.HOLD:
        power, limit = HOLD_POWER_W, HOLD_LIMIT
    elif limit is None:
        limit = FULL if charges else LEAST_LIMIT
    return tuple(
        Window(
            charges=charges,
            start=start,
            end=end,
            days=frozenset({day}),
            power_w=power,
            limit_soc=max(limit, LEAST_LIMIT),
        )
        for day, start, end in _days(segment.start, segment.end, zone)
    )


def cut(windows: Iterable[Window], mine: Iterable[Window]) -> tuple[Window, ...]:
    """Return the owner's windows with the times of ours left out.

    Those that ours do not touch stay just as they are.
    """
    ours = tuple(mine)
    return tuple(part for window in windows for part in _cut(window, ours))


def overlaps(one: Window, other: Window) -> bool:
    """Tell whether two windows share any time of the week."""
    return any(
        start < until and since < end
        for day in ALL_DAYS
        for start, end in one.spans(day)
        for since, until in other.spans(day)
    )


def _cut(window: Window, ours: tuple[Window, ...]) -> Iterator[Window]:
    touching = [item for item in ours if overlaps(window, item)]
    if not touching:
        yield window
        return
    rest: dict[tuple[int, int], set[int]] = {}
    for day in sorted(ALL_DAYS):
        spans = list(window.spans(day))
        for start, end in (span for item in touching for span in item.spans(day)):
            spans = [part for span in spans for part in _without(span, start, end)]
        for span in spans:
            rest.setdefault(span, set()).add(day)
    for (start, end), days in rest.items():
        last = min(end, _minutes(LAST_END)) if end == _DAY_MINUTES else end
        if start < last:
            yield replace(
                window, start=_clock(start), end=_clock(last), days=frozenset(days)
            )


def _without(span: tuple[int, int], start: int, end: int) -> Iterator[tuple[int, int]]:
    first, last = span
    if end <= first or last <= start:
        yield span
        return
    if first < start:
        yield first, start
    if end < last:
        yield end, last


def _days(
    start: datetime, end: datetime, zone: tzinfo
) -> Iterator[tuple[int, time, time]]:
    """Yield each day of the week that a span touches, with the wall times on it.

    What the clock shows twice, as in the hour that is repeated, is told once.
    """
    spans: list[tuple[date, time, time]] = []
    for begins, ends in _by_the_clock(start, end, zone):
        day = begins.date()
        while day <= ends.date():
            first = begins.time() if day == begins.date() else time()
            last = min(ends.time(), LAST_END) if day == ends.date() else LAST_END
            if first < last:
                spans.append((day, first, last))
            day += DAY
    spans.sort()
    for number, (day, first, last) in enumerate(spans):
        if number + 1 < len(spans):
            later, since, until = spans[number + 1]
            if later == day and since <= last:
                spans[number + 1] = (day, first, max(last, until))
                continue
        yield day.weekday(), first, last


def _by_the_clock(
    start: datetime, end: datetime, zone: tzinfo
) -> Iterator[tuple[datetime, datetime]]:
    """Yield a span in wall times, in two parts where the clock is set back in it."""
    begins, ends = start.astimezone(zone), end.astimezone(zone)
    lost = (begins.utcoffset() or timedelta()) - (ends.utcoffset() or timedelta())
    if lost <= timedelta():
        yield begins.replace(tzinfo=None, fold=0), ends.replace(tzinfo=None, fold=0)
        return
    before, change = start, end
    while change - before > _SECOND:
        middle = before + (change - before) / 2
        set_back = middle.astimezone(zone).utcoffset() != begins.utcoffset()
        before, change = (before, middle) if set_back else (middle, change)
    first = begins.replace(tzinfo=None, fold=0)
    last = ends.replace(tzinfo=None, fold=0)
    # Clocks are changed at whole minutes.
    top = first + round((change - start) / _MINUTE) * _MINUTE
    yield first, top
    yield top - lost, last


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _clock(minutes: int) -> time:
    return (datetime.min + timedelta(minutes=minutes)).time()
