"""The poll planner on a simulated clock: how late, and by how many calls."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
import json
from math import inf
from random import Random
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.joulekeeper.vendors.amber import publication
from custom_components.joulekeeper.vendors.amber.delays import (
    EDGES,
    Observation,
    cell_of,
    estimated_delays,
    known_delays,
)
from custom_components.joulekeeper.vendors.amber.limits import Room
from custom_components.joulekeeper.vendors.amber.publication import (
    Plan,
    PollPlanner,
    cheapest_plan,
    plan_at_price,
)

from .simulation import Outcome, bad, never, ordinary, shifted, simulate

BOUNDARY = datetime(2026, 3, 1, 22, 15, tzinfo=UTC)
FIVE = timedelta(minutes=5)
HALF_HOUR = timedelta(minutes=30)
PLENTY = Room(25, BOUNDARY)


def after(seconds: float, boundary: datetime = BOUNDARY) -> datetime:
    """Return an instant after a boundary."""
    return boundary + timedelta(seconds=seconds)


def rested(interval: timedelta = FIVE, **options: Any) -> PollPlanner:
    """Return a planner that has seen the interval before confirmed."""
    planner = PollPlanner(interval, **options)
    last = BOUNDARY - FIVE
    planner.seen(after(30, last), planner.boundary(last), True)
    return planner


def polls(planner: PollPlanner, room: Room = PLENTY, until: float = 300) -> list[float]:
    """Return the delays of the polls while nothing is confirmed."""
    told = []
    now = BOUNDARY
    while (now := planner.next_poll(now, room)) < after(until):
        told.append((now - BOUNDARY).total_seconds())
        planner.seen(now, planner.boundary(now), False)
    return told


# -- the goals -----------------------------------------------------------------


@cache
def ordinary_days(minutes: int, seed: int) -> Outcome:
    """Return ordinary days of a site: two, or eight where a day has few prices."""
    days = 2 if minutes == 5 else 8
    return simulate(
        ordinary, seed=seed, minutes=minutes, intervals=days * 1440 // minutes
    )


@pytest.mark.parametrize("minutes", [5, 30])
@pytest.mark.parametrize("seed", [1, 2])
def test_ordinary_days(minutes: int, seed: int) -> None:
    """The price is there soon after its publication, and cheaply."""
    days = ordinary_days(minutes, seed)
    assert days.unseen == 0
    assert days.median_lag <= 2.0
    assert days.lag_share(0.95) <= 5.0
    assert days.calls_per_interval <= 3.5
    assert days.most_calls <= 25
    assert days.refused == days.crowded == 0


def test_late_days() -> None:
    """Streaks of late prices cost no more calls, and are learned."""
    days = simulate(bad, seed=3, intervals=400)
    assert days.calls_per_interval <= 3.5
    assert days.most_calls <= 25
    assert days.median_lag <= 3.0
    assert days.unseen <= 4


def test_nothing_is_confirmed() -> None:
    """A cloud that never confirms is asked no more often than an ordinary one."""
    day = simulate(never, intervals=144)
    assert day.calls_per_interval <= 3.5
    assert day.most_calls <= 25


@pytest.mark.parametrize("by", [-17.0, -10.0, 20.0])
def test_another_cloud(by: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known before is forgotten where the site shows something else."""
    learned = simulate(shifted(by), seed=4, intervals=200)
    assert learned.median_lag <= 3.0
    assert learned.calls_per_interval <= 3.5
    monkeypatch.setattr(publication, "_MEMORY", 0)
    as_before = simulate(shifted(by), seed=4, intervals=200)

    def cost(outcome: Outcome) -> float:
        return outcome.mean_lag + outcome.calls_per_interval

    assert cost(learned) < cost(as_before) - 1


def test_calls_come_near_their_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the distribution leads to too few, the next plans have more."""
    corrected = simulate(shifted(-10), seed=4, intervals=250)
    monkeypatch.setattr(publication, "_AIM_STEP", 0)
    as_planned = simulate(shifted(-10), seed=4, intervals=250)
    assert as_planned.calls_per_interval < corrected.calls_per_interval - 0.1
    assert corrected.calls_per_interval < publication.CALLS
    assert corrected.mean_lag < as_planned.mean_lag


def test_two_sites_share_the_limit() -> None:
    """Together they keep to it even when nothing is confirmed."""
    day = simulate(never, seed=5, sites=2, intervals=60)
    assert 10 < day.most_calls <= 25
    day = simulate(ordinary, seed=5, sites=2, intervals=100)
    assert day.median_lag <= 2.0
    assert day.unseen == 0


def test_household_with_other_tools() -> None:
    """Half of the limit is theirs without a refusal, also on days without prices."""
    day = simulate(never, seed=6, intervals=60, others=25)
    assert day.crowded == 0
    # Where they take nearly all, there is still a price now and then.
    greedy = simulate(ordinary, seed=6, intervals=100, others=47.3)
    assert greedy.unseen <= 10


def test_failing_cloud() -> None:
    """Some lost answers do not matter; a dead cloud is left alone."""
    day = simulate(ordinary, seed=7, intervals=200, failures=0.1)
    assert day.median_lag <= 2.0
    assert day.calls_per_interval <= 3.8
    dead = simulate(ordinary, seed=7, intervals=24, failures=1.0)
    assert dead.most_calls <= 9
    assert dead.unseen == 24


# -- one interval --------------------------------------------------------------


def test_rests_once_confirmed() -> None:
    """Nothing is asked between a final price and the next one's time."""
    planner = rested()
    first = planner.next_poll(after(-270), PLENTY)
    assert 15 < (first - BOUNDARY).total_seconds() < 23
    planner.seen(first, BOUNDARY, False)
    second = planner.next_poll(first, PLENTY)
    assert 1 <= (second - first).total_seconds() < 4
    planner.seen(second, BOUNDARY, True)
    third = planner.next_poll(second, PLENTY)
    assert 15 < (third - BOUNDARY - FIVE).total_seconds() < 23
    assert planner.observations[-1] == Observation(
        (first - BOUNDARY).total_seconds(), (second - BOUNDARY).total_seconds()
    )
    # Somebody asks out of turn: nothing is learned, nothing is due.
    count = len(planner.observations)
    planner.seen(after(200), BOUNDARY, True)
    assert len(planner.observations) == count
    assert planner.next_poll(after(200), PLENTY) == third


def test_backs_off_when_late() -> None:
    """Frequent while it is likely, then ever more seldom, then the next interval."""
    planner = rested()
    delays = polls(planner)
    gaps = [later - sooner for sooner, later in pairwise(delays)]
    assert len(delays) <= 18
    assert max(gaps[:4]) < 4
    late = [gap for delay, gap in zip(delays, gaps, strict=False) if delay > 40]
    assert late == sorted(late)
    assert late[-1] > 30
    assert planner.next_poll(after(299), PLENTY) > after(315)


def test_what_was_missed_is_asked_for_at_once() -> None:
    """Whoever comes late, as after a start, does not wait for the next interval."""
    planner = rested()
    assert planner.next_poll(after(100), PLENTY) == after(101)
    planner.seen(after(101), BOUNDARY, True)
    assert planner.next_poll(after(101), PLENTY) > after(300)
    # When it was published is not known.
    assert len(planner.observations) == 1


def test_the_old_interval_is_no_answer() -> None:
    """What is final of the interval before says nothing of this one."""
    planner = rested()
    planner.seen(after(20), BOUNDARY - FIVE, True)
    assert planner.next_poll(after(20), PLENTY) < after(30)
    planner.seen(after(23), None, False)
    planner.seen(after(26), BOUNDARY, True)
    assert planner.observations[-1] == Observation(23, 26)


def test_a_cloud_whose_clock_is_ahead() -> None:
    """Its new interval is taken for what it is."""
    planner = rested()
    planner.seen(after(-2), BOUNDARY, False)
    due = planner.next_poll(after(-2), PLENTY)
    assert 15 < (due - BOUNDARY).total_seconds() < 23
    planner.seen(after(-1), BOUNDARY, True)
    assert planner.next_poll(after(-1), PLENTY) > after(300)


def test_a_longer_interval() -> None:
    """One look after its first part, then nothing until its last one is published."""
    start = BOUNDARY - timedelta(minutes=15)
    planner = PollPlanner(HALF_HOUR)
    planner.seen(after(-60, start), planner.boundary(after(-60, start)), True)
    look = planner.next_poll(after(-60, start), PLENTY)
    assert 25 < (look - start).total_seconds() < 40
    planner.seen(look, start, False)
    mark = start + timedelta(minutes=25)
    first = planner.next_poll(look, PLENTY)
    assert 15 < (first - mark).total_seconds() < 25
    planner.seen(first, start, True)
    following = planner.next_poll(first, PLENTY)
    assert 25 < (following - start - HALF_HOUR).total_seconds() < 40
    # A price that is final before its last part changes nothing that was learned.
    count = len(planner.observations)
    planner.seen(following, start + HALF_HOUR, True)
    assert len(planner.observations) == count
    assert planner.next_poll(following, PLENTY) > start + 2 * HALF_HOUR


def test_installations_do_not_ask_all_at_once() -> None:
    """Each has its own offset, which is not learned away."""
    jitter = timedelta(seconds=0.25)
    own, other = rested(), rested(jitter=jitter)
    assert [delay + 0.25 for delay in polls(own)] == polls(other)


def test_few_calls_left() -> None:
    """They are kept for when they help most; without any the window is waited for."""
    assert len(polls(rested())) > 8
    few = polls(rested(), Room(8, BOUNDARY))
    assert 4 <= len(few) <= 8
    assert few[0] < 24
    assert few[3] - few[0] < 12
    one = polls(rested(), Room(1, BOUNDARY))
    assert len(one) == 1
    assert one[0] > 25
    none = Room(0, after(140))
    assert rested().next_poll(BOUNDARY, none) == after(140)


def test_waits_after_failures() -> None:
    """Twice as long each time, up to a minute; an answer ends it."""
    planner = rested()
    now, waits = after(20), []
    for _ in range(8):
        planner.failed()
        due = planner.next_poll(now, PLENTY)
        waits.append((due - now).total_seconds())
        now += timedelta(milliseconds=1)
    assert waits[:4] == [pytest.approx(wait, abs=2) for wait in (2, 4, 8, 16)]
    assert waits[-1] == 60
    planner.seen(now, BOUNDARY, False)
    assert (planner.next_poll(now, PLENTY) - now).total_seconds() < 4


# -- what is learned -----------------------------------------------------------


def test_memory_survives_a_restart() -> None:
    """The same polls follow from what was saved."""
    planner = rested()
    for step in range(20):
        boundary = BOUNDARY - (25 - step) * FIVE
        planner.seen(after(41, boundary), boundary, False)
        if step % 5:
            planner.seen(after(44, boundary), boundary, True)
    planner.seen(after(30, BOUNDARY - FIVE), BOUNDARY - FIVE, False)
    saved = json.loads(json.dumps([item.as_data() for item in planner.observations]))
    memory = [Observation.from_data(item) for item in saved]
    assert memory == list(planner.observations)
    assert any(item.by == inf for item in planner.observations)
    known = [item for item in memory if item is not None]
    assert PollPlanner(FIVE, memory=known).delays == pytest.approx(
        estimated_delays(list(planner.observations))
    )


@pytest.mark.parametrize(
    "odd", [None, [], [1], [1, 2, 3], [3, 1], [-1, 2], ["x", 2], [None, 2], {"a": 1}]
)
def test_odd_memory(odd: Any) -> None:
    """What cannot be an observation is none."""
    assert Observation.from_data(odd) is None


OBSERVATIONS = st.lists(
    st.tuples(st.floats(0, 320), st.floats(0, 320) | st.just(inf)).map(
        lambda pair: Observation(min(pair), max(pair))
    ),
    max_size=60,
)


@given(OBSERVATIONS)
@settings(max_examples=50)
def test_distributions(observations: list[Observation]) -> None:
    """Whatever was seen, it is one, nothing is impossible, and a plan follows."""
    masses = estimated_delays(observations)
    assert sum(masses) == pytest.approx(1)
    assert min(masses) > 0
    plan = cheapest_plan(masses, 3.0, 12)
    assert 1 <= plan.polls() <= 12


def test_streaks() -> None:
    """Late prices in a row are expected to go on, and forgotten soon after."""

    def share_late(*counts: int) -> float:
        kinds = (Observation(20, 22.5), Observation(41, 44))
        seen = [kinds[n % 2] for n, count in enumerate(counts) for _ in range(count)]
        return sum(estimated_delays(seen)[cell_of(38) : cell_of(47)])

    assert share_late(60) < 0.01
    assert share_late(59, 1) > 0.05
    assert share_late(56, 4) > 0.2
    assert share_late(52, 4, 4) < share_late(56, 4) / 2
    always = cheapest_plan(estimated_delays([Observation(41, 44)] * 60), 3.0, 25)
    assert 25 < (always.after(None) or 0) < 44


def test_censored_delays() -> None:
    """What is only known to lie between two polls is put where it most likely was."""
    random = Random(8)
    observations = []
    for _ in range(60):
        delay = random.gauss(30, 1)
        low = delay - random.uniform(0, 8)
        observations.append(Observation(low, low + 8))
    masses = estimated_delays(observations)
    near = sum(masses[cell_of(27) : cell_of(33)])
    uniform = sum(
        max(0.0, min(33, item.by) - max(27, item.after)) / 8 for item in observations
    )
    assert near > uniform / 60


def cost_of(plan: Plan, masses: Sequence[float], price: float) -> float:
    """Return the expected lag and price of a plan, counted the long way."""
    cost = 0.0
    for cell, mass in enumerate(masses[:-1]):
        middle = (EDGES[cell] + EDGES[cell + 1]) / 2
        asked = last = 0.0
        delay: float | None = None
        while (delay := plan.after(delay)) is not None:
            asked += price * (1 + publication._LATE[cell_of(last)])
            last = delay
            if delay >= EDGES[cell + 1]:
                break
        seen = EDGES[-1] + publication._NEXT_INTERVAL if delay is None else delay
        cost += mass * (asked + seen - middle)
    delay, last = None, 0.0
    while (delay := plan.after(delay)) is not None:
        cost += masses[-1] * price * (1 + publication._LATE[cell_of(last)])
        last = delay
    return cost


@given(
    st.lists(st.integers(1, 167), unique=True, max_size=20),
    st.sampled_from([0.3, 1.0, 5.0]),
    OBSERVATIONS,
)
@settings(max_examples=40)
def test_no_plan_is_better(
    targets: list[int], price: float, observations: list[Observation]
) -> None:
    """Against any other plan the one that is found costs less."""
    masses = estimated_delays(observations)
    following = [168] * 169
    edge = 0
    for target in sorted(targets):
        following[edge:target] = [target] * (target - edge)
        edge = target
    other = Plan(tuple(following), following[0])
    best = cost_of(plan_at_price(masses, price), masses, price)
    assert best <= cost_of(other, masses, price) + 1e-9


def test_best_plan_cannot_be_improved() -> None:
    """Nor does moving, leaving out or adding any one of its polls help."""
    masses, price = known_delays(), 1.0
    plan = plan_at_price(masses, price)
    best = cost_of(plan, masses, price)
    chain, edge = [], plan.first
    while edge < 168:
        chain.append(edge)
        edge = plan.following[edge]
    for place in range(len(chain)):
        for replaced in (
            [],
            [chain[place] - 1],
            [chain[place] + 1],
            [chain[place], chain[place] + 2],
        ):
            targets = sorted({*chain[:place], *replaced, *chain[place + 1 :]})
            following, edge = [168] * 169, 0
            for target in targets:
                following[edge:target] = [target] * (target - edge)
                edge = target
            other = Plan(tuple(following), following[0])
            assert cost_of(other, masses, price) >= best - 1e-9


def test_expected_polls() -> None:
    """They are what drawing many delays gives."""
    masses, random = known_delays(), Random(9)
    plan = plan_at_price(masses, 1.0)
    cells = random.choices(range(len(masses)), masses, k=20_000)
    made = 0
    for cell in cells:
        delay = None
        while (delay := plan.after(delay)) is not None:
            made += 1
            if cell < 168 and delay >= EDGES[cell + 1]:
                break
    assert made / len(cells) == pytest.approx(plan.expected_polls(masses), rel=0.02)
