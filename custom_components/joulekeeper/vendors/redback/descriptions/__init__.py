"""Tables of the entities that Redback's readings make (dossier 4.1 and 4.2).

What changes every minute and few people need is disabled by default, as is what other
entities hold too.
"""

from typing import Final

from homeassistant.const import Platform

from ....descriptions import ReadingDescription
from .battery import BATTERY_SENSORS
from .inverter import INVERTER_BINARY_SENSORS, INVERTER_SENSORS

DESCRIPTIONS: Final[dict[str, tuple[ReadingDescription, ...]]] = {
    Platform.SENSOR: (*INVERTER_SENSORS, *BATTERY_SENSORS),
    Platform.BINARY_SENSOR: INVERTER_BINARY_SENSORS,
}
