"""Anker houses: plans that recur, of which something is lent for a while."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, ClassVar, Final, override

from tests.clouds import AnkerCloud
from tests.clouds.anker import Behaviour
from tests.clouds.anker.orders import (
    MANUAL,
    Station,
    backup_at,
    later_order,
    minute_of,
    plan_slot,
    share_at,
)

from ...simulated import SimulatedClock
from .base import GAP, SHOWN_WITHIN, Doing, House, Place, most_within

ACTS_WITHIN: Final = timedelta(minutes=8)
PROFILE_ACTS_WITHIN: Final = timedelta(minutes=4)
_CALLS_PER_MINUTE: Final = 10
_LOAD_W: Final = 437.0
_MIDDLE: Final = 0.5
_SPOTS: Final = [0.3 + hour / 1000 for hour in range(24)]
_EDIT: Final = "default_home_load"


class AnkerHouse(House):
    """What all generations have in common."""

    vendor: ClassVar[str] = "anker"
    writes: ClassVar[str] = "set_site_device_param"
    write_labels: ClassVar[tuple[str, ...]] = ("set_device_parm",)
    powered: ClassVar[frozenset[str]] = frozenset({"charge", "discharge"})
    powers: ClassVar[tuple[int, int, int]] = (200, 700, 10)
    by_wall: ClassVar[bool] = True
    lag: ClassVar[timedelta] = SHOWN_WITHIN
    fixture: ClassVar[str]
    kind: ClassVar[str]

    def __init__(self, clock: SimulatedClock, random: Random, place: Place) -> None:
        """Make the cloud."""
        self.cloud: AnkerCloud = AnkerCloud(
            clock=clock,
            seed=random.randrange(1000),
            fixture=self.fixture,
            behaviour=Behaviour(crypto="opaque"),
        )
        self.device = self.cloud.serials[0]
        self._owned = self.cloud.param(self.device, self.kind)
        banks = {bank.serial for bank in self.cloud.site(self.device).spec.banks}
        self.serials = frozenset({self.device, *banks})

    @override
    def expire_tokens(self) -> None:
        self.cloud.revoke_tokens()

    def _told(self, plan: dict[str, Any], now: datetime) -> tuple[Any, str]:
        """Return what a plan asks for now, and which action that is."""
        raise NotImplementedError

    def _edit(self, plan: dict[str, Any], watts: int) -> None:
        """Change a power of a plan."""
        raise NotImplementedError

    def _held(self) -> dict[str, Any]:
        held: dict[str, Any] = self.cloud.param(self.device, self.kind)
        return held

    @override
    def ours(self, now: datetime) -> Doing | None:
        told, action = self._told(self._held(), now)
        return None if told == self._told(self._owned, now)[0] else Doing(action)

    @override
    def does(self, now: datetime) -> str | None:
        return self._told(self._held(), now)[1]

    @override
    def leftovers(self, now: datetime) -> list[str]:
        held, owned = _plain(self._held()), _plain(self._owned)
        return [f"{key} {held[key]}" for key in held if held[key] != owned.get(key)]

    @override
    def not_restored(self, now: datetime) -> Iterator[str]:
        held = _plain(self._held())
        for key, value in _plain(self._owned).items():
            if held.get(key) != value:
                yield f"{key} is {held.get(key)} instead of the owner's {value}"

    @override
    def lost_edits(self, now: datetime) -> Iterator[str]:
        yield from super().lost_edits(now)
        held = self._held().get(_EDIT)
        if held != self._owned.get(_EDIT):
            yield f"{_EDIT} is {held} instead of {self._owned.get(_EDIT)}"

    @override
    def too_strong(self, now: datetime) -> Iterator[str]:
        makes = [bank.makes for bank in self.cloud.site(self.device).spec.banks]
        most = sum(max(it.max_output_w, it.grid_charge_w) for it in makes)
        for watts in _powers(self._held()):
            if watts > most:
                yield f"{watts} W in the plan"

    @override
    def beyond_limits(self, births: Sequence[datetime]) -> Iterator[str]:
        edges = [*births, self.cloud.clock()]
        for begin, end in pairwise(edges):
            times: dict[str, list[datetime]] = {}
            for entry in self.cloud.requests.entries:
                if begin <= entry.at < end:
                    times.setdefault(entry.label, []).append(entry.at)
            for label, each in times.items():
                most = most_within(each, timedelta(minutes=1))
                if most > _CALLS_PER_MINUTE:
                    yield f"{most} calls of {label} in a minute"

    @override
    def app_edit(self, random: Random, now: datetime) -> str | None:
        watts = random.randrange(120, 300, 10)
        if self.leftovers(now):
            # What is his in a plan that is lent cannot be told from outside.
            self.cloud.app_sets(self.device, self.kind, {**self._held(), _EDIT: watts})
            self._owned = {**self._owned, _EDIT: watts}
            return f"{_EDIT} {watts} W"
        plan = deepcopy(self._held())
        self._edit(plan, watts)
        self.cloud.app_sets(self.device, self.kind, plan)
        self._owned = self._held()
        return f"a plan with {watts} W"

    @override
    def delete_ours(self, random: Random, now: datetime) -> Doing | None:
        doing = self.ours(now)
        if doing is not None:
            self.cloud.app_sets(self.device, self.kind, deepcopy(self._owned))
        return doing


class FirstHouse(AnkerHouse):
    """A Solarbank 1, with the profile of a day."""

    name: ClassVar[str] = "anker-first"
    actions: ClassVar[tuple[str, ...]] = ("discharge",)
    fixture: ClassVar[str] = "A"
    kind: ClassVar[str] = "4"
    grace: ClassVar[timedelta] = PROFILE_ACTS_WITHIN
    grace_why: ClassVar[str] = (
        "PROFILE_ACTS_WITHIN: what was written shows a minute or two later"
    )

    @override
    def _told(self, plan: dict[str, Any], now: datetime) -> tuple[Any, str]:
        site = self.cloud.site(self.device)
        banks = [bank.serial for bank in site.spec.banks]
        share = share_at(plan, banks, minute_of(site.local(now)))
        return (share.system_w, share.on), "discharge" if share.system_w else "hold"

    @override
    def _edit(self, plan: dict[str, Any], watts: int) -> None:
        plan["ranges"][0]["appliance_loads"][0]["power"] = watts


class LaterHouse(AnkerHouse):
    """A Solarbank 2, with a plan of the week."""

    name: ClassVar[str] = "anker-later"
    actions: ClassVar[tuple[str, ...]] = ("discharge", "hold")
    fixture: ClassVar[str] = "C"
    kind: ClassVar[str] = "6"
    grace: ClassVar[timedelta] = ACTS_WITHIN
    grace_why: ClassVar[str] = "ACTS_WITHIN: a change shows after up to six minutes"

    @override
    def _told(self, plan: dict[str, Any], now: datetime) -> tuple[Any, str]:
        site = self.cloud.site(self.device)
        order = later_order(
            site.spec,
            plan,
            site.local(now),
            _LOAD_W,
            _MIDDLE,
            Station(),
            _SPOTS,
            backup=backup_at(plan, now) is not None,
        )
        if order.grid_charge_w:
            return order, "charge"
        local, owned = site.local(now), self._owned
        slot, mine = (
            plan_slot(it, local, "custom_rate_plan")[0] for it in (plan, owned)
        )
        # What the owner has planned for a mode that he has not chosen.
        dormant = slot is None or (mine and slot["power"] == mine["power"])
        if plan["mode_type"] == MANUAL != owned["mode_type"] and dormant:
            return order, GAP
        return order, "discharge" if order.output_w else "hold"

    @override
    def _edit(self, plan: dict[str, Any], watts: int) -> None:
        plan["custom_rate_plan"][0]["ranges"][0]["power"] = watts


class ChargingHouse(LaterHouse):
    """A Solarbank 2 AC, which charges from the grid too."""

    name: ClassVar[str] = "anker-ac"
    actions: ClassVar[tuple[str, ...]] = ("charge", "discharge", "hold")
    powered: ClassVar[frozenset[str]] = frozenset({"discharge"})
    fixture: ClassVar[str] = "AC"


def _powers(node: Any) -> Iterator[float]:
    """Yield all powers of a plan, W."""
    if isinstance(node, list):
        for item in node:
            yield from _powers(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            if key == "power":
                yield float(item or 0)
            else:
                yield from _powers(item)


def _by_day(week: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    """Return the ranges of each day, those that do the same one after another as one."""
    days: dict[int, list[dict[str, Any]]] = {}
    for item in week:
        for day in item["week"]:
            ranges = days.setdefault(day, [])
            for span in item["ranges"]:
                last = ranges[-1] if ranges else {}
                if span == {
                    **last,
                    "start_time": last.get("end_time"),
                    "end_time": span["end_time"],
                }:
                    ranges[-1] = {**last, "end_time": span["end_time"]}
                else:
                    ranges.append(span)
    return days


def _plain(plan: dict[str, Any]) -> dict[str, Any]:
    """Return a plan in which a week without items is the same as none.

    A backup that is off is the same as none too: the device itself ends it. A week is
    what it does each day, into whatever pieces it is cut.
    """
    plain = {key: value or None for key, value in plan.items()}
    if plain.get("custom_rate_plan"):
        plain["custom_rate_plan"] = _by_day(plan["custom_rate_plan"])
    if not (plan.get("manual_backup") or {}).get("switch"):
        plain["manual_backup"] = None
    return plain
