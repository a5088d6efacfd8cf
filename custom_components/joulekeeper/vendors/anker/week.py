"""Weeks of output: what holds at which time of which days (dossier 5.4).

A day of the week is in one item only; Sunday is 0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final

from ..parsing import integer
from . import day
from .day import Piece, Pieces

WEEK: Final = frozenset(range(7))
SUPPLY: Final = 0
AC_CHARGE: Final = 1
"""Values of `charging_type`."""
TYPE: Final = "charging_type"


# -- one range ---------------------------------------------------------------------


def power_w(span: Piece) -> int | None:
    """Return what is to be delivered, or charged from the grid, W."""
    return integer(span.raw.get("power"))


def charges(span: Piece) -> bool:
    """Whether the battery is charged from the grid."""
    return integer(span.raw.get(TYPE)) == AC_CHARGE


def does_same(one: Piece, other: Piece) -> bool:
    """Tell whether two ranges do the same, whenever."""
    return (power_w(one), charges(one)) == (power_w(other), charges(other))


# -- a week ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeekItem:
    """What holds on some days of the week; `raw` is all of it."""

    days: frozenset[int]
    ranges: Pieces = field(repr=False)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def dump(self, index: int) -> dict[str, Any]:
        """Return it as the cloud has it; days that have not changed in their order."""
        week = self.raw.get("week")
        if not isinstance(week, list) or frozenset(week) != self.days:
            week = sorted(self.days)
        ranges = [span.dump() for span in self.ranges]
        return {**self.raw, "index": index, "week": week, "ranges": ranges}


type Week = tuple[WeekItem, ...]


def parse_week(value: Any) -> Week | None:
    """Return the items of a week; no list is none.

    None for what could not be written back as it is meant.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        return None
    found: list[WeekItem] = []
    for item in value:
        days = item.get("week") if isinstance(item, dict) else None
        if not isinstance(days, list) or not all(
            isinstance(it, int) and it in WEEK for it in days
        ):
            return None
        if (ranges := day.parse(item.get("ranges"))) is None:
            return None
        found.append(WeekItem(frozenset(days), ranges, item))
    return tuple(found)


def dump_week(week: Week) -> list[dict[str, Any]]:
    """Return a week as the cloud has it, its items numbered."""
    return [item.dump(index) for index, item in enumerate(week)]


def day_of(week: Iterable[WeekItem], weekday: int) -> Pieces:
    """Return what holds on a day of the week, 0 for Sunday."""
    return next((item.ranges for item in week if weekday in item.days), ())


def week_holds_same(one: Week, other: Week) -> bool:
    """Tell whether two weeks do the same at each minute."""
    return all(
        day.holds_same(day_of(one, it), day_of(other, it), does_same) for it in WEEK
    )


def with_days(week: Week, days: Mapping[int, Pieces]) -> Week:
    """Return a week with other ranges on some days.

    Days that stay keep their items; those that come to the same share a new one.
    """
    changed = {it: ranges for it, ranges in days.items() if ranges != day_of(week, it)}
    items = [
        item if left == item.days else replace(item, days=left)
        for item in week
        if (left := item.days - changed.keys())
    ]
    told = {it: str([span.dump() for span in ranges]) for it, ranges in changed.items()}
    for _, group in groupby(sorted(told, key=lambda it: (told[it], it)), told.get):
        same = frozenset(group)
        if ranges := changed[min(same)]:
            items.append(WeekItem(same, ranges))
    return tuple(items)
