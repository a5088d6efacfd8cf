"""What surfaces ask of the keeper, and how schedules look in its answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from .core.capabilities import Inexact
from .core.schedule import MINUTE, Action, Limits, Owner, Rule, ScheduleItem, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a surface asks for; without a start it is now."""

    action: Action
    duration: timedelta
    start: datetime | None = None
    power_w: int | None = None
    limits: Limits | None = None
    source: Source = Source.SERVICE
    note: str = ""
    inexact: Inexact = Inexact.REJECT

    def rule(self, now: datetime) -> Rule:
        """Return the request as a rule with an id of its own."""
        return Rule(
            id=_new_id(),
            action=self.action,
            start=(self.start or now).replace(microsecond=0),
            duration=self.duration,
            power_w=self.power_w,
            limits=self.limits,
            source=self.source,
            note=self.note,
        )


def _new_id() -> str:
    return uuid4().hex[:12]


def rule_again(item: ScheduleItem, earliest: datetime) -> Rule | None:
    """Return a new rule that puts an item back; None for one that is over by then."""
    start = max(item.start, earliest)
    if item.action is None or item.end <= start:
        return None
    return Rule(
        id=_new_id(),
        action=item.action,
        start=start,
        duration=item.end - start,
        power_w=item.power_w,
        limits=item.limits,
        source=item.source or Source.SERVICE,
        note=item.note,
    )


_CAP_NAMES: Final = {
    "max_import_w": "import",
    "max_export_w": "feed-in",
    "max_charge_w": "charging",
    "max_discharge_w": "discharging",
    "max_generation_va": "generation",
}
_MADE: Final = {
    Owner.OWN: "Made by Joulekeeper",
    Owner.FOREIGN: "Made elsewhere",
    Owner.NETWORK: "Imposed by the network operator",
}


def summary(item: ScheduleItem) -> str:
    """Return what an item does, such as `Charge 3 kW` or `Limit feed-in 0 kW`."""
    if item.action is Action.LIMIT and item.limits is not None:
        caps = item.limits.as_dict().items()
        what = ", ".join(
            f"{_CAP_NAMES[cap]} {value / 1000:g} kW" for cap, value in caps
        )
        text = f"Limit {what}".strip()
    else:
        text = (
            item.action.value.replace("_", " ").capitalize()
            if item.action
            else item.vendor_mode
        )
        if item.power_w:
            text = f"{text} {item.power_w / 1000:g} kW"
    return text if item.owner is Owner.OWN else f"{text} ({item.owner.value})"


def description(item: ScheduleItem) -> str:
    """Return what else is known of an item, a line each."""
    lines = [_MADE[item.owner]]
    if item.owner is not Owner.OWN:
        lines.append(f"Mode: {item.vendor_mode}")
    if item.status is not None:
        lines.append(f"Status: {item.status}")
    if item.recurring:
        lines.append("Recurring")
    if item.note:
        lines.append(f"Note: {item.note}")
    return "\n".join(lines)


def request_dict(request: Request) -> dict[str, Any]:
    """Return a request as response data."""
    return {
        "action": request.action.value,
        "start": request.start and request.start.isoformat(),
        "duration_min": request.duration / MINUTE,
        "power_w": request.power_w,
        "limits": request.limits and request.limits.as_dict(),
        "note": request.note,
    }


def rule_dict(rule: Rule) -> dict[str, Any]:
    """Return a rule as response data."""
    return {
        "action": rule.action.value,
        "start": rule.start.isoformat(),
        "end": rule.end.isoformat(),
        "duration_min": rule.duration / MINUTE,
        "power_w": rule.power_w,
        "limits": rule.limits and rule.limits.as_dict(),
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
