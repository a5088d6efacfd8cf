"""Wall time over clock changes, recurring windows, and what a programme answers."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.schedule import (
    DAY,
    Action,
    Owner,
    Programme,
    ScheduleItem,
    WeeklyWindow,
    wall_instant,
)

ZONES = {
    name: ZoneInfo(name)
    for name in (
        "Australia/Brisbane",
        "Australia/Sydney",
        "Australia/Adelaide",
        "Australia/Lord_Howe",
        "Europe/Berlin",
        # Clocks change at midnight, on the evening before, and by two hours.
        "America/Havana",
        "America/Nuuk",
        "Antarctica/Troll",
    )
}
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

# Sundays on which clocks change, and days round them.
CHANGES = (
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2027, 3, 28),
    date(2027, 4, 4),
)
days = st.one_of(
    st.builds(
        lambda change, offset: change + offset * DAY,
        st.sampled_from(CHANGES),
        st.integers(-2, 2),
    ),
    st.dates(date(2025, 1, 1), date(2030, 12, 31)),
)
zones = st.sampled_from(sorted(ZONES)).map(ZONES.__getitem__)
walls = st.builds(time, st.integers(0, 23), st.integers(0, 59))


def passes(day: date, wall: time, zone: ZoneInfo) -> list[datetime]:
    """Return every instant at which the zone's clocks show a wall time."""
    midnight = datetime.combine(day, time(), UTC)
    wanted = datetime.combine(day, wall)
    return [
        instant
        for minute in range(-15 * 60, 37 * 60)
        if (instant := midnight + timedelta(minutes=minute))
        .astimezone(zone)
        .replace(tzinfo=None)
        == wanted
    ]


@settings(max_examples=60)
@given(days, walls, zones)
def test_wall_instant(day: date, wall: time, zone: ZoneInfo) -> None:
    """The first instant that shows the wall time, else the first after the gap."""
    instant = wall_instant(day, wall, zone)
    assert instant.tzinfo is UTC
    if shown := passes(day, wall, zone):
        assert instant == shown[0]
        return
    second = timedelta(seconds=1)
    after = instant.astimezone(zone)
    before = (instant - second).astimezone(zone)
    assert before.utcoffset() != after.utcoffset()
    wanted = datetime.combine(day, wall)
    assert before.replace(tzinfo=None) < wanted < after.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("zone", "day", "wall", "expected"),
    [
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), "2026-03-29T01:00:00"),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), "2026-10-25T00:30:00"),
        ("Australia/Sydney", date(2026, 10, 4), time(2, 59), "2026-10-03T16:00:00"),
        ("Australia/Sydney", date(2026, 4, 5), time(2, 30), "2026-04-04T15:30:00"),
        ("Australia/Adelaide", date(2026, 10, 4), time(2, 1), "2026-10-03T16:30:00"),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 10), "2026-10-03T15:30:00"),
        ("Australia/Lord_Howe", date(2026, 4, 5), time(1, 45), "2026-04-04T14:45:00"),
        ("Australia/Brisbane", date(2026, 10, 4), time(2, 30), "2026-10-03T16:30:00"),
    ],
)
def test_clock_changes(zone: str, day: date, wall: time, expected: str) -> None:
    """The known gaps and repeated hours, the half-hour change included."""
    expected_instant = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert wall_instant(day, wall, ZONES[zone]) == expected_instant


def window(
    start: time, duration: timedelta, weekdays: set[int], zone: ZoneInfo
) -> WeeklyWindow:
    """Return a window that charges."""
    return WeeklyWindow(
        action=Action.CHARGE,
        vendor_mode="ChargeBattery",
        start=start,
        duration=duration,
        weekdays=frozenset(weekdays),
        zone=zone,
    )


@settings(max_examples=80)
@given(
    days,
    walls,
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(1, 24 * 60),
    zones,
    st.integers(1, 10 * 24 * 60),
)
def test_occurrences(
    day: date, start: time, weekdays: set[int], minutes: int, zone: ZoneInfo, span: int
) -> None:
    """One occurrence per day that has one, none lost at the edges, in order."""
    weekly = window(start, timedelta(minutes=minutes), weekdays, zone)
    begin = datetime.combine(day, time(11, 7), UTC)
    end = begin + timedelta(minutes=span)

    found = list(weekly.occurrences(begin, end))

    expected = [
        instant
        for offset in range(-4, 15)
        if (local := day + offset * DAY).weekday() in weekdays
        and (instant := wall_instant(local, start, zone)) < end
        and instant + weekly.duration > begin
    ]
    assert [item.start for item in found] == expected
    assert all(item.end - item.start == weekly.duration for item in found)
    assert all(item.recurring and item.vendor_id is None for item in found)


@settings(max_examples=60)
@given(days, walls, zones, st.integers(1, 22 * 60))
@example(date(2026, 3, 28), time(23), ZONES["America/Nuuk"], 1)
def test_days_do_not_run_into_each_other(
    day: date, start: time, zone: ZoneInfo, minutes: int
) -> None:
    """Up to 22 hours, not even a change of clocks makes two days overlap."""
    weekly = window(start, timedelta(minutes=minutes), set(range(7)), zone)
    begin = datetime.combine(day, time(), UTC) - 4 * DAY
    found = list(weekly.occurrences(begin, begin + 8 * DAY))
    assert all(one.end <= two.start for one, two in pairwise(found))
    # By the date it cannot be told: a gap before midnight moves a start to after it.
    apart = [two.start - one.start for one, two in pairwise(found)]
    assert all(22 * HOUR <= between <= 26 * HOUR for between in apart)


def item(start: float, end: float, **details: object) -> ScheduleItem:
    """Return an item between hours counted from now."""
    return ScheduleItem(
        **{
            "vendor_id": f"v{start}",
            "action": Action.CHARGE,
            "vendor_mode": "ChargeBattery",
            "start": NOW + start * HOUR,
            "end": NOW + end * HOUR,
        }
        | details  # type: ignore[arg-type]
    )


def test_programme_at_an_instant() -> None:
    """Ends are exclusive, the latest start rules, then the next item is told."""
    first, second, third = item(-2, 1), item(-1, 0), item(3, 4)
    plan = Programme((third, first, second))
    assert plan.active_at(NOW - HOUR) is second
    assert plan.active_at(NOW) is first
    assert plan.active_at(NOW + HOUR) is None
    assert plan.active_or_next(NOW) is first
    assert plan.active_or_next(NOW + HOUR) is third
    assert plan.active_or_next(NOW + 4 * HOUR) is None
    assert plan.next_change(NOW) == first.end
    assert plan.next_change(NOW + HOUR) == third.start
    assert plan.next_change(NOW + 4 * HOUR) is None


@pytest.mark.parametrize(
    ("start", "end", "shared"),
    [(-1, 0, False), (0, 0.1, True), (0.9, 2, True), (1, 2, False), (-1, 3, True)],
)
def test_programme_between(start: float, end: float, shared: bool) -> None:
    """Touching is not overlapping."""
    plan = Programme((item(0, 1),))
    assert bool(plan.between(NOW + start * HOUR, NOW + end * HOUR)) is shared


def test_programme_with_recurring_window() -> None:
    """A window's occurrences count like items, a week ahead."""
    brisbane = ZONES["Australia/Brisbane"]
    # Friday 22:00 in Brisbane is noon UTC.
    weekly = window(time(21, 0), 2 * HOUR, {4}, brisbane)
    plan = Programme((item(5, 6),), (weekly,))
    active = plan.active_at(NOW)
    assert active is not None
    assert active.recurring
    assert (active.start, active.end) == (NOW - HOUR, NOW + HOUR)
    assert plan.next_change(NOW) == NOW + HOUR
    assert plan.next_change(NOW + 6 * HOUR) == NOW - HOUR + 7 * DAY
    following = plan.active_or_next(NOW + 6 * HOUR)
    assert following is not None
    assert following.start == NOW - HOUR + 7 * DAY
    assert [found.start for found in plan.between(NOW, NOW + 6 * HOUR)] == [
        NOW - HOUR,
        NOW + 5 * HOUR,
    ]


def test_programme_find_and_own() -> None:
    """Items are found by either id, one without an id by none."""
    ours = item(0, 1, owner=Owner.OWN, rule_id="rule")
    foreign, nameless = item(2, 3), item(4, 5, vendor_id=None)
    plan = Programme((ours, foreign, nameless))
    assert plan.find("rule") is plan.find("v0") is ours
    assert plan.find("v2") is foreign
    assert plan.find("None") is None
    assert plan.own() == (ours,)
    assert (ours.id, foreign.id, nameless.id) == ("rule", "v2", None)
