"""How the tables read a plant's payloads."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfFrequency, UnitOfReactivePower

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    CURRENT,
    ENERGY_OF_DAY,
    OFF,
    VOLTAGE,
    ReadingBinarySensorDescription,
    ReadingSensorDescription,
    Value,
    sensor,
)
from ..board import DeviceTraits, MeterNow
from ..endpoints import LIVE
from ..flows import BatteryNow, Flow
from ..readings import Inverter, Three, Weather
from ..traits import THREE

PHASES: Final = ("a", "b", "c")
_LINES: Final = ("ab", "bc", "ca")
FREQUENCY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.FREQUENCY,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfFrequency.HERTZ,
    "suggested_display_precision": 2,
}
POWER_FACTOR: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER_FACTOR,
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 2,
}
REACTIVE_POWER: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.REACTIVE_POWER,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfReactivePower.VOLT_AMPERE_REACTIVE,
    "suggested_display_precision": 0,
}


def inverter_of(readings: DeviceReadings) -> Inverter:
    """Return an inverter's values; LookupError where they are not told."""
    return readings[LIVE].inverters[int(readings.part_id)]


def battery_of(readings: DeviceReadings) -> BatteryNow:
    """Return a battery's values; LookupError where they are not told."""
    return readings[LIVE].batteries[int(readings.part_id)]


def meter_of(readings: DeviceReadings) -> MeterNow:
    """Return a meter's values; LookupError where they are not told."""
    return readings[LIVE].meters[int(readings.part_id)]


def weather_of(readings: DeviceReadings) -> Weather:
    """Return a weather station's values; LookupError where they are not told."""
    return readings[LIVE].weather[int(readings.part_id)]


def traits_of(readings: DeviceReadings) -> DeviceTraits:
    """Return what a device has; LookupError where it is not told."""
    return readings[LIVE].traits[int(readings.part_id)]


def flow_of(readings: DeviceReadings) -> Flow:
    """Return what flows in a plant."""
    return readings[LIVE].flow


def live[T](
    key: str,
    of: Callable[[DeviceReadings], T],
    value_fn: Callable[[T], Value],
    **details: Any,
) -> ReadingSensorDescription:
    """Return a sensor of a device's present values."""
    return sensor(key, (LIVE,), lambda readings: value_fn(of(readings)), **details)


def of_day[T](
    key: str,
    of: Callable[[DeviceReadings], T],
    value_fn: Callable[[T], float | None],
    **details: Any,
) -> ReadingSensorDescription:
    """Return a sensor of an energy that a device counts anew each day."""
    return live(
        key,
        of,
        value_fn,
        last_reset_fn=_day_begins,
        **ENERGY_OF_DAY,
        **details,
    )


def _day_begins(readings: DeviceReadings) -> datetime:
    return traits_of(readings).day_begins


def phases(
    key: str,
    value_fn: Callable[[DeviceReadings], Three],
    **details: Any,
) -> Iterable[ReadingSensorDescription]:
    """Return a sensor per phase of a device that has three, off by default."""
    return (_phase(key, value_fn, index, **details) for index in range(len(PHASES)))


def _phase(
    key: str, value_fn: Callable[[DeviceReadings], Three], index: int, **details: Any
) -> ReadingSensorDescription:
    return sensor(
        f"phase_{PHASES[index]}_{key}",
        (LIVE,),
        lambda readings: value_fn(readings)[index] if _three(readings) else None,
        name=f"phase_{key}",
        number=PHASES[index],
        **details,
        **OFF,
    )


def voltages(
    of_phases: Callable[[DeviceReadings], Three],
    of_lines: Callable[[DeviceReadings], Three],
    amperes: Callable[[DeviceReadings], Three],
    on: DeviceKind,
) -> tuple[ReadingSensorDescription, ...]:
    """Return voltages and currents, by phase where a device has three."""
    return (
        _sole("grid_voltage", of_phases, on=on, **VOLTAGE),
        _sole("grid_current", amperes, on=on, **CURRENT),
        *phases("voltage", of_phases, on=on, **VOLTAGE),
        *phases("current", amperes, on=on, **CURRENT),
        *(_line(index, of_lines, on) for index in range(len(_LINES))),
    )


def _sole(
    key: str, value_fn: Callable[[DeviceReadings], Three], **details: Any
) -> ReadingSensorDescription:
    """Return a sensor of the sole phase of a device."""
    return sensor(
        key,
        (LIVE,),
        lambda readings: value_fn(readings)[0] if _phases(readings) == 1 else None,
        **details,
        **OFF,
    )


def _line(
    index: int, of_lines: Callable[[DeviceReadings], Three], on: DeviceKind
) -> ReadingSensorDescription:
    return sensor(
        f"line_{_LINES[index]}_voltage",
        (LIVE,),
        lambda readings: of_lines(readings)[index] if _three(readings) else None,
        name="line_voltage",
        number=_LINES[index],
        on=on,
        **VOLTAGE,
        **OFF,
    )


def _phases(readings: DeviceReadings) -> int:
    return traits_of(readings).phases


def _three(readings: DeviceReadings) -> bool:
    return _phases(readings) == THREE


def online(
    is_connected: Callable[[DeviceReadings], bool | None], on: DeviceKind
) -> ReadingBinarySensorDescription:
    """Return whether the cloud reaches a device."""
    return ReadingBinarySensorDescription(
        key="online",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=on,
        inputs=(LIVE,),
        value_fn=is_connected,
    )


def positive(value: float | None, sign: int = 1) -> float | None:
    """Return what of a power has a sign, 0 while it has the other one."""
    return None if value is None else max(0.0, sign * value)
