"""Accounts: login, tokens, the one-token rule and the lock (2, 9.1)."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import hashlib
from math import ceil
import re
from typing import Any, Literal, NamedTuple

from aiohttp import web

from .behaviour import Behaviour
from .crypto import BadKeyError, ServerKey, decode
from .errors import (
    BAD_KEY,
    KICKED_OUT,
    LOGIN_LOCKED,
    ApiError,
    BadRequest,
    answer,
    gateway,
    refusal,
)

type Region = Literal["eu", "com"]

_QUARTER_MS = 900_000
_OWNER = 1


def _hex(text: str, length: int) -> str:
    return hashlib.sha512(text.encode()).hexdigest()[:length]


class Token(NamedTuple):
    """When a token ends, and the host that gave it."""

    expires: datetime
    region: Region


class Login(NamedTuple):
    """One try. `code` 0: it was let in."""

    at: datetime
    email: str
    code: int


@dataclass(eq=False, slots=True)
class Account:
    """One account.

    `sites` are site ids with ms_type (0, 1 owner; 2 member), `devices` serials of
    inverters without a site. `wrong` makes every password wrong in opaque mode.
    `upgrades` is the main switch of automatic upgrades, `upgrading` whose own is on.
    """

    email: str
    password: str = field(repr=False)
    region: Region = "eu"
    country: str = "DE"
    sites: dict[str, int] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    wrong: bool = False
    upgrades: bool = True
    upgrading: set[str] = field(default_factory=set)
    tokens: dict[str, Token] = field(default_factory=dict)
    failures: deque[datetime] = field(default_factory=deque)
    locked_until: datetime | None = None

    @property
    def user_id(self) -> str:
        """Return the 40 hex digits."""
        return _hex(f"user {self.email}", 40)

    @property
    def gtoken(self) -> str:
        """Return what a client makes of user_id (2.4)."""
        digest = hashlib.md5(self.user_id.encode(), usedforsecurity=False)
        return digest.hexdigest()

    @property
    def nick_name(self) -> str:
        """Return the masked name."""
        return self.email[:3] + "***"

    def owns(self, site_id: str) -> bool:
        """Whether it is not a mere member."""
        return self.sites.get(site_id, 2) <= _OWNER

    @property
    def is_owner(self) -> bool:
        """Whether it owns anything."""
        return bool(self.devices) or any(map(self.owns, self.sites))


class Sessions:
    """Hands out tokens and tells whose they are."""

    def __init__(
        self,
        accounts: list[Account],
        behaviour: Behaviour,
        key: ServerKey,
        seed: int,
    ) -> None:
        """Keep the sessions of `accounts`."""
        self._accounts = accounts
        self._behaviour = behaviour
        self._key = key
        self._seed = seed
        self._issued = 0
        self._strangers: dict[str, Account] = {}
        self._addresses: dict[str, Account] = {}
        self.logins: list[Login] = []

    # -- login -----------------------------------------------------------------

    def login(
        self, body: Any, now: datetime, region: Region | None, address: str = ""
    ) -> dict[str, Any] | None:
        """Return the data of a login at a region's host, None: the account's own.

        Raises ApiError or BadRequest. Who fails too often is locked out, as an e-mail,
        whether anybody has it or not, and as an IP address (9.1.6).
        """
        _check_login(body)
        email = str(body["email"]).lower()
        try:
            data = self._let_in(email, body, now, region, address)
        except ApiError as error:
            self.logins.append(Login(now, email, error.code))
            raise
        self.logins.append(Login(now, email, 0))
        return data

    def _let_in(
        self,
        email: str,
        body: dict[str, Any],
        now: datetime,
        region: Region | None,
        address: str,
    ) -> dict[str, Any] | None:
        behaviour = self._behaviour
        account = next((a for a in self._accounts if a.email == email), None)
        door = self._addresses.setdefault(address, Account(address, ""))
        named = account or self._strangers.setdefault(email, Account(email, ""))
        for who in (named, door):
            if who.locked_until is not None and now < who.locked_until:
                if behaviour.lock_prolongs:
                    self._lock(who, now)
                raise self._locked(who, now)
        if account is None or not self._knows(account, body):
            for who, most in (
                (named, behaviour.most_failures),
                (door, behaviour.most_failures_of_address),
            ):
                who.failures.append(now)
                if len(who.failures) >= most:
                    self._lock(who, now)
                    who.failures.clear()
            raise ApiError(behaviour.wrong_password)
        if isinstance(behaviour.login, int):
            raise ApiError(behaviour.login)
        if behaviour.login == "no_data":
            return None
        account.failures.clear()
        door.failures.clear()
        token = self.new_token(account, now, region)
        return _welcome(account, token, self._issued, self._key.public_hex)

    def _lock(self, account: Account, now: datetime) -> None:
        account.locked_until = now + timedelta(hours=self._behaviour.lock_hours)

    @staticmethod
    def _locked(account: Account, now: datetime) -> ApiError:
        assert account.locked_until is not None
        hours = ceil((account.locked_until - now) / timedelta(hours=1))
        return ApiError(LOGIN_LOCKED, f"Please try again in {hours} hours.")

    def _knows(self, account: Account, body: dict[str, Any]) -> bool:
        text = body["password"]
        if self._behaviour.crypto == "opaque":
            return decode(text) is not None and not account.wrong
        try:
            found = self._key.decrypt(body["client_secret_info"]["public_key"], text)
        except BadKeyError:
            raise ApiError(BAD_KEY) from None
        return found == account.password

    def new_token(
        self, account: Account, now: datetime, region: Region | None = None
    ) -> str:
        """Log in, which ends older sessions where there may be but one."""
        self._issued += 1
        at = region or account.region
        token = _hex(f"token {self._seed} {self._issued} {account.email}", 48)
        if self._behaviour.single_token:
            for old in [t for t, it in account.tokens.items() if it.region == at]:
                del account.tokens[old]
        expires = now + timedelta(seconds=self._behaviour.token_life_s)
        account.tokens[token] = Token(expires.replace(microsecond=0), at)
        return token

    # -- later -----------------------------------------------------------------

    def account(
        self, request: web.Request, now: datetime, region: Region | None
    ) -> Account | None:
        """Return who asks a region's host, None where token or gtoken do not fit."""
        token = request.headers.get("x-auth-token", "")
        for account in self._accounts:
            found = account.tokens.get(token)
            if found is None:
                continue
            if now >= found.expires:
                del account.tokens[token]
                return None
            fits = (
                request.headers.get("gtoken") == account.gtoken
                and (region or account.region) == found.region
            )
            return account if fits else None
        return None

    def kicked_out(self, number: int) -> web.Response:
        """Return the answer to a token that is dead (9.1)."""
        body = refusal(KICKED_OUT, number)
        match self._behaviour.kick_form:
            case "401_html":
                return web.Response(
                    status=401, text=gateway(401), content_type="text/html"
                )
            case "403":
                return answer(body, 403)
            case "200":
                return answer(body)
        return answer(body, 401)


def _check_login(body: Any) -> None:
    """Refuse what no client of the real cloud sends (2.2, 9.1.3)."""
    if not isinstance(body, dict):
        raise BadRequest("error: body is not an object")
    secret = body.get("client_secret_info")
    checks = {
        "ab": re.fullmatch(r"[A-Z]{2}", _text(body, "ab")),
        "client_secret_info": isinstance(secret, dict)
        and isinstance(secret.get("public_key"), str),
        "enc": body.get("enc") == 0,
        "email": _text(body, "email"),
        "password": _text(body, "password"),
        "time_zone": type(body.get("time_zone")) is int
        and body["time_zone"] % _QUARTER_MS == 0,
        "transaction": re.fullmatch(r"\d{13}", _text(body, "transaction")),
    }
    for name, fits in checks.items():
        if not fits:
            raise BadRequest(f'error: field "{name}" is not valid')


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _welcome(account: Account, token: str, number: int, key: str) -> dict[str, Any]:
    """Return the data of a login that succeeds (2.5)."""
    return {
        "user_id": account.user_id,
        "email": account.email,
        "nick_name": account.nick_name,
        "auth_token": token,
        "token_expires_at": int(account.tokens[token].expires.timestamp()),
        "avatar": "",
        "mac_addr": "",
        "domain": "",
        "ab_code": account.country,
        "token_id": number,
        "geo_key": "",
        "privilege": 0,
        "phone_code": "",
        "phone": "",
        "phone_number": "",
        "phone_code_2fa": "",
        "phone_2fa": "",
        "server_secret_info": {"public_key": key},
        "params": [],
        "trust_list": None,
        "fa_info": {"step": 0, "info": ""},
        "country_code": "",
        "ap_cloud_user_id": "",
    }
