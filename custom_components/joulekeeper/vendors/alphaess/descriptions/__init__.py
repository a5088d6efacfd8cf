"""Tables of the entities that AlphaESS's readings make (dossier 5.1 to 5.3).

What changes every 30 s and few people need is disabled by default, as is what other
entities hold too. What the local dongle tells is not here: only the cloud is asked.
"""

from typing import Final

from homeassistant.const import Platform

from ....descriptions import ReadingDescription
from .battery import BATTERY_SENSORS
from .charger import CHARGER_BINARY_SENSORS, CHARGER_SENSORS
from .controls import SETTINGS_NUMBERS, SETTINGS_SWITCHES, SETTINGS_TIMES
from .inverter import INVERTER_BINARY_SENSORS, INVERTER_SENSORS
from .settings import SETTINGS_BINARY_SENSORS, SETTINGS_SENSORS

DESCRIPTIONS: Final[dict[str, tuple[ReadingDescription, ...]]] = {
    Platform.SENSOR: (
        *INVERTER_SENSORS,
        *BATTERY_SENSORS,
        *SETTINGS_SENSORS,
        *CHARGER_SENSORS,
    ),
    Platform.BINARY_SENSOR: (
        *INVERTER_BINARY_SENSORS,
        *SETTINGS_BINARY_SENSORS,
        *CHARGER_BINARY_SENSORS,
    ),
    Platform.NUMBER: SETTINGS_NUMBERS,
    Platform.SWITCH: SETTINGS_SWITCHES,
    Platform.TIME: SETTINGS_TIMES,
}
