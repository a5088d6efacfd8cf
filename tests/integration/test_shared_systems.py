"""A system is shown by one entry only, and keeps its entities when it changes entry."""

import pytest

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .accounts import add_account, form, start_flow, submit
from .conftest import INVERTER, House, OpenHouse
from .keeping import HOUR, MINUTE


@pytest.fixture
async def first(open_house: OpenHouse) -> House:
    """Return the house of the first of two accounts, which share nothing yet."""
    return await open_house(accounts=[["A"], ["B"]])


def share(house: House) -> None:
    """Let the second account see what the first one has."""
    ours, theirs = house.cloud.accounts
    theirs.inverters[INVERTER] = ours.inverters[INVERTER]


async def add_second(house: House) -> ConfigEntry:
    """Add the second account."""
    credentials = house.cloud.accounts[1].credentials
    return await add_account(house.hass, house.cloud, **credentials)


async def test_shared_later(first: House) -> None:
    """It stays where it is; the other entry shows the rest until it is loaded anew."""
    other = await add_second(first)
    share(first)
    await first.pass_time(3 * HOUR)
    assert other.state is ConfigEntryState.LOADED
    assert INVERTER not in other.runtime_data.account.topology.device_ids
    assert float(first.value("sensor", "load_power")) > 0

    await first.hass.config_entries.async_reload(other.entry_id)
    assert other.state is ConfigEntryState.SETUP_ERROR
    assert other.error_reason_translation_key == "system_shown_twice"
    assert other.error_reason_translation_placeholders == {"other": first.entry.title}

    await first.hass.config_entries.async_unload(first.entry.entry_id)
    await first.hass.config_entries.async_reload(other.entry_id)
    await first.hass.async_block_till_done(wait_background_tasks=True)
    assert other.state is ConfigEntryState.LOADED
    assert INVERTER in other.runtime_data.account.topology.device_ids


@pytest.mark.parametrize("how", ["removed", "disabled"])
async def test_one_that_was_refused_takes_over(first: House, how: str) -> None:
    """Once the other entry is gone nobody has to load it again by hand."""
    other, entries = await add_second(first), first.hass.config_entries
    share(first)
    await entries.async_reload(other.entry_id)
    assert other.state is ConfigEntryState.SETUP_ERROR
    await entries.async_reload(first.entry.entry_id)
    await first.hass.async_block_till_done(wait_background_tasks=True)
    assert other.state is ConfigEntryState.SETUP_ERROR
    if how == "removed":
        await entries.async_remove(first.entry.entry_id)
    else:
        user = ConfigEntryDisabler.USER
        await entries.async_set_disabled_by(first.entry.entry_id, user)
    await first.hass.async_block_till_done(wait_background_tasks=True)
    assert other.state is ConfigEntryState.LOADED
    assert INVERTER in other.runtime_data.account.topology.device_ids


async def test_both_begin_at_once(first: House) -> None:
    """Of two entries that load at the same time one shows it."""
    hass, entries = first.hass, [first.entry, await add_second(first)]
    for entry in entries:
        await hass.config_entries.async_unload(entry.entry_id)
    share(first)
    for entry in entries:
        hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert {entry.state for entry in entries} == {
        ConfigEntryState.LOADED,
        ConfigEntryState.SETUP_ERROR,
    }


async def test_what_an_entry_has_lost_blocks_nobody(first: House) -> None:
    """Neither its data nor the registry of devices counts, only what it shows."""
    share(first)
    flow = await start_flow(first.hass)
    filled = form(first.cloud, **first.cloud.accounts[1].credentials)
    flow = await submit(first.hass, flow, filled)
    assert flow["reason"] == "system_in_use"
    del first.cloud.accounts[0].inverters[INVERTER]
    first.cloud.add("C")
    await first.pass_time(5 * HOUR)
    entry = await add_second(first)
    assert INVERTER in entry.runtime_data.account.topology.device_ids


async def test_entities_come_back_in_another_entry(
    hass: HomeAssistant, first: House
) -> None:
    """Who removes an account and adds the one it is shared with keeps his entities."""
    share(first)
    registry = er.async_get(hass)
    entity_id = first.entity_id("sensor", "load_power")
    registry.async_update_entity(
        entity_id, new_entity_id="sensor.my_load", name="My load"
    )
    await hass.async_block_till_done()
    await hass.config_entries.async_remove(first.entry.entry_id)
    assert registry.async_get("sensor.my_load") is None
    second = House(hass, first.cloud, await add_second(first), first.freezer)
    assert second.entity_id("sensor", "load_power") == "sensor.my_load"
    await second.pass_time(2 * MINUTE)
    assert float(second.value("sensor", "load_power")) > 0
    entry = registry.async_get("sensor.my_load")
    assert entry is not None
    assert entry.name == "My load"
