"""The fake Amber cloud, as a bench drives it."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random

from tests.clouds import AmberCloud
from tests.clouds.amber.accounts import Quota
from tests.clouds.clock import Clock, real_clock
from tests.vendors.amber.simulation import bad

from ..driven import DrivenCloud

FIXTURES = {5: "A", 30: "C"}
LONGEST = timedelta(hours=50)


class Cloud(DrivenCloud[AmberCloud]):
    """One account with one site, of 5 or of 30 `minutes`.

    Publication is that of ordinary days, or of `bad` ones.
    """

    def __init__(
        self,
        clock: Clock | None,
        *,
        minutes: int = 5,
        days: str = "ordinary",
        seed: int = 1,
    ) -> None:
        """Make the cloud."""
        self._clock = clock or real_clock
        self._begin = self._clock()
        self._length = timedelta(minutes=minutes)
        super().__init__(
            AmberCloud(clock=self._clock, fixture=FIXTURES[minutes], seed=seed)
        )
        self._site = self._cloud.active_sites[0]
        if days == "bad":
            delays = islice(bad(Random(seed)), LONGEST // self._length)
            for n, delay in enumerate(delays):
                last = self._start(n) + self._length - timedelta(minutes=5)
                self._cloud.set_delay(self._site, last, delay)

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

    def calls(self) -> list[tuple[float, str, int | None]]:
        """Return when which endpoint was asked, and its status."""
        return [
            (entry.at.timestamp(), entry.label, entry.status)
            for entry in self._cloud.requests.entries
        ]

    def prices(self) -> list[tuple[float, float, float, float]]:
        """Return start, end, publication and AUD/kWh of all intervals that are over."""
        told = []
        number = 0
        while (end := self._start(number + 1)) <= self._clock():
            start = self._start(number)
            published = self._cloud.published_at(self._site, start)
            price = self._cloud.per_kwh(self._site, "general", start) / 100
            number += 1
            if published is not None:
                told.append(
                    (
                        start.timestamp(),
                        end.timestamp(),
                        published.timestamp(),
                        price,
                    )
                )
        return told
