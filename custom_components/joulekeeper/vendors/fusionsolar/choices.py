"""Which of two interfaces an account may use, found out once (dossier 2.1, 2.6)."""

from typing import Any

from .state import State


class Choices:
    """Remembers the interfaces that are to be used in the place of the usual ones."""

    def __init__(self, state: State) -> None:
        """Prefer none until the state is loaded."""
        self._state = state
        self._preferred: set[str] = set()
        state.bind("choices", lambda: sorted(self._preferred), self._restore)

    async def prefers(self, name: str) -> bool:
        """Tell whether an interface is the one that works."""
        await self._state.load()
        return name in self._preferred

    async def prefer(self, name: str, *, on: bool = True) -> None:
        """Use an interface from now on, or no longer."""
        if on:
            self._preferred.add(name)
        else:
            self._preferred.discard(name)
        await self._state.save()

    def _restore(self, data: Any) -> None:
        names = data if isinstance(data, list) else ()
        self._preferred = {name for name in names if isinstance(name, str)}
