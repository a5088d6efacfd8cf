"""Makes things go wrong, and right again."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from tests.clouds import Fault
from tests.clouds.faults import ActiveFault

from . import life
from .story import Step

if TYPE_CHECKING:
    from .play import Play

_RETRY_AFTER_S: Final = 60
_DOOM_S: Final = 300.0
"""So long a death in a write is waited for, before it comes without one."""
_OUTAGES: Final = frozenset(
    {"cloud down", "cloud errors", "cloud pages", "cloud nonsense", "cloud throttles"}
)
"""What everybody must notice who wants to read anything."""
_ON_THE_LINE: Final = frozenset(
    {"cloud down", "cloud slow", "cloud mute", "line lossy"}
)
_OF_THE_CLOCK: Final[dict[str, int]] = {"clock ahead": 1, "clock behind": -1}
_OF_THE_MACHINE: Final = frozenset(
    {
        *("killed", "killed in a start", "killed in a write", "killed in a file"),
        *("restarted", "reloaded", "machine asleep"),
    }
)


@dataclass(slots=True)
class _Lasting:
    """What goes on for a while: `met` once anything has come of it."""

    step: Step
    faults: list[ActiveFault]
    met: bool


class Trouble:
    """All that is wrong just now in one run."""

    def __init__(self, play: Play) -> None:
        """Begin with nothing that is wrong."""
        self._play = play
        self._lasting: dict[str, _Lasting] = {}
        self._asleep = False

    @property
    def causes(self) -> frozenset[str]:
        """What is wrong, by its names."""
        return frozenset(self._lasting) | ({"asleep"} if self._asleep else frozenset())

    async def begin(self, step: Step) -> None:
        """Begin a fault, and see to its end."""
        play, seconds = self._play, step.minutes * 60
        match step.what:
            case "edit in the app":
                edit = play.house.app_edit(play.random, play.now)
                play.tell(f"in the app: {edit}")
                if edit is not None:
                    play.met(step.what)
                    play.asking.edited_elsewhere()
            case "ours deleted in the app":
                gone = play.house.delete_ours(play.random, play.now)
                play.tell(f"deleted in the app: {gone}")
                if gone is not None:
                    play.met(step.what)
                    play.asking.deleted_elsewhere(gone)
            case "tokens expired":
                play.house.expire_tokens()
                play.met(step.what)
            case name if name in _OF_THE_MACHINE:
                if play.machine.is_up:
                    await self._at_the_machine(step, seconds)
            case _:
                await self._begin(step, seconds)

    async def _at_the_machine(self, step: Step, seconds: float) -> None:
        play, name = self._play, step.what
        match name:
            case "killed":
                play.met(name)
                await play.kill()
                play.after(seconds, play.start)
            case "killed in a start":
                await play.kill()
                dies: float = step.detail["after_s"]
                play.after(dies + 2, play.start)
                await play.start(doom=name, dies_after_s=dies)
            case "killed in a write" | "killed in a file":
                play.doom = name
                await play.command(life.Doom(**step.detail))
                play.after(_DOOM_S, self._too_late)
                play.after(_DOOM_S + seconds, play.start)
            case "restarted":
                play.met(name)
                await play.stop()
                play.after(seconds, play.start)
            case "reloaded":
                play.met(name)
                await play.command(life.Reload())
            case "machine asleep":
                play.met(name)
                self._asleep = True
                await play.command(life.Sleep(seconds))
                self._asleep = False

    async def _too_late(self) -> None:
        """Let it die without the write that it was to die in."""
        if self._play.doom and self._play.machine.is_up:
            self._play.met("killed")
            await self._play.kill()

    # -- what lasts ------------------------------------------------------------

    async def _begin(self, step: Step, seconds: float) -> None:
        """Begin what goes on for a while; the same twice at once is but one."""
        play, name = self._play, step.what
        if name in self._lasting:
            return
        faults = self._at_the_cloud(step)
        lasting = self._lasting[name] = _Lasting(step, faults, name in _OF_THE_CLOCK)
        await self._set(step, on=True)
        play.after(seconds, partial(self._end, lasting))
        if name in _OUTAGES - play.house.unseen:
            notices = play.house.notices.total_seconds()
            awake = play.clock.monotonic() + notices
            play.after(notices, partial(self._expect_shown, lasting, awake))

    def _at_the_cloud(self, step: Step) -> list[ActiveFault]:
        house = self._play.house
        add = partial(house.cloud.faults.add, "*")
        match step.what:
            case "cloud errors":
                return [add(Fault.STATUS, status=step.detail["status"])]
            case "cloud pages":
                return [add(Fault.HTML)]
            case "cloud nonsense":
                return [add(Fault.BROKEN_JSON)]
            case "cloud throttles":
                return [add(Fault.THROTTLE, retry_after=_RETRY_AFTER_S)]
            case "cloud lies":
                return house.lie(shown=step.detail["shown"])
        return []

    def _expect_shown(self, lasting: _Lasting, awake: float) -> None:
        """Have it seen whether it shows, if it lasts; who sleeps notices nothing."""
        if self._lasting.get(lasting.step.what) is not lasting:
            return
        if (left := awake - self._play.clock.monotonic()) > 0:
            self._play.after(left + 1, partial(self._expect_shown, lasting, awake))
        else:
            self._play.looking.for_outage(lasting.step.what)

    async def _end(self, lasting: _Lasting) -> None:
        step = lasting.step
        if self._lasting.get(step.what) is not lasting:
            return
        self._play.tell(f"-- {step.what} is over")
        del self._lasting[step.what]
        for fault in lasting.faults:
            fault.clear()
        if lasting.met or any(fault.hits for fault in lasting.faults):
            self._play.met(step.what)
            if step.what == "cloud lies":
                self._play.looking.after_a_lie()
        await self._set(step, on=False)

    async def end_all(self) -> None:
        """End all that is wrong."""
        for lasting in list(self._lasting.values()):
            await self._end(lasting)

    async def _set(self, step: Step, *, on: bool) -> None:
        play = self._play
        match step.what:
            case "cloud down":
                await (play.house.cloud.refuse() if on else play.house.cloud.accept())
            case "clock ahead" | "clock behind":
                await play.set_skew(self._skew())
            case "disk full":
                await play.command(life.Disk(on))
            case "cloud slow" | "cloud mute" | "line lossy":
                await play.command(self.weather())

    def _skew(self) -> float:
        skew = 0.0
        for name in _OF_THE_CLOCK.keys() & self._lasting.keys():
            skew += _OF_THE_CLOCK[name] * self._lasting[name].step.detail["by_s"]
        return skew

    def weather(self) -> life.Weather:
        """Return how the line is by what is wrong now."""
        causes = self._lasting
        return life.Weather(
            late_s=(3.0, 25.0) if "cloud slow" in causes else (0.0, 0.0),
            mute=0.8 if "cloud mute" in causes else 0.0,
            cut=0.4 if "line lossy" in causes else 0.0,
        )

    # -- what has come of it ---------------------------------------------------

    def heard(self, report: life.Report) -> None:
        """Note what has met anything."""
        if report.refused_files and "disk full" in self._lasting:
            self._lasting["disk full"].met = True
        if report.spoilt_calls:
            for name in _ON_THE_LINE & self._lasting.keys():
                self._lasting[name].met = True
