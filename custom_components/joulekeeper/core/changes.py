"""What a ledger tells: what can be sent, what cannot, and what there is to write."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from .check import Problem
from .dispatch import PAUSED, RESTORING, Dispatch, State
from .loan import Loan
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

    `send` is to be sent, `remove` to be taken back; `waiting` has to wait for its turn.
    `over` needs no call any more: it was never sent, or it never will be. With
    `give_back` a plan is on loan though nothing of ours is in it any more.
    """

    send: tuple[Dispatch, ...] = ()
    remove: tuple[Dispatch, ...] = ()
    waiting: tuple[Dispatch, ...] = ()
    over: tuple[Dispatch, ...] = ()
    give_back: bool = False
    anew: bool = False
    """Whether a plan is to be written anew though nothing of ours has changed."""

    @property
    def gives_back(self) -> bool:
        """Whether something of ours is to go, whatever else is to come."""
        return bool(self.remove or self.give_back)

    def affordable(self, writes: int, reason: str = "budget") -> Changes:
        """Return as much of them as so many writes allow; the rest waits for a reason.

        What has to wait keeps what it is to replace: the old one is better than none.
        """
        part = self
        for count in range(min(len(self.send), writes), -1, -1):
            part = self._with_first(count, reason)
            if count + len(part.remove) <= writes:
                break
        return part

    def _with_first(self, count: int, reason: str) -> Changes:
        waiting = tuple(item.queued(reason) for item in self.send[count:])
        remove = tuple(
            item
            for item in self.remove
            if item.outcome is not State.SUPERSEDED
            or not any(item.makes_room_for(other) for other in waiting)
        )
        return replace(self, send=self.send[:count], remove=remove, waiting=waiting)

    def __bool__(self) -> bool:
        """Whether anything has to be written."""
        return bool(self.send or self.gives_back or self.anew)


def all_back(
    loan: Loan | None, dispatches: Iterable[Dispatch], now: datetime
) -> Changes:
    """Return what takes back all that was sent, while its account is to be paused.

    What is still wanted is sent again after the pause.
    """
    known = tuple(dispatches)
    sent = (item for item in known if item.live and item.sent_at is not None)
    return Changes(
        remove=(
            *(item.to_be_taken_back(State.SUPERSEDED, PAUSED) for item in sent),
            *(item for item in known if item.state in RESTORING),
        ),
        give_back=lent_for_nothing(loan, known, now),
    )


def lent_for_nothing(
    loan: Loan | None, dispatches: Iterable[Dispatch], now: datetime
) -> bool:
    """Tell whether a plan is on loan of which we need nothing any more.

    What was ours may have been deleted elsewhere, or only a part of what is to be given
    back may have arrived. What was given back just now may still be on its way.
    """
    if loan is None or not (loan.mine or now >= loan.outdated_until):
        return False
    return not any(
        item.state in RESTORING or (item.live and item.state is not State.QUEUED)
        for item in dispatches
    )
