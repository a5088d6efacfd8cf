"""The five endpoints that read powers and energies (2.1 to 2.5)."""

from datetime import date, datetime
import re
from typing import Any

from ..server import Call, Route
from . import payloads
from .accounts import Account
from .context import Context
from .errors import PARAMETER, ApiError

_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")


class ReadApi:
    """What the systems have told."""

    def __init__(self, context: Context) -> None:
        """Serve what `context` holds."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        handlers = {
            "getEssList": self._systems,
            "getLastPowerData": self._live,
            "getOneDayPowerBySn": self._day_power,
            "getOneDateEnergyBySn": self._day_energy,
            "getSumDataForCustomer": self._summary,
        }
        return [
            Route("GET", f"/api/{name}", name, self._context.guard(handler))
            for name, handler in handlers.items()
        ]

    async def _systems(self, call: Call, account: Account) -> Any:
        systems = [
            payloads.essentials(self._context.systems[serial])
            for serial in account.bound
        ]
        if self._context.behaviour.single_system == "object" and len(systems) == 1:
            return systems[0]
        return systems

    async def _live(self, call: Call, account: Account) -> Any:
        context = self._context
        system = context.system(account, call.request.query)
        if system.offline_since is not None and context.behaviour.offline != "nulls":
            context.check_online(system)
        if system.offline_since is not None or not system.spec.live:
            return payloads.no_live_power()
        sample = system.live(context.now())
        return payloads.live_power(sample, system.spec, context.behaviour)

    async def _day_power(self, call: Call, account: Account) -> Any:
        context = self._context
        system = context.system(account, call.request.query)
        day = _day(call)
        return payloads.day_power(system, day, context.now(), context.behaviour)

    async def _day_energy(self, call: Call, account: Account) -> Any:
        context = self._context
        system = context.system(account, call.request.query)
        day = _day(call)
        return payloads.day_energy(system, day, context.now(), context.behaviour)

    async def _summary(self, call: Call, account: Account) -> Any:
        context = self._context
        system = context.system(account, call.request.query)
        return payloads.summary(system, context.now(), context.behaviour)


def _day(call: Call) -> date:
    """Return `queryDate`."""
    text = call.request.query.get("queryDate", "")
    if not _DATE.match(text):
        raise ApiError(PARAMETER)
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise ApiError(PARAMETER) from None
