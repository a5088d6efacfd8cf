"""Borrowing from a site's plan and giving it back: pure functions over whole plans.

Sources: dossier 5 and scheduling notes 2.5. A plan is thought of as what holds at each
minute of a day, or of a week. Ours stands at some of them for a while. What the owner
changes in the app meanwhile is found by comparing, minute by minute, what was written
with what is there: where they differ, he has changed it, and it is his from then on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ...core.schedule import Action
from ...core.timeline import Segment
from . import day, profile as profiles, week as weeks
from .day import Piece, Pieces, WallSpan, wall_spans
from .marks import Mark
from .plan import SitePlan
from .profile import MOST_SLOTS, Profile
from .rate_edits import LEAST_BACKUP, new_range
from .rate_plan import Backup, Plan, RatePlan
from .status import UsageMode
from .week import WEEK, Week

STARTS_EARLY: Final = timedelta(minutes=1)
"""How long before its start something is written that rules from then on."""


# -- lending -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Composed:
    """A plan with ours in it: the plan, and the marks of each segment by its tag.

    A segment that is not there found no place, or not yet.
    """

    plan: SitePlan
    placed: dict[str, tuple[Mark, ...]]

    @property
    def mine(self) -> tuple[str, ...]:
        """What names ours."""
        return tuple(str(mark) for marks in self.placed.values() for mark in marks)


def compose(owner: SitePlan, segments: Sequence[Segment], now: datetime) -> Composed:
    """Return the owner's plan with as many segments in it as it holds."""
    ordered = sorted(segments, key=lambda segment: segment.start)
    if owner.profile is not None:
        return _into_profile(owner, owner.profile, ordered)
    if owner.rate_plan is not None:
        return _into_rate_plan(owner, owner.rate_plan, ordered, now)
    return Composed(owner, {})


def _into_profile(
    owner: SitePlan, profile: Profile, segments: Sequence[Segment]
) -> Composed:
    placed: dict[str, tuple[Mark, ...]] = {}
    slots = profile.slots or ()
    for segment in segments:
        watts = None
        if segment.action is Action.DISCHARGE:
            watts = profile.clamped(segment.power_w or 0)
        marks = tuple(
            Mark(start=span.start, end=span.end, power_w=watts)
            for span in _daily(wall_spans(segment.start, segment.end, owner.zone))
        )
        if not _free(marks, placed):
            continue
        cut = slots
        for mark in marks:
            for slot in _wanted_slots(profile, mark):
                cut = day.put(cut, slot)
        if len(cut) > max(MOST_SLOTS, len(profile.slots or ())):
            continue
        placed[segment.tag], slots = marks, cut
    made = profile.with_slots(slots)
    if made.holds_same(profile):
        # What he has set does what is wanted, and needs no cut.
        made = profile
    return Composed(replace(owner, profile=made), placed)


def _wanted_slots(profile: Profile, mark: Mark) -> Pieces:
    """Return the owner's slots at the time of a mark, with what we want of them."""
    slots = profile.slots or ()
    made: list[Piece] = []
    edges = [mark.start, *(it for it in day.edges(slots) if it > mark.start)]
    for start, end in pairwise(edges):
        if start >= mark.end:
            break
        like = day.at(slots, start) or profile.new_slot(start, end)
        slot = replace(like, start=start, end=min(end, mark.end))
        if mark.power_w is not None:
            slot = profile.powered(slot, mark.power_w)
        made.append(slot.having(turn_on=mark.power_w is not None))
    return day.joined(made, profiles.does_same)


def _daily(spans: Iterable[WallSpan]) -> tuple[WallSpan, ...]:
    """Return spans of some days as those of each day, without what is there twice."""
    daily: list[WallSpan] = []
    for span in sorted(replace(it, day=0) for it in spans):
        if daily and span.start < daily[-1].end:
            daily[-1] = replace(daily[-1], end=max(span.end, daily[-1].end))
        else:
            daily.append(span)
    return tuple(daily)


def _into_rate_plan(
    owner: SitePlan, plan: RatePlan, segments: Sequence[Segment], now: datetime
) -> Composed:
    placed: dict[str, tuple[Mark, ...]] = {}
    days: dict[int, Pieces] = {}
    written = plan
    for segment in segments:
        marks = _week_marks(owner, plan, segment)
        # A range of another mode's plan rules as soon as it is written, and what is
        # left of the plan with it; and there is only one backup charge.
        at_once = plan.mode != UsageMode.MANUAL or any(it.backup for it in marks)
        if at_once and segment.start > now + STARTS_EARLY:
            continue
        if not _free(marks, placed):
            continue
        cut = dict(days)
        for mark in marks:
            if mark.day is not None:
                ranges = cut.get(mark.day, weeks.day_of(plan.manual or (), mark.day))
                cut[mark.day] = day.put(ranges, _wanted_range(plan, mark))
        if any(
            len(ranges) > max(MOST_SLOTS, len(weeks.day_of(plan.manual or (), it)))
            for it, ranges in cut.items()
        ):
            continue
        placed[segment.tag], days = marks, cut
        for mark in marks:
            if mark.backup is not None:
                like = plan.raw.get("manual_backup")
                written = written.with_backup(mark.backup.dump(like))
    if days:
        if plan.mode != UsageMode.MANUAL:
            days = {
                it: _filled(plan, days.get(it, weeks.day_of(plan.manual or (), it)))
                for it in WEEK
            }
        week = weeks.with_days(plan.manual or (), days)
        written = written.with_week(Plan.MANUAL, week).with_mode(UsageMode.MANUAL)
        if written.holds_same(plan):
            written = plan
    return Composed(replace(owner, rate_plan=written), placed)


def _filled(plan: RatePlan, ranges: Pieces) -> Pieces:
    """Return a day without gaps, in which a bank would deliver 200 W at any time.

    The owner uses another mode, and has no wish for these minutes. If nobody gives back
    his mode in time they shall do no harm: the bank keeps what it has.
    """
    filled = ranges
    for start, end in pairwise(day.edges(ranges)):
        if day.at(ranges, start) is None:
            filled = day.put(filled, new_range(plan, start, end, 0))
    return filled


def _week_marks(owner: SitePlan, plan: RatePlan, segment: Segment) -> tuple[Mark, ...]:
    charging = segment.action is Action.CHARGE
    if charging and owner.charges_with_all(segment.power_w):
        start = segment.start.replace(second=0, microsecond=0)
        end = segment.end.replace(second=0, microsecond=0)
        return (Mark(backup=Backup(start, max(end, start + LEAST_BACKUP))),)
    watts = 0
    if segment.action in (Action.CHARGE, Action.DISCHARGE):
        watts = plan.clamped(segment.power_w or 0)
    return tuple(
        Mark(
            day=span.day,
            start=span.start,
            end=span.end,
            power_w=watts,
            charges=charging,
        )
        for span in wall_spans(segment.start, segment.end, owner.zone)
    )


def _wanted_range(plan: RatePlan, mark: Mark) -> Piece:
    span = new_range(plan, mark.start, mark.end, mark.power_w or 0)
    raw = {**span.raw, "power": mark.power_w}
    if mark.charges:
        raw["charging_type"] = weeks.AC_CHARGE
    return replace(span, raw=raw)


def _free(marks: Sequence[Mark], placed: dict[str, tuple[Mark, ...]]) -> bool:
    others = [it for found in placed.values() for it in found]
    return bool(marks) and not any(
        mark.overlaps(other) for mark in marks for other in others
    )


# -- giving back -------------------------------------------------------------------


def owner_of(owner: SitePlan, shown: Sequence[SitePlan], current: SitePlan) -> SitePlan:
    """Return the plan as its owner wants it now, whatever of ours is in it.

    The app has `shown` him what was written, or what was there before it.
    """
    if owner.profile is not None and current.profile is not None:
        days = [it.profile for it in shown]
        profile = _owners_profile(owner.profile, days, current.profile)
        return replace(current, profile=profile)
    if owner.rate_plan is not None and current.rate_plan is not None:
        plans = [it.rate_plan for it in shown]
        plan = _owners_rate_plan(owner.rate_plan, plans, current.rate_plan)
        return replace(current, rate_plan=plan)
    return current


def in_owners_mode(
    owner: SitePlan, shown: Sequence[SitePlan], current: SitePlan
) -> SitePlan:
    """Return the current plan with no more than the mode as `owner_of` finds it."""
    if owner.rate_plan is None or current.rate_plan is None:
        return current
    plans = [it.rate_plan for it in shown if it.rate_plan is not None]
    mode = _owners_mode(owner.rate_plan, plans, current.rate_plan)
    return replace(current, rate_plan=current.rate_plan.with_mode(mode))


def _owners_mode(
    owner: RatePlan, shown: Iterable[RatePlan], current: RatePlan
) -> int | None:
    known = any(current.mode == it.mode for it in shown)
    return owner.mode if known else current.mode


def _owners_profile(
    owner: Profile, shown: Iterable[Profile | None], current: Profile
) -> Profile:
    days = [it.slots for it in shown if it is not None and it.slots is not None]
    if owner.slots is None or current.slots is None:
        return current
    slots = day.merged(
        owner.slots, days, current.slots, profiles.owners_slot, profiles.does_same
    )
    if slots != owner.slots:
        return replace(current, slots=slots)
    return replace(
        current, raw={**current.raw, "ranges": owner.raw.get("ranges")}, slots=slots
    )


def _owners_rate_plan(
    owner: RatePlan, shown: Iterable[RatePlan | None], current: RatePlan
) -> RatePlan:
    if not current.understood or not owner.understood:
        return current
    known = [it for it in shown if it is not None]
    merged = current
    for plan in Plan:
        was = [week for it in known if (week := it.week(plan)) is not None]
        week = _owners_week(owner.week(plan) or (), was, current.week(plan) or ())
        merged = merged.with_week(plan, week)
        key = plan.value
        if not week and key in current.raw:
            merged = replace(merged, raw={**merged.raw, key: owner.raw.get(key)})
    merged = merged.with_mode(_owners_mode(owner, known, current))
    if any(_shows_backup(current, it) for it in known):
        merged = merged.with_backup(owner.raw.get("manual_backup"))
    if any(current.use_time == it.use_time for it in known):
        merged = merged.with_use_time(owner.raw.get("use_time"))
    return merged


def _owners_week(owner: Week, shown: Sequence[Week], current: Week) -> Week:
    days = {
        it: day.merged(
            weeks.day_of(owner, it),
            [weeks.day_of(week, it) for week in shown],
            weeks.day_of(current, it),
            day.whole_wish(weeks.does_same),
            weeks.does_same,
        )
        for it in WEEK
    }
    return weeks.with_days(owner, days)


def _shows_backup(current: RatePlan, shown: RatePlan) -> bool:
    """Tell whether the backup charge is the one shown, or that one is over."""
    now, then = current.backup, shown.backup
    if then is None or not then.on:
        return now is None or not now.on
    return now is not None and replace(now, on=True) == then
