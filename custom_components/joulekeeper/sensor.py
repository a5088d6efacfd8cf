"""Sensors: the readings of the vendors' tables, and the plan of a device."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from functools import partial
from typing import Any, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity
from homeassistant.const import MATCH_ALL, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .core.models import Device
from .descriptions import ReadingSensorDescription
from .entity import (
    Candidate,
    ControlEntity,
    Find,
    JoulekeeperEntity,
    ReadingEntity,
    async_add_when_known,
    control_candidates,
    reading_candidates,
)
from .history_sensors import HISTORY_SENSORS, HistorySensorDescription
from .keeper_sensors import KEEPER_SENSORS, KeeperSensorDescription
from .plan_sensors import PLAN_SENSORS, PlanSensorDescription
from .push import pusher_of
from .push_entities import PUSH_SENSORS, PushEntity, PushSensorDescription
from .runtime import JoulekeeperConfigEntry, RuntimeData

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors."""
    if (pusher := pusher_of(entry)) is not None:
        async_add_entities(PushSensor(pusher, row) for row in PUSH_SENSORS)
        return
    runtime = entry.runtime_data
    for candidates in (
        reading_candidates(runtime, Platform.SENSOR, ReadingSensor),
        control_candidates(runtime, PLAN_SENSORS, PlanSensor),
        control_candidates(runtime, KEEPER_SENSORS, KeeperSensor),
        _history_candidates(runtime),
    ):
        async_add_when_known(entry, async_add_entities, Platform.SENSOR, candidates)


def _history_candidates(runtime: RuntimeData) -> Find:
    """Return what finds the sensors of a device whose past the cloud knows."""

    def find(device: Device, there: Collection[str]) -> Iterable[Candidate]:
        if device.id != device.source_id or not runtime.history.has_history(device.id):
            return ()
        return (
            Candidate(
                description.key,
                lambda: True,
                partial(HistorySensor, runtime, device, description),
            )
            for description in HISTORY_SENSORS
            if description.key not in there
        )

    return find


class ReadingSensor(ReadingEntity, SensorEntity):
    """A value out of a cloud's readings."""

    entity_description: ReadingSensorDescription
    _unrecorded_attributes = frozenset({MATCH_ALL})

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        return self.entity_description.attributes(self._readings)

    @property
    @override
    def native_value(self) -> StateType | date | datetime:
        return self.entity_description.value(self._readings)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        unit = self.entity_description.unit(self._readings)
        if unit is None and self.device_class is SensorDeviceClass.MONETARY:
            return self.hass.config.currency
        return unit

    @property
    @override
    def last_reset(self) -> datetime | None:
        return self.entity_description.reset_at(self._readings)


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


class HistorySensor(JoulekeeperEntity, SensorEntity):
    """How far the import of a device's past has come; the cloud has no part in it."""

    entity_description: HistorySensorDescription

    def __init__(
        self,
        runtime: RuntimeData,
        device: Device,
        description: HistorySensorDescription,
    ) -> None:
        """Follow no endpoint."""
        super().__init__(runtime, device, description, ())

    @property
    @override
    def available(self) -> bool:
        return not self._runtime.account.pause.on

    @property
    @override
    def native_value(self) -> int | None:
        job = self._runtime.history.job(self._device.id)
        return None if job is None else self.entity_description.value_fn(job)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the import."""
        await super().async_added_to_hass()
        self.async_on_remove(self._runtime.history.subscribe(self.async_write_ha_state))

    @override
    async def async_update(self) -> None:
        """Nothing is fetched for it."""


class PushSensor(PushEntity, SensorEntity):
    """What came of telling a target what flows."""

    entity_description: PushSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        return self.entity_description.value_fn(self._pusher)
