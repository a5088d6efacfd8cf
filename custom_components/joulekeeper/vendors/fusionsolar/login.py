"""The session of a northbound account: few logins, one at a time (dossier 1.2 to 1.5).

A login ends every other session of the account, and five in ten minutes is all that
there is for all its programs. So a token is used to its end, over restarts too; one
that was lost before is replaced only twice in ten minutes; and what a login failed for
is said again, without another one, until trying pays.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import hashlib
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, Protocol

from ...core.errors import (
    AuthError,
    NotFound,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from ...core.models import Clock
from ..base import Connection
from ..http import HttpClient, Response
from ..parsing import mapping, text, timestamp
from .codes import OK, code_of, login_error, said_again
from .hosts import CONF_SYSTEM_CODE, CONF_USER_NAME, address
from .limits import LOGIN, LOGIN_WINDOW, LOGOUT, OWN_LOGINS, Limiter
from .state import State

LIFETIME: Final = timedelta(minutes=30)
"""By some it grows with use, by others not: so it does not."""
_BEFORE_END: Final = timedelta(seconds=30)
_LOCK: Final = timedelta(minutes=30)
_LOSSES: Final = 3
"""Sessions lost in an hour: the cloud itself hardly ends that many."""
_PART: Final = "session"
_FIRST_HOLD_S: Final = 30.0
_LONGEST_HOLD_S: Final = 600.0
_REFUSED_HOLD_S: Final = 1800.0
"""A refused password is not tried again before: five wrong ones lock the account."""


class TokenWatch(Protocol):
    """Keeps the token that the headers of the last login's answer brought."""

    def take(self) -> str | None:
        """Return it, once."""


class Overload(Protocol):
    """What an HTTP status of overload is told to."""

    def overloaded(self) -> float:
        """Return for how long to be silent, s."""


class HeaderMeter:
    """Sees what the body of an answer does not show: the token, and an overload.

    403 and 429 are the cloud's ways to say that it is busy (dossier 1.1).
    """

    def __init__(self, overload: Overload) -> None:
        """Tell the limiter of overloads."""
        self._overload = overload
        self._token: str | None = None

    def sending(self, label: str) -> None:
        """Let every request go: the limiter was asked before."""

    def answered(self, label: str, status: int, headers: Mapping[str, str]) -> None:
        """Keep a token; RateLimited for an overload."""
        if status in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS):
            wait = self._overload.overloaded()
            raise RateLimited(f"{label}: HTTP {status}", wait, reason="overloaded")
        if label == LOGIN:
            self._token = token_in(headers)

    def take(self) -> str | None:
        """Return the token of the last login, once."""
        token, self._token = self._token, None
        return token


def token_in(headers: Mapping[str, str]) -> str | None:
    """Return the token of a login's answer: from the header, or else the cookie."""
    for name, value in headers.items():
        if name.casefold() == "xsrf-token" and (token := text(value)):
            return token
    for name, value in headers.items():
        if name.casefold() == "set-cookie":
            try:
                cookies = SimpleCookie(value)
            except CookieError:
                continue
            for key, morsel in cookies.items():
                if key.casefold() == "xsrf-token" and (token := text(morsel.value)):
                    return token
    return None


class Login:
    """Gives out the token of one account."""

    def __init__(
        self,
        http: HttpClient,
        watch: TokenWatch,
        connection: Connection,
        limiter: Limiter,
        state: State,
    ) -> None:
        """Know nothing until the state is loaded."""
        given = connection.credentials
        self._http = http
        self._watch = watch
        self._clock: Clock = connection.clock
        self._limiter = limiter
        self._state = state
        self._user = given[CONF_USER_NAME]
        self._code = given[CONF_SYSTEM_CODE]
        self._url = f"{address(given)}/thirdData"
        # What the file is about; a password may change, and is not in it itself.
        self.account = _hash_of(self._url, self._user)
        self._session_of = _hash_of(self._url, self._user, self._code)
        self._value: str | None = None
        self._issued_at: datetime | None = None
        self._worked = False
        self._refused_at: datetime | None = None
        self._held: VendorError | None = None
        self._held_until = datetime.min.replace(tzinfo=UTC)
        self._failures = 0
        self._lost_at: deque[datetime] = deque(maxlen=_LOSSES)
        self._lock = asyncio.Lock()
        state.bind(_PART, self._as_data, self._restore)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown."""
        return tuple(filter(None, (self._user, self._code, self._value)))

    async def token(self) -> str:
        """Return a token, of a new login only if there is none that lives.

        AuthError when the credentials are wrong, NotFound `wrong_host`, RateLimited for
        a locked account, too many logins or sessions, or a session that another
        program takes again and again; TransientError when the cloud cannot say.
        """
        await self._state.load()
        async with self._lock:
            if self._value is not None and self._lives():
                return self._value
            self._value = None
            self._raise_held()
            try:
                value = await self._renew()
            except VendorError as error:
                self._hold(error)
                await self._state.save()
                raise
            self._value, self._issued_at = value, self._clock()
            self._worked, self._refused_at = True, None
            self._held, self._failures = None, 0
            await self._state.save()
            return value

    def discard(self, value: str) -> None:
        """Forget a token that the cloud no longer takes, unless it is replaced already."""
        if self._value == value:
            self._value = None
            if self._lives():
                self._lost_at.append(self._clock())

    @property
    def trouble(self) -> str | None:
        """The reason for which there is no login just now, None while there may be."""
        if self._held is None or self._clock() >= self._held_until:
            return None
        return self._held.reason

    @property
    def is_taken(self) -> bool:
        """Whether another program seems to log in with the same account all the time."""
        lost = self._lost_at
        return len(lost) == _LOSSES and self._clock() - lost[0] < timedelta(hours=1)

    async def end(self) -> None:
        """Log out, if there is a session (dossier 1.6)."""
        await self._state.load()
        async with self._lock:
            value, self._value = self._value, None
            if value is None or not self._lives():
                return
            await self._limiter.turn(LOGOUT)
            await self._http.request(
                "POST",
                f"{self._url}/logout",
                label=LOGOUT,
                repeatable=False,
                allow_redirects=False,
                json={"xsrfToken": value},
                headers=headers_with(value),
                cookies=cookies_with(value),
            )
            await self._state.save()

    def _restore(self, data: Any) -> None:
        """Take the session of before a restart, if it was of these credentials."""
        saved = mapping(data)
        if saved.get("account") != self._session_of:
            # Logins with another password are no reason to wait.
            self._limiter.forget(LOGIN)
            return
        self._value = text(saved.get("token"))
        self._issued_at = timestamp(saved.get("issued_at"))
        self._worked = saved.get("worked") is True
        self._refused_at = timestamp(saved.get("refused_at"))

    def _as_data(self) -> dict[str, Any]:
        return {
            "account": self._session_of,
            "token": self._value,
            "issued_at": self._issued_at and self._issued_at.isoformat(),
            "worked": self._worked,
            "refused_at": self._refused_at and self._refused_at.isoformat(),
        }

    def _lives(self) -> bool:
        if self._issued_at is None:
            return False
        age = self._clock() - self._issued_at
        return timedelta() <= age < LIFETIME - _BEFORE_END

    def _raise_held(self) -> None:
        left = (self._held_until - self._clock()).total_seconds()
        if self._held is not None and left > 0:
            raise said_again(self._held, left)

    def _hold(self, error: VendorError) -> None:
        if isinstance(error, RateLimited):
            wait = error.retry_after or _LONGEST_HOLD_S
        elif isinstance(error, TransientError | ProtocolError):
            wait = min(_FIRST_HOLD_S * 2 ** min(self._failures, 10), _LONGEST_HOLD_S)
            # What there is no login left for is no other failure.
            wait = max(wait, self._limiter.wait(LOGIN)[0].total_seconds())
            self._failures += 1
        else:
            wait = _REFUSED_HOLD_S
        self._held = error
        self._held_until = self._clock() + timedelta(seconds=wait)

    async def _renew(self) -> str:
        try:
            await self._limiter.turn(LOGIN)
        except RateLimited as error:
            if error.reason != "own_budget" or not self._all_lost():
                raise
            # Nobody but another program needs that many.
            self._lost_at.append(self._clock())
            raise RateLimited(
                "login: not sent, for the session was lost again and again",
                error.retry_after,
                reason="session_taken",
            ) from None
        # What was booked must be known after a crash too.
        await self._state.save()
        try:
            answer = await self._http.request(
                "POST",
                f"{self._url}/login",
                label=LOGIN,
                repeatable=False,
                allow_redirects=False,
                json={"userName": self._user, "systemCode": self._code},
            )
        except (NotFound, ProtocolError, Rejected) as error:
            # The API answers everything with 200.
            raise self._somebody_else(str(error)) from error
        except OutcomeUnknown as error:
            # A session that nobody uses does no harm.
            raise TransientError(str(error)) from error
        except TransientError:
            # There was no connection.
            self._limiter.not_sent(LOGIN)
            raise
        except AuthError as error:
            # A gateway's word: the API itself has other ones for wrong credentials.
            raise TransientError(str(error), reason="gateway") from error
        return self._token_of(answer)

    def _all_lost(self) -> bool:
        """Whether each of our last logins brought a session that was lost."""
        since = self._clock() - LOGIN_WINDOW
        return sum(at > since for at in self._lost_at) >= OWN_LOGINS

    def _token_of(self, answer: Response) -> str:
        told = self._watch.take()
        if not answer.text.strip():
            # One way to say that there is no such user (dossier 1.5).
            if self._worked:
                raise TransientError("login: an empty answer", reason="no_verdict")
            raise AuthError("login: an empty answer", reason="credentials_refused")
        if not answer.text.lstrip().startswith(("{", "[")):
            raise self._somebody_else("login: a page")
        body = answer.json_object()
        code = code_of(body, LOGIN)
        if code == OK:
            # A message is no error: a notice of the vendor was seen there.
            if told is None:
                raise ProtocolError("login: no token", reason="no_token")
            return told
        error = login_error(
            code, body.get("message"), worked_before=self._perhaps_locked()
        )
        if isinstance(error, RateLimited):
            if error.reason == "login_refused":
                self._refused_at = self._refused_at or self._clock()
            elif error.reason == "too_many_logins":
                self._limiter.refused(LOGIN)
        raise error

    def _somebody_else(self, told: str) -> VendorError:
        """Return the error for an answer that is not the API's."""
        if self._worked:
            return TransientError(told, reason="page")
        return NotFound(f"{told} (wrong_host)", reason="wrong_host")

    def _perhaps_locked(self) -> bool:
        """Whether a refusal may be a lock: not once it has outlasted one."""
        if not self._worked:
            return False
        refused_at = self._refused_at
        return refused_at is None or self._clock() - refused_at < _LOCK


def _hash_of(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def headers_with(token: str) -> dict[str, str]:
    """Return the header of a session."""
    return {"XSRF-TOKEN": token}


def cookies_with(token: str) -> dict[str, str]:
    """Return the cookie too: one that some jar holds of an older login is replaced."""
    return {"XSRF-TOKEN": token}
