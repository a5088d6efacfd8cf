"""Brings the cloud to what the rules ask for: take back, send, read back.

Each write is booked in the journal before it goes out. A create whose answer was lost
is looked for, and sent again only when the cloud has not listed it for minutes. Vendor
errors are handed up as they are.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any, Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .control import DeviceControl, new_tag
from .coordinator import EndpointCoordinator
from .core.budget import Budget
from .core.changes import Changes, all_back
from .core.dispatch import RESTORING, State
from .core.errors import NotSupported, RateLimited
from .core.ledger import Ledger
from .core.schedule import ScheduleItem
from .journal import Journal
from .settle_items import ItemSettling, item_calls
from .settle_plan import PlanSettling, edited, is_out_of_place, note_shown, plan_calls
from .vendors.base import (
    Commander,
    ItemController,
    PlanController,
    PlanEdit,
    Rewrite,
    SoloController,
    VendorCall,
)
from .writes import Settled, Writer

READ_BACK_WAITS_S: Final = (0.0, 2.0, 5.0, 10.0)
"""Seconds to wait before each look whether the cloud holds what was asked."""

_WAITING: Final = frozenset({State.SENT, State.ACCEPTED}) | RESTORING


class Settler:
    """Writes what has changed; the caller holds the device's lock."""

    def __init__(self, journal: Journal, budget: Budget) -> None:
        """Take the account's journal and its budget of writes."""
        self.writer = Writer(journal, budget)

    def changes(self, control: DeviceControl, ledger: Ledger | None = None) -> Changes:
        """Return what there is to write for the device's ledger, or another one."""
        changes = (ledger or control.ledger).changes(
            control.capabilities, control.listed, dt_util.utcnow(), new_tag
        )
        controller = control.controller
        if changes or not isinstance(controller, PlanController):
            return changes
        return replace(changes, anew=is_out_of_place(control, controller))

    def calls(
        self,
        control: DeviceControl,
        changes: Changes,
        extra: Iterable[ScheduleItem] = (),
    ) -> tuple[VendorCall, ...]:
        """Return the calls that changes come to, in the order in which they go out."""
        controller = control.controller
        if isinstance(controller, PlanController):
            return plan_calls(control, controller, changes)
        alone = control.capabilities.one_at_a_time
        return item_calls(controller, changes, extra, one_at_a_time=alone)

    async def settle(
        self,
        control: DeviceControl,
        extra: Collection[ScheduleItem] = (),
        *,
        blind: bool = False,
        pausing: bool = False,
    ) -> Settled:
        """Write all that has changed, and read back.

        `extra` are items of others to delete. While the list cannot be read, which is
        `blind`, single items are only taken back, and a whole plan is left alone. When
        `pausing`, all that was sent is taken back.
        """
        settled, loan = Settled(), control.ledger.loan
        controller, ledger = control.controller, control.ledger
        changes = self.changes(control)
        if pausing:
            dispatches = ledger.dispatches.values()
            changes = all_back(ledger.loan, dispatches, dt_util.utcnow())
        if not isinstance(controller, PlanController):
            changes = self._affordable(control, controller, changes)
            items = ItemSettling(control, controller, self.writer, settled)
            await items.run(changes, extra, blind=blind)
        elif not blind:
            await PlanSettling(control, controller, self.writer, settled).run(changes)
        if (changes or extra) and not blind:
            await self._read_back(control, extra)
        if isinstance(controller, PlanController) and not blind:
            note_shown(control, controller)
        await self.writer.book(control)
        if control.ledger.loan is not loan:
            # What is the owner's may be told by it.
            control.tell()
        return settled

    def _affordable(
        self, control: DeviceControl, controller: ItemController, changes: Changes
    ) -> Changes:
        """Return what can be written now; what runs is better than nothing."""
        changes = changes.affordable(self.writer.left)
        if not isinstance(controller, SoloController) or not changes.remove:
            return changes
        try:
            self.writer.check_wait(control.device_id)
            controller.check_replaceable()
        except RateLimited:
            return changes.affordable(0, "rate_limited")
        return changes

    def edited(self, control: DeviceControl, edit: PlanEdit) -> Rewrite:
        """Return an owner's plan with an edit of his; VendorError as a rewrite.

        NotSupported for a plan that is no whole.
        """
        if not isinstance(control.controller, PlanController):
            raise NotSupported("no plan as a whole")
        return edited(control, control.controller, edit)

    async def write(self, control: DeviceControl, rewrite: Rewrite) -> bool:
        """Write an edit of the owner's, and read back; tell whether the cloud shows it.

        Raises `VendorError`.
        """
        controller = control.controller
        if not isinstance(controller, PlanController):
            raise NotSupported("no plan as a whole")
        settling = PlanSettling(control, controller, self.writer, Settled())
        await settling.write(rewrite)
        if not rewrite.calls or (loan := rewrite.loan) is None:
            return True
        for wait in READ_BACK_WAITS_S:
            await asyncio.sleep(wait)
            try:
                await control.refresh()
            except HomeAssistantError:
                continue
            if controller.shows(control.account.readings, loan):
                note_shown(control, controller)
                return True
        return False

    async def command(
        self,
        session: Commander,
        call: VendorCall,
        coordinator: EndpointCoordinator[Any],
        done: Callable[[], bool],
    ) -> bool:
        """Make a call that belongs to no plan, and look; tell whether it was done.

        Raises `VendorError`.
        """
        await self.writer.command(session, call)
        for wait in READ_BACK_WAITS_S:
            await asyncio.sleep(wait)
            await coordinator.async_refresh()
            if coordinator.last_update_success and done():
                return True
        return False

    async def _read_back(
        self, control: DeviceControl, gone: Iterable[ScheduleItem]
    ) -> None:
        """Look until the cloud's list shows all that was written."""
        unwanted = {item.vendor_id for item in gone}
        for wait in READ_BACK_WAITS_S:
            await asyncio.sleep(wait)
            try:
                programme = await control.refresh()
            except HomeAssistantError:
                continue
            dispatches = control.ledger.dispatches.values()
            if any(item.state in _WAITING for item in dispatches):
                continue
            if unwanted.isdisjoint(item.vendor_id for item in programme.items):
                return
