"""Clocks for the fake clouds.

A clock is any callable that returns an aware UTC time. Everything in a fake
cloud asks its clock and never the system, so a test or a demo decides what time
it is. `homeassistant.util.dt.utcnow` is a clock too, and follows a frozen test.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

type Clock = Callable[[], datetime]


def real_clock() -> datetime:
    """Return the system's time; a freezer moves it in tests."""
    return datetime.now(UTC)


class SetClock:
    """A clock that stands still until it is moved by hand."""

    def __init__(self, now: datetime) -> None:
        """Start at `now`, an aware time."""
        self._now = now.astimezone(UTC)

    def __call__(self) -> datetime:
        """Return the time that was set."""
        return self._now

    def set(self, now: datetime) -> None:
        """Jump to `now`."""
        self._now = now.astimezone(UTC)

    def advance(self, step: timedelta | None = None, **units: float) -> None:
        """Move on by `step`, or by the units of a timedelta (`minutes=5`)."""
        self._now += step if step is not None else timedelta(**units)


class AcceleratedClock:
    """A clock that runs `factor` times as fast as another one."""

    def __init__(
        self, start: datetime, factor: float, base: Clock = real_clock
    ) -> None:
        """Start at `start` now, and run at `factor` simulated s per s of `base`."""
        self._start = start.astimezone(UTC)
        self._factor = factor
        self._base = base
        self._origin = base()

    def __call__(self) -> datetime:
        """Return the accelerated time."""
        return self._start + (self._base() - self._origin) * self._factor
