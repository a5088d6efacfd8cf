"""Entities of a battery: level, flows, energies of the day, what decides about it."""

from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass

from ....core.models import DeviceKind
from ....descriptions import (
    CHARGE_LEVEL,
    DIAGNOSTIC,
    LIMIT_W,
    OFF,
    POWER,
    SHARE,
    VOLTAGE,
)
from ..readings import BatteryProgramme, BatteryState
from .parts import battery_of, live, of_day, online, positive

_ON: Final[dict[str, Any]] = {"on": DeviceKind.BATTERY}

BATTERY_SENSORS: Final = (
    live(
        "state_of_charge",
        battery_of,
        lambda item: item.battery.state_of_charge,
        **CHARGE_LEVEL,
        **_ON,
    ),
    live("battery_power", battery_of, lambda item: item.discharge_w, **POWER, **_ON),
    live(
        "charge_power",
        battery_of,
        lambda item: positive(item.discharge_w, -1),
        **POWER,
        **_ON,
        **OFF,
    ),
    live(
        "discharge_power",
        battery_of,
        lambda item: positive(item.discharge_w),
        **POWER,
        **_ON,
        **OFF,
    ),
    of_day(
        "charge_energy_today",
        battery_of,
        lambda item: item.battery.charged_kwh,
        **_ON,
    ),
    of_day(
        "discharge_energy_today",
        battery_of,
        lambda item: item.battery.discharged_kwh,
        **_ON,
    ),
    live(
        "battery_state",
        battery_of,
        lambda item: item.battery.state,
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in BatteryState],
        **_ON,
    ),
    live(
        "battery_programme",
        battery_of,
        lambda item: item.battery.programme,
        device_class=SensorDeviceClass.ENUM,
        options=[programme.value for programme in BatteryProgramme],
        **_ON,
    ),
    live(
        "max_charge_power",
        battery_of,
        lambda item: item.battery.max_charge_w,
        **LIMIT_W,
        **DIAGNOSTIC,
        **_ON,
    ),
    live(
        "max_discharge_power",
        battery_of,
        lambda item: item.battery.max_discharge_w,
        **LIMIT_W,
        **DIAGNOSTIC,
        **_ON,
    ),
    live(
        "state_of_health",
        battery_of,
        lambda item: item.battery.state_of_health,
        **SHARE,
        **DIAGNOSTIC,
        **_ON,
    ),
    live(
        "bus_voltage",
        battery_of,
        lambda item: item.battery.bus_v,
        **VOLTAGE,
        **_ON,
        **OFF,
    ),
)

BATTERY_BINARY_SENSORS: Final = (
    online(lambda readings: battery_of(readings).battery.connected, DeviceKind.BATTERY),
)
