"""Parsing: the recorded shapes, and whatever may be wrong with them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.prices import Certainty
from custom_components.joulekeeper.vendors.amber.board import PriceBoard
from custom_components.joulekeeper.vendors.amber.models import (
    AdvancedPrice,
    Channel,
    PriceRecord,
    RenewablesRecord,
    Site,
    Span,
    SpotRange,
    Tariff,
    UsageRecord,
)
from custom_components.joulekeeper.vendors.amber.words import (
    ChannelType,
    Descriptor,
    IntervalKind,
    RenewablesDescriptor,
    SiteStatus,
    SpikeStatus,
    TariffPeriod,
    TariffSeason,
    UsageQuality,
)

from .conftest import NOW
from .examples import (
    ACTUAL,
    CONFIRMED,
    ESTIMATED,
    FAR_FORECAST,
    FORECAST,
    HALF_HOUR,
    NMI,
    RENEWABLES,
    SITE,
    SITES,
    USAGE,
)


def at(hour: int, minute: int, day: int = 1) -> datetime:
    """Return an instant of March 2026."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def board(*raw: dict[str, Any]) -> PriceBoard:
    """Return the records as one answer."""
    return PriceBoard.of(filter(None, map(PriceRecord.parse, raw)), NOW)


def price(raw: dict[str, Any]) -> PriceRecord:
    """Return a record that can be read."""
    record = PriceRecord.parse(raw)
    assert record is not None
    return record


def test_sites() -> None:
    """Only the middle one is supplied; the one without a length is an old one."""
    closed, active, pending = map(Site.parse, SITES)
    assert active == Site(
        id=SITE,
        nmi=NMI,
        status=SiteStatus.ACTIVE,
        network="Ausgrid",
        channels=(
            Channel(type=ChannelType.GENERAL, identifier="E1", tariff="TF100"),
            Channel(type=ChannelType.FEED_IN, identifier="B1", tariff="TF900"),
        ),
        active_from=date(2024, 5, 1),
        closed_on=None,
        interval=timedelta(minutes=5),
    )
    assert closed is not None
    assert pending is not None
    assert [site.is_active for site in (closed, active, pending)] == [0, 1, 0]
    assert closed.closed_on == date(2024, 4, 30)
    assert pending.interval == timedelta(minutes=30)
    assert pending.channel_types == set(ChannelType)
    assert SITE not in repr(active)
    assert NMI not in repr(active)


def test_current_interval() -> None:
    """Cents become dollars, times boundaries, and what is earned is positive."""
    general, feed_in = map(price, ESTIMATED)
    span = Span(at(22, 15), at(22, 20), date(2026, 3, 2))
    assert general == PriceRecord(
        span=span,
        kind=IntervalKind.CURRENT,
        channel=ChannelType.GENERAL,
        price=0.2244939,
        spot=0.124138,
        renewables=41.337,
        spike=SpikeStatus.NONE,
        descriptor=Descriptor.VERY_LOW,
        tariff=Tariff(period=None, season=None, block=None, demand_window=False),
        estimate=True,
        advanced=AdvancedPrice(0.1896592, 0.207004, 0.2222464),
        spot_range=None,
    )
    assert feed_in.span == span
    assert feed_in.price == 0.1186308
    assert feed_in.spot == 0.124138
    assert feed_in.advanced == AdvancedPrice(0.0869629, 0.1027309, 0.1165876)
    assert feed_in.tariff is None
    assert not board(*ESTIMATED).confirmed
    assert board(*CONFIRMED).confirmed
    assert board(*CONFIRMED).span == span
    # One channel alone is not enough.
    assert not board(CONFIRMED[0], ESTIMATED[1]).confirmed


def test_past_and_future() -> None:
    """What costs when exported is negative; a spot range has one sign everywhere."""
    far = price(FAR_FORECAST)
    assert far.kind is IntervalKind.FORECAST
    assert far.price == -0.0578294
    assert far.renewables == 108.20411
    assert far.spot_range == SpotRange(-0.0561, -0.0105)
    assert far.span == Span(at(0, 30, 3), at(1, 0, 3), date(2026, 3, 3))
    actual = price(ACTUAL)
    assert actual.is_final
    assert actual.estimate is None
    assert price(HALF_HOUR[0]).tariff == Tariff(
        period=TariffPeriod.SHOULDER,
        season=TariffSeason.NON_SUMMER,
        block=None,
        demand_window=None,
    )


def test_series() -> None:
    """The channels come together, in the order of time, whatever the cloud's is."""
    told = board(FAR_FORECAST, FORECAST, *CONFIRMED, ACTUAL)
    actual, current, soon, far = told.series()
    assert [item.certainty for item in (actual, current, soon, far)] == [
        Certainty.CONFIRMED,
        Certainty.CONFIRMED,
        Certainty.FORECAST,
        Certainty.FORECAST,
    ]
    assert (current.import_price, current.export_price) == (0.209425, 0.1049318)
    assert current.controlled_load_price is None
    assert (soon.import_price, soon.spike, soon.demand_window) == (
        4.4958752,
        False,
        True,
    )
    assert (far.import_price, far.export_price) == (None, -0.0578294)
    assert told.series(advanced=True).at(at(22, 21)).import_price == 0.9123344  # type: ignore[union-attr]
    # What is final has no forecast any more.
    assert told.series(advanced=True).at(at(22, 16)) == current


def test_estimated_series() -> None:
    """An estimate is told to be one, in either way of estimating."""
    (market,) = board(*HALF_HOUR).series()
    (own,) = board(*HALF_HOUR).series(advanced=True)
    assert market.certainty is own.certainty is Certainty.ESTIMATE
    assert (market.import_price, market.controlled_load_price) == (0.1962818, 0.1327818)
    assert (own.import_price, own.controlled_load_price) == (0.1896592, 0.1261592)
    assert market.demand_window is None


def test_usage() -> None:
    """The last interval of a day belongs to it, and what is exported is earned."""
    bought, sold = map(UsageRecord.parse, USAGE)
    assert bought is not None
    assert sold is not None
    assert bought.span == Span(at(13, 55), at(14, 0), date(2026, 3, 1))
    assert (bought.kwh, bought.cost, bought.price) == (0.044, 0.008484, 0.1928128)
    assert bought.quality is UsageQuality.ESTIMATED
    assert (sold.kwh, sold.cost, sold.price) == (0.412, 0.00207, 0.005024)
    assert (sold.channel, sold.identifier) == (ChannelType.FEED_IN, "B1")


@pytest.mark.parametrize(
    ("kwh", "per_kwh", "cost", "earned"),
    [
        (0.4, -5.0, -2.0, 0.02),
        (-0.4, -5.0, 2.0, 0.02),  # counted below zero, as the specification says
        (0.4, 5.0, 2.0, -0.02),  # export costs money
        (-0.4, 5.0, -2.0, -0.02),
        (0.4, 0, 0, 0),
        (0.4, None, -2.0, 0.02),
        (0.4, -5.0, None, None),
    ],
)
def test_what_an_export_earns(
    kwh: float, per_kwh: float | None, cost: float | None, earned: float | None
) -> None:
    """It hangs on the price alone, however the energy is counted."""
    raw = {**USAGE[1], "kwh": kwh, "perKwh": per_kwh, "cost": cost}
    record = UsageRecord.parse(raw)
    assert record is not None
    assert (record.kwh, record.cost) == (0.4, earned)
    assert "-" not in str(record.kwh)


def test_renewables() -> None:
    """More than 100 % happens; an unknown word costs nothing but itself."""
    current, actual, forecast = map(RenewablesRecord.parse, RENEWABLES)
    assert actual == RenewablesRecord(
        span=Span(at(21, 30), at(22, 0), date(2026, 3, 2)),
        kind=IntervalKind.ACTUAL,
        share=124.417,
        descriptor=RenewablesDescriptor.GREAT,
    )
    assert current is not None
    assert current.kind is IntervalKind.CURRENT
    assert forecast is not None
    assert (forecast.share, forecast.descriptor) == (55.102, None)


def test_retired_word() -> None:
    """The old name of the lowest price is still understood."""
    raw = {**ACTUAL, "descriptor": "negative"}
    assert price(raw).descriptor is Descriptor.EXTREMELY_LOW


@pytest.mark.parametrize("missing", ["startTime", "endTime", "duration", "date"])
def test_times_that_are_missing(missing: str) -> None:
    """Any one of them follows from the others."""
    whole, part = dict(ACTUAL), dict(ACTUAL)
    del part[missing]
    assert price(part) == price(whole)
    del part["nemTime"]
    if missing == "endTime":
        assert price(part) == price(whole)
    part |= {"startTime": None, "endTime": "soon"}
    assert PriceRecord.parse(part) is None


WORDS = st.sampled_from(["general", "feedIn", "CurrentInterval", "", "2026-03-02"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["low", "min", "period"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(data=st.data())
def test_one_odd_field_costs_nothing_else(data: st.DataObject) -> None:
    """Whatever a field holds, all others are read as before."""
    raw, kind = data.draw(
        st.sampled_from(
            [
                (ESTIMATED[1], PriceRecord),
                (FORECAST, PriceRecord),
                (USAGE[1], UsageRecord),
                (RENEWABLES[0], RenewablesRecord),
                (SITES[1], Site),
            ]
        )
    )
    key = data.draw(st.sampled_from(sorted(raw)))
    odd = kind.parse({**raw, key: data.draw(ANYTHING), "more": data.draw(ANYTHING)})
    whole = kind.parse(raw)
    depends = {
        "channelType": {"channel", "price", "cost", "advanced"},
        "perKwh": {"price", "cost"},
        "advancedPrice": {"advanced"},
        "type": {"kind"},
        "tariffInformation": {"tariff"},
        "spotPerKwh": {"spot"},
        "spikeStatus": {"spike"},
        "channelIdentifier": {"identifier"},
        "activeFrom": {"active_from"},
        "intervalLength": {"interval"},
        "renewables": {"renewables", "share"},
    }.get(key, {key})
    if key in {"date", "startTime", "endTime", "nemTime", "duration"}:
        depends = {"span"}
    if odd is None:
        assert key in {"id", "startTime", "endTime", "duration"}
        return
    for name in kind.__slots__:
        if name not in depends:
            assert getattr(odd, name) == getattr(whole, name), name
