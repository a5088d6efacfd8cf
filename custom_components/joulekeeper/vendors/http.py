"""One HTTP base for all vendors: time-outs, one retry rule, error mapping, counting.

No message raised here holds an address, a body or a header, for those may hold serial
numbers and secrets: an error names the endpoint's label and what went wrong.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
import json
from typing import Any, Final, Protocol

import aiohttp

from ..core.errors import (
    AuthError,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
)
from ..core.models import Clock
from .parsing import number

TIMEOUT: Final = aiohttp.ClientTimeout(total=20)
RETRY_PAUSE_S: Final = 1.0
PARALLEL_CALLS: Final = 8

_LONGEST_WAIT_S: Final = 86_400.0
"""No cloud means more by a Retry-After."""


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer."""

    label: str
    status: int
    path: str = field(repr=False)
    """Path of the final address, after redirects."""
    text: str = field(repr=False)
    date: datetime | None = None
    """The cloud's own time, from the `Date` header, exact to a second."""
    sent_at: datetime | None = None
    """When the request that was answered was sent, by our clock."""

    def json(self) -> Any:
        """Return the decoded body; ProtocolError when it is no JSON."""
        try:
            return json.loads(self.text)
        except ValueError:
            raise ProtocolError(f"{self.label}: the answer is not JSON") from None

    def json_object(self) -> Mapping[str, Any]:
        """Return the body as an object; ProtocolError when it is anything else."""
        body = self.json()
        if not isinstance(body, dict):
            raise ProtocolError(f"{self.label}: the answer is not an object")
        return body


class Meter(Protocol):
    """Is told of every request, repeated ones included."""

    def sending(self, label: str) -> None:
        """Take note of a request; raise `RateLimited` and it is not sent."""

    def answered(self, label: str, status: int, headers: Mapping[str, str]) -> None:
        """Take note of an answer; the names of headers are found in any case.

        May raise `RateLimited`, in the place of what the status means.
        """


class HttpClient:
    """Makes calls for one account.

    A call that changes nothing is tried once more after a connection error or a 5xx; a
    time-out is not, for the cloud is overloaded then. A call that changes something is
    never repeated: where it may have reached the cloud, `OutcomeUnknown` is raised.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        meter: Meter | None = None,
    ) -> None:
        """Use a session that somebody else closes."""
        self._session = session
        self._clock = clock
        self._meter = meter
        self._slots = asyncio.Semaphore(PARALLEL_CALLS)
        self.calls: Counter[str] = Counter()

    async def request(
        self,
        method: str,
        url: str,
        *,
        label: str,
        repeatable: bool = True,
        answers: frozenset[int] = frozenset(),
        **options: Any,
    ) -> Response:
        """Make a call and return its answer, also one of the statuses in `answers`.

        Raises AuthError (401), NotSupported (403), NotFound (404), RateLimited (429),
        Rejected (any other 4xx), TransientError (connection, time-out, 5xx),
        OutcomeUnknown (the same, when not repeatable and possibly received),
        ProtocolError (a redirection to nowhere).
        """
        try:
            return await self._once(method, url, label, repeatable, answers, options)
        except OutcomeUnknown:
            raise
        except TransientError as error:
            if not repeatable or isinstance(error.__cause__, TimeoutError):
                raise
        await asyncio.sleep(RETRY_PAUSE_S)
        return await self._once(method, url, label, repeatable, answers, options)

    async def _once(
        self,
        method: str,
        url: str,
        label: str,
        repeatable: bool,
        answers: frozenset[int],
        options: Mapping[str, Any],
    ) -> Response:
        lost = TransientError if repeatable else OutcomeUnknown
        if self._meter is not None:
            self._meter.sending(label)
        self.calls[label] += 1
        sent_at = self._clock()
        try:
            async with (
                self._slots,
                self._session.request(
                    method, url, timeout=TIMEOUT, **options
                ) as answer,
            ):
                text = await answer.text(errors="replace")
        except aiohttp.ClientConnectorError as error:
            raise TransientError(f"{label}: no connection") from error
        except TimeoutError as error:
            raise lost(f"{label}: no answer in time") from error
        except aiohttp.ClientError as error:
            # Some of these hold the address, so the cause is only named.
            raise lost(f"{label}: {type(error).__name__}") from None
        if self._meter is not None:
            self._meter.answered(label, answer.status, answer.headers)
        if answer.status not in answers:
            self._raise_for_status(answer, label, lost)
        return Response(
            label,
            answer.status,
            answer.url.path,
            text,
            http_date(answer.headers.get("Date", "")),
            sent_at,
        )

    def _raise_for_status(
        self,
        answer: aiohttp.ClientResponse,
        label: str,
        lost: type[TransientError],
    ) -> None:
        status = answer.status
        message = f"{label}: HTTP {status}"
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise lost(message)
        match status:
            case HTTPStatus.UNAUTHORIZED:
                raise AuthError(message)
            case HTTPStatus.FORBIDDEN:
                raise NotSupported(message)
            case HTTPStatus.NOT_FOUND:
                raise NotFound(message)
            case HTTPStatus.REQUEST_TIMEOUT:
                raise lost(message)
            case HTTPStatus.TOO_MANY_REQUESTS:
                raise RateLimited(message, self._retry_after(answer))
        if status >= HTTPStatus.BAD_REQUEST:
            raise Rejected(message, status)
        raise ProtocolError(message)

    def _retry_after(self, answer: aiohttp.ClientResponse) -> float | None:
        """Return the seconds of a Retry-After header, which may hold a date instead."""
        value = answer.headers.get("Retry-After", "")
        if (seconds := number(value)) is not None:
            return min(max(0.0, seconds), _LONGEST_WAIT_S)
        if (until := http_date(value)) is None:
            return None
        wait = (until - self._clock()).total_seconds()
        return min(max(0.0, wait), _LONGEST_WAIT_S)


def http_date(value: str) -> datetime | None:
    """Return the instant of a header that holds a date."""
    try:
        instant = parsedate_to_datetime(value)
    except ValueError, OverflowError:
        return None
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    return instant
