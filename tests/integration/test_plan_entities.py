"""The entities of a plan: staging and buttons, selector, details, calendar."""

from datetime import timedelta

import pytest

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from .conftest import INVERTER, NOON, SITE, House, OpenHouse

HOUR = timedelta(hours=1)


async def stage(
    house: House,
    action: str = "charge",
    *,
    minutes: int = 30,
    power_w: int | None = None,
    start: timedelta | None = None,
) -> None:
    """Set the staging entities of the inverter, as in the user interface."""
    await house.call("select", "select_option", "staged_action", option=action)
    await house.call("number", "set_value", "staged_duration", value=minutes)
    if power_w is not None:
        await house.call("number", "set_value", "staged_power", value=power_w)
    if start is not None:
        moment = (dt_util.utcnow() + start).isoformat()
        await house.call("datetime", "set_value", "staged_start", datetime=moment)


async def choose(house: House, index: int = 0) -> str:
    """Choose a schedule in the selector; return its label."""
    label: str = house.state("select", "schedule").attributes["options"][index]
    await house.call("select", "select_option", "schedule", option=label)
    return label


async def test_nothing_is_sent_before_the_button(house: House) -> None:
    """Fields can be set in any haste; one press makes one schedule."""
    house.cloud.requests.clear()
    await stage(house, "discharge", minutes=45, power_w=1200, start=HOUR)
    assert house.cloud.requests.total == 0

    await house.press("create_schedule")
    (item,) = house.cloud.schedules(INVERTER)
    assert item["DesiredMode"] == {
        "InverterMode": "DischargeBattery",
        "ArgumentInWatts": 1200,
    }
    assert item["Duration"] == "00:45:00"
    assert house.value("sensor", "selected_action") == "discharge"
    assert house.value("sensor", "selected_duration") == "45.0"
    assert house.value("sensor", "selected_power") == "1200"
    assert house.value("sensor", "selected_start") == (NOON + HOUR).isoformat()
    assert (
        house.value("sensor", "selected_end")
        == (NOON + HOUR + timedelta(minutes=45)).isoformat()
    )


async def test_without_a_start_it_is_now(house: House) -> None:
    """No start, and a start of now, both mean at once."""
    await stage(house)
    await house.press("create_schedule")
    assert house.value("binary_sensor", "schedule_active") == "on"
    await house.press("delete_selected_schedule")
    assert house.value("binary_sensor", "schedule_active") == "off"

    await stage(house, start=3 * HOUR)
    await house.press("start_now")
    assert house.value("datetime", "staged_start") == NOON.isoformat()
    await house.pass_time(timedelta(minutes=2))
    await house.press("create_schedule")
    assert house.value("binary_sensor", "schedule_active") == "on"


async def test_staged_power_is_brought_down_to_what_the_action_allows(
    house: House,
) -> None:
    """The number goes up to the strongest action; charging allows less here."""
    assert house.state("number", "staged_power").attributes["max"] == 5000
    await stage(house, "charge", power_w=5000)
    await house.press("create_schedule")
    (item,) = house.cloud.schedules(INVERTER)
    assert item["DesiredMode"]["ArgumentInWatts"] == 4600


async def test_equal_schedules_are_told_apart(house: House) -> None:
    """Two equal labels are numbered, and the right one is deleted."""
    start = dt_util.utcnow() + HOUR
    ids = [
        house.cloud.add_schedule(INVERTER, start, HOUR, watts=1000) for _ in range(2)
    ]
    await house.act("list_schedules")
    options = house.state("select", "schedule").attributes["options"]
    assert len(set(options)) == 2
    assert options[1] == f"{options[0]} (2)"
    await choose(house, 1)
    await house.press("delete_selected_schedule")
    assert [item["ScheduleId"] for item in house.cloud.schedules(INVERTER)] == ids[:1]


async def test_selected_schedule_that_disappears_is_unknown(house: House) -> None:
    """Deleted elsewhere: no error, the details are unknown."""
    vendor_id = house.cloud.add_schedule(INVERTER, dt_util.utcnow() + HOUR, HOUR)
    await house.act("list_schedules")
    label = await choose(house)
    assert label.endswith("Charge 1 kW (foreign)")
    assert house.value("sensor", "selected_action") == "charge"
    house.cloud.remove_schedule(INVERTER, vendor_id)
    await house.act("list_schedules")
    assert house.value("select", "schedule") == STATE_UNKNOWN
    assert house.value("sensor", "selected_action") == "none"
    with pytest.raises(ServiceValidationError) as error:
        await house.press("delete_selected_schedule")
    assert error.value.translation_key == "schedule_not_found"


async def test_nothing_selected_is_an_error_of_its_own(house: House) -> None:
    """Delete selected without a selection says what to do."""
    with pytest.raises(ServiceValidationError) as error:
        await house.press("delete_selected_schedule")
    assert error.value.translation_key == "nothing_selected"


async def test_delete_all_and_reset_buttons(open_house: OpenHouse) -> None:
    """Both end what is ours; reset also sets the mode outside schedules."""
    house = await open_house(fixture="A", portal=True)
    house.cloud.set_base_mode(INVERTER, "Conserve")
    for hours in (1, 3):
        await stage(house, "hold", start=hours * HOUR)
        await house.press("create_schedule")
    assert len(house.cloud.schedules(INVERTER)) == 2
    await house.press("delete_all_schedules")
    assert house.cloud.schedules(INVERTER) == []
    assert house.cloud.portal_mode(INVERTER)["InverterMode"] == "Conserve"
    await house.press("reset_to_auto")
    assert house.cloud.portal_mode(INVERTER)["InverterMode"] == "Auto"


async def test_button_whose_write_is_not_confirmed_says_so(house: House) -> None:
    """A cloud that accepts and does nothing makes the press fail."""
    house.cloud.faults.add("schedule_create", Fault.IGNORED)
    await stage(house)
    with pytest.raises(HomeAssistantError) as error:
        await house.press("create_schedule")
    assert error.value.translation_key == "unconfirmed"


async def test_site_limits_are_staged_too(house: House) -> None:
    """A site has its own staging: a cap instead of a power."""
    assert house.value("select", "staged_action", SITE) == "limit"
    await house.call("number", "set_value", "staged_max_export", SITE, value=500)
    await house.call("number", "set_value", "staged_duration", SITE, value=30)
    await house.press("create_schedule", SITE)
    (envelope,) = house.cloud.envelopes(SITE)
    assert envelope["MaxExportPowerW"] == 500
    await house.pass_time(timedelta(seconds=7))
    assert house.value("sensor", "active_max_export", SITE) == "500"
    await house.press("delete_all_schedules", SITE)
    assert house.value("binary_sensor", "schedule_active", SITE) == "off"


async def test_staging_survives_a_restart(house: House) -> None:
    """Action, power and duration are taken up again; the start is not."""
    await stage(house, "export", minutes=15, power_w=700, start=HOUR)
    await house.reload()
    assert house.value("select", "staged_action") == "export"
    assert float(house.value("number", "staged_power")) == 700
    assert float(house.value("number", "staged_duration")) == 15
    assert house.value("datetime", "staged_start") == STATE_UNKNOWN


async def test_calendar_shows_everything_that_is_planned(house: House) -> None:
    """Own, foreign and recurring schedules; every one that touches the range."""
    house.cloud.add_schedule(INVERTER, dt_util.utcnow() + 5 * HOUR, HOUR)
    house.cloud.add_daily_schedule(INVERTER, days="Everyday")
    await stage(house, "export", minutes=120, power_w=2500)
    await house.press("create_schedule")
    calendar = house.state("calendar", "plan")
    assert calendar.state == "on"
    assert calendar.attributes["message"] == "Export 2.5 kW"

    response = await house.hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": calendar.entity_id,
            "start_date_time": NOON + HOUR,
            "end_date_time": NOON + 24 * HOUR,
        },
        blocking=True,
        return_response=True,
    )
    events = response[calendar.entity_id]["events"]
    assert [event["summary"] for event in events] == [
        "Export 2.5 kW",
        "Charge 1 kW (foreign)",
        "Charge 2.5 kW (foreign)",
    ]
    assert events[0]["description"].startswith("Made by Joulekeeper")
    assert "Redback maintenance" in events[1]["description"]
    assert "Recurring" in events[2]["description"]
    # 01:00 on the wall in Brisbane.
    assert (
        dt_util.parse_datetime(events[2]["start"]).timestamp()
        == (NOON.replace(second=0) + 13 * HOUR).timestamp()
    )


async def test_states_follow_the_clock_between_polls(house: House) -> None:
    """A schedule starts and ends in the state machine to the second."""
    await stage(house, "hold", minutes=3, start=timedelta(minutes=2))
    await house.press("create_schedule")
    assert house.value("calendar", "plan") == "off"
    calls = house.cloud.requests.count("schedules")
    await house.pass_time(timedelta(seconds=119))
    assert house.value("binary_sensor", "schedule_active") == "off"
    await house.pass_time(timedelta(seconds=2))
    assert house.value("binary_sensor", "schedule_active") == "on"
    assert house.value("calendar", "plan") == "on"
    await house.pass_time(timedelta(minutes=3))
    assert house.value("binary_sensor", "schedule_active") == "off"
    assert house.cloud.requests.count("schedules") == calls


async def test_plan_that_cannot_be_read_is_unavailable(house: House) -> None:
    """The plan's entities go unavailable, the readings live on."""
    house.cloud.faults.add("schedules", Fault.STATUS, status=500)
    await house.pass_time(timedelta(minutes=21))
    assert house.value("calendar", "plan") == STATE_UNAVAILABLE
    assert house.value("binary_sensor", "schedule_active") == STATE_UNAVAILABLE
    assert float(house.value("sensor", "solar_power")) > 0


async def test_a_measurement_writes_nothing_that_stays(house: House) -> None:
    """What neither it nor time changes is left alone; a change in the plan is told."""

    def reported(platform: str, key: str) -> float:
        return house.state(platform, key).last_reported_timestamp

    moving, still = ("sensor", "next_action"), ("button", "create_schedule")
    before = {item: reported(*item) for item in (moving, still)}
    await house.pass_time(timedelta(minutes=3))
    assert reported(*moving) > before[moving]
    assert reported(*still) == before[still]

    await stage(house, "discharge")
    assert reported(*still) > before[still]
