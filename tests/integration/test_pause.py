"""The switch that pauses an account: no call, nothing lent, and all goes on afterwards."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from ..clouds import ChargeHqCloud, Fault
from .chargehq_home import add_target
from .conftest import (
    ALPHA,
    INVERTER,
    AlphaHouse,
    House,
    OpenAlphaHouse,
    OpenFusionHouse,
    OpenHouse,
)
from .keeping import HOUR, MINUTE, log, story
from .pausable import vendor
from .test_alphaess_schedules import LATE, settings

API = "api_usage"


@pytest.fixture
async def home(open_house: OpenHouse) -> AsyncIterator[House]:
    """Return a house whose account can be paused, with two systems."""
    with vendor("redback", pausable=True):
        yield await open_house(accounts=[["A", "B"]])


@pytest.fixture
async def lender(open_alpha_house: OpenAlphaHouse) -> AsyncIterator[AlphaHouse]:
    """Return a system whose plan is taken as a whole, in the evening."""
    with vendor("alphaess", pausable=True):
        house = await open_alpha_house(fixture="A", now=LATE)
        house.cloud.change(write_gap_s=0)
        yield house


async def turn(house: House[Any], word: str, system: str) -> None:
    """Use a switch, and wait for what it sets off."""
    await house.call("switch", f"turn_{word}", API, system)
    await house.hass.async_block_till_done(wait_background_tasks=True)


def systems(house: House[Any]) -> list[str]:
    """Return the devices that no other one is above."""
    registry = dr.async_get(house.hass)
    return sorted(
        identifier
        for device in dr.async_entries_for_config_entry(registry, house.entry.entry_id)
        if device.via_device_id is None
        for _, identifier in device.identifiers
    )


def states(house: House[Any]) -> dict[str, str]:
    """Return the states of all of our entities that are enabled."""
    registry = er.async_get(house.hass)
    found = {}
    for item in er.async_entries_for_config_entry(registry, house.entry.entry_id):
        if (state := house.hass.states.get(item.entity_id)) is not None:
            found[item.entity_id] = state.state
    return found


async def test_no_call_and_no_value_until_it_is_on_again(home: House) -> None:
    """All systems of the account are quiet, and their switches show the same."""
    roots = systems(home)
    assert len(roots) == 2
    switches = [home.entity_id("switch", API, root) for root in roots]
    before = states(home)
    assert [before[item] for item in switches] == ["on", "on"]

    await turn(home, "off", roots[0])
    home.cloud.requests.clear()
    paused = states(home)
    assert [paused[item] for item in switches] == ["off", "off"]
    others = {value for key, value in paused.items() if key not in switches}
    assert others == {STATE_UNAVAILABLE}
    await home.pass_time(3 * HOUR)
    await async_setup_component(home.hass, "homeassistant", {})
    await home.hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": [*switches, home.entity_id("sensor", "load_power")]},
        blocking=True,
    )
    await home.pass_time(MINUTE)
    assert home.cloud.requests.total == 0

    home.cloud.expire_tokens()
    await turn(home, "on", roots[1])
    after = states(home)
    assert [after[item] for item in switches] == ["on", "on"]
    assert after.keys() == before.keys()
    lost = {key for key in before if after[key] == STATE_UNAVAILABLE}
    assert lost == {key for key in before if before[key] == STATE_UNAVAILABLE}
    assert home.cloud.requests.count("token") == 1
    home.cloud.requests.clear()
    await home.pass_time(3 * MINUTE)
    assert home.cloud.requests.total > 0


async def test_read_that_is_under_way_is_broken_off(home: House) -> None:
    """It has no effect any more, and logs in no more; neither is it an error."""
    home.cloud.faults.add("dynamic", Fault.DELAY, seconds=5)
    reading = home.hass.async_create_task(home.pass_time(MINUTE))
    while home.cloud.requests.labels()[-1] != "dynamic":
        await asyncio.sleep(0)
    await turn(home, "off", systems(home)[0])
    home.cloud.requests.clear()
    await reading
    assert home.value("sensor", "load_power") == STATE_UNAVAILABLE
    assert home.cloud.requests.total == 0


async def test_actions_say_what_to_do(home: House) -> None:
    """Nothing is sent while the account is paused, also not by its calendar."""
    await turn(home, "off", systems(home)[0])
    home.cloud.requests.clear()
    for name, data in (
        ("create_schedule", {"action": "hold", "duration_min": 30}),
        ("list_schedules", {}),
        ("stop", {}),
    ):
        with pytest.raises(ServiceValidationError) as error:
            await home.act(name, **data)
        assert error.value.translation_key == "account_paused"
    assert home.cloud.requests.total == 0
    await turn(home, "on", systems(home)[0])
    (result,) = await home.act("create_schedule", action="hold", duration_min=30)
    assert result["state"] == "confirmed"


async def test_schedule_that_the_cloud_ends_runs_on(home: House) -> None:
    """It stays there; what came and went meanwhile is told as missed."""
    await home.act("force", action="hold", duration_min=60)
    (later,) = await home.act(
        "create_schedule",
        action="charge",
        duration_min=30,
        start=(dt_util.utcnow() + 2 * HOUR).isoformat(),
        rrule="FREQ=DAILY",
    )
    held = home.cloud.schedules(INVERTER)
    await turn(home, "off", systems(home)[0])
    assert home.cloud.schedules(INVERTER) == held
    await home.pass_time(timedelta(days=9))
    await turn(home, "on", systems(home)[0])
    await home.pass_time(MINUTE)
    events = await story(home, later["schedule_id"])
    assert "missed" in events
    assert home.cloud.schedules(INVERTER)


async def test_plan_is_given_back_before(lender: AlphaHouse) -> None:
    """What only we could end is taken back, and goes on when it is on again."""
    before = settings(lender)
    (forced,) = await lender.act("force", action="charge", duration_min=60)
    assert forced["state"] == "confirmed"
    await lender.pass_time(5 * MINUTE)
    await turn(lender, "off", ALPHA)
    assert settings(lender) == before
    lender.cloud.requests.clear()
    await lender.pass_time(20 * MINUTE)
    assert lender.cloud.requests.total == 0
    assert settings(lender) == before

    await turn(lender, "on", ALPHA)
    await lender.pass_time(5 * MINUTE)
    assert settings(lender) != before
    assert lender.cloud.mode(ALPHA).action == "charge"
    await lender.pass_time(HOUR)
    assert settings(lender) == before
    events = [entry["event"] for entry in await log(lender, device=ALPHA)]
    assert events[-1] == "done"
    assert "superseded" in events


async def test_taken_back_before_its_time(lender: AlphaHouse) -> None:
    """What was in the plan for later is missed if its time passes during the pause."""
    before = settings(lender)
    (later,) = await lender.act(
        "create_schedule",
        action="charge",
        duration_min=30,
        start=(dt_util.utcnow() + 18 * MINUTE).isoformat(),
    )
    assert settings(lender) != before
    await turn(lender, "off", ALPHA)
    assert settings(lender) == before
    await lender.pass_time(3 * HOUR)
    await turn(lender, "on", ALPHA)
    await lender.pass_time(MINUTE)
    entries = await log(lender, later["schedule_id"], ALPHA)
    assert [(entry["event"], entry["reason"]) for entry in entries][-2:] == [
        ("superseded", "paused"),
        ("missed", "late"),
    ]
    assert settings(lender) == before


async def test_pause_that_would_leave_a_plan_is_refused(lender: AlphaHouse) -> None:
    """While it cannot be given back, the switch stays on and all goes on."""
    before = settings(lender)
    await lender.act("force", action="charge", duration_min=60)
    lender.cloud.faults.add("updateChargeConfigInfo", Fault.STATUS, status=500)
    with pytest.raises(HomeAssistantError) as error:
        await turn(lender, "off", ALPHA)
    assert error.value.translation_key == "pause_refused"
    assert lender.value("switch", API) == "on"
    lender.cloud.faults.clear()
    await lender.pass_time(5 * MINUTE)
    assert lender.cloud.mode(ALPHA).action == "charge"
    assert lender.value("sensor", "schedule_status") == "delivering"
    await turn(lender, "off", ALPHA)
    assert settings(lender) == before


async def test_plan_that_does_not_show_yet(lender: AlphaHouse) -> None:
    """What was accepted is not done: the cloud has to show it."""
    await lender.act("force", action="charge", duration_min=60)
    lender.cloud.faults.add("updateChargeConfigInfo", Fault.IGNORED, times=1)
    with pytest.raises(HomeAssistantError) as error:
        await turn(lender, "off", ALPHA)
    assert error.value.translation_key == "pause_unconfirmed"
    assert lender.value("switch", API) == "on"


async def test_reload_ends_a_pause(home: House) -> None:
    """It is not kept; nothing of a paused account holds up its end."""
    await turn(home, "off", systems(home)[0])
    await home.reload()
    assert home.value("switch", API, systems(home)[0]) == "on"
    assert float(home.value("sensor", "load_power")) > 0
    await turn(home, "off", systems(home)[0])
    home.cloud.requests.clear()
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    assert home.cloud.requests.total == 0


async def test_options_wait_for_the_end_of_a_pause(home: House) -> None:
    """They would load the account anew."""
    await turn(home, "off", systems(home)[0])
    flow = await home.hass.config_entries.options.async_init(home.entry.entry_id)
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "account_paused"
    flow = await home.hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_RECONFIGURE, "entry_id": home.entry.entry_id},
    )
    assert flow["reason"] == "account_paused"


async def test_refused_login_after_a_pause(home: House) -> None:
    """New credentials are asked for, and nobody else tries to log in before."""
    await turn(home, "off", systems(home)[0])
    home.cloud.faults.add("nodes", Fault.EXPIRED_TOKEN)
    home.cloud.requests.clear()
    await turn(home, "on", systems(home)[0])
    (flow,) = home.hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
    assert home.value("switch", API, systems(home)[0]) == "on"
    assert set(home.cloud.requests.labels()) == {"nodes", "token"}


async def test_target_is_told_no_old_values(
    hass: HomeAssistant,
    open_fusion_house: OpenFusionHouse,
    open_chargehq: Callable[..., Awaitable[ChargeHqCloud]],
    freezer: FrozenDateTimeFactory,
) -> None:
    """Who is fed by a paused account hears that it is off, then new values again."""
    with vendor("fusionsolar", pausable=True):
        house = await open_fusion_house(fixture="A")
        cloud = await open_chargehq()
        target = await add_target(hass, cloud, freezer)
        await target.pass_time(10 * MINUTE)
        assert cloud.accepted
        await turn(house, "off", house.main)
        told = len(cloud.accepted)
        house.cloud.requests.clear()
        await target.pass_time(10 * MINUTE)
        assert target.value("sensor", "push_source") == "paused"
        assert len(cloud.accepted) == told
        assert cloud.reports, "it is told that nothing comes"
        assert house.cloud.requests.total == 0
        await turn(house, "on", house.main)
        await target.pass_time(10 * MINUTE)
        assert target.value("sensor", "push_source") == "ok"
        assert len(cloud.accepted) > told
