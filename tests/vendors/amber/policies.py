"""When others ask for a price, written down from dossier sections 2.4, 4.1 and 4.2.

Pure: a policy is told of each answer and says when it asks next. Nothing of their code
is here; what the dossier leaves open is said where it is filled.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Final, Protocol

SETTLEMENT: Final = timedelta(minutes=5)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a call; `reset_at` is when the account's window is over.

    `confirmed` tells whether the billing interval that runs is final, `settled` whether
    the market's own five minutes are, both when it was answered by the cloud, at `at`.
    `remaining` is None where no headers came.
    """

    asked_at: datetime
    at: datetime
    answered_at: datetime
    status: int
    confirmed: bool
    settled: bool
    remaining: int | None
    reset_at: datetime


class Policy(Protocol):
    """Decides when to ask for one site."""

    def answered(self, answer: Answer) -> None:
        """Learn from an answer."""

    def next_call(self, now: datetime) -> datetime:
        """Return when to ask next, `now` or later."""


def floor(instant: datetime, length: timedelta) -> datetime:
    """Return the last multiple of a length since 1970."""
    return instant - (instant - _EPOCH) % length


class BlindMinute:
    """Home Assistant's own integration: once a minute from whenever it was started."""

    PERIOD: Final = timedelta(seconds=60)

    def __init__(self, interval: timedelta) -> None:
        """The interval does not matter."""
        self._asked_at: datetime | None = None

    def answered(self, answer: Answer) -> None:
        """Remember when it was asked; an error changes nothing."""
        self._asked_at = answer.asked_at

    def next_call(self, now: datetime) -> datetime:
        """Return a minute after the last call."""
        if self._asked_at is None:
            return now
        return max(now, self._asked_at + self.PERIOD)


class FixedSeconds:
    """amber2mqtt: listed seconds of the first two minutes of every five.

    Once a price is confirmed, three more calls bring forecasts; one right after the
    other, for the dossier does not say when. It asks for five minutes whatever the
    billing interval is, so that on a half-hourly site it does so six times.
    """

    SECONDS: Final = (14, 16, 18, 19, 21, 23, 25, 27, 30, 32, 35, 40, 45, 50, 55)
    FORECASTS: Final = 3

    def __init__(self, interval: timedelta) -> None:
        """The interval does not matter."""
        self._block: datetime | None = None
        self._left = 0

    def answered(self, answer: Answer) -> None:
        """Stop for this block when its price is there."""
        block = floor(answer.asked_at, SETTLEMENT)
        if self._block == block:
            self._left = max(0, self._left - 1)
        elif answer.status == 200 and answer.settled:
            self._block, self._left = block, self.FORECASTS

    def next_call(self, now: datetime) -> datetime:
        """Return the next listed second, or the next forecast call."""
        block = floor(now, SETTLEMENT)
        if self._block == block:
            if self._left:
                return now
            block += SETTLEMENT
        while True:
            for minute in (0, 1):
                for second in self.SECONDS:
                    due = block + timedelta(minutes=minute, seconds=second)
                    if due >= now:
                        return due
            block += SETTLEMENT


class Adaptive:
    """amber-express without its live connection.

    A poll at the boundary, then polls at even quantiles of the delays that it has seen,
    as many as the account's window still allows but five; blended with even spacing so
    that one per 30 s stays affordable. The 100 delays that it begins with are drawn
    from the dossier's percentiles, each taken to be known to 1.5 s, which is a guess;
    after 100 intervals none of them is left.
    """

    KEPT: Final = 100
    BUFFER: Final = 5
    SLOWEST_S: Final = 30.0
    AFTER_RESET: Final = timedelta(seconds=2)
    LONGEST_WAIT_S: Final = 300.0
    PERCENTILES: Final = (
        *((0.0, 17.1), (0.1, 19.4), (0.25, 20.9), (0.5, 22.5)),
        *((0.75, 26.2), (0.9, 28.7), (1.0, 37.1)),
    )
    WIDTH_S: Final = 1.5

    def __init__(self, interval: timedelta) -> None:
        """Begin with what it is delivered with."""
        self._interval = interval
        self._seen = deque(self._delivered(), self.KEPT)
        self._shares = _Shares(self._seen)
        self._start: datetime | None = None
        self._first: datetime | None = None
        self._last_estimate: float | None = None
        self._confirmed = False
        self._refusals = 0
        self._wait_until: datetime | None = None
        self._remaining, self._reset_at = 50, _EPOCH

    def _delivered(self) -> Iterable[tuple[float, float]]:
        for n in range(self.KEPT):
            share = (n + 0.5) / self.KEPT
            by = next(
                a + (b - a) * (share - p) / (q - p)
                for (p, a), (q, b) in pairwise(self.PERCENTILES)
                if share <= q
            )
            yield by - self.WIDTH_S, by

    def answered(self, answer: Answer) -> None:
        """Take the limit from the headers, and the delay if this poll found it."""
        start = floor(answer.asked_at, self._interval)
        self._first = self._first or start
        if start != self._start:
            self._start, self._last_estimate, self._confirmed = start, None, False
        if answer.remaining is not None:
            self._remaining, self._reset_at = answer.remaining, answer.reset_at
        if answer.status == 429:
            self._refused(answer)
            return
        if answer.status != 200:
            return
        self._refusals, self._wait_until = 0, None
        delay = (answer.asked_at - start).total_seconds()
        if not answer.confirmed:
            self._last_estimate = delay
        elif not self._confirmed:
            self._confirmed = True
            if self._last_estimate is not None and start != self._first:
                self._seen.append((self._last_estimate, delay))
                self._shares = _Shares(self._seen)

    def _refused(self, answer: Answer) -> None:
        """Ignore the first refusal; wait from the second one on."""
        self._refusals += 1
        if self._refusals < 2:
            return
        if answer.remaining is not None:
            self._wait_until = answer.reset_at + self.AFTER_RESET
        else:
            seconds = min(2.0 ** (self._refusals - 2), self.LONGEST_WAIT_S)
            self._wait_until = answer.answered_at + timedelta(seconds=seconds)

    def next_call(self, now: datetime) -> datetime:
        """Return the next boundary, or the first of the polls that are planned."""
        due = self._planned(now)
        return due if self._wait_until is None else max(due, self._wait_until)

    def _planned(self, now: datetime) -> datetime:
        start = floor(now, self._interval)
        following = start + self._interval
        if start != self._start:
            return now
        if self._confirmed:
            return following
        reset = self._reset_at
        forced = [at for at in (reset, following) if now < at <= following]
        calls = self._remaining - self.BUFFER - len(forced)
        if calls <= 0:
            return min(forced, default=following)
        end = reset if reset > now else following
        since = (now - start).total_seconds()
        left = (end - now).total_seconds()
        even = min(1.0, left / (self.SLOWEST_S * calls))
        delay = self._shares.first_quantile(1 / (calls + 1), since, left, even)
        return min(start + timedelta(seconds=delay), *forced)


class _Shares:
    """The mean of uniform distributions, a piecewise linear one."""

    def __init__(self, spans: Iterable[tuple[float, float]]) -> None:
        spans = [(low, max(high, low + 1e-3)) for low, high in spans]
        steps: dict[float, float] = {}
        for low, high in spans:
            slope = 1 / (high - low) / len(spans)
            steps[low] = steps.get(low, 0.0) + slope
            steps[high] = steps.get(high, 0.0) - slope
        self._times = sorted(steps)
        self._slopes = list(accumulate(steps[time] for time in self._times))
        self._values = list(
            accumulate(
                (
                    slope * (b - a)
                    for (a, b), slope in zip(
                        pairwise(self._times), self._slopes, strict=False
                    )
                ),
                initial=0.0,
            )
        )

    def _value(self, time: float) -> float:
        index = bisect_right(self._times, time) - 1
        if index < 0:
            return 0.0
        if index >= len(self._times) - 1:
            return 1.0
        rise = self._slopes[index] * (time - self._times[index])
        return min(1.0, self._values[index] + rise)

    def first_quantile(
        self, share: float, since: float, left: float, even: float
    ) -> float:
        """Return when a share of what is left after `since` has come, s.

        With the weight `even` it comes evenly in the `left` s.
        """
        known = self._value(since)
        if known >= 1 - 1e-6:
            even = 1.0
        learned = 0.0 if even >= 1 else (1 - even) / (1 - known)

        def reached(time: float) -> float:
            evenly = min(1.0, (time - since) / left)
            return learned * (self._value(time) - known) + even * evenly

        before = since
        first = bisect_right(self._times, since)
        for time in (*self._times[first:], since + left):
            if time <= before:
                continue
            if (high := reached(time)) >= share:
                low = reached(before)
                return before + (time - before) * (share - low) / (high - low)
            before = time
        return since + left
