"""Orders: what is sent, what becomes of them, and who may give any."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.core.errors import (
    InvalidRequest,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.vendors.base import VendorCall
from custom_components.joulekeeper.vendors.fusionsolar.control import (
    EVERY_DAY,
    GRID_CHARGE_LIMITS_W,
    BatteryLimits,
    BatteryMode,
    Feature,
    FeedIn,
    FeedInMode,
    TouWindow,
    dispatch_call,
    stop_call,
)
from custom_components.joulekeeper.vendors.fusionsolar.models import DeviceType
from custom_components.joulekeeper.vendors.fusionsolar.orders import (
    Access,
    ControlAccess,
)
from custom_components.joulekeeper.vendors.fusionsolar.tasks import Progress, Task

from .conftest import Bench, Desk, Reply
from .examples import DEVICES, NO_RIGHT, PLANT, TOO_OFTEN, envelope

CHARGE = dispatch_call(PLANT, charge=True, power_w=2500, minutes=60)
NIGHT = TouWindow(start=time(1), end=time(5), charge=True)
EVENING = TouWindow(
    start=time(17), end=time(21), charge=False, days=frozenset(range(1, 6))
)
TOU = BatteryMode(
    mode="TOU", surplus_to_battery=True, grid_charge_w=3000, windows=(NIGHT, EVENING)
)
TOU_BODY = {
    "plantCode": PLANT,
    "operationMode": "TOU",
    "redundantPVEnergyPriority": "chargePreference",
    "allowedAcChargePower": 3.0,
    "chargingAndDischargingTimeWindow": [
        {"startTime": "01:00", "endTime": "05:00", "chargeOrDischarge": "charge",
         "repeat": [1, 2, 3, 4, 5, 6, 7]},
        {"startTime": "17:00", "endTime": "21:00", "chargeOrDischarge": "discharge",
         "repeat": [1, 2, 3, 4, 5]},
    ],
}  # fmt: skip
MODE_TASK = Task(Feature.BATTERY_MODE, "a1b2c3d4e5f60718", PLANT)
DISPATCH_TASK = Task(Feature.DISPATCH, "880000000001", PLANT)


def only_task(call: VendorCall) -> Any:
    """Return the task of a call."""
    assert call.body is not None
    (task,) = call.body["tasks"]
    return task


def taken(**row: Any) -> dict[str, Any]:
    """Return the answer to settings."""
    result = {"plantCode": PLANT, "status": "RUNNING", "message": None} | row
    return envelope({"taskId": "a1b2c3d4e5f60718", "result": [result]})


def dispatched(result: int = 0, description: str | None = None) -> dict[str, Any]:
    """Return the answer to a dispatch."""
    row = {"plantCode": PLANT, "sn": "TESTINV0001", "dispatchResult": result}
    row |= {"subTaskId": "1", "description": description}
    return envelope({"requestID": 880000000001, "result": [row]})


def info(status: str, message: str | None = None) -> dict[str, Any]:
    """Return the answer about settings."""
    row = {**TOU_BODY, "status": status, "message": message}
    ended = None if status == "RUNNING" else "2026-03-01T10:05:00+10:00"
    told = {"startTime": "2026-03-01T10:00:00+10:00", "endTime": ended}
    return envelope({"dispatchResult": [row], **told})


def run(status: int, message: str | None = None) -> dict[str, Any]:
    """Return the answer about a dispatch."""
    row = {
        "plantCode": PLANT,
        "sn": "TESTINV0001",
        "remoteID": 1,
        "status": status,
        "chargedCapacity": 0.6,
        "dischargedCapacity": 0.0,
        "execStartTime": 1790000000000,
        "execEndTime": None if status == 1 else 1790003600000,
        "message": message,
    }
    return envelope([row])


def test_dispatches() -> None:
    """The shapes of dossier 2.9 (a): charging is positive."""
    assert (
        CHARGE.path
        == "/rest/openapi/pvms/nbi/v2/control/charge-and-discharge/async-task"
    )
    assert only_task(CHARGE) == {
        "plantCode": PLANT,
        "dispatchSwitch": 1,
        "controlType": 2,
        "dispatchTime": 60,
        "powerDispatch": 2500,
    }
    down = dispatch_call(PLANT, charge=False, power_w=1000.4, target_soc=20)
    assert only_task(down) == {
        "plantCode": PLANT,
        "dispatchSwitch": 2,
        "controlType": 1,
        "targetSOC": 20,
        "powerDispatch": -1000,
    }
    assert only_task(stop_call(PLANT)) == {"plantCode": PLANT, "dispatchSwitch": 0}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"power_w": 0}, "power_not_positive"),
        ({"power_w": -5}, "power_not_positive"),
        ({"power_w": float("nan")}, "power_not_positive"),
        ({"minutes": None}, "one_end_wanted"),
        ({"target_soc": 50}, "one_end_wanted"),
        ({"minutes": 0}, "minutes_out_of_range"),
        ({"minutes": 1441}, "minutes_out_of_range"),
        ({"minutes": None, "target_soc": 101}, "percent_out_of_range"),
    ],
)
def test_senseless_dispatches(changes: dict[str, Any], reason: str) -> None:
    """What the cloud would refuse is not sent."""
    with pytest.raises(InvalidRequest) as caught:
        dispatch_call(PLANT, **{"charge": True, "power_w": 1, "minutes": 5, **changes})
    assert caught.value.reason == reason


def test_settings() -> None:
    """The shapes of dossier 2.9 (b), (c) and (e)."""
    assert only_task(TOU.call(PLANT)) == TOU_BODY
    # The fields of the table belong to the table.
    own = BatteryMode(mode="maximumSelfConsumption", windows=(NIGHT,))
    assert only_task(own.call(PLANT)) == {
        "plantCode": PLANT,
        "operationMode": "maximumSelfConsumption",
    }
    limits = BatteryLimits(min_soc=10, max_discharge_w=0)
    assert only_task(limits.call(PLANT))["batteryConfigurationInfo"] == {
        "endOfDischargeSoc": 10.0,
        "maximumDischargePower": 0,
    }
    assert only_task(FeedIn(mode=FeedInMode.UNLIMITED).call(PLANT)) == {
        "plantCode": PLANT,
        "controlMode": "0",
    }
    limited = FeedIn(mode=FeedInMode.POWER, limit_w=1500)
    assert only_task(limited.call(PLANT))["controlInfo"] == {
        "maxGridFeedInPower": 1.5,
        "limitationMode": "0",
    }


def windows(count: int) -> tuple[TouWindow, ...]:
    """Return windows of half an hour, one after the other."""
    starts = [timedelta(minutes=30 * n) for n in range(count + 1)]
    clocks = [(datetime(2026, 1, 1) + start).time() for start in starts]
    return tuple(
        TouWindow(start=one, end=other, charge=True) for one, other in pairwise(clocks)
    )


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (BatteryMode(mode=None), "mode_unknown"),
        (BatteryMode(mode="other"), "mode_unknown"),
        (BatteryMode(mode="TOU", windows=(NIGHT,)), "settings_unknown"),
        (
            BatteryMode(
                mode="TOU", surplus_to_battery=True, grid_charge_w=1, windows=None
            ),
            "settings_unknown",
        ),
        (
            BatteryMode(
                mode="TOU",
                surplus_to_battery=True,
                grid_charge_w=1,
                windows=windows(15),
            ),
            "too_many_windows",
        ),
        (
            BatteryMode(
                mode="TOU",
                surplus_to_battery=True,
                grid_charge_w=1,
                windows=(TouWindow(start=time(22), end=time(6), charge=True),),
            ),
            "window_backwards",
        ),
        (
            BatteryMode(
                mode="TOU",
                surplus_to_battery=True,
                grid_charge_w=1,
                windows=(
                    NIGHT,
                    TouWindow(start=time(4, 59), end=time(6), charge=False),
                ),
            ),
            "windows_overlap",
        ),
        (
            BatteryMode(
                mode="TOU", surplus_to_battery=False, grid_charge_w=30_001, windows=()
            ),
            "power_out_of_range",
        ),
        (BatteryLimits(), "nothing_to_set"),
        (BatteryLimits(max_soc=89), "percent_out_of_range"),
        (BatteryLimits(min_soc=21), "percent_out_of_range"),
        (BatteryLimits(max_charge_w=-1), "power_out_of_range"),
        (FeedIn(mode=FeedInMode.PERCENT, limit_percent=5), "mode_unknown"),
        (FeedIn(mode=FeedInMode.POWER), "power_out_of_range"),
        (FeedIn(mode=FeedInMode.POWER, limit_w=-2e6), "power_out_of_range"),
    ],
)
def test_senseless_settings(settings: Any, reason: str) -> None:
    """What the cloud would refuse, or what is not wholly known, is not sent."""
    most = [GRID_CHARGE_LIMITS_W[DeviceType.DONGLE]]
    with pytest.raises(InvalidRequest) as caught:
        settings.call(PLANT, *(most if isinstance(settings, BatteryMode) else []))
    assert caught.value.reason == reason


def test_full_table() -> None:
    """Fourteen windows that touch each other are fine."""
    table = BatteryMode(
        mode="TOU", surplus_to_battery=False, grid_charge_w=0, windows=windows(14)
    )
    assert len(only_task(table.call(PLANT))["chargingAndDischargingTimeWindow"]) == 14


WINDOWS = st.builds(
    TouWindow,
    start=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    end=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    charge=st.booleans(),
    days=st.frozensets(st.sampled_from(sorted(EVERY_DAY)), min_size=1),
)


@given(WINDOWS, WINDOWS)
def test_windows(one: TouWindow, other: TouWindow) -> None:
    """What is written is what is read; overlap is a minute of a day in both."""
    assert TouWindow.parse(one.as_data()) == one

    def minutes(window: TouWindow) -> set[tuple[int, int]]:
        first = window.start.hour * 60 + window.start.minute
        last = window.end.hour * 60 + window.end.minute
        return {(day, n) for day in window.days for n in range(first, last)}

    if one.start < one.end and other.start < other.end:
        assert one.overlaps(other) == bool(minutes(one) & minutes(other))


async def test_reading_settings(bench: Bench, desk: Desk) -> None:
    """What is set, in our units; words that are new are kept."""
    detail = {key: TOU_BODY[key] for key in list(TOU_BODY)[2:]}
    desk.say(
        "battery-mode",
        envelope(
            {
                "plantCode": PLANT,
                "operationMode": "TOU",
                "touOperationModeParamDetail": detail,
            }
        ),
        envelope({"operationMode": "other", "touOperationModeParamDetail": None}),
        envelope(None),
        envelope(
            {
                "operationMode": "TOU",
                "touOperationModeParamDetail": {
                    "chargingAndDischargingTimeWindow": [{"startTime": "24:00"}]
                },
            }
        ),
    )
    control = bench.client().control
    assert await control.battery_mode(PLANT) == TOU
    assert (await control.battery_mode(PLANT)).mode == "other"
    assert (await control.battery_mode(PLANT)).mode is None
    assert (await control.battery_mode(PLANT)).windows is None

    value = {"limitationMode": "totalPower", "maxGridFeedInPowerValue": 5.0}
    share = {"limitationMode": "singlePhasePower", "maxGridFeedInPowerPercent": 70}
    desk.say(
        "active-power-control-mode",
        envelope({"controlMode": "noLimit", "limitedPowerGridValueParam": None}),
        envelope(
            {"controlMode": "limitedPowerGridKW", "limitedPowerGridValueParam": value}
        ),
        envelope({"controlMode": "zeroExportLimitation"}),
        envelope(
            {
                "controlMode": "limitedPowerGridPercent",
                "limitedPowerGridPercentParam": share,
            }
        ),
        envelope({"controlMode": "new"}),
        NO_RIGHT,
    )
    found = [await control.feed_in(PLANT) for _ in range(5)]
    assert found == [
        FeedIn(mode=FeedInMode.UNLIMITED),
        FeedIn(mode=FeedInMode.POWER, limit_w=5000, per_phase=False),
        FeedIn(mode=FeedInMode.ZERO_EXPORT, limit_w=0),
        FeedIn(mode=FeedInMode.PERCENT, limit_percent=70, per_phase=True),
        FeedIn(mode=FeedInMode.OTHER),
    ]
    with pytest.raises(NotSupported):
        await control.feed_in(PLANT)


async def test_taken_orders(bench: Bench, desk: Desk) -> None:
    """What is taken is a task of the cloud's name; the same value is none."""
    desk.say("charge-and-discharge/async-task", dispatched())
    desk.say("battery/mode/async-task", taken())
    same = "The configured value is the same as the current value."
    desk.say(
        "active-power-control/async-task",
        envelope(
            {
                "taskId": None,
                "result": [{"plantCode": PLANT, "status": "FAIL", "message": same}],
            },
            2,
            message=same,
        ),
        envelope(None, 2, message=same),
    )
    control = bench.client().control
    assert await control.send(CHARGE) == DISPATCH_TASK
    assert desk.sent[-1].body == CHARGE.body
    assert await control.send(TOU.call(PLANT)) == MODE_TASK
    for _ in range(2):
        limit = FeedIn(mode=FeedInMode.POWER, limit_w=0).call(PLANT)
        assert await control.send(limit) is None


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (NO_RIGHT, NotSupported, "interface_not_granted"),
        (envelope(None, 20056), NotSupported, "owner_not_granted"),
        (envelope(None, 20621), NotSupported, "owner_not_granted"),
        (envelope(None, 20609), NotSupported, "networking"),
        (envelope(None, 20611), Rejected, "out_of_range"),
        (envelope(None, 20047), Rejected, "power_refused"),
        (envelope(None, 20614), TransientError, "communication"),
        (envelope(None, 20615), RateLimited, "task_running"),
        (envelope(None, 20618), RateLimited, "daily_quota"),
        (TOO_OFTEN, RateLimited, "too_frequent"),
        (envelope(None, 20004), OutcomeUnknown, "server_fault"),
        (envelope(None, 4711), OutcomeUnknown, "unknown_code"),
        (Reply("", status=502), OutcomeUnknown, None),
        (None, OutcomeUnknown, None),
        ("<html/>", OutcomeUnknown, "page"),
        ("", OutcomeUnknown, None),
        (envelope(None), OutcomeUnknown, "no_task"),
        (envelope(None, 2, message=None), Rejected, "task_failed"),
        (
            envelope(
                {
                    "taskId": None,
                    "result": [
                        {"plantCode": PLANT, "status": "FAIL", "message": "20615: busy"}
                    ],
                },
                2,
            ),
            RateLimited,
            "task_running",
        ),
        (taken(status="FAIL", message="?"), Rejected, "task_failed"),
    ],
)
async def test_refused_orders(
    bench: Bench, desk: Desk, answer: Any, kind: type[VendorError], reason: str | None
) -> None:
    """Nothing was changed, or nobody knows; never is it sent twice."""
    desk.say("battery/mode/async-task", answer)
    with pytest.raises(VendorError) as caught:
        await bench.client().control.send(TOU.call(PLANT))
    assert (type(caught.value), caught.value.reason) == (kind, reason)
    assert desk.calls == ["login", "battery/mode/async-task"]
    if reason == "task_running":
        assert caught.value.retry_after == 180
    assert PLANT not in str(caught.value)


async def test_refused_dispatch(bench: Bench, desk: Desk) -> None:
    """A dispatch has words of its own; a lost session costs no order."""
    desk.say("charge-and-discharge/async-task", dispatched(1, "20609 networking"))
    client = bench.client()
    with pytest.raises(NotSupported):
        await client.control.send(CHARGE)
    desk.say("charge-and-discharge/async-task", dispatched())
    desk.steal()
    assert await client.control.send(CHARGE) == DISPATCH_TASK
    assert client.limiter.left("control") == 78


async def test_reserved_orders(bench: Bench, desk: Desk) -> None:
    """When the day's orders are spent a battery can still be given back."""
    desk.say("charge-and-discharge/async-task", dispatched())
    for _ in range(80):
        await bench.client().control.send(CHARGE)
    client = bench.client()
    with pytest.raises(RateLimited) as caught:
        await client.control.send(CHARGE)
    assert caught.value.reason == "own_budget"
    asked = len(desk.calls)
    await client.control.send(stop_call(PLANT), urgent=True)
    assert len(desk.calls) == asked + 1


@pytest.mark.parametrize(
    ("answer", "progress", "kind", "reason"),
    [
        (info("RUNNING"), Progress.RUNNING, None, None),
        (info("SUCCESS"), Progress.DONE, None, None),
        (info("FAIL", "BUSY"), Progress.FAILED, TransientError, "task_busy"),
        (info("FAIL", "TIMEOUT"), Progress.FAILED, OutcomeUnknown, "task_timeout"),
        (info("FAIL", "EXCEPTION"), Progress.FAILED, OutcomeUnknown, "task_exception"),
        (info("FAIL", "INVALID"), Progress.FAILED, Rejected, "task_invalid"),
        (info("FAIL", "FAILURE"), Progress.FAILED, Rejected, "task_failed"),
        (info("FAIL"), Progress.FAILED, Rejected, "task_failed"),
        (envelope(None), Progress.RUNNING, None, None),
    ],
)
async def test_states_of_settings(
    bench: Bench,
    desk: Desk,
    answer: Any,
    progress: Progress,
    kind: type[VendorError] | None,
    reason: str | None,
) -> None:
    """A plant that did not answer may have obeyed; one that was busy has not."""
    desk.say("battery/mode/task-info", answer)
    state = await bench.client().control.task_state(MODE_TASK)
    assert state.progress is progress
    assert desk.sent[-1].body == {"taskId": MODE_TASK.id}
    assert (None if kind is None else type(state.failure)) == (kind and kind)
    if state.failure is not None:
        assert (type(state.failure), state.failure.reason) == (kind, reason)
    if state.mode is not None:
        assert state.mode == TOU
        assert state.started_at == datetime(2026, 3, 1, tzinfo=UTC)


async def test_states_of_dispatches(bench: Bench, desk: Desk) -> None:
    """Running to its end; the energies of all rows."""
    desk.say(
        "chargeAndDischargeStatus",
        run(1),
        run(0),
        run(2),
        run(2, "TIMEOUT"),
        envelope([run(0)["data"][0], run(1)["data"][0]]),
        envelope([]),
        envelope(None, 20620),
    )
    control = bench.client().control
    states = [await control.task_state(DISPATCH_TASK) for _ in range(6)]
    assert desk.sent[-1].body == {"requestID": 880000000001}
    assert [state.progress for state in states] == [
        *(Progress.RUNNING, Progress.DONE, Progress.FAILED, Progress.FAILED),
        *(Progress.RUNNING, Progress.RUNNING),
    ]
    assert (states[0].ended_at, states[0].charged_kwh) == (None, 0.6)
    assert states[1].ended_at is not None
    assert states[2].failure is not None
    assert states[2].failure.reason == "dispatch_failed"
    assert type(states[3].failure) is OutcomeUnknown
    assert states[4].charged_kwh == 1.2
    with pytest.raises(NotFound):
        await control.task_state(DISPATCH_TASK)


async def probe(bench: Bench, **changes: Any) -> ControlAccess:
    """Return what may be controlled in a plant with the devices of the home."""
    devices = changes.get("devices", DEVICES)
    return await bench.client().control.probe_control(PLANT, devices)


def say_unknown(desk: Desk) -> None:
    """Know no task, and let everybody ask."""
    desk.say("battery-mode", envelope({"operationMode": "maximumSelfConsumption"}))
    desk.say("active-power-control-mode", envelope({"controlMode": "noLimit"}))
    for name in ("chargeAndDischargeStatus", "task-info"):
        desk.say(name, envelope(None, 20620))


async def test_probe(bench: Bench, desk: Desk) -> None:
    """Nothing is changed by it; each right is one of its own."""
    say_unknown(desk)
    access = await probe(bench)
    assert all(access.of(feature) == Access(True) for feature in Feature)
    assert not [name for name in desk.calls if name.endswith("async-task")]

    desk.answers.pop("task-info")
    desk.say("battery/mode/task-info", NO_RIGHT)
    desk.say("battery/configuration/task-info", envelope(None))
    desk.say("active-power-control/task-info", Reply("", status=502))
    desk.say("chargeAndDischargeStatus", envelope(None, 20047))
    access = await probe(bench)
    assert access.of(Feature.DISPATCH) == Access(True)
    assert access.of(Feature.BATTERY_LIMITS) == Access(True)
    assert access.of(Feature.BATTERY_MODE) == Access(False, "interface_not_granted")
    assert access.of(Feature.FEED_IN).granted is None
    # An order may still show that there is no right.
    less = access.without(Feature.DISPATCH, "interface_not_granted")
    assert less.of(Feature.DISPATCH).granted is False
    assert less.of(Feature.BATTERY_LIMITS).granted is True


@pytest.mark.parametrize(
    ("code", "reason"),
    [(20609, "networking"), (20056, "owner_not_granted"), (20045, "plant_not_granted")],
)
async def test_plants_that_cannot_be_controlled(
    bench: Bench, desk: Desk, code: int, reason: str
) -> None:
    """It is said why a plant is read-only."""
    say_unknown(desk)
    desk.say("battery-mode", envelope(None, code))
    access = await probe(bench)
    assert access.of(Feature.DISPATCH).reason == reason
    assert all(access.of(feature).granted is False for feature in Feature)


async def test_probe_of_other_plants(bench: Bench, desk: Desk) -> None:
    """Two controllers; no battery; nothing granted; no answer."""
    say_unknown(desk)
    dongle = DEVICES[0]
    access = await probe(bench, devices=(*DEVICES, dongle))
    assert access.of(Feature.DISPATCH).reason == "networking"
    assert desk.calls == []

    access = await probe(bench, devices=DEVICES[:2])
    assert access.of(Feature.DISPATCH) == Access(False, "no_battery")
    assert access.of(Feature.FEED_IN) == Access(True)
    assert "battery-mode" not in desk.calls

    for name in list(desk.answers):
        desk.say(name, NO_RIGHT)
    assert (await probe(bench)).of(Feature.DISPATCH).reason == "interface_not_granted"
    desk.say("battery-mode", Reply("", status=502))
    access = await probe(bench)
    assert access.of(Feature.DISPATCH).granted is None
