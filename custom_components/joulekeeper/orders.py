"""Carries out what was asked: into the ledger, to the cloud, undone if it refuses.

The caller holds the device's turn, and has read its plan. Vendor errors of writes become
Home Assistant errors here, and nowhere else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .checks import checked, precedence
from .const import CONF_MAX_FORCE_HOURS, DEFAULT_MAX_FORCE_HOURS, DOMAIN
from .control import DeviceControl
from .core.dispatch import State
from .core.errors import AuthError, OptionAuthError, VendorError
from .core.ledger import Ledger
from .core.rules import Rule
from .core.schedule import ScheduleItem, Source
from .issues import async_create_option_login_issue
from .journal import asked_entry
from .plan_data import (
    dispatch_dict,
    inexact_list,
    item_dict,
    outcome,
    rule_dict,
    rule_summary,
)
from .rule_edits import Caller, Change
from .settle import Settler
from .write_errors import setting_error, shown, write_error
from .writes import Settled

type Result = dict[str, Any]


class Orders:
    """Carries out orders for the devices of one account."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, settler: Settler
    ) -> None:
        """Take who writes."""
        self._hass = hass
        self._entry = entry
        self.settler = settler

    async def settle(
        self,
        control: DeviceControl,
        extra: tuple[ScheduleItem, ...] = (),
        *,
        blind: bool = False,
        pausing: bool = False,
    ) -> Settled:
        """Bring the cloud to what is wanted, and ask the user for what only he can give.

        When `pausing`, all that was sent is taken back.
        """
        settled = await self.settler.settle(
            control, extra, blind=blind, pausing=pausing
        )
        for error in settled.errors:
            self.react(error)
        return settled

    def react(self, error: VendorError) -> None:
        """Ask for what only the user can give."""
        if isinstance(error, AuthError):
            self._entry.async_start_reauth_if_available(self._hass)
        elif isinstance(error, OptionAuthError):
            async_create_option_login_issue(self._hass, self._entry, error.option)

    @contextmanager
    def setting(self) -> Iterator[None]:
        """Raise what goes wrong with a setting as Home Assistant's error."""
        try:
            yield
        except VendorError as error:
            self.react(error)
            raise setting_error(error) from error

    async def lay(
        self,
        control: DeviceControl,
        verb: str,
        asked: Rule,
        caller: Caller,
        dry_run: bool,
        prepare: Change = lambda ledger: None,
    ) -> Result:
        """Put a rule into the ledger and settle; undo it when the cloud refuses."""
        now = dt_util.utcnow().replace(microsecond=0)
        self._check_length(asked)
        verdict = checked(control, asked, now, edited=verb in ("update", "extend"))
        trial = control.ledger.copy()
        prepare(trial)
        notes = precedence(trial, verdict.effective)
        effective = replace(verdict.effective, valid_from=now)
        # What is asked is fitted anew each time: the device's limits may change.
        rule = trial.put_rule(
            replace(effective, power_w=asked.power_w, limits=asked.limits)
        )
        response: Result = {
            "schedule_id": rule.id,
            "device": control.device_id,
            "requested": rule_dict(asked),
            "effective": rule_dict(effective),
            "inexact": inexact_list((*verdict.adjustments, *notes)),
        }
        if dry_run:
            calls = self.settler.calls(control, self.settler.changes(control, trial))
            return response | {
                "vendor_calls": [call.as_dict() for call in calls],
                "state": "not_sent",
            }
        before = control.ledger.copy()
        control.ledger.take_wishes_of(trial)
        self.log(control, verb, caller, rule)
        settled = await self.settle(control)
        await self._undo_if_refused(control, rule, before, trial, settled)
        sent = control.ledger.dispatches_of(rule.id)
        in_the_way = [
            item
            for item in control.ledger.dispatches.values()
            if item.vendor_id in settled.kept
            if item.segment.rule_id == rule.id
            or item.segment.overlaps(rule.start, rule.end)
        ]
        if in_the_way:
            response["not_deleted"] = [
                {
                    "schedule_id": item.segment.rule_id,
                    "cause": str(settled.kept[item.vendor_id or ""]),
                }
                for item in in_the_way
            ]
        return response | {
            "occurrences": [dispatch_dict(item) for item in sent if item.live],
            "vendor_calls": [call.as_dict() for call in settled.calls],
            "state": State.RESTORE_PENDING.value if in_the_way else outcome(sent),
        }

    def unchanged(
        self, control: DeviceControl, asked: Rule, rule: Rule, dry_run: bool
    ) -> Result:
        """Return the response for what is asked again and already runs, as `rule`."""
        self._check_length(asked)
        now = dt_util.utcnow().replace(microsecond=0)
        verdict = checked(control, rule, now, edited=True)
        response: Result = {
            "schedule_id": rule.id,
            "device": control.device_id,
            "requested": rule_dict(asked),
            "effective": rule_dict(verdict.effective),
            "inexact": inexact_list(verdict.adjustments),
            "vendor_calls": [],
        }
        if dry_run:
            return response | {"state": "not_sent"}
        sent = control.ledger.dispatches_of(rule.id)
        return response | {
            "occurrences": [dispatch_dict(item) for item in sent if item.live],
            "state": outcome(sent),
        }

    async def _undo_if_refused(
        self,
        control: DeviceControl,
        rule: Rule,
        before: Ledger,
        trial: Ledger,
        settled: Settled,
    ) -> None:
        """Want again what was wanted before, where the cloud refuses the new."""
        refused = [
            dispatch
            for dispatch in control.ledger.dispatches_of(rule.id)
            if dispatch.id in settled.refused
        ]
        if not refused:
            return
        error = settled.refused[refused[0].id]
        for dispatch in refused:
            del control.ledger.dispatches[dispatch.id]
        control.ledger.undo(before, trial)
        undone = await self.settle(control)
        for lost_id in undone.refused:
            lost = control.ledger.dispatches[lost_id].segment
            if (lost_rule := before.rules.get(lost.rule_id)) is not None:
                raise HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="schedule_lost",
                    translation_placeholders={
                        "cause": str(error),
                        "schedule": rule_summary(lost_rule),
                        "start": shown(lost.start),
                        "end": shown(lost.end),
                    },
                ) from error
        raise write_error(error) from error

    async def clear(
        self,
        control: DeviceControl,
        caller: Caller,
        verb: str,
        dry_run: bool,
        extra: tuple[ScheduleItem, ...] = (),
        change: Change = lambda ledger: None,
        named: Rule | None = None,
    ) -> Result:
        """Want less than before and settle; what cannot be deleted is tried again."""
        trial = control.ledger.copy()
        change(trial)
        changes = self.settler.changes(control, trial)
        gone = {item.vendor_id for item in changes.remove}
        gone |= {item.vendor_id for item in extra}
        deleted = [item for item in control.programme.items if item.vendor_id in gone]
        response = _cleared(control, deleted)
        if dry_run:
            calls = self.settler.calls(control, changes, extra)
            return response | {
                "vendor_calls": [call.as_dict() for call in calls],
                "state": "not_sent",
            }
        # What could not be taken back before is tried again, but was not asked for now.
        old = {
            item.vendor_id
            for item in control.ledger.restoring()
            if named is None or item.segment.rule_id != named.id
        }
        control.ledger.take_wishes_of(trial)
        self.log(control, verb, caller, named)
        settled = await self.settle(control, extra)
        for vendor_id, error in settled.kept.items():
            if vendor_id not in old:
                raise write_error(error, deleting=True)
        listed = {item.vendor_id for item in control.listed.items}
        return response | {
            "vendor_calls": [call.as_dict() for call in settled.calls],
            "state": State.CONFIRMED.value
            if listed.isdisjoint(item.vendor_id for item in deleted)
            else State.UNCONFIRMED.value,
        }

    def nothing_to_clear(self, control: DeviceControl, dry_run: bool) -> Result:
        """Return the response where there is nothing to end, as far as it is known."""
        state = "not_sent" if dry_run else State.CONFIRMED.value
        return _cleared(control, []) | {"vendor_calls": [], "state": state}

    def _check_length(self, rule: Rule) -> None:
        """Refuse a forced action that is longer than its owner allows."""
        hours = self._entry.options.get(CONF_MAX_FORCE_HOURS, DEFAULT_MAX_FORCE_HOURS)
        if rule.source is Source.MANUAL and rule.duration > timedelta(hours=hours):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="force_too_long",
                translation_placeholders={"hours": f"{hours:g}"},
            )

    def log(
        self,
        control: DeviceControl,
        verb: str,
        caller: Caller,
        rule: Rule | None,
        what: str | None = None,
    ) -> None:
        """Note who has asked for what."""
        entry = asked_entry(control.device_id, verb, rule, caller.via, caller.user_id)
        control.log(replace(entry, reason=what))
        control.tell()


def _cleared(control: DeviceControl, deleted: list[ScheduleItem]) -> Result:
    """Return what is gone of a plan, and how much is left."""
    programme = control.programme
    return {
        "device": control.device_id,
        "deleted": [item_dict(item) for item in deleted],
        "left": len(programme.items) + len(programme.recurring) - len(deleted),
    }
