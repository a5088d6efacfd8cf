"""Whenever Home Assistant dies, the inverter ends in the mode that is asked for.

A number of kills in all, `JOULEKEEPER_KILLS`, is spread over stories. A story is told
by its seed; to tell the third one again: `pytest tests/kill -k seed3`.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
import logging
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from scripts.tools.demo.api import HassAnswerError
from scripts.tools.demo.hass import HassError

from ..clouds.redback.behaviour import Behaviour
from ..clouds.redback.schedules import DesiredMode
from .asked import Asked, show
from .moments import CRASHES, LOG_LINES, STORIES, in_a_call, in_a_start, kill, kills_of
from .rig import RedbackRig, running_rig
from .steps import Scene, Step, next_step

_LOGGER = logging.getLogger(__name__)

SETTLED: Final = timedelta(minutes=1)
"""So long after the account is loaded everything has to be right."""
QUIET_CALLS: Final = 0.5
"""How likely a call is made in peace before one that is not, and again."""
RELAPSES: Final = 0.2
"""How likely a start is followed by one more kill, which is not counted."""
LONG_AWAY: Final = 0.1
"""How likely it is away for an hour longer."""
WRITES: Final = r"(POST|DELETE) .*/Schedule/"


@dataclass
class Story:
    """Calls, kills and restarts, one after the other, and what came of them."""

    rig: RedbackRig
    random: Random
    asked: Asked = field(default_factory=Asked)
    lines: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Note what happens, for a failure."""
        self.lines.append(f"{self.rig.now:%d %H:%M:%S} {text}")
        _LOGGER.info("%s", self.lines[-1])

    async def chapter(self) -> None:
        """Begin a call, kill, start again, and look whether all is right."""
        while self.random.random() < QUIET_CALLS:
            step, call = await self._begin_call()
            await asyncio.wait((call,))
            await self._learn(step, call)
        moment = in_a_call(self.random)
        self.tell(f"to be killed {moment}")
        step, call = await self._begin_call()
        await kill(self.rig, moment, WRITES, call)
        await self._learn(step, call)
        away = self._away()
        if self.random.random() < RELAPSES:
            await self._relapse(away)
            away = timedelta()
        self.tell(f"away for {away}, holding {[show(item) for item in self.rig.own()]}")
        await self.rig.restart(away)
        await self._settle()

    async def end(self) -> None:
        """Delete all, and see the inverter given back."""
        self.tell("delete_all_schedules")
        await self.rig.act("delete_all_schedules")

        async def given_back() -> bool:
            return not self.rig.own() and self.rig.mode == DesiredMode()

        await self.rig.until("the inverter to be given back", 1, given_back)
        assert not await self._listed()

    # -- the kill --------------------------------------------------------------

    async def _begin_call(self) -> tuple[Step, asyncio.Task[dict[str, Any]]]:
        step = next_step(await self._scene())
        self.tell(str(step))
        step.begin(self.asked, self.rig.now)
        return step, asyncio.create_task(self.rig.act(step.name, **step.data))

    async def _relapse(self, away: timedelta) -> None:
        """Start, and kill while it starts, or when it begins to clean up."""
        moment = in_a_start(self.random)
        self.tell(f"away for {away}, killed again {moment}")
        await self.rig.start(away)
        await kill(self.rig, moment, WRITES, None)

    async def _learn(self, step: Step, call: asyncio.Task[dict[str, Any]]) -> None:
        try:
            answer = await call
        except HassAnswerError as error:
            self.tell(str(error))
            if error.status == 400:
                step.refused(self.asked)
        except HassError:
            self.tell("no answer")
        else:
            self.tell(f"answered {answer['state']}")
            step.answered(self.asked, answer)

    def _away(self) -> timedelta:
        """Return a time that is short, ends around an edge of what we have, or long."""
        edges = [
            edge - self.rig.now
            for item in self.rig.own()
            for edge in (item.start, item.end, item.end)
        ]
        seconds = self.random.choice(
            (
                0.0,
                self.random.uniform(0, 300),
                *(
                    edge.total_seconds() + self.random.uniform(-200, 60)
                    for edge in edges
                ),
            )
        )
        if self.random.random() < LONG_AWAY:
            seconds += 3600
        return timedelta(seconds=max(0, round(seconds)))

    # -- the judgement ---------------------------------------------------------

    async def _listed(self) -> dict[str, str]:
        """Return the ids of our schedules by the cloud's, as Home Assistant sees it."""
        result = await self.rig.act("list_schedules")
        return {
            item["vendor_id"]: item["schedule_id"]
            for item in result["schedules"]
            if item["owner"] == "own" and item["vendor_id"] is not None
        }

    async def _scene(self) -> Scene:
        listed = await self._listed()
        return Scene(
            random=self.random,
            asked=self.asked,
            now=self.rig.now,
            state_of_charge=self.rig.state_of_charge,
            own=tuple(
                (listed[item.schedule_id], item)
                for item in self.rig.own()
                if item.schedule_id in listed
            ),
        )

    async def _settle(self) -> None:
        """Give Home Assistant its minute, then judge the cloud itself."""
        loaded, state_of_charge = self.rig.now, self.rig.state_of_charge

        async def over() -> bool:
            return self.rig.now - loaded >= SETTLED

        await self.rig.until("a minute to pass", 2, over)
        problems: list[str] = []
        # An edge of a schedule may fall between two looks.
        for _ in range(2):
            listed = await self._listed()
            own, now = self.rig.own(), self.rig.now
            problems = [
                *self.asked.problems(own, self.rig.mode, now, state_of_charge),
                *(f"unknown: {show(i)}" for i in own if i.schedule_id not in listed),
            ]
            if not problems:
                break
        self.tell(f"settled with {[show(item) for item in own]}")
        assert not problems
        self.asked.take_stock(own)

    def report(self) -> str:
        """Return what there is to know about a failure."""
        log = self.rig.hass.log.splitlines()[-LOG_LINES:]
        return "\n".join(["", "Story:", *self.lines, "", "Log:", *log])


@pytest.mark.parametrize("seed", range(STORIES), ids="seed{}".format)
async def test_inverter_is_given_back(
    seed: int, socket_enabled: None, pycache: Path
) -> None:
    """Kill at random moments; nothing of ours stays that nobody asked for."""
    random = Random(seed)
    behaviour = Behaviour(
        overlap=random.choice(("latest_start", "first_start", "refuse")),
        notes_echoed=random.random() < 0.7,
    )
    async with running_rig(pycache, seed, behaviour) as rig:
        story = Story(rig, random)
        try:
            for _ in range(kills_of(seed)):
                await story.chapter()
            await story.end()
            assert not CRASHES.search(rig.hass.log)
        except (AssertionError, HassError) as error:
            error.add_note(f"seed {seed}, {behaviour}\n{story.report()}")
            raise
