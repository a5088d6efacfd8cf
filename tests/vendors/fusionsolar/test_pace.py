"""When real-time values are asked for: within the quota, and soon after they came."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from statistics import median
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.joulekeeper.vendors.fusionsolar.limits import (
    MARGIN,
    REAL_TIME_WINDOW,
)
from custom_components.joulekeeper.vendors.fusionsolar.pace import Pace, rhythm
from custom_components.joulekeeper.vendors.fusionsolar.phase import (
    LOOK_GAP,
    PERIOD,
    USUAL_DELAY,
    Phase,
    mark_before,
)

NOON: Final = datetime(2026, 11, 20, 2, 0, 0, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
SECOND: Final = timedelta(seconds=1)
NO_TIME: Final = timedelta()
JITTER_MS: Final = 640
JITTER: Final = timedelta(milliseconds=JITTER_MS)

delays = st.floats(0, 280)
instants = st.integers(0, 86400 * 1000).map(
    lambda ms: NOON + timedelta(milliseconds=ms)
)


class Cloud:
    """Shows each mark's record some time later, which differs from mark to mark."""

    def __init__(self, delay_s: float, spread_s: float = 0.0, seed: int = 1) -> None:
        """Begin; `spread_s` is the most that comes to the delay at random."""
        self.delay_s = delay_s
        self.spread_s = spread_s
        self._seed = seed

    def shown_at(self, mark: datetime) -> datetime:
        """Return when a record is shown."""
        spread = Random(f"{self._seed} {mark.timestamp()}").random() * self.spread_s
        return mark + timedelta(seconds=self.delay_s + spread)

    def newest(self, now: datetime) -> datetime:
        """Return the mark of the newest record that is shown."""
        mark = mark_before(now)
        while self.shown_at(mark) > now:
            mark -= PERIOD
        return mark


def looks(phase: Phase, cloud: Cloud, begin: datetime, until: datetime) -> int:
    """Look whenever the phase wants it; return how often."""
    count, now = 0, begin
    while now < until:
        phase.learn(cloud.newest(now), now)
        count += 1
        assert phase.next_look is not None
        assert phase.next_look - now >= LOOK_GAP
        now = phase.next_look
    return count


def polls(pace: Pace, types: int, begin: datetime, count: int) -> Iterator[datetime]:
    """Poll as often as the pace wants it."""
    now = begin
    for _ in range(count):
        yield now
        now += pace.due_in(now, types, now)


def learned(cloud: Cloud, begin: datetime = NOON) -> Phase:
    """Return a phase that has followed a cloud for two days."""
    phase = Phase()
    looks(phase, cloud, begin, begin + 48 * HOUR)
    return phase


@given(
    delay=delays, begin=instants, types=st.integers(0, 9), jitter=st.integers(0, 999)
)
@settings(max_examples=200)
def test_never_too_often(
    delay: float, begin: datetime, types: int, jitter: int
) -> None:
    """Two polls are further apart than the window, and never far apart."""
    phase = learned(Cloud(delay)) if jitter % 2 else Phase()
    pace = Pace(phase, timedelta(milliseconds=jitter))
    run, of = rhythm(types)
    longest = (of - run + 1) * PERIOD + SECOND
    found = list(polls(pace, types, begin, 60))
    for before, after in pairwise(found):
        # After one out of turn, such as the first, one more may be left out.
        late = PERIOD if before in found[:4] else NO_TIME
        assert REAL_TIME_WINDOW + MARGIN <= after - before <= longest + late


@pytest.mark.parametrize(("types", "most"), [(1, 9), (2, 18), (3, 24), (4, 24)])
def test_calls_an_hour(types: int, most: int) -> None:
    """What the rhythm costs, whenever it began and however often it is begun anew."""
    pace = Pace(learned(Cloud(50)), JITTER)
    hours = 40
    found = [at for at in polls(pace, types, NOON, 1000) if at < NOON + hours * HOUR]
    assert len(found) * types / hours == pytest.approx(most, abs=0.2)

    # A restart at each poll, which remembers only when it was.
    now, count = NOON, 0
    while now < NOON + hours * HOUR:
        count += 1
        now += Pace(learned(Cloud(50)), JITTER).due_in(now, types, now)
        if count > 60:
            break
    spent = (now - NOON) / HOUR
    assert count * types / spent == pytest.approx(most, rel=0.05)


@given(begin=instants, waited=st.floats(0, 4000))
def test_what_could_not_be_asked_is_not_asked_at_once(
    begin: datetime, waited: float
) -> None:
    """An answer that is an old one means that there is no new one yet."""
    pace = Pace(Phase(), JITTER)
    now = begin + timedelta(seconds=waited)
    assert pace.due_in(begin, 3, now) >= min(
        10 * SECOND, begin + REAL_TIME_WINDOW - now
    )


@pytest.mark.parametrize("types", [1, 3, 4])
@given(delay=delays, spread=st.sampled_from([0.0, 1.0, 5.0]), seed=st.integers(0, 99))
@settings(max_examples=10)
def test_lag(types: int, delay: float, spread: float, seed: int) -> None:
    """Nearly every poll gets the newest record, half of them within 10 s.

    Where three follow each other, the middle one is 5 s later than the first. One cloud
    in some hundreds is a little worse, so it goes by five of a kind.
    """
    lags: list[float] = []
    for number in range(5):
        cloud = Cloud(delay, spread, 5 * seed + number)
        phase = learned(cloud)
        pace = Pace(phase, JITTER)
        lags += (
            (at - cloud.shown_at(cloud.newest(at))).total_seconds()
            for at in list(polls_that_learn(pace, phase, cloud, types))[1:]
        )
    lags.sort()
    assert median(lags) <= (11 if types == 1 else 10)
    assert lags[int(0.95 * len(lags))] <= 20


def polls_that_learn(
    pace: Pace, phase: Phase, cloud: Cloud, types: int
) -> Iterator[datetime]:
    """Poll and look for three days."""
    now = begin = NOON + 48 * HOUR
    while now < begin + 72 * HOUR:
        yield now
        now += pace.due_in(now, types, now)
        while phase.next_look is None or phase.next_look <= now:
            at = max(begin, phase.next_look or begin)
            phase.learn(cloud.newest(at), at)


@given(delay=delays, spread=st.sampled_from([0.0, 5.0, 20.0]), begin=instants)
@settings(max_examples=100)
def test_the_delay_is_found_with_few_looks(
    delay: float, spread: float, begin: datetime
) -> None:
    """Within an hour, and then it is looked at some times a day."""
    cloud = Cloud(delay, spread)
    phase = Phase()
    count = looks(phase, cloud, begin, begin + HOUR)
    assert count <= 12
    assert phase.known
    assert delay - 1 <= phase.delay.total_seconds() <= delay + spread + 10
    # A cloud of much jitter is looked at as often as its quota allows.
    most = 60 if spread > 5 else 32
    assert looks(phase, cloud, begin + 2 * HOUR, begin + 26 * HOUR) <= most
    assert looks(phase, cloud, begin + 27 * HOUR, begin + 51 * HOUR) <= most


@given(before=delays, after=delays)
@settings(max_examples=100)
def test_a_cloud_that_changes_is_followed(before: float, after: float) -> None:
    """Slower: within hours. Faster: within two days."""
    phase = learned(Cloud(before, 2.0))
    changed = NOON + 49 * HOUR
    cloud = Cloud(after, 2.0)
    looks(phase, cloud, changed, changed + 7 * HOUR)
    assert phase.delay.total_seconds() >= after - 1
    looks(phase, cloud, changed + 7 * HOUR, changed + 240 * HOUR)
    assert after - 1 <= phase.delay.total_seconds() <= after + 15


@given(delay=delays, at=instants, ahead=st.sampled_from([0, 3600, -7200, 45, -45, 20]))
def test_measured_at(delay: float, at: datetime, ahead: int) -> None:
    """The mark of what was shown, by our clock: not to come, and never going back."""
    cloud, offset = Cloud(delay), timedelta(seconds=ahead)
    phase = Phase()
    # By the cloud's clock, where that is known to differ.
    pace = Pace(phase, JITTER)
    pace.compare(offset)
    until = at + 48 * HOUR
    now = at
    while now < until:
        phase.learn(cloud.newest(now + offset), now + pace.ahead)
        assert phase.next_look is not None
        now = phase.next_look - pace.ahead
    shown = None
    for polled in list(polls(pace, 3, now, 50))[1:]:
        told = pace.measured_at(polled)
        assert told <= polled
        assert shown is None or told >= shown
        shown = told
        truth = cloud.newest(polled + offset) - offset
        assert abs(told - truth) <= 30 * SECOND


def test_without_a_history() -> None:
    """The usual delay is used, and what is saved of a phase is what comes back."""
    phase = Phase()
    assert phase.delay == USUAL_DELAY
    assert not phase.known
    # A plant that has been silent for hours says nothing.
    phase.learn(NOON - 5 * HOUR, NOON)
    assert phase.delay == USUAL_DELAY
    known = learned(Cloud(73, 5))
    again = Phase()
    again.restore(known.as_data(), NOON + 48 * HOUR)
    assert again.as_data() == known.as_data()


@given(
    saved=st.recursive(
        st.none() | st.floats() | st.text(max_size=5) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ("low", "high", "edge", "in_time", "missed", "looks", "next_look")
                ),
                inner,
                max_size=7,
            )
        ),
        max_leaves=8,
    )
)
def test_a_spoilt_file_does_no_harm(saved: object) -> None:
    """Whatever is in it, the delay is one, and the next look comes within a day."""
    phase = Phase()
    phase.restore(saved, NOON)
    assert abs(phase.delay) <= 4 * PERIOD
    assert phase.next_look is None or phase.next_look - NOON <= 24 * HOUR
    looks(phase, Cloud(60), NOON, NOON + HOUR)
