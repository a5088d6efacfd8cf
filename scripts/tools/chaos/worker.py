"""Runs stories one after the other, each with a fresh cloud and a fresh Home Assistant."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from multiprocessing.connection import Connection, wait
from random import Random
import traceback
from typing import Any, Self

from aiohttp import web_response

from ..simulated import SPAWN, SimulatedClock
from .houses.all import HOUSES
from .judge import Verdict
from .machine import Machine
from .play import Play
from .story import Story, told
from .zygote import Zygote, fixed_order


@dataclass(frozen=True, slots=True)
class Job:
    """One run: a seed, of one house, or of the one that it picks.

    A `story` is played instead of the seed's. A `mutation`, `module:function`, is called
    in each life, to break something on purpose.
    """

    seed: int
    house: str | None = None
    mutation: str | None = None
    story: Story | None = None


def run(job: Job, zygote: Zygote, clock: SimulatedClock) -> Verdict:
    """Run one story in this process."""
    plot = HOUSES[_house_of(job)]
    story = job.story or told(job.seed, plot.places, plot.house)
    clock.set(story.place.begin)
    house = plot.build(clock, Random(f"house {job.seed}"), story.place)
    play = Play(story, house, Machine(zygote, clock), clock, job.mutation)
    return asyncio.run(play.run())


def _broken_off(job: Job, clock: SimulatedClock) -> Verdict:
    """Return the verdict on a story that could not be told to its end."""
    verdict = Verdict(job.seed, _house_of(job))
    trace = traceback.format_exc()
    verdict.check("exceptions", clock(), f"the story broke off:\n{trace}")
    return verdict


def _house_of(job: Job) -> str:
    return job.house or sorted(HOUSES)[job.seed % len(HOUSES)]


def _work(pipe: Connection) -> None:
    """Run what is sent until the pipe is closed."""
    clock = SimulatedClock.starting(datetime.now(UTC))
    # A cloud tells the time in each answer.
    patched: Any = web_response
    patched.rfc822_formatted_time = lambda: format_datetime(clock(), usegmt=True)
    zygote = Zygote(clock)
    try:
        zygote.wait_warm()
        while True:
            try:
                job: Job = pipe.recv()
            except EOFError:
                return
            try:
                pipe.send(run(job, zygote, clock))
            except Exception:  # noqa: BLE001
                pipe.send(_broken_off(job, clock))
                # Nobody knows what state the zygote is in.
                zygote.close()
                zygote = Zygote(clock)
                zygote.wait_warm()
    finally:
        zygote.close()


class Workers:
    """Several processes that run stories side by side."""

    def __init__(self, count: int) -> None:
        """Start them; they end with us."""
        self._pipes: list[Connection] = []
        self._processes = []
        with fixed_order():
            for _ in range(count):
                mine, theirs = SPAWN.Pipe()
                process = SPAWN.Process(target=_work, args=(theirs,))
                process.start()
                theirs.close()
                self._pipes.append(mine)
                self._processes.append(process)

    def __enter__(self) -> Self:
        """Nothing more to do."""
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(20)
            if process.is_alive():
                process.kill()

    def run(self, jobs: Iterable[Job]) -> Iterator[Verdict]:
        """Yield what came of each job, as they end."""
        waiting = iter(jobs)
        busy: list[Connection] = []
        for pipe in self._pipes:
            if (job := next(waiting, None)) is not None:
                pipe.send(job)
                busy.append(pipe)
        while busy:
            for ready in wait(busy):
                assert isinstance(ready, Connection)
                said: Verdict = ready.recv()
                if (job := next(waiting, None)) is not None:
                    ready.send(job)
                else:
                    busy.remove(ready)
                yield said
