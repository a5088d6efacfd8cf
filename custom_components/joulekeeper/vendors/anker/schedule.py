"""What the plan of a site can express, and how what is in it looks to the user.

Sources: dossier 5, scheduling notes 2.5.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from ...core.capabilities import HORIZON, ActionSupport, Capabilities, Support
from ...core.schedule import MINUTE, Action, ScheduleItem, WeeklyWindow
from . import day, profile as profiles, week as weeks
from .day import Piece, Pieces
from .lending import STARTS_EARLY
from .marks import Mark
from .plan import NoPlan, SitePlan
from .profile import Profile
from .rate_plan import RatePlan
from .status import UsageMode
from .week import WEEK, day_of

LAYS_AHEAD: Final = timedelta(minutes=10)
"""A slot of a day profile comes again tomorrow if nobody takes it back, so it is lent
late; but not so late that a bank may not have it in time."""
LONGEST_SLOT: Final = timedelta(hours=12)
SHORTEST: Final = timedelta(minutes=5)
"""Later banks take up to six minutes to do what they are told."""
PROFILE_ACTS_WITHIN: Final = timedelta(minutes=4)
ACTS_WITHIN: Final = timedelta(minutes=8)
CONFIRMS_WITHIN: Final = timedelta(minutes=7)
"""A change shows after up to six minutes (dossier 5.2)."""


def capabilities(plan: SitePlan | None, *, cascaded: bool = False) -> Capabilities:
    """Return what a site can express; `cascaded` banks are ruled by others."""
    if plan is None:
        return Capabilities(unsupported_reason="plan_not_read")
    match plan.missing:
        case NoPlan.MEMBER:
            return Capabilities(unsupported_reason="member_account")
        case NoPlan.NO_BANK:
            return Capabilities(unsupported_reason="no_battery")
        case NoPlan.NOT_STORED:
            return Capabilities(unsupported_reason="no_schedule_api")
    if plan.profile is not None:
        return _of_profile(plan.profile, plan.zone, cascaded=cascaded)
    if plan.rate_plan is not None:
        return _of_rate_plan(plan, plan.rate_plan)
    return Capabilities(unsupported_reason="plan_not_read")


def _of_profile(profile: Profile, zone: tzinfo, *, cascaded: bool) -> Capabilities:
    if cascaded or profile.enforced:
        return Capabilities(unsupported_reason="ruled_by_another_bank")
    if profile.slots is None:
        return Capabilities(unsupported_reason="plan_not_understood")
    return Capabilities(
        actions={
            Action.DISCHARGE: ActionSupport(
                Support.NATIVE,
                None,
                profile.most_w,
                "inverter_power",
                min_power_w=max(profile.least_w, 1),
            ),
            Action.HOLD: ActionSupport(Support.APPROXIMATE, "hold_is_output_off"),
            Action.CHARGE: ActionSupport(Support.NONE, "no_grid_charge"),
            Action.EXPORT: ActionSupport(Support.NONE, "no_export"),
            **_what_no_plan_can(),
        },
        lays_ahead=LAYS_AHEAD,
        max_duration=LONGEST_SLOT,
        returns_by_itself=False,
        takes_notes=False,
        acts_within=PROFILE_ACTS_WITHIN,
        confirms_within=CONFIRMS_WITHIN,
        zone=_name_of(zone),
    )


def _of_rate_plan(site: SitePlan, plan: RatePlan) -> Capabilities:
    if not plan.understood:
        return Capabilities(unsupported_reason="plan_not_understood")
    if not plan.mode:
        return Capabilities(unsupported_reason="usage_mode_not_set")
    manual = plan.mode == UsageMode.MANUAL
    charge = ActionSupport(Support.NONE, "no_grid_charge")
    discharge = _powered(plan, plan.most_w)
    if site.charges_from_grid and plan.charges_by_range:
        charge = _powered(plan, site.grid_charge_w)
    elif site.charges_from_grid:
        charge = ActionSupport(Support.NATIVE, takes_power=False)
    return Capabilities(
        actions={
            Action.DISCHARGE: discharge,
            Action.CHARGE: charge,
            Action.HOLD: ActionSupport(Support.NATIVE)
            if plan.least_w == 0
            else ActionSupport(Support.NONE, "no_zero_output"),
            Action.EXPORT: ActionSupport(Support.NONE, "no_export"),
            **_what_no_plan_can(),
        },
        # Only in manual mode a range waits for its time.
        lays_ahead=HORIZON if manual else STARTS_EARLY,
        min_duration=SHORTEST,
        returns_by_itself=False,
        takes_notes=False,
        acts_within=ACTS_WITHIN,
        confirms_within=CONFIRMS_WITHIN,
        zone=_name_of(site.zone),
    )


def _powered(plan: RatePlan, most_w: int) -> ActionSupport:
    step = plan.step_w
    return ActionSupport(
        Support.NATIVE,
        None,
        most_w // step * step,
        "inverter_power",
        min_power_w=max(plan.least_w, step),
        power_step_w=step,
    )


def _what_no_plan_can() -> dict[Action, ActionSupport]:
    return {
        Action.AUTO: ActionSupport(Support.NONE, "no_window_for_auto"),
        Action.IMPORT: ActionSupport(Support.NONE, "no_grid_setpoint"),
        Action.NO_CHARGE: ActionSupport(Support.NONE, "no_charge_stop"),
        Action.IDLE: ActionSupport(Support.NONE, "no_idle"),
        Action.LIMIT: ActionSupport(Support.NONE, "no_limits"),
    }


def _name_of(zone: tzinfo) -> str | None:
    return zone.key if isinstance(zone, ZoneInfo) else None


# -- the owner's -------------------------------------------------------------------


def windows(plan: SitePlan, mine: Sequence[Mark]) -> Iterator[WeeklyWindow]:
    """Yield what of a plan in force comes again and is not ours."""
    if plan.profile is not None:
        slots = _left(plan.profile.slots or (), mine, None)
        for slot in slots:
            on = profiles.lets_out(slot) is not False
            power = profiles.power_w(slot) if on else None
            yield _window(slot, WEEK, power, plan.zone)
        return
    rate_plan = plan.rate_plan
    if rate_plan is None or rate_plan.mode != UsageMode.MANUAL:
        return
    for weekday in sorted(WEEK):
        ranges = day_of(rate_plan.manual or (), weekday)
        for span in _left(ranges, mine, weekday):
            power = weeks.power_w(span)
            yield _window(
                span, {weekday}, power, plan.zone, charges=weeks.charges(span)
            )


def foreign_backup(plan: SitePlan, mine: Sequence[Mark]) -> ScheduleItem | None:
    """Return the owner's own backup charge, if there is one."""
    backup = None if plan.rate_plan is None else plan.rate_plan.backup
    if backup is None or not backup.on or backup.start >= backup.end:
        return None
    if any(mark.backup == backup for mark in mine):
        return None
    return ScheduleItem(
        vendor_id=None,
        action=Action.CHARGE,
        vendor_mode="backup charge",
        start=backup.start,
        end=backup.end,
    )


def _left(pieces: Pieces, mine: Sequence[Mark], weekday: int | None) -> Pieces:
    for mark in mine:
        if mark.day == weekday and mark.backup is None:
            pieces = day.without(pieces, mark.start, mark.end)
    return pieces


def _window(
    piece: Piece,
    weekdays: frozenset[int] | set[int],
    power_w: int | None,
    zone: tzinfo,
    *,
    charges: bool = False,
) -> WeeklyWindow:
    action = Action.CHARGE if charges else Action.DISCHARGE
    return WeeklyWindow(
        action=action if power_w else Action.HOLD,
        vendor_mode="charge" if charges else "output" if power_w else "output off",
        start=(datetime.min + piece.start * MINUTE).time(),
        duration=(piece.end - piece.start) * MINUTE,
        # Here Monday is 0.
        weekdays=frozenset((it - 1) % 7 for it in weekdays),
        zone=zone,
        power_w=power_w or None,
    )
