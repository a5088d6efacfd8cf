"""Devices: list, readings, history, periods and alarms (2.4 to 2.7)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from ..server import Call, Route
from .accounts import Account
from .alarms import LANGUAGES
from .context import Body, Context, allowed, ms, split, time_of
from .devices import items
from .errors import (
    BOTH_EMPTY,
    DEVICE_RIGHT,
    LANGUAGE_EMPTY,
    LANGUAGE_INVALID,
    LONG_HISTORY,
    PARAMETER,
    START_AFTER_END,
    ApiError,
)
from .figures import part_of_pv, yield_kwh
from .fixtures import BATTERY, ESS, INVERTERS, READABLE, DeviceSpec
from .plant import Plant, Span
from .plant_api import collect_ms
from .telemetry import Totals

_COUNTED = (*INVERTERS, BATTERY, ESS)
_SPANS: dict[str, Span] = {
    "getDevKpiDay": "day",
    "getDevKpiMonth": "month",
    "getDevKpiYear": "year",
}
_THREE_DAYS = timedelta(days=3)
_ONE_DAY = timedelta(days=1)


class DeviceApi:
    """Answers for devices."""

    def __init__(self, context: Context) -> None:
        """Answer over `context`."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        handlers = {
            "getDevList": self._list,
            "getDevRealKpi": self._real,
            "getDevHistoryKpi": self._history,
            "getDevFiveMinutes": self._five_minutes,
            **dict.fromkeys(_SPANS, self._periods),
            "getAlarmList": self._alarms,
            # Special permissions that nobody here has (2.8).
            "cs/getInventerRealKpi": self._list,
            "createStation": self._list,
        }
        new = "/rest/openapi/pvms/nbi/v1/device/history"
        return [
            *(
                Route("POST", f"/thirdData/{name}", name, guard(handler))
                for name, handler in handlers.items()
            ),
            Route("POST", new, "deviceHistory", guard(self._new_history)),
        ]

    # -- list ------------------------------------------------------------------

    async def _list(self, call: Call, account: Account, body: Body) -> Any:
        plants = self._context.plants(account, body)
        return [
            self._row(plant, device)
            for plant in plants
            for device in plant.spec.devices
        ]

    def _row(self, plant: Plant, device: DeviceSpec) -> dict[str, Any]:
        spec = plant.spec
        known = spec.address is not None
        row: dict[str, Any] = {
            "id": device.device_id,
            "devDn": device.dn,
            "devName": device.name,
            "stationCode": spec.code,
            "esnCode": device.serial,
            "devTypeId": device.kind,
            "model": device.model,
            "invType": device.model,
            "softwareVersion": device.software,
            "optimizerNumber": 0 if device.kind in INVERTERS else None,
            "longitude": round(spec.house.longitude, 4) if known else None,
            "latitude": round(spec.house.latitude, 4) if known else None,
        }
        if not self._context.behaviour.new_columns:
            for key in ("devDn", "model", "optimizerNumber"):
                del row[key]
        return row

    # -- readings --------------------------------------------------------------

    def _about(self, device: DeviceSpec) -> dict[str, Any]:
        new = self._context.behaviour.new_columns
        serial = {"sn": device.serial} if new else {}
        return {"devId": device.device_id} | serial

    def _no_right(self, account: Account, body: Body) -> bool:
        return int(body["devTypeId"]) in account.hidden_types

    def _nothing(self) -> list[Any] | None:
        return None if self._context.behaviour.missing_rights == "null" else []

    async def _real(self, call: Call, account: Account, body: Body) -> Any:
        found = self._context.devices(account, body, READABLE)
        if self._no_right(account, body):
            return self._nothing()
        behaviour, now = self._context.behaviour, self._context.now()
        rows = []
        for plant, device in found:
            record = plant.latest(now, behaviour.type_lag_s.get(device.kind, 0.0))
            values = items(plant, device, record, behaviour)
            rows.append(self._about(device) | {"dataItemMap": allowed(values, account)})
        return rows

    async def _history(self, call: Call, account: Account, body: Body) -> Any:
        start, end = self._span(body, _THREE_DAYS, LONG_HISTORY)
        found = self._context.devices(account, body, READABLE, most=10)
        return self._rows(found, account, body, start, end)

    async def _five_minutes(self, call: Call, account: Account, body: Body) -> Any:
        at = time_of(body, "collectTime")
        found = self._context.devices(account, body, READABLE, most=10)
        day = found[0][0].local(at).date()
        start, end = (found[0][0].midnight(day + timedelta(days=n)) for n in range(2))
        end -= timedelta(minutes=5)
        return self._rows(found, account, body, start, end)

    def _rows(
        self,
        found: Sequence[tuple[Plant, DeviceSpec]],
        account: Account,
        body: Body,
        start: datetime,
        end: datetime,
    ) -> list[Any] | None:
        if self._no_right(account, body):
            return self._nothing()
        return [
            self._about(device) | {"collectTime": time, "dataItemMap": values}
            for plant, device in found
            for time, values in self._recorded(plant, device, account, start, end)
        ]

    def _recorded(
        self,
        plant: Plant,
        device: DeviceSpec,
        account: Account,
        start: datetime,
        end: datetime,
    ) -> list[tuple[int, dict[str, Any]]]:
        behaviour = self._context.behaviour
        newest = plant.latest(self._context.now())
        return [
            (
                ms(record.time),
                allowed(items(plant, device, record, behaviour, live=False), account),
            )
            for record in plant.recorder.between(start, end, newest)
        ]

    async def _new_history(self, call: Call, account: Account, body: Body) -> Any:
        """Answer the successor of the history: one device, a day (2.6)."""
        start, end = self._span(body, _ONE_DAY, PARAMETER)
        named = {"devIds": body.get("devDn"), "devTypeId": body.get("devTypeId")}
        [(plant, device)] = self._context.devices(account, named, READABLE)[:1]
        if self._no_right(account, body):
            return self._nothing()
        return [
            {"collectTime": time, "dataItems": values}
            for time, values in self._recorded(plant, device, account, start, end)
        ]

    @staticmethod
    def _span(
        body: Body, longest: timedelta, too_long: int
    ) -> tuple[datetime, datetime]:
        start, end = time_of(body, "startTime"), time_of(body, "endTime")
        if start > end:
            raise ApiError(START_AFTER_END)
        if end - start > longest:
            raise ApiError(too_long)
        return start, end

    # -- periods ---------------------------------------------------------------

    async def _periods(self, call: Call, account: Account, body: Body) -> Any:
        at = time_of(body, "collectTime")
        found = self._context.devices(account, body, _COUNTED)
        if self._no_right(account, body):
            return self._nothing()
        span, now = _SPANS[call.label], self._context.now()
        behaviour = self._context.behaviour
        rows = []
        for plant, device in found:
            newest = plant.latest(now)
            for begin, end in plant.periods(span, at):
                counted = plant.counted(begin, end, newest)
                if counted is None:
                    continue
                values = self._counted(plant, device, counted)
                rows.append(
                    self._about(device)
                    | {
                        "collectTime": collect_ms(plant, begin, span, behaviour),
                        "dataItemMap": allowed(values, account),
                    }
                )
        return rows

    def _counted(
        self, plant: Plant, device: DeviceSpec, counted: Totals
    ) -> dict[str, Any]:
        if device.kind in INVERTERS:
            part = part_of_pv(plant, device)
            produced = yield_kwh(counted, self._context.behaviour) * part
            capacity = plant.spec.capacity_kw * part
            return {
                "installed_capacity": round(capacity, 3),
                "product_power": round(produced, 2) + 0.0,
                "perpower_ratio": round(produced / capacity, 3) + 0.0,
            }
        values = {
            "charge_cap": round(counted.energy.charged * device.share, 2),
            "discharge_cap": round(counted.energy.discharged * device.share, 2),
        }
        if device.kind == BATTERY:
            values["charge_time"] = round(counted.charge_h, 2)
            values["discharge_time"] = round(counted.discharge_h, 2)
        return values

    # -- alarms ----------------------------------------------------------------

    async def _alarms(self, call: Call, account: Account, body: Body) -> Any:
        codes, serials = split(body.get("stationCodes")), split(body.get("sns"))
        if not codes and not serials:
            raise ApiError(BOTH_EMPTY)
        if not body.get("language"):
            raise ApiError(LANGUAGE_EMPTY)
        if body["language"] not in LANGUAGES:
            raise ApiError(LANGUAGE_INVALID)
        begin, end = time_of(body, "beginTime"), time_of(body, "endTime")
        if begin > end:
            raise ApiError(START_AFTER_END)
        # The times come back as numbers, whatever they were (1.1).
        body |= {"beginTime": ms(begin), "endTime": ms(end)}
        if codes:
            plants = self._context.plants(account, body)
        else:
            plants = self._context.granted(
                [
                    plant
                    for plant in account.plants.values()
                    if any(d.serial in serials for d in plant.spec.devices)
                ]
            )
            if not plants:
                raise ApiError(DEVICE_RIGHT)
        levels, kinds = split(body.get("levels")), split(body.get("devTypes"))
        return [
            alarm.row(plant.spec)
            for plant in plants
            for alarm in plant.alarms
            if begin <= alarm.raised <= end
            and (codes or alarm.device.serial in serials)
            and (not levels or str(alarm.level) in levels)
            and (not kinds or str(alarm.device.kind) in kinds)
        ]
