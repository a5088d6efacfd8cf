"""Entities of a battery: level, flows, energies of the day, capacity."""

from typing import Any, Final

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    CHARGE_LEVEL,
    OFF,
    POWER as WATTS,
    SHARE,
    STORED,
    product,
    sensor,
)
from ..endpoints import FLOOR, PLAN, POWER, SYSTEM
from .parts import fact, floor_of, live, today

ON_BATTERY: Final[dict[str, Any]] = {"on": DeviceKind.BATTERY}


def _positive(value: float | None, sign: int) -> float | None:
    return None if value is None else max(0.0, sign * value)


def _stored_energy(readings: DeviceReadings) -> float | None:
    level = readings[POWER].flow.state_of_charge
    return product(
        readings[SYSTEM].capacity_kwh, None if level is None else level / 100
    )


def _usable_energy(readings: DeviceReadings) -> float | None:
    """Return the energy above the floor of discharging; below it there is none."""
    level = readings[POWER].flow.state_of_charge
    floor = floor_of(readings)
    if level is None or floor is None:
        return None
    return product(readings[SYSTEM].capacity_kwh, max(0.0, level - floor) / 100)


BATTERY_SENSORS: Final = (
    live(
        "state_of_charge",
        lambda flow: flow.state_of_charge,
        **CHARGE_LEVEL,
        **ON_BATTERY,
    ),
    live("battery_power", lambda flow: flow.battery_w, **WATTS, **ON_BATTERY),
    live(
        "charge_power",
        lambda flow: _positive(flow.battery_w, -1),
        **WATTS,
        **ON_BATTERY,
        **OFF,
    ),
    live(
        "discharge_power",
        lambda flow: _positive(flow.battery_w, 1),
        **WATTS,
        **ON_BATTERY,
        **OFF,
    ),
    today("charge_energy_today", lambda day: day.charge_kwh, **ON_BATTERY),
    today("discharge_energy_today", lambda day: day.discharge_kwh, **ON_BATTERY),
    today("grid_charge_energy_today", lambda day: day.grid_charge_kwh, **ON_BATTERY),
    sensor(
        "stored_energy", (POWER, SYSTEM), _stored_energy, **STORED, **ON_BATTERY, **OFF
    ),
    sensor(
        "usable_energy",
        (POWER, SYSTEM, PLAN, FLOOR),
        _usable_energy,
        **STORED,
        **ON_BATTERY,
    ),
    fact(
        "battery_capacity",
        lambda system: system.capacity_kwh,
        **STORED,
        **ON_BATTERY,
        enabled=True,
    ),
    # Not what is left in the battery now, as its name in the API says (dossier 2.1).
    fact(
        "battery_usable_capacity",
        lambda system: system.usable_kwh,
        **STORED,
        **ON_BATTERY,
    ),
    fact(
        "battery_usable_share",
        lambda system: system.usable_share,
        **SHARE,
        **ON_BATTERY,
    ),
    fact("battery_model", lambda system: system.battery_model, **ON_BATTERY),
)
