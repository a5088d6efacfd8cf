"""How the tables read a system's payloads, and what many rows share."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfMass

from ....core.models import DeviceKind, DeviceReadings, Reading
from ....descriptions import (
    DIAGNOSTIC,
    ENERGY_OF_DAY,
    OFF,
    ReadingBinarySensorDescription,
    ReadingSensorDescription,
    Value,
    sensor,
)
from ..banks import Solarbank
from ..currencies import currency_code
from ..endpoints import SCENE
from ..models import Scene

ON_SITE: Final[dict[str, Any]] = {"on": DeviceKind.SITE}
ON_BANK: Final[dict[str, Any]] = {"on": DeviceKind.BATTERY}
WEIGHT: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.WEIGHT,
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "native_unit_of_measurement": UnitOfMass.KILOGRAMS,
    "suggested_display_precision": 1,
}
COUNT: Final = DIAGNOSTIC | {"suggested_display_precision": 0}
TIMESTAMP: Final[dict[str, Any]] = {"device_class": SensorDeviceClass.TIMESTAMP}


def price_unit(told: str | None, country: str = "") -> str | None:
    """Return the unit of a price per kWh in accounts of a country."""
    return None if told is None else f"{currency_code(told, country) or told}/kWh"


def scene_of(readings: DeviceReadings) -> Scene:
    """Return a system's overview; LookupError while there is none."""
    return readings[SCENE]


def bank_of(readings: DeviceReadings) -> Solarbank:
    """Return a solarbank; LookupError once it is not listed any more."""
    return readings[SCENE].solarbanks[readings.part_id]


def live[S](
    key: str,
    of: Callable[[DeviceReadings], S],
    value_fn: Callable[[S], Value],
    *,
    rare: bool = False,
    **details: Any,
) -> ReadingSensorDescription:
    """Return a sensor of a part of the overview.

    One that is `rare` is there once it was not 0, which may be no value at all.
    """

    def value(readings: DeviceReadings) -> Value:
        return value_fn(of(readings))

    if rare:
        details["given_fn"] = lambda readings: bool(value(readings))
    return sensor(key, (SCENE,), value, **details)


def of_day[T](
    key: str,
    reading: Reading[T],
    value_fn: Callable[[T, DeviceReadings], float | None],
    begins: Callable[[T], datetime],
    *,
    rare: bool = False,
    **details: Any,
) -> ReadingSensorDescription:
    """Return an energy of the day."""

    def value(readings: DeviceReadings) -> float | None:
        return value_fn(readings[reading], readings)

    if rare:
        details["given_fn"] = lambda readings: bool(value(readings))
    return sensor(
        key,
        (reading,),
        value,
        last_reset_fn=lambda readings: begins(readings[reading]),
        **ENERGY_OF_DAY | {"suggested_display_precision": 2},
        **details,
    )


def online(
    kind: DeviceKind,
    online_fn: Callable[[DeviceReadings], bool | None],
    reading: Reading[Any] = SCENE,
    key: str = "online",
) -> ReadingBinarySensorDescription:
    """Return whether a device is connected to the cloud."""
    return ReadingBinarySensorDescription(
        key=key,
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=kind,
        inputs=(reading,),
        value_fn=online_fn,
    )


def error_code(
    kind: DeviceKind, code_fn: Callable[[DeviceReadings], int | None]
) -> ReadingSensorDescription:
    """Return the number of what is wrong with a device, 0 for nothing."""
    return sensor("error_code", (SCENE,), code_fn, on=kind, **COUNT, **OFF)


def negative(value: float | None) -> float | None:
    """Return a power with the other sign, and 0 without one."""
    return None if value is None else 0.0 - value


def part(value: float | None, sign: int = 1) -> float | None:
    """Return how much flows in one direction, + or with -1 that of -, never below 0."""
    return None if value is None else max(0.0, sign * value)
