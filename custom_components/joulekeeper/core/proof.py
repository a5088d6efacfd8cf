"""The second proof: does the inverter do what the cloud says it was told?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from .schedule import Action
from .timeline import Segment

TOLERANCE_W: Final = 200.0
TOLERANCE_SHARE: Final = 0.15
STALE_AFTER_PERIODS: Final = 3
_NEARLY_FULL: Final = 97.0
"""Percent; above it a battery takes less and less."""
_NEARLY_EMPTY: Final = 1.5
"""Percent above the reserve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """What an inverter measured at one instant; None is unknown.

    `battery_w` is positive on discharge, `grid_w` on import. `mode` is the action that
    the inverter says it is doing; None with a `mode_word` is one that we have no word
    for. `forced` tells whether somebody must have asked for that mode, or none had to.
    `period` is how often a fresh one comes. The states of charge are percent.
    """

    time: datetime
    period: timedelta
    online: bool = True
    mode: Action | None = None
    mode_word: str | None = None
    forced: bool | None = None
    battery_w: float | None = None
    grid_w: float | None = None
    solar_w: float | None = None
    state_of_charge: float | None = None
    min_state_of_charge: float | None = None
    max_export_w: float | None = None
    max_charge_w: float | None = None
    max_discharge_w: float | None = None

    def is_stale(self, now: datetime) -> bool:
        """Whether it is too old to decide anything upon."""
        return now - self.time > STALE_AFTER_PERIODS * self.period


class Verdict(StrEnum):
    """What a measurement says of a segment."""

    DELIVERING = "delivering"
    EXPLAINED = "explained"
    """It does not agree, for a reason that is nobody's fault."""
    DIFFERS = "differs"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verdict; `reason` is a key of the user texts."""

    verdict: Verdict
    reason: str | None = None


MODE_DIFFERS: Final = "mode_differs"
"""The reason when the inverter is in another mode: it did not take the order."""

_UNKNOWN: Final = Delivery(Verdict.UNKNOWN)
_DELIVERING: Final = Delivery(Verdict.DELIVERING)


def judge(segment: Segment, telemetry: Telemetry | None, now: datetime) -> Delivery:
    """Compare a segment, whose time is now, with what was measured last.

    The mode has to be the one asked for, where the inverter tells it, and the power
    has to agree within 200 W or 15 %, whichever is more.
    """
    if telemetry is None or telemetry.is_stale(now):
        return Delivery(Verdict.UNKNOWN, "stale")
    if not telemetry.online:
        return Delivery(Verdict.EXPLAINED, "offline")
    if not _mode_agrees(segment, telemetry):
        return Delivery(Verdict.DIFFERS, MODE_DIFFERS)
    agrees = _power_agrees(segment, telemetry)
    if agrees is None:
        return _UNKNOWN
    if agrees:
        return _DELIVERING
    if (reason := _excuse(segment, telemetry)) is not None:
        return Delivery(Verdict.EXPLAINED, reason)
    return Delivery(Verdict.DIFFERS, "power_differs")


def target_reached(segment: Segment, telemetry: Telemetry, now: datetime) -> bool:
    """Tell whether a segment may end early; never by a stale measurement."""
    charge = telemetry.state_of_charge
    if segment.target_soc is None or charge is None or telemetry.is_stale(now):
        return False
    if segment.action in (Action.CHARGE, Action.IMPORT):
        return charge >= segment.target_soc
    return charge <= segment.target_soc


def _mode_agrees(segment: Segment, telemetry: Telemetry) -> bool:
    if telemetry.mode is None and telemetry.mode_word is None:
        return True
    if segment.action in (Action.LIMIT, Action.NO_CHARGE):
        # Caps go along with any mode.
        return True
    if segment.action is Action.IDLE:
        return telemetry.mode in (Action.IDLE, Action.HOLD)
    return telemetry.mode is segment.action


def _power_agrees(segment: Segment, telemetry: Telemetry) -> bool | None:
    """Tell whether the measured power is what was asked, None when it is not known."""
    battery, grid = telemetry.battery_w, telemetry.grid_w
    asked = segment.power_w or 0
    slack = max(TOLERANCE_W, TOLERANCE_SHARE * asked)
    match segment.action:
        case Action.CHARGE:
            return _charge_agrees(segment, telemetry, slack)
        case Action.DISCHARGE:
            # Sources differ on whether the sun counts as part of it.
            if battery is None:
                return None
            with_sun = battery + (telemetry.solar_w or 0)
            return battery <= asked + slack and with_sun >= asked - slack
        case Action.IMPORT:
            return None if grid is None else abs(grid - asked) <= slack
        case Action.EXPORT:
            return None if grid is None else abs(-grid - asked) <= slack
        case Action.HOLD:
            return None if battery is None else battery <= slack
        case Action.IDLE:
            return None if battery is None else abs(battery) <= slack
        case Action.NO_CHARGE:
            return None if battery is None else -battery <= slack
        case Action.LIMIT:
            return _within_caps(segment, telemetry)
        case _:
            return True


def _charge_agrees(segment: Segment, telemetry: Telemetry, slack: float) -> bool | None:
    """Tell whether the battery takes what was asked, and from the grid no more."""
    if telemetry.battery_w is None:
        return None
    asked, flow = segment.power_w or 0, -telemetry.battery_w
    if flow < asked - slack:
        return False
    if segment.power_w is None or flow <= asked + slack:
        return True
    # Sun beyond what was asked goes into the battery too.
    if telemetry.solar_w is None:
        return None
    return flow <= asked + max(0.0, telemetry.solar_w) + slack


def _within_caps(segment: Segment, telemetry: Telemetry) -> bool | None:
    battery, grid, solar = telemetry.battery_w, telemetry.grid_w, telemetry.solar_w
    caps = {} if segment.limits is None else segment.limits.as_dict()
    flows = {
        "max_import_w": grid,
        "max_export_w": None if grid is None else -grid,
        "max_charge_w": None if battery is None else -battery,
        "max_discharge_w": battery,
        "max_generation_va": solar,
    }
    known = [
        flow <= cap + max(TOLERANCE_W, TOLERANCE_SHARE * cap)
        for name, cap in caps.items()
        if (flow := flows[name]) is not None
    ]
    return all(known) if known else None


def _excuse(segment: Segment, telemetry: Telemetry) -> str | None:
    """Return why less flows than was asked, None when nothing explains it."""
    charge, reserve = telemetry.state_of_charge, telemetry.min_state_of_charge
    battery, grid = telemetry.battery_w, telemetry.grid_w
    flow = {
        Action.CHARGE: None if battery is None else -battery,
        Action.DISCHARGE: battery,
        Action.IMPORT: grid,
        Action.EXPORT: None if grid is None else -grid,
    }.get(segment.action)
    if flow is None or flow > (segment.power_w or 0):
        return None
    if segment.action in (Action.CHARGE, Action.IMPORT):
        if charge is not None and charge >= _NEARLY_FULL:
            return "full"
        if _at_limit(None if battery is None else -battery, telemetry.max_charge_w):
            return "limit"
    if segment.action in (Action.DISCHARGE, Action.EXPORT):
        least = max(reserve or 0, segment.limit_soc or 0)
        if charge is not None and charge <= least + _NEARLY_EMPTY:
            return "empty"
        if _at_limit(battery, telemetry.max_discharge_w):
            return "limit"
        if _at_limit(None if grid is None else -grid, telemetry.max_export_w):
            return "limit"
    return None


def _at_limit(flow: float | None, limit: float | None) -> bool:
    if flow is None or limit is None or flow <= 0:
        return False
    return flow >= limit - max(TOLERANCE_W, TOLERANCE_SHARE * limit)
