"""Controls a system by its plan: what we want is lent from it, and given back."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Self

from ...core.capabilities import Capabilities
from ...core.errors import NotSupported, TransientError
from ...core.loan import Loan, Sent, shown_before
from ...core.models import EndpointId, Readings
from ...core.proof import Telemetry
from ...core.schedule import Owner, Programme, ScheduleItem
from ...core.timeline import Segment
from ..base import PlanEdit, Rewrite, VendorCall
from .client import AlphaEssClient
from .endpoints import FLOOR, PLAN, POWER, SYSTEM
from .lending import compose, owner_of
from .plan import Plan, as_data, do_same, from_data
from .plan_edits import edited
from .plan_feed import PlanFeed
from .power import HISTORY_PERIOD
from .schedule import capabilities, weekly_window
from .wall_windows import Window

_BETWEEN_KEYS = " + "


@dataclass(frozen=True, slots=True)
class SystemController:
    """The plan of one system; `zone` is its wall clock's."""

    device_id: str = field(repr=False)
    client: AlphaEssClient
    feed: PlanFeed
    zone: Callable[[], tzinfo]

    @property
    def read_back(self) -> EndpointId:
        """The plan."""
        return EndpointId(PLAN.name, self.device_id)

    @property
    def evidence(self) -> EndpointId:
        """The power flow."""
        return EndpointId(POWER.name, self.device_id)

    def capabilities(self, readings: Readings, loan: Loan | None) -> Capabilities:
        """Return what the system can express, by the store that governs it."""
        del loan
        return capabilities(
            readings.get(PLAN, self.device_id),
            readings.get(SYSTEM, self.device_id),
            readings.get(FLOOR, self.device_id),
        )

    def telemetry(self, readings: Readings) -> Telemetry | None:
        """Return the power flow; the cloud does not tell the inverter's mode.

        A flow that has not changed is as old as its first sight, so that it may be old.
        """
        power = readings.get(POWER, self.device_id)
        if power is None:
            return None
        flow = power.flow
        return Telemetry(
            time=power.time,
            period=HISTORY_PERIOD,
            battery_w=flow.battery_w,
            grid_w=flow.grid_w,
            solar_w=flow.pv_w,
            state_of_charge=flow.state_of_charge,
        )

    def programme(self, readings: Readings, sent: Sent) -> Programme | None:
        """Return the windows in force; those of ours as what they were made for."""
        plan = readings.get(PLAN, self.device_id)
        return None if plan is None else _programme(plan, sent, self.zone())

    async def fetch_past(self, sent: Sent) -> Programme:
        """Return the plan as it is now: the cloud keeps nothing of the past."""
        return _programme(await self.feed.fetch(), sent, self.zone())

    def owned(
        self, readings: Readings, loan: Loan | None, now: datetime
    ) -> Plan | None:
        """Return the plan as its owner wants it."""
        current = readings.get(PLAN, self.device_id)
        if current is None or loan is None:
            return current
        return Lent.of(loan).owner_by(current, now)

    def rewrite(
        self,
        readings: Readings,
        loan: Loan | None,
        segments: Sequence[Segment],
        now: datetime,
        edit: PlanEdit | None = None,
    ) -> Rewrite:
        """Return the owner's plan, edited, with our segments in it."""
        current = readings.get(PLAN, self.device_id)
        if current is None:
            raise TransientError("the plan is not known")
        if loan is not None and ("periodic" in loan.owner) != bool(current.periodic):
            if edit is not None:
                raise TransientError("another store is to be given back first")
            return self._given_back_elsewhere(loan, now)
        known = None if loan is None else Lent.of(loan)
        owner = current if known is None else known.owner_by(current, now)
        if edit is not None:
            before, owner = owner, edited(owner, edit)
            # It must do without us too, once what is lent is given back.
            compose(owner, (), self.zone(), now).plan.calls(self.device_id, (before,))
        # What was written last holds, though it may not be shown yet.
        there = (current,) if known is None else known.may_hold(current, now)
        arrived = known is None or known.arrived(current, now)
        left = None if arrived else loan
        if not segments and there[0].holds_same(owner) and (edit is None or arrived):
            return Rewrite((), {}, left)
        composed = compose(owner, segments, self.zone(), now)
        ids = {
            tag: _BETWEEN_KEYS.join(window.key for window in windows)
            for tag, windows in composed.placed.items()
        }
        calls = composed.plan.calls(self.device_id, there, owner)
        if edit is not None and not calls:
            # Who asks again for what is not shown yet has it written again.
            calls = composed.plan.calls(self.device_id, (current,), owner)
        lent = Loan(
            owner=as_data(owner),
            written=as_data(composed.plan),
            written_at=now,
            mine=list(composed.mine),
            lent=bool(ids) or (loan is not None and loan.lent),
        )
        if calls:
            earlier = shown_before(lent, left, as_data(current), do_same)
            return Rewrite(calls, ids, replace(lent, earlier=earlier))
        if loan is not None:
            lent = replace(lent, earlier=loan.earlier, written_at=loan.written_at)
        return Rewrite((), ids, lent if ids else left)

    def shows(self, readings: Readings, loan: Loan) -> bool:
        """Tell whether the plan is what was written last."""
        current = readings.get(PLAN, self.device_id)
        return current is not None and current.holds_same(from_data(loan.written))

    def _given_back_elsewhere(self, loan: Loan, now: datetime) -> Rewrite:
        """Return what gives back a store that no longer governs, before all else."""
        owner = compose(from_data(loan.owner), (), self.zone(), now).plan
        calls = owner.calls(self.device_id, (from_data(loan.written),))
        return Rewrite(calls, {}, None)

    def wait_s(self, call: VendorCall) -> float:
        """Return how long the store of a call cannot be written yet, s."""
        return self.client.wait_s(call)

    async def send(self, call: VendorCall) -> None:
        """Write a store."""
        await self.client.send(call)

    async def reset_base_mode(self) -> None:
        """Refuse: the mode outside windows cannot be set (dossier section 2)."""
        raise NotSupported("no mode outside windows")


@dataclass(frozen=True, slots=True)
class Lent:
    """A loan with its plans read."""

    loan: Loan
    owner: Plan
    written: Plan
    earlier: tuple[Plan, ...]

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, loan: Loan) -> Self:
        """Read the plans of a loan, once: every entity of a setting asks for them."""
        return cls(
            loan,
            from_data(loan.owner),
            from_data(loan.written),
            tuple(map(from_data, loan.earlier)),
        )

    def outdated(self, current: Plan) -> bool:
        """Whether the cloud shows what was there before the last write."""
        return not current.holds_same(self.written) and any(
            map(current.holds_same, self.earlier)
        )

    def may_hold(self, current: Plan, now: datetime) -> tuple[Plan, ...]:
        """Return what the cloud may hold, the likeliest first."""
        late = self.loan.is_fresh(now) and self.outdated(current)
        return (self.written, *self.earlier) if late else (current,)

    def arrived(self, current: Plan, now: datetime) -> bool:
        """Whether nothing that was written is still to be shown."""
        if not self.loan.is_fresh(now):
            return True
        return current.holds_same(self.written) and not self.loan.comes_back

    def owner_by(self, current: Plan, now: datetime) -> Plan:
        """Return the plan as its owner wants it now."""
        if current.holds_same(self.written):
            return self.owner
        if self.outdated(current):
            if self.loan.is_fresh(now) or self.loan.lent:
                return self.owner
            # The cloud has not taken an edit of his.
            return current
        earlier = self.earlier or (self.written,)
        return owner_of(self.owner, earlier, self.written, self.loan.mine, current)


def _programme(plan: Plan, sent: Sent, zone: tzinfo) -> Programme:
    windows = Counter(plan.in_force())
    owners = Counter[str]()
    outdated_until: datetime | None = None
    if sent.loan is not None:
        lent = Lent.of(sent.loan)
        owners = lent.owner.keys()
        if lent.outdated(plan):
            outdated_until = sent.loan.outdated_until
    items: list[ScheduleItem] = []
    wanted, there = Counter[str](), plan.keys()
    for vendor_id, segment in sent.live.items():
        keys = Counter(vendor_id.split(_BETWEEN_KEYS))
        if keys <= there:
            items.append(_item(vendor_id, segment))
            windows = _less(windows, keys)
            wanted += keys
    # What is wanted may stand on the owner's own window; what is taken back stands
    # neither on that, nor on what is wanted in its place.
    there -= owners
    for vendor_id, segment in sent.restoring.items():
        keys = Counter(vendor_id.split(_BETWEEN_KEYS))
        if keys <= there and not keys <= wanted:
            items.append(_item(vendor_id, segment))
            windows = _less(windows, keys)
    return Programme(
        items=tuple(sorted(items, key=lambda item: item.start)),
        recurring=tuple(weekly_window(window, zone) for window in windows.elements()),
        outdated_until=outdated_until,
    )


def _item(vendor_id: str, segment: Segment) -> ScheduleItem:
    return ScheduleItem(
        vendor_id=vendor_id,
        action=segment.action,
        vendor_mode=segment.action.value,
        start=segment.start,
        end=segment.end,
        power_w=segment.power_w,
        owner=Owner.OWN,
        rule_id=segment.rule_id,
        source=segment.source,
    )


def _less(windows: Counter[Window], keys: Iterable[str]) -> Counter[Window]:
    """Return the windows without those of the keys."""
    left = Counter(windows)
    for key in keys:
        found = next((window for window in left.elements() if window.key == key), None)
        if found is not None:
            left[found] -= 1
    return +left
