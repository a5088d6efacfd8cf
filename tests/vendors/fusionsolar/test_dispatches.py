"""The book of what was ordered, and what is known of a plant's control over restarts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import (
    NotFound,
    OutcomeUnknown,
    RateLimited,
    VendorError,
)
from custom_components.joulekeeper.core.proof import Telemetry
from custom_components.joulekeeper.core.schedule import Action, ItemStatus, Source
from custom_components.joulekeeper.core.timeline import Segment
from custom_components.joulekeeper.vendors.base import VendorCall
from custom_components.joulekeeper.vendors.fusionsolar.control import (
    Feature,
    dispatch_call,
    stop_call,
)
from custom_components.joulekeeper.vendors.fusionsolar.dispatches import (
    DispatchBook,
    DispatchCall,
    Run,
    StopCall,
)
from custom_components.joulekeeper.vendors.fusionsolar.entitlement import Entitlement
from custom_components.joulekeeper.vendors.fusionsolar.models import PlantDevice
from custom_components.joulekeeper.vendors.fusionsolar.orders import (
    Access,
    ControlAccess,
    ControlClient,
)
from custom_components.joulekeeper.vendors.fusionsolar.peaks import Peaks
from custom_components.joulekeeper.vendors.fusionsolar.state import State
from custom_components.joulekeeper.vendors.fusionsolar.tasks import (
    Progress,
    Task,
    TaskState,
)

PLANT = "NE=71000001"
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RUNS = TaskState(progress=Progress.RUNNING)
SEGMENT = Segment(
    rule_id="rule",
    occurrence_id="rule@1",
    source=Source.SERVICE,
    action=Action.CHARGE,
    start=NOW,
    end=NOW + 60 * MINUTE,
    power_w=2000,
    tag="tag",
)


class Store:
    """A file that outlives its readers."""

    def __init__(self) -> None:
        """Be empty."""
        self.data: Mapping[str, Any] | None = None

    async def load(self) -> Mapping[str, Any] | None:
        """Return what is in it."""
        return self.data

    async def save(self, data: Mapping[str, Any]) -> None:
        """Keep it."""
        self.data = dict(data)


class Cloud(ControlClient):
    """Answers what it is told to; its numbers count up."""

    def __init__(self) -> None:
        """Take every order, and know nothing of any."""
        self.sent: list[VendorCall] = []
        self.asked: list[str] = []
        self.fails: VendorError | None = None
        self.state: TaskState | VendorError = RUNS

    async def send(self, call: VendorCall, *, urgent: bool = False) -> Task | None:
        """Take an order."""
        self.sent.append(call)
        assert urgent is isinstance(call, StopCall)
        if self.fails is not None:
            raise self.fails
        return Task(Feature.DISPATCH, str(len(self.sent)), PLANT)

    async def task_state(self, task: Task) -> TaskState:
        """Tell how far it is."""
        self.asked.append(task.id)
        if isinstance(self.state, VendorError):
            raise self.state
        return self.state


class Desk:
    """A book, its cloud, its file and its clock."""

    def __init__(self) -> None:
        """Open an empty book."""
        self.now = NOW
        self.store, self.cloud = Store(), Cloud()
        self.restart()

    def restart(self) -> None:
        """Forget all that is not on the disk."""
        self.state = State(self.store)
        self.book = DispatchBook(self.cloud, self.state, lambda: self.now, "me")

    async def order(self, segment: Segment = SEGMENT) -> str:
        """Order a segment."""
        charge = segment.action is Action.CHARGE
        call = dispatch_call(PLANT, charge=charge, power_w=2000, minutes=60)
        whole = (call.label, call.method, call.path, call.body)
        return await self.book.send(DispatchCall(*whole, segment=segment))

    async def stop(self, run_id: str | None) -> None:
        """End what runs."""
        call = stop_call(PLANT)
        whole = (call.label, call.method, call.path, call.body)
        await self.book.stop(StopCall(*whole, run_id=run_id))

    async def plan(self) -> dict[str | None, ItemStatus | None]:
        """Return what is in the plan, freshly asked."""
        known = await self.book.fetch(PLANT)
        return {item.vendor_id: item.status for item in known.items(self.now)}


@pytest.fixture
def desk() -> Desk:
    """Return an empty book."""
    return Desk()


async def test_listed_once_the_cloud_tells_of_it(desk: Desk) -> None:
    """Accepted is not done; it is asked each 3 minutes, and never after its end."""
    name = await desk.order()
    desk.cloud.state = replace(RUNS, known=False)
    assert await desk.plan() == {}
    desk.now += timedelta(seconds=21)
    desk.cloud.state = RUNS
    assert await desk.plan() == {name: ItemStatus.STARTED}
    asked = len(desk.cloud.asked)
    for _ in range(59):
        desk.now += MINUTE
        await desk.plan()
    assert len(desk.cloud.asked) - asked == 59 // 3
    desk.now += 60 * MINUTE
    asked = len(desk.cloud.asked)
    for _ in range(3):
        assert await desk.plan() == {}
        desk.now += 5 * MINUTE
    assert len(desk.cloud.asked) == asked + 1


async def test_end_that_nobody_saw(desk: Desk) -> None:
    """It is asked what became of it, once, also hours later; it never still runs."""
    await desk.order()
    await desk.plan()
    desk.now += 5 * 60 * MINUTE
    desk.restart()
    (run,) = (await desk.book.fetch(PLANT)).runs
    assert run.history(desk.now) is ItemStatus.UNCERTAIN
    asked = len(desk.cloud.asked)
    assert asked == 2
    desk.restart()
    desk.now += 60 * MINUTE
    await desk.plan()
    assert len(desk.cloud.asked) == asked

    later = replace(SEGMENT, start=desk.now, end=desk.now + 60 * MINUTE, tag="later")
    await desk.order(later)
    desk.now += 5 * 60 * MINUTE
    desk.cloud.state = TaskState(progress=Progress.DONE)
    await desk.plan()
    run = (await desk.book.fetch(PLANT)).runs[-1]
    assert run.history(desk.now) is ItemStatus.FINISHED


async def test_two_orders_of_one_segment(desk: Desk) -> None:
    """Both may run, so that neither answer is the other's."""
    desk.cloud.fails = OutcomeUnknown("lost")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            await desk.order()
    assert len(await desk.plan()) == 2
    desk.cloud.fails = RateLimited("no")
    with pytest.raises(RateLimited):
        await desk.order()
    assert len(await desk.plan()) == 2


@pytest.mark.parametrize(
    ("ended", "status"),
    [(30, None), (57, ItemStatus.FINISHED), (60, ItemStatus.FINISHED)],
)
async def test_end_before_its_time(
    desk: Desk, ended: int, status: ItemStatus | None
) -> None:
    """By some minutes it is its own; by more somebody has stopped it."""
    name = await desk.order()
    desk.now += 59 * MINUTE
    desk.cloud.state = TaskState(
        progress=Progress.DONE, ended_at=NOW + ended * MINUTE, charged_kwh=1.5
    )
    assert (await desk.plan()).get(name) == status
    (run,) = (await desk.book.fetch(PLANT)).runs
    assert (run.charged_kwh, run.history(desk.now)) == (1.5, ItemStatus.FINISHED)


async def test_lost_answer_may_run(desk: Desk) -> None:
    """It is uncertain, also after a restart, until it is stopped, once."""
    desk.cloud.fails = OutcomeUnknown("lost")
    with pytest.raises(OutcomeUnknown):
        await desk.order()
    await desk.state.save()
    desk.restart()
    assert set((await desk.plan()).values()) == {ItemStatus.UNCERTAIN}
    assert desk.cloud.asked == []
    with pytest.raises(OutcomeUnknown):
        await desk.stop(None)
    assert set((await desk.plan()).values()) == {ItemStatus.UNCERTAIN}
    desk.cloud.fails = None
    await desk.stop(None)
    await desk.stop(None)
    assert await desk.plan() == {}
    assert len(desk.cloud.sent) == 3


async def test_refused_one_never_ran(desk: Desk) -> None:
    """There is nothing to stop."""
    desk.cloud.fails = RateLimited("no")
    with pytest.raises(RateLimited):
        await desk.order()
    desk.cloud.fails = None
    await desk.stop(None)
    assert len(desk.cloud.sent) == 1
    assert (await desk.book.fetch(PLANT)).runs == ()


async def test_newer_one_replaces(desk: Desk) -> None:
    """The older one is not asked about any more, and not stopped in its place."""
    first = await desk.order()
    later = replace(SEGMENT, action=Action.DISCHARGE, tag="later")
    second = await desk.order(later)
    assert first != second
    assert set(await desk.plan()) == {second}
    assert desk.cloud.asked == [second]
    await desk.stop(second)
    assert len(desk.cloud.sent) == 3


@pytest.mark.parametrize("obeys", [True, False])
async def test_stop_is_looked_after(desk: Desk, obeys: bool) -> None:
    """A plant that goes on six minutes later has it in its plan again."""
    name = await desk.order()
    await desk.plan()
    await desk.stop(name)
    for _ in range(5):
        desk.now += MINUTE
        assert await desk.plan() == {}
    desk.now += 2 * MINUTE
    if obeys:
        desk.cloud.state = TaskState(progress=Progress.DONE)
    assert await desk.plan() == ({} if obeys else {name: ItemStatus.STARTED})
    desk.now += 10 * MINUTE
    assert bool(await desk.plan()) is not obeys


async def test_unknown_number_is_stopped(desk: Desk) -> None:
    """The file was lost, and the journal was not."""
    await desk.stop("880000000001")
    assert len(desk.cloud.sent) == 1


async def test_number_that_the_cloud_forgets(desk: Desk) -> None:
    """What was seen running goes on; what never was is not in the plan."""
    name = await desk.order()
    desk.cloud.state = NotFound("unknown")
    assert await desk.plan() == {}
    desk.now += MINUTE
    desk.cloud.state = RUNS
    assert set(await desk.plan()) == {name}
    desk.now += 4 * MINUTE
    desk.cloud.state = NotFound("unknown")
    assert set(await desk.plan()) == {name}


async def test_broken_file(desk: Desk) -> None:
    """What can be read is kept."""
    name = await desk.order()
    await desk.plan()
    assert desk.store.data is not None
    runs = desk.store.data["dispatches"]["plants"][PLANT]
    assert Run.parse(runs[0]) is not None
    for key in list(runs[0]):
        broken = {**runs[0], key: ["?"]}
        desk.store.data = {
            "dispatches": {"account": "me", "plants": {PLANT: [broken, 7, *runs]}}
        }
        desk.restart()
        assert name in {run.id for run in (await desk.book.fetch(PLANT)).runs}
    desk.store.data = {"dispatches": {"account": "other", "plants": {PLANT: runs}}}
    desk.restart()
    assert (await desk.book.fetch(PLANT)).runs == ()


async def test_peaks() -> None:
    """The most counts, also after a restart; less only when it stays for weeks."""
    store = Store()

    async def opened(now: datetime) -> tuple[Peaks, State]:
        state = State(store)
        peaks = Peaks(state, lambda: now, "me")
        await state.load()
        return peaks, state

    def told(now: datetime, watts: float | None) -> Telemetry:
        return Telemetry(time=now, period=5 * MINUTE, max_charge_w=watts)

    peaks, state = await opened(NOW)
    assert peaks.of(PLANT).charge_w is None
    for minute, watts in enumerate((0, 2500, 2500, 1000, None, 0, 65535, 2000)):
        peaks.note(PLANT, told(NOW + minute * MINUTE, watts))
    assert peaks.of(PLANT).charge_w == 2500
    assert peaks.of(PLANT).discharge_w is None
    await state.save()
    later = NOW + timedelta(days=13)
    peaks, _ = await opened(later)
    peaks.note(PLANT, told(later, 2000))
    assert peaks.of(PLANT).charge_w == 2500
    peaks.note(PLANT, told(NOW + timedelta(days=15), 2000))
    assert peaks.of(PLANT).charge_w == 2000


async def test_peaks_that_were_a_slip() -> None:
    """What only the first measurement tells does not stay; what is refused goes."""
    peaks = Peaks(State(Store()), lambda: NOW, "me")

    def tell(minute: int, watts: float) -> float | None:
        time = NOW + minute * MINUTE
        measured = Telemetry(time=time, period=5 * MINUTE, max_charge_w=watts)
        for _ in range(2):
            peaks.note(PLANT, measured)
        return peaks.of(PLANT).charge_w

    assert tell(0, 1e6) == 1e6
    assert tell(5, 2500) == 2500
    assert tell(10, 2600) == 2500
    assert tell(15, 2600) == 2600
    assert tell(20, 1500) == 2600
    assert peaks.lower(PLANT)
    assert peaks.of(PLANT).charge_w == 1500
    assert not peaks.lower(PLANT)


async def test_file_of_an_instance_that_is_gone() -> None:
    """It is the next one's."""
    store = Store()
    state = State(store)
    known = {"n": 1}
    state.bind("part", lambda: dict(known), lambda _: None)
    await state.load()
    known["n"] = 2
    await state.close()
    assert store.data == {"part": {"n": 2}}
    known["n"] = 3
    await state.save()
    assert store.data == {"part": {"n": 2}}


async def test_busy_cloud_takes_no_control_away() -> None:
    """What is not known now is what it was, and is asked for again in minutes."""
    now, store = NOW, Store()
    granted = ControlAccess(dict.fromkeys(Feature, Access(True)))
    busy = ControlAccess({**granted.features, Feature.DISPATCH: Access(None, "busy")})
    answers: list[ControlAccess] = []

    class Prober(ControlClient):
        def __init__(self) -> None:
            """Answer what is in the list, and then that it is busy."""

        async def probe_control(
            self, plant_code: str, devices: Sequence[PlantDevice]
        ) -> ControlAccess:
            return answers.pop(0) if answers else busy

    known = Entitlement(Prober(), lambda _: (), State(store), lambda: now, "me")
    answers.append(granted)
    assert await known.fetch(PLANT) == granted
    now += timedelta(days=8)
    waits = []
    for _ in range(8):
        assert await known.fetch(PLANT) == granted
        waits.append(known.due_in(PLANT) // MINUTE)
        now += known.due_in(PLANT)
    assert waits == [5, 10, 20, 40, 80, 160, 180, 180]
    # That it is refused now is believed.
    answers.append(granted.without(Feature.DISPATCH, "interface_not_granted"))
    refused = await known.fetch(PLANT)
    assert refused.of(Feature.DISPATCH).granted is False
