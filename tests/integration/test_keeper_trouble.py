"""What must not happen when a cloud, a budget or an app gets in the keeper's way."""

from datetime import timedelta
from unittest.mock import patch

import pytest

from custom_components.joulekeeper.rule_edits import VIA_REPAIR, Caller
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util.file import WriteError

from ..clouds import Fault
from .conftest import EVENING, INVERTER, House, OpenHouse
from .keeping import DAY, HOUR, MINUTE, issues, items, log, running, soon

pytestmark = pytest.mark.usefixtures("no_retry_pause")


@pytest.fixture
async def evening(open_house: OpenHouse) -> House:
    """Return a house in the evening, where nothing but schedules moves the battery."""
    return await open_house(fixture="A", now=EVENING)


def mark(schedule_id: str) -> str:
    """Return our mark of a schedule, as the cloud keeps it."""
    return f"joulekeeper service {schedule_id}"


async def test_leftovers_that_stay_do_not_use_up_the_writes(evening: House) -> None:
    """What cannot be deleted is tried ever more seldom, and a stop goes through."""
    (planned,) = await evening.act(
        "create_schedule",
        action="charge",
        duration_min=60,
        power_w=1000,
        start=soon(900),
    )
    for hour in (20, 22, 24):
        evening.cloud.add_schedule(
            INVERTER,
            EVENING + hour * HOUR,
            30 * MINUTE,
            notes=mark(planned["schedule_id"]),
        )
    for item in evening.cloud.inverter(INVERTER).plan.schedules:
        if item.start > EVENING + 19 * HOUR:
            path = f"DELETE .*{item.schedule_id}"
            evening.cloud.faults.add(path, Fault.STATUS, status=500)
    await evening.act("force", action="charge", duration_min=300, power_w=1000)
    left = evening.entry.runtime_data.keeper.budget.left
    await evening.pass_time(70 * MINUTE)
    assert evening.entry.runtime_data.keeper.budget.left > left - 40
    assert "restore_failed" in " ".join(issues(evening))
    await evening.act("stop")
    await evening.pass_time(2 * MINUTE)
    assert running(evening) == "Auto"


async def test_forced_action_stays_within_its_length(evening: House) -> None:
    """Whichever way it is made longer."""
    with pytest.raises(ServiceValidationError, match="6"):
        await evening.act("force", action="charge", duration_min=361, power_w=1000)
    (forced,) = await evening.act(
        "force", action="charge", duration_min=60, power_w=1000
    )
    with pytest.raises(ServiceValidationError, match="6"):
        await evening.act(
            "update_schedule", schedule_id=forced["schedule_id"], duration_min=361
        )
    for _ in range(5):
        await evening.act("extend", duration_min=60)
    with pytest.raises(ServiceValidationError, match="6"):
        await evening.act("extend", duration_min=60)
    assert items(evening, EVENING)[-1].end <= 360


async def test_throttled_replacement_ends_nothing(evening: House) -> None:
    """The old one is better than none while the new one has to wait."""
    await evening.act("force", action="charge", duration_min=60, power_w=1000)
    await evening.pass_time(5 * MINUTE)
    assert running(evening) == "ChargeBattery"
    evening.cloud.faults.add("schedule_create", Fault.THROTTLE, retry_after=600)
    (extended,) = await evening.act("extend", duration_min=30)
    assert extended["state"] in ("queued", "confirmed")
    assert running(evening) == "ChargeBattery"
    evening.cloud.faults.clear()
    await evening.pass_time(20 * MINUTE)
    assert running(evening) == "ChargeBattery"
    assert items(evening, EVENING)[-1].end >= 89


async def test_what_the_app_makes_just_the_same(open_house: OpenHouse) -> None:
    """A lost create that was deleted here does not claim the twin from the app."""
    house = await open_house(fixture="A", now=EVENING)
    start = EVENING + HOUR
    house.cloud.faults.add("schedule_create", Fault.DROP, times=2)
    (lost,) = await house.act(
        "create_schedule",
        action="charge",
        power_w=1000,
        start=start.isoformat(),
        duration_min=60,
    )
    await house.act("delete_schedule", schedule_id=lost["schedule_id"])
    house.cloud.add_schedule(
        INVERTER, start, HOUR, mode="ChargeBattery", watts=1000, notes="by the app"
    )
    await house.pass_time(45 * MINUTE)
    assert len(items(house, EVENING)) == 1


async def test_short_of_writes(evening: House) -> None:
    """A replacement that is sent takes the place of the old one at once."""
    keeper = evening.entry.runtime_data.keeper
    (series,) = await evening.act(
        "create_schedule",
        action="charge",
        duration_min=30,
        power_w=1000,
        start=soon(60),
        rrule="FREQ=DAILY",
    )
    for _ in range(keeper.budget.left - 4):
        keeper.budget.spend()
    await evening.act(
        "update_schedule", schedule_id=series["schedule_id"], power_w=2000
    )
    held = sorted(
        evening.cloud.inverter(INVERTER).plan.schedules, key=lambda item: item.start
    )
    assert len({item.start for item in held}) == len(held) == 3
    await evening.pass_time(70 * MINUTE)
    assert len(items(evening, EVENING)) >= 2


async def test_return_to_auto_goes_around_others(open_house: OpenHouse) -> None:
    """Maintenance tomorrow does not keep a device in a mode that nobody asked for."""
    house = await open_house(fixture="A", now=EVENING)
    house.cloud.set_base_mode(INVERTER, "ChargeBattery", 1000)
    house.cloud.add_schedule(
        INVERTER, EVENING + 20 * HOUR, 30 * MINUTE, notes="maintenance"
    )
    await house.pass_time(4 * MINUTE)
    keeper = house.entry.runtime_data.keeper
    control = keeper.controls.get(INVERTER)
    assert control is not None
    await keeper.return_to_auto(control, Caller(VIA_REPAIR, "user"))
    await house.pass_time(2 * MINUTE)
    assert running(house) == "Auto"
    asked = [entry for entry in await log(house) if entry["via"] == VIA_REPAIR]
    assert [entry["user_id"] for entry in asked] == ["user"]


async def test_retry_after_is_obeyed(evening: House) -> None:
    """For as long as the cloud says, by nobody."""
    (planned,) = await evening.act(
        "create_schedule",
        action="charge",
        duration_min=60,
        power_w=1000,
        start=soon(400),
    )
    evening.cloud.faults.add("schedule_delete", Fault.THROTTLE, retry_after=7200)
    with pytest.raises(HomeAssistantError):
        await evening.act("delete_schedule", schedule_id=planned["schedule_id"])
    await evening.pass_time(110 * MINUTE)
    assert evening.cloud.requests.count("schedule_delete") == 1
    evening.cloud.faults.clear()
    await evening.pass_time(40 * MINUTE)
    assert not items(evening, EVENING)


async def test_missed_while_away(evening: House) -> None:
    """What came and went beyond what had been sent is told of."""
    await evening.act(
        "create_schedule",
        action="charge",
        duration_min=30,
        power_w=1000,
        start=soon(60),
        rrule="FREQ=DAILY",
    )
    await evening.hass.config_entries.async_unload(evening.entry.entry_id)
    evening.freezer.tick(6 * DAY)
    await evening.hass.config_entries.async_setup(evening.entry.entry_id)
    await evening.hass.async_block_till_done(wait_background_tasks=True)
    await evening.pass_time(timedelta(minutes=3))
    missed = [entry for entry in await log(evening) if entry["event"] == "missed"]
    assert len(missed) == 3


async def test_next_one_is_told_long_before_it_is_sent(evening: House) -> None:
    """Next action and its start, for a series that comes once a week."""
    start = EVENING + 5 * DAY
    await evening.act(
        "create_schedule",
        action="export",
        duration_min=30,
        power_w=1000,
        start=start.isoformat(),
        rrule="FREQ=WEEKLY",
    )
    assert evening.value("sensor", "next_action") == "export"
    assert evening.value("sensor", "schedule_status") == "planned"
    assert evening.value("sensor", "next_start") == start.isoformat()


async def test_status_while_it_cannot_be_taken_back(evening: House) -> None:
    """Who deletes and is told to look at the status finds it there."""
    (planned,) = await evening.act(
        "create_schedule",
        action="charge",
        duration_min=60,
        power_w=1000,
        start=soon(60),
    )
    evening.cloud.faults.add("schedule_delete", Fault.STATUS, status=503)
    with pytest.raises(HomeAssistantError):
        await evening.act("delete_schedule", schedule_id=planned["schedule_id"])
    assert evening.value("sensor", "schedule_status") == "restore_pending"


async def test_nothing_is_sent_that_is_not_written_down(evening: House) -> None:
    """A disk that is full costs the schedule, never the way back."""
    full = patch(
        "homeassistant.helpers.storage.Store._async_write_data",
        side_effect=WriteError("disk full"),
    )
    with full, pytest.raises(HomeAssistantError) as refused:
        await evening.act("force", action="charge", duration_min=60, power_w=1000)
    assert refused.value.translation_key == "journal_not_saved"
    assert not items(evening, EVENING)
    await evening.act("force", action="charge", duration_min=60, power_w=1000)
    with full:
        await evening.act("stop")
    assert running(evening) == "Auto"


async def test_reload_does_not_give_new_writes(evening: House) -> None:
    """What was written within the hour counts on."""
    await evening.act("force", action="charge", duration_min=60, power_w=1000)
    await evening.act("stop")
    left = evening.value("sensor", "writes_left")
    await evening.hass.config_entries.async_reload(evening.entry.entry_id)
    await evening.hass.async_block_till_done(wait_background_tasks=True)
    assert evening.value("sensor", "writes_left") == left
