"""The book of a device, by example: what is wanted, edited, refused and remembered."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.capabilities import (
    HORIZON,
    ActionSupport,
    Support,
)
from custom_components.joulekeeper.core.check import START_GRACE
from custom_components.joulekeeper.core.claims import MIN_REMAINING
from custom_components.joulekeeper.core.dispatch import State
from custom_components.joulekeeper.core.ledger import HISTORY, MAX_HISTORY
from custom_components.joulekeeper.core.schedule import DAY, Action, Source

from .model import HOUR, INVERTER, MINUTE, NOW, SECOND, SITE, ZERO, Answer, Model

# -- one schedule --------------------------------------------------------------


def test_from_the_wish_to_the_end(model: Model) -> None:
    """Sent, proved, begun, over; and nothing is written twice."""
    rule = model.lay(10 * MINUTE)
    model.settle()
    assert model.states(rule) == [State.CONFIRMED]
    model.live_for(30 * MINUTE)
    assert model.states(rule) == [State.ACTIVE]
    model.live_for(HOUR)
    assert model.states(rule) == [State.DONE]
    assert model.cloud.writes == 1
    assert not model.ledger.rules


def test_starts_now(model: Model) -> None:
    """In whole seconds, and neither sent again nor taken for changed elsewhere."""
    rule = model.force(30 * MINUTE)
    model.after(2 * SECOND)
    model.live_for(5 * MINUTE)
    assert model.states(rule) == [State.ACTIVE]
    assert model.cloud.writes == 1
    (item,) = model.cloud.held(model.now)
    assert item.end == rule.end


@pytest.mark.parametrize("minutes", [1, 2, 3])
def test_short_one_starts_now(model: Model, minutes: int) -> None:
    """However short it is, a few seconds of delay do not cancel it."""
    rule = model.force(minutes * MINUTE)
    model.after(2 * SECOND)
    model.settle()
    (state,) = model.states(rule)
    assert state in (State.CONFIRMED, State.ACTIVE)


@pytest.mark.parametrize(
    ("late", "state"),
    [
        (START_GRACE, State.CONFIRMED),
        (START_GRACE + SECOND, State.MISSED),
    ],
)
def test_late_start(model: Model, late: timedelta, state: State) -> None:
    """Home Assistant was away: within the grace the rest is sent, else nothing."""
    rule = model.lay(10 * MINUTE)
    model.now = rule.start + late
    model.settle()
    (dispatch,) = model.ledger.dispatches_of(rule.id)
    expected = state if model.able is SITE or state is State.MISSED else State.ACTIVE
    assert dispatch.state is expected
    if state is State.MISSED:
        assert dispatch.reason == "late"
        assert not model.cloud.writes
    else:
        assert dispatch.segment.start == model.able.earliest_start(model.now)
        assert dispatch.segment.end == rule.end
    model.live_for(20 * MINUTE)
    assert len(model.states(rule)) == 1
    assert model.cloud.writes == (state is not State.MISSED)


def test_too_late_for_the_little_that_is_left(model: Model) -> None:
    """What has less than three minutes to go is not begun."""
    rule = model.lay(10 * MINUTE, 5 * MINUTE)
    model.now = rule.end - MIN_REMAINING + 10 * SECOND
    model.settle()
    (dispatch,) = model.ledger.dispatches_of(rule.id)
    assert (dispatch.state, dispatch.reason) == (State.MISSED, "too_short")


def test_cloud_that_cannot_be_reached(model: Model) -> None:
    """It is tried until the grace is over, not for ever, and missed once."""
    rule = model.lay(MINUTE)
    model.cloud.answers.extend([Answer.OFFLINE] * 100)
    model.live_for(4 * MINUTE)
    assert model.states(rule) == [State.QUEUED]
    model.live_for(20 * MINUTE)
    assert model.states(rule) == [State.MISSED]
    model.cloud.answers.clear()
    model.live_for(10 * MINUTE)
    assert model.states(rule) == [State.MISSED]
    assert not model.cloud.items


def test_cloud_comes_back_within_the_grace(model: Model) -> None:
    """Then it is sent, for the rest of its time."""
    rule = model.lay(MINUTE)
    model.cloud.answers.extend([Answer.OFFLINE] * 3)
    model.live_for(4 * MINUTE)
    (dispatch,) = model.ledger.dispatches_of(rule.id)
    assert dispatch.state is State.ACTIVE
    assert dispatch.segment.end == rule.end
    assert dispatch.attempts == 1


# -- edits ---------------------------------------------------------------------


def test_edit_of_what_runs(model: Model) -> None:
    """The new power from now on; the old item is taken back."""
    rule = model.lay(ZERO, HOUR)
    model.live_for(10 * MINUTE)
    model.edit(rule, power_w=1000)
    model.settle()
    (item,) = model.cloud.held(model.now)
    assert (item.power_w, item.end) == (1000, rule.end)
    assert item.start <= model.able.earliest_start(model.now)
    assert sorted(model.states(rule)) == sorted(
        [State.SUPERSEDED, State.ACTIVE if model.able is INVERTER else State.CONFIRMED]
    )
    model.live_for(5 * MINUTE)
    assert model.cloud.writes == 3


@pytest.mark.parametrize("running", [True, False])
def test_edit_that_changes_nothing(model: Model, running: bool) -> None:
    """Nothing is written where the cloud has it already."""
    rule = model.lay(10 * MINUTE)
    recurring = model.daily(20)
    model.live_for((20 if running else 5) * MINUTE)
    writes = model.cloud.writes
    model.edit(rule)
    model.edit(rule, target_soc=50)
    model.edit(recurring)
    model.live_for(5 * MINUTE)
    assert model.cloud.writes == writes


def test_edit_of_what_is_to_come(model: Model) -> None:
    """The new one is sent, the old one taken back."""
    rule = model.lay(HOUR)
    model.settle()
    model.edit(rule, start=rule.start + HOUR)
    model.settle()
    assert model.starts(rule) == [rule.start + HOUR]
    assert State.SUPERSEDED in model.states(rule)


def test_edit_after_a_stop(model: Model) -> None:
    """Who edits what was stopped wants it again."""
    rule = model.lay(ZERO, 2 * HOUR)
    model.live_for(5 * MINUTE)
    model.stop()
    model.live_for(5 * MINUTE)
    model.edit(rule, power_w=1000)
    model.live_for(MINUTE)
    assert [item.power_w for item in model.cloud.held(model.now)] == [1000]


def test_shorter_one(model: Model) -> None:
    """An earlier end needs a new item, for no cloud can change one."""
    rule = model.lay(ZERO, 2 * HOUR)
    model.live_for(10 * MINUTE)
    model.edit(rule, duration=HOUR)
    model.live_for(5 * MINUTE)
    assert [item.end for item in model.cloud.held(model.now)] == [rule.end - HOUR]


def test_lease(model: Model) -> None:
    """Without renewal it ends by itself at the end of its lease."""
    rule = model.lay(ZERO, 3 * HOUR, lease_end=(NOW + HOUR).replace(microsecond=0))
    model.live_for(30 * MINUTE)
    (item,) = model.cloud.held(model.now)
    assert item.end == rule.lease_end
    renewed = model.edit(rule, lease_end=(NOW + 2 * HOUR).replace(microsecond=0))
    model.live_for(HOUR)
    (item,) = model.cloud.held(model.now)
    assert item.end == renewed.lease_end
    model.live_for(HOUR)
    assert not model.cloud.held(model.now)
    assert not model.ledger.rules


def test_lease_of_a_recurring_rule(model: Model) -> None:
    """After it nothing comes any more."""
    lease_end = (NOW + 30 * HOUR).replace(microsecond=0)
    rule = model.daily(3, lease_end=lease_end)
    model.settle()
    assert len(model.starts(rule)) == 2
    model.now = lease_end + SECOND
    model.settle()
    assert rule.id not in model.ledger.rules


# -- refusals ------------------------------------------------------------------


@pytest.mark.parametrize("late", [ZERO, 45 * SECOND])
def test_refused_by_the_cloud(model: Model, late: timedelta) -> None:
    """It is not tried again until the rule changes."""
    rule = model.lay(ZERO, HOUR)
    model.after(late)
    model.cloud.answers.append(Answer.REFUSED)
    model.settle()
    model.settle()
    model.live_for(20 * MINUTE)
    assert model.states(rule) == [State.REJECTED]
    assert model.cloud.writes == 1
    model.edit(rule, power_w=1000)
    model.live_for(5 * MINUTE)
    assert model.cloud.writes == 2
    assert len(model.cloud.held(model.now)) == 1


def test_refused_by_the_check(model: Model) -> None:
    """What the device cannot do is not sent; it is told once."""
    rule = model.lay(10 * MINUTE, power_w=9000)
    model.daily(20, power_w=9000)
    model.live_for(30 * MINUTE)
    (dispatch,) = model.ledger.dispatches_of(rule.id)
    assert (dispatch.state, dispatch.reason) == (State.REJECTED, "power_above_limit")
    assert len(model.ledger.dispatches) == 4
    assert not model.cloud.writes


def test_refused_far_ahead(model: Model) -> None:
    """It is remembered until its time is over."""
    rule = model.lay(40 * DAY, power_w=9000)
    model.settle()
    model.live_for(39 * DAY, DAY)
    assert model.states(rule) == [State.REJECTED]
    told = {item.ended_at for item in model.ledger.dispatches_of(rule.id)}
    assert told == {NOW}


def test_limit_that_falls(model: Model) -> None:
    """What the cloud holds already goes on; what is to come is not sent any more."""
    rule = model.lay(HOUR, power_w=4000)
    later = model.daily(20, power_w=4000)
    model.settle()
    held = model.starts(later)
    less = {Action.CHARGE: ActionSupport(Support.NATIVE, None, 3000)}
    model.able = replace(model.able, actions=less)
    model.live_for(5 * MINUTE)
    assert model.states(rule) == [State.CONFIRMED]
    model.live_for(DAY, HOUR)
    assert model.starts(later) == held[1:]
    assert State.REJECTED in model.states(later)


def test_limits_that_are_not_known_for_a_while(model: Model) -> None:
    """Nothing is taken back, nor given up."""
    able = model.able
    first, second = model.lay(HOUR), model.lay(3 * HOUR)
    model.settle()
    third = model.lay(5 * HOUR)
    model.able = replace(able, actions={}, unsupported_reason="not_known_yet")
    model.live_for(5 * MINUTE)
    model.able = able
    model.live_for(5 * MINUTE)
    for rule in (first, second, third):
        assert model.states(rule) == [State.CONFIRMED]
    assert model.cloud.writes == 3


def test_maximum_follows_the_device(model: Model) -> None:
    """Without a power of its own a rule gets the most that there is."""
    rule = model.lay(HOUR, power_w=None)
    model.settle()
    assert [item.power_w for item in model.cloud.held(model.now)] == [5000]
    less = {Action.CHARGE: ActionSupport(Support.NATIVE, None, 3000)}
    model.able = replace(model.able, actions=less)
    model.live_for(5 * MINUTE)
    assert [item.power_w for item in model.cloud.held(model.now)] == [3000]
    assert sorted(model.states(rule)) == [State.CONFIRMED, State.SUPERSEDED]


# -- recurring -----------------------------------------------------------------


def test_horizon_is_topped_up(model: Model) -> None:
    """Never more than 72 hours ahead, and never less."""
    rule = model.daily(20)
    for day in range(10):
        model.settle()
        first = NOW.replace(hour=20, minute=0, second=0, microsecond=0)
        expected = [
            start
            for n in range(20)
            if model.now < (start := first + n * DAY) + HOUR
            and start < model.now + HORIZON
        ]
        assert model.starts(rule) == expected
        assert model.cloud.writes == day + 3
        model.after(DAY)


def test_recurring_ones_do_not_rewrite_each_other(model: Model) -> None:
    """What enters the horizon later does not change what was sent already."""
    model.daily(20, 3 * HOUR)
    model.daily(21, HOUR, action=Action.EXPORT)
    model.live_for(5 * DAY, 20 * MINUTE)
    created = model.cloud.writes
    days = (model.now + HORIZON - NOW) / DAY
    assert created == 3 * int(days)


# -- what is remembered --------------------------------------------------------


def test_forgotten_in_time(model: Model) -> None:
    """What is over is remembered for two weeks, then all of it is forgotten."""
    rule = model.lay(ZERO, 10 * MINUTE)
    model.settle()
    model.stop()
    model.live_for(20 * MINUTE)
    assert model.ledger.closings
    model.live_for(HISTORY - HOUR, DAY)
    assert model.states(rule) == [State.CANCELLED]
    model.live_for(2 * DAY, HOUR)
    ledger = model.ledger
    assert not (ledger.rules or ledger.dispatches or ledger.closings or ledger.deleted)


def test_history_is_bounded(model: Model) -> None:
    """The oldest of what is over goes first; nothing that lives does."""
    model.daily(20)
    model.settle()
    for number in range(MAX_HISTORY + 5):
        rule = model.lay(HOUR + number * SECOND, power_w=9000)
        model.look()
        model.ledger.take(
            model.ledger.changes(
                model.able, model.cloud.list(model.now), model.now, model.new_tag
            )
        )
        model.ledger.delete_rule(rule.id, model.now)
        model.after(SECOND)
    model.look()
    over = [item for item in model.ledger.dispatches.values() if not item.live]
    assert len(over) == MAX_HISTORY
    assert rule.id in {item.segment.rule_id for item in over}
    assert len(model.ledger.live()) == 3


def test_trial(model: Model) -> None:
    """A copy can be changed freely; what it wants can be taken over."""
    model.lay(HOUR)
    model.settle()
    before = model.ledger.copy()
    trial = model.ledger.copy()
    rule = trial.put_rule(model.rule(2 * HOUR))
    trial.delete_rule("r1", model.now)
    assert model.ledger == before
    model.ledger.take_wishes_of(trial)
    assert list(model.ledger.rules) == [rule.id]
    assert model.ledger.dispatches == before.dispatches
    assert model.lay(3 * HOUR).revision > rule.revision
    model.settle()
    assert [item.rule_id for item in model.cloud.held(model.now)] == [rule.id, "r3"]


# -- coverage ------------------------------------------------------------------

minutes = st.integers(0, 300)


@st.composite
def wishes(draw: st.DrawFn) -> Model:
    """Draw a ledger with rules of every kind, and items of others."""
    model = Model(NOW.replace(microsecond=0))
    for _ in range(draw(st.integers(1, 5))):
        model.lay(
            draw(minutes) * MINUTE,
            draw(st.integers(1, 120)) * MINUTE,
            source=draw(st.sampled_from(Source)),
            power_w=draw(st.sampled_from([1000, 9000])),
        )
    if draw(st.booleans()):
        model.daily(draw(st.integers(0, 23)), draw(st.integers(1, 4)) * HOUR)
    for _ in range(draw(st.integers(0, 2))):
        start = model.now + draw(minutes) * MINUTE
        end = start + draw(st.integers(1, 90)) * MINUTE
        model.cloud.add(model.now, start=start, end=end)
    model.after(draw(st.integers(0, 200)) * MINUTE)
    return model


def minutes_of(parts: Iterable[Any], now: datetime) -> set[int]:
    """Return the minutes from now on that any of the parts covers."""
    return {
        number
        for part in parts
        for number in range(
            max(0, (part.start - now) // MINUTE), max(0, (part.end - now) // MINUTE)
        )
    }


@given(wishes())
def test_what_is_asked_is_sent_or_explained(model: Model) -> None:
    """Each minute of a rule: compiled, refused, taken by others, or past.

    What is refused takes nothing from what lies below.
    """
    now, ledger = model.now, model.ledger
    listed = model.cloud.list(now)
    compiled = ledger.compile(model.able, listed, now)
    assert compiled == ledger.compile(model.able, listed, now)
    parts = [*compiled.segments, *(refusal.segment for refusal in compiled.refused)]
    asked = {
        rule: list(ledger.occurrences_of(rule, now, now + HORIZON))
        for rule in ledger.rules.values()
    }
    taken = minutes_of(listed.items, now)
    for rule, occurrences in asked.items():
        higher = (
            found
            for other, found in asked.items()
            if other.rank > rule.rank and other.power_w != 9000
        )
        of_higher = set().union(*(minutes_of(found, now) for found in higher))
        mine = [part for part in parts if part.rule_id == rule.id]
        assert minutes_of(mine, now) == minutes_of(occurrences, now) - of_higher - taken
        assert all(part.end > now for part in mine)
        for part in mine:
            refused = part not in compiled.segments
            rest = part.duration < MIN_REMAINING
            assert refused is (rule.power_w == 9000) or (refused and rest)


@given(wishes())
def test_settling_again_writes_nothing(model: Model) -> None:
    """What the cloud holds is not written anew, nor after a restart."""
    model.settle()
    writes = model.cloud.writes
    model.restart()
    model.settle()
    assert model.cloud.writes == writes
    assert not model.ledger.changes(
        model.able, model.cloud.list(model.now), model.now, model.new_tag
    ).over


def test_missed_while_nobody_looked(model: Model) -> None:
    """What was beyond what had been sent, and is over, is told of."""
    rule = model.daily(4)
    model.settle()
    model.after(6 * DAY)
    model.settle()
    missed = [
        item
        for item in model.ledger.dispatches_of(rule.id)
        if item.state is State.MISSED
    ]
    assert [item.segment.start.day for item in missed] == [23, 24, 25]
    assert {item.reason for item in missed} == {"late"}
    model.live_for(HOUR, 10 * MINUTE)
    again = [item.state for item in model.ledger.dispatches_of(rule.id)]
    assert again.count(State.MISSED) == 3


def test_stopped_one_stays_stopped_when_its_series_moves(model: Model) -> None:
    """It does not start again because it would have begun earlier."""
    rule = model.daily(2, HOUR)
    model.live_for(10 * MINUTE)
    model.stop(rule)
    model.settle()
    assert rule.recurrence is not None
    moved = replace(
        rule.recurrence,
        first=rule.recurrence.first - 15 * MINUTE,
        length=HOUR + 15 * MINUTE,
    )
    start = moved.first_window.start
    model.edit(rule, recurrence=moved, start=start, duration=moved.length)
    model.settle()
    assert not any(item.active_at(model.now) for item in model.cloud.held(model.now))
    assert len(model.starts(rule)) >= 2


def test_limit_that_comes_back(model: Model) -> None:
    """What did not fit for a while is sent when it fits again."""
    rule = model.daily(12, power_w=5000)
    all_of_it = model.able
    less = {Action.CHARGE: ActionSupport(Support.NATIVE, None, 3000)}
    model.able = replace(all_of_it, actions={**all_of_it.actions, **less})
    model.live_for(5 * MINUTE)
    assert set(model.states(rule)) == {State.REJECTED}
    refused = len(model.states(rule))
    model.live_for(HOUR, 10 * MINUTE)
    assert len(model.states(rule)) == refused
    model.able = all_of_it
    model.live_for(5 * MINUTE)
    assert len(model.starts(rule)) == refused


def test_refused_by_the_limit_then_by_the_cloud(model: Model) -> None:
    """One refusal is told of a time: the first is taken back when it fits again."""
    rule = model.daily(12, power_w=5000)
    all_of_it = model.able
    less = {Action.CHARGE: ActionSupport(Support.NATIVE, None, 3000)}
    model.able = replace(all_of_it, actions={**all_of_it.actions, **less})
    model.live_for(5 * MINUTE)
    refused = len(model.states(rule))
    model.able = all_of_it
    model.cloud.answers.extend([Answer.REFUSED] * refused)
    model.live_for(5 * MINUTE)
    model.able = replace(all_of_it, actions={**all_of_it.actions, **less})
    model.live_for(5 * MINUTE)
    found = model.ledger.dispatches_of(rule.id)
    assert [item.reason for item in found if item.state is State.REJECTED] == (
        ["refused"] * refused
    )
    assert [item.reason for item in found if item.state is State.SUPERSEDED] == (
        ["fits_again"] * refused
    )
    assert model.cloud.writes == refused
