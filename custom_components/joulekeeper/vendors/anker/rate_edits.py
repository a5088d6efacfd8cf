"""What an owner changes of his rate plans (dossier 5.4, Weekday rules, Backup rules)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ...core.errors import InvalidRequest
from . import day
from .day import DAY_MINUTES, Piece, Pieces
from .rate_plan import BACKUP, Backup, Plan, RatePlan
from .week import AC_CHARGE, SUPPLY, TYPE, WEEK, Week, WeekItem, does_same

NEW_RANGE_W: Final = 100
LEAST_BACKUP: Final = timedelta(minutes=5)
DEFAULT_BACKUP: Final = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeChange:
    """What a range is to have; None leaves it as it is."""

    power_w: float | None = None
    charges: bool | None = None

    def applied(self, span: Piece, plan: RatePlan) -> Piece:
        """Return a range with the change."""
        raw = dict(span.raw)
        if self.power_w is not None:
            raw["power"] = plan.clamped(self.power_w)
        if self.charges is not None:
            if self.charges and not plan.charges_by_range:
                raise InvalidRequest(
                    "no charging by ranges", reason="no_charging_ranges"
                )
            if self.charges or TYPE in raw:
                raw[TYPE] = AC_CHARGE if self.charges else SUPPLY
        return replace(span, raw=raw)


def new_range(plan: RatePlan, start: int, end: int, power: float) -> Piece:
    """Return a range of output, in the form of those that are there."""
    raw: dict[str, Any] = {
        "start_time": day.clock(start),
        "end_time": day.clock(end),
        "power": plan.clamped(power),
    }
    if plan.charges_by_range:
        raw[TYPE] = SUPPLY
    return Piece(start, end, raw)


def changing_current(
    plan: RatePlan, which: Plan, weekday: int, minute: int, change: RangeChange
) -> RatePlan:
    """Return a plan with the range of a minute changed; a gap becomes a range.

    All days change that share the item of this one; without any, all.
    """
    week = _known(plan, which)
    item = next((it for it in week if weekday in it.days), None)
    ranges = () if item is None else item.ranges
    span = day.at(ranges, minute)
    if span is None:
        span = new_range(plan, *day.gap_at(ranges, minute), NEW_RANGE_W)
    ranges = _joined(day.put(ranges, change.applied(span, plan)))
    days = (WEEK if not week else {weekday}) if item is None else item.days
    return plan.with_week(which, _replaced(week, item, ranges, frozenset(days)))


def setting(
    plan: RatePlan,
    which: Plan,
    days: Collection[int],
    start: int,
    end: int,
    change: RangeChange,
) -> RatePlan:
    """Return a plan with one range in the place of all on some days."""
    _check_span(start, end)
    week = _known(plan, which)
    item, chosen = _item_for(week, frozenset(days))
    span = change.applied(new_range(plan, start, end, NEW_RANGE_W), plan)
    return plan.with_week(which, _replaced(week, item, (span,), chosen))


def inserting(
    plan: RatePlan,
    which: Plan,
    days: Collection[int],
    start: int,
    end: int,
    change: RangeChange,
) -> RatePlan:
    """Return a plan with a range put in on some days, in the place of what was there.

    What is not told comes from the range that starts, or else ends, with it.
    """
    _check_span(start, end)
    week = _known(plan, which)
    item, chosen = _item_for(week, frozenset(days))
    ranges = () if item is None else item.ranges
    like = next((span for span in ranges if span.start == start), None)
    like = like or next((span for span in ranges if span.end == end), None)
    span = (
        new_range(plan, start, end, NEW_RANGE_W)
        if like is None
        else replace(like, start=start, end=end)
    )
    ranges = _joined(day.put(ranges, change.applied(span, plan)))
    return plan.with_week(which, _replaced(week, item, ranges, chosen))


def cleared(plan: RatePlan, which: Plan, days: Collection[int]) -> RatePlan:
    """Return a plan without anything on some days, on all if none is named."""
    week = _known(plan, which)
    gone = frozenset(days) or WEEK
    left = (replace(item, days=item.days - gone) for item in week)
    return plan.with_week(which, tuple(item for item in left if item.days))


def days_for(plan: RatePlan, which: Plan, today: int) -> frozenset[int]:
    """Return which days are meant when none is named: those that share today's item.

    All while there is no item at all.
    """
    week = plan.week(which) or ()
    item = next((it for it in week if today in it.days), None)
    if item is not None:
        return item.days
    return frozenset({today}) if week else WEEK


def backed_up(
    plan: RatePlan,
    now: datetime,
    *,
    on: bool | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    duration: timedelta | None = None,
) -> RatePlan:
    """Return a plan with its backup charge changed; what is not told stays.

    One that is switched on when its time is over starts now, and one without an end
    takes three hours. InvalidRequest `window_backwards` or `backup_over`.
    """
    known = plan.backup
    switched = on if on is not None else known is not None and known.on
    begins, finishes = start, end
    if known is not None:
        begins = begins or known.start
        if duration is None:
            finishes = finishes or known.end
    if switched and end is None and finishes is not None and finishes <= now:
        begins, finishes = max(start or now, now), None
    begins = _whole(begins or now)
    if finishes is None or (end is None and finishes <= begins):
        finishes = begins + (duration or DEFAULT_BACKUP)
    if finishes <= begins:
        raise InvalidRequest("it ends before it starts", reason="window_backwards")
    finishes = max(_whole(finishes), begins + LEAST_BACKUP)
    if switched and finishes <= now:
        raise InvalidRequest("it would be over already", reason="backup_over")
    backup = Backup(begins, finishes, switched)
    return plan.with_backup(backup.dump(plan.raw.get(BACKUP)))


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def _known(plan: RatePlan, which: Plan) -> Week:
    if (week := plan.week(which)) is None:
        raise InvalidRequest("a range is not understood", reason="settings_unknown")
    return week


def _item_for(
    week: Week, days: frozenset[int]
) -> tuple[WeekItem | None, frozenset[int]]:
    """Return the item to start from, and the days that the new one is for.

    It has most of the days. If it has no others it is extended, else copied.
    """
    if not days:
        raise InvalidRequest("no day is named", reason="day_missing")
    item = max(week, key=lambda it: len(it.days & days), default=None)
    if item is None or not item.days & days:
        return None, days
    return item, days


def _replaced(
    week: Week, item: WeekItem | None, ranges: Pieces, days: frozenset[int]
) -> Week:
    """Return a week with an item for some days, which the others lose."""
    kept: list[WeekItem] = []
    for other in week:
        if other is item and other.days <= days:
            kept.append(replace(other, days=days, ranges=ranges))
        elif left := other.days - days:
            kept.append(replace(other, days=left) if left != other.days else other)
    if item is None or not item.days <= days:
        raw = {} if item is None else item.raw
        kept.append(WeekItem(days, ranges, raw))
    return tuple(kept)


def _joined(ranges: Pieces) -> Pieces:
    return day.joined(ranges, does_same)


def _check_span(start: int, end: int) -> None:
    if not 0 <= start < end <= DAY_MINUTES:
        raise InvalidRequest("no span of a day", reason="slot_time_error")
