"""When Home Assistant is killed, how often, and how."""

import asyncio
from dataclasses import dataclass
import os
from random import Random
import re
from typing import Any, Final

from ..clouds import Fault
from .rig import Rig

KILLS: Final = int(os.environ.get("JOULEKEEPER_KILLS", "4"))
"""How often, for each kind of plan."""
KILLS_PER_STORY: Final = 5
STORIES: Final = -(-KILLS // KILLS_PER_STORY)

LATEST_KILL_S: Final = 2.5
"""Real time; a call that is confirmed at once takes a tenth of it."""
START_S: Final = (2.5, 5.0)
"""Real time in which Home Assistant gets ready, or has just got ready."""
LOG_LINES: Final = 80
CRASHES: Final = re.compile(r"Traceback|Error doing job|Detected that custom")


def kills_of(story: int) -> int:
    """Return how many kills are left for a story."""
    return min(KILLS_PER_STORY, KILLS - story * KILLS_PER_STORY)


@dataclass(frozen=True, slots=True)
class Moment:
    """When to kill: after a time, or when the cloud gets a write, carried out or not."""

    seconds: float
    write: int = 0
    carried_out: bool = False

    def __str__(self) -> str:
        """Return it in short, for a failure."""
        if not self.write:
            return f"after {self.seconds:.2f} s"
        return f"at write {self.write}, {'' if self.carried_out else 'not '}carried out"


def in_a_call(random: Random) -> Moment:
    """Return a moment in or soon after a call."""
    kind = random.random()
    if kind < 0.35:
        return Moment(random.uniform(0, 0.3))
    if kind < 0.75:
        return Moment(LATEST_KILL_S, random.choice((1, 1, 2)), random.random() < 0.6)
    return Moment(random.uniform(0.3, LATEST_KILL_S))


def in_a_start(random: Random) -> Moment:
    """Return a moment in a start, or when it begins to clean up."""
    return Moment(random.uniform(*START_S), int(random.random() < 0.5), True)


async def kill(
    rig: Rig[Any], moment: Moment, writes: str, call: asyncio.Task[Any] | None
) -> None:
    """Kill at a moment, or soon after the call when its writes never come.

    `writes` is the pattern of the requests that are writes.
    """
    struck = asyncio.Event()
    count = 0
    faults = rig.cloud.faults

    def strike() -> None:
        nonlocal count
        count += 1
        if count == moment.write:
            rig.hass.strike()
            if not moment.carried_out:
                faults.add(writes, Fault.DROP, times=1)
            struck.set()

    faults.add(writes, Fault.FOREIGN_EDIT, action=strike)
    waits = [asyncio.create_task(struck.wait())]
    if moment.write and call is not None:
        waits.append(call)
    await asyncio.wait(
        waits, timeout=moment.seconds, return_when=asyncio.FIRST_COMPLETED
    )
    waits[0].cancel()
    await rig.hass.kill()
    await rig.cloud_is_idle()
    faults.clear()
