"""FusionSolar: what an account costs, what it survives, what it tells the user."""

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.helpers import entity_registry as er

from ..brands import SPECS
from .conftest import FUSION_BATTERY, FUSION_INVERTER, FusionHouse


async def test_all_is_known_when_set_up_ends(fusion_house: FusionHouse) -> None:
    """Nothing that is shown of the cloud waits for its first value.

    Events wait for something to happen, and the keeper's entities for a schedule.
    """
    tables = SPECS["fusionsolar"].descriptions
    registry = er.async_get(fusion_house.hass)
    blank = [
        state.entity_id
        for platform, table in tables.items()
        for row in table
        if platform != "event"
        for item in registry.entities.values()
        if item.platform == DOMAIN and item.domain == platform
        if item.unique_id.endswith(f"_{row.key}")
        if (state := fusion_house.hass.states.get(item.entity_id)) is not None
        if state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    ]
    assert blank == []
    assert float(fusion_house.value("sensor", "solar_power", FUSION_INVERTER)) > 0
    assert float(fusion_house.value("sensor", "state_of_charge", FUSION_BATTERY)) > 0
