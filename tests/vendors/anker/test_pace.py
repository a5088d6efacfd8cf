"""Pacing: ten calls a minute of each endpoint, writes first (dossier 3.3)."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from aiohttp import ClientSession
import pytest

from custom_components.joulekeeper.core.errors import RateLimited
from custom_components.joulekeeper.vendors.anker import pace as pace_module
from custom_components.joulekeeper.vendors.anker.pace import Pace, shared_pace
from tests.clouds.clock import SetClock

from .conftest import OpenCloud

START = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)


class Simulation:
    """Time that passes while everybody sleeps."""

    def __init__(self) -> None:
        """Begin at the start."""
        self.clock = SetClock(START)
        self.pace = Pace(self.clock, self.sleep)
        self.done: list[tuple[float, str]] = []
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []
        self._number = 0

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return (self.clock() - START).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Sleep until the simulation gets there."""
        self._number += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleeping.append((self.now + seconds, self._number, future))
        await future

    async def call(
        self, label: str, *, urgent: bool = False, at_once: bool = False
    ) -> None:
        """Make a call."""
        await self.pace.turn(label, urgent=urgent, at_once=at_once)
        self.done.append((self.now, label))

    async def run(self, until: float) -> None:
        """Let time pass, from one waking to the next."""
        while True:
            for _ in range(5):
                await asyncio.sleep(0)
            self._sleeping.sort(key=lambda item: item[:2])
            if not self._sleeping or self._sleeping[0][0] > until:
                break
            at, _, future = self._sleeping.pop(0)
            self.clock.set(START + timedelta(seconds=at))
            if not future.done():
                future.set_result(None)
        self.clock.set(START + timedelta(seconds=until))


@pytest.fixture
async def simulation() -> Simulation:
    """Return a simulation at its start."""
    return Simulation()


def most_in(seconds: float, times: list[float]) -> int:
    """Return the most calls in any span."""
    return max(
        sum(start <= other < start + seconds for other in times) for start in times
    )


async def test_an_hour_of_greed(simulation: Simulation) -> None:
    """Whoever asks how often: never more than ten in 60 s, nor two within 0.3 s."""
    labels = ("get_scen_info", "get_wifi_info_list")

    async def ask(label: str) -> None:
        with suppress(RateLimited):
            await simulation.call(label)

    tasks = []
    for second in range(0, 3600, 5):
        tasks += [asyncio.create_task(ask(label)) for label in labels]
        await simulation.run(second + 5)
    await simulation.run(3700)
    for label in labels:
        times = [at for at, name in simulation.done if name == label]
        assert most_in(60, times) == 10
        assert len(times) >= 500
    everything = sorted(at for at, _ in simulation.done)
    gaps = [later - earlier for earlier, later in pairwise(everything)]
    assert min(gaps) >= pace_module.SPACING_S - 1e-3
    await asyncio.gather(*tasks)


async def test_writes_go_first(simulation: Simulation) -> None:
    """Of all that wait for their turn, in their own order."""
    reads = [asyncio.create_task(simulation.call(f"read{n}")) for n in range(6)]
    await asyncio.sleep(0)
    writes = [
        asyncio.create_task(simulation.call(f"write{n}", urgent=True)) for n in (1, 2)
    ]
    await simulation.run(10)
    await asyncio.gather(*reads, *writes)
    order = [label for _, label in simulation.done]
    assert order == [
        "read0",
        "write1",
        "write2",
        *(f"read{n}" for n in range(1, 6)),
    ]
    assert simulation.done[-1][0] == pytest.approx(7 * 0.3, abs=0.01)


async def taken(simulation: Simulation, label: str, calls: int) -> None:
    """Make as many calls as may be made now."""
    for _ in range(calls):
        await simulation.call(label, at_once=True)
    with pytest.raises(RateLimited):
        await simulation.call(label, at_once=True)


async def test_writes_wait_for_their_window(simulation: Simulation) -> None:
    """A read is told to come again; a write waits, for nobody comes again for it."""
    for _ in range(10):
        await simulation.call("set", at_once=True)
    with pytest.raises(RateLimited) as caught:
        await simulation.call("set")
    assert caught.value.retry_after == pytest.approx(61)
    write = asyncio.create_task(simulation.call("set", urgent=True))
    await simulation.run(62)
    await write
    assert simulation.done[-1] == (pytest.approx(61, abs=0.1), "set")
    await taken(simulation, "set", 9)


async def test_at_once(simulation: Simulation) -> None:
    """What set-up needs at once begins at once, and counts all the same."""
    for _ in range(5):
        await simulation.call("get_scen_info", at_once=True)
    assert simulation.now == 0
    await taken(simulation, "get_scen_info", 5)


async def test_a_clock_that_stands(simulation: Simulation) -> None:
    """What was slept has passed, also where tests or people stop the clock."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    pace = Pace(lambda: START, sleep)
    for _ in range(10):
        await pace.turn("get_scen_info")
    assert slept == pytest.approx([0.3] * 9)
    await pace.turn("get_scen_info", urgent=True)
    assert sum(slept) == pytest.approx(61, abs=0.1)


async def test_a_clock_that_is_set_back(simulation: Simulation) -> None:
    """It stops nothing for the time by which it was wrong."""
    for _ in range(10):
        await simulation.call("get_scen_info", at_once=True)
    simulation.pace.refused("get_scen_info")
    simulation.clock.set(START - timedelta(days=3))
    task = asyncio.create_task(simulation.call("get_scen_info"))
    await asyncio.sleep(0)
    await simulation.run(simulation.now + 1)
    await task


async def test_one_count_for_all_accounts(session: ClientSession) -> None:
    """They share the address that the cloud counts by; servers are told apart."""
    clock = SetClock(START)
    eu = shared_pace(session, "https://eu.invalid", clock)
    assert shared_pace(session, "https://eu.invalid", clock) is eu
    assert shared_pace(session, "https://com.invalid", clock) is not eu
    async with ClientSession() as other:
        assert shared_pace(other, "https://eu.invalid", clock) is not eu


async def test_two_greedy_accounts_at_the_fake(open_cloud: OpenCloud) -> None:
    """The fake counts by address, and has nothing to refuse."""
    bench, cloud = await open_cloud(fixture=("A", "C"))
    owner = bench.client()
    bench.disk.text = "null"
    member = bench.client(**cloud.credentials_of(cloud.member))
    sites = {owner: await owner.sites(), member: await member.sites()}
    for _ in range(40):
        for client, found in sites.items():
            with suppress(RateLimited):
                await client.scene(found[0].id)
        bench.clock.advance(seconds=1)
    assert not cloud.over_limit
    assert 8 <= cloud.calls_per_minute("scene_info") <= 10


async def test_live_values_soon(open_cloud: OpenCloud) -> None:
    """With a token, five systems are there within 1.2 s at 200 ms a call."""
    bench, _ = await open_cloud()
    await bench.client().sites()
    bench.clock.advance(minutes=2)
    bench.slept.clear()
    client = bench.client()
    sites = await client.sites()
    client.allow_at_once(len(sites))
    await asyncio.gather(*(client.scene(site.id) for site in sites))
    assert sum(bench.slept) + 2 * 0.2 <= 1.2
    assert len(sites) == 4
