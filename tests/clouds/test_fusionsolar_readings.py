"""Readings of the fake FusionSolar cloud (dossier 2.1 to 2.6, 3, 7.3 to 7.6)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import MakeFusion
from .fusionsolar import FIXTURES
from .fusionsolar_bench import FUSION_NOW, SECOND, A, B, C, F, ms
from .fusionsolar_examples import (
    BATTERY,
    DAY,
    DEVICE_LIST,
    HOUR,
    INVERTER,
    METER,
    REAL_KPI,
    SENSOR,
    STATIONS,
    has_shape,
    shape,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")

FREE = {"quotas": False}
NIGHT = datetime(2026, 11, 20, 15, 2, tzinfo=UTC)  # 01:02 in Brisbane


# -- shapes -----------------------------------------------------------------------


async def test_lists_as_in_the_dossier(make_fusion: MakeFusion) -> None:
    """Keys, types and the invented values of 2.1 and 7.4."""
    bench = await make_fusion()
    answer = await bench.ask("stations", {"pageNo": 1, "pageSize": 100})
    assert shape(answer) == shape(STATIONS)
    [row], [example] = answer["data"]["list"], STATIONS["data"]["list"]
    moved = {"longitude", "latitude"}
    assert {k for k in row if row[k] != example[k]} == moved
    answer = await bench.ask("getDevList", {"stationCodes": A})
    assert shape(answer) == shape(DEVICE_LIST)
    for row, example in zip(answer["data"], DEVICE_LIST["data"], strict=True):
        assert {k for k in row if row[k] != example[k]} == moved


async def test_readings_as_in_the_dossier(make_fusion: MakeFusion) -> None:
    """Keys, types and echo of 7.5, and numbers that are floats."""
    bench = await make_fusion(fixture=["A", "B"], behaviour=FREE)
    body = {"devIds": "1000000071000012", "devTypeId": 38}
    answer = await bench.ask("getDevRealKpi", body)
    example = INVERTER["data"][0]["dataItemMap"]
    values = answer["data"][0].pop("dataItemMap")
    assert has_shape(values, example)
    assert set(values) - set(example) == {
        f"pv{n}_{unit}" for n in range(4, 9) for unit in "ui"
    }
    del INVERTER["data"][0]["dataItemMap"]
    assert shape(answer) == shape(INVERTER)
    assert has_shape(await bench.real(A, 47), SENSOR)
    assert has_shape(await bench.real(A, 39), BATTERY)
    assert has_shape(await bench.real(B, 17), METER)
    assert "run_state" not in await bench.real(B, 17)
    # What was sent comes back as it was sent.
    body = {"sns": "TESTINV0001", "devTypeId": "38"}
    answer = await bench.ask("getDevRealKpi", body)
    assert answer["params"] == body | {"currentTime": ms(FUSION_NOW)}
    bench.cloud.change(new_columns=False)
    [row] = await bench.data("getDevRealKpi", body)
    assert list(row) == ["devId", "dataItemMap"]


async def test_plant_kpis_as_in_the_dossier(make_fusion: MakeFusion) -> None:
    """Strings of now, numbers of periods (2.2, 2.3, 7.6)."""
    bench = await make_fusion(fixture="D", behaviour=FREE)
    rows = await bench.data("getStationRealKpi", {"stationCodes": f"{A},{SECOND}"})
    assert [row["stationCode"] for row in rows] == [A, SECOND]
    assert shape(rows[0]["dataItemMap"]) == shape(REAL_KPI)
    assert len(rows[0]["dataItemMap"]["day_power"].split(".")[1]) == 3
    assert shape((await bench.kpi("getKpiStationHour"))[10]) == shape(HOUR)
    for name in ("Day", "Month", "Year"):
        assert shape((await bench.kpi(f"getKpiStation{name}"))[-1]) == shape(DAY)
    bench.cloud.change(
        real_kpi_values="number",
        real_kpi_energies=True,
        real_kpi_power=True,
        yield_keys=True,
    )
    [row] = await bench.data("getStationRealKpi", {"stationCodes": A})
    values = row["dataItemMap"]
    assert isinstance(values["day_power"], float)
    flow = bench.cloud.truth(A).flow
    assert values["active_power"] == pytest.approx(
        (flow.pv_w + flow.battery_w) / 1000, abs=0.001
    )
    assert values["day_use_energy"] > 0
    assert "PVYield" in (await bench.kpi("getKpiStationDay"))[-1]["dataItemMap"]


async def test_second_plant_has_no_place(make_fusion: MakeFusion) -> None:
    """A code of 32 hex letters, and nulls where an address is missing (7.3)."""
    bench = await make_fusion(fixture="D", behaviour=FREE)
    page = await bench.data("stations", {"pageNo": 1})
    assert (page["total"], page["list"][1]["plantCode"]) == (2, SECOND)
    keys = ("plantAddress", "longitude", "latitude")
    assert [page["list"][1][key] for key in keys] == [None] * 3
    rows = await bench.data("getDevList", {"stationCodes": f"{A},{SECOND}"})
    assert [row["latitude"] for row in rows if row["stationCode"] == SECOND] == [
        None
    ] * 3
    assert len(rows) == 7


async def test_pages(make_fusion: MakeFusion) -> None:
    """A hundred to a page, nothing behind the last; filtered by grid connection."""
    bench = await make_fusion(fixture=["many", "A"], behaviour=FREE)
    pages = [await bench.data("stations", {"pageNo": n}) for n in (1, 2, 3)]
    assert [len(page["list"]) for page in pages] == [100, 6, 0]
    assert {page["pageCount"] for page in pages} == {2}
    codes = [row["plantCode"] for page in pages for row in page["list"]]
    assert codes == bench.cloud.serials
    assert await bench.code("getStationRealKpi", {"stationCodes": ",".join(codes)}) == (
        20014
    )
    years = {"gridConnectedStartTime": 0, "gridConnectedEndTime": 10**12}
    page = await bench.data("stations", {"pageNo": 1} | years)
    assert page["total"] == 0


# -- nothing to say ---------------------------------------------------------------


async def test_night(make_fusion: MakeFusion) -> None:
    """Without a battery the inverter sleeps: zeros, or off-line with nulls (7.5)."""
    bench = await make_fusion(now=NIGHT, fixture=["A", "C"], behaviour=FREE)
    hybrid, alone = await bench.real(A, 38), await bench.real(C, 38)
    assert (hybrid["inverter_state"], hybrid["close_time"]) == (512.0, "N/A")
    assert (alone["inverter_state"], alone["active_power"]) == (40960.0, 0.0)
    assert (alone["efficiency"], alone["run_state"]) == (0.0, 1)
    closed = datetime.fromtimestamp(alone["close_time"] / 1000, UTC)
    assert timedelta(0) < NIGHT - closed < timedelta(hours=8)
    for switch in ("null", "absent", "N/A"):
        bench.cloud.change(night_values=switch)
        alone = await bench.real(C, 38)
        expected = {"null": None, "absent": "gone", "N/A": "N/A"}[switch]
        assert alone.get("active_power", "gone") == expected
        assert alone.get("inverter_state", "gone") == expected
        assert (alone["run_state"], alone["close_time"]) == (0, "N/A")
        assert alone["total_cap"] > 20000
    assert (await bench.real(A, 38))["run_state"] == 1
    bench.cloud.change(night_hours="null", not_applicable="null")
    [row, *_] = await bench.kpi("getKpiStationHour", C)
    assert row["dataItemMap"]["inverter_power"] is None
    assert (await bench.real(A, 38))["close_time"] is None


async def test_off_line(make_fusion: MakeFusion) -> None:
    """Status 0 and nulls, counters stay; what was missed is told afterwards."""
    bench = await make_fusion(behaviour=FREE)
    before = await bench.real(A, 47)
    bench.cloud.set_online(A, False)
    bench.clock.advance(hours=2)
    sensor, battery = await bench.real(A, 47), await bench.real(A, 39)
    assert (sensor["meter_status"], sensor["run_state"]) == (0.0, 0)
    assert (sensor["active_power"], battery["battery_soc"]) == (None, None)
    assert sensor["active_cap"] == pytest.approx(before["active_cap"], abs=0.6)
    [row] = await bench.data("getStationRealKpi", {"stationCodes": A})
    assert row["dataItemMap"]["real_health_state"] == "1"
    assert len(await bench.kpi("getKpiStationHour")) == 12
    bench.cloud.change(offline_values="absent")
    assert set(await bench.real(A, 39)) == {"battery_status", "run_state"}
    bench.cloud.set_online(A)
    assert len(await bench.kpi("getKpiStationHour")) == 14
    bench.cloud.set_device_online(A, 47, online=False)
    assert (await bench.real(A, 47))["run_state"] == 0
    assert (await bench.real(A, 39))["run_state"] == 1
    bench.cloud.set_device_online(A, 47)
    assert (await bench.real(A, 47))["run_state"] == 1


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("getDevRealKpi", {"devIds": "NE=71000012", "devTypeId": 39}, 20006),
        ("getDevRealKpi", {"devIds": "NE=71000011", "devTypeId": 62}, 20013),
        ("getDevRealKpi", {"devIds": "NE=71000012"}, 20013),
        ("getDevRealKpi", {"devTypeId": 38}, 20011),
        ("getDevRealKpi", {"devIds": "1", "devTypeId": 38}, 20046),
        (
            "getDevRealKpi",
            {"devIds": ",".join(map(str, range(101))), "devTypeId": 38},
            20016,
        ),
        ("getDevList", {}, 20010),
        ("getKpiStationDay", {"stationCodes": A}, 20012),
        ("getDevKpiDay", {"devIds": "1", "devTypeId": 47, "collectTime": 1}, 20013),
        (
            "getDevHistoryKpi",
            {
                "devIds": ",".join(map(str, range(11))),
                "devTypeId": 38,
                "startTime": 1,
                "endTime": 2,
            },
            30031,
        ),
        (
            "getDevHistoryKpi",
            {"devIds": "1", "devTypeId": 38, "startTime": 1, "endTime": 259_200_002},
            30032,
        ),
        (
            "getDevHistoryKpi",
            {"devIds": "1", "devTypeId": 38, "startTime": 2, "endTime": 1},
            20023,
        ),
        ("stations", {}, 30004),
        ("stations", {"pageNo": 1, "gridConnectedEndTime": 1}, 30007),
        ("getAlarmList", {"language": "en_US"}, 20055),
        ("getAlarmList", {"stationCodes": A}, 20024),
        ("getAlarmList", {"stationCodes": A, "language": "xx"}, 20025),
        ("createStation", {}, 401),
        ("cs/getInventerRealKpi", {"sns": "TESTINV0001"}, 401),
    ],
)
async def test_bad_arguments(
    make_fusion: MakeFusion, path: str, body: dict[str, Any], code: int
) -> None:
    """Each has its failCode, with data null (7.5, 7.9)."""
    bench = await make_fusion()
    answer = await bench.ask(path, body)
    assert (answer["failCode"], answer["data"], answer["success"]) == (
        code,
        None,
        False,
    )


async def test_alarms(make_fusion: MakeFusion) -> None:
    """Active ones only, by plant or serial, level and type; times become numbers."""
    bench = await make_fusion(behaviour=FREE)
    span = {"beginTime": "0", "endTime": str(ms(FUSION_NOW)), "language": "en_US"}
    body = {"stationCodes": A} | span
    answer = await bench.ask("getAlarmList", body)
    assert answer["data"] == []
    assert answer["params"]["beginTime"] == 0
    bench.cloud.raise_alarm(A, 38, level=1)
    bench.cloud.raise_alarm(A, 47, alarm_id=2033, level=3)
    rows = await bench.data("getAlarmList", body)
    assert [(row["alarmId"], row["lev"], row["devTypeId"]) for row in rows] == [
        (2032, 1, 38),
        (2033, 3, 47),
    ]
    assert shape(rows[0]) == {
        **dict.fromkeys(("alarmId", "alarmType", "causeId", "devTypeId"), "int"),
        **dict.fromkeys(("lev", "status", "raiseTime"), "int"),
        **dict.fromkeys(("alarmCause", "alarmName", "devName", "esnCode"), "str"),
        **dict.fromkeys(("repairSuggestion", "stationCode", "stationName"), "str"),
    }
    assert len(await bench.data("getAlarmList", body | {"levels": "3,4"})) == 1
    assert len(await bench.data("getAlarmList", body | {"devTypes": "38"})) == 1
    by_serial = {"sns": "TESTMTR0001"} | span
    assert len(await bench.data("getAlarmList", by_serial)) == 1
    [row] = await bench.data("getStationRealKpi", {"stationCodes": A})
    assert row["dataItemMap"]["real_health_state"] == "2"
    bench.cloud.clear_alarms(A)
    assert await bench.data("getAlarmList", body) == []


async def test_works_and_weather(make_fusion: MakeFusion) -> None:
    """Types 10 and 41, and every plant of the menu is readable."""
    bench = await make_fusion(fixture=["F"], behaviour=FREE)
    weather = await bench.real(F, 10)
    assert weather["radiant_line"] > 800
    assert set(await bench.real(F, 41)) == {
        *("ch_discharge_power", "battery_soc", "battery_soh"),
        *("charge_cap", "discharge_cap", "run_state"),
    }
    # What was before the simulation balances as well.
    for specs in FIXTURES.values():
        for spec in specs[:1]:
            e = spec.house.energy
            made, used = e.pv + e.imported + e.discharged, e.load + e.exported
            assert made == pytest.approx(used + e.charged)
