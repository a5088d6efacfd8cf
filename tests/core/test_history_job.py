"""Imports: no day is forgotten, none fetched without need, and none for ever."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta, timezone
import json
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.history import HOUR
from custom_components.joulekeeper.core.history_job import (
    DAY,
    FIRST_FOLLOWED,
    LATE_TRIES,
    MOST_FOLLOWED,
    ImportJob,
)

ADELAIDE = ZoneInfo("Australia/Adelaide")
MARKET = timezone(timedelta(hours=10))
FIRST = date(2026, 11, 1)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AFTER = datetime(2027, 2, 1, 21, 30, tzinfo=ADELAIDE)
WAIT = timedelta(hours=4, minutes=17)


def took(
    job: ImportJob, day: date, *, blank: bool = False, settled: bool = True
) -> None:
    """Fetch a day that ended long before now."""
    job.took(day, LONG_AFTER, blank=blank, settled=settled)


def reloaded(job: ImportJob) -> ImportJob:
    """Return the job as it is after a restart."""
    again = ImportJob.from_dict(json.loads(json.dumps(job.as_dict())))
    assert again == job
    return again


# -- what is asked for ---------------------------------------------------------


def test_oldest_first_and_what_is_done_is_left_out() -> None:
    """A request that overlaps an earlier one only wants what is missing."""
    job = ImportJob()
    assert job.progress is None
    job.ask(FIRST, FIRST + 3 * DAY)
    for n in range(4):
        assert job.progress == 25 * n
        assert job.due(NOW) == [FIRST + k * DAY for k in range(n, 4)]
        took(job, FIRST + n * DAY)
    assert job.progress == 100
    assert job.due(NOW) == []
    job.ask(FIRST - DAY, FIRST + 4 * DAY)
    assert job.pending == {FIRST - DAY, FIRST + 4 * DAY}
    assert (len(job.asked), job.progress) == (6, 66)
    job.ask(FIRST, FIRST, again=True)
    assert job.due(NOW, {FIRST - DAY}) == [FIRST, FIRST + 4 * DAY]
    assert len(job.asked) == 6


def test_cancelled() -> None:
    """Nothing is fetched any more; what is asked for next is a request of its own."""
    job = ImportJob()
    job.ask(FIRST, FIRST + 3 * DAY)
    took(job, FIRST, settled=False)
    job.cancel()
    assert job.due(NOW + 90 * DAY) == []
    assert job.next_due is None
    assert job.progress == 25
    job.ask(FIRST, FIRST + DAY)
    assert job.asked == {FIRST, FIRST + DAY}
    assert job.pending == {FIRST + DAY}


def test_days_that_are_booked_together() -> None:
    """The more there is behind a day, the more days wait for each other."""
    job = ImportJob()
    job.ask(FIRST, FIRST + 3 * DAY)
    assert job.at_once == 1
    job.done = {FIRST + n * DAY for n in range(4, 94)}
    assert job.at_once == 4
    job.done = {FIRST + n * DAY for n in range(4, 3000)}
    assert job.at_once == 14
    job.cancel()
    assert job.at_once == 1


# -- days that are not all there -----------------------------------------------


def test_a_late_day_is_tried_for_a_month() -> None:
    """At noon, when no cloud is blank, ever less often; no more once it is all there."""
    job = ImportJob()
    job.ask(FIRST, FIRST)
    took(job, FIRST, settled=False)
    now, apart = LONG_AFTER, []
    while (due := job.next_due) is not None:
        assert due.astimezone(ADELAIDE).hour == 12
        assert job.due(due - HOUR) == []
        assert job.due(due) == [FIRST]
        now, before = due.astimezone(ADELAIDE), now
        apart.append((now.date() - before.date()).days)
        job.took(FIRST, now, blank=False, settled=False)
    assert apart == [1, 1, 2, 3, 5, 8, 11]
    assert len(apart) == LATE_TRIES == 7
    assert FIRST in job.done
    took(job, FIRST, settled=False)
    took(job, FIRST)
    assert job.next_due is None


@pytest.mark.parametrize(
    ("wall", "due"),
    [
        ("2026-11-20T00:05:07", "2026-11-20T12:05:07"),
        ("2026-11-20T07:00:00", "2026-11-21T12:00:00"),
        ("2026-11-20T13:30:00", "2026-11-21T12:30:00"),
        ("2026-11-20T23:59:00", "2026-11-21T12:59:00"),
        # Half a year of an hour more.
        ("2026-10-03T23:30:00", "2026-10-04T12:30:00"),
    ],
)
def test_when_a_late_day_is_due(wall: str, due: str) -> None:
    """Not soon after the last time, and on the plant's clock."""
    job = ImportJob()
    job.gave_up(FIRST, datetime.fromisoformat(wall).replace(tzinfo=ADELAIDE))
    expected = datetime.fromisoformat(due).replace(tzinfo=ADELAIDE)
    assert job.next_due == expected.astimezone(UTC)


def test_blank_days() -> None:
    """Days before there was a system are not asked for again by themselves."""
    job = ImportJob()
    job.ask(FIRST, FIRST + 2 * DAY)
    took(job, FIRST, blank=True)
    assert job.late == {}
    took(job, FIRST + DAY)
    took(job, FIRST + 2 * DAY, blank=True)
    assert set(job.late) == {FIRST + 2 * DAY}
    assert job.done == {FIRST + DAY}
    assert job.progress == 100
    # The user may ask for them.
    job.ask(FIRST, FIRST + 2 * DAY)
    assert job.pending == {FIRST, FIRST + 2 * DAY}


def test_a_fresh_day_is_looked_at_again() -> None:
    """The cloud may still correct what has just ended, and be blank around midnight."""
    soon = datetime(2026, 11, 2, 23, 0, tzinfo=ADELAIDE)
    for blank in (False, True):
        job = ImportJob()
        job.ask(FIRST, FIRST)
        job.took(FIRST, soon, blank=blank, settled=not blank)
        assert FIRST in job.late
        job.took(FIRST, soon + 2 * HOUR, blank=False, settled=True)
        assert FIRST not in job.late


@pytest.mark.parametrize("hour", [0, 4, 12, 23])
def test_a_fresh_day_that_is_all_there_is_read_once_more(hour: int) -> None:
    """However early it came: on the first noon that is a day after its end."""
    job = ImportJob()
    job.ask(FIRST, FIRST)
    soon = datetime(2026, 11, 2, hour, 17, tzinfo=ADELAIDE)
    job.took(FIRST, soon, blank=False, settled=True)
    again = datetime(2026, 11, 3, 12, 17, tzinfo=ADELAIDE)
    assert job.next_due == again.astimezone(UTC)
    job.took(FIRST, again, blank=False, settled=True)
    assert job.next_due is None


# -- days that are followed ----------------------------------------------------


def market(text: str) -> datetime:
    """Return an instant given by the market's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=MARKET)


def test_the_first_week() -> None:
    """What was imported on request is left out; today is due tomorrow morning."""
    job = ImportJob()
    job.ask(date(2026, 11, 17), date(2026, 11, 18))
    took(job, date(2026, 11, 17))
    now = market("2026-11-20T12:00:00")
    job.follow(now, WAIT)
    assert job.due(now) == [
        # Asked for, then the others.
        date(2026, 11, 18),
        *(date(2026, 11, n) for n in (13, 14, 15, 16, 19)),
    ]
    assert job.progress == 50
    for day in job.due(now):
        job.took(day, now, blank=False, settled=True)
    morning = market("2026-11-21T04:17:00")
    assert job.next_due == morning
    assert job.due(morning - timedelta(seconds=1)) == []
    assert job.due(morning) == [date(2026, 11, 20)]
    # The next one is only known once it is followed anew.
    job.follow(morning, WAIT)
    assert set(job.late) >= {date(2026, 11, 20), date(2026, 11, 21)}
    before = job.as_dict()
    job.follow(morning, WAIT + HOUR)
    assert job.as_dict() == before


@pytest.mark.parametrize("days_off", [1, 9, 45, 400])
def test_what_was_missed(days_off: int) -> None:
    """Once each, the oldest first; of a very long time the last two months."""
    job = ImportJob()
    now = market("2026-11-20T12:00:00")
    job.follow(now, WAIT)
    for day in job.due(now):
        job.took(day, now + 9 * DAY, blank=False, settled=True)
    assert len(job.done) == FIRST_FOLLOWED / DAY
    job = reloaded(job)
    later = now + days_off * DAY
    job.follow(later, WAIT)
    missed = [later.date() - n * DAY for n in range(days_off, 0, -1)]
    kept = missed[-(MOST_FOLLOWED // DAY) :]
    # The day that ran when it stopped was wanted already.
    assert job.due(later) == sorted({*kept, now.date()})


def test_cancel_leaves_what_is_followed() -> None:
    """Also a day of these that was asked for, or is late, or not settled."""
    job = ImportJob()
    now = market("2026-11-20T12:00:00")
    job.follow(now, WAIT)
    job.ask(date(2026, 11, 1), date(2026, 11, 19))
    job.took(date(2026, 11, 1), now, blank=False, settled=False)
    job.took(date(2026, 11, 14), now, blank=False, settled=False)
    job.cancel()
    days = [date(2026, 11, n) for n in (13, 15, 16, 17, 18, 19)]
    assert job.due(now) == days
    assert job.at_once == 1
    for day in days:
        job.took(day, now, blank=False, settled=day != days[0])
    assert set(job.late) == {
        date(2026, 11, 13),
        date(2026, 11, 14),
        # Fresh.
        date(2026, 11, 19),
        date(2026, 11, 20),
    }
    # Cancelled, but not done.
    assert job.progress == 100 * (19 - 11) // 19


@pytest.mark.parametrize("days_wrong", [3, 40, 4000])
def test_a_clock_that_was_wrong(days_wrong: int) -> None:
    """Once it is right again days are followed as before, none of the future."""
    job = ImportJob()
    now = market("2026-11-20T12:00:00")
    job.follow(now, WAIT)
    for day in job.due(now):
        settled = day != date(2026, 11, 18)
        job.took(day, now, blank=False, settled=settled)
    wrong = now + days_wrong * DAY
    job.follow(wrong, WAIT)
    for day in job.due(wrong):
        job.took(day, wrong, blank=True, settled=False)
    job = reloaded(job)
    now += DAY
    job.follow(now, WAIT)
    assert max(job.late) == now.date()
    assert job.followed == (date(2026, 11, 13), now.date())
    tomorrow = now + DAY
    job.follow(tomorrow, WAIT)
    assert set(job.due(tomorrow)) >= {date(2026, 11, n) for n in (18, 20, 21)}
    assert all(item.due <= tomorrow + DAY for item in job.late.values())


@pytest.mark.parametrize("told_after", [0, 5])
def test_a_device_that_is_closed(told_after: int) -> None:
    """Its last day is wanted and corrected, no later one, whenever that is told."""
    job = ImportJob()
    now = market("2026-11-20T12:00:00")
    for n in range(told_after + 1):
        job.follow(now + n * DAY, WAIT)
    now += told_after * DAY + timedelta(minutes=1)
    job.follow(now, WAIT, date(2026, 11, 20))
    assert max(job.late) == date(2026, 11, 20)
    job = reloaded(job)
    now += DAY
    job.follow(now, WAIT, date(2026, 11, 20))
    assert job.due(now)[-1] == date(2026, 11, 20)
    for day in job.due(now):
        job.took(day, now, blank=False, settled=False)
    assert max(job.late) == date(2026, 11, 20)
    for _ in range(LATE_TRIES):
        due = job.next_due
        assert due is not None
        now = due.astimezone(MARKET)
        job.follow(now, WAIT, date(2026, 11, 20))
        for day in job.due(now):
            job.took(day, now, blank=False, settled=False)
    assert job.next_due is None


class Cloud:
    """Tells days late, then badly, then well."""

    def __init__(self, lateness: dict[int, int], certainty: dict[int, int]) -> None:
        """Take after how many days the n-th day comes, and is certain."""
        self.lateness, self.certainty = lateness, certainty
        self.reads: dict[date, list[datetime]] = defaultdict(list)

    def read(self, day: date, now: datetime) -> str:
        """Return what is known of a day."""
        n = (day - FIRST).days
        arrives = datetime.combine(day + DAY, time(3), MARKET)
        arrives += self.lateness.get(n, 0) * DAY
        self.reads[day].append(now)
        if now < arrives:
            return "blank"
        if now < arrives + self.certainty.get(n, 0) * DAY:
            return "estimated"
        return "billable"


@given(
    lateness=st.dictionaries(st.integers(0, 30), st.integers(1, 4), max_size=6),
    certainty=st.dictionaries(st.integers(0, 30), st.integers(1, 21), max_size=6),
    off=st.lists(st.tuples(st.integers(1, 30 * 24), st.integers(1, 300)), max_size=3),
)
@settings(max_examples=40)
def test_a_month_of_following(
    lateness: dict[int, int], certainty: dict[int, int], off: list[tuple[int, int]]
) -> None:
    """However late, however often restarted: every day is had in its last form."""
    cloud = Cloud(lateness, certainty)
    job = ImportJob()
    start = datetime.combine(FIRST + 7 * DAY, time(9), MARKET)
    asleep = [(start + h * HOUR, start + (h + n) * HOUR) for h, n in off]
    booked: dict[date, str] = {}
    now = start
    while now < start + 90 * DAY:
        if any(begin <= now < end for begin, end in asleep):
            now += HOUR
            job = reloaded(job)
            continue
        job.follow(now, WAIT)
        for day in job.due(now):
            known = cloud.read(day, now)
            if known != "blank":
                booked[day] = known
            job.took(day, now, blank=known == "blank", settled=known == "billable")
        assert not job.due(now)
        assert job.next_due is not None
        now = max(job.next_due.astimezone(MARKET), now + timedelta(minutes=1))
    for n in range(60):
        day = FIRST + n * DAY
        assert booked[day] == "billable", day
        reads = cloud.reads[day]
        assert reads[0] >= datetime.combine(day + DAY, time(4), MARKET)
        assert len(reads) <= 1 + LATE_TRIES
    # Most days need two calls.
    late = lateness.keys() | certainty.keys()
    plain = [len(cloud.reads[FIRST + n * DAY]) for n in range(31, 60)]
    assert set(plain) <= {1, 2}, late


# -- the file ------------------------------------------------------------------


@given(
    days=st.sets(st.integers(0, 60)),
    late=st.dictionaries(st.integers(0, 60), st.integers(0, 6), max_size=3),
    follows=st.booleans(),
)
def test_a_job_survives_the_file(
    days: set[int], late: dict[int, int], follows: bool
) -> None:
    """Whatever days, with or without gaps."""
    job = ImportJob(zone="Europe/Berlin")
    job.ask(FIRST, FIRST + 60 * DAY)
    if follows:
        job.follow(NOW.astimezone(MARKET), WAIT)
    for n in days:
        took(job, FIRST + n * DAY, settled=n not in late)
    reloaded(job)


def test_a_file_of_before_days_were_followed() -> None:
    """An import that was under way goes on."""
    job = ImportJob.from_dict(
        {
            "asked": [["2026-11-01", "2026-11-04"]],
            "pending": [["2026-11-03", "2026-11-04"]],
            "done": [["2026-11-01", "2026-11-02"]],
            "late": {"2026-11-02": {"due": "2026-11-20T02:00:00+00:00", "tries": 3}},
            "zone": None,
            "cancelled": False,
        }
    )
    assert job.due(NOW) == [date(2026, 11, n) for n in (3, 4, 2)]
    assert job.followed is None
    job.took(date(2026, 11, 2), NOW, blank=False, settled=False)
    assert job.late[date(2026, 11, 2)].tries == 4
    reloaded(job)
