"""What an account keeps over restarts, in the one file that it has."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..base import TokenStore


@dataclass(frozen=True, slots=True)
class _Part:
    save: Callable[[], Any]
    restore: Callable[[Any], None]


class State:
    """JSON data by name: the session, the calls made, the lists of a day.

    One write saves all parts. Nothing is known before `load`.
    """

    def __init__(self, store: TokenStore) -> None:
        """Use the account's file."""
        self._store = store
        self._lock = asyncio.Lock()
        self._read: dict[str, Any] | None = None
        self._parts: dict[str, _Part] = {}
        self._saved: dict[str, Any] = {}
        self._closed = False

    def bind(
        self, name: str, save: Callable[[], Any], restore: Callable[[Any], None]
    ) -> None:
        """Keep what `save` returns; `restore` gets it back, None where it never was."""
        self._parts[name] = _Part(save, restore)
        if self._read is not None:
            restore(self._read.get(name))

    async def load(self) -> None:
        """Read the file, once, and give every part its own."""
        async with self._lock:
            if self._read is not None:
                return
            stored = await self._store.load()
            self._read = dict(stored) if isinstance(stored, dict) else {}
            for name, part in self._parts.items():
                part.restore(self._read.get(name))

    async def close(self) -> None:
        """Write all parts a last time: the file is the next instance's then."""
        await self.save()
        self._closed = True

    async def save(self) -> None:
        """Write all parts, if any has changed since the last time."""
        async with self._lock:
            if self._read is None or self._closed:
                return
            parts = self._read | {
                name: part.save() for name, part in self._parts.items()
            }
            if parts != self._saved:
                await self._store.save(parts)
                self._saved = parts
