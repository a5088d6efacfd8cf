"""The fault menu and the request log, on the fake Redback cloud."""

import asyncio
from datetime import datetime, timedelta

from aiohttp import ClientError, ClientPayloadError, ClientTimeout
import pytest

from . import Fault
from .conftest import DYNAMIC, LIST, A, MakeBench

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_faults_of_the_answer(make_bench: MakeBench) -> None:
    """Each fault does what its name says, as often as asked, and is logged."""
    bench = await make_bench()
    bench.cloud.requests.clear()
    add = bench.cloud.faults.add

    fault = add("dynamic", Fault.STATUS, status=502, times=2)
    statuses = [(await bench.ask("GET", DYNAMIC))[0] for _ in range(3)]
    assert statuses == [502, 502, 200]
    assert fault.hits == 2
    assert bench.cloud.requests.statuses("dynamic") == statuses
    assert bench.cloud.requests.counts() == {"dynamic": 3}

    add("dynamic", Fault.EXPIRED_TOKEN, times=1)
    assert (await bench.ask("GET", DYNAMIC))[0] == 401
    add(r"GET /Api/v2\.21/", Fault.HTML, times=1)
    status, page = await bench.ask("GET", DYNAMIC)
    assert status == 200
    assert page.startswith("<!DOCTYPE html>")
    add("dynamic", Fault.NULL, times=1)
    assert (await bench.ask("GET", DYNAMIC))[1] == {"Data": None}
    add("dynamic", Fault.WRONG_TYPE, path=["Data", "PVs"], times=1)
    assert (await bench.data(DYNAMIC))["PVs"] == "unexpected"
    add("dynamic", Fault.BROKEN_JSON, times=1)
    with pytest.raises(ValueError):
        await bench.ask("GET", DYNAMIC)
    add("dynamic", Fault.CUT, times=1)
    with pytest.raises(ClientPayloadError):
        await bench.ask("GET", DYNAMIC)
    add("*", Fault.THROTTLE, retry_after=17, times=1)
    async with bench.session.get(bench.cloud.base_url + DYNAMIC) as response:
        assert (response.status, response.headers["Retry-After"]) == (429, "17")

    bench.cloud.faults.clock_skew = timedelta(seconds=90)
    skewed = datetime.fromisoformat((await bench.data(DYNAMIC))["TimestampUtc"])
    bench.cloud.faults.clear()
    true = datetime.fromisoformat((await bench.data(DYNAMIC))["TimestampUtc"])
    assert skewed - true == timedelta(seconds=90)


@pytest.mark.parametrize("kind", [Fault.DROP, Fault.HANG])
@pytest.mark.parametrize("done", [True, False])
async def test_lost_answers(make_bench: MakeBench, kind: Fault, done: bool) -> None:
    """A create without an answer may have worked or not."""
    bench = await make_bench()
    bench.cloud.faults.add("schedule_create", kind, done=done, times=1)
    with pytest.raises((ClientError, TimeoutError)):
        await asyncio.wait_for(bench.create(), 0.3)
    assert len(bench.cloud.schedules(A)) == int(done)
    assert (await bench.create())[0] == 200


async def test_faults_of_meaning(make_bench: MakeBench) -> None:
    """Accepted but ignored, shown late, edited by others, refused connections."""
    bench = await make_bench()
    add = bench.cloud.faults.add
    add("schedule_create", Fault.IGNORED, times=1)
    assert (await bench.create())[0] == 200
    assert bench.cloud.schedules(A) == []
    add("schedule_create", Fault.IGNORED, listed=True, times=1)
    await bench.create()
    bench.to_tick()
    assert await bench.mode() == "Auto"
    (item,) = bench.cloud.schedules(A)

    add(
        "schedules",
        Fault.FOREIGN_EDIT,
        action=lambda: bench.cloud.remove_schedule(A, item["ScheduleId"]),
        times=1,
    )
    assert (await bench.data(LIST))["Schedules"] == []
    add("schedule_create", Fault.LATE, seconds=20, times=1)
    await bench.create()
    assert (await bench.data(LIST))["Schedules"] == []
    bench.clock.advance(seconds=20)
    assert len((await bench.data(LIST))["Schedules"]) == 1

    await bench.cloud.refuse()
    with pytest.raises(ClientError):
        await bench.ask("GET", LIST, timeout=ClientTimeout(2))
    await bench.cloud.accept()
    assert (await bench.ask("GET", LIST))[0] == 200


async def test_latency_and_depth(make_bench: MakeBench) -> None:
    """Requests at the same time count as one round trip."""
    bench = await make_bench(latency=0.02)
    bench.cloud.requests.clear()
    await bench.ask("GET", "/Api/v2/EnergyData")
    await asyncio.gather(*(bench.ask("GET", DYNAMIC) for _ in range(4)))
    assert bench.cloud.requests.total == 5
    assert bench.cloud.requests.sequential_depth() == 2
