"""A year of rules: each window is sent once, at its time by the clock of the site."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.core.recurrence import Recurrence
from custom_components.joulekeeper.core.rules import Rule
from custom_components.joulekeeper.core.schedule import DAY, Source

from .model import HOUR, MINUTE, NOW, Model

YEAR = 365 * DAY
EVENING = time(18, 15)
NIGHT = time(2, 30)
"""In zones with summer time it is skipped once a year, and once it comes twice."""
LENGTH = 90 * MINUTE
STEP = 7 * HOUR
"""Sooner or later somebody looks at each hour of the day."""

type Windows = set[tuple[datetime, datetime]]

# When clocks change, by hand: what `NIGHT` comes to on these two Sundays, in UTC.
_AUSTRALIA_EAST = {
    # It begins in the first pass of the hour, and ends after the second: an hour more.
    date(2027, 4, 4): (datetime(2027, 4, 3, 15, 30), datetime(2027, 4, 3, 18, 0)),
    # It begins at three, which is when the skipped hour is over: half an hour less.
    date(2027, 10, 3): (datetime(2027, 10, 2, 16, 0), datetime(2027, 10, 2, 17, 0)),
}
_HALF_AN_HOUR = timedelta(minutes=30)
CHANGES: dict[str, dict[date, tuple[datetime, datetime]]] = {
    "Australia/Brisbane": {},
    "Australia/Sydney": _AUSTRALIA_EAST,
    "Australia/Adelaide": {
        day: (start + _HALF_AN_HOUR, end + _HALF_AN_HOUR)
        for day, (start, end) in _AUSTRALIA_EAST.items()
    },
    "Europe/Berlin": {
        date(2027, 3, 28): (datetime(2027, 3, 28, 1, 0), datetime(2027, 3, 28, 2, 0)),
        date(2027, 10, 31): (
            datetime(2027, 10, 31, 0, 30),
            datetime(2027, 10, 31, 3, 0),
        ),
    },
}


def put(model: Model, rrule: str, first: datetime, zone: str) -> Rule:
    """Put a rule that comes by the clock of a zone."""
    series = Recurrence(first=first, length=LENGTH, zone=zone, rule=rrule)
    start, end = series.first_window.start, series.first_window.end
    rule = model.rule(recurrence=series, source=Source.CALENDAR)
    return model.ledger.put_rule(replace(rule, start=start, duration=end - start))


def days(first: date, step: timedelta) -> Iterator[date]:
    """Yield the days on which a rule comes, for more than a year."""
    day = first
    while day < first + YEAR + 10 * DAY:
        yield day
        day += step


def expected(zone: str, wall: time, first: date, step: timedelta) -> Windows:
    """Return the windows of a year, not by what the core has to say of it."""
    clock = ZoneInfo(zone)
    windows: Windows = set()
    for day in days(first, step):
        start = datetime.combine(day, wall, clock)
        end = (start.replace(tzinfo=None) + LENGTH).replace(tzinfo=clock)
        if wall == NIGHT and day in CHANGES[zone]:
            start, end = (item.replace(tzinfo=UTC) for item in CHANGES[zone][day])
        windows.add((start.astimezone(UTC), end.astimezone(UTC)))
    return windows


@pytest.mark.parametrize("zone", CHANGES)
def test_year(zone: str) -> None:
    """None is shifted, doubled or lost, and nothing else is ever written."""
    model = Model(NOW)
    begun = NOW.astimezone(ZoneInfo(zone)).date() + DAY
    sunday = begun + (6 - begun.weekday()) * DAY
    rules = {
        put(model, "FREQ=DAILY", datetime.combine(begun, EVENING), zone).id: (
            EVENING,
            begun,
            DAY,
        ),
        put(model, "FREQ=WEEKLY", datetime.combine(sunday, NIGHT), zone).id: (
            NIGHT,
            sunday,
            7 * DAY,
        ),
    }
    steps = 0
    while model.now < NOW + YEAR:
        model.settle()
        model.after(STEP)
        steps += 1
        if not steps % 100:
            model.restart()
    held = list(model.cloud.items.values())
    assert model.cloud.creates == len(held)
    assert model.cloud.deletes == 0
    for rule_id, (wall, first, step) in rules.items():
        sent = [(i.start, i.end) for i in held if i.rule_id == rule_id]
        assert len(sent) == len(set(sent)), "doubled"
        wanted = expected(zone, wall, first, step)
        due = {window for window in wanted if window[0] < model.now}
        assert set(sent) <= wanted, "shifted"
        assert due <= set(sent), "lost"
        assert len(due) in ((52, 53) if step > DAY else (364, 365))
