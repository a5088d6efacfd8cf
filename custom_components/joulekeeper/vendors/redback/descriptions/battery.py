"""Entities of a battery: level, flows, modules, cabinets."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass

from ....core.models import DeviceKind
from ....descriptions import (
    CHARGE_LEVEL,
    CURRENT,
    DIAGNOSTIC,
    ENERGY,
    LIMIT_W,
    OFF,
    POWER,
    SHARE,
    STORED,
    TEMPERATURE,
    VOLTAGE,
    ReadingSensorDescription,
    Value,
    nth,
    product,
    sensor,
)
from ..endpoints import CONFIGURATION, DYNAMIC, STATIC
from ..models import Cabinet, Configuration, Dynamic, Module, Static
from .parts import fact, live, setting

FAN_STATES: Final = ("off", "on", "error")
ON_BATTERY: Final[dict[str, Any]] = {"on": DeviceKind.BATTERY}

_MODULES: Final = 8
_CABINETS: Final = 2

BATTERY: Final = (
    live(
        "state_of_charge",
        lambda data: data.state_of_charge,
        **CHARGE_LEVEL,
        **ON_BATTERY,
    ),
    live("battery_power", lambda data: data.battery_power_w, **POWER, **ON_BATTERY),
    live(
        "charge_power",
        lambda data: _positive(data.battery_power_w, -1),
        **POWER,
        **ON_BATTERY,
        **OFF,
    ),
    live(
        "discharge_power",
        lambda data: _positive(data.battery_power_w, 1),
        **POWER,
        **ON_BATTERY,
        **OFF,
    ),
    live("charge_energy", lambda data: data.charge_energy_kwh, **ENERGY, **ON_BATTERY),
    live(
        "discharge_energy",
        lambda data: data.discharge_energy_kwh,
        **ENERGY,
        **ON_BATTERY,
    ),
    sensor(
        "stored_energy",
        (DYNAMIC, STATIC),
        lambda readings: product(
            readings[STATIC].battery_capacity_kwh, _fraction(readings[DYNAMIC])
        ),
        **STORED,
        **ON_BATTERY,
        **OFF,
    ),
    sensor(
        "usable_energy",
        (DYNAMIC, STATIC, CONFIGURATION),
        lambda readings: _usable_energy(
            readings[STATIC], readings[DYNAMIC], readings[CONFIGURATION]
        ),
        **STORED,
        **ON_BATTERY,
    ),
    live(
        "battery_voltage",
        lambda data: data.battery.voltage_v,
        **VOLTAGE,
        **ON_BATTERY,
        **OFF,
    ),
    live(
        "battery_current",
        lambda data: data.battery.current_a,
        **CURRENT,
        **ON_BATTERY,
        **OFF,
    ),
    live(
        "battery_voltage_type",
        lambda data: data.battery.voltage_type,
        **DIAGNOSTIC,
        **ON_BATTERY,
        **OFF,
    ),
    live(
        "battery_modules",
        lambda data: data.battery.module_count,
        **DIAGNOSTIC,
        **ON_BATTERY,
        **OFF,
    ),
    fact(
        "battery_capacity",
        lambda static: static.battery_capacity_kwh,
        **STORED,
        **ON_BATTERY,
        enabled=True,
    ),
    fact(
        "battery_usable_capacity",
        lambda static: static.usable_capacity_kwh,
        **STORED,
        **ON_BATTERY,
    ),
    fact(
        "max_charge_power",
        lambda static: static.limits.max_charge_w,
        **LIMIT_W,
        **ON_BATTERY,
    ),
    fact(
        "max_discharge_power",
        lambda static: static.limits.max_discharge_w,
        **LIMIT_W,
        **ON_BATTERY,
    ),
    setting(
        "min_state_of_charge",
        lambda configuration: configuration.min_soc,
        **SHARE,
        **ON_BATTERY,
    ),
    setting(
        "min_off_grid_state_of_charge",
        lambda configuration: configuration.min_offgrid_soc,
        **SHARE,
        **ON_BATTERY,
        **OFF,
    ),
)


def _positive(value: float | None, sign: int) -> float | None:
    return None if value is None else max(0, sign * value)


def _fraction(dynamic: Dynamic) -> float | None:
    level = dynamic.state_of_charge
    return None if level is None else level / 100


def _usable_energy(
    static: Static, dynamic: Dynamic, configuration: Configuration
) -> float | None:
    """Return the energy above the reserve; below the reserve there is none."""
    level, reserve = dynamic.state_of_charge, configuration.min_soc
    if level is None or reserve is None:
        return None
    return product(static.battery_capacity_kwh, max(0, level - reserve) / 100)


def _module_sensors(index: int) -> Iterable[ReadingSensorDescription]:
    number = index + 1

    def of_module(
        key: str, value_fn: Callable[[Module], Value], **details: Any
    ) -> ReadingSensorDescription:
        return live(
            f"module_{number}_{key}",
            lambda data: value_fn(nth(data.battery.modules, index)),
            name=f"module_{key}",
            number=number,
            **details,
            **ON_BATTERY,
            **OFF,
        )

    return (
        of_module("state_of_charge", lambda module: module.state_of_charge, **SHARE),
        of_module("power", lambda module: module.power_w, **POWER),
        of_module("voltage", lambda module: module.voltage_v, **VOLTAGE),
        of_module("current", lambda module: module.current_a, **CURRENT),
        fact(
            f"module_{number}_model",
            lambda static: nth(static.battery_models, index),
            name="module_model",
            number=number,
            **ON_BATTERY,
        ),
    )


def _cabinet_sensors(index: int) -> Iterable[ReadingSensorDescription]:
    number = index + 1

    def of_cabinet(
        key: str, value_fn: Callable[[Cabinet], Value], **details: Any
    ) -> ReadingSensorDescription:
        return live(
            f"cabinet_{number}_{key}",
            lambda data: value_fn(nth(data.battery.cabinets, index)),
            name=f"cabinet_{key}",
            number=number,
            **details,
            **DIAGNOSTIC,
            **ON_BATTERY,
        )

    return (
        of_cabinet("temperature", lambda cabinet: cabinet.temperature_c, **TEMPERATURE),
        of_cabinet(
            "fan",
            lambda cabinet: (
                cabinet.fan_state if cabinet.fan_state in FAN_STATES else None
            ),
            device_class=SensorDeviceClass.ENUM,
            options=list(FAN_STATES),
        ),
    )


BATTERY_SENSORS: Final = (
    *BATTERY,
    *(item for index in range(_MODULES) for item in _module_sensors(index)),
    *(item for index in range(_CABINETS) for item in _cabinet_sensors(index)),
)
