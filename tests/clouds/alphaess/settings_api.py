"""Battery settings: the two legacy pairs and the periodic pair (2.6 to 2.8)."""

from datetime import datetime, timedelta
from typing import Any, Literal

from ..faults import Fault
from ..server import Call, Route
from .accounts import Account
from .context import Context, json_body
from .errors import NOT_ENTITLED, ApiError
from .stores import Versions
from .system import System
from .writes import charge_store, discharge_store, periodic_store

type Direction = Literal["charge", "discharge", "periodic"]


class SettingsApi:
    """Each store is read, and replaced as a whole."""

    def __init__(self, context: Context) -> None:
        """Serve what `context` holds."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        handlers = {
            ("GET", "getChargeConfigInfo"): self._charge,
            ("POST", "updateChargeConfigInfo"): self._set_charge,
            ("GET", "getDisChargeConfigInfo"): self._discharge,
            ("POST", "updateDisChargeConfigInfo"): self._set_discharge,
            ("GET", "getTimeChargeBySn"): self._periodic,
            ("POST", "setTimeChargeBySn"): self._set_periodic,
        }
        return [
            Route(verb, f"/api/{name}", name, self._context.guard(handler))
            for (verb, name), handler in handlers.items()
        ]

    # -- reads -----------------------------------------------------------------

    async def _charge(self, call: Call, account: Account) -> Any:
        system = self._context.system(account, call.request.query)
        return system.stores.charge.shown(self._context.now()).payload()

    async def _discharge(self, call: Call, account: Account) -> Any:
        system = self._context.system(account, call.request.query)
        return system.stores.discharge.shown(self._context.now()).payload()

    async def _periodic(self, call: Call, account: Account) -> Any:
        context = self._context
        system = context.system(account, call.request.query)
        if not system.spec.periodic:
            raise ApiError(NOT_ENTITLED)
        store = system.stores.periodic.shown(context.now())
        return store.payload(system.spec.serial, context.behaviour)

    # -- writes ----------------------------------------------------------------

    async def _begin(
        self, call: Call, account: Account, direction: Direction
    ) -> tuple[dict[str, Any], System]:
        """Return the body and its system; binding comes before parameters."""
        body = await json_body(call)
        self._context.check_pace(body, direction)
        return body, self._context.system(account, body)

    async def _set_charge(self, call: Call, account: Account) -> None:
        body, system = await self._begin(call, account, "charge")
        other = system.stores.discharge.newest
        store = charge_store(body, other, self._context.behaviour)
        self._commit(call, system, body, "charge", system.stores.charge, store)

    async def _set_discharge(self, call: Call, account: Account) -> None:
        body, system = await self._begin(call, account, "discharge")
        other = system.stores.charge.newest
        store = discharge_store(body, other, self._context.behaviour)
        self._commit(call, system, body, "discharge", system.stores.discharge, store)

    async def _set_periodic(self, call: Call, account: Account) -> None:
        body, system = await self._begin(call, account, "periodic")
        old = system.stores.periodic.newest
        store = periodic_store(body, old, self._context.behaviour)
        if not system.spec.periodic:
            raise ApiError(NOT_ENTITLED)
        self._commit(call, system, body, "periodic", system.stores.periodic, store)

    def _commit[T](
        self,
        call: Call,
        system: System,
        body: dict[str, Any],
        direction: Direction,
        versions: Versions[T],
        value: T,
    ) -> None:
        """Store a checked value; whether and when it is shown and obeyed differs."""
        context, behaviour = self._context, self._context.behaviour
        now = context.now()
        on_line = context.check_line(system)
        system.stores.last_write[direction] = now
        context.log(call, system, body)
        shown = now + timedelta(seconds=behaviour.read_back_delay_s)
        if late := call.fault(Fault.LATE):
            shown = now + timedelta(seconds=late.options["seconds"])
        obeyed: datetime | None = system.reaches_inverter(now)
        if behaviour.app_save_needed or not on_line:
            obeyed = None
        if ignored := call.fault(Fault.IGNORED):
            if not ignored.options.get("listed"):
                return
            obeyed = datetime.max.replace(tzinfo=now.tzinfo)
        versions.write(value, shown, obeyed)
