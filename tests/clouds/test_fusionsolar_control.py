"""Settings of the fake FusionSolar cloud, and what they do (dossier 2.9 b to e, 7.8)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from . import Fault
from .conftest import MakeFusion
from .fusionsolar import Action, BatteryMode, FeedIn, Window
from .fusionsolar_bench import NBI, A, E, FusionBench, G, tou, window

pytestmark = pytest.mark.usefixtures("socket_enabled")

FREE = {"quotas": False}
NIGHT = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)  # midnight in Brisbane
READ_MODE = f"{NBI}/v1/configuration/battery-mode"
READ_FEED_IN = f"{NBI}/v1/configuration/active-power-control-mode"
RUNNING, SUCCESS, FAIL = "RUNNING", "SUCCESS", "FAIL"


def _powers(bench: FusionBench) -> tuple[float, float]:
    """Return charging and import of A now, W."""
    flow = bench.cloud.plant(A).latest(bench.clock()).flow
    return -flow.battery_w, flow.grid_w


async def _finished(bench: FusionBench, label: str, answer: Any) -> str:
    """Return the status of a task after its time."""
    assert answer["failCode"] == 0, answer
    bench.clock.advance(minutes=2)
    info = await bench.info(label, answer["data"]["taskId"])
    return str(info["dispatchResult"][0]["status"])


# -- working mode -----------------------------------------------------------------


async def test_tou_from_task_to_battery(make_fusion: MakeFusion) -> None:
    """RUNNING, SUCCESS, read back, and obeyed by the plant's clock and weekday."""
    bench = await make_fusion(now=NIGHT, behaviour=FREE)
    bench.cloud.set_soc(A, 40)
    assert await bench.data(READ_MODE, {"plantCode": A}) == {
        "plantCode": A,
        "operationMode": "maximumSelfConsumption",
        "touOperationModeParamDetail": None,
    }
    # NIGHT begins a Saturday.
    task = tou(
        window("01:00", "03:00", "charge"),
        window("17:00", "21:00", "discharge", 1, 2, 3, 4, 5, 6),
    )
    answer = await bench.start("batteryMode", **task)
    task_id = answer["data"]["taskId"]
    assert len(task_id) == 16
    assert answer["data"]["result"] == [
        {"plantCode": A, "status": RUNNING, "message": None}
    ]
    info = await bench.info("batteryMode", task_id)
    assert info == {
        "dispatchResult": [
            {"plantCode": A, "status": RUNNING, "message": None, **task}
        ],
        "startTime": "2026-11-21T00:00:00+10:00",
        "endTime": None,
    }
    bench.clock.advance(seconds=59)
    assert bench.cloud.battery_mode(A) == BatteryMode()
    bench.clock.advance(seconds=1)
    info = await bench.info("batteryMode", task_id)
    assert info["dispatchResult"][0]["status"] == SUCCESS
    assert info["endTime"] == "2026-11-21T00:01:00+10:00"
    read = await bench.data(READ_MODE, {"plantCode": A})
    del task["operationMode"]
    assert read["touOperationModeParamDetail"] == task
    assert bench.cloud.schedules(A) == task["chargingAndDischargingTimeWindow"]
    does = {}
    for hour, minute in ((0, 30), (1, 0), (2, 59), (3, 0), (16, 59), (17, 0), (21, 0)):
        bench.to_local(hour, minute)
        does[hour, minute] = bench.cloud.doing(A).action
        if hour == 2:
            assert _powers(bench)[0] == pytest.approx(2000)
            assert _powers(bench)[1] > 2000
    hold, auto = Action.HOLD, Action.AUTO
    assert list(does.values()) == [
        *(hold, Action.CHARGE, Action.CHARGE, hold),
        *(hold, auto, hold),
    ]
    bench.to_local(18)  # Sunday
    assert bench.cloud.doing(A).action is hold
    await bench.log_in()
    answer = await bench.start("batteryMode", operationMode="maximumSelfConsumption")
    assert await _finished(bench, "batteryMode", answer) == SUCCESS
    assert bench.cloud.doing(A).action is auto


async def test_tou_another_way(make_fusion: MakeFusion) -> None:
    """What discharge means, and what is outside of windows, as switches."""
    bench = await make_fusion(now=NIGHT, behaviour=FREE)
    bench.cloud.set_soc(A, 60)
    mode = BatteryMode("TOU", windows=(Window("00:00", "02:00", "discharge", (6,)),))
    bench.cloud.app_set_mode(A, mode)
    bench.cloud.change(tou_discharge="forced", tou_outside="self_use")
    bench.to_local(1)
    assert _powers(bench)[0] == pytest.approx(-2500)
    bench.to_local(2, 10)
    assert bench.cloud.doing(A).action is Action.AUTO
    bench.cloud.app_set_mode(A, BatteryMode("TOU", "fedToGridPreference"))
    bench.to_local(10)
    assert _powers(bench)[0] == 0
    bench.cloud.app_set_mode(A, BatteryMode("fullyFidToGrid"))
    bench.to_local(12)
    assert (await bench.data(READ_MODE, {"plantCode": A}))["operationMode"] == (
        "fullyFidToGrid"
    )
    assert _powers(bench)[0] <= 0


@pytest.mark.parametrize(
    ("task", "code"),
    [
        ({"operationMode": "other"}, 20611),
        ({}, 20612),
        (
            tou(window("01:00", "05:00", "charge"), window("04:00", "06:00", "charge")),
            20611,
        ),
        (tou(window("01:00", "24:00", "charge")), 20611),
        (tou(window("1:00", "05:00", "charge")), 20611),
        (tou(window("05:00", "01:00", "charge")), 20611),
        (tou(window("01:00", "05:00", "hold")), 20611),
        (tou(window("01:00", "05:00", "charge", 0)), 20611),
        (
            tou(*(window(f"{n:02d}:00", f"{n:02d}:30", "charge") for n in range(15))),
            20611,
        ),
        (tou(allowedAcChargePower=31), 20611),
        (tou(allowedAcChargePower=None), 20612),
        (tou(redundantPVEnergyPriority="none"), 20611),
        (tou(chargingAndDischargingTimeWindow=None), 20612),
        (tou() | {"plantCode": G}, 20609),
        (tou() | {"plantCode": E, "allowedAcChargePower": 50}, 0),
    ],
)
async def test_bad_mode(
    make_fusion: MakeFusion, task: dict[str, Any], code: int
) -> None:
    """Ranges by controller, windows and their clock (2.9 b, 7.8)."""
    bench = await make_fusion(fixture=["A", "E", "G"])
    assert (await bench.start("batteryMode", **task))["failCode"] == code
    bench.clock.advance(minutes=2)
    assert bench.cloud.battery_mode(A) == BatteryMode()


async def test_windows_of_other_days_do_not_overlap(make_fusion: MakeFusion) -> None:
    """The same hours on other days are fine, and so is an end that is a start."""
    bench = await make_fusion()
    task = tou(
        window("01:00", "05:00", "charge", 1, 2),
        window("01:00", "05:00", "discharge", 3),
        window("05:00", "23:59", "discharge", 1, 2, 3),
    )
    assert (await bench.start("batteryMode", **task))["failCode"] == 0


async def test_tasks_that_fail(make_fusion: MakeFusion) -> None:
    """BUSY, TIMEOUT and the like, a second one while the first runs, and no effect."""
    bench = await make_fusion(behaviour=FREE)
    cloud = bench.cloud
    cloud.next_task(A, "BUSY", "TIMEOUT", "INVALID")
    for message in ("BUSY", "TIMEOUT", "INVALID"):
        answer = await bench.start("batteryMode", **tou())
        bench.clock.advance(minutes=1)
        info = await bench.info("batteryMode", answer["data"]["taskId"])
        [row] = info["dispatchResult"]
        assert (row["status"], row["message"]) == (FAIL, message)
    assert cloud.battery_mode(A) == BatteryMode()
    cloud.faults.add("batteryMode", Fault.IGNORED, times=1)
    answer = await bench.start("batteryMode", **tou())
    assert await _finished(bench, "batteryMode", answer) == SUCCESS
    assert cloud.battery_mode(A) == BatteryMode()
    cloud.faults.add("batteryMode", Fault.LATE, seconds=600, times=1)
    first = await bench.start("batteryMode", **tou())
    second = await bench.start("batteryMode", **tou())
    assert (second["failCode"], second["success"]) == (2, False)
    [row] = second["data"]["result"]
    assert (row["status"], "20615" in row["message"]) == (FAIL, True)
    # A task of another kind does not wait.
    other = await bench.start(
        "batteryConfiguration", batteryConfigurationInfo={"endOfDischargeSoc": 15}
    )
    assert other["failCode"] == 0
    cloud.change(task_running=20615)
    assert (await bench.start("batteryMode", **tou()))["failCode"] == 20615
    assert await _finished(bench, "batteryMode", first) == RUNNING
    bench.clock.advance(minutes=10)
    assert cloud.battery_mode(A).operation == "TOU"
    info = f"{NBI}/v1/control/battery/mode/task-info"
    assert await bench.code(info, {}) == 20616
    assert await bench.code(info, {"taskId": "a1b2c3d4e5f60718"}) == 20620
    configuration = {"taskId": other["data"]["taskId"]}
    assert await bench.code(info, configuration) == 20620
    cloud.set_online(A, False)
    assert (await bench.start("batteryMode", **tou()))["failCode"] == 20614


# -- limits -----------------------------------------------------------------------


async def test_battery_limits(make_fusion: MakeFusion) -> None:
    """The floor, the ceiling and both powers hold the battery; ranges are checked."""
    bench = await make_fusion(now=NIGHT, behaviour=FREE)
    bench.cloud.set_soc(A, 50)
    info: dict[str, Any] = {"endOfDischargeSoc": 20.0, "maximumDischargePower": 0}
    label = "batteryConfiguration"
    answer = await bench.start(label, batteryConfigurationInfo=info)
    assert await _finished(bench, label, answer) == SUCCESS
    shown = (await bench.info(label, answer["data"]["taskId"]))["dispatchResult"][0]
    assert shown["batteryConfigurationInfo"] == {
        "endOfChargeSoc": 100.0,
        "endOfDischargeSoc": 20.0,
        "maximumChargePower": 2500,
        "maximumDischargePower": 0,
    }
    bench.clock.advance(minutes=10)
    assert _powers(bench)[0] == 0
    assert (await bench.real(A, 39))["max_discharge_power"] == 0.0
    # What is left out stays, and what is too much is cut to what there is.
    info = {"maximumDischargePower": 99000, "endOfChargeSoc": 90}
    answer = await bench.start(label, batteryConfigurationInfo=info)
    assert await _finished(bench, label, answer) == SUCCESS
    assert bench.cloud.battery_limits(A).end_of_discharge == 20.0
    assert (await bench.real(A, 39))["max_discharge_power"] == 0.0
    bench.clock.advance(minutes=10)
    assert (await bench.real(A, 39))["max_discharge_power"] == 2500.0
    bench.cloud.set_soc(A, 24)
    bench.to_local(5)
    assert bench.cloud.soc(A) == pytest.approx(20, abs=0.1)
    bench.to_local(15)
    assert bench.cloud.soc(A) == pytest.approx(90, abs=0.1)
    await bench.log_in()
    for bad, code in (
        ({"endOfDischargeSoc": 95}, 20611),
        ({"endOfDischargeSoc": 20.5}, 20611),
        ({"endOfChargeSoc": 89}, 20611),
        ({"maximumChargePower": -1}, 20611),
        ({}, 20612),
        (None, 20612),
    ):
        answer = await bench.start(label, batteryConfigurationInfo=bad)
        assert answer["failCode"] == code


async def test_feed_in_limit(make_fusion: MakeFusion) -> None:
    """Export is held, the sun cut; the same value again is code 2 (7.8)."""
    bench = await make_fusion(behaviour=FREE)
    bench.cloud.set_soc(A, 100)
    bench.clock.advance(minutes=7)
    assert _powers(bench)[1] < -2000
    task = {
        "controlMode": "6",
        "controlInfo": {"maxGridFeedInPower": 1.5, "limitationMode": "0"},
    }
    answer = await bench.start("activePower", **task)
    assert await _finished(bench, "activePower", answer) == SUCCESS
    bench.clock.advance(minutes=7)
    assert _powers(bench)[1] == pytest.approx(-1500)
    assert (await bench.real(A, 38))["inverter_state"] == 513.0
    assert await bench.data(READ_FEED_IN, {"plantCode": A}) == {
        "plantCode": A,
        "controlMode": "limitedPowerGridKW",
        "zeroExportLimitationParam": None,
        "limitedPowerGridPercentParam": None,
        "limitedPowerGridValueParam": {
            "limitationMode": "totalPower",
            "maxGridFeedInPowerValue": 1.5,
        },
    }
    again = await bench.start("activePower", **task)
    assert (again["success"], again["failCode"]) == (False, 2)
    assert again["data"]["taskId"] is None
    assert "same as the current" in again["message"]
    bench.cloud.app_set_feed_in(A, FeedIn())
    bench.clock.advance(minutes=7)
    assert _powers(bench)[1] < -2000
    bench.cloud.change(same_feed_in=0)
    answer = await bench.start("activePower", controlMode="0")
    assert await _finished(bench, "activePower", answer) == SUCCESS
    assert (await bench.data(READ_FEED_IN, {"plantCode": A}))[
        "controlMode"
    ] == "noLimit"
    for bad, code in (
        ({}, 20612),
        ({"controlMode": 6}, 20611),
        ({"controlMode": "6"}, 20612),
        ({"controlMode": "6", "controlInfo": {"limitationMode": "0"}}, 20612),
        (
            task | {"controlInfo": {"maxGridFeedInPower": 5001, "limitationMode": "0"}},
            20611,
        ),
        (task | {"controlInfo": {"maxGridFeedInPower": 1}}, 20612),
    ):
        assert (await bench.start("activePower", **bad))["failCode"] == code
