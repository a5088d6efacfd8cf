"""Home Assistant stops and starts again: everything goes on as if it had not."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError

from ..clouds import Fault
from .conftest import EVENING, INVERTER, SITE, House, OpenHouse
from .keeping import HOUR, MINUTE, issues, items, log, soon, story, writes
from .leap import leap


async def stop(house: House) -> None:
    """Unload the account, as at a shutdown."""
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)


async def start(house: House, after: timedelta = timedelta()) -> None:
    """Load it again, some time later."""
    house.freezer.tick(after)
    await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert house.entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("down", [1, 25])
async def test_force_is_kept_or_booked_as_done(
    open_house: OpenHouse, down: int
) -> None:
    """During it nothing is written; after its end it is done, whoever was there."""
    house = await open_house(fixture="A", now=EVENING)
    (forced,) = await house.act("force", action="charge", duration_min=20)
    await house.act("create_schedule", action="hold", duration_min=60, start=soon(60))
    await house.pass_time(3 * MINUTE)
    before = await log(house)
    count = writes(house)
    await stop(house)
    await start(house, down * MINUTE)
    await house.pass_time(2 * MINUTE)
    assert writes(house) == count
    assert (await log(house))[: len(before)] == before
    told = await story(house, forced["schedule_id"])
    if down < 20:
        assert told[-1] == "delivering"
        assert told.count("confirmed") == 1
        assert items(house, EVENING) == [
            ("ChargeBattery", 0, 20),
            ("Conserve", 60, 120),
        ]
        (stopped, _) = await house.act("stop")
        assert [i["schedule_id"] for i in stopped["deleted"]] == [forced["schedule_id"]]
    else:
        assert told[-1] == "done"
    assert items(house, EVENING) == [("Conserve", 60, 120)]
    assert not issues(house)


async def test_what_was_asked_before_is_done_after(open_house: OpenHouse) -> None:
    """A delete that failed, a create that was lost or kept: nothing is forgotten."""
    house = await open_house(fixture="A", now=EVENING)
    faults = house.cloud.faults
    (gone,) = await house.act(
        "create_schedule", action="hold", duration_min=30, start=soon(60)
    )
    faults.add("schedule_delete", Fault.STATUS, status=503)
    with pytest.raises(HomeAssistantError):
        await house.act("delete_schedule", schedule_id=gone["schedule_id"])
    faults.add("schedule_create", Fault.DROP, times=1, done=True)
    faults.add("schedule_create", Fault.LATE, times=1, seconds=20)
    (lost,) = await house.act(
        "create_schedule", action="auto", duration_min=30, start=soon(120)
    )
    assert lost["state"] == "sent"
    faults.add("schedule_create", Fault.THROTTLE, times=1)
    (kept,) = await house.act(
        "create_schedule", action="charge", duration_min=30, start=soon(180)
    )
    assert kept["state"] == "queued"
    await stop(house)
    faults.clear()
    await start(house, MINUTE)
    await house.pass_time(3 * MINUTE)
    assert items(house, EVENING) == [("Auto", 120, 150), ("ChargeBattery", 180, 210)]
    assert house.cloud.requests.count("schedule_create") == 4
    for made, end in ((gone, "cancelled"), (lost, "confirmed"), (kept, "confirmed")):
        assert (await story(house, made["schedule_id"]))[-1] == end
    assert not issues(house)


async def test_app_edits_while_we_were_away_win(open_house: OpenHouse) -> None:
    """What was deleted or made elsewhere meanwhile is respected."""
    house = await open_house(fixture="A", now=EVENING)
    for minutes in (60, 180):
        await house.act(
            "create_schedule", action="hold", duration_min=60, start=soon(minutes)
        )
    first, _ = house.cloud.inverter(INVERTER).plan.schedules
    await stop(house)
    house.cloud.remove_schedule(INVERTER, first.schedule_id)
    house.cloud.add_schedule(INVERTER, EVENING + 210 * MINUTE, HOUR)
    await start(house, 10 * MINUTE)
    await leap(house, MINUTE)
    await leap(house, 16 * MINUTE)
    await leap(house, 16 * MINUTE)
    assert items(house, EVENING) == [
        ("Conserve", 180, 210),
        ("ChargeBattery", 210, 270),
    ]
    assert "overridden" in await story(house)


async def test_journal_that_is_damaged_costs_nothing(
    open_house: OpenHouse, hass_storage: dict[str, Any]
) -> None:
    """What cannot be read is known again by our mark; other devices are untouched."""
    house = await open_house(fixture="D", now=EVENING)
    damaged, sound = house.cloud.serials
    wishes: list[tuple[str, dict[str, Any]]] = [
        (damaged, {"action": "hold"}),
        (damaged, {"action": "charge", "power_w": 2000}),
        (SITE, {"action": "no_charge"}),
        (SITE, {"action": "limit", "max_export_w": 500}),
        (sound, {"action": "hold"}),
    ]
    made = []
    for number, (device, wish) in enumerate(wishes, 1):
        made += await house.act(
            "create_schedule", device, **wish, duration_min=60, start=soon(60 * number)
        )
    await stop(house)
    stored = hass_storage[f"{DOMAIN}.{house.entry.entry_id}.journal"]["data"]
    stored["ledgers"][damaged]["rules"] = ["garbage", 1]
    stored["ledgers"][SITE] = "garbage"
    stored["log"] = "garbage"
    count = writes(house)
    await start(house, MINUTE)
    await leap(house, 16 * MINUTE)
    await leap(house, 16 * MINUTE)
    assert writes(house) == count
    for device, number in ((damaged, 2), (SITE, 2), (sound, 1)):
        listed = (await house.act("list_schedules", device))[0]
        ids = {item["schedule_id"] for item in listed["schedules"]}
        assert {item["owner"] for item in listed["schedules"]} == {"own"}
        assert {rule["schedule_id"] for rule in listed["rules"]} == ids
        assert len(ids) == number
        known = {item["schedule_id"] for item in made if item["device"] == device}
        assert (known == ids) == (device == sound)
        for schedule_id in ids:
            await house.act("delete_schedule", device, schedule_id=schedule_id)
        assert not (await house.act("list_schedules", device))[0]["schedules"]


@pytest.mark.parametrize("label", ["static", "configuration", "dynamic", "schedules"])
async def test_start_that_lacks_an_answer_takes_nothing_back(
    open_house: OpenHouse, label: str
) -> None:
    """Not knowing for a while what a device can do is no reason to delete anything."""
    house = await open_house(fixture="A", now=EVENING)
    await house.act("create_schedule", action="charge", duration_min=120)
    count = writes(house)
    await stop(house)
    house.cloud.faults.add(label, Fault.STATUS, status=500)
    await start(house, MINUTE)
    await house.pass_time(4 * MINUTE)
    assert writes(house) == count
    house.cloud.faults.clear()
    await leap(house, 16 * MINUTE)
    await leap(house, 16 * MINUTE)
    assert writes(house) == count
    assert items(house, EVENING) == [("ChargeBattery", 0, 120)]
    assert "rejected" not in await story(house)
    assert not issues(house)


async def test_battery_that_is_not_seen_at_start_takes_nothing_back(
    open_house: OpenHouse,
) -> None:
    """A battery that only the telemetry tells of is not gone while that is silent."""
    house = await open_house(fixture="G", now=EVENING)
    (serial,) = house.cloud.serials

    def without_capacity(body: dict[str, Any]) -> dict[str, Any]:
        body["Data"]["StaticData"]["SiteDetails"]["BatteryCapacitykWh"] = None
        return body

    await house.act("create_schedule", serial, action="charge", duration_min=120)
    house.cloud.faults.add("static", Fault.EDIT, edit=without_capacity)
    house.cloud.set_offline(serial)
    await stop(house)
    await start(house, 10 * MINUTE)
    await leap(house, 16 * MINUTE)
    assert writes(house) == 1
    assert items(house, EVENING, serial) == [("ChargeBattery", 0, 120)]
    house.cloud.set_offline(serial, offline=False)
    await leap(house, MINUTE)
    await leap(house, 16 * MINUTE)
    assert writes(house) == 1
    assert "rejected" not in await story(house, device=serial)
