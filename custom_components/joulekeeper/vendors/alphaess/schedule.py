"""What a system's plan can express, and how its windows look to the user.

Sources: dossier 2.6 to 2.8, scheduling notes 2.4.
"""

from datetime import time, timedelta, tzinfo
from math import ceil
from typing import Final

from ...core.capabilities import HORIZON, ActionSupport, Capabilities, Support
from ...core.schedule import Action, WeeklyWindow
from .models import System
from .plan import Plan
from .plan_feed import Floor
from .wall_windows import HOLD_LIMIT, Window

GRANULARITY: Final = timedelta(minutes=15)
ACTS_WITHIN: Final = timedelta(minutes=7)
"""Settings reach the inverter within 1 to 5 minutes (dossier section 3)."""
LAYS_AHEAD: Final = timedelta(minutes=20)
"""A daily slot comes again tomorrow if nobody takes it back, so it is lent late; but not
so late that the inverter may not have it in time."""
LONGEST_SLOT: Final = timedelta(hours=12)
DEFAULT_MAX_POWER_W: Final = 10_000
"""Where the cloud does not tell the inverter's power."""


def capabilities(
    plan: Plan | None, system: System | None, floor: Floor | None
) -> Capabilities:
    """Return what a system can express, by the store that governs it."""
    if plan is None:
        return Capabilities(unsupported_reason="plan_not_read")
    if system is not None and not system.has_battery:
        return Capabilities(unsupported_reason="no_battery")
    power_w = DEFAULT_MAX_POWER_W
    if system is not None and system.inverter_power_w:
        power_w = round(system.inverter_power_w)
    periodic = plan.periodic is not None
    return Capabilities(
        actions=_periodic_actions(power_w) if periodic else _daily_actions(),
        granularity=GRANULARITY,
        lays_ahead=HORIZON if periodic else LAYS_AHEAD,
        min_duration=GRANULARITY,
        max_duration=timedelta(days=1) if periodic else LONGEST_SLOT,
        returns_by_itself=False,
        takes_notes=False,
        target_soc=Support.NATIVE,
        floor_soc=None if floor is None or floor.soc is None else ceil(floor.soc),
        acts_within=ACTS_WITHIN,
    )


def _periodic_actions(power_w: int) -> dict[Action, ActionSupport]:
    powered = ActionSupport(Support.NATIVE, None, power_w, "inverter_power")
    return {
        Action.CHARGE: powered,
        Action.DISCHARGE: powered,
        Action.HOLD: ActionSupport(Support.NATIVE),
        Action.EXPORT: ActionSupport(
            Support.APPROXIMATE, "export_is_discharge", power_w, "inverter_power"
        ),
        **_what_no_window_can(),
    }


def _daily_actions() -> dict[Action, ActionSupport]:
    return {
        Action.CHARGE: ActionSupport(Support.NATIVE, takes_power=False),
        Action.HOLD: ActionSupport(Support.NATIVE),
        Action.DISCHARGE: ActionSupport(Support.NONE, "no_discharge"),
        Action.EXPORT: ActionSupport(Support.NONE, "no_export"),
        **_what_no_window_can(),
    }


def _what_no_window_can() -> dict[Action, ActionSupport]:
    return {
        Action.AUTO: ActionSupport(Support.NONE, "no_window_for_auto"),
        Action.IMPORT: ActionSupport(Support.NONE, "no_grid_setpoint"),
        Action.NO_CHARGE: ActionSupport(Support.NONE, "no_charge_stop"),
        Action.IDLE: ActionSupport(Support.NONE, "no_idle"),
        Action.LIMIT: ActionSupport(Support.NONE, "no_limits"),
    }


def weekly_window(window: Window, zone: tzinfo) -> WeeklyWindow:
    """Return a window of the owner as the user sees it."""
    length = _since_midnight(window.end) - _since_midnight(window.start)
    if window.over_midnight:
        length += timedelta(days=1)
    return WeeklyWindow(
        action=_action_of(window),
        vendor_mode="charge" if window.charges else "discharge",
        start=window.start,
        duration=length,
        weekdays=window.days,
        zone=zone,
        power_w=window.power_w,
    )


def _action_of(window: Window) -> Action:
    if not window.charges:
        return Action.DISCHARGE
    holds = window.limit_soc is not None and window.limit_soc <= HOLD_LIMIT
    return Action.HOLD if holds else Action.CHARGE


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute)
