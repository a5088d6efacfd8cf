"""The fake ChargeHQ service, as a bench drives it."""

from tests.clouds import ChargeHqCloud
from tests.clouds.clock import Clock, real_clock

from ..driven import DrivenCloud
from .feed import SECOND


class Cloud(DrivenCloud[ChargeHqCloud]):
    """A number of sites, each with a key."""

    def __init__(
        self, clock: Clock | None, *, accounts: int = 1, seed: int = 1
    ) -> None:
        """Make the service, in which nothing is random."""
        del seed
        self._clock = clock or real_clock
        self._begin = self._clock()
        super().__init__(ChargeHqCloud(clock=self._clock, sites=accounts))

    def credentials(self) -> list[dict[str, str]]:
        """Return what is filled into the forms."""
        return [{"api_key": site.key} for site in self._cloud.sites]

    def publications(self) -> dict[float, float]:
        """Return when the entities have moved."""
        first = int(self._begin.timestamp() // 60) + 1
        last = int((self._clock().timestamp() - SECOND) // 60)
        moments = (minute * 60.0 + SECOND for minute in range(first, last + 1))
        return {moment: moment for moment in moments}
