"""What a system is set to, and when a change is kept, shown and obeyed (9.7)."""

from bisect import bisect_right
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, NamedTuple


class Delays(NamedTuple):
    """How long after a write it is read back, shown and obeyed, s."""

    stored: float = 0.0
    shows: float = 0.0
    acts: float = 0.0


class Timeline[T]:
    """A value over time; what was set takes effect at its own time."""

    def __init__(self, value: T, since: datetime) -> None:
        """Start with `value`."""
        self._times = [since]
        self._values = [value]

    def at(self, time: datetime) -> T:
        """Return what is in force at a time."""
        return self._values[max(0, bisect_right(self._times, time) - 1)]

    def set(self, value: T, time: datetime) -> None:
        """Set it from `time` on, and drop what was set for later."""
        place = bisect_right(self._times, time)
        del self._times[place:]
        del self._values[place:]
        self._times.append(time)
        self._values.append(value)

    def amend(self, change: Callable[[T], T], time: datetime) -> None:
        """Change what is in force at a time, and what is set for later."""
        later = bisect_right(self._times, time)
        self._times.insert(later, time)
        self._values.insert(later, self._values[max(0, later - 1)])
        self._values[later:] = [change(value) for value in self._values[later:]]


class Setting:
    """A JSON object, as it is kept, shown and obeyed."""

    def __init__(self, value: Any, since: datetime) -> None:
        """Start with a copy of `value`."""
        value = deepcopy(value)
        self.newest = value
        self.stored = Timeline(value, since)
        self.shown = Timeline(value, since)
        self.obeyed = Timeline(value, since)

    def write(self, value: Any, now: datetime, delays: Delays) -> None:
        """Take a new value."""
        value = deepcopy(value)
        self.newest = value
        self.stored.set(value, now + timedelta(seconds=delays.stored))
        self.shown.set(value, now + timedelta(seconds=delays.shows))
        self.obeyed.set(value, now + timedelta(seconds=delays.acts))

    def amend(self, change: Callable[[Any], Any], now: datetime) -> None:
        """Let the device itself change it, at once and everywhere."""
        self.newest = change(self.newest)
        for timeline in (self.stored, self.shown, self.obeyed):
            timeline.amend(change, now)
