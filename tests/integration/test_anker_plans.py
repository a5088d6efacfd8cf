"""Anker: plans that the owner or the cloud changes while something of ours is in them."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.joulekeeper.vendors.anker.control import SystemController
from custom_components.joulekeeper.vendors.anker.status import UsageMode
from custom_components.joulekeeper.vendors.base import Rewrite

from ..clouds import Fault
from ..clouds.anker.plans import use_time
from ..clouds.faults import ActiveFault
from .conftest import AnkerHouse, OpenAnkerHouse
from .keeping import HOUR, MINUTE, issues, log
from .test_anker_schedules import bare, in_the_dark, output, plan, weeks


@pytest.fixture
async def first(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return a system with one Solarbank of the first generation."""
    return in_the_dark(await open_anker_house(fixture="A"))


@pytest.fixture
async def later(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return a Solarbank 2 Pro with a meter, which follows the meter."""
    return in_the_dark(await open_anker_house(fixture="C"))


async def restart(house: AnkerHouse, away: timedelta) -> None:
    """Take Home Assistant away for a while."""
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.freezer.tick(away)
    await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    await house.pass_time(3 * MINUTE)


def slots(house: AnkerHouse) -> list[tuple[int, int]]:
    """Return power and charge priority of each slot that the cloud holds."""
    return [
        (it["appliance_loads"][0]["power"], it["charge_priority"])
        for it in plan(house)["ranges"]
    ]


async def test_app_changes_a_side_field(first: AnkerHouse) -> None:
    """The charge priority is the owner's, and our power goes back all the same."""
    await first.act("force", action="discharge", power_w=550, duration_min=60)
    await first.pass_time(5 * MINUTE)
    ranges = plan(first)["ranges"]
    for it in ranges:
        it["charge_priority"] = 60
    first.cloud.app_sets_profile(first.main, ranges)
    await first.pass_time(2 * HOUR)
    assert slots(first) == [(200, 60), (300, 60)]
    assert first.value("sensor", "schedule_status") == "none"
    assert "overridden" not in [
        it["event"] for it in await log(first, device=first.main)
    ]
    assert not issues(first)


async def test_plan_that_is_not_understood_for_a_while(first: AnkerHouse) -> None:
    """Nothing is written over it; it goes back when it can be read again."""
    before = plan(first)["ranges"]
    await first.act("force", action="discharge", power_w=550, duration_min=30)
    await first.pass_time(5 * MINUTE)
    lent = plan(first)["ranges"]
    odd: list[dict[str, Any]] = [*lent, {**lent[0], "end_time": "00:00"}]
    first.cloud.app_sets_profile(first.main, odd)
    await first.pass_time(90 * MINUTE)
    assert plan(first)["ranges"] == odd
    assert set(issues(first)) == {"restore_failed_plan"}
    first.cloud.app_sets_profile(first.main, lent)
    await first.pass_time(30 * MINUTE)
    assert plan(first)["ranges"] == before
    assert not issues(first)


async def test_what_stays_for_no_known_reason_is_told(first: AnkerHouse) -> None:
    """As when a fault of ours writes nothing, and the slot is there every day."""
    before = plan(first)
    await first.act("force", action="discharge", power_w=550, duration_min=30)
    await first.pass_time(5 * MINUTE)
    rewrite = SystemController.rewrite

    def writes_nothing(self: SystemController, *args: Any, **kwargs: Any) -> Rewrite:
        made = rewrite(self, *args, **kwargs)
        return Rewrite((), {}, args[1]) if not args[2] else made

    with patch.object(SystemController, "rewrite", writes_nothing):
        await first.pass_time(90 * MINUTE)
        assert set(issues(first)) == {"restore_failed_plan"}
    assert output(first) == 550 or plan(first) != before
    await first.pass_time(30 * MINUTE)
    assert plan(first) == before
    assert not issues(first)


async def test_two_banks_side_by_side(open_anker_house: OpenAnkerHouse) -> None:
    """They share a profile, with equal shares of ours, and get theirs back."""
    house = in_the_dark(await open_anker_house(fixture="B"))
    before = plan(house)
    await house.act("force", action="discharge", power_w=700, duration_min=30)
    lent = next(it for it in plan(house)["ranges"] if it not in before["ranges"][:1])
    assert lent["power_setting_mode"] == 1
    await house.pass_time(10 * MINUTE)
    assert output(house) == 700
    await house.pass_time(40 * MINUTE)
    assert plan(house) == before


@pytest.mark.parametrize("away", [20 * MINUTE, 3 * HOUR])
async def test_restart_in_a_mode_that_is_lent(
    later: AnkerHouse, away: timedelta
) -> None:
    """It goes on; or the owner has his mode back at once, if it is over."""
    before = bare(later)
    await later.act("force", action="discharge", power_w=400, duration_min=60)
    assert weeks(later)[0] == 3
    await restart(later, away)
    if away < HOUR:
        assert weeks(later)[0] == 3
        await later.pass_time(50 * MINUTE)
    assert bare(later) == before


async def test_outage_over_the_end_of_a_mode(later: AnkerHouse) -> None:
    """Until it can be given back the house takes from the grid, not 200 W out."""
    before = bare(later)
    await later.act("force", action="discharge", power_w=400, duration_min=30)
    await later.pass_time(10 * MINUTE)
    for label in ("set_device_parm", "get_device_parm", "scene_info"):
        later.cloud.faults.add(label, Fault.STATUS, status=503)
    await later.pass_time(50 * MINUTE)
    assert weeks(later)[0] == 3
    later.cloud.faults.clear()
    await later.pass_time(20 * MINUTE)
    assert bare(later) == before


async def test_backup_charge_over_a_restart(open_anker_house: OpenAnkerHouse) -> None:
    """The device ends it by itself; nothing of it is left."""
    house = in_the_dark(await open_anker_house(fixture="AC"), soc=30)
    await house.act("force", action="charge", duration_min=60)
    assert plan(house)["manual_backup"]["switch"]
    await restart(house, 20 * MINUTE)
    assert plan(house)["manual_backup"]["switch"]
    await house.pass_time(60 * MINUTE)
    held = plan(house)["manual_backup"]
    assert not (held and held.get("switch"))
    assert not issues(house)


@pytest.mark.parametrize("lost", [False, True])
async def test_second_of_two_writes_fails(
    open_anker_house: OpenAnkerHouse, *, lost: bool
) -> None:
    """The week is the owner's again, then his mode, whose times are a write of its own."""
    house = in_the_dark(await open_anker_house(fixture="AC"))
    house.cloud.app_sets_plan(house.main, use_time=use_time())
    house.cloud.app_sets_mode(house.main, UsageMode.USE_TIME)
    await house.pass_time(11 * MINUTE)
    before = bare(house)
    await house.act("force", action="discharge", power_w=400, duration_min=30)
    assert weeks(house)[0] == UsageMode.MANUAL
    fail = {"kind": Fault.DROP, "done": True} if lost else {"kind": Fault.STATUS}
    failing: list[ActiveFault] = []
    faults = house.cloud.faults
    faults.add("set_device_parm", Fault.FOREIGN_EDIT, times=1, action=lambda: None)
    faults.add(
        "set_device_parm",
        Fault.FOREIGN_EDIT,
        times=1,
        action=lambda: failing.append(faults.add("set_device_parm", **fail)),
    )
    await house.pass_time(40 * MINUTE)
    assert failing[0].hits
    assert weeks(house)[1] == before["custom_rate_plan"]
    faults.clear()
    await house.pass_time(30 * MINUTE)
    assert bare(house) == before
    assert not issues(house)


async def test_app_edits_the_week_inside_ours(later: AnkerHouse) -> None:
    """What he made of ours stays in his week; the mode that was lent comes back."""
    before = bare(later)
    await later.act("force", action="discharge", power_w=400, duration_min=60)
    await later.pass_time(5 * MINUTE)
    _, week = weeks(later)
    for item in week:
        for it in item["ranges"]:
            if it["power"] == 400:
                it["power"] = 650
    later.cloud.app_sets_plan(later.main, custom_rate_plan=week)
    await later.pass_time(15 * MINUTE)
    assert "overridden" in [it["event"] for it in await log(later, device=later.main)]
    await later.pass_time(2 * HOUR)
    assert weeks(later) == (before["mode_type"], week)
    assert not issues(later)
