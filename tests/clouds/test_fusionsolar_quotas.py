"""Quotas of the fake FusionSolar cloud (dossier 4, 7.7)."""

from typing import Any

import pytest

from .conftest import MakeFusion
from .fusionsolar_bench import A, FusionBench, charge, ms

pytestmark = pytest.mark.usefixtures("socket_enabled")


def _body(bench: FusionBench, label: str) -> dict[str, Any]:
    """Return good arguments of a call about plant A."""
    now = ms(bench.clock())
    body: dict[str, Any] = {"stationCodes": A}
    if label == "stations":
        return {"pageNo": 1}
    if "Dev" in label and label != "getDevList":
        body = {"devIds": "1000000071000013", "devTypeId": 39}
    if label == "getAlarmList":
        body |= {"beginTime": 0, "endTime": now, "language": "en_US"}
    if label == "getDevHistoryKpi":
        body |= {"startTime": now - 3_600_000, "endTime": now}
    return body | {"collectTime": now}


async def _accepted(bench: FusionBench, label: str, step_s: float) -> int:
    """Return how many calls are let in, `step_s` apart, until one is not."""
    for count in range(60):
        answer = await bench.ask(label, _body(bench, label))
        if answer["failCode"] == 305:
            await bench.log_in()
            answer = await bench.ask(label, _body(bench, label))
        if answer["failCode"] == 407:
            return count
        assert answer["failCode"] == 0, answer
        bench.clock.advance(seconds=step_s)
    return 60


# P = 1; types 38, 39 and 47 with one device each. The dongle does not count.
@pytest.mark.parametrize(
    ("label", "calls", "step_s", "span_s"),
    [
        ("stations", 34, 1, 86400),
        ("getStationList", 24, 61, 86400),
        ("getStationRealKpi", 1, 1, 300),
        ("getKpiStationHour", 25, 61, 86400),
        ("getKpiStationDay", 25, 61, 86400),
        ("getKpiStationMonth", 25, 61, 86400),
        ("getKpiStationYear", 25, 61, 86400),
        ("getDevList", 25, 61, 86400),
        ("getDevRealKpi", 3, 1, 300),
        ("getDevHistoryKpi", 27, 61, 86400),
        ("getDevFiveMinutes", 27, 1, 86400),
        ("getDevKpiDay", 27, 61, 86400),
        ("getDevKpiMonth", 27, 61, 86400),
        ("getDevKpiYear", 27, 61, 86400),
        ("getAlarmList", 3, 1, 1800),
    ],
)
async def test_limit_of_each_interface(
    make_fusion: MakeFusion, label: str, calls: int, step_s: float, span_s: float
) -> None:
    """So many calls, then 407 until the first is older than the window."""
    bench = await make_fusion()
    bench.cloud.accounts[0].old = True
    begin = bench.clock()
    assert await _accepted(bench, label, step_s) == calls
    assert bench.cloud.accounts[0].quotas.used(label, bench.clock()) == calls
    # To the very end of the window, which is still inside.
    bench.clock.advance(seconds=span_s - (bench.clock() - begin).total_seconds())
    await bench.log_in()
    assert await bench.code(label, _body(bench, label)) == 407
    bench.clock.advance(seconds=1)
    assert await bench.code(label, _body(bench, label)) == 0
    assert bench.cloud.over_quota == {label: 2}


async def test_calls_apart_by_a_minute(make_fusion: MakeFusion) -> None:
    """The same interface not twice in a minute, others at will (4)."""
    bench = await make_fusion()
    for label in ("getKpiStationDay", "getKpiStationMonth", "getDevList"):
        assert await bench.code(label, _body(bench, label)) == 0
        bench.clock.advance(seconds=60)
        assert await bench.code(label, _body(bench, label)) == 407
        bench.clock.advance(seconds=1)
        assert await bench.code(label, _body(bench, label)) == 0
    bench.cloud.change(one_per_minute=False)
    assert await bench.code("getDevList", _body(bench, "getDevList")) == 0


async def test_more_devices_more_calls(make_fusion: MakeFusion) -> None:
    """105 plants make two calls of plants and of their one type (4)."""
    bench = await make_fusion(fixture=["many", "A"])
    quotas = bench.cloud.accounts[0].quotas
    limits = {
        "stations": 44,
        "getStationRealKpi": 2,
        "getDevList": 26,
        # 106 of type 38, one of 39, one of 47.
        "getDevRealKpi": 4,
        "getDevHistoryKpi": 11 + 1 + 1 + 24,
        "getDevKpiDay": 28,
        "getAlarmList": 4,
        "getStationList": 24,
    }
    found = {label: quotas.limit(label) for label in limits}
    assert {k: v and v.calls for k, v in found.items()} == limits
    assert quotas.limit("dispatch") is None
    # Both batches of plants may go at once.
    assert await _accepted(bench, "getStationRealKpi", 0) == 2


async def test_one_pool_or_one_by_type(make_fusion: MakeFusion) -> None:
    """Which of both is not known: three calls of one type tell (4)."""
    bench = await make_fusion()
    assert await _accepted(bench, "getDevRealKpi", 1) == 3
    bench.clock.advance(seconds=301)
    bench.cloud.change(device_quota="per_type")
    assert await _accepted(bench, "getDevRealKpi", 1) == 1
    for kind in (38, 47):
        assert await bench.real(A, kind)


async def test_the_account_is_shared(make_fusion: MakeFusion) -> None:
    """Another customer's calls count, and refused ones may."""
    bench = await make_fusion()
    bench.cloud.spend("getDevRealKpi", 2)
    assert await _accepted(bench, "getDevRealKpi", 1) == 1
    bench.cloud.change(refused_counts=True)
    for _ in range(4):
        bench.clock.advance(seconds=90)
        assert await bench.code("getDevRealKpi", _body(bench, "getDevRealKpi")) == 407
    bench.cloud.change(quotas=False)
    assert await _accepted(bench, "getDevRealKpi", 1) == 60


async def test_window_may_be_fixed(make_fusion: MakeFusion) -> None:
    """Then a new one begins by the clock (4)."""
    bench = await make_fusion(behaviour={"quota_window": "fixed"})
    bench.clock.advance(seconds=290)
    assert await _accepted(bench, "getDevRealKpi", 1) == 3
    bench.clock.advance(seconds=7)
    assert await _accepted(bench, "getDevRealKpi", 1) == 3


@pytest.mark.parametrize(("switch", "other"), [("pooled", 20618), ("per_interface", 2)])
async def test_daily_maximum_of_control(
    make_fusion: MakeFusion, switch: str, other: int
) -> None:
    """20618 after so many deliveries; a status is none."""
    bench = await make_fusion(behaviour={"control_per_day": 3, "control_quota": switch})
    answers = [await bench.dispatch(**charge()) for _ in range(3)]
    for answer in answers:
        await bench.status(answer["data"]["requestID"])
    refused = await bench.dispatch(dispatchSwitch=0)
    assert (refused["failCode"], refused["success"]) == (20618, False)
    # The value is set already: 2 tells that it came through.
    assert (await bench.start("activePower", controlMode="0"))["failCode"] == other
    bench.clock.advance(days=1, seconds=1)
    await bench.log_in()
    assert (await bench.dispatch(dispatchSwitch=0))["failCode"] == 0
