"""Entities of a plant: what flows in it, how it is, what it has come to."""

from datetime import datetime
from typing import Any, Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    CHARGE_LEVEL,
    DIAGNOSTIC,
    ENERGY,
    ENERGY_OF_DAY,
    LIMIT_W,
    MONEY,
    OFF,
    POWER,
    ReadingBinarySensorDescription,
    ReadingSensorDescription,
    sensor,
)
from ..endpoints import ALARMS, LIVE, PLANT, STATISTICS
from ..models import AlarmLevel, Health, PlantNow, PlantPeriod
from ..times import Period
from .parts import flow_of, live, positive

_ON: Final[dict[str, Any]] = {"on": DeviceKind.SITE}
_STATUSES: Final = {
    Health.HEALTHY: "ok",
    Health.DISCONNECTED: "offline",
    Health.FAULTY: "fault",
}

FLOWS: Final = (
    live("solar_power", flow_of, lambda flow: flow.pv_w, **POWER, **_ON),
    live("load_power", flow_of, lambda flow: flow.shown_load_w, **POWER, **_ON),
    live("grid_power", flow_of, lambda flow: flow.grid_w, **POWER, **_ON),
    live(
        "grid_import_power",
        flow_of,
        lambda flow: positive(flow.grid_w),
        **POWER,
        **_ON,
        **OFF,
    ),
    live(
        "grid_export_power",
        flow_of,
        lambda flow: positive(flow.grid_w, -1),
        **POWER,
        **_ON,
        **OFF,
    ),
    live(
        "battery_power",
        flow_of,
        lambda flow: flow.battery_w,
        **POWER,
        name="site_battery_power",
        **_ON,
    ),
    live(
        "charge_power",
        flow_of,
        lambda flow: positive(flow.battery_w, -1),
        **POWER,
        name="site_charge_power",
        **_ON,
        **OFF,
    ),
    live(
        "discharge_power",
        flow_of,
        lambda flow: positive(flow.battery_w),
        **POWER,
        name="site_discharge_power",
        **_ON,
        **OFF,
    ),
    live(
        "state_of_charge",
        flow_of,
        lambda flow: flow.state_of_charge,
        **CHARGE_LEVEL,
        name="site_state_of_charge",
        **_ON,
    ),
    live("ac_power", flow_of, lambda flow: flow.inverter_w, **POWER, **_ON, **OFF),
    sensor(
        "last_reading",
        (LIVE,),
        lambda readings: readings[LIVE].measured_at,
        device_class=SensorDeviceClass.TIMESTAMP,
        **DIAGNOSTIC,
        **_ON,
        **OFF,
    ),
)


def _status(readings: DeviceReadings) -> str | None:
    health = readings[PLANT].health
    return None if health is None else _STATUSES[health]


def _of_today(
    key: str,
    now_fn: Any,
    period_fn: Any = None,
    **details: Any,
) -> ReadingSensorDescription:
    """Return a sensor of today; a cloud that is too old for it has its statistics."""

    def value(readings: DeviceReadings) -> float | None:
        told: float | None = now_fn(readings[PLANT])
        if told is not None or period_fn is None:
            return told
        day = readings[STATISTICS].day
        return None if day is None else period_fn(day)

    def begins(readings: DeviceReadings) -> datetime | None:
        plant: PlantNow = readings[PLANT]
        if now_fn(plant) is not None:
            return plant.day_begins
        return readings[STATISTICS].begins[Period.DAY]

    return sensor(
        key,
        (PLANT,) if period_fn is None else (PLANT, STATISTICS),
        value,
        last_reset_fn=begins,
        **details,
        **_ON,
    )


def _export(period: PlantPeriod) -> float | None:
    return period.export_kwh


def _use(period: PlantPeriod) -> float | None:
    return period.use_kwh


def _panel_size(readings: DeviceReadings) -> float | None:
    """Return the peak power of the modules by the list of plants, W, or the year's."""
    told: float | None = readings[LIVE].capacity_w
    statistics = readings.get(STATISTICS)
    if told or statistics is None or not statistics.years:
        return told or None
    installed: float | None = statistics.years[-1].installed_w
    return installed


NOW: Final = (
    sensor(
        "status",
        (PLANT,),
        _status,
        device_class=SensorDeviceClass.ENUM,
        options=list(_STATUSES.values()),
        **_ON,
    ),
    _of_today("yield_today", lambda now: now.yield_today_kwh, **ENERGY_OF_DAY),
    _of_today(
        "grid_export_energy_today",
        lambda now: now.export_today_kwh,
        _export,
        **ENERGY_OF_DAY,
    ),
    _of_today(
        "load_energy_today", lambda now: now.use_today_kwh, _use, **ENERGY_OF_DAY
    ),
    _of_today(
        "income_today",
        lambda now: now.income_today,
        state_class=SensorStateClass.TOTAL,
        **MONEY,
    ),
    # When a month begins, the cloud does not tell, but it falls then.
    sensor(
        "yield_this_month",
        (PLANT,),
        lambda readings: readings[PLANT].yield_month_kwh,
        **ENERGY,
        **_ON,
    ),
    # A lifetime of 0 is no truth, and would count everything once more.
    sensor(
        "yield_total",
        (PLANT,),
        lambda readings: readings[PLANT].yield_total_kwh or None,
        **ENERGY,
        **_ON,
    ),
    sensor(
        "income_total",
        (PLANT,),
        lambda readings: readings[PLANT].income_total or None,
        state_class=SensorStateClass.TOTAL,
        **MONEY,
        **_ON,
    ),
    sensor(
        "panel_size",
        (LIVE, STATISTICS),
        _panel_size,
        **LIMIT_W,
        **DIAGNOSTIC,
        **_ON,
    ),
)


def _has_problem(readings: DeviceReadings) -> bool | None:
    """Tell whether the plant, or an alarm worse than a warning, says so."""
    health, alarms = readings[PLANT].health, readings.get(ALARMS)
    if alarms is not None and any(
        alarm.level is not AlarmLevel.WARNING for alarm in alarms.items
    ):
        return True
    return None if health is None else health is Health.FAULTY


PLANT_BINARY_SENSORS: Final = (
    ReadingBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=DeviceKind.SITE,
        inputs=(PLANT, ALARMS),
        value_fn=_has_problem,
    ),
    ReadingBinarySensorDescription(
        key="online",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=DeviceKind.SITE,
        inputs=(PLANT,),
        value_fn=lambda readings: (
            health is not Health.DISCONNECTED
            if (health := readings[PLANT].health) is not None
            else None
        ),
    ),
)

PLANT_SENSORS: Final = (*FLOWS, *NOW)
