"""Where the fake Anker cloud is as strict as the real one may be (4, 5.2, 9.1)."""

from datetime import timedelta
from typing import Any

import pytest

from .anker_bench import APP, LOAD, SET_PARAM, SITE, SN_A, SN_D, A, B, C, E
from .conftest import MakeAnker
from .faults import Fault

pytestmark = pytest.mark.usefixtures("socket_enabled")

X1 = "11111111-2222-4333-8444-000000000006"
LIST = f"{SITE}/get_site_list"
PRICE = f"{SITE}/get_site_price"
STATISTICS = "charging_hes_svc/get_energy_statistics"
FREE = {"rate_limit": False}


async def test_a_days_plan_is_stored_as_it_is(make_anker: MakeAnker) -> None:
    """What is left out is lost; of a rate plan only what is given changes (5.2, 9.7)."""
    bench = await make_anker(fixture=("A", "C"), behaviour=FREE)
    profile = await bench.param("4")
    profile.pop("default_home_load")
    await bench.put("4", profile)
    assert await bench.param("4") == profile
    await bench.put("4", {"ranges": []})
    assert await bench.param("4") == {"ranges": []}
    plan = await bench.param("6", C)
    await bench.put("6", {"mode_type": 3}, C)
    assert await bench.param("6", C) == plan | {"mode_type": 3}


async def test_a_write_has_its_command(make_anker: MakeAnker) -> None:
    """It is 17, always (4.12)."""
    bench = await make_anker(fixture="A")
    good = {"site_id": A, "param_type": "4", "cmd": 17, "param_data": '{"ranges":[]}'}
    for wrong in (16, "17", True, None):
        assert (await bench.send(SET_PARAM, good | {"cmd": wrong})).status == 400
    assert await bench.code(SET_PARAM, good) == 0


@pytest.mark.parametrize(
    "path",
    [
        LOAD,
        f"{APP}/compatible/get_power_cutoff",
        f"{APP}/get_relate_device_fittings",
    ],
)
async def test_a_device_is_asked_for_in_its_system(
    make_anker: MakeAnker, path: str
) -> None:
    """Another system of the account does not know it."""
    bench = await make_anker(fixture=("A", "B", "D"))
    for site_id, serial, code in (
        (A, SN_A, 0),
        (B, SN_A, 10004),
        ("", SN_A, 10004),
        ("", SN_D, 0),
    ):
        asked = {"site_id": site_id, "device_sn": serial}
        assert await bench.code(path, asked) == code


async def test_prices_that_are_replaced(make_anker: MakeAnker) -> None:
    """Who does not send the whole set may lose the rest (4.10)."""
    bench = await make_anker(fixture="E")
    body = {"site_id": E, "price": 0.5, "site_price_unit": "€", "site_co2": 0}
    asked = {"site_id": E, "accuracy": 5}
    await bench.code(f"{SITE}/update_site_price", body)
    assert (await bench.data(PRICE, asked))["use_time"]
    bench.cloud.change(price_replaces=True)
    await bench.code(f"{SITE}/update_site_price", body)
    assert await bench.data(PRICE, asked) == body


async def test_prices_of_a_day(make_anker: MakeAnker) -> None:
    """A day is named by its midnight, and by nothing else (4.11)."""
    bench = await make_anker(fixture="E")
    site = bench.cloud.site(E)
    midnight = site.midnight(site.local(bench.clock()).date())
    detail = "power_service/v1/dynamic_price/price_detail"
    for late, status in ((0, 200), (3600, 400), (-7200, 400)):
        asked = {
            "company": "Nordpool",
            "area": "GER",
            "date": str(int(midnight.timestamp()) + late),
            "device_sn": "",
        }
        assert (await bench.send(detail, asked)).status == status


async def test_one_endpoint_fails(make_anker: MakeAnker) -> None:
    """A refusal with 403, no data, or one kind of energy: the others go on."""
    bench = await make_anker(fixture="C", behaviour=FREE)
    wifi, asked = f"{SITE}/get_wifi_info_list", {"site_id": C}
    refused = {"code": 160003, "msg": "no access permission"}
    bench.cloud.faults.add(
        "wifi_list", Fault.STATUS, status=403, body=refused, times=None
    )
    response = await bench.send(wifi, asked)
    assert (response.status, await response.json()) == (403, refused)
    bench.cloud.faults.add("scene_info", Fault.NULL, key="data", times=1)
    assert await bench.scene(C) is None
    assert (await bench.scene(C))["site_id"] == C
    bench.cloud.change(failing_kinds=frozenset({"grid"}))
    energy: dict[str, Any] = {
        "site_id": C,
        "device_sn": "",
        "type": "week",
        "start_time": "2026-05-04",
        "end_time": "2026-05-04",
    }
    codes = {
        kind: await bench.code(
            f"{SITE}/energy_analysis", energy | {"device_type": kind}
        )
        for kind in ("grid", "solarbank", "solar_production")
    }
    assert codes == {"grid": -1, "solarbank": 0, "solar_production": 0}


async def test_strangers_are_locked_out(make_anker: MakeAnker) -> None:
    """The lock does not tell who has an account (9.1.6)."""
    bench = await make_anker(behaviour={"most_failures_of_address": 100})
    stranger: dict[str, Any] = {"email": "stranger@example.invalid"}
    codes = [(await bench.log_in(**stranger))["code"] for _ in range(11)]
    assert codes == [26156] * 10 + [100053]
    assert (await bench.log_in())["code"] == 0
    bench.forward(hours=1)
    assert (await bench.log_in(**stranger))["code"] == 26156


async def test_an_address_is_locked_out(make_anker: MakeAnker) -> None:
    """Also for those whose passwords are right (2.7)."""
    bench = await make_anker(behaviour={"most_failures_of_address": 4})
    for n in range(4):
        other: dict[str, Any] = {"email": f"other{n}@example.invalid"}
        assert (await bench.log_in(**other))["code"] == 26156
    assert (await bench.log_in())["code"] == 100053
    bench.forward(hours=1)
    assert (await bench.log_in())["code"] == 0


async def test_home_storage(make_anker: MakeAnker) -> None:
    """An X1 has totals and averages of 5 minutes, in both regions (4.14)."""
    bench = await make_anker(fixture="X1", history=timedelta(hours=6))
    [site] = (await bench.data(LIST))["site_list"]
    assert site["power_site_type"] == 3
    assert (await bench.scene(X1))["solarbank_info"]["solarbank_list"] == []
    running = "charging_hes_svc/get_system_running_info"
    totals = await bench.data(running, {"siteId": X1})
    assert totals["connected"] is True
    assert totals["totalSystemPowerGeneration"] == pytest.approx(2.5, abs=0.05)
    assert totals["systemPowerGenerationUnit"] == "MWh"
    day = bench.cloud.site(X1).local(bench.clock()).date().isoformat()
    asked = {
        "siteId": X1,
        "sourceType": "home",
        "dateType": "day",
        "start": day,
        "end": day,
        "global": True,
        "productCode": "",
    }
    told = await bench.data(STATISTICS, asked)
    assert float(told["totalEnergy"]) > 0
    last = told["power"][-1]["powerInfos"][0]
    assert (last["type"], float(last["value"]) > 0) == ("home", True)
