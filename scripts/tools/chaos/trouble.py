"""Makes things go wrong, and right again."""

from typing import TYPE_CHECKING, Any, Final

from tests.clouds import Fault

from . import life
from .story import Step

if TYPE_CHECKING:
    from .play import Play

_RETRY_AFTER_S: Final = 60
_DOOM_S: Final = 90.0
"""So long a death in a write is waited for, before it comes without one."""


async def begin(play: Play, step: Step) -> None:
    """Begin a fault, and see to its end."""
    name, detail = step.what, step.detail
    seconds = step.minutes * 60
    match name:
        case "killed" | "killed in a start":
            await play.kill()
            dies = detail.get("after_s")
            if dies is not None:
                play.after(dies + 2, play.start)
                await play.start(dies)
            else:
                play.after(seconds, play.start)
        case "killed in a write" | "killed in a file":
            await _doom(play, step, seconds)
        case "restarted":
            await play.stop()
            play.after(seconds, play.start)
        case "reloaded":
            await play.command(life.Reload())
        case "tokens expired":
            play.house.expire_tokens()
        case "machine asleep":
            play.causes.add(name)
            await play.command(life.Sleep(seconds))
            play.causes.discard(name)
        case "edit in the app":
            edit = play.house.app_edit(play.random, play.now)
            play.tell(f"in the app: {edit}")
            play.asking.edited_elsewhere()
        case "ours deleted in the app":
            gone = play.house.delete_ours(play.random, play.now)
            play.tell(f"deleted in the app: {gone}")
            if gone is not None:
                play.asking.deleted_elsewhere(gone)
        case _:
            await _lasting(play, step, seconds)


async def _doom(play: Play, step: Step, seconds: float) -> None:
    """Let it die at a write; soon without one, if none comes."""
    if not play.machine.is_up:
        return
    play.doomed = True
    await play.command(life.Doom(**step.detail))

    async def late() -> None:
        if play.doomed:
            await play.kill()

    play.after(_DOOM_S, late)
    play.after(_DOOM_S + seconds, play.start)


async def _lasting(play: Play, step: Step, seconds: float) -> None:
    """Begin what goes on for a while; the same twice at once is one that is longer."""
    name = step.what
    if name in play.causes:
        return
    play.causes.add(name)
    play.well_since = None
    await _set(play, step, on=True)

    async def over() -> None:
        if name in play.causes:
            await _end(play, step)

    play.after(seconds, over)
    play.lasting[name] = step
    if (
        name in _OUTAGES - play.house.unseen
        and seconds > play.house.notices.total_seconds()
    ):
        play.after(play.house.notices.total_seconds(), play.expect_outage_shown)


_OUTAGES: Final = frozenset({"cloud down", "cloud errors", "cloud pages"})


async def _end(play: Play, step: Step) -> None:
    play.tell(f"-- {step.what} is over")
    play.causes.discard(step.what)
    play.lasting.pop(step.what, None)
    await _set(play, step, on=False)


async def end_all(play: Play) -> None:
    """End all that is wrong."""
    for step in list(play.lasting.values()):
        await _end(play, step)


async def _set(play: Play, step: Step, *, on: bool) -> None:
    cloud, faults = play.house.cloud, play.house.cloud.faults
    match step.what:
        case "cloud down":
            await (cloud.refuse() if on else cloud.accept())
        case "clock ahead" | "clock behind":
            way = 1 if step.what == "clock ahead" else -1
            await play.set_skew(way * step.detail["by_s"] if on else 0.0)
        case "disk full":
            play.fill_disk()
            await play.command(life.Disk(on))
        case "cloud slow" | "cloud mute" | "line lossy":
            await play.command(line_of(play))
        case _:
            faults.clear()
            for name, other in _AT_THE_CLOUD.items():
                if name in play.causes:
                    options = dict(other[1])
                    if name == "cloud errors":
                        options |= play_status(play, step)
                    faults.add("*", other[0], **options)
            play.house.lie("cloud lies" in play.causes)


def play_status(play: Play, step: Step) -> dict[str, Any]:
    """Return the status with which the cloud fails now."""
    lasting = play.lasting.get("cloud errors", step)
    return {"status": lasting.detail.get("status", 503)}


_AT_THE_CLOUD: Final[dict[str, tuple[Fault, dict[str, Any]]]] = {
    "cloud errors": (Fault.STATUS, {}),
    "cloud pages": (Fault.HTML, {}),
    "cloud nonsense": (Fault.BROKEN_JSON, {}),
    "cloud throttles": (Fault.THROTTLE, {"retry_after": _RETRY_AFTER_S}),
}


def line_of(play: Play) -> life.Line:
    """Return how the line is by what is wrong now."""
    causes = play.causes
    return life.Line(
        late_s=(3.0, 25.0) if "cloud slow" in causes else (0.0, 0.0),
        mute=0.8 if "cloud mute" in causes else 0.0,
        cut=0.4 if "line lossy" in causes else 0.0,
    )
