"""What only the user can mend, told as repairs."""

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

OPTION_LOGIN: Final = "option_login_refused"


@callback
def async_create_option_login_issue(
    hass: HomeAssistant, entry: ConfigEntry, option: str
) -> None:
    """Tell that an optional login is refused, and offer to do without it."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{OPTION_LOGIN}_{entry.entry_id}",
        data={"entry_id": entry.entry_id, "option": option},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=OPTION_LOGIN,
        translation_placeholders={"account": entry.title},
    )


@callback
def async_delete_entry_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget what was wrong with an account: set-up finds out anew."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and entry.entry_id in issue_id:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
