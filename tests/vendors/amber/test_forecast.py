"""What is laid out for planners, and that it is laid out once."""

from datetime import timedelta

import pytest

from custom_components.joulekeeper.vendors.amber import forecast
from custom_components.joulekeeper.vendors.amber.board import PriceBoard
from custom_components.joulekeeper.vendors.amber.forecast import (
    forecasts,
    lay_out,
    points,
    rates,
)
from custom_components.joulekeeper.vendors.amber.models import PriceRecord, Site
from custom_components.joulekeeper.vendors.amber.prices import Basis, Prices
from tests.clouds.clock import SetClock

from .test_feed import FEED_IN, GENERAL, MINUTE, SITE_ID, START, answer, record

INTERVAL = 5 * MINUTE


def prices_of(records: list[PriceRecord], clock: SetClock) -> Prices:
    """Return what is known of a site of 5-minute intervals."""
    site = Site.parse({"id": SITE_ID, "intervalLength": 5, "status": "active"})
    assert site is not None
    return Prices(
        site=site,
        board=PriceBoard.of(records, clock()),
        last_final={},
        basis=Basis(),
        clock=clock,
    )


def test_another_interval_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When an interval is over, no table is made again: only fewer rows are shown."""
    clock = SetClock(START + MINUTE)
    records = answer(START, estimate=True, channels=(GENERAL, FEED_IN))
    prices = prices_of(records, clock)
    for channel in prices.channels:
        lay_out(prices, channel)
    before = {make: make(prices, GENERAL) for make in (points, rates, forecasts)}

    def never(instant: object) -> str:
        raise AssertionError(instant)

    monkeypatch.setattr(forecast, "_iso", never)
    clock.advance(3 * INTERVAL)

    assert points(prices, GENERAL) == before[points][3:]
    assert rates(prices, GENERAL) == before[rates][1:]
    assert forecasts(prices, GENERAL) == before[forecasts][1:]


def test_no_interval_runs() -> None:
    """What is to come keeps its own price; there is no other one to be shown."""
    clock = SetClock(START + MINUTE)
    first = START + INTERVAL
    prices = prices_of([record(first, "Forecast", cents=31.0)], clock)

    assert prices.price(GENERAL) is None
    assert points(prices, GENERAL) == [{"time": first.isoformat(), "value": 0.31}]


def test_half_hour_without_its_beginning() -> None:
    """What is past of the running half-hour may be missing, of a later one nothing."""
    clock = SetClock(START + MINUTE)
    half_hour = START + 3 * INTERVAL
    running = [record(START + n * INTERVAL, cents=20.0) for n in range(3)]
    later = [record(half_hour + n * INTERVAL, "Forecast") for n in range(1, 6)]
    prices = prices_of([*running, *later], clock)

    assert [row["end"] for row in rates(prices, GENERAL)] == [half_hour.isoformat()]
    assert forecasts(prices, GENERAL) == []
    # Once it runs, what is known of it counts.
    clock.set(half_hour + INTERVAL)
    [row] = rates(prices, GENERAL)
    assert row["end"] == (half_hour + timedelta(minutes=30)).isoformat()
    assert forecasts(prices, GENERAL) == []
