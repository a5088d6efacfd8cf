"""One limiter for all calls of an account."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import RateLimited, TransientError
from custom_components.joulekeeper.vendors.alphaess.client import AlphaEssClient
from custom_components.joulekeeper.vendors.alphaess.pace import Pace

from .conftest import MakeBench


class Time:
    """A clock that only sleep moves."""

    def __init__(self) -> None:
        """Begin somewhere."""
        self.now = 1000.0
        self.begun: list[float] = []

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def pace(self) -> Pace:
        """Return a limiter that lives in this time."""
        return Pace(self, self.sleep)

    async def call(self, pace: Pace, error: Exception | None = None) -> None:
        """Make a call."""
        async with pace.turn():
            self.begun.append(self.now)
            if error is not None:
                raise error


async def refuse(time: Time, pace: Pace) -> float:
    """Make a call that is refused; return for how long the limiter is silent."""
    with pytest.raises(RateLimited) as caught:
        await time.call(pace, RateLimited("6053"))
    assert caught.value.retry_after is not None
    return caught.value.retry_after


async def test_calls_begin_one_second_apart() -> None:
    """The first goes at once, the others wait for their turn."""
    time = Time()
    pace = time.pace()
    await asyncio.gather(*(time.call(pace) for _ in range(4)))
    assert time.begun == [1000, 1001, 1002, 1003]
    time.now = 2000
    await time.call(pace)
    assert time.begun[-1] == 2000


async def test_a_call_that_hangs_delays_nobody() -> None:
    """Only beginnings are apart."""
    time = Time()
    pace = time.pace()
    async with pace.turn():
        await asyncio.wait_for(time.call(pace), 1)
    assert time.begun == [1001]


async def test_set_up_goes_at_once() -> None:
    """What was allowed begins together, once."""
    time = Time()
    pace = time.pace()
    pace.allow_at_once(3)
    await asyncio.gather(*(time.call(pace) for _ in range(5)))
    assert time.begun == [1000, 1000, 1000, 1000, 1001]


async def test_silences_grow_until_a_call_succeeds() -> None:
    """60, 120, 300, 300 s; and 10 s between calls for an hour."""
    time = Time()
    pace = time.pace()
    for silence in (60, 120, 300, 300):
        assert await refuse(time, pace) == silence
        with pytest.raises(RateLimited) as caught:
            await time.call(pace)
        assert caught.value.retry_after == silence
        assert caught.value.reason == "throttled"
        time.now += silence
    await asyncio.gather(*(time.call(pace) for _ in range(3)))
    begun = time.begun[-3:]
    assert [later - begun[0] for later in begun] == [0, 10, 20]
    assert await refuse(time, pace) == 60

    time.now += 2 * 3600
    begin = time.now
    await asyncio.gather(*(time.call(pace) for _ in range(3)))
    assert time.begun[-3:] == [begin, begin + 1, begin + 2]


async def test_refusals_of_one_moment_are_one() -> None:
    """Calls that were under way together do not lengthen the silence."""
    time = Time()
    pace = time.pace()
    pace.allow_at_once(4)
    started = asyncio.Event()

    async def late() -> None:
        async with pace.turn():
            await started.wait()
            raise RateLimited("6053")

    tasks = [asyncio.create_task(late()) for _ in range(3)]
    await asyncio.sleep(0)
    started.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(item, "retry_after", None) for item in results] == [60, 60, 60]
    with pytest.raises(RateLimited):
        await time.call(pace)
    assert time.begun == []


async def test_other_errors_are_no_refusal() -> None:
    """An outage neither silences nor spaces anything."""
    time = Time()
    pace = time.pace()
    with pytest.raises(TransientError):
        await time.call(pace, TransientError("502"))
    await time.call(pace)
    assert time.begun == [1000, 1001]


async def test_client_keeps_the_pace(make_bench: MakeBench) -> None:
    """Every call of a client with a limiter goes through it."""
    bench = await make_bench(fixture="D")
    time = Time()
    client = AlphaEssClient(bench.connection(), time.pace())
    serial = bench.cloud.serials[0]
    calls: tuple[Callable[..., Awaitable[Any]], ...] = (
        client.live_power,
        client.summary,
        client.charge_settings,
    )
    await client.systems()
    for call in calls:
        await call(serial)
    assert time.now == 1003
    # The cloud minds its own pace too.
    bench.cloud.change(call_gap_s=10.0)
    with pytest.raises(RateLimited) as caught:
        await client.systems()
    assert caught.value.retry_after == 60
    before = bench.cloud.requests.total
    with pytest.raises(RateLimited):
        await client.summary(serial)
    assert bench.cloud.requests.total == before
