"""What a source is for those who push what it tells, and why it may tell nothing."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from astral.sun import elevation  # type: ignore[import-untyped]

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.sun import get_astral_observer

from .core.flow import SiteFlow


class Trouble(StrEnum):
    """Why a source has nothing to tell."""

    REMOVED = "removed"
    NOT_LOADED = "not_loaded"
    PAUSED = "paused"
    UNREACHABLE = "unreachable"
    NO_DATA = "no_data"
    STALE = "stale"
    MISMATCH = "mismatch"


SENTENCES: Final = {
    Trouble.REMOVED: "The source of the readings was removed from Home Assistant.",
    Trouble.NOT_LOADED: (
        "The account that delivers the readings is not running in Home Assistant."
    ),
    Trouble.PAUSED: (
        "The account that delivers the readings is switched off in Home Assistant."
    ),
    Trouble.UNREACHABLE: "The cloud that delivers the readings does not answer.",
    Trouble.NO_DATA: "The source delivers no readings at present.",
    Trouble.STALE: "The readings of the source are too old.",
    Trouble.MISMATCH: (
        "The readings of the source do not fit together: more power goes out than "
        "comes in."
    ),
}
"""What the target is told, in the language of its app."""


class Feed(Protocol):
    """A source while somebody pushes what it tells."""

    def read(self) -> SiteFlow | Trouble:
        """Return what flows at present, or why that is not known."""

    def async_start(self, on_change: Callable[[], None]) -> CALLBACK_TYPE:
        """Follow the source until the returned function is called."""


@callback
def sun_elevation(hass: HomeAssistant, at: datetime) -> float:
    """Return how high the sun stands at Home Assistant's place, degrees."""
    return float(elevation(get_astral_observer(hass), at))
