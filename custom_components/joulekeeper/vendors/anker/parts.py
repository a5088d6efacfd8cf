"""Answers that are worth asking for again only now and then, each by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from ...core.errors import AuthError, RateLimited, VendorError
from ...core.models import Clock

_EARLY: Final = 0.9
"""Share of its time after which a part is old: rounds are not exactly in time."""


class Part[T]:
    """One optional call: what it brought last, and when it is asked again.

    One that fails keeps what it had: no part may fail a refresh (dossier 11.1). Only
    credentials that are refused concern everybody.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[T]], every: timedelta, clock: Clock
    ) -> None:
        """Know nothing yet."""
        self._fetch = fetch
        self._every = every * _EARLY
        self._lock = asyncio.Lock()
        self._clock = clock
        self._asked_at: datetime | None = None
        self._told_at: datetime | None = None
        self._known: T | None = None
        self._error: VendorError | None = None

    @property
    def known(self) -> T | None:
        """What was brought last, None before."""
        return self._known

    @property
    def told_at(self) -> datetime | None:
        """When that was, None before."""
        return self._told_at

    @property
    def error(self) -> VendorError | None:
        """Why it is not known how it is now, None where it is."""
        return self._error

    def expire(self) -> None:
        """Have it asked again next time."""
        self._asked_at = None

    async def get(self) -> T | None:
        """Return what is known, asked anew if it is time; raises `AuthError` only."""
        async with self._lock:
            now = self._clock()
            if self._asked_at is None or not (
                timedelta() <= now - self._asked_at < self._every
            ):
                await self._ask(now)
            return self._known

    async def _ask(self, now: datetime) -> None:
        try:
            self._known = await self._fetch()
        except VendorError as error:
            if isinstance(error, AuthError):
                raise
            self._error = error
            if not isinstance(error, RateLimited):
                # What was not even sent is asked for in the next round.
                self._asked_at = now
        else:
            self._asked_at = self._told_at = now
            self._error = None
