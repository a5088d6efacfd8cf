"""An optimiser's plan on systems whose own plan is lent for it, and given back."""

from collections.abc import AsyncIterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from homeassistant.core import HomeAssistant

from .blueprints import install, notices, ruling, switch_off
from .conftest import AnkerHouse, OpenAnkerHouse
from .emhass import Emhass, follow
from .keeping import MINUTE, SECOND, issues


@pytest.fixture(autouse=True)
async def automations(hass: HomeAssistant) -> AsyncIterator[None]:
    """Switch all of them off in the end."""
    yield
    await switch_off(hass)


@pytest.fixture(params=["A", "C"])
async def emhass(
    request: pytest.FixtureRequest, open_anker_house: OpenAnkerHouse, tmp_path: Path
) -> Emhass:
    """Return EMHASS beside a Solarbank E1600 or a Solarbank 2 Pro, in the dark."""
    house: AnkerHouse = await open_anker_house(fixture=request.param)
    house.cloud.set_sun(house.main, 0)
    house.cloud.force_soc(house.main, 80)
    await install(house.hass, tmp_path)
    return Emhass(house)


def plans(house: AnkerHouse) -> list[dict[str, Any]]:
    """Return what the cloud holds now; a week that is null is one without items."""
    return [
        plan | {"blend_plan": plan.get("blend_plan") or []}
        for plan in deepcopy(house.cloud.schedules(house.main))
    ]


def output(house: AnkerHouse) -> float:
    """Return what the bank gives to the house, W."""
    return round(house.cloud.truth(house.main).output_w)


async def test_plan_is_lent_and_given_back(emhass: Emhass) -> None:
    """Each phase replaces the one before; when the feed stops all is as it was."""
    house = emhass.house
    before = plans(house)
    await follow(emhass, lease=60)
    await emhass.go_on(10, 300, 250)
    assert await ruling(house) == [("discharge", 300)]
    assert output(house) == 300
    await emhass.go_on(10, 0, 400)
    assert await ruling(house) == [("hold", None)]
    assert output(house) == 0
    await emhass.go_on(10, 520, 150)
    assert await ruling(house) == [("discharge", 500)]
    assert output(house) == 500
    await house.pass_time(85 * MINUTE)
    assert await ruling(house) == []
    assert plans(house) == before
    assert not notices(house.hass)
    assert not issues(house)


async def test_powers_around_zero_give_the_plan_back(emhass: Emhass) -> None:
    """At once, and what it cannot do is told, with the plan given back too."""
    house = emhass.house
    before = plans(house)
    await follow(emhass, lease=60)
    await emhass.go_on(10, 400, 250)
    assert plans(house) != before
    await emhass.go_on(10, 20, 10)
    assert (await ruling(house), plans(house)) == ([], before)
    await emhass.go_on(10, 400, 250)
    assert plans(house) != before
    await emhass.go_on(10, -500, 700)
    assert list(notices(house.hass)) == [
        f"joulekeeper_follow_{house.device_id()}_charge"
    ]
    assert (await ruling(house), plans(house)) == ([], before)
    assert not issues(house)


async def test_renewing_a_loan_writes_little(
    emhass: Emhass, caplog: pytest.LogCaptureFixture
) -> None:
    """The same again changes nothing, at any second; twice an hour its end is moved."""
    house = emhass.house
    await follow(emhass, lease=60)
    await emhass.go_on(10, 300, 250)
    count = changes(house)
    await emhass.go_on(60, 300, 250)
    assert await ruling(house) == [("discharge", 300)]
    assert output(house) == 300
    assert changes(house) <= count + 2
    assert not [item.message for item in caplog.records if item.levelname == "ERROR"]


async def test_lease_is_extended_at_any_second(emhass: Emhass) -> None:
    """Also where the plan knows only minutes: all of it is whole minutes."""
    house = emhass.house
    order = {"action": "discharge", "power_w": 500, "lease_min": 20}
    (forced,) = await house.act("force", **order, duration_min=120)
    await house.pass_time(13 * MINUTE + 17 * SECOND)
    (same,) = await house.act("extend", lease_min=20)
    assert same["schedule_id"] == forced["schedule_id"]
    (longer,) = await house.act("extend", duration_min=30)
    assert longer["effective"]["duration_min"] == 150
    await house.pass_time(15 * MINUTE)
    assert output(house) == 500


def changes(house: AnkerHouse) -> int:
    """Return how often the plan was written."""
    return house.cloud.requests.count("set_device_parm")
