"""System health: can the clouds be reached, and how much have we asked of them."""

from typing import Any

from homeassistant.components.system_health import (
    SystemHealthRegistration,
    async_check_can_reach_url,
)
from homeassistant.core import HomeAssistant, callback

from .const import CONF_CREDENTIALS, DOMAIN
from .runtime import JoulekeeperConfigEntry
from .vendors.base import CONF_BASE_URL


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register the page's part."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[JoulekeeperConfigEntry] = hass.config_entries.async_loaded_entries(
        DOMAIN
    )
    info: dict[str, Any] = {
        "accounts": len(entries),
        "calls": sum(
            sum(entry.runtime_data.account.session.statistics().values())
            for entry in entries
        ),
    }
    hosts: dict[str, str] = {}
    for entry in entries:
        spec = entry.runtime_data.account.spec
        given = entry.data[CONF_CREDENTIALS].get(CONF_BASE_URL)
        hosts.setdefault(spec.key, given or spec.host)
    return info | {
        f"reach_{vendor}": async_check_can_reach_url(hass, host)
        for vendor, host in hosts.items()
    }
