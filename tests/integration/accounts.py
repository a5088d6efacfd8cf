"""Adds accounts the way a user does."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.joulekeeper.const import DOMAIN

from ..clouds import FakeCloud

PORTAL_FIELDS = ("portal_email", "portal_password")


def form(
    cloud: FakeCloud, *, portal: bool = False, **changes: str
) -> dict[str, Any]:
    """Return what a user fills into the credentials form."""
    given: Mapping[str, str] = {**cloud.credentials, **changes}
    filled: dict[str, Any] = {
        key: value for key, value in given.items() if key not in PORTAL_FIELDS
    }
    if portal:
        filled["portal"] = {key: given[key] for key in PORTAL_FIELDS}
    filled["advanced"] = {"base_url": cloud.base_url}
    return filled


async def add_account(
    hass: HomeAssistant,
    cloud: FakeCloud,
    vendor: str = "redback",
    *,
    portal: bool = False,
    **changes: str,
) -> ConfigEntry:
    """Add an account through the config flow and wait for its entities."""
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    flow = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"vendor": vendor}
    )
    flow = await hass.config_entries.flow.async_configure(
        flow["flow_id"], form(cloud, portal=portal, **changes)
    )
    assert flow["type"] is FlowResultType.CREATE_ENTRY, flow
    await hass.async_block_till_done(wait_background_tasks=True)
    return flow["result"]
