"""What could not be read of an account's journal, told as repairs."""

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from .account import LoadedAccount
from .const import DOMAIN
from .journal import Journal

UNREADABLE: Final = "schedules_unreadable"


@callback
def async_create_unreadable_issues(
    hass: HomeAssistant, entry: ConfigEntry, account: LoadedAccount, journal: Journal
) -> None:
    """Tell of which devices schedules could not be read, until somebody has seen it."""
    for number, (device_id, count) in enumerate(journal.unreadable.items()):
        registry_id = account.registry_id(device_id)
        device = registry_id and dr.async_get(hass).async_get(registry_id)
        name = device and (device.name_by_user or device.name)
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{UNREADABLE}_{entry.entry_id}_{registry_id or number}",
            data={"entry_id": entry.entry_id, "device_id": device_id},
            is_fixable=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=UNREADABLE,
            translation_placeholders={
                "device": name or entry.title,
                "count": str(count),
            },
        )
