"""Quotas by plants and devices, kept as sliding windows, over restarts."""

import asyncio
from datetime import timedelta
from itertools import pairwise
import json
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.errors import RateLimited
from custom_components.joulekeeper.vendors.fusionsolar.limits import (
    ALARMS,
    CONTROL,
    DEVICE_HISTORY,
    DEVICE_REAL_TIME,
    DEVICES,
    LOGIN,
    OLD_PLANTS,
    PLANT_PERIODS,
    PLANT_REAL_TIME,
    PLANTS,
    Limiter,
    quotas,
)
from tests.clouds.clock import SetClock

from .conftest import NOW


class Bench:
    """A limiter, a clock that its sleep moves, and what was let through."""

    def __init__(self) -> None:
        """Begin with an account of one plant with three types."""
        self.clock = SetClock(NOW)
        self.limiter = Limiter(self.clock, self.sleep)
        self.limiter.resize(1, {38: 1, 39: 1, 47: 1, 62: 1})
        self.slept = 0.0

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept += seconds
        self.clock.advance(seconds=seconds)

    async def refusal(self, interface: str, key: str = "", **more: Any) -> RateLimited:
        """Return how a call is refused."""
        with pytest.raises(RateLimited) as caught:
            await self.limiter.turn(interface, key, **more)
        return caught.value

    def restart(self) -> None:
        """Forget everything that is not on disk."""
        data = json.loads(json.dumps(self.limiter.as_data()))
        self.limiter = Limiter(self.clock, self.sleep)
        self.limiter.restore(data)
        self.limiter.resize(1, {38: 1, 39: 1, 47: 1, 62: 1})


def calls(plants: int, devices: dict[int, int]) -> dict[str, int]:
    """Return the number of calls of every quota."""
    return {name: quota.calls for name, quota in quotas(plants, devices).items()}


def test_formulas() -> None:
    """The table of dossier section 4, for a home and for a large account."""
    home = calls(1, {62: 1, 38: 1, 39: 1, 47: 1})
    assert (home[PLANTS], home[OLD_PLANTS], home[DEVICES]) == (34, 24, 25)
    assert (home[PLANT_REAL_TIME], home[DEVICE_REAL_TIME]) == (1, 3)
    assert {home[name] for name in PLANT_PERIODS} == {25}
    assert (home[DEVICE_HISTORY], home[ALARMS]) == (27, 3)

    large = calls(250, {38: 201, 39: 100, 47: 11, 62: 200, 46: 4000})
    assert (large[PLANTS], large[DEVICES], large[PLANT_REAL_TIME]) == (54, 27, 3)
    assert (large[DEVICE_REAL_TIME], large[ALARMS]) == (5, 5)
    assert large[DEVICE_HISTORY] == 21 + 10 + 2 + 24

    nothing = calls(0, {})
    assert (nothing[PLANT_REAL_TIME], nothing[DEVICE_REAL_TIME]) == (1, 1)


async def test_real_time_once_per_type_and_window() -> None:
    """A type once in 305 s, though the pool would hold three."""
    bench = Bench()
    await bench.limiter.turn(DEVICE_REAL_TIME, "38")
    error = await bench.refusal(DEVICE_REAL_TIME, "38")
    assert (error.reason, error.retry_after) == ("own_budget", 305)
    await bench.limiter.turn(DEVICE_REAL_TIME, "39")
    await bench.limiter.turn(DEVICE_REAL_TIME, "47")
    # Nor may a type that was not counted spend more than the pool.
    assert (await bench.refusal(DEVICE_REAL_TIME, "17")).retry_after == 305
    bench.clock.advance(seconds=304.9)
    assert bench.limiter.left(DEVICE_REAL_TIME, "38") == 0
    bench.clock.advance(seconds=0.1)
    assert bench.limiter.left(DEVICE_REAL_TIME, "38") == 1
    await bench.limiter.turn(DEVICE_REAL_TIME, "38")


async def test_one_a_minute() -> None:
    """The next call of such an interface waits, one after the other."""
    bench = Bench()
    await asyncio.gather(*(bench.limiter.turn("getKpiStationDay") for _ in range(3)))
    assert bench.slept == 2 * 63
    await bench.limiter.turn("getKpiStationMonth")
    assert bench.slept == 2 * 63


async def test_reserve_is_for_giving_back() -> None:
    """Of 100 orders a day 20 are for restores, over restarts too."""
    bench = Bench()
    for n in range(80):
        assert bench.limiter.left(CONTROL) == 80 - n
        await bench.limiter.turn(CONTROL, "dispatch")
        bench.clock.advance(minutes=1)
    error = await bench.refusal(CONTROL, "dispatch")
    assert error.retry_after == pytest.approx(24 * 3600 + 5 - 80 * 60)
    bench.restart()
    assert bench.limiter.left(CONTROL) == 0
    for _ in range(20):
        await bench.limiter.turn(CONTROL, "dispatch", urgent=True)
    await bench.refusal(CONTROL, "dispatch", urgent=True)


async def test_daily_quotas_survive_restarts() -> None:
    """A restart gives nothing back."""
    bench = Bench()
    for _ in range(25):
        await bench.limiter.turn(DEVICES)
        bench.restart()
    assert (await bench.refusal(DEVICES)).reason == "own_budget"
    bench.clock.advance(days=1)
    await bench.limiter.turn(DEVICES)


async def test_refusals_silence_one_interface() -> None:
    """From five minutes on, twice as long each time; a success ends it."""
    bench = Bench()
    waits = []
    for _ in range(9):
        waits.append(round(bench.limiter.refused(DEVICES)))
        # What was under way together is one refusal.
        assert bench.limiter.refused(DEVICES) == waits[-1]
        assert (await bench.refusal(DEVICES)).reason == "too_frequent"
        await bench.limiter.turn(PLANTS)
        bench.restart()
        assert (await bench.refusal(DEVICES)).retry_after == waits[-1]
        bench.clock.advance(seconds=waits[-1])
    assert waits == [305, 605, 1205, 2405, 4805, 9605, 19205, 21605, 21605]
    bench.limiter.succeeded(DEVICES, await bench.limiter.turn(DEVICES))
    assert bench.limiter.refused(DEVICES) == 305
    # What is asked every five minutes is not left alone for hours.
    for _ in range(6):
        wait = bench.limiter.refused(DEVICE_REAL_TIME)
        bench.clock.advance(seconds=wait)
    assert wait == 1805


async def test_spent_orders_of_one_kind_leave_the_others() -> None:
    """The daily quota may be one of each kind of order."""
    bench = Bench()
    bench.limiter.refused(CONTROL, "dispatch")
    bench.restart()
    await bench.refusal(CONTROL, "dispatch", urgent=True)
    await bench.limiter.turn(CONTROL, "feed_in_limit")


async def test_overload_silences_everything() -> None:
    """For a minute, then for longer."""
    bench = Bench()
    for wait in (60, 120, 240, 480, 900, 900):
        assert bench.limiter.overloaded() == wait
        assert bench.limiter.overloaded() == wait
        for interface in (LOGIN, DEVICES):
            error = await bench.refusal(interface)
            assert (error.reason, error.retry_after) == ("overloaded", wait)
        bench.clock.advance(seconds=wait)
    bench.limiter.succeeded(DEVICES, await bench.limiter.turn(DEVICES))
    await bench.limiter.turn(DEVICES)
    assert bench.limiter.overloaded() == 60


async def test_success_beside_a_refusal_ends_nothing() -> None:
    """What was under way when a call was refused tells nothing of later ones."""
    bench = Bench()
    limiter = bench.limiter

    async def three() -> dict[str, int]:
        kinds = ("38", "39", "47")
        booked = [limiter.turn(DEVICE_REAL_TIME, kind) for kind in kinds]
        return dict(zip(kinds, await asyncio.gather(*booked), strict=True))

    for wait in (305, 605, 1205):
        booked = await three()
        # One of them comes before the refusal, another one after it.
        limiter.succeeded(DEVICE_REAL_TIME, booked["38"], "38")
        assert limiter.refused(DEVICE_REAL_TIME, "39") == wait
        limiter.succeeded(DEVICE_REAL_TIME, booked["47"], "47")
        assert (await bench.refusal(DEVICE_REAL_TIME)).retry_after == wait
        bench.clock.advance(seconds=wait)
    limiter.succeeded(DEVICE_REAL_TIME, (await three())["39"], "39")
    assert limiter.refused(DEVICE_REAL_TIME, "39") == 305

    beside = await limiter.turn(ALARMS)
    assert limiter.refused(ALARMS) == 305
    limiter.succeeded(ALARMS, beside)
    assert (await bench.refusal(ALARMS)).reason == "too_frequent"

    bench.clock.advance(seconds=305)
    booked = await three()
    assert limiter.overloaded() == 60
    limiter.succeeded(DEVICE_REAL_TIME, booked["47"], "47")
    assert (await bench.refusal(PLANTS)).reason == "overloaded"


async def test_clock_that_jumps() -> None:
    """A clock set back by years silences nothing for years; forward, nothing breaks."""
    bench = Bench()
    await bench.limiter.turn(PLANT_REAL_TIME)
    bench.limiter.refused(DEVICES)
    bench.clock.set(NOW - timedelta(days=900))
    await bench.limiter.turn(PLANT_REAL_TIME)
    wait, _ = bench.limiter.wait(DEVICES)
    assert wait <= timedelta(hours=7)
    bench.restart()
    bench.clock.set(NOW)
    await bench.limiter.turn(PLANT_REAL_TIME)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_odd_data(spent: Any, silent: Any) -> None:
    """Whatever a file holds, a day later there are calls again."""
    bench = Bench()
    names = [DEVICES, CONTROL, ""]
    bench.limiter.restore(
        {"spent": dict.fromkeys(names, spent), "silent": dict.fromkeys(names, silent)}
    )
    bench.limiter.restore({"spent": spent, "silent": silent})
    bench.limiter.restore(spent)
    bench.clock.advance(days=4)
    assert bench.limiter.left(DEVICES) == 25
    assert bench.limiter.left(CONTROL) == 80


STEPS = st.lists(
    st.tuples(
        st.sampled_from([DEVICES, PLANTS, PLANT_REAL_TIME, ALARMS, LOGIN]),
        st.floats(0, 4000),
        st.booleans(),
    ),
    max_size=120,
)


@given(STEPS)
def test_no_window_holds_more(steps: list[tuple[str, float, bool]]) -> None:
    """However calls and restarts are spread, no sliding window is above its quota."""

    async def run() -> dict[str, list[float]]:
        bench = Bench()
        made: dict[str, list[float]] = {}
        for interface, pause, restarts in steps:
            bench.clock.advance(seconds=pause)
            if restarts:
                bench.restart()
            try:
                await bench.limiter.turn(interface)
            except RateLimited as error:
                # What was told to wait for is enough.
                await bench.sleep(error.retry_after or 0.0)
                await bench.limiter.turn(interface)
            made.setdefault(interface, []).append((bench.clock() - NOW).total_seconds())
        return made

    for interface, times in asyncio.run(run()).items():
        quota = quotas(1, {38: 1, 39: 1, 47: 1})[interface]
        window, gap = quota.window.total_seconds(), quota.gap.total_seconds()
        for start in times:
            inside = sum(start <= t <= start + window for t in times)
            assert inside <= quota.calls
        assert all(b - a >= gap - 1e-6 for a, b in pairwise(times))
