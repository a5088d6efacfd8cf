"""Prices of energy over time, whoever sells it.

All prices are in a currency per kWh, taxes as the household pays them. `import_price` is
what a kWh from the grid costs, `export_price` what a kWh to the grid earns: both may be
negative, which is a reward for taking energy and a charge for giving it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, Protocol, Self

from .models import Readings


class Certainty(StrEnum):
    """How sure a price is."""

    CONFIRMED = "confirmed"
    """Billed at this price, as far as the seller has told."""
    ESTIMATE = "estimate"
    """Of the interval that runs, and may yet change."""
    FORECAST = "forecast"
    """Of an interval to come."""


@dataclass(frozen=True, slots=True)
class PriceBand:
    """The seller's own forecast of a price, and between which prices it may lie."""

    low: float | None
    predicted: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceInterval:
    """What energy costs from `start` up to, and not including, `end` (UTC).

    None is a price that nobody tells, or that does not exist, such as that of an export
    which the site cannot make. `demand_window` is whether the highest power drawn now
    sets a charge of its own. The bands are None where the seller foretells nothing.
    """

    start: datetime
    end: datetime
    certainty: Certainty
    import_price: float | None
    export_price: float | None = None
    controlled_load_price: float | None = None
    spike: bool | None = None
    demand_window: bool | None = None
    import_band: PriceBand | None = None
    export_band: PriceBand | None = None

    @property
    def confirmed(self) -> bool:
        """Whether the price is final."""
        return self.certainty is Certainty.CONFIRMED

    @property
    def duration(self) -> timedelta:
        """How long the price holds."""
        return self.end - self.start

    def holds(self, instant: datetime) -> bool:
        """Return whether an instant is inside."""
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Intervals in the order of time that do not overlap; holes are possible."""

    intervals: tuple[PriceInterval, ...] = ()

    @classmethod
    def of(cls, intervals: Iterable[PriceInterval]) -> Self:
        """Return a series; of intervals that overlap the later one starts on time."""
        ordered = sorted(
            (item for item in intervals if item.start < item.end),
            key=lambda item: (item.start, item.end),
        )
        cut = [
            replace(item, end=min(item.end, after.start))
            for item, after in pairwise(ordered)
        ]
        return cls(tuple(item for item in (*cut, *ordered[-1:]) if item.duration))

    def __iter__(self) -> Iterator[PriceInterval]:
        """Yield the intervals."""
        return iter(self.intervals)

    def __len__(self) -> int:
        """Return how many intervals there are."""
        return len(self.intervals)

    def at(self, instant: datetime) -> PriceInterval | None:
        """Return the interval that holds an instant, None where no price is told."""
        return next((item for item in self.intervals if item.holds(instant)), None)

    def since(self, instant: datetime) -> PriceSeries:
        """Return what ends after an instant."""
        return PriceSeries(tuple(item for item in self.intervals if item.end > instant))

    def uniform(self, step: timedelta, running: datetime | None = None) -> PriceSeries:
        """Return the same prices in steps of one length, on its multiples since 1970.

        A longer step has the means over time, and the least certain of its parts; a
        spike or a demand window in any part is one of the whole. Steps that are not
        known as a whole are left out; only of the one that holds the instant `running`
        what was before that may be missing.
        """
        steps: list[PriceInterval] = []
        for block in self._blocks(step):
            start, end = block[0].start, block[-1].end
            first = start - (start - _epoch(start)) % step
            runs = running is not None and start <= running < end
            if end - first == step and (start == first or runs):
                steps.append(replace(_merged(block), start=first))
        return PriceSeries(tuple(steps))

    def _blocks(self, step: timedelta) -> Iterator[list[PriceInterval]]:
        """Yield the parts of every step, without holes."""
        block: list[PriceInterval] = []
        limit: datetime | None = None
        for item in self.intervals:
            begin = item.start
            while begin < item.end:
                if block and (begin == limit or begin != block[-1].end):
                    yield block
                    block = []
                limit = begin + step - (begin - _epoch(begin)) % step
                end = min(item.end, limit)
                block.append(replace(item, start=begin, end=end))
                begin = end
        if block:
            yield block


def _epoch(instant: datetime) -> datetime:
    return datetime.fromtimestamp(0, instant.tzinfo)


_LEAST_FIRST: Final = (Certainty.FORECAST, Certainty.ESTIMATE, Certainty.CONFIRMED)


def _merged(parts: list[PriceInterval]) -> PriceInterval:
    if len(parts) == 1:
        return parts[0]
    return PriceInterval(
        start=parts[0].start,
        end=parts[-1].end,
        certainty=min((part.certainty for part in parts), key=_LEAST_FIRST.index),
        import_price=_mean((part.import_price, part.duration) for part in parts),
        export_price=_mean((part.export_price, part.duration) for part in parts),
        controlled_load_price=_mean(
            (part.controlled_load_price, part.duration) for part in parts
        ),
        spike=_any(part.spike for part in parts),
        demand_window=_any(part.demand_window for part in parts),
        import_band=_mean_band([(part.import_band, part.duration) for part in parts]),
        export_band=_mean_band([(part.export_band, part.duration) for part in parts]),
    )


def _mean_band(parts: list[tuple[PriceBand | None, timedelta]]) -> PriceBand | None:
    """Return the means of the bands, None if any part has none."""
    known = [(band, duration) for band, duration in parts if band is not None]
    if len(known) < len(parts):
        return None
    return PriceBand(
        low=_mean((band.low, duration) for band, duration in known),
        predicted=_mean((band.predicted, duration) for band, duration in known),
        high=_mean((band.high, duration) for band, duration in known),
    )


def _mean(parts: Iterable[tuple[float | None, timedelta]]) -> float | None:
    """Return the mean over time, None if any part is unknown."""
    total = weight = 0.0
    for value, duration in parts:
        if value is None:
            return None
        total += value * duration.total_seconds()
        weight += duration.total_seconds()
    return round(total / weight, 9)


def _any(flags: Iterable[bool | None]) -> bool | None:
    known = [flag for flag in flags if flag is not None]
    return any(known) if known else None


class PriceSource(Protocol):
    """Where the prices of an account's sites come from."""

    @property
    def currency(self) -> str:
        """ISO code of the currency."""

    def prices(self, device_id: str, readings: Readings) -> PriceSeries | None:
        """Return a site's prices, past ones first; None while none are known."""
