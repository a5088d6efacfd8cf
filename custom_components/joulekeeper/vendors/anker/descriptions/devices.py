"""Entities of inverters, meters, plugs and other devices (dossier 7.1, 7.2)."""

from typing import Any, Final

from homeassistant.components.sensor import SensorStateClass

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    DIAGNOSTIC,
    ENERGY,
    MONEY,
    OFF,
    POWER,
    PRICE,
    ReadingBinarySensorDescription,
    sensor,
)
from ..currencies import currency_code
from ..devices import Grid, Inverter, Plug
from ..endpoints import SCENE, STANDALONE
from ..standalone import PvTotals
from .parts import COUNT, WEIGHT, error_code, live, of_day, online, part, price_unit

_ON_INVERTER: Final[dict[str, Any]] = {"on": DeviceKind.INVERTER}
_ON_METER: Final[dict[str, Any]] = {"on": DeviceKind.METER}
_ON_PLUG: Final[dict[str, Any]] = {"on": DeviceKind.SMART_PLUG}


def _inverter(readings: DeviceReadings) -> Inverter:
    return readings[SCENE].inverters[readings.part_id]


def _plug(readings: DeviceReadings) -> Plug:
    return readings[SCENE].plugs[readings.part_id]


def _grid(readings: DeviceReadings) -> Grid:
    """Return what a meter measures; of several only their sum is known."""
    grid = readings[SCENE].grid
    if grid is None or tuple(grid.meters) != (readings.part_id,):
        raise LookupError(readings.part_id)
    return grid


def _meter_online(readings: DeviceReadings) -> bool | None:
    grid = readings[SCENE].grid
    return grid.meters[readings.part_id].online if grid else None


def _totals(readings: DeviceReadings) -> PvTotals:
    """Return what a lone inverter has brought; LookupError while nobody knows it."""
    if (totals := readings[STANDALONE].totals) is None:
        raise LookupError(readings.part_id)
    return totals


def _lone_online(readings: DeviceReadings) -> bool | None:
    status = readings[STANDALONE].status
    return status.online if status else None


def _lone_power(readings: DeviceReadings) -> float | None:
    status = readings[STANDALONE].status
    return status.power_w if status else None


def _tariff_unit(readings: DeviceReadings) -> str | None:
    tariff = readings[STANDALONE].tariff
    return price_unit(tariff.currency, readings[STANDALONE].country) if tariff else None


def _tariff_price(readings: DeviceReadings) -> float | None:
    tariff = readings[STANDALONE].tariff
    return tariff.price if tariff else None


LONE_INVERTER_SENSORS: Final = (
    sensor("solar_power", (STANDALONE,), _lone_power, **POWER, **_ON_INVERTER),
    of_day(
        "solar_energy_today",
        STANDALONE,
        lambda told, _: told.today_kwh,
        lambda told: told.begins,
        **_ON_INVERTER,
    ),
    sensor(
        "yield_total",
        (STANDALONE,),
        lambda readings: _totals(readings).energy_kwh,
        **ENERGY,
        **_ON_INVERTER,
    ),
    sensor(
        "co2_saved",
        (STANDALONE,),
        lambda readings: _totals(readings).co2_kg,
        **WEIGHT,
        **_ON_INVERTER,
    ),
    sensor(
        "savings_total",
        (STANDALONE,),
        lambda readings: _totals(readings).money,
        unit_fn=lambda readings: currency_code(
            _totals(readings).currency, readings[STANDALONE].country
        ),
        state_class=SensorStateClass.TOTAL,
        **MONEY,
        **_ON_INVERTER,
    ),
    sensor(
        "price",
        (STANDALONE,),
        _tariff_price,
        unit_fn=_tariff_unit,
        **PRICE,
        **_ON_INVERTER,
        **OFF,
    ),
)
"""Of an inverter that belongs to no system: none of its keys is that of another."""

DEVICE_SENSORS: Final = (
    *LONE_INVERTER_SENSORS,
    live(
        "ac_power",
        _inverter,
        lambda inverter: inverter.power_w,
        **POWER,
        **_ON_INVERTER,
    ),
    live("grid_power", _grid, lambda grid: grid.power_w, **POWER, **_ON_METER),
    live(
        "grid_import_power",
        _grid,
        lambda grid: part(grid.power_w),
        **POWER,
        **_ON_METER,
        **OFF,
    ),
    live(
        "grid_export_power",
        _grid,
        lambda grid: part(grid.power_w, -1),
        **POWER,
        **_ON_METER,
        **OFF,
    ),
    live(
        "grid_status_code",
        _grid,
        lambda grid: grid.status,
        **COUNT,
        **_ON_METER,
        **OFF,
    ),
    live("plug_power", _plug, lambda plug: plug.power_w, **POWER, **_ON_PLUG),
    live(
        "plug_priority",
        _plug,
        lambda plug: plug.priority,
        **COUNT,
        **_ON_PLUG,
        **OFF,
    ),
    sensor(
        "plug_tag",
        (SCENE,),
        lambda readings: _plug(readings).tag,
        **DIAGNOSTIC,
        **_ON_PLUG,
        **OFF,
    ),
    error_code(DeviceKind.SMART_PLUG, lambda readings: _plug(readings).error_code),
)

DEVICE_BINARY_SENSORS: Final[tuple[ReadingBinarySensorDescription, ...]] = (
    online(DeviceKind.INVERTER, lambda readings: _inverter(readings).online),
    online(DeviceKind.INVERTER, _lone_online, STANDALONE, "online_alone"),
    online(DeviceKind.METER, _meter_online),
    online(DeviceKind.SMART_PLUG, lambda readings: _plug(readings).online),
    online(
        DeviceKind.POWER_STATION,
        lambda readings: (
            readings[SCENE].power_stations.stations[readings.part_id].online
        ),
    ),
    online(
        DeviceKind.POWER_PANEL,
        lambda readings: readings[SCENE].panels[readings.part_id].online,
    ),
)
