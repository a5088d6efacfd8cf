"""What a vendor's tables of entities are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from homeassistant.components.binary_sensor import BinarySensorEntityDescription
from homeassistant.components.sensor import SensorEntityDescription
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
