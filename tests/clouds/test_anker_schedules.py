"""What the fake Anker cloud does with the day profile of Solarbank 1 (5.1, 9.7)."""

from copy import deepcopy
import json
from typing import Any

import aiohttp
import pytest

from .anker_bench import APP, LOAD, SN_A, A, AnkerBench, B
from .conftest import MakeAnker
from .faults import Fault

pytestmark = pytest.mark.usefixtures("socket_enabled")

LEFT, RIGHT = "FAKESB1B00000001", "FAKESB1B00000002"
FREE = {"rate_limit": False}


async def load(bench: AnkerBench, site: str = A, serial: str = SN_A) -> Any:
    """Return the applied preset of a system."""
    return await bench.data(LOAD, {"site_id": site, "device_sn": serial})


def preset(profile: dict[str, Any], power: int) -> dict[str, Any]:
    """Return a day profile with another power in all its slots."""
    profile = deepcopy(profile)
    for slot in profile["ranges"]:
        slot["appliance_loads"][0]["power"] = power
    return profile


async def test_profile(make_anker: MakeAnker) -> None:
    """What is written is read at once, shown and obeyed after a minute (5.2)."""
    bench = await make_anker(fixture="A", behaviour=FREE)
    bench.cloud.force_soc(A, 60)
    bench.cloud.set_sun(A, 0)
    profile = await bench.param("4")
    body = await bench.put("4", preset(profile, 240))
    assert (body["code"], body["data"]) == (0, {})
    read = await bench.param("4")
    assert read == preset(profile, 240) | {"ranges": read["ranges"]}
    assert [slot["appliance_loads"][0]["power"] for slot in read["ranges"]] == [240] * 2
    # The cloud makes equal parts, of a single bank too.
    parts = [slot["device_power_loads"][0]["power"] for slot in read["ranges"]]
    assert parts == [120, 120]
    assert json.loads((await load(bench))["home_load_data"]) == read
    assert (await load(bench))["current_home_load"] == "300W"
    assert bench.cloud.truth(A).output_w == 300
    bench.forward(seconds=61)
    assert (await load(bench))["current_home_load"] == "240W"
    assert (await bench.scene())["retain_load"] == "240W"
    bench.forward(minutes=1)
    assert bench.cloud.truth(A).output_w == 240


async def test_shares(make_anker: MakeAnker) -> None:
    """Two banks share a preset equally or as told (5.6)."""
    bench = await make_anker(fixture="B", behaviour=FREE)
    bench.cloud.set_sun(B, 0)
    bench.cloud.force_soc(B, 90)
    profile = await bench.param("4", B)
    slot = profile["ranges"][1]
    slot["appliance_loads"][0]["power"] = 250
    slot["power_setting_mode"] = 2
    slot["device_power_loads"] = [
        {"device_sn": LEFT, "power": 100},
        {"device_sn": RIGHT, "power": 150},
    ]
    await bench.put("4", profile, B)
    assert await bench.param("4", B) == profile
    bench.forward(minutes=2)
    scene = await bench.scene(B)
    banks = scene["solarbank_info"]["solarbank_list"]
    assert [bank["set_load_power"] for bank in banks] == ["100", "150"]
    assert scene["solarbank_info"]["display_set_power"] is True
    assert (await load(bench, B, RIGHT))["parallel_home_load"] == "150W"
    assert (await load(bench, B, LEFT))["current_home_load"] == "250W"
    bench.forward(minutes=1)
    banks = (await bench.scene(B))["solarbank_info"]["solarbank_list"]
    assert [bank["output_power"] for bank in banks] == ["100", "150"]
    # Mode 1 with stale parts of banks: the cloud makes equal ones.
    slot["power_setting_mode"] = 1
    slot["appliance_loads"][0]["power"] = 300
    await bench.put("4", profile, B)
    parts = (await bench.param("4", B))["ranges"][1]["device_power_loads"]
    assert [part["power"] for part in parts] == [150, 150]


async def test_gaps_and_clear(make_anker: MakeAnker) -> None:
    """Outside of slots and without any the default of 200 W is given (5.1)."""
    bench = await make_anker(fixture="A", behaviour=FREE)
    profile = await bench.param("4")
    second = profile["ranges"][1]
    second["start_time"] = "13:00"
    await bench.put("4", profile)
    bench.forward(minutes=2)
    assert (await bench.scene())["retain_load"] == "200W"
    assert (await bench.put("4", {"ranges": []}))["code"] == 0
    assert await bench.param("4") == {"ranges": []}
    bench.to_local(14)
    assert (await bench.scene())["retain_load"] == "200W"


async def test_no_export(make_anker: MakeAnker) -> None:
    """A slot that is off delivers nothing, but a full bank lets the sun pass (5.1)."""
    bench = await make_anker(fixture="A", behaviour=FREE)
    bench.cloud.set_sun(A, 0.5)
    bench.cloud.force_soc(A, 50)
    profile = await bench.param("4")
    for slot in profile["ranges"]:
        slot["turn_on"] = False
    await bench.put("4", profile)
    bench.forward(minutes=3)
    truth = bench.cloud.truth(A)
    assert (truth.output_w, truth.battery_w) == (0, 430)
    assert (await bench.scene())["retain_load"] == "0W"
    bench.cloud.force_soc(A, 100)
    bench.forward(minutes=2)
    assert bench.cloud.truth(A).output_w == pytest.approx(430)


async def test_least_power(make_anker: MakeAnker) -> None:
    """The cloud takes 25 W; the bank gives its own minimum (5.1)."""
    bench = await make_anker(fixture="A", behaviour=FREE)
    bench.cloud.set_sun(A, 0)
    await bench.put("4", preset(await bench.param("4"), 25))
    bench.forward(minutes=3)
    assert bench.cloud.truth(A).output_w == 50
    assert (await bench.scene())["retain_load"] == "25W"


async def test_full_day_trap(make_anker: MakeAnker) -> None:
    """One slot of 24 hours from a program makes 0 W; the app repairs it (5.2)."""
    bench = await make_anker(fixture="A", behaviour=FREE)
    bench.cloud.set_sun(A, 0)
    bench.cloud.force_soc(A, 80)
    profile = await bench.param("4")
    slot = profile["ranges"][0] | {"end_time": "24:00"}
    await bench.put("4", profile | {"ranges": [slot]})
    bench.forward(minutes=3)
    scene = await bench.scene()
    assert scene["retain_load"] == "200W"  # as if all were well
    assert bench.cloud.truth(A).output_w == 0
    bench.cloud.app_sets_profile(A, [slot])
    bench.forward(minutes=3)
    assert bench.cloud.truth(A).output_w == 200
    halves = [slot | {"end_time": "12:00"}, slot | {"start_time": "12:00"}]
    await bench.put("4", profile | {"ranges": halves})
    bench.forward(minutes=3)
    assert bench.cloud.truth(A).output_w == 200
    bench.cloud.change(full_day_trap=False)
    await bench.put("4", profile | {"ranges": [slot]})
    bench.forward(minutes=3)
    assert bench.cloud.truth(A).output_w == 200


async def test_charge_priority(make_anker: MakeAnker) -> None:
    """Below the limit what the sun gives too little is kept (5.1)."""
    bench = await make_anker(fixture="B", behaviour=FREE)
    bench.cloud.set_sun(B, 0.1)
    bench.cloud.force_soc(B, 50)
    bench.forward(minutes=2)
    truth = bench.cloud.truth(B)
    assert truth.output_w == 0
    assert truth.battery_w == pytest.approx(truth.solar_w)
    bench.cloud.force_soc(B, 85)
    bench.forward(minutes=2)
    assert bench.cloud.truth(B).output_w == pytest.approx(300)
    bench.cloud.force_soc(B, 50)
    profile = await bench.param("4", B)
    for slot in profile["ranges"]:
        slot["priority_discharge_switch"] = 1
    await bench.put("4", profile, B)
    bench.forward(minutes=3)
    assert bench.cloud.truth(B).output_w == pytest.approx(300)
    assert (await bench.scene(B))["priority_discharge_switch"] == 1


async def test_no_effect(make_anker: MakeAnker) -> None:
    """set_device_home_load is answered and does nothing; a liar does so always."""
    bench = await make_anker(fixture="A", behaviour=FREE)
    profile = await bench.param("4")
    body = {"site_id": A, "device_sn": SN_A, "home_load_data": json.dumps(profile)}
    path = f"{APP}/device/set_device_home_load"
    assert await bench.code(path, body) == 0
    bench.cloud.faults.add("set_device_parm", Fault.IGNORED, times=1)
    assert (await bench.put("4", preset(profile, 250)))["code"] == 0
    assert await bench.param("4") == profile
    bench.cloud.change(lies=True)
    assert (await bench.put("4", preset(profile, 250)))["code"] == 0
    assert await bench.param("4") == profile
    bench.cloud.change(lies=False)
    bench.cloud.faults.add("set_device_parm", Fault.LATE, seconds=90, times=1)
    await bench.put("4", preset(profile, 250))
    assert await bench.param("4") == profile
    bench.forward(seconds=90)
    assert (await bench.param("4"))["ranges"][0]["appliance_loads"][0]["power"] == 250
    bench.cloud.faults.add("set_device_parm", Fault.DROP, done=True, times=1)
    with pytest.raises(aiohttp.ClientError):
        await bench.put("4", preset(profile, 260))
    assert (await bench.param("4"))["ranges"][0]["appliance_loads"][0]["power"] == 260


async def test_slots_meet(make_anker: MakeAnker) -> None:
    """24:00 is the end of a day, and a slot holds its first minute."""
    bench = await make_anker(fixture="A", behaviour=FREE)
    found = {}
    for hour, minute in ((23, 59), (0, 0), (7, 59), (8, 0)):
        bench.to_local(hour, minute)
        await bench.log_in()
        found[hour, minute] = (await bench.scene())["retain_load"]
    assert list(found.values()) == ["300W", "200W", "200W", "300W"]
