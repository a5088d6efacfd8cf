"""Calls of the cloud and their envelope (dossier 3)."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
import random
from typing import Any, Final

from ...core.errors import (
    AuthError,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from ..base import Connection, VendorCall
from ..http import HttpClient, Response
from ..parsing import integer
from .codes import (
    ANSWERS,
    BLOCKED,
    BUSY,
    CALL_REFUSED,
    LOGGED_OUT,
    OK,
    SIGNED_OUT,
    code_of,
    detail_of,
    envelope,
    error_of,
    is_page,
    known_error,
)
from .countries import Region
from .login import Login
from .pace import Pace, Sleep, shared_pace
from .sessions import Session

RETRY_PAUSE_S: Final = (2.0, 5.0)
"""Between the two tries of a read that the cloud was too busy for (3.4)."""

_WITNESSES: Final = (
    "power_service/v1/site/get_site_list",
    "power_service/v1/app/get_relate_and_bind_devices",
)
"""What every account may ask: another endpoint says whether a session still lives."""
_HEARD: Final = timedelta(minutes=15)
"""How long it is believed that a session lives though one endpoint refuses it."""
_MOST_BLOCKED: Final = timedelta(hours=1)
"""A gateway's page may also be how a lost session is told: then a login mends it."""
_AUTH_STATUSES: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Api:
    """Makes the calls of one account.

    Whatever goes wrong is raised as one of `core.errors`, mostly with a `reason`:

    - by the code of the envelope (`codes`), or by the HTTP status (`HttpClient`);
    - what `Login.session` raises; TransientError `signed_out` for a session that is
      lost again as soon as it is there, `call_refused` for an endpoint that refuses
      what others take, `blocked` for a page with HTTP 403;
    - RateLimited by our own count (`Pace`), or `throttled` by the cloud;
    - TransientError `page` for a page in the place of an answer;
    - ProtocolError for anything else that is no envelope;
    - OutcomeUnknown in the place of the last two, of a time-out, a lost connection and
      a 5xx for a call that changes something, which is never repeated.

    A lost session is renewed once, and the call repeated: it had no effect. A read that
    the cloud is too busy for is repeated once too.
    """

    def __init__(self, connection: Connection, sleep: Sleep = asyncio.sleep) -> None:
        """Prepare; nothing is read or sent before the first call."""
        self.clock = connection.clock
        self._sleep = sleep
        self.http = HttpClient(connection.http, connection.clock)
        self.login = Login(self.http, connection)
        self._paces: dict[Region, Pace] = {
            region: shared_pace(connection.http, server, connection.clock, sleep)
            for region, server in self.login.servers.items()
        }
        self._at_once = 0
        self._began = connection.clock()
        self._taken_at: dict[Region, datetime] = {}
        self._refusing: dict[str, tuple[Session, datetime]] = {}
        self._doubts = asyncio.Lock()

    def allow_at_once(self, calls: int) -> None:
        """Let the next calls, so many of them, begin without a distance."""
        self._at_once = calls

    def pace(self) -> Pace:
        """Return the pace of the account's server."""
        return self._paces[self.login.region]

    async def ask(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        label: str,
        region: Region | None = None,
    ) -> Any:
        """Return `data` of a read; it may be null or missing."""
        try:
            return await self._asked(path, body, label, region, changes=False)
        except TransientError as error:
            timed_out = isinstance(error.__cause__, TimeoutError)
            if timed_out or not isinstance(error, _Passing):
                raise
        await self._sleep(random.uniform(*RETRY_PAUSE_S))
        return await self._asked(path, body, label, region, changes=False)

    async def send(self, call: VendorCall) -> Any:
        """Make a call that changes something; return `data`, mostly nothing.

        Success only means that the cloud has stored it.
        """
        return await self._asked(call.path, call.body, call.label, None, changes=True)

    async def _asked(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        label: str,
        region: Region | None,
        *,
        changes: bool,
    ) -> Any:
        for last in (False, True):
            session = await self.login.session(region)
            at_once, self._at_once = self._at_once > 0, max(0, self._at_once - 1)
            await self._paces[session.region].turn(
                label, urgent=changes, at_once=at_once
            )
            try:
                return await self._once(session, path, body, label, changes)
            except _Blocked:
                if last or self._silence(session) < _MOST_BLOCKED:
                    raise
                await self.login.discard(session)
            except _SessionRefused as refusal:
                if not await self._given_up(session, path, label):
                    message = f"{refusal}, though others take the session"
                    raise TransientError(message, reason=CALL_REFUSED) from refusal
                if last:
                    message = f"{refusal}: the session was ended again"
                    raise TransientError(message, reason=SIGNED_OUT) from refusal
        raise AssertionError  # The loop always ends by itself.

    def _silence(self, session: Session) -> timedelta:
        """Return for how long no call has been answered with a session."""
        taken_at = self._taken_at.get(session.region, self._began)
        return self.clock() - max(taken_at, session.issued_at)

    async def _given_up(self, session: Session, path: str, label: str) -> bool:
        """Discard a session that an endpoint refuses if another does so too.

        Else a login would be of no use: its token would be refused as well. Tells
        whether there has to be a new one.
        """
        async with self._doubts:
            if not self.login.holds(session):
                return True
            refused, heard_at = self._refusing.get(label, (None, self._began))
            age = self.clock() - heard_at
            if refused is session and timedelta() <= age < _HEARD:
                return False
            witness = next(other for other in _WITNESSES if other != path)
            name = witness.rpartition("/")[2]
            try:
                await self._paces[session.region].turn(name)
                await self._once(session, witness, None, name, changes=False)
            except _SessionRefused:
                await self.login.discard(session)
                return True
            except VendorError as error:
                if isinstance(error, TransientError | RateLimited):
                    # Who does not know makes no login.
                    return False
            self._refusing[label] = session, self.clock()
            return False

    async def _once(
        self,
        session: Session,
        path: str,
        body: Mapping[str, Any] | None,
        label: str,
        changes: bool,
    ) -> Any:
        try:
            answer = await self.http.request(
                "POST",
                f"{self.login.servers[session.region]}/{path.lstrip('/')}",
                label=label,
                repeatable=False,
                answers=ANSWERS,
                # A token is for nobody else.
                allow_redirects=False,
                headers=self.login.headers | session.headers,
                json=dict(body or {}),
            )
        except OutcomeUnknown as error:
            if changes:
                raise
            raise _Passing(str(error)) from error.__cause__
        except TransientError as error:
            raise _Passing(str(error)) from error.__cause__
        self._raise_for_status(session, answer, changes)
        try:
            told = envelope(answer)
            code = code_of(told, label)
        except (ProtocolError, TransientError) as error:
            if changes:
                raise OutcomeUnknown(str(error), reason=error.reason) from error
            raise
        if code in LOGGED_OUT:
            raise _SessionRefused(f"{label}: code {code}")
        self._taken_at[session.region] = self.clock()
        self._refusing.pop(label, None)
        if code == OK:
            return told.get("data")
        failure = error_of(code, label, told.get("msg"), changes=changes)
        if isinstance(failure, RateLimited) and failure.retry_after is None:
            wait = self._paces[session.region].refused(label)
            raise RateLimited(str(failure), wait, reason=failure.reason)
        if code == BUSY and not changes:
            raise _Passing(str(failure), reason=failure.reason)
        raise failure

    def _raise_for_status(
        self, session: Session, answer: Response, changes: bool
    ) -> None:
        """Raise what a status means that comes with a body worth reading."""
        label, status = answer.label, answer.status
        if status in _AUTH_STATUSES:
            if status == HTTPStatus.FORBIDDEN and is_page(answer):
                message = f"{label}: HTTP {status} with a page"
                raise _Blocked(message, reason=BLOCKED)
            if (error := known_error(answer, label, changes=changes)) is not None:
                raise error
            raise _SessionRefused(f"{label}: HTTP {status}{_code_in(answer)}")
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            wait = self._paces[session.region].refused(label)
            raise RateLimited(f"{label}: HTTP {status}", wait, reason="throttled")
        if status == HTTPStatus.BAD_REQUEST:
            message = f"{label}: HTTP {status}"
            if detail := detail_of(answer.text):
                message = f"{message}: {detail}"
            raise Rejected(message, status, reason="bad_parameter")


def _code_in(answer: Response) -> str:
    """Return the code in the body of an HTTP error, where there is one."""
    try:
        code = integer(answer.json_object().get("code"))
    except ProtocolError:
        return ""
    return "" if code is None else f", code {code}"


class _SessionRefused(AuthError):
    """An endpoint does not take the token."""


class _Blocked(TransientError):
    """Somebody before the cloud lets nothing through."""


class _Passing(TransientError):
    """Something that is worth a second try soon."""
