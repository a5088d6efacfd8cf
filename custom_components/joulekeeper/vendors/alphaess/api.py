"""Signed calls of the AlphaESS Open API and their envelope (dossier 1.1 to 1.4)."""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
import json
from typing import Any, Final

from ...core.errors import NotSupported, OutcomeUnknown, ProtocolError, TransientError
from ..base import CONF_BASE_URL, Connection, VendorCall
from ..http import HttpClient, Response
from ..parsing import integer, required
from .codes import CLOCK_OR_WHITELIST, SUCCESS, detail_of, error_of
from .pace import Pace
from .signing import Signer

CONF_APP_ID: Final = "app_id"
CONF_APP_SECRET: Final = "app_secret"

API_URL: Final = "https://openapi.alphaess.com"
_ROOT: Final = "/api"

_IDENTITIES: Final = ("sysSn", "evchargerSn", "checkCode", "code")
"""Parameters whose values name somebody's property."""


def call_to(
    name: str, label: str, body: Mapping[str, Any], method: str = "POST"
) -> VendorCall:
    """Return a call of the endpoint with that name."""
    return VendorCall(label, method, f"{_ROOT}/{name}", body)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An envelope; `stamp_off` tells that our time stamp was far from the cloud's."""

    code: int
    body: Mapping[str, Any] = field(repr=False)
    has_date: bool
    stamp_off: bool


class SignedApi:
    """Makes the calls of one account.

    Whatever goes wrong is raised as one of `core.errors`, with a `reason`:

    - AuthError, NotFound, NotSupported, RateLimited, Rejected and TransientError by
      the code of the envelope (`codes`), or by the HTTP status (`HttpClient`);
    - TransientError `page` for a page in the place of the answer, as in an outage;
    - ProtocolError for anything else that is no envelope;
    - OutcomeUnknown in the place of the last two, of a time-out, a lost connection and
      a 5xx for a call that changes something, which is never repeated.

    A refused time stamp is corrected and tried once more, which is safe for all calls.
    """

    def __init__(self, connection: Connection, pace: Pace | None = None) -> None:
        """Prepare; nothing is sent before the first call."""
        given = connection.credentials
        self._pace = pace
        self.http = HttpClient(connection.http, connection.clock)
        self.signer = Signer(
            given[CONF_APP_ID], given[CONF_APP_SECRET], connection.clock
        )
        base_url = (given.get(CONF_BASE_URL) or API_URL).rstrip("/")
        self._base_url = base_url.removesuffix(_ROOT)

    async def get(
        self, name: str, label: str, params: Mapping[str, str] | None = None
    ) -> Any:
        """Return `data` of a read; it may be null wherever the cloud knows nothing."""
        async with self._pace.turn() if self._pace else nullcontext():
            call = call_to(name, label, params or {}, "GET")
            return await self._asked(call, changes=False)

    async def send(self, call: VendorCall) -> None:
        """Make a call that changes something; of a GET too the body is sent, as query.

        Success only means that the cloud has stored it.
        """
        async with self._pace.write(_store(call)) if self._pace else nullcontext():
            await self._asked(call, changes=True)

    def wait_s(self, call: VendorCall) -> float:
        """Return how long a call that changes something would be held back, s."""
        return self._pace.write_wait(_store(call)) if self._pace else 0.0

    async def _asked(self, call: VendorCall, *, changes: bool) -> Any:
        answer = await self._once(call, changes)
        if answer.code in CLOCK_OR_WHITELIST and answer.stamp_off:
            self.signer.corrects = True
            answer = await self._once(call, changes)
            if answer.code in CLOCK_OR_WHITELIST:
                # Not for our clock then, or `Date` is no help.
                self.signer.corrects = False
        code = answer.code
        if code == SUCCESS:
            return answer.body.get("data")
        if code in CLOCK_OR_WHITELIST and answer.stamp_off:
            message = f"{call.label}: code {code} (clock_wrong)"
            raise TransientError(message, reason="clock_wrong")
        if code in CLOCK_OR_WHITELIST and answer.has_date:
            message = f"{call.label}: code {code} (not_whitelisted)"
            raise NotSupported(message, reason="not_whitelisted")
        given = call.body or {}
        identities = (str(given[key]) for key in _IDENTITIES if key in given)
        hidden = (*self.signer.secrets, *identities)
        raise error_of(
            code, call.label, detail_of(answer.body, hidden), changes=changes
        )

    async def _once(self, call: VendorCall, changes: bool) -> _Answer:
        signature = self.signer.sign()
        headers = dict(signature.headers)
        options: dict[str, Any]
        if call.method == "GET":
            options = {"params": call.body}
        else:
            headers["Content-Type"] = "application/json"
            options = {"data": json.dumps(call.body, separators=(",", ":")).encode()}
        answer = await self.http.request(
            call.method,
            f"{self._base_url}{call.path}",
            label=call.label,
            repeatable=not changes,
            headers=headers,
            # A signature is for nobody else.
            allow_redirects=False,
            **options,
        )
        self.signer.measure(answer.date)
        try:
            body = _envelope(answer)
            code = required(integer(body.get("code")), f"{call.label}: code")
        except (ProtocolError, TransientError) as error:
            if changes:
                raise OutcomeUnknown(str(error), reason=error.reason) from error
            raise
        return _Answer(
            code,
            body,
            has_date=answer.date is not None,
            stamp_off=self.signer.explains(signature, answer.date),
        )


def _store(call: VendorCall) -> str:
    """Return what names the store that a call writes."""
    return f"{call.label} {(call.body or {}).get('sysSn', '')}"


def _envelope(answer: Response) -> Mapping[str, Any]:
    if answer.text.lstrip().startswith("<"):
        raise TransientError(
            f"{answer.label}: a page in the place of the answer", reason="page"
        )
    return answer.json_object()
