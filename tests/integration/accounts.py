"""Adds accounts the way a user does."""

from collections.abc import Mapping, Sequence
from typing import Any

from custom_components.joulekeeper.account_forms import CONF_ACCEPT_TERMS
from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from ..clouds import FakeCloud

PORTAL_FIELDS = ("portal_email", "portal_password")


def form(
    cloud: FakeCloud,
    *,
    portal: bool = False,
    accept_terms: bool = False,
    **changes: str,
) -> dict[str, Any]:
    """Return what a user fills into the credentials form."""
    given: Mapping[str, str] = {
        "base_url": cloud.base_url,
        **cloud.credentials,
        **changes,
    }
    filled: dict[str, Any] = {
        key: value
        for key, value in given.items()
        if key not in (*PORTAL_FIELDS, "base_url")
    }
    if portal:
        filled["portal"] = {key: given[key] for key in PORTAL_FIELDS if key in given}
    filled["advanced"] = {"base_url": given["base_url"]}
    if accept_terms:
        filled[CONF_ACCEPT_TERMS] = True
    return filled


async def start_flow(hass: HomeAssistant, vendor: str = "redback") -> ConfigFlowResult:
    """Choose a brand, as a user who adds an account; return the credentials form."""
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    return await submit(hass, flow, {"vendor": vendor})


async def submit(
    hass: HomeAssistant, flow: Mapping[str, Any], filled: dict[str, Any]
) -> ConfigFlowResult:
    """Send a filled form and wait for what it sets off."""
    result = await hass.config_entries.flow.async_configure(flow["flow_id"], filled)
    await hass.async_block_till_done(wait_background_tasks=True)
    return result


async def add_account(
    hass: HomeAssistant,
    cloud: FakeCloud,
    vendor: str = "redback",
    *,
    portal: bool = False,
    picks: Sequence[str] | None = None,
    **changes: str,
) -> ConfigEntry:
    """Add an account through the config flow; wait for its entities.

    It is added with all it has, or with its `picks` where the flow lets one choose.
    """
    flow = await start_flow(hass, vendor)
    asks = CONF_ACCEPT_TERMS in flow["data_schema"].schema
    filled = form(cloud, portal=portal, accept_terms=asks, **changes)
    flow = await submit(hass, flow, filled)
    if flow.get("step_id") == "systems":
        flow = await submit(hass, flow, {"systems": list(picks or cloud.serials)})
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow
    return flow["result"]
