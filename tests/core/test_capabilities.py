"""The check of a rule against a device: what is refused, changed, or let through."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import HealthCheck, assume, given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.capabilities import (
    START_GRACE,
    ActionSupport,
    Adjustment,
    Capabilities,
    Inexact,
    Problem,
    Support,
    check,
)
from custom_components.joulekeeper.core.schedule import (
    POWERED_ACTIONS,
    Action,
    Limits,
    Owner,
    Programme,
    Rule,
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


def problems_of(asked: Rule, programme: Programme = EMPTY, **options: Any) -> list[str]:
    """Return the keys of what is wrong with a rule."""
    return [
        problem.key
        for problem in check(asked, DEVICE, NOW, programme, **options).problems
    ]


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


def test_problem_texts_are_filled() -> None:
    """The gaps of the texts are the figures that matter."""
    short = check(rule(duration=MINUTE), DEVICE, NOW, EMPTY)
    assert short.problems == (
        Problem("duration_out_of_range", {"minutes": "1", "min": "2", "max": "300"}),
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
    asked = rule(**details)
    verdict = check(asked, DEVICE, NOW, EMPTY, Inexact.NEAREST)
    assert verdict.problems == ()
    assert verdict.effective == replace(asked, **effective)
    assert verdict.adjustments == tuple(Adjustment(*told) for told in adjustments)


@pytest.mark.parametrize(
    ("planned", "key"),
    [
        (item(-HOUR, timedelta(seconds=31)), "overlap_foreign"),
        (item(HOUR, 2 * HOUR), "overlap_foreign"),
        (item(HOUR, 2 * HOUR, owner=Owner.OWN, rule_id="old"), "overlap"),
        (item(HOUR, 2 * HOUR, owner=Owner.NETWORK), "overlap_network"),
        (item(HOUR + timedelta(seconds=30), 2 * HOUR), None),
        (item(-HOUR, timedelta(seconds=30)), None),
    ],
)
@pytest.mark.parametrize("inexact", Inexact)
def test_overlap(planned: ScheduleItem, key: str | None, inexact: Inexact) -> None:
    """No minute has two one-shot owners, whatever inexactness is allowed."""
    found = problems_of(rule(), Programme((planned,)), inexact=inexact)
    assert found == ([key] if key else [])


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


minutes = st.integers(-6, 300).map(lambda count: count * MINUTE)
limits = st.builds(Limits, max_export_w=st.integers(0, 9999))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Draw a rule whose details mostly belong to its action."""
    action = draw(st.sampled_from(Action))
    power = st.none() | st.integers(-10, 12000)
    return Rule(
        id="new",
        action=action,
        start=NOW + draw(minutes) + timedelta(seconds=draw(st.integers(0, 59))),
        duration=draw(st.integers(0, 400)) * MINUTE,
        power_w=draw(power if action in POWERED_ACTIONS else st.none() | st.just(1)),
        limits=draw(limits if action is Action.LIMIT else st.none()),
    )


items = st.lists(
    st.builds(
        lambda start, length: item(start, start + length),
        minutes,
        st.integers(1, 90).map(lambda count: count * MINUTE),
    ),
    max_size=2,
)
devices = st.builds(
    Capabilities,
    actions=st.dictionaries(
        st.sampled_from(Action),
        st.builds(
            ActionSupport,
            st.sampled_from(Support),
            st.none() | st.just("reason"),
            st.none() | st.integers(0, 10000),
        ),
        min_size=5,
    ),
    max_duration=st.integers(1, 6).map(lambda count: count * HOUR),
)


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
@given(rules(), devices, items, st.sampled_from(Inexact))
def test_what_passes_is_within_all_bounds(
    asked: Rule, device: Capabilities, planned: list[ScheduleItem], inexact: Inexact
) -> None:
    """Never above a limit, in the past, over another item, or an unknown action."""
    verdict = check(asked, device, NOW, Programme(tuple(planned)), inexact)
    assume(not verdict.problems)
    sent = verdict.effective
    how = device.support(sent.action)
    assert (sent.id, sent.action, sent.duration) == (
        asked.id,
        asked.action,
        asked.duration,
    )
    assert how.support is Support.NATIVE or inexact is Inexact.NEAREST
    assert how.support is not Support.NONE
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


def test_description_of_a_device() -> None:
    """What the entities are built from, and what the action returns."""
    assert DEVICE.controllable
    assert DEVICE.takes_power
    assert DEVICE.takes_limits
    assert DEVICE.max_power_w == 4600
    told = DEVICE.as_dict()
    assert set(told["actions"]) == set(Action)
    assert told["actions"]["idle"]["reason"] == "idle_is_hold"
    assert (told["min_duration_min"], told["max_duration_min"]) == (2, 300)

    bare = Capabilities(unsupported_reason="no_battery")
    assert not (bare.controllable or bare.takes_power or bare.takes_limits)
    assert bare.max_power_w == 0
    verdict = check(rule(), bare, NOW, EMPTY)
    assert verdict.problems == (
        Problem("unsupported_no_battery", {"action": "charge"}),
    )
