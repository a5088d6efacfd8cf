"""ChangeLock against a simulated cloud that shows new values without a stamp."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

import pytest

from custom_components.joulekeeper.core.pacing import ChangeLock, own_jitter

PERIOD = 30.0
HOUR = 3600.0
START = datetime(2026, 11, 20, tzinfo=UTC)
SEEDS = range(8)


@dataclass
class Source:
    """When the cloud shows new values, and whether these differ from the old ones."""

    random: Random
    period: float = PERIOD
    spread: float = 0.0
    repeats: float = 0.0
    silent: tuple[float, float] = (0.0, 0.0)
    shift_at: float = 8 * HOUR
    shift: float = 13.0

    def changes(self, hours: float) -> list[float]:
        """Return the moments at which the values change."""
        first = self.random.uniform(0, self.period)
        found = []
        for number in range(int(hours * HOUR / self.period)):
            nominal = first + number * self.period
            nominal += self.shift if nominal > self.shift_at else 0
            same = self.random.random() < self.repeats
            if not same and not self.silent[0] <= nominal < self.silent[1]:
                offset = self.random.uniform(-self.spread, self.spread)
                found.append(nominal + offset)
        return found


@dataclass
class Run:
    """What a lock made of a source."""

    polls: list[float]
    lags: list[tuple[float, float]]

    def busiest_hour(self) -> int:
        """Return the most polls in an hour."""
        hours = range(int(self.polls[-1] // HOUR))
        return max(
            sum(h * HOUR <= p < (h + 1) * HOUR for p in self.polls) for h in hours
        )

    def lags_after(self, begin: float) -> list[float]:
        """Return how late each change was seen, in order of size."""
        return sorted(lag for moment, lag in self.lags if moment >= begin)


def run(source: Source, hours: float = 4) -> Run:
    """Poll for some hours."""
    lock = ChangeLock(timedelta(seconds=PERIOD), timedelta(seconds=0.4))
    changes = source.changes(hours)
    found = Run([], [])
    now, seen, first = 0.0, 0, True
    while now < hours * HOUR:
        new = [moment for moment in changes[seen:] if moment <= now]
        seen += len(new)
        found.lags += [(moment, now - moment) for moment in new]
        found.polls.append(now)
        wait = lock.due_in(bool(new) or first, START + timedelta(seconds=now))
        first = False
        assert timedelta() < wait <= timedelta(seconds=2 * PERIOD)
        now += wait.total_seconds() + source.random.uniform(0.05, 0.7)
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("make", "most_median", "most_p95"),
    [
        pytest.param(lambda r: Source(r), 3, 4, id="even"),
        pytest.param(lambda r: Source(r, spread=1), 6, 9, id="uneven"),
        pytest.param(lambda r: Source(r, spread=3), 9, 20, id="very_uneven"),
        pytest.param(lambda r: Source(r, repeats=0.1), 3, 4, id="seldom_the_same"),
        pytest.param(lambda r: Source(r, repeats=0.5), 3, 5, id="often_the_same"),
        pytest.param(lambda r: Source(r, period=30.03), 6, 15, id="slower"),
        pytest.param(lambda r: Source(r, period=29.97), 9, 15, id="faster"),
        pytest.param(lambda r: Source(r, period=60), 3, 5, id="half_as_often"),
        pytest.param(
            lambda r: Source(r, silent=(HOUR, 3 * HOUR)), 3, 5, id="silent_for_hours"
        ),
    ],
)
def test_new_values_are_seen_soon(
    make: Callable[[Random], Source], most_median: float, most_p95: float, seed: int
) -> None:
    """Whatever the cloud does, within the targets and the budget."""
    found = run(make(Random(seed)))
    lags = found.lags_after(HOUR / 2)
    assert median(lags) <= most_median
    assert lags[int(len(lags) * 0.95)] <= most_p95
    assert found.busiest_hour() <= 120 + 30


@pytest.mark.parametrize("seed", SEEDS)
def test_first_minutes(seed: int) -> None:
    """The window is found within a few periods."""
    lags = run(Source(Random(seed)), 1).lags_after(5 * 60)
    assert lags[-1] <= 5


@pytest.mark.parametrize("shift", [-11.0, 4.0, 13.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_cloud_that_moves_its_blocks(seed: int, shift: float) -> None:
    """After a restart of the cloud the new moment is found within minutes."""
    source = Source(Random(seed), shift_at=2 * HOUR, shift=shift)
    lags = run(source, 4).lags_after(2 * HOUR + 15 * 60)
    assert median(lags) <= 6
    assert lags[int(len(lags) * 0.95)] <= 10


@pytest.mark.parametrize("period", [5.0, 15.0])
def test_cloud_that_is_faster_is_not_chased(period: float) -> None:
    """Values that are always new cost no more polls."""
    found = run(Source(Random(1), period=period))
    assert found.busiest_hour() <= 120 + 30


def test_source_that_is_silent_is_not_asked_more_often() -> None:
    """Values that never change cost a poll per period, and few more."""
    found = run(Source(Random(1), repeats=1))
    assert found.busiest_hour() <= 120 + 30


def test_gap_starts_anew() -> None:
    """After an outage nothing that was learned is taken for granted."""
    lock = ChangeLock(timedelta(seconds=PERIOD))
    lock.due_in(True, START)
    assert lock.due_in(True, START + timedelta(hours=1)) == timedelta(seconds=15)


def test_jitter_is_ones_own() -> None:
    """It is constant, and differs between installations and systems."""
    assert own_jitter("home", "a") == own_jitter("home", "a")
    jitters = {own_jitter("home", str(number)) for number in range(50)}
    assert len(jitters) > 40
    assert all(timedelta() <= item < timedelta(seconds=1) for item in jitters)
