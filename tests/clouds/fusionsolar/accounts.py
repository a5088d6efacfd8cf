"""Northbound accounts: login, the one session of each, and locks (1.2 to 1.6)."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
import string
from typing import Any

from aiohttp import web

from .behaviour import Behaviour
from .errors import answer, bad_login, not_logged_in, too_often
from .plant import Plant
from .quotas import Quotas

TOKEN_HEADER = "XSRF-TOKEN"

_WINDOW = timedelta(minutes=10)
_LOCK = timedelta(minutes=30)
_TRIES = 5
_LETTERS = string.digits + string.ascii_lowercase
_TOKEN_LENGTH = 100


def _token(seed: int, number: int) -> str:
    """Return `x-` and 100 lower-case letters and digits (1.2)."""
    rest = int.from_bytes(hashlib.shake_256(f"{seed}/{number}".encode()).digest(80))
    letters = []
    for _ in range(_TOKEN_LENGTH):
        rest, digit = divmod(rest, len(_LETTERS))
        letters.append(_LETTERS[digit])
    return "x-" + "".join(letters)


@dataclass(eq=False, slots=True)
class Account:
    """One northbound account.

    `old`: made until 2022-06-30, so that it may still ask getStationList. `denied`
    are endpoint labels without a right, `hidden_types` and `hidden_items` device
    types and data items. `refusal` is a failCode that every login gets: 20001
    unknown, 20002 disabled, 20003 expired, 20403 restricted.
    """

    user_name: str
    system_code: str
    plants: dict[str, Plant]
    quotas: Quotas
    old: bool = False
    denied: set[str] = field(default_factory=set)
    hidden_types: set[int] = field(default_factory=set)
    hidden_items: set[str] = field(default_factory=set)
    refusal: int | None = None
    token: str | None = None
    expires: datetime | None = None
    locked_until: datetime | None = None
    failures: deque[datetime] = field(default_factory=deque)

    @property
    def credentials(self) -> dict[str, str]:
        """What a user would type into a form."""
        return {
            "region": "eu5",
            "user_name": self.user_name,
            "system_code": self.system_code,
        }

    def drop_session(self) -> None:
        """Log out whoever is logged in."""
        self.token = self.expires = None


class Sessions:
    """Hands out tokens and tells whose they are."""

    def __init__(
        self, accounts: list[Account], behaviour: Behaviour, seed: int
    ) -> None:
        """Keep the sessions of `accounts`."""
        self._accounts = accounts
        self._behaviour = behaviour
        self._seed = seed
        self._issued = 0

    # -- login -----------------------------------------------------------------

    def new_session(self, account: Account, now: datetime) -> str:
        """Log in, which ends the session before (1.3)."""
        self._issued += 1
        account.token = _token(self._seed, self._issued)
        account.expires = now + timedelta(seconds=self._behaviour.token_life_s)
        return account.token

    def login(self, body: Any, now: datetime) -> web.Response:
        """Answer a login."""
        name, code = _text(body, "userName"), _text(body, "systemCode")
        account = next((a for a in self._accounts if a.user_name == name), None)
        if account is None:
            if self._behaviour.unknown_user == "empty":
                return web.Response(content_type="text/html")
            return answer(bad_login())
        if not account.quotas.take("login", now):
            return answer(too_often())
        if account.refusal is not None:
            params = {"currentTime": int(now.timestamp() * 1000)}
            refused = bad_login("", account.refusal) | {"params": params}
            return answer(refused)
        if account.locked_until is not None and now < account.locked_until:
            return answer(bad_login(self._behaviour.locked_message))
        if code != account.system_code:
            self._count_failure(account, now)
            return answer(bad_login())
        account.failures.clear()
        return self._welcome(self.new_session(account, now))

    @staticmethod
    def _count_failure(account: Account, now: datetime) -> None:
        """Lock the account at the fifth wrong password in ten minutes."""
        failures = account.failures
        failures.append(now)
        while failures and now - failures[0] > _WINDOW:
            failures.popleft()
        if len(failures) >= _TRIES:
            account.locked_until = now + _LOCK
            failures.clear()

    def _welcome(self, token: str) -> web.Response:
        behaviour = self._behaviour
        headers = {}
        if behaviour.token_delivery != "cookie":
            headers["xsrf-token"] = token
        if behaviour.token_delivery != "header":
            headers["Set-Cookie"] = f"XSRF-TOKEN={token};Path=/;Secure"
        body: dict[str, Any] = {
            "data": None,
            "success": True,
            "failCode": 0,
            "params": {},
            "message": behaviour.login_notice,
        }
        if behaviour.login_form == "2019":
            message = behaviour.login_notice or ""
            body |= {"buildCode": "2", "params": None, "message": message}
        return answer(body, headers)

    # -- later -----------------------------------------------------------------

    def logout(self, body: Any, now: datetime) -> dict[str, Any]:
        """Answer a logout (1.6); the token is in the body."""
        token = _text(body, "xsrfToken")
        account = next((a for a in self._accounts if a.token == token), None)
        if not token or account is None:
            return bad_login("", 20001)
        if not account.quotas.take("logout", now):
            return too_often()
        account.drop_session()
        return {
            "success": True,
            "data": None,
            "failCode": 0,
            "params": {"currentTime": int(now.timestamp() * 1000)},
            "message": None,
        }

    def account(self, request: web.Request, now: datetime) -> Account | None:
        """Return who asks, None if nobody is logged in with that token."""
        # Only the header counts: the cookie is a way to learn it (1.2, 1.4).
        given = request.headers.get(TOKEN_HEADER)
        if not given or "Authorization" in request.headers:
            return None
        for account in self._accounts:
            if account.token != given or account.expires is None:
                continue
            if now >= account.expires:
                account.drop_session()
                return None
            if self._behaviour.token_life == "sliding":
                life = timedelta(seconds=self._behaviour.token_life_s)
                account.expires = now + life
            return account
        return None

    def refusal(self) -> web.Response:
        """Return the answer to whoever is not logged in."""
        return answer(not_logged_in(self._behaviour.relogin))


def _text(body: Any, name: str) -> str | None:
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, str) else None
