"""The only place that changes what a device is to do.

A change goes: lock of the device, fresh list, check, journal, calls, read back. What the
cloud refuses is undone; what it could not be told yet is kept and told later.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .checks import (
    check_target,
    deletable,
    named_by_vendor,
    own_rule,
    running,
    running_one,
    standing,
)
from .const import DOMAIN
from .control import DeviceControl
from .controls import Controls
from .core.budget import Allowance, Budget
from .core.dispatch import RESTORING, State
from .core.errors import VendorError
from .core.ledger import Ledger
from .core.models import Device
from .core.rules import Occurrence, Rule
from .core.schedule import Action, Programme, Source
from .journal import Journal
from .orders import Orders, Result
from .rule_edits import Caller, Change, deleting, new_id, separated, starting
from .setting_changes import Changed, SettingChanges, Wanted
from .settle import Settler
from .writes import Settled

AUTO_FOR: Final = timedelta(days=1)
"""How long a device is held in auto whose mode outside schedules cannot be set."""


class Keeper:
    """Keeps the schedules of one account, one device at a time."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        controls: Controls,
        journal: Journal,
        writes: Allowance,
    ) -> None:
        """Take the account's devices that have a plan, and its journal.

        `writes` is how often its cloud may be written to.
        """
        self.controls = controls
        self.journal = journal
        spent = journal.recent_writes(writes.window)
        self.budget = Budget(writes, dt_util.utcnow, spent)
        self._orders = Orders(hass, entry, Settler(journal, self.budget))
        self.settings = SettingChanges(hass, entry, controls, self._orders)

    # -- new schedules ---------------------------------------------------------

    async def create(
        self,
        control: DeviceControl,
        rule: Rule,
        caller: Caller,
        *,
        dry_run: bool = False,
    ) -> Result:
        """Lay a schedule and prove it; return the response of the action."""
        async with self.controls.turn(control):
            await control.refresh()
            return await self._orders.lay(control, "create", rule, caller, dry_run)

    async def force(
        self,
        control: DeviceControl,
        rule: Rule,
        caller: Caller,
        *,
        dry_run: bool = False,
    ) -> Result:
        """Start an action now, in place of one that was forced before.

        What is planned goes on after it. Nothing is asked or sent where the same was
        forced on a lease of which more than half is left.
        """

        def replace_forced(ledger: Ledger) -> None:
            for occurrence in running(control, ledger):
                if occurrence.rule.source is Source.MANUAL:
                    now = dt_util.utcnow()
                    ledger.close(occurrence, now, State.SUPERSEDED, "forced_again")

        async with self.controls.turn(control):
            if (known := standing(control, rule)) is not None:
                return self._orders.unchanged(control, rule, known, dry_run)
            await control.refresh()
            check_target(control, rule)
            return await self._orders.lay(
                control, "force", rule, caller, dry_run, replace_forced
            )

    async def update(
        self,
        control: DeviceControl,
        schedule_id: str,
        change: Callable[[Rule], Rule],
        caller: Caller,
        *,
        wall: datetime | None = None,
        following: bool = False,
        dry_run: bool = False,
    ) -> Result:
        """Edit a schedule, or one occurrence of it, or that and all that follow.

        `change` gets the rule, or the occurrence as a rule of its own. Nothing is
        written where the cloud holds already what comes of it.
        """
        async with self.controls.turn(control):
            await control.refresh()
            rule = own_rule(control, schedule_id)
            rule, prepare = separated(rule, wall, following=following)
            return await self._orders.lay(
                control, "update", change(rule), caller, dry_run, prepare
            )

    async def extend(
        self,
        control: DeviceControl,
        schedule_id: str | None,
        caller: Caller,
        *,
        by: timedelta = timedelta(),
        lease: timedelta | None = None,
        dry_run: bool = False,
    ) -> Result:
        """Let what runs now run longer, or renew its lease.

        A lease that has more than half of its time left is not written anew.
        """
        async with self.controls.turn(control):
            await control.refresh()
            occurrence = running_one(control, schedule_id)
            now = dt_util.utcnow().replace(microsecond=0)
            rule, prepare = separated(occurrence.rule, occurrence.wall, following=False)
            rule = replace(rule, duration=rule.duration + by)
            if lease is not None:
                if rule.source is not Source.MANUAL:
                    raise ServiceValidationError(
                        translation_domain=DOMAIN, translation_key="lease_not_forced"
                    )
                left = (rule.lease_end or now) - now
                if by or left < lease / 2:
                    rule = replace(rule, lease_end=now + lease)
            return await self._orders.lay(
                control, "extend", rule, caller, dry_run, prepare
            )

    # -- less of them ----------------------------------------------------------

    async def delete(
        self,
        control: DeviceControl,
        schedule_id: str,
        caller: Caller,
        *,
        wall: datetime | None = None,
        following: bool = False,
        dry_run: bool = False,
    ) -> Result:
        """Delete a schedule, or one occurrence of it, or that and all that follow.

        Also one that others made, if it is named; never the network's.
        """
        async with self.controls.turn(control):
            programme = await control.refresh()
            rule = control.ledger.rules.get(schedule_id)
            if rule is None and (ours := named_by_vendor(control, schedule_id)):
                rule, wall = ours.rule, ours.wall
            if rule is None:
                item = deletable(programme, schedule_id)
                return await self._orders.clear(
                    control, caller, "delete", dry_run, (item,)
                )
            change: Change = deleting(rule.id)
            if wall is not None and rule.recurrence is not None:
                _, taken_out = separated(rule, wall, following=following)
                change = partial(_without, rule.id, taken_out)
            return await self._orders.clear(
                control, caller, "delete", dry_run, change=change, named=rule
            )

    async def end(
        self,
        control: DeviceControl,
        schedule_id: str,
        caller: Caller,
        *,
        wall: datetime | None = None,
    ) -> None:
        """End now what runs of a schedule, as an edit of its end."""

        def end_it(ledger: Ledger) -> None:
            for occurrence in running(control, ledger):
                named = occurrence.rule.id == schedule_id
                if named and wall in (None, occurrence.wall):
                    now = dt_util.utcnow()
                    ledger.close(occurrence, now, State.CANCELLED, "stopped")

        async with self.controls.turn(control):
            await control.refresh()
            rule = own_rule(control, schedule_id)
            await self._orders.clear(
                control, caller, "update", False, change=end_it, named=rule
            )

    async def delete_all(
        self, control: DeviceControl, caller: Caller, *, dry_run: bool = False
    ) -> Result:
        """Delete every schedule of ours; say how many others were left."""
        return await self._delete_all(control, "delete_all", caller, dry_run)

    async def _delete_all(
        self, control: DeviceControl, verb: str, caller: Caller, dry_run: bool
    ) -> Result:
        async with self.controls.turn(control):
            await control.refresh()
            change = deleting(*control.ledger.rules)
            return await self._orders.clear(
                control, caller, verb, dry_run, change=change
            )

    async def stop(
        self,
        control: DeviceControl,
        caller: Caller,
        *,
        forced_only: bool = False,
        actions: Collection[Action] = frozenset(Action),
        dry_run: bool = False,
    ) -> Result:
        """End what we have running now of some actions; what is planned later stays.

        With `forced_only` just what was forced: what it has interrupted goes on. Where
        nothing of what is named runs, nothing is asked.
        """
        everything = not forced_only and len(actions) == len(Action)

        def found(ledger: Ledger) -> list[Occurrence]:
            return [
                occurrence
                for occurrence in running(control, ledger)
                if occurrence.rule.action in actions
                and (not forced_only or occurrence.rule.source is Source.MANUAL)
            ]

        def end(ledger: Ledger) -> None:
            for occurrence in found(ledger):
                now = dt_util.utcnow()
                ledger.close(occurrence, now, State.CANCELLED, "stopped")

        async with self.controls.turn(control):
            if not everything and not found(control.ledger):
                return self._orders.nothing_to_clear(control, dry_run)
            await control.refresh()
            return await self._orders.clear(
                control, caller, "stop", dry_run, change=end
            )

    async def reset_to_auto(
        self, control: DeviceControl, caller: Caller, *, dry_run: bool = False
    ) -> Result:
        """Delete every schedule of ours and set the mode outside schedules to auto."""
        result = await self._delete_all(control, "reset_to_auto", caller, dry_run)
        able = control.capabilities
        if not able.steers_battery:
            return result
        if not able.base_mode_reset:
            return result | {"base_mode": "unchanged"}
        if dry_run:
            return result | {"base_mode": "would_be_reset"}
        await self._reset_base_mode(control)
        return result | {"base_mode": "reset_requested"}

    async def return_to_auto(self, control: DeviceControl, caller: Caller) -> None:
        """Give back a device that is in a forced mode without anybody's schedule.

        Where the mode outside schedules cannot be set, a schedule holds it in auto.
        """
        if control.capabilities.base_mode_reset:
            self._orders.log(control, "reset_to_auto", caller, None)
            await self._reset_base_mode(control)
            return
        rule = Rule(
            id=new_id(),
            action=Action.AUTO,
            start=dt_util.utcnow(),
            duration=AUTO_FOR,
            source=Source.KEEPER,
        )
        await self.create(control, starting(rule, None), caller)
        control.returned_at = dt_util.utcnow()

    async def _reset_base_mode(self, control: DeviceControl) -> None:
        async with self.controls.turn(control):
            try:
                self._orders.settler.writer.spend(urgent=True)
                await self.journal.save()
                await control.controller.reset_base_mode()
            except VendorError as error:
                self._orders.react(error)
                raise HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="base_mode_not_reset",
                    translation_placeholders={"cause": str(error)},
                ) from error
            control.returned_at = dt_util.utcnow()

    # -- a pause ---------------------------------------------------------------

    async def rest(self) -> None:
        """Write nothing more, once what does not end by itself is taken back.

        What can be laid by the cloud's clock stays there. HomeAssistantError, and all
        goes on, where the cloud does not show that a plan is given back.
        """
        self.controls.async_rest()
        try:
            await self.settings.finished()
            for control in self.controls:
                # Whoever has the turn just now writes to the end.
                async with self.controls.turn(control, last=True):
                    if _needs_us(control):
                        await self._give_back(control)
            await self.journal.save()
        except BaseException:
            self.wake()
            raise

    def wake(self) -> None:
        """Go on after a rest, with what is still wanted by then."""
        self.controls.async_wake()

    async def _give_back(self, control: DeviceControl) -> None:
        """Take back what is ours of a plan, and see that it is gone."""
        settled = Settled()
        with suppress(HomeAssistantError):
            await control.refresh()
            settled = await self._orders.settle(control, pausing=True)
        if settled.errors:
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="pause_refused",
                translation_placeholders={"cause": str(settled.errors[0])},
            )
        if _needs_us(control):
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="pause_unconfirmed"
            )

    def react(self, error: VendorError) -> None:
        """Ask for what only the user can give."""
        self._orders.react(error)

    # -- settings --------------------------------------------------------------

    async def change(
        self, device: Device, wanted: Wanted, caller: Caller, *, dry_run: bool = False
    ) -> Changed:
        """Change settings of a device, which are its owner's and stay."""
        return await self.settings.change(device, wanted, caller, dry_run=dry_run)

    # -- only looking ----------------------------------------------------------

    async def list_schedules(
        self, control: DeviceControl, *, include_past: bool = False
    ) -> Programme:
        """Return what the cloud has planned, freshly asked."""
        self.controls.check_awake()
        return await (control.fetch_past() if include_past else control.refresh())

    async def preview(self, control: DeviceControl) -> Result:
        """Return what would be written now, if anything is not settled."""
        async with self.controls.turn(control):
            await control.refresh()
            calls = self._orders.settler.calls(
                control, self._orders.settler.changes(control)
            )
        return {
            "device": control.device_id,
            "vendor_calls": [call.as_dict() for call in calls],
            "state": "not_sent",
        }

    # -- what happens by itself ------------------------------------------------

    async def settle(self, control: DeviceControl, *, blind: bool = False) -> Settled:
        """Bring the cloud to what is wanted; the caller holds the device's turn."""
        return await self._orders.settle(control, blind=blind)

    def unsettled(self, control: DeviceControl) -> bool:
        """Tell whether there is anything to write, or to book, that is new.

        What was tried before is tried again in its time.
        """
        changes = self._orders.settler.changes(control)
        known = control.ledger.dispatches
        return bool(
            changes.over
            or changes.give_back
            or changes.anew
            or any(item.id not in known for item in changes.send)
            or any(
                item.id not in known or known[item.id].state not in RESTORING
                for item in changes.remove
            )
        )


def _needs_us(control: DeviceControl) -> bool:
    """Tell whether the cloud holds anything of ours that it does not end by itself."""
    ledger = control.ledger
    loan = ledger.loan
    return (loan is not None and bool(loan.mine)) or any(
        not item.returns and item.sent_at is not None
        for item in (*ledger.live(), *ledger.restoring())
    )


def _without(rule_id: str, taken_out: Change, ledger: Ledger) -> None:
    """Take occurrences out of a rule; one of them that runs was deleted, not replaced."""
    now = dt_util.utcnow()
    before = [item for item in ledger.active(now) if item.rule.id == rule_id]
    taken_out(ledger)
    left = {item.id for item in ledger.active(now)}
    for occurrence in before:
        if occurrence.id not in left:
            ledger.close(occurrence, now, State.CANCELLED, "deleted")
