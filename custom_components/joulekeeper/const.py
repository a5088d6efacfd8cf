"""Names that Home Assistant knows us by."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "joulekeeper"

CONF_VENDOR: Final = "vendor"
CONF_CREDENTIALS: Final = "credentials"
CONF_SYSTEMS: Final = "systems"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.CALENDAR,
    Platform.DATETIME,
    Platform.NUMBER,
    Platform.SELECT,
    Platform.SENSOR,
)
