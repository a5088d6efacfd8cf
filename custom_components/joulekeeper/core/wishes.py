"""What is wanted of one device: its rules, and which occurrences end early."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from .dispatch import State
from .rules import Occurrence, Rule
from .schedule import DAY
from .timeline import Segment

HISTORY: Final = 14 * DAY
"""How long what is over is remembered."""
INSTANT: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Closing:
    """The early end of an occurrence, and why; it was to go on until `until`."""

    at: datetime
    until: datetime
    state: State
    reason: str


@dataclass(slots=True)
class Wishes:
    """The rules of one device.

    `closings` are by occurrence, `deleted` are the ids of rules that are gone, with
    the instant until which they are remembered: an item of theirs is a leftover.
    `revision` counts the edits.
    """

    rules: dict[str, Rule] = field(default_factory=dict)
    closings: dict[str, Closing] = field(default_factory=dict)
    deleted: dict[str, datetime] = field(default_factory=dict)
    revision: int = 0

    def take_wishes_of(self, other: Wishes) -> None:
        """Want what another one wants."""
        self.revision = max(self.revision, other.revision)
        self.rules = dict(other.rules)
        self.closings = dict(other.closings)
        self.deleted = dict(other.deleted)

    def undo(self, before: Wishes, after: Wishes) -> None:
        """Take back what was changed from one to the other, and nothing else."""
        _undo(self.rules, before.rules, after.rules)
        _undo(self.closings, before.closings, after.closings)
        _undo(self.deleted, before.deleted, after.deleted)

    def knows(self, rule_id: str | None) -> bool:
        """Tell whether a rule is ours, or was until lately."""
        return rule_id in self.rules or rule_id in self.deleted

    def put_rule(self, rule: Rule) -> Rule:
        """Take a new rule, or an edit of one; it goes before older ones of its kind."""
        self.revision += 1
        rule = replace(rule, revision=self.revision)
        if rule.recurrence is None:
            # Who edits what was stopped wants it again.
            for occurrence in rule.occurrences(rule.start, rule.end):
                self.closings.pop(occurrence.id, None)
        elif rule.valid_from is not None:
            self._keep_closed(rule, rule.valid_from)
        self.rules[rule.id] = rule
        return rule

    def trim_rule(self, rule: Rule) -> None:
        """Take a rule with fewer occurrences; its precedence stays."""
        self.rules[rule.id] = rule

    def delete_rule(self, rule_id: str, now: datetime) -> None:
        """Forget a rule; what was sent for it is a leftover from now on."""
        self.rules.pop(rule_id, None)
        self.deleted[rule_id] = now + HISTORY

    def close(
        self, occurrence: Occurrence, at: datetime, state: State, reason: str
    ) -> None:
        """End an occurrence early."""
        self.closings[occurrence.id] = Closing(at, occurrence.end, state, reason)

    def close_of(
        self, segment: Segment, at: datetime, state: State, reason: str
    ) -> None:
        """End the occurrence early that a segment is part of."""
        if (occurrence := self.occurrence_of(segment)) is not None:
            self.close(occurrence, at, state, reason)

    def occurrences(self, start: datetime, end: datetime) -> Iterator[Occurrence]:
        """Yield what the rules ask for in a span, up to its early end, unordered."""
        closed = self._closed_rules()
        for rule in self.rules.values():
            yield from self._up_to_closing(rule, start, end, closed)

    def occurrences_of(
        self, rule: Rule, start: datetime, end: datetime
    ) -> Iterator[Occurrence]:
        """Yield what one rule asks for in a span, up to its early end."""
        return self._up_to_closing(rule, start, end, self._closed_rules())

    def active(self, now: datetime) -> tuple[Occurrence, ...]:
        """Return the occurrences whose time is now, whoever has precedence."""
        return tuple(self.occurrences(now, now + INSTANT))

    def next_after(self, now: datetime, end: datetime) -> Occurrence | None:
        """Return the first occurrence that starts later than now, before an end."""
        coming = (item for item in self.occurrences(now, end) if item.start > now)
        return min(coming, key=lambda item: item.start, default=None)

    def to_come(self, now: datetime, horizon: datetime) -> list[Occurrence]:
        """Return what is wanted from now on; of what comes again up to a horizon."""
        closed = self._closed_rules()
        return [
            occurrence
            for rule in self.rules.values()
            for occurrence in self._up_to_closing(
                rule, now, horizon if rule.recurrence else rule.end, closed
            )
        ]

    def occurrence_of(self, segment: Segment) -> Occurrence | None:
        """Return the whole occurrence that a segment is part of."""
        rule = self.rules.get(segment.rule_id)
        if rule is None:
            return None
        found = rule.occurrences(segment.start, segment.end)
        return next((item for item in found if item.id == segment.occurrence_id), None)

    def forget_wishes(self, now: datetime, needed: Collection[str]) -> None:
        """Forget what is long over, but for the occurrences that are still needed."""
        for rule in list(self.rules.values()):
            if rule.over(now):
                self.delete_rule(rule.id, now)
        for occurrence_id, closing in list(self.closings.items()):
            if closing.until < now - HISTORY and occurrence_id not in needed:
                del self.closings[occurrence_id]
        for rule_id, until in list(self.deleted.items()):
            if until < now:
                del self.deleted[rule_id]

    def _keep_closed(self, rule: Rule, now: datetime) -> None:
        """Let what was ended early stay so, when its series gets other times."""
        for occurrence_id, closing in list(self.closings.items()):
            was_of_it = occurrence_id.rpartition("@")[0] == rule.id
            if was_of_it and now < closing.until:
                for occurrence in rule.occurrences(now, now + INSTANT):
                    self.closings.setdefault(
                        occurrence.id,
                        replace(closing, at=min(closing.at, now), until=occurrence.end),
                    )

    def _closed_rules(self) -> set[str]:
        """Return the ids of the rules that have closings."""
        return {occurrence_id.rpartition("@")[0] for occurrence_id in self.closings}

    def _up_to_closing(
        self, rule: Rule, start: datetime, end: datetime, closed: set[str]
    ) -> Iterator[Occurrence]:
        if rule.id not in closed:
            yield from rule.occurrences(start, end)
            return
        for occurrence in rule.occurrences(start, end):
            closing = self.closings.get(occurrence.id)
            if closing is None:
                yield occurrence
            elif occurrence.start < closing.at and start < closing.at:
                yield replace(occurrence, end=min(occurrence.end, closing.at))


def _undo[T](mine: dict[str, T], old: Mapping[str, T], new: Mapping[str, T]) -> None:
    for key in old.keys() | new.keys():
        if old.get(key) == new.get(key):
            continue
        if key in old:
            mine[key] = old[key]
        else:
            mine.pop(key, None)
