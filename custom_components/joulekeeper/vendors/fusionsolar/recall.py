"""Answers that are kept over restarts: asking again would spend the account's quota."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.errors import RateLimited, VendorError
from ...core.models import Clock
from ..parsing import mapping, objects, timestamp
from .codes import said_again
from .limits import GAP
from .state import State

_PART: Final = "answers"
_LONGEST: Final = timedelta(days=2)
_SOON: Final = timedelta(seconds=30)

type Rows = list[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of an answer, when it came, and what it was asked about."""

    at: datetime
    rows: Rows = field(repr=False)
    about: frozenset[str] = field(repr=False, default=frozenset())


class Recall:
    """The last answers of an account, by name, as far as they were of this account."""

    def __init__(self, state: State, clock: Clock, account: str) -> None:
        """Know nothing until the state is loaded."""
        self._state = state
        self._clock = clock
        self._account = account
        self._kept: dict[str, Kept] = {}
        self._failed: dict[str, tuple[VendorError, datetime]] = {}
        self._restored: set[str] = set()
        self._locks: dict[str, asyncio.Lock] = {}
        state.bind(_PART, self._as_data, self._restore)

    async def get(
        self,
        name: str,
        ask: Callable[[], Awaitable[Rows]],
        *,
        about: Collection[str],
        fresh_for: timedelta,
        good_for: timedelta,
        not_before: datetime | None = None,
        next_at: Callable[[datetime], datetime] | None = None,
    ) -> Kept:
        """Return an answer about some plants or devices that is fresh, else a new one.

        One of before `not_before` is not fresh. While the quota allows none, the last
        one is returned as long as it is good; it may tell nothing of who is new. What
        one plant's call failed for is said again to the others.
        """
        await self._state.load()
        async with self._locks.setdefault(name, asyncio.Lock()):
            kept = self._alive(name, good_for)
            until = None if kept is None else kept.at + fresh_for
            if kept is not None and next_at is not None and name in self._restored:
                until = next_at(kept.at)
            if (
                kept is not None
                and until is not None
                and self._clock() < until
                and (not_before is None or kept.at >= not_before)
                and kept.about.issuperset(about)
            ):
                return kept
            self._raise_failed(name)
            try:
                rows = await ask()
            except RateLimited:
                if kept is None:
                    raise
                return kept
            except VendorError as error:
                self._failed[name] = error, self._clock()
                raise
            kept = self._kept[name] = Kept(self._clock(), rows, frozenset(about))
            self._restored.discard(name)
        await self._state.save()
        return kept

    def _raise_failed(self, name: str) -> None:
        """Say a failure again until its interface may be called once more."""
        if (failed := self._failed.pop(name, None)) is None:
            return
        error, at = failed
        left = at + GAP - self._clock()
        if timedelta() < left <= GAP:
            self._failed[name] = failed
            raise said_again(error, left.total_seconds())

    @property
    def rows(self) -> Mapping[str, Rows]:
        """The last answers by name, those of before a restart too."""
        return {name: kept.rows for name, kept in self._kept.items()}

    def due_in(self, name: str, every: timedelta, now: datetime) -> timedelta:
        """Return the time until an answer of some age is asked for anew."""
        kept = self._kept.get(name)
        if kept is None or now < kept.at:
            return every
        return max(kept.at + every - now, _SOON)

    def _alive(self, name: str, good_for: timedelta) -> Kept | None:
        """Return the last answer, unless it is too old, or of the future."""
        kept = self._kept.get(name)
        if kept is None or not timedelta() <= self._clock() - kept.at < good_for:
            return None
        return kept

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") != self._account:
            return
        now = self._clock()
        for name, item in mapping(saved.get("answers")).items():
            told = mapping(item)
            at, about = timestamp(told.get("at")), told.get("about")
            if at is None or not timedelta() <= now - at < _LONGEST:
                continue
            self._restored.add(name)
            asked = about if isinstance(about, list) else []
            self._kept[name] = Kept(
                at, list(objects(told.get("rows"))), frozenset(map(str, asked))
            )

    def _as_data(self) -> dict[str, Any]:
        return {
            "account": self._account,
            "answers": {
                name: {
                    "at": kept.at.isoformat(),
                    "about": sorted(kept.about),
                    "rows": kept.rows,
                }
                for name, kept in self._kept.items()
            },
        }
