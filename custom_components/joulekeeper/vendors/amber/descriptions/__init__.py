"""Tables of the entities that Amber's readings make (dossier section 4)."""

from typing import Final

from homeassistant.const import Platform

from ....descriptions import ReadingDescription
from .channel import CHANNEL_SENSORS
from .region import REGION_SENSORS
from .site import SITE_BINARY_SENSORS, SITE_EVENTS, SITE_SENSORS

DESCRIPTIONS: Final[dict[str, tuple[ReadingDescription, ...]]] = {
    Platform.SENSOR: (*CHANNEL_SENSORS, *SITE_SENSORS, *REGION_SENSORS),
    Platform.BINARY_SENSOR: SITE_BINARY_SENSORS,
    Platform.EVENT: SITE_EVENTS,
}
