"""What a ledger tells: what can be sent, what cannot, and what there is to write."""

from dataclasses import dataclass, replace

from .check import Problem
from .dispatch import Dispatch, State
from .schedule import ScheduleItem
from .timeline import Segment


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a rule that is not sent, and why."""

    segment: Segment
    problem: Problem


@dataclass(frozen=True, slots=True)
class Compiled:
    """All that the rules ask for: what can be sent, and what cannot."""

    segments: tuple[Segment, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What has to happen so that the cloud holds what is wanted.

    `send` is to be sent, `remove` and `surplus` to be taken back. `over` needs no call
    any more: it was never sent, or it never will be.
    """

    send: tuple[Dispatch, ...] = ()
    remove: tuple[Dispatch, ...] = ()
    surplus: tuple[ScheduleItem, ...] = ()
    over: tuple[Dispatch, ...] = ()

    def without_replaced(self) -> Changes:
        """Return them without what is only taken back to make room for others."""
        return replace(
            self,
            remove=tuple(
                item for item in self.remove if item.outcome is not State.SUPERSEDED
            ),
        )

    def __bool__(self) -> bool:
        """Whether anything has to be written."""
        return bool(self.send or self.remove or self.surplus)
