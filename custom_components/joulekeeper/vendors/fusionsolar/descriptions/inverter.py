"""Entities of an inverter: flows, energies, state, phases, strings and trackers."""

from collections.abc import Iterable
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass

from ....core.flow import total
from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    CURRENT,
    DIAGNOSTIC,
    ENERGY,
    OFF,
    POWER,
    SHARE,
    TEMPERATURE,
    VOLTAGE,
    ReadingSensorDescription,
    nth,
    product,
    sensor,
)
from ..endpoints import LIVE
from ..readings import DcString, Inverter, InverterState
from .parts import (
    FREQUENCY,
    POWER_FACTOR,
    REACTIVE_POWER,
    inverter_of,
    live,
    of_day,
    online,
    traits_of,
    voltages,
)

_ON: Final[dict[str, Any]] = {"on": DeviceKind.INVERTER}
_STRINGS: Final = 36
_TRACKERS: Final = 10


def _dc_energy(inverter: Inverter) -> float | None:
    """Return what the modules gave, which no battery is part of."""
    trackers = inverter.trackers_kwh
    return (inverter.dc_total_kwh or total(trackers)) or None


def _has_battery_inside(readings: DeviceReadings) -> bool:
    """Tell whether other energies may hold what a battery gave (dossier 2.3, 11)."""
    batteries = readings[LIVE].batteries.values()
    return any(item.convention.inside for item in batteries)


INVERTER: Final = (
    live("solar_power", inverter_of, lambda item: item.pv_w, **POWER, **_ON),
    live("ac_power", inverter_of, lambda item: item.power_w, **POWER, **_ON),
    # A lifetime of 0 is no truth, and would count everything once more.
    live(
        "solar_energy",
        inverter_of,
        lambda item: item.total_kwh or None,
        **ENERGY,
        **_ON,
    ),
    of_day("solar_energy_today", inverter_of, lambda item: item.day_kwh, **_ON),
    live(
        "dc_energy",
        inverter_of,
        _dc_energy,
        enabled_fn=_has_battery_inside,
        **ENERGY,
        **_ON,
        **OFF,
    ),
    live(
        "inverter_state",
        inverter_of,
        lambda item: item.state,
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in InverterState],
        **_ON,
    ),
    live(
        "inverter_temperature",
        inverter_of,
        lambda item: item.temperature_c,
        **TEMPERATURE,
        **DIAGNOSTIC,
        **_ON,
    ),
    live(
        "efficiency", inverter_of, lambda item: item.efficiency, **SHARE, **_ON, **OFF
    ),
    live(
        "grid_frequency",
        inverter_of,
        # Asleep, it measures none.
        lambda item: item.frequency_hz or None,
        **FREQUENCY,
        **_ON,
        **OFF,
    ),
    live(
        "power_factor",
        inverter_of,
        lambda item: item.power_factor,
        **POWER_FACTOR,
        **_ON,
        **OFF,
    ),
    live(
        "reactive_power",
        inverter_of,
        lambda item: item.reactive_var,
        **REACTIVE_POWER,
        **_ON,
        **OFF,
    ),
    live(
        "started",
        inverter_of,
        lambda item: item.started_at,
        device_class=SensorDeviceClass.TIMESTAMP,
        **DIAGNOSTIC,
        **_ON,
        **OFF,
    ),
    live(
        "stopped",
        inverter_of,
        lambda item: item.stopped_at,
        device_class=SensorDeviceClass.TIMESTAMP,
        **DIAGNOSTIC,
        **_ON,
        **OFF,
    ),
    *voltages(
        lambda readings: inverter_of(readings).phase_v,
        lambda readings: inverter_of(readings).line_v,
        lambda readings: inverter_of(readings).phase_a,
        DeviceKind.INVERTER,
    ),
)


def _string(index: int) -> Iterable[ReadingSensorDescription]:
    """Return the sensors of a string of modules, there once it has had a voltage."""

    def of_string(readings: DeviceReadings) -> DcString:
        if index not in traits_of(readings).strings:
            raise LookupError(index)
        return nth(inverter_of(readings).strings, index)

    def power(readings: DeviceReadings) -> float | None:
        string = of_string(readings)
        return product(string.voltage_v, string.current_a)

    def row(key: str, value_fn: Any, **details: Any) -> ReadingSensorDescription:
        return sensor(
            f"string_{index + 1}_{key}",
            (LIVE,),
            value_fn,
            name=f"string_{key}",
            number=index + 1,
            **details,
            **_ON,
        )

    return (
        row("power", power, **POWER),
        row(
            "voltage",
            lambda readings: of_string(readings).voltage_v,
            **VOLTAGE,
            **OFF,
        ),
        row(
            "current",
            lambda readings: of_string(readings).current_a,
            **CURRENT,
            **OFF,
        ),
    )


def _tracker(index: int) -> ReadingSensorDescription:
    return live(
        f"tracker_{index + 1}_energy",
        inverter_of,
        lambda item: nth(item.trackers_kwh, index) or None,
        name="tracker_energy",
        number=index + 1,
        **ENERGY,
        **_ON,
        **OFF,
    )


INVERTER_SENSORS: Final = (
    *INVERTER,
    *(item for index in range(_STRINGS) for item in _string(index)),
    *map(_tracker, range(_TRACKERS)),
)

INVERTER_BINARY_SENSORS: Final = (
    online(lambda readings: inverter_of(readings).connected, DeviceKind.INVERTER),
)
