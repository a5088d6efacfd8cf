"""A Redback house: a cloud that keeps single schedules, and ends each by itself."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar, Final, override

from tests.clouds import Fault, RedbackCloud
from tests.clouds.faults import ActiveFault
from tests.clouds.redback import Behaviour
from tests.clouds.redback.schedules import DesiredMode, Schedule, possible

from ...simulated import SimulatedClock
from .base import Doing, House, most_within

MARK: Final = "joulekeeper "
_ACTIONS: Final = {
    "ChargeBattery": "charge",
    "DischargeBattery": "discharge",
    "ImportPower": "import",
    "ExportPower": "export",
    "Conserve": "hold",
    "Auto": "auto",
}
_WRITES_PER_HOUR: Final = 120
"""Politeness towards a cloud that tells no limit: the vendor's `Allowance`."""


class RedbackHouse(House):
    """Fixture A or B."""

    vendor: ClassVar[str] = "redback"
    name: ClassVar[str] = "redback"
    actions: ClassVar[tuple[str, ...]] = ("charge", "discharge", "export", "hold")
    powered: ClassVar[frozenset[str]] = frozenset({"charge", "discharge", "export"})
    writes: ClassVar[str] = "/Schedule/"
    write_labels: ClassVar[tuple[str, ...]] = ("schedule_create", "schedule_delete")

    def __init__(self, clock: SimulatedClock, random: Random, fixture: str) -> None:
        """Make the cloud, with what the owner has planned."""
        behaviour = Behaviour(
            overlap=random.choice(("latest_start", "first_start", "refuse")),
            notes_echoed=random.random() < 0.7,
        )
        self.cloud: RedbackCloud = RedbackCloud(
            clock=clock,
            seed=random.randrange(1000),
            fixture=fixture,
            behaviour=behaviour,
        )
        self.device = self.cloud.serials[0]
        self._base = DesiredMode()
        self._planned: dict[str, Schedule] = {}
        self._deleted: list[Schedule] = []
        self.serials = frozenset(self.cloud.serials)

    @override
    def form(self, base_url: str) -> dict[str, str]:
        fields = super().form(base_url)
        return {k: v for k, v in fields.items() if not k.startswith("portal")}

    @override
    def expire_tokens(self) -> None:
        self.cloud.expire_tokens()

    @property
    def _schedules(self) -> list[Schedule]:
        return self.cloud.inverter(self.device).plan.schedules

    def _own(self, now: datetime) -> list[Schedule]:
        return [
            item
            for item in self._schedules
            if item.end > now and (item.notes or "").startswith(MARK)
        ]

    @override
    def ours(self, now: datetime) -> Doing | None:
        spec = self.cloud.inverter(self.device).spec
        running = [
            item
            for item in self._schedules
            if item.start <= now < item.end
            and item.obeyed
            and possible(spec, item.wish)
        ]
        if not running:
            return None
        first = self.cloud.behaviour.overlap == "first_start"
        choose = min if first else max
        ruling = choose(running, key=lambda item: (item.start, item.created))
        if not (ruling.notes or "").startswith(MARK):
            return None
        return Doing(_ACTIONS[ruling.wish.mode], ruling.end)

    @override
    def does(self, now: datetime) -> str | None:
        return _ACTIONS[self.cloud.inverter(self.device).plan.at(now).mode]

    @override
    def leftovers(self, now: datetime) -> list[str]:
        return [f"{i.wish.mode} {i.start:%T} to {i.end:%T}" for i in self._own(now)]

    @override
    def lost_edits(self, now: datetime) -> Iterator[str]:
        base = self.cloud.inverter(self.device).plan.base
        if base != self._base:
            yield f"the base mode is {base.mode} instead of {self._base.mode}"
        for item in self._own(now):
            if any((it.wish, it.end) == (item.wish, item.end) for it in self._deleted):
                yield f"{item.wish.mode} was deleted in the app, and is there again"

    @override
    def lost_items(self, now: datetime) -> Iterator[str]:
        held = {item.schedule_id for item in self._schedules}
        for schedule_id, item in self._planned.items():
            if item.end > now and schedule_id not in held:
                yield f"{item.wish.mode} of others at {item.start:%T} is gone"

    @override
    def beyond_limits(self, births: Sequence[datetime]) -> Iterator[str]:
        spec = self.cloud.inverter(self.device).spec
        for item in self._schedules:
            if not possible(spec, item.wish):
                yield f"{item.wish.mode} {item.wish.watts} W"
        writes = [
            entry.at
            for entry in self.cloud.requests.entries
            if entry.label in self.write_labels
        ]
        if (most := most_within(writes, timedelta(hours=1))) > _WRITES_PER_HOUR:
            yield f"{most} writes in an hour"

    @override
    def app_edit(self, random: Random, now: datetime) -> str | None:
        if random.random() < 0.3:
            mode = random.choice(("Auto", "Conserve"))
            self._base = DesiredMode(mode)
            self.cloud.set_base_mode(self.device, mode)
            return f"base mode {mode}"
        start = now.replace(microsecond=0) + timedelta(minutes=random.randint(5, 60))
        length = timedelta(minutes=random.randint(5, 30))
        watts = random.choice((1000, 2000))
        name = self.cloud.add_schedule(self.device, start, length, watts=watts)
        item = self.cloud.inverter(self.device).plan.find(name)
        assert item is not None
        self._planned[name] = item
        return f"a schedule of others at {start:%T} for {length}"

    @override
    def delete_ours(self, random: Random, now: datetime) -> Doing | None:
        own = [item for item in self._own(now) if item.start <= now]
        if not own:
            return None
        item = random.choice(own)
        self._deleted.append(item)
        self.cloud.remove_schedule(self.device, item.schedule_id)
        return Doing(_ACTIONS[item.wish.mode], item.end)

    @override
    def lie(self, *, shown: bool) -> list[ActiveFault]:
        add = self.cloud.faults.add
        return [
            add("schedule_create", Fault.IGNORED, listed=shown),
            add("schedule_delete", Fault.IGNORED),
        ]
