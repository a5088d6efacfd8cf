"""Several schedules of one device, and what it is seen to do: who goes first."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from custom_components.joulekeeper.core.capabilities import ActionSupport, Support
from custom_components.joulekeeper.core.claims import MIN_REMAINING
from custom_components.joulekeeper.core.dispatch import State
from custom_components.joulekeeper.core.schedule import (
    Action,
    ItemStatus,
    Owner,
    Source,
)

from .model import HOUR, MINUTE, NOW, SECOND, ZERO, Answer, Model

# -- several ones --------------------------------------------------------------


def test_force_interrupts_what_is_planned(model: Model) -> None:
    """What is planned ends before it, and goes on after it."""
    planned = model.lay(ZERO, 2 * HOUR, source=Source.CALENDAR)
    model.live_for(10 * MINUTE)
    forced = model.force(30 * MINUTE, action=Action.EXPORT)
    model.settle()
    own = model.own()
    assert [rule_id for rule_id, _, _ in own] == [forced.id, planned.id]
    assert own[0][2] == own[1][1]
    model.live_for(40 * MINUTE)
    assert [item.rule_id for item in model.cloud.held(model.now)] == [planned.id]
    (item,) = model.cloud.held(model.now)
    assert item.start == forced.end
    assert item.end == planned.end
    assert model.ledger.live()[0].state is State.ACTIVE
    # The first half, the force, the second half; and the first one taken back.
    assert model.cloud.writes == 4


@pytest.mark.parametrize("after", [10, 40])
@pytest.mark.parametrize("how", ["stop", "delete"])
def test_interruption_that_ends_early(model: Model, how: str, after: int) -> None:
    """What was interrupted goes on now."""
    planned = model.lay(ZERO, 2 * HOUR, source=Source.CALENDAR)
    model.live_for(after * MINUTE)
    forced = model.force(HOUR, action=Action.EXPORT)
    model.live_for(20 * MINUTE)
    if how == "stop":
        model.stop(forced)
    else:
        model.ledger.delete_rule(forced.id, model.now)
    model.settle()
    (item,) = model.cloud.held(model.now)
    assert item.rule_id == planned.id
    assert item.start <= model.able.earliest_start(model.now)
    assert item.end == planned.end
    writes = model.cloud.writes
    model.live_for(20 * MINUTE)
    assert model.cloud.writes == writes


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("how", "hours"), [("stop", 1), ("stop", 4), ("app", 1)])
def test_start_that_was_covered(
    model: Model, how: str, hours: int, known: bool
) -> None:
    """What could not start in time, for another had precedence, goes on after that."""
    planned = model.lay(10 * MINUTE, 2 * HOUR, source=Source.CALENDAR)
    if known:
        model.settle()
    if how == "stop":
        forced = model.force(hours * HOUR, action=Action.EXPORT)
    else:
        begin = model.now.replace(microsecond=0)
        foreign = model.cloud.add(model.now, start=begin, end=begin + hours * HOUR)
    model.live_for(30 * MINUTE)
    if how == "stop":
        model.stop(forced)
    else:
        model.cloud.delete(foreign, model.now)
    model.live_for(5 * MINUTE)
    (item,) = model.cloud.held(model.now)
    assert (item.rule_id, item.end) == (planned.id, planned.end)
    assert item.active_at(model.now)


def test_too_short_a_rest(model: Model) -> None:
    """After an interruption less than three minutes are not worth it."""
    planned = model.lay(10 * MINUTE, HOUR, source=Source.CALENDAR)
    end = planned.end - MIN_REMAINING + 30 * SECOND
    model.lay(30 * MINUTE, end - planned.start - 20 * MINUTE, action=Action.EXPORT)
    model.live_for(MINUTE)
    assert [item.rule_id for item in model.cloud.held(model.now)] == ["r1", "r2"]
    model.live_for(2 * HOUR)
    assert model.cloud.writes == 2


@pytest.mark.parametrize("running", [True, False])
def test_too_short_a_rest_of_what_was_sent(model: Model, running: bool) -> None:
    """What was sent whole does not stay under what cuts it."""
    planned = model.lay(10 * MINUTE, HOUR, source=Source.CALENDAR)
    model.live_for((20 if running else 1) * MINUTE)
    start = planned.end - 22 * MINUTE - model.now
    model.lay(start, 20 * MINUTE, action=Action.EXPORT)
    model.live_for(MINUTE)
    first, second = model.cloud.held(model.now)
    assert (first.rule_id, second.rule_id) == ("r1", "r2")
    assert first.end == second.start


def test_limit_that_falls_under_what_is_cut(model: Model) -> None:
    """What the cloud may go on to hold must not lie under another."""
    model.lay(HOUR, 3 * HOUR, power_w=4000, source=Source.CALENDAR)
    model.settle()
    less = {Action.CHARGE: ActionSupport(Support.NATIVE, None, 3000)}
    model.able = replace(model.able, actions={**model.able.actions, **less})
    model.lay(2 * HOUR, HOUR, action=Action.EXPORT)
    model.live_for(5 * MINUTE)
    held = model.cloud.held(model.now)
    assert all(one.end <= two.start for one, two in pairwise(held))
    assert "r2" in {item.rule_id for item in held}


def test_short_rest_that_is_worth_it(model: Model) -> None:
    """Three minutes are."""
    planned = model.lay(10 * MINUTE, HOUR, source=Source.CALENDAR)
    model.lay(30 * MINUTE, 40 * MINUTE - MIN_REMAINING, action=Action.EXPORT)
    model.live_for(MINUTE)
    ends = [item.end for item in model.cloud.held(model.now)]
    assert len(ends) == 3
    assert ends[-1] == planned.end


@pytest.mark.parametrize("seconds", [30, 90])
def test_sliver_before_an_interruption(model: Model, seconds: int) -> None:
    """Nothing is sent that is shorter than what the device takes."""
    planned = model.lay(10 * MINUTE, HOUR, source=Source.CALENDAR)
    start = planned.start - model.now + seconds * SECOND
    other = model.lay(start, 20 * MINUTE, action=Action.EXPORT)
    model.live_for(MINUTE)
    held = model.cloud.held(model.now)
    assert all(item.duration >= model.able.min_duration for item in held)
    whole = [planned.id, other.id, planned.id]
    assert [item.rule_id for item in held] == (whole if seconds > 60 else whole[1:])


def test_next_force_replaces_the_first(model: Model) -> None:
    """It does not come back when the second one is over."""
    model.force(2 * HOUR)
    model.live_for(5 * MINUTE)
    second = model.force(10 * MINUTE, action=Action.EXPORT)
    model.settle()
    assert [item.rule_id for item in model.cloud.held(model.now)] == [second.id]
    model.live_for(20 * MINUTE)
    assert not model.cloud.held(model.now)


def test_others_are_worked_around(model: Model) -> None:
    """Nothing is laid over an item of the app or the network, nor is it touched."""
    begin = NOW.replace(microsecond=0)
    for hour, owner in ((2, Owner.FOREIGN), (4, Owner.NETWORK)):
        model.cloud.add(
            NOW, start=begin + hour * HOUR, end=begin + (hour + 1) * HOUR, owner=owner
        )
    model.lay(HOUR, 5 * HOUR)
    model.settle()
    held = model.cloud.held(model.now)
    assert [item.owner for item in held] == ["own", "foreign", "own", "network", "own"]
    assert all(one.end == two.start for one, two in pairwise(held))


# -- what is refused -----------------------------------------------------------


def limit(model: Model, power_w: int) -> None:
    """Let the device charge with so much, and no more."""
    how = {Action.CHARGE: ActionSupport(Support.NATIVE, None, power_w)}
    model.able = replace(model.able, actions={**model.able.actions, **how})


def test_refused_by_the_check_keeps_nobody(model: Model) -> None:
    """What lies below has its time at once, from its own start; nobody is late."""
    below = model.lay(10 * MINUTE, 2 * HOUR, action=Action.HOLD)
    above = model.lay(10 * MINUTE, HOUR, power_w=9000)
    highest = model.lay(20 * MINUTE, 10 * MINUTE, action=Action.EXPORT)
    model.settle()
    held = model.cloud.held(model.now)
    assert [item.rule_id for item in held] == [below.id, highest.id, below.id]
    assert held[0].start == below.start
    # What has precedence anyway is not what was refused.
    refused = model.ledger.dispatches_of(above.id)
    assert [(i.segment.start, i.segment.end) for i in refused] == [
        (above.start, highest.start),
        (highest.end, above.end),
    ]
    model.live_for(30 * MINUTE)
    model.ledger.delete_rule(above.id, model.now)
    model.live_for(2 * HOUR)
    assert model.cloud.writes == 3
    assert set(model.states(below)) == {State.DONE}


@pytest.mark.parametrize("start", [5, 0])
def test_refused_by_the_cloud_keeps_nobody(model: Model, start: int) -> None:
    """What lies below has its time as soon as that is known."""
    below = model.lay(start * MINUTE, 2 * HOUR, action=Action.HOLD)
    above = model.lay(start * MINUTE, 2 * HOUR, power_w=1000)
    model.cloud.answers.append(Answer.REFUSED)
    model.settle()
    assert model.states(above) == [State.REJECTED]
    model.settle()
    assert [item.rule_id for item in model.cloud.held(model.now)] == [below.id]
    model.live_for(3 * HOUR)
    assert (model.cloud.creates, model.cloud.deletes) == (2, 0)
    assert (model.states(above), model.states(below)) == (
        [State.REJECTED],
        [State.DONE],
    )


def test_given_up_by_the_device_keeps_nobody(model: Model) -> None:
    """However long after its start, though the list never showed it as it was asked."""
    below = model.lay(ZERO, 2 * HOUR, action=Action.HOLD)
    above = model.lay(ZERO, 2 * HOUR, power_w=1000)
    model.cloud.lag = HOUR
    model.settle()
    model.after(20 * MINUTE)
    model.cloud.lag = ZERO
    (item,) = model.cloud.held(model.now)
    model.cloud.change(item.vendor_id or "", model.now, status=ItemStatus.FAILED)
    model.look()
    assert model.states(above) == [State.REJECTED]
    model.cloud.items.clear()
    model.live_for(MINUTE)
    (held,) = model.cloud.held(model.now)
    assert (held.rule_id, held.end) == (below.id, below.end)
    assert held.active_at(model.now)


def test_missed_keeps_nobody(model: Model) -> None:
    """What was interrupted for something that could not be sent goes on."""
    below = model.lay(ZERO, 4 * HOUR, action=Action.HOLD)
    model.live_for(MINUTE)
    above = model.lay(HOUR, 2 * HOUR, power_w=1000)
    # To take the old one back, to send what is before it, and to send it.
    model.cloud.answers.extend([Answer.DONE, Answer.DONE, Answer.OFFLINE])
    model.settle()
    assert model.states(above) == [State.QUEUED]
    model.after(HOUR + 20 * MINUTE)
    model.settle()
    assert model.states(above) == [State.MISSED]
    (held,) = model.cloud.held(model.now)
    assert (held.rule_id, held.end) == (below.id, below.end)
    assert held.start <= model.able.earliest_start(model.now)


def test_refused_one_that_fits_again(model: Model) -> None:
    """It goes before what lies below, even late; and it is told no longer as refused."""
    below = model.lay(10 * MINUTE, 3 * HOUR, action=Action.HOLD)
    above = model.lay(10 * MINUTE, 2 * HOUR, power_w=4000)
    limit(model, 3000)
    model.live_for(HOUR)
    limit(model, 5000)
    model.cloud.answers.extend([Answer.OFFLINE] * 2)
    model.live_for(3 * MINUTE)
    assert [item.rule_id for item in model.cloud.held(model.now)] == [
        above.id,
        below.id,
    ]
    assert model.states(above) == [State.SUPERSEDED, State.ACTIVE]
    (refusal, _) = model.ledger.dispatches_of(above.id)
    assert refusal.reason == "fits_again"
    limit(model, 3000)
    writes = model.cloud.writes
    model.live_for(2 * HOUR)
    assert model.states(above) == [State.SUPERSEDED, State.DONE]
    assert model.cloud.writes == writes


def test_limit_that_falls_under_what_was_lost(model: Model) -> None:
    """What nobody has answered, nor listed in time, is not held: it is refused."""
    below = model.lay(ZERO, 2 * HOUR, action=Action.HOLD)
    above = model.lay(ZERO, HOUR, power_w=4000)
    model.cloud.answers.append(Answer.VANISHED)
    model.settle()
    limit(model, 3000)
    model.live_for(5 * MINUTE)
    assert State.REJECTED in model.states(above)
    assert [item.rule_id for item in model.cloud.held(model.now)] == [below.id]


def test_refused_one_that_fits_for_its_last_minutes(model: Model) -> None:
    """That is not worth it, nor to interrupt what lies below: it stays refused."""
    below = model.lay(10 * MINUTE, 3 * HOUR, action=Action.HOLD)
    above = model.lay(10 * MINUTE, HOUR, power_w=4000)
    limit(model, 3000)
    model.live_for(above.end - model.now - MIN_REMAINING + 10 * SECOND)
    limit(model, 5000)
    model.live_for(10 * MINUTE)
    assert (model.states(above), model.states(below)) == (
        [State.REJECTED],
        [State.ACTIVE],
    )
    assert model.cloud.writes == 1


# -- measurements --------------------------------------------------------------


def judge(model: Model, times: int, **details: Any) -> None:
    """Let measurements come, one per minute, and settle after each."""
    for _ in range(times):
        model.after(MINUTE)
        model.look()
        model.measure(**details)
        model.settle()


def test_overlooked_by_the_inverter(model: Model) -> None:
    """It is sent once more, and then it is told that it does not deliver."""
    rule = model.lay(ZERO, HOUR)
    model.live_for(MINUTE)
    judge(model, 4, mode=Action.AUTO)
    assert model.cloud.writes == 3
    assert [item.end for item in model.cloud.held(model.now)] == [rule.end]
    assert State.OVERRIDDEN not in model.states(rule)
    judge(model, 5, mode=Action.AUTO)
    (live,) = model.ledger.live()
    assert live.state is State.NOT_DELIVERING
    assert live.reason == "mode_differs"
    assert model.cloud.writes == 3
    judge(model, 1)
    assert model.ledger.live()[0].state is State.DELIVERING


def test_overlooked_until_nearly_its_end(model: Model) -> None:
    """What has hardly any time left stays as it is."""
    rule = model.lay(ZERO, 6 * MINUTE)
    model.live_for(2 * MINUTE)
    judge(model, 3, mode=Action.AUTO)
    assert model.cloud.writes == 1
    assert [item.end for item in model.cloud.held(model.now)] == [rule.end]


def test_wrong_power_is_not_sent_again(model: Model) -> None:
    """The inverter knows of it, and may have its reasons."""
    rule = model.lay(ZERO, HOUR)
    model.live_for(MINUTE)
    judge(model, 9, battery_w=-500.0)
    assert model.states(rule) == [State.NOT_DELIVERING]
    assert model.cloud.writes == 1


def test_target(model: Model) -> None:
    """What has reached its state of charge ends, with all that is left of it."""
    rule = model.lay(ZERO, 3 * HOUR, target_soc=80, source=Source.CALENDAR)
    other = model.lay(HOUR, HOUR, action=Action.EXPORT)
    model.live_for(MINUTE)
    judge(model, 3, state_of_charge=79.0)
    assert len(model.cloud.held(model.now)) == 3
    judge(model, 1, state_of_charge=80.0)
    assert [item.rule_id for item in model.cloud.held(model.now)] == [other.id]
    assert set(model.states(rule)) == {State.DONE}
    reasons = {item.reason for item in model.ledger.dispatches_of(rule.id)}
    assert reasons == {"target_reached"}
    model.live_for(2 * HOUR)
    assert not model.cloud.held(model.now)


def test_same_measurement_counts_once(model: Model) -> None:
    """However often it is looked at."""
    model.lay(ZERO, HOUR)
    model.live_for(5 * MINUTE)
    for _ in range(9):
        model.measure(mode=Action.AUTO)
    assert model.ledger.live()[0].mismatches == 1
