"""Days by the hour: no hour is lost or doubled, no energy made or lost."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.history import (
    HOUR,
    HistoryDay,
    Level,
    Slot,
    SumRow,
    energies_of,
    instants_of,
    levels_of,
    replaced,
    share_out,
    slots_of,
)
from custom_components.joulekeeper.core.history_job import DAY

ADELAIDE = ZoneInfo("Australia/Adelaide")
BERLIN = ZoneInfo("Europe/Berlin")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
"""Its clocks change by half an hour."""
ZONES = (
    ADELAIDE,
    BERLIN,
    LORD_HOWE,
    ZoneInfo("Australia/Brisbane"),
    ZoneInfo("Asia/Kathmandu"),
    ZoneInfo("America/Havana"),
)
FIVE_MINUTES = timedelta(minutes=5)
FIRST = date(2026, 11, 1)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


# -- hours ---------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_every_hour_belongs_to_one_day(zone: ZoneInfo) -> None:
    """Over three years each full hour of UTC comes once, each instant of a day too."""
    days = [date(2025, 1, 1) + n * DAY for n in range(3 * 365)]
    slots = [slot for day in days for slot in slots_of(day, zone)]
    assert all(later.hour - slot.hour == HOUR for slot, later in pairwise(slots))
    assert all(slot.end == later.start for slot, later in pairwise(slots))
    for slot in slots:
        assert slot.hour.tzinfo is UTC
        assert (slot.hour.minute, slot.hour.second) == (0, 0)
        assert timedelta() <= slot.hour - slot.start < HOUR
        assert slot.start.astimezone(zone).date() in days


@pytest.mark.parametrize(
    ("zone", "day", "count"),
    [
        (ADELAIDE, date(2026, 10, 4), 23),
        (ADELAIDE, date(2026, 4, 5), 25),
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (BERLIN, date(2026, 10, 26), 24),
    ],
)
def test_days_on_which_clocks_change(zone: ZoneInfo, day: date, count: int) -> None:
    """They have an hour less or more."""
    slots = slots_of(day, zone)
    assert len(slots) == count
    assert {slot.hours for slot in slots} == {1.0}


def test_half_hours() -> None:
    """A day that is half an hour longer has it in its last hour."""
    # From +11:00 to +10:30 in autumn, back in spring.
    longer = slots_of(date(2026, 4, 5), LORD_HOWE)
    assert (len(longer), longer[-1].hours) == (25, 0.5)
    shorter = slots_of(date(2026, 10, 4), LORD_HOWE)
    assert (len(shorter), shorter[-1].hours) == (23, 1.5)
    assert longer[0].hour == datetime(2026, 4, 4, 13, tzinfo=UTC)
    # Midnight in Adelaide's summer is 13:30 UTC.
    assert slots_of(FIRST, ADELAIDE)[0] == Slot(
        datetime(2026, 10, 31, 14, tzinfo=UTC),
        datetime(2026, 10, 31, 13, 30, tzinfo=UTC),
        datetime(2026, 10, 31, 14, 30, tzinfo=UTC),
    )


def test_instants_of_a_wall_clock() -> None:
    """The repeated hour is two instants, the skipped one is as if it was not skipped."""
    assert instants_of(datetime(2026, 10, 25, 2, 30), BERLIN) == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    )
    assert instants_of(datetime(2026, 10, 4, 2, 30), ADELAIDE) == (
        datetime(2026, 10, 3, 17, tzinfo=UTC),
    )
    assert len(instants_of(datetime(2026, 7, 1), BERLIN)) == 1


# -- samples -------------------------------------------------------------------


def curve(
    day: date, zone: ZoneInfo, values: Iterable[float | None]
) -> list[tuple[datetime, float | None]]:
    """Return samples from 5 minutes after midnight on, newest first."""
    start = slots_of(day, zone)[0].start
    return [
        (start + n * FIVE_MINUTES, value) for n, value in enumerate(values, start=1)
    ][::-1]


@pytest.mark.parametrize("zone", [ADELAIDE, BERLIN], ids=str)
def test_steady_power(zone: ZoneInfo) -> None:
    """A kilowatt all day is a kilowatt-hour each hour, from the first to the last."""
    slots = slots_of(FIRST, zone)
    samples = curve(FIRST, zone, [1000.0] * 287)
    assert energies_of(slots, samples) == {slot.hour: 1.0 for slot in slots}
    level = Level(1000.0, 1000.0, 1000.0)
    assert levels_of(slots, samples) == {slot.hour: level for slot in slots}


def test_a_sample_holds_until_the_next_one_but_not_for_long() -> None:
    """Hours without samples are not known, neither as 0 nor as what was before."""
    slots = slots_of(FIRST, BERLIN)
    start = slots[0].start
    samples = [
        (start + timedelta(minutes=30), 600.0),
        (start + timedelta(minutes=36), 1200.0),
        (start + timedelta(minutes=57), None),
        (start + timedelta(minutes=58), 60.0),
        (start - FIVE_MINUTES, 9000.0),
        (slots[-1].end, 9000.0),
    ]
    # 6 min of 600 W, 10 min of 1200 W, 2 min of 60 W; of the next hour nothing.
    assert energies_of(slots, samples) == {slots[0].hour: pytest.approx(0.262)}
    level = Level(pytest.approx(262 / 18 * 60, abs=1e-3), 60, 1200)
    assert levels_of(slots, samples) == {slots[0].hour: level}
    assert levels_of(slots, []) == energies_of(slots, []) == {}


# -- a day's energy ------------------------------------------------------------

ENERGIES = st.floats(0, 500).map(lambda value: round(value, 2))


@given(
    total=ENERGIES,
    weights=st.lists(st.floats(-10, 5000), max_size=25),
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
)
@settings(max_examples=150)
def test_a_day_is_shared_out_without_rest(
    total: float, weights: list[float], zone: ZoneInfo, day: date
) -> None:
    """All hours have a share, none a negative one, and they add up."""
    slots = slots_of(day, zone)
    shape = {slot.hour: weight for slot, weight in zip(slots, weights, strict=False)}
    shares = share_out(total, slots, shape)
    assert list(shares) == [slot.hour for slot in slots]
    assert min(shares.values()) >= 0
    assert sum(shares.values()) == pytest.approx(total, abs=1e-9)
    for hour, share in shares.items():
        if shape.get(hour, 0) <= 0 and max(shape.values(), default=0) > 0:
            assert share == 0


def test_shares_are_in_proportion() -> None:
    """Twice the power is twice the energy; without any power it is booked at noon."""
    slots = slots_of(FIRST, BERLIN)
    shape = {slots[8].hour: 1000.0, slots[9].hour: 2000.0}
    shares = share_out(6.0, slots, shape)
    assert (shares[slots[8].hour], shares[slots[9].hour]) == (2.0, 4.0)
    shares = share_out(6.0, slots, {})
    assert shares[datetime(2026, 11, 1, 11, tzinfo=UTC)] == 6.0
    assert sum(shares.values()) == 6.0


def test_a_long_last_hour_has_its_share() -> None:
    """Steady power shared out over a day of half hours stays steady."""
    slots = slots_of(date(2026, 10, 4), LORD_HOWE)
    shares = share_out(23.5, slots, {slot.hour: 5.0 for slot in slots})
    assert shares[slots[-1].hour] == 1.5
    assert shares[slots[0].hour] == 1.0


def test_blank() -> None:
    """A day of which nothing is known is blank; a single hour is something."""
    assert HistoryDay({}, {}).is_blank
    assert HistoryDay({"a": {}}, {"b": {}}).is_blank
    assert not HistoryDay({"a": {NOW: 0.0}}, {}).is_blank


# -- sums ----------------------------------------------------------------------

START = datetime(2026, 11, 1, tzinfo=UTC)
BOOKINGS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.lists(st.floats(0, 90).map(lambda v: round(v, 6)), min_size=3, max_size=3),
    ),
    min_size=1,
    max_size=12,
)


def book(
    rows: dict[datetime, SumRow],
    new: Mapping[datetime, float],
    *,
    broken_off: bool = False,
) -> int:
    """Book hours as the recorder would; return how many rows were written."""
    first, last = min(new), max(new)
    before = max((hour for hour in rows if hour < first), default=None)
    after = min((hour for hour in rows if hour > last), default=None)
    booking = replaced(
        0.0 if before is None else rows[before].total,
        {hour: row for hour, row in rows.items() if first <= hour <= last},
        new,
        None if after is None else rows[after],
    )
    rows.update(booking.rows)
    if broken_off or not booking.shift:
        return len(booking.rows)
    for hour, row in rows.items():
        if hour > last:
            rows[hour] = SumRow(row.value, round(row.total + booking.shift, 6))
    return len(booking.rows) + 1


def hours_of(day: int, values: Iterable[float]) -> dict[datetime, float]:
    """Return a short day."""
    return {START + day * DAY + n * HOUR: value for n, value in enumerate(values)}


@given(bookings=BOOKINGS)
def test_the_order_of_booking_does_not_matter(
    bookings: list[tuple[int, list[float]]],
) -> None:
    """In any order, twice, or with other values: the last ones count, and add up."""
    rows: dict[datetime, SumRow] = {}
    for day, values in bookings:
        # Whatever is broken off half-way is done again.
        book(rows, hours_of(day, values), broken_off=True)
        book(rows, hours_of(day, values))
    in_order: dict[datetime, SumRow] = {}
    for day, values in sorted(dict(bookings).items()):
        book(in_order, hours_of(day, values))
    assert rows.keys() == in_order.keys()
    for hour, row in in_order.items():
        assert rows[hour].value == row.value
        assert rows[hour].total == pytest.approx(row.total, abs=1e-9)
    total = 0.0
    for _, row in sorted(rows.items()):
        total = round(total + row.value, 6)
        assert row.total == pytest.approx(total, abs=1e-9)
    # What is there already is not written again.
    assert [book(rows, hours_of(*item)) for item in dict(bookings).items()] == [
        0
    ] * len(dict(bookings))


def test_a_correction_by_hand_survives() -> None:
    """Unless it is of an hour that is booked anew, or of the one that follows it."""
    rows = {START + n * HOUR: SumRow(1.0, n + 1.0) for n in range(4)}
    # From the third hour on 10 more, as Home Assistant's own tool does it.
    for n in (2, 3):
        rows[START + n * HOUR] = SumRow(1.0, n + 11.0)
    book(rows, {START: 3.0})
    assert [row.total for _, row in sorted(rows.items())] == [3.0, 4.0, 15.0, 16.0]
    book(rows, {START: 3.0, START + 3 * HOUR: 1.0})
    assert [row.total for _, row in sorted(rows.items())] == [3.0, 4.0, 15.0, 16.0]
    book(rows, {START + 2 * HOUR: 1.0})
    assert [row.total for _, row in sorted(rows.items())] == [3.0, 4.0, 5.0, 6.0]
