"""Settles a plan that a cloud takes only as a whole: what is lent, and given back."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from homeassistant.util import dt as dt_util

from .control import DeviceControl
from .core.changes import Changes
from .core.dispatch import RESTORING, Dispatch, State
from .core.errors import (
    InvalidRequest,
    NotWrittenDown,
    OutcomeUnknown,
    RateLimited,
    VendorError,
)
from .core.ledger import Ledger
from .core.loan import Loan
from .core.timeline import Segment
from .vendors.base import PlanController, PlanEdit, Rewrite, VendorCall
from .writes import Settled, Writer, after_failure, came_to_nothing

NO_SLOT = "no_slot"


def plan_calls(
    control: DeviceControl, controller: PlanController, changes: Changes
) -> tuple[VendorCall, ...]:
    """Return the calls that changes come to, in the order in which they go out."""
    trial = control.ledger.copy()
    trial.take(changes)
    return _rewrite(control, controller, trial, changes).calls


def _rewrite(
    control: DeviceControl, controller: PlanController, ledger: Ledger, changes: Changes
) -> Rewrite:
    """Return the plan with what is held and what is to be sent, whatever else goes."""
    sending = {item.id for item in changes.send}
    segments = [
        item.segment
        for item in ledger.live()
        if item.id in sending or item.state is not State.QUEUED
    ]
    now = dt_util.utcnow()
    return controller.rewrite(control.account.readings, ledger.loan, segments, now)


def _held(control: DeviceControl) -> list[Segment]:
    """Return what of ours is in the plan."""
    live = control.ledger.live()
    return [item.segment for item in live if item.state is not State.QUEUED]


def moved(control: DeviceControl, rewrite: Rewrite) -> list[Dispatch]:
    """Return what of ours has another place in a plan than before.

    As when the plant's clock has changed, or only now is known.
    """
    return [
        item
        for item in control.ledger.live()
        if item.vendor_id is not None
        and rewrite.ids.get(item.id, item.vendor_id) != item.vendor_id
    ]


def is_out_of_place(control: DeviceControl, controller: PlanController) -> bool:
    """Tell whether what of ours is in the plan belongs elsewhere by now."""
    loan = control.ledger.loan
    if loan is None or not loan.mine:
        return False
    readings, now = control.account.readings, dt_util.utcnow()
    try:
        rewrite = controller.rewrite(readings, loan, _held(control), now)
    except VendorError:
        return False
    return bool(moved(control, rewrite))


def edited(
    control: DeviceControl, controller: PlanController, edit: PlanEdit
) -> Rewrite:
    """Return the owner's plan as he edits it, with what of ours is in it now.

    Raises `VendorError` as a rewrite does, and InvalidRequest `no_room` for an edit that
    leaves no place for ours.
    """
    held = _held(control)
    rewrite = controller.rewrite(
        control.account.readings, control.ledger.loan, held, dt_util.utcnow(), edit
    )
    if not {segment.tag for segment in held} <= rewrite.ids.keys():
        raise InvalidRequest("what is running finds no place", reason="no_room")
    return rewrite


def note_shown(control: DeviceControl, controller: PlanController) -> None:
    """Forget what was there before a write, once the cloud shows what was written.

    What looks like it from then on is an edit of the owner's. What has been given back
    is no loan any more.
    """
    loan, now = control.ledger.loan, dt_util.utcnow()
    if loan is None or not loan.earlier:
        return
    if loan.comes_back and loan.is_fresh(now):
        return
    if controller.shows(control.account.readings, loan):
        ours = loan.mine or control.ledger.restoring()
        control.ledger.loan = replace(loan, earlier=[]) if ours else None
        control.journal.save_soon()


@dataclass(frozen=True, slots=True)
class PlanSettling:
    """One device while it is settled; the caller holds its lock, its plan is fresh."""

    control: DeviceControl
    controller: PlanController
    writer: Writer
    settled: Settled

    async def run(self, changes: Changes) -> None:
        """Write the plan anew, if anything has changed."""
        ledger = self.control.ledger
        ledger.take(changes)
        await self.writer.save()
        if not changes:
            return
        try:
            rewrite = _rewrite(self.control, self.controller, ledger, changes)
            if len(rewrite.calls) > self.writer.left and changes.gives_back:
                # The reserve is for what goes back; what is new has to wait.
                changes = self._put_off(changes)
                rewrite = _rewrite(self.control, self.controller, ledger, changes)
        except VendorError as error:
            self._fail(changes, error)
            return
        shown = self._still_shown(changes)
        sent = [item for item in changes.send if item.id in rewrite.ids]
        for dispatch in changes.send:
            if dispatch.id not in rewrite.ids:
                self._put(dispatch.queued(NO_SLOT))
        try:
            self.writer.spend(len(rewrite.calls), urgent=not sent)
        except RateLimited as error:
            for dispatch in sent:
                self._put(dispatch.queued(self.writer.waits_for()))
            self._keep(changes, error, tried=False)
            return
        now = dt_util.utcnow()
        for dispatch in sent:
            self._put(dispatch.sent(now).accepted(rewrite.ids[dispatch.id]))
        in_their_places = moved(self.control, rewrite)
        for dispatch in in_their_places:
            self._put(replace(dispatch, vendor_id=rewrite.ids[dispatch.id]))
        before, ledger.loan = ledger.loan, rewrite.loan
        # What is given back may be written without a trace; what is lent may not.
        if not await self.writer.book(self.control) and rewrite.ids:
            self._stay(before, in_their_places)
            self.writer.refund(len(rewrite.calls))
            unsaved = NotWrittenDown("the journal could not be saved")
            if not changes.gives_back:
                self._fail(changes, unsaved)
                return
            for dispatch in sent:
                self._put(dispatch.queued("journal_not_saved"))
                self.settled.failed_to_send(dispatch, unsaved)
            try:
                rewrite = self._owners_alone(unsaved)
            except VendorError as refused:
                self._keep(changes, refused, tried=False)
                return
        try:
            await self._call(rewrite)
        except VendorError as error:
            if self._nothing_done(rewrite, error):
                self._stay(before, in_their_places)
            self._fail(changes, error)
        else:
            self._count_tries(shown)

    def _owners_alone(self, error: NotWrittenDown) -> Rewrite:
        """Return the plan without any of ours, and book that nothing of it is there.

        What goes only for want of a journal is laid again once there is one.
        """
        ledger = self.control.ledger
        readings, now = self.control.account.readings, dt_util.utcnow()
        rewrite = self.controller.rewrite(readings, ledger.loan, (), now)
        self.writer.spend(len(rewrite.calls), urgent=True)
        for dispatch in ledger.live():
            if dispatch.state is not State.QUEUED:
                self._put(after_failure(dispatch, error))
        ledger.loan = rewrite.loan
        return rewrite

    def _still_shown(self, changes: Changes) -> tuple[str, ...]:
        """Return what is to be taken back, and is in a list that is not outdated."""
        listed = self.control.listed
        if listed.outdated_until is not None and dt_util.utcnow() < (
            listed.outdated_until
        ):
            return ()
        shown = self.control.ledger.matched(listed)
        return tuple(item.id for item in changes.remove if item.id in shown)

    def _count_tries(self, shown: Iterable[str]) -> None:
        """Count a try for what was shown, whether it took a call or not.

        What stays for ever is told so at last, whatever the reason.
        """
        for dispatch_id in shown:
            booked = self.control.ledger.dispatches[dispatch_id]
            if booked.state in RESTORING:
                self._put(booked.restore_tried())

    def _stay(self, loan: Loan | None, in_their_places: list[Dispatch]) -> None:
        """Book that the plan is as it was, and what of ours is in it where it was."""
        self.control.ledger.loan = loan
        for dispatch in in_their_places:
            self._put(dispatch)

    def _put_off(self, changes: Changes) -> Changes:
        """Return the changes without anything new."""
        for dispatch in changes.send:
            self._put(dispatch.queued(self.writer.waits_for()))
        return replace(changes, send=())

    async def _call(self, rewrite: Rewrite) -> None:
        """Make the calls; what comes to nothing costs nothing."""
        made = len(self.settled.calls)
        try:
            for call in rewrite.calls:
                await self.writer.call(self.control, call, self.settled)
        except VendorError as error:
            tried = len(self.settled.calls) - made
            unheard = came_to_nothing(error)
            self.writer.refund(len(rewrite.calls) - tried + unheard)
            raise

    async def _booked_call(self, rewrite: Rewrite) -> None:
        if not await self.writer.book(self.control):
            self.writer.refund(len(rewrite.calls))
            raise NotWrittenDown("the journal could not be saved")
        await self._call(rewrite)

    def _nothing_done(self, rewrite: Rewrite, error: VendorError) -> bool:
        """Tell whether the first call has failed for certain."""
        first = rewrite.calls[0] is self.settled.calls[-1]
        return first and not isinstance(error, OutcomeUnknown)

    async def write(self, rewrite: Rewrite) -> None:
        """Write an edit of the owner's; what fails leaves the loan as it was.

        An edit that was written all the same, as when the answer was lost, shows as one
        that the owner has made in the app.
        """
        ledger = self.control.ledger
        self.writer.spend(len(rewrite.calls))
        before, ledger.loan = ledger.loan, rewrite.loan
        try:
            await self._booked_call(rewrite)
        except VendorError:
            ledger.loan = before
            await self.writer.book(self.control)
            raise
        except BaseException:
            ledger.loan = before
            self.control.journal.save_soon()
            raise

    def _fail(self, changes: Changes, error: VendorError) -> None:
        """Book that the plan could not be written."""
        for dispatch in changes.send:
            booked = self.control.ledger.dispatches[dispatch.id]
            if booked.state is not State.QUEUED:
                self._put(after_failure(booked, error))
                self.settled.failed_to_send(dispatch, error)
            elif dispatch.state is State.QUEUED and booked.reason != NO_SLOT:
                self._put(dispatch.queued("cannot_connect"))
                self.settled.failed_to_send(dispatch, error)
        self._keep(changes, error, tried=True)

    def _keep(self, changes: Changes, error: VendorError, *, tried: bool) -> None:
        """Book that something could not be taken back."""
        if error not in self.settled.errors:
            self.settled.errors.append(error)
        for dispatch in changes.remove:
            booked = self.control.ledger.dispatches[dispatch.id]
            if booked.state in RESTORING:
                self.settled.kept[dispatch.vendor_id or ""] = error
                if tried:
                    self._put(booked.restore_tried())

    def _put(self, dispatch: Dispatch) -> None:
        self.control.ledger.dispatches[dispatch.id] = dispatch
        self.control.record()
