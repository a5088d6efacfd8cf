"""The cheapest hours, by lists of Amber, of Anker Solix, of other integrations."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from ..clouds.amber import Advanced
from .amber_home import INTERVAL, pass_until
from .blueprints import (
    automate,
    install,
    night_in_brisbane,
    notices,
    open_prices,
    switch_off,
)
from .conftest import (
    AMBER,
    AMBER_GENERAL,
    EVENING,
    AnkerHouse,
    FusionHouse,
    House,
    OpenAlphaHouse,
    OpenAmberHouse,
    OpenHouse,
)
from .keeping import HOUR, MINUTE, issues, items, writes

CHEAP = Advanced(-31.0, -30.0, -29.0)


@pytest.fixture(autouse=True)
async def automations(hass: HomeAssistant) -> AsyncIterator[None]:
    """Switch all of them off in the end."""
    yield
    await switch_off(hass)


@pytest.fixture
async def home(hass: HomeAssistant, open_house: OpenHouse, tmp_path: Path) -> House:
    """Return a Redback with half a battery at nine in the evening, in its own zone."""
    return await night_in_brisbane(hass, open_house, tmp_path)


def at(hour: float) -> datetime:
    """Return an instant of the night by the clock in Brisbane, from midnight on."""
    return EVENING.replace(minute=0, second=0) + (3 + hour) * HOUR


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


async def test_what_works_again_is_told_no_more(home: House) -> None:
    """The notification goes once all schedules are made."""
    rows = [{"start": at(n).isoformat(), "price": 0.1} for n in range(4)]
    home.hass.states.async_set("sensor.prices", "0.1", {"today": rows})
    entity = await automate(
        home,
        "cheapest_hours_charge",
        device=home.device_id(),
        prices="sensor.prices",
        hours=1,
    )
    key = f"joulekeeper_cheapest_{home.device_id()}"
    await home.hass.services.async_call(
        "persistent_notification",
        "create",
        {"notification_id": key, "message": "It could not."},
        blocking=True,
    )
    await home.hass.services.async_call(
        "automation", "trigger", {"entity_id": entity}, blocking=True
    )
    assert not notices(home.hass)
