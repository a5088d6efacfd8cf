"""A Home Assistant core in this process, with accounts added through the config flow."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
import json
from pathlib import Path
import socket
import tempfile
from typing import Any

from homeassistant import bootstrap, loader
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import CoreState, Event, HomeAssistant, callback
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component

from .subject import Form, Subject

# What any Home Assistant in use has loaded.
USUAL = (
    *("homeassistant", "persistent_notification", "http", "sensor", "binary_sensor"),
    *("button", "calendar", "datetime", "number", "select", "switch", "time"),
)
CONFIGURATION = {
    "name": "Bench",
    "latitude": -27.5,
    "longitude": 153.0,
    "elevation": 20,
    "unit_system": "metric",
    "currency": "AUD",
    "country": "AU",
    "time_zone": "Australia/Brisbane",
}


_MINUTE_S = 60
_PATIENCE = 10
"""Minutes to wait for a cloud that takes no more accounts."""


def _write_http_settings(folder: Path) -> None:
    """Let HTTP, which the calendar needs, listen on a free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    settings = {"server_host": [host], "server_port": port}
    (folder / ".storage").mkdir()
    (folder / ".storage/http").write_text(
        json.dumps({"version": 1, "minor_version": 1, "key": "http", "data": settings})
    )


@asynccontextmanager
async def running_home() -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant with a fresh configuration, real stores and registries."""
    with tempfile.TemporaryDirectory(prefix="joulekeeper-bench-") as folder:
        _write_http_settings(Path(folder))
        hass = HomeAssistant(folder)
        loader.async_setup(hass)
        hass.config.skip_pip = True
        hass.config_entries = ConfigEntries(hass, {})
        await loader.async_get_custom_components(hass)
        await bootstrap.async_load_base_functionality(hass)
        await async_process_ha_core_config(hass, CONFIGURATION)
        for domain in USUAL:
            if not await async_setup_component(hass, domain, {}):
                raise RuntimeError(f"{domain} could not be set up")
        hass.set_state(CoreState.running)
        await hass.async_block_till_done()
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


async def add_account(hass: HomeAssistant, subject: Subject, form: Form) -> ConfigEntry:
    """Add an account as a user does."""
    subject.prepare(hass, form)
    flows = hass.config_entries.flow
    flow: Any = await flows.async_init(subject.domain, context={"source": SOURCE_USER})
    step, patience = None, _PATIENCE
    while (entry := flow.get("result")) is None:
        if (flow.get("errors") or {}).get("base") == "rate_limited" and patience:
            # Of many accounts at one address, the cloud takes so many in a minute.
            patience -= 1
            await asyncio.sleep(_MINUTE_S)
        elif flow.get("step_id") in (None, step):
            raise RuntimeError(f"the account was not added: {flow}")
        step = flow["step_id"]
        answer = subject.answer(form, flow)
        flow = await flows.async_configure(flow["flow_id"], answer)
    added: ConfigEntry = entry
    return added


class StateCounter:
    """Counts the state changes of entries' entities, and tells of each."""

    def __init__(
        self,
        hass: HomeAssistant,
        entries: Iterable[ConfigEntry],
        on_change: Callable[[], None],
    ) -> None:
        """Begin; entities that come later count too."""
        self.count = 0
        registry = er.async_get(hass)
        ids = {entry.entry_id for entry in entries}

        @callback
        def changed(event: Event[Any]) -> None:
            known = registry.async_get(event.data["entity_id"])
            if known is not None and known.config_entry_id in ids:
                self.count += 1
                on_change()

        hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
