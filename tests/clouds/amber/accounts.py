"""Accounts, their tokens, and the limit that all their users share (1.1, 2.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from .behaviour import Behaviour
from .errors import DENIED, UNAUTHORIZED, ApiError
from .site import Site


class Quota:
    """Counts the calls of an account in a window that begins with the first."""

    def __init__(self, behaviour: Behaviour) -> None:
        """Begin with all of it left."""
        self._behaviour = behaviour
        self._begin: datetime | None = None
        self._used = 0

    def take(self, now: datetime, count: int = 1) -> bool:
        """Count calls at `now`, and return whether they are allowed."""
        behaviour = self._behaviour
        if self._begin is None or not 0 <= self._age(now) < behaviour.window_s:
            self._begin, self._used = now, 0
        if self._used + count > behaviour.limit:
            self._used = behaviour.limit
            if behaviour.blocked == "extended":
                self._begin = now
            return False
        self._used += count
        return True

    def _age(self, now: datetime) -> float:
        assert self._begin is not None
        return (now - self._begin).total_seconds()

    def reset_at(self) -> datetime | None:
        """Return when the window ends, None before the first call."""
        if self._begin is None:
            return None
        return self._begin + timedelta(seconds=self._behaviour.window_s)

    def headers(self, now: datetime) -> Mapping[str, str]:
        """Return the four RateLimit headers as they are after a call at `now`."""
        behaviour = self._behaviour
        if not behaviour.rate_headers:
            return {}
        policy = f"{behaviour.limit};w={behaviour.window_s}"
        if behaviour.policy == "rich":
            policy += ';comment="per account"'
        headers = {
            "RateLimit-Limit": str(behaviour.limit),
            "RateLimit-Remaining": str(behaviour.limit - self._used),
            "RateLimit-Reset": str(ceil(behaviour.window_s - self._age(now))),
            "RateLimit-Policy": policy,
        }
        if behaviour.header_case == "lower":
            return {name.lower(): value for name, value in headers.items()}
        return headers


@dataclass(eq=False, slots=True)
class Account:
    """A customer: tokens, which are as good as each other, and sites."""

    tokens: list[str]
    sites: list[Site]
    quota: Quota

    @property
    def credentials(self) -> dict[str, str]:
        """What the customer would type into a form."""
        return {"token": self.tokens[0]}

    def site(self, site_id: str) -> Site | None:
        """Return a site by its id, which has a case."""
        return next((s for s in self.sites if s.spec.site_id == site_id), None)


class Gate:
    """Lets bearers of a token in."""

    def __init__(self, accounts: list[Account], behaviour: Behaviour) -> None:
        """Guard `accounts`."""
        self._accounts = accounts
        self._behaviour = behaviour

    def account(self, headers: Mapping[str, str]) -> Account:
        """Return whose token it is; raises 401 without one, 403 for a wrong one."""
        given = headers.get("Authorization", "")
        if not given:
            raise ApiError(401, UNAUTHORIZED)
        scheme, _, token = given.partition(" ")
        for account in self._accounts:
            if scheme.lower() == "bearer" and token.strip() in account.tokens:
                return account
        raise self.refusal()

    def refusal(self) -> ApiError:
        """Return the refusal of a token that is wrong or was revoked."""
        if self._behaviour.bad_token == 401:
            return ApiError(401, UNAUTHORIZED)
        return ApiError(403, DENIED)
