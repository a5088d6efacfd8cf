"""The calls in whose middle Home Assistant dies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from ..clouds.redback.schedules import DesiredMode, Schedule
from ..metadata import SERVICES
from .asked import Asked, Due, Order, Shape

MODES: Final = {
    "charge": "ChargeBattery",
    "discharge": "DischargeBattery",
    "export": "ExportPower",
    "hold": "Conserve",
}
AT_ONCE: Final = timedelta(minutes=3)
"""A call that starts something now takes less than that."""
PROVEN: Final = frozenset({"confirmed", "active", "delivering"})
"""States of an answer that promise that the cloud holds the schedule."""


@dataclass
class Scene:
    """What there is at the moment of a step; `own` are our items with their ids."""

    random: Random
    asked: Asked
    now: datetime
    state_of_charge: float
    own: tuple[tuple[str, Schedule], ...]

    def editable(self, *, daily: bool = False) -> list[tuple[str, Schedule, Order]]:
        """Return our schedules that go on for a while, with their orders."""
        return [
            (schedule_id, item, order)
            for schedule_id, item in self.own
            if item.end - self.now > 2 * AT_ONCE
            and (order := self.asked.of(item)) is not None
            and len(order.shapes) == 1
            and order.shape.daily is daily
        ]


class Step:
    """One call, and what it means for what is asked."""

    def __init__(self, name: str, data: Mapping[str, Any]) -> None:
        """Make the call of an action ready."""
        self.name = name
        self.data = data

    def __str__(self) -> str:
        """Return the call, for a failure."""
        return f"{self.name} {self.data}"

    def begin(self, asked: Asked, now: datetime) -> None:
        """Note what may come of the call; that stays so if it gets no answer."""

    def answered(self, asked: Asked, answer: Mapping[str, Any]) -> None:
        """Note what the answer promises."""

    def refused(self, asked: Asked) -> None:
        """Note that nothing came of it."""


class Create(Step):
    """Make a schedule; without a start it begins now."""

    def __init__(
        self,
        name: str,
        wish: DesiredMode,
        start: datetime | None,
        minutes: int,
        **more: Any,
    ) -> None:
        """Ask for a wish."""
        word = next(word for word, mode in MODES.items() if mode == wish.mode)
        data: dict[str, Any] = {"action": word, "duration_min": minutes, **more}
        if wish.watts:
            data["power_w"] = wish.watts
        if start is not None:
            data["start"] = start.isoformat()
        super().__init__(name, data)
        self._wish = wish
        self._start = start
        self._duration = timedelta(minutes=min(minutes, more.get("lease_min", minutes)))
        self._order: Order | None = None

    def begin(self, asked: Asked, now: datetime) -> None:
        """Allow the schedule."""
        start, latest = self._start or now, self._start or now + AT_ONCE
        shape = Shape(
            self._wish,
            start,
            latest + self._duration,
            daily="rrule" in self.data,
            target=self.data.get("target_soc"),
            leased="lease_min" in self.data,
        )
        self._order = asked.add(shape, forced=self.name == "force")
        for order in asked.orders:
            if self._order.forced and order.forced:
                doubt(order)

    def answered(self, asked: Asked, answer: Mapping[str, Any]) -> None:
        """Expect the schedule, in place of one that was forced before."""
        assert self._order is not None
        if answer["state"] not in PROVEN:
            return
        self._order.due = Due.YES
        for order in asked.orders:
            if self._order.forced and order.forced and order is not self._order:
                order.due = Due.NOT

    def refused(self, asked: Asked) -> None:
        """Forget the wish."""
        assert self._order is not None
        asked.withdraw(self._order)


class Change(Step):
    """Give an order another shape, and make a new one of what is split off, if any."""

    def __init__(
        self,
        name: str,
        schedule_id: str,
        order: Order,
        shape: Shape,
        split_off: Shape | None = None,
        **changes: Any,
    ) -> None:
        """Ask for another shape of an order."""
        super().__init__(name, {"schedule_id": schedule_id, **changes})
        self._order = order
        self._before = order.due, list(order.shapes), order.rank
        self._shape = shape
        self._split_off = split_off
        self._new: Order | None = None

    def begin(self, asked: Asked, now: datetime) -> None:
        """Allow both shapes."""
        asked.edit(self._order, self._shape)
        if self._split_off is not None:
            self._new = asked.add(self._split_off)

    def answered(self, asked: Asked, answer: Mapping[str, Any]) -> None:
        """Expect the new shape."""
        if answer["state"] not in PROVEN:
            return
        self._order.shapes = [self._shape]
        self._order.due = Due.YES
        if self._new is not None:
            self._new.due = Due.YES

    def refused(self, asked: Asked) -> None:
        """Expect the old shape."""
        self._order.due, self._order.shapes, self._order.rank = self._before
        if self._new is not None:
            asked.withdraw(self._new)


class Delete(Step):
    """Delete a schedule."""

    def __init__(self, schedule_id: str, order: Order) -> None:
        """Ask for an order no more."""
        super().__init__("delete_schedule", {"schedule_id": schedule_id})
        self._order = order

    def begin(self, asked: Asked, now: datetime) -> None:
        """Doubt the order."""
        doubt(self._order)

    def answered(self, asked: Asked, answer: Mapping[str, Any]) -> None:
        """Expect it to be gone."""
        if answer["state"] == "confirmed":
            self._order.due = Due.NOT


class Stop(Step):
    """End what runs."""

    def __init__(self, scene: Scene) -> None:
        """Ask for nothing now."""
        super().__init__("stop", {})
        self._now = scene.now
        self._running = [
            order
            for _, item in scene.own
            if item.start <= scene.now and (order := scene.asked.of(item)) is not None
        ]

    def begin(self, asked: Asked, now: datetime) -> None:
        """Doubt whatever is open, and what is about to be."""
        for order in asked.orders:
            if order.shape.daily or order.shape.start < now + AT_ONCE:
                doubt(order)

    def answered(self, asked: Asked, answer: Mapping[str, Any]) -> None:
        """Expect what ran to be gone, but for what comes again."""
        for order in self._running:
            if answer["state"] == "confirmed" and not order.shape.daily:
                order.due = Due.NOT


def doubt(order: Order) -> None:
    """Expect an order no more, but allow it, if it was allowed."""
    if order.due is Due.YES:
        order.due = Due.MAYBE


# -- which step comes next -----------------------------------------------------

type Make = Callable[[Scene], Step | None]


def _wish(scene: Scene, *words: str) -> DesiredMode:
    """Return a wish whose power tells it from all others."""
    word = scene.random.choice(words or tuple(MODES))
    return DesiredMode(MODES[word], 0 if word == "hold" else next(scene.asked.watts))


def _force(scene: Scene) -> Step:
    return Create("force", _wish(scene), None, scene.random.randint(3, 20))


def _force_to_target(scene: Scene) -> Step:
    """Ask for a target that is reached soon."""
    word = scene.random.choice(("charge", "discharge"))
    wish = replace(_wish(scene, word), watts=3000 + next(scene.asked.watts))
    way = scene.random.randint(1, 3) * (1 if word == "charge" else -1)
    target = round(scene.state_of_charge) + way
    minutes = scene.random.randint(5, 20)
    return Create("force", wish, None, minutes, target_soc=target)


def _force_on_lease(scene: Scene) -> Step:
    """Ask for a time that is cut short when nobody renews it."""
    minutes = scene.random.randint(8, 20)
    return Create("force", _wish(scene), None, minutes, lease_min=minutes // 2)


def _create(scene: Scene) -> Step:
    start = _whole(scene.now) + timedelta(seconds=scene.random.randint(30, 1500))
    return Create("create_schedule", _wish(scene), start, scene.random.randint(3, 15))


def _create_daily(scene: Scene) -> Step | None:
    """Lay a window that is open, or opens soon; more than two only take turns."""
    if sum(order.shape.daily for order in scene.asked.orders) >= 2:
        return None
    start = _whole(scene.now) + timedelta(seconds=scene.random.randint(-200, 300))
    return Create(
        "create_schedule",
        _wish(scene, "charge", "discharge", "export"),
        start,
        scene.random.randint(5, 15),
        rrule="FREQ=DAILY",
    )


def _update_power(scene: Scene) -> Step | None:
    able = [entry for entry in scene.editable() if entry[1].wish.watts]
    if not able:
        return None
    schedule_id, _, order = scene.random.choice(able)
    watts = next(scene.asked.watts)
    shape = replace(order.shape, wish=replace(order.shape.wish, watts=watts))
    return Change("update_schedule", schedule_id, order, shape, power_w=watts)


def _update_time(scene: Scene) -> Step | None:
    """Move a schedule that is still to come."""
    coming = [e for e in scene.editable() if e[2].shape.start - scene.now > AT_ONCE]
    if not coming:
        return None
    schedule_id, _, order = scene.random.choice(coming)
    by = timedelta(minutes=scene.random.choice((-1, 2, 30)))
    shape = order.shape
    shape = replace(shape, start=shape.start + by, end=shape.end + by)
    start = shape.start.isoformat()
    return Change("update_schedule", schedule_id, order, shape, start=start)


def _extend(scene: Scene) -> Step | None:
    """Let what runs run longer."""
    running = [
        entry
        for entry in scene.editable()
        if entry[1].start <= scene.now and not entry[2].shape.leased
    ]
    if not running:
        return None
    schedule_id, _, order = scene.random.choice(running)
    minutes = scene.random.randint(2, 10)
    shape = replace(order.shape, end=order.shape.end + timedelta(minutes=minutes))
    return Change("extend", schedule_id, order, shape, duration_min=minutes)


def _change_one_day(scene: Scene) -> Step | None:
    """Delete one occurrence of what comes again, or give it another power."""
    coming = [
        (schedule_id, order, window)
        for schedule_id, item, order in scene.editable(daily=True)
        for window in order.shape.windows(item.start, item.end)
        if window[0] - scene.now > AT_ONCE
    ]
    if not coming:
        return None
    schedule_id, order, (start, end) = scene.random.choice(coming)
    rest = replace(order.shape, skipped=order.shape.skipped | {start})
    day = start.isoformat()
    if scene.random.random() < 0.5:
        return Change("delete_schedule", schedule_id, order, rest, occurrence=day)
    watts = next(scene.asked.watts)
    one = Shape(replace(order.shape.wish, watts=watts), start, end)
    return Change(
        "update_schedule",
        schedule_id,
        order,
        rest,
        split_off=one,
        power_w=watts,
        occurrence=day,
    )


def _delete(scene: Scene) -> Step | None:
    known = [
        (schedule_id, order)
        for schedule_id, item in scene.own
        if (order := scene.asked.of(item)) is not None
    ]
    return Delete(*scene.random.choice(known)) if known else None


def _stop(scene: Scene) -> Step | None:
    running = any(item.start <= scene.now for _, item in scene.own)
    return Stop(scene) if running else None


def _whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def _offers(action: str, name: str) -> bool:
    """Tell whether an action has a field yet, in a section or not."""
    fields = SERVICES.get(action, {}).get("fields", {})
    return any(name in (key, *value.get("fields", ())) for key, value in fields.items())


STEPS: Final[tuple[tuple[Make, int, tuple[str, str]], ...]] = (
    (_force, 3, ("force", "action")),
    (_force_to_target, 2, ("force", "target_soc")),
    (_force_on_lease, 1, ("force", "lease_min")),
    (_create, 3, ("create_schedule", "start")),
    (_create_daily, 2, ("create_schedule", "rrule")),
    (_update_power, 4, ("update_schedule", "power_w")),
    (_update_time, 4, ("update_schedule", "start")),
    (_extend, 4, ("extend", "duration_min")),
    (_change_one_day, 4, ("update_schedule", "occurrence")),
    (_delete, 3, ("delete_schedule", "schedule_id")),
    (_stop, 2, ("stop", "device_id")),
)
"""What makes a step, how often it is tried, and the field that it cannot do without."""


def next_step(scene: Scene) -> Step:
    """Return a step that is possible now."""
    offered = {make: weight for make, weight, needed in STEPS if _offers(*needed)}
    while True:
        (make,) = scene.random.choices(list(offered), list(offered.values()))
        if (step := make(scene)) is not None:
            return step
