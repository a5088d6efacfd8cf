"""Which intervals a site shows at a time, and what it says of each (1.2, 2.4, 3)."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from .behaviour import Behaviour
from .market import Market, Quote, mixed
from .publication import Publication
from .times import (
    HALF_HOUR,
    NEM,
    Slot,
    day_start,
    index_at,
    nem_date,
    slot_holding,
    start_of,
)

type Kind = Literal["Actual", "Current", "Forecast"]
type Minutes = Callable[[int], int]
"""Return the length of the slot in which an interval lies, 5 or 30 minutes."""

_NEAR = 12  # intervals after the current one with 5-minute forecasts, at most


class Shown(NamedTuple):
    """A slot at one moment. `highest` is the dearest spot price in it."""

    slot: Slot
    kind: Kind
    quote: Quote
    highest: float
    estimate: bool


def horizon(now: datetime, behaviour: Behaviour) -> int:
    """Return the interval at which forecasts end.

    AEMO's pre-dispatch reaches the end of the next trading day, 04:00, once it is
    published at 12:30 NEM, and till then the end of this one (3).
    """
    if behaviour.horizon == "long":
        return index_at(now + timedelta(hours=40))
    local = now.astimezone(NEM)
    day = (local - timedelta(hours=4)).date()
    noon = datetime(day.year, day.month, day.day, 12, 30, tzinfo=NEM)
    days = 2 if local >= noon else 1
    return day_start(day + timedelta(days=days)) + 48


class Board:
    """What is known of a market by one site, or by a state."""

    def __init__(
        self, market: Market, publication: Publication, behaviour: Behaviour
    ) -> None:
        """Show `market` as it is published."""
        self._market = market
        self._publication = publication
        self._behaviour = behaviour

    # -- which -----------------------------------------------------------------

    def around(
        self, now: datetime, previous: int, following: int, minutes: Minutes
    ) -> list[Slot]:
        """Return the current slot with those before and after it.

        `previous` and `following` count slots of the current one's length, whatever
        the length of those that they reach.
        """
        current = slot_holding(index_at(now), minutes(index_at(now)))
        before: list[Slot] = []
        left = previous * current.steps
        n = current.first - 1
        while (slot := slot_holding(n, minutes(n))).steps <= left:
            before.append(slot)
            left -= slot.steps
            n = slot.first - 1
        limit = current.end + following * current.steps
        return [*reversed(before), current, *self._after(current, now, limit)]

    def of_days(
        self, start: date, end: date, now: datetime, minutes: Minutes
    ) -> list[Slot]:
        """Return all slots of the days from `start` to `end`."""
        first, last = day_start(start), day_start(end + timedelta(days=1))
        current = slot_holding(index_at(now), minutes(index_at(now)))
        past: list[Slot] = []
        n = first
        while n < min(last, current.first):
            past.append(slot_holding(n, minutes(n)))
            n = past[-1].end
        slots = [*past, current, *self._after(current, now, last)]
        return [slot for slot in slots if first <= slot.first < last]

    def _after(self, current: Slot, now: datetime, limit: int) -> Iterator[Slot]:
        """Return what follows, until `limit` or the forecast's end.

        After a 5-minute slot these go on to a half-hour mark within an hour, and
        half-hours follow; one that does not fit is dropped (1.2, 3).
        """
        limit = min(limit, horizon(now, self._behaviour))
        near = (current.end + _NEAR) // HALF_HOUR * HALF_HOUR
        n = current.end
        while True:
            count = current.steps if n < near else HALF_HOUR
            if n + count > limit:
                return
            yield Slot(n, count)
            n += count

    # -- what ------------------------------------------------------------------

    def shown(self, slot: Slot, now: datetime) -> Shown:
        """Return what is said of a slot at `now`."""
        kind: Kind = "Forecast"
        if start_of(slot.end) <= now:
            kind = "Actual"
        elif start_of(slot.first) <= now:
            kind = "Current"
        quotes = [self._quote(n, now) for n in slot.intervals()]
        sure = all(self._is_sure(n, now) for n in slot.intervals())
        return Shown(slot, kind, mixed(quotes), max(q.spot for q in quotes), not sure)

    def _is_sure(self, n: int, now: datetime) -> bool:
        return n <= index_at(now) and self._publication.is_published(n, now)

    def _quote(self, n: int, now: datetime) -> Quote:
        if not self._is_sure(n, now):
            return self._market.forecast(n, index_at(now))
        if n == index_at(now) and self._publication.is_changing(n, now):
            early = self._market.forecast(n, n)
            return Quote(early.spot, early.renewables)
        return self._market.actual(n)

    def truth(self, slot: Slot) -> Shown:
        """Return a slot as it came to be in the end."""
        quotes = [self._market.actual(n) for n in slot.intervals()]
        highest = max(q.spot for q in quotes)
        return Shown(slot, "Actual", mixed(quotes), highest, False)


def nem_now(now: datetime) -> date:
    """Return today in NEM time."""
    return nem_date(index_at(now))
