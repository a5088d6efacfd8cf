"""Plays a story: leads Home Assistant, its cloud and its owner, and looks all the time."""

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

from . import life, logs, trouble
from .asking import Asking
from .clock import TrueClock
from .houses.base import House
from .judge import Verdict
from .machine import KILLED, Ended, Machine
from .story import FAULTS, SETTLED_IN_S, WISHES, Step, Story

LOOK_EVERY_S: Final = 20.0
_ADDRESS: Final = "http://127.0.0.1:8080"
_TICK_S: Final = 0.001
"""Less than that is no time: moments are told in microseconds, numbers are rounder."""
MINUTE: Final = timedelta(minutes=1)
_PROMISED: Final = MINUTE
"""After both sides are back, so long everything may take; a brand may need more."""
_TO_LOAD: Final = timedelta(minutes=20)
"""An account that could not be loaded is tried again in at most about ten minutes."""
_LAST_TRIES: Final = 12
_QUIET: Final = frozenset(
    {
        *("none", "planned", "confirmed", "active", "delivering", "unknown"),
        *("accepted", "source_failed"),
    }
)
"""Statuses that tell of no trouble."""

type Event = tuple[float, int, Callable[[], Any]]


@dataclass
class Play:
    """One run of one story."""

    story: Story
    house: House
    machine: Machine
    clock: TrueClock
    mutation: str | None = None
    verdict: Verdict = field(init=False)
    asking: Asking = field(init=False)
    causes: set[str] = field(default_factory=set)
    """What is wrong just now."""
    well_since: datetime | None = None
    """Since when both sides are well."""
    lasting: dict[str, Step] = field(default_factory=dict)
    """What goes on for a while just now, by its name."""
    doomed: bool = False
    _port: int = 0
    _lives: int = 0
    _births: list[datetime] = field(default_factory=list)
    """From when on Home Assistant cannot know when it has called before."""
    _skew: float = 0.0
    _disk_was_full: bool = False
    _secrets: set[str] = field(default_factory=set)
    _events: list[Event] = field(default_factory=list)
    _order: Any = field(default_factory=count)
    _account: dict[str, str] | None = None

    def __post_init__(self) -> None:
        """Begin with nothing that went wrong."""
        self.verdict = Verdict(self.story.seed, self.house.name)
        self.random = Random(f"play {self.story.seed}")
        self.asking = Asking(self)

    @property
    def now(self) -> datetime:
        """The true time."""
        return self.clock()

    @property
    def slack(self) -> timedelta:
        """What everything may take once both sides are well."""
        return _PROMISED + self.house.grace

    @property
    def skew(self) -> float:
        """How far the machine's clock is ahead, s."""
        return self._skew

    def tell(self, text: str) -> None:
        """Note what happens, for whoever looks into a failure."""
        self.verdict.lines.append(f"{self.now:%d %T} {text}")

    # -- the run ---------------------------------------------------------------

    async def run(self) -> Verdict:
        """Play it all, and return what came of it."""
        verdict = self.verdict
        with tempfile.TemporaryDirectory(prefix="joulekeeper-chaos-") as name:
            self._folder = Path(name)
            _write_http_settings(self._folder)
            self._port = URL(await self.house.cloud.start()).port or 0
            try:
                self._account = self.house.form(_ADDRESS)
                await self._begin()
                await self._middle()
                await self._end()
                self._judge_log()
            finally:
                if self.machine.is_up:
                    await self.machine.end(life.Die())
                await self.house.cloud.stop()
            for problem in self.house.beyond_limits(self._births):
                verdict.check("limits", self.now, problem)
            verdict.check("limits", self.now)
            verdict.log = "\n".join(
                f"{record['time']:.3f} {record['logger']} {record['text']}"
                f"{record['trace']}"
                for record in logs.records(self._folder)
            )
        told = "\n".join(verdict.lines)
        verdict.calls = [
            f"{entry.at:%d %T.%f} {entry.label} {entry.status}"
            for entry in self.house.cloud.requests.entries
        ]
        whole = "\n".join((told, *verdict.calls))
        verdict.digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
        return verdict

    async def _begin(self) -> None:
        """Add the account, and wait until a sudden death takes nothing of it away."""
        await self._start()
        await self._live_on(SETTLED_IN_S)
        report = self.machine.report
        if report is None or report.entry != "loaded":
            raise RuntimeError(f"the account was not added: {self._tail()}")
        self._account = None
        self.begin = self.clock.timestamp

    def _tail(self) -> str:
        return str([r["text"] for r in logs.records(self._folder)][-5:])

    async def _middle(self) -> None:
        for step in self.story.steps:
            self.at(self.begin + step.at, partial(self._do, step))
        await self._until_nothing_left()

    async def _until_nothing_left(self) -> None:
        while self._events:
            moment, _, action = heapq.heappop(self._events)
            await self._live_on(moment - self.clock.timestamp)
            done = action()
            if done is not None:
                await done

    def at(self, moment: float, action: Callable[[], Any]) -> None:
        """Have something done at a moment of the true time, s since 1970."""
        heapq.heappush(self._events, (moment, next(self._order), action))

    def after(self, seconds: float, action: Callable[[], Any]) -> None:
        """Have something done in a while."""
        self.at(self.clock.timestamp + seconds, action)

    # -- one step --------------------------------------------------------------

    async def _do(self, step: Step) -> None:
        self.tell(f"-- {step}")
        if step.what in WISHES:
            self.verdict.asked[step.what] += 1
            if self.machine.is_up:
                await self.command(self.asking.ask(step))
            return
        assert step.what in FAULTS
        self.verdict.faults[step.what] += 1
        await trouble.begin(self, step)

    # -- Home Assistant --------------------------------------------------------

    async def command(self, command: life.Command | None) -> None:
        """Let Home Assistant do something, if it lives; it may die of it."""
        if command is None or not self.machine.is_up:
            return
        try:
            self._heard(await self.machine.do(command))
        except Ended as ended:
            self._note_end(ended.code)

    def _note_end(self, code: int) -> None:
        self.tell(f"Home Assistant has ended ({code})")
        self.asking.unanswered()
        self._secrets |= logs.tokens(self._folder)
        if code != KILLED or not self.doomed:
            self.verdict.check("exceptions", self.now, f"it ended by itself: {code}")
        if not self.doomed:
            self.after(1.0, self._start)

    async def _start(self, dies_after_s: float | None = None) -> None:
        """Start Home Assistant, if it is not up."""
        if self.machine.is_up:
            return
        self._lives += 1
        self._births.append(self.now)
        self.doomed = dies_after_s is not None
        self.tell(f"Home Assistant starts ({self._lives})")
        self.well_since = None
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
            skew=self._skew,
            sensors=self.house.sensors,
            picked=self.house.picked,
            mutation=self.mutation,
        )
        self._heard(await self.machine.start(birth))
        await self.command(trouble.line_of(self))
        await self.command(life.Disk("disk full" in self.causes))

    start = _start

    async def stop(self) -> None:
        """Stop it in an orderly way."""
        if self.machine.is_up:
            code = await self.machine.end(life.Stop())
            # It may die while it writes its last files.
            self._note_stop(code, KILLED if self.doomed and code else 0)

    async def kill(self) -> None:
        """Kill it."""
        if self.machine.is_up:
            code = await self.machine.end(life.Die())
            self._note_stop(code, KILLED)

    def _note_stop(self, code: int, expected: int) -> None:
        self.tell(f"Home Assistant is gone ({code})")
        self.asking.unanswered()
        self._secrets |= logs.tokens(self._folder)
        if code != expected:
            self.verdict.check("exceptions", self.now, f"it ended with {code}")

    async def set_skew(self, seconds: float) -> None:
        """Set the machine's clock."""
        self._skew = seconds
        self._births.append(self.now)
        await self.command(life.Skew(seconds))

    def fill_disk(self) -> None:
        """Note that files may fail."""
        self._disk_was_full = True

    # -- time passes -----------------------------------------------------------

    async def _live_on(self, seconds: float) -> None:
        """Let time pass, and look now and then."""
        until = self.clock.timestamp + max(0.0, seconds)
        while (left := until - self.clock.timestamp) > _TICK_S:
            slice_s = min(left, LOOK_EVERY_S)
            if not self.machine.is_up:
                self.clock.move(slice_s)
                self._look(None)
                continue
            moment = self.now + timedelta(seconds=slice_s)
            await self.command(life.Until(moment))

    live_on = _live_on

    def _heard(self, report: life.Report) -> None:
        for answer in report.answers:
            self.asking.answered(answer)
            if answer.crash is not None:
                self.verdict.check("exceptions", self.now, answer.crash)
        for event in report.events:
            self.tell(f"event {event}")
        self.asking.events(report)
        self._look(report)

    def _look(self, report: life.Report | None) -> None:
        """See whether all is as it has to be."""
        now = self.now
        up = report is not None and report.entry == "loaded"
        if not up or self.causes:
            self.well_since = None
        elif self.well_since is None:
            self.well_since = now
        self.verdict.check("foreign", now, *self.house.lost_items(now))
        if self.well_since is None or now - self.well_since < self.slack:
            return
        self._look_for_owner(now)
        self.verdict.check("edits", now, *self.house.lost_edits(now))
        if report is not None:
            self._look_for_trouble(report, now)

    def _look_for_owner(self, now: datetime) -> None:
        if not self.house.controls:
            return
        self.verdict.check("owner", now)
        doing = self.house.ours(now)
        if doing is None:
            return
        slack, house = self.slack, self.house
        if house.by_wall and _comes_twice(now, self.story.place.zone):
            # What begins or ends in this hour cannot be told by a clock on the wall.
            slack += timedelta(hours=1)
        wishes = self.asking.wishes.items
        if not any(wish.allows(doing, now, slack, house) for wish in wishes):
            held = self.house.leftovers(now)
            text = f"{doing} that nobody wants; of ours it holds {held}"
            self.verdict.check("owner", now, text)

    def _look_for_trouble(self, report: life.Report, now: datetime) -> None:
        """See whether a wish that is not fulfilled is told of."""
        wish = self.asking.due_alone(now, self.slack + 3 * MINUTE)
        if wish is None:
            return
        assert self.well_since is not None
        told = (
            report.issues
            or self.asking.told_of(wish)
            or not _QUIET.issuperset(report.statuses)
        )
        fulfilled = self.house.does(now) == wish.action
        if fulfilled or now - self.well_since < 5 * MINUTE + self.slack:
            self.verdict.check("visible", now)
        elif not told:
            text = f"{wish} is not in force, and nothing tells so"
            self.verdict.check("visible", now, text)

    def expect_outage_shown(self) -> None:
        """See whether a cloud that has been down for a while is told of."""
        report = self.machine.report
        if not self.causes or report is None or report.entry == "":
            return
        shown = (
            report.entry != "loaded"
            or report.unavailable
            or report.issues
            or report.logins
            or not _QUIET.issuperset(report.statuses)
        )
        problems = () if shown else ("the cloud is down, and nothing tells so",)
        self.verdict.check("visible", self.now, *problems)

    # -- the end ---------------------------------------------------------------

    async def _end(self) -> None:
        """Bring both sides back, and the story to its end; see all given back."""
        await trouble.end_all(self)
        if not self.machine.is_up:
            await self._start()
        self.doomed = False
        waited = self.now
        while not self._is_loaded() and self.now - waited < _TO_LOAD:
            await self._live_on(LOOK_EVERY_S)
        self.verdict.check("visible", self.now)
        if not self._is_loaded():
            report = self.machine.report
            text = f"the account does not load again: {report and report.entry}"
            self.verdict.check("visible", self.now, text)
            return
        await self._live_on(self.slack.total_seconds() + LOOK_EVERY_S)
        if self.house.controls:
            self.tell(f"-- the end: {self.story.ending}")
            await self._ended_by(self.story.ending)
        now = self.now
        self.verdict.check("edits", now, *self.house.lost_edits(now))
        self.verdict.check("foreign", now, *self.house.lost_items(now))
        if self.machine.is_up:
            await self.stop()

    def _is_loaded(self) -> bool:
        report = self.machine.report
        return report is not None and report.entry == "loaded"

    async def _ended_by(self, ending: str) -> None:
        match ending:
            case "run out":
                for wish in self.asking.wishes.live(self.now):
                    if wish.daily or wish.end - self.now > timedelta(hours=4):
                        await self._insist(self.asking.delete(wish))
                ends = [wish.end for wish in self.asking.wishes.live(self.now)]
                rest = max(ends, default=self.now) - self.now
                await self._live_on(rest.total_seconds())
            case "delete all":
                await self._insist(self.asking.delete_all())
            case "remove":
                await self.command(life.Remove())
                self.asking.all_over()
                await self._live_on(180)
        asked = self.now
        slack = self.slack + self.house.grain
        while (left := self.house.leftovers(self.now)) and self.now - asked < slack:
            await self._live_on(LOOK_EVERY_S)
        problems = [f"at the end ({ending}) there is {item}" for item in left]
        self.verdict.check("owner", self.now, *problems)
        if not left:
            missing = self.house.not_restored(self.now)
            self.verdict.check("edits", self.now, *missing)

    async def _insist(self, ask: life.Call) -> None:
        """Ask until it is taken."""
        for _ in range(_LAST_TRIES):
            await self.command(ask)
            await self._live_on(MINUTE.total_seconds())
            if self.asking.is_taken(ask.number):
                return
            ask = self.asking.again(ask)
        self.verdict.check("visible", self.now, f"{ask.action} is never taken")

    def _judge_log(self) -> None:
        records = logs.records(self._folder)
        secrets = {*self.house.secrets(), *self._secrets, *logs.tokens(self._folder)}
        found = set(logs.told_secrets(records, secrets))
        self.verdict.check("secrets", self.now, *sorted(found))
        crashed = set(logs.crashes(records, disk_was_full=self._disk_was_full))
        self.verdict.check("exceptions", self.now, *sorted(crashed))


def _comes_twice(now: datetime, zone: str) -> bool:
    """Tell whether it is the hour that the clock on the wall shows twice."""
    local = now.astimezone(ZoneInfo(zone))
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _write_http_settings(folder: Path) -> None:
    """Let HTTP, which the calendar needs, listen on a free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host, port = probe.getsockname()
    data = {"server_host": [host], "server_port": port}
    kept = {"version": 1, "minor_version": 1, "key": "http", "data": data}
    (folder / ".storage").mkdir()
    (folder / ".storage/http").write_text(json.dumps(kept))
