"""The flows that mend what the repairs tell."""

from typing import Any, override

from homeassistant.components.http.const import KEY_HASS_USER
from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow
from homeassistant.components.repairs.models import RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.http import current_request

from .issues import NOT_GIVEN_BACK
from .journal_issues import UNREADABLE
from .plan_issues import FORCED
from .rule_edits import VIA_REPAIR, Caller


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow that mends an issue."""
    if issue_id.startswith(FORCED):
        return ForcedFlow(data or {})
    if issue_id.startswith(UNREADABLE):
        return UnreadableFlow(data or {})
    if issue_id.startswith(NOT_GIVEN_BACK):
        return ConfirmRepairFlow()
    return OptionLoginFlow(data or {})


class ForcedFlow(ConfirmRepairFlow):
    """Returns a device to auto that is in a forced mode without a schedule."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Take the entry and the device of the issue."""
        self._entry_id: str = data["entry_id"]
        self._device_id: str = data["device_id"]

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, then return it; what fails is told, and the issue stays."""
        if user_input is None:
            return await super().async_step_confirm(user_input)
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="not_loaded")
        keeper = entry.runtime_data.keeper
        control = keeper.controls.get(self._device_id)
        if control is None:
            return self.async_abort(reason="not_loaded")
        try:
            await keeper.return_to_auto(control, _caller())
        except HomeAssistantError:
            return self.async_abort(reason="not_returned")
        return await super().async_step_confirm(user_input)


class UnreadableFlow(ConfirmRepairFlow):
    """Takes note that the user has seen what could not be read."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Take the entry and the device of the issue."""
        self._entry_id: str = data["entry_id"]
        self._device_id: str = data["device_id"]

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, then say no more of it; while the account is down it comes again."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        loaded = entry is not None and entry.state is ConfigEntryState.LOADED
        if user_input is not None and entry is not None and loaded:
            journal = entry.runtime_data.keeper.journal
            await journal.accept_unreadable(self._device_id)
        return await super().async_step_confirm(user_input)


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


def _caller() -> Caller:
    """Return who mends; a flow knows only the request that it is part of."""
    request = current_request.get()
    user = request and request.get(KEY_HASS_USER)
    return Caller(VIA_REPAIR, user.id if user else None)
