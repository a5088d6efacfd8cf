"""The account's rate limit, of which others have their half (dossier 2.1 to 2.3).

50 calls in 300 s are for the whole account, so for every tool of the household. In any
such time this installation makes half of them at most; it stops earlier, until the
window is over, where others leave fewer than a tenth; calls that can wait leave a fifth
to those that cannot. The numbers are the cloud's, from the headers of its last answer.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
import re
from typing import Final, Self

from ...core.errors import RateLimited
from ...core.models import Clock
from ..parsing import integer, number

LIMIT: Final = 50
WINDOW: Final = timedelta(minutes=5)

_MARGIN: Final = timedelta(seconds=2)
"""The cloud counts in whole seconds, and by its own clock."""
_LONGEST: Final = timedelta(hours=1)
_LONGEST_REFUSAL_S: Final = 300.0
_WINDOW_ITEM: Final = re.compile(r"(\d+)[^,]*?;\s*w\s*=\s*(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """What the last counted answer said; `reset_s` is seconds from `refreshed`."""

    limit: int | None
    remaining: int | None
    reset_s: int | None
    policy: str | None
    refreshed: datetime

    @classmethod
    def parse(cls, headers: Mapping[str, str], now: datetime) -> Self | None:
        """Read the headers of an answer; None where it has none of them."""
        limit, remaining, reset = (
            _count(headers.get(f"RateLimit-{name}"))
            for name in ("Limit", "Remaining", "Reset")
        )
        policy = headers.get("RateLimit-Policy")
        if limit is None and remaining is None and reset is None and not policy:
            return None
        return cls(
            limit=limit,
            remaining=remaining,
            reset_s=reset,
            policy=policy,
            refreshed=now,
        )

    @property
    def estimated_reset(self) -> datetime | None:
        """When the window is over, which may be past."""
        if self.reset_s is None:
            return None
        seconds = min(self.reset_s, _LONGEST.total_seconds())
        return self.refreshed + timedelta(seconds=seconds)

    @property
    def time_window(self) -> timedelta | None:
        """The length of the window by the policy; of several the one of the limit."""
        items = _WINDOW_ITEM.findall(self.policy or "")
        for quota, seconds in (*(i for i in items if int(i[0]) == self.limit), *items):
            if int(quota) > 0 and 0 < int(seconds) <= _LONGEST.total_seconds():
                return timedelta(seconds=int(seconds))
        return None


def _count(value: str | None) -> int | None:
    amount = integer(value)
    return None if amount is None or amount < 0 else amount


@dataclass(frozen=True, slots=True)
class Room:
    """How many calls may be made now, and if none, from when on one may be."""

    calls: int
    free_at: datetime


class Limiter:
    """Counts the calls of an account that the cloud counts too; a `Meter`."""

    def __init__(self, clock: Clock, waiting: frozenset[str] = frozenset()) -> None:
        """Take the labels of the calls that can wait."""
        self._clock = clock
        self._waiting = waiting
        self._limit = LIMIT
        self._window = WINDOW
        self._sent: deque[datetime] = deque()
        self._silent_until: datetime | None = None
        self._refusals = 0
        self.told: RateLimits | None = None

    def room(self, label: str = "") -> Room:
        """Return what is left for calls of a label."""
        now = self._clock()
        self._forget(now)
        kept = self._limit // 5 if label in self._waiting else 0
        own = max(1, self._limit // 2) - kept
        calls, free_at = own - len(self._sent), now
        if calls <= 0:
            free_at = self._sent[-max(1, own)] + self._window + _MARGIN
        shared, reset = self._left_by_others(now)
        if shared is not None and reset is not None and shared - kept < calls:
            calls = shared - kept
            if calls <= 0:
                free_at = max(free_at, reset)
        if self._silent_until is not None and now < self._silent_until:
            calls, free_at = 0, max(free_at, self._silent_until)
        return Room(max(0, calls), free_at)

    def sending(self, label: str) -> None:
        """Count a call; RateLimited with the wait when it is not to be made now."""
        now = self._clock()
        room = self.room(label)
        if room.calls <= 0:
            wait = (room.free_at - now).total_seconds()
            raise RateLimited(f"{label}: not sent, to leave calls to others", wait)
        self._sent.append(now)

    def answered(self, label: str, status: int, headers: Mapping[str, str]) -> None:
        """Learn from an answer; RateLimited with the wait for a 429.

        With headers the quota is spent: until the window is over, or for a whole one
        when that did not help. Without them the cloud is busy: 2 s, twice as long each
        time in a row.
        """
        now = self._clock()
        limits = RateLimits.parse(headers, now)
        if limits is not None:
            self.told = limits
            self._limit = limits.limit or self._limit
            self._window = limits.time_window or self._window
        if status != HTTPStatus.TOO_MANY_REQUESTS:
            if status < HTTPStatus.BAD_REQUEST:
                self._refusals = 0
            return
        self._refusals += 1
        if limits is None:
            wait = timedelta(seconds=min(2.0**self._refusals, _LONGEST_REFUSAL_S))
        else:
            reset = limits.estimated_reset
            again = reset is None or self._refusals > 1
            wait = (self._window if again or reset is None else reset - now) + _MARGIN
        asked = number(headers.get("Retry-After")) or 0.0
        wait = min(max(wait, timedelta(seconds=max(0.0, min(asked, 1e6)))), _LONGEST)
        self._silent_until = max(self._silent_until or now, now + wait)
        raise RateLimited(f"{label}: HTTP {status}", wait.total_seconds())

    def _left_by_others(self, now: datetime) -> tuple[int | None, datetime | None]:
        """Return what the window still holds above the last tenth, and its end."""
        if self.told is None or self.told.remaining is None:
            return None, None
        refreshed = self.told.refreshed
        reset = self.told.estimated_reset or refreshed + self._window
        if not refreshed <= now < reset + _MARGIN:
            return None, None
        since = sum(1 for sent in self._sent if sent > refreshed)
        return self.told.remaining - since - max(1, self._limit // 10), reset + _MARGIN

    def _forget(self, now: datetime) -> None:
        """Drop what no longer counts, and what a clock set back left in the future."""
        while self._sent and self._sent[-1] > now:
            self._sent.pop()
        while self._sent and now - self._sent[0] >= self._window + _MARGIN:
            self._sent.popleft()
        if self._silent_until is not None and self._silent_until - now > _LONGEST:
            self._silent_until = None
