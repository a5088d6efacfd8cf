"""Series of prices: order, overlaps, holes, and steps of one length."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.prices import (
    Certainty,
    PriceBand,
    PriceInterval,
    PriceSeries,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)


def interval(minute: int, length: int = 5, price: float = 0.2, **more: Any) -> Any:
    """Return an interval so many minutes after noon."""
    start = NOON + timedelta(minutes=minute)
    return PriceInterval(
        start=start,
        end=start + timedelta(minutes=length),
        certainty=more.pop("certainty", Certainty.FORECAST),
        import_price=price,
        **more,
    )


def test_at() -> None:
    """An interval begins with its start and ends before its end."""
    series = PriceSeries.of([interval(5, price=0.3), interval(0, price=0.1)])
    prices = [
        item and item.import_price
        for minute in (-1, 0, 4.9, 5, 9.9, 10)
        for item in [series.at(NOON + timedelta(minutes=minute))]
    ]
    assert prices == [None, 0.1, 0.1, 0.3, 0.3, None]
    assert list(series.since(NOON + timedelta(minutes=5))) == [interval(5, price=0.3)]


def test_overlap() -> None:
    """A half-hour that begins before its fives were over gives way to what is later."""
    series = PriceSeries.of([interval(0, 30), interval(25, 5, 0.9), interval(30, 30)])
    lengths = [item.duration.total_seconds() / 60 for item in series]
    assert lengths == [25, 5, 30]
    # Of two at one time the longer one counts.
    twice = PriceSeries.of([interval(0, 30, 0.5), interval(0, 5)])
    assert list(twice) == [interval(0, 30, 0.5)]


def test_uniform_fives() -> None:
    """Half-hours become fives of the same price."""
    series = PriceSeries.of([interval(25, 5, 0.1), interval(30, 30, 0.4)])
    fives = series.uniform(timedelta(minutes=5))
    assert [item.import_price for item in fives] == [0.1] + [0.4] * 6
    assert {item.duration for item in fives} == {timedelta(minutes=5)}


def test_uniform_half_hours() -> None:
    """Fives become half-hours where all six are known: means, and what is most."""
    fives = [
        interval(
            minute,
            price=minute / 100,
            export_price=None if minute == 40 else 0.1,
            certainty=Certainty.CONFIRMED if minute < 20 else Certainty.ESTIMATE,
            spike=minute == 10,
        )
        for minute in range(-10, 65, 5)
    ]
    whole, second = PriceSeries.of(fives).uniform(HALF_HOUR)
    assert (whole.start, whole.duration) == (NOON, HALF_HOUR)
    assert whole.import_price == pytest.approx(0.125)
    assert (whole.export_price, second.export_price) == (0.1, None)
    assert whole.certainty is Certainty.ESTIMATE
    assert (whole.spike, second.spike) == (True, False)
    assert whole.demand_window is None
    # A hole leaves its half-hour out.
    del fives[4]
    assert list(PriceSeries.of(fives).uniform(HALF_HOUR)) == [second]


def test_uniform_from_now() -> None:
    """Of the step that runs, what is over may be missing, and nothing else."""
    series = PriceSeries.of(
        [
            *(interval(minute, price=minute / 100) for minute in (15, 20, 25)),
            interval(30, 30),
        ]
    )
    now = NOON + timedelta(minutes=17)
    assert [item.start for item in series.uniform(HALF_HOUR)] == [NOON + HALF_HOUR]
    first, second = series.uniform(HALF_HOUR, now)
    assert (first.start, first.duration) == (NOON, HALF_HOUR)
    assert first.import_price == pytest.approx(0.2)
    assert second == interval(30, 30)
    # Neither does a hole begin it, nor is an end missing.
    for at in (NOON + timedelta(minutes=12), now):
        rest = series if at != now else PriceSeries(series.intervals[:2])
        assert NOON not in [item.start for item in rest.uniform(HALF_HOUR, at)]


def test_bands() -> None:
    """A band is the mean of its parts' bands, and none where a part has none."""
    told = [
        interval(
            minute,
            import_band=PriceBand(0.1, 0.2, n / 10),
            export_band=PriceBand(0.0, None, 0.1) if minute else None,
        )
        for n, minute in enumerate(range(0, 30, 5))
    ]
    (whole,) = PriceSeries.of(told).uniform(HALF_HOUR)
    assert whole.import_band == PriceBand(0.1, 0.2, 0.25)
    assert whole.export_band is None
    (late,) = PriceSeries.of(told[1:]).uniform(HALF_HOUR, NOON + HALF_HOUR / 2)
    assert late.export_band == PriceBand(0.0, None, 0.1)


@given(
    st.lists(
        st.tuples(
            st.integers(-100, 100), st.sampled_from([5, 30]), st.floats(-1, 20)
        ).map(lambda item: interval(item[0] * 5, item[1], item[2])),
        max_size=40,
    ),
    st.sampled_from([5, 15, 30, 60]),
)
def test_any_series(intervals: list[PriceInterval], minutes: int) -> None:
    """No overlaps; steps tile, and have the mean of what they cover."""
    series = PriceSeries.of(intervals)
    items = list(series)
    assert all(a.end <= b.start for a, b in pairwise(items))
    assert {item.start for item in items} <= {item.start for item in intervals}
    step = timedelta(minutes=minutes)
    for item in series.uniform(step):
        assert item.duration == step
        assert item.start.timestamp() % step.total_seconds() == 0
        parts = [
            part.import_price
            for n in range(minutes // 5)
            if (part := series.at(item.start + n * timedelta(minutes=5)))
        ]
        assert len(parts) == minutes // 5
        mean = sum(price for price in parts if price is not None) / len(parts)
        assert item.import_price == pytest.approx(mean, abs=1e-8)
    known = {
        n for n in range(-2000, 2000) if series.at(NOON + n * timedelta(minutes=5))
    }
    fives = {
        (item.start - NOON) // timedelta(minutes=5)
        for item in series.uniform(timedelta(minutes=5))
    }
    assert fives == known
