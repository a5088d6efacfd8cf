"""The plans of Solarbanks of the second generation or later (dossier 5.4).

One object holds the usage mode, the week of the manual mode (`custom_rate_plan`), that of
the mode with smart plugs (`blend_plan`), one backup charge and the times of use. It is
written in one of two parts, each of which names the mode. When only a backup charge is
written the public library sends the mode that is there along (lib:schedule.py,
`set_sb2_ac_charge`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from ...core.errors import TransientError
from ..parsing import integer, mapping, objects
from . import day
from .fields import unix
from .status import UsageMode
from .week import (
    TYPE,
    Week,
    charges,
    day_of,
    dump_week,
    parse_week,
    power_w,
    week_holds_same,
)

GAP_W: Final = 200
"""What is delivered where a week has a gap."""
MOST_LOAD_W: Final = 800
BACKUP: Final = "manual_backup"
USE_TIME: Final = "use_time"


class Plan(StrEnum):
    """A week of output, by the mode that uses it."""

    MANUAL = "custom_rate_plan"
    PLUGS = "blend_plan"


# -- the backup charge -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Backup:
    """A time in which the battery is charged from the grid with all it takes, once."""

    start: datetime
    end: datetime
    on: bool = True

    @classmethod
    def parse(cls, value: Any) -> Self | None:
        """Return the first range, None where there is none."""
        raw = mapping(value)
        for span in objects(raw.get("ranges"))[:1]:
            start, end = unix(span.get("start_time")), unix(span.get("end_time"))
            if start is not None and end is not None:
                return cls(start, end, raw.get("switch") is True)
        return None

    def dump(self, like: Any = None) -> dict[str, Any]:
        """Return it as the cloud has it, with whatever else stands there."""
        span = {
            "start_time": round(self.start.timestamp()),
            "end_time": round(self.end.timestamp()),
        }
        return {**mapping(like), "ranges": [span], "switch": self.on}

    def pending(self, now: datetime) -> bool:
        """Whether it runs, or will."""
        return self.on and now < self.end


# -- all of them -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RatePlan:
    """The plans of a site, as the cloud told them; weeks are None if not understood.

    `chosen_w` is the output limit that the owner has chosen, `legal_w` the legal one, W,
    None where they are not known.
    """

    raw: Mapping[str, Any] = field(repr=False)
    mode: int | None
    manual: Week | None = field(repr=False)
    plugs: Week | None = field(repr=False)
    chosen_w: float | None = field(default=None, compare=False)
    legal_w: float | None = field(default=None, compare=False)

    @classmethod
    def parse(
        cls,
        raw: Mapping[str, Any],
        chosen_w: float | None = None,
        legal_w: float | None = None,
    ) -> Self:
        """Read the decoded object of parameter type 6."""
        return cls(
            raw,
            integer(raw.get("mode_type")),
            parse_week(raw.get(Plan.MANUAL)),
            parse_week(raw.get(Plan.PLUGS)),
            chosen_w,
            legal_w,
        )

    @property
    def understood(self) -> bool:
        """Whether both weeks could be written back."""
        return self.manual is not None and self.plugs is not None

    @property
    def backup(self) -> Backup | None:
        """The backup charge, whether it is switched on or not."""
        return Backup.parse(self.raw.get(BACKUP))

    @property
    def use_time(self) -> Any:
        """The times of use as they were read, None where there are none."""
        return self.raw.get(USE_TIME) or None

    @property
    def least_w(self) -> int:
        """The least output that can be asked for, W."""
        return max(integer(self.raw.get("min_load")) or 0, 0)

    @property
    def most_w(self) -> int:
        """The most output that can be asked for, W.

        `max_load` may be less than the limit that the owner has chosen (ha#309).
        """
        told = integer(self.raw.get("max_load")) or 0
        most = max(told, round(self.chosen_w or 0)) or MOST_LOAD_W
        return max(round(min(most, self.legal_w or most)), self.least_w)

    @property
    def step_w(self) -> int:
        """Powers are multiples of it, W."""
        return max(integer(self.raw.get("step")) or 1, 1)

    @property
    def charges_by_range(self) -> bool:
        """Whether a range can charge from the grid, as far as the plan shows it."""
        weeks = (self.manual or (), self.plugs or ())
        return any(
            TYPE in span.raw for week in weeks for it in week for span in it.ranges
        )

    def clamped(self, watts: float) -> int:
        """Return a power within the limits, in whole steps, rather less than more."""
        stepped = round(watts) // self.step_w * self.step_w
        return min(max(stepped, self.least_w), self.most_w)

    def week(self, plan: Plan) -> Week | None:
        """Return the week of a plan."""
        return self.manual if plan is Plan.MANUAL else self.plugs

    @property
    def current_plan(self) -> Plan:
        """The plan that the mode uses, else that of the manual mode."""
        return Plan.PLUGS if self.mode == UsageMode.SMART_PLUGS else Plan.MANUAL

    def power_at(self, weekday: int, minute: int, plan: Plan) -> int | None:
        """Return the output of a plan at a minute of the week, W; None if not known.

        While a range charges it is 0.
        """
        if (week := self.week(plan)) is None:
            return None
        span = day.at(day_of(week, weekday), minute)
        if span is None:
            return integer(self.raw.get("default_home_load")) or GAP_W
        return 0 if charges(span) else power_w(span)

    def holds_same(self, other: RatePlan) -> bool:
        """Whether both have the same mode, weeks, backup charge and times of use."""
        return (
            self.mode == other.mode
            and self.holds_same_weeks(other)
            and self.holds_same_times(other)
        )

    def holds_same_weeks(self, other: RatePlan) -> bool:
        """Whether both weeks are the same."""
        return all(
            mine == its if mine is None or its is None else week_holds_same(mine, its)
            for mine, its in (
                (self.manual, other.manual),
                (self.plugs, other.plugs),
            )
        )

    def holds_same_times(self, other: RatePlan) -> bool:
        """Whether the backup charge and the times of use are the same.

        Of a backup charge that is switched off it does not matter when it would be.
        """
        mine, its = self.backup, other.backup
        on = [it if it is not None and it.on else None for it in (mine, its)]
        return on[0] == on[1] and self.use_time == other.use_time

    def weeks_data(self) -> dict[str, Any]:
        """Return the part that holds the weeks, as it is to be written.

        TransientError for a week that is not understood.
        """
        if self.manual is None or self.plugs is None:
            raise TransientError("a range is not understood")
        return {
            "mode_type": self.mode,
            Plan.MANUAL.value: dump_week(self.manual),
            Plan.PLUGS.value: dump_week(self.plugs),
        }

    def times_data(self, before: RatePlan) -> dict[str, Any]:
        """Return the part that holds backup charge and times of use, to be written.

        A backup charge that there is before is switched off, where there is to be none.
        """
        backup = self.raw.get(BACKUP) or {}
        if self.backup is None and before.backup is not None:
            off = replace(before.backup, on=False)
            backup = off.dump(before.raw.get(BACKUP))
        return {
            "mode_type": self.mode,
            BACKUP: backup,
            USE_TIME: self.use_time or [],
        }

    def parts(self, before: RatePlan) -> tuple[dict[str, Any], ...]:
        """Return the parts to write so that another plan becomes this one."""
        times = not self.holds_same_times(before)
        weeks = not self.holds_same_weeks(before)
        if self.mode != before.mode and not times:
            # Each mode goes with the part that it uses.
            times = self.mode == UsageMode.USE_TIME
            weeks = weeks or not times
        return (
            *((self.weeks_data(),) if weeks else ()),
            *((self.times_data(before),) if times else ()),
        )

    def dump(self) -> dict[str, Any]:
        """Return the whole object."""
        return {**self.raw, **self._told("mode_type", self.mode), **self._weeks()}

    def _told(self, key: str, value: Any) -> dict[str, Any]:
        return {key: value} if key in self.raw or value is not None else {}

    def _weeks(self) -> dict[str, Any]:
        weeks = {Plan.MANUAL: self.manual, Plan.PLUGS: self.plugs}
        return {
            plan.value: dump_week(week)
            for plan, week in weeks.items()
            if week is not None and week != parse_week(self.raw.get(plan))
        }

    def with_mode(self, mode: int | None) -> RatePlan:
        """Return it with another mode."""
        return replace(self, mode=mode)

    def with_week(self, plan: Plan, week: Week) -> RatePlan:
        """Return it with another week."""
        if plan is Plan.MANUAL:
            return replace(self, manual=week)
        return replace(self, plugs=week)

    def with_backup(self, backup: Any) -> RatePlan:
        """Return it with another backup charge, as the cloud has it."""
        return replace(self, raw={**self.raw, BACKUP: backup})

    def with_use_time(self, use_time: Any) -> RatePlan:
        """Return it with other times of use, as the cloud has them."""
        return replace(self, raw={**self.raw, USE_TIME: use_time})


# -- what may be chosen ------------------------------------------------------------


def mode_options(
    *,
    charges_from_grid: bool,
    generation: int,
    meter: bool,
    plugs: bool,
    time_slots: bool,
    use_time: bool,
) -> tuple[UsageMode, ...]:
    """Return the modes that a system can be set to, in their order.

    `use_time` tells whether there is a plan for it. Sources differ on whether plugs will
    do for it where there is no meter; they will (dossier 5.4).
    """
    smart = generation >= 3 and meter
    offered = {
        UsageMode.SMART_METER: meter,
        UsageMode.SMART_PLUGS: plugs,
        UsageMode.MANUAL: True,
        UsageMode.USE_TIME: charges_from_grid and (meter or plugs) and use_time,
        UsageMode.SMART: smart,
        UsageMode.TIME_SLOT: smart and time_slots,
    }
    return tuple(mode for mode, may_be in offered.items() if may_be)
