"""A call budget over a sliding window, with a share for what must not wait."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .errors import RateLimited
from .models import Clock


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `calls` in any `window`, of which ordinary ones leave `reserved` unused.

    The reserve is for calls that give an inverter back: deletes, restores, resets. A
    vendor that is `guarded` counts its calls itself too, and holds back what its cloud
    has refused for too many calls: one refusal says nothing of any other call.
    """

    calls: int
    window: timedelta
    reserved: int = 0
    guarded: bool = False


class Budget:
    """Counts calls, and refuses those that an allowance does not hold."""

    def __init__(
        self, allowance: Allowance, clock: Clock, spent: Iterable[datetime] = ()
    ) -> None:
        """Start with what was spent before, earliest first."""
        self._limit = allowance.calls
        self._window = allowance.window
        self._clock = clock
        self._reserved = allowance.reserved
        self.guarded = allowance.guarded
        self._spent = deque(spent)

    @property
    def left(self) -> int:
        """Ordinary calls that may be made now."""
        self._forget_old()
        return max(0, self._limit - self._reserved - len(self._spent))

    def spend(self, calls: int = 1, *, urgent: bool = False) -> None:
        """Book calls, all or none; raise `RateLimited` with the wait when too few are left.

        Urgent calls may use the reserved share too.
        """
        self._forget_old()
        allowed = self._limit if urgent else self._limit - self._reserved
        if len(self._spent) + calls > allowed:
            in_the_way = min(len(self._spent) + calls - allowed, len(self._spent))
            until_free = self._spent[in_the_way - 1] + self._window - self._clock()
            raise RateLimited("own call budget spent", until_free.total_seconds())
        self._spent.extend([self._clock()] * calls)

    def refund(self, calls: int) -> None:
        """Take calls back that were booked last, and came to nothing."""
        for _ in range(min(calls, len(self._spent))):
            self._spent.pop()

    def _forget_old(self) -> None:
        oldest = self._clock() - self._window
        while self._spent and self._spent[0] <= oldest:
            self._spent.popleft()
