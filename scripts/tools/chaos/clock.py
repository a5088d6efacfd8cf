"""The clock of the machine on which Home Assistant runs, and a loop for a story."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import time
from typing import Any

from ..simulated import SimulatedClock, SimulatedLoop, replace_time


class StoryLoop(SimulatedLoop):
    """A loop in which all happens in the same order in each run."""

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
    """What a machine thinks that the time is."""

    true: SimulatedClock
    skew: float = 0.0
    """How far it is ahead of the true time, s."""

    def timestamp(self) -> float:
        """Return the time as `time.time()` would."""
        return self.true.timestamp() + self.skew

    def install(self) -> None:
        """Put this process on it; before anything of Home Assistant is imported."""
        time.time_ns = lambda: int(self.timestamp() * 1e9)
        time.monotonic = self.true.monotonic
        replace_time(self.timestamp)
