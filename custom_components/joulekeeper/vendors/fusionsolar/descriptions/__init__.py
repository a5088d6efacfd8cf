"""Tables of the entities that FusionSolar's readings make (dossier section 6).

What few people need is disabled by default, as is what other entities hold too. Phases
and strings that a device does not have make none (see `traits`).
"""

from typing import Final

from homeassistant.const import Platform

from ....descriptions import ReadingDescription
from .alarms import ALARM_EVENTS, ALARM_SENSORS
from .battery import BATTERY_BINARY_SENSORS, BATTERY_SENSORS
from .inverter import INVERTER_BINARY_SENSORS, INVERTER_SENSORS
from .meter import METER_BINARY_SENSORS, METER_SENSORS
from .plant import PLANT_BINARY_SENSORS, PLANT_SENSORS
from .quota import QUOTA_SENSORS
from .settings import (
    SETTING_LISTS,
    SETTING_NUMBERS,
    SETTING_SELECTS,
    SETTING_SENSORS,
    SETTING_SWITCHES,
)
from .statistics import DEVICE_STATISTICS_SENSORS, STATISTICS_SENSORS
from .weather import WEATHER_BINARY_SENSORS, WEATHER_SENSORS

DESCRIPTIONS: Final[dict[str, tuple[ReadingDescription, ...]]] = {
    Platform.SENSOR: (
        *PLANT_SENSORS,
        *STATISTICS_SENSORS,
        *ALARM_SENSORS,
        *INVERTER_SENSORS,
        *METER_SENSORS,
        *BATTERY_SENSORS,
        *DEVICE_STATISTICS_SENSORS,
        *SETTING_SENSORS,
        *WEATHER_SENSORS,
        *QUOTA_SENSORS,
    ),
    Platform.BINARY_SENSOR: (
        *PLANT_BINARY_SENSORS,
        *INVERTER_BINARY_SENSORS,
        *METER_BINARY_SENSORS,
        *BATTERY_BINARY_SENSORS,
        *WEATHER_BINARY_SENSORS,
    ),
    Platform.EVENT: ALARM_EVENTS,
    Platform.SELECT: SETTING_SELECTS,
    Platform.NUMBER: SETTING_NUMBERS,
    Platform.SWITCH: SETTING_SWITCHES,
    # No platform has these: they are set by an action only.
    "action": SETTING_LISTS,
}
