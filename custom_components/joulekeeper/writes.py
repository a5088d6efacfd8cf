"""Calls that write: counted, within the budget, and written down before they go out."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from .control import DeviceControl
from .core.budget import Budget
from .core.dispatch import Dispatch, State
from .core.errors import (
    OFFLINE,
    AuthError,
    NotWrittenDown,
    OptionAuthError,
    OutcomeUnknown,
    RateLimited,
    TransientError,
    VendorError,
)
from .journal import Journal
from .vendors.base import Commander, VendorCall

_EVER: Final = datetime.min.replace(tzinfo=UTC)


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

    def failed_to_send(self, dispatch: Dispatch, error: VendorError) -> None:
        """Note why something could not be sent."""
        if error not in self.errors:
            self.errors.append(error)
        if not isinstance(error, TransientError | RateLimited):
            self.refused[dispatch.id] = error


class Writer:
    """Makes the calls of one account that write."""

    def __init__(self, journal: Journal, budget: Budget) -> None:
        """Take the account's journal and its budget of writes."""
        self._journal = journal
        self._budget = budget
        self._not_before: dict[str, datetime] = {}

    @property
    def left(self) -> int:
        """Writes that are left for what is not urgent."""
        return self._budget.left

    def spend(
        self, calls: int = 1, *, urgent: bool = False, device_id: str = ""
    ) -> None:
        """Book writes, all or none.

        `RateLimited` while the cloud, or our budget, does not allow them. A vendor that
        is guarded sees to what is urgent by itself.
        """
        if not (urgent and self._budget.guarded):
            self.check_wait(device_id)
        self._budget.spend(calls, urgent=urgent)
        self._journal.count_writes(calls)

    def check_wait(self, device_id: str) -> None:
        """Raise `RateLimited` while the cloud wants nothing written for a device."""
        left = self._not_before.get(self._waiting(device_id), _EVER) - dt_util.utcnow()
        if left > timedelta():
            raise RateLimited("the cloud asked to wait", left.total_seconds())

    def _waiting(self, device_id: str) -> str:
        """Return who has to wait when a device has to: all, but for a guarded vendor."""
        return device_id if self._budget.guarded else ""

    def refund(self, calls: int) -> None:
        """Take back writes that were booked and not made, or refused unheard."""
        self._budget.refund(calls)
        self._journal.count_writes(-calls)

    async def save(self) -> bool:
        """Write the journal; tell whether it is on the disk."""
        return await self._journal.save()

    async def book(self, control: DeviceControl) -> bool:
        """Write down how things are; tell whether it is on the disk."""
        control.record()
        return await self._journal.save()

    async def call(
        self, control: DeviceControl, call: VendorCall, settled: Settled
    ) -> str | None:
        """Make a call, once; return the cloud's id of what it created."""
        settled.calls.append(call)
        try:
            return await control.controller.send(call)
        except RateLimited as error:
            self._wait(error, control.device_id)
            raise

    async def command(self, session: Commander, call: VendorCall) -> None:
        """Make a call that belongs to no plan, once, within the budget."""
        self.spend()
        await self._journal.save()
        try:
            await session.send(call)
        except RateLimited as error:
            if not self._budget.guarded:
                self._wait(error)
            raise

    def _wait(self, error: RateLimited, device_id: str = "") -> None:
        """Write nothing for as long as the cloud asks for."""
        wait = timedelta(seconds=error.retry_after or 0)
        self._not_before[self._waiting(device_id)] = dt_util.utcnow() + wait

    def waits_for(self) -> str:
        """Return why nothing can be sent just now."""
        return "rate_limited" if self._budget.left > 0 else "budget"


def came_to_nothing(error: VendorError) -> bool:
    """Tell whether a call that failed with an error was not even looked at."""
    return isinstance(error, RateLimited) or error.reason == OFFLINE


def after_failure(dispatch: Dispatch, error: VendorError) -> Dispatch:
    """Return what was to be sent as it is after an error of the call."""
    match error:
        case OutcomeUnknown():
            return dispatch
        case RateLimited():
            return dispatch.not_sent("rate_limited")
        case TransientError():
            return dispatch.not_sent("cannot_connect")
        case AuthError() | OptionAuthError():
            return dispatch.not_sent("credentials_refused")
        case NotWrittenDown():
            return dispatch.not_sent("journal_not_saved")
    return dispatch.finished(State.REJECTED, dt_util.utcnow(), "refused")
