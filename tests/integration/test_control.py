"""Schedules by actions: created, proved, edited, deleted; or refused with a reason."""

from datetime import timedelta
from typing import Any

import probatio
import pytest

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from .conftest import BATTERY, EVENING, INVERTER, SITE, House, OpenHouse

HOUR = timedelta(hours=1)
LEAD = timedelta(seconds=7)
"""After which a limit that starts now has started."""


def soon(minutes: int = 30) -> str:
    """Return an instant ahead, as an automation would give it."""
    return (dt_util.utcnow() + timedelta(minutes=minutes)).isoformat()


def writes(house: House) -> int:
    """Return how many times something was written to the cloud."""
    return sum(
        house.cloud.requests.count(label)
        for label in (
            "schedule_create",
            "schedule_delete",
            "envelope_create",
            "envelope_delete",
            "portal_set_mode",
        )
    )


@pytest.mark.parametrize("device", [INVERTER, BATTERY])
async def test_schedule_rules_inverter_and_gives_it_back(
    open_house: OpenHouse, device: str
) -> None:
    """A schedule is confirmed, obeyed, shown, and ended by the vendor alone."""
    house = await open_house(fixture="A", now=EVENING)
    (created,) = await house.act(
        "create_schedule", device, action="charge", duration_min=30, power_w=3000
    )
    assert created["state"] == "confirmed"
    assert created["inexact"] == []
    (item,) = house.cloud.schedules(INVERTER)
    assert item["DesiredMode"] == {
        "InverterMode": "ChargeBattery",
        "ArgumentInWatts": 3000,
    }
    assert created["schedule_id"] in item["UserNotes"]

    assert house.value("binary_sensor", "schedule_active") == "on"
    assert house.value("calendar", "plan") == "on"
    assert house.value("sensor", "active_action") == "charge"
    assert house.value("sensor", "active_power") == "3000"
    level = float(house.value("sensor", "state_of_charge", BATTERY))
    await house.pass_time(timedelta(minutes=3))
    assert house.value("sensor", "mode") == "charge"
    await house.pass_time(timedelta(minutes=20))
    assert float(house.value("sensor", "state_of_charge", BATTERY)) > level

    calls = writes(house)
    await house.pass_time(timedelta(minutes=10))
    assert house.value("sensor", "mode") == "auto"
    assert house.value("binary_sensor", "schedule_active") == "off"
    assert house.value("sensor", "active_action") == "none"
    assert writes(house) == calls


@pytest.mark.parametrize(
    ("action", "power_w", "mode"),
    [
        ("charge", 1500, "ChargeBattery"),
        ("discharge", 1500, "DischargeBattery"),
        ("import", 1500, "ImportPower"),
        ("export", 1500, "ExportPower"),
        ("hold", None, "Conserve"),
        ("auto", None, "Auto"),
    ],
)
async def test_each_action_is_the_vendors_mode(
    house: House, action: str, power_w: int | None, mode: str
) -> None:
    """The neutral actions become the modes of the dossier."""
    power: dict[str, Any] = {} if power_w is None else {"power_w": power_w}
    await house.act("create_schedule", action=action, duration_min=60, **power)
    (item,) = house.cloud.schedules(INVERTER)
    assert item["DesiredMode"] == {
        "InverterMode": mode,
        "ArgumentInWatts": power_w or 0,
    }
    assert house.value("sensor", "active_action") == action


async def test_missing_power_is_the_maximum(house: House) -> None:
    """Without a power the device does what it can, and says so."""
    (result,) = await house.act("create_schedule", action="charge", duration_min=60)
    assert result["effective"]["power_w"] == 4600
    assert result["inexact"][0]["code"] == "power_maximum"


async def test_power_is_brought_down_only_when_allowed(house: House) -> None:
    """Above the limit is an error, unless the nearest will do."""
    ask = {"action": "charge", "duration_min": 60, "power_w": 9000}
    with pytest.raises(ServiceValidationError) as error:
        await house.act("create_schedule", **ask)
    assert error.value.translation_key == "power_above_limit"
    assert writes(house) == 0
    (result,) = await house.act("create_schedule", **ask, inexact="nearest")
    assert result["effective"]["power_w"] == 4600
    assert result["inexact"] == [
        {"code": "battery_charge_limit", "requested": "9000", "effective": "4600"}
    ]


async def test_durations_over_a_day_are_whole(house: House) -> None:
    """26 hours are a day and two hours, to the cloud and back."""
    await house.act(
        "create_schedule", action="hold", duration_min=26 * 60, start=soon()
    )
    (item,) = house.cloud.schedules(INVERTER)
    assert item["Duration"] == "1.02:00:00"
    (listed,) = (await house.act("list_schedules"))[0]["schedules"]
    assert listed["duration_min"] == 26 * 60


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({"action": "charge", "duration_min": 0}, "duration_out_of_range"),
        ({"action": "charge", "duration_min": 0.5}, "duration_out_of_range"),
        (
            {"action": "charge", "duration_min": 5, "start": "9999-12-31T12:00:00Z"},
            "start_too_far",
        ),
        ({"action": "charge", "duration_min": 9999}, "duration_out_of_range"),
        (
            {"action": "charge", "duration_min": 5, "start": "2026-11-20T01:00:00Z"},
            "start_in_past",
        ),
        ({"action": "charge", "duration_min": 5, "power_w": 0}, "power_not_positive"),
        ({"action": "hold", "duration_min": 5, "power_w": 500}, "power_not_used"),
        ({"action": "dance", "duration_min": 5}, "unknown_action"),
        ({"action": "idle", "duration_min": 5}, "action_inexact"),
        ({"action": "limit", "duration_min": 5}, "limits_mismatch"),
        (
            {"action": "charge", "duration_min": 5, "max_export_w": 0},
            "limits_mismatch",
        ),
    ],
)
async def test_bad_input_is_refused_before_anything_is_sent(
    house: House, data: dict[str, Any], key: str
) -> None:
    """Each kind of bad input has its own error."""
    with pytest.raises(ServiceValidationError) as error:
        await house.act("create_schedule", **data)
    assert error.value.translation_key == key
    assert writes(house) == 0


@pytest.mark.parametrize(
    ("fixture", "key"),
    [("C", "unsupported_no_battery"), ("SI", "unsupported_no_schedule_api")],
)
async def test_device_that_cannot_says_why(
    open_house: OpenHouse, fixture: str, key: str
) -> None:
    """No battery, or a model without schedules: an error, and no control entities."""
    house = await open_house(fixture=fixture)
    (serial,) = house.cloud.serials
    with pytest.raises(ServiceValidationError) as error:
        await house.act("create_schedule", serial, action="charge", duration_min=30)
    assert error.value.translation_key == key
    results = await house.act("get_capabilities", serial)
    assert results[0]["controllable"] is False
    with pytest.raises(AssertionError):
        house.entity_id("datetime", "staged_start", serial)
    assert house.entity_id("datetime", "staged_start", results[1]["device"])


async def test_later_schedule_interrupts_an_earlier_one(house: House) -> None:
    """No cloud says which of two schedules wins, so it never gets two at a time."""
    start = dt_util.utcnow() + HOUR
    (first,) = await house.act(
        "create_schedule", action="charge", duration_min=60, start=start.isoformat()
    )
    (second,) = await house.act(
        "create_schedule",
        action="hold",
        duration_min=60,
        start=(start + HOUR / 2).isoformat(),
    )
    assert second["inexact"] == [
        {"code": "interrupts", "requested": "", "effective": first["schedule_id"]}
    ]
    items = house.cloud.schedules(INVERTER)
    assert {
        (item["DesiredMode"]["InverterMode"], item["Duration"]) for item in items
    } == {("ChargeBattery", "00:30:00"), ("Conserve", "01:00:00")}


async def test_overlap_made_in_the_app_is_seen(house: House) -> None:
    """What was planned elsewhere since the last poll counts too."""
    house.cloud.add_schedule(INVERTER, dt_util.utcnow(), HOUR)
    with pytest.raises(ServiceValidationError) as error:
        await house.act("create_schedule", action="hold", duration_min=30)
    assert error.value.translation_key == "overlap_foreign"


@pytest.mark.parametrize("kind", [Fault.DROP, Fault.STATUS])
async def test_lost_create_is_looked_up_and_never_repeated(
    house: House, kind: Fault
) -> None:
    """The cloud did it but its answer was lost: found in the list, created once."""
    if kind is Fault.DROP:
        house.cloud.faults.add("schedule_create", kind, times=1, done=True)
        (result,) = await house.act("create_schedule", action="charge", duration_min=30)
        assert result["state"] == "confirmed"
    else:
        house.cloud.faults.add("schedule_create", kind, times=1, status=502)
        (result,) = await house.act("create_schedule", action="charge", duration_min=30)
        assert result["state"] == "sent"
    assert house.cloud.requests.count("schedule_create") == 1
    assert len(house.cloud.schedules(INVERTER)) == (kind is Fault.DROP)


async def test_ignored_create_is_not_confirmed(house: House) -> None:
    """Accepted is not done: what the list does not hold is not confirmed."""
    house.cloud.faults.add("schedule_create", Fault.IGNORED, times=1)
    (result,) = await house.act("create_schedule", action="charge", duration_min=30)
    assert result["state"] == "accepted"


@pytest.mark.parametrize(
    ("fault", "options", "key"),
    [
        (Fault.STATUS, {"status": 400}, "write_rejected"),
        (Fault.LOCKED_OUT, {}, "write_not_supported"),
        (Fault.EXPIRED_TOKEN, {}, "write_credentials_refused"),
        (Fault.STATUS, {"status": 405}, "write_rejected"),
    ],
)
async def test_failed_write_says_what_to_do(
    house: House, fault: Fault, options: dict[str, Any], key: str
) -> None:
    """Every vendor error has a translated Home Assistant error."""
    house.cloud.faults.add("schedule_create", fault, **options)
    with pytest.raises(HomeAssistantError) as error:
        await house.act("create_schedule", action="charge", duration_min=30)
    assert error.value.translation_key == key
    flows = house.hass.config_entries.flow.async_progress()
    assert bool(flows) == (key == "write_credentials_refused")


async def test_delete_with_an_odd_answer_says_so(house: House) -> None:
    """An answer that is no answer is no proof; the schedule is still shown."""
    (created,) = await house.act("create_schedule", action="hold", duration_min=30)
    house.cloud.faults.add("schedule_delete", Fault.HTML)
    with pytest.raises(HomeAssistantError) as error:
        await house.act("delete_schedule", schedule_id=created["schedule_id"])
    assert error.value.translation_key == "write_unexpected_answer"
    assert house.value("binary_sensor", "schedule_active") == "on"


async def test_plan_that_cannot_be_read_stops_a_write(house: House) -> None:
    """Without a fresh list nothing is created."""
    house.cloud.faults.add("schedules", Fault.STATUS, status=500)
    with pytest.raises(HomeAssistantError) as error:
        await house.act("create_schedule", action="charge", duration_min=30)
    assert error.value.translation_key == "plan_unknown"
    assert writes(house) == 0


async def test_dry_run_shows_the_calls_and_sends_none(house: House) -> None:
    """A dry run returns just what a real run would send."""
    ask = {"action": "export", "duration_min": 30, "power_w": 2000, "start": soon()}
    (dry,) = await house.act("create_schedule", **ask, dry_run=True)
    assert dry["state"] == "not_sent"
    assert writes(house) == 0
    (real,) = await house.act("create_schedule", **ask)
    (dry_call,), (real_call,) = dry["vendor_calls"], real["vendor_calls"]
    for call, result in ((dry_call, dry), (real_call, real)):
        call["body"]["UserNotes"] = call["body"]["UserNotes"].replace(
            result["schedule_id"], "id"
        )
    assert dry_call == real_call


async def test_bad_device_stops_all_devices(open_house: OpenHouse) -> None:
    """With several devices nothing is sent when one of them cannot."""
    house = await open_house(fixture=["A", "C"])
    without_battery = next(item for item in house.cloud.serials if item != INVERTER)
    with pytest.raises(ServiceValidationError):
        await house.act(
            "create_schedule",
            [INVERTER, without_battery],
            action="charge",
            duration_min=30,
        )
    assert writes(house) == 0


async def test_several_devices_each_get_theirs(open_house: OpenHouse) -> None:
    """One action call, one schedule per inverter, one result each."""
    house = await open_house(fixture="D")
    results = await house.act(
        "create_schedule", house.cloud.serials, action="charge", duration_min=30
    )
    assert [result["state"] for result in results] == ["confirmed", "confirmed"]
    assert all(len(house.cloud.schedules(sn)) == 1 for sn in house.cloud.serials)


async def test_delete_all_leaves_what_is_not_ours(house: House) -> None:
    """The maker's maintenance and the app's schedules survive; they are counted."""
    house.cloud.add_schedule(INVERTER, dt_util.utcnow() + 5 * HOUR, HOUR)
    house.cloud.add_daily_schedule(INVERTER)
    for hours in (1, 2):
        await house.act(
            "create_schedule", action="hold", duration_min=30, start=soon(hours * 60)
        )
    results = await house.act("delete_all_schedules")
    assert len(results[0]["deleted"]) == 2
    assert results[0]["left"] == 2
    (left,) = house.cloud.schedules(INVERTER)
    assert left["UserNotes"] == "Redback maintenance"


async def test_foreign_schedule_is_deleted_only_by_name(house: House) -> None:
    """Named by its id, a foreign schedule is deleted; an unknown id is an error."""
    vendor_id = house.cloud.add_schedule(INVERTER, dt_util.utcnow() + HOUR, HOUR)
    (result,) = await house.act("delete_schedule", schedule_id=vendor_id)
    assert result["state"] == "confirmed"
    assert house.cloud.schedules(INVERTER) == []
    with pytest.raises(ServiceValidationError) as error:
        await house.act("delete_schedule", schedule_id=vendor_id)
    assert error.value.translation_key == "schedule_not_found"


async def test_list_shows_foreign_recurring_and_past(house: House) -> None:
    """The list holds what others made; past ones on demand."""
    house.cloud.add_schedule(INVERTER, dt_util.utcnow() + HOUR, HOUR)
    house.cloud.add_daily_schedule(INVERTER, days="Everyday")
    await house.act("create_schedule", action="hold", duration_min=5)
    await house.pass_time(timedelta(minutes=7))
    inverter, site = await house.act("list_schedules")
    assert [item["owner"] for item in inverter["schedules"]] == ["foreign"]
    assert {item["recurring"] for item in inverter["recurring"]} == {True}
    assert len(inverter["recurring"]) in (7, 8)
    assert site["device"] == SITE
    inverter, _ = await house.act("list_schedules", include_past=True)
    assert {item["owner"] for item in inverter["schedules"]} == {"own", "foreign"}


async def test_update_of_a_coming_one(house: House) -> None:
    """An edit keeps what is not given, the id too, and leaves one schedule."""
    (old,) = await house.act(
        "create_schedule",
        action="charge",
        duration_min=30,
        power_w=2000,
        start=soon(),
        note="cheap",
    )
    (new,) = await house.act(
        "update_schedule", schedule_id=old["schedule_id"], power_w=1000
    )
    assert new["state"] == "confirmed"
    assert [call["method"] for call in new["vendor_calls"]] == ["DELETE", "POST"]
    assert new["schedule_id"] == old["schedule_id"]
    (listed,) = (await house.act("list_schedules"))[0]["schedules"]
    assert listed["schedule_id"] == new["schedule_id"]
    assert (listed["power_w"], listed["note"]) == (1000, "cheap")
    assert listed["start"] == old["effective"]["start"]


async def test_update_of_a_running_one_keeps_its_end(house: House) -> None:
    """What runs goes on with the new power until the old end."""
    (old,) = await house.act(
        "create_schedule", action="charge", duration_min=30, power_w=2000
    )
    await house.pass_time(timedelta(minutes=10, seconds=20))
    (new,) = await house.act(
        "update_schedule", schedule_id=old["schedule_id"], power_w=1000
    )
    assert new["effective"]["end"] == old["effective"]["end"]
    assert len(house.cloud.schedules(INVERTER)) == 1


async def test_foreign_schedule_is_not_edited(house: House) -> None:
    """What others made is theirs."""
    vendor_id = house.cloud.add_schedule(INVERTER, dt_util.utcnow() + HOUR, HOUR)
    with pytest.raises(ServiceValidationError) as error:
        await house.act("update_schedule", schedule_id=vendor_id, power_w=1000)
    assert error.value.translation_key == "not_own"


async def test_force_replaces_force_and_stop_ends_it(house: House) -> None:
    """A second force takes the first one's place; stop ends it, not what is planned."""
    await house.act("create_schedule", action="hold", duration_min=30, start=soon(600))
    await house.act("force", action="charge", duration_min=30, power_w=1000)
    (second,) = await house.act("force", action="discharge", duration_min=60)
    assert second["state"] == "confirmed"
    modes = [
        item["DesiredMode"]["InverterMode"] for item in house.cloud.schedules(INVERTER)
    ]
    assert sorted(modes) == ["Conserve", "DischargeBattery"]
    inverter, _ = await house.act("stop")
    assert [item["action"] for item in inverter["deleted"]] == ["discharge"]
    assert len(house.cloud.schedules(INVERTER)) == 1
    await house.pass_time(timedelta(minutes=3))
    assert house.value("sensor", "mode") == "auto"


async def test_force_goes_before_a_plan_that_goes_on_after_it(house: House) -> None:
    """A force interrupts a schedule of ours; nothing of it is lost."""
    await house.act("create_schedule", action="hold", duration_min=60)
    (force,) = await house.act("force", action="charge", duration_min=10)
    assert [call["method"] for call in force["vendor_calls"]] == [
        *("POST", "POST", "DELETE")
    ]
    first, second = sorted(
        house.cloud.schedules(INVERTER), key=lambda item: str(item["StartTimeUtc"])
    )
    assert first["DesiredMode"]["InverterMode"] == "ChargeBattery"
    assert (first["Duration"], second["Duration"]) == ("00:10:00", "00:50:00")


async def test_curtail_export_in_one_step(house: House) -> None:
    """A limit asked of the inverter becomes the site's envelope, and is given back."""
    await house.pass_time(timedelta(minutes=2))
    assert float(house.value("sensor", "grid_power")) < 0
    (result,) = await house.act(
        "force", action="limit", duration_min=30, max_export_w=0
    )
    assert (result["state"], result["device"]) == ("confirmed", SITE)
    await house.pass_time(LEAD)
    assert house.value("sensor", "active_max_export", SITE) == "0"
    assert house.value("binary_sensor", "schedule_active", SITE) == "on"
    await house.pass_time(timedelta(minutes=3))
    assert float(house.value("sensor", "grid_power")) == pytest.approx(0, abs=1)
    inverter, site = await house.act("stop")
    assert (len(inverter["deleted"]), len(site["deleted"])) == (0, 1)
    await house.pass_time(timedelta(minutes=3))
    assert float(house.value("sensor", "grid_power")) < 0
    assert house.value("binary_sensor", "schedule_active", SITE) == "off"


async def test_stop_of_some_actions_alone(house: House) -> None:
    """What is not named goes on; where nothing of it runs, the cloud is not asked."""
    await house.act("force", action="limit", duration_min=30, max_export_w=0)
    await house.act("create_schedule", action="hold", duration_min=60)
    calls = house.cloud.requests.total
    for words in (["charge", "Discharge"], "charge, discharge"):
        inverter, site = await house.act("stop", actions=words)
        assert (inverter["deleted"], site["deleted"]) == ([], [])
        assert (inverter["left"], site["left"]) == (1, 1)
    assert house.cloud.requests.total == calls
    (tried, _) = await house.act("stop", actions="hold", dry_run=True)
    assert [item["action"] for item in tried["deleted"]] == ["hold"]
    for forced_only, deleted in ((True, []), (False, ["hold"])):
        inverter, site = await house.act(
            "stop", actions=["hold"], forced_only=forced_only
        )
        assert [item["action"] for item in inverter["deleted"]] == deleted
        assert site["deleted"] == []
    (_, site) = await house.act("stop", actions=["limit"], forced_only=True)
    assert [item["action"] for item in site["deleted"]] == ["limit"]


async def test_stop_of_what_is_no_action_ends_nothing(house: House) -> None:
    """Neither does a list that came out empty; nobody means everything by that."""
    await house.act("force", action="hold", duration_min=30)
    with pytest.raises(ServiceValidationError) as error:
        await house.act("stop", actions="hold, sell")
    assert error.value.translation_key == "unknown_action"
    with pytest.raises(probatio.Invalid):
        await house.act("stop", actions=[])
    assert len(house.cloud.schedules(INVERTER)) == 1


async def test_limit_that_is_about_to_start_is_stopped(house: House) -> None:
    """The seconds before its start belong to a limit that was to start now."""
    await house.act("force", action="limit", duration_min=30, max_export_w=500)
    (second,) = await house.act(
        "force", action="limit", duration_min=30, max_export_w=0
    )
    assert second["state"] == "confirmed"
    _, site = await house.act("stop")
    assert [item["schedule_id"] for item in site["deleted"]] == [second["schedule_id"]]


async def test_no_charge_is_an_envelope_too(house: House) -> None:
    """Keeping the battery from charging is the site's matter."""
    (result,) = await house.act("force", action="no_charge", duration_min=30)
    assert result["state"] == "confirmed"
    await house.pass_time(LEAD)
    assert house.value("sensor", "active_action", SITE) == "no_charge"


async def test_network_envelope_is_shown_and_never_touched(house: House) -> None:
    """What the network operator imposes is seen, and no action deletes it."""
    now = dt_util.utcnow()
    event_id = house.cloud.add_network_envelope(
        SITE, now, now + HOUR, MaxExportPowerW=1500
    )
    await house.act("list_schedules")
    assert house.value("binary_sensor", "network_limit", SITE) == "on"
    assert house.value("sensor", "active_max_export", SITE) == "1500"
    await house.act("delete_all_schedules", SITE)
    await house.act("stop", SITE)
    with pytest.raises(ServiceValidationError) as error:
        await house.act("delete_schedule", SITE, schedule_id=event_id)
    assert error.value.translation_key == "not_deletable"
    assert house.cloud.requests.count("envelope_delete") == 0
    assert house.cloud.requests.count("envelope_delete_all") == 0


async def test_refused_envelope_inside_a_200_is_an_error(house: House) -> None:
    """The cloud answers 200 to a refused envelope; it is not taken for success."""
    house.cloud.faults.add(
        "envelope_create",
        Fault.EDIT,
        edit=lambda body: {"Data": body["Data"] | {"ErrorMessage": "no"}},
    )
    with pytest.raises(HomeAssistantError) as error:
        await house.act("force", action="limit", duration_min=30, max_export_w=0)
    assert error.value.translation_key == "write_rejected"


async def test_reset_to_auto_with_the_portal(open_house: OpenHouse) -> None:
    """Own schedules go, and the mode outside schedules becomes auto."""
    house = await open_house(fixture="A", portal=True)
    house.cloud.set_base_mode(INVERTER, "ExportPower", 1500)
    await house.act("create_schedule", action="hold", duration_min=30)
    inverter, site = await house.act("reset_to_auto")
    assert inverter["base_mode"] == "reset_requested"
    assert "base_mode" not in site
    assert house.cloud.portal_mode(INVERTER)["InverterMode"] == "Auto"
    assert house.cloud.schedules(INVERTER) == []
    await house.pass_time(timedelta(minutes=3))
    assert house.value("sensor", "mode") == "auto"


async def test_reset_to_auto_without_the_portal(house: House) -> None:
    """The schedules go all the same, and the answer says what was not done."""
    await house.act("create_schedule", action="hold", duration_min=30)
    inverter, _ = await house.act("reset_to_auto")
    assert inverter["base_mode"] == "unchanged"
    assert house.cloud.schedules(INVERTER) == []


async def test_write_budget_keeps_a_share_for_giving_back(house: House) -> None:
    """When the writes of an hour are spent, deletes still go out."""
    keeper = house.entry.runtime_data.keeper
    (created,) = await house.act("create_schedule", action="hold", duration_min=30)
    while keeper.budget.left:
        keeper.budget.spend()
    (kept,) = await house.act(
        "create_schedule", action="hold", duration_min=30, start=soon(300)
    )
    assert kept["state"] == "queued"
    assert len(house.cloud.schedules(INVERTER)) == 1
    (deleted,) = await house.act("delete_schedule", schedule_id=created["schedule_id"])
    assert deleted["state"] == "confirmed"


async def test_battery_device_has_the_plan_of_its_inverter(house: House) -> None:
    """Every device of the chain leads to the same plan."""
    results = [
        await house.act("get_capabilities", item) for item in (INVERTER, BATTERY)
    ]
    assert [item["device"] for item in results[0]] == [INVERTER, SITE]
    assert [item["device"] for item in results[1]] == [INVERTER, SITE]
