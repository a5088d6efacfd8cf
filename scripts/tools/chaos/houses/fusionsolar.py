"""A FusionSolar house: forced for a time, at once, by a cloud that lists nothing."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar, Final, override

from tests.clouds import FusionSolarCloud
from tests.clouds.fusionsolar.inverter import BatteryLimits

from ...simulated import SimulatedClock
from .base import Doing, House, Place

ACTS_WITHIN: Final = timedelta(minutes=8)
_TYPES: Final = 3
"""Inverters, meters and batteries are asked one after another, each by its own quota."""
_MOST_W: Final = 5000


class FusionHouse(House):
    """Fixture A: dongle, inverter, battery and power sensor."""

    vendor: ClassVar[str] = "fusionsolar"
    name: ClassVar[str] = "fusionsolar"
    actions: ClassVar[tuple[str, ...]] = ("charge", "discharge")
    powered: ClassVar[frozenset[str]] = frozenset(actions)
    powers: ClassVar[tuple[int, int, int]] = (500, 2500, 10)
    writes: ClassVar[str] = "async-task"
    write_labels: ClassVar[tuple[str, ...]] = ("dispatch",)
    grace: ClassVar[timedelta] = ACTS_WITHIN
    grace_why: ClassVar[str] = (
        "ACTS_WITHIN: an order takes a minute to the plant, its time is whole minutes,"
        " and one without an answer is only known after some"
    )
    # There is no list from which the owner could delete.
    spared: ClassVar[frozenset[str]] = frozenset({"ours deleted in the app"})
    blind: ClassVar[bool] = True
    # Three of them, which come every five minutes, have to agree.
    measured: ClassVar[timedelta] = timedelta(minutes=20)
    notices: ClassVar[timedelta] = timedelta(minutes=20)

    def __init__(self, clock: SimulatedClock, random: Random, place: Place) -> None:
        """Make the cloud, with a battery that is half full."""
        self.cloud: FusionSolarCloud = FusionSolarCloud(
            clock=clock, seed=random.randrange(1000), fixture="A"
        )
        self.device = self.cloud.serials[0]
        self.cloud.set_soc(self.device, 50)
        self._limits = self.cloud.battery_limits(self.device)
        self._mode = self.cloud.battery_mode(self.device)
        self._feed_in = self.cloud.feed_in(self.device)
        self.serials = frozenset(self.cloud.serials)

    @override
    def expire_tokens(self) -> None:
        self.cloud.expire_tokens()

    @override
    def ours(self, now: datetime) -> Doing | None:
        running = self.cloud.plant(self.device).running(now)
        if running is None or running.stopped is not None or running.outcome != "done":
            return None
        return Doing("charge" if running.charge else "discharge", running.due)

    @override
    def leftovers(self, now: datetime) -> list[str]:
        doing = self.ours(now)
        return [] if doing is None else [str(doing)]

    @override
    def lost_edits(self, now: datetime) -> Iterator[str]:
        if self.cloud.battery_limits(self.device) != self._limits:
            yield "the limits of the battery are not the owner's"
        if self.cloud.battery_mode(self.device) != self._mode:
            yield "the working mode is not the owner's"
        if self.cloud.feed_in(self.device) != self._feed_in:
            yield "the feed-in limit is not the owner's"

    @override
    def beyond_limits(self, births: Sequence[datetime]) -> Iterator[str]:
        for dispatch in self.cloud.plant(self.device).dispatches:
            if dispatch.power_w > _MOST_W:
                yield f"{dispatch.power_w} W"
        for label, count in self.cloud.over_quota.items():
            # Each process may read once what one before has read, and never write.
            reads = len(births) * (_TYPES if label == "getDevRealKpi" else 1)
            if count > reads or label.startswith(("control", "dispatch")):
                yield f"{count} calls of {label} beyond its quota"

    @override
    def app_edit(self, random: Random, now: datetime) -> str | None:
        self._limits = BatteryLimits(end_of_discharge=random.choice((12.0, 15.0, 20.0)))
        self.cloud.app_set_limits(self.device, self._limits)
        return f"{self._limits}"
