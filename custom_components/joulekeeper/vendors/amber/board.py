"""Prices as they were told at one time, and what they mean to whoever plans with them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ...core.prices import Certainty, PriceBand, PriceInterval, PriceSeries
from .models import PriceRecord, Span
from .words import ChannelType, IntervalKind, SpikeStatus

_KEPT: Final = timedelta(minutes=35)
"""So that the half-hour that runs is whole."""


@dataclass(frozen=True, slots=True)
class PriceBoard:
    """The records of one answer, by channel and time; the cloud's order is no promise.

    `asked_at` is when they were asked for, by the cloud's clock.
    """

    records: tuple[PriceRecord, ...]
    asked_at: datetime = field(compare=False)

    @classmethod
    def of(cls, records: Iterable[PriceRecord], asked_at: datetime) -> PriceBoard:
        """Return a board with the records in order."""
        ordered = sorted(
            records, key=lambda item: (item.channel or "", item.span.start)
        )
        return cls(tuple(ordered), asked_at)

    def of_channel(self, channel: ChannelType) -> tuple[PriceRecord, ...]:
        """Return the records of a channel, oldest first."""
        return tuple(item for item in self.records if item.channel is channel)

    def current(self, channel: ChannelType) -> PriceRecord | None:
        """Return what the cloud calls the current interval of a channel.

        None while it tells of none, as when the market's own prices are missing.
        """
        return next(
            (
                item
                for item in self.of_channel(channel)
                if item.kind is IntervalKind.CURRENT
            ),
            None,
        )

    def after(self, earlier: PriceBoard) -> PriceBoard:
        """Return this board with what only an earlier one tells.

        That is the retailer's own forecast of an interval, which is missing once the
        price is final, and final prices of the last half-hour, which are missing at
        times (dossier 1.2).
        """
        told = {(item.channel, item.span.start): item for item in earlier.records}
        records: list[PriceRecord] = []
        for item in self.records:
            before = told.pop((item.channel, item.span.start), None)
            if before is not None and before.is_final and not item.is_final:
                # An answer that was under way when the price came by itself.
                item = before
            elif before is not None and item.advanced is None:
                item = replace(item, advanced=before.advanced)
            records.append(item)
        first = min((item.span.start for item in records), default=self.asked_at)
        since = self.asked_at - _KEPT
        records += (
            replace(item, kind=IntervalKind.ACTUAL)
            for item in told.values()
            if item.is_final and since < item.span.end <= max(first, self.asked_at)
        )
        return PriceBoard.of(records, self.asked_at)

    def with_current(
        self, records: Iterable[PriceRecord], told_at: datetime
    ) -> PriceBoard:
        """Return this board with the records of the current interval, told at an instant.

        Those of an interval before the one that is current here are late, and those of
        no known channel nobody's; a channel that is not among them stays as it is.
        """
        span = self.span
        newer = [
            item
            for item in records
            if item.channel is not None
            and (span is None or item.span.start >= span.start)
        ]
        if not newer:
            return self
        channels = {item.channel for item in newer}
        starts = {(item.channel, item.span.start) for item in newer}
        kept = (
            item
            for item in self.records
            if (item.channel, item.span.start) not in starts
            and (item.kind is not IntervalKind.CURRENT or item.channel not in channels)
        )
        return PriceBoard.of((*newer, *kept), told_at).after(self)

    def span_holds(self, instant: datetime) -> bool:
        """Return whether the current interval is that of an instant."""
        span = self.span
        return span is not None and span.holds(instant)

    @property
    def span(self) -> Span | None:
        """The current interval."""
        found = self._current
        return found[0].span if found else None

    @property
    def confirmed(self) -> bool:
        """Whether the current price is locked in, on all channels that say so."""
        told = [item for item in self._current if item.estimate is not None]
        return bool(told) and all(item.is_final for item in told)

    @property
    def _current(self) -> tuple[PriceRecord, ...]:
        """The newest current interval of all known channels; two were never told."""
        found = [
            item
            for item in self.records
            if item.kind is IntervalKind.CURRENT and item.channel is not None
        ]
        newest = max((item.span.start for item in found), default=None)
        return tuple(item for item in found if item.span.start == newest)

    def series(self, *, advanced: bool = False) -> PriceSeries:
        """Return the prices of all channels together.

        What is not final yet is the market's forecast, or with `advanced` the
        retailer's own, where it has one (dossier section 3).
        """
        spans: dict[tuple[datetime, datetime], dict[ChannelType, PriceRecord]]
        spans = defaultdict(dict)
        for item in self.records:
            if item.channel is not None:
                spans[item.span.start, item.span.end][item.channel] = item
        return PriceSeries.of(
            _interval(start, end, told, advanced)
            for (start, end), told in spans.items()
        )


def _interval(
    start: datetime,
    end: datetime,
    told: dict[ChannelType, PriceRecord],
    advanced: bool,
) -> PriceInterval:
    def price(channel: ChannelType) -> float | None:
        if (item := told.get(channel)) is None:
            return None
        if advanced and not item.is_final and item.advanced is not None:
            if (predicted := item.advanced.predicted) is not None:
                return predicted
        return item.price

    def band(channel: ChannelType) -> PriceBand | None:
        item = told.get(channel)
        if item is None or (foretold := item.advanced) is None:
            return None
        return PriceBand(foretold.low, foretold.predicted, foretold.high)

    items = told.values()
    certainty = Certainty.FORECAST
    if all(item.is_final for item in items):
        certainty = Certainty.CONFIRMED
    elif any(item.kind is IntervalKind.CURRENT for item in items):
        certainty = Certainty.ESTIMATE
    spikes = [item.spike for item in items if item.spike is not None]
    windows = [
        item.tariff.demand_window
        for item in items
        if item.tariff is not None and item.tariff.demand_window is not None
    ]
    return PriceInterval(
        start=start,
        end=end,
        certainty=certainty,
        import_price=price(ChannelType.GENERAL),
        export_price=price(ChannelType.FEED_IN),
        controlled_load_price=price(ChannelType.CONTROLLED_LOAD),
        spike=SpikeStatus.SPIKE in spikes if spikes else None,
        demand_window=any(windows) if windows else None,
        import_band=band(ChannelType.GENERAL),
        export_band=band(ChannelType.FEED_IN),
    )
