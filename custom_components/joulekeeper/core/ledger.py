"""The book of one device: what is wanted of it, what was sent, and what came of it.

Pure: it knows no clock, no cloud and no file. The keeper feeds it with the cloud's
lists and does what it says is to be done.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from .capabilities import HORIZON, Capabilities
from .changes import Changes, Compiled, lent_for_nothing
from .check import START_GRACE
from .claims import (
    MIN_REMAINING,
    claims_of,
    leaves_time,
    share_out,
    startable,
    taken_back,
)
from .dispatch import (
    CHANGED_ELSEWHERE,
    FINAL,
    FITS_AGAIN,
    FULL,
    HELD,
    RESTORING,
    Dispatch,
    State,
    leftover,
)
from .loan import Loan, Sent
from .matching import disowned, match, rule_of, with_owners
from .proof import MODE_DIFFERS, Telemetry, judge, target_reached
from .schedule import DAY, Programme, ScheduleItem
from .timeline import Span, covered, segment_of
from .wishes import HISTORY, Wishes

MAX_HISTORY: Final = 500
_MOST_MISSED: Final = 20


@dataclass(slots=True)
class Ledger(Wishes):
    """The wishes for one device, and what was sent for them.

    `loan` is what it takes to give back a plan that is written as a whole. `marked`
    tells whether the cloud is known to keep our marks, `looked_at` when it was last seen
    that time had passed.
    """

    dispatches: dict[str, Dispatch] = field(default_factory=dict)
    loan: Loan | None = None
    marked: bool = False
    looked_at: datetime | None = None

    def copy(self) -> Ledger:
        """Return a ledger that can be changed without changing this one."""
        copy = replace(self, dispatches=dict(self.dispatches))
        copy.take_wishes_of(self)
        return copy

    # -- what was sent ---------------------------------------------------------

    def dispatches_of(self, rule_id: str) -> tuple[Dispatch, ...]:
        """Return what was sent for a rule, earliest first."""
        found = (i for i in self.dispatches.values() if i.segment.rule_id == rule_id)
        return tuple(sorted(found, key=lambda item: item.segment.start))

    def live(self) -> tuple[Dispatch, ...]:
        """Return what stands for what is wanted, earliest first."""
        live = (item for item in self.dispatches.values() if item.live)
        return tuple(sorted(live, key=lambda item: item.segment.start))

    def sent(self) -> Sent:
        """Return what the cloud may hold of ours."""
        live, restoring = (
            {item.vendor_id: item.segment for item in items if item.vendor_id}
            for items in (self.live(), self.restoring())
        )
        return Sent(live=live, restoring=restoring, loan=self.loan)

    @property
    def has_work(self) -> bool:
        """Whether anything is wanted, or has to be given back."""
        return bool(self.rules or self.live() or self.restoring() or self.loan)

    def is_pending(self, now: datetime) -> bool:
        """Tell whether something awaits a call, or the proof of one."""
        dispatches = self.dispatches.values()
        return any(item.pending for item in dispatches) or lent_for_nothing(
            self.loan, dispatches, now
        )

    def restoring(self) -> tuple[Dispatch, ...]:
        """Return what is to be taken back."""
        items = self.dispatches.values()
        return tuple(item for item in items if item.state in RESTORING)

    # -- what the cloud has ----------------------------------------------------

    def matched(self, programme: Programme) -> dict[str, ScheduleItem]:
        """Return which item of the cloud stands for which dispatch.

        What somebody else has changed is theirs, and stands for none.
        """
        theirs = self._given_away()
        items = (item for item in programme.items if item.vendor_id not in theirs)
        return match(self.dispatches.values(), items, marked=self.marked)

    def claim(self, programme: Programme) -> Programme:
        """Return the programme with every item of ours known as such."""
        owners = {
            item.vendor_id: self.dispatches[dispatch_id].segment
            for dispatch_id, item in self.matched(programme).items()
        }
        return with_owners(programme, owners, self._given_away())

    def others(self, programme: Programme) -> Programme:
        """Return the programme without anything that is ours."""
        mine = {item.vendor_id for item in self.matched(programme).values()}
        mine |= {item.vendor_id for item in self._leftovers(programme, mine)}
        items = (item for item in programme.items if item.vendor_id not in mine)
        return replace(programme, items=tuple(map(disowned, items)))

    def observe(
        self, programme: Programme, now: datetime, new_tag: Callable[[], str]
    ) -> None:
        """Take in a fresh list of the cloud; an outdated one tells nothing."""
        if programme.outdated_until is not None and now < programme.outdated_until:
            return
        self.marked = self.marked or bool(programme.own())
        found = self.matched(programme)
        for dispatch_id, dispatch in list(self.dispatches.items()):
            seen = dispatch.observed(found.get(dispatch_id), now)
            self.dispatches[dispatch_id] = seen
            self._follow(dispatch, seen)
        claimed = {item.vendor_id for item in found.values()} | self._given_away()
        for item in programme.own():
            known = self.knows(item.rule_id) or item.vendor_id in claimed
            if not known and item.end > now:
                self._adopt(item, now, new_tag())

    def judge(
        self, telemetry: Telemetry, able: Capabilities, now: datetime
    ) -> tuple[Dispatch, ...]:
        """Take in a measurement; return what should be sent again for it.

        An occurrence that has reached its state of charge is ended.
        """
        again: list[Dispatch] = []
        for dispatch in self.live():
            if dispatch.sent_at is None or not dispatch.active_at(now):
                continue
            if target_reached(dispatch.segment, telemetry, now):
                self.close_of(dispatch.segment, now, State.DONE, "target_reached")
            if dispatch.state not in HELD:
                continue
            if dispatch.judged_at is None or telemetry.time > dispatch.judged_at:
                delivery = judge(dispatch.segment, telemetry, now)
                judged = dispatch.judged(delivery, telemetry.time, able.acts_within)
                self.dispatches[dispatch.id] = judged
                worth_it = dispatch.segment.end - now >= MIN_REMAINING
                if (
                    worth_it
                    and judged.worth_sending_again
                    and delivery.reason == MODE_DIFFERS
                ):
                    again.append(judged)
        return tuple(again)

    def pass_time(self, now: datetime) -> None:
        """Take in that time has passed, and forget what is long over."""
        if self.looked_at is not None and now - self.looked_at > START_GRACE:
            self._tell_missed(self.looked_at, now)
        self.looked_at = now
        for dispatch_id, dispatch in list(self.dispatches.items()):
            self.dispatches[dispatch_id] = dispatch.at(now)
        self._forget(now)

    # -- what is to be done ----------------------------------------------------

    def compile(
        self, able: Capabilities, programme: Programme, now: datetime
    ) -> Compiled:
        """Return what is wanted from now on, one owner per moment.

        Recurring rules as far as the horizon. Each part is fitted to the device anew,
        whose limits may have changed since the rule was made.
        """
        taken = [
            Span(item.start, item.end)
            for item in self.others(programme).items
            if item.end > now
        ]
        # What comes after the horizon is known, so that it cuts nothing later on.
        wanted = self.to_come(now, now + HORIZON + DAY)
        claims = claims_of(wanted, self.dispatches.values(), able, now)
        return share_out(claims, taken, able, now)

    def changes(
        self,
        able: Capabilities,
        programme: Programme,
        now: datetime,
        new_tag: Callable[[], str],
    ) -> Changes:
        """Compare what is wanted with what was sent."""
        found = self._changes(able, programme, now, new_tag)
        if not any(map(leaves_time, found.over)):
            return found
        trial = self.copy()
        trial.take(Changes(over=found.over))
        # What lies below what is too late by now may not be.
        more = trial.changes(able, programme, now, new_tag)
        return replace(more, over=(*found.over, *more.over))

    def _changes(
        self,
        able: Capabilities,
        programme: Programme,
        now: datetime,
        new_tag: Callable[[], str],
    ) -> Changes:
        """Compare the two, as if nothing were given up by that."""
        compiled = self.compile(able, programme, now)
        unmatched: defaultdict[datetime, list[Dispatch]] = defaultdict(list)
        given_up: defaultdict[str, list[Dispatch]] = defaultdict(list)
        for item in self.dispatches.values():
            if item.live:
                unmatched[item.segment.end].append(item)
            elif item.state in (State.MISSED, State.REJECTED):
                given_up[item.segment.occurrence_id].append(item)
        # What is missing in the cloud's list may have been deleted there: that wins.
        in_doubt = {
            item.id: item.segment.occurrence_id
            for item in self.live()
            if item.unseen_since is not None
            and any(item.segment.shares_wish_with(i) for i in compiled.segments)
        }
        send: list[Dispatch] = []
        over: list[Dispatch] = []
        for segment in compiled.segments:
            ending = unmatched[segment.end]
            stands = next((i for i in ending if i.stands_for(segment, now)), None)
            if stands is not None:
                ending.remove(stands)
                if stands.state is not State.QUEUED:
                    continue
            elif segment.occurrence_id in in_doubt.values() or covered(
                segment,
                # What only did not fit may fit by now.
                (i.segment for i in given_up[segment.occurrence_id] if not i.misfit),
                now,
            ):
                continue
            dispatch = stands or Dispatch(
                segment=replace(segment, tag=new_tag()),
                returns=able.returns_by_itself,
                confirm_within=able.confirms_within,
            )
            sendable, too_late = startable(
                replace(segment, tag=dispatch.id),
                self.dispatches.values(),
                able,
                now,
                again=dispatch.attempts > 0,
            )
            if too_late:
                reason = dispatch.reason or too_late
                over.append(dispatch.finished(State.MISSED, now, reason))
            else:
                send.append(replace(dispatch, segment=sendable))
        for refusal in compiled.refused:
            segment = refusal.segment
            ending = unmatched[segment.end]
            # What the cloud holds already may go on; it was within the limits.
            unheld = [item for item in ending if not item.is_part_of(segment, now)]
            unmatched[segment.end] = unheld
            held = len(unheld) < len(ending)
            known = (item.segment for item in given_up[segment.occurrence_id])
            tried = covered(segment, known, now)
            if able.actions and not held and not tried:
                refused = Dispatch(segment=replace(segment, tag=new_tag()))
                over.append(refused.finished(State.REJECTED, now, refusal.problem.key))
        # Of a time one thing is told: a refusal gives way to what comes after it.
        told = {item.segment: "replaced" for item in over}
        told |= {item.segment: FITS_AGAIN for item in send}
        over += taken_back(given_up, told, now)
        mine = {item.vendor_id for item in self.matched(programme).values()}
        unwanted = [
            item.to_be_taken_back(*self._fate(item, able, now))
            for ending in unmatched.values()
            for item in ending
            if item.id not in in_doubt
        ]
        return Changes(
            send=tuple(send),
            remove=(
                *(item for item in unwanted if item.sent_at is not None),
                *self.restoring(),
                *(
                    leftover(item, new_tag(), now)
                    for item in self._leftovers(programme, mine)
                ),
            ),
            over=(
                *over,
                *(
                    item.finished(item.outcome or State.CANCELLED, now)
                    for item in unwanted
                    if item.sent_at is None
                ),
            ),
            give_back=lent_for_nothing(self.loan, self.dispatches.values(), now),
        )

    def take(self, changes: Changes) -> None:
        """Book what is about to happen."""
        for dispatch in (
            *changes.over,
            *changes.remove,
            *changes.waiting,
            *changes.send,
        ):
            self.dispatches[dispatch.id] = dispatch

    def resend(self, dispatch: Dispatch, now: datetime, tag: str) -> None:
        """Have a dispatch taken back and sent anew, as it seems not to have worked."""
        if dispatch.vendor_id is None:
            self.dispatches[dispatch.id] = dispatch.queued("no_answer")
            return
        self.dispatches[dispatch.id] = dispatch.to_be_taken_back(
            State.SUPERSEDED, "sent_again"
        )
        segment = dispatch.segment.at(
            max(dispatch.segment.start, now.replace(microsecond=0)),
            dispatch.segment.end,
        )
        self.dispatches[tag] = Dispatch(
            segment=replace(segment, tag=tag),
            returns=dispatch.returns,
            confirm_within=dispatch.confirm_within,
            attempts=dispatch.attempts,
            mismatches=dispatch.mismatches,
            judged_at=dispatch.judged_at,
        )

    # -- inside ----------------------------------------------------------------

    def _fate(
        self, dispatch: Dispatch, able: Capabilities, now: datetime
    ) -> tuple[State, str | None]:
        """Return what a dispatch comes to that is no longer wanted, and why."""
        segment = dispatch.segment
        if (closing := self.closings.get(segment.occurrence_id)) is not None:
            if closing.state is State.OVERRIDDEN:
                return State.CANCELLED, closing.reason
            return closing.state, closing.reason
        if able.coarse and now + able.granularity > segment.end:
            # Its own time is over; only that of the cloud goes on for some minutes.
            return State.DONE, None
        if segment.rule_id not in self.rules:
            return State.CANCELLED, "deleted"
        return State.SUPERSEDED, "replaced"

    def _tell_missed(self, since: datetime, now: datetime) -> None:
        """Book what came and went while nobody looked, the latest of it."""
        begun = (item for item in self.dispatches.values() if not item.put_off)
        sent = {item.segment.occurrence_id for item in begun}
        gone = [
            occurrence
            for occurrence in self.occurrences(since, now)
            if since <= occurrence.start
            and occurrence.end <= now
            and occurrence.id not in sent
        ]
        for occurrence in sorted(gone, key=lambda item: item.start)[-_MOST_MISSED:]:
            segment = segment_of(occurrence, occurrence.start, occurrence.end)
            missed = Dispatch(segment=replace(segment, tag=f"{occurrence.id}-missed"))
            self.dispatches[missed.id] = missed.finished(State.MISSED, now, "late")

    def _leftovers(
        self, programme: Programme, claimed: Iterable[str | None]
    ) -> tuple[ScheduleItem, ...]:
        """Return items with the mark of a rule of ours that nothing stands for."""
        mine, theirs = set(claimed), self._given_away()
        return tuple(
            item
            for item in programme.own()
            if item.vendor_id not in mine
            and item.vendor_id not in theirs
            and self.knows(item.rule_id)
        )

    def _given_away(self) -> set[str | None]:
        """Return the cloud's ids of items of ours that somebody else has changed."""
        return {
            item.vendor_id
            for item in self.dispatches.values()
            if item.state is State.OVERRIDDEN and item.reason == CHANGED_ELSEWHERE
        }

    def _adopt(self, item: ScheduleItem, now: datetime, tag: str) -> None:
        """Take on an item with our mark of which nothing is known.

        The file was lost, or another Home Assistant made it. The rule is named by the
        cloud's id, so that the other one's later items are never mistaken for ours.
        """
        if item.vendor_id is None or item.action is None:
            return
        rule = self.put_rule(rule_of(item, item.vendor_id, item.action))
        (occurrence,) = rule.occurrences(item.start, item.end)
        segment = segment_of(occurrence, item.start, item.end)
        dispatch = Dispatch(segment=replace(segment, tag=tag)).sent(now)
        self.dispatches[tag] = dispatch.observed(item, now)

    def _follow(self, before: Dispatch, after: Dispatch) -> None:
        """Let an occurrence end with what was overridden or fulfilled, and come back."""
        occurrence_id = after.segment.occurrence_id
        if after.state is State.OVERRIDDEN and before.state is not State.OVERRIDDEN:
            reason = after.reason or CHANGED_ELSEWHERE
            self.close_of(after.segment, after.end, State.OVERRIDDEN, reason)
        elif after.state is State.DONE and before.live and after.reason == FULL:
            self.close_of(after.segment, after.end, State.DONE, FULL)
        elif before.state is State.OVERRIDDEN and after.live:
            closing = self.closings.get(occurrence_id)
            others = (
                item
                for item in self.dispatches.values()
                if item.segment.occurrence_id == occurrence_id and item.id != after.id
            )
            if (
                closing is not None
                and closing.state is State.OVERRIDDEN
                and all(item.state is not State.OVERRIDDEN for item in others)
            ):
                del self.closings[occurrence_id]

    def _forget(self, now: datetime) -> None:
        oldest = now - HISTORY
        over = sorted(
            (item for item in self.dispatches.values() if item.state in FINAL),
            key=lambda item: item.end,
        )
        surplus = max(0, len(over) - MAX_HISTORY)
        for index, dispatch in enumerate(over):
            if index < surplus or max(dispatch.end, dispatch.segment.end) < oldest:
                del self.dispatches[dispatch.id]
        self.forget_wishes(
            now,
            needed={item.segment.occurrence_id for item in self.dispatches.values()},
        )
