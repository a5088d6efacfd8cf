"""Entities of an EV charger."""

from collections.abc import Callable, Set as AbstractSet
from typing import Any, Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import EntityCategory

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    DIAGNOSTIC,
    OFF,
    POWER as WATTS,
    ReadingBinarySensorDescription,
    sensor,
)
from ..endpoints import CHARGERS, POWER
from ..ev import EvState, EvStatus

ON_CHARGER: Final[dict[str, Any]] = {"on": DeviceKind.EV_CHARGER}

STARTABLE: Final = frozenset(
    {
        EvState.PREPARING,
        EvState.SUSPENDED_EVSE,
        EvState.SUSPENDED_EV,
        EvState.FINISHING,
    }
)
STOPPABLE: Final = frozenset(
    {EvState.CHARGING, EvState.SUSPENDED_EVSE, EvState.SUSPENDED_EV}
)


def status_of(readings: DeviceReadings) -> EvStatus:
    """Return the charger's own status; LookupError while there is none."""
    for item in readings[CHARGERS].items:
        if item.charger.serial == readings.part_id and item.status is not None:
            return item.status
    raise LookupError("status")


def _power(readings: DeviceReadings) -> float | None:
    """Return the power of an only charger: whose number is whose, is not known."""
    if len(readings[CHARGERS].items) != 1:
        return None
    return readings[POWER].flow.ev_w


CHARGER_SENSORS: Final = (
    sensor(
        "charger_status",
        (CHARGERS,),
        lambda readings: status_of(readings).state,
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in EvState],
        **ON_CHARGER,
    ),
    sensor(
        "charger_status_code",
        (CHARGERS,),
        lambda readings: status_of(readings).code,
        **ON_CHARGER,
        **DIAGNOSTIC,
        **OFF,
    ),
    sensor("charger_power", (POWER, CHARGERS), _power, **WATTS, **ON_CHARGER),
    sensor(
        "serial_number",
        (CHARGERS,),
        lambda readings: readings.part_id,
        **ON_CHARGER,
        **DIAGNOSTIC,
        **OFF,
    ),
)


def _among(states: AbstractSet[EvState]) -> Callable[[DeviceReadings], bool | None]:
    def is_among(readings: DeviceReadings) -> bool | None:
        state = status_of(readings).state
        return None if state is None else state in states

    return is_among


def _plugged_in(readings: DeviceReadings) -> bool | None:
    """Tell whether a car is there, which a fault hides."""
    state = status_of(readings).state
    if state in {None, EvState.FAULTED}:
        return None
    return state is not EvState.AVAILABLE


CHARGER_BINARY_SENSORS: Final = (
    ReadingBinarySensorDescription(
        key="plug",
        device_class=BinarySensorDeviceClass.PLUG,
        device_kind=DeviceKind.EV_CHARGER,
        inputs=(CHARGERS,),
        value_fn=_plugged_in,
    ),
    ReadingBinarySensorDescription(
        key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        device_kind=DeviceKind.EV_CHARGER,
        inputs=(CHARGERS,),
        value_fn=_among({EvState.CHARGING}),
    ),
    ReadingBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=DeviceKind.EV_CHARGER,
        inputs=(CHARGERS,),
        value_fn=_among({EvState.FAULTED}),
    ),
    ReadingBinarySensorDescription(
        key="can_start_charging",
        translation_key="can_start_charging",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        device_kind=DeviceKind.EV_CHARGER,
        inputs=(CHARGERS,),
        value_fn=_among(STARTABLE),
    ),
    ReadingBinarySensorDescription(
        key="can_stop_charging",
        translation_key="can_stop_charging",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        device_kind=DeviceKind.EV_CHARGER,
        inputs=(CHARGERS,),
        value_fn=_among(STOPPABLE),
    ),
)
