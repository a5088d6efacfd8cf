"""What the entities of a push target share, and the tables of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.components.switch import SwitchEntityDescription
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfPower, UnitOfTime
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.typing import StateType

from .const import DOMAIN
from .core.flow import Balanced
from .push import Pusher, Result
from .push_feed import Trouble

SOURCE_OK: Final = "ok"


@dataclass(frozen=True, kw_only=True)
class PushSensorDescription(SensorEntityDescription):
    """What is known of the pushes to one target."""

    value_fn: Callable[[Pusher], StateType | datetime]


@dataclass(frozen=True, kw_only=True)
class PushSwitchDescription(SwitchEntityDescription):
    """The switch that pauses the pushes."""


def _result(pusher: Pusher) -> StateType:
    return None if pusher.result is None else pusher.result.value


def _source(pusher: Pusher) -> StateType:
    return SOURCE_OK if pusher.trouble is None else pusher.trouble.value


def _age(pusher: Pusher) -> StateType:
    return None if pusher.age is None else round(pusher.age.total_seconds())


def _charge(pusher: Pusher) -> StateType:
    return None if pusher.flow is None else pusher.flow.state_of_charge


def _pushed_power(
    key: str, value_fn: Callable[[Balanced], int | None]
) -> PushSensorDescription:
    """Return a sensor, off by default, of a power as it was pushed last."""
    return PushSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda pusher: None if pusher.flow is None else value_fn(pusher.flow),
    )


PUSH_SENSORS: Final = (
    PushSensorDescription(
        key="last_push",
        translation_key="last_push",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda pusher: pusher.last_push,
    ),
    PushSensorDescription(
        key="push_result",
        translation_key="push_result",
        device_class=SensorDeviceClass.ENUM,
        options=[result.value for result in Result],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_result,
    ),
    PushSensorDescription(
        key="push_source",
        translation_key="push_source",
        device_class=SensorDeviceClass.ENUM,
        options=[SOURCE_OK, *(trouble.value for trouble in Trouble)],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_source,
    ),
    PushSensorDescription(
        key="payload_age",
        translation_key="payload_age",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_age,
    ),
    _pushed_power("pushed_production", lambda flow: flow.production_w),
    _pushed_power("pushed_grid", lambda flow: flow.import_w),
    _pushed_power("pushed_consumption", lambda flow: flow.consumption_w),
    _pushed_power("pushed_battery", lambda flow: flow.discharge_w),
    PushSensorDescription(
        key="pushed_state_of_charge",
        translation_key="pushed_state_of_charge",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_charge,
    ),
)

PUSH_SWITCH: Final = PushSwitchDescription(key="push", translation_key="push")


class PushEntity(Entity):
    """An entity of a push target, which is there as long as its entry is loaded."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, pusher: Pusher, description: EntityDescription) -> None:
        """Show what one pusher does."""
        entry = pusher.entry
        self.entity_description = description
        self._pusher = pusher
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, entry.entry_id)},
            name=entry.title,
            manufacturer=pusher.spec.name,
            entry_type=DeviceEntryType.SERVICE,
        )

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the pusher."""
        await super().async_added_to_hass()
        self.async_on_remove(self._pusher.subscribe(self.async_write_ha_state))
