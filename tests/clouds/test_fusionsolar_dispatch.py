"""Dispatch tasks of the fake FusionSolar cloud (dossier 2.9 a, 7.8)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from . import Fault
from .conftest import MakeFusion
from .fusionsolar import Action, BatteryMode, Window
from .fusionsolar_bench import NBI, STATUS, A, C, E, F, FusionBench, G, charge

pytestmark = pytest.mark.usefixtures("socket_enabled")

FREE = {"quotas": False}
NIGHT = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)  # midnight in Brisbane


def _powers(bench: FusionBench) -> tuple[float, float]:
    """Return charging and import of A now, W."""
    flow = bench.cloud.plant(A).latest(bench.clock()).flow
    return -flow.battery_w, flow.grid_w


async def test_charge_for_an_hour(make_fusion: MakeFusion) -> None:
    """SoC and import rise as told, the meters count it, and then it is over."""
    bench = await make_fusion(now=NIGHT, behaviour=FREE)
    bench.cloud.set_soc(A, 30)
    before = bench.cloud.plant(A).house.energy
    answer = await bench.dispatch(**charge(minutes=60, power=2000))
    assert (answer["success"], answer["failCode"], answer["message"]) == (True, 0, None)
    request = answer["data"]["requestID"]
    assert request >= 880_000_000_001
    [row] = answer["data"]["result"]
    assert row == {
        "plantCode": A,
        "sn": "TESTINV0001",
        "dispatchResult": 0,
        "subTaskId": row["subTaskId"],
        "description": None,
    }
    assert (await bench.status(request))["status"] == 1
    bench.clock.advance(minutes=20)
    charging, imported = _powers(bench)
    assert charging == pytest.approx(2000)
    assert imported > 2000
    battery, sensor = await bench.real(A, 39), await bench.real(A, 47)
    assert battery["ch_discharge_power"] == 2000.0
    assert battery["ch_discharge_model"] == 1.0
    assert (await bench.real(A, 38))["active_power"] == -2.0
    assert sensor["active_power"] == pytest.approx(-imported, abs=1)
    # Refreshed every three minutes: the 18th of 19 that it has run.
    seen = await bench.status(request)
    assert seen["chargedCapacity"] == pytest.approx(2000 * 17 / 60 / 1000, abs=0.01)
    assert seen["execEndTime"] is None
    bench.clock.advance(minutes=44)
    done = await bench.status(request)
    assert (done["status"], done["dischargedCapacity"]) == (0, 0)
    assert done["chargedCapacity"] == pytest.approx(2.0, abs=0.01)
    assert done["execEndTime"] - done["execStartTime"] == 3_600_000
    energy = bench.cloud.plant(A).house.energy.minus(before)
    assert energy.charged == pytest.approx(2.0, abs=0.01)
    assert energy.imported > 2.0
    assert 47 < bench.cloud.soc(A) < 30 + 2000 * 0.96 / 100 + 0.1
    assert bench.cloud.doing(A).action is Action.AUTO
    bench.clock.advance(minutes=7)
    assert _powers(bench)[0] < 0


async def test_to_a_soc(make_fusion: MakeFusion) -> None:
    """Charge up to it, discharge down to it, and rest where it is already."""
    bench = await make_fusion(now=NIGHT, behaviour=FREE)
    bench.cloud.set_soc(A, 30)
    for switch, target in ((1, 40), (2, 25), (2, 25)):
        sign = 1 if switch == 1 else -1
        answer = await bench.dispatch(
            dispatchSwitch=switch,
            controlType=1,
            targetSOC=target,
            powerDispatch=2500 * sign,
        )
        socs = []
        for _ in range(50):
            bench.clock.advance(minutes=1)
            socs.append(bench.cloud.soc(A))
        status = await bench.status(answer["data"]["requestID"])
        assert status["status"] == 0
        if switch == 1:
            assert max(socs) == pytest.approx(40, abs=0.1)
            assert status["chargedCapacity"] == pytest.approx(1 / 0.96, abs=0.03)
        bench.cloud.set_soc(A, 40 if switch == 1 else 25)
    assert status["dischargedCapacity"] == 0


async def test_discharge_exports(make_fusion: MakeFusion) -> None:
    """Negative power; what the house does not use goes to the grid."""
    bench = await make_fusion(now=NIGHT, behaviour=FREE)
    bench.cloud.set_soc(A, 90)
    task = {"dispatchSwitch": 2, "controlType": 2, "dispatchTime": 30}
    assert (await bench.dispatch(**task, powerDispatch=2500))["failCode"] == 20047
    answer = await bench.dispatch(**task, powerDispatch=-2500)
    bench.clock.advance(minutes=10)
    charging, imported = _powers(bench)
    assert charging == pytest.approx(-2500)
    assert imported < -1500
    assert (await bench.real(A, 47))["active_power"] == pytest.approx(-imported, abs=1)
    bench.clock.advance(minutes=24)
    status = await bench.status(answer["data"]["requestID"])
    assert (status["status"], status["dischargedCapacity"]) == (0, 1.25)


@pytest.mark.parametrize("switch", ["replaces", "refused"])
async def test_stop_and_again(make_fusion: MakeFusion, switch: str) -> None:
    """0 stops what runs; another one replaces it, or must wait."""
    bench = await make_fusion(now=NIGHT, behaviour=FREE | {"dispatch_again": switch})
    bench.cloud.set_soc(A, 30)
    first = (await bench.dispatch(**charge(minutes=120)))["data"]["requestID"]
    bench.clock.advance(minutes=15)
    [shown] = bench.cloud.schedules(A)
    assert (shown["chargeOrDischarge"], shown["power_w"]) == ("charge", 2500)
    again = await bench.dispatch(**charge(minutes=120, power=1000))
    if switch == "refused":
        assert (again["failCode"], again["success"]) == (2, False)
        assert again["data"]["result"][0]["dispatchResult"] == 1
    bench.clock.advance(minutes=15)
    power = 1000 if switch == "replaces" else 2500
    assert _powers(bench)[0] == pytest.approx(power)
    await bench.log_in()
    assert (await bench.dispatch(dispatchSwitch=0))["failCode"] == 0
    bench.clock.advance(minutes=7)
    assert bench.cloud.doing(A).action is Action.AUTO
    assert bench.cloud.schedules(A) == []
    status = await bench.status(first)
    assert (status["status"], status["message"]) == (0, None)
    # Nothing to stop is no error.
    await bench.log_in()
    assert (await bench.dispatch(dispatchSwitch=0))["failCode"] == 0


async def test_dispatch_goes_wrong(make_fusion: MakeFusion) -> None:
    """Refused by the plant, failed, timed out after a day, or never done."""
    bench = await make_fusion(now=NIGHT, behaviour=FREE)
    bench.cloud.next_task(A, "BUSY", "FAILURE", "TIMEOUT")
    refused = await bench.dispatch(**charge())
    assert (refused["failCode"], refused["message"]) == (2, "BUSY")
    failed = (await bench.dispatch(**charge()))["data"]["requestID"]
    stuck = (await bench.dispatch(**charge()))["data"]["requestID"]
    assert (await bench.status(failed))["status"] == 1
    bench.clock.advance(minutes=3)
    assert (await bench.status(failed))["status"] == 2
    bench.clock.advance(hours=20)
    await bench.log_in()
    assert (await bench.status(stuck))["status"] == 1
    bench.clock.advance(hours=5)
    await bench.log_in()
    row = await bench.status(stuck)
    assert (row["status"], row["message"], row["chargedCapacity"]) == (2, "TIMEOUT", 0)
    bench.cloud.faults.add("dispatch", Fault.IGNORED, times=1)
    ignored = (await bench.dispatch(**charge()))["data"]["requestID"]
    bench.clock.advance(minutes=10)
    assert bench.cloud.doing(A).action is Action.AUTO
    bench.clock.advance(minutes=60)
    row = await bench.status(ignored)
    assert (row["status"], row["chargedCapacity"]) == (0, 0)


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ({"dispatchSwitch": 3}, 20040),
        ({}, 20040),
        ({"dispatchSwitch": 1, "powerDispatch": 1000}, 20041),
        ({"dispatchSwitch": 1, "controlType": 1, "powerDispatch": 1000}, 20042),
        (charge() | {"controlType": 1, "targetSOC": 101}, 20042),
        (charge(minutes=0), 20043),
        (charge(minutes=1441), 20043),
        (charge(power=-1000), 20047),
        (charge() | {"powerDispatch": None}, 20047),
        (charge() | {"plantCode": "NE=1"}, 20045),
        (charge() | {"plantCode": G}, 20609),
        (charge() | {"plantCode": C}, 20609),
    ],
)
async def test_bad_dispatch(
    make_fusion: MakeFusion, task: dict[str, Any], code: int
) -> None:
    """Codes 20039 to 20051, and plants that cannot."""
    bench = await make_fusion(fixture=["A", "C", "G"])
    answer = await bench.dispatch(**task)
    assert (answer["failCode"], answer["data"], answer["params"]) == (code, None, None)
    assert bench.cloud.schedules(A) == []


async def test_several_plants_at_once(make_fusion: MakeFusion) -> None:
    """One failCode for all: 1 is partly, 2 is none, with a row for each."""
    bench = await make_fusion(fixture=["A", "E", "F", "G"], behaviour=FREE)
    path = f"{NBI}/v2/control/charge-and-discharge/async-task"
    tasks = [{"plantCode": code, **charge()} for code in (A, E, F)]
    answer = await bench.ask(path, {"tasks": tasks})
    assert (answer["failCode"], len(answer["data"]["result"])) == (0, 3)
    rows = await bench.data(STATUS, {"requestID": answer["data"]["requestID"]})
    assert [row["plantCode"] for row in rows] == [A, E, F]
    tasks[1]["plantCode"] = G
    answer = await bench.ask(path, {"tasks": tasks})
    results = [row["dispatchResult"] for row in answer["data"]["result"]]
    assert (answer["failCode"], answer["success"], results) == (1, False, [0, 1, 0])
    bench.cloud.change(partly_success=True)
    assert (await bench.ask(path, {"tasks": tasks}))["success"] is True
    twice = [tasks[0], tasks[0]]
    assert await bench.code(path, {"tasks": twice}) == 20608
    assert await bench.code(path, {"tasks": []}) == 20607
    assert await bench.code(STATUS, {}) == 20044
    assert await bench.code(STATUS, {"requestID": 1}) == 20050


async def test_nothing_is_undone(make_fusion: MakeFusion) -> None:
    """A dispatch leaves the working mode, and the plant returns to it."""
    bench = await make_fusion(now=NIGHT, behaviour=FREE)
    mode = BatteryMode("TOU", windows=(Window("05:00", "06:00", "discharge", (6,)),))
    bench.cloud.app_set_mode(A, mode)
    bench.cloud.set_soc(A, 30)
    await bench.dispatch(**charge(minutes=30))
    bench.clock.advance(minutes=20)
    assert bench.cloud.doing(A).action is Action.FORCED_CHARGE
    assert bench.cloud.battery_mode(A) == mode
    bench.clock.advance(minutes=20)
    assert bench.cloud.doing(A).action is Action.HOLD
