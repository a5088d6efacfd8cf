"""AlphaESS: systems that are bound, and unbound, from Home Assistant."""

from typing import Any

import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir

from ..clouds.alphaess import Behaviour
from .conftest import ALPHA, DOMAIN, AlphaHouse, OpenAlphaHouse

CHECK_CODE = "CHK000000001"


async def act(house: AlphaHouse, action: str, **data: Any) -> Any:
    """Call an action for the account; return what it answers."""
    if action != "unbind_system":
        data = {"config_entry_id": house.entry.entry_id, "serial_number": ALPHA} | data
    answer = await house.hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )
    await house.hass.async_block_till_done(wait_background_tasks=True)
    return answer


def issues(hass: HomeAssistant) -> set[str]:
    """Return the keys of what the user is told to mend."""
    return {str(issue.translation_key) for issue in ir.async_get(hass).issues.values()}


def plan(house: AlphaHouse) -> object:
    """Return what the cloud holds of the plan."""
    stores = house.cloud.stores(ALPHA)
    return stores.charge, stores.discharge


@pytest.fixture
async def empty(open_alpha_house: OpenAlphaHouse) -> AlphaHouse:
    """Return the house of an account without systems."""
    return await open_alpha_house(fixture="E")


async def test_from_an_empty_account_to_a_system_and_back(
    hass: HomeAssistant, empty: AlphaHouse
) -> None:
    """The code comes by mail; what is ours in the plan is given back before the end."""
    house = empty
    assert house.entry.state is ConfigEntryState.LOADED
    assert issues(hass) == {"no_systems"}
    answer = await act(house, "request_binding_code", check_code=CHECK_CODE)
    assert answer == {"state": "code_sent"}
    answer = await act(
        house, "bind_system", verification_code=house.cloud.verification_code(ALPHA)
    )
    assert answer == {"state": "bound"}
    assert not issues(hass)
    house.main = ALPHA
    assert float(house.value("sensor", "solar_power")) > 0
    # What is bound already is no failure.
    answer = await act(house, "request_binding_code", check_code=CHECK_CODE)
    assert answer == {"state": "already_bound"}
    await act(house, "bind_system", verification_code="0000")

    house.cloud.change(write_gap_s=0)
    before = plan(house)
    await house.act("force", action="charge", duration_min=60)
    assert plan(house) != before
    device_id = house.entry.runtime_data.account.registry_id(ALPHA)
    answer = await act(house, "unbind_system", device_id=device_id)
    assert answer == {"results": [{"device_id": device_id, "state": "unbound"}]}
    assert plan(house) == before
    assert house.entry.runtime_data.account.registry_id(ALPHA) is None
    assert issues(hass) == {"no_systems"}


@pytest.mark.parametrize("localised", ["none", "all"])
async def test_refusals(open_alpha_house: OpenAlphaHouse, localised: Any) -> None:
    """Each one says what to do, whatever language the cloud speaks."""
    house = await open_alpha_house(
        fixture="E", behaviour=Behaviour(localised=localised)
    )
    for action, key, data in (
        ("request_binding_code", "check_code_wrong", {"check_code": "CHK9"}),
        (
            "request_binding_code",
            "unknown_system",
            {"check_code": CHECK_CODE, "serial_number": "ALX999999999999"},
        ),
        ("bind_system", "verification_code_wrong", {"verification_code": "0000"}),
    ):
        with pytest.raises(HomeAssistantError) as refused:
            await act(house, action, **data)
        assert refused.value.translation_key == key
        assert ALPHA not in str(refused.value)
    assert not house.cloud.serials


async def test_bad_input_asks_nobody(
    hass: HomeAssistant, alpha_house: AlphaHouse
) -> None:
    """An account that is not there, and a device that is no system."""
    house = alpha_house
    battery_id = house.entry.runtime_data.account.registry_id(f"{ALPHA}_battery")
    asked = house.cloud.requests.total
    for action, key, data in (
        (
            "bind_system",
            "account_not_loaded",
            {"verification_code": "1", "config_entry_id": "none"},
        ),
        ("unbind_system", "not_a_system", {"device_id": battery_id}),
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await act(house, action, **data)
        assert refused.value.translation_key == key
    assert house.cloud.requests.total == asked


async def test_plan_that_cannot_be_given_back(
    hass: HomeAssistant, alpha_house: AlphaHouse
) -> None:
    """Then the system stays bound, for nobody else could give it back later."""
    house = alpha_house
    house.cloud.change(write_gap_s=0)
    await house.act("force", action="charge", duration_min=60)
    house.cloud.set_online(ALPHA, online=False)
    device_id = house.entry.runtime_data.account.registry_id(ALPHA)
    with pytest.raises(HomeAssistantError):
        await act(house, "unbind_system", device_id=device_id)
    assert house.cloud.requests.count("unBindSn") == 0
