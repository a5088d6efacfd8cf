"""HTTP client of the push API: one address, the key in the body (dossier 1 to 4)."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
import re
from typing import Any, Final

from ...core.errors import AuthError, InvalidRequest, NotSupported
from ...core.flow import Balanced
from ..base import CONF_BASE_URL, Connection
from ..http import HttpClient
from .payload import body_of

CONF_API_KEY: Final = "api_key"

API_URL: Final = "https://api.chargehq.net"
_PATH: Final = "/api/public/push-solar-data"

_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_key(text: str) -> bool:
    """Tell whether a text can be a key: a GUID that is not all zeros."""
    return _GUID.fullmatch(text) is not None and not set(text) <= set("0-")


class ChargeHqClient:
    """One key: tells flows or failures, and repeats nothing.

    AuthError for 401 and 403; RateLimited for 429; TransientError for 5xx, time-outs
    and no connection; Rejected, NotFound or ProtocolError for what cannot be mended by
    another key. InvalidRequest, and nothing is sent, for a key that cannot be one and
    for a flow of which nothing is known.
    """

    def __init__(self, connection: Connection) -> None:
        """Prepare; credentials are `api_key` and, optionally, `base_url`."""
        given = connection.credentials
        self._key = given[CONF_API_KEY]
        self._url = (given.get(CONF_BASE_URL) or API_URL).rstrip("/") + _PATH
        self._http = HttpClient(connection.http, connection.clock)

    @property
    def calls(self) -> Counter[str]:
        """The number of calls made so far, by label."""
        return self._http.calls

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key."""
        return (self._key,)

    async def push(self, flow: Balanced, now: datetime) -> Mapping[str, Any]:
        """Tell the flows, and return what was told, without the key."""
        body = body_of(flow, now)
        if not body["siteMeters"]:
            raise InvalidRequest("push: nothing is known")
        return await self._post("push", body)

    async def report(self, error: str) -> Mapping[str, Any]:
        """Tell why there is nothing to tell; return what was told, without the key."""
        return await self._post("report", {"error": error})

    async def _post(self, label: str, body: dict[str, Any]) -> Mapping[str, Any]:
        if not is_key(self._key):
            raise InvalidRequest(f"{label}: the key has not the form of a key")
        try:
            await self._http.request(
                "POST",
                self._url,
                label=label,
                repeatable=False,
                # A redirection would hand the key to somebody else.
                allow_redirects=False,
                json={"apiKey": self._key} | body,
            )
        except NotSupported as error:
            raise AuthError(str(error)) from None
        return body
