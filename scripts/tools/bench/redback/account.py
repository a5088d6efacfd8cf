"""What a bench asks the integration about a Redback account."""

from datetime import datetime

from custom_components.joulekeeper.runtime import JoulekeeperConfigEntry
from custom_components.joulekeeper.vendors.redback.endpoints import DYNAMIC


def newest_stamp(entry: JoulekeeperConfigEntry) -> datetime | None:
    """Return the time stamp of the reading that the first inverter's entities show."""
    account = entry.runtime_data.account
    live = account.readings.get(DYNAMIC, account.topology.units[0].serial)
    return None if live is None else live.timestamp
