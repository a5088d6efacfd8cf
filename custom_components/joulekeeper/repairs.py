"""Repairs: what only the user can mend."""

from typing import Any, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.components.repairs.models import RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

_OPTION_LOGIN = "option_login_refused"


@callback
def async_create_option_login_issue(
    hass: HomeAssistant, entry: ConfigEntry, option: str
) -> None:
    """Tell that an optional login is refused, and offer to do without it."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{_OPTION_LOGIN}_{entry.entry_id}",
        data={"entry_id": entry.entry_id, "option": option},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=_OPTION_LOGIN,
        translation_placeholders={"account": entry.title},
    )


@callback
def async_delete_entry_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget what was wrong with an account: set-up finds out anew."""
    ir.async_delete_issue(hass, DOMAIN, f"{_OPTION_LOGIN}_{entry.entry_id}")


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    return OptionLoginFlow(data or {})


class OptionLoginFlow(ConfirmRepairFlow):
    """Switches the optional feature off; to keep it, the user reconfigures."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Take the entry and the option of the issue."""
        self._entry_id: str = data["entry_id"]
        self._option: str = data["option"]

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, then switch off and reload."""
        entries = self.hass.config_entries
        entry = entries.async_get_entry(self._entry_id)
        if user_input is not None and entry is not None:
            entries.async_update_entry(
                entry, options={**entry.options, self._option: False}
            )
            entries.async_schedule_reload(entry.entry_id)
        return await super().async_step_confirm(user_input)
