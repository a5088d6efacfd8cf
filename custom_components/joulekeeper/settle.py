"""Brings the cloud to what the rules ask for: take back, send, read back.

Each write is booked in the journal before it goes out. A create whose answer was lost
is looked for, and sent again only when the cloud has not listed it for minutes. Vendor
errors are handed up as they are.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .control import DeviceControl, new_tag
from .core.budget import Budget
from .core.changes import Changes
from .core.dispatch import RESTORING, Dispatch, State
from .core.errors import (
    AuthError,
    NotWrittenDown,
    OptionAuthError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from .core.ledger import Ledger
from .core.schedule import ScheduleItem
from .journal import Journal
from .vendors.base import VendorCall

READ_BACK_WAITS_S: Final = (0.0, 2.0, 5.0, 10.0)
"""Seconds to wait before each look whether the cloud holds what was asked."""

_WAITING: Final = frozenset({State.SENT, State.ACCEPTED}) | RESTORING
_UNSENT: Final = frozenset({State.QUEUED, State.REJECTED})


@dataclass(slots=True)
class Settled:
    """What came of it: the calls that were made, in order, and their errors.

    `refused` are the errors of what was sent, by dispatch, that trying again would not
    mend; `kept` those of what could not be taken back, by the cloud's id.
    """

    calls: list[VendorCall] = field(default_factory=list)
    refused: dict[str, VendorError] = field(default_factory=dict)
    kept: dict[str, VendorError] = field(default_factory=dict)
    errors: list[VendorError] = field(default_factory=list)

    @property
    def patience(self) -> timedelta:
        """How long to wait before anything is tried again, as far as it was told."""
        waits = (
            error.retry_after or 0
            for error in self.errors
            if isinstance(error, RateLimited)
        )
        return timedelta(seconds=max(waits, default=0))


class Settler:
    """Writes what has changed; the caller holds the device's lock."""

    def __init__(self, journal: Journal, budget: Budget) -> None:
        """Take the account's journal and its budget of writes."""
        self._journal = journal
        self._budget = budget
        self._not_before: datetime | None = None

    def changes(self, control: DeviceControl, ledger: Ledger | None = None) -> Changes:
        """Return what there is to write for the device's ledger, or another one."""
        return (ledger or control.ledger).changes(
            control.capabilities, control.listed, dt_util.utcnow(), new_tag
        )

    def calls(
        self,
        control: DeviceControl,
        changes: Changes,
        extra: Iterable[ScheduleItem] = (),
    ) -> tuple[VendorCall, ...]:
        """Return the calls that changes come to, in the order in which they go out."""
        now = dt_util.utcnow()
        removed = [item for item in changes.remove if item.vendor_id]
        later = (item_of(item) for item in removed if not item.active_at(now))
        running = (item_of(item) for item in removed if item.active_at(now))
        delete, create = control.controller.delete_call, control.controller.create_call
        return (
            *map(delete, (*later, *extra)),
            *(create(item.segment) for item in changes.send),
            *map(delete, running),
        )

    async def settle(
        self,
        control: DeviceControl,
        extra: Collection[ScheduleItem] = (),
        *,
        blind: bool = False,
    ) -> Settled:
        """Write all that has changed, and read back.

        `extra` are items of others to delete. While the list cannot be read, which is
        `blind`, things are only taken back.
        """
        settled = Settled()
        changes = self.changes(control).affordable(self._budget.left)
        before = dict(control.ledger.dispatches)
        control.ledger.take(changes)
        await self._journal.save()
        now = dt_util.utcnow()
        running = [item for item in changes.remove if item.active_at(now)]
        later = [item for item in changes.remove if item not in running]
        await self._take_back(control, later, settled)
        await self._delete(control, extra, settled)
        if not blind:
            for dispatch in changes.send:
                await self._send(control, dispatch, running, settled)
        for kept in _still_needed(control.ledger, running, changes.send):
            control.ledger.dispatches[kept.id] = before[kept.id]
            running.remove(kept)
        await self._take_back(control, running, settled)
        if (changes or extra) and not blind:
            await self._read_back(control, extra)
        await self._book(control)
        return settled

    async def _book(self, control: DeviceControl) -> bool:
        """Write down how things are; tell whether it is on the disk."""
        control.record()
        return await self._journal.save()

    def spend(self, *, urgent: bool = False) -> None:
        """Book a write; `RateLimited` while the cloud, or our budget, allows none."""
        now = dt_util.utcnow()
        if self._not_before is not None and now < self._not_before:
            wait = self._not_before - now
            raise RateLimited("the cloud asked to wait", wait.total_seconds())
        self._budget.spend(urgent=urgent)
        self._journal.count_write()

    async def _call(self, control: DeviceControl, call: VendorCall) -> str | None:
        try:
            return await control.controller.send(call)
        except RateLimited as error:
            wait = timedelta(seconds=error.retry_after or 0)
            self._not_before = dt_util.utcnow() + wait
            raise

    async def _send(
        self,
        control: DeviceControl,
        dispatch: Dispatch,
        running: list[Dispatch],
        settled: Settled,
    ) -> None:
        """Send one item; what it replaces goes first where overlaps are refused."""
        segment = dispatch.segment
        error = await self._try_to_send(control, dispatch, settled)
        if isinstance(error, Rejected) and any(
            segment.overlaps(item.segment.start, item.segment.end) for item in running
        ):
            await self._take_back(control, running, settled)
            running.clear()
            error = await self._try_to_send(control, dispatch, settled)
        if error is None:
            return
        settled.errors.append(error)
        if not isinstance(error, TransientError | RateLimited):
            settled.refused[dispatch.id] = error

    async def _try_to_send(
        self, control: DeviceControl, dispatch: Dispatch, settled: Settled
    ) -> VendorError | None:
        ledger = control.ledger
        try:
            self.spend()
        except RateLimited as error:
            waits = self._budget.left > 0
            reason = "rate_limited" if waits else "budget"
            ledger.dispatches[dispatch.id] = dispatch.queued(reason)
            control.record()
            return error
        unsent = dispatch
        dispatch = ledger.dispatches[dispatch.id] = dispatch.sent(dt_util.utcnow())
        if not await self._book(control):
            ledger.dispatches[dispatch.id] = unsent.queued("journal_not_saved")
            control.record()
            return NotWrittenDown("the journal could not be saved")
        failure: VendorError | None = None
        call = control.controller.create_call(dispatch.segment)
        settled.calls.append(call)
        try:
            vendor_id = await self._call(control, call)
            after = dispatch.accepted(vendor_id)
        except OutcomeUnknown as error:
            failure, after = error, dispatch
        except RateLimited as error:
            failure, after = error, dispatch.not_sent("rate_limited")
        except TransientError as error:
            failure, after = error, dispatch.not_sent("cannot_connect")
        except (AuthError, OptionAuthError) as error:
            failure, after = error, dispatch.not_sent("credentials_refused")
        except VendorError as error:
            failure = error
            after = dispatch.finished(State.REJECTED, dt_util.utcnow(), "refused")
        ledger.dispatches[dispatch.id] = after
        control.record()
        return failure

    async def _take_back(
        self,
        control: DeviceControl,
        dispatches: Iterable[Dispatch],
        settled: Settled,
    ) -> None:
        """Delete what is no longer wanted; one without a handle shows up later."""
        for dispatch in dispatches:
            if dispatch.vendor_id is None:
                continue
            calls = len(settled.calls)
            deleted = await self._delete(control, (item_of(dispatch),), settled)
            if not deleted and len(settled.calls) > calls:
                control.ledger.dispatches[dispatch.id] = dispatch.restore_tried()
                control.record()

    async def _delete(
        self,
        control: DeviceControl,
        items: Iterable[ScheduleItem],
        settled: Settled,
    ) -> bool:
        """Delete items, whichever fails; tell whether none did."""
        failed = False
        for item in items:
            call = control.controller.delete_call(item)
            try:
                self.spend(urgent=True)
                settled.calls.append(call)
                await self._call(control, call)
            except VendorError as error:
                settled.kept[item.vendor_id or ""] = error
                settled.errors.append(error)
                failed = True
        return not failed

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


def _still_needed(
    ledger: Ledger, running: Iterable[Dispatch], sent: Iterable[Dispatch]
) -> list[Dispatch]:
    """Return what runs and is to be replaced by what could not be sent yet.

    The old one is better than none while the new one has to wait.
    """
    waiting = [item for item in sent if ledger.dispatches[item.id].state in _UNSENT]
    return [
        item
        for item in running
        if item.outcome is State.SUPERSEDED
        and any(item.makes_room_for(other) for other in waiting)
    ]


def item_of(dispatch: Dispatch) -> ScheduleItem:
    """Return the item that a dispatch stands for, as far as deleting it needs."""
    segment = dispatch.segment
    return ScheduleItem(
        vendor_id=dispatch.vendor_id,
        action=segment.action,
        vendor_mode="",
        start=segment.start,
        end=segment.end,
        power_w=segment.power_w,
        limits=segment.limits,
        rule_id=segment.rule_id,
        source=segment.source,
    )
