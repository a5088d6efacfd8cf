"""What the API's parts share: the clock, the switches, and who is asking."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from ..clock import Clock
from ..server import Call, Handler
from .accounts import Account, Tokens
from .behaviour import Behaviour
from .envelopes import Envelopes
from .errors import ApiError
from .inverter import Inverter

type AccountHandler = Callable[[Call, Account], Awaitable[web.Response]]

_JSON_TYPES = ("application/json", "text/json", "application/json-patch+json")


@dataclass(slots=True)
class Context:
    """One cloud, as seen by its handlers."""

    clock: Clock
    behaviour: Behaviour
    tokens: Tokens
    envelopes: dict[str, Envelopes]

    def now(self) -> datetime:
        """Return the cloud's time."""
        return self.clock()

    def guard(self, handler: AccountHandler) -> Handler:
        """Wrap a handler: bearer token in, error answers out."""

        async def guarded(call: Call) -> web.Response:
            try:
                account = self.tokens.account(call.request, self.now())
                return await handler(call, account)
            except ApiError as error:
                return error.response(self.behaviour)

        return guarded

    def inverter(
        self, account: Account, serial: str, status: int | None = None
    ) -> Inverter:
        """Return an inverter of the account."""
        inverter = account.inverters.get(serial)
        if inverter is None:
            raise ApiError(
                status or self.behaviour.unknown_status,
                "SerialNumber",
                f"{serial} was not found.",
            )
        return inverter

    def site(self, account: Account, site_id: str) -> list[Inverter]:
        """Return the inverters of a site of the account."""
        inverters = account.sites().get(site_id)
        if not inverters:
            raise ApiError(
                self.behaviour.unknown_status, "SiteId", f"{site_id} was not found."
            )
        return inverters


async def json_body(call: Call) -> Any:
    """Return the JSON body; 415 and 400 as ASP.NET does."""
    kind = call.request.content_type
    if kind not in _JSON_TYPES and not kind.endswith("+json"):
        raise ApiError(415)
    try:
        return await call.request.json()
    except ValueError:
        raise ApiError(400, "$", "The JSON value could not be converted.") from None
