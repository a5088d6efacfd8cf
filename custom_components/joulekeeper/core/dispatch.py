"""What was sent to a cloud for a segment, and how far it has come."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from .proof import Delivery, Verdict
from .schedule import Action, ItemStatus, ScheduleItem, Source
from .timeline import Segment


class State(StrEnum):
    """The life of one occurrence of a schedule, as the user sees it."""

    PLANNED = "planned"
    """To be sent when its time is near."""
    QUEUED = "queued"
    """Could not be sent yet; it will be tried again."""
    SENT = "sent"
    """On its way; nobody has answered yet."""
    ACCEPTED = "accepted"
    """The cloud took it, but does not list it yet."""
    CONFIRMED = "confirmed"
    """The cloud's list holds just what was asked."""
    ACTIVE = "active"
    """Confirmed, and its time is now."""
    DELIVERING = "delivering"
    """The inverter's mode and the measured power agree with it."""
    DONE = "done"
    UNCONFIRMED = "unconfirmed"
    """Sent twice and still not listed."""
    NOT_DELIVERING = "not_delivering"
    """Its time is now, but the inverter does something else."""
    RESTORE_PENDING = "restore_pending"
    """To be taken back; the cloud still holds it."""
    RESTORE_FAILED = "restore_failed"
    """Could not be taken back many times; it is still being tried."""
    REJECTED = "rejected"
    OVERRIDDEN = "overridden"
    """Deleted or changed elsewhere: that wins."""
    SUPERSEDED = "superseded"
    """Replaced by an edit, or by what has precedence."""
    CANCELLED = "cancelled"
    MISSED = "missed"
    """It could not be sent in time."""


FINAL: Final = frozenset(
    {
        State.DONE,
        State.REJECTED,
        State.OVERRIDDEN,
        State.SUPERSEDED,
        State.CANCELLED,
        State.MISSED,
    }
)
"""States that nothing leads out of, but a cloud that changes its mind."""

HELD: Final = frozenset(
    {State.CONFIRMED, State.ACTIVE, State.DELIVERING, State.NOT_DELIVERING}
)
"""States in which the cloud's list has shown it."""

RESTORING: Final = frozenset({State.RESTORE_PENDING, State.RESTORE_FAILED})

_PENDING: Final = RESTORING | {State.QUEUED, State.SENT, State.ACCEPTED}

CHANGED_ELSEWHERE: Final = "changed_elsewhere"
DELETED_ELSEWHERE: Final = "deleted_elsewhere"
NOT_DELIVERED: Final = "not_delivered"
"""The reason of what is over and was held by the cloud, but not done in the end."""

FULL: Final = "full"
"""The reason of what was over before its time, for the battery was full."""

GIVEN_UP: Final = "given_up"
"""The reason of what the cloud took, and the device then did not carry out."""

FITS_AGAIN: Final = "fits_again"
"""The reason of a refusal that was taken back: what was refused is sent after all."""

PAUSED: Final = "paused"
"""The reason of what was taken back because its account is paused."""

CONFIRM_WITHIN: Final = timedelta(minutes=2)
"""The time in which a cloud lists what it took, as a rule."""
MAX_ATTEMPTS: Final = 2

_UNSEEN_FOR_GONE: Final = timedelta(seconds=30)
"""How long lists must lack an item before it counts as deleted elsewhere."""
_MISMATCHES_TO_SEND_AGAIN: Final = 2
_MISMATCHES_TO_COMPLAIN: Final = 3
_RESTORES_BEFORE_FAILED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """One item for one segment, from the wish to the end, with its evidence.

    `held_as` is the action by which the cloud holds it, which may be only near to what
    was asked. `attempts` counts how often it was sent, then how often it was tried to take it
    back. The lists since `unseen_since` lacked it. `mismatches` counts the fresh
    measurements in a row that did not agree; `judged_at` is the time of the last one.
    `outcome` is what it comes to once it is taken back. What the cloud does not end
    by itself, for which `returns` is False, is taken back at its end. What the cloud
    took, and has not listed `confirm_within` of being sent, is sent again, once.
    """

    segment: Segment
    state: State = State.QUEUED
    reason: str | None = None
    vendor_id: str | None = None
    held_as: Action | None = None
    attempts: int = 0
    sent_at: datetime | None = None
    confirmed_at: datetime | None = None
    delivering_at: datetime | None = None
    ended_at: datetime | None = None
    judged_at: datetime | None = None
    unseen_since: datetime | None = None
    mismatches: int = 0
    outcome: State | None = None
    returns: bool = True
    confirm_within: timedelta = CONFIRM_WITHIN

    @property
    def id(self) -> str:
        """What names it for good."""
        return self.segment.tag

    @property
    def live(self) -> bool:
        """Whether it still stands for what is wanted."""
        return self.state not in FINAL and self.state not in RESTORING

    @property
    def may_be_held(self) -> bool:
        """Whether it stands for what is wanted, and the cloud may hold it."""
        return self.live and self.sent_at is not None and self.state is not State.QUEUED

    @property
    def misfit(self) -> bool:
        """Whether it was never sent, for it did not fit; by now it may."""
        return self.state is State.REJECTED and self.sent_at is None

    @property
    def pending(self) -> bool:
        """Whether something has to come, of itself or of a further attempt."""
        return self.state in _PENDING or self.unseen_since is not None

    @property
    def due_at(self) -> datetime | None:
        """When the cloud should have listed it, None while nobody waits for that."""
        if self.state not in (State.SENT, State.ACCEPTED) or self.sent_at is None:
            return None
        lost = self.state is State.SENT
        return self.sent_at + (CONFIRM_WITHIN if lost else self.confirm_within)

    @property
    def put_off(self) -> bool:
        """Whether a pause has taken it back before its time."""
        return self.reason == PAUSED and self.end <= self.segment.start

    def overdue(self, now: datetime) -> bool:
        """Whether the cloud should have listed it by now."""
        return self.due_at is not None and self.due_at <= now

    @property
    def end(self) -> datetime:
        """When it ended, or is to end."""
        return self.ended_at or self.segment.end

    @property
    def confirm_latency(self) -> timedelta | None:
        """Time from sending it to seeing it in the cloud's list."""
        if self.sent_at is None or self.confirmed_at is None:
            return None
        return self.confirmed_at - self.sent_at

    @property
    def deliver_latency(self) -> timedelta | None:
        """Time from its start to the first measurement that agrees with it."""
        if self.delivering_at is None:
            return None
        return max(timedelta(), self.delivering_at - self.segment.start)

    def active_at(self, now: datetime) -> bool:
        """Whether its time is now; the end is exclusive."""
        return self.segment.start <= now < self.segment.end

    def stands_for(self, segment: Segment, now: datetime) -> bool:
        """Whether what was sent is what is wanted from now on."""
        sent = self.segment
        begun = sent.start <= now and segment.start <= now
        return (
            sent.end == segment.end
            and (sent.start == segment.start or begun)
            and sent.does_what(segment)
        )

    def is_part_of(self, segment: Segment, now: datetime) -> bool:
        """Whether it was sent for that end of that occurrence, and for no more."""
        return (
            self.may_be_held
            and self.segment.occurrence_id == segment.occurrence_id
            and self.segment.end == segment.end
            and (
                self.segment.start >= segment.start
                or max(self.segment.start, segment.start) <= now
            )
        )

    def makes_room_for(self, other: Dispatch) -> bool:
        """Whether both want some of the same time."""
        return self.segment.overlaps(other.segment.start, other.segment.end)

    def sent(self, now: datetime) -> Dispatch:
        """Return it as just before it goes out."""
        return replace(
            self,
            state=State.SENT,
            reason=None,
            sent_at=now,
            vendor_id=None,
            attempts=self.attempts + 1,
        )

    def accepted(self, vendor_id: str | None) -> Dispatch:
        """Return it as taken by the cloud."""
        return replace(self, state=State.ACCEPTED, vendor_id=vendor_id)

    def queued(self, reason: str) -> Dispatch:
        """Return it as to be sent once more."""
        return replace(self, state=State.QUEUED, reason=reason)

    def not_sent(self, reason: str) -> Dispatch:
        """Return it as if it had never gone out, which it did not."""
        return replace(
            self,
            state=State.QUEUED,
            reason=reason,
            # An answer that was lost before stays lost.
            sent_at=self.sent_at if self.attempts > 1 else None,
            attempts=self.attempts - 1,
        )

    def finished(
        self, state: State, now: datetime, reason: str | None = None
    ) -> Dispatch:
        """Return it as over, at the latest when it was to end anyway."""
        return replace(
            self,
            state=state,
            reason=reason or self.reason,
            ended_at=min(now, self.segment.end),
            outcome=None,
            unseen_since=None,
        )

    def to_be_taken_back(self, outcome: State, reason: str | None) -> Dispatch:
        """Return it as no longer wanted, while the cloud may hold it."""
        return replace(
            self,
            state=State.RESTORE_PENDING,
            reason=reason,
            outcome=outcome,
            attempts=0,
        )

    def restore_tried(self) -> Dispatch:
        """Return it after one more attempt to take it back."""
        failed = self.attempts + 1 >= _RESTORES_BEFORE_FAILED
        return replace(
            self,
            attempts=self.attempts + 1,
            state=State.RESTORE_FAILED if failed else State.RESTORE_PENDING,
        )

    def observed(self, item: ScheduleItem | None, now: datetime) -> Dispatch:
        """Return what a fresh list of the cloud makes of it."""
        if item is None:
            return self._not_listed(now)
        if item.status is ItemStatus.FAILED:
            return self._failed(now)
        if self.state in FINAL:
            return self._listed_again(item, now)
        if item.status is ItemStatus.FULFILLED and self.live:
            return self.finished(State.DONE, now, FULL)
        if self.state in RESTORING:
            return replace(self, vendor_id=item.vendor_id)
        if now >= self.segment.end:
            return self._done(now)
        if item.status is ItemStatus.UNCERTAIN:
            # It can be taken back by that, but proves nothing.
            return replace(self, vendor_id=item.vendor_id)
        if not holds(item, self.segment) or self.held_as not in (None, item.action):
            return self.finished(State.OVERRIDDEN, now, CHANGED_ELSEWHERE)
        seen = replace(
            self, vendor_id=item.vendor_id, held_as=item.action, unseen_since=None
        )
        if seen.state in HELD:
            return seen
        return replace(seen, state=State.CONFIRMED, reason=None, confirmed_at=now)

    def at(self, now: datetime) -> Dispatch:
        """Return it with what the mere passing of time makes of it."""
        if self.state is State.CONFIRMED and self.active_at(now):
            return replace(self, state=State.ACTIVE)
        if self.state in HELD and now >= self.segment.end:
            return self._done(now)
        if self.live and now >= self.segment.end:
            return self._over(State.MISSED, now, self.reason or "never_confirmed")
        if self.overdue(now) and self.attempts >= MAX_ATTEMPTS:
            return replace(self, state=State.UNCONFIRMED, reason="never_confirmed")
        if self.state in RESTORING and now >= self.segment.end and self.returns:
            return self.finished(self.outcome or State.CANCELLED, now)
        return self

    def judged(
        self, delivery: Delivery, measured_at: datetime, acts_within: timedelta
    ) -> Dispatch:
        """Return what a fresh measurement makes of it while its time is now.

        What was measured before its start was for somebody else.
        """
        if measured_at < self.segment.start:
            return self
        seen = replace(self, judged_at=measured_at)
        match delivery.verdict:
            case Verdict.DELIVERING:
                return replace(
                    seen,
                    state=State.DELIVERING,
                    reason=None,
                    mismatches=0,
                    delivering_at=self.delivering_at or measured_at,
                )
            case Verdict.EXPLAINED:
                return replace(
                    seen, state=State.ACTIVE, reason=delivery.reason, mismatches=0
                )
            case Verdict.UNKNOWN:
                return replace(self, reason=delivery.reason or self.reason)
        if measured_at < self.segment.start + acts_within:
            return seen
        counted = replace(seen, mismatches=self.mismatches + 1)
        if counted.mismatches < _MISMATCHES_TO_COMPLAIN:
            return counted
        return replace(counted, state=State.NOT_DELIVERING, reason=delivery.reason)

    @property
    def worth_sending_again(self) -> bool:
        """Whether the inverter seems to have overlooked it; once, and never later."""
        return (
            self.state in HELD
            and self.mismatches == _MISMATCHES_TO_SEND_AGAIN
            and self.attempts < MAX_ATTEMPTS
            and self.delivering_at is None
        )

    def _failed(self, now: datetime) -> Dispatch:
        """Return it when the cloud has given it up; nothing is left to take back."""
        if self.state in FINAL:
            return self
        if self.state in RESTORING:
            return self.finished(self.outcome or State.CANCELLED, now)
        return self.finished(State.REJECTED, now, GIVEN_UP)

    def _done(self, now: datetime) -> Dispatch:
        failed = self.state is State.NOT_DELIVERING
        reason = NOT_DELIVERED if failed else self.reason
        return self._over(State.DONE, now, reason)

    def _over(self, state: State, now: datetime, reason: str | None) -> Dispatch:
        if self.returns or self.sent_at is None:
            return self.finished(state, now, reason)
        return self.to_be_taken_back(state, reason)

    def _not_listed(self, now: datetime) -> Dispatch:
        if self.state in RESTORING:
            return self.finished(self.outcome or State.CANCELLED, now)
        passed = self.at(now)
        if passed.state not in HELD:
            return passed
        since = passed.unseen_since or now
        if now - since < _UNSEEN_FOR_GONE:
            return replace(passed, unseen_since=since)
        return passed.finished(State.OVERRIDDEN, now, DELETED_ELSEWHERE)

    def _listed_again(self, item: ScheduleItem, now: datetime) -> Dispatch:
        """Return what an item means that should be gone."""
        if item.end <= now and self.returns:
            return self
        if (
            self.returns
            and self.state in (State.DONE, State.MISSED)
            and now >= self.segment.end
        ):
            # Somebody has made it longer.
            return self
        if self.state is not State.OVERRIDDEN:
            return self.to_be_taken_back(self.state, self.reason)
        if self.reason == DELETED_ELSEWHERE and holds(item, self.segment):
            # The cloud had only forgotten it for a while.
            return replace(
                self,
                state=State.CONFIRMED,
                reason=None,
                ended_at=None,
                unseen_since=None,
            )
        return self


def holds(item: ScheduleItem, segment: Segment) -> bool:
    """Tell whether an item is what a segment asks for.

    The action is not compared: a cloud may know only something near to it.
    """
    if (item.start, item.end) != (segment.start, segment.end):
        return False
    if segment.power_w is not None and item.power_w != segment.power_w:
        return False
    if segment.limits is None:
        return True
    held = {} if item.limits is None else item.limits.as_dict()
    return segment.limits.as_dict().items() <= held.items()


def leftover(item: ScheduleItem, tag: str, now: datetime) -> Dispatch:
    """Return an item with our mark that nothing stands for, as to be taken back."""
    segment = Segment(
        rule_id=item.rule_id or "",
        occurrence_id="",
        source=item.source or Source.SERVICE,
        action=item.action or Action.AUTO,
        start=item.start,
        end=item.end,
        power_w=item.power_w,
        limits=item.limits,
        tag=tag,
    )
    known = replace(Dispatch(segment=segment).sent(now), vendor_id=item.vendor_id)
    return known.to_be_taken_back(State.CANCELLED, "leftover")
