"""evcc's three scripts, made and named as the documentation says, and called as by evcc."""

from pathlib import Path
from typing import Any

import pytest

from homeassistant.setup import async_setup_component

from .blueprints import half_full, install, notices, ruling
from .conftest import EVENING, FusionHouse, House, OpenHouse
from .docs_blocks import DEVICE, block, filled
from .keeping import MINUTE, issues, items, running, writes

MODES = ("normal", "hold", "charge")


class Evcc:
    """evcc as far as Home Assistant sees it: it starts the script of a new mode, once."""

    def __init__(self, house: House[Any]) -> None:
        """Take the scripts' names from the example of `evcc.yaml`."""
        (self.meter,) = block("interoperability.md", "meters")
        self.house = house

    async def mode(self, name: str) -> None:
        """Begin a mode; evcc does not wait for what comes of it."""
        entity_id = self.meter[f"mode{name.title()}"]
        assert self.house.hass.states.get(entity_id) is not None
        await self.house.hass.services.async_call(
            "script", "turn_on", {"entity_id": entity_id}
        )
        await self.house.hass.async_block_till_done(wait_background_tasks=True)


async def set_up(house: House[Any], folder: Path, **changes: Any) -> Evcc:
    """Make the scripts of the documentation for a house."""
    await install(house.hass, folder)
    scripts = block("interoperability.md", "script", "evcc_normal")
    scripts = filled(scripts, {DEVICE: house.device_id()})
    for name in ("hold", "charge"):
        scripts[f"evcc_{name}"]["use_blueprint"]["input"] |= changes
    assert await async_setup_component(house.hass, "script", {"script": scripts})
    await house.hass.async_block_till_done()
    return Evcc(house)


@pytest.fixture
async def evcc(open_house: OpenHouse, tmp_path: Path) -> Evcc:
    """Return evcc beside a Redback with half a battery, at night."""
    return await set_up(await half_full(open_house), tmp_path)


async def test_modes_of_evcc(evcc: Evcc) -> None:
    """Each mode replaces the one before, and normal ends it; the owner's go on."""
    house = evcc.house
    await house.act("create_schedule", action="auto", duration_min=30)
    await evcc.mode("hold")
    assert (running(house), items(house, EVENING)) == (
        "Conserve",
        [("Conserve", 0, 240)],
    )
    await house.pass_time(20 * MINUTE)
    assert await ruling(house) == [("hold", None)]
    await evcc.mode("charge")
    assert running(house) == "ChargeBattery"
    assert await ruling(house) == [("charge", 3000)]
    # At its highest charge evcc asks for hold again in every cycle.
    await evcc.mode("hold")
    count = writes(house)
    for _ in range(4):
        await evcc.mode("hold")
        await house.pass_time(0.5 * MINUTE)
    assert writes(house) == count
    await evcc.mode("normal")
    assert running(house) == "Auto"
    assert items(house, EVENING) == [("Auto", 22, 30)]
    calls = house.cloud.requests.total
    await evcc.mode("normal")
    assert house.cloud.requests.total == calls
    assert not notices(house.hass)


async def test_limit_of_the_site_is_none_of_its_modes(evcc: Evcc) -> None:
    """What keeps the site from feeding in goes on, as at a negative price."""
    house = evcc.house
    await house.act("force", action="limit", max_export_w=0, duration_min=60)
    await evcc.mode("charge")
    assert await ruling(house) == [("charge", 3000), ("limit", None)]
    await evcc.mode("normal")
    assert await ruling(house) == [("limit", None)]


async def test_evcc_that_is_gone_ends_in_auto(
    open_house: OpenHouse, tmp_path: Path
) -> None:
    """The cloud ends the mode after the time of the script."""
    house = await half_full(open_house)
    evcc = await set_up(house, tmp_path, longest=45)
    await evcc.mode("charge")
    await house.pass_time(44 * MINUTE)
    assert running(house) == "ChargeBattery"
    await house.pass_time(3 * MINUTE)
    assert (running(house), items(house, EVENING)) == ("Auto", [])
    assert not issues(house)


async def test_mode_that_the_plant_has_not_is_told(
    fusion_house: FusionHouse, tmp_path: Path
) -> None:
    """What ran before does not run on in its place."""
    evcc = await set_up(fusion_house, tmp_path)
    await evcc.mode("charge")
    assert await ruling(fusion_house) == [("charge", 3000)]
    await evcc.mode("hold")
    assert await ruling(fusion_house) == []
    ((key, text),) = notices(fusion_house.hass).items()
    assert key == f"joulekeeper_evcc_hold_{fusion_house.device_id()}"
    assert "cannot hold its charge for evcc" in text


@pytest.mark.parametrize("mode", ["hold", "charge"])
async def test_mode_that_works_again_is_told_no_more(evcc: Evcc, mode: str) -> None:
    """The notification goes once the mode is done."""
    key = f"joulekeeper_evcc_{mode}_{evcc.house.device_id()}"
    await evcc.house.hass.services.async_call(
        "persistent_notification",
        "create",
        {"notification_id": key, "message": "It could not."},
        blocking=True,
    )
    await evcc.mode(mode)
    assert not notices(evcc.house.hass)
