"""What a device can express; probed, never assumed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from .dispatch import CONFIRM_WITHIN
from .schedule import DISCHARGING_ACTIONS, MINUTE, POWERED_ACTIONS, Action

HORIZON: Final = timedelta(hours=72)
"""How far ahead recurring rules are sent where a cloud takes only single schedules.

More would leave more behind when this integration is removed.
"""


_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Support(StrEnum):
    """How well a device can do an action."""

    NATIVE = "native"
    EMULATED = "emulated"
    """Done by us in the device's place, while Home Assistant runs."""
    APPROXIMATE = "approximate"
    """Something near it, with a reason that says how it differs."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ActionSupport:
    """How one action is supported; `reason` is a key of the user texts.

    `max_power_w` is None where the action has no power; `power_limit` names what
    bounds it. With `takes_power` False the device chooses the power by itself. Others
    take powers from `min_power_w` on, in whole steps of `power_step_w`.
    """

    support: Support
    reason: str | None = None
    max_power_w: int | None = None
    power_limit: str | None = None
    takes_power: bool = True
    min_power_w: int = 1
    power_step_w: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Return the support as response data, limits from below where there are any."""
        lowest = {
            key: value
            for key, value in (
                ("min_power_w", self.min_power_w),
                ("power_step_w", self.power_step_w),
            )
            if value > 1
        }
        return {
            "support": self.support.value,
            "reason": self.reason,
            "max_power_w": self.max_power_w,
            "power_limit": self.power_limit,
            "takes_power": self.takes_power and self.max_power_w is not None,
            **lowest,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a device can express.

    `returns_by_itself` tells whether the vendor ends a schedule without us,
    `base_mode_reset` whether the mode outside schedules can be set to auto. A schedule
    that starts now starts `lead_time` later. `has_plan` is False where there is not
    even a plan to show. A cap of `no_limit` or more, in W or VA, means none to the
    cloud. `target_soc` and `recurrence` tell who sees to these. `acts_within` is how
    long a device may take to do what the cloud tells it, and to show that it does;
    `confirms_within` how long the cloud may take to list what it took.
    `zone` names the time zone of the site, where the cloud tells it. With a
    `granularity` above a minute, times are widened to multiples of it. `lays_ahead` is
    how long before its start a schedule can be sent at the earliest, None if at any
    time. Below `floor_soc` percent the owner lets nothing discharge; None is unknown,
    or not for us to see to. With `one_at_a_time` the device knows only what runs: it is
    told at its start, ended without being named, and would end what came after it too.
    """

    actions: Mapping[Action, ActionSupport] = field(default_factory=dict)
    unsupported_reason: str | None = None
    granularity: timedelta = MINUTE
    lays_ahead: timedelta | None = None
    lead_time: timedelta = timedelta()
    min_duration: timedelta = MINUTE
    max_duration: timedelta = timedelta(days=1)
    returns_by_itself: bool = True
    has_plan: bool = True
    base_mode_reset: bool = False
    takes_notes: bool = True
    no_limit: int | None = None
    target_soc: Support = Support.EMULATED
    floor_soc: int | None = None
    recurrence: Support = Support.EMULATED
    acts_within: timedelta = timedelta(minutes=2)
    confirms_within: timedelta = CONFIRM_WITHIN
    zone: str | None = None
    one_at_a_time: bool = False

    @property
    def controllable(self) -> bool:
        """Whether the device can do anything on schedule."""
        return any(map(self.supports, Action))

    @property
    def steers_battery(self) -> bool:
        """Whether any action charges or discharges."""
        return any(map(self.supports, POWERED_ACTIONS))

    @property
    def takes_power(self) -> bool:
        """Whether the power of any action can be set."""
        return any(
            self.supports(action) and self.support(action).takes_power
            for action in POWERED_ACTIONS
        )

    @property
    def takes_limits(self) -> bool:
        """Whether the device can be capped."""
        return self.supports(Action.LIMIT)

    @property
    def max_power_w(self) -> int:
        """The most that any action can do, 0 where none has a power."""
        return max((how.max_power_w or 0 for how in self.actions.values()), default=0)

    @property
    def coarse(self) -> bool:
        """Whether times have to be widened."""
        return self.granularity > MINUTE

    def widened(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """Return the least span of what the device can express that holds a span."""
        if not self.coarse:
            return start, end
        return self._floor(start), -(-(end - _EPOCH) // self.granularity) * (
            self.granularity
        ) + _EPOCH

    def _floor(self, moment: datetime) -> datetime:
        return (moment - _EPOCH) // self.granularity * self.granularity + _EPOCH

    def horizon(self, now: datetime, *, recurring: bool) -> datetime | None:
        """Return the start from which nothing is sent yet, None where there is none."""
        spans = [
            span for span in (self.lays_ahead, HORIZON if recurring else None) if span
        ]
        return now + min(spans) if spans else None

    def earliest_start(self, now: datetime) -> datetime:
        """Return the start, in whole seconds, of what is to start now."""
        start = self._floor(now) if self.coarse else now.replace(microsecond=0)
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

    def stops_at(self, action: Action, target_soc: int | None) -> int | None:
        """Return the percentage at which the device itself is to stop, None at its own.

        Never below the owner's floor.
        """
        if self.target_soc is not Support.NATIVE:
            return None
        if action not in DISCHARGING_ACTIONS or self.floor_soc is None:
            return target_soc
        return max(target_soc or 0, self.floor_soc)

    def as_dict(self) -> dict[str, Any]:
        """Return the capabilities as response data; durations in minutes."""
        return {
            "controllable": self.controllable,
            "reason": None if self.controllable else self.unsupported_reason,
            "actions": {
                action.value: self.support(action).as_dict() for action in Action
            },
            "granularity_min": self.granularity / MINUTE,
            "lays_ahead_min": self.lays_ahead and self.lays_ahead / MINUTE,
            "lead_time_s": self.lead_time.total_seconds(),
            "min_duration_min": self.min_duration / MINUTE,
            "max_duration_min": self.max_duration / MINUTE,
            "returns_by_itself": self.returns_by_itself,
            "base_mode_reset": self.base_mode_reset,
            "takes_notes": self.takes_notes,
            "no_limit": self.no_limit,
            "target_soc": self.target_soc.value,
            "recurrence": self.recurrence.value,
            "acts_within_s": self.acts_within.total_seconds(),
            "time_zone": self.zone,
            "one_at_a_time": self.one_at_a_time,
        }
