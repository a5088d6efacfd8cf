"""A call budget over a sliding window, with a share for what must not wait."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta

from .errors import RateLimited
from .models import Clock


class Budget:
    """At most `limit` calls in any `window`; ordinary calls leave `reserved` unused.

    The reserve is for calls that give an inverter back: deletes, restores, resets.
    """

    def __init__(
        self,
        limit: int,
        window: timedelta,
        clock: Clock,
        *,
        reserved: int = 0,
        spent: Iterable[datetime] = (),
    ) -> None:
        """Start with what was spent before, earliest first."""
        self._limit = limit
        self._window = window
        self._clock = clock
        self._reserved = reserved
        self._spent = deque(spent)

    @property
    def left(self) -> int:
        """Ordinary calls that may be made now."""
        self._forget_old()
        return max(0, self._limit - self._reserved - len(self._spent))

    def spend(self, *, urgent: bool = False) -> None:
        """Book one call; raise `RateLimited` with the wait when none is left.

        Urgent calls may use the reserved share too.
        """
        self._forget_old()
        allowed = self._limit if urgent else self._limit - self._reserved
        if len(self._spent) >= allowed:
            until_free = self._spent[-allowed] + self._window - self._clock()
            raise RateLimited("own call budget spent", until_free.total_seconds())
        self._spent.append(self._clock())

    def _forget_old(self) -> None:
        oldest = self._clock() - self._window
        while self._spent and self._spent[0] <= oldest:
            self._spent.popleft()
