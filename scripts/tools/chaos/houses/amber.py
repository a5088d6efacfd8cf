"""An Amber account: prices, and nothing that could be written."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar, Final, override

from tests.clouds import AmberCloud

from ...simulated import SimulatedClock
from .base import NO_TOKENS, NO_WRITES, House, Place, most_within

_CALLS: Final = 50
_WINDOW: Final = timedelta(minutes=5)


class AmberHouse(House):
    """Fixture A: billed in five minutes."""

    vendor: ClassVar[str] = "amber"
    name: ClassVar[str] = "amber"
    controls: ClassVar[bool] = False
    spared: ClassVar[frozenset[str]] = NO_TOKENS | NO_WRITES
    # Prices that were told ahead are shown as estimates for a while.
    notices: ClassVar[timedelta] = timedelta(minutes=20)

    def __init__(self, clock: SimulatedClock, random: Random, place: Place) -> None:
        """Make the cloud."""
        self.cloud: AmberCloud = AmberCloud(
            clock=clock, seed=random.randrange(1000), fixture="A"
        )
        self.device = self.cloud.active_sites[0]
        self.serials = frozenset(self.cloud.active_sites)

    @override
    def beyond_limits(self, births: Sequence[datetime]) -> Iterator[str]:
        times = [entry.at for entry in self.cloud.requests.entries]
        if (most := most_within(times, _WINDOW)) > _CALLS:
            yield f"{most} calls in five minutes"
