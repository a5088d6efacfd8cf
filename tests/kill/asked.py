"""What was asked of the integration, as the test knows it without asking it.

An order is one wish of the user, from the call that makes it. A call that got no
answer may have been carried out or not: its order is then allowed, but not missed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from itertools import combinations, count
from typing import Final

from ..clouds.redback.schedules import DesiredMode, Schedule

SLACK: Final = timedelta(seconds=3)
DAY: Final = timedelta(days=1)
NOT_MISSED: Final = timedelta(minutes=4)
"""What is interrupted may be dropped for good when less than about that is left."""
LOOK_AHEAD: Final = timedelta(hours=48)
"""As far ahead at least the cloud is told of what comes again."""
BEYOND_TARGET: Final = 1.5
"""Percent: a battery goes on as far until its cloud tells, which is a minute late."""


type Window = tuple[datetime, datetime]


class Due(Enum):
    """Whether the cloud is to hold an order."""

    NOT = auto()
    MAYBE = auto()
    YES = auto()


@dataclass(frozen=True, slots=True)
class Shape:
    """What an order looks like in the cloud: a wish, at most from start to end.

    A daily one may do so on each of the following days, but for those skipped. With a
    target in percent of the battery it ends as soon as that is reached.
    """

    wish: DesiredMode
    start: datetime
    end: datetime
    daily: bool = False
    skipped: frozenset[datetime] = frozenset()
    target: int | None = None
    leased: bool = False

    def __str__(self) -> str:
        """Return it in short, for a failure."""
        extra = " daily" if self.daily else ""
        extra += f" but for {len(self.skipped)}" if self.skipped else ""
        extra += f" to {self.target} %" if self.target is not None else ""
        return f"{_short(self.wish, self.start, self.end)}{extra}"

    def windows(self, start: datetime, end: datetime) -> Iterator[Window]:
        """Yield when it may be in force, as far as that shares time with a span."""
        length = self.end - self.start
        opens = self.start
        if self.daily:
            opens += max(0, (start - self.end) // DAY) * DAY
        while opens < end:
            if start < opens + length and opens not in self.skipped:
                yield opens, opens + length
            if not self.daily:
                return
            opens += DAY

    def covers(self, item: Schedule) -> bool:
        """Whether an item in the cloud is what was asked, or a part of it."""
        return item.wish == self.wish and any(
            start - SLACK <= item.start and item.end <= end + SLACK
            for start, end in self.windows(item.start, item.end)
        )


@dataclass(slots=True, eq=False)
class Order:
    """One wish, in the shapes that it may have; a later `rank` goes before others."""

    shapes: list[Shape]
    forced: bool
    rank: int
    due: Due = Due.MAYBE

    def __str__(self) -> str:
        """Return it in short, for a failure."""
        return " or ".join(map(str, self.shapes))

    @property
    def shape(self) -> Shape:
        """Its shape, of several the newest."""
        return self.shapes[-1]

    def covers(self, item: Schedule) -> bool:
        """Whether an item in the cloud belongs to it."""
        return any(shape.covers(item) for shape in self.shapes)

    def outranks(self, other: Order) -> bool:
        """Whether it goes first where both want the same time."""
        return (self.forced, self.rank) > (other.forced, other.rank)

    def reached(self, state_of_charge: float) -> bool:
        """Whether its target is reached beyond doubt."""
        shape = self.shape
        if shape.target is None:
            return False
        way = 1 if shape.wish.mode == "ChargeBattery" else -1
        return (state_of_charge - shape.target) * way > BEYOND_TARGET

    def wants(self, start: datetime, end: datetime) -> bool:
        """Whether it may want any time of a span."""
        return any(
            any(shape.windows(start - SLACK, end + SLACK)) for shape in self.shapes
        )


@dataclass
class Asked:
    """Everything that was asked for so far."""

    orders: list[Order] = field(default_factory=list)
    ranks: Iterator[int] = field(default_factory=partial(count, 1))
    watts: Iterator[int] = field(default_factory=partial(count, 1000, 10))
    """Powers of which each is used only once, so that items tell where they are from."""

    def add(self, shape: Shape, *, forced: bool = False) -> Order:
        """Note a new wish."""
        order = Order([shape], forced, next(self.ranks))
        self.orders.append(order)
        return order

    def edit(self, order: Order, shape: Shape) -> None:
        """Note that a wish may have got another shape."""
        order.shapes.append(shape)
        order.rank = next(self.ranks)
        order.due = Due.MAYBE

    def withdraw(self, order: Order) -> None:
        """Note that a wish was never taken, so that nobody had to give way to it."""
        self.orders.remove(order)

    def of(self, item: Schedule) -> Order | None:
        """Return the order that an item belongs to."""
        return next(
            (o for o in self.orders if o.due is not Due.NOT and o.covers(item)), None
        )

    def take_stock(self, own: Iterable[Schedule]) -> None:
        """Take what was kept until now for wanted; it must not get lost later."""
        for item in own:
            order = self.of(item)
            if order is None or order.due is not Due.MAYBE:
                continue
            order.shapes = [shape for shape in order.shapes if shape.covers(item)]
            if len(order.shapes) == 1:
                order.due = Due.YES

    def problems(
        self,
        own: list[Schedule],
        mode: DesiredMode,
        now: datetime,
        state_of_charge: float,
    ) -> Iterator[str]:
        """Yield what is wrong with our part of the cloud's plan, and with the mode.

        The state of charge, in percent, is one that has been known for a while.
        """
        for item in own:
            if self.of(item) is None:
                yield f"nobody wants {show(item)}"
        for one, other in combinations(own, 2):
            if one.overlaps(other):
                yield f"{show(one)} and {show(other)} overlap"
        for order in self.orders:
            items = [item for item in own if self.of(item) is order]
            if not any(all(map(shape.covers, items)) for shape in order.shapes):
                yield f"two shapes at once: {order}"
            if order.reached(state_of_charge) and any(i.start <= now for i in items):
                yield f"goes on beyond {state_of_charge:.1f} %: {order}"
            for start, end in self._missed(order, items, now):
                yield f"lost from {start:%d %H:%M:%S} to {end:%d %H:%M:%S}: {order}"
        ruling = [item.wish for item in own if item.start <= now < item.end]
        if mode not in (ruling or [DesiredMode()]):
            yield f"the mode is {mode.mode} {mode.watts} W"

    def _missed(
        self, order: Order, items: list[Schedule], now: datetime
    ) -> Iterator[Window]:
        """Yield when the cloud should hold an order that is wanted, but does not."""
        if order.due is not Due.YES or order.shape.target is not None:
            return
        for start, end in order.shape.windows(now, now + LOOK_AHEAD):
            if (
                end - max(now, start) > NOT_MISSED
                # One that comes again may have begun before it was made.
                and not (order.shape.daily and start <= now)
                and not any(start < item.end and item.start < end for item in items)
                and not any(
                    o.outranks(order) and o.wants(start, end) for o in self.orders
                )
            ):
                yield start, end


def show(item: Schedule) -> str:
    """Return an item in short, for a failure."""
    return f"{_short(item.wish, item.start, item.end)} ({item.notes})"


def _short(wish: DesiredMode, start: datetime, end: datetime) -> str:
    return f"{wish.mode} {wish.watts} W {start:%d %H:%M:%S} - {end:%d %H:%M:%S}"
