"""What a session may offer besides readings; nobody else has to know of it."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable


@runtime_checkable
class Closable(Protocol):
    """A session that has something to end or to write down when it is over."""

    async def close(self) -> None:
        """Come to an end; nothing is written to the account's file any more."""


@runtime_checkable
class HasOptions(Protocol):
    """A session of an account whose devices do not need every option of its vendor."""

    def option_keys(self) -> frozenset[str]:
        """Return the options that have an effect."""


@runtime_checkable
class HasHints(Protocol):
    """A session that knows what its user could mend, though nothing may fail for it."""

    def hints(self) -> Mapping[str, tuple[str, ...]]:
        """Return the reasons by which to tell, and what they are about in words.

        Reasons about which nobody can do anything are left out of what is told.
        """
