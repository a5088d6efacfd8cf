"""The life of one item: what lists, measurements and mere time make of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.core.dispatch import (
    CONFIRM_WITHIN,
    FINAL,
    HELD,
    MAX_ATTEMPTS,
    RESTORING,
    Dispatch,
    State,
    holds,
)
from custom_components.joulekeeper.core.proof import Delivery, Verdict
from custom_components.joulekeeper.core.schedule import (
    Action,
    ItemStatus,
    Limits,
    ScheduleItem,
    Source,
)
from custom_components.joulekeeper.core.timeline import Segment

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
END = START + 60 * MINUTE
BEFORE, WITHIN, AFTER = START - 10 * MINUTE, START + 10 * MINUTE, END

SEGMENT = Segment(
    rule_id="rule",
    occurrence_id="rule@20261120T120000Z",
    source=Source.SERVICE,
    action=Action.CHARGE,
    start=START,
    end=END,
    power_w=2000,
    tag="tag",
)
ITEM = ScheduleItem(
    vendor_id="v1",
    action=Action.CHARGE,
    vendor_mode="Charge",
    start=START,
    end=END,
    power_w=2000,
)
CHANGED = replace(ITEM, power_w=500)
LONGER = replace(ITEM, end=END + 30 * MINUTE)

# In the order of the states, for the tests are named by them.
LIVE = [state for state in State if state not in FINAL | RESTORING]
UNHELD = [state for state in LIVE if state not in HELD]
HELD_ONES = [state for state in State if state in HELD]
RESTORING_ONES = [state for state in State if state in RESTORING]
FINAL_ONES = [state for state in State if state in FINAL]


def dispatch(state: State = State.QUEUED, **details: Any) -> Dispatch:
    """Return a dispatch that was sent once, a while before its start."""
    sent = {"sent_at": BEFORE, "attempts": 1} if state is not State.QUEUED else {}
    return Dispatch(segment=SEGMENT, state=state, **sent | details)


def test_each_state_has_its_place() -> None:
    """Over, to be taken back, or alive; and what has to come is pending."""
    assert [item for item in State if dispatch(item).live] == LIVE
    assert {item for item in State if dispatch(item).pending} == {
        *RESTORING,
        State.QUEUED,
        State.SENT,
        State.ACCEPTED,
    }
    assert dispatch(State.CONFIRMED, unseen_since=START).pending
    assert dispatch().id == "tag"


def test_from_sending_to_confirming() -> None:
    """Each step, and how long they took."""
    sent = dispatch().sent(BEFORE)
    assert (sent.state, sent.attempts, sent.sent_at) == (State.SENT, 1, BEFORE)
    assert sent.confirm_latency is None
    accepted = sent.accepted("v1")
    assert (accepted.state, accepted.vendor_id) == (State.ACCEPTED, "v1")
    seen = accepted.observed(ITEM, BEFORE + 3 * SECOND)
    assert (seen.state, seen.confirm_latency) == (State.CONFIRMED, 3 * SECOND)
    assert seen.deliver_latency is None
    again = seen.observed(ITEM, BEFORE + 9 * SECOND)
    assert again == seen
    delivering = again.judged(
        Delivery(Verdict.DELIVERING), START + 90 * SECOND, 2 * MINUTE
    )
    assert delivering.deliver_latency == 90 * SECOND
    assert seen.queued("no_answer").state is State.QUEUED


def test_what_did_not_go_out() -> None:
    """Counts as never sent; but an answer that was lost before stays lost."""
    never = dispatch().sent(BEFORE).not_sent("cannot_connect")
    assert never == dispatch(reason="cannot_connect")
    lost = dispatch().sent(BEFORE).queued("no_answer")
    tried = lost.sent(WITHIN).not_sent("cannot_connect")
    assert (tried.state, tried.attempts) == (State.QUEUED, 1)
    assert tried.sent_at is not None


# -- lists ---------------------------------------------------------------------


def failure(state: State) -> str | None:
    """Return what is told for good of what was not done in the end."""
    return "not_delivered" if state is State.NOT_DELIVERING else None


@pytest.mark.parametrize(
    ("before", "item", "now", "after", "reason"),
    [
        # What is seen for the first time is confirmed, however it was sent.
        *((state, ITEM, BEFORE, State.CONFIRMED, None) for state in UNHELD),
        *((state, ITEM, WITHIN, State.CONFIRMED, None) for state in UNHELD),
        # What is held stays what it is.
        *((state, ITEM, WITHIN, state, None) for state in HELD_ONES),
        *((state, None, WITHIN, state, None) for state in HELD_ONES[1:]),
        (State.CONFIRMED, None, WITHIN, State.ACTIVE, None),
        (State.CONFIRMED, None, BEFORE, State.CONFIRMED, None),
        # What is not seen yet is waited for.
        *((state, None, BEFORE, state, None) for state in UNHELD if state != "sent"),
        # A change made elsewhere wins.
        *(
            (state, item, BEFORE, State.OVERRIDDEN, "changed_elsewhere")
            for state in LIVE
            for item in (CHANGED, LONGER)
        ),
        # At its end it is done.
        *((state, ITEM, AFTER, State.DONE, failure(state)) for state in LIVE),
        *((state, None, AFTER, State.DONE, failure(state)) for state in HELD_ONES),
        *((state, None, AFTER, State.MISSED, "never_confirmed") for state in UNHELD),
        # What is taken back is tried until it is gone.
        *((state, ITEM, BEFORE, state, None) for state in RESTORING_ONES),
        *((state, CHANGED, BEFORE, state, None) for state in RESTORING_ONES),
        *((state, None, BEFORE, State.CANCELLED, None) for state in RESTORING_ONES),
        # What is over stays over.
        *((state, None, BEFORE, state, None) for state in FINAL_ONES),
        *((state, ITEM, AFTER, state, None) for state in FINAL_ONES),
        (State.OVERRIDDEN, CHANGED, BEFORE, State.OVERRIDDEN, None),
        # What was made longer elsewhere is not ours to take back.
        (State.DONE, LONGER, AFTER, State.DONE, None),
        (State.MISSED, LONGER, AFTER, State.MISSED, None),
        # What we took back and is there again is taken back again.
        *(
            (state, ITEM, BEFORE, State.RESTORE_PENDING, None)
            for state in FINAL_ONES
            if state is not State.OVERRIDDEN
        ),
    ],
)
def test_observed(
    before: State,
    item: ScheduleItem | None,
    now: datetime,
    after: State,
    reason: str | None,
) -> None:
    """What a list makes of each state."""
    seen = dispatch(before, sent_at=now, ended_at=BEFORE if before in FINAL else None)
    observed = seen.observed(item, now)
    assert (observed.state, observed.reason) == (after, reason)
    if item is not None and before not in FINAL and after not in FINAL:
        assert observed.vendor_id == "v1"
    if after is State.RESTORE_PENDING and before in FINAL:
        assert observed.outcome is before


@pytest.mark.parametrize("state", HELD_ONES)
def test_deleted_elsewhere(state: State) -> None:
    """Only lists of half a minute delete; one that has it again starts anew."""
    held = dispatch(state)
    gone = held.observed(None, WITHIN)
    assert gone.unseen_since == WITHIN
    assert gone.observed(None, WITHIN + 29 * SECOND).live
    back = gone.observed(ITEM, WITHIN + 29 * SECOND)
    assert back.unseen_since is None
    assert back.observed(None, WITHIN + 40 * SECOND).live
    over = gone.observed(None, WITHIN + 30 * SECOND)
    assert (over.state, over.reason) == (State.OVERRIDDEN, "deleted_elsewhere")
    assert over.ended_at == WITHIN + 30 * SECOND


def test_back_after_it_was_deleted_elsewhere() -> None:
    """The cloud had only forgotten it; unless it is not what it was."""
    over = dispatch(State.CONFIRMED).observed(None, BEFORE)
    over = over.observed(None, BEFORE + MINUTE)
    back = over.observed(ITEM, BEFORE + 2 * MINUTE)
    assert (back.state, back.reason, back.ended_at) == (State.CONFIRMED, None, None)
    assert over.observed(CHANGED, BEFORE + 2 * MINUTE) == over
    assert over.observed(ITEM, AFTER) == over


@pytest.mark.parametrize(
    ("segment", "held", "same"),
    [
        ({}, {}, True),
        # A cloud may know only something near to the action.
        ({}, {"action": Action.HOLD, "note": "x", "vendor_id": "v2"}, True),
        ({}, {"power_w": 1999}, False),
        ({}, {"power_w": None}, False),
        ({"power_w": None}, {"power_w": 7}, True),
        ({}, {"start": START - SECOND}, False),
        ({}, {"end": END + SECOND}, False),
        ({"limits": Limits(max_export_w=0)}, {}, False),
        (
            {"limits": Limits(max_export_w=0)},
            {"limits": Limits(max_export_w=0, max_import_w=10000)},
            True,
        ),
        (
            {"limits": Limits(max_export_w=0)},
            {"limits": Limits(max_export_w=1)},
            False,
        ),
        (
            {"limits": Limits(max_export_w=0, max_import_w=1)},
            {"limits": Limits(max_export_w=0)},
            False,
        ),
    ],
)
def test_holds(segment: dict[str, Any], held: dict[str, Any], same: bool) -> None:
    """The times, the power, and every cap that was asked for; more do not matter."""
    assert holds(replace(ITEM, **held), replace(SEGMENT, **segment)) is same


# -- time ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "after"),
    [
        *((state, BEFORE, state) for state in State),
        *(
            (state, START, State.ACTIVE if state is State.CONFIRMED else state)
            for state in State
        ),
        *((state, END - SECOND, state) for state in State if state != "confirmed"),
        *((state, END, State.DONE) for state in HELD_ONES),
        *((state, END, State.MISSED) for state in UNHELD),
        *((state, END, State.CANCELLED) for state in RESTORING_ONES),
        *((state, END, state) for state in FINAL_ONES),
    ],
)
def test_time(before: State, now: datetime, after: State) -> None:
    """What mere time makes of each state; it never ends later than planned."""
    passed = dispatch(before, sent_at=now, attempts=MAX_ATTEMPTS).at(now)
    assert passed.state is after
    if after in FINAL and before not in FINAL:
        assert passed.ended_at == passed.end == END
        assert dispatch(before).at(END + 60 * MINUTE).ended_at == END


@pytest.mark.parametrize("state", [State.SENT, State.ACCEPTED])
@pytest.mark.parametrize("attempts", [1, MAX_ATTEMPTS])
def test_not_listed_in_time(state: State, attempts: int) -> None:
    """After two minutes it is due to be sent again; after twice that, it is told."""
    waiting = dispatch(state, attempts=attempts)
    almost = BEFORE + CONFIRM_WITHIN - SECOND
    assert not waiting.overdue(almost)
    assert waiting.at(almost) == waiting
    late = BEFORE + CONFIRM_WITHIN
    assert waiting.overdue(late)
    expected = state if attempts < MAX_ATTEMPTS else State.UNCONFIRMED
    assert waiting.at(late).state is waiting.observed(None, late).state is expected


def test_outcome_of_what_is_taken_back() -> None:
    """It comes to what was meant, or is told to fail after some times."""
    pending = dispatch(State.ACTIVE).to_be_taken_back(State.DONE, "target_reached")
    assert (pending.state, pending.attempts) == (State.RESTORE_PENDING, 0)
    gone = pending.observed(None, WITHIN)
    assert (gone.state, gone.reason) == (State.DONE, "target_reached")
    assert (gone.end, gone.outcome) == (WITHIN, None)
    states = []
    for _ in range(6):
        pending = pending.restore_tried()
        states.append(pending.state)
    assert states == [State.RESTORE_PENDING] * 4 + [State.RESTORE_FAILED] * 2
    assert pending.at(END).state is State.DONE


# -- measurements --------------------------------------------------------------

ACTS_WITHIN = 2 * MINUTE
DELIVERING = Delivery(Verdict.DELIVERING)
EXPLAINED = Delivery(Verdict.EXPLAINED, "full")
DIFFERS = Delivery(Verdict.DIFFERS, "mode_differs")


def judged(active: Dispatch, *verdicts: Delivery, first: datetime = WITHIN) -> Dispatch:
    """Return what measurements of each minute make of it."""
    for number, verdict in enumerate(verdicts):
        active = active.judged(verdict, first + number * MINUTE, ACTS_WITHIN)
    return active


@pytest.mark.parametrize(
    ("verdicts", "state", "reason", "mismatches"),
    [
        ([DELIVERING], State.DELIVERING, None, 0),
        ([EXPLAINED], State.ACTIVE, "full", 0),
        ([EXPLAINED, DELIVERING], State.DELIVERING, None, 0),
        ([Delivery(Verdict.UNKNOWN, "stale")], State.ACTIVE, "stale", 0),
        ([Delivery(Verdict.UNKNOWN)], State.ACTIVE, None, 0),
        ([DIFFERS], State.ACTIVE, None, 1),
        ([DIFFERS] * 2, State.ACTIVE, None, 2),
        ([DIFFERS] * 3, State.NOT_DELIVERING, "mode_differs", 3),
        ([DIFFERS] * 9, State.NOT_DELIVERING, "mode_differs", 9),
        ([DIFFERS, DIFFERS, EXPLAINED, DIFFERS], State.ACTIVE, "full", 1),
        ([DIFFERS, DIFFERS, DELIVERING, DIFFERS], State.DELIVERING, None, 1),
        ([DELIVERING, *[DIFFERS] * 3], State.NOT_DELIVERING, "mode_differs", 3),
        ([*[DIFFERS] * 3, DELIVERING], State.DELIVERING, None, 0),
        ([*[DIFFERS] * 3, EXPLAINED], State.ACTIVE, "full", 0),
    ],
)
def test_judged(
    verdicts: list[Delivery], state: State, reason: str | None, mismatches: int
) -> None:
    """Three in a row that differ are told; one that agrees ends it."""
    result = judged(dispatch(State.ACTIVE), *verdicts)
    assert (result.state, result.reason) == (state, reason)
    assert result.mismatches == mismatches


def test_what_differs_too_early_does_not_count() -> None:
    """The device may take its time; what agrees counts from the start on."""
    active = dispatch(State.ACTIVE)
    early = judged(active, DIFFERS, DIFFERS, first=START)
    assert early.mismatches == 0
    assert early.judged_at == START + MINUTE
    assert judged(active, DIFFERS, first=START + ACTS_WITHIN).mismatches == 1
    assert judged(active, DELIVERING, first=START).state is State.DELIVERING


def test_what_was_measured_before_proves_nothing() -> None:
    """Not even where it agrees: it was for another schedule."""
    before = judged(dispatch(State.ACTIVE), DELIVERING, first=START - SECOND)
    assert before.state is State.ACTIVE
    assert before.delivering_at is None


def test_first_proof_is_kept() -> None:
    """How long it took counts from the first measurement that agrees."""
    proved = judged(dispatch(State.ACTIVE), DIFFERS, DELIVERING, DIFFERS, DELIVERING)
    assert proved.delivering_at == WITHIN + MINUTE


def test_unknown_leaves_the_measurement_open() -> None:
    """It may still be judged, once more is known of it."""
    unknown = judged(dispatch(State.ACTIVE), Delivery(Verdict.UNKNOWN, "stale"))
    assert unknown.judged_at is None


@pytest.mark.parametrize(
    ("details", "worth"),
    [
        ({}, True),
        ({"mismatches": 1}, False),
        ({"mismatches": 3}, False),
        ({"attempts": MAX_ATTEMPTS}, False),
        ({"delivering_at": START}, False),
        ({"state": State.QUEUED}, False),
        ({"state": State.NOT_DELIVERING}, True),
    ],
)
def test_worth_sending_again(details: dict[str, Any], worth: bool) -> None:
    """Once, and only if the inverter never did it."""
    overlooked = dispatch(State.ACTIVE, mismatches=2)
    assert replace(overlooked, **details).worth_sending_again is worth


# -- what a cloud tells of an item ---------------------------------------------


@pytest.mark.parametrize("state", LIVE)
def test_given_up_by_the_cloud(state: State) -> None:
    """It is over, and there is nothing to take back."""
    known = dispatch(state)
    seen = known.observed(replace(ITEM, status=ItemStatus.FAILED), WITHIN)
    assert (seen.state, seen.reason) == (State.REJECTED, "given_up")
    # It stays in the list for a while.
    assert seen.observed(replace(ITEM, status=ItemStatus.FAILED), WITHIN) == seen


@pytest.mark.parametrize("state", RESTORING_ONES)
def test_given_up_while_it_is_taken_back(state: State) -> None:
    """It comes to what it was to come to."""
    known = replace(dispatch(state), outcome=State.SUPERSEDED)
    seen = known.observed(replace(ITEM, status=ItemStatus.FAILED), WITHIN)
    assert seen.state is State.SUPERSEDED


def test_uncertain_item_proves_nothing() -> None:
    """But it can be taken back by its name, and it is sent again in its time."""
    known = replace(dispatch(State.SENT), vendor_id=None)
    seen = known.observed(replace(ITEM, status=ItemStatus.UNCERTAIN), WITHIN)
    assert (seen.state, seen.vendor_id) == (State.SENT, ITEM.vendor_id)
    assert seen.due_at == known.due_at
