"""What is wrong with the schedules of a device, told as repairs."""

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from .const import DOMAIN
from .control import DeviceControl
from .core.dispatch import Dispatch, State
from .core.proof import MODE_DIFFERS
from .plan_data import segment_summary
from .write_errors import shown

FORCED: Final = "forced_without_owner"
_WRONG: Final = (State.NOT_DELIVERING, State.UNCONFIRMED, State.RESTORE_FAILED)


@callback
def async_update_control_issues(
    hass: HomeAssistant, entry: ConfigEntry, control: DeviceControl, *, ownerless: bool
) -> None:
    """Tell what is wrong with the schedules of a device, and what no longer is."""
    registry_id = control.account.registry_id(control.device_id)
    device = registry_id and dr.async_get(hass).async_get(registry_id)
    if not device:
        return
    name = device.name_by_user or device.name or entry.title
    wrong = {item.state: item for item in control.ledger.dispatches.values()}
    for state in _WRONG:
        issue_id = f"{state}_{entry.entry_id}_{device.id}"
        if (dispatch := wrong.get(state)) is None:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            continue
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=_text_of(dispatch),
            translation_placeholders={
                "device": name,
                "schedule": segment_summary(dispatch.segment),
                "start": shown(dispatch.segment.start),
                "end": shown(dispatch.segment.end),
                "mode": _mode(control),
            },
        )
    issue_id = f"{FORCED}_{entry.entry_id}_{device.id}"
    if not ownerless:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"entry_id": entry.entry_id, "device_id": control.device_id},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=FORCED,
        translation_placeholders={"device": name, "mode": _mode(control)},
    )


def _text_of(dispatch: Dispatch) -> str:
    """Return which text tells what is wrong."""
    if dispatch.state is State.UNCONFIRMED:
        return "unconfirmed"
    if dispatch.state is State.RESTORE_FAILED:
        return "restore_failed"
    if dispatch.reason == MODE_DIFFERS:
        return "not_taken"
    return "not_delivering"


def _mode(control: DeviceControl) -> str:
    """Return the mode that the device tells, in our words where there are some."""
    telemetry = control.telemetry
    if telemetry is None:
        return "-"
    return (telemetry.mode and telemetry.mode.value) or telemetry.mode_word or "-"
