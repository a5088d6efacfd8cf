"""Other systems of the fake Anker cloud: plugs, cascades, panels (4, 9.3, 9.5)."""

from datetime import timedelta

import pytest

from .anker_bench import APP, LOAD, SITE, SN_D, AnkerBench
from .conftest import MakeAnker

pytestmark = pytest.mark.usefixtures("socket_enabled")

_PREFIX = "11111111-2222-4333-8444-00000000000"
PLUS, CASCADE, STATION, PANEL, ZERO, B80 = (_PREFIX + n for n in "123457")
PV = "charging_pv_svc"
FREE = {"rate_limit": False}


async def test_plugs(make_anker: MakeAnker) -> None:
    """In mode 2 a bank gives what the plugs use and a base beside (5.4)."""
    bench = await make_anker(fixture="PLUS", behaviour=FREE)
    bench.cloud.force_soc(PLUS, 80)
    bench.cloud.set_sun(PLUS, 0)
    bench.cloud.set_load(PLUS, 400)
    bench.forward(minutes=10)
    scene = await bench.scene(PLUS)
    plugs = scene["smart_plug_info"]
    assert plugs["total_power"] == "225"
    assert [plug["current_power"] for plug in plugs["smartplug_list"]] == ["85", "140"]
    assert (scene["scene_mode"], scene["grid_info"]) == (2, None)
    assert scene["solarbank_info"]["total_output_power"] == "275.00"
    assert (scene["home_load_power"], scene["other_loads_power"]) == ("275", "50")
    day = "2026-05-04"
    home = await bench.energy("home_usage", day, site=PLUS)
    rows = home["smart_plug_info"]["smartplug_list"]
    total = sum(float(row["total_power"]) for row in rows)
    assert total == pytest.approx(
        float(home["smart_plug_info"]["total_power"]), abs=0.011
    )
    [site] = (await bench.data(f"{SITE}/get_site_list"))["site_list"]
    assert site["device_type_list"] == [3, 7]
    detail = await bench.data(f"{SITE}/get_site_detail", {"site_id": PLUS})
    assert len(detail["smartplug_list"]) == 2


async def test_cascade(make_anker: MakeAnker) -> None:
    """A Solarbank 1 behind a later one takes no orders, and is in no total (5.1)."""
    bench = await make_anker(fixture="CASCADE", behaviour=FREE)
    scene = await bench.scene(CASCADE)
    info = scene["solarbank_info"]
    later, first = info["solarbank_list"]
    assert (later["device_pn"], first["device_pn"]) == ("A17C1", "A17C0")
    assert info["total_photovoltaic_power"] == later["photovoltaic_power"]
    assert first["charging_status"] in "1237"
    serial = first["device_sn"]
    load = await bench.data(LOAD, {"site_id": CASCADE, "device_sn": serial})
    assert load["current_home_load"] == "0W"
    [slot] = (await bench.param("4", CASCADE))["ranges"]
    assert (slot["start_time"], slot["end_time"]) == ("00:00", "24:00")
    assert slot["turn_on"] is slot["device_power_loads"] is None
    before = await bench.param("4", CASCADE)
    assert (await bench.put("4", {"ranges": []}, CASCADE))["code"] == 0
    assert await bench.param("4", CASCADE) == before
    bench.cloud.set_sun(CASCADE, 0)
    bench.cloud.force_soc(CASCADE, 60)
    bench.cloud.set_load(CASCADE, 300)
    bench.forward(minutes=6)
    [own] = bench.cloud.site(CASCADE).moment(bench.clock()).flow.cascaded
    assert own.output_w == 50


async def test_inverter_in_a_system(make_anker: MakeAnker) -> None:
    """An MI80 behind two banks (9.3)."""
    bench = await make_anker(fixture="B80")
    scene = await bench.scene(B80)
    [inverter] = scene["solar_list"]
    output = float(scene["solarbank_info"]["total_output_power"])
    assert float(inverter["generate_power"]) == pytest.approx(output * 0.957, abs=1)
    solar = {"solarbank_sn": "FAKESB1B00000002"}
    info = await bench.data(f"{APP}/compatible/get_compatible_solar_info", solar)
    assert (info["solar_sn"], info["solar_model"]) == (SN_D, "A5143")


async def test_zero_switch(make_anker: MakeAnker) -> None:
    """A 0 W switch is a fitting of its bank (4.8)."""
    bench = await make_anker(fixture="ZERO")
    asked = {"site_id": ZERO, "device_sn": "FAKESB1Z00000001"}
    [fitting] = (await bench.data(f"{APP}/get_relate_device_fittings", asked))["data"]
    assert fitting["product_code"] == "A17Y0"
    assert fitting["bt_ble_mac"] == "020000AABB99"


async def test_station(make_anker: MakeAnker) -> None:
    """A power station has totals of its own, and no schedule."""
    bench = await make_anker(fixture="STATION")
    scene = await bench.scene(STATION)
    assert scene["pps_info"]["total_battery_power"] == "0.80"
    assert len(scene["pps_info"]["pps_list"]) == 1
    assert scene["solarbank_info"]["solarbank_list"] == []
    assert scene["power_site_type"] == 1


async def test_panel(make_anker: MakeAnker) -> None:
    """A power panel is served in the US only; averages of 5 minutes (4.14)."""
    bench = await make_anker(fixture="PANEL", region="com", behaviour=FREE)
    running = "charging_energy_service/get_system_running_info"
    data = await bench.data(running, {"siteId": PANEL})
    assert data["connect_infos"] == {"FAKEPANEL0000001": True}
    assert (await bench.scene(PANEL))["powerpanel_list"][0]["device_pn"] == "A17B1"
    site = bench.cloud.site(PANEL)
    day = site.local(bench.clock()).date().isoformat()
    asked = {
        "siteId": PANEL,
        "sourceType": "home",
        "dateType": "day",
        "start": day,
        "end": day,
        "global": True,
        "productCode": "",
    }
    statistics = await bench.data("charging_energy_service/energy_statistics", asked)
    last = statistics["power"][-1]
    assert len(statistics["power"]) < 288
    assert float(last["powerInfos"][0]["value"]) > 0
    assert float(statistics["totalEnergy"]) > 0
    assert (
        await bench.data("charging_hes_svc/get_system_running_info", {"siteId": PANEL})
    )["connected"] is False
    bench.region = "/eu"
    await bench.log_in()
    response = await bench.send(running, {"siteId": PANEL})
    assert response.status == 503
    assert "openresty" in await response.text()


async def lone(bench: AnkerBench) -> dict[str, object]:
    """Return the totals of the inverter that stands alone."""
    data: dict[str, object] = await bench.data(
        f"{PV}/getPvTotalStatistics", {"sn": SN_D}
    )
    return data


async def test_inverter_alone(make_anker: MakeAnker) -> None:
    """An MI80 without system: power, yields, limit and price (9.5)."""
    bench = await make_anker(fixture="D", behaviour=FREE, history=timedelta(days=1))
    assert await bench.data(f"{SITE}/get_site_list") == {"site_list": []}
    bench.cloud.set_sun(SN_D, 1)
    bench.forward(minutes=10)
    [status] = (await bench.data(f"{PV}/getPvStatus", {"sns": SN_D}))["pvStatuses"]
    assert status == {"sn": SN_D, "power": 600, "status": 1}
    power = {"sn": SN_D, "power": 500}
    assert await bench.code(f"{PV}/set_aps_power", power) == 0
    assert (await lone(bench))["powerConfig"] == "500W"
    bench.forward(minutes=10)
    [status] = (await bench.data(f"{PV}/getPvStatus", {"sns": SN_D}))["pvStatuses"]
    assert status["power"] == 500
    assert bench.cloud.inverter(SN_D).limit_writes == 1
    assert (
        await bench.send(f"{PV}/set_aps_power", power | {"power": "5"})
    ).status == 400
    before = await lone(bench)
    bench.forward(hours=2)
    after = await lone(bench)
    assert after["energy"] == pytest.approx(float(str(before["energy"])) + 1, abs=0.11)
    tier = {"from": "00:00", "to": "23:59", "price": 0.35}
    prices = {"sn": SN_D, "currencyUnit": "€", "tieredElecPrices": [tier]}
    assert await bench.code(f"{PV}/updateUserTieredElecPrice", prices) == 0
    found = await bench.data(f"{PV}/selectUserTieredElecPrice", {"sn": SN_D})
    assert found["tieredElecPrices"] == [tier]
    asked = {"sn": SN_D, "version": "1", "start": "2026-05-03", "end": "2026-05-04"}
    week = await bench.data(f"{PV}/statisticsPv", asked | {"type": "week"})
    assert [item["index"] for item in week["energy"]] == [1, 2]
    total = sum(item["energy"] for item in week["energy"])
    assert week["solarGeneraion"] == pytest.approx(total, abs=0.02)
    asked["start"] = asked["end"]
    curve = (await bench.data(f"{PV}/statisticsPv", asked | {"type": "day"}))["curve"]
    assert len(curve) == 288
    assert max(point["power"] for point in curve) == 600
    load = await bench.data(LOAD, {"site_id": "", "device_sn": SN_D})
    assert (load["site_id"], '"ranges":null' in load["home_load_data"]) == ("", True)
    bench.cloud.set_online(SN_D, False)
    [status] = (await bench.data(f"{PV}/getPvStatus", {"sns": SN_D}))["pvStatuses"]
    assert status == {"sn": SN_D, "power": 0, "status": 0}
    assert await bench.code(f"{PV}/getPvTotalStatistics", {"sn": "OTHER"}) == 160003
