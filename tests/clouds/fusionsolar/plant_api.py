"""Lists and KPIs of plants (2.1 to 2.3)."""

from datetime import datetime, timedelta
from typing import Any

from ..server import Call, Route
from .accounts import Account
from .alarms import CRITICAL
from .behaviour import Behaviour
from .context import Bare, Body, Context, allowed, ms, time_of
from .errors import (
    ONE_OF_TWO_TIMES,
    PAGE_EMPTY,
    PAGE_NEGATIVE,
    PARAMETER,
    TIME_NEGATIVE,
    TIMES_REVERSED,
    ApiError,
)
from .figures import yield_kwh
from .plant import Plant, Span
from .telemetry import Totals

_PAGE_SIZE = 100
_CO2_T_PER_KWH = 0.000475
_COAL_T_PER_KWH = 0.0004
_TREES_PER_T = 0.73
_SPANS: dict[str, Span] = {
    "getKpiStationHour": "hour",
    "getKpiStationDay": "day",
    "getKpiStationMonth": "month",
    "getKpiStationYear": "year",
}
HEALTHY, FAULTY, DISCONNECTED = "3", "2", "1"


class PlantApi:
    """Answers for plants."""

    def __init__(self, context: Context) -> None:
        """Answer over `context`."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        handlers = {
            "getStationList": self._station_list,
            "stations": self._stations,
            "getStationRealKpi": self._real,
            **dict.fromkeys(_SPANS, self._periods),
        }
        return [
            Route("POST", f"/thirdData/{name}", name, guard(handler))
            for name, handler in handlers.items()
        ]

    # -- lists -----------------------------------------------------------------

    async def _station_list(self, call: Call, account: Account, body: Body) -> Any:
        plants = list(account.plants.values())
        new = self._context.behaviour.station_list_row == "plant"
        row = self._plant_row if new else _station_row
        if "pageNo" not in body:
            return [row(plant) for plant in plants]
        size = body.get("pageSize", _PAGE_SIZE)
        if size not in (50, 100):
            raise ApiError(PARAMETER)
        return _paged([row(plant) for plant in plants], _page_number(body), size)

    async def _stations(self, call: Call, account: Account, body: Body) -> Any:
        plants = list(account.plants.values())
        first, last = (
            body.get(f"gridConnected{edge}Time") for edge in ("Start", "End")
        )
        if (first is None) != (last is None):
            raise ApiError(ONE_OF_TWO_TIMES)
        if first is not None and last is not None:
            if min(first, last) < 0:
                raise ApiError(TIME_NEGATIVE)
            if first >= last:
                raise ApiError(TIMES_REVERSED)
            plants = [p for p in plants if first <= ms(p.spec.connected) <= last]
        rows = [self._plant_row(plant) for plant in plants]
        page = _paged(rows, _page_number(body), _PAGE_SIZE)
        return Bare(page, "get plant list success")

    def _plant_row(self, plant: Plant) -> dict[str, Any]:
        spec = plant.spec
        place: list[Any] = [spec.house.longitude, spec.house.latitude]
        if spec.address is None:
            place = [None, None]
        elif self._context.behaviour.coordinates == "text":
            place = [f"{degrees:.6f}" for degrees in place]
        return {
            "plantCode": spec.code,
            "plantName": spec.name,
            "plantAddress": spec.address,
            "longitude": place[0],
            "latitude": place[1],
            "capacity": spec.capacity_kw,
            "contactPerson": "",
            "contactMethod": "",
            "gridConnectionDate": spec.connected.isoformat(timespec="seconds"),
        }

    # -- KPIs ------------------------------------------------------------------

    async def _real(self, call: Call, account: Account, body: Body) -> Any:
        plants = self._context.plants(account, body)
        return [
            {
                "stationCode": plant.spec.code,
                "dataItemMap": allowed(self._real_items(plant), account),
            }
            for plant in plants
        ]

    def _real_items(self, plant: Plant) -> dict[str, Any]:
        behaviour = self._context.behaviour
        record = plant.latest(self._context.now())
        month = plant.local(record.time).replace(day=1).date()
        at_month = plant.recorder.at(plant.midnight(month), record)
        today = plant.today(record)
        sums = {
            "day_power": yield_kwh(today, behaviour),
            "month_power": yield_kwh(record.totals.minus(at_month), behaviour),
            "total_power": yield_kwh(record.totals, behaviour),
            "day_income": today.energy.pv * behaviour.tariff,
            "total_income": record.totals.energy.pv * behaviour.tariff,
        }
        if behaviour.real_kpi_energies:
            sums["day_on_grid_energy"] = today.energy.exported
            sums["day_use_energy"] = today.energy.load
        if behaviour.real_kpi_power:
            sums["active_power"] = (record.flow.pv_w + record.flow.battery_w) / 1000
        values: dict[str, Any] = {
            key: round(value, 3) + 0.0 for key, value in sums.items()
        }
        values["real_health_state"] = int(health(plant))
        if behaviour.real_kpi_values == "text":
            values = {
                key: f"{value:.3f}" if isinstance(value, float) else str(value)
                for key, value in values.items()
            }
        return values

    async def _periods(self, call: Call, account: Account, body: Body) -> Any:
        at = time_of(body, "collectTime")
        plants = self._context.plants(account, body)
        span, now = _SPANS[call.label], self._context.now()
        behaviour = self._context.behaviour
        rows = []
        for plant in plants:
            newest = plant.latest(now)
            for begin, end in plant.periods(span, at):
                counted = plant.counted(begin, end, newest)
                if counted is None:
                    continue
                values = _period_items(plant, counted, span, behaviour)
                rows.append(
                    {
                        "dataItemMap": allowed(values, account),
                        "stationCode": plant.spec.code,
                        "collectTime": collect_ms(plant, begin, span, behaviour),
                    }
                )
        return rows


def collect_ms(plant: Plant, begin: datetime, span: Span, behaviour: Behaviour) -> int:
    """Return the collectTime of a row that begins at `begin` (2).

    By UTC, the date is that of the plant and its midnight that of UTC.
    """
    if behaviour.collect_time == "utc" and span != "hour":
        offset = plant.local(begin).utcoffset() or timedelta(0)
        begin = begin + offset
    return ms(begin)


def health(plant: Plant) -> str:
    """Return real_health_state."""
    if plant.offline_since is not None:
        return DISCONNECTED
    if any(alarm.level == CRITICAL for alarm in plant.alarms):
        return FAULTY
    return HEALTHY


def _period_items(
    plant: Plant, counted: Totals, span: Span, behaviour: Behaviour
) -> dict[str, Any]:
    energy = counted.energy
    produced = round(yield_kwh(counted, behaviour), 2) + 0.0
    profit = round(energy.pv * behaviour.tariff, 2) + 0.0
    exported = round(energy.exported, 2)
    if span == "hour":
        night = behaviour.night_hours == "null" and produced == 0
        return {
            "radiation_intensity": None,
            "theory_power": None,
            "inverter_power": None if night else produced,
            "ongrid_power": exported,
            "power_profit": profit,
        }
    capacity = plant.spec.capacity_kw
    carbon = energy.pv * _CO2_T_PER_KWH
    values = {
        "installed_capacity": capacity,
        "radiation_intensity": None,
        "theory_power": None,
        "performance_ratio": None,
        "inverter_power": produced,
        "ongrid_power": exported,
        "use_power": round(energy.load, 2),
        "power_profit": profit,
        "perpower_ratio": round(produced / capacity, 3),
        "reduction_total_co2": round(carbon, 3),
        "reduction_total_coal": round(energy.pv * _COAL_T_PER_KWH, 3),
        "reduction_total_tree": int(carbon * _TREES_PER_T),
        "chargeCap": round(energy.charged, 2),
        "dischargeCap": round(energy.discharged, 2),
        "selfProvide": round(energy.pv - energy.exported, 2),
    }
    if behaviour.yield_keys:
        values["PVYield"] = round(energy.pv, 2)
        values["inverterYield"] = round(
            energy.pv - energy.charged + energy.discharged, 2
        )
    return values


def _station_row(plant: Plant) -> dict[str, Any]:
    spec = plant.spec
    return {
        "stationCode": spec.code,
        "stationName": spec.name,
        "stationAddr": spec.address,
        "capacity": round(spec.capacity_kw / 1000, 6),
        "buildState": "2",
        "combineType": spec.combine,
        "aidType": 1,
        "stationLinkman": None,
        "linkmanPho": None,
    }


def _page_number(body: Body) -> int:
    number = body.get("pageNo")
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool):
        raise ApiError(PAGE_EMPTY)
    if number < 1:
        raise ApiError(PAGE_NEGATIVE)
    return number


def _paged(rows: list[dict[str, Any]], number: int, size: int) -> dict[str, Any]:
    begin = (number - 1) * size
    return {
        "list": rows[begin : begin + size],
        "pageCount": -(-len(rows) // size),
        "pageNo": number,
        "pageSize": size,
        "total": len(rows),
    }
