"""Changes of settings: of the owner's plan, or by calls of their own.

Edits of one plan that come together are written together: a start with its end, or all
that an automation sets at once. While the cloud wants a pause before the next write,
and while somebody else writes, more of them may come. All who asked get the outcome.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .account import LoadedAccount
from .const import DOMAIN
from .control import DeviceControl
from .controls import Controls
from .core.errors import VendorError
from .core.models import Device, DeviceReadings
from .descriptions import (
    ReadingDateTimeDescription,
    ReadingPlanDescription,
    SettingDescription,
)
from .orders import Orders
from .rule_edits import Caller
from .vendors.base import Commander, PlanController, PlanEdit, VendorCall

COLLECT_FOR_S: Final = 1.0
"""How long edits are waited for that belong together."""
VERB: Final = "change"

type Wanted = Sequence[tuple[SettingDescription, Any]]
"""Settings of a device with their new values, in the order of its table."""


@dataclass(slots=True)
class Changed:
    """What came of it: the calls, and whether the cloud shows what was asked for.

    `after` are the readings as they are to be.
    """

    calls: tuple[VendorCall, ...] = ()
    confirmed: bool = True
    after: DeviceReadings | None = None


@dataclass(slots=True, eq=False)
class _Batch:
    """Edits of one plan that are written together.

    `expected` is the plan that they come to, by what is known. It takes no more edits
    once it is not `open` any longer.
    """

    control: DeviceControl
    expected: Any
    edits: list[PlanEdit] = field(default_factory=list)
    asked: list[tuple[Caller, str]] = field(default_factory=list)
    open: bool = True
    task: asyncio.Task[Changed] | None = None

    def edit(self, plan: Any) -> Any:
        """Make all edits, one after the other."""
        for edit in self.edits:
            plan = edit(plan)
        return plan


class SettingChanges:
    """Changes the settings of one account."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        controls: Controls,
        orders: Orders,
    ) -> None:
        """Take whose plans they are, and who writes."""
        self._hass = hass
        self._entry = entry
        self._controls = controls
        self._orders = orders
        self._newest: dict[str, _Batch] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._listeners: list[Callable[[], None]] = []
        self._staged: dict[str, dict[str, Any]] = {}

    @property
    def _account(self) -> LoadedAccount:
        return self._controls.account

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener after each change; return what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def control_of(self, device: Device) -> DeviceControl | None:
        """Return who has the plan of a device, None where there is no plan."""
        try:
            return self._controls.for_device(device.id)[0]
        except ServiceValidationError:
            return None

    def rows(self, device: Device) -> tuple[SettingDescription, ...]:
        """Return all that may be set of a device, in the order of its tables.

        What is part of its plan is set with any device that has a part in the plan.
        """
        return tuple(
            row
            for row in self._all_rows(device)
            if not isinstance(row, ReadingPlanDescription)
        )

    def plan_of(self, device: Device) -> ReadingPlanDescription | None:
        """Return what shows and changes a device's plan as a whole, if there is any."""
        for row in self._all_rows(device):
            if isinstance(row, ReadingPlanDescription):
                return row
        return None

    def _all_rows(self, device: Device) -> tuple[SettingDescription, ...]:
        sharing = {
            item.kind
            for item in self._account.devices_from(device.source_id)
            if self.control_of(item) is self.control_of(device)
        }
        return tuple(
            row
            for table in self._account.spec.descriptions.values()
            for row in table
            if isinstance(row, SettingDescription)
            and (row.device_kind is device.kind or row.edit_fn is not None)
            and row.device_kind in sharing
        )

    def readings(self, device: Device) -> DeviceReadings:
        """Return a device's readings, its plan as its owner wants it.

        What we have borrowed is not the owner's, and not shown as if it were.
        """
        control = self.control_of(device)
        return self._with_plan(
            device, control, None if control is None else control.owned
        )

    def _with_plan(
        self, device: Device, control: DeviceControl | None, plan: Any | None
    ) -> DeviceReadings:
        own = self._account.readings_of(device)
        if control is None or plan is None:
            return own
        return replace(
            own, readings=own.readings.having(control.controller.read_back, plan)
        )

    async def change(
        self, device: Device, wanted: Wanted, caller: Caller, *, dry_run: bool
    ) -> Changed:
        """Change settings of a device; edits of its plan all at once.

        HomeAssistantError, with a text, for what cannot be, or could not be written.
        """
        self._controls.check_awake()
        edits = [(row, value) for row, value in wanted if row.edit_fn is not None]
        changed = Changed(after=self.readings(device))
        if edits:
            changed = await self._edit(device, edits, caller, dry_run)
        for together in _together(wanted):
            done = await self._command(device, together, caller, dry_run)
            changed.calls += done.calls
            changed.confirmed = changed.confirmed and done.confirmed
        return changed

    # -- what is kept here until it is sent ---------------------------------------

    def staged(self, device: Device) -> Mapping[str, Any]:
        """Return what is kept of a device's settings, by their keys."""
        return self._staged.get(device.id, {})

    def stage(self, device: Device, row: SettingDescription, value: Any) -> None:
        """Keep a value of a setting."""
        self._staged.setdefault(device.id, {})[row.key] = value
        self._tell()

    def with_staged(
        self, device: Device, row: SettingDescription, value: Any
    ) -> Wanted:
        """Return a setting with its new value, and what is to be sent with it."""
        staged = self.staged(device)
        together = [
            (other, staged[other.key])
            for other in (self.rows(device) if staged else ())
            if isinstance(other, ReadingDateTimeDescription)
            and other.key in staged
            and other.sent_with == row.key
        ]
        return (*together, (row, value))

    def unstage(self, device: Device, wanted: Wanted) -> None:
        """Forget what has been sent, unless something else is kept by now."""
        kept = self._staged.get(device.id, {})
        for row, value in wanted:
            if row.key in kept and kept[row.key] == value:
                del kept[row.key]

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    # -- the plan --------------------------------------------------------------

    async def _edit(
        self, device: Device, wanted: Wanted, caller: Caller, dry_run: bool
    ) -> Changed:
        if (control := self.control_of(device)) is None or control.owned is None:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="plan_unknown"
            )
        if dry_run:
            async with self._controls.turn(control):
                await control.refresh()
                batch = _Batch(control, control.owned)
                self._join(batch, device, wanted)
                with self._orders.setting():
                    rewrite = self._orders.settler.edited(control, batch.edit)
            after = self._with_plan(device, control, batch.expected)
            return Changed(rewrite.calls, after=after)
        newest = self._newest.get(control.device_id)
        if newest is not None and newest.open:
            batch = newest
        else:
            # What is being written now is what the next edit builds on.
            batch = _Batch(control, newest.expected if newest else control.owned)
        self._join(batch, device, wanted)
        batch.asked.append((caller, ", ".join(row.key for row, _ in wanted)))
        after = self._with_plan(device, control, batch.expected)
        if batch.task is None:
            self._newest[control.device_id] = batch
            batch.task = self._entry.async_create_background_task(
                self._hass, self._write(batch), f"{DOMAIN} settings"
            )
        # Who gives up waiting must not stop what others wait for.
        return replace(await asyncio.shield(batch.task), after=after)

    def _join(self, batch: _Batch, device: Device, wanted: Wanted) -> None:
        """Add edits to a batch, all or none."""
        expected, edits = batch.expected, []
        with self._orders.setting():
            for row, value in wanted:
                readings = self._with_plan(device, batch.control, expected)
                if row.edit_fn is not None:
                    edits.append(edit := row.edit_fn(readings, value))
                    expected = edit(expected)
        batch.edits += edits
        batch.expected = expected

    async def _write(self, batch: _Batch) -> Changed:
        """Wait for what comes with it, and write it."""
        control = batch.control
        try:
            await asyncio.sleep(COLLECT_FOR_S)
            while (wait := self._wait_s(batch)) > 0:
                await asyncio.sleep(wait)
            async with self._controls.turn(control):
                await control.refresh()
                batch.open = False
                with self._orders.setting():
                    rewrite = self._orders.settler.edited(control, batch.edit)
                    for caller, what in batch.asked:
                        self._orders.log(control, VERB, caller, None, what)
                    confirmed = await self._orders.settler.write(control, rewrite)
                return Changed(rewrite.calls, confirmed)
        except asyncio.CancelledError:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="account_closing"
            ) from None
        finally:
            batch.open = False
            if self._newest.get(control.device_id) is batch:
                del self._newest[control.device_id]
            self._tell()

    def _wait_s(self, batch: _Batch) -> float:
        """Return how long the cloud wants a pause before the batch can be written."""
        controller = batch.control.controller
        if not isinstance(controller, PlanController):
            return 0.0
        try:
            rewrite = self._orders.settler.edited(batch.control, batch.edit)
        except VendorError:
            return 0.0
        return max(map(controller.wait_s, rewrite.calls), default=0.0)

    # -- calls of their own ----------------------------------------------------

    async def finished(self) -> None:
        """Wait for the calls that are being made."""
        for turn in list(self._turns.values()):
            async with turn:
                pass

    async def _command(
        self,
        device: Device,
        wanted: Wanted,
        caller: Caller,
        dry_run: bool,
    ) -> Changed:
        """Make one call for all that it sets together."""
        session, readings = self._account.session, self._account.readings_of(device)
        coordinator = self._account.coordinators.get(
            wanted[0][0].endpoint_ids(device.source_id)[0]
        )
        if coordinator is None:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="account_closing"
            )
        async with self._turns.setdefault(device.id, asyncio.Lock()):
            self._controls.check_awake()
            # What was read last may be minutes old.
            await coordinator.async_refresh()
            with self._orders.setting():
                call = _call_for(readings, wanted)
                if call is None or not isinstance(session, Commander):
                    return Changed()
                if dry_run:
                    return Changed((call,))
                if (control := self.control_of(device)) is not None:
                    what = ", ".join(row.key for row, _ in wanted)
                    self._orders.log(control, VERB, caller, None, what)
                done = await self._orders.settler.command(
                    session,
                    call,
                    coordinator,
                    lambda: all(row.is_done(readings, value) for row, value in wanted),
                )
            return Changed((call,), done)


def _together(wanted: Wanted) -> tuple[Wanted, ...]:
    """Return what is set by calls of its own, each with all that one call sets."""
    found: dict[int, list[tuple[SettingDescription, Any]]] = {}
    for row, value in wanted:
        if row.has_call:
            found.setdefault(id(row.group or row), []).append((row, value))
    return tuple(found.values())


def _call_for(readings: DeviceReadings, wanted: Wanted) -> VendorCall | None:
    """Return the call that sets what belongs together; `InvalidRequest` as the rows."""
    (first, value), group = wanted[0], wanted[0][0].group
    if group is None:
        return first.call_fn(readings, value) if first.call_fn else None
    draft = group.draft_fn(readings)
    for row, each in wanted:
        if row.draft_fn is not None:
            draft = row.draft_fn(draft, each)
    return group.call_fn(readings, draft)
