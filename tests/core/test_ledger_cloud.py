"""What clouds and apps do to a ledger: lost answers, late lists, items of others."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.joulekeeper.core.capabilities import ActionSupport, Support
from custom_components.joulekeeper.core.dispatch import CONFIRM_WITHIN, State
from custom_components.joulekeeper.core.schedule import (
    DAY,
    Action,
    Limits,
    Owner,
    Source,
)

from .model import HOUR, INVERTER, MINUTE, NOW, SECOND, ZERO, Answer, Model

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


# -- what others do to ours ----------------------------------------------------


@pytest.mark.parametrize("lost", [1, 4])
def test_just_the_same_made_in_the_app(model: Model, lost: int) -> None:
    """What never arrived, and was given up, does not claim what the user makes there."""
    model.cloud.answers.extend([Answer.VANISHED] * lost)
    rule = model.lay(HOUR)
    model.live_for((lost // 2) * 5 * MINUTE)
    model.settle()
    model.ledger.delete_rule(rule.id, model.now)
    model.live_for(5 * MINUTE)
    assert not model.cloud.items
    vendor_id = model.cloud.add(
        model.now, start=rule.start, end=rule.end, power_w=rule.power_w
    )
    model.live_for(5 * MINUTE)
    assert vendor_id in model.cloud.items


def test_leftover_that_stays(model: Model) -> None:
    """It is tried again and again, but no faster than anything else."""
    gone = model.lay(3 * HOUR)
    model.settle()
    model.ledger.delete_rule(gone.id, model.now)
    model.live_for(5 * MINUTE)
    mark = {"owner": Owner.OWN, "power_w": 2000, "rule_id": gone.id}
    model.cloud.add(NOW, start=NOW + 5 * HOUR, end=NOW + 6 * HOUR, **mark)
    model.cloud.answers.extend([Answer.OFFLINE] * 6)
    for _ in range(6):
        model.settle()
    states = [item.state for item in model.ledger.dispatches.values()]
    assert State.RESTORE_FAILED in states
    model.cloud.answers.clear()
    model.settle()
    assert not model.cloud.items


@pytest.mark.parametrize("how", ["app", "list"])
def test_interrupted_just_when_it_is_missing(model: Model, how: str) -> None:
    """Until it is clear whether the app has deleted it, nothing is made anew of it."""
    rule = model.lay(ZERO, 2 * HOUR, source=Source.CALENDAR)
    model.live_for(10 * MINUTE)
    hidden = dict(model.cloud.items)
    model.cloud.items.clear()
    model.settle()
    forced = model.force(30 * MINUTE, action=Action.EXPORT)
    model.settle()
    assert [item.rule_id for item in model.cloud.held(model.now)] == [forced.id]
    if how == "list":
        model.cloud.items.update(hidden)
    model.live_for(2 * MINUTE)
    after = [forced.id] if how == "app" else [forced.id, rule.id]
    assert [item.rule_id for item in model.cloud.held(model.now)] == after
    assert (State.OVERRIDDEN in model.states(rule)) is (how == "app")


def test_edited_just_after_it_was_deleted_in_the_app(model: Model) -> None:
    """Who asked last is asked for: here, the one who edits."""
    rule = model.lay(ZERO, 2 * HOUR)
    model.live_for(10 * MINUTE)
    model.cloud.items.clear()
    model.settle()
    model.edit(rule, power_w=1000)
    model.settle()
    model.live_for(2 * MINUTE)
    (item,) = model.cloud.held(model.now)
    assert (item.power_w, item.end) == (1000, rule.end)
    assert State.OVERRIDDEN not in model.states(rule)


@pytest.mark.parametrize("running", [True, False])
def test_deleted_in_the_app(model: Model, running: bool) -> None:
    """That wins: it is not made again, and only this one occurrence is gone."""
    rule = model.daily(3, 2 * HOUR)
    model.settle()
    if running:
        model.now = model.starts(rule)[0] + 30 * MINUTE
    model.settle()
    gone, *left = model.starts(rule)
    ((vendor_id, _), *_) = model.cloud.items.items()
    model.cloud.delete(vendor_id, model.now)
    model.live_for(30 * MINUTE)
    assert model.starts(rule) == left
    (over,) = [it for it in model.ledger.dispatches_of(rule.id) if not it.live]
    assert (over.state, over.reason) == (State.OVERRIDDEN, "deleted_elsewhere")
    assert over.segment.start == gone
    model.restart()
    model.live_for(2 * DAY, HOUR)
    assert left[-1] in model.starts(rule)
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
    assert not (inverter.ledger.rules or inverter.ledger.dispatches)
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
    assert model.starts(rule) == [rule.start]
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
