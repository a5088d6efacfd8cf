"""What a bench asks the integration about an AlphaESS account."""

from datetime import datetime

from custom_components.joulekeeper.runtime import JoulekeeperConfigEntry
from custom_components.joulekeeper.vendors.alphaess.endpoints import POWER


def newest_stamp(entry: JoulekeeperConfigEntry) -> datetime | None:
    """Return when the power that the first system's entities show was first seen."""
    account = entry.runtime_data.account
    power = account.readings.get(POWER, account.topology.units[0].serial)
    return None if power is None else power.time
