"""The access token of the Redback API: two endpoints, renewed only near its end."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from ...core.errors import AuthError, RateLimited, Rejected, TransientError, VendorError
from ..base import CONF_BASE_URL, Connection
from ..http import HttpClient
from ..parsing import number, required, text, timestamp

CONF_CLIENT_ID: Final = "client_id"
CONF_CLIENT_SECRET: Final = "client_secret"

API_URL: Final = "https://api.redbacktech.com"

_ENTRA_URL: Final = "https://login.microsoftonline.com"
_TENANT: Final = "fb46c16c-9144-45e0-87b7-f578abed629f"
_SCOPE: Final = "api://f0ea23e1-8533-44ab-8592-509cff0774da/.default"
_RENEW_BEFORE_END_S: Final = 300
_DEFAULT_LIFETIME_S: Final = 3599
_LONGEST_LIFETIME_S: Final = 86_400


class Token:
    """Gives out a bearer token (dossier 1.2).

    Entra's endpoint is the current one, the API's own the older one; which of them
    worked last is remembered and tried first. Renewing too often made the cloud answer
    500 now and then, so a token is kept until 300 s before its end, or half its life
    where that is shorter, and over restarts.
    """

    def __init__(self, http: HttpClient, connection: Connection) -> None:
        """Know nothing until the first use."""
        self._http = http
        self._store = connection.tokens
        self._clock = connection.clock
        self._client_id = connection.credentials[CONF_CLIENT_ID]
        self._client_secret = connection.credentials[CONF_CLIENT_SECRET]
        base_url = connection.credentials.get(CONF_BASE_URL)
        self._urls = {
            "entra": f"{base_url or _ENTRA_URL}/{_TENANT}/oauth2/v2.0/token",
            "api": f"{base_url or API_URL}/Api/v2/Auth/token",
        }
        self._preferred = "entra"
        self._value: str | None = None
        self._renew_at: datetime | None = None
        self._restored = False
        self._lock = asyncio.Lock()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown."""
        return tuple(filter(None, (self._client_id, self._client_secret, self._value)))

    async def get(self) -> str:
        """Return a token that is not near its end.

        Raises AuthError when the credentials are refused, TransientError and
        RateLimited when no endpoint can say.
        """
        async with self._lock:
            if not self._restored:
                self._restore(await self._store.load() or {})
                self._restored = True
            if (
                self._value is None
                or self._renew_at is None
                or self._renew_at <= self._clock()
            ):
                self._value = await self._renew()
            return self._value

    def discard(self, value: str) -> None:
        """Forget a token that the API refused, unless it has been renewed already."""
        if self._value == value:
            self._value = None

    def _restore(self, saved: Mapping[str, Any]) -> None:
        if saved.get("client_id") != self._client_id:
            return
        self._value = text(saved.get("token"))
        self._renew_at = timestamp(saved.get("renew_at"))
        if saved.get("endpoint") in self._urls:
            self._preferred = saved["endpoint"]

    async def _renew(self) -> str:
        failures: list[VendorError] = []
        for endpoint in sorted(self._urls, key=lambda name: name != self._preferred):
            try:
                value = await self._request(endpoint)
            except VendorError as failure:
                failures.append(failure)
            else:
                self._preferred = endpoint
                await self._store.save(
                    {
                        "client_id": self._client_id,
                        "endpoint": endpoint,
                        "token": value,
                        "renew_at": self._renew_at and self._renew_at.isoformat(),
                    }
                )
                return value
        raise _worst(failures)

    async def _request(self, endpoint: str) -> str:
        form = {"client_id": self._client_id, "client_secret": self._client_secret}
        if endpoint == "entra":
            form |= {"grant_type": "client_credentials", "scope": _SCOPE}
        asked_at = self._clock()
        try:
            answer = await self._http.request(
                "POST", self._urls[endpoint], label="token", data=form
            )
        except Rejected as error:
            # This is how both endpoints answer to an unknown client id.
            if error.status == HTTPStatus.BAD_REQUEST:
                raise AuthError(str(error)) from error
            raise
        body = answer.json_object()
        if "error" in body:
            raise AuthError("token: refused")
        value = required(text(body.get("access_token")), "token: access_token")
        lifetime = number(body.get("expires_in"))
        if lifetime is None or not 0 < lifetime <= _LONGEST_LIFETIME_S:
            lifetime = _DEFAULT_LIFETIME_S
        # A short-lived token must not be renewed on every call (dossier 1.2).
        margin = min(_RENEW_BEFORE_END_S, lifetime / 2)
        self._renew_at = asked_at + timedelta(seconds=lifetime - margin)
        return value


def _worst(failures: Sequence[VendorError]) -> VendorError:
    """Return what the failures of both endpoints mean together.

    An endpoint that is merely down or busy may be the one that would accept the
    credentials, so that outweighs a refusal; a refusal outweighs an endpoint that is
    no more.
    """

    def weight(failure: VendorError) -> int:
        if isinstance(failure, TransientError | RateLimited):
            return 0
        return 1 if isinstance(failure, AuthError) else 2

    return min(failures, key=weight)
