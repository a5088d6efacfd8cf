"""The check of a rule against what a device can express, with reasons.

Nothing is sent before a rule has passed it: a problem refuses it, an adjustment tells
the user what will differ from what was asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from .capabilities import ActionSupport, Capabilities, Support
from .rules import Inexact, Rule
from .schedule import (
    MINUTE,
    POWERED_ACTIONS,
    Action,
    Limits,
    Owner,
    Programme,
    ScheduleItem,
    Source,
)

LATEST_START: Final = timedelta(days=366)
START_GRACE: Final = timedelta(minutes=5)
"""How long ago a start may be and still count as now."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a rule is refused: a key of the exception texts and what fills its gaps."""

    key: str
    placeholders: Mapping[str, str | datetime | timedelta] = field(default_factory=dict)


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
    others: Programme,
    whole: timedelta | None = None,
) -> Verdict:
    """Fit a rule to what a device can express and to what others have planned.

    Where `rule` is what is left of one that runs, `whole` is how long that one is.
    Items of others must not be overlapped by a single schedule, for no cloud says which
    one would win; a recurring one goes around them. A recurring window of the cloud
    that shares time with the rule is only told. Filling in the device's maximum for a
    missing power, and now for a start of the last minutes, is no inexactness;
    everything else is, and is refused unless the rule's `inexact` allows it.
    """
    problems: list[Problem] = []
    adjustments: list[Adjustment] = []
    if capabilities.support(rule.action).support is Support.NONE:
        return fit(rule, capabilities)
    effective = rule
    if rule.recurrence is None:
        effective = _fit_start(rule, now, capabilities, problems, adjustments)
    else:
        _check_recurrence(rule, capabilities, problems, adjustments)
    if not _duration_fits(effective, capabilities, whole, problems):
        return Verdict(effective, tuple(problems), tuple(adjustments))
    _tell_widened(effective, capabilities, adjustments)
    fitted = fit(effective, capabilities)
    effective = fitted.effective
    problems += fitted.problems
    adjustments += fitted.adjustments
    effective = _fit_target(effective, capabilities, problems, adjustments)
    if rule.note and not capabilities.takes_notes:
        adjustments.append(Adjustment("note_not_kept", rule.note, ""))
    for item in others.between(effective.start, effective.end):
        if item.recurring:
            adjustments.append(
                Adjustment("recurring_overlap", rule.action.value, item.vendor_mode)
            )
        elif rule.recurrence is None and rule.source is not Source.KEEPER:
            problems.append(_overlap(item))
            break
    return Verdict(effective, tuple(problems), tuple(adjustments))


def fit(rule: Rule, capabilities: Capabilities) -> Verdict:
    """Fit the action, its power and its caps alone: what may be sent at any time."""
    problems: list[Problem] = []
    adjustments: list[Adjustment] = []
    how = capabilities.support(rule.action)
    if how.support is Support.NONE:
        return Verdict(rule, (_unsupported(rule.action, how),))
    if how.support is Support.APPROXIMATE:
        adjustments.append(
            Adjustment("approximate", rule.action.value, how.reason or "")
        )
        if rule.inexact is not Inexact.NEAREST:
            problems.append(Problem("action_inexact", {"action": rule.action.value}))
    effective = _fit_power(rule, how, problems, adjustments)
    effective = _fit_limits(effective, capabilities, problems, adjustments)
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


def _tell_widened(
    rule: Rule, capabilities: Capabilities, adjustments: list[Adjustment]
) -> None:
    asked = rule.start, rule.end
    held = capabilities.widened(*asked)
    if held != asked:
        was, becomes = (
            f"{start.isoformat()}/{end.isoformat()}" for start, end in (asked, held)
        )
        adjustments.append(Adjustment("times_widened", was, becomes))


def _check_recurrence(
    rule: Rule,
    capabilities: Capabilities,
    problems: list[Problem],
    adjustments: list[Adjustment],
) -> None:
    if capabilities.recurrence is Support.NATIVE:
        return
    if rule.inexact is Inexact.REJECT:
        problems.append(Problem("recurrence_not_native"))
    text = rule.recurrence.rule if rule.recurrence else ""
    adjustments.append(Adjustment("recurrence_emulated", text, ""))


def _fit_target(
    rule: Rule,
    capabilities: Capabilities,
    problems: list[Problem],
    adjustments: list[Adjustment],
) -> Rule:
    if rule.target_soc is None:
        return rule
    target = str(rule.target_soc)
    if rule.action not in POWERED_ACTIONS:
        problems.append(Problem("target_not_used", {"action": rule.action.value}))
    elif not 0 <= rule.target_soc <= 100:
        problems.append(Problem("target_out_of_range", {"target": target}))
    elif capabilities.target_soc is not Support.NATIVE:
        if rule.inexact is Inexact.REJECT:
            problems.append(Problem("target_not_native"))
        adjustments.append(Adjustment("target_emulated", target, ""))
    elif (stops_at := capabilities.stops_at(rule.action, rule.target_soc)) != (
        rule.target_soc
    ):
        adjustments.append(Adjustment("target_at_floor", target, str(stops_at)))
        return replace(rule, target_soc=stops_at)
    return rule


def _duration_fits(
    rule: Rule,
    capabilities: Capabilities,
    whole: timedelta | None,
    problems: list[Problem],
) -> bool:
    shortest, longest = capabilities.min_duration, capabilities.max_duration
    # What is left of one that runs is rarely in steps; then the whole has to be.
    in_steps = capabilities.coarse or any(
        length is not None and not length % capabilities.granularity
        for length in (rule.duration, whole)
    )
    fits = in_steps and rule.duration <= longest
    fits = fits and (capabilities.coarse or shortest <= rule.duration)
    if not fits:
        problems.append(
            Problem(
                "duration_out_of_range",
                {"duration": rule.duration, "min": shortest, "max": longest},
            )
        )
    return fits


def _fit_power(
    rule: Rule,
    how: ActionSupport,
    problems: list[Problem],
    adjustments: list[Adjustment],
) -> Rule:
    if rule.action not in POWERED_ACTIONS:
        if rule.power_w is not None:
            problems.append(Problem("power_not_used", {"action": rule.action.value}))
        return rule
    if not how.takes_power:
        return _without_power(rule, problems, adjustments)
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
        return _fit_from_below(rule, how, problems, adjustments)
    if rule.inexact is not Inexact.NEAREST:
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


def _fit_from_below(
    rule: Rule,
    how: ActionSupport,
    problems: list[Problem],
    adjustments: list[Adjustment],
) -> Rule:
    """Fit a power to the least one that the device takes, and to its steps."""
    assert rule.power_w is not None
    step, lowest = how.power_step_w, how.min_power_w
    power = str(rule.power_w)
    held = max(rule.power_w // step * step, lowest)
    if held == rule.power_w:
        return rule
    if rule.inexact is Inexact.NEAREST:
        adjustments.append(Adjustment("power_step", power, str(held)))
    elif rule.power_w < lowest:
        problems.append(
            Problem("power_below_limit", {"power": power, "min": str(lowest)})
        )
        return rule
    else:
        problems.append(
            Problem("power_between_steps", {"power": power, "step": str(step)})
        )
        return rule
    return replace(rule, power_w=held)


def _without_power(
    rule: Rule, problems: list[Problem], adjustments: list[Adjustment]
) -> Rule:
    """Fit a rule to a device that chooses the power by itself."""
    if rule.power_w is None:
        return rule
    if rule.inexact is not Inexact.NEAREST:
        problems.append(Problem("power_not_settable", {"action": rule.action.value}))
    adjustments.append(Adjustment("power_not_settable", str(rule.power_w), ""))
    return replace(rule, power_w=None)


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


def _overlap(item: ScheduleItem) -> Problem:
    return Problem(
        "overlap_network" if item.owner is Owner.NETWORK else "overlap_foreign",
        {
            "mode": item.action.value if item.action else item.vendor_mode,
            "start": item.start,
            "end": item.end,
            "id": item.id or "-",
        },
    )
