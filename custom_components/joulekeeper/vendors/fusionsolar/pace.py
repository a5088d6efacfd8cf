"""When to ask for real-time values: after the cloud has new ones, within the quota.

Each type may be asked once in five minutes, and each time a little later than that, so
polls slip away from the moment in which there is something new, until one is left out
to be in time again. All types are asked together, for only then do their values make a
balance. Which periods are left out hangs on the time alone, so that restarts change
nothing: with three types one of three, which makes 24 calls an hour.
"""

from datetime import datetime, timedelta
from typing import Final

from .limits import MARGIN, REAL_TIME_WINDOW
from .phase import PERIOD, Phase, mark_before

SLACK: Final = timedelta(seconds=0.5)
"""After the moment at which values are thought to be there."""
MOST_LAG: Final = timedelta(seconds=14)
"""A poll that could only be later waits for the values to come."""
_STEP: Final = REAL_TIME_WINDOW + MARGIN
LOOK_AGAIN: Final = timedelta(seconds=15)
"""Not sooner is looked again for what could not be told."""
_CLOCKS: Final = timedelta(seconds=30)
"""A smaller difference of the clocks is a part of the delay."""

_RHYTHMS: Final = {1: (3, 4), 2: (3, 4), 3: (2, 3)}
"""So many of so many periods are polled, by how many types there are; else half."""


def rhythm(types: int) -> tuple[int, int]:
    """Return how many periods follow each other with a poll, and out of how many.

    With one or two types the margin alone leaves one out, with more their calls do. No
    account is asked less than each second period.
    """
    return _RHYTHMS.get(max(1, types), (1, 2))


def longest_pause(types: int) -> timedelta:
    """Return the time between two polls that have a period left out between them."""
    run, of = rhythm(types)
    return (of - run + 1) * PERIOD


class Pace:
    """Tells when to ask for the real-time values of all types of an account."""

    def __init__(self, phase: Phase, jitter: timedelta) -> None:
        """Follow a phase, with this installation's own offset."""
        self._phase = phase
        self._jitter = jitter
        self._shift = jitter // timedelta(milliseconds=1)
        self._shown: datetime | None = None
        self.ahead = timedelta()
        """The cloud's clock less ours, where they differ by more than some seconds."""

    def compare(self, clock_skew: timedelta | None) -> None:
        """Take in the cloud's clock less ours."""
        if clock_skew is not None and abs(clock_skew - self.ahead) > _CLOCKS:
            self.ahead = clock_skew if abs(clock_skew) > _CLOCKS else timedelta()

    def measured_at(self, polled_at: datetime) -> datetime:
        """Return the mark of what was there when the cloud was asked, by our clock.

        It is never later than that, nor before what was returned until then.
        """
        mark = mark_before(polled_at + self.ahead - self._phase.delay) - self.ahead
        if self._shown is not None:
            mark = max(mark, self._shown)
        self._shown = min(mark, polled_at)
        return self._shown

    def due_in(self, polled_at: datetime, types: int, now: datetime) -> timedelta:
        """Return the time from now to the next poll; `types` are asked each time."""
        earliest = polled_at + _STEP
        earliest = max(earliest, now + LOOK_AGAIN)
        after = self._phase.delay + SLACK + self._jitter - self.ahead
        mark = mark_before(earliest - after - MOST_LAG)
        run, of = rhythm(types)
        while True:
            if (int(mark.timestamp()) // 300 + self._shift) % of < run:
                ready = mark + after
                due = max(ready, earliest)
                if due - ready <= MOST_LAG:
                    return due - now
            mark += PERIOD
