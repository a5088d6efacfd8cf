"""What is known of a site's prices, and which of them is shown.

The price of an interval is the market's once it is final. Until then it is an estimate:
the retailer's own prediction or the market's, as the user chose (dossier section 3), or
the last final price where he wants to wait for the next one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from ...core.models import Clock, Reading, Readings
from ...core.prices import PriceSeries
from .board import PriceBoard
from .limits import RateLimits
from .models import CURRENCY, PriceRecord, Site, Tariff
from .words import ChannelType, SpikeStatus

PATIENCE: Final = timedelta(minutes=10)
"""For so long a forecast stands in for prices that do not come."""
_SOON: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Basis:
    """How prices that are not final are shown; `advanced` are the retailer's own."""

    advanced: bool = True
    hold: bool = False


@dataclass(frozen=True, kw_only=True)
class Prices:
    """The prices of a site; `clock`, the cloud's, tells which interval runs.

    `last_final` is the newest final record of each channel. `confirmed_after` is how
    long after its settlement mark the last price was seen to be final.
    """

    site: Site
    board: PriceBoard
    last_final: Mapping[ChannelType, PriceRecord]
    basis: Basis
    confirmed_after: timedelta | None = None
    limits: RateLimits | None = field(default=None, compare=False)
    clock: Clock = field(compare=False, repr=False)
    _tables: dict[Any, Any] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def table[T](
        self, make: Callable[[Prices, ChannelType], T], channel: ChannelType
    ) -> T:
        """Return what a function makes of a channel, once, whichever interval runs."""
        key = (make, channel)
        if key not in self._tables:
            self._tables[key] = make(self, channel)
        made: T = self._tables[key]
        return made

    @cached_property
    def channels(self) -> frozenset[ChannelType]:
        """The channels that the site is listed with, or has prices of."""
        told = {item.channel for item in self.board.records if item.channel is not None}
        return self.site.channel_types | told

    def running(self, channel: ChannelType) -> PriceRecord | None:
        """Return the record of the interval that runs, None where none is told."""
        now = self.clock()
        return next(
            (item for item in self._by_channel[channel] if item.span.holds(now)), None
        )

    def coming(self, channel: ChannelType) -> Iterator[PriceRecord]:
        """Yield the records of the interval that runs and of all later ones."""
        now = self.clock()
        return (item for item in self._by_channel[channel] if item.span.end > now)

    @cached_property
    def _by_channel(self) -> Mapping[ChannelType, tuple[PriceRecord, ...]]:
        return {channel: self.board.of_channel(channel) for channel in ChannelType}

    def price(self, channel: ChannelType) -> float | None:
        """Return the price that is shown now, AUD/kWh; feed-in + is earned."""
        item = self.shown(channel)
        return None if item is None else self.value(item)

    def value(self, item: PriceRecord) -> float | None:
        """Return the price of a record, by the chosen forecast while not final."""
        if self.basis.advanced and not item.is_final and item.advanced is not None:
            predicted = item.advanced.predicted
            return item.price if predicted is None else predicted
        return item.price

    def held(self, channel: ChannelType) -> PriceRecord | None:
        """Return the final record that is shown in the place of an estimate.

        It is the one right before; an older one says nothing about now.
        """
        item, last = self.running(channel), self.last_final.get(channel)
        if not self.basis.hold or item is None or item.is_final or last is None:
            return None
        gap = item.span.start - last.span.end
        return last if timedelta() <= gap < item.span.duration else None

    def is_estimate(self, channel: ChannelType) -> bool | None:
        """Return whether the price that runs is not final yet."""
        item = self.running(channel)
        return None if item is None else not item.is_final

    def shared(self) -> PriceRecord | None:
        """Return a running record for what is the same on all channels."""
        return next(filter(None, map(self.running, _IN_ORDER)), None)

    def shown(self, channel: ChannelType) -> PriceRecord | None:
        """Return the record of which the price is shown: what runs, or what is held."""
        return self.held(channel) or self.running(channel)

    @property
    def spike(self) -> SpikeStatus | None:
        """Whether the price spikes now, or may."""
        item = next(filter(None, map(self.shown, _IN_ORDER)), None)
        return None if item is None else item.spike

    @property
    def expected_spike(self) -> datetime | None:
        """When a spike may begin within the hour, or may have begun already."""
        until = self.clock() + _SOON
        for item in self.coming(ChannelType.GENERAL):
            if item.span.start >= until:
                break
            if not item.is_final and item.spike in _SPIKES:
                return item.span.start
        return None

    @property
    def may_spike_on(self) -> bool:
        """Whether it is not certain yet that the spike right before is over."""
        item, last = self.shared(), self.last_final.get(ChannelType.GENERAL)
        return (
            item is not None
            and last is not None
            and not item.is_final
            and last.spike is SpikeStatus.SPIKE
            and last.span.end == item.span.start
        )

    @property
    def spiking(self) -> bool | None:
        """Whether the price spikes; it goes on while that is what is expected."""
        if (status := self.spike) is None:
            return None
        return status is SpikeStatus.SPIKE or (
            status is SpikeStatus.POTENTIAL and self.may_spike_on
        )

    def tariff(self, channel: ChannelType) -> Tariff | None:
        """Return what the network's tariff says of a channel now."""
        item = self.running(channel)
        return None if item is None else item.tariff

    @property
    def demand_window(self) -> bool | None:
        """Whether the power drawn now counts for the demand charge."""
        tariff = self.tariff(ChannelType.GENERAL)
        return None if tariff is None else tariff.demand_window

    def next_demand_change(self, *, begins: bool) -> datetime | None:
        """Return when a demand window begins or ends next, None beyond the forecast."""
        before: bool | None = None
        for item in self.coming(ChannelType.GENERAL):
            flag = None if item.tariff is None else item.tariff.demand_window
            if flag is begins and before is (not begins):
                return item.span.start
            before = flag
        return None

    @cached_property
    def series(self) -> PriceSeries:
        """The prices of all channels together."""
        return self.board.series(advanced=self.basis.advanced)

    @property
    def is_old(self) -> bool:
        """Whether the cloud has been silent for too long."""
        age = self.clock() - self.board.asked_at
        return age > self.site.interval + PATIENCE

    def next_boundary(self) -> datetime | None:
        """Return when the interval that runs is over, by the cloud's clock."""
        return min(
            (item.span.end for item in map(self.running, ChannelType) if item),
            default=None,
        )


PRICES: Final = Reading[Prices]("prices")

_SPIKES: Final = frozenset({SpikeStatus.POTENTIAL, SpikeStatus.SPIKE})
_IN_ORDER: Final = (
    ChannelType.GENERAL,
    ChannelType.FEED_IN,
    ChannelType.CONTROLLED_LOAD,
)


class AmberPrices:
    """The `PriceSource` of an account: prices as its sites were told them last."""

    currency: Final = CURRENCY

    def prices(self, device_id: str, readings: Readings) -> PriceSeries | None:
        """Return a site's prices, past ones first; None while none are known.

        What was told before a long silence is not known any more.
        """
        known = readings.get(PRICES, device_id)
        return None if known is None or known.is_old else known.series
