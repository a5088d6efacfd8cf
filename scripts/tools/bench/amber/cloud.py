"""The fake Amber cloud, as a bench drives it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

from tests.clouds import AmberCloud
from tests.clouds.amber import FIXTURES as AMBER_FIXTURES, SiteSpec
from tests.clouds.amber.accounts import Quota
from tests.clouds.clock import Clock, real_clock
from tests.vendors.amber.simulation import bad

from ..driven import DrivenCloud

FIXTURES = {5: "A", 30: "C"}
LONGEST = timedelta(hours=50)


def fleet(count: int, minutes: int, now: datetime) -> list[SiteSpec]:
    """Return so many sites, each of another customer."""
    [home] = AMBER_FIXTURES[FIXTURES[minutes]](now.date())
    return [
        replace(home, site_id=f"01HXFAKEFLEET{n:013d}", nmi=f"61000{n:05d}")
        for n in range(1, count + 1)
    ]


class Cloud(DrivenCloud[AmberCloud]):
    """A number of accounts, each with one site, of 5 or of 30 `minutes`.

    Publication is that of ordinary days, or of `bad` ones.
    """

    def __init__(
        self,
        clock: Clock | None,
        *,
        accounts: int = 1,
        minutes: int = 5,
        days: str = "ordinary",
        seed: int = 1,
    ) -> None:
        """Make the cloud."""
        self._clock = clock or real_clock
        self._begin = self._clock()
        self._length = timedelta(minutes=minutes)
        sites = fleet(accounts, minutes, self._begin)
        super().__init__(
            AmberCloud(
                clock=self._clock, accounts=[(site,) for site in sites], seed=seed
            )
        )
        self._site = self._cloud.active_sites[0]
        if days == "bad":
            delays = islice(bad(Random(seed)), LONGEST // self._length)
            for n, delay in enumerate(delays):
                last = self._start(n) + self._length - timedelta(minutes=5)
                self._cloud.set_delay(self._site, last, delay)

    def credentials(self) -> list[dict[str, str]]:
        """Return what is filled into the forms."""
        return [account.credentials for account in self._cloud.accounts]

    def _start(self, number: int) -> datetime:
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        first = self._begin - (self._begin - epoch) % self._length
        return first + number * self._length

    def set_latency(self, seconds: float) -> None:
        """Let every answer take so long, in real time, and a new window begin.

        Nobody sets up as often as is measured.
        """
        self._cloud.latency = seconds
        self._cloud.accounts[0].quota = Quota(self._cloud.behaviour)

    def publications(self) -> dict[float, float]:
        """Return when the final prices of intervals were told, by their begin.

        Of what is over, for nobody is late before.
        """
        told: dict[float, float] = {}
        number = 0
        while self._start(number + 1) <= self._clock():
            start = self._start(number)
            number += 1
            if (published := self._cloud.published_at(self._site, start)) is not None:
                told[start.timestamp()] = published.timestamp()
        return told
