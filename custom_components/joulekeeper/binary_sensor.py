"""Binary sensors: the vendors' tables, and whether a schedule rules a device now."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .control import DeviceControl
from .core.schedule import Owner
from .descriptions import ReadingBinarySensorDescription
from .entity import (
    ControlDescription,
    ControlEntity,
    ReadingEntity,
    async_add_when_known,
    control_candidates,
    reading_candidates,
)
from .runtime import JoulekeeperConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PlanBinarySensorDescription(ControlDescription, BinarySensorEntityDescription):
    """A fact about the plan of a device."""

    is_on_fn: Callable[[DeviceControl], bool]


def _network_rules(control: DeviceControl) -> bool:
    active = control.programme.active_at(dt_util.utcnow())
    return active is not None and active.owner is Owner.NETWORK


PLAN_BINARY_SENSORS: Final = (
    PlanBinarySensorDescription(
        key="schedule_active",
        translation_key="schedule_active",
        is_on_fn=lambda control: (
            control.programme.active_at(dt_util.utcnow()) is not None
        ),
    ),
    PlanBinarySensorDescription(
        key="schedule_planned",
        translation_key="schedule_planned",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        is_on_fn=lambda control: any(
            item.end > dt_util.utcnow() for item in control.programme.items
        ),
    ),
    PlanBinarySensorDescription(
        key="network_limit",
        translation_key="network_limit",
        entity_category=EntityCategory.DIAGNOSTIC,
        wanted=attrgetter("takes_limits"),
        is_on_fn=_network_rules,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors."""
    runtime = entry.runtime_data
    for candidates in (
        reading_candidates(runtime, Platform.BINARY_SENSOR, ReadingBinarySensor),
        control_candidates(runtime, PLAN_BINARY_SENSORS, PlanBinarySensor),
    ):
        async_add_when_known(
            entry, async_add_entities, Platform.BINARY_SENSOR, candidates
        )


class ReadingBinarySensor(ReadingEntity, BinarySensorEntity):
    """A yes or no out of a cloud's readings."""

    entity_description: ReadingBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        value = self.entity_description.value(self._readings)
        return None if value is None else bool(value)


class PlanBinarySensor(ControlEntity, BinarySensorEntity):
    """A fact about what the cloud has planned."""

    entity_description: PlanBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool:
        return self.entity_description.is_on_fn(self._control)
