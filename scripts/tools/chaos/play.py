"""Plays a story: leads Home Assistant, its cloud and its owner."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
import hashlib
import heapq
from itertools import count
import json
from pathlib import Path
from random import Random
import socket
import tempfile
from typing import Any, Final
from zoneinfo import ZoneInfo

from yarl import URL

from ..simulated import SimulatedClock
from . import life, logs
from .asking import Asking
from .ending import end
from .houses.base import House
from .judge import Verdict
from .looking import Looking
from .machine import KILLED, Ended, Machine
from .story import FAULTS, SETTLED_IN_S, WISHES, Step, Story
from .trouble import Trouble

LOOK_EVERY_S: Final = 20.0
DAYLIGHT_SAVING: Final = "daylight saving changed"
_ADDRESS: Final = "http://127.0.0.1:8080"
_TICK_S: Final = 0.001
"""Less than that is no time: moments are told in microseconds, numbers are rounder."""
_PROMISED: Final = timedelta(minutes=1)
"""After both sides are back, so long everything may take; a brand may need more."""

type Event = tuple[float, int, Callable[[], Any]]


@dataclass
class Play:
    """One run of one story."""

    story: Story
    house: House
    machine: Machine
    clock: SimulatedClock
    mutation: str | None = None
    verdict: Verdict = field(init=False)
    asking: Asking = field(init=False)
    looking: Looking = field(init=False)
    trouble: Trouble = field(init=False)
    random: Random = field(init=False)
    doom: str = ""
    """What Home Assistant is to die of soon."""
    skew: float = 0.0
    """How far the machine's clock is ahead, s."""
    _port: int = 0
    _lives: int = 0
    _births: list[datetime] = field(default_factory=list)
    """From when on Home Assistant cannot know when it has called before."""
    _events: list[Event] = field(default_factory=list)
    _order: Any = field(default_factory=count)
    _account: dict[str, str] | None = None

    def __post_init__(self) -> None:
        """Begin with nothing that went wrong."""
        self.verdict = Verdict(self.story.seed, self.house.name)
        self.random = Random(f"play {self.story.seed}")
        self.asking = Asking(self)
        self.looking = Looking(self)
        self.trouble = Trouble(self)

    @property
    def now(self) -> datetime:
        """The true time."""
        return self.clock()

    @property
    def slack(self) -> timedelta:
        """What everything may take once both sides are well."""
        return _PROMISED + self.house.grace

    @property
    def is_loaded(self) -> bool:
        """Whether the account is loaded."""
        report = self.machine.report
        return report is not None and report.entry == "loaded"

    def tell(self, text: str) -> None:
        """Note what happens, for whoever looks into a failure."""
        self.verdict.lines.append(f"{self.now:%d %T} {text}")

    def met(self, fault: str) -> None:
        """Count something that went wrong on purpose, and was more than an intention."""
        self.verdict.faults[fault] += 1

    # -- the run ---------------------------------------------------------------

    async def run(self) -> Verdict:
        """Play it all, and return what came of it."""
        verdict = self.verdict
        with tempfile.TemporaryDirectory(prefix="joulekeeper-chaos-") as name:
            self._folder = Path(name)
            self._tokens = logs.Tokens(self._folder)
            _write_http_settings(self._folder)
            self._port = URL(await self.house.cloud.start()).port or 0
            try:
                self._account = self.house.form(_ADDRESS)
                await self._begin()
                await self._middle()
                await end(self)
            finally:
                if self.machine.is_up:
                    await self.machine.end(life.Die())
                await self.house.cloud.stop()
            if self._clock_was_changed():
                self.met(DAYLIGHT_SAVING)
            self._tokens.look()
            records = logs.records(self._folder)
        self.looking.at_the_past(records, self._tokens.seen, self._births)
        verdict.log = "\n".join(map(logs.shown, records))
        verdict.calls = [
            f"{entry.at:%d %T.%f} {entry.label} {entry.status}"
            for entry in self.house.cloud.requests.entries
        ]
        whole = "\n".join((*verdict.lines, *verdict.calls))
        verdict.digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
        return verdict

    def _clock_was_changed(self) -> bool:
        """Tell whether the clock on the wall was changed while we played."""
        begin, zone = self.story.place.begin, ZoneInfo(self.story.place.zone)
        local = begin.astimezone(zone), self.now.astimezone(zone)
        return local[0].utcoffset() != local[1].utcoffset()

    async def _begin(self) -> None:
        """Add the account, and wait until a sudden death takes nothing of it away."""
        await self.start()
        await self.live_on(SETTLED_IN_S)
        if not self.is_loaded:
            last = [record["text"] for record in logs.records(self._folder)][-5:]
            raise RuntimeError(f"the account was not added: {last}")
        self._account = None

    async def _middle(self) -> None:
        begin = self.clock.timestamp()
        for step in self.story.steps:
            self._at(begin + step.at, partial(self._do, step))
        while self._events:
            moment, _, action = heapq.heappop(self._events)
            await self.live_on(moment - self.clock.timestamp())
            done = action()
            if done is not None:
                await done

    def _at(self, moment: float, action: Callable[[], Any]) -> None:
        """Have something done at a moment of the true time, s since 1970."""
        heapq.heappush(self._events, (moment, next(self._order), action))

    def after(self, seconds: float, action: Callable[[], Any]) -> None:
        """Have something done in a while."""
        self._at(self.clock.timestamp() + seconds, action)

    async def _do(self, step: Step) -> None:
        self.tell(f"-- {step}")
        if step.what in WISHES:
            if self.machine.is_up:
                await self.command(self.asking.ask(step))
            return
        assert step.what in FAULTS
        await self.trouble.begin(step)

    # -- Home Assistant --------------------------------------------------------

    async def command(self, command: life.Command | None) -> None:
        """Let Home Assistant do something, if it lives; it may die of it."""
        if command is None or not self.machine.is_up:
            return
        try:
            self._heard(await self.machine.do(command))
        except Ended as ended:
            doom = self.doom
            self._note_end(ended.code, KILLED if doom else None)
            if doom:
                self.met(doom)
            else:
                self.after(1.0, self.start)

    async def start(self, *, doom: str = "", dies_after_s: float | None = None) -> None:
        """Start Home Assistant, if it is not up."""
        if self.machine.is_up:
            return
        self._lives += 1
        self._births.append(self.now)
        self.doom = doom
        self.tell(f"Home Assistant starts ({self._lives})")
        birth = life.Birth(
            folder=str(self._folder),
            vendor=self.house.vendor,
            zone=self.story.place.zone,
            country=self.story.place.country,
            seed=self.story.seed,
            number=self._lives,
            writes=self.house.writes,
            port=self._port,
            account=self._account,
            dies_after_s=dies_after_s,
            skew=self.skew,
            sensors=self.house.sensors,
            picked=self.house.picked,
            mutation=self.mutation,
        )
        self._heard(await self.machine.start(birth))
        await self.command(self.trouble.weather())
        await self.command(life.Disk("disk full" in self.trouble.causes))

    async def stop(self) -> None:
        """Stop it in an orderly way."""
        if self.machine.is_up:
            code = await self.machine.end(life.Stop())
            if self.doom and code == KILLED:
                # It has died while it wrote its last files.
                self.met(self.doom)
                self._note_end(code, KILLED)
            else:
                self._note_end(code, 0)

    async def kill(self) -> None:
        """Kill it."""
        if self.machine.is_up:
            self._note_end(await self.machine.end(life.Die()), KILLED)

    def _note_end(self, code: int, expected: int | None) -> None:
        self.tell(f"Home Assistant has ended ({code})")
        self.doom = ""
        self.asking.unanswered()
        self._tokens.look()
        if code != expected:
            self.verdict.check("exceptions", self.now, f"it ended by itself: {code}")

    async def set_skew(self, seconds: float) -> None:
        """Set the machine's clock."""
        self.skew = seconds
        self._births.append(self.now)
        await self.command(life.Skew(seconds))

    def _heard(self, report: life.Report) -> None:
        for answer in report.answers:
            self.asking.answered(answer)
            if answer.crash is not None:
                self.verdict.check("exceptions", self.now, answer.crash)
        for event in report.events:
            self.tell(f"event {event}")
        self.asking.events(report)
        self.trouble.heard(report)
        self._tokens.look()
        self.looking.at(report)

    # -- time passes -----------------------------------------------------------

    async def live_on(self, seconds: float) -> None:
        """Let time pass, and look now and then."""
        until = self.clock.timestamp() + max(0.0, seconds)
        while (left := until - self.clock.timestamp()) > _TICK_S:
            slice_s = min(left, LOOK_EVERY_S)
            if not self.machine.is_up:
                self.clock.move(slice_s)
                self.looking.at(None)
                continue
            moment = self.now + timedelta(seconds=slice_s)
            await self.command(life.Until(moment))


def _write_http_settings(folder: Path) -> None:
    """Let HTTP, which the calendar needs, listen on a free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    data = {"server_host": [host], "server_port": port}
    kept = {"version": 1, "minor_version": 1, "key": "http", "data": data}
    (folder / ".storage").mkdir()
    (folder / ".storage/http").write_text(json.dumps(kept))
