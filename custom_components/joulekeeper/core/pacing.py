"""When the next fresh reading of a cloud is due, learned from its own time stamps."""

from datetime import datetime, timedelta
from typing import Final

_FIRST_GUESS: Final = timedelta(seconds=6)
_QUANTILE: Final = 0.97
_STEP: Final = timedelta(seconds=2)
_DESCENT: Final = 0.25
_RETRY_FIRST: Final = timedelta(seconds=3)
_RETRY_GROWTH: Final = 1.6


class PhaseLock:
    """Locks polls to a cloud that stamps a reading once per period.

    The delay from a stamp to its publication is unknown, differs between clouds and
    includes the difference of the two clocks. It is followed as a quantile: a poll that
    finds the new stamp lowers the estimate a little, a poll that comes too early raises
    it a lot, so that about 3 of 100 polls are early and the others late by little.
    """

    def __init__(self, period: timedelta, jitter: timedelta = timedelta()) -> None:
        """Take the cloud's period and this installation's own constant offset."""
        self._period = period
        self._jitter = jitter
        self._stamp: datetime | None = None
        self._delay = _FIRST_GUESS
        self._early_polls = 0
        self._descending = True

    @property
    def delay(self) -> timedelta:
        """Learned time from a reading's stamp to our poll for it."""
        return self._delay

    def due_in(self, stamp: datetime, now: datetime) -> timedelta:
        """Learn from a poll that returned `stamp` at `now`; return the time to wait.

        A stamp that has not changed means that the poll was early, or that the source
        is silent: the wait grows from 3 s up to one period.
        """
        if stamp == self._stamp:
            return self._after_early_poll()
        self._learn(stamp, now)
        self._stamp = stamp
        self._early_polls = 0
        wait = stamp + self._period + self._delay + self._jitter - now
        # A clock that runs ahead of the cloud's, or a late reading: keep the phase.
        while wait <= timedelta():
            wait += self._period
        return min(wait, self._period + self._jitter)

    def _after_early_poll(self) -> timedelta:
        wait = min(_RETRY_FIRST * _RETRY_GROWTH**self._early_polls, self._period)
        self._early_polls += 1
        return wait

    def _learn(self, stamp: datetime, now: datetime) -> None:
        age = now - stamp
        if self._stamp is None:
            # The stamp is younger than one period when the source is alive, so its age
            # bounds the delay from both sides, whatever the two clocks say.
            self._delay = max(min(age, _FIRST_GUESS), age - self._period)
        elif self._early_polls:
            self._descending = False
            self._delay = min(
                max(self._delay + _STEP * _QUANTILE, age - self._jitter),
                self._delay + self._period,
            )
        elif self._descending:
            self._delay -= max(_STEP * (1 - _QUANTILE), abs(self._delay) * _DESCENT)
        else:
            self._delay -= _STEP * (1 - _QUANTILE)
