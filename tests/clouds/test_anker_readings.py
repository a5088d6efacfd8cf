"""What the fake Anker cloud tells: keys, forms, ages, variants (4, 9.2 to 9.5)."""

from datetime import datetime, timedelta
import json
import re

import pytest

from . import anker_examples as examples
from .anker_bench import APP, LOAD, SITE, SN_A, SN_C, SN_D, A, B, C, E
from .anker_examples import differences
from .conftest import MakeAnker

pytestmark = pytest.mark.usefixtures("socket_enabled")

WHOLE = re.compile(r"\d+")
CENTS = re.compile(r"\d+\.\d\d")
STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
FOUR = ("A", "B", "C", "D")


async def test_same_keys(make_anker: MakeAnker) -> None:
    """Every answer of A to D has the keys and types that the dossier shows."""
    bench = await make_anker(fixture=FOUR)
    site_a, site_c = {"site_id": A}, {"site_id": C}
    one = {"site_id": A, "device_sn": SN_A}
    bound = (await bench.data(f"{APP}/get_relate_and_bind_devices"))["data"]
    load = await bench.data(LOAD, one)
    load["home_load_data"] = json.loads(load["home_load_data"])
    both = await bench.data(LOAD, {"site_id": B, "device_sn": "FAKESB1B00000001"})
    both["home_load_data"] = json.loads(both["home_load_data"])
    day = "2026-05-04"
    pv = "charging_pv_svc/"
    week = {"type": "week", "start": "2026-05-03", "end": day, "version": "1"}
    asked = {"device_sn": SN_C, "attributes": ["pv_power_limit", "switch_0w"]}
    price = {"site_id": A, "accuracy": 5}
    wifi = f"{SITE}/get_wifi_info_list"
    solar = f"{APP}/compatible/get_compatible_solar_info"
    pairs = {
        "site_list": (await bench.data(f"{SITE}/get_site_list"), examples.SITE_LIST),
        "scene_a": (await bench.scene(A), examples.SCENE_A),
        "scene_b": (await bench.scene(B), examples.SCENE_B),
        "scene_c": (await bench.scene(C), examples.SCENE_C),
        "bind": ({"data": bound}, examples.BIND_A),
        "auto_upgrade": (
            await bench.data(f"{APP}/get_auto_upgrade"),
            examples.AUTO_UPGRADE,
        ),
        "wifi_a": (await bench.data(wifi, site_a), examples.WIFI_A),
        "wifi_c": (await bench.data(wifi, site_c), examples.WIFI_C),
        "cutoff": (
            await bench.data(f"{APP}/compatible/get_power_cutoff", one),
            examples.CUTOFF,
        ),
        "solar": (
            await bench.data(solar, {"solarbank_sn": SN_A}),
            examples.SOLAR_INFO,
        ),
        "load_a": (load, examples.LOAD_A),
        "load_b": (both, examples.LOAD_B),
        "price": (await bench.data(f"{SITE}/get_site_price", price), examples.PRICE),
        "solarbank": (
            await bench.energy("solarbank", "2026-05-03", day),
            examples.ENERGY_SOLARBANK,
        ),
        "production": (
            await bench.energy("solar_production", day),
            examples.ENERGY_SOLAR,
        ),
        "home": (
            await bench.energy("home_usage", day, site=C),
            examples.ENERGY_HOME,
        ),
        "grid": (await bench.energy("grid", day, site=C), examples.ENERGY_GRID),
        "param": (await bench.param("6", C), examples.PARAM_C),
        "attributes": (
            await bench.data(f"{APP}/device/get_device_attrs", asked),
            examples.ATTRIBUTES,
        ),
        "pv_status": (
            await bench.data(f"{pv}getPvStatus", {"sns": SN_D}),
            examples.PV_STATUS,
        ),
        "pv_totals": (
            await bench.data(f"{pv}getPvTotalStatistics", {"sn": SN_D}),
            examples.PV_TOTALS,
        ),
        "pv_price": (
            await bench.data(f"{pv}selectUserTieredElecPrice", {"sn": SN_D}),
            examples.PV_PRICE,
        ),
        "pv_week": (
            await bench.data(f"{pv}statisticsPv", {"sn": SN_D} | week),
            examples.PV_STATISTICS,
        ),
    }
    found = {name: differences(*pair) for name, pair in pairs.items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}
    # What is set and named is the dossier's own.
    assert load["home_load_data"] == examples.LOAD_A["home_load_data"]
    assert both["home_load_data"] == examples.LOAD_B["home_load_data"]
    assert await bench.param("6", C) == examples.PARAM_C
    assert bound[0] == examples.BIND_A["data"][0]
    assert bound[3:5] == examples.BIND_C["data"]
    assert bound[5] == examples.BIND_D["data"][0]
    assert await bench.data(wifi, site_a) == examples.WIFI_A
    assert await bench.data(wifi, site_c) == examples.WIFI_C


async def test_forms(make_anker: MakeAnker) -> None:
    """Numbers are texts: whole watts, two digits in two places, a fraction (4.3)."""
    bench = await make_anker()
    for site in (A, B, C, E):
        scene = await bench.scene(site)
        info, truth = scene["solarbank_info"], bench.cloud.truth(site)
        assert CENTS.fullmatch(info["total_output_power"])
        assert re.fullmatch(r"[01]\.\d\d", info["total_battery_power"])
        assert STAMP.fullmatch(info["updated_time"])
        assert re.fullmatch(r"\d+W", scene["retain_load"])
        assert scene["updated_time"] == "01-01-0001 00:00:00"
        for key, value in info.items():
            if key in ("total_output_power", "total_battery_power"):
                assert CENTS.fullmatch(value), key
            elif isinstance(value, str) and "power" in key and key != "power_unit":
                assert WHOLE.fullmatch(value), key
        assert 100 * float(info["total_battery_power"]) == pytest.approx(
            truth.soc, abs=9
        )
        banks = info["solarbank_list"]
        assert sum(int(bank["photovoltaic_power"]) for bank in banks) == pytest.approx(
            int(info["total_photovoltaic_power"]), abs=2
        )
        for bank in banks:
            net = int(bank["bat_charge_power"]) - int(bank["bat_discharge_power"])
            power = int(bank["photovoltaic_power"]) - int(bank["output_power"])
            assert net == pytest.approx(power, abs=1)


async def test_publication(make_anker: MakeAnker) -> None:
    """Powers change once a report: 60 s at first, 300 s later (6, 9.7)."""
    bench = await make_anker(behaviour={"rate_limit": False})
    for site, every in ((A, 60), (C, 300)):
        shown = bench.cloud.next_publication(site)
        bench.clock.set(shown)
        first = await bench.scene(site)
        assert bench.cloud.next_publication(site) == shown + timedelta(seconds=every)
        bench.clock.set(shown + timedelta(seconds=every - 1))
        assert await bench.scene(site) == first
        bench.forward(seconds=1)
        second = await bench.scene(site)
        stamps = [it["solarbank_info"]["updated_time"] for it in (first, second)]
        assert stamps[0] != stamps[1]
        local = bench.cloud.site(site).local(shown + timedelta(seconds=every - 2))
        assert stamps[1] == local.strftime("%Y-%m-%d %H:%M:%S")
        assert first["solarbank_info"] != second["solarbank_info"]


async def test_jitter(make_anker: MakeAnker) -> None:
    """Reports may come late, each by a time of its own."""
    late = {"publication_s": 10.0, "publication_jitter_s": 20.0, "report_every_s": 30.0}
    bench = await make_anker(fixture="A", behaviour=late)
    delays = set()
    for _ in range(8):
        bench.clock.set(bench.cloud.next_publication(A))
        info = (await bench.scene())["solarbank_info"]
        told = bench.cloud.site(A).local(bench.clock()).replace(tzinfo=None)
        delays.add(
            round(
                (told - datetime.fromisoformat(info["updated_time"])).total_seconds(), 1
            )
        )
    assert len(delays) > 4
    assert 10 <= min(delays) <= max(delays) <= 30


async def test_night_and_full(make_anker: MakeAnker) -> None:
    """A bank that discharges, one that is empty and one that is full (9.2, 4.4)."""
    bench = await make_anker(fixture="A")
    bench.cloud.set_sun(A, 0.0)
    bench.cloud.force_soc(A, 62)
    bench.forward(minutes=2)
    scene = await bench.scene()
    info = scene["solarbank_info"]
    [bank] = info["solarbank_list"]
    assert (bank["photovoltaic_power"], bank["output_power"]) == ("0", "300")
    assert (bank["charging_status"], bank["charging_power"]) == ("2", "300")
    assert (bank["bat_discharge_power"], info["total_charging_power"]) == ("300", "0")
    assert info["battery_discharge_power"] == "0"  # only later banks tell
    bench.forward(hours=8)
    [bank] = (await bench.scene())["solarbank_info"]["solarbank_list"]
    assert (bank["battery_power"], bank["output_power"]) == ("10", "0")
    assert bank["charging_status"] == "7"
    bench.cloud.set_sun(A, 0.5)
    bench.cloud.force_soc(A, 100)
    bench.forward(minutes=2)
    [bank] = (await bench.scene())["solarbank_info"]["solarbank_list"]
    assert (bank["battery_power"], bank["charging_status"]) == ("100", "1")
    assert bank["output_power"] == bank["photovoltaic_power"] == "430"


async def test_offline(make_anker: MakeAnker) -> None:
    """An offline system has zeros and an old time stamp (9.2)."""
    bench = await make_anker(fixture="A")
    before = await bench.scene()
    bench.cloud.set_online(A, False)
    bench.forward(hours=1)
    scene = await bench.scene()
    info = scene["solarbank_info"]
    [bank] = info["solarbank_list"]
    assert (bank["status"], bank["photovoltaic_power"]) == ("0", "0")
    assert info["total_output_power"] == "0.00"
    assert info["updated_time"] == before["solarbank_info"]["updated_time"]
    [row] = (await bench.data(f"{APP}/get_relate_and_bind_devices"))["data"]
    assert row["wifi_online"] is False
    [row] = (await bench.data(f"{SITE}/get_wifi_info_list", {"site_id": A}))[
        "wifi_info_list"
    ]
    assert (row["wifi_signal"], row["offline"]) == ("", True)
    bench.cloud.set_online(A)
    bench.forward(minutes=2)
    scene = await bench.scene()
    assert scene["solarbank_info"]["solarbank_list"][0]["status"] == "1"
    bench.cloud.set_device_online(A, SN_A, False)
    scene = await bench.scene()
    assert scene["solarbank_info"]["solarbank_list"][0]["output_power"] == "0"


async def test_invalid_and_epoch(make_anker: MakeAnker) -> None:
    """Data that are none, a time stamp that is none, and empty texts (9.4)."""
    bench = await make_anker(fixture="C")
    bench.cloud.change(invalid=True)
    scene = await bench.scene(C)
    info = scene["solarbank_info"]
    assert info["is_display_data"] is False
    assert info["updated_time"] == "1970-01-01 00:00:00"
    assert (scene["scene_mode"], scene["retain_load"]) == (0, "0W")
    assert scene["home_load_power"] == scene["grid_info"]["grid_to_home_power"] == "0"
    assert info["solarbank_list"][0]["battery_power"] == "0"
    assert info["total_battery_power"] == "0.00"
    bench.cloud.change(invalid=False, epoch=True, empty_strings=True)
    info = (await bench.scene(C))["solarbank_info"]
    assert info["updated_time"] == "1970-01-01 00:00:00"
    assert info["is_display_data"] is True
    assert int(info["total_photovoltaic_power"]) > 0
    assert info["solarbank_list"][0]["photovoltaic_power"] == ""


async def test_old_firmware(make_anker: MakeAnker) -> None:
    """Before 2024 there was less (5.1, 9.2)."""
    bench = await make_anker(fixture="A", behaviour={"old_firmware": True})
    scene = await bench.scene()
    [bank] = scene["solarbank_info"]["solarbank_list"]
    assert not {"set_load_power", "output_cutoff_data", "bat_charge_power"} & {*bank}
    assert "feature_switch" not in scene
    load = await bench.data(LOAD, {"site_id": A, "device_sn": SN_A})
    profile = json.loads(load["home_load_data"])
    assert profile == await bench.param("4")
    assert set(profile["ranges"][0]) == {
        *("id", "start_time", "end_time", "turn_on", "appliance_loads"),
        "charge_priority",
    }
    assert "default_home_load" not in profile
    profile["ranges"][1]["appliance_loads"][0]["power"] = 250
    await bench.put("4", profile)
    assert await bench.param("4") == profile


async def test_newest_fields(make_anker: MakeAnker) -> None:
    """Lists grew late in 2025 (4.2, 4.5, 4.7), and owners have a first page."""
    bench = await make_anker(fixture=("B", "C"), behaviour={"newest": True})
    sites = (await bench.data(f"{SITE}/get_site_list"))["site_list"]
    listed = [row["device_sn"] for row in sites[1]["site_device_list"]]
    assert listed == [SN_C, "FAKEMETER0000001"]
    bound = (await bench.data(f"{APP}/get_relate_and_bind_devices"))["data"]
    assert {row["owner_user_id"] for row in bound} == {
        bench.cloud.accounts[0].user_id,
    }
    asked = {"site_id": C, "device_sn": SN_C}
    cutoff = await bench.data(f"{APP}/compatible/get_power_cutoff", asked)
    assert cutoff["discharge_lower_limit"] == 10
    page = await bench.data(f"{SITE}/get_site_homepage")
    assert len(page["site_list"]) == 2
    assert [bank["device_sn"] for bank in page["solarbank_list"]] == [
        *("FAKESB1B00000001", "FAKESB1B00000002"),
        SN_C,
    ]
    assert page["solarbank_list"][0]["battery_power"] in (
        str(n) for n in range(10, 101)
    )
    # A later bank has a schedule of type 4 that means nothing.
    assert len((await bench.param("4", C))["ranges"]) == 1
    assert (await bench.param("6", B))["mode_type"] == 0


async def test_third_generation(make_anker: MakeAnker) -> None:
    """A Solarbank 3: AI mode, tariffs, dynamic prices, limits (4.11, 4.12)."""
    bench = await make_anker(fixture=("E", "C"))
    scene = await bench.scene(E)
    assert scene["scene_mode"] == 7
    assert scene["feature_switch"]["enable_timeslot"] is True
    assert scene["aiems_profit"]["unit"] == "€"
    assert scene["solarbank_info"]["solarbank_list"][0]["output_cutoff_data"] == 0
    assert (await bench.param("6", E))["ai_ems"] == {"enable": True, "status": 5}
    tariffs = await bench.param("12", E)
    assert tariffs["fixed_price"]["price"] == "0.4"
    assert (await bench.param("13", E))["data_auth"] is True
    settings = await bench.param("18", E)
    assert settings["soc_list"][0] == {"id": 1, "is_selected": 1, "soc": 10}
    price = await bench.data(f"{SITE}/get_site_price", {"site_id": E, "accuracy": 5})
    assert (price["price"], price["price_type"]) == (0.4, "dynamic")
    limit = await bench.data(f"{SITE}/get_power_limit", {"site_id": E})
    assert limit["legal_power_limit"] == 1200
    assert (await bench.data(f"{SITE}/get_power_limit", {"site_id": C}))[
        "legal_power_limit"
    ] == 800
    status = await bench.data("power_service/v1/ai_ems/get_status", {"site_id": E})
    assert status["status"] == 1
    asked = {"device_sn": "FAKESB3E000000001", "attributes": ["rssi", "switch_0w"]}
    found = await bench.data(f"{APP}/device/get_device_attrs", asked)
    assert found["attributes"] == {"rssi": "-70", "switch_0w": 0}
    assert await bench.param("5", E) is None


async def test_dynamic_prices(make_anker: MakeAnker) -> None:
    """24 spot prices a day per MWh, those of tomorrow from 13:00 on (4.11)."""
    bench = await make_anker(fixture="E")
    dynamic = "power_service/v1/dynamic_price/"
    options = await bench.data(f"{dynamic}support_option", {"device_pn": "A17C5"})
    [country] = options["country_info"]
    [company] = country["company_info"]
    [area] = company["area_info"]
    site = bench.cloud.site(E)
    midnight = site.midnight(site.local(bench.clock()).date())
    asked = {
        "company": company["company"],
        "area": area["area"],
        "date": str(int(midnight.timestamp())),
        "device_sn": "",
    }
    morning = await bench.data(f"{dynamic}price_detail", asked)
    assert len(morning["today_price_trend"]) == 24
    assert (morning["tomorrow_price_trend"], morning["tomorrow_avg_price"]) == ([], "")
    prices = [float(item["price"]) for item in morning["today_price_trend"]]
    assert float(morning["today_avg_price"]) == pytest.approx(
        sum(prices) / 24, abs=0.01
    )
    bench.to_local(13, site=E)
    afternoon = await bench.data(f"{dynamic}price_detail", asked)
    assert len(afternoon["tomorrow_price_trend"]) == 24
    asked["date"] = str(int((midnight + timedelta(days=1)).timestamp()))
    tomorrow = await bench.data(f"{dynamic}price_detail", asked)
    assert tomorrow["today_price_trend"] == afternoon["tomorrow_price_trend"]
    asked["company"] = "Unknown"
    assert await bench.code(f"{dynamic}price_detail", asked) == 10000
