"""What surfaces ask of the keeper, and how schedules look in its answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from .core.capabilities import Inexact
from .core.schedule import MINUTE, Action, Limits, Rule, ScheduleItem, Source


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
            id=uuid4().hex[:12],
            action=self.action,
            start=self.start or now.replace(microsecond=0),
            duration=self.duration,
            power_w=self.power_w,
            limits=self.limits,
            source=self.source,
            note=self.note,
        )


def request_dict(request: Request) -> dict[str, Any]:
    """Return a request as response data."""
    return {
        "action": request.action.value,
        "start": request.start and request.start.isoformat(),
        "duration_min": request.duration / MINUTE,
        "power_w": request.power_w,
        "limits": request.limits and request.limits.as_dict(),
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
