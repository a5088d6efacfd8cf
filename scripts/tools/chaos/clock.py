"""Time that only moves when everybody agrees: one true time, and what a machine makes of it.

The cloud lives in the true time, in shared memory. Home Assistant's process moves it on
when it would sleep. Its own clock may be wrong by a skew, and it may sleep through a
while of the true time, of which its monotonic clock then knows nothing.
"""

import asyncio
from collections.abc import Callable
from ctypes import c_double
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.sharedctypes import RawArray
import selectors
import time
from typing import Any


@dataclass(slots=True)
class TrueClock:
    """The time of one run, s since 1970, and how much of it machines have slept."""

    cells: Any
    """Three numbers in shared memory, s: the beginning since 1970, what has passed since
    then, and what of it was slept. Timers need small numbers, which are exact."""

    @classmethod
    def new(cls) -> TrueClock:
        """Return a clock that has not been set."""
        return cls(RawArray(c_double, 3))

    def __call__(self) -> datetime:
        """Return the true time, aware, in UTC."""
        return datetime.fromtimestamp(self.timestamp, UTC)

    @property
    def timestamp(self) -> float:
        """The true time as a number."""
        return float(self.cells[0] + self.cells[1])

    @property
    def monotonic(self) -> float:
        """The time that somebody was awake."""
        return float(self.cells[1] - self.cells[2])

    def set(self, moment: datetime) -> None:
        """Begin anew at a moment."""
        self.cells[:] = moment.timestamp(), 0.0, 0.0

    def move(self, seconds: float, *, asleep: bool = False) -> None:
        """Let time pass."""
        self.cells[1] += seconds
        if asleep:
            self.cells[2] += seconds


class _Selector(selectors.DefaultSelector):
    """Lets time pass where another selector would wait."""

    def __init__(self, clock: TrueClock, busy: Callable[[], int]) -> None:
        super().__init__()
        self._clock = clock
        self._busy = busy

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = timeout is not None and timeout <= 0
        if self._busy():
            # A request is under way in real time, and the true time waits for it; it
            # goes on when nothing else does, so that others do not race with it.
            return [] if ready else list(super().select(None))
        events: list[Any] = super().select(0)
        if events or ready:
            return events
        if timeout is None:
            raise RuntimeError("there is nothing left to wait for")
        self._clock.move(timeout)
        return events


class StoryLoop(asyncio.SelectorEventLoop):
    """An event loop on true time, in which all happens in the same order in each run."""

    def __init__(self, clock: TrueClock) -> None:
        """Make a loop that moves the clock."""
        self._true = clock
        self._working = 0
        super().__init__(_Selector(clock, lambda: self._working))

    def time(self) -> float:
        """Return the seconds that this machine was awake."""
        return self._true.monotonic

    def hold(self) -> None:
        """Let time stand still until `release`."""
        self._working += 1

    def release(self) -> None:
        """Let time pass again."""
        self._working -= 1

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Work at once: threads would end in another order each time."""
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except StopIteration as error:
            raise RuntimeError("an executor job raised StopIteration") from error
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)
        return future


@dataclass(slots=True)
class MachineClock:
    """The clock of the machine on which Home Assistant runs."""

    true: TrueClock
    skew: float = 0.0
    """How far it is ahead of the true time, s."""

    def timestamp(self) -> float:
        """Return the time as `time.time()` would."""
        return self.true.timestamp + self.skew

    def timestamp_ns(self) -> int:
        """Return the time as `time.time_ns()` would."""
        return int(self.timestamp() * 1e9)

    def utcnow(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def monotonic(self) -> float:
        """Return the time as `time.monotonic()` would."""
        return self.true.monotonic

    def install(self) -> None:
        """Put this process on it; before anything of Home Assistant is imported."""
        time.time = self.timestamp
        time.time_ns = self.timestamp_ns
        time.monotonic = self.monotonic

        from homeassistant.util import dt as dt_util  # noqa: PLC0415

        # Modules that take it by name take this one.
        patched: Any = dt_util
        patched.utcnow = self.utcnow
        patched.now = lambda zone=None: self.utcnow().astimezone(
            zone or dt_util.get_default_time_zone()
        )
