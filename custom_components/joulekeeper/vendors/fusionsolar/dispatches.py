"""The forced charges and discharges that we have ordered (dossier 2.9 a).

The cloud lists none: it tells how far one is to whoever knows its number. So what was
ordered is kept here, over restarts, from before the order goes out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Self
from uuid import uuid4

from ...core.errors import NotFound, OutcomeUnknown, VendorError
from ...core.models import Clock
from ...core.schedule import Action, ItemStatus, Owner, ScheduleItem, Source
from ...core.timeline import Segment
from ..base import VendorCall
from ..parsing import integer, mapping, number, objects, text, timestamp
from .control import Feature, plant_of
from .orders import ControlClient
from .state import State
from .tasks import DISPATCH_POLL, Progress, Task, TaskState

_PART: Final = "dispatches"
_ASK_AGAIN: Final = timedelta(seconds=20)
"""After an order that the cloud has no row about yet."""
_STOP_SHOWS: Final = DISPATCH_POLL + timedelta(minutes=3)
"""After a stop: it has to reach the plant, and states are refreshed each 3 minutes."""
_NEAR_END: Final = timedelta(minutes=5)
"""What ends so little before its time has ended by itself."""
_LOOKED_BACK: Final = timedelta(hours=24)
"""So long after its end it is asked what became of it."""
_STOP_AND_START: Final = 2
"""Calls."""
_KEPT: Final = timedelta(days=7)
_MOST_KEPT: Final = 100
_OPEN_ONES: Final = 5
_IDLE: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchCall(VendorCall):
    """The call that begins what a segment asks for."""

    segment: Segment = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopCall(VendorCall):
    """The call that ends what runs, for the sake of one that should not any more."""

    run_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One forced charge or discharge; `power_w` has no sign.

    `request_id` is None until the cloud has told it, which it may never do. `told` is
    whether the cloud has told anything of it since. What was stopped by us may go on
    for some minutes. Energies are what went through the battery, kWh.
    """

    id: str
    charge: bool
    power_w: int
    start: datetime
    end: datetime
    sent_at: datetime
    rule_id: str
    source: Source | None = None
    request_id: str | None = None
    told: bool = False
    progress: Progress = Progress.RUNNING
    asked_at: datetime | None = None
    stopped_at: datetime | None = None
    replaced: bool = False
    ended_at: datetime | None = None
    charged_kwh: float | None = None
    discharged_kwh: float | None = None

    @classmethod
    def of(cls, segment: Segment, now: datetime) -> Self:
        """Return what a segment asks for, as it is about to be ordered."""
        return cls(
            # The same segment may be ordered again, and each order may run.
            id=f"unanswered-{uuid4().hex}",
            charge=segment.action is Action.CHARGE,
            power_w=segment.power_w or 0,
            start=segment.start,
            end=segment.end,
            sent_at=now,
            rule_id=segment.rule_id,
            source=segment.source,
        )

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self | None:
        """Read what `as_data` returned; None where it is not whole."""
        name, rule_id = text(data.get("id")), text(data.get("rule_id"))
        power, word = integer(data.get("power_w")), text(data.get("progress"))
        times = [timestamp(data.get(key)) for key in ("start", "end", "sent_at")]
        start, end, sent_at = times
        if name is None or rule_id is None or power is None:
            return None
        if start is None or end is None or sent_at is None:
            return None
        if word is None or word not in Progress:
            return None
        source = text(data.get("source"))
        return cls(
            id=name,
            charge=data.get("charge") is True,
            power_w=power,
            start=start,
            end=end,
            sent_at=sent_at,
            rule_id=rule_id,
            source=Source(source) if source and source in Source else None,
            request_id=text(data.get("request_id")),
            told=data.get("told") is True,
            asked_at=timestamp(data.get("asked_at")),
            progress=Progress(word),
            stopped_at=timestamp(data.get("stopped_at")),
            replaced=data.get("replaced") is True,
            ended_at=timestamp(data.get("ended_at")),
            charged_kwh=number(data.get("charged_kwh")),
            discharged_kwh=number(data.get("discharged_kwh")),
        )

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "id": self.id,
            "charge": self.charge,
            "power_w": self.power_w,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "sent_at": self.sent_at.isoformat(),
            "rule_id": self.rule_id,
            "source": self.source,
            "request_id": self.request_id,
            "told": self.told,
            "asked_at": self.asked_at and self.asked_at.isoformat(),
            "progress": self.progress,
            "stopped_at": self.stopped_at and self.stopped_at.isoformat(),
            "replaced": self.replaced,
            "ended_at": self.ended_at and self.ended_at.isoformat(),
            "charged_kwh": self.charged_kwh,
            "discharged_kwh": self.discharged_kwh,
        }

    def may_run(self, now: datetime) -> bool:
        """Whether the plant may be doing it, for all that is known."""
        on = self.progress is Progress.RUNNING and not self.replaced
        return on and self.stopped_at is None and now < self.end + _NEAR_END

    def next_ask(self, now: datetime) -> datetime | None:
        """Return when asking about it tells something, None if it never does."""
        if self.request_id is None or self.progress is not Progress.RUNNING:
            return None
        if self.replaced or now >= self.end + _LOOKED_BACK:
            return None
        if now >= (late := self.end + _NEAR_END):
            # Once more, for nobody may have been there when it ended.
            return late if self._asked_last < late else None
        if self.stopped_at is not None:
            return max(self.stopped_at + _STOP_SHOWS, self._asked_last + DISPATCH_POLL)
        if self.asked_at is None:
            return self.sent_at
        return self.asked_at + (DISPATCH_POLL if self.told else _ASK_AGAIN)

    @property
    def _asked_last(self) -> datetime:
        return self.asked_at or self.sent_at

    def with_state(self, state: TaskState, now: datetime) -> Self:
        """Return it as the cloud tells it; a stop that did not work is taken back."""
        seen = replace(
            self,
            asked_at=now,
            told=self.told or state.known,
            progress=state.progress,
            charged_kwh=_newer(state.charged_kwh, self.charged_kwh),
            discharged_kwh=_newer(state.discharged_kwh, self.discharged_kwh),
        )
        if state.progress is not Progress.RUNNING:
            return replace(seen, ended_at=state.ended_at or now)
        return replace(seen, stopped_at=None)

    @property
    def status(self) -> ItemStatus | None:
        """How far it is, None for what is not in the plan, or not yet."""
        if self.replaced or self.stopped_at is not None:
            return None
        if self.request_id is None:
            return ItemStatus.UNCERTAIN
        match self.progress:
            case Progress.FAILED:
                return ItemStatus.FAILED
            case Progress.DONE:
                early = self.ended_at is None or self.ended_at < self.end - _NEAR_END
                return None if early else ItemStatus.FINISHED
        return ItemStatus.STARTED if self.told else None

    def history(self, now: datetime) -> ItemStatus:
        """Return what became of it, whether it is in the plan or not."""
        if self.progress is Progress.FAILED:
            return ItemStatus.FAILED
        if self.replaced:
            return ItemStatus.SUPERSEDED
        if self.stopped_at is not None:
            return ItemStatus.CANCELLED
        if self.progress is Progress.DONE:
            return ItemStatus.FINISHED
        if now >= self.end:
            return ItemStatus.UNCERTAIN
        return self.status or ItemStatus.NEW

    def item(self, status: ItemStatus | None) -> ScheduleItem:
        """Return it as an item of a plan."""
        return ScheduleItem(
            vendor_id=self.id,
            action=Action.CHARGE if self.charge else Action.DISCHARGE,
            vendor_mode="forcedCharge" if self.charge else "forcedDischarge",
            start=self.start,
            end=self.end,
            power_w=self.power_w,
            owner=Owner.OWN,
            rule_id=self.rule_id,
            source=self.source,
            status=status,
            reported_start=self.sent_at,
            reported_end=self.ended_at,
        )


def _newer(told: float | None, known: float | None) -> float | None:
    return known if told is None else told


@dataclass(frozen=True, slots=True)
class Dispatches:
    """What was ordered of a plant in the last days, the latest last."""

    runs: tuple[Run, ...] = ()

    def items(self, now: datetime) -> tuple[ScheduleItem, ...]:
        """Return what is in the plan."""
        return tuple(
            run.item(run.status)
            for run in self.runs
            if run.status is not None and now < run.end
        )

    def next_ask(self, now: datetime) -> datetime | None:
        """Return when asking about any of them tells something."""
        asks = (run.next_ask(now) for run in self.runs)
        return min(filter(None, asks), default=None)

    def due_in(self, now: datetime) -> timedelta:
        """Return when to look again."""
        ask = self.next_ask(now)
        return _IDLE if ask is None else max(ask - now, _ASK_AGAIN)

    def next_end(self, now: datetime) -> datetime | None:
        """Return when the next of what is in the plan ends."""
        return min((item.end for item in self.items(now)), default=None)

    @property
    def open(self) -> bool:
        """Whether anything may still be told of any of them."""
        return any(
            run.progress is Progress.RUNNING
            and run.request_id is not None
            and not run.replaced
            for run in self.runs[-_OPEN_ONES:]
        )

    @property
    def latest(self) -> Run | None:
        """What was ordered last."""
        return self.runs[-1] if self.runs else None


class DispatchBook:
    """What was ordered, by plant; one runs at a time."""

    def __init__(
        self, control: ControlClient, state: State, clock: Clock, account: str
    ) -> None:
        """Know nothing until the state is loaded."""
        self._control = control
        self._state = state
        self._clock = clock
        self._account = account
        self._runs: dict[str, tuple[Run, ...]] = {}
        state.bind(_PART, self._as_data, self._restore)

    async def send(self, call: DispatchCall) -> str:
        """Order what a segment asks for; return what names it from now on.

        Raises as `ControlClient.send`. What is ordered twice for want of an answer has
        the same end both times, so that nothing runs longer than it was meant to.
        """
        await self._state.load()
        plant_code, now = plant_of(call), self._clock()
        before = self._runs.get(plant_code, ())
        run = Run.of(call.segment, now)
        # The call saves it, before it goes out.
        self._runs[plant_code] = (*before, run)
        try:
            task = await self._control.send(call)
        except OutcomeUnknown:
            raise
        except VendorError:
            self._put(plant_code, run.id, lambda _: None)
            await self._state.save()
            raise
        if task is None:
            raise OutcomeUnknown(f"{call.label}: no task", reason="no_task")
        for earlier in before:
            self._put(plant_code, earlier.id, lambda one: replace(one, replaced=True))
        named = replace(run, id=task.id, request_id=task.id)
        self._put(plant_code, run.id, lambda _: named)
        await self._state.save()
        return named.id

    def check_replaceable(self) -> None:
        """Raise `RateLimited` where what runs could be ended, but not replaced."""
        self._control.check_left(Feature.DISPATCH, _STOP_AND_START)

    async def stop(self, call: StopCall) -> None:
        """End what may run of ours; nothing is sent where nothing may.

        What is not in the book, for its file was lost, may run.
        """
        await self._state.load()
        plant_code, now = plant_of(call), self._clock()
        runs = self._runs.get(plant_code, ())
        known = call.run_id is None or any(run.id == call.run_id for run in runs)
        if not known or any(run.may_run(now) for run in runs):
            await self.end_all(call)

    async def end_all(self, call: VendorCall) -> None:
        """End what runs in a plant, whoever began it."""
        await self._control.send(call, urgent=True)
        plant_code, now = plant_of(call), self._clock()
        for run in self._runs.get(plant_code, ()):
            if run.may_run(now):
                self._put(plant_code, run.id, lambda one: replace(one, stopped_at=now))
        await self._state.save()

    async def fetch(self, plant_code: str) -> Dispatches:
        """Ask about what runs, where that tells something, and return all."""
        await self._state.load()
        now, asked = self._clock(), False
        for run in self._runs.get(plant_code, ()):
            ask = run.next_ask(now)
            if ask is None or ask > now or run.request_id is None:
                continue
            asked = True
            task = Task(Feature.DISPATCH, run.request_id, plant_code)
            try:
                state = await self._control.task_state(task)
            except NotFound:
                # It does not know it yet, or any more.
                self._put(plant_code, run.id, lambda one: replace(one, asked_at=now))
                continue
            self._put(plant_code, run.id, partial(Run.with_state, state=state, now=now))
        if asked:
            await self._state.save()
        return Dispatches(self._runs.get(plant_code, ()))

    def _put(
        self, plant_code: str, run_id: str, change: Callable[[Run], Run | None]
    ) -> None:
        """Change or drop a run, as it is by now."""
        runs = (
            change(run) if run.id == run_id else run
            for run in self._runs.get(plant_code, ())
        )
        self._runs[plant_code] = tuple(run for run in runs if run is not None)

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") != self._account:
            return
        for plant_code, rows in mapping(saved.get("plants")).items():
            read = filter(None, map(Run.parse, objects(rows)))
            self._runs[plant_code] = (*read, *self._runs.get(plant_code, ()))

    def _as_data(self) -> dict[str, Any]:
        oldest = self._clock() - _KEPT
        return {
            "account": self._account,
            "plants": {
                plant_code: [
                    run.as_data() for run in runs[-_MOST_KEPT:] if run.end > oldest
                ]
                for plant_code, runs in self._runs.items()
            },
        }
