"""The only place that writes to a vendor.

A write goes: lock of the device, fresh list, check, budget, call, read back. A create
whose answer was lost is looked up, never repeated. Vendor errors of writes become Home
Assistant errors here and nowhere else.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .account import LoadedAccount
from .const import DOMAIN
from .control import DeviceControl
from .core.budget import Budget
from .core.capabilities import Verdict, check
from .core.errors import (
    AuthError,
    NotSupported,
    OptionAuthError,
    OutcomeUnknown,
    Rejected,
    VendorError,
)
from .core.schedule import Owner, Programme, Rule, ScheduleItem, Source
from .journal import Journal
from .plan_data import Request, item_dict, request_dict, rule_again, rule_dict, summary
from .repairs import async_create_option_login_issue
from .write_errors import seconds_to_wait, write_error_key

_LOGGER = logging.getLogger(__name__)

WRITES_PER_HOUR: Final = 120
RESERVED_WRITES: Final = 40
READ_BACK_WAITS_S: Final = (0.0, 2.0, 5.0, 10.0)
"""Seconds to wait before each look whether the cloud holds what was asked."""


class Keeper:
    """Writes schedules for one account, one device at a time."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        account: LoadedAccount,
    ) -> None:
        """Take on every device of the account that has a plan, now and later."""
        self._hass = hass
        self._entry = entry
        self._account = account
        self.budget = Budget(
            WRITES_PER_HOUR,
            timedelta(hours=1),
            dt_util.utcnow,
            reserved=RESERVED_WRITES,
        )
        self.controls: dict[str, DeviceControl] = {}
        self._journal = Journal(hass, entry.entry_id)
        self._closing = False
        entry.async_on_unload(account.async_on_device(self._follow))

    @callback
    def _follow(self, source_id: str) -> None:
        """Take on who controls the devices of a source, or let them go with it."""
        controllers = self._account.controllers_from(source_id)
        if not controllers:
            self.controls.pop(source_id, None)
        for controller in controllers:
            if (known := self.controls.get(controller.device_id)) is not None:
                known.controller = controller
            else:
                self.controls[controller.device_id] = DeviceControl(
                    controller, self._account, self._journal
                )

    async def async_start(self) -> None:
        """Take up what was written before the restart."""
        await self._journal.load()

    async def async_close(self) -> None:
        """Let the writes that run come to their end, and begin no more."""
        self._closing = True
        for control in list(self.controls.values()):
            async with control.lock:
                pass

    @asynccontextmanager
    async def _turn(self, control: DeviceControl) -> AsyncIterator[None]:
        """Hold a device's lock; nobody gets a turn once the account is closing."""
        async with control.lock:
            if self._closing:
                raise HomeAssistantError(
                    translation_domain=DOMAIN, translation_key="account_closing"
                )
            yield

    def controls_for(self, device_id: str) -> tuple[DeviceControl, ...]:
        """Return who controls a device, the nearest first.

        A battery is controlled by its inverter; what an inverter cannot do may be a
        matter of its site. Raises ServiceValidationError when nobody has a plan.
        """
        controls: list[DeviceControl] = []
        next_id: str | None = device_id
        while next_id is not None:
            if (control := self.controls.get(next_id)) is not None:
                controls.append(control)
            device = self._account.device(next_id)
            next_id = device.parent_id if device else None
        if not controls:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="not_controllable"
            )
        return tuple(controls)

    async def create(
        self, control: DeviceControl, request: Request, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Create a schedule and prove it; return the response of the action."""
        async with self._turn(control):
            programme = await control.refresh()
            return await self._create(control, request, programme, dry_run)

    async def replace(
        self,
        control: DeviceControl,
        schedule_id: str,
        change: Callable[[ScheduleItem], Request],
        *,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Edit one of our schedules: create the new one, then delete the old one.

        A vendor without an edit holds both for a moment; if the delete fails the old
        one is still there to be seen, and nothing is lost.
        """
        async with self._turn(control):
            programme = await control.refresh()
            item = self._find(programme, schedule_id)
            if item.owner is not Owner.OWN:
                raise ServiceValidationError(
                    translation_domain=DOMAIN,
                    translation_key="not_own",
                    translation_placeholders={"id": schedule_id},
                )
            return await self._create(
                control, change(item), programme, dry_run, replaced=(item,)
            )

    async def force(
        self, control: DeviceControl, request: Request, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Start an action now, in place of one that was forced before."""
        async with self._turn(control):
            programme = await control.refresh()
            forced = tuple(
                item
                for item in _running(control, programme)
                if item.source is Source.MANUAL
            )
            return await self._create(control, request, programme, dry_run, forced)

    async def delete(
        self, control: DeviceControl, schedule_id: str, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Delete one schedule, ours or one that was named; never the network's."""
        async with self._turn(control):
            item = self._find(await control.refresh(), schedule_id)
            if item.owner is Owner.NETWORK or not _has_own_handle(item, control):
                raise ServiceValidationError(
                    translation_domain=DOMAIN, translation_key="not_deletable"
                )
            return await self._delete(control, (item,), dry_run)

    async def delete_all(
        self, control: DeviceControl, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Delete every schedule of ours; say how many others were left."""
        async with self._turn(control):
            own = (await control.refresh()).own()
            return await self._delete(control, own, dry_run)

    async def stop(
        self, control: DeviceControl, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """End what we have running now; what is planned for later stays."""
        async with self._turn(control):
            running = _running(control, await control.refresh())
            return await self._delete(control, running, dry_run)

    async def reset_to_auto(
        self, control: DeviceControl, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Delete every schedule of ours and set the mode outside schedules to auto."""
        result = await self.delete_all(control, dry_run=dry_run)
        able = control.capabilities
        if not able.takes_power:
            return result
        if not able.base_mode_reset:
            return result | {"base_mode": "unchanged"}
        if dry_run:
            return result | {"base_mode": "would_be_reset"}
        async with self._turn(control):
            try:
                self.budget.spend(urgent=True)
                await control.controller.reset_base_mode()
            except VendorError as error:
                self._react(error)
                raise HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="base_mode_not_reset",
                    translation_placeholders={"cause": str(error)},
                ) from error
        return result | {"base_mode": "reset_requested"}

    async def list_schedules(
        self, control: DeviceControl, *, include_past: bool = False
    ) -> Programme:
        """Return what the cloud has planned, freshly asked."""
        return await (control.fetch_past() if include_past else control.refresh())

    async def _create(
        self,
        control: DeviceControl,
        request: Request,
        programme: Programme,
        dry_run: bool,
        replaced: tuple[ScheduleItem, ...] = (),
    ) -> dict[str, Any]:
        left = replace(
            programme,
            items=tuple(item for item in programme.items if item not in replaced),
        )
        verdict = self._check(control, request, left)
        rule = verdict.effective
        call = control.controller.create_call(rule)
        removals = [control.controller.delete_call(item) for item in replaced]
        response: dict[str, Any] = {
            "schedule_id": rule.id,
            "device": control.device_id,
            "requested": request_dict(request),
            "effective": rule_dict(rule),
            "inexact": [item.as_dict() for item in verdict.adjustments],
            "vendor_calls": [item.as_dict() for item in (call, *removals)],
        }
        if dry_run:
            return response | {"state": "not_sent"}
        with self._write_errors():
            try:
                await self._send_create(control, rule)
                not_deleted = await self._send_deletes(control, replaced)
            except Rejected:
                if not any(item.overlaps(rule.start, rule.end) for item in replaced):
                    raise
                # A cloud that refuses overlaps wants the old one gone first.
                await self._swap(control, rule, replaced)
                not_deleted = {}
        if not_deleted:
            response["not_deleted"] = [
                {"schedule_id": item.id, "cause": str(error)}
                for item, error in not_deleted.items()
            ]
        confirmed = await self._confirmed(control, rule, replaced)
        return response | {"state": "confirmed" if confirmed else "unconfirmed"}

    async def _swap(
        self, control: DeviceControl, rule: Rule, replaced: tuple[ScheduleItem, ...]
    ) -> None:
        """Delete, then create; put back what was deleted when that fails."""
        failures = await self._send_deletes(control, replaced)
        deleted = tuple(item for item in replaced if item not in failures)
        try:
            if failures:
                raise next(iter(failures.values()))
            await self._send_create(control, rule)
        except VendorError as error:
            if lost := await self._put_back(control, deleted):
                raise HomeAssistantError(
                    translation_domain=DOMAIN,
                    translation_key="schedule_lost",
                    translation_placeholders={
                        "cause": str(error),
                        "schedule": summary(lost[0]),
                        "start": _shown(lost[0].start),
                        "end": _shown(lost[0].end),
                    },
                ) from error
            raise

    async def _put_back(
        self, control: DeviceControl, items: tuple[ScheduleItem, ...]
    ) -> list[ScheduleItem]:
        """Create again what was deleted in vain; return what stays lost."""
        earliest = control.capabilities.earliest_start(dt_util.utcnow())
        lost: list[ScheduleItem] = []
        for item in items:
            if (rule := rule_again(item, earliest)) is None:
                continue
            try:
                await self._send_create(control, rule, urgent=True)
            except VendorError as error:
                self._react(error)
                lost.append(item)
        return lost

    def _check(
        self, control: DeviceControl, request: Request, programme: Programme
    ) -> Verdict:
        now = dt_util.utcnow()
        verdict = check(
            request.rule(now), control.capabilities, now, programme, request.inexact
        )
        if verdict.problems:
            problem = verdict.problems[0]
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key=problem.key,
                translation_placeholders={
                    name: _shown(value) for name, value in problem.placeholders.items()
                },
            )
        return verdict

    async def _send_create(
        self, control: DeviceControl, rule: Rule, *, urgent: bool = False
    ) -> None:
        """Create once; where the answer is lost, look whether the cloud holds it."""
        self.budget.spend(urgent=urgent)
        try:
            vendor_id = await control.controller.send(
                control.controller.create_call(rule)
            )
        except OutcomeUnknown:
            if not await self._read_back(control, partial(_holds, rule)):
                raise
            _LOGGER.debug("A create without an answer was found in the list")
        else:
            if vendor_id is not None:
                await self._journal.record(vendor_id, rule)

    async def _send_deletes(
        self, control: DeviceControl, items: Iterable[ScheduleItem]
    ) -> dict[ScheduleItem, VendorError]:
        """Send all of them, whichever fails; return the failures."""
        failures: dict[ScheduleItem, VendorError] = {}
        for item in items:
            try:
                self.budget.spend(urgent=True)
                await control.controller.send(control.controller.delete_call(item))
            except VendorError as failure:
                self._react(failure)
                failures[item] = failure
        return failures

    async def _confirmed(
        self, control: DeviceControl, rule: Rule, replaced: tuple[ScheduleItem, ...]
    ) -> bool:
        """Read back until the cloud holds the rule and nothing that it replaces."""
        return await self._read_back(
            control,
            lambda programme: _holds(rule, programme) and _lacks(replaced, programme),
        )

    async def _delete(
        self, control: DeviceControl, items: tuple[ScheduleItem, ...], dry_run: bool
    ) -> dict[str, Any]:
        asked = items
        items = tuple(item for item in asked if _has_own_handle(item, control))
        calls = [control.controller.delete_call(item) for item in items]
        before = control.programme
        response: dict[str, Any] = {
            "device": control.device_id,
            "deleted": [item_dict(item) for item in items],
            "not_deleted": [item_dict(item) for item in asked if item not in items],
            "left": len(before.items) + len(before.recurring) - len(items),
            "vendor_calls": [call.as_dict() for call in calls],
        }
        if dry_run:
            return response | {"state": "not_sent"}
        with self._write_errors(deleting=True):
            if failures := await self._send_deletes(control, items):
                raise next(iter(failures.values()))
        confirmed = not items or await self._read_back(control, partial(_lacks, items))
        return response | {"state": "confirmed" if confirmed else "unconfirmed"}

    async def _read_back(
        self, control: DeviceControl, holds: Callable[[Programme], bool]
    ) -> bool:
        for wait in READ_BACK_WAITS_S:
            await asyncio.sleep(wait)
            try:
                programme = await control.refresh()
            except HomeAssistantError:
                continue
            if holds(programme):
                return True
        return False

    def _find(self, programme: Programme, schedule_id: str) -> ScheduleItem:
        if (item := programme.find(schedule_id)) is None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="schedule_not_found",
                translation_placeholders={"id": schedule_id},
            )
        return item

    @contextmanager
    def _write_errors(self, *, deleting: bool = False) -> Iterator[None]:
        """Turn a vendor's error into what Home Assistant says of a failed write."""
        try:
            yield
        except VendorError as error:
            self._react(error)
            exception = (
                ServiceValidationError
                if isinstance(error, NotSupported)
                else HomeAssistantError
            )
            raise exception(
                translation_domain=DOMAIN,
                translation_key=write_error_key(error, deleting=deleting),
                translation_placeholders={
                    "cause": str(error),
                    "seconds": seconds_to_wait(error),
                },
            ) from error

    def _react(self, error: VendorError) -> None:
        """Ask for what only the user can give."""
        if isinstance(error, AuthError):
            self._entry.async_start_reauth_if_available(self._hass)
        elif isinstance(error, OptionAuthError):
            async_create_option_login_issue(self._hass, self._entry, error.option)


def _shown(value: str | datetime) -> str:
    """Return a placeholder as the user reads it: instants as local time."""
    if isinstance(value, str):
        return value
    return f"{dt_util.as_local(value):%Y-%m-%d %H:%M}"


def _running(control: DeviceControl, programme: Programme) -> tuple[ScheduleItem, ...]:
    """Return what we have running now, or starting now."""
    now = dt_util.utcnow()
    soon = control.capabilities.earliest_start(now)
    return tuple(
        item for item in programme.own() if item.start <= soon and item.end > now
    )


def _holds(rule: Rule, programme: Programme) -> bool:
    return any(item.fulfils(rule) for item in programme.items)


def _lacks(items: Iterable[ScheduleItem], programme: Programme) -> bool:
    gone = {item.vendor_id for item in items}
    return gone.isdisjoint(item.vendor_id for item in programme.items)


def _has_own_handle(item: ScheduleItem, control: DeviceControl) -> bool:
    """Tell whether deleting by the cloud's id hits this item and no other."""
    ids = [other.vendor_id for other in control.programme.items]
    return item.vendor_id is not None and ids.count(item.vendor_id) == 1
