"""What rules the banks of a site: a day profile, or rate plans (dossier 4.12, 5)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, Final, Self

from ...core.models import Clock
from ..base import VendorCall
from .calls import set_param_call
from .day import minute_of, next_edge, weekday_of
from .products import SOLARBANK_1
from .profile import Profile
from .rate_plan import RatePlan, mode_options
from .status import UsageMode
from .week import day_of

PROFILE_TYPE: Final = "4"
RATE_PLAN_TYPE: Final = "6"
"""Types of the parameters that hold them."""

_TAKES_GRID_POWER: Final = frozenset({"A17C2", "A17C5"})
_TAKES_NONE: Final = frozenset({SOLARBANK_1, "A17C1", "A17C3"})
"""Product codes of banks that can, or cannot, be charged from the grid."""
_THIRD_GENERATION: Final = frozenset({"A17C5"})
_LOOK_AHEAD: Final = 8


class NoPlan(StrEnum):
    """Why nothing rules a site from here."""

    MEMBER = "member"
    """The account is only a member of the site."""
    NO_BANK = "no_bank"
    NOT_STORED = "not_stored"
    """The cloud has no plan for it."""


@dataclass(frozen=True, slots=True)
class Bank:
    """A battery of a site."""

    serial: str = field(repr=False)
    product: str


def plan_type(banks: Iterable[Bank]) -> str | None:
    """Return the type of the parameter that rules banks, None without any.

    Behind one of a later generation those of the first are ruled by it.
    """
    products = {bank.product for bank in banks}
    if not products:
        return None
    return PROFILE_TYPE if products == {SOLARBANK_1} else RATE_PLAN_TYPE


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """The plan of a site: one of both kinds, or why there is none.

    `zone` is that of the banks' wall clock. `meter`, `plugs` and `time_slots` tell what
    the site has of what a usage mode may need, `grid_limit_w` what its banks take from
    the grid at most, W, where that is known. `clock` tells what of it holds now.
    """

    zone: tzinfo
    banks: tuple[Bank, ...] = ()
    profile: Profile | None = None
    rate_plan: RatePlan | None = None
    missing: NoPlan | None = None
    meter: bool = False
    plugs: bool = False
    time_slots: bool = False
    grid_limit_w: float | None = None
    clock: Clock | None = field(default=None, compare=False, repr=False)

    @classmethod
    def parse(
        cls,
        raw: Mapping[str, Any] | None,
        banks: Iterable[Bank],
        zone: tzinfo,
        *,
        meter: bool = False,
        plugs: bool = False,
        time_slots: bool = False,
        grid_limit_w: float | None = None,
        chosen_w: float | None = None,
        legal_w: float | None = None,
        clock: Clock | None = None,
    ) -> Self:
        """Read the decoded object of the type that `plan_type` tells.

        `chosen_w` and `legal_w` are the limits of a rate plan's output.
        """
        known = tuple(banks)
        plan = cls(
            zone=zone,
            banks=known,
            meter=meter,
            plugs=plugs,
            time_slots=time_slots,
            grid_limit_w=grid_limit_w,
            clock=clock,
        )
        if not known:
            return replace(plan, missing=NoPlan.NO_BANK)
        if raw is None:
            return replace(plan, missing=NoPlan.NOT_STORED)
        if plan_type(known) == PROFILE_TYPE:
            serials = (bank.serial for bank in known)
            return replace(plan, profile=Profile.parse(raw, serials))
        return replace(plan, rate_plan=RatePlan.parse(raw, chosen_w, legal_w))

    @property
    def now(self) -> datetime:
        """The present instant; LookupError where nobody tells the time."""
        if self.clock is None:
            raise LookupError("clock")
        return self.clock()

    @property
    def charges_from_grid(self) -> bool:
        """Whether any bank can be charged from the grid, as far as it is known."""
        if self.rate_plan is None:
            return False
        products = {bank.product for bank in self.banks}
        # Others may hold a backup charge that nobody can ask for.
        unknown = products - _TAKES_NONE and self.rate_plan.backup is not None
        return bool(products & _TAKES_GRID_POWER or unknown)

    @property
    def grid_charge_w(self) -> int:
        """The most that the banks take from the grid, W, as far as it is known."""
        known = 0 if self.rate_plan is None else self.rate_plan.most_w
        return round(self.grid_limit_w or known)

    def charges_with_all(self, watts: int | None) -> bool:
        """Whether a charge is one with all that the banks take: a backup charge."""
        plan = self.rate_plan
        chosen = watts is not None and watts < self.grid_charge_w
        return plan is not None and not (chosen and plan.charges_by_range)

    @property
    def generation(self) -> int:
        """The latest generation of its banks, 0 without any."""
        products = {bank.product for bank in self.banks}
        if products & _THIRD_GENERATION:
            return 3
        return 0 if not products else 1 if products == {SOLARBANK_1} else 2

    def holds_same(self, other: SitePlan) -> bool:
        """Whether both let the banks do the same."""
        if self.profile is not None and other.profile is not None:
            return self.profile.holds_same(other.profile)
        if self.rate_plan is not None and other.rate_plan is not None:
            return self.rate_plan.holds_same(other.rate_plan)
        return self.missing == other.missing and self.kind == other.kind

    @property
    def kind(self) -> str | None:
        """The type of the parameter that holds it, None where there is none."""
        if self.profile is not None:
            return PROFILE_TYPE
        return None if self.rate_plan is None else RATE_PLAN_TYPE

    @property
    def understood(self) -> bool:
        """Whether all that could be ours in it is known, and it can be written back."""
        if self.profile is not None:
            return self.profile.slots is not None
        return self.rate_plan is not None and self.rate_plan.understood

    def calls(self, site_id: str, before: SitePlan) -> tuple[VendorCall, ...]:
        """Return the calls that make it out of another one, none if that does the same."""
        if self.profile is not None and before.profile is not None:
            if self.profile.holds_same(before.profile):
                return ()
            return (set_param_call(site_id, PROFILE_TYPE, self.profile.dump()),)
        if self.rate_plan is not None and before.rate_plan is not None:
            return tuple(
                set_param_call(site_id, RATE_PLAN_TYPE, part)
                for part in self.rate_plan.parts(before.rate_plan)
            )
        return ()

    def as_data(self) -> dict[str, Any]:
        """Return the plan as JSON can hold it."""
        if self.profile is not None:
            return {PROFILE_TYPE: {**self.profile.raw, **_slots(self.profile)}}
        if self.rate_plan is not None:
            return {RATE_PLAN_TYPE: self.rate_plan.dump()}
        return {}

    def from_data(self, data: Mapping[str, Any]) -> SitePlan:
        """Return this site with a plan from its data."""
        profile = rate_plan = None
        if PROFILE_TYPE in data:
            serials = (bank.serial for bank in self.banks)
            profile = Profile.parse(data[PROFILE_TYPE], serials)
        elif RATE_PLAN_TYPE in data:
            rate_plan = RatePlan.parse(data[RATE_PLAN_TYPE])
        return replace(self, profile=profile, rate_plan=rate_plan)

    def do_same(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Whether the data of two plans let the banks of this site do the same."""
        return self.from_data(one).holds_same(self.from_data(other))

    @property
    def mode_options(self) -> tuple[UsageMode, ...]:
        """The usage modes that the site can be set to."""
        plan = self.rate_plan
        if plan is None:
            return ()
        return mode_options(
            charges_from_grid=self.charges_from_grid,
            generation=self.generation,
            meter=self.meter,
            plugs=self.plugs,
            time_slots=self.time_slots,
            use_time=plan.use_time is not None,
        )

    def power_at(self, now: datetime) -> int | None:
        """Return the output that the plan in use asks for, W; None where none does."""
        minute = minute_of(now, self.zone)
        if self.profile is not None:
            return self.profile.power_at(minute)
        plan = self.rate_plan
        if plan is None or plan.mode not in (
            UsageMode.MANUAL,
            UsageMode.SMART_PLUGS,
        ):
            return None
        return plan.power_at(weekday_of(now, self.zone), minute, plan.current_plan)

    def next_change(self, now: datetime) -> datetime | None:
        """Return when what holds now is over, None where nothing ever is."""
        edges: list[datetime] = []
        if self.profile is not None:
            days = [self.profile.slots or ()] * _LOOK_AHEAD
            edges.append(next_edge(days, now, self.zone))
        elif self.rate_plan is not None:
            week = self.rate_plan.week(self.rate_plan.current_plan) or ()
            first = now.astimezone(self.zone).isoweekday() % 7
            days = [day_of(week, (first + it) % 7) for it in range(_LOOK_AHEAD)]
            edges.append(next_edge(days, now, self.zone))
            if (backup := self.rate_plan.backup) is not None and backup.on:
                edges += [at for at in (backup.start, backup.end) if at > now]
        return min(edges, default=None)


def _slots(profile: Profile) -> dict[str, Any]:
    """Return the slots as they are wanted, whether they could be written so or not."""
    if profile.slots is None:
        return {}
    slots = [slot.dump() for slot in profile.slots]
    return {"ranges": slots} if slots or profile.raw.get("ranges") else {}
