"""The last day of a series, which Home Assistant's dialog knows only as a day."""

from datetime import date, datetime, timedelta

import pytest

from homeassistant.util import dt as dt_util

from .conftest import INVERTER
from .dialogs import (
    FOLLOWING,
    Dialogs,
    OpenDialogs,
    as_the_dialog_sends,
    dialogs_fixture,  # noqa: F401
    open_dialogs_fixture,  # noqa: F401
    parsed,
    times,
    wall,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DAILY = "FREQ=DAILY"
WEEKLY = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,SA,SU"


async def days_of(dialogs: Dialogs) -> list[str]:
    """Return the days on which the series takes place."""
    events = await dialogs.events(days=30)
    return [time.split()[0] for time in times(events)]


@pytest.mark.parametrize(
    ("zone", "clock", "rule", "elsewhere"),
    [
        ("Australia/Sydney", "14:00", DAILY, False),
        ("Australia/Sydney", "22:30", DAILY, True),
        ("Australia/Sydney", "14:00", WEEKLY, False),
        ("Australia/Brisbane", "15:00", WEEKLY, True),
        ("Australia/Brisbane", "01:00", DAILY, False),
        ("America/Los_Angeles", "01:00", DAILY, False),
        ("America/Los_Angeles", "01:00", WEEKLY, True),
        ("America/Los_Angeles", "22:00", WEEKLY, False),
        ("Asia/Kolkata", "00:15", DAILY, True),
    ],
)
async def test_last_day_stays_when_the_start_is_moved(
    open_dialogs: OpenDialogs, zone: str, clock: str, rule: str, elsewhere: bool
) -> None:
    """However often this and all that follow are moved in the dialog."""
    dialogs = await open_dialogs(zone=zone)
    if elsewhere:
        # Tells the time zone of the site, which is that of Brisbane.
        dialogs.house.cloud.add_daily_schedule(INVERTER, days="Never")
        await dialogs.house.act("list_schedules")
    first = wall(f"11-22 {clock}")
    until = f"UNTIL={first + 3 * DAY:%Y%m%dT%H%M%S}"
    assert await dialogs.create("hold", first, HOUR, rrule=f"{rule};{until}") is None
    days = ["11-22", "11-23", "11-24", "11-25"]
    assert await days_of(dialogs) == days
    for minutes, index in ((30, 1), (-45, 2)):
        event = (await dialogs.events(days=30))[index]
        start = parsed(event["start"]["dateTime"]) + timedelta(minutes=minutes)
        error = await dialogs.save(
            event,
            FOLLOWING,
            dtstart=start,
            dtend=start + HOUR,
            rrule=as_the_dialog_sends(event, start),
        )
        assert error is None
        moved = dt_util.as_local(start).strftime("%m-%d")
        assert moved == days[index], "the test itself moved the day"
        assert await days_of(dialogs) == days


@pytest.mark.parametrize("zone", ["Australia/Sydney", "America/Los_Angeles"])
async def test_last_whole_day_stays(open_dialogs: OpenDialogs, zone: str) -> None:
    """A whole day is moved by a day; the last one does not move with it."""
    dialogs = await open_dialogs(zone=zone)
    first = date(2026, 11, 22)
    rule = "FREQ=DAILY;UNTIL=20261125"
    assert await dialogs.create("hold", first, first + DAY, rrule=rule) is None
    assert await days_of(dialogs) == ["11-22", "11-23", "11-24", "11-25"]
    for day in (first + DAY, first + 2 * DAY):
        event, *_ = await dialogs.events(days=30)
        error = await dialogs.save(
            event,
            FOLLOWING,
            dtstart=day,
            dtend=day + DAY,
            rrule=as_the_dialog_sends(event, day),
        )
        assert error is None
        days = await days_of(dialogs)
        assert (days[0], days[-1]) == (f"{day:%m-%d}", "11-25")


async def test_last_day_stays_over_a_clock_change(open_dialogs: OpenDialogs) -> None:
    """What is shown before the change is read in winter time and sent in summer time."""
    dialogs = await open_dialogs(
        zone="Australia/Sydney", now=datetime.fromisoformat("2026-10-01T12:00:00+10:00")
    )
    first = wall("10-02 23:30")
    rule = f"FREQ=DAILY;UNTIL={first + 3 * DAY:%Y%m%dT%H%M%S}"
    assert await dialogs.create("hold", first, HOUR, rrule=rule) is None
    for minutes in (-30, 20):
        event = (await dialogs.events(days=30))[1]
        start = parsed(event["start"]["dateTime"]) + timedelta(minutes=minutes)
        error = await dialogs.save(
            event,
            FOLLOWING,
            dtstart=start,
            dtend=start + HOUR,
            rrule=as_the_dialog_sends(event, start),
        )
        assert error is None
        assert await days_of(dialogs) == ["10-02", "10-03", "10-04", "10-05"]


async def test_days_taken_out_move_with_the_day_of_the_week(dialogs: Dialogs) -> None:
    """From Mondays to Tuesdays: the week that was left out stays left out."""
    await dialogs.create("hold", wall("11-23 01:00"), HOUR, rrule="FREQ=WEEKLY")
    _, second, third, *_ = await dialogs.events(days=40)
    assert await dialogs.delete(third) is None
    start = wall("12-01 01:00")
    error = await dialogs.save(
        second,
        FOLLOWING,
        dtstart=start,
        dtend=start + HOUR,
        rrule=as_the_dialog_sends(second, start),
    )
    assert error is None
    assert await days_of(dialogs) == ["11-23", "12-01", "12-15"]


async def test_day_taken_out_stays_where_the_series_has_it(dialogs: Dialogs) -> None:
    """A daily series that begins a day later: the same date stays out."""
    await dialogs.create("hold", wall("11-23 01:00"), HOUR, rrule="FREQ=DAILY;COUNT=6")
    first, _, third, *_ = await dialogs.events(days=40)
    assert await dialogs.delete(third) is None
    start = wall("11-24 02:00")
    error = await dialogs.save(
        first,
        FOLLOWING,
        dtstart=start,
        dtend=start + HOUR,
        rrule=as_the_dialog_sends(first, start),
    )
    assert error is None
    assert (await days_of(dialogs))[:3] == ["11-24", "11-26", "11-27"]
