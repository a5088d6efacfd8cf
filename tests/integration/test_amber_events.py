"""Amber's events: what begins and ends is told once, and nothing on a restart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers.event import async_track_state_change_event

from ..clouds.amber import Advanced, Behaviour
from .amber_home import INTERVAL, MINUTE, SECOND, begin, pass_until
from .conftest import AMBER, AmberHouse, OpenAmberHouse

NIGHT = datetime(2026, 3, 1, 17, 1, 1, tzinfo=UTC)
"""Three in the morning by the market's clock: no sun, no demand window."""
BEFORE_WINDOW = datetime(2026, 3, 2, 4, 57, 1, tzinfo=UTC)
AFTERWARDS = timedelta(hours=6)
WILD = Advanced(900.0, 1000.0, 1200.0)
CALM = Advanced(8.0, 9.0, 10.0)


@pytest.fixture
async def night(open_amber_house: OpenAmberHouse) -> AmberHouse:
    """Return a house in a calm night: 9 c from now on."""
    house = await open_amber_house(now=NIGHT, behaviour=Behaviour(publication_s=20.0))
    house.cloud.set_price(
        AMBER, begin(house), 120, spot=9.0, forecast=9.0, advanced=CALM
    )
    await pass_until(house, begin(house) + INTERVAL + MINUTE)
    return house


def follow(house: AmberHouse) -> list[dict[str, Any]]:
    """Return a list that gets what the event entity tells."""
    told: list[dict[str, Any]] = []
    entity_id = house.entity_id("event", "price_event")
    seen = {"unknown", "unavailable", house.value("event", "price_event")}

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new is not None and new.state not in seen:
            seen.add(new.state)
            told.append(dict(new.attributes))

    async_track_state_change_event(house.hass, entity_id, changed)
    return told


def kinds(told: list[dict[str, Any]]) -> list[str]:
    """Return the types of events in their order."""
    return [item["event_type"] for item in told]


async def test_spike(night: AmberHouse) -> None:
    """Expected once, begun once, ended once, however many intervals it lasts."""
    told = follow(night)
    start = begin(night) + 2 * INTERVAL
    night.cloud.set_price(AMBER, start, 20, spot=1200.0, forecast=1100.0, advanced=WILD)
    await pass_until(night, start - 4 * MINUTE)
    assert kinds(told) == ["spike_expected"]
    assert told[0]["spike_expected_at"] == start.isoformat()
    assert told[0]["general_price"] < 1
    await pass_until(night, start + MINUTE)
    assert kinds(told) == ["spike_expected", "spike_started"]
    assert told[1]["estimate"] is False
    assert told[1]["general_price"] > 12
    assert told[1]["feed_in_price"] > 10
    await pass_until(night, start + 7 * INTERVAL)
    assert kinds(told) == ["spike_expected", "spike_started", "spike_ended"]
    assert told[2]["general_price"] < 1


async def test_spike_that_nobody_expected(night: AmberHouse) -> None:
    """It is told when it is certain; a forecast that it is over does not end it."""
    told = follow(night)
    start = begin(night) + 2 * INTERVAL
    night.cloud.set_price(AMBER, start, 15, spot=1200.0)
    await pass_until(night, start + 5 * INTERVAL)
    assert kinds(told) == ["spike_started", "spike_ended"]


async def test_spike_that_does_not_come(night: AmberHouse) -> None:
    """A phantom of the forecast is expected, but never begins, nor ends."""
    told = follow(night)
    start = begin(night) + 2 * INTERVAL
    night.cloud.set_price(AMBER, start, 5, forecast=1100.0, advanced=WILD)
    await pass_until(night, start + 3 * INTERVAL)
    assert kinds(told) == ["spike_expected"]


async def test_negative_feed_in(night: AmberHouse) -> None:
    """Only a certain price counts: a forecast that is wrong tells of nothing."""
    told = follow(night)
    start = begin(night) + INTERVAL
    wrong = Advanced(-40.0, -30.0, -20.0)
    night.cloud.set_price(AMBER, start, 5, forecast=-30.0, advanced=wrong)
    night.cloud.set_price(AMBER, start + 2 * INTERVAL, 15, spot=-12.0)
    await pass_until(night, start + 2 * INTERVAL)
    assert kinds(told) == []
    await pass_until(night, start + 7 * INTERVAL)
    assert kinds(told) == ["negative_feed_in_started", "negative_feed_in_ended"]
    assert told[0]["feed_in_price"] == pytest.approx(-0.12 * 1.0512 / 1.1, abs=1e-4)


async def test_demand_window(open_amber_house: OpenAmberHouse) -> None:
    """It begins and ends on the boundary, by the forecast, even without an answer."""
    house = await open_amber_house(
        now=BEFORE_WINDOW, behaviour=Behaviour(publication_s=20.0)
    )
    told = follow(house)
    await pass_until(house, begin(house) + INTERVAL + SECOND)
    assert kinds(told) == ["demand_window_started"]
    house.freezer.tick(AFTERWARDS - 5 * MINUTE)
    await house.pass_time(INTERVAL + SECOND)
    assert kinds(told) == ["demand_window_started", "demand_window_ended"]


async def test_nothing_on_a_restart(open_amber_house: OpenAmberHouse) -> None:
    """What holds when Home Assistant starts has not just begun."""
    house = await open_amber_house(
        now=BEFORE_WINDOW, behaviour=Behaviour(publication_s=20.0)
    )
    house.cloud.set_price(AMBER, begin(house), 60, spot=1200.0)
    await pass_until(house, begin(house) + INTERVAL + MINUTE)
    told = follow(house)
    await house.reload()
    await house.pass_time(3 * INTERVAL)
    assert house.value("binary_sensor", "price_spike") == "on"
    assert house.value("binary_sensor", "demand_window") == "on"
    # The spike began before, and is known as such from the first certain price on.
    assert kinds(told) == []


async def test_nothing_by_an_outage(night: AmberHouse) -> None:
    """What nobody knows for a while has neither ended nor begun again."""
    start = begin(night) + INTERVAL
    night.cloud.set_price(AMBER, start, 60, spot=1200.0)
    await pass_until(night, start + 3 * MINUTE)
    told = follow(night)
    for outage in ("empty", "actuals"):
        night.cloud.change(outage=outage)
        await night.pass_time(2 * INTERVAL)
        night.cloud.change(outage="none")
        await night.pass_time(2 * INTERVAL)
    assert kinds(told) == []
