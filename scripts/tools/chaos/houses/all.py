"""All houses, by their names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from ...simulated import SimulatedClock
from ..story import changes_of_clock
from .alphaess import DailyHouse, PeriodicHouse
from .amber import AmberHouse
from .anker import ChargingHouse, FirstHouse, LaterHouse
from .base import House, Place
from .chargehq import ChargeHqHouse
from .fusionsolar import FusionHouse
from .redback import RedbackHouse


@dataclass(frozen=True, slots=True)
class Plot:
    """A kind of house, where it may stand, and how one is built."""

    house: type[House]
    places: tuple[Place, ...]
    build: Callable[[SimulatedClock, Random, Place], House]


def _at(zone: str, country: str, *moments: str) -> tuple[Place, ...]:
    return tuple(
        Place(zone, country, datetime.fromisoformat(text).astimezone(UTC))
        for text in moments
    )


_BRISBANE = _at(
    "Australia/Brisbane", "AU", "2026-11-20T08:00:00Z", "2026-11-20T23:30:00Z"
)
_SYDNEY = (
    *_at("Australia/Sydney", "AU", "2026-11-20T02:00:00Z", "2026-11-20T11:30:00Z"),
    *changes_of_clock("Australia/Sydney", "AU", 2026),
)


def _redback(clock: SimulatedClock, random: Random, place: Place) -> House:
    fixture = "A" if place.zone == "Australia/Brisbane" else "B"
    return RedbackHouse(clock, random, fixture)


_BERLIN = (
    *_at("Europe/Berlin", "DE", "2026-11-20T08:00:00Z", "2026-05-04T15:30:00Z"),
    *changes_of_clock("Europe/Berlin", "DE", 2026),
)
_ADELAIDE = (
    *_at("Australia/Adelaide", "AU", "2026-11-20T01:30:00Z", "2026-11-20T08:00:00Z"),
    *changes_of_clock("Australia/Adelaide", "AU", 2026),
)


HOUSES: Final[Mapping[str, Plot]] = {
    "alphaess-daily": Plot(
        DailyHouse, _ADELAIDE, lambda c, r, place: DailyHouse(c, r, place.zone)
    ),
    "alphaess-periodic": Plot(
        PeriodicHouse, _BERLIN, lambda c, r, place: PeriodicHouse(c, r, place.zone)
    ),
    "amber": Plot(AmberHouse, _SYDNEY, AmberHouse),
    "anker-ac": Plot(ChargingHouse, _BERLIN, ChargingHouse),
    "anker-first": Plot(FirstHouse, _BERLIN, FirstHouse),
    "anker-later": Plot(LaterHouse, _BERLIN, LaterHouse),
    "chargehq": Plot(ChargeHqHouse, _SYDNEY, ChargeHqHouse),
    "fusionsolar": Plot(FusionHouse, _SYDNEY, FusionHouse),
    "redback": Plot(RedbackHouse, (*_BRISBANE, *_SYDNEY), _redback),
}
