"""Brings both sides back, and a story to its end; all has to be given back then."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from . import life

if TYPE_CHECKING:
    from .play import Play

_A_WHILE_S: Final = 20.0
_TO_LOAD: Final = timedelta(minutes=20)
"""An account that could not be loaded is tried again in at most about ten minutes."""
_LAST_TRIES: Final = 12
_REMOVED_WITHIN_S: Final = 180.0
_WAITED_FOR: Final = timedelta(hours=4)
"""What runs out later than that is deleted."""


async def end(play: Play) -> None:
    """End all that is wrong, then all that is wanted, and see what is left."""
    await play.trouble.end_all()
    if not play.machine.is_up:
        await play.start()
    play.doom = ""
    waited = play.now
    while not play.is_loaded and play.now - waited < _TO_LOAD:
        await play.live_on(_A_WHILE_S)
    play.verdict.check("visible", play.now)
    if not play.is_loaded:
        report = play.machine.report
        text = f"the account does not load again: {report and report.entry}"
        play.verdict.check("visible", play.now, text)
        return
    await play.live_on(play.slack.total_seconds() + _A_WHILE_S)
    if play.house.controls:
        play.tell(f"-- the end: {play.story.ending}")
        await _end_by(play, play.story.ending)
    now = play.now
    play.verdict.check("edits", now, *play.house.lost_edits(now))
    play.verdict.check("foreign", now, *play.house.lost_items(now))
    await play.stop()


async def _end_by(play: Play, ending: str) -> None:
    wishes = play.asking.wishes
    match ending:
        case "run out":
            for wish in wishes.live(play.now):
                if wish.daily or wish.end - play.now > _WAITED_FOR:
                    await _insist(play, play.asking.delete(wish))
            ends = [wish.end for wish in wishes.live(play.now)]
            rest = max(ends, default=play.now) - play.now
            await play.live_on(rest.total_seconds())
        case "delete all":
            await _insist(play, play.asking.delete_all())
        case "remove":
            await play.command(life.Remove())
            play.asking.all_over()
            await play.live_on(_REMOVED_WITHIN_S)
    await _see_all_given_back(play, ending)


async def _see_all_given_back(play: Play, ending: str) -> None:
    house, asked = play.house, play.now
    slack = play.slack + house.grain
    while (left := house.leftovers(play.now)) and play.now - asked < slack:
        await play.live_on(_A_WHILE_S)
    problems = [f"at the end ({ending}) there is {item}" for item in left]
    play.verdict.check("owner", play.now, *problems)
    play.verdict.check("edits", play.now, *house.not_restored(play.now))


async def _insist(play: Play, ask: life.Call) -> None:
    """Ask until it is taken."""
    for _ in range(_LAST_TRIES):
        await play.command(ask)
        await play.live_on(60)
        if play.asking.is_taken(ask.number):
            return
        ask = play.asking.again(ask)
    play.verdict.check("visible", play.now, f"{ask.action} is never taken")
