"""Table of the sensors for how far a device's schedules have come."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.helpers.typing import StateType

from .control import DeviceControl
from .core.dispatch import FINAL, State
from .core.schedule import Action
from .entity import ControlDescription
from .keeper import Keeper

NO_SCHEDULE: Final = "none"


@dataclass(frozen=True, kw_only=True)
class KeeperSensorDescription(ControlDescription, SensorEntityDescription):
    """What the keeper knows of one device."""

    value_fn: Callable[[DeviceControl, Keeper], StateType | datetime]
    attributes_fn: Callable[[DeviceControl], Mapping[str, Any]] | None = None


def _next_action(control: DeviceControl, keeper: Keeper) -> StateType:
    coming = control.next_up
    return NO_SCHEDULE if coming is None else coming.action.value


def _next_start(control: DeviceControl, keeper: Keeper) -> datetime | None:
    coming = control.next_up
    return None if coming is None else coming.start


def _status(control: DeviceControl, keeper: Keeper) -> StateType:
    if (ruling := control.ruling) is not None:
        return ruling.state.value
    return NO_SCHEDULE if control.next_up is None else State.PLANNED.value


def _status_details(control: DeviceControl) -> Mapping[str, Any]:
    if (ruling := control.ruling) is not None:
        return {"schedule_id": ruling.segment.rule_id, "reason": ruling.reason}
    coming = control.next_up
    return {} if coming is None else {"schedule_id": coming.rule_id, "reason": None}


def _last_confirmation(control: DeviceControl, keeper: Keeper) -> datetime | None:
    confirmed = (
        item.confirmed_at
        for item in control.ledger.dispatches.values()
        if item.confirmed_at is not None
    )
    return max(confirmed, default=None)


KEEPER_SENSORS: Final = (
    KeeperSensorDescription(
        key="next_action",
        translation_key="next_action",
        device_class=SensorDeviceClass.ENUM,
        options=[*(action.value for action in Action), NO_SCHEDULE],
        value_fn=_next_action,
    ),
    KeeperSensorDescription(
        key="next_start",
        translation_key="next_start",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_next_start,
    ),
    KeeperSensorDescription(
        key="schedule_status",
        translation_key="schedule_status",
        device_class=SensorDeviceClass.ENUM,
        options=[*(state.value for state in State if state not in FINAL), NO_SCHEDULE],
        value_fn=_status,
        attributes_fn=_status_details,
    ),
    KeeperSensorDescription(
        key="last_confirmation",
        translation_key="last_confirmation",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_last_confirmation,
    ),
    KeeperSensorDescription(
        key="writes_today",
        translation_key="writes_today",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda control, keeper: keeper.journal.writes_today,
    ),
    KeeperSensorDescription(
        key="writes_left",
        translation_key="writes_left",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda control, keeper: keeper.budget.left,
    ),
)
