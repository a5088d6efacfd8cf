"""A Charge HQ site: it is told what flows, from sensors of Home Assistant."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, ClassVar, Final, override

from tests.clouds import ChargeHqCloud

from ...simulated import SimulatedClock
from .base import NO_TOKENS, NO_WRITES, House, Place

_LEAST_PAUSE: Final = timedelta(seconds=29.5)
"""The service's half a minute, less what a request takes on its way."""


class ChargeHqHouse(House):
    """One site, with sensors for solar power, grid and battery."""

    vendor: ClassVar[str] = "chargehq"
    name: ClassVar[str] = "chargehq"
    controls: ClassVar[bool] = False
    spared: ClassVar[frozenset[str]] = NO_TOKENS | NO_WRITES
    # No answer of the service is documented: a page that comes with 200 is a success.
    unseen: ClassVar[frozenset[str]] = frozenset({"cloud pages", "cloud nonsense"})
    notices: ClassVar[timedelta] = timedelta(minutes=20)
    sensors: ClassVar[Mapping[str, tuple[float, str]]] = {
        "sensor.roof": (4.2, "kW"),
        "sensor.meter": (-1850, "W"),
        "sensor.wall": (-1.2, "kW"),
        "sensor.wall_soc": (64, "%"),
    }
    picked: ClassVar[Mapping[str, Any]] = {
        "solar_power": ["sensor.roof"],
        "grid_power": "sensor.meter",
        "battery_power": "sensor.wall",
        "state_of_charge": "sensor.wall_soc",
    }

    def __init__(self, clock: SimulatedClock, random: Random, place: Place) -> None:
        """Make the service."""
        self.cloud: ChargeHqCloud = ChargeHqCloud(clock=clock)
        self.device = ""

    @override
    def beyond_limits(self, births: Sequence[datetime]) -> Iterator[str]:
        before: datetime | None = None
        for entry in self.cloud.requests.entries:
            fresh = before is None or any(before < it <= entry.at for it in births)
            if not fresh and before and entry.at - before < _LEAST_PAUSE:
                gap = (entry.at - before).total_seconds()
                yield f"two pushes within {gap:.0f} s"
            before = entry.at
