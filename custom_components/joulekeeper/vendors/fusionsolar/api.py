"""Calls of the northbound API and their envelope (dossier 1.1, 1.4).

Every call is a POST of JSON, answered with HTTP 200 whatever becomes of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.errors import (
    AuthError,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    TransientError,
    VendorError,
)
from ..base import Connection
from ..http import HttpClient, Response
from ..parsing import mapping, text
from .codes import (
    DAILY_QUOTA,
    LOGGED_OUT,
    NO_RIGHT,
    OK,
    OVERLOAD,
    TOO_OFTEN,
    code_of,
    error_of,
)
from .hosts import address
from .limits import Limiter
from .login import HeaderMeter, Login, cookies_with, headers_with
from .rights import Rights, words_of
from .state import State
from .times import instant

CLASSIC: Final = "/thirdData"
_LIMITS: Final = "limits"


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict that was asked for: success, or one of the codes that were expected.

    `server_time` is when the cloud answered, by its own clock.
    """

    code: int
    data: Any = field(repr=False)
    message: str = field(default="", repr=False)
    server_time: datetime | None = None
    received_at: datetime | None = None

    @property
    def clock_skew(self) -> timedelta | None:
        """The cloud's clock less ours, within the time of a call."""
        if self.server_time is None or self.received_at is None:
            return None
        return self.server_time - self.received_at


class Api:
    """Makes the calls of one account, inside its quotas and its session.

    Whatever goes wrong is raised as one of `core.errors`, with a `reason`:

    - by the failCode (`codes`), or the HTTP status (`HttpClient`);
    - RateLimited before anything is sent where a quota is spent (`Limiter`);
    - what `Login.token` raises;
    - TransientError `page` for a page in the place of an answer, `session_lost` where
      another login follows each of ours;
    - ProtocolError for anything else that is no envelope;
    - OutcomeUnknown in the place of the last two, of a time-out, a lost connection and
      a 5xx for a call that changes something, which is never repeated.

    A lost session is renewed once, and the call repeated: it had no effect.
    """

    def __init__(
        self,
        connection: Connection,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is read or sent before the first call."""
        self.clock = connection.clock
        self.limiter = Limiter(connection.clock, sleep)
        self.state = State(connection.tokens)
        meter = HeaderMeter(self.limiter)
        self.http = HttpClient(connection.http, connection.clock, meter)
        # Before the session, which tells whose logins they are.
        self.state.bind(_LIMITS, self._limits, self._restore_limits)
        self.login = Login(self.http, meter, connection, self.limiter, self.state)
        self.rights = Rights(connection.clock)
        self.clock_skew: timedelta | None = None
        self._base_url = address(connection.credentials)

    def _limits(self) -> dict[str, Any]:
        return {"account": self.login.account, **self.limiter.as_data()}

    def _restore_limits(self, data: Any) -> None:
        # Another user has quotas of its own.
        if mapping(data).get("account") == self.login.account:
            self.limiter.restore(data)

    async def ask(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        label: str,
        interface: str | None = None,
        key: str = "",
        urgent: bool = False,
        changes: bool = False,
        expected: frozenset[int] = frozenset(),
    ) -> Answer:
        """Make a call; return its answer, of success or an expected code.

        `interface` names the quota, which is the label's otherwise, and `key` a share
        of it.
        """
        await self.state.load()
        interface = interface or label
        # A call that may not be made is worth no login, of which there are few.
        self.limiter.require(interface, key, urgent=urgent)
        # Without a session there is no call to book.
        token = await self.login.token()
        booked = await self.limiter.turn(interface, key, urgent=urgent)
        # What was booked must be known after a crash too.
        await self.state.save()
        try:
            answer = await self._in_session(token, path, body, label, changes)
            if answer.code != OK and answer.code not in expected:
                raise self._error(answer.code, label, interface, key, booked, changes)
        except VendorError:
            # And so must what was refused.
            await self.state.save()
            raise
        self.limiter.succeeded(interface, booked, key)
        self.rights.answered(label, key, answer.data)
        return answer

    async def _in_session(
        self,
        token: str,
        path: str,
        body: Mapping[str, Any],
        label: str,
        changes: bool,
    ) -> Answer:
        try:
            return await self._once(token, path, body, label, changes)
        except _SessionLost:
            self.login.discard(token)
        token = await self.login.token()
        try:
            return await self._once(token, path, body, label, changes)
        except _SessionLost:
            self.login.discard(token)
            raise TransientError(
                f"{label}: the session was lost again", reason="session_lost"
            ) from None

    def _error(
        self,
        code: int,
        label: str,
        interface: str,
        key: str,
        booked: int,
        changes: bool,
    ) -> VendorError:
        error = error_of(code, label, changes=changes)
        if code == NO_RIGHT:
            self.rights.refused(label)
            error.about = words_of(label)
        if not isinstance(error, RateLimited):
            # It was looked at, and so it was not too much.
            self.limiter.succeeded(interface, booked, key)
            return error
        wait = error.retry_after
        if code in (TOO_OFTEN, DAILY_QUOTA):
            wait = max(self.limiter.refused(interface, key), wait or 0.0)
        elif code in OVERLOAD:
            wait = self.limiter.overloaded()
        return RateLimited(str(error), wait, reason=error.reason)

    async def _once(
        self,
        token: str,
        path: str,
        body: Mapping[str, Any],
        label: str,
        changes: bool,
    ) -> Answer:
        try:
            answer = await self.http.request(
                "POST",
                f"{self._base_url}{path}",
                label=label,
                # A quota may have counted the first one already.
                repeatable=False,
                # A token is for nobody else.
                allow_redirects=False,
                json=body,
                headers=headers_with(token),
                cookies=cookies_with(token),
            )
        except AuthError as error:
            raise _SessionLost(str(error)) from error
        except OutcomeUnknown as error:
            if changes:
                raise
            raise TransientError(str(error)) from error
        try:
            return self._answer(answer)
        except (ProtocolError, TransientError) as error:
            if changes and not isinstance(error, _SessionLost):
                raise OutcomeUnknown(str(error), reason=error.reason) from error
            raise

    def _answer(self, answer: Response) -> Answer:
        if answer.text.lstrip().startswith("<"):
            message = f"{answer.label}: a page in the place of the answer"
            raise TransientError(message, reason="page")
        body = answer.json_object()
        code = code_of(body, answer.label)
        if code in LOGGED_OUT:
            raise _SessionLost(f"{answer.label}: code {code}")
        told = Answer(
            code,
            body.get("data"),
            text(body.get("message")) or "",
            instant(mapping(body.get("params")).get("currentTime")),
            self.clock(),
        )
        if told.clock_skew is not None:
            self.clock_skew = told.clock_skew
        return told


class _SessionLost(TransientError):
    """The cloud does not take the token."""
