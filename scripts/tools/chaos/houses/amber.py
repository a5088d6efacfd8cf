"""An Amber account: prices, and nothing that could be written."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import ClassVar, Final, override

from tests.clouds import AmberCloud

from ..clock import TrueClock
from .base import House, Place, most_within, secrets_of

_CALLS: Final = 50
_WINDOW: Final = timedelta(minutes=5)


class AmberHouse(House):
    """Fixture A: billed in five minutes."""

    vendor: ClassVar[str] = "amber"
    name: ClassVar[str] = "amber"
    controls: ClassVar[bool] = False
    # Prices that were told ahead are shown as estimates for a while.
    notices: ClassVar[timedelta] = timedelta(minutes=20)

    def __init__(self, clock: TrueClock, random: Random, place: Place) -> None:
        """Make the cloud."""
        self.cloud: AmberCloud = AmberCloud(
            clock=clock, seed=random.randrange(1000), fixture="A"
        )
        self.device = self.cloud.active_sites[0]
        self._secrets = {*secrets_of(self.cloud.credentials), *self.cloud.active_sites}

    @override
    def expire_tokens(self) -> None:
        """Nothing: a token lives until its owner revokes it."""

    @override
    def secrets(self) -> Collection[str]:
        return self._secrets

    @override
    def beyond_limits(self, births: Sequence[datetime]) -> Iterator[str]:
        times = [entry.at for entry in self.cloud.requests.entries]
        if (most := most_within(times, _WINDOW)) > _CALLS:
            yield f"{most} calls in five minutes"
