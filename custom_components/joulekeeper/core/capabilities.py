"""What a device can express, and the check of a rule against it, with reasons.

Nothing is sent before a rule has passed the check: a problem refuses it, an adjustment
tells the user what will differ from what was asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from .schedule import (
    MINUTE,
    POWERED_ACTIONS,
    Action,
    Limits,
    Owner,
    Programme,
    Rule,
    ScheduleItem,
)

LATEST_START: Final = timedelta(days=366)
START_GRACE: Final = timedelta(minutes=5)
"""How long ago a start may be and still count as now."""


class Support(StrEnum):
    """How well a device can do an action."""

    NATIVE = "native"
    APPROXIMATE = "approximate"
    """Something near it, with a reason that says how it differs."""
    NONE = "none"


class Inexact(StrEnum):
    """What the user wants when the device cannot do just what was asked."""

    REJECT = "reject"
    NEAREST = "nearest"


@dataclass(frozen=True, slots=True)
class ActionSupport:
    """How one action is supported; `reason` is a key of the user texts.

    `max_power_w` is None where the action has no power; `power_limit` names what
    bounds it.
    """

    support: Support
    reason: str | None = None
    max_power_w: int | None = None
    power_limit: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the support as response data."""
        return {
            "support": self.support.value,
            "reason": self.reason,
            "max_power_w": self.max_power_w,
            "power_limit": self.power_limit,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a device can express; probed, never assumed.

    `returns_by_itself` tells whether the vendor ends a schedule without us,
    `base_mode_reset` whether the mode outside schedules can be set to auto. A schedule
    that starts now starts `lead_time` later. `has_plan` is False where there is not
    even a plan to show. A cap of `no_limit` or more, in W or VA, means none to the
    cloud.
    """

    actions: Mapping[Action, ActionSupport] = field(default_factory=dict)
    unsupported_reason: str | None = None
    granularity: timedelta = MINUTE
    lead_time: timedelta = timedelta()
    min_duration: timedelta = MINUTE
    max_duration: timedelta = timedelta(days=1)
    returns_by_itself: bool = True
    has_plan: bool = True
    base_mode_reset: bool = False
    takes_notes: bool = True
    no_limit: int | None = None

    @property
    def controllable(self) -> bool:
        """Whether the device can do anything on schedule."""
        return any(map(self.supports, Action))

    @property
    def takes_power(self) -> bool:
        """Whether any action of the device has a power."""
        return any(map(self.supports, POWERED_ACTIONS))

    @property
    def takes_limits(self) -> bool:
        """Whether the device can be capped."""
        return self.supports(Action.LIMIT)

    @property
    def max_power_w(self) -> int:
        """The most that any action can do, 0 where none has a power."""
        return max((how.max_power_w or 0 for how in self.actions.values()), default=0)

    def earliest_start(self, now: datetime) -> datetime:
        """Return the start, in whole seconds, of what is to start now."""
        start = now.replace(microsecond=0)
        if self.lead_time:
            start += self.lead_time + timedelta(seconds=1)
        return start

    def supports(self, action: Action) -> bool:
        """Tell whether the device can do the action, or something near it."""
        return self.support(action).support is not Support.NONE

    def support(self, action: Action) -> ActionSupport:
        """Return how the action is supported."""
        return self.actions.get(
            action, ActionSupport(Support.NONE, self.unsupported_reason)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the capabilities as response data; durations in minutes."""
        return {
            "controllable": self.controllable,
            "reason": None if self.controllable else self.unsupported_reason,
            "actions": {
                action.value: self.support(action).as_dict() for action in Action
            },
            "granularity_min": self.granularity / MINUTE,
            "lead_time_s": self.lead_time.total_seconds(),
            "min_duration_min": self.min_duration / MINUTE,
            "max_duration_min": self.max_duration / MINUTE,
            "returns_by_itself": self.returns_by_itself,
            "base_mode_reset": self.base_mode_reset,
            "takes_notes": self.takes_notes,
            "no_limit": self.no_limit,
        }


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a rule is refused: a key of the exception texts and what fills its gaps."""

    key: str
    placeholders: Mapping[str, str | datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """How what will be sent differs from what was asked."""

    code: str
    requested: str
    effective: str

    def as_dict(self) -> dict[str, str]:
        """Return the adjustment as response data."""
        return {
            "code": self.code,
            "requested": self.requested,
            "effective": self.effective,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a check: what may be sent, or why nothing may.

    `effective` is the rule as it will be sent; it means nothing while there are
    problems.
    """

    effective: Rule
    problems: tuple[Problem, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()


def check(
    rule: Rule,
    capabilities: Capabilities,
    now: datetime,
    programme: Programme,
    inexact: Inexact = Inexact.REJECT,
) -> Verdict:
    """Fit a rule to what a device can express and to what it has planned already.

    One-shot items must not be overlapped, for no cloud says which one would win; a
    recurring window that shares time with the rule is only told. Filling in the
    device's maximum for a missing power, and now for a start of the last minutes, is
    no inexactness; everything else is, and is refused unless `inexact` allows it.
    """
    problems: list[Problem] = []
    adjustments: list[Adjustment] = []
    how = capabilities.support(rule.action)
    if how.support is Support.NONE:
        return Verdict(rule, (_unsupported(rule.action, how),))
    if how.support is Support.APPROXIMATE:
        adjustments.append(
            Adjustment("approximate", rule.action.value, how.reason or "")
        )
        if inexact is Inexact.REJECT:
            problems.append(Problem("action_inexact", {"action": rule.action.value}))
    effective = _fit_start(rule, now, capabilities, problems, adjustments)
    if not _duration_fits(effective, capabilities, problems):
        return Verdict(effective, tuple(problems), tuple(adjustments))
    effective = _fit_power(effective, how, inexact, problems, adjustments)
    effective = _fit_limits(effective, capabilities, problems, adjustments)
    if rule.note and not capabilities.takes_notes:
        adjustments.append(Adjustment("note_not_kept", rule.note, ""))
    for item in programme.between(effective.start, effective.end):
        if item.recurring:
            adjustments.append(
                Adjustment("recurring_overlap", rule.action.value, item.vendor_mode)
            )
        else:
            problems.append(_overlap(item))
            break
    return Verdict(effective, tuple(problems), tuple(adjustments))


def _unsupported(action: Action, how: ActionSupport) -> Problem:
    return Problem(
        f"unsupported_{how.reason}" if how.reason else "unsupported",
        {"action": action.value},
    )


def _fit_start(
    rule: Rule,
    now: datetime,
    capabilities: Capabilities,
    problems: list[Problem],
    adjustments: list[Adjustment],
) -> Rule:
    earliest = capabilities.earliest_start(now)
    if rule.start - now > LATEST_START:
        problems.append(Problem("start_too_far", {"start": rule.start}))
        return replace(rule, start=earliest)
    if rule.start >= earliest:
        return rule
    if now - rule.start > START_GRACE:
        problems.append(Problem("start_in_past", {"start": rule.start}))
        return rule
    if now - rule.start >= MINUTE:
        adjustments.append(
            Adjustment("start_now", rule.start.isoformat(), earliest.isoformat())
        )
    return replace(rule, start=earliest)


def _duration_fits(
    rule: Rule, capabilities: Capabilities, problems: list[Problem]
) -> bool:
    shortest, longest = capabilities.min_duration, capabilities.max_duration
    fits = (
        shortest <= rule.duration <= longest
        and not rule.duration % capabilities.granularity
    )
    if not fits:
        problems.append(
            Problem(
                "duration_out_of_range",
                {
                    "minutes": f"{rule.duration / MINUTE:g}",
                    "min": f"{shortest / MINUTE:g}",
                    "max": f"{longest / MINUTE:g}",
                },
            )
        )
    return fits


def _fit_power(
    rule: Rule,
    how: ActionSupport,
    inexact: Inexact,
    problems: list[Problem],
    adjustments: list[Adjustment],
) -> Rule:
    if rule.action not in POWERED_ACTIONS:
        if rule.power_w is not None:
            problems.append(Problem("power_not_used", {"action": rule.action.value}))
        return rule
    highest = how.max_power_w
    if highest is None or highest <= 0:
        key = "power_limit_unknown" if highest is None else "power_limit_zero"
        problems.append(Problem(key, {"action": rule.action.value}))
        return rule
    if rule.power_w is None:
        adjustments.append(Adjustment("power_maximum", "", str(highest)))
        return replace(rule, power_w=highest)
    if rule.power_w <= 0:
        problems.append(Problem("power_not_positive", {"power": str(rule.power_w)}))
        return rule
    if rule.power_w <= highest:
        return rule
    if inexact is Inexact.REJECT:
        problems.append(
            Problem(
                "power_above_limit",
                {"power": str(rule.power_w), "max": str(highest)},
            )
        )
        return rule
    adjustments.append(
        Adjustment(how.power_limit or "power_limit", str(rule.power_w), str(highest))
    )
    return replace(rule, power_w=highest)


def _fit_limits(
    rule: Rule,
    capabilities: Capabilities,
    problems: list[Problem],
    adjustments: list[Adjustment],
) -> Rule:
    if rule.action is not Action.LIMIT:
        if rule.limits is not None:
            problems.append(Problem("limits_mismatch"))
        return rule
    caps = {} if rule.limits is None else rule.limits.as_dict()
    highest = capabilities.no_limit
    for cap, value in list(caps.items()):
        if highest is not None and value >= highest:
            adjustments.append(Adjustment("cap_is_none", f"{cap}: {value}", ""))
            del caps[cap]
    if not caps:
        problems.append(Problem("limits_mismatch"))
    return replace(rule, limits=Limits(**caps))


def _overlap_key(owner: Owner) -> str:
    if owner is Owner.NETWORK:
        return "overlap_network"
    return "overlap" if owner is Owner.OWN else "overlap_foreign"


def _overlap(item: ScheduleItem) -> Problem:
    return Problem(
        _overlap_key(item.owner),
        {
            "mode": item.action.value if item.action else item.vendor_mode,
            "start": item.start,
            "end": item.end,
            "id": item.id or "-",
        },
    )
