"""Two proofs: the cloud holds what was asked, and the inverter does it."""

from datetime import datetime
from typing import Any

import pytest

from homeassistant.util import dt as dt_util

from ..clouds import Fault
from .conftest import EVENING, INVERTER, NOON, OpenHouse
from .keeping import (
    HOUR,
    MINUTE,
    SECOND,
    instant,
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


async def test_force_that_works_is_proved_twice(open_house: OpenHouse) -> None:
    """Each step is logged and told as an event, the proofs with their latency."""
    house = await open_house(fixture="A", now=EVENING)
    heard = told(house)
    (forced,) = await house.act("force", action="charge", duration_min=12, power_w=3000)
    assert forced["state"] == "confirmed"
    assert forced["occurrences"][0]["state"] == "active"
    assert items(house, EVENING) == [("ChargeBattery", 0, 12)]
    await house.pass_time(4 * MINUTE)
    (occurrence,) = await occurrences(house, forced["schedule_id"])
    assert (occurrence["state"], occurrence["reason"]) == ("delivering", None)
    await house.pass_time(9 * MINUTE)

    entries = await log(house)
    steps = ["force", "sent", "accepted", "confirmed", "active", "delivering", "done"]
    assert [entry["event"] for entry in entries] == steps
    assert [event["event_type"] for event in heard] == steps
    assert {entry["schedule_id"] for entry in entries} == {forced["schedule_id"]}
    assert {entry["power_w"] for entry in entries} == {3000}
    assert entries[0]["via"] == "action"
    latencies = {entry["event"]: entry["latency_s"] for entry in entries}
    assert latencies.pop("confirmed") == 0
    assert 0 < latencies.pop("delivering") <= 120
    assert set(latencies.values()) == {None}
    assert instant(entries[-1]["time"]) - EVENING >= 12 * MINUTE
    assert items(house, EVENING) == []
    assert writes(house) == 1
    assert not issues(house)


@pytest.mark.parametrize("obeys", [True, False])
async def test_ignored_schedule_is_sent_again_once_and_told(
    open_house: OpenHouse, obeys: bool
) -> None:
    """An inverter that does nothing is found out soon, and told beyond its end."""
    house = await open_house(fixture="A", now=EVENING)
    heard = told(house)
    house.cloud.faults.add("schedule_create", Fault.IGNORED, listed=True)
    (forced,) = await house.act("force", action="charge", duration_min=20, power_w=3000)
    assert forced["state"] == "confirmed"
    assert not issues(house)
    await house.pass_time(5.5 * MINUTE)
    told_at = [i["event_type"] for i in heard].index("not_delivering")
    assert heard[told_at]["reason"] == "mode_differs"
    entries = await log(house, forced["schedule_id"])
    (failed,) = (i for i in entries if i["event"] == "not_delivering")
    # The vendor's latency counts from the second sending too.
    assert instant(failed["time"]) - EVENING <= (1 + 3 + 1) * MINUTE
    issue = issues(house)["not_taken"]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["schedule"] == "Charge 3 kW"
    assert issue.translation_placeholders["mode"] == "Auto"
    assert house.cloud.requests.count("schedule_create") == 2
    (item,) = items(house, EVENING)
    assert (item.mode, item.end) == ("ChargeBattery", 20)

    if obeys:
        house.cloud.inverter(INVERTER).plan.schedules[-1].obeyed = True
        await house.pass_time(3 * MINUTE)
        assert (await story(house))[-1] == "delivering"
        assert not issues(house)
    else:
        await house.pass_time(15 * MINUTE)
        done = (await log(house))[-1]
        assert (done["event"], done["reason"]) == ("done", "not_delivered")
        assert set(issues(house)) == {"not_delivered"}
    assert house.cloud.requests.count("schedule_create") == 2
    assert house.cloud.requests.count("schedule_delete") == 1


async def test_what_was_not_delivered_is_told_to_who_sleeps(
    open_house: OpenHouse,
) -> None:
    """For a day, also after a restart, or until another one delivers."""
    house = await open_house(fixture="A", now=EVENING)

    async def fail() -> None:
        house.cloud.faults.add("schedule_create", Fault.IGNORED, listed=True)
        await house.act("force", action="charge", duration_min=20, power_w=3000)
        await house.pass_time(21 * MINUTE)
        house.cloud.faults.clear()

    await fail()
    issue = issues(house)["not_delivered"]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["schedule"] == "Charge 3 kW"
    await leap(house, 8 * HOUR)
    assert set(issues(house)) == {"not_delivered"}
    await house.reload()
    await house.pass_time(2 * MINUTE)
    assert set(issues(house)) == {"not_delivered"}
    await leap(house, 15 * HOUR)
    assert set(issues(house)) == {"not_delivered"}
    await leap(house, HOUR)
    assert not issues(house)

    await fail()
    assert set(issues(house)) == {"not_delivered"}
    await house.act("force", action="hold", duration_min=20)
    assert set(issues(house)) == {"not_delivered"}
    await house.pass_time(4 * MINUTE)
    assert (await story(house))[-1] == "delivering"
    assert not issues(house)


async def test_too_much_from_the_grid_is_no_proof(open_house: OpenHouse) -> None:
    """Who asked for little gets little, unless the sun adds to it."""
    house = await open_house(fixture="A", now=EVENING)

    def eager(body: dict[str, Any]) -> dict[str, Any]:
        body["Data"]["BatteryPowerNegativeIsChargingkW"] = -4.6
        return body

    house.cloud.faults.add("dynamic", Fault.EDIT, edit=eager)
    await house.act("force", action="charge", duration_min=60, power_w=1000)
    await house.pass_time(7 * MINUTE)
    assert set(issues(house)) == {"not_delivering"}
    assert (await log(house))[-1]["reason"] == "power_differs"


@pytest.mark.parametrize(("late", "sent"), [(100, 1), (200, 2)])
async def test_late_confirmation_makes_one_item(
    open_house: OpenHouse, late: int, sent: int
) -> None:
    """What the list shows late is waited for; sent again, the first one is deleted."""
    house = await open_house(fixture="A", now=EVENING)
    house.cloud.faults.add("schedule_create", Fault.LATE, seconds=late, times=1)
    (created,) = await house.act("create_schedule", action="hold", duration_min=30)
    assert created["state"] == "accepted"
    await house.pass_time((late + 120) * SECOND)
    entries = await log(house, created["schedule_id"])
    (confirmed,) = (i for i in entries if i["event"] == "confirmed")
    expected = late if sent == 1 else 0
    assert expected <= confirmed["latency_s"] <= expected + 120
    assert not issues(house)
    await leap(house, 16 * MINUTE)
    assert items(house, EVENING) == [("Conserve", 0 if sent == 1 else 2, 30)]
    assert house.cloud.requests.count("schedule_create") == sent
    assert running(house) == "Conserve"
    assert not issues(house)


async def test_power_that_the_inverter_refuses_is_named(
    open_house: OpenHouse,
) -> None:
    """The cloud takes any power; the inverter finds out at the start, in silence."""
    house = await open_house(fixture="A", now=EVENING)

    def higher(body: dict[str, Any]) -> dict[str, Any]:
        data = body["Data"]
        if "StaticData" in data:
            site = data["StaticData"]["SiteDetails"]
            site["BatteryMaxChargePowerkW"] = 6.0
        else:
            data["BatteryMaxChargePowerkW"] = 6.0
        return body

    for label in ("static", "configuration"):
        house.cloud.faults.add(label, Fault.EDIT, edit=higher)
    await house.reload()
    (created,) = await house.act(
        "create_schedule", action="charge", duration_min=20, power_w=6000, start=soon(2)
    )
    assert created["state"] == "confirmed"
    await house.pass_time(8.5 * MINUTE)
    issue = issues(house)["not_taken"]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["schedule"] == "Charge 6 kW"
    await house.pass_time(15 * MINUTE)
    assert set(issues(house)) == {"not_delivered"}


@pytest.mark.parametrize(
    ("now", "action", "reason"),
    [(NOON, "charge", "full"), (EVENING, "discharge", "empty")],
)
async def test_what_explains_itself_is_no_failure(
    open_house: OpenHouse, now: datetime, action: str, reason: str
) -> None:
    """A full battery takes nothing, an empty one gives nothing: that is no fault."""
    house = await open_house(fixture="A", now=now)
    plant = house.cloud.inverter(INVERTER).house
    plant.stored_kwh = plant.spec.battery_kwh * (0.99 if action == "charge" else 0.21)
    (forced,) = await house.act("force", action=action, duration_min=60, power_w=4000)
    await house.pass_time(9 * MINUTE)
    (occurrence,) = await occurrences(house, forced["schedule_id"])
    assert (occurrence["state"], occurrence["reason"]) == ("active", reason)
    assert not issues(house)
    assert writes(house) == 1


@pytest.mark.parametrize("silent", [True, False])
async def test_old_telemetry_decides_nothing(
    open_house: OpenHouse, silent: bool
) -> None:
    """No verdict and no target by old measurements; the end comes anyway."""
    house = await open_house(fixture="A", now=EVENING)
    (forced,) = await house.act(
        "force", action="charge", duration_min=20, power_w=3000, target_soc=90
    )
    await house.pass_time(3 * MINUTE)
    frozen = (dt_util.utcnow() - 3 * MINUTE).isoformat()

    def old(body: dict[str, Any]) -> dict[str, Any]:
        """Return what would reach the target and prove a fault, were it not old."""
        data = body["Data"]
        data["TimestampUtc"] = frozen
        data["BatterySoCInstantaneous0to1"] = 0.95
        data["Inverters"][0]["PowerMode"] = {"InverterMode": "Auto", "PowerW": 0}
        return body

    if silent:
        house.cloud.faults.add("dynamic", Fault.EDIT, edit=old)
    else:
        house.cloud.set_offline(INVERTER)
    await house.pass_time(12 * MINUTE)
    assert items(house, EVENING) == [("ChargeBattery", 0, 20)]
    (occurrence,) = await occurrences(house, forced["schedule_id"])
    assert occurrence["state"] in ("active", "delivering")
    assert not issues(house)
    await house.pass_time(6 * MINUTE)
    assert (await story(house))[-1] == "done"
    assert writes(house) == 1
    assert not issues(house)
