"""Adds the account of a story as a user does."""

from typing import Any, Final

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from . import life

DOMAIN: Final = "joulekeeper"


async def add_account(hass: HomeAssistant, birth: life.Birth) -> None:
    """Go through the config flow, with all systems and no optional section."""
    flows = hass.config_entries.flow
    flow: Any = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    flow = await flows.async_configure(flow["flow_id"], {"vendor": birth.vendor})
    form: dict[str, Any] = dict(birth.account or {})
    form["advanced"] = {"base_url": form.pop("base_url")}
    if "accept_terms" in flow["data_schema"].schema:
        form["accept_terms"] = True
    flow = await flows.async_configure(flow["flow_id"], form)
    if flow["type"] is FlowResultType.MENU:
        step = {"next_step_id": "push_entities"}
        flow = await flows.async_configure(flow["flow_id"], step)
    if flow.get("step_id") == "push_entities":
        flow = await flows.async_configure(flow["flow_id"], dict(birth.picked))
    if flow.get("step_id") == "systems":
        [selector] = flow["data_schema"].schema.values()
        every = [option["value"] for option in selector.config["options"]]
        flow = await flows.async_configure(flow["flow_id"], {"systems": every})
    if flow["type"] is not FlowResultType.CREATE_ENTRY:
        raise RuntimeError(f"the account was not added: {flow}")
