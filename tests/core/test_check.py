"""The check of a rule against a device: what is refused, changed, or let through."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.capabilities import (
    ActionSupport,
    Capabilities,
    Support,
)
from custom_components.joulekeeper.core.check import (
    LATEST_START,
    START_GRACE,
    Adjustment,
    Problem,
    check,
    fit,
)
from custom_components.joulekeeper.core.recurrence import Recurrence
from custom_components.joulekeeper.core.rules import Inexact, Rule
from custom_components.joulekeeper.core.schedule import (
    POWERED_ACTIONS,
    Action,
    Limits,
    Owner,
    Programme,
    ScheduleItem,
    WeeklyWindow,
)

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
EMPTY = Programme()

DEVICE = Capabilities(
    actions={
        Action.CHARGE: ActionSupport(Support.NATIVE, None, 4600, "battery_limit"),
        Action.EXPORT: ActionSupport(Support.NATIVE, None, 0),
        Action.IMPORT: ActionSupport(Support.NATIVE),
        Action.HOLD: ActionSupport(Support.NATIVE),
        Action.IDLE: ActionSupport(Support.APPROXIMATE, "idle_is_hold"),
        Action.LIMIT: ActionSupport(Support.NATIVE),
        Action.NO_CHARGE: ActionSupport(Support.NONE, "site_only"),
    },
    min_duration=2 * MINUTE,
    max_duration=5 * HOUR,
)


def rule(**details: Any) -> Rule:
    """Return an hour of charging from the next full minute on."""
    return Rule(
        **{
            "id": "new",
            "action": Action.CHARGE,
            "start": NOW + timedelta(seconds=30),
            "duration": HOUR,
            "power_w": 2000,
        }
        | details
    )


def item(start: timedelta, end: timedelta, **details: Any) -> ScheduleItem:
    """Return a planned item between times counted from now."""
    return ScheduleItem(
        **{
            "vendor_id": "v1",
            "action": Action.HOLD,
            "vendor_mode": "Conserve",
            "start": NOW + start,
            "end": NOW + end,
        }
        | details
    )


def problems_of(asked: Rule, others: Programme = EMPTY) -> list[str]:
    """Return the keys of what is wrong with a rule."""
    return [problem.key for problem in check(asked, DEVICE, NOW, others).problems]


DAILY = Recurrence(
    first=datetime(2026, 11, 20, 22),
    length=HOUR,
    zone="Australia/Brisbane",
    rule="FREQ=DAILY",
)


def test_exact_rule_passes_untouched() -> None:
    """What can be done as asked is sent as asked."""
    verdict = check(rule(), DEVICE, NOW, EMPTY)
    assert verdict.effective == rule()
    assert verdict.problems == verdict.adjustments == ()


@pytest.mark.parametrize(
    ("details", "key"),
    [
        ({"action": Action.NO_CHARGE, "power_w": None}, "unsupported_site_only"),
        ({"action": Action.AUTO, "power_w": None}, "unsupported"),
        ({"action": Action.IDLE, "power_w": None}, "action_inexact"),
        ({"start": NOW - START_GRACE - timedelta(seconds=1)}, "start_in_past"),
        ({"start": NOW + LATEST_START + MINUTE}, "start_too_far"),
        ({"target_soc": 101}, "target_out_of_range"),
        ({"target_soc": -1}, "target_out_of_range"),
        ({"action": Action.HOLD, "power_w": None, "target_soc": 50}, "target_not_used"),
        ({"target_soc": 50, "inexact": Inexact.REJECT}, "target_not_native"),
        ({"recurrence": DAILY, "inexact": Inexact.REJECT}, "recurrence_not_native"),
        ({"power_w": 4601, "inexact": Inexact.REJECT}, "power_above_limit"),
        ({"duration": MINUTE}, "duration_out_of_range"),
        ({"duration": 5 * HOUR + MINUTE}, "duration_out_of_range"),
        ({"duration": timedelta(0)}, "duration_out_of_range"),
        ({"duration": timedelta(minutes=2, seconds=1)}, "duration_out_of_range"),
        ({"action": Action.HOLD, "power_w": 1}, "power_not_used"),
        ({"action": Action.EXPORT}, "power_limit_zero"),
        ({"action": Action.IMPORT, "power_w": None}, "power_limit_unknown"),
        ({"power_w": 0}, "power_not_positive"),
        ({"power_w": -1}, "power_not_positive"),
        ({"power_w": 4601}, "power_above_limit"),
        ({"limits": Limits(max_export_w=0)}, "limits_mismatch"),
        ({"action": Action.LIMIT, "power_w": None}, "limits_mismatch"),
        (
            {"action": Action.LIMIT, "power_w": None, "limits": Limits()},
            "limits_mismatch",
        ),
    ],
)
def test_each_problem(details: dict[str, Any], key: str) -> None:
    """Each of them alone refuses the rule."""
    assert problems_of(rule(**details)) == [key]


@pytest.mark.parametrize(
    ("left", "whole", "fits"),
    [(150, 600, True), (180, 601, True), (150, 601, False), (60, 600, False)],
)
def test_what_is_left_of_one_that_runs(left: int, whole: int, fits: bool) -> None:
    """It need not be whole minutes where all of it is, but be as long as any other."""
    rest = rule(duration=timedelta(seconds=left))
    verdict = check(rest, DEVICE, NOW, EMPTY, timedelta(seconds=whole))
    keys = [problem.key for problem in verdict.problems]
    assert keys == ([] if fits else ["duration_out_of_range"])


def test_problem_texts_are_filled() -> None:
    """The gaps of the texts are the figures that matter."""
    short = check(rule(duration=MINUTE), DEVICE, NOW, EMPTY)
    assert short.problems == (
        Problem(
            "duration_out_of_range",
            {"duration": MINUTE, "min": 2 * MINUTE, "max": 300 * MINUTE},
        ),
    )
    strong = check(rule(power_w=9000), DEVICE, NOW, EMPTY)
    assert strong.problems == (
        Problem("power_above_limit", {"power": "9000", "max": "4600"}),
    )


@pytest.mark.parametrize(
    ("details", "effective", "adjustments"),
    [
        ({"power_w": None}, {"power_w": 4600}, [("power_maximum", "", "4600")]),
        ({"power_w": 9000}, {"power_w": 4600}, [("battery_limit", "9000", "4600")]),
        (
            {"action": Action.IDLE, "power_w": None},
            {},
            [("approximate", "idle", "idle_is_hold")],
        ),
        (
            {"start": NOW - timedelta(seconds=59)},
            {"start": NOW},
            [],
        ),
        ({"target_soc": 80}, {}, [("target_emulated", "80", "")]),
        (
            {"recurrence": DAILY, "start": NOW - HOUR},
            {},
            [("recurrence_emulated", "FREQ=DAILY", "")],
        ),
        (
            {"start": NOW - START_GRACE},
            {"start": NOW},
            [("start_now", "2026-11-20T11:55:30+00:00", "2026-11-20T12:00:30+00:00")],
        ),
    ],
)
def test_each_adjustment(
    details: dict[str, Any],
    effective: dict[str, Any],
    adjustments: list[tuple[str, str, str]],
) -> None:
    """What is changed is told; with `nearest` the rule passes."""
    asked = rule(**details, inexact=Inexact.NEAREST)
    verdict = check(asked, DEVICE, NOW, EMPTY)
    assert verdict.problems == ()
    assert verdict.effective == replace(asked, **effective)
    assert verdict.adjustments == tuple(Adjustment(*told) for told in adjustments)


@pytest.mark.parametrize(
    ("power_w", "held", "problem"),
    [
        (99, 100, "power_below_limit"),
        (100, 100, None),
        (105, 100, "power_between_steps"),
        (800, 800, None),
    ],
)
def test_powers_from_below(power_w: int, held: int, problem: str | None) -> None:
    """What the device does not take is refused, or told to be another."""
    how = ActionSupport(Support.NATIVE, None, 800, min_power_w=100, power_step_w=10)
    device = Capabilities(actions={Action.DISCHARGE: how})
    asked = rule(action=Action.DISCHARGE, power_w=power_w, inexact=Inexact.REJECT)
    keys = [it.key for it in fit(asked, device).problems]
    assert keys == ([problem] if problem else [])
    verdict = fit(replace(asked, inexact=Inexact.NEAREST), device)
    assert verdict.effective.power_w == held
    assert [it.code for it in verdict.adjustments] == ["power_step"] * bool(problem)
    assert how.as_dict()["min_power_w"] == 100


@pytest.mark.parametrize(
    ("action", "target", "stops_at", "told"),
    [
        (Action.EXPORT, None, 30, None),
        (Action.EXPORT, 20, 30, 30),
        (Action.EXPORT, 30, 30, None),
        (Action.EXPORT, 45, 45, None),
        (Action.CHARGE, 20, 20, None),
        (Action.CHARGE, None, None, None),
    ],
)
def test_floor_of_discharging(
    action: Action, target: int | None, stops_at: int | None, told: int | None
) -> None:
    """Where the device itself stops, it does so at the owner's floor at the latest."""
    powered = ActionSupport(Support.NATIVE, None, 4600)
    able = replace(
        DEVICE,
        actions={Action.CHARGE: powered, Action.EXPORT: powered},
        target_soc=Support.NATIVE,
        floor_soc=30,
    )
    assert able.stops_at(action, target) == stops_at
    asked = rule(action=action, target_soc=target)
    verdict = check(asked, able, NOW, EMPTY)
    assert not verdict.problems
    assert verdict.effective.target_soc == (told or target)
    assert verdict.adjustments == (
        (Adjustment("target_at_floor", str(target), str(told)),) if told else ()
    )


@pytest.mark.parametrize(
    ("planned", "key"),
    [
        (item(-HOUR, timedelta(seconds=31)), "overlap_foreign"),
        (item(HOUR, 2 * HOUR), "overlap_foreign"),
        (item(HOUR, 2 * HOUR, owner=Owner.OWN, rule_id="old"), "overlap_foreign"),
        (item(HOUR, 2 * HOUR, owner=Owner.NETWORK), "overlap_network"),
        (item(HOUR + timedelta(seconds=30), 2 * HOUR), None),
        (item(-HOUR, timedelta(seconds=30)), None),
    ],
)
@pytest.mark.parametrize("inexact", Inexact)
def test_overlap(planned: ScheduleItem, key: str | None, inexact: Inexact) -> None:
    """No minute has two one-shot owners, whatever inexactness is allowed."""
    found = problems_of(rule(inexact=inexact), Programme((planned,)))
    assert found == ([key] if key else [])


def test_recurring_rule_goes_around_others() -> None:
    """Its start may have been long ago; what others planned does not refuse it."""
    asked = rule(recurrence=DAILY, start=NOW - 100 * HOUR)
    planned = Programme((item(-100 * HOUR, 100 * HOUR),))
    assert problems_of(asked, planned) == []


def test_overlap_after_the_start_was_moved() -> None:
    """A start of the last minutes moves to now, and its end with it."""
    planned = item(HOUR - MINUTE, 2 * HOUR)
    late = rule(start=NOW - 2 * MINUTE)
    assert problems_of(late, Programme((planned,))) == ["overlap_foreign"]


def test_recurring_window_is_only_told() -> None:
    """A one-shot goes before a recurring window; the user hears of it."""
    weekly = WeeklyWindow(
        action=Action.CHARGE,
        vendor_mode="ChargeBattery",
        start=time(12, 30),
        duration=HOUR,
        weekdays=frozenset({4}),
        zone=UTC,
    )
    verdict = check(rule(), DEVICE, NOW, Programme(recurring=(weekly,)))
    assert verdict.problems == ()
    assert verdict.adjustments == (
        Adjustment("recurring_overlap", "charge", "ChargeBattery"),
    )


@pytest.mark.parametrize("inexact", Inexact)
def test_how_much_is_accepted(inexact: Inexact) -> None:
    """By itself, in its place, near to it: each accepts what the one before does."""
    native, emulated, near = (
        problems_of(rule(inexact=inexact, **details))
        for details in (
            {},
            {"target_soc": 80, "recurrence": DAILY},
            {"action": Action.IDLE, "power_w": None},
        )
    )
    assert not native
    assert bool(emulated) is (inexact is Inexact.REJECT)
    assert bool(near) is (inexact is not Inexact.NEAREST)


def test_what_the_device_does_itself() -> None:
    """Nothing is emulated then, so nothing is told."""
    able = replace(DEVICE, target_soc=Support.NATIVE, recurrence=Support.NATIVE)
    asked = rule(target_soc=80, recurrence=DAILY, inexact=Inexact.REJECT)
    verdict = check(asked, able, NOW, EMPTY)
    assert verdict.problems == verdict.adjustments == ()


def test_emulation_is_the_default() -> None:
    """Nobody has to allow what makes no difference while we run."""
    assert rule().inexact is Inexact.EMULATE


def test_caps_that_are_none() -> None:
    """What the cloud takes for no limit is left out; one has to remain."""
    able = replace(DEVICE, no_limit=10000, takes_notes=False)
    caps = Limits(max_export_w=500, max_import_w=10000)
    asked = rule(action=Action.LIMIT, power_w=None, limits=caps, note="x")
    verdict = check(asked, able, NOW, EMPTY)
    assert verdict.effective.limits == Limits(max_export_w=500)
    assert verdict.adjustments == (
        Adjustment("cap_is_none", "max_import_w: 10000", ""),
        Adjustment("note_not_kept", "x", ""),
    )
    none_left = replace(asked, limits=Limits(max_import_w=10000))
    (problem,) = check(none_left, able, NOW, EMPTY).problems
    assert problem.key == "limits_mismatch"


def test_lead_time() -> None:
    """Where a cloud refuses starts of the past, now is a little later."""
    able = replace(DEVICE, lead_time=timedelta(seconds=5))
    verdict = check(rule(start=NOW), able, NOW, EMPTY)
    assert verdict.effective.start == NOW + timedelta(seconds=6)
    assert verdict.adjustments == ()


def test_fit_is_for_any_time() -> None:
    """What a device can do does not depend on when."""
    old = rule(start=NOW - 1000 * HOUR, duration=MINUTE, power_w=None)
    verdict = fit(old, DEVICE)
    assert verdict.effective == replace(old, power_w=4600)
    assert not verdict.problems
    assert fit(rule(power_w=9000), DEVICE).problems[0].key == "power_above_limit"


minutes = st.integers(-6, 300).map(lambda count: count * MINUTE)
limits = st.builds(Limits, max_export_w=st.integers(0, 9999))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Draw a rule whose details mostly belong to its action."""
    action = draw(st.sampled_from(Action))
    power = st.none() | st.integers(-10, 8000)
    return Rule(
        id="new",
        action=action,
        start=NOW + draw(minutes) + timedelta(seconds=draw(st.integers(0, 59))),
        duration=draw(st.integers(1, 300)) * MINUTE,
        power_w=draw(power if action in POWERED_ACTIONS else st.none()),
        limits=draw(limits if action is Action.LIMIT else st.none()),
        inexact=draw(st.sampled_from(Inexact)),
    )


items = st.lists(
    st.builds(
        lambda start, length: item(start, start + length),
        minutes,
        st.integers(1, 90).map(lambda count: count * MINUTE),
    ),
    max_size=2,
)
how_supported = st.builds(
    ActionSupport,
    st.sampled_from(
        [Support.NATIVE, Support.NATIVE, Support.APPROXIMATE, Support.NONE]
    ),
    st.none() | st.just("reason"),
    st.none() | st.integers(0, 10000),
)
longest = st.integers(2, 6).map(lambda count: count * HOUR)


@settings(
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(rules(), how_supported, longest, items)
def test_what_passes_is_within_all_bounds(
    asked: Rule, how: ActionSupport, longest: timedelta, planned: list[ScheduleItem]
) -> None:
    """Never above a limit, in the past, over another item, or an unknown action."""
    device = Capabilities(actions={asked.action: how}, max_duration=longest)
    verdict = check(asked, device, NOW, Programme(tuple(planned)))
    assume(not verdict.problems)
    sent = verdict.effective
    assert (sent.id, sent.action, sent.duration) == (
        asked.id,
        asked.action,
        asked.duration,
    )
    near = how.support is Support.APPROXIMATE
    assert not near or asked.inexact is Inexact.NEAREST
    assert how.support is not Support.NONE
    assert fit(sent, device).effective == sent
    assert sent.start >= NOW.replace(microsecond=0)
    assert sent.start == asked.start or NOW - asked.start <= START_GRACE
    assert device.min_duration <= sent.duration <= device.max_duration
    assert not any(one.overlaps(sent.start, sent.end) for one in planned)
    if sent.action in POWERED_ACTIONS:
        assert sent.power_w is not None
        assert how.max_power_w is not None
        assert 0 < sent.power_w <= how.max_power_w
        assert sent.power_w == asked.power_w or verdict.adjustments
    else:
        assert sent.power_w is None
    assert (sent.action is Action.LIMIT) == (sent.limits is not None)
