"""What an account's parts keep over restarts, in the one file that it has."""

import asyncio
from typing import Any

from ..base import TokenStore


class Memory:
    """JSON data by name; nothing is known before `load`."""

    def __init__(self, store: TokenStore) -> None:
        """Use the account's file."""
        self._store = store
        self._lock = asyncio.Lock()
        self._parts: dict[str, Any] | None = None

    async def load(self) -> None:
        """Read the file, once."""
        async with self._lock:
            if self._parts is None:
                stored = await self._store.load()
                self._parts = dict(stored) if isinstance(stored, dict) else {}

    def part(self, name: str) -> Any:
        """Return what was kept under a name, None if nothing was."""
        return (self._parts or {}).get(name)

    async def keep(self, name: str, data: Any) -> None:
        """Keep data under a name."""
        async with self._lock:
            self._parts = {**(self._parts or {}), name: data}
            await self._store.save(self._parts)
