"""What the account was not allowed to read (dossier 1.8).

Rights are given per interface, plant and data item; devices have a page of their own
per type. Without the one for an interface a call is refused, without the others the
cloud tells nothing.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.models import Clock
from .limits import (
    ALARMS,
    DEVICE_PERIODS,
    DEVICE_REAL_TIME,
    DEVICES,
    OLD_PLANTS,
    PLANT_PERIODS,
    PLANT_REAL_TIME,
    PLANTS,
)
from .models import DeviceType

_INTERFACES: Final[Mapping[str, str]] = {
    PLANTS: "the list of plants",
    DEVICES: "the list of devices",
    PLANT_REAL_TIME: "real-time data of plants",
    DEVICE_REAL_TIME: "real-time data of devices",
    ALARMS: "alarms of devices",
    **dict(
        zip(
            PLANT_PERIODS,
            (
                f"{adverb} data of plants"
                for adverb in ("hourly", "daily", "monthly", "yearly")
            ),
            strict=True,
        )
    ),
    **dict(
        zip(
            DEVICE_PERIODS,
            (f"{adverb} data of devices" for adverb in ("monthly", "yearly")),
            strict=True,
        )
    ),
}
"""Those that entities need. Control, and what has a substitute, is not missed here."""

_NEVER_BLANK: Final = frozenset({PLANTS, DEVICES, PLANT_REAL_TIME, DEVICE_REAL_TIME})
"""What was asked for has rows, where it may be told."""

_BLANK_FOR: Final = timedelta(hours=1)

_TYPES: Final[Mapping[str, str]] = {
    str(kind.value): words
    for kind, words in {
        DeviceType.STRING_INVERTER: "string inverters",
        DeviceType.EMI: "weather stations (EMI)",
        DeviceType.GRID_METER: "grid meters",
        DeviceType.RESIDENTIAL_INVERTER: "residential inverters",
        DeviceType.BATTERY: "residential batteries",
        DeviceType.ESS: "energy storage systems (ESS)",
        DeviceType.POWER_SENSOR: "power sensors",
        DeviceType.EMMA: "EMMA",
    }.items()
}


def words_of(interface: str, key: str = "") -> str:
    """Return an interface, or a share of it, in words for the user."""
    words = _INTERFACES.get(interface)
    if words is None:
        return interface
    if key in _TYPES:
        return f"{words} ({interface}): {_TYPES[key]}"
    return f"{words} ({interface})"


class Rights:
    """Remembers what was refused last, and what has told nothing for an hour."""

    def __init__(self, clock: Clock) -> None:
        """Miss nothing."""
        self._clock = clock
        self._missing: set[tuple[str, str]] = set()
        self._blank_since: dict[tuple[str, str], datetime] = {}

    def refused(self, interface: str) -> None:
        """Take note that an interface is not granted."""
        if interface in _INTERFACES:
            self._missing.add((interface, ""))

    def only(self, types: Collection[int]) -> None:
        """Miss nothing of types of devices that there are no longer."""
        keys = {"", *map(str, types)}
        self._missing = {item for item in self._missing if item[1] in keys}

    def answered(self, interface: str, key: str, data: Any) -> None:
        """Take note of an answer; `key` is the type of devices, where that counts."""
        # Old accounts have only the old list.
        interface = PLANTS if interface == OLD_PLANTS else interface
        blank = data is None or (interface in _NEVER_BLANK and not data)
        if key:
            self._missing.discard((interface, ""))
        if blank and interface in _INTERFACES and interface != ALARMS:
            now = self._clock()
            # A cloud may have a bad moment.
            since = self._blank_since.setdefault((interface, key), now)
            if now - since >= _BLANK_FOR:
                self._missing.add((interface, key))
        else:
            self._missing.discard((interface, key))
            self._blank_since.pop((interface, key), None)

    @property
    def missing(self) -> tuple[str, ...]:
        """What entities need and do not get, in words for the user."""
        return tuple(words_of(*item) for item in sorted(self._missing))
