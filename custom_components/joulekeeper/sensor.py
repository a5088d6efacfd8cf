"""Sensors: the readings of the vendors' tables, and the plan of a device."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import Platform, UnitOfApparentPower, UnitOfPower, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .core.capabilities import Capabilities
from .core.schedule import Action, ScheduleItem
from .descriptions import ReadingSensorDescription
from .entity import (
    ControlDescription,
    ControlEntity,
    ReadingEntity,
    async_add_when_known,
    control_candidates,
    reading_candidates,
)
from .keeper import DeviceControl
from .runtime import JoulekeeperConfigEntry

PARALLEL_UPDATES = 0


_TAKES_POWER: Final = attrgetter("takes_power")
_TAKES_LIMITS: Final = attrgetter("takes_limits")


@dataclass(frozen=True, kw_only=True)
class ItemSensorDescription(ControlDescription, SensorEntityDescription):
    """A detail of one schedule of a device."""

    item_fn: Callable[[DeviceControl], ScheduleItem | None]
    value_fn: Callable[[ScheduleItem], StateType | datetime]


def _active(control: DeviceControl) -> ScheduleItem | None:
    return control.programme.active_at(dt_util.utcnow())


def _selected(control: DeviceControl) -> ScheduleItem | None:
    return control.selected


def _cap(name: str) -> Callable[[ScheduleItem], StateType]:
    return lambda item: item.limits.as_dict().get(name) if item.limits else None


def _details(
    prefix: str, item_fn: Callable[[DeviceControl], ScheduleItem | None]
) -> tuple[ItemSensorDescription, ...]:
    """Return the sensors for the details of the active or the selected schedule."""

    def detail(
        key: str,
        value_fn: Callable[[ScheduleItem], StateType | datetime],
        wanted: Callable[[Capabilities], bool] = attrgetter("controllable"),
        device_class: SensorDeviceClass | None = None,
        unit: str | None = None,
        options: list[str] | None = None,
    ) -> ItemSensorDescription:
        return ItemSensorDescription(
            key=f"{prefix}_{key}",
            translation_key=f"{prefix}_{key}",
            item_fn=item_fn,
            value_fn=value_fn,
            wanted=wanted,
            device_class=device_class,
            native_unit_of_measurement=unit,
            options=options,
        )

    return (
        detail(
            "action",
            lambda item: item.action and item.action.value,
            device_class=SensorDeviceClass.ENUM,
            options=[action.value for action in Action],
        ),
        detail(
            "start", lambda item: item.start, device_class=SensorDeviceClass.TIMESTAMP
        ),
        detail("end", lambda item: item.end, device_class=SensorDeviceClass.TIMESTAMP),
        detail(
            "duration",
            lambda item: item.duration.total_seconds() / 60,
            device_class=SensorDeviceClass.DURATION,
            unit=UnitOfTime.MINUTES,
        ),
        detail(
            "power",
            lambda item: item.power_w,
            _TAKES_POWER,
            SensorDeviceClass.POWER,
            UnitOfPower.WATT,
        ),
        *(
            detail(
                cap,
                _cap(f"{cap}_w"),
                _TAKES_LIMITS,
                SensorDeviceClass.POWER,
                UnitOfPower.WATT,
            )
            for cap in ("max_import", "max_export", "max_charge", "max_discharge")
        ),
        detail(
            "max_generation",
            _cap("max_generation_va"),
            _TAKES_LIMITS,
            SensorDeviceClass.APPARENT_POWER,
            UnitOfApparentPower.VOLT_AMPERE,
        ),
        detail("note", lambda item: item.note or item.id, _TAKES_LIMITS),
        detail("status", lambda item: item.status, _TAKES_LIMITS),
    )


ITEM_SENSORS: Final = (*_details("active", _active), *_details("selected", _selected))


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors."""
    runtime = entry.runtime_data
    for candidates in (
        reading_candidates(runtime, Platform.SENSOR, ReadingSensor),
        control_candidates(runtime, ITEM_SENSORS, ItemSensor),
    ):
        async_add_when_known(entry, async_add_entities, Platform.SENSOR, candidates)


class ReadingSensor(ReadingEntity, SensorEntity):
    """A value out of a cloud's readings."""

    entity_description: ReadingSensorDescription

    @property
    @override
    def native_value(self) -> StateType | date | datetime:
        return self.entity_description.value(self._readings)


class ItemSensor(ControlEntity, SensorEntity):
    """A detail of one schedule, unknown while there is no such schedule."""

    entity_description: ItemSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        item = self.entity_description.item_fn(self._control)
        return None if item is None else self.entity_description.value_fn(item)
