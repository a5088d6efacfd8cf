"""The blueprints that go by prices: of Amber, of Anker Solix, of other integrations."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from ..clouds.amber import Advanced, Behaviour
from .amber_home import INTERVAL, begin, pass_until
from .blueprints import automate, half_full, install, notices, ruling, switch_off
from .conftest import (
    AMBER,
    AMBER_FEED_IN,
    AMBER_GENERAL,
    BATTERY,
    EVENING,
    SITE,
    AmberHouse,
    AnkerHouse,
    FusionHouse,
    House,
    OpenAlphaHouse,
    OpenAmberHouse,
    OpenHouse,
)
from .keeping import HOUR, MINUTE, issues, items, running, writes

BRISBANE = "Australia/Brisbane"
PRICE = "sensor.feed_in_price"
CALM = Advanced(8.0, 9.0, 10.0)
CHEAP = Advanced(-31.0, -30.0, -29.0)


@pytest.fixture(autouse=True)
async def automations(hass: HomeAssistant) -> AsyncIterator[None]:
    """Switch all of them off in the end."""
    yield
    await switch_off(hass)


@pytest.fixture
async def home(open_house: OpenHouse, hass: HomeAssistant, tmp_path: Path) -> House:
    """Return a Redback with half a battery at nine in the evening, in its own zone."""
    await hass.config.async_set_time_zone(BRISBANE)
    house = await half_full(open_house)
    await install(hass, tmp_path)
    return house


async def open_prices(open_amber_house: OpenAmberHouse) -> AmberHouse:
    """Return Amber beside it: 9 c from the last hour on."""
    now = dt_util.utcnow()
    amber = await open_amber_house(
        now=now, zone=BRISBANE, behaviour=Behaviour(publication_s=20.0)
    )
    amber.cloud.set_price(
        AMBER, begin(amber) - HOUR, 900, spot=9.0, forecast=9.0, advanced=CALM
    )
    await pass_until(amber, begin(amber) + INTERVAL + MINUTE)
    return amber


def at(hour: float) -> datetime:
    """Return an instant of the night by the clock in Brisbane, from midnight on."""
    return EVENING.replace(minute=0, second=0) + (3 + hour) * HOUR


# -- the cheapest hours ----------------------------------------------------------


async def test_cheapest_half_hours_of_amber(
    home: House, open_amber_house: OpenAmberHouse
) -> None:
    """They are laid with their ends; a new plan takes the place of the one before."""
    amber = await open_prices(open_amber_house)
    for hour, count in ((2, 60), (4.5, 30)):
        amber.cloud.set_price(
            AMBER, at(hour), count, spot=-30.0, forecast=-30.0, advanced=CHEAP
        )
    await amber.pass_time(2 * INTERVAL)
    entity = await automate(
        home,
        "cheapest_hours_charge",
        device=home.device_id(),
        prices=amber.entity_id("sensor", "price_forecast", AMBER_GENERAL),
        hours=1.5,
        target_soc=85,
        power=2000,
    )
    await pass_until(amber, at(-2.5) + MINUTE)
    planned = [("ChargeBattery", 120, 180), ("ChargeBattery", 270, 300)]
    assert items(home, at(0)) == planned
    schedules = home.cloud.inverter(home.main).plan.schedules
    assert {item.wish.watts for item in schedules} == {2000}
    (plan,) = (
        item for item in await home.act("list_schedules") if item["device"] == home.main
    )
    assert {rule["target_soc"] for rule in plan["rules"]} == {85}

    await home.hass.services.async_call(
        "automation", "trigger", {"entity_id": entity}, blocking=True
    )
    await home.hass.async_block_till_done(wait_background_tasks=True)
    assert items(home, at(0)) == planned
    assert not notices(home.hass)
    assert not issues(home)


NORD_POOL = ("raw_today", "start", "end", "value")
CORE_AMBER = ("forecasts", "start_time", "end_time", "per_kwh")
EXCHANGE = ("today", "start", None, "price")
HAEO = ("forecast", "time", None, "value")


@pytest.mark.parametrize("form", [NORD_POOL, CORE_AMBER, EXCHANGE, HAEO])
@pytest.mark.parametrize("one_block", [False, True])
async def test_lists_of_other_prices(
    home: House, form: tuple[str, str, str | None, str], one_block: bool
) -> None:
    """Every form is read; in one block the cheapest hours in a row are taken."""
    name, start, end, value = form
    prices = [0.3, 0.3, 0.1, 0.4, 0.12, 0.13, 0.14, 0.3, 0.05]
    rows: list[dict[str, Any]] = [
        {start: at(n - 2).isoformat(), value: price}
        | ({} if end is None else {end: at(n - 1).isoformat()})
        for n, price in enumerate(prices)
    ]
    home.hass.states.async_set("sensor.prices", "0.3", {name: rows})
    await automate(
        home,
        "cheapest_hours_charge",
        device=home.device_id(),
        prices="sensor.prices",
        hours=2,
        highest_price=0.2,
        one_block=one_block,
    )
    await home.pass_time(31 * MINUTE)
    # At 6:00 it is cheapest, but the hour before is too dear, and none follows.
    wanted = [(2, 4)] if one_block else [(0, 1), (6, 7)]
    assert items(home, at(0)) == [
        ("ChargeBattery", 60 * first, 60 * last) for first, last in wanted
    ]


async def test_half_hour_that_runs_is_used_from_now_on(home: House) -> None:
    """Whatever the second at which it is planned, and to its end."""
    rows = [
        {"start": at(n / 2 - 2.5).isoformat(), "price": price}
        for n, price in enumerate((0.1, 0.3, 0.3))
    ]
    home.hass.states.async_set("sensor.prices", "0.1", {"today": rows})
    await automate(
        home,
        "cheapest_hours_charge",
        device=home.device_id(),
        prices="sensor.prices",
        plan_at="21:40:20",
        hours=0.5,
    )
    await home.pass_time(42 * MINUTE)
    assert items(home, at(-2.5)) == [("ChargeBattery", 12, 30)]
    assert not notices(home.hass)


async def test_half_hour_that_runs_of_a_plant_in_whole_minutes(
    fusion_house: FusionHouse, tmp_path: Path
) -> None:
    """Tried out by hand, at any second."""
    await install(fusion_house.hass, tmp_path)
    now = dt_util.now()
    begun = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    rows = [{"start": begun.isoformat(), "end": begun + HOUR, "value": 0.1}]
    fusion_house.hass.states.async_set("sensor.prices", "0.1", {"raw_today": rows})
    entity = await automate(
        fusion_house,
        "cheapest_hours_charge",
        device=fusion_house.device_id(),
        prices="sensor.prices",
        ready_by=(begun + 4 * HOUR).strftime("%H:%M:%S"),
        hours=1,
    )
    await fusion_house.pass_time(timedelta(seconds=37))
    await fusion_house.hass.services.async_call(
        "automation", "trigger", {"entity_id": entity}, blocking=True
    )
    (plan,) = await fusion_house.act("list_schedules")
    (rule,) = plan["rules"]
    assert dt_util.parse_datetime(rule["end"]) == begun + HOUR


async def test_schedules_that_are_refused_are_told(home: House) -> None:
    """One that is refused does not keep the others from being made."""
    prices = [0.1, 0.3, 0.1, 0.3, 0.3]
    rows = [
        {"start": at(n - 2).isoformat(), "price": it} for n, it in enumerate(prices)
    ]
    home.hass.states.async_set("sensor.prices", "0.3", {"today": rows})
    await automate(
        home,
        "cheapest_hours_charge",
        device=home.device_id(),
        prices="sensor.prices",
        hours=2,
    )
    home.cloud.faults.add("schedule_create", Fault.STATUS, status=400, times=1)
    await home.pass_time(31 * MINUTE)
    assert items(home, at(0)) == [("ChargeBattery", 0, 60)]
    (text,) = notices(home.hass).values()
    assert "2 schedules were to be made, and there are 1" in text


async def test_without_prices_nothing_is_changed_and_told(home: House) -> None:
    """What is laid already stays."""
    home.hass.states.async_set("sensor.prices", "0.3", {"rates": []})
    await automate(
        home, "cheapest_hours_charge", device=home.device_id(), prices="sensor.prices"
    )
    await home.pass_time(31 * MINUTE)
    assert writes(home) == 0
    ((key, text),) = notices(home.hass).items()
    assert key == f"joulekeeper_cheapest_{home.device_id()}"
    assert "sensor.prices tells no prices until 07:00:00" in text


async def test_battery_that_cannot_be_charged_is_told(
    anker_house: AnkerHouse, tmp_path: Path
) -> None:
    """A Solarbank E1600 takes nothing from the grid."""
    await install(anker_house.hass, tmp_path)
    rows = [{"start": dt_util.utcnow().isoformat(), "price": 0.1}]
    anker_house.hass.states.async_set("sensor.prices", "0.1", {"today": rows})
    await automate(
        anker_house,
        "cheapest_hours_charge",
        device=anker_house.device_id(),
        prices="sensor.prices",
        plan_at=(dt_util.now() + MINUTE).strftime("%H:%M:00"),
    )
    await anker_house.pass_time(2 * MINUTE)
    (text,) = notices(anker_house.hass).values()
    assert "cannot be charged on order" in text


async def test_block_in_the_windows_of_a_day(
    open_alpha_house: OpenAlphaHouse, tmp_path: Path
) -> None:
    """A system that chooses the power by itself passes over it, and charges."""
    house = await open_alpha_house(fixture="A")
    await install(house.hass, tmp_path)
    now = dt_util.now().replace(second=0, microsecond=0)
    rows = [
        {"start": now + n * HOUR, "end": now + (n + 1) * HOUR, "value": price}
        for n, price in enumerate((0.3, 0.1, 0.3, 0.3))
    ]
    house.hass.states.async_set("sensor.prices", "0.3", {"raw_today": rows})
    await automate(
        house,
        "cheapest_hours_charge",
        device=house.device_id(),
        prices="sensor.prices",
        plan_at=(now + MINUTE).strftime("%H:%M:%S"),
        ready_by=(now + 4 * HOUR).strftime("%H:%M:%S"),
        hours=1,
        one_block=True,
        power=2500,
        target_soc=100,
    )
    await house.pass_time(2 * MINUTE)
    (plan,) = await house.act("list_schedules")
    (rule,) = plan["rules"]
    assert rule["action"] == "charge"
    assert dt_util.parse_datetime(rule["start"]) == dt_util.as_utc(now + HOUR)
    assert rule["duration_min"] == 60
    assert not notices(house.hass)


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
