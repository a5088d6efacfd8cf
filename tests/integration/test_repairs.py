"""Repairs: an optional login that is refused never takes the readings down."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from ..conftest import LogIn
from .accounts import form, submit
from .conftest import House, OpenHouse
from .leap import leap

pytestmark = pytest.mark.usefixtures("no_retry_pause")

ADDED_BY_PORTAL = "string_1_size"


def issues(house: House) -> list[ir.IssueEntry]:
    """Return our issues."""
    return [
        issue
        for (domain, _), issue in ir.async_get(house.hass).issues.items()
        if domain == DOMAIN
    ]


@pytest.fixture
async def refused(open_house: OpenHouse) -> House:
    """Return a house whose portal password has just been found to be refused."""
    house = await open_house(fixture="A", portal=True)
    assert not issues(house)
    house.cloud.accounts[0].portal_password = "changed in the portal"
    house.cloud.requests.clear()
    await leap(house, timedelta(days=1, hours=1))
    return house


async def test_monitoring_lives_on(refused: House) -> None:
    """Only what comes from the portal is missing; the user is told once."""
    (issue,) = issues(refused)
    assert issue.translation_key == "option_login_refused"
    assert issue.is_fixable
    assert issue.translation_placeholders == {"account": refused.entry.title}
    assert refused.value("sensor", ADDED_BY_PORTAL) == STATE_UNAVAILABLE
    assert refused.entry.state is ConfigEntryState.LOADED
    assert not refused.hass.config_entries.flow.async_progress()

    before = float(refused.value("sensor", "load_energy"))
    await leap(refused, timedelta(hours=1))
    assert float(refused.value("sensor", "load_energy")) > before
    assert len(issues(refused)) == 1


async def test_refused_at_start(refused: House) -> None:
    """After a restart the readings are there, and the issue too."""
    await refused.reload()
    assert refused.entry.state is ConfigEntryState.LOADED
    assert refused.value("sensor", "load_power") != STATE_UNAVAILABLE
    assert len(issues(refused)) == 1


async def test_fix_switches_the_portal_off(
    refused: House, hass_client: ClientSessionGenerator, log_in: LogIn
) -> None:
    """The fix asks first, then does without the portal, and the issue is gone."""
    hass = refused.hass
    for component in ("http", "repairs"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()
    client = await hass_client(await log_in())
    (issue,) = issues(refused)

    response = await client.post(
        "/api/repairs/issues/fix",
        json={"handler": DOMAIN, "issue_id": issue.issue_id},
    )
    step = await response.json()
    assert step["type"] == "form"
    assert step["step_id"] == "confirm"
    assert step["description_placeholders"] == {"account": refused.entry.title}
    assert refused.entry.options.get("portal", True)

    refused.cloud.requests.clear()
    response = await client.post(f"/api/repairs/issues/fix/{step['flow_id']}", json={})
    assert (await response.json())["type"] == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert refused.entry.options["portal"] is False
    assert refused.entry.state is ConfigEntryState.LOADED
    assert not issues(refused)

    await leap(refused, timedelta(days=1, hours=1))
    asked = refused.cloud.requests.counts()
    assert asked["dynamic"] > 1
    assert not [label for label in asked if label.startswith("portal")]
    assert not issues(refused)
    assert not refused.hass.states.async_entity_ids_count(STATE_UNAVAILABLE)


async def test_reconfigure_mends_it(refused: House) -> None:
    """With the new password the portal's facts come back."""
    flow = await refused.hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": "reconfigure", "entry_id": refused.entry.entry_id},
    )
    flow = await submit(refused.hass, flow, form(refused.cloud, portal=True))
    assert flow["reason"] == "reconfigure_successful"
    assert not issues(refused)
    assert refused.value("sensor", ADDED_BY_PORTAL) == "3800.0"


async def test_refused_while_writing(open_house: OpenHouse) -> None:
    """A write through the portal says why it failed, and raises the issue at once."""
    house = await open_house(fixture="A", portal=True)
    house.cloud.accounts[0].portal_password = "changed in the portal"
    with pytest.raises(HomeAssistantError) as failure:
        await house.act("reset_to_auto")
    assert failure.value.translation_domain == DOMAIN
    assert len(issues(house)) == 1


async def test_account_is_removed(refused: House) -> None:
    """An issue does not outlive its account."""
    assert await refused.hass.config_entries.async_remove(refused.entry.entry_id)
    assert not issues(refused)
