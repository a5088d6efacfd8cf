"""Typed answers of the retailer, in our units and signs (dossier sections 1.4 to 1.8).

Prices and costs are AUD, not cents: a price in AUD/kWh, a cost in AUD. For what is
imported + is paid; for the feed-in channel + is **earned**, the opposite of the cloud's
sign, so that a series reads low to high. Spot prices are the wholesale's, of one sign on
all channels. Shares are percent and may exceed 100.

Only a record without a time is left out. An unknown word is None, an unknown field is
ignored, a missing one is None: nothing of this costs the other records. Times are UTC,
the cloud's extra second at the start of an interval is taken away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final, Self

from ..parsing import (
    calendar_date,
    integer,
    mapping,
    number,
    objects,
    scaled,
    text,
    timestamp,
)
from .words import (
    ChannelType,
    Descriptor,
    IntervalKind,
    RenewablesDescriptor,
    SiteStatus,
    SpikeStatus,
    TariffPeriod,
    TariffSeason,
    UsageQuality,
    word,
)

CURRENCY: Final = "AUD"
NEM: Final = timezone(timedelta(hours=10), "NEM")
"""The market's time, by which days are counted: no daylight saving."""

_CENT: Final = 0.01
_DIGITS: Final = 7
_LEGACY_LENGTH: Final = 30
_MINUTE: Final = timedelta(minutes=1)
_LONGEST: Final = 24 * 60


def _descriptor(value: Any) -> Descriptor | None:
    if value == "negative":
        return Descriptor.EXTREMELY_LOW
    return word(Descriptor, value)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _cents(value: Any, sign: int = 1) -> float | None:
    """Return cents in AUD; adding 0 keeps a zero from becoming a negative one."""
    amount = scaled(value, sign * _CENT, _DIGITS)
    return None if amount is None else amount + 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A register of a site's meter; what it is, its type tells, not its identifier."""

    type: ChannelType | None
    identifier: str | None
    tariff: str | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read one of `channels`."""
        return cls(
            type=word(ChannelType, raw.get("type")),
            identifier=text(raw.get("identifier")),
            tariff=text(raw.get("tariff")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A connection point of the account (dossier 1.4); `interval` is the billing's."""

    id: str = field(repr=False)
    nmi: str | None = field(repr=False)
    status: SiteStatus | None
    network: str | None
    channels: tuple[Channel, ...]
    active_from: date | None
    closed_on: date | None
    interval: timedelta

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a site; None for one without an id, of which nothing can be asked."""
        if (site_id := text(raw.get("id"))) is None:
            return None
        nmi = raw.get("nmi")
        length = integer(raw.get("intervalLength")) or 0
        if not 0 < length <= _LONGEST:
            length = _LEGACY_LENGTH
        return cls(
            id=site_id,
            nmi=str(nmi) if isinstance(nmi, int) else text(nmi),
            status=word(SiteStatus, raw.get("status")),
            network=text(raw.get("network")),
            channels=tuple(map(Channel.parse, objects(raw.get("channels")))),
            active_from=calendar_date(raw.get("activeFrom")),
            closed_on=calendar_date(raw.get("closedOn")),
            interval=timedelta(minutes=length),
        )

    @property
    def is_active(self) -> bool:
        """Whether the site is supplied now, as far as is told: others have no prices."""
        if self.status is None:
            return self.closed_on is None
        return self.status is SiteStatus.ACTIVE

    @property
    def channel_types(self) -> frozenset[ChannelType]:
        """The kinds of channels, those that nobody knows left out."""
        return frozenset(item.type for item in self.channels if item.type is not None)


@dataclass(frozen=True, slots=True)
class Span:
    """When something holds: `start` and `end` on the boundaries, `day` by the market.

    The last interval of a day ends with the next one's first instant, yet belongs to
    its own day.
    """

    start: datetime
    end: datetime
    day: date

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read the times of a record, of which some may be missing."""
        minutes = integer(raw.get("duration")) or 0
        length = minutes * _MINUTE if 0 < minutes <= _LONGEST else None
        start, end = timestamp(raw.get("startTime")), timestamp(raw.get("endTime"))
        if end is None:
            end = timestamp(raw.get("nemTime"))
        if start is not None:
            start = start.replace(second=0, microsecond=0)
        if end is not None and length is not None:
            start = end - length
        elif start is not None and length is not None:
            end = start + length
        if start is None or end is None or start >= end:
            return None
        day = calendar_date(raw.get("date")) or start.astimezone(NEM).date()
        return cls(start, end, day)

    @property
    def duration(self) -> timedelta:
        """The length."""
        return self.end - self.start

    def holds(self, instant: datetime) -> bool:
        """Return whether an instant is inside."""
        return self.start <= instant < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What the network's tariff says of an interval; each part only where it has it."""

    period: TariffPeriod | None
    season: TariffSeason | None
    block: int | None
    demand_window: bool | None

    @classmethod
    def parse(cls, raw: Any) -> Self | None:
        """Read `tariffInformation`, which may be missing."""
        if not (told := mapping(raw)):
            return None
        return cls(
            period=word(TariffPeriod, told.get("period")),
            season=word(TariffSeason, told.get("season")),
            block=integer(told.get("block")),
            demand_window=_flag(told.get("demandWindow")),
        )


@dataclass(frozen=True, slots=True)
class AdvancedPrice:
    """The retailer's own forecast, AUD/kWh; for feed-in + is earned, so low is low."""

    low: float | None
    predicted: float | None
    high: float | None

    @classmethod
    def parse(cls, raw: Any, sign: int) -> Self | None:
        """Read `advancedPrice`, which is missing once a price is final."""
        if not (told := mapping(raw)):
            return None
        low, predicted, high = (
            _cents(told.get(key), sign) for key in ("low", "predicted", "high")
        )
        return cls(low, predicted, high)


@dataclass(frozen=True, slots=True)
class SpotRange:
    """Between which spot prices the market's forecast lies, AUD/kWh."""

    least: float | None
    most: float | None

    @classmethod
    def parse(cls, raw: Any) -> Self | None:
        """Read `range`, which is mostly missing."""
        if not (told := mapping(raw)):
            return None
        return cls(_cents(told.get("min")), _cents(told.get("max")))


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRecord:
    """The price of one channel in one interval (dossier 1.5 and 1.6).

    `estimate` is only told of the current interval: False means that it is locked in.
    """

    span: Span
    kind: IntervalKind | None
    channel: ChannelType | None
    price: float | None
    spot: float | None
    renewables: float | None
    spike: SpikeStatus | None
    descriptor: Descriptor | None
    tariff: Tariff | None
    estimate: bool | None
    advanced: AdvancedPrice | None
    spot_range: SpotRange | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an interval object; None without its times."""
        if (span := Span.parse(raw)) is None:
            return None
        channel = word(ChannelType, raw.get("channelType"))
        sign = -1 if channel is ChannelType.FEED_IN else 1
        return cls(
            span=span,
            kind=_kind(raw, "Interval"),
            channel=channel,
            price=_cents(raw.get("perKwh"), sign),
            spot=_cents(raw.get("spotPerKwh")),
            renewables=number(raw.get("renewables")),
            spike=word(SpikeStatus, raw.get("spikeStatus")),
            descriptor=_descriptor(raw.get("descriptor")),
            tariff=Tariff.parse(raw.get("tariffInformation")),
            estimate=_flag(raw.get("estimate")),
            advanced=AdvancedPrice.parse(raw.get("advancedPrice"), sign),
            spot_range=SpotRange.parse(raw.get("range")),
        )

    @property
    def is_final(self) -> bool:
        """Whether the price is a past one or locked in."""
        return self.kind is IntervalKind.ACTUAL or (
            self.kind is IntervalKind.CURRENT and self.estimate is False
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord:
    """What one register counted in one interval (dossier 1.7).

    Energies are never negative, the channel tells the direction. `cost` is AUD: + is
    paid, for feed-in + is earned.
    """

    span: Span
    channel: ChannelType | None
    identifier: str | None
    kwh: float | None
    cost: float | None
    price: float | None
    spot: float | None
    renewables: float | None
    quality: UsageQuality | None
    spike: SpikeStatus | None
    descriptor: Descriptor | None
    tariff: Tariff | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a usage object; None without its times.

        Whether feed-in is counted below zero is told both ways, so that the sign of a
        cost is taken from its price, where there is one.
        """
        if (span := Span.parse(raw)) is None:
            return None
        channel = word(ChannelType, raw.get("channelType"))
        sign = -1 if channel is ChannelType.FEED_IN else 1
        kwh, price = number(raw.get("kwh")), _cents(raw.get("perKwh"), sign)
        cost = _cents(raw.get("cost"), sign)
        if cost is not None and price:
            cost = abs(cost) if price > 0 else 0.0 - abs(cost)
        return cls(
            span=span,
            channel=channel,
            identifier=text(raw.get("channelIdentifier")),
            kwh=None if kwh is None else abs(kwh),
            cost=cost,
            price=price,
            spot=_cents(raw.get("spotPerKwh")),
            renewables=number(raw.get("renewables")),
            quality=word(UsageQuality, raw.get("quality")),
            spike=word(SpikeStatus, raw.get("spikeStatus")),
            descriptor=_descriptor(raw.get("descriptor")),
            tariff=Tariff.parse(raw.get("tariffInformation")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewablesRecord:
    """The share of renewables in a state's grid, percent, in one interval (1.8)."""

    span: Span
    kind: IntervalKind | None
    share: float | None
    descriptor: RenewablesDescriptor | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read a renewable object; None without its times."""
        if (span := Span.parse(raw)) is None:
            return None
        return cls(
            span=span,
            kind=_kind(raw, "Renewable"),
            share=number(raw.get("renewables")),
            descriptor=word(RenewablesDescriptor, raw.get("descriptor")),
        )


def _kind(raw: Mapping[str, Any], ending: str) -> IntervalKind | None:
    return word(IntervalKind, (text(raw.get("type")) or "").removesuffix(ending))


def nem_day(instant: datetime) -> date:
    """Return the market's day of an instant."""
    return instant.astimezone(NEM).date()
