"""Run a measurement in a fresh process, and a fake cloud beside it in another one.

What a measurement sees of CPU time, memory and blocked loops is thus Home Assistant
with the integration, and nothing of the fake cloud or of other measurements.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
import logging
from multiprocessing.connection import Connection
import sys
import traceback
from typing import Any, Self

from . import clock as simulated
from .clock import SPAWN, SimulatedClock

PACKAGE = __package__


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one measurement.

    `measure` names a module of `measures`, `subject` one of the vendor's folder that
    knows what is measured, none for a Home Assistant in which nothing is. `start` is the simulated time at which it begins; None runs
    it in real time. `latency_s` is the cloud's, on simulated time.
    """

    vendor: str
    measure: str
    subject: str = "account"
    options: Mapping[str, Any] = field(default_factory=dict)
    cloud: Mapping[str, Any] = field(default_factory=dict)
    start: datetime | None = None
    latency_s: float = 0.2


class CloudProcess:
    """A fake cloud in a process of its own."""

    def __init__(self, job: Job, clock: SimulatedClock | None) -> None:
        """Start it; it ends with us, whatever happens."""
        self._pipe, child = SPAWN.Pipe()
        self._process = SPAWN.Process(
            target=_run_cloud, args=(child, job, clock), daemon=True
        )
        self._process.start()
        child.close()
        self.forms: list[dict[str, str]] = self._result()
        """What is filled in for each account."""

    def ask(self, method: str, *args: Any) -> Any:
        """Call a method of the vendor's `cloud.Cloud` and return what it returns."""
        self._pipe.send((method, args))
        return self._result()

    def _result(self) -> Any:
        good, result = self._pipe.recv()
        if not good:
            raise RuntimeError(f"the fake cloud failed:\n{result}")
        return result

    def __enter__(self) -> Self:
        """Nothing more to do."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._pipe.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.terminate()


def _run_cloud(pipe: Connection, job: Job, clock: SimulatedClock | None) -> None:
    """Serve a fake cloud until the other end of the pipe is closed."""
    module = import_module(f"{PACKAGE}.{job.vendor}.cloud")
    # It tells of each client that goes away in the middle, as one does that is unloaded.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)

    async def serve() -> None:
        cloud = module.Cloud(clock, **job.cloud)
        pipe.send((True, await cloud.start()))
        loop = asyncio.get_running_loop()
        over = asyncio.Event()

        def answer() -> None:
            try:
                method, args = pipe.recv()
            except EOFError, OSError:
                over.set()
                return
            try:
                pipe.send((True, getattr(cloud, method)(*args)))
            except Exception:  # noqa: BLE001
                pipe.send((False, traceback.format_exc()))

        loop.add_reader(pipe.fileno(), answer)
        await over.wait()
        loop.remove_reader(pipe.fileno())
        await cloud.stop()

    asyncio.run(serve())


def run(job: Job) -> dict[str, Any]:
    """Run a measurement in a fresh process and return its figures."""
    pipe, child = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=_run_measurement, args=(child, job))
    process.start()
    child.close()
    try:
        good, result = pipe.recv()
    except EOFError:
        raise RuntimeError(f"{job.measure} ended without a result") from None
    finally:
        process.join()
    if not good:
        raise RuntimeError(f"{job.measure} failed:\n{result}")
    figures: dict[str, Any] = result
    return figures


def _run_measurement(pipe: Connection, job: Job) -> None:
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # Home Assistant says that it does not support what it does not know.
    logging.getLogger("homeassistant.loader").setLevel(logging.ERROR)
    try:
        pipe.send((True, _measured(job)))
    except Exception:  # noqa: BLE001
        pipe.send((False, traceback.format_exc()))


def _measured(job: Job) -> dict[str, Any]:
    clock = None if job.start is None else SimulatedClock.starting(job.start)
    with CloudProcess(job, clock) as cloud:
        if clock is not None:
            simulated.install(clock, job.latency_s)
        # Not before, for the time must be patched first.
        measure = import_module(f"{PACKAGE}.measures.{job.measure}").measure
        subject = None
        if job.subject:
            module = import_module(f"{PACKAGE}.{job.vendor}.{job.subject}")
            subject = module.SUBJECT
        factory = None if clock is None else lambda: simulated.SimulatedLoop(clock)
        with asyncio.Runner(loop_factory=factory) as runner:
            figures: dict[str, Any] = runner.run(measure(subject, cloud, **job.options))
            return figures
