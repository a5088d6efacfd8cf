"""What a site's plan can express, and how what is in it looks to the user."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.core.capabilities import HORIZON, Support
from custom_components.joulekeeper.core.schedule import Action
from custom_components.joulekeeper.vendors.anker.plan import (
    Bank,
    NoPlan,
    SitePlan,
    plan_type,
)
from custom_components.joulekeeper.vendors.anker.schedule import (
    capabilities,
    foreign_backup,
    windows,
)

from .plans import (
    BERLIN,
    LEFT,
    RIGHT,
    SYSTEM_A,
    SYSTEM_B,
    SYSTEM_C,
    profile,
    profile_raw,
    rate_plan,
    rate_raw,
    slot,
    span,
    week_item,
)

NOW = datetime(2026, 11, 20, 11, tzinfo=UTC)  # a Friday, noon in Berlin
A = profile(*SYSTEM_A)
C = rate_plan(*SYSTEM_C)
BANKS = (Bank("FAKE1", "A17C0"),)
ENFORCED = slot(
    "00:00", "24:00", 120, turn_on=None, power_setting_mode=None, charge_priority=0
)
TYPED = week_item(0, [5], span("00:00", "24:00", 100, charging_type=0))


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (None, "plan_not_read"),
        (replace(A, profile=None, missing=NoPlan.MEMBER), "member_account"),
        (SitePlan.parse(profile_raw(), (), BERLIN), "no_battery"),
        (SitePlan.parse(None, BANKS, BERLIN), "no_schedule_api"),
        (profile(ENFORCED), "ruled_by_another_bank"),
        (profile({**SYSTEM_A[0], "end_time": "late"}), "plan_not_understood"),
        (rate_plan({"week": "all"}), "plan_not_understood"),
        (rate_plan(*SYSTEM_C, mode=0), "usage_mode_not_set"),
    ],
)
def test_who_cannot_be_controlled(plan: SitePlan | None, why: str) -> None:
    """And why."""
    able = capabilities(plan)
    assert not able.controllable
    assert able.unsupported_reason == why


def test_day_profile() -> None:
    """Only output, and no output comes near to a hold."""
    able = capabilities(A)
    assert able.support(Action.DISCHARGE).max_power_w == 800
    assert able.support(Action.HOLD).support is Support.APPROXIMATE
    supported = {action for action in Action if able.supports(action)}
    assert supported == {Action.DISCHARGE, Action.HOLD}
    assert able.lays_ahead is not None
    assert able.lays_ahead < timedelta(minutes=30)
    assert not able.returns_by_itself
    assert able.zone == "Europe/Berlin"
    both = capabilities(profile(*SYSTEM_B, serials=(LEFT, RIGHT)))
    assert both.max_power_w == 1600
    assert not capabilities(A, cascaded=True).controllable


@pytest.mark.parametrize(
    ("plan", "charge", "takes_power", "hold"),
    [
        (C, Support.NONE, True, True),
        (rate_plan(*SYSTEM_C, product="A17C2"), Support.NATIVE, False, True),
        (rate_plan(TYPED, product="A17C5"), Support.NATIVE, True, True),
        # A plan without a bank that takes anything from the grid.
        (rate_plan(TYPED), Support.NONE, True, True),
        (rate_plan(*SYSTEM_C, min_load=100), Support.NONE, True, False),
    ],
)
def test_rate_plan(
    plan: SitePlan, charge: Support, takes_power: bool, hold: bool
) -> None:
    """Charging by what the bank is, and what the plan shows."""
    able = capabilities(plan)
    assert able.support(Action.CHARGE).support is charge
    assert able.support(Action.CHARGE).takes_power is takes_power
    assert able.supports(Action.HOLD) is hold
    assert able.supports(Action.DISCHARGE)
    assert able.lays_ahead == HORIZON


def test_another_mode_is_left_late() -> None:
    """Its manual plan would rule from then on."""
    able = capabilities(rate_plan(*SYSTEM_C, mode=7))
    assert able.lays_ahead is not None
    assert able.lays_ahead <= timedelta(minutes=1)


@pytest.mark.parametrize(
    ("products", "kind"),
    [((), None), (("A17C0",) * 2, "4"), (("A17C1",), "6"), (("A17C1", "A17C0"), "6")],
)
def test_which_plan_rules(products: tuple[str, ...], kind: str | None) -> None:
    """Behind a later bank the first ones are ruled by its plan."""
    assert plan_type(Bank("", product) for product in products) == kind


def shown(plan: SitePlan) -> list[tuple[Any, ...]]:
    """Return the windows of a plan in short; Monday is 0."""
    return [
        (it.action, it.power_w, it.start, it.duration, sorted(it.weekdays))
        for it in windows(plan, ())
    ]


def test_windows() -> None:
    """Of what is in force; other modes have none."""
    hours = [timedelta(hours=it) for it in (7, 8, 16, 17, 24)]
    every = list(range(7))
    off = profile({**SYSTEM_A[0], "turn_on": False}, SYSTEM_A[1])
    assert shown(off) == [
        (Action.HOLD, None, time(0), hours[1], every),
        (Action.DISCHARGE, 300, time(8), hours[2], every),
    ]
    found = shown(C)
    assert found[0] == (Action.DISCHARGE, 150, time(0), hours[4], [6])
    assert found[1] == (Action.DISCHARGE, 100, time(0), hours[0], [0])
    assert found[2] == (Action.DISCHARGE, 250, time(7), hours[3], [0])
    assert len(found) == 12
    assert shown(rate_plan(*SYSTEM_C, mode=1)) == []
    charging = week_item(0, [5], span("00:00", "24:00", 100, charging_type=1))
    assert shown(rate_plan(charging)) == [(Action.CHARGE, 100, time(0), hours[4], [4])]


def test_backup_of_the_owner() -> None:
    """It is one shot that nobody else may overlap."""
    start = round(NOW.timestamp())
    spans = [{"start_time": start, "end_time": start + 3600}]
    for on in (True, False):
        backup = {"ranges": spans, "switch": on}
        plan = rate_plan(*SYSTEM_C, manual_backup=backup)
        item = foreign_backup(plan, ())
        assert (item is not None) is on
        if item is not None:
            assert (item.start, item.end) == (NOW, NOW + timedelta(hours=1))
            assert item.action is Action.CHARGE


def test_next_change() -> None:
    """An edge of the plan, at midnight at the latest, or of the backup charge."""
    assert A.next_change(NOW) == NOW.replace(hour=23)
    morning = NOW.replace(hour=5)
    assert A.next_change(morning) == NOW.replace(hour=7)
    assert C.next_change(morning) == NOW.replace(hour=6)
    start = round(NOW.timestamp()) + 60
    spans = [{"start_time": start, "end_time": start + 3600}]
    plan = rate_plan(*SYSTEM_C, manual_backup={"ranges": spans, "switch": True})
    assert plan.next_change(NOW) == NOW + timedelta(minutes=1)
    assert SitePlan.parse(None, BANKS, BERLIN).next_change(NOW) is None


def test_plan_of_a_first_bank_on_another_site() -> None:
    """Such an object is not taken for a rate plan, and there is no mode in it."""
    raw = rate_raw(mode=0, max_load=0, step=0, default_home_load=0)
    plan = SitePlan.parse(raw, (Bank("", "A17C1"),), BERLIN)
    assert plan.rate_plan is not None
    assert (plan.rate_plan.most_w, plan.rate_plan.step_w) == (800, 1)


@pytest.mark.parametrize(
    ("product", "charges"),
    [("A17C1", False), ("A17C2", True), ("A17C3", False), ("A17C5", True), ("X", True)],
)
def test_who_charges_from_the_grid(product: str, charges: bool) -> None:
    """Not each that holds a backup charge; one that nobody knows may be asked."""
    spans = [{"start_time": 1780000000, "end_time": 1780010800}]
    backup = {"ranges": spans, "switch": False}
    plan = rate_plan(*SYSTEM_C, product=product, manual_backup=backup)
    assert plan.charges_from_grid is charges
    told = capabilities(plan).actions[Action.CHARGE].support
    assert told is (Support.NATIVE if charges else Support.NONE)
    assert not rate_plan(*SYSTEM_C, product="X").charges_from_grid


def test_powers_that_a_bank_takes() -> None:
    """From the least on, in steps, to the limit that its owner has chosen."""
    first = capabilities(A).actions[Action.DISCHARGE]
    assert (first.min_power_w, first.max_power_w, first.power_step_w) == (100, 800, 1)
    raw = rate_raw(*SYSTEM_C, max_load=600)
    banks = (Bank("", "A17C5"),)
    plan = SitePlan.parse(raw, banks, BERLIN, chosen_w=805, legal_w=2500)
    later = capabilities(plan).actions[Action.DISCHARGE]
    assert (later.min_power_w, later.max_power_w, later.power_step_w) == (10, 800, 10)
    assert plan.grid_charge_w == 805
    limited = SitePlan.parse(raw, banks, BERLIN, grid_limit_w=1200)
    assert limited.grid_charge_w == 1200
