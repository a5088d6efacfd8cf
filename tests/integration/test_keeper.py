"""The keeper on a cloud that fails, an app that interferes and rules that overlap."""

from datetime import timedelta

import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.core.rules import Rule
from custom_components.joulekeeper.core.schedule import Action, Source
from custom_components.joulekeeper.rule_edits import VIA_CALENDAR, Caller, new_id
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from ..conftest import LogIn
from .conftest import BATTERY, EVENING, INVERTER, House, OpenHouse
from .keeping import (
    HOUR,
    MINUTE,
    SECOND,
    issues,
    items,
    log,
    occurrences,
    running,
    soon,
    story,
    told,
    writes,
)
from .leap import leap


@pytest.fixture
async def evening(open_house: OpenHouse) -> House:
    """Return the house of fixture A at night, with half a battery."""
    house = await open_house(fixture="A", now=EVENING - 2 * MINUTE)
    plant = house.cloud.inverter(INVERTER).house
    plant.stored_kwh = plant.spec.battery_kwh / 2
    await leap(house, MINUTE)
    await leap(house, MINUTE)
    assert dt_util.utcnow() == EVENING
    return house


# -- a cloud that fails --------------------------------------------------------


@pytest.mark.parametrize("late", [0, 100, 200])
async def test_create_whose_answer_is_lost_is_found(evening: House, late: int) -> None:
    """Done but unanswered: however late it is listed, there is one in the end."""
    faults = evening.cloud.faults
    faults.add("schedule_create", Fault.DROP, times=1, done=True)
    faults.add("schedule_create", Fault.LATE, times=1, seconds=late)
    (created,) = await evening.act(
        "create_schedule", action="hold", duration_min=60, start=soon(10)
    )
    assert created["state"] == ("sent" if late else "confirmed")
    await evening.pass_time(5 * MINUTE)
    await leap(evening, 16 * MINUTE)
    assert items(evening, EVENING) == [("Conserve", 10, 70)]
    assert evening.cloud.requests.count("schedule_create") == (2 if late > 120 else 1)
    assert evening.value("sensor", "schedule_status") == "active"


@pytest.mark.parametrize("times", [1, None])
async def test_create_that_is_lost_is_sent_again_once(
    evening: House, times: int | None
) -> None:
    """Never done: after two minutes without a trace it is sent anew, and no more."""
    evening.cloud.faults.add("schedule_create", Fault.DROP, times=times)
    (created,) = await evening.act(
        "create_schedule", action="hold", duration_min=60, start=soon(10)
    )
    assert created["state"] == "sent"
    await evening.pass_time(4.5 * MINUTE)
    await leap(evening, HOUR)
    first, second = (
        entry.at
        for entry in evening.cloud.requests.entries
        if entry.label == "schedule_create"
    )
    assert 2 * MINUTE <= second - first <= 2.2 * MINUTE
    if times:
        assert items(evening, EVENING) == [("Conserve", 10, 70)]
        assert not issues(evening)
    else:
        assert items(evening, EVENING) == []
        assert issues(evening).keys() == {"unconfirmed"}
        await leap(evening, 30 * MINUTE)
        assert (await story(evening))[-1] == "missed"
        assert issues(evening).keys() == {"missed"}


@pytest.mark.parametrize(("down", "end"), [(3, "active"), (8, "missed")])
async def test_what_cannot_be_sent_waits_for_its_time(
    evening: House, down: int, end: str
) -> None:
    """Sent when the cloud takes it again; too late, it is missed, and told."""
    heard = told(evening)
    evening.cloud.faults.add("schedule_create", Fault.THROTTLE, retry_after=20)
    (created,) = await evening.act("force", action="charge", duration_min=30)
    assert created["state"] == "queued"
    await evening.pass_time(down * MINUTE)
    evening.cloud.faults.clear()
    await evening.pass_time(4 * MINUTE)
    held = items(evening, EVENING)
    if end == "active":
        ((mode, start, finish),) = held
        assert (mode, finish) == ("ChargeBattery", 30)
        assert 3 <= start <= 5
        assert running(evening) == "ChargeBattery"
    else:
        assert not held
        (missed,) = (i for i in heard if i["event_type"] == "missed")
        assert missed["reason"] in ("late", "rate_limited")
    assert (await story(evening, created["schedule_id"]))[-1] in (end, "delivering")


async def test_what_is_refused_later_is_not_sent_for_ever(evening: House) -> None:
    """Kept for later and then refused for good: it is rejected, once."""
    faults = evening.cloud.faults
    faults.add("schedule_create", Fault.THROTTLE, times=2, retry_after=20)
    (created,) = await evening.act("force", action="charge", duration_min=30)
    assert created["state"] == "queued"
    faults.add("schedule_create", Fault.STATUS, status=400)
    await evening.pass_time(4 * MINUTE)
    await leap(evening, 16 * MINUTE)
    assert evening.cloud.requests.count("schedule_create") == 3
    assert (await story(evening)).count("rejected") == 1


async def test_what_is_refused_later_keeps_nothing_from_its_time(
    evening: House,
) -> None:
    """What it was to go before is made anew at once."""
    first, second = (
        {"action": action, "duration_min": 60, "start": soon()}
        for action in ("hold", "charge")
    )
    await evening.act("create_schedule", **first)
    faults = evening.cloud.faults
    faults.add("schedule_create", Fault.THROTTLE, times=1, retry_after=20)
    (created,) = await evening.act("create_schedule", **second)
    assert created["state"] == "queued"
    faults.add("schedule_create", Fault.STATUS, status=400, times=1)
    await evening.pass_time(MINUTE)
    assert (await story(evening, created["schedule_id"]))[-1] == "rejected"
    assert items(evening, EVENING) == [("Conserve", 30, 90)]
    assert "rejected" in issues(evening)
    calendar = evening.entity_id("calendar", "plan", INVERTER)
    state = evening.hass.states.get(calendar)
    assert state is not None
    assert "Hold" in state.attributes["message"]
    assert "Interrupted" not in state.attributes["description"]


async def test_what_should_be_gone_is_deleted_in_the_end(evening: House) -> None:
    """A cloud that refuses deletes is asked again, ever more seldom, and told of."""
    await evening.act(
        "create_schedule", action="hold", duration_min=60, start=soon(150)
    )
    await evening.act("force", action="charge", duration_min=120, power_w=1000)
    evening.cloud.faults.add("schedule_delete", Fault.STATUS, status=503)
    evening.cloud.requests.clear()
    with pytest.raises(HomeAssistantError) as error:
        await evening.act("stop")
    assert error.value.translation_key == "write_outcome_unknown"
    await evening.pass_time(12 * MINUTE)
    # The client repeats a delete once by itself.
    assert 5 * 2 <= evening.cloud.requests.count("schedule_delete") <= 7 * 2
    issue = issues(evening)["restore_failed"]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["schedule"] == "Charge 1 kW"
    assert "restore_failed" in await story(evening)
    for _ in range(50):
        await leap(evening, MINUTE)
    assert evening.cloud.requests.count("schedule_delete") <= 13 * 2

    evening.cloud.faults.clear()
    await evening.pass_time(16 * MINUTE)
    assert items(evening, EVENING) == [("Conserve", 150, 210)]
    assert (await story(evening))[-1] == "cancelled"
    assert not issues(evening)
    assert running(evening) == "Auto"


async def test_delete_during_an_outage_is_kept(evening: House) -> None:
    """What was asked for while nothing gets through is done afterwards."""
    (created,) = await evening.act(
        "create_schedule", action="hold", duration_min=60, start=soon(60)
    )
    evening.cloud.faults.add("schedule_delete", Fault.STATUS, status=503)
    with pytest.raises(HomeAssistantError):
        await evening.act("delete_schedule", schedule_id=created["schedule_id"])
    evening.cloud.faults.add("*", Fault.DROP)
    await evening.pass_time(3 * MINUTE)
    assert len(items(evening, EVENING)) == 1
    evening.cloud.faults.clear()
    await leap(evening, 16 * MINUTE)
    assert items(evening, EVENING) == []
    assert (await story(evening))[-1] == "cancelled"


# -- ends that come early ------------------------------------------------------


async def test_target_ends_a_force_early(evening: House) -> None:
    """At the target it is deleted; the vendor would have ended it in any case."""
    level = float(evening.value("sensor", "state_of_charge", BATTERY))
    for target in (int(level), 10):
        with pytest.raises(ServiceValidationError) as error:
            await evening.act(
                "force", action="charge", duration_min=60, target_soc=target
            )
        assert error.value.translation_key == "target_reached"
    assert writes(evening) == 0
    (forced,) = await evening.act(
        "force", action="charge", duration_min=60, target_soc=int(level) + 8
    )
    await evening.pass_time(5 * MINUTE)
    assert items(evening, EVENING) == [("ChargeBattery", 0, 60)]
    await evening.pass_time(6 * MINUTE)
    assert items(evening, EVENING) == []
    entries = await log(evening, forced["schedule_id"])
    assert entries[-1]["event"] == "done"
    assert entries[-1]["reason"] == "target_reached"
    reached = float(evening.value("sensor", "state_of_charge", BATTERY))
    assert int(level) + 8 <= reached <= int(level) + 10
    await evening.pass_time(5 * MINUTE)
    assert evening.value("sensor", "mode") == "auto"
    assert writes(evening) == 2
    assert not issues(evening)


async def test_lease_ends_at_the_vendor_unless_renewed(evening: House) -> None:
    """The cloud never holds more than the lease, which is renewed past its half."""
    (forced,) = await evening.act(
        "force", action="charge", duration_min=60, lease_min=10, power_w=1000
    )
    assert items(evening, EVENING) == [("ChargeBattery", 0, 10)]
    await evening.pass_time(4 * MINUTE)
    (kept,) = await evening.act("extend", lease_min=10)
    assert (kept["state"], writes(evening)) == ("confirmed", 1)
    await evening.pass_time(4 * MINUTE)
    (renewed,) = await evening.act("extend", lease_min=10)
    assert renewed["schedule_id"] == forced["schedule_id"]
    assert items(evening, EVENING) == [("ChargeBattery", 8, 18)]
    assert writes(evening) == 3
    await evening.pass_time(11 * MINUTE)
    assert items(evening, EVENING) == []
    assert evening.value("binary_sensor", "schedule_active") == "off"
    with pytest.raises(ServiceValidationError) as error:
        await evening.act("extend", lease_min=10)
    assert error.value.translation_key == "nothing_running"
    assert writes(evening) == 3
    assert not issues(evening)


# -- who goes first ------------------------------------------------------------


async def test_force_interrupts_what_goes_on_afterwards(evening: House) -> None:
    """What is planned makes room for a force, and goes on after it, to its end."""
    (hold,) = await evening.act("create_schedule", action="hold", duration_min=60)
    await evening.pass_time(10 * MINUTE)
    (force,) = await evening.act("force", action="charge", duration_min=10)
    assert force["state"] == "confirmed"
    assert items(evening, EVENING) == [("ChargeBattery", 10, 20), ("Conserve", 20, 60)]
    await evening.pass_time(5 * MINUTE)
    assert running(evening) == "ChargeBattery"
    await evening.pass_time(6 * MINUTE)
    assert running(evening) == "Conserve"

    await evening.act("force", action="discharge", duration_min=30)
    assert items(evening, EVENING) == [
        ("DischargeBattery", 21, 51),
        ("Conserve", 51, 60),
    ]
    await evening.pass_time(4 * MINUTE)
    count = writes(evening)
    # `stop` ends all that runs; the force alone is deleted by its id.
    (active,) = (
        rule["schedule_id"]
        for rule in (await evening.act("list_schedules"))[0]["rules"]
        if rule["action"] == "discharge"
    )
    await evening.act("delete_schedule", schedule_id=active)
    assert items(evening, EVENING) == [("Conserve", 25, 60)]
    assert writes(evening) - count <= 3
    await evening.pass_time(3 * MINUTE)
    assert evening.value("sensor", "mode") == "hold"
    assert "delivering" in {
        occurrence["state"]
        for occurrence in await occurrences(evening, hold["schedule_id"])
    }
    await evening.pass_time(34 * MINUTE)
    assert items(evening, EVENING) == []
    assert running(evening) == "Auto"
    assert not issues(evening)


async def test_later_service_goes_first_and_calendar_last(evening: House) -> None:
    """Among equals the later one wins; a calendar event makes room for both."""
    keeper = evening.entry.runtime_data.keeper
    control = keeper.controls.get(INVERTER)
    assert control is not None
    start = EVENING.replace(second=0) + HOUR
    for action, begin, minutes in (("hold", 0, 60), ("charge", 20, 20)):
        await evening.act(
            "create_schedule",
            action=action,
            duration_min=minutes,
            start=(start + begin * MINUTE).isoformat(),
        )
    await keeper.create(
        control,
        Rule(
            id=new_id(),
            action=Action.AUTO,
            start=start - 30 * MINUTE,
            duration=2 * HOUR,
            source=Source.CALENDAR,
        ),
        Caller(VIA_CALENDAR),
    )
    plan = [
        ("Auto", -30, 0),
        ("Conserve", 0, 20),
        ("ChargeBattery", 20, 40),
        ("Conserve", 40, 60),
        ("Auto", 60, 90),
    ]
    assert items(evening, start) == plan
    charge = next(i for i in control.ledger.rules.values() if i.action == "charge")
    await evening.act("delete_schedule", schedule_id=charge.id)
    assert items(evening, start) == [plan[0], ("Conserve", 0, 60), plan[-1]]


async def test_schedule_of_others_is_gone_around(evening: House) -> None:
    """New ones may not overlap it; ours are cut where one appears, and close again."""
    cloud = evening.cloud
    foreign = cloud.add_schedule(INVERTER, EVENING + 2 * HOUR, HOUR)
    with pytest.raises(ServiceValidationError) as error:
        await evening.act("create_schedule", action="hold", duration_min=150)
    assert error.value.translation_key == "overlap_foreign"
    await evening.act("create_schedule", action="hold", duration_min=90)
    inside = cloud.add_schedule(INVERTER, EVENING + 40 * MINUTE, 20 * MINUTE)
    await leap(evening, 21 * MINUTE)
    assert items(evening, EVENING) == [
        ("Conserve", 21, 40),
        ("ChargeBattery", 40, 60),
        ("Conserve", 60, 90),
        ("ChargeBattery", 120, 180),
    ]
    cloud.remove_schedule(INVERTER, inside)
    await leap(evening, 21 * MINUTE)
    await leap(evening, MINUTE)
    assert items(evening, EVENING) == [
        ("Conserve", 42, 90),
        ("ChargeBattery", 120, 180),
    ]
    assert [item["ScheduleId"] for item in cloud.schedules(INVERTER)].count(foreign)
    assert not issues(evening)


# -- what others do ------------------------------------------------------------


async def test_what_the_app_does_wins(evening: House) -> None:
    """Deleted or changed elsewhere, it stays so, and is told; nothing is undone."""
    cloud, heard = evening.cloud, told(evening)
    made = [
        (
            await evening.act(
                "create_schedule", action="hold", duration_min=30, start=soon(minutes)
            )
        )[0]["schedule_id"]
        for minutes in (60, 120, 180)
    ]
    first, second, _third = cloud.inverter(INVERTER).plan.schedules
    assert writes(evening) == 3
    cloud.remove_schedule(INVERTER, first.schedule_id)
    second.duration = timedelta(minutes=45)
    for _ in range(3):
        await leap(evening, 16 * MINUTE)
    overridden = [i for i in heard if i["event_type"] == "overridden"]
    assert {i["schedule_id"]: i["reason"] for i in overridden} == {
        made[0]: "deleted_elsewhere",
        made[1]: "changed_elsewhere",
    }
    assert items(evening, EVENING) == [("Conserve", 120, 165), ("Conserve", 180, 210)]
    assert writes(evening) == 3

    foreign = cloud.add_schedule(INVERTER, EVENING + 5 * HOUR, HOUR)
    await evening.act("force", action="charge", duration_min=5)
    await evening.act("stop")
    await evening.act("delete_all_schedules")
    # Changed elsewhere it is somebody else's now, like the foreign one.
    assert {item["ScheduleId"] for item in cloud.schedules(INVERTER)} == {
        second.schedule_id,
        foreign,
    }
    deleted = {
        entry.path.rpartition("/")[-1]
        for entry in cloud.requests.entries
        if entry.label == "schedule_delete"
    }
    assert deleted.isdisjoint({first.schedule_id, second.schedule_id, foreign})
    inverter, _ = await evening.act("list_schedules")
    for item in inverter["schedules"]:
        await evening.act("delete_schedule", schedule_id=item["schedule_id"])
    assert cloud.schedules(INVERTER) == []


# -- a forced mode that nobody asks for ----------------------------------------


@pytest.mark.parametrize("portal", [True, False])
async def test_forced_mode_without_a_schedule_is_told_and_mended(
    open_house: OpenHouse,
    hass_client: ClientSessionGenerator,
    hass_admin_user: MockUser,
    log_in: LogIn,
    portal: bool,
) -> None:
    """One press returns the inverter to auto, by the portal or by a schedule."""
    house = await open_house(fixture="A", now=EVENING, portal=portal)
    hass = house.hass
    for component in ("http", "repairs"):
        assert await async_setup_component(hass, component, {})
    await hass.async_block_till_done()
    house.cloud.set_base_mode(INVERTER, "ChargeBattery", 1000)
    listed = house.cloud.requests.count("schedules")
    await house.pass_time(3.2 * MINUTE)
    assert house.cloud.requests.count("schedules") == listed + 1
    (issue,) = issues(house).values()
    assert issue.translation_key == "forced_without_owner"
    assert issue.translation_placeholders == {
        "device": "SH5000 inverter",
        "mode": "Charge",
    }
    assert writes(house) == 0

    client = await hass_client(await log_in())
    response = await client.post(
        "/api/repairs/issues/fix",
        json={"handler": DOMAIN, "issue_id": issue.issue_id},
    )
    step = await response.json()
    assert step["step_id"] == "confirm"
    response = await client.post(f"/api/repairs/issues/fix/{step['flow_id']}", json={})
    assert (await response.json())["type"] == "create_entry"
    # The measurements lag behind: until they are newer, it is not told again.
    await house.act("list_schedules")
    assert house.value("sensor", "mode") == "charge"
    assert not issues(house)
    (asked,) = (entry for entry in await log(house) if entry["via"])
    assert asked["event"] == ("reset_to_auto" if portal else "create")
    assert (asked["via"], asked["user_id"]) == ("repair", hass_admin_user.id)
    if portal:
        assert house.cloud.portal_mode(INVERTER)["InverterMode"] == "Auto"
        assert items(house, EVENING) == []
    else:
        ((mode, start, end),) = items(house, EVENING)
        assert (mode, end - start) == ("Auto", 24 * 60)
        # Everything else goes before it.
        await house.act("force", action="hold", duration_min=10)
        assert running(house) == "Conserve"
        await house.pass_time(11 * MINUTE)
    await house.pass_time(3 * MINUTE)
    assert house.value("sensor", "mode") == "auto"
    assert not issues(house)


async def test_forced_mode_that_is_explained_is_not_told(evening: House) -> None:
    """By a schedule made elsewhere, by a recurring one, by one that has just ended."""
    cloud = evening.cloud
    cloud.add_schedule(INVERTER, EVENING, 10 * MINUTE, notes=None)
    await evening.pass_time(4.2 * MINUTE)
    assert evening.value("sensor", "mode") == "charge"
    assert not issues(evening)
    await evening.act("delete_schedule", schedule_id=_only(evening))
    # Midnight is not near: it is past nine in the evening in Brisbane.
    cloud.add_daily_schedule(
        INVERTER, start=21 * HOUR, duration=10 * MINUTE, days="Everyday"
    )
    await evening.pass_time(4 * MINUTE)
    assert evening.value("sensor", "mode") == "charge"
    assert not issues(evening)
    await evening.pass_time(4 * MINUTE)
    assert evening.value("sensor", "mode") == "auto"

    for ends_early in (True, False):
        await evening.act("force", action="charge", duration_min=3, power_w=1000)
        if ends_early:
            await evening.pass_time(2 * MINUTE)
            await evening.act("stop")
        else:
            await evening.pass_time(3 * MINUTE)
        # The inverter is slow to go back.
        cloud.set_base_mode(INVERTER, "ChargeBattery", 1000)
        await evening.pass_time(2.6 * MINUTE)
        assert evening.value("sensor", "mode") == "charge"
        assert not issues(evening)
        cloud.set_base_mode(INVERTER, "Auto")
        await evening.pass_time(2 * MINUTE)
        assert not issues(evening)


async def test_forced_mode_is_not_judged_by_an_old_list(evening: House) -> None:
    """While nobody can say what is planned, nobody is told that nothing is."""
    evening.cloud.faults.add("schedules", Fault.STATUS, status=503)
    evening.cloud.add_schedule(INVERTER, EVENING, HOUR, notes=None)
    await evening.pass_time(4 * MINUTE)
    assert evening.value("sensor", "mode") == "charge"
    assert not issues(evening)
    evening.cloud.faults.clear()
    await leap(evening, 16 * MINUTE)
    await evening.pass_time(2 * MINUTE)
    assert not issues(evening)


def _only(house: House) -> str:
    (item,) = house.cloud.schedules(INVERTER)
    schedule_id: str = item["ScheduleId"]
    return schedule_id


# -- nothing more than has to be -----------------------------------------------


async def test_nothing_is_written_that_is_so_already(house: House) -> None:
    """Polls, the reconcile and a new time zone write nothing for rules that lie."""
    await house.act("create_schedule", action="hold", duration_min=240)
    await house.act(
        "create_schedule",
        action="export",
        duration_min=30,
        start=soon(600),
        rrule="FREQ=DAILY",
    )
    await house.act("force", action="limit", duration_min=200, max_export_w=1000)
    count = writes(house)
    assert count == 5
    house.cloud.requests.clear()
    await house.pass_time(20 * MINUTE)
    for _ in range(10):
        await leap(house, 5 * MINUTE)
    await house.hass.config.async_update(time_zone="UTC")
    for _ in range(10):
        await leap(house, 5 * MINUTE)
    assert writes(house) == 0
    assert house.cloud.requests.count("schedules") < 20
    assert not issues(house)


async def test_writes_stay_within_their_budget(evening: House) -> None:
    """Two hundred edits in an hour: the last one counts, deletes go out at any time."""
    start = EVENING.replace(second=0) + 5 * HOUR
    (other,) = await evening.act(
        "create_schedule", action="hold", duration_min=30, start=soon(900)
    )
    (created,) = await evening.act(
        "create_schedule",
        action="charge",
        duration_min=60,
        power_w=1000,
        start=start.isoformat(),
    )
    for power in range(1001, 1201):
        await evening.act(
            "update_schedule", schedule_id=created["schedule_id"], power_w=power
        )
        if not power % 10:
            await leap(evening, 170 * SECOND)
    assert dt_util.utcnow() - EVENING < HOUR
    assert 60 <= writes(evening) <= 120
    await evening.act("delete_schedule", schedule_id=other["schedule_id"])
    assert all(item.mode != "Conserve" for item in items(evening, EVENING))
    assert writes(evening) <= 120

    await leap(evening, 16 * MINUTE)
    await leap(evening, 16 * MINUTE)
    (item,) = evening.cloud.schedules(INVERTER)
    assert item["DesiredMode"]["ArgumentInWatts"] == 1200
    assert (await occurrences(evening, created["schedule_id"]))[-1]["state"] == (
        "confirmed"
    )
    assert not issues(evening)
