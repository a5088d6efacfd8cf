"""What an owner changes of his plan from here (dossier 2.6 to 2.8).

An edit gets the whole plan and returns it changed. Several of them may follow each
other: what they come to is looked at once, at the end, so that a start may pass an end
that is about to move too.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Final

from ...core.errors import InvalidRequest
from ...core.schedule import DAY
from ..base import PlanEdit
from .periodic import CYCLE_DAILY, LEAST_PERCENT, Period, PeriodicSchedule
from .plan import Plan, are_apart, is_placeholder
from .settings import (
    ALL_DAYS,
    GRANULARITY_MIN,
    UNUSED,
    ChargeSettings,
    DischargeSettings,
    TimeWindow,
    check_apart,
    sent_percent,
)

type Settings = ChargeSettings | DischargeSettings
type Edge = Callable[[TimeWindow, time], TimeWindow]
"""Moves the start, or the end, of a window."""

_NEW: Final = Period(window=UNUSED, power_w=None, limit_soc=None)
"""A period that is about to get its times."""
_GONE: Final = Period(window=None, power_w=None, limit_soc=None)
"""In the place of a period that is deleted, until all edits are made."""


def start_at(window: TimeWindow, at: time) -> TimeWindow:
    """Move a start."""
    return replace(window, start=at)


def end_at(window: TimeWindow, at: time) -> TimeWindow:
    """Move an end."""
    return replace(window, end=at)


# -- the daily stores --------------------------------------------------------------


def store_of(plan: Plan, *, charges: bool) -> Settings:
    """Return one of the daily stores; LookupError where they do not govern."""
    store = plan.charge if charges else plan.discharge
    if store is None:
        raise LookupError("daily")
    return store


def enabling(*, charges: bool, on: bool) -> PlanEdit:
    """Return what switches the windows of a daily store."""
    return _of_store(charges, lambda store: replace(store, enabled=on))


def limiting(percent: float, *, charges: bool) -> PlanEdit:
    """Return what sets the percentage of a daily store.

    InvalidRequest `percent_out_of_range`.
    """
    share = sent_percent(percent, 0)

    def limit(store: Settings) -> Settings:
        if isinstance(store, ChargeSettings):
            return replace(store, target_soc=share)
        return replace(store, floor_soc=share)

    return _of_store(charges, limit)


def moving_slot(index: int, edge: Edge, at: time | None, *, charges: bool) -> PlanEdit:
    """Return what moves an edge of a slot, or empties it, of a daily store.

    An empty slot gets the shortest window at that edge, which disturbs least until the
    other edge is moved too. InvalidRequest `off_grid`.
    """
    _check_quarter(at)

    def move(store: Settings) -> Settings:
        slots = list(store.slots)
        before = slots[index] or UNUSED
        if at is None:
            slots[index] = UNUSED
        else:
            slots[index] = edge(_shortest(at) if before == UNUSED else before, at)
        first, second = slots
        return replace(store, slots=(first, second))

    return _of_store(charges, move)


def _shortest(at: time) -> TimeWindow:
    """Return a quarter of an hour before a time, and one after it: both edges."""
    moment = datetime.combine(date.min + DAY, at)
    quarter = timedelta(minutes=GRANULARITY_MIN)
    return TimeWindow((moment - quarter).time(), (moment + quarter).time())


def _of_store(charges: bool, change: Callable[[Settings], Settings]) -> PlanEdit:
    def edit(plan: Plan) -> Plan:
        try:
            store = change(store_of(plan, charges=charges))
        except LookupError:
            raise _changed() from None
        if isinstance(store, ChargeSettings):
            return replace(plan, charge=store)
        return replace(plan, discharge=store)

    return edit


# -- the periodic schedule ---------------------------------------------------------


def periods_of(plan: Plan, *, charges: bool) -> tuple[Period, ...]:
    """Return the periods of a direction, without what only fills an empty list.

    LookupError where the periodic schedule does not govern.
    """
    if plan.periodic is None:
        raise LookupError("periodic")
    periods = plan.periodic.charge if charges else plan.periodic.discharge
    return tuple(item for item in periods if not is_placeholder(item, charges))


def moving_period(
    plan: Plan, index: int, edge: Edge, at: time | None, *, charges: bool
) -> PlanEdit:
    """Return what moves an edge of a period that is as in a plan, or deletes it.

    InvalidRequest `off_grid`.
    """
    _check_quarter(at)

    def move(period: Period) -> Period:
        if at is None:
            return _GONE
        return replace(period, window=edge(period.window or UNUSED, at))

    return _of_period(plan, index, move, charges=charges)


def powering(plan: Plan, index: int, power_w: float, *, charges: bool) -> PlanEdit:
    """Return what sets the power of a period that is as in a plan, W."""
    return _of_period(
        plan,
        index,
        lambda period: replace(period, power_w=round(power_w)),
        charges=charges,
    )


def limiting_period(
    plan: Plan, index: int, percent: float, *, charges: bool
) -> PlanEdit:
    """Return what sets where a period that is as in a plan stops.

    InvalidRequest `percent_out_of_range`.
    """
    share = sent_percent(percent, LEAST_PERCENT)
    return _of_period(
        plan, index, lambda period: replace(period, limit_soc=share), charges=charges
    )


def _of_period(
    seen: Plan, index: int, change: Callable[[Period], Period], *, charges: bool
) -> PlanEdit:
    """Return an edit of the period that was seen at an index, or of a new one there."""
    before = _nth(seen, index, charges)

    def edit(plan: Plan) -> Plan:
        if plan.periodic is None or _nth(plan, index, charges) != before:
            raise _changed()
        periods = [*periods_of(plan, charges=charges), _NEW]
        periods[index] = change(periods[index])
        kept = tuple(item for item in periods if item is not _NEW)
        schedule = plan.periodic
        if charges:
            return replace(plan, periodic=replace(schedule, charge=kept))
        return replace(plan, periodic=replace(schedule, discharge=kept))

    return edit


def _nth(plan: Plan, index: int, charges: bool) -> Period | None:
    """Return a period, None for the first one that there is not."""
    try:
        periods = periods_of(plan, charges=charges)
    except LookupError:
        raise _changed() from None
    if index > len(periods):
        raise InvalidRequest("there is no such period", reason="period_missing")
    return periods[index] if index < len(periods) else None


# -- what it comes to --------------------------------------------------------------


def edited(plan: Plan, edit: PlanEdit) -> Plan:
    """Return an owner's plan with an edit, as it can be kept.

    InvalidRequest of the edit, and `over_midnight`, `overlap`, `window_empty` or
    `period_incomplete` for what it comes to; what it leaves alone is not looked at.
    """
    changed: Plan = edit(plan)
    if changed.periodic is not None and plan.periodic is not None:
        return replace(changed, periodic=_checked(changed.periodic, plan.periodic))
    if changed.charge is None or changed.discharge is None:
        return changed
    charge = replace(changed.charge, slots=_slots(changed.charge, plan.charge))
    discharge = replace(
        changed.discharge, slots=_slots(changed.discharge, plan.discharge)
    )
    if are_apart(plan.charge, plan.discharge):
        check_apart(charge, discharge)
    return replace(changed, charge=charge, discharge=discharge)


def _checked(schedule: PeriodicSchedule, before: PeriodicSchedule) -> PeriodicSchedule:
    weekdays = None if schedule.cycle == CYCLE_DAILY else ALL_DAYS
    charge, discharge = (
        tuple(
            item if item in known else _complete(item, weekdays)
            for item in periods
            if item != _GONE and not is_placeholder(item, charges)
        )
        for charges, periods, known in (
            (True, schedule.charge, before.charge),
            (False, schedule.discharge, before.discharge),
        )
    )
    return replace(schedule, charge=charge, discharge=discharge)


def _complete(period: Period, weekdays: frozenset[int] | None) -> Period:
    """Return a period that is new, or was changed, with its days."""
    window = period.window
    if window is None or period.power_w is None or period.limit_soc is None:
        raise InvalidRequest(
            "a part of a period is missing", reason="period_incomplete"
        )
    if window.unused:
        raise InvalidRequest("a period has no length", reason="window_empty")
    _check_day(window)
    if period.weekdays is None:
        return replace(period, weekdays=weekdays)
    return period


def _slots(
    store: Settings, before: Settings | None
) -> tuple[TimeWindow | None, TimeWindow | None]:
    """Return slots that were edited; equal times empty a slot."""
    known = () if before is None else before.slots
    slots: list[TimeWindow | None] = []
    for slot in store.slots:
        if slot is None or slot in known:
            slots.append(slot)
            continue
        _check_day(slot)
        slots.append(UNUSED if slot.unused else slot)
    first, second = slots
    return first, second


def _check_quarter(at: time | None) -> None:
    if at is not None:
        TimeWindow(at, at).texts()


def _check_day(window: TimeWindow) -> None:
    if window.over_midnight:
        raise InvalidRequest("a window is over midnight", reason="over_midnight")


def _changed() -> InvalidRequest:
    return InvalidRequest("the plan is another one by now", reason="plan_changed")
