"""A cloud and a keeper as small as can be, to try the ledger without Home Assistant."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import count
import json
from typing import Any

from custom_components.joulekeeper.core.capabilities import (
    ActionSupport,
    Capabilities,
    Support,
)
from custom_components.joulekeeper.core.dispatch import MAX_ATTEMPTS, Dispatch, State
from custom_components.joulekeeper.core.ledger import Ledger
from custom_components.joulekeeper.core.proof import Telemetry
from custom_components.joulekeeper.core.records import decode, encode
from custom_components.joulekeeper.core.recurrence import Recurrence
from custom_components.joulekeeper.core.rules import Occurrence, Rule
from custom_components.joulekeeper.core.schedule import (
    POWERED_ACTIONS,
    Action,
    Owner,
    Programme,
    ScheduleItem,
    Source,
)
from custom_components.joulekeeper.core.timeline import Segment

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
ZERO = timedelta()

# Home Assistant's clock has microseconds; what a cloud holds has none.
NOW = datetime(2026, 11, 20, 2, 0, 10, 500_000, tzinfo=UTC)  # noon in Brisbane

INVERTER = Capabilities(
    actions={
        Action.CHARGE: ActionSupport(Support.NATIVE, None, 5000),
        Action.EXPORT: ActionSupport(Support.NATIVE, None, 5000),
        Action.HOLD: ActionSupport(Support.NATIVE),
    },
    granularity=SECOND,
)
SITE = replace(INVERTER, lead_time=5 * SECOND)
"""A cloud that refuses a start that has passed."""


class Answer(StrEnum):
    """What comes of a create or a delete."""

    DONE = "done"
    LOST = "lost"
    """Done, but nobody hears of it."""
    VANISHED = "vanished"
    """Not done, and nobody hears of it."""
    OFFLINE = "offline"
    """Not done, and known not to be."""
    REFUSED = "refused"


@dataclass
class Cloud:
    """Holds single schedules in whole seconds; its list is late by `lag`."""

    lag: timedelta = timedelta()
    keeps_marks: bool = True
    answers: deque[Answer] = field(default_factory=deque)
    creates: int = 0
    deletes: int = 0
    hidden: set[str] = field(default_factory=set)
    items: dict[str, ScheduleItem] = field(default_factory=dict)
    _past: list[tuple[datetime, tuple[ScheduleItem, ...]]] = field(default_factory=list)
    _ids: count[int] = field(default_factory=lambda: count(1))

    @property
    def writes(self) -> int:
        """How many calls there were."""
        return self.creates + self.deletes

    def answer(self, *, create: bool = False) -> Answer:
        """Return what comes of the next write."""
        self.creates += create
        self.deletes += not create
        return self.answers.popleft() if self.answers else Answer.DONE

    def add(self, now: datetime, **details: Any) -> str:
        """Hold one more item, made elsewhere if nothing else is said."""
        vendor_id = f"v{next(self._ids)}"
        details = {"action": Action.CHARGE, "vendor_mode": "Charge"} | details
        self._change(now)
        self.items[vendor_id] = ScheduleItem(vendor_id=vendor_id, **details)
        return vendor_id

    def create(self, segment: Segment, now: datetime) -> str:
        """Hold a segment with our mark, as far as it can be said here."""
        own = self.keeps_marks
        return self.add(
            now,
            action=segment.action,
            start=segment.start.replace(microsecond=0),
            end=segment.end.replace(microsecond=0),
            power_w=segment.power_w or 0,
            limits=segment.limits,
            owner=Owner.OWN if own else Owner.FOREIGN,
            rule_id=segment.rule_id if own else None,
            source=segment.source if own else None,
            note=segment.note,
        )

    def change(self, vendor_id: str, now: datetime, **details: Any) -> None:
        """Change an item as the vendor's app does."""
        self._change(now)
        self.items[vendor_id] = replace(self.items[vendor_id], **details)

    def delete(self, vendor_id: str, now: datetime) -> None:
        """Hold an item no longer."""
        self._change(now)
        self.items.pop(vendor_id, None)

    def list(self, now: datetime) -> Programme:
        """Return what is shown: what there was before the lag, and is not over."""
        shown = tuple(self.items.values())
        for until, items in reversed(self._past):
            if until <= now - self.lag:
                break
            shown = items
        return Programme(
            tuple(
                item
                for item in shown
                if item.end > now and item.vendor_id not in self.hidden
            )
        )

    def held(self, now: datetime, owner: Owner | None = None) -> list[ScheduleItem]:
        """Return what there really is, and is not over, earliest first."""
        held = [
            item
            for item in self.items.values()
            if item.end > now and owner in (None, item.owner)
        ]
        return sorted(held, key=lambda item: item.start)

    def _change(self, now: datetime) -> None:
        self._past.append((now, tuple(self.items.values())))


@dataclass
class Model:
    """A ledger, and what a keeper does with it."""

    now: datetime
    able: Capabilities = INVERTER
    cloud: Cloud = field(default_factory=Cloud)
    ledger: Ledger = field(default_factory=Ledger)
    _tags: count[int] = field(default_factory=lambda: count(1))
    _names: count[int] = field(default_factory=lambda: count(1))

    def new_tag(self) -> str:
        """Return a name that nothing else has."""
        return f"t{next(self._tags)}"

    # -- what users do ---------------------------------------------------------

    def rule(
        self,
        start: timedelta = timedelta(),
        duration: timedelta = HOUR,
        **details: Any,
    ) -> Rule:
        """Return a rule that starts after a time, at the earliest now."""
        begin = max(
            (self.now + start).replace(microsecond=0),
            self.able.earliest_start(self.now),
        )
        details = {"action": Action.CHARGE, "power_w": 2000} | details
        if details["action"] not in POWERED_ACTIONS:
            details["power_w"] = None
        return Rule(
            **{
                "id": f"r{next(self._names)}",
                "start": begin,
                "duration": duration,
                "valid_from": self.now.replace(microsecond=0),
            }
            | details
        )

    def lay(self, *when: timedelta, **details: Any) -> Rule:
        """Put a new rule."""
        return self.ledger.put_rule(self.rule(*when, **details))

    def daily(self, at: int, length: timedelta = HOUR, **details: Any) -> Rule:
        """Put a rule that comes each day at an hour UTC."""
        recurrence = Recurrence(
            first=datetime.combine(self.now.date(), time(at)),
            length=length,
            zone="UTC",
            rule="FREQ=DAILY",
        )
        start = recurrence.first_window.start
        rule = self.rule(recurrence=recurrence, source=Source.CALENDAR, **details)
        return self.ledger.put_rule(replace(rule, start=start, duration=length))

    def force(self, duration: timedelta = HOUR, **details: Any) -> Rule:
        """Put a rule that starts now, in place of one that was forced before."""
        for occurrence in self.running():
            if occurrence.rule.source is Source.MANUAL:
                self.ledger.close(
                    occurrence, self.now, State.SUPERSEDED, "forced_again"
                )
        return self.lay(timedelta(), duration, source=Source.MANUAL, **details)

    def edit(self, rule: Rule, **details: Any) -> Rule:
        """Put a change of a rule, in force from now on."""
        valid_from = self.now.replace(microsecond=0)
        return self.ledger.put_rule(replace(rule, valid_from=valid_from, **details))

    def running(self) -> tuple[Occurrence, ...]:
        """Return what of ours is due now, or about to be."""
        soon = self.able.earliest_start(self.now) + SECOND
        return tuple(self.ledger.occurrences(self.now, soon))

    def stop(self, rule: Rule | None = None) -> None:
        """End what runs now, or what runs of one rule."""
        for occurrence in self.running():
            if rule is None or occurrence.rule.id == rule.id:
                self.ledger.close(occurrence, self.now, State.CANCELLED, "stopped")

    # -- what the keeper does --------------------------------------------------

    def look(self) -> None:
        """Take in what the cloud lists, and that time has passed."""
        self.ledger.observe(self.cloud.list(self.now), self.now, self.new_tag)
        self.ledger.pass_time(self.now)

    def settle(self) -> None:
        """Look, write all that has changed, and look again."""
        self.look()
        for dispatch in self.ledger.live():
            if dispatch.overdue(self.now) and dispatch.attempts < MAX_ATTEMPTS:
                self.ledger.resend(dispatch, self.now, self.new_tag())
        changes = self.ledger.changes(
            self.able, self.cloud.list(self.now), self.now, self.new_tag
        )
        self.ledger.take(changes)
        for dispatch in changes.remove:
            self._take_back(dispatch)
        for dispatch in changes.send:
            self._send(dispatch)
        self.look()

    def measure(self, **details: Any) -> None:
        """Take in a measurement, of a charge if nothing else is said."""
        details = {"mode": Action.CHARGE, "battery_w": -2000.0} | details
        telemetry = Telemetry(time=self.now, period=MINUTE, **details)
        for dispatch in self.ledger.judge(telemetry, self.able, self.now):
            self.ledger.resend(dispatch, self.now, self.new_tag())

    def after(self, span: timedelta) -> None:
        """Let time pass, without anybody looking."""
        self.now += span

    def live_for(self, span: timedelta, step: timedelta = 40 * SECOND) -> None:
        """Let time pass, and settle again and again."""
        until = self.now + span
        while self.now < until:
            self.now = min(self.now + step, until)
            self.settle()

    def restart(self) -> None:
        """Forget all that is not in the file."""
        kept = json.loads(json.dumps(encode(self.ledger)))
        self.ledger = decode(Ledger, kept)

    def _take_back(self, dispatch: Dispatch) -> None:
        if dispatch.vendor_id is None:
            return
        match self.cloud.answer():
            case Answer.DONE | Answer.REFUSED:
                self.cloud.delete(dispatch.vendor_id, self.now)
                return
            case Answer.LOST:
                self.cloud.delete(dispatch.vendor_id, self.now)
        self.ledger.dispatches[dispatch.id] = dispatch.restore_tried()

    def _send(self, dispatch: Dispatch) -> None:
        answer = self.cloud.answer(create=True)
        if self.able.lead_time and dispatch.segment.start < self.now:
            answer = Answer.REFUSED
        dispatch = dispatch.sent(self.now)
        create: Callable[[], str] = lambda: self.cloud.create(  # noqa: E731
            dispatch.segment, self.now
        )
        match answer:
            case Answer.DONE:
                dispatch = dispatch.accepted(create())
            case Answer.LOST:
                create()
            case Answer.OFFLINE:
                dispatch = dispatch.not_sent("cannot_connect")
            case Answer.REFUSED:
                dispatch = dispatch.finished(State.REJECTED, self.now, "refused")
        self.ledger.dispatches[dispatch.id] = dispatch

    # -- what came of it -------------------------------------------------------

    def states(self, rule: Rule) -> list[State]:
        """Return how far each item of a rule has come."""
        return [item.state for item in self.ledger.dispatches_of(rule.id)]

    def starts(self, rule: Rule) -> list[datetime]:
        """Return when the items of a rule start that the cloud holds."""
        found = self.cloud.held(self.now, Owner.OWN)
        return [item.start for item in found if item.rule_id == rule.id]

    def own(self) -> list[tuple[str, float, float]]:
        """Return what of ours the cloud holds: rule, and minutes from now."""
        return [
            (
                item.rule_id or "",
                round((item.start - self.now) / MINUTE, 1),
                round((item.end - self.now) / MINUTE, 1),
            )
            for item in self.cloud.held(self.now, Owner.OWN)
        ]
