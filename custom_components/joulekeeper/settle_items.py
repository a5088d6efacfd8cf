"""Settles a plan of single items: each is created and deleted by a call of its own."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from homeassistant.util import dt as dt_util

from .control import DeviceControl
from .core.changes import Changes
from .core.dispatch import Dispatch, State
from .core.errors import NotWrittenDown, RateLimited, Rejected, VendorError
from .core.ledger import Ledger
from .core.schedule import Owner, ScheduleItem
from .vendors.base import ItemController, VendorCall
from .writes import Settled, Writer, after_failure

_UNSENT = frozenset({State.QUEUED, State.REJECTED})


def item_calls(
    controller: ItemController,
    changes: Changes,
    extra: Iterable[ScheduleItem] = (),
    *,
    one_at_a_time: bool = False,
) -> tuple[VendorCall, ...]:
    """Return the calls that changes come to, in the order in which they go out."""
    now = dt_util.utcnow()
    removed = [item for item in changes.remove if item.vendor_id]
    later = (item_of(item) for item in removed if not item.active_at(now))
    running = (item_of(item) for item in removed if item.active_at(now))
    delete, create = controller.delete_call, controller.create_call
    if one_at_a_time:
        return (
            *map(delete, (*later, *extra, *running)),
            *(create(item.segment) for item in changes.send),
        )
    return (
        *map(delete, (*later, *extra)),
        *(create(item.segment) for item in changes.send),
        *map(delete, running),
    )


@dataclass(frozen=True, slots=True)
class ItemSettling:
    """One device while it is settled; the caller holds its lock."""

    control: DeviceControl
    controller: ItemController
    writer: Writer
    settled: Settled

    async def run(
        self, changes: Changes, extra: Collection[ScheduleItem], *, blind: bool
    ) -> None:
        """Take back, send, and take back what is replaced only then.

        `extra` are items of others to delete. Where one runs at a time, what runs goes
        first, for taking it back would end what came after it.
        """
        ledger = self.control.ledger
        one_at_a_time = self.control.capabilities.one_at_a_time
        before = dict(ledger.dispatches)
        ledger.take(changes)
        await self.writer.save()
        now = dt_util.utcnow()
        running = [item for item in changes.remove if item.active_at(now)]
        later = [item for item in changes.remove if item not in running]
        await self._take_back(later)
        await self._delete(extra)
        if one_at_a_time:
            await self._take_back(running, unnamed=True)
            running = []
        if not blind:
            for dispatch in changes.send:
                if one_at_a_time and self._in_the_way(dispatch):
                    continue
                await self._send(dispatch, running)
        for kept in _still_needed(ledger, running, changes.send):
            ledger.dispatches[kept.id] = before[kept.id]
            running.remove(kept)
        await self._take_back(running)

    async def _send(self, dispatch: Dispatch, running: list[Dispatch]) -> None:
        """Send one item; what it replaces goes first where overlaps are refused."""
        error = await self._try_to_send(dispatch)
        if isinstance(error, Rejected) and any(map(dispatch.makes_room_for, running)):
            await self._take_back(running)
            running.clear()
            error = await self._try_to_send(dispatch)
        if error is not None:
            self.settled.failed_to_send(dispatch, error)

    async def _try_to_send(self, dispatch: Dispatch) -> VendorError | None:
        control, dispatches = self.control, self.control.ledger.dispatches
        try:
            self.writer.spend(device_id=control.device_id)
        except RateLimited as error:
            dispatches[dispatch.id] = dispatch.queued(self.writer.waits_for())
            control.record()
            return error
        sent = dispatches[dispatch.id] = dispatch.sent(dt_util.utcnow())
        failure: VendorError | None = None
        try:
            if not await self.writer.book(control):
                raise NotWrittenDown("the journal could not be saved")
            call = self.controller.create_call(dispatch.segment)
            after = sent.accepted(await self.writer.call(control, call, self.settled))
        except VendorError as error:
            failure, after = error, after_failure(sent, error)
        dispatches[dispatch.id] = after
        control.record()
        return failure

    def _in_the_way(self, dispatch: Dispatch) -> bool:
        """Book that something has to wait, if what runs could not be taken back."""
        if not self.settled.kept:
            return False
        error = self.settled.errors[-1]
        waits = "rate_limited" if isinstance(error, RateLimited) else "cannot_connect"
        self.control.ledger.dispatches[dispatch.id] = dispatch.queued(waits)
        self.control.record()
        return True

    async def _take_back(
        self, dispatches: Iterable[Dispatch], *, unnamed: bool = False
    ) -> None:
        """Delete what is no longer wanted; one without a handle shows up later.

        With `unnamed` none needs a handle.
        """
        for dispatch in dispatches:
            if dispatch.vendor_id is None and not unnamed:
                continue
            calls = len(self.settled.calls)
            deleted = await self._delete((item_of(dispatch),))
            if not deleted and len(self.settled.calls) > calls:
                tried = dispatch.restore_tried()
                self.control.ledger.dispatches[dispatch.id] = tried
                self.control.record()

    async def _delete(self, items: Iterable[ScheduleItem]) -> bool:
        """Delete items, whichever fails; tell whether none did."""
        failed = False
        for item in items:
            call = self.controller.delete_call(item)
            try:
                self.writer.spend(urgent=True)
                await self.writer.call(self.control, call, self.settled)
            except VendorError as error:
                self.settled.kept[item.vendor_id or ""] = error
                self.settled.errors.append(error)
                failed = True
        return not failed


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
        owner=Owner.OWN,
        start=segment.start,
        end=segment.end,
        power_w=segment.power_w,
        limits=segment.limits,
        rule_id=segment.rule_id,
        source=segment.source,
    )
