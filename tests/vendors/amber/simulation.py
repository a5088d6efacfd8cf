"""A site's days in simulated time: how late its prices are seen, and by how many calls.

Pure and seeded, so that a test can assert on it and a bench can print it.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from math import inf
from random import Random
from statistics import mean, median

from custom_components.joulekeeper.core.errors import RateLimited
from custom_components.joulekeeper.vendors.amber.limits import Limiter, Room
from custom_components.joulekeeper.vendors.amber.publication import (
    SETTLEMENT,
    PollPlanner,
)
from tests.clouds.clock import SetClock

from .policies import Answer, Policy, floor

type Delays = Callable[[Random], Iterator[float]]
"""Yields s from the settlement mark to the publication, per interval; inf is never."""

START = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
WINDOW = timedelta(seconds=300)
# Dossier 2.4: of 100 intervals of a real site.
SHARES = (0.0, 0.10, 0.25, 0.50, 0.75, 0.90, 1.0)
SECONDS = (17.1, 19.4, 20.9, 22.5, 26.2, 28.7, 37.1)


def drawn(random: Random) -> float:
    """Return a delay of the recorded distribution, s."""
    share = random.random()
    index = min(bisect_right(SHARES, share), len(SHARES) - 1)
    low, high = SHARES[index - 1], SHARES[index]
    part = (share - low) / (high - low)
    return SECONDS[index - 1] + part * (SECONDS[index] - SECONDS[index - 1])


def ordinary(random: Random) -> Iterator[float]:
    """Yield an ordinary day: 1 % in streaks of 40 to 55 s, 0.1 % up to 230 s."""
    streak = 0
    while True:
        if streak == 0 and random.random() < 0.01 / 3:
            streak = random.randint(1, 5)
        if streak:
            streak -= 1
            yield random.uniform(40, 55)
        else:
            late = random.random() < 0.001
            yield random.uniform(55, 230) if late else drawn(random)


def bad(random: Random) -> Iterator[float]:
    """Yield a day with long streaks of late prices: about every third interval."""
    while True:
        for _ in range(random.randint(20, 60)):
            yield drawn(random)
        for _ in range(random.randint(6, 24)):
            yield random.uniform(40, 55)
        for _ in range(random.randint(0, 3)):
            yield random.uniform(55, 230)


def shifted(by: float) -> Delays:
    """Return the recorded distribution at another place, by so many s."""

    def delays(random: Random) -> Iterator[float]:
        while True:
            yield max(0.1, drawn(random) + by)

    return delays


def never(_random: Random) -> Iterator[float]:
    """Yield a day on which nothing is ever confirmed."""
    while True:
        yield inf


@dataclass(slots=True)
class Outcome:
    """What a household would have seen and spent; lags in s, unseen prices left out."""

    intervals: int = 0
    calls: list[datetime] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    unseen: int = 0
    refused: int = 0
    """Calls that our own limiter kept back."""
    crowded: int = 0
    """Calls of the household that the cloud refused."""

    @property
    def median_lag(self) -> float:
        """From publication to the answer that tells it."""
        return median(self.lags)

    def lag_share(self, share: float) -> float:
        """Return the lag that this share of the prices keeps within."""
        ordered = sorted(self.lags)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def mean_lag(self) -> float:
        """Of all prices seen."""
        return mean(self.lags)

    @property
    def calls_per_interval(self) -> float:
        """All calls, forecasts included: every answer brings them."""
        return len(self.calls) / self.intervals

    @property
    def most_calls(self) -> int:
        """The greatest number in any 300 s."""
        recent: deque[datetime] = deque()
        most = 0
        for call in self.calls:
            recent.append(call)
            while call - recent[0] >= WINDOW:
                recent.popleft()
            most = max(most, len(recent))
        return most


@dataclass(slots=True)
class _Window:
    """The cloud's count of an account: a window that begins with its first call."""

    limit: int = 50
    used: int = 0
    refused: int = 0
    until: datetime = START

    def count(self, now: datetime) -> bool:
        """Count a call; above the limit somebody is refused."""
        if now >= self.until:
            self.used, self.until = 0, now + WINDOW
        self.used += 1
        self.refused += self.used > self.limit
        return self.used <= self.limit

    def headers(self, now: datetime) -> dict[str, str]:
        """Return what an answer says."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(round((self.until - now).total_seconds())),
            "RateLimit-Policy": f"{self.limit};w=300",
        }


@dataclass(slots=True)
class _Site:
    """What is published when; the first answer with a price tells its lag.

    `settled` are the delays of the market's own intervals, of which the last one of a
    billing interval decides.
    """

    policy: Policy
    length: timedelta
    published: dict[datetime, datetime]
    settled: dict[datetime, datetime]
    seen: set[datetime] = field(default_factory=set)


class Ours:
    """The planner of one site, with the limiter that an account's sites share."""

    def __init__(self, planner: PollPlanner, limiter: Limiter, sites: int) -> None:
        """Share the calls with that many sites in all."""
        self.planner = planner
        self._limiter = limiter
        self._sites = sites

    def answered(self, answer: Answer) -> None:
        """Tell the planner."""
        if answer.status != 200:
            self.planner.failed()
            return
        start = self.planner.boundary(answer.at)
        self.planner.seen(answer.asked_at, start, answer.confirmed)

    def next_call(self, now: datetime) -> datetime:
        """Return what it plans."""
        room = self._limiter.room()
        return self.planner.next_poll(
            now, Room(room.calls // self._sites, room.free_at)
        )


def _sites(
    policies: Sequence[Policy],
    delays: Delays,
    random: Random,
    intervals: int,
    length: timedelta,
) -> Iterator[_Site]:
    """Yield sites with what is published when."""
    end = START + intervals * length
    for policy in policies:
        source, others = delays(random), delays(Random(random.random()))
        settled: dict[datetime, datetime] = {}
        published: dict[datetime, datetime] = {}
        for step in range(intervals):
            start = START + step * length
            for part in range(length // SETTLEMENT):
                mark = start + part * SETTLEMENT
                is_last = mark + SETTLEMENT == start + length
                delay = next(source if is_last else others)
                settled[mark] = (
                    end + length if delay == inf else mark + timedelta(seconds=delay)
                )
            published[start] = settled[start + length - SETTLEMENT]
        yield _Site(policy, length, published, settled)


def simulate(
    delays: Delays = ordinary,
    *,
    seed: int = 0,
    intervals: int = 288,
    minutes: int = 5,
    sites: int = 1,
    others: float = 0.0,
    failures: float = 0.0,
    planner: PollPlanner | None = None,
    policy: Callable[[timedelta], Policy] | None = None,
) -> Outcome:
    """Run the sites of an account for some intervals.

    `others` is how many calls other tools of the household make per 300 s, `failures`
    the share of calls that are not answered. The first site's planner may be given.
    With a `policy` somebody else polls: without our limiter, but in the cloud's window.
    """
    random = Random(seed)
    length = timedelta(minutes=minutes)
    end = START + intervals * length
    clock = SetClock(START)
    limiter, window = Limiter(clock), _Window()
    outcome = Outcome(intervals=intervals * sites)
    jitters = [timedelta(seconds=random.random() / 2) for _ in range(sites)]
    policies: list[Policy] = [
        policy(length)
        if policy
        else Ours(
            planner if planner and not number else PollPlanner(length, jitter),
            limiter,
            sites,
        )
        for number, jitter in enumerate(jitters)
    ]
    all_sites = list(_sites(policies, delays, random, intervals, length))
    phase = random.uniform(0, 60)
    queue = [(START + timedelta(seconds=phase + n), n) for n in range(sites)]
    other = START + timedelta(seconds=random.uniform(0, 300))
    while queue:
        now, number = heappop(queue)
        if now >= end:
            continue
        clock.set(now)
        while others and other < now:
            window.count(other)
            other += WINDOW / others
        site = all_sites[number]
        if policy is None:
            try:
                limiter.sending("current_prices")
            except RateLimited as error:
                outcome.refused += 1
                wait = timedelta(seconds=error.retry_after or 1)
                heappush(queue, (now + wait, number))
                continue
        outcome.calls.append(now)
        at = now + timedelta(seconds=random.uniform(0.08, 0.3))
        answered_at = at + timedelta(seconds=random.uniform(0.08, 0.3))
        allowed = window.count(at)
        clock.set(answered_at)
        status = 200 if allowed else 429
        if random.random() < failures:
            status = 502
        if policy is None and status == 200:
            limiter.answered("current_prices", status, window.headers(at))
        start = floor(at, length)
        confirmed = site.published.get(start, end + length) <= at
        site.policy.answered(
            Answer(
                asked_at=now,
                at=at,
                answered_at=answered_at,
                status=status,
                confirmed=confirmed,
                settled=site.settled.get(floor(at, SETTLEMENT), end + length) <= at,
                remaining=max(0, window.limit - window.used),
                reset_at=window.until,
            )
        )
        if status == 200 and confirmed and start not in site.seen:
            site.seen.add(start)
            lag = answered_at - site.published[start]
            outcome.lags.append(lag.total_seconds())
        heappush(queue, (site.policy.next_call(answered_at), number))
    outcome.unseen = outcome.intervals - len(outcome.lags)
    outcome.crowded = window.refused
    return outcome
