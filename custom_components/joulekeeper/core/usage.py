"""What was metered, and how green the grid is, whoever tells it.

Energies are kWh and never negative: the flow tells the direction. Money is in the
seller's currency: for what is imported + is paid, for what is exported + is **earned**.
Both may be negative. Prices are per kWh, of the same sign. Shares are percent and may
exceed 100, where more is made of sun and wind than is used.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final

DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
_DECIMALS: Final = 6
"""Of sums."""

type _Span = tuple[datetime, datetime]


class Flow(StrEnum):
    """Which way energy went, by the register that counted it."""

    IMPORT = "import"
    CONTROLLED_LOAD = "controlled_load"
    """Imported on a circuit of its own, which the seller switches."""
    EXPORT = "export"


FLOWS: Final = tuple(Flow)
"""In the order in which they are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageInterval:
    """What flowed from `start` up to, and not including, `end` (UTC).

    None is a value that nobody tells, or that means nothing, as the price of a sum.
    `settled` is whether nothing of it is estimated or missing, so that it will hardly
    change.
    """

    start: datetime
    end: datetime
    flow: Flow
    kwh: float | None
    cost: float | None
    price: float | None = None
    settled: bool = False


class Phase(StrEnum):
    """Where an interval is, seen from when it was told."""

    PAST = "past"
    RUNNING = "running"
    """Its value may yet change."""
    COMING = "coming"
    """Its value is a forecast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewablesInterval:
    """The share of renewables in a grid, percent, from `start` up to `end` (UTC).

    `descriptor` is the seller's word for it. None is what nobody tells.
    """

    start: datetime
    end: datetime
    share: float | None
    phase: Phase | None
    descriptor: str | None = None


@dataclass(slots=True)
class Amount:
    """A sum: kWh and money, None while nothing of it is known."""

    kwh: float | None = None
    cost: float | None = None
    settled: bool = True

    def add(self, item: UsageInterval) -> None:
        """Add what is known; what is not known leaves the sum unsettled."""
        self.kwh = _plus(self.kwh, item.kwh)
        self.cost = _plus(self.cost, item.cost)
        known = item.kwh is not None and item.cost is not None
        self.settled = self.settled and item.settled and known


def _plus(total: float | None, value: float | None) -> float | None:
    if value is None:
        return total
    return round((total or 0.0) + value, _DECIMALS)


def by_hour(intervals: Iterable[UsageInterval]) -> tuple[UsageInterval, ...]:
    """Return the sums per flow of full hours of UTC, oldest first."""
    return _summed(intervals, _hour_span)


def by_day(
    intervals: Iterable[UsageInterval], zone: tzinfo
) -> tuple[UsageInterval, ...]:
    """Return the sums per flow of a zone's days, oldest first.

    A day lasts from midnight to midnight, 23 to 25 h where clocks change.
    """
    return _summed(
        intervals, lambda instant: day_span(instant.astimezone(zone).date(), zone)
    )


def _summed(
    intervals: Iterable[UsageInterval], span_of: Callable[[datetime], _Span]
) -> tuple[UsageInterval, ...]:
    """Add up what begins in the same span; one not told to its end is not settled."""
    sums: dict[tuple[_Span, Flow], Amount] = defaultdict(Amount)
    told: dict[tuple[_Span, Flow], timedelta] = defaultdict(timedelta)
    for item in intervals:
        key = span_of(item.start), item.flow
        sums[key].add(item)
        told[key] += item.end - item.start
    found = [
        UsageInterval(
            start=start,
            end=end,
            flow=flow,
            kwh=amount.kwh,
            cost=amount.cost,
            settled=amount.settled and told[(start, end), flow] >= end - start,
        )
        for ((start, end), flow), amount in sums.items()
    ]
    return tuple(sorted(found, key=in_order))


def in_order(item: UsageInterval) -> tuple[datetime, int]:
    """Return what intervals are sorted by."""
    return item.start, FLOWS.index(item.flow)


def _hour_span(instant: datetime) -> _Span:
    begin = instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return begin, begin + _HOUR


def day_span(day: date, zone: tzinfo) -> _Span:
    """Return the midnights at which a day begins and ends, UTC."""
    return _midnight(day, zone), _midnight(day + DAY, zone)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_ranges(first: date, last: date, most: int) -> Iterator[tuple[date, date]]:
    """Yield ranges of at most so many days, which together cover both ends."""
    while first <= last:
        end = min(last, first + (most - 1) * DAY)
        yield first, end
        first = end + DAY


class UsageSummary:
    """What a range of days comes to, added up part by part.

    A day is missing while it is not told from midnight to midnight for every flow that
    the range has. The range is settled when none is missing, and all of it is settled.
    """

    def __init__(self, first: date, last: date, zone: tzinfo) -> None:
        """Begin with nothing; both ends are included, days are those of a zone."""
        self._zone = zone
        self._days = [first + n * DAY for n in range((last - first).days + 1)]
        self._told: dict[tuple[date, Flow], timedelta] = defaultdict(timedelta)
        self._amounts: dict[Flow, Amount] = defaultdict(Amount)

    def add(self, intervals: Iterable[UsageInterval]) -> None:
        """Add some of it."""
        for item in intervals:
            self._amounts[item.flow].add(item)
            day = item.start.astimezone(self._zone).date()
            self._told[day, item.flow] += item.end - item.start

    @property
    def amounts(self) -> Mapping[Flow, Amount]:
        """The sums of all flows that there are."""
        return {flow: self._amounts[flow] for flow in Flow if flow in self._amounts}

    @property
    def missing(self) -> tuple[date, ...]:
        """The days that are not told, or not whole."""
        return tuple(day for day in self._days if not self._is_whole(day))

    def _is_whole(self, day: date) -> bool:
        begin, end = day_span(day, self._zone)
        return bool(self._amounts) and all(
            self._told.get((day, flow), timedelta()) >= end - begin
            for flow in self._amounts
        )

    @property
    def settled(self) -> bool:
        """Whether it will hardly change any more."""
        return not self.missing and all(
            amount.settled for amount in self._amounts.values()
        )
