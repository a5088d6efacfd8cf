"""The sessions of an account: few logins, one at a time (dossier 2).

A token is used to its end, over restarts too. There is one per region, for an account
may log in on both servers though only one knows its systems.
"""

import asyncio
from datetime import datetime, timedelta, tzinfo
import hashlib
import hmac
from http import HTTPStatus
import secrets
from typing import Any, Final

from ...core.errors import (
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from ..base import Connection
from ..http import HttpClient, Response
from ..parsing import mapping, number, text, timestamp
from .codes import ANSWERS, OK, code_of, detail_of, envelope, is_page, login_error
from .countries import CONF_PASSWORD, CONF_USERNAME, Region, country_of, servers
from .crypto import SERVER_KEY, PasswordSeal, gtoken
from .login_budget import LoginBudget
from .sessions import Session

CONF_SERVER_KEY: Final = "server_public_key"
LOGIN: Final = "login"
_PATH: Final = "passport/login"

_UNKNOWN_LIFE: Final = timedelta(days=1)
_LOOK_AGAIN: Final = timedelta(days=1)
"""An account without anything may have got something in the other region."""


class Login:
    """Gives out the sessions of one account."""

    def __init__(self, http: HttpClient, connection: Connection) -> None:
        """Know nothing until the first use."""
        given = connection.credentials
        self._http = http
        self._clock = connection.clock
        self._zone = connection.zone
        self._store = connection.tokens
        self._email = given[CONF_USERNAME].strip()
        self._password = given[CONF_PASSWORD]
        self._country = country_of(given)
        self._server_key = given.get(CONF_SERVER_KEY) or SERVER_KEY
        self._seal: PasswordSeal | None = None
        self.servers = servers(given)
        self._salt = secrets.token_hex(16)
        self._worked: set[Region] = set()
        self._region = next(iter(self.servers))
        self._looked_at: datetime | None = None
        self._sessions: dict[Region, Session] = {}
        self._given_up: tuple[Session, ...] = ()
        self._budgets = {region: LoginBudget(self._clock) for region in self.servers}
        self.notes: dict[str, str] = {}
        self._loaded = False
        self._saved: dict[str, Any] = {}
        self._lock = asyncio.Lock()

    # -- sessions ----------------------------------------------------------------

    async def session(self, region: Region | None = None) -> Session:
        """Return a session, of a new login only if there is none that lives.

        AuthError `credentials_refused` for wrong ones, RateLimited `login_locked`
        while the cloud takes no logins, `signed_out` while somebody else takes the
        sessions, `login_paused` after too many logins; TransientError when the cloud
        cannot say, or wants a code (`verification_needed`).
        """
        async with self._lock:
            await self._load()
            region = region or self._region
            known = self._sessions.get(region)
            if known is not None and known.lives(self._clock()):
                return known
            self._sessions.pop(region, None)
            budget = self._budgets[region]
            budget.check()
            try:
                session = await self._log_in(region, budget)
            except VendorError as error:
                worked = region in self._worked
                failure = budget.failed(error, worked_before=worked)
                await self._save()
                if failure is error:
                    raise
                raise failure from error
            self._sessions[region] = session
            self._worked.add(region)
            budget.succeeded()
            await self._save()
            return session

    def holds(self, session: Session) -> bool:
        """Tell whether a session is the one in use, and not replaced meanwhile."""
        return self._sessions.get(session.region) is session

    async def discard(self, session: Session) -> None:
        """Forget a session that the cloud no longer takes, unless it is replaced."""
        async with self._lock:
            if not self.holds(session):
                return
            del self._sessions[session.region]
            now = self._clock()
            if session.lives(now) and session not in self._given_up:
                self._budgets[session.region].lost(now - session.issued_at)
            await self._save()

    def expect_loss(self) -> None:
        """Take it that somebody was to log in elsewhere, which may end our sessions."""
        self._given_up = tuple(self._sessions.values())

    @property
    def nick_name(self) -> str | None:
        """What the cloud calls the user, partly hidden; None before a login."""
        session = self._sessions.get(self._region)
        return session.nick_name if session is not None else None

    @property
    def locked_until(self) -> datetime | None:
        """Until when there is no login, None while there may be one, or need be none."""
        return None if self._is_open else self._budget.locked_until

    @property
    def trouble(self) -> str | None:
        """The reason for which there is no session just now, None while there may be."""
        return None if self._is_open else self._budget.trouble

    @property
    def is_contested(self) -> bool:
        """Whether somebody else seems to log in with the same account all the time."""
        return self._budget.is_contested

    @property
    def _budget(self) -> LoginBudget:
        return self._budgets[self._region]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown."""
        told = [self._email, self._password]
        for session in self._sessions.values():
            told += (session.token, session.user_id, gtoken(session.user_id))
        return tuple(filter(None, told))

    @property
    def _is_open(self) -> bool:
        session = self._sessions.get(self._region)
        return session is not None and session.lives(self._clock())

    # -- regions -----------------------------------------------------------------

    @property
    def region(self) -> Region:
        """Where the account is, as far as that is known."""
        return self._region

    @property
    def region_to_try(self) -> Region | None:
        """The other region, if this one is empty and it was not asked for a day."""
        if len(self.servers) == 1:
            return None
        looked_at, now = self._looked_at, self._clock()
        if looked_at is not None and timedelta() <= now - looked_at < _LOOK_AGAIN:
            return None
        return self._region.other

    async def settle(self, region: Region | None) -> None:
        """Remember where something was found; None when there is nothing anywhere."""
        async with self._lock:
            self._region = region or self._region
            self._looked_at = self._clock()
            await self._save()

    # -- headers -----------------------------------------------------------------

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers of every call, made anew for each (dossier 2.4)."""
        return {
            "model-type": "DESKTOP",
            "app-name": "anker_power",
            "os-type": "android",
            "country": self._country,
            "timezone": gmt_offset(self._clock(), self._zone()),
        }

    # -- over restarts -----------------------------------------------------------

    async def _load(self) -> None:
        if self._loaded:
            return
        saved = mapping(await self._store.load())
        self._loaded = True
        salt = text(saved.get("salt"))
        if salt is None or saved.get("account") != self._account(salt):
            return
        self._salt = salt
        found = text(saved.get("region"))
        if found in self.servers:
            self._region = Region(found)
        self._looked_at = timestamp(saved.get("looked_at"))
        notes = mapping(saved.get("notes")).items()
        self.notes = {name: note for name, told in notes if (note := text(told))}
        logins = mapping(saved.get("logins"))
        for region, budget in self._budgets.items():
            budget.restore(logins.get(region))
        if saved.get("credentials") != self._credentials(salt):
            for budget in self._budgets.values():
                budget.forget_refusals()
            return
        worked = saved.get("worked")
        told = worked if isinstance(worked, list) else ()
        self._worked = {region for region in Region if region in told}
        kept = mapping(saved.get("sessions"))
        restored = (Session.restored(region, kept.get(region)) for region in Region)
        self._sessions = {
            session.region: session for session in restored if session is not None
        }

    async def note(self, name: str, told: str) -> None:
        """Write something down among the sessions, for after a restart."""
        async with self._lock:
            await self._load()
            self.notes[name] = told
            await self._save()

    async def _save(self) -> None:
        data = {
            "salt": self._salt,
            "account": self._account(self._salt),
            "credentials": self._credentials(self._salt),
            "worked": sorted(self._worked),
            "region": self._region.value,
            "looked_at": self._looked_at and self._looked_at.isoformat(),
            "notes": dict(self.notes),
            "logins": {
                region.value: budget.as_data()
                for region, budget in self._budgets.items()
            },
            "sessions": {
                region.value: session.as_data()
                for region, session in self._sessions.items()
            },
        }
        if data != self._saved:
            await self._store.save(data)
            self._saved = data

    def _account(self, salt: str) -> str:
        """Return what tells this account from others."""
        return _hash_of(salt, self._email.casefold(), *self.servers.values())

    def _credentials(self, salt: str) -> str:
        """Return what tells whether the credentials are still the same."""
        return _hash_of(salt, self._email.casefold(), self._password)

    # -- the login itself --------------------------------------------------------

    async def _log_in(self, region: Region, budget: LoginBudget) -> Session:
        if self._seal is None:
            self._seal = PasswordSeal(self._server_key)
        sent_at, zone = self._clock(), self._zone()
        budget.sending()
        # What was sent must be known after a crash too.
        await self._save()
        try:
            answer = await self._http.request(
                "POST",
                f"{self.servers[region]}/{_PATH}",
                label=LOGIN,
                repeatable=False,
                answers=ANSWERS,
                allow_redirects=False,
                headers=self.headers,
                json={
                    "ab": self._country,
                    "client_secret_info": {"public_key": self._seal.public_key},
                    "enc": 0,
                    "email": self._email,
                    "password": self._seal.seal(self._password),
                    "time_zone": _offset(sent_at, zone) // timedelta(milliseconds=1),
                    "transaction": str(int(sent_at.timestamp() * 1000)),
                },
            )
        except TransientError as error:
            # An outage is no login, and has pauses of its own.
            budget.not_sent()
            raise TransientError(str(error)) from error
        except Rejected as error:
            raise TransientError(str(error), reason="gateway") from error
        return self._session_of(region, answer, sent_at)

    def _session_of(
        self, region: Region, answer: Response, sent_at: datetime
    ) -> Session:
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimited(f"{LOGIN}: HTTP {answer.status}", reason="throttled")
        try:
            body = envelope(answer)
            code = code_of(body, LOGIN)
        except (ProtocolError, TransientError) as error:
            message = f"{error}, HTTP {answer.status}"
            said = "" if is_page(answer) else detail_of(answer.text)
            if said:
                message = f"{message}: {said}"
            raise TransientError(message, reason="gateway") from error
        if code != OK:
            raise login_error(code, LOGIN, body.get("msg"))
        data = mapping(body.get("data"))
        token, user_id = text(data.get("auth_token")), text(data.get("user_id"))
        if token is None or user_id is None:
            # Seen with code 0: perhaps a lock that nobody has put into words.
            message = f"{LOGIN}: code {code}, but no session"
            if detail := detail_of(body.get("msg")):
                message = f"{message}: {detail}"
            raise TransientError(message, reason="login_without_session")
        return Session(
            region=region,
            token=token,
            user_id=user_id,
            nick_name=text(data.get("nick_name")),
            issued_at=sent_at,
            ends_at=_end_of(data.get("token_expires_at"), answer, sent_at),
        )


def _end_of(told: Any, answer: Response, sent_at: datetime) -> datetime:
    """Return when a token ends by our clock, which may differ from the cloud's."""
    end, now = number(told), answer.date or sent_at
    if end is None:
        return sent_at + _UNKNOWN_LIFE
    left_s = end - now.timestamp()
    if not 0 < left_s < 366 * 86400:
        return sent_at + _UNKNOWN_LIFE
    return sent_at + timedelta(seconds=left_s)


def _offset(now: datetime, zone: tzinfo) -> timedelta:
    return now.astimezone(zone).utcoffset() or timedelta()


def gmt_offset(now: datetime, zone: tzinfo) -> str:
    """Return the local offset as `GMT+01:00`."""
    minutes = _offset(now, zone) // timedelta(minutes=1)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"GMT{sign}{hours:02d}:{rest:02d}"


def _hash_of(salt: str, *parts: str) -> str:
    """Return what stands for secrets in a file, by a salt that is kept with it."""
    said = "\0".join(parts).encode()
    return hmac.new(salt.encode(), said, hashlib.sha256).hexdigest()
