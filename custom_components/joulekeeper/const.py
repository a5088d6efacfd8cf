"""Names that Home Assistant knows us by."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "joulekeeper"

CONF_VENDOR: Final = "vendor"
CONF_CREDENTIALS: Final = "credentials"
CONF_SYSTEMS: Final = "systems"
CONF_MAX_FORCE_HOURS: Final = "max_force_hours"
CONF_DELETE_ON_REMOVAL: Final = "delete_on_removal"

DEFAULT_MAX_FORCE_HOURS: Final = 6

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.DATETIME,
    Platform.EVENT,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.TIME,
    Platform.UPDATE,
)

PUSH_PLATFORMS: Final = (Platform.SENSOR, Platform.SWITCH)
"""Of an entry that only pushes."""
