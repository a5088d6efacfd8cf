"""The periodic store of the fake AlphaESS cloud and what it does (dossier 2.8)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from .alphaess import Action, Period
from .alphaess_bench import B, period, periodic_body
from .conftest import MakeAlpha

pytestmark = pytest.mark.usefixtures("socket_enabled")

SET = "setTimeChargeBySn"
WEDNESDAY_NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)  # in Berlin


async def test_round_trip(make_alpha: MakeAlpha) -> None:
    """Replaced as a whole; both flags read 0 whatever was set."""
    bench = await make_alpha(fixture="B")
    read = await bench.data("getTimeChargeBySn", B)
    assert (read["gridChargeCycle"], read["ctrDisCycle"]) == (0, 0)
    assert bench.cloud.stores(B).periodic.grid_charge == 1
    assert read["chargeTimeList"] == [
        {
            "executeCycleType": 1,
            "strategyType": 0,
            "beginTime": "01:00",
            "endTime": "05:00",
            "weeks": [6, 5, 4, 3, 2, 1, 7],
            "sort": 1,
            "chargePower": 5000,
            "chargeLimit": 90.0,
        }
    ]
    _, text = await bench.raw("GET", f"getTimeChargeBySn?sysSn={B}")
    assert '"chargePower":5000,"chargeLimit":90.0}' in text
    powerless = period("12:00", "13:00", chargePower=None)
    del powerless["chargePower"]
    body = periodic_body([powerless], [period("17:00", "18:00")], ctrDisCycle=0)
    assert await bench.write(SET, body) == 200
    read = await bench.data("getTimeChargeBySn", B)
    assert "chargePower" not in read["chargeTimeList"][0]
    assert read["dischargeTimeList"][0]["strategyType"] == 1
    assert read["ctrDisCycle"] == 0
    bench.cloud.behaviour.flags_read = "true"
    assert (await bench.data("getTimeChargeBySn", B))["gridChargeCycle"] == 1


async def test_charge_period(make_alpha: MakeAlpha) -> None:
    """At its power to its limit, then no discharge until it ends."""
    bench = await make_alpha(fixture="B", now=WEDNESDAY_NOON)
    night = period("19:00", "23:00", chargePower=4000, chargeLimit=60)
    await bench.write(SET, periodic_body([night], [period("02:00", "03:00")]))
    bench.to_local(B, 19, 5)
    bench.cloud.set_soc(B, 30)
    bench.clock.advance(minutes=1)
    power = await bench.data("getLastPowerData", B)
    assert power["pbat"] == -4000
    assert power["pgrid"] == power["pload"] + 4000
    bench.to_local(B, 22, 30)
    assert bench.cloud.mode(B).why == "charge period, target reached"
    assert bench.cloud.soc(B) == pytest.approx(60, abs=0.01)
    assert bench.battery_w(B) == 0


async def test_forced_discharge(make_alpha: MakeAlpha) -> None:
    """At its power, exporting the rest, to its limit; or only a permission."""
    bench = await make_alpha(fixture="B", now=WEDNESDAY_NOON)
    evening = period("18:00", "21:00", chargePower=6000, chargeLimit=30)
    await bench.write(SET, periodic_body([period("02:00", "03:00")], [evening]))
    bench.to_local(B, 18)
    bench.cloud.set_soc(B, 80)
    bench.clock.advance(minutes=1)
    assert bench.cloud.mode(B).action is Action.DISCHARGE
    power = await bench.data("getLastPowerData", B)
    assert power["pbat"] == 6000
    assert power["pgrid"] == power["pload"] - 6000 < 0
    bench.cloud.change(periodic_discharge="permission")
    bench.clock.advance(minutes=1)
    power = await bench.data("getLastPowerData", B)
    assert (power["pbat"], power["pgrid"]) == (power["pload"], 0)
    bench.cloud.change(periodic_discharge="forced")
    bench.to_local(B, 20, 45)
    assert bench.cloud.mode(B).why == "discharge period, limit reached"
    assert bench.cloud.soc(B) == pytest.approx(30, abs=0.01)
    bench.to_local(B, 21)
    assert bench.cloud.mode(B).action is Action.AUTO
    bench.cloud.change(periodic_discharge="permission")
    assert bench.cloud.mode(B).why == "outside the discharge periods"


async def test_hold_trick(make_alpha: MakeAlpha) -> None:
    """A charge period to 10 % holds the battery, and lets the sun in."""
    bench = await make_alpha(fixture="B", now=WEDNESDAY_NOON)
    hold = period("18:00", "22:00", chargePower=100, chargeLimit=10)
    await bench.write(SET, periodic_body([hold], [period("02:00", "03:00")]))
    bench.to_local(B, 17, 59)
    assert bench.battery_w(B) > 0
    bench.to_local(B, 18, 1)
    assert bench.battery_w(B) == 0
    assert bench.cloud.mode(B).action is Action.HOLD


@pytest.mark.parametrize(
    ("flags", "actions"),
    [
        ((1, 0), [Action.CHARGE, Action.AUTO]),
        ((1, 1), [Action.CHARGE, Action.DISCHARGE]),
        ((0, 1), [Action.AUTO, Action.DISCHARGE]),
        ((0, 0), [Action.AUTO, Action.AUTO]),
    ],
)
async def test_flags(
    make_alpha: MakeAlpha, flags: tuple[int, int], actions: list[Action]
) -> None:
    """Each flag is for its own list; omitted, it stays or falls."""
    bench = await make_alpha(
        fixture="B", now=WEDNESDAY_NOON, behaviour={"write_gap_s": 0}
    )
    body = periodic_body(
        [period("14:00", "15:00", chargeLimit=100)],
        [period("18:00", "19:00", chargeLimit=10)],
        gridChargeCycle=flags[0],
        ctrDisCycle=flags[1],
    )
    await bench.write(SET, body)
    del body["gridChargeCycle"], body["ctrDisCycle"]
    await bench.write(SET, body)
    seen = []
    for hour in (14, 18):
        bench.to_local(B, hour, 1)
        bench.cloud.set_soc(B, 60)
        seen.append(bench.cloud.mode(B).action)
    assert seen == actions
    bench.cloud.behaviour.omitted_flag = "off"
    await bench.write(SET, body)
    store = bench.cloud.stores(B).periodic
    assert (store.grid_charge, store.ctr_dis) == (0, 0)


async def test_weekdays(make_alpha: MakeAlpha) -> None:
    """Weekly has weekdays of the start; daily has none."""
    bench = await make_alpha(
        fixture="B",
        now=WEDNESDAY_NOON,
        behaviour={"write_gap_s": 0, "midnight_windows": "executed"},
    )
    # Thursday only, over midnight into Friday.
    over = period("23:00", "01:00", weeks=[4], chargeLimit=100)
    other = period("03:00", "04:00", weeks=[1])
    await bench.write(SET, periodic_body([over], [other]))
    seen = []
    for hour in (23, 0, 23, 0, 23):
        bench.to_local(B, hour, 30)
        seen.append(bench.cloud.mode(B).action)
    auto, charge = Action.AUTO, Action.CHARGE
    assert seen == [auto, auto, charge, charge, auto]
    body = periodic_body([over], [other], executeCycleType=0)
    await bench.write(SET, body)
    bench.to_local(B, 0, 30)
    assert bench.cloud.mode(B).action is charge


async def test_what_is_not_executed(make_alpha: MakeAlpha) -> None:
    """No power, 00:00 to 00:00, and off the grid: stored, without effect."""
    bench = await make_alpha(fixture="B", now=WEDNESDAY_NOON)
    powerless = period("14:00", "15:00")
    del powerless["chargePower"]
    body = periodic_body(
        [powerless, period("00:00", "00:00"), period("16:10", "17:00")],
        [period("02:00", "03:00")],
    )
    assert await bench.write(SET, body) == 200
    assert len((await bench.data("getTimeChargeBySn", B))["chargeTimeList"]) == 3
    for hour in (14, 16, 0):
        bench.to_local(B, hour, 30)
        assert bench.cloud.mode(B).action is Action.AUTO
    bench.cloud.change(period_without_power="full", periodic_grid_min=1)
    for hour in (14, 16):
        bench.to_local(B, hour, 30)
        assert bench.cloud.mode(B).action is not Action.AUTO


GOOD = period("02:00", "03:00")
LATER = period("17:00", "18:00")


@pytest.mark.parametrize(
    ("charge", "discharge", "fields", "code"),
    [
        ([GOOD], [LATER], {}, 200),
        ([GOOD], [period("02:45", "04:00")], {}, 6008),
        ([GOOD], [period("03:00", "04:00")], {}, 200),
        (
            [GOOD | {"weeks": [1]}],
            [period("02:45", "04:00", weeks=[2])],
            {},
            200,
        ),
        (
            [GOOD | {"weeks": [1]}],
            [period("02:45", "04:00", weeks=[2])],
            {"executeCycleType": 0},
            6008,
        ),
        ([GOOD | {"chargeLimit": 5}], [LATER], {}, 6001),
        ([GOOD | {"chargeLimit": None}], [LATER], {}, 6001),
        ([GOOD | {"beginTime": "2:00"}], [LATER], {}, 6001),
        ([GOOD | {"weeks": []}], [LATER], {}, 6001),
        ([GOOD | {"weeks": [8]}], [LATER], {}, 6001),
        ([GOOD | {"weeks": [["1"]]}], [LATER], {}, 6001),
        ([GOOD | {"weeks": []}], [LATER], {"executeCycleType": 0}, 200),
        ([GOOD], [LATER], {"executeCycleType": None}, 6001),
        ([GOOD] * 6, [LATER], {}, 6001),
        ([GOOD | {"weeks": [n % 7 + 1]} for n in range(28)], [LATER], {}, 6001),
        (["02:00"], [LATER], {}, 10001),
        ([], [LATER], {}, 6001),
        (None, [LATER], {}, 10001),
    ],
)
async def test_parameters(
    make_alpha: MakeAlpha, charge: Any, discharge: Any, fields: Any, code: int
) -> None:
    """Ranges, counts and overlaps; what is refused changes nothing."""
    bench = await make_alpha(fixture="B")
    before = await bench.data("getTimeChargeBySn", B)
    body = periodic_body(charge, discharge, **fields)
    assert await bench.write(SET, body) == code
    assert (await bench.data("getTimeChargeBySn", B) == before) is (code != 200)


async def test_app_may_leave_a_list_empty(make_alpha: MakeAlpha) -> None:
    """What the API refuses, the app can do."""
    bench = await make_alpha(fixture="B", now=WEDNESDAY_NOON)
    bench.cloud.app_set_periodic(
        B, [Period("13:00", "14:00", 100, 2000, (3,))], weekly=True
    )
    read = await bench.data("getTimeChargeBySn", B)
    assert read["dischargeTimeList"] == []
    bench.to_local(B, 13, 5)
    assert bench.cloud.mode(B).action is Action.CHARGE
    assert [item["strategyType"] for item in bench.cloud.schedules(B)] == [0]
