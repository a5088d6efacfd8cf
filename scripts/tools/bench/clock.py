"""Simulated time: an event loop that jumps to its next timer when nothing is to do.

Home Assistant's process owns the time. It stands still while Python computes, while an
executor job runs, and while a request is on its way to the fake cloud; it jumps when
the loop would sleep. The cloud, in a process of its own, reads the same time from
shared memory, so both always agree to the microsecond and nothing is sped up.
"""

import asyncio
from collections.abc import Callable
from ctypes import c_double
from dataclasses import dataclass
from datetime import UTC, datetime
import multiprocessing
from multiprocessing.sharedctypes import RawValue
import selectors
import time
from typing import Any

import aiohttp

SPAWN = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class SimulatedClock:
    """The time that all processes of one measurement share."""

    start: float
    seconds: Any
    """Simulated seconds since the start, in shared memory."""

    @classmethod
    def starting(cls, start: datetime) -> SimulatedClock:
        """Return a clock that stands at `start`."""
        return cls(start.timestamp(), RawValue(c_double, 0.0))

    def __call__(self) -> datetime:
        """Return the simulated time, aware, in UTC."""
        return datetime.fromtimestamp(self.timestamp(), UTC)

    def timestamp(self) -> float:
        """Return the simulated time as `time.time()` would."""
        return self.start + float(self.seconds.value)


class _Selector(selectors.DefaultSelector):
    """Lets time pass where another selector would wait."""

    def __init__(self, clock: SimulatedClock, busy: Callable[[], int]) -> None:
        super().__init__()
        self._clock = clock
        self._busy = busy

    def select(self, timeout: float | None = None) -> list[Any]:
        events: list[Any] = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if self._busy():
            # Somebody works in real time; simulated time waits for them.
            return list(super().select(None))
        if timeout is None:
            raise RuntimeError("simulated time has nothing to wait for")
        self._clock.seconds.value += timeout
        return events


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop on simulated time."""

    def __init__(self, clock: SimulatedClock) -> None:
        """Make a loop that moves the clock."""
        self._simulated = clock
        self._working = 0
        super().__init__(_Selector(clock, lambda: self._working))

    def time(self) -> float:
        """Return simulated seconds."""
        return float(self._simulated.seconds.value)

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


def install(clock: SimulatedClock, latency: float) -> None:
    """Put this process on simulated time; to be called before Home Assistant is imported.

    Every request then takes `latency` simulated seconds, half on either way; what the
    cloud itself needs takes no simulated time.
    """
    time.time = clock.timestamp

    from homeassistant.util import dt as dt_util  # noqa: PLC0415

    # Modules that take it by name take this one.
    patched: Any = dt_util
    patched.utcnow = clock
    patched.now = lambda zone=None: clock().astimezone(
        zone or dt_util.get_default_time_zone()
    )
    request = aiohttp.ClientSession._request  # noqa: SLF001

    async def delayed(self: Any, *args: Any, **kwargs: Any) -> aiohttp.ClientResponse:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, SimulatedLoop):
            return await request(self, *args, **kwargs)
        await asyncio.sleep(latency / 2)
        loop.hold()
        try:
            answer = await request(self, *args, **kwargs)
            await answer.read()
        finally:
            loop.release()
        await asyncio.sleep(latency / 2)
        return answer

    aiohttp.ClientSession._request = delayed  # type: ignore[method-assign]  # noqa: SLF001
