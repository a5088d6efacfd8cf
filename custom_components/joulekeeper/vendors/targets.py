"""What a package offers that is not asked, but told what flows in a site.

One more target is one folder that offers a `PushSpec`, and one line in the registry.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from ..core.flow import Balanced
from .base import Connection, CredentialField


class PushTarget(Protocol):
    """Somebody who wants to be told what flows in a site, by his own cadence.

    Nothing is repeated: what could not be told is old when it can. Raises `AuthError`
    when the key is refused, `RateLimited`, `TransientError` when nobody answers, and
    `Rejected` for what the target does not take.
    """

    async def push(self, flow: Balanced, now: datetime) -> Mapping[str, Any]:
        """Tell the flows, and return what was told, without the key."""

    async def report(self, error: str) -> Mapping[str, Any]:
        """Tell why there is nothing to tell; return what was told, without the key."""

    @property
    def calls(self) -> Mapping[str, int]:
        """The number of calls made so far, by label."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every credential in use, so that it can be hidden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSpec:
    """One target: how to connect, and how often it may be told something.

    `key_field` is the one of `fields` that is its key. `well_formed` tells of a key
    whether it can be one; it is asked before anything is sent.
    """

    key: str
    name: str
    host: str
    fields: tuple[CredentialField, ...]
    key_field: str
    usual_pause: timedelta
    least_pause: timedelta
    well_formed: Callable[[str], bool]
    connect: Callable[[Connection], PushTarget]
