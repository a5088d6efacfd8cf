"""How often this cloud may be asked (dossier 3.3, 3.4).

It takes 10 to 12 calls a minute of each endpoint from one public address, whoever makes
them, so all accounts behind one share one count. Calls begin some 0.3 s apart, those
that change something first.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary

from aiohttp import ClientSession

from ...core.errors import RateLimited
from ...core.models import Clock

OWN_BUDGET: Final = "own_budget"
"""The reason of what is refused by our own count."""
SPACING_S: Final = 0.3
WINDOW_S: Final = 61.0
"""A minute, and what calls need to get there."""
CALLS_PER_WINDOW: Final = 10
RECOVERY_S: Final = 65.0
"""After the oldest call in the window, once the cloud has refused one."""
READ_PATIENCE_S: Final = 5.0
"""Who would have to wait longer is told so instead."""
WRITE_PATIENCE_S: Final = RECOVERY_S
WORTH_WAITING: Final = frozenset(
    {"energy_analysis", "get_device_home_load", "get_site_device_param"}
)
"""Reads that nobody is better off without: plans that are read back, and energies."""
_TIMES_LONGER: Final = 13
_LEAST_S: Final = 0.001
"""Less than this hardly shows in a time stamp."""

type Sleep = Callable[[float], Awaitable[object]]


@dataclass(slots=True, eq=False)
class _Waiting:
    label: str
    urgent: bool
    number: int

    @property
    def rank(self) -> tuple[bool, int]:
        """Urgent ones first, then in their order."""
        return not self.urgent, self.number


class Pace:
    """Lets calls to one server begin one after the other."""

    def __init__(self, clock: Clock, sleep: Sleep = asyncio.sleep) -> None:
        """Let the first call go at once.

        `systems` is how many systems each account has, by what asks for them.
        """
        self.systems: WeakKeyDictionary[object, int] = WeakKeyDictionary()
        self._clock = clock
        self._sleep = sleep
        self._slept_s = 0.0
        self._next = float("-inf")
        self._calls: dict[str, deque[float]] = {}
        self._refused_until: dict[str, float] = {}
        self._waiting: list[_Waiting] = []
        self._numbers = 0

    async def turn(
        self, label: str, *, urgent: bool = False, at_once: bool = False
    ) -> None:
        """Wait for one's turn with an endpoint; `at_once` without the spacing.

        RateLimited `own_budget` when the wait is too long, `throttled` while the cloud
        refuses the endpoint.
        """
        self._numbers += 1
        me = _Waiting(label, urgent, self._numbers)
        patience = WRITE_PATIENCE_S if urgent else READ_PATIENCE_S
        if patient := not urgent and label in WORTH_WAITING:
            patience *= _TIMES_LONGER
        begin = self._now()
        self._waiting.append(me)
        try:
            while True:
                self._check(label)
                now = self._now()
                wait = self._window_wait(label, now)
                # However many wait for the same, each only so long in all.
                waited = now - begin if patient else 0.0
                if wait and wait + waited > patience:
                    message = f"{label}: not sent, for it was asked too often"
                    raise RateLimited(message, wait, reason=OWN_BUDGET)
                if wait <= 0 and not at_once:
                    wait = self._spacing_wait(me, now)
                if wait <= 0:
                    break
                await self._let_pass(wait)
            self._calls.setdefault(label, deque()).append(now)
            self._next = now + SPACING_S
        finally:
            self._waiting.remove(me)

    def refused(self, label: str) -> float:
        """Be silent after a 429; return for how long, s."""
        now = self._now()
        recent = self._recent(label, now)
        until = (recent[0] if recent else now) + RECOVERY_S
        self._refused_until[label] = max(until, now + SPACING_S)
        return self._refused_until[label] - now

    def _check(self, label: str) -> None:
        left = self._refused_until.get(label, float("-inf")) - self._now()
        if 0 < left <= RECOVERY_S:
            message = f"{label}: not sent, for the cloud wants fewer calls"
            raise RateLimited(message, left, reason="throttled")

    def _spacing_wait(self, me: _Waiting, now: float) -> float:
        """Return the time until it is my turn among all that could begin now."""
        ahead = sum(
            other.rank < me.rank and self._window_wait(other.label, now) <= 0
            for other in self._waiting
        )
        # A clock that was set back must not stop anything.
        self._next = min(self._next, now + SPACING_S)
        return max(0.0, self._next - now) + ahead * SPACING_S

    def _window_wait(self, label: str, now: float) -> float:
        recent = self._recent(label, now)
        if len(recent) < CALLS_PER_WINDOW:
            return 0.0
        return recent[-CALLS_PER_WINDOW] + WINDOW_S - now

    def _recent(self, label: str, now: float) -> deque[float]:
        calls = self._calls.get(label, deque())
        while calls and not now - WINDOW_S < calls[0] <= now:
            calls.popleft()
        return calls

    def _now(self) -> float:
        return self._clock().timestamp() + self._slept_s

    async def _let_pass(self, seconds: float) -> None:
        """Sleep; what was slept has passed, even where the clock stood or went back."""
        seconds = max(seconds, _LEAST_S)
        end = self._now() + seconds
        await self._sleep(seconds)
        self._slept_s += max(0.0, end - self._now())


_PACES: Final[WeakKeyDictionary[ClientSession, dict[str, Pace]]] = WeakKeyDictionary()


def shared_pace(
    http: ClientSession, server: str, clock: Clock, sleep: Sleep = asyncio.sleep
) -> Pace:
    """Return the pace of a server, the same for all accounts of one installation."""
    paces = _PACES.setdefault(http, {})
    if server not in paces:
        paces[server] = Pace(clock, sleep)
    return paces[server]
