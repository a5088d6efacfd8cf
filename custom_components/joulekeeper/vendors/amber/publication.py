"""When to ask for a price that is published some time after its interval began.

A price is confirmed some 17 to 37 s after a 5-minute mark, seldom minutes later
(dossier 2.4). Every poll bounds that delay: it lies between the last poll that saw an
estimate and the first that saw a final price. From the latest 60 bounds, and the
dossier's percentiles as long as there are few, its distribution is estimated (`delays`).
The polls after a mark are those with the least expected lag plus price of the calls, by
dynamic programming: dense where publication is likely, sparser the later it gets, none
once the price is final. The price of a call is set so that the expected number of calls
meets a target, which is corrected by how many they really were, and their greatest
number what the account's limit leaves. At the boundary itself nothing is asked: the
forecast that came with the last answer is the estimate of the interval that begins.
All times are the cloud's.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from math import inf
from operator import mul
from typing import Final

from .delays import (
    CELLS,
    EDGES,
    FINE_END,
    MIDDLES,
    SETTLEMENT,
    Observation,
    cell_of,
    estimated_delays,
)
from .limits import Room

CALLS: Final = 3.2
"""Aimed at per 5-minute interval: some room below what a household should cost."""
CALLS_AFTER_LOOK: Final = 2.45
"""The same for a longer interval, in which there is one look after its first part."""

_MEMORY: Final = 60
"""Observations."""
_AIM_STEP: Final = 0.02
_AIM_RANGE: Final = (0.6, 1.4)
"""Of the calls aimed at, for the distribution is never quite the right one."""

_LEAST_PRICE: Final = 0.1
_MOST_PRICE: Final = 400.0
_HALVINGS: Final = 8
_NEAR: Final = 2.0
_NEAR_HALVINGS: Final = 4
"""From one interval to the next the price of a call hardly changes."""
_LATE: Final = tuple(
    late / 10 + (late / 30) ** 2 for late in (max(0.0, edge - 30.0) for edge in EDGES)
)
"""By how much more the price of a call is multiplied after each edge, patience being 1."""
_PATIENCES: Final = (1.0, 4.0, 16.0)
"""More of it where the limit leaves few calls: late prices wait before others do."""
_NEXT_INTERVAL: Final = 25.0
"""After the end, until the next interval's polls tell how this one ended."""

_MOSTLY: Final = 0.9
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MIN_GAP: Final = timedelta(seconds=1)
_FIRST_RETRY: Final = timedelta(seconds=2)
_LAST_RETRY: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Plan:
    """For every edge the one at which to poll next, the last edge meaning no more."""

    following: tuple[int, ...]
    first: int
    price: float = 0.0
    patience: float = 1.0
    """At which it is the best."""

    def after(self, delay: float | None) -> float | None:
        """Return the delay of the next poll after one, or of the first one."""
        target = self.first if delay is None else self.following[cell_of(delay)]
        return None if target >= CELLS else EDGES[target]

    def polls(self, delay: float | None = None) -> int:
        """Return how many polls may follow at most."""
        count = 0
        while (delay := self.after(delay)) is not None:
            count += 1
        return count

    def expected_polls(self, masses: Sequence[float]) -> float:
        """Return how many polls are made on average until publication."""
        left = [1.0, *(1.0 - share for share in accumulate(masses))]
        expected, edge, target = 0.0, 0, self.first
        while target < CELLS:
            expected += left[edge]
            edge, target = target, self.following[target]
        return expected


def plan_at_price(masses: Sequence[float], price: float, patience: float = 1.0) -> Plan:
    """Return the polls with the least expected lag when each costs `price` s of it.

    Late ones cost more, so that waiting long makes patient. The best next poll never
    moves back when the last one moves on, which keeps the search short.
    """
    shares = [0.0, *accumulate(masses[:CELLS])]
    moments = [0.0, *accumulate(map(mul, masses[:CELLS], MIDDLES, strict=True))]
    following = [CELLS] * (CELLS + 1)
    # What polling at an edge costs, less what is the same for all edges.
    costs = [0.0] * CELLS
    total, moment = shares[CELLS], moments[CELLS]
    end = EDGES[CELLS] + _NEXT_INTERVAL
    latest = CELLS - 1
    for edge in range(CELLS - 1, -1, -1):
        share = shares[edge]
        call = price * (1.0 + patience * _LATE[edge]) * (1.0 - share)
        best, best_cost = CELLS, end * (total - share) - moment
        for target in range(edge + 1, latest + 1):
            cost = call + costs[target] - EDGES[target] * share
            if cost < best_cost:
                best, best_cost = target, cost
        following[edge] = best
        latest = min(best, CELLS - 1)
        costs[edge] = best_cost + EDGES[edge] * share
    return Plan(tuple(following), following[0], price, patience)


def cheapest_plan(
    masses: Sequence[float], calls: float, most: int, before: Plan | None = None
) -> Plan:
    """Return the plan with the least lag for an expected number of calls.

    It has `most` polls at most, but never none. The one of the interval `before` makes
    it be found sooner.
    """
    for patience in _PATIENCES:
        near = before.price if before and before.patience == patience else None
        plan = _plan_within(masses, calls, CELLS, patience, near)
        if plan.polls() <= most:
            return plan
    return _plan_within(masses, calls, max(1, most), _PATIENCES[-1])


def _plan_within(
    masses: Sequence[float],
    calls: float,
    most: int,
    patience: float,
    near: float | None = None,
) -> Plan:
    if near is not None:
        low, high = near / _NEAR, near * _NEAR
        plan, reached = _search(
            masses, calls, most, patience, low, high, _NEAR_HALVINGS
        )
        if plan is not None and low < reached:
            return plan
    plan, _ = _search(
        masses, calls, most, patience, _LEAST_PRICE, _MOST_PRICE, _HALVINGS
    )
    return plan or plan_at_price(masses, _MOST_PRICE, patience)


def _search(
    masses: Sequence[float],
    calls: float,
    most: int,
    patience: float,
    low: float,
    high: float,
    halvings: int,
) -> tuple[Plan | None, float]:
    """Return the plan at the lowest price that will do, and the highest too low."""
    found: Plan | None = None
    for _ in range(halvings):
        price = (low * high) ** 0.5
        plan = plan_at_price(masses, price, patience)
        if plan.polls() <= most and plan.expected_polls(masses) <= calls:
            found, high = plan, price
        else:
            low = price
    return found, low


class PollPlanner:
    """Plans the polls of one site, and learns from what they see."""

    def __init__(
        self,
        interval: timedelta,
        jitter: timedelta = timedelta(),
        memory: Iterable[Observation] = (),
    ) -> None:
        """Take the site's billing interval and this installation's own offset.

        `memory` is what was learned before a restart.
        """
        self._interval = max(interval, SETTLEMENT)
        self._mark = self._interval - SETTLEMENT
        self._jitter = jitter
        self.observations = deque(memory, _MEMORY)
        self._masses: list[float] = []
        self._plan: Plan | None = None
        self._last_plan: Plan | None = None
        self._boundary: datetime | None = None
        """Of the interval that was polled last."""
        self._unpublished: float | None = None
        """Delay of the last poll after the mark that saw no final price."""
        self._confirmed = self._looked = False
        self._failures = self._polls = 0
        self._calls = CALLS_AFTER_LOOK if self._mark else CALLS
        self._aim = self._calls

    @property
    def delays(self) -> Sequence[float]:
        """The distribution of the delay as it is thought to be, per cell."""
        return self._masses or estimated_delays(self.observations)

    def boundary(self, instant: datetime) -> datetime:
        """Return the beginning of the interval that holds an instant."""
        return instant - (instant - _EPOCH) % self._interval

    def seen(self, asked_at: datetime, start: datetime | None, confirmed: bool) -> None:
        """Learn from an answer: what it called current, and whether that was final.

        An interval that has not begun by our clock has begun by the cloud's.
        """
        self._failures = 0
        boundary = self.boundary(asked_at)
        if start is not None and boundary < start <= boundary + self._interval:
            boundary = start
        elif start is None or start < boundary:
            confirmed = False
        self._turn_to(boundary)
        self._looked = True
        delay = (asked_at - boundary - self._mark - self._jitter).total_seconds()
        if self._confirmed:
            return
        self._polls += delay >= 0
        if not confirmed:
            if delay >= 0:
                self._unpublished = delay
            return
        self._confirmed = True
        if delay >= 0 and (self._unpublished is not None or delay <= FINE_END):
            self._observe(Observation(self._unpublished or 0.0, delay))

    def failed(self) -> None:
        """Take note of a poll without an answer."""
        self._failures += 1
        self._polls += 1

    def next_poll(self, now: datetime, room: Room) -> datetime:
        """Return when to ask next, after `now`, with the calls that there is room for."""
        due = max(self._planned(now, room), now + _MIN_GAP)
        if self._failures:
            retry = _FIRST_RETRY * 2 ** min(self._failures - 1, 10)
            due = max(due, now + min(retry, _LAST_RETRY))
        return due if room.calls > 0 else max(due, room.free_at)

    def _planned(self, now: datetime, room: Room) -> datetime:
        boundary = self.boundary(now)
        following = boundary + self._interval
        if self._boundary is not None and self._boundary > boundary:
            # Polled already, for the cloud's clock is ahead.
            boundary, following = self._boundary, self._boundary + self._interval
        elif self._boundary != boundary:
            return self._first_of(boundary, now, room)
        if self._confirmed:
            return self._first_of(following, now, room)
        mark = boundary + self._mark + self._jitter
        delay = (now - mark).total_seconds()
        if delay < 0:
            return self._first_of(boundary, now, room)
        target = self._plan_for(room, delay).after(delay)
        if target is None:
            return self._first_of(following, now, room)
        return mark + timedelta(seconds=target)

    def _first_of(self, boundary: datetime, now: datetime, room: Room) -> datetime:
        """Return the first poll of an interval, or a look at its first part."""
        start = boundary + self._jitter
        known = self._looked and self._boundary == boundary
        if self._mark and not known and now < start + self._mark:
            return start + timedelta(seconds=self._look_delay())
        target = self._plan_for(room, None).after(None)
        wait = FINE_END if target is None else target
        return start + self._mark + timedelta(seconds=wait)

    def _look_delay(self) -> float:
        """Return the delay by which most prices are published."""
        shares = accumulate(self.delays)
        found = next((n for n, share in enumerate(shares) if share >= _MOSTLY), CELLS)
        return min(EDGES[min(found + 1, CELLS)], FINE_END)

    def _plan_for(self, room: Room, delay: float | None) -> Plan:
        """Return the plan of this interval, or one with fewer polls if it has to be."""
        most = max(1, room.calls)
        if self._plan is None or self._plan.polls(delay) > most:
            if not self._masses:
                self._masses = estimated_delays(self.observations)
            self._plan = self._last_plan = cheapest_plan(
                self._masses, self._aim, most, self._last_plan
            )
        return self._plan

    def _turn_to(self, boundary: datetime) -> None:
        if boundary == self._boundary:
            return
        if self._unpublished is not None and not self._confirmed:
            self._observe(Observation(self._unpublished, inf))
        if self._polls:
            least, most = (self._calls * part for part in _AIM_RANGE)
            aim = self._aim + _AIM_STEP * (self._calls - self._polls)
            self._aim = min(max(aim, least), most)
        self._boundary, self._polls = boundary, 0
        self._unpublished, self._confirmed, self._looked = None, False, False

    def _observe(self, observation: Observation) -> None:
        self.observations.append(observation)
        self._masses, self._plan = [], None
