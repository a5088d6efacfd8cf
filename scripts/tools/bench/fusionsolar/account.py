"""What a bench asks the integration about a FusionSolar account."""

from datetime import datetime

from custom_components.joulekeeper.vendors.fusionsolar.endpoints import LIVE
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant

from ..subject import ours


def newest_stamp(_: HomeAssistant, entry: ConfigEntry) -> datetime | None:
    """Return the mark whose values the first plant's entities show."""
    account = entry.runtime_data.account
    live = account.readings.get(LIVE, account.topology.site_ids[0])
    return None if live is None else live.measured_at


SUBJECT = ours("fusionsolar", newest_stamp)
