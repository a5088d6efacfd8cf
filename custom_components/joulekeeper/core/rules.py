"""What a user wants: rules, and the occurrences that they expand to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from .recurrence import Recurrence, Window
from .schedule import Action, Limits, Source, compact


class Inexact(StrEnum):
    """What the user accepts when a device cannot do just what was asked, by itself."""

    REJECT = "reject"
    """Nothing but what the device does by itself."""
    EMULATE = "emulate"
    """What we can do in its place, too: end at a state of charge, repeat."""
    NEAREST = "nearest"
    """And what only comes near to it."""


_RANKS: Final = {
    Source.KEEPER: 0,
    Source.CALENDAR: 1,
    Source.SERVICE: 2,
    Source.MANUAL: 3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One schedule as the user asks for it: an action from an instant, for a time.

    `start` is an instant in UTC; of a recurring rule, that of its first window.
    `power_w` is positive; None means the most that the device can do. `target_soc`, in
    percent, ends it early. `limits` belongs to `Action.LIMIT` alone. `revision` counts
    the edits of all rules of a device, `valid_from` is when this edit came into force:
    what was before belongs to the edit before. Without renewal it ends at `lease_end`.
    """

    id: str
    action: Action
    start: datetime
    duration: timedelta
    recurrence: Recurrence | None = None
    power_w: int | None = None
    target_soc: int | None = None
    limits: Limits | None = None
    source: Source = Source.SERVICE
    note: str = ""
    inexact: Inexact = Inexact.EMULATE
    revision: int = 0
    valid_from: datetime | None = None
    lease_end: datetime | None = None

    @property
    def end(self) -> datetime:
        """The instant at which the device is given back; of the first window."""
        return self.start + self.duration

    @property
    def rank(self) -> tuple[int, int]:
        """What decides who owns a minute: the higher one does."""
        return _RANKS[self.source], self.revision

    def occurrences(self, start: datetime, end: datetime) -> Iterator[Occurrence]:
        """Yield each occurrence that shares time with a span, earliest first."""
        if self.recurrence is None:
            windows: Iterable[Window] = (Window(None, self.start, self.end),)
        else:
            windows = self.recurrence.windows(start, end)
        for wall, begin, finish in windows:
            opens = max(begin, self.valid_from or begin)
            closes = min(finish, self.lease_end or finish)
            if opens < closes and opens < end and start < closes:
                yield Occurrence(self, begin, opens, closes, wall)

    def over(self, now: datetime) -> bool:
        """Tell whether nothing of it comes any more."""
        if self.lease_end is not None and self.lease_end <= now:
            return True
        return self.recurrence.over(now) if self.recurrence else self.end <= now


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One expansion of a rule.

    `due` is its start as the rule has it, which names it; it is in force from `start`
    to `end`. `wall` is its start by the clock of the site, None for a rule that does
    not come again.
    """

    rule: Rule = field(repr=False)
    due: datetime
    start: datetime
    end: datetime
    wall: datetime | None = None

    @property
    def id(self) -> str:
        """What names it for good."""
        return occurrence_id(self.rule.id, self.due)


def occurrence_id(rule_id: str, due: datetime) -> str:
    """Return what names the occurrence of a rule that is due at an instant."""
    return f"{rule_id}@{compact(due)}Z"
