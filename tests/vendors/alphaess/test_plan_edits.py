"""Edits of an owner's plan: what they change, what they leave, what they refuse."""

from collections.abc import Callable
from dataclasses import replace
from datetime import time
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.errors import InvalidRequest
from custom_components.joulekeeper.vendors.alphaess.periodic import (
    CYCLE_DAILY,
    Period,
    PeriodicSchedule,
)
from custom_components.joulekeeper.vendors.alphaess.plan import Plan
from custom_components.joulekeeper.vendors.alphaess.plan_edits import (
    edited,
    enabling,
    end_at,
    limiting,
    limiting_period,
    moving_period,
    moving_slot,
    powering,
    start_at,
)
from custom_components.joulekeeper.vendors.alphaess.settings import (
    ALL_DAYS,
    UNUSED,
    ChargeSettings,
    DischargeSettings,
    TimeWindow,
)

NIGHT = TimeWindow(time(1), time(5))
EVENING = TimeWindow(time(17), time(21))
DAILY = Plan(
    charge=ChargeSettings(enabled=True, slots=(NIGHT, UNUSED), target_soc=90),
    discharge=DischargeSettings(enabled=True, slots=(EVENING, UNUSED), floor_soc=10),
)
CHARGE = Period(window=NIGHT, weekdays=ALL_DAYS, power_w=5000, limit_soc=90)
DISCHARGE = Period(
    window=EVENING, weekdays=frozenset({0, 1}), power_w=3000, limit_soc=20
)
PLACEHOLDER = Period(
    window=TimeWindow(time(0), time(0, 15)),
    weekdays=ALL_DAYS,
    power_w=50,
    limit_soc=10,
)
PERIODIC = Plan(
    periodic=PeriodicSchedule(
        cycle=1,
        charge_enabled=None,
        discharge_enabled=None,
        charge=(CHARGE,),
        discharge=(DISCHARGE,),
    )
)
OVERNIGHT = TimeWindow(time(22), time(2))

quarters = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))


def charge_of(plan: Plan) -> tuple[Period, ...]:
    """Return the charge periods of a periodic plan."""
    assert plan.periodic is not None
    return plan.periodic.charge


def after(plan: Plan, *edits: Callable[[Any], Any]) -> Plan:
    """Return a plan after edits that are made together."""

    def edit(changed: Any) -> Any:
        for item in edits:
            changed = item(changed)
        return changed

    return edited(plan, edit)


def reason(plan: Plan, *edits: Callable[[Any], Any]) -> str | None:
    """Return why edits are refused."""
    with pytest.raises(InvalidRequest) as error:
        after(plan, *edits)
    return error.value.reason


def test_a_store_keeps_all_else() -> None:
    """One thing changes, the rest of both stores is as it was."""
    assert DAILY.charge is not None
    assert DAILY.discharge is not None
    plan = after(DAILY, limiting(55, charges=True))
    assert plan == replace(DAILY, charge=replace(DAILY.charge, target_soc=55))
    plan = after(DAILY, enabling(charges=False, on=False))
    assert plan == replace(DAILY, discharge=replace(DAILY.discharge, enabled=False))


@given(start=quarters, end=quarters)
def test_both_edges_in_any_order(start: time, end: time) -> None:
    """Together they come to the window that was meant, or to the same refusal."""
    first = moving_slot(1, start_at, start, charges=True)
    second = moving_slot(1, end_at, end, charges=True)
    outcomes = []
    for edits in ((first, second), (second, first)):
        try:
            changed = after(DAILY, *edits).charge
        except InvalidRequest as error:
            outcomes.append(error.reason)
        else:
            assert changed is not None
            outcomes.append(str(changed.slots))
    assert outcomes[0] == outcomes[1]
    if start > end:
        assert outcomes[0] == "over_midnight"


def test_start_may_pass_an_end_that_moves_too() -> None:
    """Only what all edits come to is looked at."""
    start = moving_slot(0, start_at, time(6), charges=True)
    end = moving_slot(0, end_at, time(7), charges=True)
    assert reason(DAILY, start) == "over_midnight"
    changed = after(DAILY, start, end).charge
    assert changed is not None
    assert changed.slots[0] == TimeWindow(time(6), time(7))
    start = moving_slot(0, start_at, time(5), charges=True)
    changed = after(DAILY, start, end).charge
    assert changed is not None
    assert changed.slots[0] == TimeWindow(time(5), time(7))


def test_slots_that_are_left_alone_are_not_looked_at() -> None:
    """A window that the app has made as we would not does no harm to others."""
    assert DAILY.charge is not None
    odd = replace(DAILY, charge=replace(DAILY.charge, slots=(NIGHT, OVERNIGHT)))
    changed = after(odd, moving_slot(0, end_at, time(4), charges=True)).charge
    assert changed is not None
    assert changed.slots == (TimeWindow(time(1), time(4)), OVERNIGHT)
    assert DAILY.discharge is not None
    apart = replace(DAILY.discharge, slots=(TimeWindow(time(4), time(6)), UNUSED))
    overlapping = replace(DAILY, discharge=apart)
    assert after(overlapping, limiting(50, charges=True)).charge is not None


def test_refused_edits() -> None:
    """Each with its reason."""
    with pytest.raises(InvalidRequest) as off_grid:
        moving_slot(0, start_at, time(2, 7), charges=True)
    assert off_grid.value.reason == "off_grid"
    with pytest.raises(InvalidRequest) as percent:
        limiting_period(PERIODIC, 0, 5, charges=True)
    assert percent.value.reason == "percent_out_of_range"
    touching = moving_slot(0, end_at, time(17, 15), charges=True)
    assert reason(DAILY, touching) == "overlap"
    assert reason(PERIODIC, limiting(50, charges=True)) == "plan_changed"
    with pytest.raises(InvalidRequest) as other:
        powering(DAILY, 0, 100, charges=True)
    assert other.value.reason == "plan_changed"
    with pytest.raises(InvalidRequest) as missing:
        powering(PERIODIC, 2, 100, charges=True)
    assert missing.value.reason == "period_missing"
    seen = after(PERIODIC, powering(PERIODIC, 0, 1000, charges=True))
    assert reason(PERIODIC, powering(seen, 0, 2000, charges=True)) == "plan_changed"


def test_placeholder_is_no_period() -> None:
    """What only fills an empty list has no number, and goes when it is not needed."""
    assert PERIODIC.periodic is not None
    plan = Plan(
        periodic=replace(PERIODIC.periodic, charge=(PLACEHOLDER,), cycle=CYCLE_DAILY)
    )
    edits: list[Callable[[Any], Any]] = []
    changed = plan
    for make in (
        lambda seen: moving_period(seen, 0, start_at, time(12), charges=True),
        lambda seen: moving_period(seen, 0, end_at, time(13), charges=True),
        lambda seen: powering(seen, 0, 1200, charges=True),
        lambda seen: limiting_period(seen, 0, 80, charges=True),
    ):
        assert not edits or reason(plan, *edits) == "period_incomplete"
        edits.append(make(changed))
        changed = edits[-1](changed)
    assert charge_of(after(plan, *edits)) == (
        Period(window=TimeWindow(time(12), time(13)), power_w=1200, limit_soc=80),
    )


def test_deleted_period() -> None:
    """The others keep their numbers until all edits are made."""
    assert PERIODIC.periodic is not None
    noon = replace(CHARGE, window=TimeWindow(time(12), time(13)))
    plan = Plan(periodic=replace(PERIODIC.periodic, charge=(CHARGE, noon)))
    gone = moving_period(plan, 0, start_at, None, charges=True)
    seen = gone(plan)
    edits = [gone, moving_period(seen, 0, end_at, None, charges=True)]
    edits.append(powering(plan, 1, 700, charges=True))
    assert charge_of(after(plan, *edits)) == (replace(noon, power_w=700),)
