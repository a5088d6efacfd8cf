"""The only place that writes to a vendor.

A write goes: lock of the device, fresh list, check, budget, call, read back. A create
whose answer was lost is looked up, never repeated. Vendor errors of writes become Home
Assistant errors here and nowhere else.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .account import LoadedAccount
from .const import DOMAIN
from .core.budget import Budget
from .core.capabilities import Capabilities, Support, Verdict, check
from .core.errors import (
    AuthError,
    NotSupported,
    OptionAuthError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from .core.schedule import Action, Owner, Programme, Rule, ScheduleItem, Source
from .plan_data import Request, item_dict, request_dict, rule_dict
from .repairs import async_create_option_login_issue
from .staging import Staging
from .vendors.base import ScheduleController, VendorCall

_LOGGER = logging.getLogger(__name__)

WRITES_PER_HOUR: Final = 120
RESERVED_WRITES: Final = 40
READ_BACK_WAITS_S: Final = (0.0, 2.0, 5.0, 10.0)
"""Seconds to wait before each look whether the cloud holds what was asked."""


@dataclass(slots=True)
class DeviceControl:
    """One device that has a plan: its controller, its lock, its staging."""

    controller: ScheduleController
    account: LoadedAccount
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    staging: Staging = field(default_factory=Staging)

    @property
    def device_id(self) -> str:
        """The device that is controlled."""
        return self.controller.device_id

    @property
    def capabilities(self) -> Capabilities:
        """What the device can express, by what is known now."""
        return self.controller.capabilities(self.account.readings)

    @property
    def programme(self) -> Programme:
        """What the cloud had planned when it was asked last."""
        return self.controller.programme(self.account.readings) or Programme()

    @property
    def stageable(self) -> tuple[Action, ...]:
        """The actions that the device can do just as they are meant."""
        actions = self.capabilities.actions
        return tuple(
            action for action, how in actions.items() if how.support is Support.NATIVE
        )

    @property
    def staged_action(self) -> Action | None:
        """The action of the next schedule: the chosen one, else the first."""
        if self.staging.action in self.stageable:
            return self.staging.action
        return next(iter(self.stageable), None)

    @property
    def selected(self) -> ScheduleItem | None:
        """The schedule chosen in the selector, None once it is gone."""
        if self.staging.selected is None:
            return None
        return self.programme.find(self.staging.selected)

    async def refresh(self) -> Programme:
        """Ask the cloud what it has planned; HomeAssistantError when it cannot say."""
        coordinator = self.account.coordinators[self.controller.read_back]
        await coordinator.async_refresh()
        if not coordinator.last_update_success:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="plan_unknown"
            )
        return self.programme


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
                    controller, self._account
                )

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
        async with control.lock:
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
        async with control.lock:
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
        async with control.lock:
            programme = await control.refresh()
            now = dt_util.utcnow()
            forced = tuple(
                item
                for item in programme.own()
                if item.source is Source.MANUAL and item.active_at(now)
            )
            return await self._create(control, request, programme, dry_run, forced)

    async def delete(
        self, control: DeviceControl, schedule_id: str, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Delete one schedule, ours or one that was named; never the network's."""
        async with control.lock:
            item = self._find(await control.refresh(), schedule_id)
            return await self._delete(control, (item,), dry_run)

    async def delete_all(
        self, control: DeviceControl, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """Delete every schedule of ours; say how many others were left."""
        async with control.lock:
            own = (await control.refresh()).own()
            return await self._delete(control, own, dry_run)

    async def stop(
        self, control: DeviceControl, *, dry_run: bool = False
    ) -> dict[str, Any]:
        """End what we have running now; what is planned for later stays."""
        async with control.lock:
            now = dt_util.utcnow()
            running = tuple(
                item for item in (await control.refresh()).own() if item.active_at(now)
            )
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
        async with control.lock:
            try:
                with self._write_errors():
                    self.budget.spend(urgent=True)
                    await control.controller.reset_base_mode()
            except HomeAssistantError as error:
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
        if not include_past:
            return await control.refresh()
        with self._write_errors():
            return await control.controller.fetch_past()

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
        await self._send_create(control, rule, call)
        await self._send_deletes(control, removals)
        confirmed = await self._confirmed(control, rule, replaced)
        return response | {"state": "confirmed" if confirmed else "unconfirmed"}

    def _check(
        self, control: DeviceControl, request: Request, programme: Programme
    ) -> Verdict:
        now = dt_util.utcnow()
        verdict = check(
            request.rule(now), control.capabilities, now, programme, request.inexact
        )
        for problem in verdict.problems:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key=problem.key,
                translation_placeholders={
                    name: _shown(value) for name, value in problem.placeholders.items()
                },
            )
        return verdict

    async def _send_create(
        self, control: DeviceControl, rule: Rule, call: VendorCall
    ) -> None:
        with self._write_errors():
            self.budget.spend()
            try:
                await control.controller.send(call)
            except OutcomeUnknown:
                programme = await control.refresh()
                if not any(item.fulfils(rule) for item in programme.items):
                    raise
                _LOGGER.debug("A create without an answer was found in the list")

    async def _send_deletes(
        self, control: DeviceControl, calls: Iterable[VendorCall]
    ) -> None:
        """Send all of them, whichever fails; then raise the first failure."""
        failures: list[HomeAssistantError] = []
        for call in calls:
            try:
                with self._write_errors():
                    self.budget.spend(urgent=True)
                    await control.controller.send(call)
            except HomeAssistantError as failure:
                failures.append(failure)
        if failures:
            raise failures[0]

    async def _confirmed(
        self, control: DeviceControl, rule: Rule, replaced: tuple[ScheduleItem, ...]
    ) -> bool:
        """Read back until the cloud holds the rule and nothing that it replaces."""
        gone = {item.vendor_id for item in replaced}

        def holds(programme: Programme) -> bool:
            return any(item.fulfils(rule) for item in programme.items) and not any(
                item.vendor_id in gone for item in programme.items
            )

        return await self._read_back(control, holds)

    async def _delete(
        self, control: DeviceControl, items: tuple[ScheduleItem, ...], dry_run: bool
    ) -> dict[str, Any]:
        for item in items:
            if item.owner is Owner.NETWORK or item.vendor_id is None:
                raise ServiceValidationError(
                    translation_domain=DOMAIN, translation_key="not_deletable"
                )
        calls = [control.controller.delete_call(item) for item in items]
        before = control.programme
        response: dict[str, Any] = {
            "device": control.device_id,
            "deleted": [item_dict(item) for item in items],
            "left": len(before.items) + len(before.recurring) - len(items),
            "vendor_calls": [call.as_dict() for call in calls],
        }
        if dry_run:
            return response | {"state": "not_sent"}
        await self._send_deletes(control, calls)
        gone = {item.vendor_id for item in items}
        confirmed = not items or await self._read_back(
            control,
            lambda programme: (
                not any(item.vendor_id in gone for item in programme.items)
            ),
        )
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
    def _write_errors(self) -> Iterator[None]:
        """Turn a vendor's error into what Home Assistant says of a failed write."""
        try:
            yield
        except VendorError as error:
            if isinstance(error, AuthError):
                self._entry.async_start_reauth_if_available(self._hass)
            elif isinstance(error, OptionAuthError):
                async_create_option_login_issue(self._hass, self._entry, error.option)
            exception = (
                ServiceValidationError
                if isinstance(error, NotSupported)
                else HomeAssistantError
            )
            raise exception(
                translation_domain=DOMAIN,
                translation_key=_write_error_key(error),
                translation_placeholders={
                    "cause": str(error),
                    "seconds": _seconds(error),
                },
            ) from error


def _shown(value: str | datetime) -> str:
    """Return a placeholder as the user reads it: instants as local time."""
    if isinstance(value, str):
        return value
    return f"{dt_util.as_local(value):%Y-%m-%d %H:%M}"


def _write_error_key(error: VendorError) -> str:
    for kind, key in (
        (AuthError, "write_credentials_refused"),
        (OptionAuthError, "option_login_refused"),
        (RateLimited, "write_rate_limited"),
        (Rejected, "write_rejected"),
        (NotSupported, "write_not_supported"),
        (OutcomeUnknown, "write_outcome_unknown"),
        (TransientError, "write_cannot_connect"),
    ):
        if isinstance(error, kind):
            return key
    return "write_unexpected_answer"


def _seconds(error: VendorError) -> str:
    wait = error.retry_after if isinstance(error, RateLimited) else None
    return "60" if wait is None else f"{wait:.0f}"
