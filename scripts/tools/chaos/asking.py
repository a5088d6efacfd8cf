"""Asks the integration, and keeps the books of what was asked and answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from . import life
from .houses.base import Doing
from .story import Step
from .wishes import Wish, Wishes

if TYPE_CHECKING:
    from .play import Play

MINUTE: Final = timedelta(minutes=1)
DOMAIN: Final = "joulekeeper"
_PROVEN: Final = frozenset({"confirmed", "active", "delivering"})
_CALENDAR_S: Final = 60
_EVENTS_OF_TROUBLE: Final = frozenset(
    {
        *("overridden", "missed", "rejected", "not_delivering", "unconfirmed"),
        *("restore_failed", "restore_pending", "done", "superseded", "queued"),
    }
)


@dataclass(slots=True)
class _Question:
    """A call that was not answered yet."""

    call: life.Call
    at: datetime
    causes: frozenset[str]
    """What was wrong when it was asked."""
    what: str = ""
    """The step of the story that asks it."""
    new: Wish | None = None
    over: list[Wish] = field(default_factory=list)
    before: tuple[datetime, datetime] | None = None


class Asking:
    """All calls of one run."""

    def __init__(self, play: Play) -> None:
        """Begin with nothing."""
        self._play = play
        self._numbers = count(1)
        self._open: dict[int, _Question] = {}
        self._taken: set[int] = set()
        self._told: dict[str, datetime] = {}
        self.wishes = Wishes()

    # -- what is asked ---------------------------------------------------------

    def ask(self, step: Step) -> life.Call | None:
        """Return the call of a step, None where there is nothing to ask."""
        call = self._asked(step)
        if call is not None:
            self._play.verdict.asked[step.what] += 1
            self._open[call.number].what = step.what
        return call

    def _asked(self, step: Step) -> life.Call | None:
        now, detail = self._play.now, step.detail
        live = self.wishes.live(now)
        # What runs is what runs by the machine's clock.
        running = self.wishes.running(now + timedelta(seconds=self._play.skew))
        known = [wish for wish in live if wish.schedule_id]
        match step.what:
            case "force" | "force on lease" | "force to target":
                return self._force(step.what, detail, now)
            case "create" | "create daily":
                return self._create(detail, now, daily=step.what == "create daily")
            case "calendar":
                return self._on_calendar(detail, now)
            case "extend" if [w for w in running if not w.early]:
                wish = _picked([w for w in running if not w.early], detail)
                return self._changed("extend", wish, 10 * MINUTE, duration_min=10)
            case "renew" if running:
                # Refused where nothing runs on a lease; that is fine too.
                return self._call("extend", {"lease_min": 15})
            case "update" if known:
                watts = self._watts(detail["which"])
                wish = _picked(known, detail)
                data = {"schedule_id": wish.schedule_id, "power_w": watts}
                return self._call("update_schedule", data)
            case "stop":
                return self._call("stop", {}, over=running)
            case "delete" if known:
                return self.delete(_picked(known, detail))
            case "delete all":
                return self.delete_all()
        return None

    def delete(self, wish: Wish) -> life.Call:
        """Return the call that deletes what was asked."""
        if wish.schedule_id is None:
            return self.delete_all()
        data = {"schedule_id": wish.schedule_id}
        return self._call("delete_schedule", data, over=[wish])

    def delete_all(self) -> life.Call:
        """Return the call that deletes everything."""
        over = [wish for wish in self.wishes.items if wish.over is None]
        return self._call("delete_all_schedules", {}, over=over)

    def again(self, call: life.Call) -> life.Call:
        """Return a call to be made once more."""
        question = self._open.get(call.number)
        over = question.over if question else self.wishes.items
        return self._call(call.action, dict(call.data), over=over)

    def all_over(self) -> None:
        """Note that nothing is wanted any more."""
        for wish in self.wishes.items:
            self._end(wish)

    def _watts(self, share: float) -> int:
        least, most, step = self._play.house.powers
        return least + int(share * ((most - least) // step)) * step

    def _wish_data(self, detail: Mapping[str, Any]) -> dict[str, Any]:
        actions = self._play.house.actions
        action = actions[int(detail["action"] * len(actions))]
        data = {"action": action, "duration_min": detail["minutes"]}
        if action in self._play.house.powered:
            data["power_w"] = self._watts(detail["power"])
        return data

    def _force(self, what: str, detail: Mapping[str, Any], now: datetime) -> life.Call:
        data = self._wish_data(detail)
        length = detail["minutes"] * MINUTE
        early = what != "force"
        if what == "force on lease":
            data["lease_min"] = 10
        if what == "force to target" and data["action"] in ("charge", "discharge"):
            data["target_soc"] = 90 if data["action"] == "charge" else 15
        start = now + timedelta(seconds=self._play.skew)
        new = Wish(
            next(self._numbers),
            data["action"],
            start,
            start + length,
            forced=True,
            early=early,
        )
        return self._call("force", data, new=new)

    def _create(
        self, detail: Mapping[str, Any], now: datetime, *, daily: bool
    ) -> life.Call:
        data = self._wish_data(detail)
        start = now.replace(second=0, microsecond=0) + detail["ahead"] * MINUTE
        data["start"] = start.isoformat()
        if daily:
            data["rrule"] = "FREQ=DAILY"
        end = start + detail["minutes"] * MINUTE
        zone = ZoneInfo(self._play.story.place.zone) if daily else None
        new = Wish(next(self._numbers), data["action"], start, end, zone=zone)
        return self._call("create_schedule", data, new=new)

    def _on_calendar(self, detail: Mapping[str, Any], now: datetime) -> life.Call:
        """Lay a schedule as an event, whose action every house knows."""
        start = now.replace(second=0, microsecond=0) + detail["ahead"] * MINUTE
        end = start + detail["minutes"] * MINUTE
        action = self._play.house.actions[0]
        data = {
            "summary": action.capitalize(),
            "start_date_time": start.isoformat(),
            "end_date_time": end.isoformat(),
        }
        new = Wish(next(self._numbers), action, start, end)
        return self._call("create_event", data, "calendar", new=new)

    def _changed(
        self, action: str, wish: Wish, by: timedelta, **data: Any
    ) -> life.Call:
        before = (wish.start, wish.end)
        wish.end += by
        if wish.schedule_id is not None:
            data["schedule_id"] = wish.schedule_id
        call = self._call(action, data)
        self._open[call.number].before = before
        self._open[call.number].over = [wish]
        return call

    def _call(
        self,
        action: str,
        data: dict[str, Any],
        domain: str = DOMAIN,
        *,
        new: Wish | None = None,
        over: list[Wish] | None = None,
    ) -> life.Call:
        call = life.Call(
            next(self._numbers),
            domain,
            action,
            data,
            self._play.house.device,
            "calendar" if domain == "calendar" else None,
        )
        self._open[call.number] = _Question(
            call,
            self._play.now,
            self._play.trouble.causes,
            new=new,
            over=list(over or ()),
        )
        if new is not None:
            self.wishes.add(new)
        for wish in over or ():
            wish.due = False
        self._play.tell(f"{call.number} {action} {data}")
        return call

    # -- what is answered ------------------------------------------------------

    def answered(self, answer: life.Answer) -> None:
        """Note what came of a call."""
        question = self._open.pop(answer.number)
        state = (answer.result or {}).get("state")
        self._play.tell(f"{answer.number} answered {answer.error or state or 'ok'}")
        if answer.error is not None or answer.crash is not None:
            self._refused(question)
            return
        self._taken.add(answer.number)
        if question.what:
            self._play.verdict.taken[question.what] += 1
        proven = state in _PROVEN or question.call.domain == "calendar"
        if question.new is not None:
            self._laid(question, answer.result or {}, state in _PROVEN)
        elif question.before is None and proven:
            for wish in question.over:
                if question.call.action != "stop" or not wish.daily:
                    self._end(wish)

    def _laid(
        self, question: _Question, result: Mapping[str, Any], proven: bool
    ) -> None:
        new, play = question.new, self._play
        assert new is not None
        new.schedule_id = result.get("schedule_id")
        new.due = proven
        if new.forced:
            # It starts when the call gets there, and that may take its time.
            new.end += play.now - question.at
            for wish in self.wishes.items:
                # Two that were asked for at once are done one after the other.
                earlier = wish.number < new.number
                if earlier and wish.forced and wish.over is None:
                    wish.due = False
                    if proven:
                        self._end(wish)
        if not proven:
            return
        wrong = question.causes & play.trouble.causes
        if "disk full" in wrong:
            text = f"{new} went out, and could not be written down"
            play.verdict.check("visible", play.now, text)
        if "cloud lies" in wrong and not play.house.blind:
            held = play.house.leftovers(play.now)
            problems = () if held else (f"{new} is called proven, and nothing is held",)
            play.verdict.check("visible", play.now, *problems)

    def _refused(self, question: _Question) -> None:
        """Note that nothing came of it; what may have been on its way is taken back."""
        if question.new is not None:
            self._end(question.new)
        if question.before is not None:
            for wish in question.over:
                # The cloud may have taken it all the same.
                wish.due = False

    def _end(self, wish: Wish) -> None:
        wish.due = False
        if wish.over is None:
            wish.over = self._play.now

    def deleted_elsewhere(self, gone: Doing) -> None:
        """Note that the owner has deleted something of ours: that wins.

        Of a wish that lies in the cloud in several parts, only one is gone.
        """
        near = 2 * MINUTE + self._play.house.grain
        for wish in self.wishes.running(self._play.now):
            if wish.action != gone.action:
                continue
            last = gone.until is not None and abs(gone.until - wish.end) < near
            if wish.due and last and not wish.daily:
                self._end(wish)
            wish.due = False

    def edited_elsewhere(self) -> None:
        """Note that an edit of the owner's may have taken the place of ours."""
        for wish in self.wishes.live(self._play.now):
            wish.due = False

    def unanswered(self) -> None:
        """Note that nobody will answer: what was asked may be so or not."""
        for question in self._open.values():
            if question.new is not None and question.new.forced:
                question.new.end += self._play.now - question.at
        self._open.clear()

    def is_taken(self, number: int) -> bool:
        """Tell whether a call was answered without an error."""
        return number in self._taken

    # -- what is told ----------------------------------------------------------

    def events(self, report: life.Report) -> None:
        """Take in what entities for events have told."""
        for event in report.events:
            if event in _EVENTS_OF_TROUBLE:
                self._told[event] = report.time

    def told_of(self, wish: Wish) -> bool:
        """Tell whether any event may have told that a wish is not in force."""
        return any(time >= wish.start - MINUTE for time in self._told.values())

    def due_alone(self, now: datetime, margin: timedelta) -> Wish | None:
        """Return the wish that has to be in force now, if there is one and no other.

        Only well within its time, and when nothing is going on.
        """
        if self._open:
            return None
        near = [
            wish
            for wish in self.wishes.items
            if wish.is_open(now, 2 * margin, self._play.house.grain)
        ]
        if len(near) != 1:
            return None
        [wish] = near
        window = replace(wish, start=wish.start + margin, end=wish.end - margin)
        if not wish.due or wish.early or wish.over or window.start >= window.end:
            return None
        return wish if window.is_open(now) else None


def _picked(wishes: list[Wish], detail: Mapping[str, Any]) -> Wish:
    return wishes[int(detail["which"] * len(wishes))]
