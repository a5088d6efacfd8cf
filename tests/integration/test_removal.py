"""Removing an account: what it left in the cloud, and in the files."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.const import CONF_DELETE_ON_REMOVAL, DOMAIN
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from .conftest import INVERTER, SITE, House, OpenHouse


async def plan(house: House) -> None:
    """Lay a running schedule, a coming one, a recurring one and a limit."""
    later = (dt_util.utcnow() + timedelta(hours=5)).isoformat()
    await house.act("force", action="hold", duration_min=60)
    await house.act(
        "create_schedule",
        action="charge",
        duration_min=30,
        start=later,
        rrule="FREQ=DAILY",
    )
    await house.act(
        "create_schedule", action="limit", duration_min=30, start=later, max_export_w=0
    )
    house.cloud.add_schedule(
        INVERTER, dt_util.utcnow() + timedelta(hours=20), timedelta(hours=1)
    )


async def remove(house: House) -> None:
    """Remove the account as its owner would."""
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("portal", [True, False])
async def test_own_schedules_go_with_the_account(
    open_house: OpenHouse, hass_storage: dict[str, Any], portal: bool
) -> None:
    """Only what we made is deleted, and no file is left."""
    house = await open_house(fixture="A", portal=portal)
    await plan(house)
    assert len(house.cloud.schedules(INVERTER)) == 5
    await remove(house)
    (foreign,) = house.cloud.schedules(INVERTER)
    assert "joulekeeper" not in (foreign["UserNotes"] or "")
    (envelope,) = house.cloud.envelopes(SITE)
    assert envelope["Status"] == "Cancelled"
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]


async def test_own_schedules_may_stay(open_house: OpenHouse) -> None:
    """The option leaves them to run to their end."""
    house = await open_house(fixture="A")
    house.hass.config_entries.async_update_entry(
        house.entry, options={CONF_DELETE_ON_REMOVAL: False}
    )
    await plan(house)
    await remove(house)
    assert len(house.cloud.schedules(INVERTER)) == 5


async def test_removal_does_not_hang_on_a_cloud_that_is_down(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The account goes, and the log tells what stays behind."""
    await plan(house)
    house.cloud.faults.add("nodes", Fault.STATUS, status=503)
    await remove(house)
    assert not house.hass.config_entries.async_entries(DOMAIN)
    assert "stay in the cloud of a removed account: 5" in caplog.text


async def lay(house: House, *hours: int) -> None:
    """Lay schedules that begin so many hours from now."""
    for hour in hours:
        start = (dt_util.utcnow() + timedelta(hours=hour)).isoformat()
        await house.act(
            "create_schedule", action="charge", duration_min=30, start=start
        )


async def test_one_that_is_refused_keeps_no_other(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is tried by itself, and the log tells how many there are left."""
    await lay(house, 2, 4, 6)
    house.cloud.faults.add("schedule_delete", Fault.STATUS, status=400, times=1)
    await remove(house)
    assert len(house.cloud.schedules(INVERTER)) == 1
    assert "stay in the cloud of a removed account: 1." in caplog.text


async def test_cloud_that_asks_to_wait_is_asked_no_more(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """What it would refuse anyway is not sent."""
    await lay(house, 2, 4, 6)
    house.cloud.faults.add("schedule_delete", Fault.THROTTLE, retry_after=600)
    await remove(house)
    assert house.cloud.requests.count("schedule_delete") == 1
    assert "stay in the cloud of a removed account: 3." in caplog.text


async def test_schedule_whose_answer_was_lost(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """It is found in the list; nobody was ever told its id."""
    house.cloud.faults.add("schedule_create", Fault.DROP, times=1, done=True)
    house.cloud.faults.add("schedule_create", Fault.LATE, times=1, seconds=20)
    await lay(house, 2)
    house.freezer.tick(30)
    await remove(house)
    assert not house.cloud.schedules(INVERTER)
    assert "stay in the cloud" not in caplog.text


async def test_schedule_that_may_still_come(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody knows whether it is there, so it counts as left."""
    house.cloud.faults.add("schedule_create", Fault.DROP, times=1, done=True)
    house.cloud.faults.add("schedule_create", Fault.LATE, times=1, seconds=100)
    await lay(house, 2, 4)
    await remove(house)
    (late,) = house.cloud.inverter(INVERTER).plan.schedules
    assert late.start < dt_util.utcnow() + timedelta(hours=3)
    assert "stay in the cloud of a removed account: 1." in caplog.text


async def test_list_that_cannot_be_read(house: House) -> None:
    """What the journal knows the id of is deleted all the same."""
    await lay(house, 2, 4)
    house.cloud.faults.add("schedules", Fault.STATUS, status=500)
    await remove(house)
    assert not house.cloud.schedules(INVERTER)


async def test_journal_that_is_gone(house: House, hass_storage: dict[str, Any]) -> None:
    """What bears our mark is deleted; what others made, or have changed, is theirs."""
    await lay(house, 2)
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    for schedule_id in ("gone", "old"):
        house.cloud.add_schedule(
            INVERTER,
            dt_util.utcnow() + timedelta(hours=20),
            timedelta(hours=1),
            notes=f"joulekeeper service {schedule_id}",
        )
    house.cloud.add_schedule(
        INVERTER, dt_util.utcnow() + timedelta(hours=30), timedelta(hours=1)
    )
    del hass_storage[f"{DOMAIN}.{house.entry.entry_id}.journal"]
    await remove(house)
    (foreign,) = house.cloud.schedules(INVERTER)
    assert "joulekeeper" not in (foreign["UserNotes"] or "")


async def test_schedule_changed_in_the_app(house: House) -> None:
    """It is theirs since then, also if that is seen only now."""
    await lay(house, 2, 4)
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    schedules = house.cloud.inverter(INVERTER).plan.schedules
    schedules[0] = replace(schedules[0], duration=timedelta(hours=1))
    changed = schedules[0].schedule_id
    await remove(house)
    (left,) = house.cloud.inverter(INVERTER).plan.schedules
    assert left.schedule_id == changed


async def test_journal_of_a_later_version(
    house: House, hass_storage: dict[str, Any]
) -> None:
    """It cannot be read, but the account goes, with what bears our mark."""
    await lay(house, 2)
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    hass_storage[f"{DOMAIN}.{house.entry.entry_id}.journal"]["version"] = 99
    await remove(house)
    assert not house.cloud.schedules(INVERTER)
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]
