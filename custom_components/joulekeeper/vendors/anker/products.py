"""What a product code tells of a device (dossier 4.4, 4.12)."""

from collections.abc import Mapping
from typing import Final

SOLARBANK_1: Final = "A17C0"
MI80: Final = "A5143"
POWER_PANEL: Final = "A17B1"

SITE_POWER_STATIONS: Final = 1
SITE_SOLARBANK_1: Final = 2
SITE_POWER_PANEL: Final = 4
HES_SITES: Final = frozenset({3, 6, 7, 8, 9})
"""Values of `power_site_type`."""

INVERTER_TYPE: Final = 1
"""Of `device_type_list`: an inverter in a system (4.2)."""

PREDICTING: Final = frozenset({"A17C5", "AE103", "A17E2"})
"""Generations whose cloud knows exchange prices, forecasts and an AI mode (4.11)."""

CAPACITY_WH: Final[Mapping[str, int]] = {
    SOLARBANK_1: 1600,
    "A17C1": 1600,
    "A17C2": 1600,
    "A17C3": 1600,
    "A17C5": 2688,
    "AE103": 5024,
    "A17E2": 7000,
}
"""Of a battery without expansions; each expansion adds the same."""

INVERTER_LIMITS_W: Final[Mapping[str, tuple[int, ...]]] = {
    MI80: (600, 800),
    "A17C1": (350, 600, 800, 1000),
    "A17C2": (350, 600, 800, 1000),
    "A17C3": (350, 600, 800, 1000),
    "A17C5": (350, 600, 800, 1200),
    "AE103": (600, 790, 800, 2500),
}
"""Output limits that may be chosen."""

MODELS: Final[Mapping[str, str]] = {
    SOLARBANK_1: "Solarbank E1600",
    "A17C1": "Solarbank 2 E1600 Pro",
    "A17C2": "Solarbank 2 E1600 AC",
    "A17C3": "Solarbank 2 E1600 Plus",
    "A17C5": "Solarbank 3 E2700 Pro",
    "A17X7": "Smart Meter",
    "A17X8": "Smart Plug",
    "A17Y0": "0W Output Switch",
    "A5140": "MI60 Microinverter",
    MI80: "MI80 Microinverter",
    POWER_PANEL: "Home Power Panel",
    "SHEM3": "Shelly 3EM",
    "SHEMP3": "Shelly Pro 3EM",
}
"""For those who may not ask what a device is called, such as members."""
