"""Windows that come again: rules in normal form, and every wall time kept for a year."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.recurrence import (
    Recurrence,
    RecurrenceError,
    Window,
    parse_rrule,
    recurrence_id,
    wall_of_recurrence_id,
)
from custom_components.joulekeeper.core.schedule import DAY, wall_instant

BRISBANE = "Australia/Brisbane"
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
FIRST = datetime(2026, 11, 20, 7)  # a Friday


def recurrence(
    rule: str,
    first: datetime = FIRST,
    length: timedelta = HOUR,
    zone: str = BRISBANE,
    exdates: frozenset[datetime] = frozenset(),
) -> Recurrence:
    """Return a recurrence whose rule is brought into normal form."""
    return Recurrence(
        first=first,
        length=length,
        zone=zone,
        rule=parse_rrule(rule, zone),
        exdates=exdates,
    )


def all_of(wanted: Recurrence, days: int = 60) -> list[Window]:
    """Return the windows of the first days."""
    begin = (wanted.first - 3 * DAY).replace(tzinfo=UTC)
    return list(wanted.windows(begin, begin + days * DAY))


def days_of(wanted: Recurrence, days: int = 60) -> list[str]:
    """Return on which days of the first ones it comes, as month and day."""
    return [f"{window.wall:%m%d}" for window in all_of(wanted, days)]


# -- rules ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        (" rrule:freq=weekly;byday=mo,fr; ", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("COUNT=03;INTERVAL=2;FREQ=DAILY", "FREQ=DAILY;INTERVAL=2;COUNT=3"),
        ("FREQ=DAILY;INTERVAL=1000", "FREQ=DAILY;INTERVAL=1000"),
        ("FREQ=DAILY;COUNT=10000", "FREQ=DAILY;COUNT=10000"),
        ("FREQ=WEEKLY;BYDAY=SU;WKST=SU", "FREQ=WEEKLY;WKST=SU;BYDAY=SU"),
        # A date means all of it, Z is UTC, and without a zone it is wall time.
        ("FREQ=DAILY;UNTIL=20261130", "FREQ=DAILY;UNTIL=20261130T235959"),
        ("FREQ=DAILY;UNTIL=20261130T070000", "FREQ=DAILY;UNTIL=20261130T070000"),
        ("FREQ=DAILY;UNTIL=20261130T210000Z", "FREQ=DAILY;UNTIL=20261201T070000"),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    """One text for one meaning, and its own normal form."""
    assert parse_rrule(text, BRISBANE) == normal
    assert parse_rrule(normal, BRISBANE) == normal


def test_until_in_utc_is_read_by_the_clock_of_the_site() -> None:
    """Also over a change of clocks, and for ever."""
    assert parse_rrule("FREQ=DAILY;UNTIL=20261004T160000Z", "Australia/Sydney") == (
        "FREQ=DAILY;UNTIL=20261005T030000"
    )
    forever = recurrence("FREQ=DAILY;UNTIL=99991231T235959Z")
    assert not forever.over(datetime(2100, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "every day",
        "FREQ",
        "FREQ=",
        "FREQ=HOURLY",
        "FREQ=MONTHLY",
        "FREQ=YEARLY",
        "FREQ=DAILY;BYHOUR=7",
        "FREQ=DAILY;BYMONTHDAY=1",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=MO,,TU",
        "FREQ=WEEKLY;WKST=XX",
        "FREQ=DAILY;INTERVAL=x",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=1001",
        "FREQ=DAILY;INTERVAL=99999999999",
        "FREQ=DAILY;INTERVAL=1_0",
        "FREQ=DAILY;INTERVAL=+1",
        "FREQ=DAILY;INTERVAL=\u0663",  # a three, but not of ours
        "FREQ=DAILY;COUNT=x",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;COUNT=10001",
        "FREQ=DAILY;COUNT=2;UNTIL=20261130",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;UNTIL=20261131",
        "FREQ=DAILY;UNTIL=2026-11-30",
        "FREQ=DAILY;UNTIL=20261130T07",
        "FREQ=DAILY;;COUNT=1",
        "DTSTART:20261120T070000\nRRULE:FREQ=DAILY",
    ],
)
def test_refused(text: str) -> None:
    """What is no rule, or none that we keep, is refused before it is used."""
    with pytest.raises(RecurrenceError, match="recurrence_unsupported"):
        recurrence(text)


@given(
    st.lists(
        st.one_of(
            st.text(max_size=12),
            st.builds(
                "{}={}".format,
                st.sampled_from(["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY"]),
                st.sampled_from(["DAILY", "WEEKLY", "2", "00", "MO", "20261130", "+"])
                | st.text(max_size=8),
            ),
        ),
        max_size=5,
    ).map(";".join)
)
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    """Nothing that a user may send does anything else."""
    try:
        window = recurrence(text).first_window
    except RecurrenceError:
        return
    assert window.wall is not None
    assert window.wall >= FIRST


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY;COUNT=3", "1120 1121 1122"),
        ("FREQ=DAILY;INTERVAL=3;COUNT=3", "1120 1123 1126"),
        ("FREQ=DAILY;UNTIL=20261122", "1120 1121 1122"),
        ("FREQ=DAILY;UNTIL=20261122T070000", "1120 1121 1122"),
        ("FREQ=DAILY;UNTIL=20261122T065959", "1120 1121"),
        ("FREQ=DAILY;BYDAY=SA,SU;UNTIL=20261130", "1121 1122 1128 1129"),
        ("FREQ=WEEKLY;COUNT=2", "1120 1127"),
        # The first day counts only where it is one of the days.
        ("FREQ=WEEKLY;BYDAY=MO,TU;COUNT=3", "1123 1124 1130"),
        # In which week a Sunday is, its first day decides.
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SU;COUNT=3", "1120 1122 1204"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR,SU;WKST=SU;COUNT=3", "1120 1129 1204"),
    ],
)
def test_days(rule: str, days: str) -> None:
    """What each part of a rule means."""
    wanted = recurrence(rule)
    assert days_of(wanted) == days.split()
    assert wanted.first_window == all_of(wanted)[0]


def test_nothing_at_all() -> None:
    """A rule that ends before it begins, or whose only days are taken out."""
    for wanted in (
        recurrence("FREQ=DAILY;UNTIL=20261119"),
        recurrence("FREQ=DAILY;COUNT=1").without(FIRST),
        recurrence("FREQ=DAILY").until(FIRST),
        # Each seventh day of a Friday is a Friday.
        recurrence("FREQ=DAILY;INTERVAL=7;BYDAY=MO;COUNT=3"),
        recurrence("FREQ=DAILY;INTERVAL=770;BYDAY=MO,TH;UNTIL=99991231"),
    ):
        with pytest.raises(RecurrenceError, match="recurrence_empty"):
            _ = wanted.first_window
        assert wanted.over(datetime(2020, 1, 1, tzinfo=UTC))


def test_first_window_may_be_far_away() -> None:
    """What was taken out does not count as the first."""
    wanted = recurrence(
        "FREQ=WEEKLY", exdates=frozenset(FIRST + n * 7 * DAY for n in range(60))
    )
    assert wanted.first_window.wall == FIRST + 60 * 7 * DAY


def test_never() -> None:
    """It is known at once that no day will ever be one of the days."""
    never = recurrence("FREQ=DAILY;INTERVAL=7;BYDAY=MO")
    with pytest.raises(RecurrenceError, match="recurrence_empty"):
        _ = never.first_window
    assert all_of(never, 10_000) == []


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=DAILY;COUNT=9999"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_ends_of_time(rule: str, zone: str) -> None:
    """What has no instant does not come, whatever the clock of the site."""
    always = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    last = recurrence(rule, datetime(9999, 12, 20), HOUR, zone)
    assert last.first_window.wall == last.first
    assert 0 < len(list(last.windows(*always))) < 11
    assert not last.over(datetime(9999, 12, 1, tzinfo=UTC))
    parted = last.until(last.first + 4 * DAY)
    assert len(list(parted.windows(*always))) == 4
    first = recurrence(rule, datetime.min, HOUR, zone)
    assert next(first.windows(*always)) == first.first_window
    for wall in (datetime.max, datetime(9999, 12, 31, 7)):
        with pytest.raises(RecurrenceError, match="recurrence_empty"):
            _ = recurrence(rule, wall, 40 * DAY, zone).first_window


def test_over() -> None:
    """Once the last window is over; one that runs is not, and endless never is."""
    wanted = recurrence("FREQ=DAILY;COUNT=2")
    (_, last) = all_of(wanted)
    assert not wanted.over(last.end - timedelta(seconds=1))
    assert wanted.over(last.end)
    assert not wanted.without(FIRST).over(last.start)
    assert wanted.without(FIRST + DAY).over(last.start)
    endless = recurrence("FREQ=DAILY")
    assert endless.endless
    assert not endless.over(datetime(2300, 1, 1, tzinfo=UTC))


def test_recurrence_id() -> None:
    """What the calendar calls a window, both ways."""
    assert recurrence_id(FIRST) == "20261120T070000"
    assert wall_of_recurrence_id("20261120T070000") == FIRST
    with pytest.raises(ValueError):
        wall_of_recurrence_id("20261120")


# -- the wall clock ------------------------------------------------------------

WEEKDAYS = (0, 3, 6)  # clocks change on Sundays
YEAR_RULE = "FREQ=WEEKLY;BYDAY=MO,TH,SU"
YEAR_ZONES = (
    "Australia/Sydney",
    "Australia/Brisbane",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Europe/Berlin",
)


def exists(wall: datetime, zone: ZoneInfo) -> bool:
    """Tell whether clocks in the zone ever show a wall time."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    return instant.astimezone(zone).replace(tzinfo=None) == wall


def clock(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the clocks in the zone show; nothing in it is in a second pass."""
    local = instant.astimezone(zone)
    assert local.fold == 0
    return local.replace(tzinfo=None)


def jumps(instant: datetime, zone: ZoneInfo) -> bool:
    """Tell whether clocks go forward at an instant."""
    before = (instant - timedelta(seconds=1)).astimezone(zone).utcoffset()
    after = instant.astimezone(zone).utcoffset()
    return before is not None and after is not None and before < after


@pytest.mark.parametrize("zone_name", YEAR_ZONES)
@pytest.mark.parametrize(
    ("wall", "length"),
    [
        (time(7), 2 * HOUR),
        (time(2, 30), HOUR),
        (time(1, 30), HOUR),
        (time(2, 5), 20 * MINUTE),  # wholly inside the skipped hour, or half hour
        (time(2), HOUR),
        (time(23, 30), 3 * HOUR),
        (time(0), DAY),
    ],
)
def test_year(zone_name: str, wall: time, length: timedelta) -> None:
    """None shifted, none doubled, none lost, whatever the clocks do."""
    zone = ZoneInfo(zone_name)
    first = datetime.combine(date(2026, 1, 1), wall)
    wanted = recurrence(YEAR_RULE, first, length, zone_name)
    days = [first + n * DAY for n in range(400)]
    year = [day for day in days if day.weekday() in WEEKDAYS and day.year == 2026]

    found = [it for it in all_of(wanted, 400) if it.wall and it.wall.year == 2026]

    assert [window.wall for window in found] == year
    assert len({window.start for window in found}) == len(year)
    assert all(one.start < two.start for one, two in pairwise(found))
    for due, window in zip(year, found, strict=True):
        assert window.start.tzinfo is window.end.tzinfo is UTC
        if exists(due, zone):
            assert clock(window.start, zone) == due
        else:
            assert jumps(window.start, zone)
            assert due < clock(window.start, zone) <= due + HOUR
        if due + length <= clock(window.start, zone):
            assert window.end - window.start == length
        elif exists(due + length, zone):
            assert clock(window.end, zone) == due + length
        else:
            assert jumps(window.end, zone)
        assert timedelta() < window.end - window.start <= length + HOUR


@pytest.mark.parametrize("wall", [time(0), time(7), time(23, 30)])
def test_day_that_a_zone_skipped(wall: time) -> None:
    """Samoa had no 30 December 2011; no other day has a window twice."""
    name, zone = "Pacific/Apia", ZoneInfo("Pacific/Apia")
    first = datetime.combine(date(2011, 12, 1), wall)
    found = all_of(recurrence("FREQ=DAILY", first, HOUR, name), 60)
    starts = [window.start for window in found]
    assert len(set(starts)) == len(starts)
    kept = [clock(start, zone) for start in starts]
    for day in range(50):
        due = first + day * DAY
        assert (due in kept) is exists(due, zone)
        assert exists(due, zone) or due.date() == date(2011, 12, 30)


@pytest.mark.parametrize("wall", [(30, 23, 30), (30, 23, 45), (31, 0), (31, 0, 29)])
def test_skipped_midnight(wall: tuple[int, int, int]) -> None:
    """In Toronto of 1919 the end of one day and the begin of the next are missing."""
    due, toronto = datetime(1919, 3, *wall), ZoneInfo("America/Toronto")
    jump = datetime(1919, 3, 31, 4, 30, tzinfo=UTC)
    assert jumps(jump, toronto)
    assert wall_instant(due.date(), due.time(), toronto) == jump


# -- any span ------------------------------------------------------------------

changes = st.sampled_from([date(2026, 3, 29), date(2026, 4, 5), date(2026, 10, 4)])
firsts = st.builds(
    lambda day, offset, wall: datetime.combine(day + offset * DAY, wall),
    changes,
    st.integers(-20, 20),
    st.sampled_from([time(2, 30), time(0), time(23, 59)])
    | st.builds(time, st.integers(0, 23), st.integers(0, 59)),
)
weekday = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
weekdays = st.lists(weekday, min_size=1).map(",".join)


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    """Draw any recurrence that we keep."""
    first = draw(firsts)
    parts = [f"FREQ={draw(st.sampled_from(['DAILY', 'WEEKLY']))}"]
    # Of each seventh day the oracle would look for the others until the year 9999.
    intervals = st.sampled_from([1, 2, 3, 4, 5, 6, 8, 13, 1000])
    parts.append(f"INTERVAL={draw(intervals)}")
    if draw(st.booleans()):
        parts.append(f"BYDAY={draw(weekdays)}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(weekday)}")
    end = draw(st.sampled_from(["", "COUNT", "UNTIL"]))
    if end == "COUNT":
        parts.append(f"COUNT={draw(st.integers(1, 80))}")
    if end == "UNTIL":
        until = first + draw(st.integers(0, 300)) * DAY
        parts.append(f"UNTIL={until:%Y%m%d}")
    return recurrence(
        ";".join(parts),
        first,
        draw(st.integers(1, 36 * 60)) * MINUTE,
        draw(st.sampled_from(YEAR_ZONES)),
        draw(st.frozensets(st.integers(0, 90).map(lambda day: first + day * DAY))),
    )


def expanded(wanted: Recurrence, start: datetime, end: datetime) -> list[Window]:
    """Return the windows of a span by counting from the very first one."""
    zone = ZoneInfo(wanted.zone)
    latest = (end + 3 * DAY).replace(tzinfo=None)
    walls = rrulestr(wanted.rule, dtstart=wanted.first)
    found = []
    for wall in takewhile(lambda wall: wall < latest, walls):
        last = wall + wanted.length
        begin = wall_instant(wall.date(), wall.time(), zone)
        finish = wall_instant(last.date(), last.time(), zone)
        if finish <= begin:
            finish = begin + wanted.length
        if wall not in wanted.exdates and begin < end and start < finish:
            found.append(Window(wall, begin, finish))
    return found


@given(recurrences())
def test_same_days_as_by_the_standard_way(wanted: Recurrence) -> None:
    """Every part of a rule means what it means to others, too."""
    latest = wanted.first + 1500 * DAY
    others = rrulestr(wanted.rule, dtstart=wanted.first)
    days = list(takewhile(lambda wall: wall < latest, others))
    begin = (wanted.first - 3 * DAY).replace(tzinfo=UTC)
    found = replace(wanted, zone="UTC", exdates=frozenset()).windows(
        begin, latest.replace(tzinfo=UTC)
    )
    assert [window.wall for window in found] == days


@given(recurrences(), st.integers(-30 * 24, 2 * 365 * 24), st.integers(1, 20 * 24))
def test_where_a_span_begins_changes_nothing(
    wanted: Recurrence, offset: int, hours: int
) -> None:
    """The same windows as counted from the first, as in any larger span, as in parts."""
    start = wanted.first.replace(tzinfo=UTC) + offset * HOUR
    end = start + hours * HOUR

    found = list(wanted.windows(start, end))

    assert found == expanded(wanted, start, end)
    larger = wanted.windows(start - 50 * DAY, end + 50 * DAY)
    assert found == [it for it in larger if it.start < end and start < it.end]
    middle = start + (end - start) / 3
    parts = {*wanted.windows(start, middle), *wanted.windows(middle, end)}
    assert sorted(parts) == found
    assert list(wanted.windows(start, start)) == [
        it for it in found if it.start < start < it.end
    ]


@given(recurrences(), st.integers(0, 99))
def test_parting(wanted: Recurrence, index: int) -> None:
    """What comes before a wall time, from it on, and all but this one."""
    begin = (wanted.first - 3 * DAY).replace(tzinfo=UTC)
    end = begin + 500 * DAY
    found = list(wanted.windows(begin, end))
    walls = [window.wall for window in found] or [wanted.first]
    wall = walls[index % len(walls)]
    earlier, later = wanted.until(wall), wanted.since(wall)
    assert not earlier.endless
    assert later.endless is wanted.endless
    if found:
        assert [*earlier.windows(begin, end), *later.windows(begin, end)] == found
    assert list(wanted.without(wall).windows(begin, end)) == [
        window for window in found if window.wall != wall
    ]


@pytest.mark.parametrize("rule", ["FREQ=DAILY;COUNT=3", "FREQ=DAILY;UNTIL=20261122"])
def test_parting_after_the_end(rule: str) -> None:
    """What has an end does not get a later one."""
    wanted = recurrence(rule)
    assert all_of(wanted.until(FIRST + 20 * DAY)) == all_of(wanted)
