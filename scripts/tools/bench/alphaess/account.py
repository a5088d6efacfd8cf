"""What a bench asks the integration about an AlphaESS account."""

from datetime import datetime

from custom_components.joulekeeper.vendors.alphaess.endpoints import POWER
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..subject import ours


def newest_stamp(_: HomeAssistant, entry: ConfigEntry) -> datetime | None:
    """Return when the power that the first system's entities show was first seen."""
    account = entry.runtime_data.account
    power = account.readings.get(POWER, account.topology.units[0].serial)
    return None if power is None else power.time


SUBJECT = ours("alphaess", newest_stamp)
