"""What the fake Anker cloud does with later plans, and settings (5.4, 9.7)."""

from copy import deepcopy
from datetime import date

import pytest

from .anker.prices import spots
from .anker_bench import APP, GET_PARAM, SITE, SN_A, SN_C, A, C, E
from .conftest import MakeAnker

pytestmark = pytest.mark.usefixtures("socket_enabled")

AC = "11111111-2222-4333-8444-00000000000f"
FREE = {"rate_limit": False}


async def test_delays(make_anker: MakeAnker) -> None:
    """Reading, showing and obeying have delays of their own."""
    slow = {"stored_after_s": 60.0, "shows_after_s": 180.0, "acts_after_s": 300.0}
    bench = await make_anker(fixture="C", behaviour=FREE | slow)
    bench.cloud.set_sun(C, 0)
    bench.cloud.set_load(C, 500)
    bench.cloud.force_soc(C, 70)
    bench.forward(minutes=1)
    assert (await bench.put("6", {"mode_type": 3}, C))["code"] == 0
    found = []
    for _ in range(6):
        truth = bench.cloud.truth(C)
        mode = (await bench.param("6", C))["mode_type"]
        found.append((mode, (await bench.scene(C))["scene_mode"], truth.output_w))
        bench.forward(minutes=1)
    assert found == [
        *((1, 1, 500), (3, 1, 500), (3, 1, 500)),
        *((3, 3, 500), (3, 3, 500), (3, 3, 250)),
    ]
    assert (await bench.scene(C))["retain_load"] == "250W"


async def test_rate_plan_merges(make_anker: MakeAnker) -> None:
    """A subset changes only what it names (9.4)."""
    bench = await make_anker(fixture="C", behaviour=FREE)
    before = await bench.param("6", C)
    plan = deepcopy(before["custom_rate_plan"])
    plan[1]["ranges"][1]["power"] = 180
    given = {"mode_type": 3, "custom_rate_plan": plan, "blend_plan": []}
    assert (await bench.put("6", given, C))["code"] == 0
    assert await bench.param("6", C) == before | given
    bench.cloud.app_sets_mode(C, 1)
    bench.cloud.app_sets_plan(C, blend_plan=None)
    after = await bench.param("6", C)
    assert after == before | {"custom_rate_plan": plan}


async def test_manual_week(make_anker: MakeAnker) -> None:
    """Manual mode follows the weekday's plan, 200 W where it has gaps (5.4)."""
    bench = await make_anker(fixture="C", behaviour=FREE)
    bench.cloud.set_sun(C, 0)
    plan = (await bench.param("6", C))["custom_rate_plan"]
    plan[1]["week"] = [1, 2, 3, 4]
    plan[1]["ranges"][1]["end_time"] = "20:00"
    await bench.put("6", {"mode_type": 3, "custom_rate_plan": plan}, C)
    found = {}
    for day, hour in ((4, 12), (4, 21), (5, 6), (8, 12), (9, 12)):
        bench.clock.set(bench.cloud.site(C).midnight(bench.clock().date()))
        while (local := bench.cloud.site(C).local(bench.clock())).day != day or (
            local.hour != hour
        ):
            bench.forward(hours=1)
        bench.cloud.force_soc(C, 80)
        bench.forward(minutes=2)
        await bench.log_in()
        found[day, hour] = bench.cloud.truth(C).output_w
        assert (await bench.scene(C))["retain_load"] == f"{found[day, hour]:.0f}W"
    assert found == {
        (4, 12): 250,
        (4, 21): 200,
        (5, 6): 100,
        (8, 12): 200,  # Friday is in no item
        (9, 12): 150,
    }


async def test_backup(make_anker: MakeAnker) -> None:
    """A backup charges from the grid until full or its end; then back (5.4)."""
    bench = await make_anker(fixture="AC", behaviour=FREE)
    bench.cloud.set_sun(AC, 0)
    bench.cloud.set_load(AC, 300)
    bench.cloud.force_soc(AC, 40)
    begin = int(bench.clock().timestamp()) + 600
    span = {"start_time": begin, "end_time": begin + 3600}
    given = {"mode_type": 1, "manual_backup": {"ranges": [span], "switch": True}}
    await bench.put("6", given, AC)
    bench.forward(minutes=8)
    assert bench.cloud.truth(AC).battery_w == -300
    assert (await bench.scene(AC))["scene_mode"] == 1
    bench.forward(minutes=8)
    truth = bench.cloud.truth(AC)
    assert (truth.grid_charge_w, truth.battery_w, truth.grid_w) == (1000, 1000, 1300)
    scene = await bench.scene(AC)
    assert scene["scene_mode"] == scene["user_scene_mode"] == 4
    info = scene["solarbank_info"]
    assert info["grid_to_battery_power"] == "1000"
    assert info["backup_info"]["start_time"] == begin
    assert info["backup_info"]["full_time"] > begin
    bench.forward(minutes=58)
    assert bench.cloud.truth(AC).battery_w == -300
    assert (await bench.scene(AC))["scene_mode"] == 1
    over = await bench.param("6", AC)
    assert over["manual_backup"] == {"ranges": [span], "switch": False}
    # Full before its end.
    bench.cloud.force_soc(AC, 99)
    begin = int(bench.clock().timestamp()) - 60
    span = {"start_time": begin, "end_time": begin + 7200}
    given = {"mode_type": 1, "manual_backup": {"ranges": [span], "switch": True}}
    await bench.put("6", given, AC)
    bench.forward(minutes=30)
    assert bench.cloud.truth(AC).battery_w == -300
    assert (await bench.param("6", AC))["manual_backup"]["switch"] is False
    site = bench.cloud.site(AC)
    assert site.at(bench.clock()).totals.grid_to_battery > 0.9
    assert max(moment.flow.banks[0].soc for moment in site.moments) <= 1


async def test_backup_keeps_its_switch(make_anker: MakeAnker) -> None:
    """Perhaps the switch stays on when a backup is over."""
    bench = await make_anker(
        fixture="AC", behaviour=FREE | {"backup_switches_off": False}
    )
    begin = int(bench.clock().timestamp())
    span = {"start_time": begin, "end_time": begin + 1200}
    given = {"mode_type": 1, "manual_backup": {"ranges": [span], "switch": True}}
    await bench.put("6", given, AC)
    bench.forward(minutes=10)
    assert (await bench.scene(AC))["scene_mode"] == 4
    bench.forward(minutes=15)
    assert (await bench.scene(AC))["scene_mode"] == 1
    assert (await bench.param("6", AC))["manual_backup"]["switch"] is True


async def test_use_time(make_anker: MakeAnker) -> None:
    """Valley charges, peak follows the house, off-peak saves below 80 % (5.5)."""
    bench = await make_anker(fixture="AC", behaviour=FREE)
    bench.cloud.set_sun(AC, 0)
    bench.cloud.set_load(AC, 300)
    bench.cloud.app_sets_mode(AC, 5)
    found = {}
    for hour, soc in ((14, 50), (15, 90), (19, 50), (1, 50)):
        bench.to_local(hour, site=AC)
        bench.cloud.force_soc(AC, soc)
        bench.forward(minutes=2)
        await bench.log_in()
        watts = round(bench.cloud.truth(AC).battery_w)
        band = (await bench.scene(AC))["solarbank_info"]["use_time_excute_info"]
        found[hour] = (watts, band["current_band"])
    assert found == {
        14: (0, "3"),
        15: (-300, "3"),
        19: (-300, "1"),
        1: (1000, "4"),
    }


async def test_charging_type(make_anker: MakeAnker) -> None:
    """A slot of a Solarbank 3 charges from the grid at its power (5.4)."""
    bench = await make_anker(fixture="E", behaviour=FREE)
    bench.cloud.set_sun(E, 0)
    bench.cloud.force_soc(E, 50)
    slot = {"start_time": "00:00", "end_time": "24:00", "power": 600}
    item = {"index": 0, "week": list(range(7)), "ranges": [slot | {"charging_type": 1}]}
    await bench.put("6", {"mode_type": 3, "custom_rate_plan": [item]}, E)
    bench.forward(minutes=7)
    truth = bench.cloud.truth(E)
    assert (truth.battery_w, truth.output_w, truth.grid_charge_w) == (600, 0, 600)
    bench.cloud.force_soc(E, 100)
    bench.forward(minutes=2)
    assert bench.cloud.truth(E).battery_w == 0


async def test_cheapest_hours(make_anker: MakeAnker) -> None:
    """Mode 8 charges in the three cheapest hours of the market's day."""
    bench = await make_anker(fixture="E", behaviour=FREE)
    bench.cloud.set_sun(E, 0)
    bench.cloud.app_sets_mode(E, 8)
    bench.forward(minutes=6)
    began = bench.clock()
    bench.forward(days=1)
    site = bench.cloud.site(E)
    found: dict[date, set[int]] = {}
    for moment in site.moments:
        if moment.time >= began and moment.flow.grid_charge_w:
            local = site.local(moment.time)
            found.setdefault(local.date(), set()).add(local.hour)
    assert found
    for day, hours in found.items():
        prices = spots(day)
        cheapest = sorted(range(24), key=prices.__getitem__)[:3]
        assert hours <= set(cheapest)


async def test_settings_of_a_station(make_anker: MakeAnker) -> None:
    """Reserve, export and limit: a Solarbank 3 obeys, a 2 only shows (4.12)."""
    bench = await make_anker(fixture=("C", "E"), behaviour=FREE)
    for site, obeys in ((C, False), (E, True)):
        bench.cloud.set_sun(site, 0)
        bench.cloud.set_load(site, 700)
        before = await bench.param("18", site)
        limits = {
            "discharge_lower_limit": 20,
            "charge_upper_limit": 90,
            "backup_reserve": 50,
            "backup_reserve_switch": 0,
            "cmd_type": 1,
        }
        assert (await bench.put("18", limits, site))["code"] == 0
        assert await bench.param("18", site) == before | limits
        bench.cloud.force_soc(site, 15)
        bench.forward(minutes=7)
        assert (bench.cloud.truth(site).output_w == 0) is obeys
        await bench.put("18", {"id": 2}, site)
        chosen = (await bench.param("18", site))["soc_list"]
        assert [choice["is_selected"] for choice in chosen] == [0, 1]
        await bench.put("18", {"switch_0w": 1}, site)
        bench.cloud.set_sun(site, 1)
        bench.cloud.set_load(site, 100)
        bench.cloud.force_soc(site, 100)
        bench.forward(minutes=7)
        assert bench.cloud.truth(site).grid_w == pytest.approx(0, abs=1e-6)
        assert (await bench.scene(site))["switch_0w"] == 1
    limit = {"power_limit": {"limit": 350, "limit_real": 350}}
    assert (await bench.put("19", limit, C))["code"] == 10004
    assert (await bench.put("19", limit, E))["code"] == 0
    assert (await bench.data(f"{SITE}/get_power_limit", {"site_id": E}))[
        "all_power_limit"
    ] == 350
    bench.cloud.set_load(E, 900)
    bench.forward(minutes=7)
    assert bench.cloud.truth(E).output_w == 350
    refused = {"site_id": E, "param_type": "19"}
    assert await bench.code(GET_PARAM, refused) == 10004


async def test_cutoff(make_anker: MakeAnker) -> None:
    """The reserve of 5 or 10 %: a Solarbank 1 obeys, a 2 only shows (4.7)."""
    bench = await make_anker(fixture=("A", "C"), behaviour=FREE)
    path = f"{APP}/compatible/set_power_cutoff"
    for site, serial, obeys in ((A, SN_A, True), (C, SN_C, False)):
        bench.cloud.set_sun(site, 0)
        bench.cloud.force_soc(site, 10)
        assert await bench.code(path, {"device_sn": serial, "cutoff_data_id": 2}) == 0
        asked = {"site_id": site, "device_sn": serial}
        options = await bench.data(f"{APP}/compatible/get_power_cutoff", asked)
        chosen = [row["is_selected"] for row in options["power_cutoff_data"]]
        assert chosen == [0, 1]
        bench.forward(minutes=7)
        info = (await bench.scene(site))["solarbank_info"]
        assert info["solarbank_list"][0]["output_cutoff_data"] == 5
        assert (bench.cloud.truth(site).output_w > 0) is obeys
    assert (
        await bench.send(path, {"device_sn": SN_A, "cutoff_data_id": 3})
    ).status == 400
    bench.cloud.app_sets_cutoff(A, SN_A, 1)
    bench.forward(minutes=2)
    info = (await bench.scene())["solarbank_info"]
    assert info["solarbank_list"][0]["output_cutoff_data"] == 10


async def test_switches(make_anker: MakeAnker) -> None:
    """Automatic upgrades and attributes are kept (4.8)."""
    bench = await make_anker(fixture=("A", "E"), behaviour=FREE)
    get, put = f"{APP}/get_auto_upgrade", f"{APP}/set_auto_upgrade"

    async def upgrades() -> tuple[bool, dict[str, bool]]:
        data = await bench.data(get)
        rows = {row["device_sn"]: row["auto_upgrade"] for row in data["device_list"]}
        return data["main_switch"], rows

    bank = "FAKESB3E000000001"
    assert await upgrades() == (True, {SN_A: False, bank: False})
    rows = [{"device_sn": SN_A, "auto_upgrade": True}]
    await bench.data(put, {"main_switch": True, "device_list": rows})
    assert await upgrades() == (True, {SN_A: True, bank: False})
    await bench.data(put, {"main_switch": False, "device_list": []})
    assert await upgrades() == (False, {SN_A: False, bank: False})
    attrs = f"{APP}/device/set_device_attrs"
    await bench.data(attrs, {"device_sn": bank, "attributes": {"pv_power_limit": 2000}})
    asked = {"device_sn": bank, "attributes": ["pv_power_limit"]}
    found = await bench.data(f"{APP}/device/get_device_attrs", asked)
    assert found["attributes"] == {"pv_power_limit": 2000}
    rows = [{"device_sn": SN_A, "version": ""}, {"device_sn": "FAKESHELLY0001"}]
    infos = (await bench.data("app/ota/batch/check_update", {"device_list": rows}))[
        "update_infos"
    ]
    assert [info["lastPackage"]["version"] for info in infos] == ["v2.0.9", ""]
