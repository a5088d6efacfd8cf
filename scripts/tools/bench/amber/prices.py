"""Which price the states show, ours and those of Home Assistant's own integration."""

from datetime import datetime

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er


def final_since(
    hass: HomeAssistant, entry: ConfigEntry, ending: str
) -> datetime | None:
    """Return the begin of the interval whose price is final and shown, else None.

    `ending` is that of the unique id of the sensor of general usage.
    """
    registry = er.async_get(hass)
    for item in er.async_entries_for_config_entry(registry, entry.entry_id):
        if item.domain == "sensor" and item.unique_id.endswith(ending):
            state = hass.states.get(item.entity_id)
            if state is None or state.attributes.get("estimate") is not False:
                return None
            if state.attributes.get("held"):
                return None
            start = datetime.fromisoformat(state.attributes["start_time"])
            # The cloud's intervals begin a second late.
            return start.replace(second=0)
    return None
