"""What is lent to us of a plan that a cloud takes only as a whole.

Such a plan belongs to its owner, who set it in the vendor's app. What we put into it for
a while is borrowed, and given back just as it was, but for what the owner has changed
meanwhile.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from .timeline import Segment

LAG: Final = timedelta(minutes=15)
"""How long a cloud may go on to show what was there before a write."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loan:
    """A plan on loan; each one in the form that its vendor package keeps.

    Each loan is one of its own, equal to no other.

    `owner` is the plan as its owner wants it, without us. `written` is what we wrote
    last, at `written_at`; the cloud may still show what it held `earlier`, for a while.
    `mine` names what of it is ours. What was only an edit of the owner's is not `lent`.
    """

    owner: dict[str, Any]
    earlier: list[dict[str, Any]] = field(default_factory=list)
    written: dict[str, Any]
    written_at: datetime
    mine: list[str] = field(default_factory=list)
    lent: bool = True

    @property
    def outdated_until(self) -> datetime:
        """Until when what the cloud shows may be from before what was written."""
        return self.written_at + LAG

    def is_fresh(self, now: datetime) -> bool:
        """Whether the cloud may still show what was there before."""
        return bool(self.earlier) and now < self.outdated_until

    @property
    def comes_back(self) -> bool:
        """Whether the cloud has held already what was written, so that it proves little."""
        return self.written in self.earlier


def shown_before(
    lent: Loan,
    left: Loan | None,
    shown: dict[str, Any],
    does_same: Callable[[dict[str, Any], dict[str, Any]], bool],
) -> list[dict[str, Any]]:
    """Return which plans the cloud may still show after a write, `shown` the last.

    `left` is a loan before that of which not everything has been shown yet. `does_same`
    tells whether two plans do the same.
    """
    known = [] if left is None else [*_others(left.earlier, left.written), left.written]
    earlier = [*_others(known, shown, lent.written), shown]
    if any(does_same(it, lent.written) for it in (*known, shown)):
        # What does the same as before proves no more than what is the same.
        earlier.insert(0, lent.written)
    return earlier


def _others(
    plans: Iterable[dict[str, Any]], *known: dict[str, Any]
) -> list[dict[str, Any]]:
    return [plan for plan in plans if plan not in known]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What is known of what was sent, by the cloud's ids, and the loan for it.

    `live` stands for what is wanted, `restoring` is to be taken back.
    """

    live: Mapping[str, Segment] = field(default_factory=dict)
    restoring: Mapping[str, Segment] = field(default_factory=dict)
    loan: Loan | None = None
