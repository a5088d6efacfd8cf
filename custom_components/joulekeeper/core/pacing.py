"""When the next fresh reading of a cloud is due, learned from its own time stamps."""

from collections import deque
from datetime import datetime, timedelta
import hashlib
from typing import Final

_RESOLUTION: Final = timedelta(seconds=4)
_UP: Final = timedelta(seconds=1.94)
_DOWN: Final = timedelta(seconds=0.06)
"""With these steps about 3 of 100 polls are early."""
_MAX_DOWN: Final = timedelta(seconds=8)
_QUIET_RUN: Final = 60
_SHORT_RUN: Final = 15
"""Polls in time after which the estimate falls fast: it must be far too high then."""
_RETRY_FIRST: Final = timedelta(seconds=3)
_OUT_OF_TURN: Final = timedelta(seconds=1)
_MAX_JITTER_MS: Final = 1000
_HOUR: Final = timedelta(hours=1)

_FINE: Final = timedelta(seconds=3)
"""A window that is narrow enough."""
_MORE_SLACK: Final = timedelta(seconds=1)
_MOST_SLACK: Final = timedelta(seconds=5)
_LESS_SLACK_AFTER: Final = 12
_VERIFY_EVERY: Final = 10
"""Periods."""
_MOST_PROBES: Final = 30
"""Per hour; half of them to see whether a narrow window is still right."""


def own_jitter(*names: str) -> timedelta:
    """Return an own constant offset, so that not all installations poll at once."""
    digest = hashlib.sha256("".join(names).encode()).digest()
    return timedelta(milliseconds=int.from_bytes(digest[:4]) % _MAX_JITTER_MS)


class PhaseLock:
    """Locks polls to a cloud that stamps a reading once per period.

    The delay from a stamp to its publication is unknown, differs between clouds and
    includes the difference of the two clocks. The age of the first reading bounds it to
    within one period and each poll halves what is left; from there it is followed as a
    quantile: a poll in time lowers the estimate a little, an early one raises it a lot.
    """

    def __init__(self, period: timedelta, jitter: timedelta = timedelta()) -> None:
        """Take the cloud's period and this installation's own constant offset."""
        self._period = period
        self._jitter = jitter
        self._stamp: datetime | None = None
        self._due: datetime | None = None
        self._low = self._high = self._delay = self._too_early = timedelta()
        self._down = _DOWN
        self._run_left = _SHORT_RUN
        self._early_polls = 0
        self._settled = False
        self._was_late = False

    @property
    def delay(self) -> timedelta:
        """Learned time from a reading's stamp to our poll for it."""
        return self._delay

    def due_in(self, stamp: datetime, now: datetime) -> timedelta:
        """Learn from a poll that returned `stamp` at `now`; return the time to wait.

        A stamp that is not newer means that the poll was early, or that the source is
        silent: the wait grows from 3 s up to one period. A poll out of turn that finds
        nothing new changes nothing.
        """
        if self._stamp is None or self._due is None:
            self._search(stamp, now)
        elif stamp <= self._stamp:
            if self._due - now > _OUT_OF_TURN:
                return self._due - now
            wait = self._after_early_poll(self._stamp, now)
            self._due = now + wait
            return wait
        else:
            self._learn(self._stamp, stamp, now)
        self._stamp = stamp
        self._early_polls = 0
        wait = stamp + self._period + self._delay + self._jitter - now
        # A late reading, or a source that has long been silent: keep the phase.
        while wait <= timedelta():
            wait += self._period
        wait = min(wait, self._period + self._jitter)
        self._due = now + wait
        return wait

    @property
    def _searching(self) -> bool:
        return self._high - self._low > _RESOLUTION

    def _search(self, stamp: datetime, now: datetime) -> None:
        """Start anew: the newest reading of a live source is younger than a period."""
        self._high = now - stamp - self._jitter
        self._low = self._high - self._period
        self._settled = False
        self._trust(short=True)
        self._halve()

    def _halve(self) -> None:
        self._delay = (self._low + self._high) / 2 if self._searching else self._high

    def _trust(self, *, short: bool) -> None:
        """Let the estimate fall slowly until it has been in time for a long run."""
        self._down = _DOWN
        self._run_left = _SHORT_RUN if short else _QUIET_RUN

    def _after_early_poll(self, last: datetime, now: datetime) -> timedelta:
        expected = last + self._period + self._jitter
        self._too_early = now - expected
        if self._searching:
            self._low = self._too_early
            self._halve()
            return max(expected + self._delay - now, _RETRY_FIRST)
        wait = min(_RETRY_FIRST * 2.0 ** min(self._early_polls, 9), self._period)
        self._early_polls += 1
        return wait

    def _learn(self, last: datetime, stamp: datetime, now: datetime) -> None:
        age = now - stamp - self._jitter
        if stamp - last > 1.5 * self._period:
            # The source was silent, or we were: the poll was not timed by this stamp.
            if not self._settled or not (
                self._delay - _RESOLUTION <= age <= self._delay + self._period
            ):
                self._search(stamp, now)
            return
        if self._searching:
            self._high = min(self._high, age)
            self._halve()
            return
        self._settled = True
        if self._early_polls:
            # One late reading is an exception, a second one in a row is the rule.
            self._delay += max(_UP, self._down)
            self._trust(short=self._was_late)
            if self._was_late and age > self._delay:
                self._low, self._high = self._too_early, age
                self._halve()
        else:
            self._run_left -= 1
            if self._run_left < 0:
                self._down = min(self._down * 2, _MAX_DOWN)
            self._delay -= self._down
        self._was_late = self._early_polls > 0


class ChangeLock:
    """Locks polls to a cloud that shows new values once per period, without a stamp.

    Only a change proves something: new values came between two polls. That nothing has
    changed may as well mean that the new values are the old ones. So once per period
    there is a poll at the end of the window in which the change is expected, and now
    and then a probe before it: halfway while the window is wide, at its beginning to see
    whether it is still the right one. Probes are few, whatever the source does.
    """

    def __init__(self, period: timedelta, jitter: timedelta = timedelta()) -> None:
        """Take the cloud's period and this installation's own constant offset."""
        self._period = period
        self._jitter = jitter
        self._end: datetime | None = None
        self._width = period
        self._hint: timedelta | None = None
        """Where in a wide window to look first, from its beginning."""
        self._slack = timedelta()
        self._polled_at: datetime | None = None
        self._probes: deque[datetime] = deque()
        self._verified = 0
        self._doubts = self._probed = False
        self._cycles = 0
        """Since the window was found, or seen to be right, the last time."""

    def due_in(self, changed: bool, now: datetime) -> timedelta:
        """Learn from a poll at `now`; return the time to wait."""
        before, self._polled_at = self._polled_at, now
        if before is None or self._end is None or now - before > 1.5 * self._period:
            self._end, self._width, self._hint = now, self._period, None
        elif now >= self._end:
            self._at_the_end(self._end, changed, before)
        elif changed:
            self._found_early(self._end, before, now)
        else:
            self._probed = True
        while self._end <= now:
            self._end += self._period
            self._cycles += 1
            self._probed = False
        return self._next(self._end, now) - now

    @property
    def _wide(self) -> bool:
        return self._width > _FINE

    def _found_early(self, end: datetime, before: datetime, now: datetime) -> None:
        """Take a change that a probe saw: before the middle, or out of place."""
        begin = max(end - self._width, before)
        self._hint = None
        if not self._wide or now <= begin:
            # Not where it was: most likely a little later, or else a little earlier.
            begin = before
            late = self._doubts
            self._hint = _FINE if late else now - begin - _FINE
            if not self._wide:
                self._slack = min(self._slack + _MORE_SLACK, _MOST_SLACK)
            self._verified = 0
        self._end = now
        self._width = now - begin
        self._cycles, self._doubts = 0, False

    def _at_the_end(self, end: datetime, changed: bool, before: datetime) -> None:
        """Take a poll at the end of the window, which proves something after a probe."""
        self._doubts = not changed
        if not changed or not self._probed:
            return
        if self._wide:
            self._width = min(self._width, end - before)
            self._hint = None
        else:
            self._verified += 1
            if self._verified % _LESS_SLACK_AFTER == 0:
                self._slack = max(timedelta(), self._slack - _MORE_SLACK)
        self._cycles = 0

    def _next(self, end: datetime, now: datetime) -> datetime:
        """Return the instant of the next poll: a probe, or the end of the window."""
        while self._probes and now - self._probes[0] > _HOUR:
            self._probes.popleft()
        most = _MOST_PROBES if self._wide else _MOST_PROBES // 2
        if len(self._probes) < most and (
            self._wide or self._doubts or self._cycles > _VERIFY_EVERY
        ):
            if not self._wide:
                probe = end - _FINE - self._slack
            elif self._hint is not None:
                probe = end - self._width + self._hint
            else:
                probe = end - self._width / 2
            if probe > now and not self._probed:
                self._probes.append(now)
                return probe
        return end + self._slack + self._jitter
