"""Actions that are asked for too little, or for what they cannot tell."""

from datetime import datetime
from typing import Any

import probatio
import pytest

from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..metadata import SERVICES
from .conftest import INVERTER, House, OpenHouse
from .dialogs import (
    OpenDialogs,
    open_dialogs_fixture,  # noqa: F401
)
from .keeping import DAY, HOUR, writes

MONDAY = datetime.fromisoformat("2026-11-23T01:00:00+10:00")


@pytest.mark.parametrize(
    "data",
    [
        {"power_w": 2000},
        {"duration_min": 60, "start": "2026-11-20T12:00:00+10:00"},
        {"note": ""},
        {"following": True},
        {"action": "hold", "duration_min": 60, "following": True},
        {
            "action": "hold",
            "duration_min": 60,
            "occurrence": "2026-11-20T12:00:00+10:00",
        },
    ],
)
async def test_preview_that_is_not_clear_is_refused(
    house: House, data: dict[str, Any]
) -> None:
    """A field that would not count is not passed over in silence."""
    with pytest.raises(ServiceValidationError) as error:
        await house.act("preview", **data)
    assert error.value.translation_key == "preview_unclear"


async def test_preview_of_one_occurrence(house: House) -> None:
    """An edit of one time, or of that and all that follow, is shown call by call."""
    start = dt_util.utcnow().replace(second=0) + HOUR
    (made,) = await house.act(
        "create_schedule",
        action="hold",
        duration_min=30,
        start=start.isoformat(),
        rrule="FREQ=DAILY;COUNT=3",
    )
    calls = writes(house)
    edit = {
        "schedule_id": made["schedule_id"],
        "occurrence": (start + DAY).isoformat(),
        "duration_min": 60,
    }
    for following, count in ((False, 1), (True, 2)):
        (seen,) = await house.act("preview", **edit, following=following)
        assert seen["state"] == "not_sent"
        created = [call for call in seen["vendor_calls"] if call["method"] == "POST"]
        assert len(created) == count, seen
    assert writes(house) == calls


async def test_extend_by_nothing_is_refused(house: House) -> None:
    """Neither a time nor a lease is a mistake, not a request for nothing."""
    await house.act("force", action="hold", duration_min=60)
    calls = writes(house)
    for data in ({}, {"duration_min": 0}):
        with pytest.raises(ServiceValidationError) as error:
            await house.act("extend", **data)
        assert error.value.translation_key == "extend_by_nothing"
    assert writes(house) == calls
    await house.act("extend", duration_min=30)
    assert writes(house) > calls


@pytest.mark.parametrize("name", ["force", "extend"])
async def test_longest_lease_is_that_of_the_form(house: House, name: str) -> None:
    """What can be chosen is taken, and no more."""
    data = {"action": "dance", "duration_min": 1} if name == "force" else {}
    number = SERVICES[name]["fields"]["lease_min"]["selector"]["number"]
    key = "unknown_action" if name == "force" else "nothing_running"
    with pytest.raises(ServiceValidationError) as error:
        await house.act(name, lease_min=number["max"], **data)
    assert error.value.translation_key == key
    with pytest.raises(probatio.Invalid, match="lease_min"):
        await house.act(name, lease_min=number["max"] + 1, **data)


async def test_days_taken_out_stay_out_when_the_start_is_moved(
    open_house: OpenHouse,
) -> None:
    """By an hour on the same days, and with the day of the week to another one."""
    now = MONDAY - 2 * DAY
    house = await open_house(fixture="A", now=now)
    (made,) = await house.act(
        "create_schedule",
        action="hold",
        duration_min=30,
        start=MONDAY.isoformat(),
        rrule="FREQ=DAILY;INTERVAL=2;COUNT=4",
    )
    named = {"schedule_id": made["schedule_id"]}
    await house.act(
        "delete_schedule", **named, occurrence=(MONDAY + 2 * DAY).isoformat()
    )
    for moved in (HOUR, DAY, DAY + HOUR):
        start = MONDAY + moved
        await house.act("update_schedule", **named, start=start.isoformat())
        (rule,) = (await house.act("list_schedules"))[0]["rules"]
        assert datetime.fromisoformat(rule["start"]) == start
        control = house.entry.runtime_data.keeper.controls.get(INVERTER)
        ledger_rule = control.ledger.rules[made["schedule_id"]]
        starts = [
            occurrence.due
            for occurrence in ledger_rule.occurrences(now, now + 30 * DAY)
        ]
        assert starts == [start + days * DAY for days in (0, 4, 6)]


async def test_edit_of_something_else_keeps_the_clock_of_a_series(
    open_dialogs: OpenDialogs,
) -> None:
    """A first time in the hour that the clock skips does not move the others."""
    dialogs = await open_dialogs(
        zone="Australia/Sydney", now=datetime.fromisoformat("2026-10-03T12:00:00+10:00")
    )
    gap = datetime(2026, 10, 4, 2, 30, tzinfo=dt_util.get_default_time_zone())
    await dialogs.create("hold", gap, 2 * HOUR, rrule="FREQ=DAILY;COUNT=2")
    event, _ = await dialogs.events(days=4)
    await dialogs.house.act("update_schedule", schedule_id=event["uid"], action="auto")
    assert dialogs.held == [
        ("10-04 03:00", "01:30:00", "Auto 0"),
        ("10-05 02:30", "02:00:00", "Auto 0"),
    ]
