"""Entities of a plant's alarms: how many there are, and their coming and going."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorStateClass

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import comings, sensor
from ..endpoints import ALARMS
from ..models import Alarm


def _details(alarm: Alarm) -> dict[str, Any]:
    """Return what a user may want to know; serial numbers are nobody's business."""
    return {
        "alarm": alarm.name,
        "level": alarm.level,
        "device": alarm.device_name,
        "raised_at": alarm.raised_at and alarm.raised_at.isoformat(),
        "cause": alarm.cause,
        "suggestion": alarm.suggestion,
        "alarm_id": alarm.id,
    }


def _active(readings: DeviceReadings) -> Mapping[Any, Mapping[str, Any]]:
    """Return the active alarms by what tells them apart."""
    return {
        (alarm.id, alarm.cause_id, alarm.serial, alarm.raised_at): _details(alarm)
        for alarm in readings[ALARMS].items
    }


ALARM_SENSORS: Final = (
    sensor(
        "alarms",
        (ALARMS,),
        lambda readings: len(readings[ALARMS].items),
        on=DeviceKind.SITE,
        state_class=SensorStateClass.MEASUREMENT,
        attributes_fn=lambda readings: {"alarms": list(_active(readings).values())},
    ),
)

ALARM_EVENTS: Final = (
    comings("alarm", (ALARMS,), "raised", "cleared", _active, on=DeviceKind.SITE),
)
