"""Signatures, and the clock that they hang on (dossier 1.1).

There is no login: every request carries the time and a hash over credentials and time,
and the cloud refuses a time that is more than 300 s off its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
from typing import Final

from ...core.errors import AuthError
from ...core.models import Clock

TELLING_SKEW: Final = timedelta(seconds=60)
"""A stamp further off than this may be why the cloud refuses it; 300 s certainly are.

Well above what the seconds of `Date` and a slow answer can feign.
"""
_HALF_SECOND: Final = timedelta(milliseconds=500)
"""`Date` is cut to whole seconds."""


def sign(app_id: str, app_secret: str, stamp: str) -> str:
    """Return the signature of a time stamp: lower-case hex of a SHA-512.

    `stamp` is the Unix time in whole seconds, as it stands in the header.
    """
    return hashlib.sha512(f"{app_id}{app_secret}{stamp}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Signature:
    """The headers of one call, and the time that they state."""

    stamp: datetime
    headers: Mapping[str, str] = field(repr=False)


class Signer:
    """Signs calls, and knows how far the cloud's clock is from ours.

    Our clock is used until the cloud has refused it once: a `Date` header that lies, as
    a proxy's may, does no harm then.
    """

    def __init__(self, app_id: str, app_secret: str, clock: Clock) -> None:
        """Know nothing of the cloud's clock yet."""
        self._app_id = app_id.strip()
        self._app_secret = app_secret.strip()
        self._clock = clock
        self._last = ""
        self.skew: timedelta | None = None
        """The cloud's clock less ours; None before its first answer."""
        self.corrects = False
        """Whether the skew is taken into account."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown; a signature opens the cloud for 300 s."""
        return tuple(filter(None, (self._app_id, self._app_secret, self._last)))

    def sign(self) -> Signature:
        """Return a signature of the present time.

        AuthError for credentials that no header can hold.
        """
        if not (self._app_id.isascii() and self._app_id.isprintable()):
            raise AuthError("the AppID is malformed", reason="credentials_refused")
        now = self._clock()
        if self.corrects and self.skew is not None:
            now += self.skew
        seconds = int(now.timestamp())
        self._last = sign(self._app_id, self._app_secret, str(seconds))
        return Signature(
            now,
            {
                "appId": self._app_id,
                "timeStamp": str(seconds),
                "sign": self._last,
            },
        )

    def measure(self, date: datetime | None) -> None:
        """Learn from the `Date` of an answer that has just arrived."""
        if date is not None:
            self.skew = date + _HALF_SECOND - self._clock()

    def explains(self, refused: Signature, date: datetime | None) -> bool:
        """Tell whether a refused stamp was off by the `Date` of the refusal."""
        return date is not None and abs(date - refused.stamp) > TELLING_SKEW
