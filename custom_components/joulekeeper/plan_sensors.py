"""Table of the sensors for the details of a device's schedules, whatever its brand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription
from homeassistant.const import (
    EntityCategory,
    UnitOfApparentPower,
    UnitOfPower,
    UnitOfTime,
)
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .control import DeviceControl
from .core.schedule import MINUTE, Action, ItemStatus, ScheduleItem
from .entity import ControlDescription

NO_SCHEDULE: Final = "none"


@dataclass(frozen=True, kw_only=True)
class PlanSensorDescription(ControlDescription, SensorEntityDescription):
    """A detail of one schedule of a device."""

    item_fn: Callable[[DeviceControl], ScheduleItem | None]
    value_fn: Callable[[ScheduleItem], StateType | datetime]
    without: str | None = None
    """The state while there is no such schedule."""


def _active(control: DeviceControl) -> ScheduleItem | None:
    return control.programme.active_at(dt_util.utcnow())


def _selected(control: DeviceControl) -> ScheduleItem | None:
    return control.selected


def _cap(name: str) -> Callable[[ScheduleItem], StateType]:
    return lambda item: item.limits.as_dict().get(name) if item.limits else None


_WATTS: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "native_unit_of_measurement": UnitOfPower.WATT,
}
_INSTANT: Final[dict[str, Any]] = {"device_class": SensorDeviceClass.TIMESTAMP}
_LIMITS: Final[dict[str, Any]] = {"wanted": attrgetter("takes_limits")}
_OFF: Final[dict[str, Any]] = {"entity_registry_enabled_default": False}


def _details(
    prefix: str,
    item_fn: Callable[[DeviceControl], ScheduleItem | None],
    category: EntityCategory | None = None,
) -> Iterator[PlanSensorDescription]:
    """Yield the sensors for the details of the active or the selected schedule."""

    def detail(
        key: str,
        value_fn: Callable[[ScheduleItem], StateType | datetime],
        **details: Any,
    ) -> PlanSensorDescription:
        return PlanSensorDescription(
            key=f"{prefix}_{key}",
            translation_key=f"{prefix}_{key}",
            item_fn=item_fn,
            value_fn=value_fn,
            entity_category=category,
            **details,
        )

    yield detail(
        "action",
        lambda item: item.action and item.action.value,
        device_class=SensorDeviceClass.ENUM,
        options=[*(action.value for action in Action), NO_SCHEDULE],
        without=NO_SCHEDULE,
    )
    yield detail("start", lambda item: item.start, **_INSTANT)
    yield detail("end", lambda item: item.end, **_INSTANT)
    yield detail(
        "duration",
        lambda item: item.duration / MINUTE,
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MINUTES,
    )
    yield detail(
        "power", lambda item: item.power_w, wanted=attrgetter("takes_power"), **_WATTS
    )
    yield detail("max_export", _cap("max_export_w"), **_WATTS, **_LIMITS)
    for cap in ("max_import", "max_charge", "max_discharge"):
        yield detail(cap, _cap(f"{cap}_w"), **_WATTS, **_LIMITS, **_OFF)
    yield detail(
        "max_generation",
        _cap("max_generation_va"),
        device_class=SensorDeviceClass.APPARENT_POWER,
        native_unit_of_measurement=UnitOfApparentPower.VOLT_AMPERE,
        **_LIMITS,
        **_OFF,
    )
    yield detail(
        "status",
        lambda item: item.status,
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in ItemStatus],
        **_LIMITS,
    )
    yield detail("note", lambda item: item.note or item.id, **_OFF)
    yield detail(
        "reported_start",
        lambda item: item.reported_start,
        **_INSTANT,
        **_LIMITS,
        **_OFF,
    )
    yield detail(
        "reported_end", lambda item: item.reported_end, **_INSTANT, **_LIMITS, **_OFF
    )


PLAN_SENSORS: Final = (
    *_details("active", _active),
    *_details("selected", _selected, EntityCategory.DIAGNOSTIC),
)
