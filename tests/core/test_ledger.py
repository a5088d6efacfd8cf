"""The book of a device, by example, against a small cloud."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.capabilities import (
    HORIZON,
    ActionSupport,
    Support,
)
from custom_components.joulekeeper.core.check import START_GRACE
from custom_components.joulekeeper.core.dispatch import CONFIRM_WITHIN, State
from custom_components.joulekeeper.core.ledger import (
    HISTORY,
    MAX_HISTORY,
    MIN_REMAINING,
    Ledger,
)
from custom_components.joulekeeper.core.recurrence import Recurrence
from custom_components.joulekeeper.core.rules import Rule
from custom_components.joulekeeper.core.schedule import (
    DAY,
    Action,
    Limits,
    Owner,
    Source,
)

from .model import HOUR, INVERTER, MINUTE, SECOND, SITE, Answer, Model

# Home Assistant's clock has microseconds; what a cloud holds has none.
NOW = datetime(2026, 11, 20, 2, 0, 10, 500_000, tzinfo=UTC)  # noon in Brisbane
ZERO = timedelta()
KINDS = {"inverter": INVERTER, "site": SITE}


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> Model:
    """Return an empty cloud, by its kind: one minds starts of the past."""
    return Model(NOW, KINDS[request.param])


@pytest.fixture
def inverter() -> Model:
    """Return an empty cloud that takes starts of the past."""
    return Model(NOW)


def daily(model: Model, at: int, length: timedelta = HOUR, **details: Any) -> Rule:
    """Put a rule that comes each day at an hour UTC."""
    recurrence = Recurrence(
        first=datetime.combine(model.now.date(), time(at)),
        length=length,
        zone="UTC",
        rule="FREQ=DAILY",
    )
    start = recurrence.first_window.start
    rule = model.rule(recurrence=recurrence, source=Source.CALENDAR, **details)
    return model.ledger.put_rule(replace(rule, start=start, duration=length))


def starts(model: Model, rule: Rule) -> list[datetime]:
    """Return when the items of a rule start that the cloud holds."""
    found = model.cloud.held(model.now, Owner.OWN)
    return [item.start for item in found if item.rule_id == rule.id]


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


# -- answers and lists ---------------------------------------------------------


@pytest.mark.parametrize("keeps_marks", [True, False])
def test_lost_answer(model: Model, keeps_marks: bool) -> None:
    """What nobody answered is looked for in the list, by mark or by what it is."""
    model.cloud.keeps_marks = keeps_marks
    model.cloud.answers.append(Answer.LOST)
    rule = model.lay(10 * MINUTE)
    model.settle()
    (dispatch,) = model.ledger.dispatches_of(rule.id)
    assert dispatch.state is State.CONFIRMED
    assert dispatch.vendor_id in model.cloud.items
    model.live_for(10 * MINUTE)
    assert model.cloud.writes == 1
    claimed = model.ledger.claim(model.cloud.list(model.now))
    assert [(item.owner, item.rule_id) for item in claimed.items] == [("own", rule.id)]


def test_no_answer_and_not_listed(model: Model) -> None:
    """Then it is sent once more, and after that it is not confirmed."""
    rule = model.lay(10 * MINUTE, 2 * HOUR)
    model.cloud.answers.extend([Answer.VANISHED] * 10)
    model.settle()
    model.live_for(CONFIRM_WITHIN - SECOND)
    assert model.cloud.writes == 1
    model.live_for(MINUTE)
    assert model.cloud.writes == 2
    assert model.states(rule) == [State.SENT]
    model.live_for(HOUR)
    assert model.cloud.writes == 2
    assert model.states(rule) == [State.UNCONFIRMED]
    model.live_for(2 * HOUR)
    assert model.states(rule) == [State.MISSED]


def test_accepted_but_not_listed(model: Model) -> None:
    """It is taken back and sent once more; a late list shows both for a while."""
    model.cloud.lag = 3 * MINUTE
    rule = model.lay(10 * MINUTE, 2 * HOUR)
    model.live_for(30 * MINUTE)
    assert model.cloud.creates == 2
    assert State.ACTIVE in model.states(rule)
    assert len(model.cloud.held(model.now)) == 1


@pytest.mark.parametrize("lag", [20, 60, 100])
def test_late_list(model: Model, lag: int) -> None:
    """A list that is late makes nothing be written twice, nor taken for deleted."""
    model.cloud.lag = lag * SECOND
    rule = model.lay(10 * MINUTE, HOUR, source=Source.CALENDAR)
    model.live_for(5 * MINUTE)
    assert model.states(rule) == [State.CONFIRMED]
    other = model.lay(15 * MINUTE, 20 * MINUTE)
    model.live_for(3 * MINUTE)
    held = [item.rule_id for item in model.cloud.held(model.now)]
    assert held == [rule.id, other.id, rule.id]
    model.live_for(50 * MINUTE)
    assert model.states(other) == [State.DONE]
    assert model.ledger.live()[0].state is State.ACTIVE
    assert model.cloud.creates == 4


def test_lost_answer_after_an_edit_back(model: Model) -> None:
    """An item stands for what is wanted, not for what was sent long ago."""
    rule = model.lay(HOUR)
    model.cloud.answers.append(Answer.VANISHED)
    model.settle()
    later = model.edit(rule, start=rule.start + 2 * HOUR)
    model.live_for(MINUTE)
    model.edit(later, start=rule.start)
    model.cloud.answers.extend([Answer.DONE, Answer.LOST])
    model.settle()
    (item,) = model.cloud.held(model.now)
    assert item.start == rule.start
    model.live_for(5 * MINUTE)
    assert [it.vendor_id for it in model.cloud.held(model.now)] == [item.vendor_id]
    assert State.CONFIRMED in model.states(rule)


def test_list_that_forgets_for_a_moment(model: Model) -> None:
    """One list, or lists of less than half a minute, delete nothing."""
    rule = model.lay(10 * MINUTE)
    model.settle()
    hidden = model.cloud.items
    model.cloud.items = {}
    model.live_for(25 * SECOND, 5 * SECOND)
    model.cloud.items = hidden
    model.live_for(5 * MINUTE)
    assert model.states(rule) == [State.CONFIRMED]
    assert model.cloud.writes == 1


def test_item_that_comes_back(model: Model) -> None:
    """What counted as deleted and is listed again is just what it was."""
    rule = model.lay(10 * MINUTE, 2 * HOUR)
    model.settle()
    hidden, model.cloud.items = model.cloud.items, {}
    model.live_for(5 * MINUTE)
    assert model.states(rule) == [State.OVERRIDDEN]
    model.cloud.items = hidden
    model.live_for(MINUTE)
    assert model.states(rule) == [State.CONFIRMED]
    model.live_for(10 * MINUTE)
    assert model.states(rule) == [State.ACTIVE]
    assert not model.ledger.closings
    assert model.cloud.writes == 1


def test_item_that_comes_back_after_it_was_stopped(model: Model) -> None:
    """What the user ended meanwhile stays ended."""
    rule = model.lay(ZERO, 2 * HOUR)
    model.live_for(MINUTE)
    hidden, model.cloud.items = model.cloud.items, {}
    model.live_for(5 * MINUTE)
    (occurrence,) = rule.occurrences(model.now, rule.end)
    model.ledger.close(occurrence, model.now, State.CANCELLED, "stopped")
    model.cloud.items = hidden
    model.live_for(5 * MINUTE)
    assert not model.cloud.held(model.now)


@pytest.mark.parametrize("how", ["delete", "stop", "target", "edit"])
def test_item_that_was_taken_back_and_is_still_there(model: Model, how: str) -> None:
    """Once a list had forgotten it; it does not go on for ever."""
    rule = model.lay(ZERO, 2 * HOUR, target_soc=80)
    model.live_for(MINUTE)
    (kept,) = model.cloud.items.values()
    match how:
        case "delete":
            model.ledger.delete_rule(rule.id, model.now)
        case "stop":
            model.stop()
        case "target":
            model.measure(state_of_charge=80)
        case "edit":
            model.edit(rule, power_w=1000)
    model.settle()
    model.live_for(MINUTE)
    assert kept.vendor_id not in model.cloud.items
    model.cloud.items[kept.vendor_id] = kept
    model.live_for(2 * MINUTE)
    assert kept.vendor_id not in model.cloud.items


def test_missed_one_that_is_there_after_all(model: Model) -> None:
    """What a late list shows of what was given up is ours still, and can be deleted."""
    rule = model.lay(ZERO, 2 * HOUR)
    model.cloud.answers.append(Answer.LOST)
    model.cloud.lag = 12 * MINUTE
    model.settle()
    model.cloud.answers.extend([Answer.OFFLINE] * 100)
    model.live_for(11 * MINUTE)
    model.cloud.answers.clear()
    model.cloud.lag = ZERO
    model.live_for(2 * MINUTE)
    model.ledger.delete_rule(rule.id, model.now)
    model.live_for(2 * MINUTE)
    assert not model.cloud.held(model.now)


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
    recurring = daily(model, 20)
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
    assert starts(model, rule) == [rule.start + HOUR]
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
    rule = daily(model, 3, lease_end=lease_end)
    model.settle()
    assert len(starts(model, rule)) == 2
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
    daily(model, 20, power_w=9000)
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
    later = daily(model, 20, power_w=4000)
    model.settle()
    held = starts(model, later)
    less = {Action.CHARGE: ActionSupport(Support.NATIVE, None, 3000)}
    model.able = replace(model.able, actions=less)
    model.live_for(5 * MINUTE)
    assert model.states(rule) == [State.CONFIRMED]
    model.live_for(DAY, HOUR)
    assert starts(model, later) == held[1:]
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


# -- what others do to ours ----------------------------------------------------


@pytest.mark.parametrize("running", [True, False])
def test_deleted_in_the_app(model: Model, running: bool) -> None:
    """That wins: it is not made again, and only this one occurrence is gone."""
    rule = daily(model, 3, 2 * HOUR)
    model.settle()
    if running:
        model.now = starts(model, rule)[0] + 30 * MINUTE
    model.settle()
    gone, *left = starts(model, rule)
    ((vendor_id, _), *_) = model.cloud.items.items()
    model.cloud.delete(vendor_id, model.now)
    model.live_for(30 * MINUTE)
    assert starts(model, rule) == left
    (over,) = [it for it in model.ledger.dispatches_of(rule.id) if not it.live]
    assert (over.state, over.reason) == (State.OVERRIDDEN, "deleted_elsewhere")
    assert over.segment.start == gone
    model.restart()
    model.live_for(2 * DAY, HOUR)
    assert left[-1] in starts(model, rule)
    assert model.states(rule).count(State.OVERRIDDEN) == 1


@pytest.mark.parametrize(
    "change", [{"power_w": 300}, {"end": NOW.replace(microsecond=0) + 9 * HOUR}]
)
def test_changed_in_the_app(model: Model, change: dict[str, Any]) -> None:
    """That wins: it is the app's from now on, and in the way like any other."""
    rule = model.lay(HOUR, 2 * HOUR)
    model.settle()
    ((vendor_id, _),) = model.cloud.items.items()
    model.cloud.change(vendor_id, model.now, **change)
    model.live_for(5 * MINUTE)
    (dispatch,) = model.ledger.dispatches_of(rule.id)
    assert (dispatch.state, dispatch.reason) == (State.OVERRIDDEN, "changed_elsewhere")
    writes = model.cloud.writes
    model.lay(2 * HOUR, 10 * MINUTE)
    model.live_for(5 * MINUTE)
    assert model.cloud.writes == writes
    model.ledger.delete_rule(rule.id, model.now)
    model.live_for(20 * DAY, 12 * HOUR)
    assert vendor_id in model.cloud.items


def test_changed_in_the_app_while_away(model: Model) -> None:
    """What the app made longer is not taken back when our time is over."""
    rule = model.lay(ZERO, HOUR)
    model.settle()
    ((vendor_id, _),) = model.cloud.items.items()
    model.cloud.change(vendor_id, model.now, end=rule.end + 2 * HOUR)
    model.after(HOUR + MINUTE)
    model.restart()
    model.live_for(5 * MINUTE)
    assert vendor_id in model.cloud.items


def test_only_one_part_comes_back(model: Model) -> None:
    """The other one was deleted, and is not made again."""
    model.lay(10 * MINUTE, 3 * HOUR, source=Source.CALENDAR)
    model.lay(HOUR, HOUR, action=Action.EXPORT)
    model.settle()
    first, _, last = model.cloud.held(model.now)
    model.cloud.delete(first.vendor_id, model.now)
    model.cloud.hidden.add(last.vendor_id)
    model.live_for(5 * MINUTE)
    model.cloud.hidden.clear()
    model.live_for(5 * MINUTE)
    assert first.start not in {item.start for item in model.cloud.held(model.now)}


def test_other_part_of_what_was_changed_in_the_app(model: Model) -> None:
    """It ends with it, also where that takes several attempts."""
    model.lay(ZERO, 3 * HOUR, source=Source.CALENDAR)
    model.lay(HOUR, HOUR, action=Action.EXPORT)
    model.settle()
    first, middle, last = model.cloud.held(model.now)
    model.cloud.change(first.vendor_id, model.now, power_w=300)
    model.cloud.answers.extend([Answer.OFFLINE] * 3)
    model.live_for(5 * MINUTE)
    assert last.vendor_id not in model.cloud.items
    assert [it.vendor_id for it in model.cloud.held(model.now)] == [
        first.vendor_id,
        middle.vendor_id,
    ]


def test_second_part_comes_back(model: Model) -> None:
    """A list of the past does not undo what was deleted in the app."""
    model.lay(ZERO, 3 * HOUR, source=Source.CALENDAR)
    model.lay(HOUR, HOUR, action=Action.EXPORT)
    model.settle()
    first, middle, last = model.cloud.held(model.now)
    model.cloud.delete(first.vendor_id, model.now)
    model.live_for(2 * MINUTE)
    assert [it.vendor_id for it in model.cloud.held(model.now)] == [middle.vendor_id]
    model.cloud.items[last.vendor_id] = last
    model.live_for(5 * MINUTE)
    assert [it.vendor_id for it in model.cloud.held(model.now)] == [middle.vendor_id]


# -- files that were lost ------------------------------------------------------


@pytest.mark.parametrize(
    "details",
    [
        {"power_w": 2000, "note": "x"},
        # Redback tells a power of 0 where there is none.
        {"action": Action.HOLD, "power_w": 0},
        {"action": Action.LIMIT, "limits": Limits(max_export_w=0)},
        {"action": Action.NO_CHARGE, "limits": Limits(max_charge_w=0)},
    ],
)
@pytest.mark.parametrize("start", [-1, 1])
def test_adoption(details: dict[str, Any], start: int) -> None:
    """An item with our mark of which nothing is known is taken on as it is."""
    native = ActionSupport(Support.NATIVE)
    more = {Action.LIMIT: native, Action.NO_CHARGE: native}
    able = replace(INVERTER, actions={**INVERTER.actions, **more})
    model = Model(NOW, able)
    begin = NOW.replace(microsecond=0) + start * HOUR
    mark = {"owner": Owner.OWN, "rule_id": "lost", "source": Source.CALENDAR}
    vendor_id = model.cloud.add(
        NOW, start=begin, end=begin + 3 * HOUR, **mark | details
    )
    model.live_for(5 * MINUTE)
    assert not model.cloud.writes
    assert list(model.cloud.items) == [vendor_id]
    (rule,) = model.ledger.rules.values()
    assert (rule.start, rule.end) == (begin, begin + 3 * HOUR)
    assert rule.source is Source.CALENDAR
    assert model.states(rule) == [State.ACTIVE if start < 0 else State.CONFIRMED]
    model.restart()
    model.ledger.delete_rule(rule.id, model.now)
    model.settle()
    assert not model.cloud.items
    assert model.states(rule) == [State.CANCELLED]


def test_nothing_else_is_adopted(inverter: Model) -> None:
    """Not what is over, of others, or of a mode that we have no word for."""
    begin = NOW.replace(microsecond=0)
    mark = {"owner": Owner.OWN, "rule_id": "lost"}
    inverter.cloud.add(NOW, start=begin - HOUR, end=begin, **mark)
    inverter.cloud.add(NOW, start=begin, end=begin + HOUR)
    inverter.cloud.add(NOW, start=begin, end=begin + HOUR, owner=Owner.NETWORK)
    inverter.cloud.add(NOW, start=begin, end=begin + HOUR, action=None, **mark)
    inverter.live_for(5 * MINUTE)
    assert inverter.ledger == Ledger()
    assert len(inverter.cloud.items) == 4


def test_leftovers(model: Model) -> None:
    """An item of a rule of ours that nothing stands for is taken back."""
    rule = model.lay(HOUR)
    gone = model.lay(3 * HOUR)
    model.settle()
    model.ledger.delete_rule(gone.id, model.now)
    model.live_for(5 * MINUTE)
    mark = {"owner": Owner.OWN, "power_w": 2000}
    for rule_id in (rule.id, gone.id):
        model.cloud.add(
            NOW, start=NOW + 5 * HOUR, end=NOW + 6 * HOUR, rule_id=rule_id, **mark
        )
    model.live_for(2 * MINUTE)
    assert starts(model, rule) == [rule.start]
    assert len(model.cloud.held(model.now)) == 1


def test_cannot_be_taken_back(model: Model) -> None:
    """It is tried again and again, and told after some times."""
    rule = model.lay(ZERO, 2 * HOUR)
    model.live_for(MINUTE)
    model.ledger.delete_rule(rule.id, model.now)
    model.cloud.answers.extend([Answer.OFFLINE] * 20)
    model.settle()
    assert model.states(rule) == [State.RESTORE_PENDING]
    model.live_for(10 * MINUTE)
    assert model.states(rule) == [State.RESTORE_FAILED]
    assert model.cloud.writes > 10
    model.cloud.answers.clear()
    model.restart()
    model.live_for(MINUTE)
    assert model.states(rule) == [State.CANCELLED]
    assert not model.cloud.items


# -- recurring -----------------------------------------------------------------


def test_horizon_is_topped_up(model: Model) -> None:
    """Never more than 72 hours ahead, and never less."""
    rule = daily(model, 20)
    for day in range(10):
        model.settle()
        first = NOW.replace(hour=20, minute=0, second=0, microsecond=0)
        expected = [
            start
            for n in range(20)
            if model.now < (start := first + n * DAY) + HOUR
            and start < model.now + HORIZON
        ]
        assert starts(model, rule) == expected
        assert model.cloud.writes == day + 3
        model.after(DAY)


def test_recurring_ones_do_not_rewrite_each_other(model: Model) -> None:
    """What enters the horizon later does not change what was sent already."""
    daily(model, 20, 3 * HOUR)
    daily(model, 21, HOUR, action=Action.EXPORT)
    model.live_for(5 * DAY, 20 * MINUTE)
    created = model.cloud.writes
    days = (model.now + HORIZON - NOW) / DAY
    assert created == 3 * int(days)


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
    revision = model.ledger.revision
    assert model.ledger == Ledger(revision=revision)


def test_history_is_bounded(model: Model) -> None:
    """The oldest of what is over goes first; nothing that lives does."""
    daily(model, 20)
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
        daily(model, draw(st.integers(0, 23)), draw(st.integers(1, 4)) * HOUR)
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


@settings(deadline=None)
@given(wishes())
def test_what_is_asked_is_sent_or_explained(model: Model) -> None:
    """Each minute of a rule: compiled, refused, taken by others, or past."""
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
        higher = (asked[other] for other in asked if other.rank > rule.rank)
        of_higher = set().union(*(minutes_of(found, now) for found in higher))
        mine = [part for part in parts if part.rule_id == rule.id]
        assert minutes_of(mine, now) == minutes_of(occurrences, now) - of_higher - taken
        assert all(part.end > now for part in mine)
        for part in mine:
            refused = part not in compiled.segments
            rest = part.duration < MIN_REMAINING
            assert refused is (rule.power_w == 9000) or (refused and rest)


@settings(deadline=None)
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
