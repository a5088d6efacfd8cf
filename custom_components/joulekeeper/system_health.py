"""System health: can the clouds be reached, and how much have we asked of them."""

from typing import Any

from homeassistant.components.system_health import (
    SystemHealthRegistration,
    async_check_can_reach_url,
)
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .const import CONF_CREDENTIALS
from .push import loaded_pushers
from .runtime import loaded_accounts
from .vendors.base import CONF_BASE_URL


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Register the page's part."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    entries, calls = loaded_accounts(hass), 0
    pushers = loaded_pushers(hass)
    hosts: dict[str, str] = {}
    for entry in entries:
        account = entry.runtime_data.account
        calls += sum(account.session.statistics().values())
        spec = account.spec
        usual = spec.host
        if spec.host_of is not None:
            usual = spec.host_of(entry.data[CONF_CREDENTIALS])
        hosts.setdefault(spec.key, _host(entry, usual))
    for pusher in pushers:
        calls += sum(pusher.target.calls.values())
        hosts.setdefault(pusher.spec.key, _host(pusher.entry, pusher.spec.host))
    info: dict[str, Any] = {"accounts": len(entries), "calls": calls}
    if pushers:
        info = info | {
            "push_targets": len(pushers),
            "push_results": ", ".join(
                "-" if pusher.result is None else pusher.result.value
                for pusher in pushers
            ),
        }
    return info | {
        f"reach_{vendor}": async_check_can_reach_url(hass, host)
        for vendor, host in hosts.items()
    }


def _host(entry: ConfigEntry, host: str) -> str:
    """Return the address that an entry uses."""
    given: str | None = entry.data[CONF_CREDENTIALS].get(CONF_BASE_URL)
    return given or host
