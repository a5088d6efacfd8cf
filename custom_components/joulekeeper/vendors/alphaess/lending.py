"""Borrowing from a plan and giving it back: pure functions over whole plans.

Sources: dossier 2.6 to 2.8 and scheduling notes 2.4. What is ours for a while is put
among the owner's windows, which are cut where ours are. What the owner changes in the app
meanwhile is found by comparing what is there now with what was written, and with what
was there before, of which the cloud may show any for a while; it is his from then on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from functools import reduce
from itertools import product
from operator import or_
from typing import Final

from ...core.timeline import Segment
from .periodic import (
    CYCLE_DAILY,
    CYCLE_WEEKLY,
    MAX_PERIODS_A_DAY,
    MAX_PERIODS_A_WEEK,
    Period,
    PeriodicSchedule,
)
from .plan import (
    PLACEHOLDER_POWER_W,
    Plan,
    is_placeholder,
    periods_as_windows,
    periods_in_force,
    slots_as_windows,
    two_slots,
    window_of,
)
from .settings import ALL_DAYS, ChargeSettings, DischargeSettings, Slots, TimeWindow
from .wall_windows import LEAST_LIMIT, Window, cut, of_segment, overlaps

SLOTS: Final = 2
QUARTER: Final = timedelta(minutes=15)
QUARTERS_A_DAY: Final = 96


@dataclass(frozen=True, slots=True)
class Composed:
    """A plan with ours in it: the plan, and the windows of each segment by its tag.

    A segment that is not there found no place.
    """

    plan: Plan
    placed: dict[str, tuple[Window, ...]]

    @property
    def mine(self) -> tuple[str, ...]:
        """What names the windows that are ours."""
        return tuple(w.key for windows in self.placed.values() for w in windows)


def compose(
    owner: Plan, segments: Sequence[Segment], zone: tzinfo, now: datetime
) -> Composed:
    """Return the owner's plan with as many segments in it as it holds."""
    if owner.periodic is not None:
        return _composed_periods(owner.periodic, segments, zone)
    if owner.charge is not None and owner.discharge is not None:
        return _composed_slots(owner.charge, owner.discharge, segments, zone, now)
    return Composed(owner, {})


# -- the periodic schedule ---------------------------------------------------------


def _composed_periods(
    owner: PeriodicSchedule, segments: Sequence[Segment], zone: tzinfo
) -> Composed:
    placed: dict[str, tuple[Window, ...]] = {}
    schedule = _writable(owner)
    for segment in sorted(segments, key=lambda item: item.start):
        trial = placed | {segment.tag: of_segment(segment, zone)}
        made = _with_windows(owner, [w for windows in trial.values() for w in windows])
        if trial[segment.tag] and _fits(made):
            placed, schedule = trial, made
    return Composed(Plan(periodic=schedule), placed)


def _with_windows(owner: PeriodicSchedule, mine: list[Window]) -> PeriodicSchedule:
    """Return the owner's schedule with windows of ours; weekly, as ours are for a day.

    What he has switched off is left out, for ours switch on whatever is there.
    """
    theirs = list(periods_in_force(owner))
    windows = [*cut(theirs, mine), *mine]
    charge, discharge = (
        tuple(_period(w) for w in windows if w.charges is charges)
        for charges in (True, False)
    )
    return _writable(
        PeriodicSchedule(
            cycle=CYCLE_WEEKLY,
            charge_enabled=None,
            discharge_enabled=None,
            charge=charge or _placeholders(owner.charge, charges=True),
            discharge=discharge or _placeholders(owner.discharge, charges=False),
        )
    )


def _writable(schedule: PeriodicSchedule) -> PeriodicSchedule:
    """Return a schedule as it can be written: no empty list, and its flags known.

    Where there are windows a flag is on, unless it is known to be off.
    """
    windows = tuple(periods_as_windows(schedule))
    charging = any(window.charges for window in windows)
    discharging = any(not window.charges for window in windows)
    charge, discharge = schedule.charge, schedule.discharge
    charge = charge or (_placeholder(windows, discharge, charges=True),)
    discharge = discharge or (_placeholder(windows, charge, charges=False),)
    return replace(
        schedule,
        cycle=CYCLE_WEEKLY if schedule.cycle is None else schedule.cycle,
        charge_enabled=charging and schedule.charge_enabled is not False,
        discharge_enabled=discharging and schedule.discharge_enabled is not False,
        charge=charge,
        discharge=discharge,
    )


def _placeholders(periods: Iterable[Period], *, charges: bool) -> tuple[Period, ...]:
    return tuple(item for item in periods if is_placeholder(item, charges))


def _fits(schedule: PeriodicSchedule) -> bool:
    periods = (*schedule.charge, *schedule.discharge)
    return len(periods) <= MAX_PERIODS_A_WEEK and all(
        sum(day in (period.weekdays or ALL_DAYS) for period in periods)
        <= MAX_PERIODS_A_DAY
        for day in ALL_DAYS
    )


def _period(window: Window) -> Period:
    return Period(
        window=TimeWindow(window.start, window.end),
        weekdays=window.days,
        power_w=window.power_w,
        limit_soc=window.limit_soc,
    )


def _placeholder(
    windows: Iterable[Window], others: Iterable[Period], *, charges: bool
) -> Period:
    """Return a quarter of an hour that does next to nothing, where nothing else is."""
    taken = [*windows, *(window_of(i, not charges, CYCLE_WEEKLY) for i in others)]
    for days, quarter in product(_PLACEHOLDER_DAYS, range(QUARTERS_A_DAY - 1)):
        begins, ends = (
            (datetime.min + number * QUARTER).time()
            for number in (quarter, quarter + 1)
        )
        window = Window(
            charges=charges,
            start=begins,
            end=ends,
            days=days,
            power_w=PLACEHOLDER_POWER_W,
            limit_soc=LEAST_LIMIT if charges else 100,
        )
        if not any(overlaps(window, other) for other in taken):
            break
    return _period(window)


_PLACEHOLDER_DAYS: Final = (ALL_DAYS, *(frozenset({day}) for day in sorted(ALL_DAYS)))


# -- the daily stores --------------------------------------------------------------


def _composed_slots(
    charge: ChargeSettings,
    discharge: DischargeSettings,
    segments: Sequence[Segment],
    zone: tzinfo,
    now: datetime,
) -> Composed:
    placed: dict[str, tuple[Window, ...]] = {}
    for segment in sorted(segments, key=lambda item: item.start):
        windows = tuple(
            replace(window, days=ALL_DAYS, power_w=None)
            for window in of_segment(segment, zone)
        )
        if not windows:
            continue
        others = [w for found in placed.values() for w in found]
        # A store has one state of charge for both of its slots.
        alike = all(w.charges and w.limit_soc == windows[0].limit_soc for w in others)
        if alike and len(windows) + len(others) <= SLOTS:
            placed[segment.tag] = windows
    mine = [w for found in placed.values() for w in found]
    if not mine:
        return Composed(Plan(charge=charge, discharge=discharge), {})
    charging = ChargeSettings(
        enabled=True,
        slots=_slots(
            mine, slots_as_windows(charge) if charge.enabled else (), zone, now
        ),
        target_soc=mine[0].limit_soc,
    )
    return Composed(
        Plan(charge=charging, discharge=_let_in(discharge, mine, zone, now)), placed
    )


def _let_in(
    discharge: DischargeSettings, mine: list[Window], zone: tzinfo, now: datetime
) -> DischargeSettings:
    """Return the discharging without the times of ours, which must not overlap it."""
    theirs = list(slots_as_windows(discharge))
    if not discharge.enabled or cut(theirs, mine) == tuple(theirs):
        return discharge
    slots = _slots((), cut(theirs, mine), zone, now)
    # Without any window discharging would be blocked all day.
    enabled = any(not slot.unused for slot in slots)
    return replace(discharge, enabled=enabled, slots=slots)


def _slots(
    mine: Sequence[Window], theirs: Iterable[Window], zone: tzinfo, now: datetime
) -> tuple[TimeWindow, TimeWindow]:
    """Return two slots: ours first, then what comes next of the owner's."""
    local = now.astimezone(zone).time()
    rest = sorted(
        cut(theirs, mine), key=lambda window: (window.end <= local, window.start)
    )
    return two_slots([TimeWindow(w.start, w.end) for w in (*mine, *rest)])


# -- giving back -------------------------------------------------------------------


def owner_of(
    owner: Plan,
    earlier: Sequence[Plan],
    written: Plan,
    mine: Iterable[str],
    current: Plan,
) -> Plan:
    """Return the plan as its owner wants it now, whatever of ours is in it.

    The app shows him what was written, or what was there `earlier`: before it, or
    before what may never have arrived. What he has added to that is his, and what he has
    deleted of his own is gone; all else is as it was when it was lent. A part that he
    has deleted of a window which is cut around ours takes its time out of the window;
    once no part is left the window is gone. To change something is to delete it and to
    add something else.
    """
    names = frozenset(mine)
    if owner.periodic and written.periodic and current.periodic:
        return Plan(
            periodic=_owners_periods(
                owner.periodic,
                [plan.periodic for plan in earlier if plan.periodic],
                written.periodic,
                names,
                current.periodic,
            )
        )
    return Plan(
        charge=_owners_charge(owner, earlier, written, names, current),
        discharge=_owners_discharge(owner, earlier, written, current),
    )


def _owners_periods(
    owner: PeriodicSchedule,
    earlier: Iterable[PeriodicSchedule],
    written: PeriodicSchedule,
    mine: frozenset[str],
    current: PeriodicSchedule,
) -> PeriodicSchedule:
    now, lent = (Counter(periods_as_windows(plan)) for plan in (current, written))
    was = [Counter(periods_as_windows(plan)) for plan in earlier]
    base = _edited_one(now, lent, was or [lent], lambda window: window.key in mine)
    added, gone = now - base, base - now
    if not added and not gone:
        return owner
    deleted = [window for window in gone.elements() if window.key not in mine]
    shown = [window for window in now.elements() if window.key not in mine]
    windows = _edited(tuple(periods_as_windows(owner)), added, deleted, shown)
    weekly = owner.cycle != CYCLE_DAILY or any(w.days != ALL_DAYS for w in windows)
    charge, discharge = (
        tuple(_period(window) for window in windows if window.charges is charges)
        for charges in (True, False)
    )
    return PeriodicSchedule(
        cycle=CYCLE_WEEKLY if weekly else CYCLE_DAILY,
        charge_enabled=_chosen_flag(
            owner.charge_enabled, written.charge_enabled, current.charge_enabled
        ),
        discharge_enabled=_chosen_flag(
            owner.discharge_enabled,
            written.discharge_enabled,
            current.discharge_enabled,
        ),
        charge=charge,
        discharge=discharge,
    )


def _edited_one[T](
    now: Counter[T],
    lent: Counter[T],
    earlier: Sequence[Counter[T]],
    is_ours: Callable[[T], bool],
) -> Counter[T]:
    """Return which of the plans that were shown is the one that was edited.

    What was lent, if anything of ours is there now that was not there before; else the
    one that differs least from what is there, above all not by what any of them has: that
    was there already, and nobody has added it.
    """
    shown = reduce(or_, earlier, lent)

    def distance(plan: Counter[T]) -> tuple[int, int]:
        added, gone = now - plan, plan - now
        return (added & shown).total(), (added + gone).total()

    was = min(reversed(earlier), key=distance)
    return lent if any(map(is_ours, now - was)) else min(lent, was, key=distance)


def _edited(
    theirs: Iterable[Window],
    added: Counter[Window],
    deleted: list[Window],
    shown: list[Window],
) -> tuple[Window, ...]:
    """Return the owner's windows after his edit of what the app shows."""
    kept: list[Window] = []
    for window in theirs:
        if window in deleted:
            deleted.remove(window)
        elif window in shown:
            kept.append(window)
            # One that was cut and is whole again is not another one.
            added -= Counter([window])
        else:
            parts = [part for part in deleted if _is_part(part, window)]
            if not parts or any(_is_part(part, window) for part in shown):
                against = [item for item in added if item.charges != window.charges]
                kept.extend(cut([window], [*parts, *against]))
    return (*kept, *added.elements())


def _is_part(part: Window, window: Window) -> bool:
    return window.does_same(part) and overlaps(part, window)


def _owners_charge(
    owner: Plan,
    earlier: Iterable[Plan],
    written: Plan,
    mine: frozenset[str],
    current: Plan,
) -> ChargeSettings | None:
    theirs, ours, now = owner.charge, written.charge, current.charge
    was = [plan.charge for plan in earlier if plan.charge is not None]
    if theirs is None or ours is None or now is None or not was:
        return now
    shown = [ours, *was]
    return ChargeSettings(
        enabled=_chosen(theirs.enabled, [it.enabled for it in shown], now.enabled),
        slots=_chosen_slots(theirs, was, ours, now, mine),
        target_soc=_chosen(
            theirs.target_soc, [it.target_soc for it in shown], now.target_soc
        ),
    )


def _owners_discharge(
    owner: Plan, earlier: Iterable[Plan], written: Plan, current: Plan
) -> DischargeSettings | None:
    theirs, ours, now = owner.discharge, written.discharge, current.discharge
    was = [plan.discharge for plan in earlier if plan.discharge is not None]
    if theirs is None or ours is None or now is None or not was:
        return now
    shown = [ours, *was]
    return DischargeSettings(
        enabled=_chosen(theirs.enabled, [it.enabled for it in shown], now.enabled),
        slots=_chosen_slots(theirs, was, ours, now),
        floor_soc=_chosen(
            theirs.floor_soc, [it.floor_soc for it in shown], now.floor_soc
        ),
    )


def _chosen[T](theirs: T, shown: Iterable[T], now: T) -> T:
    """Return a setting of the owner: the one that he has changed, else the one lent."""
    return theirs if now in shown else now


def _chosen_flag(
    theirs: bool | None, ours: bool | None, now: bool | None
) -> bool | None:
    """Return a flag of the owner, which may read as switched off while ours are on."""
    return theirs if now and ours else now


def _chosen_slots[S: (ChargeSettings, DischargeSettings)](
    theirs: S, was: Sequence[S], ours: S, now: S, mine: frozenset[str] = frozenset()
) -> Slots:
    """Return the slots of the owner; of more than two those that he sees go first."""
    if now.slots in [ours.slots, *(it.slots for it in was)]:
        return theirs.slots
    # The percentage is the store's, not a window's.
    names = {key.rpartition(", ")[0] for key in mine}

    def window_at(slot: TimeWindow) -> Window:
        return Window(charges=True, start=slot.start, end=slot.end)

    def is_ours(slot: TimeWindow) -> bool:
        return window_at(slot).name in names

    def windows(slots: Iterable[TimeWindow]) -> list[Window]:
        return [window_at(slot) for slot in slots if not is_ours(slot)]

    there, lent = Counter(now.windows), Counter(ours.windows)
    base = _edited_one(there, lent, [Counter(it.windows) for it in was], is_ours)
    edited = _edited(
        windows(theirs.windows),
        Counter(windows((there - base).elements())),
        windows((base - there).elements()),
        windows(now.windows),
    )
    slots = [TimeWindow(window.start, window.end) for window in edited]
    slots.sort(key=lambda slot: slot not in there)
    return two_slots(slots)
