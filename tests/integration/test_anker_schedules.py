"""Anker: schedules on plans that recur, lent for a while and given back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..clouds import Fault
from ..clouds.anker import Behaviour
from .conftest import AnkerHouse, OpenAnkerHouse
from .keeping import HOUR, MINUTE, issues, log

NOON = datetime(2026, 5, 4, 10, 2, 30, tzinfo=UTC)
"""Two minutes and a half past noon in Berlin, on a Monday."""


@pytest.fixture
async def first(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return a system with one Solarbank of the first generation."""
    return in_the_dark(await open_anker_house(fixture="A"))


@pytest.fixture
async def later(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return a Solarbank 2 Pro with a meter, which follows the meter."""
    return in_the_dark(await open_anker_house(fixture="C"))


def in_the_dark(house: AnkerHouse, soc: float = 80) -> AnkerHouse:
    """Return a system without sun, so that its output is what it is told."""
    house.cloud.set_sun(house.main, 0)
    house.cloud.force_soc(house.main, soc)
    return house


def plan(house: AnkerHouse) -> dict[str, Any]:
    """Return what the cloud holds."""
    (found,) = house.cloud.schedules(house.main)
    return found


def bare(house: AnkerHouse) -> dict[str, Any]:
    """Return what the cloud holds; a week that is null is one without items."""
    held = plan(house)
    return held | {"blend_plan": held["blend_plan"] or []}


def weeks(house: AnkerHouse) -> tuple[Any, ...]:
    """Return mode and week as the cloud holds them."""
    held = plan(house)
    return held["mode_type"], held["custom_rate_plan"]


def output(house: AnkerHouse) -> float:
    """Return what the banks give to the house, W."""
    return round(house.cloud.truth(house.main).output_w)


async def story(house: AnkerHouse) -> list[str]:
    """Return the events of the system, earliest first."""
    return [entry["event"] for entry in await log(house, device=house.main)]


# -- day profile -------------------------------------------------------------------


async def test_force_on_a_day_profile(first: AnkerHouse) -> None:
    """A slot is lent at once, obeyed, proved, and given back byte for byte."""
    before = plan(first)
    (forced,) = await first.act(
        "force", action="discharge", power_w=550, duration_min=30
    )
    assert forced["state"] == "confirmed"
    lent = plan(first)
    assert {**lent, "ranges": before["ranges"]} == before
    powers = [it["appliance_loads"][0]["power"] for it in lent["ranges"]]
    assert powers == [200, 300, 550, 300]
    await first.pass_time(10 * MINUTE)
    assert output(first) == 550
    assert first.value("sensor", "schedule_status") == "delivering"
    await first.pass_time(30 * MINUTE)
    assert plan(first) == before
    assert list(plan(first)) == list(before)
    assert output(first) == 300
    assert (await story(first))[-1] == "done"
    # Lent once, given back once; only by the call that has an effect.
    assert first.cloud.requests.count("set_device_parm") == 2
    assert first.cloud.requests.count("set_device_load") == 0


async def test_stop_gives_back_at_once(first: AnkerHouse) -> None:
    """What the owner has set is there again."""
    before = plan(first)
    await first.act("force", action="hold", duration_min=120, inexact="nearest")
    await first.pass_time(5 * MINUTE)
    assert output(first) == 0
    await first.act("stop")
    assert plan(first) == before


async def test_longer_one_takes_its_place(first: AnkerHouse) -> None:
    """The plan does the same then; what was to end sooner is over all the same."""
    before = plan(first)
    (made,) = await first.act(
        "create_schedule",
        action="discharge",
        power_w=550,
        duration_min=30,
        start=(NOON + 10 * MINUTE).replace(second=0).isoformat(),
    )
    await first.act("update_schedule", schedule_id=made["schedule_id"], duration_min=60)
    assert (await story(first)).count("superseded") == 1
    await first.pass_time(50 * MINUTE)
    assert output(first) == 550
    await first.act("stop")
    assert plan(first) == before


async def test_later_slot_is_lent_late(first: AnkerHouse) -> None:
    """It would come again every day; until its time is near it is planned."""
    before = plan(first)
    start = NOON + 5 * HOUR
    (planned,) = await first.act(
        "create_schedule",
        action="discharge",
        power_w=400,
        duration_min=60,
        start=start.isoformat(),
    )
    assert planned["state"] == "planned"
    await first.pass_time(4 * HOUR + 45 * MINUTE)
    assert plan(first) == before
    first.cloud.force_soc(first.main, 80)
    await first.pass_time(10 * MINUTE)
    assert plan(first) != before
    await first.pass_time(30 * MINUTE)
    assert output(first) == 400
    await first.pass_time(60 * MINUTE)
    assert plan(first) == before


async def test_what_is_not_taken_back_is_told(first: AnkerHouse) -> None:
    """The repair does not promise an end, for a slot comes again every day."""
    before = plan(first)
    await first.act("force", action="discharge", power_w=550, duration_min=30)
    first.cloud.faults.add("set_device_parm", Fault.STATUS, status=502)
    await first.pass_time(90 * MINUTE)
    assert set(issues(first)) == {"restore_failed_plan"}
    first.cloud.faults.clear()
    await first.pass_time(20 * MINUTE)
    assert plan(first) == before
    assert not issues(first)


async def test_outage_over_the_end(first: AnkerHouse) -> None:
    """As soon as the cloud can be reached it is given back."""
    before = plan(first)
    await first.act("force", action="discharge", power_w=550, duration_min=30)
    await first.pass_time(10 * MINUTE)
    for label in ("set_device_parm", "get_device_load", "scene_info"):
        first.cloud.faults.add(label, Fault.STATUS, status=503)
    await first.pass_time(50 * MINUTE)
    assert plan(first) != before
    first.cloud.faults.clear()
    await first.pass_time(20 * MINUTE)
    assert plan(first) == before


@pytest.mark.parametrize("away", [20 * MINUTE, 3 * HOUR])
async def test_restart_mid_run(first: AnkerHouse, away: timedelta) -> None:
    """It goes on; or is given back at once, if it is over."""
    before = plan(first)
    await first.act("force", action="discharge", power_w=550, duration_min=60)
    await first.hass.config_entries.async_unload(first.entry.entry_id)
    first.freezer.tick(away)
    await first.hass.config_entries.async_setup(first.entry.entry_id)
    await first.hass.async_block_till_done(wait_background_tasks=True)
    await first.pass_time(3 * MINUTE)
    if away < HOUR:
        assert output(first) == 550
        assert first.cloud.requests.count("set_device_parm") == 1
        await first.pass_time(40 * MINUTE)
    assert plan(first) == before


async def test_app_edit_of_another_slot_is_kept(first: AnkerHouse) -> None:
    """What the owner changes meanwhile is there afterwards, and ours is not."""
    before = plan(first)
    await first.act("force", action="discharge", power_w=550, duration_min=60)
    await first.pass_time(5 * MINUTE)
    ranges = plan(first)["ranges"]
    ranges[0]["appliance_loads"][0]["power"] = 120
    first.cloud.app_sets_profile(first.main, ranges)
    await first.pass_time(90 * MINUTE)
    after = plan(first)
    powers = [it["appliance_loads"][0]["power"] for it in after["ranges"]]
    assert powers == [120, 300]
    assert after["ranges"][1] == before["ranges"][1]
    assert (await story(first))[-1] == "done"


async def test_app_edit_of_ours_wins(first: AnkerHouse) -> None:
    """What was forced is overridden, and never written again."""
    await first.act("force", action="discharge", power_w=550, duration_min=120)
    await first.pass_time(5 * MINUTE)
    ranges = plan(first)["ranges"]
    ranges[2]["appliance_loads"][0]["power"] = 150
    first.cloud.app_sets_profile(first.main, ranges)
    await first.pass_time(30 * MINUTE)
    assert "overridden" in await story(first)
    assert output(first) == 150
    await first.pass_time(3 * HOUR)
    powers = [it["appliance_loads"][0]["power"] for it in plan(first)["ranges"]]
    assert powers == [200, 300, 150, 300]


async def test_lying_cloud(first: AnkerHouse) -> None:
    """What was accepted and is not there after minutes is said, not believed."""
    before = plan(first)
    first.cloud.change(lies=True)
    (forced,) = await first.act(
        "force", action="discharge", power_w=550, duration_min=60
    )
    assert forced["state"] != "confirmed"
    await first.pass_time(20 * MINUTE)
    assert first.value("sensor", "schedule_status") == "unconfirmed"
    assert set(issues(first)) == {"unconfirmed"}
    first.cloud.change(lies=False)
    await first.pass_time(90 * MINUTE)
    assert plan(first) == before


async def test_cloud_that_lies_about_giving_back(first: AnkerHouse) -> None:
    """It is written again as soon as the cloud can no longer be just late."""
    before = plan(first)
    await first.act("force", action="discharge", power_w=550, duration_min=37)
    first.cloud.faults.add("set_device_parm", Fault.IGNORED, times=1)
    await first.pass_time(50 * MINUTE)
    assert plan(first) != before
    await first.pass_time(4 * MINUTE)
    assert plan(first) == before


async def test_change_that_shows_late(open_anker_house: OpenAnkerHouse) -> None:
    """Six minutes are no reason to write it again, or to take it for an edit."""
    house = await open_anker_house(fixture="A", behaviour=Behaviour(stored_after_s=350))
    before = plan(house)
    await house.act("force", action="discharge", power_w=550, duration_min=30)
    await house.pass_time(15 * MINUTE)
    assert house.cloud.requests.count("set_device_parm") == 1
    assert house.value("sensor", "schedule_status") == "delivering"
    await house.pass_time(60 * MINUTE)
    assert plan(house) == before
    assert house.cloud.requests.count("set_device_parm") == 2
    assert "overridden" not in await story(house)


async def test_what_a_day_profile_cannot_do(first: AnkerHouse) -> None:
    """It is said before anything is sent."""
    for action in ("charge", "export", "import", "idle", "no_charge", "hold"):
        with pytest.raises(ServiceValidationError):
            await first.act("force", action=action, duration_min=60)
    assert first.cloud.requests.count("set_device_parm") == 0


async def test_day_of_the_clock_change(open_anker_house: OpenAnkerHouse) -> None:
    """The hour that the clock shows twice is part of it both times."""
    night = datetime(2026, 10, 24, 22, 30, tzinfo=UTC)
    house = in_the_dark(await open_anker_house(fixture="A", now=night), 100)
    before = plan(house)
    await house.act(
        "create_schedule",
        action="discharge",
        power_w=350,
        duration_min=120,
        start="2026-10-25T01:30:00+02:00",
        rrule="FREQ=DAILY",
    )
    powers: dict[str, float] = {}
    moment = night
    while moment < night + 5 * HOUR:
        await house.pass_time(10 * MINUTE)
        moment += 10 * MINUTE
        powers[f"{moment:%H:%M}"] = output(house)
    # What comes again goes from 01:30 to 03:30 on the wall, which are three hours.
    assert powers["23:20"] == 200
    assert {powers[it] for it in ("23:50", "00:50", "01:20", "02:20")} == {350}
    assert powers["02:50"] == 200
    assert plan(house) == before


# -- rate plans --------------------------------------------------------------------


async def test_force_in_another_mode(later: AnkerHouse) -> None:
    """Mode and week are lent, and given back byte for byte."""
    before = bare(later)
    (forced,) = await later.act(
        "force", action="discharge", power_w=300, duration_min=60
    )
    assert forced["state"] == "confirmed"
    mode, week = weeks(later)
    assert mode == 3
    assert [it["week"] for it in week] == [[0, 6], [2, 3, 4, 5], [1]]
    await later.pass_time(20 * MINUTE)
    assert output(later) == 300
    assert later.value("sensor", "schedule_status") == "delivering"
    await later.pass_time(60 * MINUTE)
    assert bare(later) == before
    assert list(plan(later)) == list(before)
    assert (await story(later))[-1] == "done"


async def test_another_mode_is_left_at_the_start(later: AnkerHouse) -> None:
    """Not an hour ahead, for the manual plan would rule until then."""
    before = weeks(later)
    start = NOON + 2 * HOUR
    await later.act(
        "create_schedule",
        action="hold",
        duration_min=60,
        start=start.isoformat(),
    )
    await later.pass_time(HOUR + 58 * MINUTE)
    assert weeks(later) == before
    await later.pass_time(15 * MINUTE)
    assert weeks(later)[0] == 3
    assert output(later) == 0
    await later.pass_time(HOUR)
    assert weeks(later) == before


async def test_lent_mode_is_not_the_owners(later: AnkerHouse) -> None:
    """While it is lent, what is for later waits as it does without that."""
    before = weeks(later)
    await later.act("force", action="discharge", power_w=300, duration_min=60)
    assert weeks(later)[0] == 3
    (planned,) = await later.act(
        "create_schedule",
        action="discharge",
        power_w=400,
        duration_min=60,
        start=(NOON + 2 * HOUR).isoformat(),
    )
    assert planned["state"] == "planned"
    await later.pass_time(HOUR + 10 * MINUTE)
    assert weeks(later) == before
    await later.pass_time(70 * MINUTE)
    assert output(later) == 400


async def test_manual_mode_is_laid_ahead(later: AnkerHouse) -> None:
    """Each on its own weekday, for three days; and all are taken out again."""
    later.cloud.app_sets_mode(later.main, 3)
    await later.pass_time(11 * MINUTE)
    before = weeks(later)
    start = (NOON + HOUR).replace(minute=0, second=0)
    await later.act(
        "create_schedule",
        action="discharge",
        duration_min=60,
        power_w=330,
        start=start.isoformat(),
        rrule="FREQ=DAILY",
    )
    laid = [
        item["week"]
        for item in weeks(later)[1]
        if any(it["power"] == 330 for it in item["ranges"])
    ]
    assert sorted(day for week in laid for day in week) == [1, 2, 3]
    await later.pass_time(90 * MINUTE)
    assert output(later) == 330
    await later.act("delete_all_schedules")
    assert weeks(later) == before


async def test_app_changes_the_mode(later: AnkerHouse) -> None:
    """Then it is his, and what was lent of the week is taken out all the same."""
    before = weeks(later)
    await later.act("force", action="discharge", power_w=300, duration_min=60)
    await later.pass_time(5 * MINUTE)
    later.cloud.app_sets_mode(later.main, 1)
    await later.pass_time(15 * MINUTE)
    assert "overridden" in await story(later)
    assert weeks(later) == before
    assert not issues(later)


async def test_backup_charge(open_anker_house: OpenAnkerHouse) -> None:
    """One shot, which returns by itself when the battery is full."""
    house = in_the_dark(await open_anker_house(fixture="AC"), 60)
    before = plan(house)
    (forced,) = await house.act("force", action="charge", duration_min=180)
    assert forced["state"] == "confirmed"
    held = plan(house)
    assert held["mode_type"] == before["mode_type"]
    assert held["manual_backup"]["switch"] is True
    await house.pass_time(20 * MINUTE)
    assert house.cloud.truth(house.main).grid_charge_w > 500
    house.cloud.force_soc(house.main, 100)
    await house.pass_time(20 * MINUTE)
    assert house.cloud.truth(house.main).grid_charge_w == 0
    assert "overridden" not in await story(house)
    await house.pass_time(3 * HOUR)
    assert (await story(house))[-1] == "done"
    after = plan(house)
    assert after["manual_backup"]["switch"] is False
    assert {**after, "manual_backup": 0} == {**before, "manual_backup": 0}


async def test_backup_charge_is_stopped(open_anker_house: OpenAnkerHouse) -> None:
    """At once, with all else as it was."""
    house = await open_anker_house(fixture="AC")
    before = plan(house)
    await house.act("force", action="charge", duration_min=180)
    await house.act("stop")
    after = plan(house)
    assert after["manual_backup"]["switch"] is False
    assert {**after, "manual_backup": 0} == {**before, "manual_backup": 0}


async def test_owners_backup_charge_is_not_overlapped(
    open_anker_house: OpenAnkerHouse,
) -> None:
    """It is shown, and whoever wants its time is told."""
    house = await open_anker_house(fixture="AC")
    start = round((NOON + HOUR).timestamp())
    span = {"start_time": start, "end_time": start + 3600}
    house.cloud.app_sets_plan(
        house.main, manual_backup={"ranges": [span], "switch": True}
    )
    with pytest.raises(HomeAssistantError) as refused:
        await house.act("force", action="charge", duration_min=120)
    assert refused.value.translation_key == "overlap_foreign"
    await house.act("force", action="charge", duration_min=30)
    await house.pass_time(45 * MINUTE)
    assert plan(house)["manual_backup"] == {"ranges": [span], "switch": True}


async def test_charging_with_a_power(open_anker_house: OpenAnkerHouse) -> None:
    """Where the plan knows such ranges."""
    house = in_the_dark(await open_anker_house(fixture="E"), 40)
    span = {
        "start_time": "00:00",
        "end_time": "24:00",
        "power": 200,
        "charging_type": 0,
    }
    item = {"index": 0, "week": list(range(7)), "ranges": [span]}
    house.cloud.app_sets_plan(house.main, custom_rate_plan=[item])
    before = bare(house)
    await house.act("force", action="charge", power_w=600, duration_min=60)
    await house.pass_time(20 * MINUTE)
    assert house.cloud.truth(house.main).grid_charge_w == 600
    assert house.value("sensor", "schedule_status") == "delivering"
    await house.pass_time(60 * MINUTE)
    assert bare(house) == before
