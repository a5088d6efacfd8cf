"""Simulated time: an event loop that jumps to its next timer when nothing is to do.

One process owns the time, that of Home Assistant. It stands still while Python computes
and while a request is on its way to the simulated cloud, and jumps when the loop would
sleep. Whoever else is there reads the same time from shared memory, so all agree to the
microsecond, and nothing is sped up.
"""

import asyncio
from collections.abc import Awaitable, Callable
from ctypes import c_double
from dataclasses import dataclass
from datetime import UTC, datetime
import multiprocessing
from multiprocessing.sharedctypes import RawArray
import selectors
import time
from typing import Any

import aiohttp

SPAWN = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class SimulatedClock:
    """The true time, and how much of it the machine has slept through, s."""

    cells: Any
    """Three numbers in shared memory, s: the beginning since 1970, what has passed since
    then, and what of it was slept. Timers need small numbers, which are exact."""

    @classmethod
    def starting(cls, moment: datetime) -> SimulatedClock:
        """Return a clock that stands at a moment."""
        clock = cls(RawArray(c_double, 3))
        clock.set(moment)
        return clock

    def __call__(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        """Return the time as `time.time()` would."""
        return float(self.cells[0] + self.cells[1])

    def monotonic(self) -> float:
        """Return the time that the machine was awake, as `time.monotonic()` would."""
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

    def __init__(self, clock: SimulatedClock, busy: Callable[[], int]) -> None:
        super().__init__()
        self._clock = clock
        self._busy = busy

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = timeout is not None and timeout <= 0
        if self._busy():
            # Somebody works in real time, and simulated time waits for them; they are
            # heard when nothing else is to do, so that nobody races with them.
            return [] if ready else list(super().select(None))
        events: list[Any] = super().select(0)
        if events or ready:
            return events
        if timeout is None:
            raise RuntimeError("simulated time has nothing to wait for")
        self._clock.move(timeout)
        return events


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop on simulated time."""

    def __init__(self, clock: SimulatedClock) -> None:
        """Make a loop that moves the clock."""
        self._simulated = clock
        self._working = 0
        super().__init__(_Selector(clock, lambda: self._working))

    def time(self) -> float:
        """Return the seconds that the machine was awake."""
        return self._simulated.monotonic()

    def hold(self) -> None:
        """Let time stand still until `release`."""
        self._working += 1

    def release(self) -> None:
        """Let time pass again."""
        self._working -= 1

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Hold the time while a thread works."""
        future = super().run_in_executor(executor, func, *args)
        self.hold()
        future.add_done_callback(lambda _: self.release())
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Hold the time while threads end."""
        self.hold()
        await super().shutdown_default_executor(timeout)


async def in_no_time(
    request: Awaitable[aiohttp.ClientResponse],
) -> aiohttp.ClientResponse:
    """Make a request, to the end of its answer, while simulated time stands still."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    loop.hold()
    try:
        answer = await request
        await answer.read()
    finally:
        loop.release()
    return answer


def replace_time(timestamp: Callable[[], float]) -> None:
    """Let this process take the time from `timestamp`, s since 1970.

    To be called before anything of Home Assistant is imported.
    """
    time.time = timestamp

    from homeassistant.util import dt as dt_util  # noqa: PLC0415

    def utcnow() -> datetime:
        return datetime.fromtimestamp(timestamp(), UTC)

    # Modules that take it by name take this one.
    patched: Any = dt_util
    patched.utcnow = utcnow
    patched.now = lambda zone=None: utcnow().astimezone(
        zone or dt_util.get_default_time_zone()
    )
