"""One limiter for all calls of an account (dossier section 3).

Vendor and users advise 10 s between calls, yet more than 500 calls in 5 minutes, 50 of
them at once, were measured to pass; whose limit 6053 tells of, the AppID's or the
system's, is not known. So calls begin 1 s apart, as the best client does, and 10 s
apart once the cloud has said 6053, after a silence of the whole account. What set-up
needs at once may go at once: some calls per system, seldom.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from math import inf
from typing import Final

from ...core.errors import RateLimited

WRITE_GAP_S: Final = 35.0
"""From the end of a write to the next one of the same store: within 30 s the cloud is
known to refuse it."""
REFUSED_WRITE_S: Final = 60.0
SPACING_S: Final = 1.0
"""Between the beginnings of two calls."""
WIDE_SPACING_S: Final = 10.0
_WIDE_FOR_S: Final = 3600.0
SILENCES_S: Final = (60.0, 120.0, 300.0)
"""Without any call after a 6053, and after each one that follows a silence."""


class Pace:
    """Lets the calls of one account begin one after the other.

    Who comes during a silence is refused at once with `RateLimited`, and told how long
    it lasts: waiting would only pile up calls.
    """

    def __init__(
        self,
        now: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Let the first call go at once."""
        self._now = now or (lambda: asyncio.get_running_loop().time())
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._at_once = 0
        self._next = self._silent_until = self._wide_until = -inf
        self._refusals = 0
        self._writable: dict[str, float] = {}
        self._writing: dict[str, asyncio.Lock] = {}

    def allow_at_once(self, calls: int) -> None:
        """Let the next calls, so many of them, begin without a distance."""
        self._at_once += calls

    @property
    def wide(self) -> bool:
        """Whether calls are far apart, for the cloud has refused one lately."""
        return self._now() < self._wide_until

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn, make a call, and tell how it went."""
        if self._at_once > 0:
            self._at_once -= 1
            self._check()
        else:
            async with self._turn:
                self._check()
                if (wait := self._next - self._now()) > 0:
                    await self._sleep(wait)
                    self._check()
                spacing = WIDE_SPACING_S if self.wide else SPACING_S
                self._next = self._now() + spacing
        try:
            yield
        except RateLimited as error:
            self._refused()
            raise self._error(str(error)) from error
        self._refusals = 0

    def write_wait(self, store: str) -> float:
        """Return how long a store cannot be written yet, s."""
        return max(0.0, self._writable.get(store, 0.0) - self._now())

    @asynccontextmanager
    async def write(self, store: str) -> AsyncIterator[None]:
        """Wait until a store may be written again, and for one's turn; make a call.

        A store that is written too often is no reason to read less.
        """
        async with self._writing.setdefault(store, asyncio.Lock()):
            if (wait := self.write_wait(store)) > 0:
                await self._sleep(wait)
            async with self._turn:
                self._check()
            self._writable[store] = self._now() + WRITE_GAP_S
            try:
                yield
            except RateLimited as error:
                self._writable[store] = self._now() + REFUSED_WRITE_S
                message, wait = str(error), REFUSED_WRITE_S
                raise RateLimited(message, wait, reason="throttled") from error
            finally:
                gap = self._now() + WRITE_GAP_S
                self._writable[store] = max(self._writable[store], gap)

    def _check(self) -> None:
        if self._now() < self._silent_until:
            raise self._error("not sent, for the cloud wants fewer calls")

    def _error(self, message: str) -> RateLimited:
        left = max(0.0, self._silent_until - self._now())
        return RateLimited(message, left, reason="throttled")

    def _refused(self) -> None:
        """Be silent; calls that were under way together are one refusal."""
        now = self._now()
        if now < self._silent_until:
            return
        step = min(self._refusals, len(SILENCES_S) - 1)
        self._refusals += 1
        self._at_once = 0
        self._silent_until = now + SILENCES_S[step]
        self._wide_until = self._silent_until + _WIDE_FOR_S
