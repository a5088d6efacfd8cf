"""The blueprints that go by the price of now: they sell, or feed nothing in."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .amber_home import INTERVAL, begin, pass_until
from .blueprints import (
    automate,
    install,
    night_in_brisbane,
    notices,
    open_prices,
    ruling,
    switch_off,
)
from .conftest import (
    AMBER,
    AMBER_FEED_IN,
    BATTERY,
    SITE,
    House,
    OpenAlphaHouse,
    OpenAmberHouse,
    OpenHouse,
)
from .keeping import MINUTE, issues, running, writes

PRICE = "sensor.feed_in_price"


@pytest.fixture(autouse=True)
async def automations(hass: HomeAssistant) -> AsyncIterator[None]:
    """Switch all of them off in the end."""
    yield
    await switch_off(hass)


@pytest.fixture
async def home(hass: HomeAssistant, open_house: OpenHouse, tmp_path: Path) -> House:
    """Return a Redback with half a battery at nine in the evening, in its own zone."""
    return await night_in_brisbane(hass, open_house, tmp_path)


# -- a spike ---------------------------------------------------------------------


def spike(home: House, price: str) -> dict[str, Any]:
    """Return the inputs of the blueprint."""
    return {
        "device": home.device_id(),
        "price": price,
        "battery_soc": home.entity_id("sensor", "state_of_charge", BATTERY),
        "keep_soc": 20,
        "power": 3000,
    }


async def test_spike_of_amber_is_sold_and_ends(
    home: House, open_amber_house: OpenAmberHouse
) -> None:
    """It begins with the price, is renewed while it lasts, and ends with it."""
    amber = await open_prices(open_amber_house)
    start = begin(amber) + 2 * INTERVAL
    # Nobody has expected it: each interval begins with an estimate of 9 c.
    amber.cloud.set_price(AMBER, start, 25, spot=1200.0)
    price = amber.entity_id("sensor", "price", AMBER_FEED_IN)
    await automate(home, "spike_export", **spike(home, price))
    await pass_until(amber, start - MINUTE)
    assert writes(home) == 0
    await pass_until(amber, start + 4 * MINUTE)
    assert running(home) == "ExportPower"
    await pass_until(amber, start + 23 * MINUTE)
    assert await ruling(home) == [("export", 3000)]
    flow = home.cloud.inverter(home.main).latest(dt_util.utcnow()).reading.flow
    assert flow.grid_w == pytest.approx(-3000, abs=100)
    await pass_until(amber, start + 5 * INTERVAL + 3 * MINUTE)
    assert running(home) == "Auto"
    assert writes(home) <= 6
    assert not issues(home)


async def test_price_that_is_gone_lets_the_lease_end(home: House) -> None:
    """Nothing is started or ended by it; the cloud ends the order."""
    await automate(home, "spike_export", **spike(home, PRICE))
    home.hass.states.async_set(PRICE, "5")
    await home.pass_time(7 * MINUTE)
    assert running(home) == "ExportPower"
    home.hass.states.async_set(PRICE, "unavailable")
    await home.pass_time(5 * MINUTE)
    assert running(home) == "ExportPower"
    await home.pass_time(12 * MINUTE)
    assert running(home) == "Auto"
    assert writes(home) <= 3


async def tell_for(home: House, minutes: int, price: str) -> None:
    """Have a sensor tell the same price every half-hour, and time pass."""
    for left in range(minutes, 0, -30):
        home.hass.states.async_set(PRICE, price)
        await home.pass_time(min(left, 30) * MINUTE)


async def test_price_that_nobody_tells_any_more(home: House) -> None:
    """It is sold at as long as it is told, also when it stays the same."""
    await automate(
        home, "spike_export", **spike(home, PRICE) | {"keep_soc": 5, "power": 1000}
    )
    await tell_for(home, 90, "5")
    assert running(home) == "ExportPower"
    # For 75 minutes in all, and a lease of 15.
    await home.pass_time(61 * MINUTE)
    assert running(home) == "Auto"
    await tell_for(home, 6, "5")
    assert running(home) == "ExportPower"


async def test_price_whose_interval_is_over(home: House) -> None:
    """However often it is told, and however long it was known beforehand."""
    await automate(
        home, "spike_export", **spike(home, PRICE) | {"keep_soc": 5, "power": 500}
    )
    end = dt_util.utcnow() + 90 * MINUTE
    home.hass.states.async_set(PRICE, "5", {"end_time": end.isoformat()})
    await home.pass_time(80 * MINUTE)
    assert running(home) == "ExportPower"
    for second in range(4):
        told = {"end_time": end.isoformat(), "told": second}
        home.hass.states.async_set(PRICE, "5", told)
        await home.pass_time(8 * MINUTE)
    assert running(home) == "Auto"


@pytest.mark.parametrize("wait", [True, False])
async def test_estimate_of_a_spike(home: House, wait: bool) -> None:
    """It is passed over, unless that is wished; the same price confirmed is sold at."""
    await automate(
        home, "spike_export", **spike(home, PRICE) | {"confirmed_only": wait}
    )
    home.hass.states.async_set(PRICE, "5", {"estimate": True})
    await home.pass_time(6 * MINUTE)
    assert await ruling(home) == ([] if wait else [("export", 3000)])
    home.hass.states.async_set(PRICE, "5", {"estimate": False})
    await home.pass_time(MINUTE)
    assert await ruling(home) == [("export", 3000)]
    assert writes(home) <= 3


async def test_charge_that_is_to_be_kept_is_not_sold(home: House) -> None:
    """At the charge to keep it neither sells nor asks to; below the price neither.

    What is forced by hand goes on: nothing but selling ends, and no price begins or ends
    a spike by being known again.
    """
    await automate(home, "spike_export", **spike(home, PRICE) | {"keep_soc": 50})
    home.hass.states.async_set(PRICE, "5")
    await home.pass_time(6 * MINUTE)
    assert writes(home) == 0
    await home.act("force", action="hold", duration_min=60)
    for price in ("0.9", "unavailable", "0.8"):
        home.hass.states.async_set(PRICE, price)
        await home.pass_time(6 * MINUTE)
        assert await ruling(home) == [("hold", None)]


async def test_daily_windows_cannot_sell(
    open_alpha_house: OpenAlphaHouse, tmp_path: Path
) -> None:
    """It is told once per spike, and nothing is sent."""
    house = await open_alpha_house(fixture="A")
    await install(house.hass, tmp_path)
    house.hass.states.async_set("sensor.soc", "80")
    await automate(
        house,
        "spike_export",
        device=house.device_id(),
        price=PRICE,
        battery_soc="sensor.soc",
    )
    house.hass.states.async_set(PRICE, "5")
    await house.pass_time(MINUTE)
    ((key, text),) = notices(house.hass).items()
    assert "neither feed in nor discharge" in text
    await house.hass.services.async_call(
        "persistent_notification", "dismiss", {"notification_id": key}, blocking=True
    )
    await house.pass_time(6 * MINUTE)
    assert not notices(house.hass)
    assert await ruling(house) == []


# -- a negative price ------------------------------------------------------------


@pytest.mark.parametrize("wait", [True, False])
async def test_estimate_below_zero(home: House, wait: bool) -> None:
    """It limits nothing, unless that is wished; a held price was confirmed itself."""
    await automate(
        home,
        "negative_price_curtailment",
        device=home.device_id(),
        price=PRICE,
        confirmed_only=wait,
    )
    home.hass.states.async_set(PRICE, "-0.02", {"estimate": True})
    await home.pass_time(6 * MINUTE)
    assert await ruling(home) == ([] if wait else [("limit", None)])
    home.hass.states.async_set(PRICE, "-0.02", {"estimate": False})
    await home.pass_time(MINUTE)
    assert await ruling(home) == [("limit", None)]
    count = writes(home)
    home.hass.states.async_set(PRICE, "-0.02", {"estimate": True, "held": True})
    await home.pass_time(25 * MINUTE)
    assert await ruling(home) == [("limit", None)]
    assert writes(home) > count


async def test_negative_price_that_stands_still(home: House) -> None:
    """It limits for 75 minutes, and until the lease ends; one that is told, on and on."""
    await automate(
        home, "negative_price_curtailment", device=home.device_id(), price=PRICE
    )
    await tell_for(home, 120, "-0.02")
    assert await ruling(home) == [("limit", None)]
    await home.pass_time(76 * MINUTE)
    assert await ruling(home) == []
    assert not issues(home)


async def test_no_feed_in_while_it_costs(home: House) -> None:
    """The site is limited, renewed, and free again; the battery's order goes on."""
    await automate(
        home, "negative_price_curtailment", device=home.device_id(), price=PRICE
    )
    await home.act("force", action="hold", duration_min=120)
    home.hass.states.async_set(PRICE, "-0.02")
    await home.pass_time(21 * MINUTE)
    assert await ruling(home) == [("hold", None), ("limit", None)]
    assert home.value("sensor", "active_max_export", SITE) == "0"
    home.hass.states.async_set(PRICE, "0.03")
    await home.pass_time(MINUTE)
    assert await ruling(home) == [("hold", None), ("limit", None)]
    await home.pass_time(2 * MINUTE)
    assert await ruling(home) == [("hold", None)]
    home.hass.states.async_set(PRICE, "-0.02")
    await home.pass_time(6 * MINUTE)
    home.hass.states.async_set(PRICE, "unknown")
    await home.pass_time(35 * MINUTE)
    assert await ruling(home) == [("hold", None)]
    assert not notices(home.hass)
    assert not issues(home)


async def test_feed_in_that_cannot_be_limited_is_told(
    open_alpha_house: OpenAlphaHouse, tmp_path: Path
) -> None:
    """With what to do instead."""
    house = await open_alpha_house(fixture="A")
    await install(house.hass, tmp_path)
    await automate(
        house, "negative_price_curtailment", device=house.device_id(), price=PRICE
    )
    house.hass.states.async_set(PRICE, "-0.5")
    await house.pass_time(timedelta(seconds=5))
    (text,) = notices(house.hass).values()
    assert "cannot be limited" in text
    assert "among its settings" in text


@pytest.mark.parametrize(
    ("name", "notice", "price"),
    [
        ("spike_export", "joulekeeper_spike_", "5"),
        ("negative_price_curtailment", "joulekeeper_curtailment_", "-0.1"),
    ],
)
async def test_what_works_again_is_told_no_more(
    home: House, name: str, notice: str, price: str
) -> None:
    """The notification of what could not be done goes once it is done."""
    inputs = {"device": home.device_id(), "price": PRICE}
    if name == "spike_export":
        inputs = spike(home, PRICE)
    await automate(home, name, **inputs)
    await home.hass.services.async_call(
        "persistent_notification",
        "create",
        {"notification_id": notice + home.device_id(), "message": "It could not."},
        blocking=True,
    )
    home.hass.states.async_set(PRICE, price)
    await home.pass_time(MINUTE)
    assert not notices(home.hass)
