"""Amber's prices in a whole Home Assistant: fresh, honestly labelled, of one sign."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN

from ..clouds.amber import Advanced, Behaviour
from .amber_home import (
    HALF_HOUR,
    HALF_HOURLY,
    INTERVAL,
    MINUTE,
    SECOND,
    attributes,
    begin,
    is_estimate,
    now,
    pass_until,
    pass_until_confirmed,
    pass_until_so,
    reauth_flows,
    set_options,
    shown,
    tracebacks,
    truth,
)
from .conftest import AMBER, AMBER_FEED_IN, AMBER_GENERAL, AmberHouse, OpenAmberHouse

GENERAL_30 = f"{HALF_HOURLY}_general_usage"
BEFORE_WINDOW = datetime(2026, 3, 2, 4, 57, 1, tzinfo=UTC)
"""Three minutes before three in the afternoon by the market's clock."""
IN_20_S = Behaviour(publication_s=20.0)


def predicted(house: AmberHouse, device: str = AMBER_GENERAL) -> float:
    """Return the retailer's own forecast that is shown."""
    return float(house.value("sensor", "advanced_price_predicted", device))


# -- estimate, then confirmed --------------------------------------------------


async def test_estimate_then_confirmed(open_amber_house: OpenAmberHouse) -> None:
    """At the boundary the forecast is shown, without a call; then what is final."""
    house = await open_amber_house(behaviour=replace(IN_20_S))
    await pass_until_confirmed(house)
    following = attributes(house)["forecast"][1]["value"]
    start = begin(house) + INTERVAL
    await pass_until(house, start - SECOND)
    assert not is_estimate(house)
    house.cloud.requests.clear()
    await pass_until(house, start + SECOND / 2)
    assert house.cloud.requests.total == 0
    for device in (AMBER_GENERAL, AMBER_FEED_IN):
        told = attributes(house, device)
        assert told["start_time"] == start.isoformat()
        assert told["end_time"] == (start + INTERVAL).isoformat()
        assert told["estimate"] is True
        assert told["held"] is False
        assert shown(house, device) == predicted(house, device)
    assert is_estimate(house)
    assert shown(house) == pytest.approx(following, abs=1e-5)

    await pass_until_confirmed(house)
    assert now(house) - start <= timedelta(seconds=26)
    for device in (AMBER_GENERAL, AMBER_FEED_IN):
        assert shown(house, device) == pytest.approx(truth(house, device))
        assert attributes(house, device)["estimate"] is False
    calls = house.cloud.requests.total
    assert calls <= 3
    await pass_until(house, start + INTERVAL - SECOND)
    assert house.cloud.requests.total == calls


@pytest.mark.parametrize("skew_s", [-90, 0, 90])
async def test_confirmed_within_seconds(
    open_amber_house: OpenAmberHouse, skew_s: int
) -> None:
    """Of each of 30 intervals, whatever Home Assistant's clock says."""
    house = await open_amber_house(
        now=BEFORE_WINDOW, behaviour=Behaviour(streak_share=0)
    )
    cloud, ours = house.cloud, house.cloud.clock
    for part in (cloud, cloud._api):
        part.clock = lambda: ours() + timedelta(seconds=skew_s)
    await house.reload()
    lags = []
    await pass_until(house, begin(house) + INTERVAL)
    house.cloud.requests.clear()
    for _ in range(30):
        instant = cloud.clock()
        published = cloud.published_at(AMBER, instant + 2 * MINUTE)
        assert published is not None
        wait = published - instant
        await house.pass_time(max(wait, SECOND / 10))
        late = await pass_until_so(
            house,
            lambda: (
                not is_estimate(house)
                and attributes(house)["start_time"] == _start(cloud.clock()).isoformat()
            ),
        )
        lags.append(late.total_seconds())
        assert shown(house) == pytest.approx(truth(house, at=cloud.clock()))
        await house.pass_time(_start(cloud.clock()) + INTERVAL - cloud.clock())
    assert median(lags) <= 3
    assert sorted(lags)[-2] <= 8
    assert house.cloud.requests.count("current") <= 3.5 * 30
    assert set(house.cloud.requests.statuses("current")) == {200}


def _start(instant: datetime) -> datetime:
    return instant - (instant - datetime.fromtimestamp(0, UTC)) % INTERVAL


async def test_half_hours(open_amber_house: OpenAmberHouse) -> None:
    """An estimate that drifts until the last five minutes, looked at once before."""
    house = await open_amber_house(fixture="C", behaviour=replace(IN_20_S))
    start = begin(house, HALF_HOUR) + HALF_HOUR
    await pass_until(house, start)
    house.cloud.requests.clear()
    await pass_until(house, start + 25 * MINUTE)
    assert is_estimate(house, HALF_HOURLY)
    assert 1 <= house.cloud.requests.count("current") <= 2
    await pass_until(house, start + 25 * MINUTE + 27 * SECOND)
    for kind in ("general_usage", "controlled_load", "feed_in"):
        device = f"{HALF_HOURLY}_{kind}"
        assert shown(house, device) == pytest.approx(truth(house, device))
        assert attributes(house, device)["estimate"] is False


async def test_price_that_changes_after_confirmation(
    open_amber_house: OpenAmberHouse,
) -> None:
    """What is called final is believed; the true past comes with the next interval."""
    house = await open_amber_house(
        behaviour=Behaviour(publication_s=20.0, changed_share=1.0)
    )
    start = begin(house)
    await pass_until_confirmed(house)
    first = shown(house)
    assert first != pytest.approx(truth(house, at=start))
    await pass_until(house, start + INTERVAL + MINUTE)
    series = house.entry.runtime_data.account.session.prices.prices(
        AMBER, house.entry.runtime_data.account.readings
    )
    past = series.at(start)
    assert past.confirmed
    assert past.import_price == pytest.approx(truth(house, at=start))


# -- options -------------------------------------------------------------------


async def test_market_forecast_instead(open_amber_house: OpenAmberHouse) -> None:
    """Without the retailer's own forecast the market's is shown, on all surfaces."""
    house = await open_amber_house(behaviour=replace(IN_20_S))
    assert is_estimate(house)
    market = attributes(house)["market_per_kwh"]
    assert shown(house) != pytest.approx(market)
    await set_options(house, advanced_price=False)
    assert shown(house) == attributes(house)["market_per_kwh"] == market
    rows = attributes(house, key="price_forecast")["forecasts"]
    assert all(row["per_kwh"] == row["market_per_kwh"] for row in rows)
    assert any(row["per_kwh"] != row["advanced_price_predicted"] for row in rows[:20])
    await pass_until_confirmed(house)
    assert shown(house) == pytest.approx(truth(house))


async def test_hold(open_amber_house: OpenAmberHouse) -> None:
    """The last confirmed price is shown until the next one is, from the start on."""
    house = await open_amber_house(behaviour=replace(IN_20_S))
    await set_options(house, hold_confirmed=True)
    for _ in range(3):
        start = begin(house)
        for device in (AMBER_GENERAL, AMBER_FEED_IN):
            told = attributes(house, device)
            before = truth(house, device, start - INTERVAL)
            assert shown(house, device) == pytest.approx(before)
            assert (told["estimate"], told["held"]) == (True, True)
            assert told["start_time"] == start.isoformat()
            assert told["forecast"][0]["value"] == pytest.approx(before, abs=1e-5)
            assert told["forecast"][1]["value"] != pytest.approx(before, abs=1e-5)
        assert is_estimate(house)
        await pass_until_confirmed(house)
        assert shown(house) == pytest.approx(truth(house))
        assert attributes(house)["held"] is False
        await pass_until(house, start + INTERVAL + SECOND)


async def test_hold_half_hours(open_amber_house: OpenAmberHouse) -> None:
    """That lasts for most of the half-hour."""
    house = await open_amber_house(fixture="C", behaviour=replace(IN_20_S))
    await set_options(house, hold_confirmed=True)
    start = begin(house, HALF_HOUR) + HALF_HOUR
    await pass_until(house, start + 24 * MINUTE)
    before = truth(house, GENERAL_30, start - HALF_HOUR)
    assert shown(house, GENERAL_30) == pytest.approx(before)
    assert attributes(house, GENERAL_30)["held"] is True
    await pass_until(house, start + 26 * MINUTE)
    assert shown(house, GENERAL_30) == pytest.approx(truth(house, GENERAL_30))


async def test_hold_nothing_old(open_amber_house: OpenAmberHouse) -> None:
    """Without a price of the interval before, the estimate is shown and says so."""
    house = await open_amber_house(
        behaviour=Behaviour(publication="never", lost_actuals_share=1.0)
    )
    await set_options(house, hold_confirmed=True)
    for _ in range(3):
        assert is_estimate(house)
        assert attributes(house)["held"] is False
        assert shown(house) == predicted(house)
        await house.pass_time(INTERVAL)


# -- signs ---------------------------------------------------------------------


async def test_below_zero(open_amber_house: OpenAmberHouse) -> None:
    """A negative price rewards taking and charges giving; so it is on all surfaces."""
    house = await open_amber_house(behaviour=replace(IN_20_S))
    start = begin(house) + INTERVAL
    view = Advanced(-40.0, -35.0, -31.0)
    house.cloud.set_price(AMBER, start, 40, spot=-30.0, forecast=-33.0, advanced=view)
    await pass_until(house, start + MINUTE)
    assert shown(house) == pytest.approx(truth(house))
    assert shown(house) < -0.15
    assert shown(house, AMBER_FEED_IN) == pytest.approx(truth(house, AMBER_FEED_IN))
    assert shown(house, AMBER_FEED_IN) < -0.25
    assert float(house.value("sensor", "spot_price")) == -0.3
    for device, least in ((AMBER_GENERAL, -0.15), (AMBER_FEED_IN, -0.25)):
        assert house.value("sensor", "price_descriptor", device) == "extremely_low"
        assert attributes(house, device)["spot_per_kwh"] == -0.3
        told = attributes(house, device, "price_forecast")
        rows = [*told["forecasts"][:1], *told["rates"][1:2]]
        points = attributes(house, device)["forecast"][:8]
        values = [row.get("value", row.get("per_kwh")) for row in (*rows, *points)]
        assert max(values) < least
        assert (
            told["forecasts"][0]["advanced_price_low"]
            < (told["forecasts"][0]["advanced_price_high"])
        )
    await pass_until(house, start + INTERVAL + SECOND)
    low, high = (
        float(house.value("sensor", f"advanced_price_{name}", AMBER_FEED_IN))
        for name in ("low", "high")
    )
    assert low < shown(house, AMBER_FEED_IN) < high < 0
    running = house.entry.runtime_data.account.session.prices.prices(
        AMBER, house.entry.runtime_data.account.readings
    ).at(now(house))
    assert running.import_price == shown(house)
    assert running.export_price == shown(house, AMBER_FEED_IN)


async def test_earnings(amber_house: AmberHouse) -> None:
    """What feed-in earns is above zero, the opposite of the cloud's sign."""
    raw = amber_house.cloud.per_kwh(AMBER, "feedIn", now(amber_house))
    assert raw < 0
    await pass_until_confirmed(amber_house)
    assert shown(amber_house, AMBER_FEED_IN) == pytest.approx(-raw / 100)


# -- spikes and demand windows -------------------------------------------------


async def test_spike(open_amber_house: OpenAmberHouse) -> None:
    """Expected within the hour, certain once confirmed; it does not flicker."""
    house = await open_amber_house(behaviour=replace(IN_20_S))

    def flags() -> tuple[str, str]:
        return (
            house.value("binary_sensor", "price_spike"),
            house.value("binary_sensor", "potential_price_spike"),
        )

    start = begin(house) + INTERVAL
    view = Advanced(900.0, 1000.0, 1200.0)
    house.cloud.set_price(AMBER, start, 10, spot=1200.0, forecast=1100.0, advanced=view)
    assert flags() == ("off", "off")
    await pass_until_confirmed(house)
    assert flags() == ("off", "on")
    await pass_until(house, start + SECOND)
    assert flags() == ("off", "on")
    await pass_until_confirmed(house)
    assert flags() == ("on", "on")
    assert shown(house) > 12
    assert house.value("sensor", "price_descriptor", AMBER_FEED_IN) == "spike"
    # It may go on, so it does until that is known.
    await pass_until(house, start + INTERVAL + SECOND)
    assert flags() == ("on", "on")
    await pass_until_confirmed(house)
    assert flags() == ("on", "off")
    await pass_until(house, start + 2 * INTERVAL + SECOND)
    assert flags() == ("off", "off")


async def test_demand_window(open_amber_house: OpenAmberHouse) -> None:
    """Whether it runs, when it begins next and when it ends next."""
    house = await open_amber_house(now=BEFORE_WINDOW)
    start, end = (
        datetime(2026, 3, 2, hour, tzinfo=UTC).isoformat() for hour in (5, 11)
    )

    def window() -> tuple[str, ...]:
        return (
            house.value("binary_sensor", "demand_window"),
            house.value("sensor", "demand_window_start"),
            house.value("sensor", "demand_window_end"),
        )

    assert window() == ("off", start, end)
    await house.pass_time(4 * MINUTE)
    tomorrow = datetime(2026, 3, 3, 5, tzinfo=UTC).isoformat()
    assert window() == ("on", tomorrow, end)
    await house.pass_time(15 * MINUTE)
    assert window() == ("on", tomorrow, end)


async def test_no_demand_window(open_amber_house: OpenAmberHouse) -> None:
    """A tariff without one, or nothing known of tariffs, is no `off`."""
    house = await open_amber_house(fixture="F")
    for platform, key in (
        ("binary_sensor", "demand_window"),
        ("sensor", "demand_window_start"),
        ("sensor", "tariff_period"),
    ):
        with pytest.raises(AssertionError):
            house.entity_id(platform, key)
    assert shown(house, f"{house.main}_general_usage") > 0


# -- the market's own outages --------------------------------------------------


@pytest.mark.parametrize("outage", ["actuals", "empty"])
async def test_market_outage(
    open_amber_house: OpenAmberHouse, outage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No price is told: bridged for minutes, then unknown, neither 0 nor an old one."""
    house = await open_amber_house(behaviour=replace(IN_20_S))
    await pass_until_confirmed(house)
    house.cloud.change(outage=outage)
    await pass_until(house, begin(house) + INTERVAL + 7 * MINUTE)
    assert is_estimate(house)
    assert attributes(house)["start_time"] == begin(house).isoformat()
    assert shown(house) > 0
    await house.pass_time(5 * MINUTE)
    for device in (AMBER_GENERAL, AMBER_FEED_IN):
        assert house.value("sensor", "price", device) == STATE_UNKNOWN
        assert attributes(house, device)["forecast"] == []
        assert house.value("sensor", "price_forecast", device) == STATE_UNKNOWN
        assert attributes(house, device, "price_forecast")["forecasts"] == []
    for key in ("price_spike", "price_estimated", "demand_window"):
        assert house.value("binary_sensor", key) == STATE_UNKNOWN
    house.cloud.change(outage="none")
    await house.pass_time(INTERVAL)
    assert shown(house) == pytest.approx(truth(house), abs=0.2)
    assert not tracebacks(caplog)

    # The same while Home Assistant starts.
    house.cloud.change(outage=outage)
    await house.reload()
    assert house.value("sensor", "price", AMBER_GENERAL) == STATE_UNKNOWN
    house.cloud.change(outage="none")
    await house.pass_time(INTERVAL)
    assert house.value("sensor", "price", AMBER_GENERAL) not in (
        STATE_UNKNOWN,
        STATE_UNAVAILABLE,
    )
    assert not reauth_flows(house)


async def test_past_prices_that_are_missing(
    open_amber_house: OpenAmberHouse,
) -> None:
    """Answers without past intervals: what was told before stands in for them."""
    house = await open_amber_house(
        behaviour=Behaviour(publication_s=20.0, lost_actuals_share=1.0)
    )
    await pass_until(house, begin(house, HALF_HOUR) + HALF_HOUR + 14 * MINUTE)
    running = attributes(house, key="price_forecast")["rates"][0]
    start = begin(house, HALF_HOUR)
    assert running["start"] == start.isoformat()
    series = house.entry.runtime_data.account.session.prices.prices(
        AMBER, house.entry.runtime_data.account.readings
    )
    for n in range(3):
        item = series.at(start + n * INTERVAL)
        assert item.confirmed
        assert item.import_price == pytest.approx(truth(house, at=item.start))
