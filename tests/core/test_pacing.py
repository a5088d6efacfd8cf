"""PhaseLock against a simulated cloud whose publication delay it does not know."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import mean, median

import pytest

from custom_components.joulekeeper.core.pacing import PhaseLock

PERIOD = 60.0
HOUR = 3600.0
RUNS = 20
START = datetime(2026, 11, 20, tzinfo=UTC)

type Delay = Callable[[Random], float]

DELAYS: dict[str, Delay] = {
    "at_once": lambda _random: 0,
    "constant": lambda _random: 4,
    "as_the_fake": lambda random: random.uniform(4, 8),
    "bell": lambda random: random.gauss(20, 1),
    "slow": lambda random: random.uniform(45, 50),
    "slowest": lambda _random: 50,
}


@dataclass
class Source:
    """A cloud that stamps a reading each period and shows it some time later."""

    delay: Delay
    random: Random
    skew: float = 0
    stamps: list[float] = field(init=False)
    shown: list[float] = field(init=False)

    def __post_init__(self) -> None:
        """Lay out three hours of readings."""
        first = self.random.uniform(-3, -2) * PERIOD
        self.stamps = [first + PERIOD * n for n in range(184)]
        self.shown = [stamp + self.delay(self.random) for stamp in self.stamps]

    def newest(self, at: float) -> int:
        """Return the newest reading that is shown at a time."""
        return max(n for n, shown in enumerate(self.shown) if shown <= at)

    def instant(self, at: float) -> datetime:
        """Return a stamp as the cloud's own clock tells it."""
        return START + timedelta(seconds=at + self.skew)


@dataclass
class Run:
    """What a lock made of a source: when it polled and how late it saw each reading."""

    polls: list[float]
    seen: dict[int, float]
    source: Source

    def lags(self, start: float = 0, end: float = 3 * HOUR) -> Iterator[float]:
        """Yield the lags of what was first seen in a span; the first poll has none."""
        for number, at in list(self.seen.items())[1:]:
            if start <= at < end:
                yield at - self.source.shown[number]

    def polls_of(self, hour: int) -> int:
        """Return the number of polls of one hour."""
        return sum(hour * HOUR <= at < (hour + 1) * HOUR for at in self.polls)


def run(source: Source, lock: PhaseLock | None = None, hours: float = 3) -> Run:
    """Poll for some hours at the times that the lock wants."""
    lock = lock or PhaseLock(timedelta(seconds=PERIOD), timedelta(seconds=0.4))
    at = 0.0
    done = Run([], {}, source)
    while at < hours * HOUR:
        newest = source.newest(at)
        done.polls.append(at)
        done.seen.setdefault(newest, at)
        wait = lock.due_in(
            source.instant(source.stamps[newest]), START + timedelta(seconds=at)
        )
        assert wait > timedelta()
        at += wait.total_seconds()
    return done


def p95(values: list[float]) -> float:
    """Return the value that 95 of 100 do not exceed."""
    return sorted(values)[int(len(values) * 0.95)]


@pytest.mark.parametrize("skew", [-90, -30, 0, 30, 90])
@pytest.mark.parametrize("name", DELAYS)
def test_polls_when_a_reading_is_fresh(name: str, skew: float) -> None:
    """Whatever delay and clock: fresh readings from the first hour on, few polls."""
    runs = [run(Source(DELAYS[name], Random(seed), skew=skew)) for seed in range(RUNS)]
    first_hour = [lag for done in runs for lag in done.lags(end=HOUR)]
    settled = [lag for done in runs for lag in done.lags(start=HOUR / 4)]
    for lags in (first_hour, settled):
        assert median(lags) <= 3
        assert p95(lags) <= 8
    assert mean(done.polls_of(0) for done in runs) <= 66
    assert mean(done.polls_of(hour) for done in runs for hour in (1, 2)) <= 63
    # No reading is passed over.
    assert all(
        later - earlier == 1 for done in runs for earlier, later in pairwise(done.seen)
    )


def test_one_late_reading_does_not_make_the_next_ones_late() -> None:
    """An outlier is an exception: the phase stays where it was."""
    source = Source(lambda _random: 5, Random(1))
    source.shown[90] += 30
    done = run(source)
    late = done.seen[90]
    assert max(done.lags(start=late + 1, end=late + HOUR / 2)) <= 6


def test_follows_a_cloud_that_gets_slower_and_quicker_again() -> None:
    """A lasting change is followed: at once upwards, within 75 minutes downwards."""
    source = Source(lambda _random: 5, Random(2))
    for number in range(30, 80):
        source.shown[number] += 25
    done = run(source)
    slow, quick = done.seen[33], done.seen[80]
    assert max(done.lags(start=slow, end=done.seen[79])) <= 6
    assert max(done.lags(start=quick + 1.25 * HOUR)) <= 6


def test_silent_source() -> None:
    """Silence is asked less and less often, up to once a period; then all is as before."""
    source = Source(lambda _random: 5, Random(3))
    silent = range(60, 130)
    for number in silent:
        source.shown[number] = float("inf")
    done = run(source)
    since, until = done.seen[59], done.seen[130]
    waits = [b - a for a, b in pairwise(done.polls) if since < a and b < until]
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(waits))
    assert waits[0] == pytest.approx(3)
    assert waits[-1] == pytest.approx(PERIOD)
    assert len(waits) <= len(silent) + 6
    assert max(done.lags(start=until + 1)) <= 6


def test_source_that_is_silent_from_the_start() -> None:
    """A reading of an hour ago teaches no delay; the first live ones do."""
    source = Source(lambda _random: 5, Random(4))
    for number in range(4, 63):
        source.shown[number] = float("inf")
    done = run(source)
    assert done.polls_of(0) <= 70
    assert max(done.lags(start=done.seen[63] + 600)) <= 6


def test_polls_out_of_turn_change_nothing() -> None:
    """A refresh by hand neither brings the next poll forward nor counts as early."""
    source = Source(lambda _random: 5, Random(5))
    lock = PhaseLock(timedelta(seconds=PERIOD))
    done = run(source, lock, hours=1)
    at, delay = done.polls[-1], lock.delay
    newest = source.instant(source.stamps[source.newest(at)])
    polled = START + timedelta(seconds=at)
    due = polled + lock.due_in(newest, polled)
    for seconds in (5, 6, 20):
        now = polled + timedelta(seconds=seconds)
        assert now + lock.due_in(newest, now) == due
    assert lock.delay == delay
