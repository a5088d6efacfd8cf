"""Controls a site by its plan: what we want is lent from it, and given back."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, Self

from ...core.capabilities import Capabilities
from ...core.errors import NotSupported, TransientError
from ...core.loan import Loan, Sent, shown_before
from ...core.models import EndpointId, Readings
from ...core.proof import Telemetry
from ...core.schedule import ItemStatus, Owner, Programme, ScheduleItem
from ...core.timeline import Segment
from ..base import PlanEdit, Rewrite, VendorCall
from .client import AnkerClient
from .endpoints import PLAN, SCENE
from .lending import compose, in_owners_mode, owner_of
from .marks import Mark, marks_of, name_of
from .models import Scene
from .plan import Bank, SitePlan
from .plan_edits import edited
from .profile_edits import check_increase
from .rhythm import Written
from .schedule import capabilities, foreign_backup, windows

_FIRST_REPORTS: Final = timedelta(minutes=1)
_LATER_REPORTS: Final = timedelta(minutes=5)
_UNTIL_READ: Final = datetime.max.replace(tzinfo=UTC)
_NEARLY_FULL: Final = 90.0
"""Percent, by an overview that may be minutes old. A backup charge ends by itself when
the battery is full."""


@dataclass(frozen=True, slots=True)
class SystemController:
    """The plan of one site; `fetch` asks the cloud for it."""

    device_id: str = field(repr=False)
    client: AnkerClient
    fetch: Callable[[], Awaitable[SitePlan]]
    written: Written = field(default_factory=Written)

    @property
    def read_back(self) -> EndpointId:
        """The plan."""
        return EndpointId(PLAN.name, self.device_id)

    @property
    def evidence(self) -> EndpointId:
        """The overview."""
        return EndpointId(SCENE.name, self.device_id)

    def capabilities(self, readings: Readings, loan: Loan | None) -> Capabilities:
        """Return what the site can express, by its plan, in the mode of its owner."""
        scene = readings.get(SCENE, self.device_id)
        plan = readings.get(PLAN, self.device_id)
        if plan is not None and loan is not None and loan.lent:
            plan = Lent.of(loan, plan.banks).in_owners_mode(plan)
        return capabilities(plan, cascaded=scene is not None and scene.is_cascaded)

    def telemetry(self, readings: Readings) -> Telemetry | None:
        """Return what the banks reported last; their mode is not told."""
        scene = readings.get(SCENE, self.device_id)
        plan = readings.get(PLAN, self.device_id)
        if scene is None or plan is None or scene.reported_at is None:
            return None
        return _telemetry(scene, plan, scene.reported_at)

    def programme(self, readings: Readings, sent: Sent) -> Programme | None:
        """Return what is in the plan; that of ours as what it was made for."""
        plan = readings.get(PLAN, self.device_id)
        if plan is None:
            return None
        return _programme(plan, sent, full=self._full(readings))

    async def fetch_past(self, sent: Sent) -> Programme:
        """Return the plan as it is now: the cloud keeps nothing of the past."""
        return _programme(await self.fetch(), sent, full=False)

    def owned(
        self, readings: Readings, loan: Loan | None, now: datetime
    ) -> SitePlan | None:
        """Return the plan as its owner wants it."""
        current = readings.get(PLAN, self.device_id)
        if current is None or loan is None:
            return current
        return Lent.of(loan, current.banks).owner_by(current, now)

    def rewrite(
        self,
        readings: Readings,
        loan: Loan | None,
        segments: Sequence[Segment],
        now: datetime,
        edit: PlanEdit | None = None,
    ) -> Rewrite:
        """Return the owner's plan, edited, with our segments in it."""
        current = self._writable(readings, loan)
        known = None if loan is None else Lent.of(loan, current.banks)
        owner = current if known is None else known.owner_by(current, now)
        if edit is not None:
            before, owner = owner, edited(owner, edit)
            powers = before.power_at(now), owner.power_at(now)
            check_increase(*powers, self.written.at, now)
        # What was written last holds, though it may not be shown yet.
        there = current if known is None else known.there(current, now)
        left = None if known is None else known.left(current, now)
        done = not segments and there.holds_same(owner)
        if done and (edit is None or left is None):
            return Rewrite((), {}, left)
        composed = compose(owner, segments, now)
        ids = {tag: name_of(marks) for tag, marks in composed.placed.items()}
        calls = composed.plan.calls(self.device_id, there)
        if edit is not None and not calls:
            # Who asks again for what is not shown yet has it written again.
            calls = composed.plan.calls(self.device_id, current)
        lent = Loan(
            owner=owner.as_data(),
            written=composed.plan.as_data(),
            written_at=now,
            mine=list(composed.mine),
            lent=bool(ids) or (loan is not None and loan.lent),
        )
        if calls:
            earlier = shown_before(lent, left, current.as_data(), current.do_same)
            return Rewrite(calls, ids, replace(lent, earlier=earlier))
        if loan is not None:
            lent = replace(lent, earlier=loan.earlier, written_at=loan.written_at)
        return Rewrite((), ids, lent if ids else left)

    def _writable(self, readings: Readings, loan: Loan | None) -> SitePlan:
        """Return the plan, if it can be told what of it is whose.

        Else TransientError: what is on loan stays so, for nothing can be given back.
        """
        current = readings.get(PLAN, self.device_id)
        if current is None or not current.understood:
            raise TransientError("the plan is not known, or not understood")
        if loan is not None and current.kind not in loan.owner:
            raise TransientError("another plan is to be given back first")
        return current

    def shows(self, readings: Readings, loan: Loan) -> bool:
        """Tell whether the plan is what was written last."""
        current = readings.get(PLAN, self.device_id)
        return current is not None and current.holds_same(
            current.from_data(loan.written)
        )

    def wait_s(self, call: VendorCall) -> float:
        """Return 0: the client itself waits until the cloud takes another call."""
        return 0.0

    async def send(self, call: VendorCall) -> None:
        """Write the plan, or a part of it."""
        try:
            await self.client.send(call)
        finally:
            # Also if the answer is lost.
            self.written.at = self.client.clock()

    async def reset_base_mode(self) -> None:
        """Refuse: what holds without us is the owner's plan."""
        raise NotSupported("no mode outside the plan")

    def _full(self, readings: Readings) -> bool:
        scene = readings.get(SCENE, self.device_id)
        charge = None if scene is None else scene.banks.state_of_charge
        return charge is not None and charge >= _NEARLY_FULL


@dataclass(frozen=True, slots=True)
class Lent:
    """A loan with its plans read; of each no more than what rules the banks."""

    loan: Loan
    owner: SitePlan
    written: SitePlan
    earlier: tuple[SitePlan, ...]

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, loan: Loan, banks: tuple[Bank, ...]) -> Self:
        """Read the plans of a loan, once: every entity of a setting asks for them."""
        bare = SitePlan(zone=UTC, banks=banks)
        return cls(
            loan,
            bare.from_data(loan.owner),
            bare.from_data(loan.written),
            tuple(map(bare.from_data, loan.earlier)),
        )

    def outdated(self, current: SitePlan) -> SitePlan | None:
        """Return which plan of before the last write the cloud shows, if it does."""
        if current.holds_same(self.written):
            return None
        return next((it for it in self.earlier if current.holds_same(it)), None)

    def there(self, current: SitePlan, now: datetime) -> SitePlan:
        """Return what the cloud holds, as far as it can be known."""
        late = self.loan.is_fresh(now) and self.outdated(current) is not None
        return self.written if late else current

    def arrived(self, current: SitePlan, now: datetime) -> bool:
        """Whether nothing that was written is still to be shown."""
        if not self.loan.is_fresh(now):
            return True
        return current.holds_same(self.written) and not self.loan.comes_back

    def left(self, current: SitePlan, now: datetime) -> Loan | None:
        """Return the loan if something that was written is still to be shown."""
        return None if self.arrived(current, now) else self.loan

    def in_owners_mode(self, current: SitePlan) -> SitePlan:
        """Return the plan in the mode that its owner wants, whichever ours needs."""
        return in_owners_mode(self.owner, (self.written, *self.earlier), current)

    def owner_by(self, current: SitePlan, now: datetime) -> SitePlan:
        """Return the plan as its owner wants it now."""
        if current.kind not in self.loan.owner:
            return current
        before = self.earlier
        if (outdated := self.outdated(current)) is not None:
            if not self.loan.is_fresh(now) and not self.loan.lent:
                # The cloud has not taken an edit of his.
                return current
            before = (outdated,)
        return owner_of(self.owner, (self.written, *before), current)


def _telemetry(scene: Scene, plan: SitePlan, time: datetime) -> Telemetry:
    banks, grid = scene.banks, scene.grid
    online = [bank.online for bank in scene.solarbanks.values()]
    reserves = [bank.reserve for bank in scene.solarbanks.values() if bank.reserve]
    charging = banks.charging_w
    return Telemetry(
        time=time,
        period=_LATER_REPORTS if plan.profile is None else _FIRST_REPORTS,
        online=not online or any(it is not False for it in online),
        battery_w=None if charging is None else -charging,
        grid_w=None if grid is None else grid.power_w,
        solar_w=banks.solar_w,
        state_of_charge=banks.state_of_charge,
        min_state_of_charge=max(reserves, default=None),
        max_charge_w=plan.grid_limit_w,
    )


def _programme(plan: SitePlan, sent: Sent, *, full: bool) -> Programme:
    owner: SitePlan | None = None
    outdated_until: datetime | None = None
    if sent.loan is not None and not (plan.understood and plan.kind in sent.loan.owner):
        # It cannot be told whether ours is in it: that is not to say that it is gone.
        return Programme(outdated_until=_UNTIL_READ)
    if sent.loan is not None:
        owner = plan.from_data(sent.loan.owner)
        if Lent.of(sent.loan, plan.banks).outdated(plan) is not None:
            outdated_until = sent.loan.outdated_until
    items: list[ScheduleItem] = []
    mine: list[Mark] = []
    for vendor_id, segment in sent.live.items():
        marks = marks_of(vendor_id)
        if _holds(plan, marks):
            items.append(_item(vendor_id, segment))
            mine += marks
        elif full and any(it.was_in(plan) for it in marks):
            items.append(_item(vendor_id, segment, ItemStatus.FULFILLED))
    # What is wanted may stand on the owner's own; what is taken back stands neither on
    # that, nor on what is wanted in its place.
    wanted = tuple(mine)
    for vendor_id, segment in sent.restoring.items():
        marks = marks_of(vendor_id)
        parts = [part for it in marks for part in it.parts(wanted)]
        stay = all(
            (owner is not None and part.is_in(owner))
            or any(map(part.is_part_of, wanted))
            for part in parts
        )
        if _holds(plan, marks) and not stay:
            items.append(_item(vendor_id, segment))
            mine += marks
    if (backup := foreign_backup(plan, mine)) is not None:
        items.append(backup)
    return Programme(
        items=tuple(sorted(items, key=lambda item: item.start)),
        recurring=tuple(windows(plan, mine)),
        outdated_until=outdated_until,
    )


def _holds(plan: SitePlan, marks: Sequence[Mark]) -> bool:
    return bool(marks) and all(mark.is_in(plan) for mark in marks)


def _item(
    vendor_id: str, segment: Segment, status: ItemStatus | None = None
) -> ScheduleItem:
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
        status=status,
    )
