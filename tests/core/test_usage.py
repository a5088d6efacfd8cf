"""Usage: sums by hour and day where clocks change, and what is missing of a range."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.usage import (
    Flow,
    UsageInterval,
    UsageSummary,
    by_day,
    by_hour,
    day_ranges,
    day_span,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIVE = timedelta(minutes=5)
HALF_HOUR = timedelta(minutes=30)
HOUR = timedelta(hours=1)
SYDNEY = ZoneInfo("Australia/Sydney")
ADELAIDE = ZoneInfo("Australia/Adelaide")


def interval(start: datetime, length: timedelta = FIVE, **more: Any) -> UsageInterval:
    """Return what was metered from a start on."""
    values = {"flow": Flow.IMPORT, "kwh": 0.1, "cost": 0.03, "settled": True} | more
    return UsageInterval(start=start, end=start + length, **values)


def whole(day: date, zone: ZoneInfo, **more: Any) -> list[UsageInterval]:
    """Return all half-hours of a day."""
    begin, end = day_span(day, zone)
    count = (end - begin) // HALF_HOUR
    return [interval(begin + n * HALF_HOUR, HALF_HOUR, **more) for n in range(count)]


def test_hours() -> None:
    """Sums per flow of full hours; one that is not told as a whole is not settled."""
    told = [interval(NOON + n * FIVE) for n in range(18)]
    told += [interval(NOON, HOUR, flow=Flow.EXPORT, kwh=2.5, cost=-0.2, settled=False)]
    first, export, second = by_hour(told)
    assert (first.start, first.end) == (NOON, NOON + HOUR)
    assert (first.flow, first.kwh, first.cost) == (Flow.IMPORT, 1.2, 0.36)
    assert first.settled
    assert (export.flow, export.kwh, export.cost) == (Flow.EXPORT, 2.5, -0.2)
    assert not export.settled
    assert (second.start, second.kwh, second.settled) == (NOON + HOUR, 0.6, False)
    assert {item.price for item in (first, export, second)} == {None}


def test_what_is_not_known() -> None:
    """It adds nothing and leaves the sum unsettled; nothing at all is None, not 0."""
    known = [interval(NOON + n * FIVE) for n in range(11)]
    (hour,) = by_hour([*known, interval(NOON + 11 * FIVE, kwh=None, cost=None)])
    assert (hour.kwh, hour.cost, hour.settled) == (1.1, 0.33, False)
    (hour,) = by_hour([interval(NOON, HOUR, kwh=None, cost=None)])
    assert (hour.kwh, hour.cost, hour.settled) == (None, None, False)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (SYDNEY, date(2026, 4, 4), 24),
        (SYDNEY, date(2026, 4, 5), 25),
        (SYDNEY, date(2026, 10, 4), 23),
        (ADELAIDE, date(2026, 4, 5), 25),
        (ADELAIDE, date(2026, 10, 4), 23),
        (ADELAIDE, date(2026, 7, 1), 24),
    ],
)
def test_days(zone: ZoneInfo, day: date, hours: int) -> None:
    """Every interval is in one day, however long that is."""
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    told = [item for when in (before, day, after) for item in whole(when, zone)]
    sums = by_day(reversed(told), zone)
    assert [item.start.astimezone(zone).date() for item in sums] == [before, day, after]
    assert [(item.start, item.end) for item in sums] == [
        day_span(when, zone) for when in (before, day, after)
    ]
    assert sums[1].kwh == pytest.approx(hours * 0.2)
    assert all(item.settled for item in sums)
    (short,) = by_day(told[1:-1], zone)[:1]
    assert not short.settled


def test_summary() -> None:
    """A day is missing that is not whole for every flow that the range has."""
    first = date(2026, 4, 4)
    days = [first + timedelta(days=n) for n in range(4)]
    summary = UsageSummary(first, days[-1], SYDNEY)
    assert summary.missing == tuple(days)
    assert not summary.settled
    for day in days:
        summary.add(whole(day, SYDNEY))
    assert summary.missing == ()
    assert summary.settled
    for day in days[:2]:
        summary.add(whole(day, SYDNEY, flow=Flow.EXPORT, kwh=1.0, cost=-0.5))
    summary.add(whole(days[2], SYDNEY, flow=Flow.EXPORT)[1:])
    assert summary.missing == tuple(days[2:])
    amounts = summary.amounts
    assert list(amounts) == [Flow.IMPORT, Flow.EXPORT]
    assert amounts[Flow.IMPORT].kwh == pytest.approx((24 + 25 + 24 + 24) * 0.2)
    assert amounts[Flow.EXPORT].cost == pytest.approx(-0.5 * 98 + 47 * 0.03)
    summary = UsageSummary(first, first, SYDNEY)
    summary.add(whole(first, SYDNEY, settled=False))
    assert (summary.missing, summary.settled) == ((), False)


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 40), st.integers(1))
def test_ranges(first: date, more: int, most: int) -> None:
    """Ranges are short enough, follow each other, and cover both ends."""
    most = min(most, 50)
    last = first + timedelta(days=more)
    days = [
        start + timedelta(days=n)
        for start, end in day_ranges(first, last, most)
        for n in range((end - start).days + 1)
    ]
    assert days == [first + timedelta(days=n) for n in range(more + 1)]
    ranges = list(day_ranges(first, last, most))
    assert all((end - start).days < most for start, end in ranges)
    assert len(ranges) == -(-(more + 1) // most)
