"""The machine on which Home Assistant runs, as a story sees it from outside."""

import asyncio
from typing import Any, Final

from ..simulated import SimulatedClock
from . import life
from .zygote import Zygote

KILLED: Final = -9
_PATIENCE_S: Final = 360
"""Real time in which a life has to answer, whatever happens in it."""


class Ended(Exception):
    """Home Assistant's process is over; `code` is its exit status, -9 for a kill."""

    def __init__(self, code: int) -> None:
        """Take the exit status."""
        super().__init__(f"exit status {code}")
        self.code = code


class Machine:
    """Lets one Home Assistant after the other live, and tells each what to do."""

    def __init__(self, zygote: Zygote, clock: SimulatedClock) -> None:
        """Take who gives birth to them."""
        self.clock = clock
        self.report: life.Report | None = None
        self._pipe = zygote.pipe

    @property
    def is_up(self) -> bool:
        """Whether a process lives."""
        return self.report is not None

    async def start(self, birth: life.Birth) -> life.Report:
        """Start Home Assistant; it has just begun to."""
        assert self.report is None
        self._pipe.send(birth)
        return await self._heard()

    async def do(self, command: life.Command) -> life.Report:
        """Let it do something, and return how it is then; raises `Ended`."""
        self._pipe.send(command)
        return await self._heard()

    async def end(self, command: life.Die | life.Stop) -> int:
        """End it, and return its exit status."""
        try:
            await self.do(command)
        except Ended as ended:
            return ended.code
        raise RuntimeError("it has not ended")

    async def _heard(self) -> life.Report:
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._pipe.fileno(), _done, heard)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await heard
        finally:
            loop.remove_reader(self._pipe.fileno())
        said: Any = self._pipe.recv()
        if isinstance(said, int):
            self.report = None
            raise Ended(said)
        assert isinstance(said, life.Report)
        self.report = said
        return said


def _done(heard: asyncio.Future[None]) -> None:
    if not heard.done():
        heard.set_result(None)
