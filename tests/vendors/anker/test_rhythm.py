"""What a device's wall clock means, and when an overview is worth fetching again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.vendors.anker.models import Scene
from custom_components.joulekeeper.vendors.anker.rhythm import SceneRhythm, WallClock

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
NOON = datetime(2026, 5, 4, 10, 0, 40, tzinfo=UTC)


def bank(product: str) -> dict[str, str]:
    """Return a solarbank as an overview lists it."""
    return {"device_sn": "FAKESB1A00000001", "device_pn": product}


def overview(reported_at: datetime | None, product: str = "A17C0") -> Scene:
    """Return an overview of one solarbank."""
    raw = {
        "site_id": "a",
        "power_site_type": 2 if product == "A17C0" else 5,
        "solarbank_info": {"solarbank_list": [bank(product)]},
    }
    return replace(Scene.parse(raw), reported_at=reported_at)


def told(instant: datetime, offset: timedelta) -> datetime:
    """Return what a wall clock tells."""
    return (instant + offset).replace(tzinfo=None, microsecond=0)


@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    age=st.integers(0, 65),
)
def test_the_usual_zone(start: datetime, age: int) -> None:
    """Through the year, both changes of the clocks and the doubled hour."""
    clock, now = WallClock(), start.replace(tzinfo=UTC)
    for _ in range(4):
        report = (now - age * SECOND).replace(microsecond=0)
        local = report.astimezone(BERLIN).replace(tzinfo=None)
        assert clock.instant(local, now, BERLIN) == report
        now += MINUTE


@given(
    quarters=st.integers(-48, 56),
    age=st.integers(0, 310),
    start=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
)
def test_any_other_zone(quarters: int, age: int, start: datetime) -> None:
    """After the second report at the latest it is known what the clock means."""
    offset = quarters * timedelta(minutes=15)
    clock, now = WallClock(), start.replace(tzinfo=UTC)
    for number in range(3):
        report = (now - age * SECOND).replace(microsecond=0)
        instant = clock.instant(told(report, offset), now, BERLIN)
        if number:
            assert abs(instant - report) <= timedelta(minutes=15)
            away = abs(offset - report.astimezone(BERLIN).utcoffset())
            assert away < timedelta(minutes=30) or instant == report
        now += 5 * MINUTE


def test_a_report_keeps_its_time() -> None:
    """What is told again, hours later, was then: in the doubled hour too."""
    clock = WallClock()
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # half past two, the first time
    local = datetime(2026, 10, 25, 2, 29, 50)
    when = clock.instant(local, first, BERLIN)
    assert when == first - 10 * SECOND
    for hours in range(1, 5):
        later = first + timedelta(hours=hours)
        assert clock.instant(local, later, BERLIN) == when


def test_an_old_report_is_no_other_zone() -> None:
    """A device that has been silent since yesterday is not in America."""
    clock = WallClock()
    local = told(NOON - timedelta(hours=9), timedelta(hours=2))
    assert NOON - clock.instant(local, NOON, BERLIN) == timedelta(hours=9)


def simulate(
    interval: timedelta, every: timedelta, late: timedelta, product: str = "A17C0"
) -> tuple[list[datetime], list[timedelta]]:
    """Poll for six hours; return the polls, and how old what they saw was shown."""
    rhythm = SceneRhythm(interval, timedelta(milliseconds=300))
    now, polls, ages = NOON, [], []
    while now < NOON + timedelta(hours=6):
        shown = (now - late - NOON) // every * every + NOON
        polls.append(now)
        ages.append(now - shown - late)
        now += rhythm.due_in(overview(shown, product), now)
    return polls, ages


@pytest.mark.parametrize("late", [1, 2, 30, 55])
@pytest.mark.parametrize(("seconds", "polls"), [(60, 360), (90, 360), (300, 72)])
def test_a_minute(seconds: int, polls: int, late: int) -> None:
    """It is asked just after a report, whatever the interval."""
    found, ages = simulate(timedelta(seconds=seconds), MINUTE, late * SECOND)
    assert len(found) == pytest.approx(polls, rel=0.05, abs=12)
    assert sorted(ages[10:])[int(0.9 * len(ages[10:]))] <= 8 * SECOND


def test_half_a_minute() -> None:
    """Who wants more calls than there are reports gets them."""
    found, _ = simulate(30 * SECOND, MINUTE, 2 * SECOND)
    gaps = [later - sooner for sooner, later in pairwise(found)]
    assert max(gaps) <= 31 * SECOND


def test_five_minutes() -> None:
    """Later ones are asked each minute, for the app may be open, and just in time."""
    found, _ = simulate(MINUTE, 5 * MINUTE, 2 * SECOND, "A17C1")
    assert len(found) == pytest.approx(360, abs=20)
    shown = [NOON + n * 5 * MINUTE + 2 * SECOND for n in range(5, 70)]
    lags = [min(at - moment for at in found if at >= moment) for moment in shown]
    assert sorted(lags)[int(0.9 * len(lags))] <= 8 * SECOND


def test_silence() -> None:
    """Who reports nothing is asked as often as the option says, not more."""
    rhythm, now = SceneRhythm(10 * MINUTE, timedelta()), NOON
    waits = []
    for _ in range(30):
        waits.append(rhythm.due_in(overview(NOON - MINUTE / 2), now))
        now += waits[-1]
    assert len([wait for wait in waits if wait < 10 * MINUTE]) <= 10
    assert rhythm.due_in(overview(None), now) == 10 * MINUTE


def test_zone_of_a_device() -> None:
    """Another one than Home Assistant's is believed when several reports agree."""
    wall, usual = WallClock(), ZoneInfo("Europe/Berlin")
    zones = []
    for minute in range(5):
        now = NOON + minute * MINUTE
        told = (now - 5 * SECOND).replace(tzinfo=None) + timedelta(hours=3)
        wall.instant(told, now, usual)
        zones.append(wall.zone(usual).utcoffset(told))
    three = timedelta(hours=3)
    assert zones[0] == usual.utcoffset(NOON.replace(tzinfo=None))
    assert zones[-2:] == [three, three]
    # One that is told late looks as if it came from elsewhere.
    wall = WallClock()
    for minute, late in enumerate((0, 0, 40, 0, 0)):
        now = NOON + minute * MINUTE
        told = (now - late * MINUTE).astimezone(usual).replace(tzinfo=None)
        wall.instant(told + timedelta(seconds=minute), now, usual)
        assert wall.zone(usual) is usual
