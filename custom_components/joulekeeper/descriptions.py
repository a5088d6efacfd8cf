"""What a vendor's tables of entities are made of: one vocabulary for every brand.

Power is W, energy kWh, shares percent; grid + is import, battery + is discharge.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from homeassistant.components.binary_sensor import BinarySensorEntityDescription
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfApparentPower,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.typing import StateType

from .core.models import DeviceKind, DeviceReadings, EndpointId, Reading


@dataclass(frozen=True, kw_only=True)
class ReadingDescription(EntityDescription):
    """An entity that shows a value out of the readings of a device.

    `inputs` are the endpoints that the value is made of: the entity listens to all of
    them, and is available while the first one is. The entity comes to be with its
    first value that is known, so that a system shows only what it has.
    """

    device_kind: DeviceKind
    inputs: tuple[Reading[Any], ...]
    value_fn: Callable[[DeviceReadings], StateType | date | datetime]

    def endpoint_ids(self, source_id: str) -> tuple[EndpointId, ...]:
        """Return the endpoints of a source that the value is made of, in order."""
        return tuple(EndpointId(reading.name, source_id) for reading in self.inputs)

    def value(self, readings: DeviceReadings) -> StateType | date | datetime:
        """Return the value, None while an input is missing."""
        try:
            return self.value_fn(readings)
        except LookupError:
            return None

    def is_known(self, readings: DeviceReadings) -> bool:
        """Tell whether there is a value."""
        return self.value(readings) is not None


@dataclass(frozen=True, kw_only=True)
class ReadingSensorDescription(ReadingDescription, SensorEntityDescription):
    """A sensor of a vendor's table."""


@dataclass(frozen=True, kw_only=True)
class ReadingBinarySensorDescription(ReadingDescription, BinarySensorEntityDescription):
    """A binary sensor of a vendor's table."""


POWER: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "suggested_display_precision": 0,
}
ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY,
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 1,
}
STORED: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY_STORAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 2,
}
VOLTAGE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.VOLTAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfElectricPotential.VOLT,
    "suggested_display_precision": 1,
}
CURRENT: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.CURRENT,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
    "suggested_display_precision": 1,
}
SHARE: Final[dict[str, Any]] = {
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": PERCENTAGE,
    "suggested_display_precision": 0,
}
CHARGE_LEVEL: Final = SHARE | {"device_class": SensorDeviceClass.BATTERY}
TEMPERATURE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.TEMPERATURE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
    "suggested_display_precision": 1,
}
DIAGNOSTIC: Final[dict[str, Any]] = {"entity_category": EntityCategory.DIAGNOSTIC}
LIMIT_W: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "suggested_display_precision": 0,
}
LIMIT_VA: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.APPARENT_POWER,
    "native_unit_of_measurement": UnitOfApparentPower.VOLT_AMPERE,
    "suggested_display_precision": 0,
}
