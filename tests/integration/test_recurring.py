"""Recurring rules: three days of single items in the cloud, topped up as time goes."""

from datetime import UTC, datetime, timedelta

import pytest

from homeassistant.util import dt as dt_util

from ..clouds import Fault
from .conftest import INVERTER, NOON, House, OpenHouse
from .keeping import DAY, HOUR, MINUTE, issues, log, occurrences, writes
from .leap import leap

BRISBANE = "Australia/Brisbane"
SYDNEY = "Australia/Sydney"


def local_starts(house: House, zone: str, serial: str = INVERTER) -> list[str]:
    """Return when what the cloud lists begins, by the clock of the site."""
    plan = house.cloud.inverter(serial).plan
    starts = sorted(item.start for item in plan.listed(dt_util.utcnow()))
    return [
        f"{start.astimezone(dt_util.get_time_zone(zone)):%m-%d %H:%M}"
        for start in starts
    ]


async def leap_to(house: House, instant: datetime) -> None:
    """Move the time by hours: between the windows nothing is due at a minute."""
    while (left := instant - dt_util.utcnow()) > timedelta():
        await leap(house, min(left, 6 * HOUR))


async def test_daily_rule_is_topped_up_day_by_day(open_house: OpenHouse) -> None:
    """Never more than 72 hours lie ahead, each once, each confirmed; all are deleted."""
    house = await open_house(fixture="A")
    await house.hass.config.async_update(time_zone=BRISBANE)
    (created,) = await house.act(
        "create_schedule",
        action="charge",
        duration_min=90,
        power_w=2000,
        start="2026-11-21 01:00",
        rrule="FREQ=DAILY",
        note="cheap",
    )
    assert created["state"] == "confirmed"
    assert created["inexact"][0]["code"] == "recurrence_emulated"
    assert local_starts(house, BRISBANE) == [f"11-{day} 01:00" for day in (21, 22, 23)]
    for day in range(21, 26):
        await leap_to(house, datetime(2026, 11, day - 1, 15, 10, tzinfo=UTC))
        assert house.cloud.power_mode(INVERTER)["InverterMode"] == "ChargeBattery"
        await leap_to(house, datetime(2026, 11, day - 1, 17, tzinfo=UTC))
        starts = local_starts(house, BRISBANE)
        assert starts == [f"11-{day + n} 01:00" for n in (1, 2, 3)]
    schedules = house.cloud.inverter(INVERTER).plan.schedules
    assert len(schedules) == house.cloud.requests.count("schedule_create") == 8
    assert {item.duration for item in schedules} == {90 * MINUTE}
    made = await occurrences(house, created["schedule_id"])
    assert [item["state"] for item in made] == ["done"] * 5 + ["confirmed"] * 3
    entries = await log(house, created["schedule_id"], hours=200)
    assert [entry["event"] for entry in entries].count("confirmed") == 8

    count = writes(house)
    await house.reload()
    await leap(house, HOUR)
    assert writes(house) == count

    (deleted,) = await house.act("delete_schedule", schedule_id=created["schedule_id"])
    assert (len(deleted["deleted"]), deleted["state"]) == (3, "confirmed")
    assert house.cloud.schedules(INVERTER) == []
    await leap_to(house, dt_util.utcnow() + DAY)
    assert house.cloud.schedules(INVERTER) == []
    assert not issues(house)


@pytest.mark.parametrize(
    ("now", "days", "hours"),
    [
        # Clocks go forward on 4 October 2026 and back on 4 April 2027.
        (datetime(2026, 10, 2, 2, 0, 30, tzinfo=UTC), ("10-03", "10-04", "10-05"), 23),
        (datetime(2027, 4, 2, 2, 0, 30, tzinfo=UTC), ("04-03", "04-04", "04-05"), 25),
    ],
)
async def test_clock_change_shifts_nothing(
    open_house: OpenHouse, now: datetime, days: tuple[str, ...], hours: int
) -> None:
    """Seven stays seven, whoever's clock Home Assistant shows and reloads with."""
    house = await open_house(fixture="B", now=now)
    (serial,) = house.cloud.serials
    # The only place where the cloud tells the zone of the site.
    house.cloud.add_daily_schedule(serial, start=20 * HOUR, duration=HOUR, days="Never")
    await house.act("list_schedules", serial)
    await house.hass.config.async_update(time_zone="Europe/Berlin")
    first = datetime.strptime(f"{now.year}-{days[0]} 07:00", "%Y-%m-%d %H:%M").replace(
        tzinfo=dt_util.get_time_zone(SYDNEY)
    )
    (created,) = await house.act(
        "create_schedule",
        serial,
        action="hold",
        duration_min=60,
        start=first.isoformat(),
        rrule="FREQ=DAILY;COUNT=5",
    )
    assert created["state"] == "confirmed"
    assert local_starts(house, SYDNEY, serial) == [f"{day} 07:00" for day in days]
    schedules = house.cloud.inverter(serial).plan.schedules
    assert schedules[1].start - schedules[0].start == hours * HOUR or (
        schedules[2].start - schedules[1].start == hours * HOUR
    )
    count = writes(house)
    await leap_to(house, now + 47 * HOUR)
    assert writes(house) == count + 2
    assert {start[6:] for start in local_starts(house, SYDNEY, serial)} == {"07:00"}
    await house.reload()
    assert writes(house) == count + 2


async def test_one_occurrence_or_the_rest_is_changed(open_house: OpenHouse) -> None:
    """One is made another, one is left out, and the rest ends: each by one write."""
    house = await open_house(fixture="A")
    await house.hass.config.async_update(time_zone=BRISBANE)
    (created,) = await house.act(
        "create_schedule",
        action="hold",
        duration_min=60,
        start="2026-11-21 01:00",
        rrule="FREQ=DAILY",
    )
    schedule_id = created["schedule_id"]
    await house.act(
        "update_schedule",
        schedule_id=schedule_id,
        occurrence="2026-11-22 01:00",
        action="export",
        power_w=1000,
    )
    plan = house.cloud.inverter(INVERTER).plan
    assert sorted((i.start.day, i.wish.mode) for i in plan.schedules) == [
        (20, "Conserve"),
        (21, "ExportPower"),
        (22, "Conserve"),
    ]
    await house.act(
        "delete_schedule", schedule_id=schedule_id, occurrence="2026-11-21 01:00"
    )
    await house.act(
        "delete_schedule",
        schedule_id=schedule_id,
        occurrence="2026-11-23 01:00",
        following=True,
    )
    assert [(i.start.day, i.wish.mode) for i in plan.schedules] == [(21, "ExportPower")]
    assert writes(house) == 3 + 2 + 1 + 1
    await leap_to(house, NOON + 2 * DAY)
    assert plan.listed(dt_util.utcnow()) == []
    assert writes(house) == 7
    assert not issues(house)


async def test_top_up_waits_for_the_cloud(open_house: OpenHouse) -> None:
    """A cloud that is away for a day costs no window and doubles none."""
    house = await open_house(fixture="A")
    await house.hass.config.async_update(time_zone=BRISBANE)
    await house.act(
        "create_schedule",
        action="hold",
        duration_min=60,
        start="2026-11-21 01:00",
        rrule="FREQ=DAILY",
    )
    house.cloud.faults.add("*", Fault.STATUS, status=503)
    await leap_to(house, NOON + DAY)
    house.cloud.faults.clear()
    await leap(house, 16 * MINUTE)
    assert local_starts(house, BRISBANE) == [f"11-{day} 01:00" for day in (22, 23, 24)]
    assert house.cloud.requests.count("schedule_create") <= 4 + 1
    assert not issues(house)
