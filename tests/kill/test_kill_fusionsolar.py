"""Whenever Home Assistant dies, a FusionSolar plant is forced no longer than asked.

As `test_kill` for Redback. The cloud lists nothing, and the answer that names what was
ordered may die with us. `JOULEKEEPER_KILLS` is the number of kills.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
import logging
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from scripts.tools.demo.api import HassAnswerError
from scripts.tools.demo.hass import HassError

from ..clouds.fusionsolar.dispatch import Dispatch
from .moments import CRASHES, LOG_LINES, STORIES, in_a_call, kill, kills_of
from .rig import FusionRig, running_fusion_rig

_LOGGER = logging.getLogger(__name__)

WRITES: Final = r"POST .*/charge-and-discharge/async-task"
MINUTE: Final = timedelta(minutes=1)
LATE: Final = 3 * MINUTE
"""An order takes a minute to the plant, its time is whole minutes, a call has its own."""
SETTLED: Final = 9.0
"""Minutes: an order without an answer is ordered again after two."""
KNOWN: Final = 6.0
"""Minutes in which a fresh process finds out what it may do."""


@dataclass(slots=True, eq=False)
class Order:
    """One wish: how, and until when at the latest."""

    charge: bool
    end: datetime
    over: bool = False
    due: bool = False

    def allows(self, dispatch: Dispatch) -> bool:
        """Tell whether something that is forced may be for its sake."""
        return (
            not self.over
            and dispatch.charge is self.charge
            and dispatch.due <= self.end + LATE
        )


@dataclass
class Story:
    """Calls, kills and restarts, one after the other, and what came of them."""

    rig: FusionRig
    random: Random
    orders: list[Order] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def tell(self, text: str) -> None:
        """Note what happens, for a failure."""
        self.lines.append(f"{self.rig.now:%d %H:%M:%S} {text}")
        _LOGGER.info("%s", self.lines[-1])

    async def chapter(self) -> None:
        """Begin a call, kill, start again, and look whether all is right."""
        moment = in_a_call(self.random)
        self.tell(f"to be killed {moment}")
        call = asyncio.create_task(self._call())
        # The call has to be on its way before it can be killed.
        await asyncio.sleep(0)
        await kill(self.rig, moment, WRITES, call)
        await call
        away = timedelta(minutes=self.random.choice((0, 2, 10, 45)))
        self.tell(f"away for {away}")
        await self.rig.restart(away)
        await self.rig.until("the plant to be right", SETTLED, self._is_right)
        self.tell("right")

    async def end(self) -> None:
        """Delete all, and see the plant as its owner wants it."""
        await self._act("delete_all_schedules", {})
        for order in self.orders:
            order.over = True
        await self.rig.until("the plant to be free", SETTLED, self._is_right)

    async def _call(self) -> None:
        """Make one call, and note what it means for what is asked."""
        running = [order for order in self.orders if not order.over]
        if running and self.random.random() < 0.35:
            answer = await self._act("stop", {})
            for order in running:
                order.due = False
                # Without an answer nobody knows.
                order.over = answer is not None
            return
        charge = self.random.random() < 0.5
        minutes = self.random.choice((20, 40, 90))
        now = self.rig.now
        order = Order(charge, now + minutes * MINUTE)
        for other in running:
            other.due = False
        self.orders.append(order)
        data = {
            "action": "charge" if charge else "discharge",
            "duration_min": minutes,
            "power_w": 1000,
        }
        answer = await self._act("force", data)
        if answer is not None:
            order.due = answer["state"] in ("confirmed", "active", "delivering")
            for other in running:
                other.over = order.due

    async def _act(self, name: str, data: dict[str, Any]) -> dict[str, Any] | None:
        self.tell(f"{name} {data}")
        try:
            answer = await self.rig.act(name, **data)
        except HassAnswerError as error:
            self.tell(str(error))
            return None
        except HassError:
            self.tell("no answer")
            return None
        self.tell(f"answered {answer['state']}")
        return answer

    # -- the judgement ---------------------------------------------------------

    async def _is_right(self) -> bool:
        return not list(self._problems())

    def _problems(self) -> Iterator[str]:
        """Yield what is wrong with the plant."""
        now = self.rig.now
        running = self.rig.cloud.plant(self.rig.serial).running(now)
        if running is not None and running.stopped is None:
            if not any(order.allows(running) for order in self.orders):
                yield f"nobody wants {running}"
        for order in self.orders:
            if order.due and not order.over and now < order.end - 5 * MINUTE:
                if running is None or running.charge is not order.charge:
                    yield f"lost: {order}"

    def report(self) -> str:
        """Return what there is to know about a failure."""
        log = self.rig.hass.log.splitlines()[-LOG_LINES:]
        sent = [
            f"{entry.at:%d %H:%M:%S} {entry.label}"
            for entry in self.rig.cloud.requests.entries
            if entry.label.startswith("dispatch")
        ]
        wrong = list(self._problems())
        return "\n".join(["", *self.lines, *wrong, "", *sent[-30:], "", *log])


@pytest.mark.parametrize("number", range(STORIES))
async def test_forced_no_longer_than_asked(
    pycache: Path, socket_enabled: None, number: int
) -> None:
    """Killed in the middle of calls, with or without the answer, for a while or long."""
    async with running_fusion_rig(pycache, number + 1) as rig:
        story = Story(rig, Random(number))
        rig.cloud.set_soc(rig.serial, 50)

        async def able() -> bool:
            answer = await rig.act("get_capabilities")
            return bool(answer["controllable"])

        await rig.until("control to be known", KNOWN, able)
        try:
            for _ in range(kills_of(number)):
                await story.chapter()
            await story.end()
        except (AssertionError, HassError) as error:
            raise AssertionError(f"{error}{story.report()}") from error
        assert not CRASHES.search(rig.hass.log), story.report()
        assert rig.cloud.over_quota.get("dispatch") is None
