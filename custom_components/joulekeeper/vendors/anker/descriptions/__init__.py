"""Tables of the entities that Anker's readings make (dossier 7)."""

from typing import Final

from homeassistant.const import Platform

from ....descriptions import ReadingDescription
from .devices import DEVICE_BINARY_SENSORS, DEVICE_SENSORS
from .energy import ENERGY_SENSORS, PLUG_ENERGY_SENSORS
from .hardware import HARDWARE_BINARY_SENSORS, HARDWARE_SENSORS, HARDWARE_UPDATES
from .panel import PANEL_SENSORS
from .prices import PRICE_SENSORS
from .settings import SETTING_NUMBERS, SETTING_SELECTS, SETTING_SWITCHES
from .settings_plan import PLAN_ACTIONS, PLAN_INSTANTS
from .solarbank import SOLARBANK_BINARY_SENSORS, SOLARBANK_SENSORS
from .system import SYSTEM_BINARY_SENSORS, SYSTEM_SENSORS

DESCRIPTIONS: Final[dict[str, tuple[ReadingDescription, ...]]] = {
    Platform.SELECT: SETTING_SELECTS,
    Platform.NUMBER: SETTING_NUMBERS,
    Platform.DATETIME: PLAN_INSTANTS,
    Platform.SWITCH: SETTING_SWITCHES,
    "plan": PLAN_ACTIONS,
    Platform.SENSOR: (
        *SYSTEM_SENSORS,
        *ENERGY_SENSORS,
        *PRICE_SENSORS,
        *PANEL_SENSORS,
        *SOLARBANK_SENSORS,
        *DEVICE_SENSORS,
        *PLUG_ENERGY_SENSORS,
        *HARDWARE_SENSORS,
    ),
    Platform.BINARY_SENSOR: (
        *SYSTEM_BINARY_SENSORS,
        *SOLARBANK_BINARY_SENSORS,
        *DEVICE_BINARY_SENSORS,
        *HARDWARE_BINARY_SENSORS,
    ),
    Platform.UPDATE: HARDWARE_UPDATES,
}
