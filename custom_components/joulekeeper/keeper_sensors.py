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
from homeassistant.util import dt as dt_util

from .control import DeviceControl
from .core.dispatch import Dispatch, State
from .core.schedule import Action
from .entity import ControlDescription
from .keeper import Keeper

NO_SCHEDULE: Final = "none"


@dataclass(frozen=True, kw_only=True)
class KeeperSensorDescription(ControlDescription, SensorEntityDescription):
    """What the keeper knows of one device."""

    value_fn: Callable[[DeviceControl, Keeper], StateType | datetime]
    attributes_fn: Callable[[DeviceControl], Mapping[str, Any]] | None = None


def _next(control: DeviceControl) -> Dispatch | None:
    now = dt_util.utcnow()
    coming = (item for item in control.ledger.live() if item.segment.start > now)
    return next(coming, None)


def _next_action(control: DeviceControl, keeper: Keeper) -> StateType:
    coming = _next(control)
    return NO_SCHEDULE if coming is None else coming.segment.action.value


def _next_start(control: DeviceControl, keeper: Keeper) -> datetime | None:
    coming = _next(control)
    return None if coming is None else coming.segment.start


def _status(control: DeviceControl, keeper: Keeper) -> StateType:
    ruling = control.ruling
    return NO_SCHEDULE if ruling is None else ruling.state.value


def _status_details(control: DeviceControl) -> Mapping[str, Any]:
    ruling = control.ruling
    if ruling is None:
        return {}
    return {"schedule_id": ruling.segment.rule_id, "reason": ruling.reason}


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
        options=[*(state.value for state in State), NO_SCHEDULE],
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
