"""Accounts and their bearer tokens, from either token endpoint (1.2, 6.1)."""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus
import uuid

from aiohttp import web

from ..server import Call
from .behaviour import Behaviour
from .errors import ApiError
from .inverter import Inverter

TENANT = "fb46c16c-9144-45e0-87b7-f578abed629f"
SCOPE = "api://f0ea23e1-8533-44ab-8592-509cff0774da/.default"


@dataclass(eq=False)
class Account:
    """One customer: API client, portal login, and the sites they reach."""

    client_id: str
    client_secret: str
    portal_email: str
    portal_password: str
    inverters: dict[str, Inverter] = field(default_factory=dict)

    @property
    def credentials(self) -> dict[str, str]:
        """What a user would type into a form."""
        return {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "portal_email": self.portal_email,
            "portal_password": self.portal_password,
        }

    def sites(self) -> dict[str, list[Inverter]]:
        """Return the inverters by site, the oldest first."""
        sites: dict[str, list[Inverter]] = {}
        for inverter in self.inverters.values():
            sites.setdefault(inverter.site.site_id, []).append(inverter)
        return sites


class Tokens:
    """The token service of all accounts."""

    def __init__(self, accounts: list[Account], behaviour: Behaviour) -> None:
        """Serve `accounts`."""
        self._accounts = accounts
        self._behaviour = behaviour
        self._issued: dict[str, tuple[Account, datetime]] = {}
        self._serial = 0

    def revoke(self) -> None:
        """Make every token stale while clients think them valid."""
        self._issued.clear()

    def account(self, request: web.Request, now: datetime) -> Account:
        """Return whose bearer token it is; 401 else."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        account, expires = self._issued.get(token, (None, now))
        if scheme.lower() != "bearer" or account is None or expires <= now:
            raise ApiError(401)
        return account

    async def entra(self, call: Call, now: datetime) -> web.Response:
        """Serve `/{tenant}/oauth2/v2.0/token`."""
        if not self._behaviour.entra_endpoint or (
            call.args["tenant"].lower() != TENANT
        ):
            return _refusal(400, "invalid_request", 90002, "Tenant not found.", now)
        form = await _form(call.request)
        if form.get("grant_type") != "client_credentials":
            return _refusal(
                400, "unsupported_grant_type", 70003, "Grant not supported.", now
            )
        if form.get("scope") != SCOPE:
            return _refusal(
                400, "invalid_scope", 70011, "The provided scope is not valid.", now
            )
        return self._issue(form, now, extended=True)

    async def own(self, call: Call, now: datetime) -> web.Response:
        """Serve `/Api/v2/Auth/token`: a form, or HTTP Basic."""
        if not self._behaviour.own_endpoint:
            raise ApiError(404)
        form = await _form(call.request)
        scheme, _, encoded = call.request.headers.get("Authorization", "").partition(
            " "
        )
        if scheme.lower() == "basic":
            try:
                pair = base64.b64decode(encoded).decode()
            except binascii.Error, UnicodeDecodeError:
                raise ApiError(400, "Authorization", "Not Basic.") from None
            form["client_id"], _, form["client_secret"] = pair.partition(":")
        return self._issue(form, now, extended=False)

    def _issue(
        self, form: dict[str, str], now: datetime, *, extended: bool
    ) -> web.Response:
        account = next(
            (a for a in self._accounts if a.client_id == form.get("client_id")), None
        )
        if account is None:
            return _refusal(
                400,
                "unauthorized_client",
                700016,
                "Application with this identifier was not found in the directory.",
                now,
            )
        if form.get("client_secret") != account.client_secret:
            return _refusal(
                401, "invalid_client", 7000215, "Invalid client secret provided.", now
            )
        life = self._behaviour.token_lifetime_s
        self._serial += 1
        token = f"fake.{self._serial}.{uuid.uuid4().hex}"
        self._issued[token] = (account, now + timedelta(seconds=life))
        told = self._behaviour.expires_in
        seconds = life if told is None else told
        body: dict[str, Any] = {"token_type": "Bearer", "expires_in": seconds}
        if extended:
            body["ext_expires_in"] = seconds
        body["access_token"] = token
        return web.json_response(body)


async def _form(request: web.Request) -> dict[str, str]:
    """Read a form, written raw or encoded (a raw `api://..` passes)."""
    fields = (pair.partition("=") for pair in (await request.text()).split("&"))
    return {unquote_plus(name): unquote_plus(value) for name, _, value in fields}


def _refusal(
    status: int, error: str, code: int, text: str, now: datetime
) -> web.Response:
    trace, correlation = uuid.uuid4(), uuid.uuid4()
    stamp = now.strftime("%Y-%m-%d %H:%M:%SZ")
    return web.json_response(
        {
            "error": error,
            "error_description": f"AADSTS{code}: {text} Trace ID: {trace} "
            f"Correlation ID: {correlation} Timestamp: {stamp}",
            "error_codes": [code],
            "timestamp": stamp,
            "trace_id": str(trace),
            "correlation_id": str(correlation),
            "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        },
        status=status,
    )
