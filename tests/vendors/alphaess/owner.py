"""The owner of a plan: what he wants, whatever we borrow, and what he does in the app.

The rules, which the tests of borrowing assert:

* What he adds is his, and what he deletes or changes of his own is deleted or changed.
* A window of his that is cut where ours is shows in parts. A part that he deletes takes
  its time out of the window; once no part is left the window is gone. To change a part
  is to delete it and to add another.
* A window of ours that he deletes is gone; one that he changes is his from then on, and
  goes before what was cut for it.
* Of the daily stores each setting counts by itself, the two slots too.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from tests.clouds.alphaess.stores import (
    ChargeStore,
    DischargeStore,
    Period,
    PeriodicStore,
)
from tests.clouds.alphaess.windows import UNUSED, Span, is_used, minutes

from .plan_rig import Stored

QUARTERS_A_DAY: Final = 96
EVERY_DAY: Final = (1, 2, 3, 4, 5, 6, 7)

type Kind = tuple[bool, int | None, float]
"""Whether it charges, its power, and where it stops."""


def clock(quarter: int) -> str:
    """Return a wall time."""
    return f"{quarter // 4:02}:{quarter % 4 * 15:02}"


def quarters(span: Span, weeks: tuple[int, ...] = EVERY_DAY) -> frozenset[int]:
    """Return the quarters of the week that a window is made of."""
    first, last = minutes(span[0]) // 15, minutes(span[1]) // 15
    if last < first:
        last += QUARTERS_A_DAY
    return frozenset(
        ((day - 1) * QUARTERS_A_DAY + quarter) % (7 * QUARTERS_A_DAY)
        for day in weeks
        for quarter in range(first, last)
    )


def time_of(period: Period, cycle: int = 1) -> frozenset[int]:
    """Return the quarters of the week that a period is made of."""
    return quarters(period.span, period.weeks if cycle == 1 else EVERY_DAY)


def kind_of(period: Period, charges: bool) -> Kind:
    """Return what a period does."""
    return charges, period.power, period.limit


def stands_in(period: Period, charges: bool) -> bool:
    """Tell whether a period is there only because a list must not be empty."""
    limit = 10 if charges else 100
    short = len(quarters(period.span, (1,))) == 1
    return period.power == 50 and period.limit == limit and short


def listed(store: PeriodicStore) -> Iterator[tuple[bool, Period]]:
    """Yield what does anything in a periodic store, and whether it charges."""
    for charges, items in ((True, store.charge), (False, store.discharge)):
        for period in items:
            if not stands_in(period, charges):
                yield charges, period


@dataclass(frozen=True)
class Wish:
    """A window that the owner wants: what it does, and when in the week."""

    kind: Kind
    time: frozenset[int]
    whole: bool = True
    """Whether it is still the very window that he made."""


def cut(wish: Wish, gone: frozenset[int]) -> frozenset[int]:
    """Return a window's time without some; no part of a cut one ends at midnight."""
    rest = wish.time - gone
    last = {quarter for quarter in rest if quarter % QUARTERS_A_DAY == 95}
    return rest - last


@dataclass
class Weekly:
    """The owner of a periodic schedule."""

    first: PeriodicStore
    wishes: list[Wish] = field(default_factory=list)
    edited: bool = False

    def __post_init__(self) -> None:
        """Want what there is at first."""
        self.wishes = [
            Wish(kind_of(period, charges), time_of(period, self.first.cycle))
            for charges, period in listed(self.first)
        ]

    def at(self) -> dict[int, Kind]:
        """Return what is wanted when."""
        return {
            quarter: wish.kind
            for wish in reversed(self.wishes)
            for quarter in wish.time
        }

    def holds(self, store: PeriodicStore) -> bool:
        """Tell whether a store is just what is wanted."""
        if not self.edited:
            # A list that was empty cannot be cleared.
            same = Counter(listed(store)) == Counter(listed(self.first))
            return same and store.cycle in (self.first.cycle, 1)
        there = [
            (quarter, kind_of(period, charges))
            for charges, period in listed(store)
            for quarter in time_of(period, store.cycle)
        ]
        whole = Counter((w.kind, w.time) for w in self.wishes if w.whole)
        found = Counter(
            (kind_of(period, charges), time_of(period, store.cycle))
            for charges, period in listed(store)
        )
        wanted = ((quarter, w.kind) for w in self.wishes for quarter in w.time)
        return Counter(there) == Counter(wanted) and whole <= found

    def source(self, period: Period, charges: bool, cycle: int) -> Wish | None:
        """Return the wish that a period of the plan is, or is a part of."""
        return next(
            (
                wish
                for wish in self.wishes
                if wish.kind == kind_of(period, charges)
                and time_of(period, cycle) <= wish.time
            ),
            None,
        )

    def adds(self, period: Period, charges: bool) -> None:
        """Want one window more; it goes before what is hidden under ours."""
        self.edited = True
        new = Wish(kind_of(period, charges), time_of(period))
        if any((wish.kind, wish.time) == (new.kind, new.time) for wish in self.wishes):
            return
        self.wishes = [
            wish
            if wish.kind[0] is charges or not wish.time & new.time
            else replace(wish, time=cut(wish, new.time), whole=False)
            for wish in self.wishes
        ]
        self.wishes.append(new)

    def drops(self, period: Period, charges: bool, after: PeriodicStore) -> None:
        """Want a window, or its part, no more; `after` is what is left in the app."""
        self.edited = True
        wish = self.source(period, charges, after.cycle)
        if wish is None:
            return
        self.wishes.remove(wish)
        gone = time_of(period, after.cycle)
        rest = replace(wish, time=cut(wish, gone), whole=False)
        visible = frozenset(
            quarter
            for is_charge, item in listed(after)
            if kind_of(item, is_charge) == wish.kind
            for quarter in time_of(item, after.cycle)
        )
        if rest.time & visible:
            self.wishes.append(rest)

    def stored(self) -> Stored:
        """Return the wishes as stores, for what an inverter makes of them."""
        made: dict[bool, list[Period]] = {True: [], False: []}
        for quarter, (charges, power, limit) in self.at().items():
            day, begin = divmod(quarter, QUARTERS_A_DAY)
            if begin < QUARTERS_A_DAY - 1:
                span = clock(begin), clock(begin + 1)
                made[charges].append(Period(*span, limit, power, (day + 1,)))
        return Stored(
            periodic=PeriodicStore(
                1,
                int(bool(made[True])),
                int(bool(made[False])),
                tuple(made[True]),
                tuple(made[False]),
            )
        )


def used(store: ChargeStore | DischargeStore) -> list[Span]:
    """Return the slots in use."""
    return [span for span in store.windows if is_used(span)]


def slots(spans: list[Span]) -> tuple[Span, Span]:
    """Return two slots."""
    first, second = [*spans, (UNUSED, UNUSED), (UNUSED, UNUSED)][:2]
    return first, second


@dataclass
class Daily:
    """The owner of both daily stores."""

    charge: ChargeStore
    discharge: DischargeStore
    edited: set[str] = field(default_factory=set)

    def holds(self, stored: Stored) -> bool:
        """Tell whether the stores are just what is wanted."""
        return all(
            self._same(name, mine, its)
            for name, mine, its in (
                ("charge", self.charge, stored.charge),
                ("discharge", self.discharge, stored.discharge),
            )
        )

    def _same[S: (ChargeStore, DischargeStore)](
        self, name: str, mine: S, its: S
    ) -> bool:
        if name not in self.edited:
            return mine == its
        # In which slot a window is does not matter once they were edited.
        return Counter(used(mine)) == Counter(used(its)) and (
            replace(mine, windows=its.windows) == its
        )
