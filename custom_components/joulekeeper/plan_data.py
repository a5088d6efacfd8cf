"""How schedules look to the user: in words, and in the answers of actions."""

from collections.abc import Iterable
from typing import Any

from .core.check import Adjustment
from .core.command import Command, format_command
from .core.dispatch import HELD, Dispatch, State
from .core.rules import Rule
from .core.schedule import MINUTE, Action, Owner, ScheduleItem
from .core.timeline import Segment
from .journal import LogEntry

_MADE = {
    Owner.OWN: "Made by Joulekeeper",
    Owner.FOREIGN: "Made elsewhere",
    Owner.NETWORK: "Imposed by the network operator",
}


def summary(item: ScheduleItem) -> str:
    """Return what an item does, such as `Charge 3 kW` or `Limit feed-in 0 kW`."""
    text = item.vendor_mode
    if item.action is not None:
        limits = item.limits if item.action is Action.LIMIT else None
        text = format_command(
            Command(action=item.action, power_w=item.power_w or None, limits=limits)
        )
    return text if item.owner is Owner.OWN else f"{text} ({item.owner.value})"


def rule_summary(rule: Rule) -> str:
    """Return what a rule does, as it could be typed, such as `Charge 3 kW to 80 %`."""
    return format_command(
        Command(
            action=rule.action,
            power_w=rule.power_w,
            target_soc=rule.target_soc,
            limits=rule.limits,
        )
    )


def segment_summary(segment: Segment) -> str:
    """Return what is sent, such as `Charge 3 kW`."""
    return format_command(
        Command(
            action=segment.action,
            power_w=segment.power_w,
            target_soc=segment.target_soc,
            limits=segment.limits,
        )
    )


def description(item: ScheduleItem) -> str:
    """Return what else is known of an item, a line each."""
    lines = [_MADE[item.owner]]
    if item.owner is not Owner.OWN:
        lines.append(f"Mode: {item.vendor_mode}")
    if item.owner is Owner.FOREIGN and item.vendor_id:
        lines.append(f"ID: {item.vendor_id}")
    if item.status is not None:
        lines.append(f"Status: {item.status}")
    if item.recurring:
        lines.append("Recurring")
    if item.note:
        lines.append(f"Note: {item.note}")
    return "\n".join(lines)


def rule_dict(rule: Rule) -> dict[str, Any]:
    """Return a rule as response data."""
    return {
        "action": rule.action.value,
        "start": rule.start.isoformat(),
        "end": rule.end.isoformat(),
        "duration_min": rule.duration / MINUTE,
        "rrule": rule.recurrence and rule.recurrence.rule,
        "power_w": rule.power_w,
        "target_soc": rule.target_soc,
        "limits": rule.limits and rule.limits.as_dict(),
        "note": rule.note,
    }


def dispatch_dict(dispatch: Dispatch) -> dict[str, Any]:
    """Return one occurrence, and how far it has come, as response data."""
    segment = dispatch.segment
    return {
        "start": segment.start.isoformat(),
        "end": dispatch.end.isoformat(),
        "power_w": segment.power_w,
        "state": dispatch.state.value,
        "reason": dispatch.reason,
        "confirmed_at": dispatch.confirmed_at and dispatch.confirmed_at.isoformat(),
        "delivering_at": dispatch.delivering_at and dispatch.delivering_at.isoformat(),
    }


def outcome(dispatches: Iterable[Dispatch]) -> str:
    """Return how far a schedule has come, by the first of it that is not over."""
    state = next((item.state for item in dispatches if item.live), State.PLANNED)
    return State.CONFIRMED.value if state in HELD else state.value


def inexact_list(adjustments: Iterable[Adjustment]) -> list[dict[str, str]]:
    """Return how what is sent differs from what was asked, as response data."""
    return [item.as_dict() for item in adjustments]


def log_dict(entry: LogEntry) -> dict[str, Any]:
    """Return what happened as response data."""
    return {
        "time": entry.time.isoformat(),
        "event": entry.event,
        "schedule_id": entry.schedule_id,
        "action": entry.action and entry.action.value,
        "start": entry.start and entry.start.isoformat(),
        "end": entry.end and entry.end.isoformat(),
        "power_w": entry.power_w,
        "reason": entry.reason,
        "via": entry.via,
        "user_id": entry.user_id,
        "latency_s": entry.latency_s,
    }


def item_dict(item: ScheduleItem) -> dict[str, Any]:
    """Return what the cloud holds as response data."""
    return {
        "schedule_id": item.id,
        "vendor_id": item.vendor_id,
        "owner": item.owner.value,
        "action": item.action and item.action.value,
        "vendor_mode": item.vendor_mode,
        "start": item.start.isoformat(),
        "end": item.end.isoformat(),
        "duration_min": item.duration / MINUTE,
        "power_w": item.power_w,
        "limits": item.limits and item.limits.as_dict(),
        "recurring": item.recurring,
        "status": item.status,
        "note": item.note,
    }
