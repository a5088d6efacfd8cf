"""What tests of blueprints share: they are imported and used as by a user."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
import shutil
from typing import Any, Final

from homeassistant.components.persistent_notification import (
    _async_get_or_create_notifications as notifications_of,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from ..clouds.amber import Advanced, Behaviour
from .amber_home import INTERVAL, begin, pass_until
from .conftest import (
    AMBER,
    EVENING,
    INVERTER,
    AmberHouse,
    House,
    OpenAmberHouse,
    OpenHouse,
)
from .keeping import HOUR, MINUTE
from .leap import leap

FOLDER: Final = Path(__file__).parents[2] / "blueprints"
IN_FORCE: Final = ("sent", "accepted", "confirmed", "active", "delivering")
BRISBANE: Final = "Australia/Brisbane"
FILES: Final = sorted(FOLDER.rglob("*.yaml"))


async def install(hass: HomeAssistant, folder: Path) -> None:
    """Put the blueprints where an import puts them."""
    assert await async_setup_component(hass, "persistent_notification", {})
    hass.config.config_dir = str(folder)
    shutil.copytree(FOLDER, folder / "blueprints", dirs_exist_ok=True)


async def automate(house: House[Any], name: str, **inputs: Any) -> str:
    """Make an automation from a blueprint, as its dialog does; return its entity."""
    (entity_id,) = await automate_all(house, {name: inputs})
    return entity_id


async def automate_all(
    house: House[Any], wanted: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """Make automations from blueprints with their inputs; return their entities."""
    config = [
        {
            "id": name,
            "alias": name,
            "use_blueprint": {"path": f"joulekeeper/{name}.yaml", "input": inputs},
        }
        for name, inputs in wanted.items()
    ]
    assert await async_setup_component(house.hass, "automation", {"automation": config})
    await house.hass.async_block_till_done()
    made = house.hass.states.async_all("automation")
    assert [item.state for item in made] == ["on"] * len(wanted), made
    return [item.entity_id for item in made]


async def switch_off(hass: HomeAssistant) -> None:
    """Stop the timers of all automations."""
    for entity_id in hass.states.async_entity_ids("automation"):
        await hass.services.async_call(
            "automation", "turn_off", {"entity_id": entity_id}, blocking=True
        )


def notices(hass: HomeAssistant) -> dict[str, str]:
    """Return the notifications that are shown: by their id, their text."""
    return {
        key: f"{item['title']}: {item['message']}"
        for key, item in notifications_of(hass).items()
    }


async def ruling(house: House[Any]) -> list[tuple[str, int | None]]:
    """Return what of ours is in force: actions and powers."""
    return [
        (rule["action"], rule["power_w"])
        for result in await house.act("list_schedules")
        for rule in result["rules"]
        if any(item["state"] in IN_FORCE for item in rule["occurrences"])
    ]


async def half_full(open_house: OpenHouse) -> House:
    """Return the house of fixture A at night, with half a battery."""
    house = await open_house(fixture="A", now=EVENING - 2 * MINUTE)
    plant = house.cloud.inverter(INVERTER).house
    plant.stored_kwh = plant.spec.battery_kwh / 2
    await leap(house, MINUTE)
    await leap(house, MINUTE)
    return house


async def night_in_brisbane(
    hass: HomeAssistant, open_house: OpenHouse, folder: Path
) -> House:
    """Return a Redback with half a battery at nine in the evening, in its own zone."""
    await hass.config.async_set_time_zone(BRISBANE)
    house = await half_full(open_house)
    await install(hass, folder)
    return house


async def open_prices(open_amber_house: OpenAmberHouse) -> AmberHouse:
    """Return Amber in Brisbane: 9 c from the last hour on."""
    amber = await open_amber_house(
        now=dt_util.utcnow(), zone=BRISBANE, behaviour=Behaviour(publication_s=20.0)
    )
    calm = Advanced(8.0, 9.0, 10.0)
    amber.cloud.set_price(
        AMBER, begin(amber) - HOUR, 900, spot=9.0, forecast=9.0, advanced=calm
    )
    await pass_until(amber, begin(amber) + INTERVAL + MINUTE)
    return amber


async def settled(house: House[Any], duration: timedelta = timedelta(0)) -> None:
    """Let automations finish, and time pass."""
    await house.hass.async_block_till_done(wait_background_tasks=True)
    await house.pass_time(duration)
