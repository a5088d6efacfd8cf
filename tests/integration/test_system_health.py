"""System health: what the page shows of our accounts."""

import asyncio
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import get_system_health_info

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from ..conftest import OpenCloud
from .accounts import add_account
from .translations import TEXTS


@pytest.fixture
async def _system_health(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()


async def health(hass: HomeAssistant) -> dict[str, Any]:
    """Return what the page shows, once all of it is known."""
    info = await get_system_health_info(hass, DOMAIN)
    assert info.keys() <= TEXTS["system_health"]["info"].keys()
    return {
        key: await value if asyncio.iscoroutine(value) else value
        for key, value in info.items()
    }


@pytest.mark.usefixtures("_system_health")
async def test_accounts_calls_and_reachability(
    hass: HomeAssistant, open_redback: OpenCloud
) -> None:
    """Each loaded account counts; a cloud that refuses connections shows."""
    cloud = await open_redback(accounts=[["A"], ["B"]])
    first = await add_account(hass, cloud, portal=True)
    cloud.requests.clear()
    await add_account(hass, cloud, **cloud.accounts[1].credentials)
    calls = (await health(hass))["calls"]
    assert await hass.config_entries.async_unload(first.entry_id)

    info = await health(hass)
    # The trial in the form, a token and the nodes, belongs to no entry.
    told = cloud.requests.total - cloud.requests.count("unknown") - 2
    assert info == {"accounts": 1, "calls": told, "reach_redback": "ok"}
    assert calls > info["calls"]

    await cloud.refuse()
    assert (await health(hass))["reach_redback"] == {
        "type": "failed",
        "error": "unreachable",
    }


@pytest.mark.usefixtures("_system_health")
async def test_nothing_loaded(hass: HomeAssistant) -> None:
    """Without an account nobody is asked."""
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    assert await health(hass) == {"accounts": 0, "calls": 0}
