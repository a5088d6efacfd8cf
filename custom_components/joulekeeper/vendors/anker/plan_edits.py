"""What an owner changes of his plan from here (dossier 5.3 to 5.5).

An edit gets the whole plan and returns it changed. Times of a day are minutes since
midnight by the banks' wall clock, 1440 for its end; days of the week count from Sunday,
which is 0. What makes no sense raises `InvalidRequest` with a reason.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ...core.errors import InvalidRequest
from ..base import PlanEdit
from . import profile_edits, rate_edits as rates
from .day import DAY_MINUTES, minute_of, weekday_of
from .plan import SitePlan
from .profile import Profile
from .profile_edits import SlotChange
from .rate_edits import RangeChange
from .rate_plan import Plan, RatePlan
from .status import UsageMode
from .tariff_edits import TariffChange, modified

_LAST_MINUTE: int = DAY_MINUTES - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRequest:
    """A slot as an action asks for it; None leaves a thing as it is.

    `days` and `plan` are for rate plans, `bank_w` with its `serial`, `lets_out`,
    `charge_priority` and `discharges_first` for day profiles. Without `days` those are
    meant that share the plan of today.
    """

    start: int
    end: int
    power_w: float | None = None
    bank_w: float | None = None
    serial: str | None = field(default=None, repr=False)
    lets_out: bool | None = None
    charge_priority: float | None = None
    discharges_first: bool | None = None
    charges: bool | None = None
    plan: Plan | None = None
    days: frozenset[int] = frozenset()

    @property
    def until(self) -> int:
        """Its end; 23:59 stands for midnight."""
        midnight = self.start < self.end == _LAST_MINUTE
        return DAY_MINUTES if midnight else self.end

    @property
    def of_profile(self) -> SlotChange:
        """What a slot of a day profile is to have."""
        if self.plan is not None or self.days or self.charges is not None:
            raise InvalidRequest("a day profile has none", reason="no_rate_plan")
        return SlotChange(
            system_w=self.power_w,
            bank_w=self.bank_w,
            serial=self.serial,
            lets_out=self.lets_out,
            charge_priority=self.charge_priority,
            discharges_first=self.discharges_first,
        )

    @property
    def of_rate_plan(self) -> RangeChange:
        """What a range of a rate plan is to have."""
        others = (
            self.bank_w,
            self.lets_out,
            self.charge_priority,
            self.discharges_first,
        )
        if any(value is not None for value in others):
            raise InvalidRequest("a rate plan has none", reason="no_day_profile")
        return RangeChange(power_w=self.power_w, charges=self.charges)


# -- what holds now ----------------------------------------------------------------


def presetting(watts: float, now: datetime) -> PlanEdit:
    """Return what sets the output that the plan asks for now, W."""
    return _now(
        now, SlotChange(system_w=watts), RangeChange(power_w=watts, charges=False)
    )


def presetting_bank(serial: str, watts: float, now: datetime) -> PlanEdit:
    """Return what sets the output of one of several banks now, W."""
    return _now(now, SlotChange(bank_w=watts, serial=serial))


def letting_out(on: bool, now: datetime) -> PlanEdit:
    """Return what allows output now, or does not."""
    return _now(now, SlotChange(lets_out=on))


def prioritizing_charge(percent: float, now: datetime) -> PlanEdit:
    """Return what sets up to which percentage charging goes first now."""
    return _now(now, SlotChange(charge_priority=percent))


def discharging_first(on: bool, now: datetime) -> PlanEdit:
    """Return what lets discharging go first now, or not."""
    return _now(now, SlotChange(discharges_first=on))


def charging_now(charges: bool, now: datetime) -> PlanEdit:
    """Return what has the range of now charge from the grid, or supply the house."""
    return _now(now, None, RangeChange(charges=charges))


def _now(
    now: datetime, slot: SlotChange | None, span: RangeChange | None = None
) -> PlanEdit:
    def edit(plan: SitePlan) -> SitePlan:
        minute = minute_of(now, plan.zone)
        if plan.profile is not None and slot is not None:
            changed = profile_edits.changing_current(plan.profile, minute, slot)
            return replace(plan, profile=changed)
        if plan.rate_plan is not None and span is not None:
            rate_plan = plan.rate_plan
            weekday = weekday_of(now, plan.zone)
            which = rate_plan.current_plan
            return replace(
                plan,
                rate_plan=rates.changing_current(
                    rate_plan, which, weekday, minute, span
                ),
            )
        raise _not_in_plan()

    return edit


# -- slots and ranges of any time --------------------------------------------------


def setting_slot(request: SlotRequest, now: datetime) -> PlanEdit:
    """Return what puts one slot in the place of all, on the days that are meant."""
    return _slots(
        lambda it: profile_edits.setting(
            it, request.start, request.until, request.of_profile
        ),
        lambda it, which, days: rates.setting(
            it, which, days, request.start, request.until, request.of_rate_plan
        ),
        request.plan,
        request.days,
        now,
    )


def updating_slot(request: SlotRequest, now: datetime) -> PlanEdit:
    """Return what puts a slot in, in the place of what was there."""
    return _slots(
        lambda it: profile_edits.inserting(
            it, request.start, request.until, request.of_profile
        ),
        lambda it, which, days: rates.inserting(
            it, which, days, request.start, request.until, request.of_rate_plan
        ),
        request.plan,
        request.days,
        now,
    )


def clearing_slots(
    plan: Plan | None = None, days: Collection[int] = frozenset()
) -> PlanEdit:
    """Return what takes all slots out, or those of some days."""

    def edit(site: SitePlan) -> SitePlan:
        if site.profile is not None:
            if plan is not None or days:
                raise InvalidRequest("a day profile has none", reason="no_rate_plan")
            return replace(site, profile=profile_edits.cleared(site.profile))
        if site.rate_plan is not None:
            which = plan or site.rate_plan.current_plan
            changed = rates.cleared(site.rate_plan, which, days)
            return replace(site, rate_plan=changed)
        raise _not_in_plan()

    return edit


def _slots(
    of_profile: Callable[[Profile], Profile],
    of_rate_plan: Callable[[RatePlan, Plan, frozenset[int]], RatePlan],
    plan: Plan | None,
    days: frozenset[int],
    now: datetime,
) -> PlanEdit:
    def edit(site: SitePlan) -> SitePlan:
        if site.profile is not None:
            return replace(site, profile=of_profile(site.profile))
        if site.rate_plan is not None:
            which = plan or site.rate_plan.current_plan
            today = weekday_of(now, site.zone)
            meant = days or rates.days_for(site.rate_plan, which, today)
            changed = of_rate_plan(site.rate_plan, which, meant)
            return replace(site, rate_plan=changed)
        raise _not_in_plan()

    return edit


# -- all else ----------------------------------------------------------------------


def choosing_mode(mode: UsageMode) -> PlanEdit:
    """Return what sets the usage mode; InvalidRequest `mode_not_offered`."""

    def edit(site: SitePlan) -> SitePlan:
        if site.rate_plan is None:
            raise _not_in_plan()
        if mode not in site.mode_options:
            raise InvalidRequest("the site lacks a part", reason="mode_not_offered")
        return replace(site, rate_plan=site.rate_plan.with_mode(mode))

    return edit


def backing_up(
    now: datetime,
    *,
    on: bool | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    duration: timedelta | None = None,
) -> PlanEdit:
    """Return what changes the backup charge; what is not told stays."""

    def edit(site: SitePlan) -> SitePlan:
        if site.rate_plan is None or not site.charges_from_grid:
            raise InvalidRequest("no charging from the grid", reason="no_grid_charge")
        changed = rates.backed_up(
            site.rate_plan, now, on=on, start=start, end=end, duration=duration
        )
        return replace(site, rate_plan=changed)

    return edit


def modifying_use_time(change: TariffChange, now: datetime) -> PlanEdit:
    """Return what changes the times of use."""

    def edit(site: SitePlan) -> SitePlan:
        if site.rate_plan is None or not site.charges_from_grid:
            raise InvalidRequest("no times of use", reason="no_use_time")
        local = now.astimezone(site.zone)
        changed = modified(site.rate_plan.use_time, change, local)
        if not changed and site.rate_plan.mode == UsageMode.USE_TIME:
            raise InvalidRequest("the mode goes by them", reason="use_time_in_use")
        return replace(site, rate_plan=site.rate_plan.with_use_time(changed))

    return edit


def edited(plan: SitePlan, edit: PlanEdit) -> SitePlan:
    """Return an owner's plan with an edit of his.

    InvalidRequest of the edit, and `settings_unknown` for a plan that is not understood.
    """
    profile, rate_plan = plan.profile, plan.rate_plan
    if profile is not None and profile.slots is None:
        raise InvalidRequest("a slot is not understood", reason="settings_unknown")
    if rate_plan is not None and not rate_plan.understood:
        raise InvalidRequest("a range is not understood", reason="settings_unknown")
    changed: SitePlan = edit(plan)
    return changed


def _not_in_plan() -> InvalidRequest:
    return InvalidRequest("the plan has no such thing", reason="not_in_plan")
