"""A clock that a fake cloud here and a Home Assistant elsewhere share."""

from datetime import datetime, timedelta

from ..clouds.clock import AcceleratedClock
from .accelerated import environment


class SharedClock:
    """An accelerated clock that can leap while nobody else lives by it."""

    def __init__(self, start: datetime, factor: float) -> None:
        """Start at `start` now, and run `factor` times as fast as the real time."""
        self._clock = AcceleratedClock(start, factor)
        self._leapt = timedelta()
        self.factor = factor

    def __call__(self) -> datetime:
        """Return the simulated time."""
        return self._clock() + self._leapt

    def leap(self, step: timedelta) -> None:
        """Skip a time; a process that is started before does not come along."""
        self._leapt += step

    def environment(self) -> dict[str, str]:
        """Return what makes a new process live by this clock."""
        return environment(self(), self.factor)
