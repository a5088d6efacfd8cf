"""Entities of a system: flows, energies of the day, summary, facts."""

from collections.abc import Iterable
from typing import Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfMass, UnitOfTime

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    CURRENT,
    DIAGNOSTIC,
    ENERGY,
    ENERGY_OF_DAY,
    LIMIT_W,
    MONEY,
    OFF,
    POWER as WATTS,
    SHARE,
    ReadingBinarySensorDescription,
    ReadingSensorDescription,
    nth,
    sensor,
)
from ..endpoints import CHARGERS, EV_CURRENT, LINK, POWER, SUMMARY, SYSTEM, TODAY
from ..power import PowerSource
from .parts import fact, live, summed, today

STATUSES: Final = {
    "normal": "ok",
    "offline": "offline",
    "protection": "protection",
    # Never seen, but what else would it say.
    "fault": "fault",
}
_STRINGS: Final = 4
_USUAL_STRINGS: Final = 2
_PHASES: Final = 3
_CHARGERS: Final = 4


def _status(readings: DeviceReadings) -> str | None:
    word = readings[SYSTEM].status
    return None if word is None else STATUSES.get(word.casefold())


def _has_charger(readings: DeviceReadings) -> bool:
    chargers = readings.get(CHARGERS)
    return chargers is not None and bool(chargers.items)


def _ev_power(readings: DeviceReadings) -> float | None:
    """Return the power into cars, which reads 0 where no charger is at all."""
    return readings[POWER].flow.ev_w if _has_charger(readings) else None


def _ev_energy(readings: DeviceReadings) -> float | None:
    return readings[TODAY].ev_kwh if _has_charger(readings) else None


FLOWS: Final = (
    live("solar_power", lambda flow: flow.pv_w, **WATTS),
    live("grid_power", lambda flow: flow.grid_w, **WATTS),
    live(
        "grid_import_power",
        lambda flow: None if flow.grid_w is None else max(0.0, flow.grid_w),
        **WATTS,
        **OFF,
    ),
    live(
        "grid_export_power",
        lambda flow: None if flow.grid_w is None else max(0.0, -flow.grid_w),
        **WATTS,
        **OFF,
    ),
    live("load_power", lambda flow: flow.load_w, **WATTS),
    live("dc_meter_power", lambda flow: flow.dc_meter_w, **WATTS, **OFF),
    sensor("ev_power", (POWER, CHARGERS), _ev_power, **WATTS),
)

ENERGIES: Final = (
    today("solar_energy_today", lambda day: day.pv_kwh),
    today("grid_import_energy_today", lambda day: day.import_kwh),
    today("grid_export_energy_today", lambda day: day.export_kwh),
    today("load_energy_today", lambda day: day.load_kwh),
    today("solar_to_battery_energy_today", lambda day: day.pv_to_battery_kwh, **OFF),
    today("solar_to_load_energy_today", lambda day: day.pv_to_load_kwh, **OFF),
    today("grid_to_load_energy_today", lambda day: day.grid_to_load_kwh, **OFF),
    sensor(
        "ev_energy_today",
        (TODAY, CHARGERS),
        _ev_energy,
        last_reset_fn=lambda readings: readings[TODAY].begins,
        **ENERGY_OF_DAY,
    ),
    sensor(
        "energy_date",
        (TODAY,),
        lambda readings: readings[TODAY].day,
        device_class=SensorDeviceClass.DATE,
        **DIAGNOSTIC,
        **OFF,
    ),
)

SUMS: Final = (
    # A lifetime of 0 is no truth, and would count everything once more.
    summed("solar_energy", lambda summary: summary.pv_total_kwh or None, **ENERGY),
    # Which day it is about, the cloud does not tell, so it is no total.
    summed(
        "income_today",
        lambda summary: summary.income_today,
        unit_fn=lambda readings: readings[SUMMARY].currency,
        **MONEY,
    ),
    summed(
        "income_total",
        lambda summary: summary.income_total,
        unit_fn=lambda readings: readings[SUMMARY].currency,
        state_class=SensorStateClass.TOTAL,
        **MONEY,
    ),
    summed("self_consumption", lambda summary: summary.self_consumption, **SHARE),
    summed("self_sufficiency", lambda summary: summary.self_sufficiency, **SHARE),
    summed(
        "co2_saved",
        lambda summary: summary.co2_kg,
        device_class=SensorDeviceClass.WEIGHT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfMass.KILOGRAMS,
        suggested_display_precision=0,
        **OFF,
    ),
    summed(
        "trees_planted",
        lambda summary: summary.trees,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        **OFF,
    ),
    summed("currency", lambda summary: summary.currency, **DIAGNOSTIC, **OFF),
)

FACTS: Final = (
    sensor(
        "status",
        (SYSTEM,),
        _status,
        device_class=SensorDeviceClass.ENUM,
        options=list(STATUSES.values()),
    ),
    sensor(
        "data_source",
        (POWER,),
        lambda readings: readings[POWER].source.value,
        device_class=SensorDeviceClass.ENUM,
        options=[source.value for source in PowerSource],
        **DIAGNOSTIC,
    ),
    sensor(
        "last_reading",
        (POWER,),
        lambda readings: readings[POWER].time,
        device_class=SensorDeviceClass.TIMESTAMP,
        **DIAGNOSTIC,
        **OFF,
    ),
    sensor(
        "clock_skew",
        (LINK,),
        lambda readings: readings[LINK].clock_skew_s,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        **DIAGNOSTIC,
        **OFF,
    ),
    sensor(
        "charger_count",
        (CHARGERS,),
        lambda readings: len(readings[CHARGERS].items) or None,
        **DIAGNOSTIC,
        **OFF,
    ),
    sensor(
        "household_current_limit",
        (EV_CURRENT,),
        lambda readings: readings[EV_CURRENT].household_a,
        **CURRENT,
        **DIAGNOSTIC,
    ),
    fact("model", lambda system: system.inverter_model),
    fact("serial_number", lambda system: system.serial),
    fact("panel_size", lambda system: system.pv_power_w, **LIMIT_W),
    fact("rated_power", lambda system: system.inverter_power_w, **LIMIT_W),
)


def _string(index: int) -> ReadingSensorDescription:
    return live(
        f"string_{index + 1}_power",
        lambda flow: nth(flow.pv_strings_w, index),
        name="string_power",
        number=index + 1,
        enabled=index < _USUAL_STRINGS,
        **WATTS,
    )


def _phase(index: int) -> Iterable[ReadingSensorDescription]:
    number = index + 1
    return (
        live(
            f"phase_{number}_power",
            lambda flow: nth(flow.grid_phases_w, index),
            name="phase_power",
            number=number,
            **WATTS,
            **OFF,
        ),
        live(
            f"phase_{number}_inverter_power",
            lambda flow: nth(flow.inverter_w, index),
            name="phase_inverter_power",
            number=number,
            **WATTS,
            **OFF,
        ),
    )


def _charger_power(index: int) -> ReadingSensorDescription:
    return live(
        f"ev_charger_{index + 1}_power",
        lambda flow: nth(flow.ev_chargers_w, index),
        name="ev_charger_power",
        number=index + 1,
        **WATTS,
        **OFF,
    )


INVERTER_SENSORS: Final = (
    *FLOWS,
    *ENERGIES,
    *SUMS,
    *FACTS,
    *map(_string, range(_STRINGS)),
    *(item for index in range(_PHASES) for item in _phase(index)),
    *map(_charger_power, range(_CHARGERS)),
)

INVERTER_BINARY_SENSORS: Final = (
    ReadingBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=DeviceKind.INVERTER,
        inputs=(SYSTEM,),
        value_fn=lambda readings: (
            status in {"protection", "fault"}
            if (status := _status(readings)) is not None
            else None
        ),
    ),
    ReadingBinarySensorDescription(
        key="online",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=DeviceKind.INVERTER,
        inputs=(SYSTEM,),
        value_fn=lambda readings: (
            not readings[SYSTEM].offline
            if readings[SYSTEM].status is not None
            else None
        ),
    ),
)
