"""What a bench asks the integration about a Redback account."""

from datetime import datetime

from custom_components.joulekeeper.vendors.redback.endpoints import DYNAMIC
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..subject import ours


def newest_stamp(_: HomeAssistant, entry: ConfigEntry) -> datetime | None:
    """Return the time stamp of the reading that the first inverter's entities show."""
    account = entry.runtime_data.account
    live = account.readings.get(DYNAMIC, account.topology.units[0].serial)
    return None if live is None else live.timestamp


SUBJECT = ours("redback", newest_stamp)
