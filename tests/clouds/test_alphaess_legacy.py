"""The legacy stores of the fake AlphaESS cloud and what they do (2.6, 2.7, 10.3 to 10.5)."""

from datetime import timedelta
from typing import Any

import pytest

from . import Fault
from .alphaess import Action
from .alphaess_bench import A, AlphaBench, B, charge_body, discharge_body
from .conftest import MakeAlpha

pytestmark = pytest.mark.usefixtures("socket_enabled")

CHARGE = "updateChargeConfigInfo"
DISCHARGE = "updateDisChargeConfigInfo"
NIGHT = ("02:00", "04:30")


def _action(bench: AlphaBench) -> Action:
    return bench.cloud.mode(A).action


async def test_charge_window(make_alpha: MakeAlpha) -> None:
    """Charges from the grid to the target, then holds, every night anew (2.6)."""
    bench = await make_alpha()
    before = bench.cloud.soc(A)
    assert await bench.write(CHARGE, charge_body(NIGHT, cap=80)) == 200
    read = await bench.data("getChargeConfigInfo")
    assert list(read.items()) == [
        ("gridCharge", 1),
        ("timeChaf1", "02:00"),
        ("timeChae1", "04:30"),
        ("timeChaf2", "00:00"),
        ("timeChae2", "00:00"),
        ("batHighCap", 80),
    ]
    bench.to_local(A, 1, 59)
    assert _action(bench) is Action.AUTO
    assert bench.cloud.soc(A) < before
    bench.to_local(A, 2, 15)
    assert _action(bench) is Action.CHARGE
    power = await bench.data("getLastPowerData")
    assert power["pbat"] == -5000
    assert power["pgrid"] == pytest.approx(5000 + power["pload"])
    # At its target it neither charges nor discharges: the house runs on the grid.
    bench.to_local(A, 4)
    assert bench.cloud.mode(A).why == "charge window, target reached"
    assert bench.cloud.soc(A) == pytest.approx(80, abs=0.01)
    power = await bench.data("getLastPowerData")
    assert (power["pbat"], power["pgrid"]) == (0, power["pload"])
    bench.to_local(A, 4, 30)
    assert _action(bench) is Action.AUTO
    today = bench.cloud.system(A).local_date(bench.clock()).isoformat()
    energy = await bench.data("getOneDateEnergyBySn", queryDate=today)
    assert energy["eGridCharge"] == energy["eCharge"] > 3
    # Nobody ends it: the next night is the same.
    bench.to_local(A, 1)
    bench.to_local(A, 2, 1)
    doing = bench.cloud.mode(A)
    assert doing.action is Action.CHARGE or doing.why.endswith("target reached")


async def test_sun_goes_first_and_beyond_the_target(make_alpha: MakeAlpha) -> None:
    """Within a window the sun's part comes first; the target is none for it."""
    bench = await make_alpha(history=timedelta(hours=8))
    await bench.write(CHARGE, charge_body(("09:00", "15:00"), cap=60))
    bench.to_local(A, 9)
    bench.cloud.set_soc(A, 20)
    bench.clock.advance(minutes=1)
    assert _action(bench) is Action.CHARGE
    power = await bench.data("getLastPowerData")
    assert power["ppv"] > 1000
    assert power["pbat"] == -5000
    assert power["pgrid"] == power["pload"] + 5000 - power["ppv"]
    bench.to_local(A, 13)
    assert _action(bench) is Action.HOLD
    assert bench.cloud.soc(A) > 65
    # gridCharge 0: the windows stay, and mean nothing.
    await bench.write(CHARGE, charge_body(("09:00", "15:00"), on=0, cap=60))
    bench.clock.advance(minutes=2)
    assert _action(bench) is Action.AUTO


async def test_discharge_is_a_permission(make_alpha: MakeAlpha) -> None:
    """Inside: self-use, no export. Outside: only charging. A floor always (2.7)."""
    bench = await make_alpha()
    body = discharge_body(("01:00", "02:00"), ("20:00", "22:00"), cap=40)
    assert await bench.write(DISCHARGE, body) == 200
    bench.clock.advance(minutes=2)
    assert bench.cloud.mode(A).why == "outside the discharge windows"
    power = await bench.data("getLastPowerData")
    assert (power["pbat"], power["pgrid"]) == (0, power["pload"])
    bench.to_local(A, 1, 30)
    power = await bench.data("getLastPowerData")
    assert (power["pbat"], power["pgrid"]) == (power["pload"], 0)
    bench.to_local(A, 12)
    assert _action(bench) is Action.HOLD
    assert bench.battery_w(A) <= 0
    bench.clock.advance(minutes=1)
    await bench.write(DISCHARGE, discharge_body(on=0, cap=60))
    bench.to_local(A, 5)
    # 60 % is the floor with and without windows.
    assert _action(bench) is Action.AUTO
    assert bench.cloud.soc(A) == pytest.approx(60, abs=0.01)
    assert bench.battery_w(A) == 0


async def test_control_without_a_window(make_alpha: MakeAlpha) -> None:
    """With ctrDis 1 and no window: never discharge, or no control at all (10.3)."""
    bench = await make_alpha()
    await bench.write(DISCHARGE, discharge_body())
    bench.clock.advance(minutes=2)
    assert _action(bench) is Action.HOLD
    bench.cloud.change(ctr_dis_without_window="free")
    assert _action(bench) is Action.AUTO


async def test_settings_take_their_time(make_alpha: MakeAlpha) -> None:
    """The read may lag, and the inverter does (3)."""
    bench = await make_alpha(
        behaviour={"read_back_delay_s": 6, "inverter_delay_s": 300, "write_gap_s": 0}
    )
    await bench.write(CHARGE, charge_body(("00:00", "04:00")))
    assert (await bench.data("getChargeConfigInfo"))["gridCharge"] == 0
    bench.clock.advance(seconds=6)
    assert (await bench.data("getChargeConfigInfo"))["gridCharge"] == 1
    bench.clock.advance(seconds=290)
    assert (_action(bench), bench.cloud.stores(A).obeyed) == (Action.AUTO, False)
    bench.clock.advance(seconds=4)
    assert (_action(bench), bench.cloud.stores(A).obeyed) == (Action.CHARGE, True)
    # A fault makes one write later still.
    bench.cloud.faults.add(CHARGE, Fault.LATE, seconds=60, times=1)
    await bench.write(CHARGE, charge_body(on=0))
    bench.clock.advance(seconds=59)
    assert (await bench.data("getChargeConfigInfo"))["gridCharge"] == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"timeChaf1": "9:00"}, 6001),
        ({"timeChaf1": "24:00"}, 6001),
        ({"timeChaf1": 900}, 6001),
        ({"batHighCap": 101}, 6001),
        ({"batHighCap": "much"}, 6001),
        ({"gridCharge": 2}, 6001),
        ({"gridCharge": True}, 6001),
        ({"sysSn": "ALX9"}, 6038),
        ({"sysSn": B}, 6005),
        ({"batHighCap": "95"}, 200),
        ({"batHighCap": 0.9}, 200),
    ],
)
async def test_parameters(
    make_alpha: MakeAlpha, change: dict[str, Any], code: int
) -> None:
    """What is refused changes nothing."""
    bench = await make_alpha()
    before = await bench.data("getChargeConfigInfo")
    assert await bench.write(CHARGE, charge_body(NIGHT, cap=90) | change) == code
    after = await bench.data("getChargeConfigInfo")
    assert (after == before) is (code != 200)
    if code == 200:
        assert after["batHighCap"] == float(change["batHighCap"])
    assert len(bench.cloud.writes) == (code == 200)


async def test_a_write_replaces_all(make_alpha: MakeAlpha) -> None:
    """What is left out is reset, or refused."""
    bench = await make_alpha(behaviour={"write_gap_s": 0})
    await bench.write(CHARGE, charge_body(NIGHT, ("12:00", "13:00"), cap=70))
    assert await bench.write(CHARGE, {"sysSn": A, "batHighCap": 75}) == 200
    read = await bench.data("getChargeConfigInfo")
    times = {value for key, value in read.items() if key.startswith("time")}
    assert (times, read["gridCharge"], read["batHighCap"]) == ({"00:00"}, 0, 75)
    bench.cloud.behaviour.omitted_field = 6001
    assert await bench.write(CHARGE, {"sysSn": A, "batHighCap": 75}) == 6001
    status, text = await bench.raw("POST", CHARGE, data="[1]")
    assert (status, '"code":10001' in text) == (200, True)


async def test_off_the_grid(make_alpha: MakeAlpha) -> None:
    """02:07 is stored and never executed; or refused (10.4)."""
    bench = await make_alpha(behaviour={"write_gap_s": 0})
    odd = charge_body(("00:07", "04:00"), ("05:00", "06:00"))
    assert await bench.write(CHARGE, odd) == 200
    assert (await bench.data("getChargeConfigInfo"))["timeChaf1"] == "00:07"
    bench.to_local(A, 2)
    assert _action(bench) is Action.AUTO
    # The other slot is none the worse.
    bench.to_local(A, 5, 15)
    assert _action(bench) is Action.CHARGE
    bench.cloud.behaviour.off_grid = 6008
    assert await bench.write(CHARGE, odd) == 6008


async def test_over_midnight(make_alpha: MakeAlpha) -> None:
    """A window with its end before its start: ignored or executed (10.5)."""
    bench = await make_alpha()
    await bench.write(CHARGE, charge_body(("23:00", "01:00")))
    bench.clock.advance(minutes=30)
    assert _action(bench) is Action.AUTO
    bench.cloud.change(midnight_windows="executed")
    assert _action(bench) is Action.CHARGE
    bench.to_local(A, 1)
    assert _action(bench) is Action.AUTO
    bench.to_local(A, 23)
    assert _action(bench) is not Action.AUTO


async def test_overlap_of_directions(make_alpha: MakeAlpha) -> None:
    """The charge window wins, or the write is refused."""
    bench = await make_alpha()
    await bench.write(CHARGE, charge_body(("00:00", "04:00")))
    assert await bench.write(DISCHARGE, discharge_body(("03:00", "05:00"))) == 200
    bench.to_local(A, 3, 15)
    assert bench.cloud.mode(A).why.startswith("charge window")
    bench.cloud.behaviour.legacy_overlap = 6008
    assert await bench.write(DISCHARGE, discharge_body(("03:45", "05:00"))) == 6008
    assert await bench.write(DISCHARGE, discharge_body(("04:00", "05:00"))) == 200


async def test_write_limit(make_alpha: MakeAlpha) -> None:
    """One write per direction and while; what is refused does not count (10.2)."""
    bench = await make_alpha()
    assert await bench.write(CHARGE, charge_body(cap=200)) == 6001
    assert await bench.write(CHARGE, charge_body()) == 200
    assert await bench.write(CHARGE, charge_body()) == 6053
    assert await bench.write(DISCHARGE, discharge_body()) == 200
    bench.clock.advance(seconds=30)
    assert await bench.write(CHARGE, charge_body()) == 200
    assert [write.label for write in bench.cloud.writes] == [CHARGE, DISCHARGE, CHARGE]
    bench.cloud.behaviour.write_gap_s = 86400
    bench.clock.advance(hours=23)
    assert await bench.write(CHARGE, charge_body()) == 6053
