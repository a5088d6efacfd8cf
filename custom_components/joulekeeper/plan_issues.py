"""What is wrong with the schedules of a device, told as repairs."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .control import DeviceControl
from .core.dispatch import NOT_DELIVERED, Dispatch, State
from .core.ledger import Ledger
from .core.proof import MODE_DIFFERS
from .core.schedule import DAY
from .core.wishes import HISTORY
from .plan_data import segment_summary
from .reasons import reason_in_words
from .write_errors import shown

FORCED: Final = "forced_without_owner"
_TOLD_FOR: Final = DAY
"""How long it is told what is over and went wrong."""
_NOT_RUN: Final = frozenset({State.REJECTED, State.MISSED})


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
    for kind, dispatch in _wrong(control.ledger, dt_util.utcnow()).items():
        issue_id = f"{kind}_{entry.entry_id}_{device.id}"
        if dispatch is None:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            continue
        if dispatch.state in _NOT_RUN and control.lock.locked():
            # Who asks for it just now is told at once, and it may be undone.
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
                "reason": reason_in_words(dispatch.reason),
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


def _wrong(ledger: Ledger, now: datetime) -> Mapping[str, Dispatch | None]:
    """Return by kind what is wrong, the latest of each, None where nothing is."""

    def latest(is_meant: Callable[[Dispatch], bool]) -> Dispatch | None:
        meant = filter(is_meant, ledger.dispatches.values())
        return max(meant, key=lambda item: item.segment.start, default=None)

    def now_or_lately_not_delivered(item: Dispatch) -> bool:
        return item.state is State.NOT_DELIVERING or _failed_lately(
            item, ledger.dispatches.values(), now
        )

    return {
        State.NOT_DELIVERING: latest(now_or_lately_not_delivered),
        State.UNCONFIRMED: latest(lambda item: item.state is State.UNCONFIRMED),
        State.RESTORE_FAILED: latest(lambda item: item.state is State.RESTORE_FAILED),
        "not_run": latest(lambda item: _did_not_run(item, ledger, now)),
    }


def _failed_lately(
    dispatch: Dispatch, dispatches: Iterable[Dispatch], now: datetime
) -> bool:
    """Tell whether it was never delivered, and nothing has been since."""
    if dispatch.state is not State.DONE or dispatch.reason != NOT_DELIVERED:
        return False
    return now < dispatch.end + _TOLD_FOR and not any(
        item.delivering_at is not None and item.delivering_at >= dispatch.end
        for item in dispatches
    )


def _did_not_run(dispatch: Dispatch, ledger: Ledger, now: datetime) -> bool:
    """Tell whether it is still worth telling that it did not run, or will not.

    It is not when it is no longer wanted, when it is planned after all, or when another
    window of its schedule has come and was confirmed.
    """
    segment = dispatch.segment
    if dispatch.state not in _NOT_RUN or dispatch.reason == "too_short":
        return False
    if now >= segment.end + _TOLD_FOR or not _is_wanted(dispatch, ledger):
        return False
    return not any(
        item.confirmed_at is not None
        and (
            segment.end <= item.segment.start <= now
            or (
                item.confirmed_at >= dispatch.end
                and item.segment.overlaps(segment.start, segment.end)
            )
        )
        for item in ledger.dispatches_of(segment.rule_id)
    )


def _is_wanted(dispatch: Dispatch, ledger: Ledger) -> bool:
    """Tell whether nobody has edited or deleted what it was sent for.

    A rule that is over is gone too, but not because somebody did not want it.
    """
    segment = dispatch.segment
    if segment.rule_id in ledger.rules:
        return ledger.occurrence_of(segment) is not None
    until = ledger.deleted.get(segment.rule_id)
    if until is None or until - HISTORY < segment.end:
        return False
    return all(
        item.reason != "deleted" for item in ledger.dispatches_of(segment.rule_id)
    )


def _text_of(dispatch: Dispatch) -> str:
    """Return which text tells what is wrong."""
    match dispatch.state:
        case State.UNCONFIRMED:
            return "unconfirmed"
        case State.RESTORE_FAILED:
            # What others do not end comes again until it is taken out.
            return "restore_failed" if dispatch.returns else "restore_failed_plan"
        case State.REJECTED:
            return "rejected"
        case State.MISSED:
            return "missed"
        case State.DONE:
            return "not_delivered"
    return "not_taken" if dispatch.reason == MODE_DIFFERS else "not_delivering"


def _mode(control: DeviceControl) -> str:
    """Return the mode that the device tells, in our words where there are some."""
    telemetry = control.telemetry
    if telemetry is None:
        return "-"
    return shown(telemetry.mode or telemetry.mode_word or "-")
