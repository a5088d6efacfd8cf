"""Sensors: the readings of the vendors' tables, and the plan of a device."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .descriptions import ReadingSensorDescription
from .entity import (
    ControlEntity,
    ReadingEntity,
    async_add_when_known,
    control_candidates,
    reading_candidates,
)
from .keeper_sensors import KEEPER_SENSORS, KeeperSensorDescription
from .plan_sensors import PLAN_SENSORS, PlanSensorDescription
from .runtime import JoulekeeperConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors."""
    runtime = entry.runtime_data
    for candidates in (
        reading_candidates(runtime, Platform.SENSOR, ReadingSensor),
        control_candidates(runtime, PLAN_SENSORS, PlanSensor),
        control_candidates(runtime, KEEPER_SENSORS, KeeperSensor),
    ):
        async_add_when_known(entry, async_add_entities, Platform.SENSOR, candidates)


class ReadingSensor(ReadingEntity, SensorEntity):
    """A value out of a cloud's readings."""

    entity_description: ReadingSensorDescription

    @property
    @override
    def native_value(self) -> StateType | date | datetime:
        return self.entity_description.value(self._readings)


class PlanSensor(ControlEntity, SensorEntity):
    """A detail of one schedule, mostly unknown while there is no such schedule."""

    entity_description: PlanSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        description = self.entity_description
        item = description.item_fn(self._control)
        return description.without if item is None else description.value_fn(item)


class KeeperSensor(ControlEntity, SensorEntity):
    """How far the schedules of a device have come."""

    entity_description: KeeperSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        description = self.entity_description
        return description.value_fn(self._control, self._runtime.keeper)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        attributes_fn = self.entity_description.attributes_fn
        return attributes_fn(self._control) if attributes_fn else None
