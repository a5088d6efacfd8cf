"""What the API's parts share: the clock, the switches, who asks and for what."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiohttp import web

from ..clock import Clock
from ..faults import Faults
from ..server import Call, Handler
from .accounts import Account, Gate
from .behaviour import Behaviour
from .compact import answer
from .errors import (
    MALFORMED,
    NOT_BOUND,
    OFFLINE,
    PARAMETER,
    TOO_FAST,
    UNKNOWN_SN,
    ApiError,
    success,
)
from .stores import Write
from .system import System

type ApiHandler = Callable[[Call, Account], Awaitable[Any]]


@dataclass(slots=True)
class Context:
    """One cloud, as seen by its handlers."""

    clock: Clock
    faults: Faults
    behaviour: Behaviour
    accounts: list[Account]
    systems: dict[str, System]
    writes: list[Write] = field(default_factory=list)

    def now(self) -> datetime:
        """Return when things happen."""
        return self.clock()

    def told(self) -> datetime:
        """Return what the server's own clock says."""
        return self.clock() + self.faults.clock_skew

    def guard(self, handler: ApiHandler) -> Handler:
        """Wrap a handler: signature in, envelope out."""
        gate = Gate(self.accounts, self.behaviour)

        async def guarded(call: Call) -> web.Response:
            try:
                account = gate.account(call.request, self.told())
                data = await handler(call, account)
            except ApiError as error:
                return answer(error.body(self.behaviour), self.told())
            return answer(success(data, self.behaviour), self.told())

        return guarded

    def known(self, fields: Mapping[str, Any]) -> System:
        """Return a system of the platform, run up to now."""
        serial = fields.get("sysSn")
        if not isinstance(serial, str) or not serial:
            raise ApiError(PARAMETER)
        system = self.systems.get(serial)
        if system is None:
            raise ApiError(UNKNOWN_SN)
        # What was set until now must have happened before anything changes.
        system.advance(self.now())
        return system

    def system(self, account: Account, fields: Mapping[str, Any]) -> System:
        """Return a system that is bound to the account, run up to now."""
        system = self.known(fields)
        if system.spec.serial not in account.bound:
            raise ApiError(NOT_BOUND)
        return system

    def check_pace(self, fields: Mapping[str, Any], direction: str) -> None:
        """Refuse a write too soon after another of its direction (3)."""
        system = self.systems.get(str(fields.get("sysSn")))
        if system is None:
            return
        last = system.stores.last_write.get(direction)
        gap = self.behaviour.write_gap_s
        if last is not None and (self.now() - last).total_seconds() < gap:
            raise ApiError(TOO_FAST)

    def check_line(self, system: System) -> bool:
        """Whether a write reaches the system at once; it may be refused else."""
        if system.offline_since is None:
            return True
        if self.behaviour.offline_write == "accepted":
            return False
        raise ApiError(self.behaviour.offline_write)

    def check_online(self, system: System) -> None:
        """Refuse what needs the system itself."""
        if system.offline_since is not None:
            raise ApiError(OFFLINE)

    def log(self, call: Call, system: System, body: Mapping[str, Any]) -> None:
        """Remember an accepted write."""
        self.writes.append(Write(self.now(), system.spec.serial, call.label, body))


async def json_body(call: Call) -> dict[str, Any]:
    """Return the JSON object of a write; anything else is malformed (1.4)."""
    try:
        body = await call.request.json()
    except ValueError:
        raise ApiError(MALFORMED) from None
    if not isinstance(body, dict):
        raise ApiError(MALFORMED)
    return body
