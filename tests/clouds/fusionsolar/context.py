"""What all handlers share: the order of the checks, and the envelope (7.1)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from ..clock import Clock
from ..faults import Faults
from ..server import Call, Handler
from .accounts import Account, Sessions
from .behaviour import Behaviour
from .errors import (
    DEVICE_RIGHT,
    DEVICES_EMPTY,
    MANY_DEVICES,
    MANY_HISTORIES,
    MANY_PLANTS,
    NO_PLANT,
    NOT_GRANTED,
    PARAMETER,
    PLANT_RIGHT,
    PLANTS_EMPTY,
    TIME_EMPTY,
    TYPE_UNSUPPORTED,
    WRONG_TYPE,
    ApiError,
    answer,
    no_access,
    page,
    too_often,
)
from .fixtures import DeviceSpec
from .plant import Plant

type Body = dict[str, Any]
type ApiHandler = Callable[[Call, Account, Body], Awaitable[Any]]

_MOST = 100
_RESTRICTED = frozenset({"cs/getInventerRealKpi", "createStation"})


@dataclass(frozen=True, slots=True)
class Bare:
    """An answer that has no `params`, or a text."""

    data: Any
    message: str | None = None
    code: int = 0
    success: bool = True


@dataclass(slots=True)
class Context:
    """One cloud, as seen by its handlers."""

    clock: Clock
    faults: Faults
    behaviour: Behaviour
    accounts: list[Account]
    sessions: Sessions

    def now(self) -> datetime:
        """Return when things happen."""
        return self.clock()

    def told_ms(self) -> int:
        """Return what the server's own clock says, ms."""
        return int((self.clock() + self.faults.clock_skew).timestamp() * 1000)

    # -- guards ----------------------------------------------------------------

    def open(self, handler: Callable[[Body], Awaitable[web.Response]]) -> Handler:
        """Wrap a handler for which nobody has to be logged in."""

        async def guarded(call: Call) -> web.Response:
            if elsewhere := self.wrong_host():
                return elsewhere
            try:
                return await handler(await _body(call))
            except ApiError as error:
                return self._refuse(error, {})

        return guarded

    def guard(self, handler: ApiHandler) -> Handler:
        """Wrap a handler: JSON, token, right, quota, then the handler, in this order."""

        async def guarded(call: Call) -> web.Response:
            if elsewhere := self.wrong_host():
                return elsewhere
            try:
                body = await _body(call)
            except ApiError as error:
                return self._refuse(error, {})
            now = self.now()
            account = self.sessions.account(call.request, now)
            if account is None:
                return self.sessions.refusal()
            label = call.label
            if (
                label in account.denied
                or label in _RESTRICTED
                or (
                    label in ("getStationList", "getDevFiveMinutes") and not account.old
                )
            ):
                return answer(no_access())
            kind = str(body.get("devTypeId"))
            number = int(kind) if kind.isdecimal() else None
            if not account.quotas.take(label, now, number):
                return answer(too_often())
            try:
                data = await handler(call, account, body)
            except ApiError as error:
                return self._refuse(error, body)
            return self._succeed(data, body)

        return guarded

    def wrong_host(self) -> web.Response | None:
        """Return the page of a host without the API, None on the right one."""
        match self.behaviour.host:
            case "html":
                return page("FusionSolar")
            case "missing":
                return page("404 Not Found", 404)
        return None

    def _refuse(self, error: ApiError, body: Body) -> web.Response:
        # A control task does not come back.
        echo = error.echo and "tasks" not in body
        params = {**body, "currentTime": self.told_ms()} if echo else None
        return answer(
            {
                "success": False,
                "data": error.data,
                "failCode": error.code,
                "params": params,
                "message": error.message,
            }
        )

    def _succeed(self, data: Any, body: Body) -> web.Response:
        if isinstance(data, Bare):
            return answer(
                {
                    "success": data.success,
                    "data": data.data,
                    "failCode": data.code,
                    "message": data.message,
                }
            )
        return answer(
            {
                "data": data,
                "failCode": 0,
                "message": None,
                "params": {**body, "currentTime": self.told_ms()},
                "success": True,
            }
        )

    # -- arguments -------------------------------------------------------------

    def plants(self, account: Account, body: Body) -> list[Plant]:
        """Return the plants of `stationCodes`, run up to now."""
        codes = split(body.get("stationCodes"))
        if not codes:
            raise ApiError(PLANTS_EMPTY)
        if len(codes) > _MOST:
            raise ApiError(MANY_PLANTS)
        known = [account.plants[code] for code in codes if code in account.plants]
        if not known:
            match self.behaviour.all_unknown:
                case "empty":
                    return []
                case 20007:
                    raise ApiError(NO_PLANT)
            raise ApiError(PLANT_RIGHT)
        if len(known) < len(codes) and self.behaviour.unknown_plant == PLANT_RIGHT:
            raise ApiError(PLANT_RIGHT)
        return self.granted(known)

    def granted(self, plants: Sequence[Plant]) -> list[Plant]:
        """Return the plants, all of which their owners must have opened (1.8)."""
        for plant in plants:
            if not plant.granted:
                raise ApiError(NOT_GRANTED)
            plant.advance(self.now())
        return self.in_order(plants)

    def in_order[T](self, rows: Sequence[T]) -> list[T]:
        """Return rows in the order that is switched on."""
        turned = self.behaviour.row_order == "reversed"
        return list(reversed(rows)) if turned else list(rows)

    def plant(self, account: Account, body: Body) -> Plant:
        """Return the one plant of `plantCode`."""
        plant = account.plants.get(str(body.get("plantCode")))
        if plant is None:
            raise ApiError(PLANT_RIGHT)
        return self.granted([plant])[0]

    def devices(
        self, account: Account, body: Body, kinds: Sequence[int], most: int = _MOST
    ) -> list[tuple[Plant, DeviceSpec]]:
        """Return the devices of `devIds` or `sns`, all of one type."""
        wanted = split(body.get("devIds")) or split(body.get("sns"))
        if not wanted:
            raise ApiError(DEVICES_EMPTY)
        kind = str(body.get("devTypeId"))
        if not kind.isdecimal() or int(kind) not in kinds:
            raise ApiError(TYPE_UNSUPPORTED)
        if len(wanted) > most:
            raise ApiError(MANY_DEVICES if most == _MOST else MANY_HISTORIES)
        names = {
            name: (plant, device)
            for plant in account.plants.values()
            for device in plant.spec.devices
            for name in (str(device.device_id), device.dn, device.serial)
        }
        found = [names[name] for name in wanted if name in names]
        if not found:
            raise ApiError(DEVICE_RIGHT)
        if any(device.kind != int(kind) for _, device in found):
            raise ApiError(WRONG_TYPE)
        self.granted(list({p.spec.code: p for p, _ in found}.values()))
        return self.in_order(found)


def split(value: object) -> list[str]:
    """Return the parts of a comma-separated string, each once."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return []
    return list(dict.fromkeys(part for part in value.split(",") if part))


def time_of(body: Body, name: str) -> datetime:
    """Return a time of the arguments, ms."""
    value = body.get(name)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if value is None:
        raise ApiError(TIME_EMPTY)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise ApiError(PARAMETER)
    return datetime.fromtimestamp(value / 1000, UTC)


def allowed(values: Body, account: Account) -> Body:
    """Return the data items that the account may see."""
    hidden = account.hidden_items
    return {key: value for key, value in values.items() if key not in hidden}


def ms(time: datetime) -> int:
    """Return a time as the API writes it."""
    return int(time.timestamp() * 1000)


async def _body(call: Call) -> Body:
    """Return the JSON object of a request; none at all is an empty one."""
    text = await call.request.text()
    if not text.strip():
        return {}
    try:
        body = await call.request.json()
    except ValueError:
        raise ApiError(PARAMETER, echo=False) from None
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise ApiError(PARAMETER, echo=False)
    return body
