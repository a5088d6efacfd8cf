"""What the fake AlphaESS cloud accepts and does not do, and what others do beside us.

Dossier 8 and 10; anchors/scheduling.md 2.13.
"""

from datetime import datetime

import pytest

from . import Fault
from .alphaess import Action
from .alphaess_bench import OFF, A, B, charge_body, periodic_body
from .conftest import MakeAlpha

pytestmark = pytest.mark.usefixtures("socket_enabled")

CHARGE = "updateChargeConfigInfo"


@pytest.mark.parametrize("why", ["fault", "listed", "store", "save", "mode"])
async def test_accepted_is_not_done(make_alpha: MakeAlpha, why: str) -> None:
    """Success is answered and, but for the first, read back; nothing happens (8)."""
    bench = await make_alpha()
    match why:
        case "fault":
            bench.cloud.faults.add(CHARGE, Fault.IGNORED, times=1)
        case "listed":
            bench.cloud.faults.add(CHARGE, Fault.IGNORED, listed=True, times=1)
        case "store":
            bench.cloud.behaviour.legacy_store = "ignored"
        case "save":
            bench.cloud.behaviour.app_save_needed = True
        case "mode":
            bench.cloud.app_set_working_mode(A, "self_consumption")
    assert await bench.write(CHARGE, charge_body(("00:00", "05:00"))) == 200
    read = await bench.data("getChargeConfigInfo")
    assert read["gridCharge"] == (why != "fault")
    bench.to_local(A, 1)
    assert bench.cloud.mode(A).action is Action.AUTO
    assert bench.battery_w(A) > 0
    if why == "save":
        bench.cloud.app_save(A)
        bench.clock.advance(minutes=2)
        assert bench.cloud.mode(A).action is Action.CHARGE


async def test_app_writes_beside_us(make_alpha: MakeAlpha) -> None:
    """The owner's app changes what we read; a foreign edit may come in between."""
    bench = await make_alpha()
    bench.cloud.app_set_charge(A, ("11:00", "13:30"), bat_high_cap=85)
    read = await bench.data("getChargeConfigInfo")
    assert (read["timeChaf1"], read["batHighCap"]) == ("11:00", 85)
    bench.cloud.faults.add(
        "getDisChargeConfigInfo",
        Fault.FOREIGN_EDIT,
        action=lambda: bench.cloud.app_set_discharge(A, ("18:00", "21:00")),
        times=1,
    )
    assert (await bench.data("getDisChargeConfigInfo"))["ctrDis"] == 1
    assert bench.cloud.stores(A).charge.windows == (("11:00", "13:30"), OFF)
    assert bench.cloud.writes == []
    assert bench.cloud.schedules(A) == [
        {"direction": "charge", "begin": "11:00", "end": "13:30"},
        {"direction": "discharge", "begin": "18:00", "end": "21:00"},
    ]


async def test_writes_while_offline(make_alpha: MakeAlpha) -> None:
    """Refused, or taken and sent when the line is back."""
    bench = await make_alpha()
    bench.cloud.set_online(A, False)
    body = charge_body(("00:00", "06:00"))
    assert await bench.write(CHARGE, body) == 6042
    bench.cloud.behaviour.offline_write = "accepted"
    assert await bench.write(CHARGE, body) == 200
    bench.to_local(A, 2)
    assert bench.cloud.mode(A).action is Action.AUTO
    bench.cloud.set_online(A)
    bench.clock.advance(minutes=2)
    assert bench.cloud.mode(A).action is Action.CHARGE


@pytest.mark.parametrize(
    ("switch", "action"), [("ignored", Action.AUTO), ("conflicts", Action.CHARGE)]
)
async def test_legacy_beside_periodic(
    make_alpha: MakeAlpha, switch: str, action: Action
) -> None:
    """On an entitled system legacy windows round-trip, and do nothing or harm (8)."""
    bench = await make_alpha(fixture="B", behaviour={"legacy_on_periodic": switch})
    body = charge_body(("15:00", "16:00"), serial=B)
    assert await bench.write(CHARGE, body) == 200
    assert (await bench.data("getChargeConfigInfo", B))["timeChaf1"] == "15:00"
    bench.to_local(B, 15, 30)
    bench.cloud.set_soc(B, 50)
    assert bench.cloud.mode(B).action is action


async def test_windows_follow_the_plants_clock(make_alpha: MakeAlpha) -> None:
    """02:00 stays 02:00 when the clocks change; the missing hour is missing."""
    # Adelaide skips 02:00 to 03:00 on 4 October 2026.
    start = datetime.fromisoformat("2026-10-03T12:00:00+09:30")
    bench = await make_alpha(now=start)
    await bench.write(CHARGE, charge_body(("02:00", "04:00")))
    before = {"2026-10-04": 1.0, "2026-10-05": 2.0}
    for day, hours in before.items():
        bench.to_local(A, 5)
        system = bench.cloud.system(A)
        uploads = system.recorder.of_day(datetime.fromisoformat(day).date())
        inside = [u for u in uploads if u.sample.doing.why.startswith("charge")]
        assert len(inside) / 12 == pytest.approx(hours, abs=0.1)


async def test_no_entitlement(make_alpha: MakeAlpha) -> None:
    """6017 for ever, but only after the parameters (1.4, 7.3)."""
    bench = await make_alpha()
    assert (await bench.get("getTimeChargeBySn"))["code"] == 6017
    good = [{"beginTime": "01:00", "endTime": "02:00", "weeks": [1], "chargeLimit": 90}]
    later = [good[0] | {"beginTime": "03:00", "endTime": "04:00"}]
    body = periodic_body(good, later, sysSn=A)
    answer = await bench.post("setTimeChargeBySn", body)
    assert (answer["code"], answer["msg"]) == (6017, "No operation permissions")
    answer = await bench.post("setTimeChargeBySn", body | {"dischargeTimeList": []})
    assert (answer["code"], answer["expMsg"]) == (6001, "time list is null")
    del body["dischargeTimeList"]
    answer = await bench.post("setTimeChargeBySn", body)
    assert (answer["code"], answer["msg"]) == (10001, "Parameter Error")
