"""AlphaESS: schedules on plans that recur, lent for a while and given back."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest

from custom_components.joulekeeper.const import CONF_DELETE_ON_REMOVAL
from custom_components.joulekeeper.repairs import async_create_fix_flow
from custom_components.joulekeeper.vendors.alphaess import pace
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.file import WriteError

from ..clouds import Fault
from ..clouds.alphaess import Period
from .conftest import ALPHA, AlphaHouse, OpenAlphaHouse
from .keeping import HOUR, MINUTE, issues, log

ALPHA_B = "ALX000000000002"
LATE = datetime(2026, 11, 20, 10, 0, 10, tzinfo=UTC)
"""Half past eight in the evening in Adelaide; eleven in the morning in Berlin."""


@pytest.fixture
async def legacy(open_alpha_house: OpenAlphaHouse) -> AlphaHouse:
    """Return a system with nothing but daily slots, in the evening."""
    house = await open_alpha_house(fixture="A", now=LATE)
    house.cloud.change(write_gap_s=0)
    return house


@pytest.fixture
async def periodic(open_alpha_house: OpenAlphaHouse) -> AlphaHouse:
    """Return an entitled system with a schedule of its owner's, before noon."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin", now=LATE)
    house.cloud.change(write_gap_s=0)
    return house


def plan(house: AlphaHouse, serial: str = ALPHA_B) -> list[object]:
    """Return the periods that the cloud holds, in whatever order."""
    return sorted(
        str(item | {"weeks": sorted(item["weeks"]), "sort": 0})
        for item in house.cloud.schedules(serial)
    )


def settings(house: AlphaHouse, serial: str = ALPHA) -> object:
    """Return all that the cloud holds of a system."""
    stores = house.cloud.stores(serial)
    return stores.charge, stores.discharge, stores.periodic


async def story(house: AlphaHouse, serial: str = ALPHA) -> list[str]:
    """Return the events of a device, earliest first."""
    return [entry["event"] for entry in await log(house, device=serial)]


# -- daily slots ---------------------------------------------------------------


async def test_force_on_daily_slots(legacy: AlphaHouse) -> None:
    """A slot is lent at once, obeyed, proved, and given back at the end."""
    before = settings(legacy)
    (forced,) = await legacy.act("force", action="charge", duration_min=30)
    assert forced["state"] == "confirmed"
    assert settings(legacy) != before
    await legacy.pass_time(10 * MINUTE)
    assert legacy.cloud.mode(ALPHA).action == "charge"
    assert legacy.value("sensor", "schedule_status") == "delivering"
    await legacy.pass_time(30 * MINUTE)
    assert settings(legacy) == before
    assert legacy.cloud.mode(ALPHA).action == "auto"
    assert (await story(legacy))[-1] == "done"
    # Lent once, given back once.
    assert legacy.cloud.requests.count("updateChargeConfigInfo") == 2


async def test_stop_gives_back_at_once(legacy: AlphaHouse) -> None:
    """What the owner has set is there again."""
    before = settings(legacy)
    await legacy.act("force", action="hold", duration_min=120)
    await legacy.pass_time(3 * MINUTE)
    assert legacy.cloud.mode(ALPHA).action == "hold"
    await legacy.act("stop")
    assert settings(legacy) == before


async def test_what_is_not_taken_back_is_told(legacy: AlphaHouse) -> None:
    """The repair does not promise an end, for a daily slot comes again."""
    before = settings(legacy)
    await legacy.act("force", action="charge", duration_min=30)
    legacy.cloud.faults.add("updateChargeConfigInfo", Fault.STATUS, status=502)
    await legacy.pass_time(90 * MINUTE)
    assert set(issues(legacy)) == {"restore_failed_plan"}
    legacy.cloud.faults.clear()
    await legacy.pass_time(20 * MINUTE)
    assert settings(legacy) == before
    assert not issues(legacy)


async def test_given_back_once_the_plan_can_be_read(legacy: AlphaHouse) -> None:
    """As soon as the cloud tells it again; until then it is tried every two minutes."""
    before = settings(legacy)
    await legacy.act("force", action="charge", duration_min=30)
    legacy.cloud.faults.add("getChargeConfigInfo", Fault.STATUS, status=502)
    await legacy.pass_time(45 * MINUTE)
    legacy.cloud.requests.clear()
    await legacy.pass_time(60 * MINUTE)
    # Each try is two calls.
    assert legacy.cloud.requests.count("getChargeConfigInfo") <= 70
    assert settings(legacy) != before
    legacy.cloud.faults.clear()
    await legacy.pass_time(3 * MINUTE)
    assert settings(legacy) == before


async def test_one_like_it_takes_its_place(legacy: AlphaHouse) -> None:
    """What both want stays; what was taken back is over at once, and stays so."""
    before = settings(legacy)
    start = (LATE + 5 * MINUTE).isoformat()

    async def create() -> str:
        (made,) = await legacy.act(
            "create_schedule", action="charge", duration_min=60, start=start
        )
        assert made["state"] == "confirmed"
        return str(made["schedule_id"])

    await create()
    second = await create()
    assert (await story(legacy)).count("superseded") == 1
    await legacy.act("delete_schedule", schedule_id=second)
    assert (await story(legacy)).count("cancelled") == 1
    await legacy.pass_time(10 * MINUTE)
    assert (await story(legacy)).count("restore_pending") == 2
    assert legacy.cloud.mode(ALPHA).action == "charge"
    await legacy.act("stop")
    assert settings(legacy) == before


async def test_later_slot_is_lent_late(legacy: AlphaHouse) -> None:
    """Not before it cannot fire on the day before; and it is planned until then."""
    before = settings(legacy)
    start = LATE + 5 * HOUR
    (planned,) = await legacy.act(
        "create_schedule", action="charge", duration_min=60, start=start.isoformat()
    )
    assert planned["state"] == "planned"
    await legacy.pass_time(4 * HOUR)
    assert settings(legacy) == before
    await legacy.pass_time(59 * MINUTE)
    assert settings(legacy) != before
    await legacy.pass_time(30 * MINUTE)
    assert legacy.cloud.mode(ALPHA).action == "charge"
    await legacy.pass_time(60 * MINUTE)
    assert settings(legacy) == before


async def test_what_daily_slots_cannot_do(legacy: AlphaHouse) -> None:
    """It is said before anything is sent."""
    for action in ("export", "discharge", "import", "idle", "limit"):
        with pytest.raises(ServiceValidationError):
            await legacy.act("force", action=action, duration_min=60)
    with pytest.raises(ServiceValidationError) as refused:
        await legacy.act("force", action="charge", duration_min=60, power_w=3000)
    assert refused.value.translation_key == "power_not_settable"
    assert not legacy.cloud.writes


async def test_given_back_after_a_restart_over_its_end(legacy: AlphaHouse) -> None:
    """Home Assistant was away when it ended."""
    before = settings(legacy)
    await legacy.act("force", action="charge", duration_min=60)
    await legacy.hass.config_entries.async_unload(legacy.entry.entry_id)
    legacy.freezer.tick(3 * HOUR)
    await legacy.hass.config_entries.async_setup(legacy.entry.entry_id)
    await legacy.hass.async_block_till_done(wait_background_tasks=True)
    await legacy.pass_time(2 * MINUTE)
    assert settings(legacy) == before


async def test_app_edit_meanwhile_is_kept(legacy: AlphaHouse) -> None:
    """What the owner changes while we borrow is his, and is there afterwards."""
    await legacy.act("force", action="charge", duration_min=30)
    await legacy.pass_time(5 * MINUTE)
    lent = legacy.cloud.stores(ALPHA).charge
    legacy.cloud.app_set_discharge(ALPHA, ("07:00", "09:00"), bat_use_cap=15)
    await legacy.pass_time(60 * MINUTE)
    after = legacy.cloud.stores(ALPHA)
    assert after.charge != lent
    assert (after.discharge.ctr_dis, after.discharge.bat_use_cap) == (1, 15)


# -- the periodic schedule -----------------------------------------------------


async def test_periodic_force(periodic: AlphaHouse) -> None:
    """With its power and its limit, and the owner's schedule around it."""
    before = plan(periodic)
    (forced,) = await periodic.act(
        "force", action="charge", duration_min=60, power_w=2500, target_soc=95
    )
    assert forced["state"] == "confirmed"
    await periodic.pass_time(10 * MINUTE)
    doing = periodic.cloud.mode(ALPHA_B)
    assert (doing.action, doing.power_w, doing.until_soc) == ("charge", 2500, 95)
    await periodic.pass_time(60 * MINUTE)
    assert plan(periodic) == before


async def test_periodic_recurring(periodic: AlphaHouse) -> None:
    """Three days are laid ahead; each is taken out when it is over."""
    start = (LATE + HOUR).replace(minute=0, second=0)
    await periodic.act(
        "create_schedule",
        action="discharge",
        duration_min=60,
        power_w=2000,
        start=start.isoformat(),
        rrule="FREQ=DAILY",
    )
    assert periodic.value("sensor", "next_action") == "discharge"
    held = list(periodic.cloud.stores(ALPHA_B).periodic.discharge)
    assert len(held) == 4
    await periodic.act("delete_all_schedules")
    assert len(periodic.cloud.stores(ALPHA_B).periodic.discharge) == 1


async def test_owners_window_is_cut_and_whole_again(periodic: AlphaHouse) -> None:
    """Ours goes before it for that time only."""
    periodic.cloud.app_set_periodic(
        ALPHA_B,
        charge=[Period("10:00", "15:00", 90, 4000, (1, 2, 3, 4, 5, 6, 7))],
        discharge=[Period("17:00", "21:00", 20, 3000, (1, 2, 3, 4, 5))],
    )
    before = plan(periodic)
    await periodic.act("force", action="hold", duration_min=30)
    await periodic.pass_time(5 * MINUTE)
    assert periodic.cloud.mode(ALPHA_B).action == "hold"
    await periodic.pass_time(40 * MINUTE)
    assert plan(periodic) == before
    assert periodic.cloud.mode(ALPHA_B).action == "charge"


async def test_longer_one_takes_its_place(periodic: AlphaHouse) -> None:
    """It shares the window of the first day, and has another one on the next."""
    before = plan(periodic)
    made = {"action": "charge", "power_w": 2500, "target_soc": 90}
    start = (LATE + 11 * HOUR).isoformat()
    (evening,) = await periodic.act(
        "create_schedule", **made, start=start, duration_min=90
    )
    (longer,) = await periodic.act(
        "update_schedule", schedule_id=evening["schedule_id"], duration_min=240
    )
    assert longer["state"] == "confirmed"
    assert (await story(periodic, ALPHA_B))[-1] == "confirmed"
    assert (await story(periodic, ALPHA_B)).count("superseded") == 1
    await periodic.act("delete_schedule", schedule_id=evening["schedule_id"])
    assert plan(periodic) == before


@pytest.mark.parametrize("forgets", [False, True])
async def test_full_disk_gives_all_back(periodic: AlphaHouse, forgets: bool) -> None:
    """What is lent could not be told later without a journal; it is lent again with one."""
    before = plan(periodic)
    first, _ = [
        (
            await periodic.act(
                "create_schedule",
                action="charge",
                duration_min=30,
                power_w=2500,
                start=(LATE + hours * HOUR).isoformat(),
            )
        )[0]["schedule_id"]
        for hours in (2, 4)
    ]
    with patch(
        "homeassistant.helpers.storage.Store._async_write_data",
        side_effect=WriteError("disk full"),
    ):
        await periodic.act("delete_schedule", schedule_id=first)
        assert plan(periodic) == before
        if forgets:
            await periodic.reload()
            assert plan(periodic) == before
    await periodic.pass_time(15 * MINUTE)
    assert (plan(periodic) != before) is not forgets
    await periodic.pass_time(4 * HOUR)
    await periodic.pass_time(HOUR)
    assert plan(periodic) == before


async def test_calendar_shows_both(periodic: AlphaHouse) -> None:
    """Ours with its proof, the owner's windows as theirs."""
    await periodic.act("force", action="charge", duration_min=60, power_w=2500)
    (found,) = (
        await periodic.hass.services.async_call(
            "calendar",
            "get_events",
            {
                "entity_id": periodic.entity_id("calendar", "plan"),
                "start_date_time": LATE.isoformat(),
                "end_date_time": (LATE + timedelta(days=1)).isoformat(),
            },
            blocking=True,
            return_response=True,
        )
    ).values()
    names = {event["summary"] for event in found["events"]}
    assert "Charge 2.5 kW" in names
    assert "Discharge 3 kW (foreign)" in names


async def test_plant_in_another_zone(open_alpha_house: OpenAlphaHouse) -> None:
    """Windows are written in the plant's time, which two of its samples tell."""
    house = await open_alpha_house(
        fixture="B", zone="Australia/Brisbane", now=LATE - 3 * HOUR
    )
    house.cloud.change(write_gap_s=0)
    before = plan(house)
    await house.pass_time(15 * MINUTE)
    for again in range(2):
        await house.act("force", action="charge", duration_min=30, power_w=4000)
        await house.pass_time(10 * MINUTE)
        mode = house.cloud.mode(ALPHA_B)
        assert (mode.action, mode.power_w) == ("charge", 4000), again
        assert house.value("sensor", "schedule_status") == "delivering"
        await house.pass_time(50 * MINUTE)
        assert plan(house) == before
        await house.reload()


@pytest.mark.parametrize("deletes", [True, False])
async def test_removal_gives_back(
    legacy: AlphaHouse, monkeypatch: pytest.MonkeyPatch, deletes: bool
) -> None:
    """What is lent would come again every day, so it goes whatever the option says."""
    before = settings(legacy)
    legacy.hass.config_entries.async_update_entry(
        legacy.entry, options={CONF_DELETE_ON_REMOVAL: deletes}
    )
    await legacy.act("force", action="charge", duration_min=60)
    assert settings(legacy) != before
    # The cloud takes no second write so soon; that is waited for.
    monkeypatch.setattr(pace, "REFUSED_WRITE_S", 0)
    legacy.cloud.faults.add("updateChargeConfigInfo", Fault.THROTTLE, times=1)
    await legacy.hass.config_entries.async_remove(legacy.entry.entry_id)
    assert settings(legacy) == before
    assert not ir.async_get(legacy.hass).issues


async def test_removal_that_cannot_give_back(legacy: AlphaHouse) -> None:
    """A repair names the times that the owner has to take out of the plan himself."""
    await legacy.act("force", action="charge", duration_min=60)
    legacy.cloud.faults.add("updateChargeConfigInfo", Fault.STATUS, status=502)
    await legacy.hass.config_entries.async_remove(legacy.entry.entry_id)
    (issue,) = ir.async_get(legacy.hass).issues.values()
    assert issue.translation_key == "plan_not_given_back"
    assert issue.is_persistent
    assert issue.translation_placeholders == {
        "account": "AlphaESS",
        "windows": "- charge 20:30-21:45 Mon Tue Wed Thu Fri Sat Sun, up to 100 %",
    }
    assert ALPHA not in issue.issue_id
    flow = await async_create_fix_flow(legacy.hass, issue.issue_id, None)
    flow.hass, flow.issue_id = legacy.hass, issue.issue_id
    assert (await flow.async_step_init())["type"] is FlowResultType.FORM


@pytest.mark.parametrize("refused", [0, 2])
async def test_what_was_laid_before_the_clock_was_known(
    open_alpha_house: OpenAlphaHouse, refused: int
) -> None:
    """It moves to where it belongs, and is not taken for deleted in the app.

    Neither is it when the cloud does not take the move at once.
    """
    house = await open_alpha_house(
        fixture="B", zone="Australia/Brisbane", now=LATE - 3 * HOUR
    )
    house.cloud.change(write_gap_s=0)
    before = plan(house)
    start = LATE - 2 * HOUR
    await house.act(
        "create_schedule",
        action="charge",
        power_w=4000,
        duration_min=30,
        start=start.isoformat(),
    )
    if refused:
        house.cloud.faults.add("setTimeChargeBySn", Fault.THROTTLE, times=refused)
    await house.pass_time(70 * MINUTE)
    assert house.cloud.mode(ALPHA_B).action == "charge"
    await house.pass_time(40 * MINUTE)
    assert plan(house) == before
    assert (await story(house, ALPHA_B))[-1] == "done"
