"""The calendar: schedules as events, laid and edited as in Home Assistant's dialogs."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest

from custom_components.joulekeeper.calendar_wishes import LIMIT_EXAMPLES
from custom_components.joulekeeper.calendar_words import note_of
from custom_components.joulekeeper.core.command import EXAMPLES
from custom_components.joulekeeper.reasons import REASONS
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from .conftest import EVENING, INVERTER, NOON, SITE
from .dialogs import (
    FOLLOWING,
    Dialogs,
    OpenDialogs,
    dialogs_fixture,  # noqa: F401
    lines,
    open_dialogs_fixture,  # noqa: F401
    parsed,
    shown,
    sleep,
    times,
    wall,
)
from .keeping import log, writes

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


# -- new events --------------------------------------------------------------------


async def test_event_becomes_a_schedule_and_comes_back(dialogs: Dialogs) -> None:
    """The summary is the command; it comes back in normal form, with its proof."""
    error = await dialogs.create(
        "to 80% CHARGE at 3kw",
        wall("11-20 22:00"),
        2 * HOUR,
        description="cheap\nnight",
    )
    assert error is None
    assert dialogs.held == [("11-20 22:00", "02:00:00", "ChargeBattery 3000")]
    (item,) = dialogs.house.cloud.schedules(INVERTER)
    assert item["UserNotes"].endswith(": cheap night")
    event = await dialogs.event()
    assert event["summary"] == "Charge 3 kW to 80 %"
    assert lines(event) == [
        "Made by Joulekeeper",
        "Status: confirmed",
        "Confirmed 21:00 after 0 s",
        "Ends early at 80 %",
        "Note: cheap night",
    ]
    assert event["status"] == "confirmed"
    assert (event["rrule"], event["recurrence_id"]) == (None, None)
    assert shown(event, "start") == "2026-11-20T22:00:00"
    assert shown(event, "end") == "2026-11-21T00:00:00"
    assert not dialogs.on


async def test_automation_creates_and_reads_events(dialogs: Dialogs) -> None:
    """The calendar's own actions do the same, and raise what the dialog shows."""
    house = dialogs.house
    span = {"start_date_time": NOON, "end_date_time": NOON + 2 * DAY}
    data = {
        "entity_id": dialogs.entity_id,
        "start_date_time": EVENING + HOUR,
        "end_date_time": EVENING + 2 * HOUR,
    }
    for summary in ("export 2.5 kW", "dance"):
        call = house.hass.services.async_call(
            "calendar", "create_event", data | {"summary": summary}, blocking=True
        )
        if summary == "dance":
            with pytest.raises(ServiceValidationError, match="is not understood"):
                await call
        else:
            await call
    response = await house.hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": dialogs.entity_id, **span},
        blocking=True,
        return_response=True,
    )
    (event,) = response[dialogs.entity_id]["events"]
    assert event["summary"] == "Export 2.5 kW"
    (entry, *_) = (await house.act("get_log"))[0]["log"]
    assert (entry["event"], entry["via"]) == ("create", "calendar")


@pytest.mark.parametrize(
    ("summary", "says"),
    [
        ("make me rich", "is not understood"),
        ("charge and be happy", "is not understood"),
        ("charge 3 kW 4 kW", "something twice"),
        ("charge 0 kW", "a power that is not possible"),
        ("charge to 180 %", "a target that is not possible"),
        ("hold 3 kW", "takes none"),
        ("hold to 80 %", "takes none"),
        ("charge 3", "a number without a unit"),
        ("charge to 80", "a number without a unit"),
    ],
)
async def test_summary_that_is_no_command_is_refused(
    dialogs: Dialogs, summary: str, says: str
) -> None:
    """The dialog says why, and shows three examples; nothing is sent."""
    error = await dialogs.create(summary, EVENING + HOUR, HOUR)
    assert error is not None
    assert says in error
    assert f'"{summary}"' in error
    assert all(f'"{example}"' in error for example in EXAMPLES)
    assert writes(dialogs.house) == 0
    assert await dialogs.events() == []


async def test_site_takes_limits(open_dialogs: OpenDialogs) -> None:
    """The calendar of a site knows other commands, and says which."""
    dialogs = await open_dialogs(device=SITE)
    error = await dialogs.create("quiet please", EVENING + HOUR, HOUR)
    assert error is not None
    assert all(f'"{example}"' in error for example in LIMIT_EXAMPLES)
    starts = count(1)
    for example in LIMIT_EXAMPLES:
        start = EVENING + next(starts) * HOUR
        assert await dialogs.create(example, start, HOUR) is None
    events = await dialogs.events()
    assert [event["summary"] for event in events] == list(LIMIT_EXAMPLES)
    assert len(dialogs.house.cloud.envelopes(SITE)) == 3


async def test_what_the_device_cannot_do_is_said(dialogs: Dialogs) -> None:
    """A refused request shows its reason in the dialog; nothing stays behind."""
    error = await dialogs.create("charge 9 kW", EVENING + HOUR, HOUR)
    assert error is not None
    assert "9000 W is above the limit of 4600 W" in error
    dialogs.house.cloud.faults.add("schedule_create", Fault.STATUS, status=400)
    error = await dialogs.create("charge 3 kW", EVENING + HOUR, HOUR)
    assert error is not None
    assert "refuses the change" in error
    assert await dialogs.events() == []


async def test_event_that_cannot_be_sent_yet_says_so(dialogs: Dialogs) -> None:
    """It is kept, and shown as tentative until the cloud has it."""
    dialogs.house.cloud.faults.add("schedule_create", Fault.STATUS, status=503)
    assert await dialogs.create("hold", EVENING + HOUR, HOUR) is None
    event = await dialogs.event()
    assert event["status"] == "tentative"
    assert lines(event)[1] != "Status: confirmed"
    dialogs.house.cloud.faults.clear()
    await dialogs.house.pass_time(timedelta(minutes=20))
    event = await dialogs.event()
    assert event["status"] == "confirmed"
    assert len(dialogs.held) == 1


# -- times -------------------------------------------------------------------------


async def test_all_day_event_is_the_whole_day_by_the_clock(dialogs: Dialogs) -> None:
    """From midnight to midnight, and shown as all-day again."""
    assert await dialogs.create("hold", date(2026, 11, 22), date(2026, 11, 24)) is None
    assert dialogs.held == [("11-22 00:00", "2.00:00:00", "Conserve 0")]
    event = await dialogs.event()
    assert event["start"] == {"date": "2026-11-22"}
    assert event["end"] == {"date": "2026-11-24"}
    assert await dialogs.save(event, summary="hold") is None
    assert len(dialogs.held) == 1


async def test_event_across_midnight_is_one(dialogs: Dialogs) -> None:
    """The next day belongs to it, in the cloud and in the panel."""
    await dialogs.create("charge 2 kW", wall("11-20 23:00"), 3 * HOUR)
    assert dialogs.held == [("11-20 23:00", "03:00:00", "ChargeBattery 2000")]
    for start in ("11-20 00:00", "11-21 00:00"):
        event = await dialogs.event(start=wall(start), days=1)
        assert shown(event, "end") == "2026-11-21T02:00:00"
    assert await dialogs.events(start=wall("11-22 00:00")) == []


async def test_event_that_has_begun_begins_now(dialogs: Dialogs) -> None:
    """A start in the past means now, to the end that was asked for."""
    await dialogs.create("charge 2 kW", wall("11-20 20:00"), 2 * HOUR)
    (item,) = dialogs.house.cloud.schedules(INVERTER)
    assert item["Duration"] == "00:59:30"
    assert dialogs.on
    assert shown(await dialogs.event(), "end") == "2026-11-20T22:00:00"


async def test_event_of_the_past_is_refused(dialogs: Dialogs) -> None:
    """Nothing would happen, so the dialog says so."""
    error = await dialogs.create("hold", wall("11-20 18:00"), HOUR)
    assert error is not None
    assert "The end 2026-11-20 19:00 is in the past" in error
    error = await dialogs.create(
        "hold", wall("11-10 18:00"), HOUR, rrule="FREQ=DAILY;COUNT=3"
    )
    assert error is not None
    assert "never takes place" in error
    assert writes(dialogs.house) == 0


@pytest.mark.parametrize(
    ("day", "duration"), [("2026-10-04", "23:00:00"), ("2027-04-04", "1.01:00:00")]
)
async def test_day_of_a_clock_change_is_longer_or_shorter(
    open_dialogs: OpenDialogs, day: str, duration: str
) -> None:
    """An all-day event has 23 hours in spring and 25 in autumn."""
    begin = datetime.fromisoformat(f"{day}T00:00:00+11:00") - 2 * DAY
    dialogs = await open_dialogs(zone="Australia/Sydney", now=begin)
    first = date.fromisoformat(day)
    await dialogs.create("hold", first, first + DAY)
    ((_, held, _),) = dialogs.held
    assert held == duration
    event = await dialogs.event()
    assert event["start"] == {"date": day}
    assert event["end"] == {"date": (first + DAY).isoformat()}


async def test_series_keeps_to_the_clock_when_it_changes(
    open_dialogs: OpenDialogs,
) -> None:
    """Half past one to half past three stays that, with an hour less in spring."""
    dialogs = await open_dialogs(
        zone="Australia/Sydney", now=datetime.fromisoformat("2026-10-02T12:00:00+10:00")
    )
    start = wall("10-03 01:30")
    await dialogs.create("hold", start, 2 * HOUR, rrule="FREQ=DAILY")
    assert dialogs.held == [
        ("10-03 01:30", "02:00:00", "Conserve 0"),
        ("10-04 01:30", "01:00:00", "Conserve 0"),
        ("10-05 01:30", "02:00:00", "Conserve 0"),
    ]
    events = await dialogs.events(days=4)
    assert [shown(event, "end")[11:16] for event in events] == ["03:30"] * 3


async def test_start_that_the_clock_skips(open_dialogs: OpenDialogs) -> None:
    """On that day it is the first instant after the gap, on others the usual time."""
    dialogs = await open_dialogs(
        zone="Australia/Sydney", now=datetime.fromisoformat("2026-10-03T12:00:00+10:00")
    )
    gap = datetime(2026, 10, 4, 2, 30, tzinfo=dt_util.get_default_time_zone())
    await dialogs.create("hold", gap, 2 * HOUR, rrule="FREQ=DAILY;COUNT=2")
    assert dialogs.held == [
        ("10-04 03:00", "01:30:00", "Conserve 0"),
        ("10-05 02:30", "02:00:00", "Conserve 0"),
    ]
    first, _ = await dialogs.events(days=4)
    assert await dialogs.save(first, FOLLOWING, summary="auto") is None
    assert dialogs.held == [
        ("10-04 03:00", "01:30:00", "Auto 0"),
        ("10-05 02:30", "02:00:00", "Auto 0"),
    ]


@pytest.mark.parametrize("offset", ["+11:00", "+10:00"])
async def test_hour_that_the_clock_shows_twice(
    open_dialogs: OpenDialogs, offset: str
) -> None:
    """An automation can mean either pass; an edit of something else moves neither."""
    dialogs = await open_dialogs(
        zone="Australia/Sydney", now=datetime.fromisoformat("2027-04-03T12:00:00+11:00")
    )
    start = datetime.fromisoformat(f"2027-04-04T02:30:00{offset}")
    await dialogs.house.hass.services.async_call(
        "calendar",
        "create_event",
        {
            "entity_id": dialogs.entity_id,
            "summary": "hold",
            "start_date_time": start.isoformat(),
            "end_date_time": (start + 2 * HOUR).isoformat(),
        },
        blocking=True,
    )
    assert await dialogs.save(await dialogs.event(), summary="auto") is None
    (item,) = dialogs.house.cloud.schedules(INVERTER)
    assert parsed(item["StartTimeUtc"]) == start
    assert item["Duration"] == "02:00:00"
    assert item["DesiredMode"]["InverterMode"] == "Auto"


# -- series ------------------------------------------------------------------------


@pytest.fixture
async def series(dialogs: Dialogs) -> Dialogs:
    """Return the panel with a daily event: charge from 1 to 3 at night."""
    error = await dialogs.create(
        "charge 2 kW", wall("11-21 01:00"), 2 * HOUR, rrule="FREQ=DAILY"
    )
    assert error is None
    return dialogs


async def test_series_is_shown_for_ever_and_sent_for_days(series: Dialogs) -> None:
    """Each occurrence has a name of its own; what is not sent yet is tentative."""
    assert series.held == [
        (f"11-{day} 01:00", "02:00:00", "ChargeBattery 2000") for day in (21, 22, 23)
    ]
    events = await series.events(days=10)
    assert times(events) == [f"11-{day} 01:00" for day in range(21, 30)]
    assert len({event["uid"] for event in events}) == 1
    assert events[1]["recurrence_id"] == "20261122T010000"
    assert {event["rrule"] for event in events} == {"FREQ=DAILY"}
    assert [event["status"] for event in events] == [
        *["confirmed"] * 3,
        *["tentative"] * 6,
    ]
    assert lines(events[-1])[1] == "Status: planned"
    assert len(await series.events(start=wall("12-01 00:00"), days=31)) == 31


async def test_series_on_days_of_the_week(dialogs: Dialogs) -> None:
    """The first day counts only if it is one of them; other rules are refused."""
    start = wall("11-21 01:00")
    rule = "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20261202T010000"
    assert await dialogs.create("hold", start, HOUR, rrule=rule) is None
    events = await dialogs.events(days=30)
    assert times(events) == [
        f"{day} 01:00" for day in ("11-23", "11-25", "11-30", "12-02")
    ]
    error = await dialogs.create("hold", start, HOUR, rrule="FREQ=MONTHLY")
    assert error is not None
    assert "FREQ=MONTHLY is not possible" in error


async def test_delete_one_of_a_series(series: Dialogs) -> None:
    """The others stay."""
    _, second, *_ = await series.events()
    assert await series.delete(second) is None
    assert times(await series.events(days=5)) == [
        f"11-{day} 01:00" for day in (21, 23, 24)
    ]
    assert [start for start, *_ in series.held] == ["11-21 01:00", "11-23 01:00"]
    assert await series.delete(second) is not None


async def test_delete_one_far_ahead(series: Dialogs) -> None:
    """Also before it was sent, and it is not sent later."""
    event = await series.event(start=wall("11-26 00:00"), days=1)
    assert await series.delete(event) is None
    assert await series.events(start=wall("11-26 00:00"), days=1) == []
    await sleep(series.house, 4 * DAY)
    assert "11-26 01:00" not in [start for start, *_ in series.held]


async def test_delete_one_and_all_that_follow(series: Dialogs) -> None:
    """The earlier ones stay; from the first one on nothing stays."""
    first, second, *_ = await series.events()
    assert await series.delete(second, FOLLOWING) is None
    event = await series.event(days=30)
    assert event["rrule"] == "FREQ=DAILY;UNTIL=20261120T150000Z"
    assert [start for start, *_ in series.held] == ["11-21 01:00"]
    assert await series.delete(first, FOLLOWING) is None
    assert await series.events() == []
    assert series.held == []


async def test_delete_all_of_a_series(series: Dialogs) -> None:
    """Without naming an occurrence the whole series goes."""
    first, *_ = await series.events()
    assert await series.delete(first | {"recurrence_id": None}) is None
    assert await series.events() == []
    assert series.held == []


async def test_edit_one_of_a_series(series: Dialogs) -> None:
    """It becomes an event of its own, whatever repetition is handed over."""
    _, second, *_ = await series.events()
    error = await series.save(
        second,
        summary="export 1 kW",
        dtstart=wall("11-22 04:00"),
        dtend=wall("11-22 05:00"),
        rrule="FREQ=DAILY",
    )
    assert error is None
    assert series.held == [
        ("11-21 01:00", "02:00:00", "ChargeBattery 2000"),
        ("11-22 04:00", "01:00:00", "ExportPower 1000"),
        ("11-23 01:00", "02:00:00", "ChargeBattery 2000"),
    ]
    events = await series.events(days=4)
    assert [event["rrule"] for event in events] == ["FREQ=DAILY", None, "FREQ=DAILY"]
    assert events[1]["uid"] != events[0]["uid"]


async def test_edit_one_and_all_that_follow(series: Dialogs) -> None:
    """Time, length and power change from there on."""
    _, second, *_ = await series.events()
    error = await series.save(
        second,
        FOLLOWING,
        summary="charge 1 kW",
        dtstart=wall("11-22 02:00"),
        dtend=wall("11-22 05:00"),
    )
    assert error is None
    assert series.held == [
        ("11-21 01:00", "02:00:00", "ChargeBattery 2000"),
        ("11-22 02:00", "03:00:00", "ChargeBattery 1000"),
        ("11-23 02:00", "03:00:00", "ChargeBattery 1000"),
    ]
    events = await series.events(days=6)
    assert times(events)[3:] == ["11-24 02:00", "11-25 02:00"]


async def test_edit_from_the_first_leaves_no_rest(series: Dialogs) -> None:
    """The old series is gone altogether."""
    first, *_ = await series.events()
    assert await series.save(first, FOLLOWING, summary="hold") is None
    assert {held[2] for held in series.held} == {"Conserve 0"}
    assert len(series.held) == 3
    (rule,) = (await series.house.act("list_schedules"))[0]["rules"]
    assert rule["action"] == "hold"


async def test_edit_of_a_whole_series_keeps_its_days(series: Dialogs) -> None:
    """Without naming an occurrence: the time of day of whichever was opened."""
    _, second, third, *_ = await series.events()
    assert await series.delete(second) is None
    error = await series.save(
        third | {"recurrence_id": None},
        dtstart=wall("11-23 03:00"),
        dtend=wall("11-23 04:00"),
        rrule="FREQ=DAILY",
    )
    assert error is None
    assert series.held == [
        ("11-21 03:00", "01:00:00", "ChargeBattery 2000"),
        ("11-23 03:00", "01:00:00", "ChargeBattery 2000"),
    ]


async def test_series_is_begun_and_ended_by_edits(dialogs: Dialogs) -> None:
    """A single event can be made to come again, and a series to come no more."""
    await dialogs.create("hold", wall("11-21 01:00"), HOUR)
    event = await dialogs.event()
    assert await dialogs.save(event, rrule="FREQ=DAILY;COUNT=3") is None
    assert len(dialogs.held) == 3
    _, second, _ = await dialogs.events()
    assert await dialogs.save(second, FOLLOWING, rrule=None) is None
    assert [start for start, *_ in dialogs.held] == ["11-21 01:00", "11-22 01:00"]
    events = await dialogs.events(days=30)
    assert [event["rrule"] for event in events] == [
        "FREQ=DAILY;UNTIL=20261120T150000Z",
        None,
    ]


async def test_repetition_that_is_not_kept_changes_nothing(series: Dialogs) -> None:
    """The dialog stays open with the reason."""
    held = series.held
    first, *_ = await series.events()
    error = await series.save(first, FOLLOWING, rrule="FREQ=YEARLY")
    assert error is not None
    assert "FREQ=YEARLY is not possible" in error
    assert series.held == held


async def test_number_of_times_is_not_begun_anew(dialogs: Dialogs) -> None:
    """An edit of the second of four, and of what follows, is one of three."""
    start = wall("11-21 01:00")
    await dialogs.create("hold", start, HOUR, rrule="FREQ=DAILY;COUNT=4")
    _, second, *_ = await dialogs.events()
    assert await dialogs.save(second, FOLLOWING, summary="auto") is None
    events = await dialogs.events(days=30)
    assert [event["summary"] for event in events] == ["Hold", *["Auto"] * 3]
    assert times(events)[-1] == "11-24 01:00"
    assert await dialogs.save(events[1], FOLLOWING, rrule="FREQ=DAILY;COUNT=2") is None
    assert len(await dialogs.events(days=30)) == 3


async def test_days_that_were_taken_out_stay_out(series: Dialogs) -> None:
    """Moving the rest of a series by an hour brings none of them back."""
    first, second, *_ = await series.events()
    await series.delete(second)
    error = await series.save(
        first, FOLLOWING, dtstart=wall("11-21 02:00"), dtend=wall("11-21 04:00")
    )
    assert error is None
    assert times(await series.events(days=4)) == ["11-21 02:00", "11-23 02:00"]


@pytest.mark.parametrize(
    ("zone", "first"),
    [("Australia/Sydney", "11-23 20:00"), ("Asia/Tokyo", "11-23 23:30")],
)
async def test_site_in_another_time_zone(
    open_dialogs: OpenDialogs, zone: str, first: str
) -> None:
    """The days of the week and the last day are those that the user has chosen."""
    dialogs = await open_dialogs(zone=zone)
    dialogs.house.cloud.add_daily_schedule(INVERTER, days="Never")
    await dialogs.house.act("list_schedules")
    start = wall(first)
    until = f"{start + DAY:%Y%m%dT%H%M%S}"
    rule = f"FREQ=WEEKLY;BYDAY=MO,TU;UNTIL={until}"
    assert await dialogs.create("hold", start, HOUR, rrule=rule) is None
    assert times(await dialogs.events(days=30)) == [
        first,
        first.replace("23 ", "24 ", 1),
    ]


# -- what runs ---------------------------------------------------------------------


@pytest.fixture
async def running(dialogs: Dialogs) -> Dialogs:
    """Return the panel with an event that has been running for ten minutes."""
    await dialogs.create("charge 2 kW", wall("11-20 21:01"), HOUR, description="now")
    await dialogs.house.pass_time(timedelta(minutes=11))
    assert dialogs.on
    assert dialogs.house.value("sensor", "mode") == "charge"
    return dialogs


async def test_running_event_shows_its_proof(running: Dialogs) -> None:
    """Confirmed by the list, delivering by the measurements."""
    event = await running.event()
    assert event["status"] == "confirmed"
    _, status, confirmed, delivering, note = lines(event)
    assert status == "Status: delivering"
    assert confirmed == "Confirmed 21:00 after 0 s"
    assert delivering.startswith("Delivering since 21:0")
    assert note == "Note: now"
    attributes = running.house.state("calendar", "plan").attributes
    assert attributes["description"] == event["description"]


async def test_nothing_is_written_for_an_edit_without_a_change(
    running: Dialogs,
) -> None:
    """The status in the description is not taken for a note of the user."""
    calls = writes(running.house)
    assert await running.save(await running.event(), summary="Charge 2000 W") is None
    assert writes(running.house) == calls
    assert lines(await running.event())[-1] == "Note: now"


async def test_running_event_is_shortened(running: Dialogs) -> None:
    """The inverter is given back at the new end."""
    event = await running.event()
    assert await running.save(event, dtend=wall("11-20 21:20")) is None
    event = await running.event()
    assert shown(event, "start") == "2026-11-20T21:01:00"
    assert shown(event, "end") == "2026-11-20T21:20:00"
    await running.house.pass_time(timedelta(minutes=7))
    assert running.house.value("sensor", "mode") == "charge"
    await running.house.pass_time(timedelta(minutes=4))
    assert running.house.value("sensor", "mode") == "auto"
    assert not running.on


async def test_running_event_is_extended(running: Dialogs) -> None:
    """Without a pause; a new start in the past is passed over."""
    error = await running.save(
        await running.event(), dtstart=wall("11-20 21:05"), dtend=wall("11-20 23:00")
    )
    assert error is None
    event = await running.event()
    assert shown(event, "start") == "2026-11-20T21:01:00"
    assert shown(event, "end") == "2026-11-20T23:00:00"
    await sleep(running.house, timedelta(minutes=80))
    assert running.house.value("sensor", "mode") == "charge"
    assert len(running.held) == 1


async def test_power_of_a_running_event(running: Dialogs) -> None:
    """It goes on with the new power to the same end."""
    assert await running.save(await running.event(), summary="charge 1 kW") is None
    ((_, _, mode),) = running.held
    assert mode == "ChargeBattery 1000"
    event = await running.event()
    assert event["summary"] == "Charge 1 kW"
    assert shown(event, "start") == "2026-11-20T21:01:00"
    assert shown(event, "end") == "2026-11-20T22:01:00"


@pytest.mark.parametrize(
    ("verb", "reason"),
    [("delete", "it was deleted"), ("update", "it was stopped")],
)
async def test_running_event_is_stopped(
    running: Dialogs, verb: str, reason: str
) -> None:
    """Deleting it, or an end that has passed, ends it now; what was is shown."""
    event = await running.event()
    if verb == "delete":
        assert await running.delete(event) is None
    else:
        assert await running.save(event, dtend=wall("11-20 21:05")) is None
    asked = [entry for entry in await log(running.house) if entry["via"]]
    assert (asked[-1]["event"], asked[-1]["via"]) == (verb, "calendar")
    assert running.held == []
    assert not running.on
    await running.house.pass_time(timedelta(minutes=3))
    assert running.house.value("sensor", "mode") == "auto"
    event = await running.event()
    assert shown(event, "end")[:16] == "2026-11-20T21:11"
    assert "Status: cancelled" in lines(event)
    assert f"Reason: {reason}" in lines(event)


async def test_running_event_is_put_off(running: Dialogs) -> None:
    """A start that is yet to come stops it until then."""
    error = await running.save(
        await running.event(), dtstart=wall("11-20 22:00"), dtend=wall("11-20 23:00")
    )
    assert error is None
    assert running.held == [("11-20 22:00", "01:00:00", "ChargeBattery 2000")]
    past, planned = await running.events()
    assert shown(past, "end")[:16] == "2026-11-20T21:11"
    assert shown(planned, "start") == "2026-11-20T22:00:00"
    assert not running.on


@pytest.fixture
async def running_series(dialogs: Dialogs) -> Dialogs:
    """Return the panel with a daily event that has been running for ten minutes."""
    await dialogs.create(
        "charge 2 kW", wall("11-20 21:01"), HOUR, rrule="FREQ=DAILY;COUNT=3"
    )
    await dialogs.house.pass_time(timedelta(minutes=11))
    assert dialogs.on
    return dialogs


@pytest.mark.parametrize("way", ["deleted", "ended"])
async def test_running_one_of_a_series_is_stopped(
    running_series: Dialogs, way: str
) -> None:
    """Only today's; tomorrow's comes."""
    event, *_ = await running_series.events()
    if way == "deleted":
        assert await running_series.delete(event) is None
    else:
        assert await running_series.save(event, dtend=wall("11-20 21:05")) is None
        event, *_ = await running_series.events()
        assert "Reason: it was stopped" in lines(event)
    assert [start for start, *_ in running_series.held] == [
        "11-21 21:01",
        "11-22 21:01",
    ]
    events = await running_series.events()
    assert times(events) == ["11-20 21:01", "11-21 21:01", "11-22 21:01"]
    assert shown(events[0], "end")[:16] == "2026-11-20T21:11"


async def test_running_one_of_a_series_is_extended(running_series: Dialogs) -> None:
    """Only today's; the inverter goes on."""
    event, *_ = await running_series.events()
    assert await running_series.save(event, dtend=wall("11-20 23:00")) is None
    assert len(running_series.held) == 3
    today, *_ = events = await running_series.events()
    assert len(events) == 3
    assert shown(today, "start") == "2026-11-20T21:01:00"
    assert shown(today, "end") == "2026-11-20T23:00:00"
    await sleep(running_series.house, timedelta(minutes=80))
    assert running_series.house.value("sensor", "mode") == "charge"
    await sleep(running_series.house, timedelta(minutes=30))
    assert running_series.house.value("sensor", "mode") == "auto"


async def test_running_one_and_all_that_follow(running_series: Dialogs) -> None:
    """A new length counts for today's too."""
    event, *_ = await running_series.events()
    error = await running_series.save(event, FOLLOWING, dtend=wall("11-20 21:30"))
    assert error is None
    events = await running_series.events()
    assert [shown(event, "end")[11:16] for event in events] == ["21:30"] * 3
    await running_series.house.pass_time(timedelta(minutes=22))
    assert running_series.house.value("sensor", "mode") == "auto"


# -- what has been, and what others do ---------------------------------------------


async def test_past_event_tells_its_outcome(running: Dialogs) -> None:
    """It stays after its end, cannot be changed, and is shown once."""
    await sleep(running.house, HOUR)
    assert not running.on
    event = await running.event()
    assert event["summary"] == "Charge 2 kW"
    assert "Status: done" in lines(event)
    assert lines(event)[-1] == "Note: now"
    assert shown(event, "start") == "2026-11-20T21:01:00"
    assert shown(event, "end") == "2026-11-20T22:01:00"
    calls = writes(running.house)
    for error in (
        await running.delete(event),
        await running.save(event, summary="hold"),
    ):
        assert error is not None
        assert "is over and cannot be changed" in error
    assert writes(running.house) == calls


async def test_past_of_a_series_does_not_touch_the_rest(
    running_series: Dialogs,
) -> None:
    """Deleting what has been deletes nothing that is to come."""
    await sleep(running_series.house, HOUR)
    past, *rest = await running_series.events()
    assert (past["rrule"], past["recurrence_id"]) == (None, None)
    assert await running_series.delete(past) is not None
    assert len(rest) == 2
    assert len(running_series.held) == 2


async def test_dialog_that_was_open_for_long(running_series: Dialogs) -> None:
    """What is over meanwhile, or was stopped, or is not there, is not changed."""
    event, *_ = await running_series.events()
    await running_series.house.act("stop")
    held = running_series.held
    for recurrence_id, says in (
        (event["recurrence_id"], "is over"),
        ("20261119T210100", "does not take place at this time"),
        ("yesterday", "does not take place at this time"),
    ):
        stale = event | {"recurrence_id": recurrence_id}
        for recurrence_range in ("", FOLLOWING):
            error = await running_series.delete(stale, recurrence_range)
            assert error is not None
            assert says in error
    assert running_series.held == held
    assert len(held) == 2


async def test_event_deleted_before_it_began_leaves_no_trace(
    dialogs: Dialogs,
) -> None:
    """There is nothing to remember of it."""
    await dialogs.create("hold", EVENING + HOUR, HOUR)
    assert await dialogs.delete(await dialogs.event()) is None
    assert await dialogs.events() == []
    await sleep(dialogs.house, 2 * HOUR)
    assert await dialogs.events() == []


async def test_event_that_never_came_to_be_says_why(dialogs: Dialogs) -> None:
    """What could not be sent is shown as missed, and does not switch anything on."""
    dialogs.house.cloud.faults.add("schedule_create", Fault.THROTTLE, retry_after=3600)
    await dialogs.create("hold", wall("11-20 21:30"), HOUR)
    await dialogs.house.pass_time(timedelta(minutes=10))
    await sleep(dialogs.house, timedelta(minutes=40))
    assert dialogs.held == []
    assert not dialogs.on
    for _ in range(2):
        event = await dialogs.event()
        assert event["status"] == "tentative"
        assert "Status: missed" in lines(event)
        assert any(line.startswith("Reason: ") for line in lines(event))
        assert shown(event, "end") == "2026-11-20T22:30:00"
        await sleep(dialogs.house, HOUR)


async def test_foreign_schedules_are_shown_and_left_alone(dialogs: Dialogs) -> None:
    """What was made elsewhere is marked, and refused before the cloud is asked."""
    house = dialogs.house
    house.cloud.add_schedule(INVERTER, EVENING - HOUR, 2 * HOUR)
    house.cloud.add_daily_schedule(INVERTER, days="Everyday")
    await house.act("list_schedules")
    assert dialogs.on
    events = await dialogs.events(start=EVENING)
    assert [event["summary"] for event in events[:2]] == [
        "Charge 1 kW (foreign)",
        "Charge 2.5 kW (foreign)",
    ]
    assert lines(events[0])[0] == "Made elsewhere"
    house.cloud.requests.clear()
    named, unnamed = events[:2]
    for event, says in (
        (named, "joulekeeper.delete_schedule and the ID in its description"),
        (unnamed, "can neither be changed nor deleted from here"),
    ):
        for error in (
            await dialogs.delete(event),
            await dialogs.save(event, summary="hold"),
        ):
            assert error is not None
            assert "was made elsewhere" in error
            assert says in error
    assert house.cloud.requests.total == 0
    (shown_id,) = (line for line in lines(named) if line.startswith("ID: "))
    assert not any(line.startswith("ID: ") for line in lines(unnamed))
    await house.act("delete_schedule", schedule_id=shown_id.removeprefix("ID: "))
    assert house.cloud.schedules(INVERTER) == []


async def test_network_limit_is_shown(open_dialogs: OpenDialogs) -> None:
    """What the network operator imposes is marked as such."""
    dialogs = await open_dialogs(device=SITE)
    dialogs.house.cloud.add_network_envelope(
        SITE, EVENING, EVENING + HOUR, MaxExportPowerW=1500
    )
    await dialogs.house.act("list_schedules")
    event = await dialogs.event()
    assert event["summary"] == "Limit feed-in 1.5 kW (network)"
    error = await dialogs.delete(event)
    assert error is not None
    assert "can neither be changed nor deleted from here" in error


async def test_event_changed_elsewhere_is_foreign(dialogs: Dialogs) -> None:
    """An edit in the brand's own app wins, and is shown as what it is now."""
    house = dialogs.house
    await dialogs.create("hold", EVENING + 2 * HOUR, HOUR)
    plan = house.cloud.inverter(INVERTER).plan
    plan.schedules[0].duration = 3 * HOUR
    await house.act("list_schedules")
    event = await dialogs.event()
    assert event["summary"] == "Hold (foreign)"
    assert shown(event, "end") == "2026-11-21T02:00:30"
    house.cloud.remove_schedule(INVERTER, plan.schedules[0].schedule_id)
    await sleep(house, HOUR)
    assert await dialogs.events() == []


async def test_interruption_is_told(dialogs: Dialogs) -> None:
    """What has precedence, and what others do, is named with its time."""
    house = dialogs.house
    await dialogs.create("charge 2 kW", wall("11-20 22:00"), 4 * HOUR)
    await house.act(
        "create_schedule",
        action="export",
        power_w=1000,
        start=wall("11-20 23:00").isoformat(),
        duration_min=30,
    )
    house.cloud.add_schedule(INVERTER, wall("11-21 01:00"), HOUR / 2)
    await house.act("list_schedules")
    await house.pass_time(timedelta(minutes=2))
    event, *_ = await dialogs.events()
    assert "Interrupted 23:00 to 23:30 by Export 1 kW" in lines(event)
    assert "Interrupted 2026-11-21 01:00 to 01:30 by Charge 1 kW (foreign)" in lines(
        event
    )
    assert len(dialogs.held) == 5
    await sleep(house, wall("11-21 00:10") - dt_util.utcnow())
    await sleep(house, 2 * HOUR)
    past, *_ = await dialogs.events()
    assert past["summary"] == "Charge 2 kW"
    assert "Interrupted 23:00 to 23:30" in lines(past)
    assert shown(past, "end") == "2026-11-21T02:00:00"


async def test_event_of_another_surface_is_edited(dialogs: Dialogs) -> None:
    """A forced action is an event too; its lease ends it unless a new end is set."""
    await dialogs.house.act(
        "force", action="charge", power_w=2000, duration_min=60, lease_min=20
    )
    event = await dialogs.event()
    assert "Ends at 21:20 unless renewed" in lines(event)
    assert shown(event, "end") == "2026-11-20T21:20:30"
    assert await dialogs.save(event, summary="charge 1 kW") is None
    event = await dialogs.event()
    assert "Ends at 21:20 unless renewed" in lines(event)
    assert await dialogs.save(event, dtend=wall("11-20 22:30")) is None
    event = await dialogs.event()
    assert shown(event, "end") == "2026-11-20T22:30:00"
    assert not any(line.startswith("Ends") for line in lines(event))


# -- state -------------------------------------------------------------------------


async def test_state_follows_the_events(dialogs: Dialogs) -> None:
    """On from the start to the end of an event, to the second."""
    await dialogs.create("hold", wall("11-20 21:10"), timedelta(minutes=10))
    attributes = dialogs.house.state("calendar", "plan").attributes
    assert attributes["message"] == "Hold"
    assert attributes["start_time"] == "2026-11-20 21:10:00"
    assert not dialogs.on
    await dialogs.house.pass_time(timedelta(minutes=9, seconds=29))
    assert not dialogs.on
    await dialogs.house.pass_time(timedelta(seconds=2))
    assert dialogs.on
    await dialogs.house.pass_time(timedelta(minutes=10))
    assert not dialogs.on
    assert "message" not in dialogs.house.state("calendar", "plan").attributes


async def test_state_in_the_hour_that_comes_twice(open_dialogs: OpenDialogs) -> None:
    """What began in the first of the two goes on, and ends once, in the second.

    Home Assistant would wait for a start that is past, without ever coming to rest.
    """
    first = datetime(2026, 4, 4, 15, 22, 30, tzinfo=UTC)
    dialogs = await open_dialogs(zone="Australia/Sydney", now=first)
    await dialogs.house.act("force", action="charge", duration_min=60)
    assert dialogs.on
    await sleep(dialogs.house, timedelta(minutes=53))
    assert f"{dt_util.now():%H:%M}" < "02:22"
    assert dialogs.on
    await dialogs.house.pass_time(timedelta(minutes=6))
    assert not dialogs.on


async def test_series_far_ahead_is_the_next_event(dialogs: Dialogs) -> None:
    """Before it is sent; but nobody looks for more than a week."""
    await dialogs.create(
        "hold", wall("11-26 01:00"), HOUR, rrule="FREQ=WEEKLY;INTERVAL=3"
    )
    attributes = dialogs.house.state("calendar", "plan").attributes
    assert attributes["start_time"] == "2026-11-26 01:00:00"
    await sleep(dialogs.house, 7 * DAY)
    assert "message" not in dialogs.house.state("calendar", "plan").attributes


async def test_panel_is_told_of_changes_at_once(series: Dialogs) -> None:
    """Also of those that need no call to the cloud, as far ahead."""
    client = await series.connect()
    await client.send_json_auto_id(
        {
            "type": "calendar/event/subscribe",
            "entity_id": series.entity_id,
            "start": wall("11-28 00:00").isoformat(),
            "end": wall("11-29 00:00").isoformat(),
        }
    )
    assert (await client.receive_json())["success"]
    told = await client.receive_json()
    (event,) = told["event"]["events"]
    await client.send_json_auto_id(
        {
            "type": "calendar/event/delete",
            "entity_id": series.entity_id,
            "uid": event["uid"],
            "recurrence_id": event["recurrence_id"],
            "recurrence_range": "",
        }
    )
    answers = [await client.receive_json() for _ in range(2)]
    told = next(answer for answer in answers if answer["type"] == "event")
    assert told["event"]["events"] == []


async def test_device_without_control_has_a_calendar_to_read(
    open_dialogs: OpenDialogs,
) -> None:
    """Without a battery nothing can be asked for; what others do is shown."""
    dialogs = await open_dialogs(fixture="C")
    house = dialogs.house
    (dialogs.device,) = house.cloud.serials
    state = house.state("calendar", "plan", dialogs.device)
    assert state.attributes["supported_features"] == 0
    house.cloud.add_schedule(dialogs.device, EVENING + HOUR, HOUR)
    await house.act("list_schedules", dialogs.device)
    event = await dialogs.event()
    assert event["summary"] == "Charge 1 kW (foreign)"
    assert shown(event, "start") == "2026-11-20T22:00:30"
    assert await dialogs.create("hold", EVENING + HOUR, HOUR) is not None


# -- notes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", ""),
        ("cheap night", "cheap night"),
        ("two\r\nlines", "two lines"),
        ("Status: of the user's own", "Status: of the user's own"),
        ("Made by Joulekeeper\nStatus: confirmed", ""),
        ("Made by Joulekeeper\nStatus: confirmed\nmine", "mine"),
        ("mine\nMade by Joulekeeper\nStatus: done\nReason: it was stopped", "mine"),
        ("Made by Joulekeeper\nStatus: done\nNote: a\nStatus: b", "a Status: b"),
        ("x" * 101, "x" * 101),
    ],
)
def test_note_is_what_the_user_has_written(text: str, note: str) -> None:
    """Our own lines come back with it, and are left out."""
    assert note_of(text) == note


def test_reasons_are_in_words() -> None:
    """No key of ours is shown to a user."""
    for reason, text in REASONS.items():
        assert "_" not in text, reason
        assert text[0].islower(), reason
