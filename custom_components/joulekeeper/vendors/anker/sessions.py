"""What a login brings, and for how long (dossier 2.5, 2.6)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from ..parsing import mapping, text, timestamp
from .countries import Region
from .crypto import gtoken

_BEFORE_END: Final = timedelta(seconds=60)
_LEAST_LIFE: Final = timedelta(seconds=60)
"""A token is used so long, however short it lives: else each call were a login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a login has brought."""

    region: Region
    token: str = field(repr=False)
    user_id: str = field(repr=False)
    nick_name: str | None = field(repr=False)
    issued_at: datetime
    ends_at: datetime

    def lives(self, now: datetime) -> bool:
        """Tell whether it may still be used."""
        least = min(self.issued_at + _LEAST_LIFE, self.ends_at)
        return now < max(self.ends_at - _BEFORE_END, least)

    @property
    def headers(self) -> dict[str, str]:
        """Return what goes with each call."""
        return {"x-auth-token": self.token, "gtoken": gtoken(self.user_id)}

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "token": self.token,
            "user_id": self.user_id,
            "nick_name": self.nick_name,
            "issued_at": self.issued_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
        }

    @classmethod
    def restored(cls, region: Region, data: Any) -> Session | None:
        """Return what was kept, None where that cannot be read."""
        saved = mapping(data)
        token, user_id = text(saved.get("token")), text(saved.get("user_id"))
        issued_at = timestamp(saved.get("issued_at"))
        ends_at = timestamp(saved.get("ends_at"))
        if not token or not user_id or issued_at is None or ends_at is None:
            return None
        return cls(
            region=region,
            token=token,
            user_id=user_id,
            nick_name=text(saved.get("nick_name")),
            issued_at=issued_at,
            ends_at=ends_at,
        )
