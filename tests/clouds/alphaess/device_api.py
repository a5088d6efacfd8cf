"""Binding of serials, and car chargers (2.9, 2.10)."""

from collections.abc import Mapping
from typing import Any

from ..faults import Fault
from ..server import Call, Route
from .accounts import Account
from .chargers import Charger
from .context import Context, json_body
from .errors import (
    ALREADY_BOUND,
    CHECK_CODE,
    FAILED,
    NOT_BOUND,
    NOT_OWNED,
    PARAMETER,
    VERIFICATION_CODE,
    ApiError,
)
from .system import System


class BindingApi:
    """A code goes to the owner's mailbox and comes back."""

    def __init__(self, context: Context) -> None:
        """Serve what `context` holds."""
        self._context = context
        self.mailbox: dict[str, str] = {}
        self._mails = 0

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        handlers = {
            ("GET", "getVerificationCode"): self._send_code,
            ("POST", "bindSn"): self._bind,
            ("POST", "unBindSn"): self._unbind,
        }
        return [
            Route(verb, f"/api/{name}", name, self._context.guard(handler))
            for (verb, name), handler in handlers.items()
        ]

    async def _send_code(self, call: Call, account: Account) -> None:
        query = call.request.query
        system = self._context.known(query)
        serial = system.spec.serial
        if serial in account.bound:
            raise ApiError(ALREADY_BOUND)
        if not query.get("checkCode"):
            raise ApiError(PARAMETER)
        if query["checkCode"] != system.spec.check_code:
            raise ApiError(CHECK_CODE)
        if not system.spec.owned:
            raise ApiError(NOT_OWNED)
        # Each mail has another code, the first is the dossier's.
        self.mailbox[serial] = str(4821 + self._mails)
        self._mails += 1

    async def _bind(self, call: Call, account: Account) -> None:
        body = await json_body(call)
        serial = self._context.known(body).spec.serial
        if serial in account.bound:
            raise ApiError(ALREADY_BOUND)
        code = body.get("code")
        if code is None:
            raise ApiError(PARAMETER)
        if str(code) != self.mailbox.get(serial):
            raise ApiError(VERIFICATION_CODE)
        del self.mailbox[serial]
        account.bound.append(serial)

    async def _unbind(self, call: Call, account: Account) -> None:
        serial = self._context.known(await json_body(call)).spec.serial
        if serial not in account.bound:
            raise ApiError(NOT_BOUND)
        account.bound.remove(serial)


class ChargerApi:
    """Car chargers, and the household's current limit."""

    def __init__(self, context: Context) -> None:
        """Serve what `context` holds."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        handlers = {
            ("GET", "getEvChargerConfigList"): self._list,
            ("GET", "getEvChargerCurrentsBySn"): self._current,
            ("POST", "setEvChargerCurrentsBySn"): self._set_current,
            ("GET", "getEvChargerStatusBySn"): self._status,
            ("POST", "remoteControlEvCharger"): self._control,
        }
        return [
            Route(verb, f"/api/{name}", name, self._context.guard(handler))
            for (verb, name), handler in handlers.items()
        ]

    def _charger(self, system: System, fields: Mapping[str, Any]) -> Charger:
        serial = fields.get("evchargerSn")
        if not serial:
            raise ApiError(PARAMETER)
        for charger in system.chargers:
            if charger.spec.serial == serial:
                return charger
        raise ApiError(self._context.behaviour.unknown_charger)

    async def _list(self, call: Call, account: Account) -> Any:
        system = self._context.system(account, call.request.query)
        return [
            {"evchargerSn": c.spec.serial, "evchargerModel": c.spec.model}
            for c in system.chargers
        ]

    async def _current(self, call: Call, account: Account) -> Any:
        system = self._context.system(account, call.request.query)
        current = system.household_current_a
        text = self._context.behaviour.currentsetting_text
        return {"currentsetting": str(current) if text else current}

    async def _set_current(self, call: Call, account: Account) -> None:
        body = await json_body(call)
        system = self._context.system(account, body)
        value = body.get("currentsetting")
        least, most = self._context.behaviour.current_range_a
        if not isinstance(value, int | float) or not least <= value <= most:
            raise ApiError(PARAMETER)
        self._context.check_line(system)
        self._context.log(call, system, body)
        if not call.fault(Fault.IGNORED):
            system.household_current_a = float(value)

    async def _status(self, call: Call, account: Account) -> Any:
        context = self._context
        system = context.system(account, call.request.query)
        charger = self._charger(system, call.request.query)
        shown = {"evchargerStatus": int(charger.status(context.now()))}
        return [shown] if context.behaviour.ev_status == "list" else shown

    async def _control(self, call: Call, account: Account) -> None:
        context = self._context
        body = await json_body(call)
        system = context.system(account, body)
        charger = self._charger(system, body)
        mode = body.get("controlMode")
        if mode not in (0, 1):
            raise ApiError(PARAMETER)
        if context.check_line(system) and not call.fault(Fault.IGNORED):
            done = charger.command(mode == 1, context.now())
            if not done and context.behaviour.ev_wrong_state == FAILED:
                raise ApiError(FAILED)
        context.log(call, system, body)
