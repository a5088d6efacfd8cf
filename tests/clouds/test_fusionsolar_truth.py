"""Balance, counters and rhythm of the fake FusionSolar cloud (dossier 2.3, 10, 11)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from .conftest import MakeFusion
from .fusionsolar import BatteryLimits
from .fusionsolar.fixtures import neighbours
from .fusionsolar_bench import FUSION_NOW, SECOND, A, B, E, F, H, ms
from .house import Flow

pytestmark = pytest.mark.usefixtures("socket_enabled")

FREE = {"quotas": False}


# -- balance ----------------------------------------------------------------------


def _house(fixture: str, sensor: Any, inverters: Iterable[Any], ess_w: float) -> float:
    """Return the house's load in W by the dossier's formula (11)."""
    made = sum(values["active_power"] for values in inverters) * 1000 + ess_w
    match fixture:
        case "A" | "D" | "H":
            return made - sensor["active_power"]
        case "E":
            return made + sensor["active_power"] * 1000
    return made - sensor["active_power"] * 1000


@pytest.mark.parametrize(
    ("fixture", "serial", "meter"),
    [("A", A, 47), ("B", B, 17), ("E", E, 23070), ("F", F, 17), ("H", H, 47)],
)
async def test_devices_balance(
    make_fusion: MakeFusion, fixture: str, serial: str, meter: int
) -> None:
    """Inverters, meter and battery of one record make the load of the house."""
    bench = await make_fusion(fixture=fixture, behaviour=FREE)
    devices = bench.cloud.plant(serial).spec.devices
    seen = set()
    for hour in range(24):
        bench.clock.advance(minutes=61)
        if hour == 8:
            # Nearly empty for the night, so that something is imported.
            bench.cloud.set_soc(serial, 12)
        kinds = [d.kind for d in devices if d.kind in (1, 38)]
        inverters = [await bench.real(serial, kind, n) for n, kind in enumerate(kinds)]
        sensor = await bench.real(serial, meter)
        flow = bench.cloud.truth(serial).flow
        batteries = [
            await bench.real(serial, 39, n)
            for n in range(sum(d.kind == 39 for d in devices))
        ]
        ess = await bench.real(serial, 41) if fixture == "F" else None
        # The ESS is wired beside the inverter and positive on discharge.
        ess_w = ess["ch_discharge_power"] if ess else 0.0
        load = _house(fixture, sensor, inverters, ess_w)
        assert load == pytest.approx(flow.load_w, abs=3)
        charge = sum(b["ch_discharge_power"] for b in batteries) - ess_w
        assert charge == pytest.approx(-flow.battery_w, abs=2)
        panels = sum(i["mppt_power"] for i in inverters) * 1000
        assert panels * (1 - 0.022) == pytest.approx(flow.pv_w, abs=2)
        seen |= _kinds(flow)
    expected = {"sun", "import", "export", "charge", "discharge"}
    missing = {"B": {"charge", "discharge"}}
    assert expected - seen == missing.get(fixture, set())


def _kinds(flow: Flow) -> set[str]:
    found = {
        "sun": flow.pv_w > 100,
        "import": flow.grid_w > 100,
        "export": flow.grid_w < -100,
        "charge": flow.battery_w < -100,
        "discharge": flow.battery_w > 100,
    }
    return {name for name, so in found.items() if so}


async def test_contradictions(make_fusion: MakeFusion) -> None:
    """Signs, units and what is in a power, as switches (10)."""
    # 18:02: the batteries work, but cannot feed all of the house.
    now = datetime(2026, 11, 20, 8, 2, tzinfo=UTC)
    fixture = ["A", "B", "E", "F", "H"]
    bench = await make_fusion(now=now, fixture=fixture, behaviour=FREE)
    for serial in (A, E, F, H):
        bench.cloud.set_soc(serial, 50)
        bench.cloud.app_set_limits(serial, BatteryLimits(max_discharge_w=200))
    bench.clock.advance(minutes=10)

    async def look() -> dict[str, float]:
        values = {
            "sensor": await bench.real(A, 47),
            "meter": await bench.real(B, 17),
            "emma": await bench.real(E, 23070),
            "residential": await bench.real(A, 38),
            "string": await bench.real(H, 1),
        }
        ess = await bench.real(F, 41)
        return {name: v["active_power"] for name, v in values.items()} | {
            "ess": ess["ch_discharge_power"],
            "sensor_out": values["sensor"]["active_cap"],
            "emma_out": values["emma"]["active_cap"],
            "phase": values["sensor"]["active_power_a"],
            "total": values["residential"]["total_cap"],
        }

    first = await look()
    bench.cloud.change(
        sensor_sign="import",
        meter_unit="W",
        emma_sign="export",
        ess_sign="charge",
        battery_in_ac="residential",
        phase_unit="kW",
        hybrid_yield="with_battery",
    )
    other = await look()
    assert other["sensor"] == -first["sensor"] != 0
    # The grid meter turns as the sensor does.
    assert other["meter"] == pytest.approx(-1000 * first["meter"], abs=1)
    assert other["emma"] == -first["emma"] != 0
    assert other["ess"] == -first["ess"] != 0
    assert other["residential"] == first["residential"]
    battery = bench.cloud.truth(H).flow.battery_w / 1000
    assert first["string"] - other["string"] == pytest.approx(battery, abs=0.002)
    assert abs(battery) > 0.1
    assert other["phase"] == pytest.approx(-first["phase"] / 1000, abs=0.001)
    energy = bench.cloud.truth(A).totals.energy
    assert first["sensor_out"] == pytest.approx(energy.exported, abs=0.01)
    assert other["sensor_out"] == pytest.approx(energy.imported, abs=0.01)
    energy = bench.cloud.truth(E).totals.energy
    assert first["emma_out"] == pytest.approx(energy.imported, abs=0.01)
    assert other["emma_out"] == pytest.approx(energy.exported, abs=0.01)
    assert first["total"] > other["total"]


async def test_counters_agree(make_fusion: MakeFusion) -> None:
    """Hours make the day, days the month, years the life; devices say the same."""
    bench = await make_fusion(history=timedelta(days=26), behaviour=FREE)
    energy = bench.cloud.truth(A).totals.energy
    rows: dict[str, list[dict[str, float]]] = {}
    for name in ("Hour", "Day", "Month", "Year"):
        answer = await bench.kpi(f"getKpiStation{name}")
        rows[name] = [row["dataItemMap"] for row in answer]
    assert [len(r) for r in rows.values()] == [12, 20, 11, 4]

    def total(name: str, key: str) -> float:
        return sum(row[key] for row in rows[name])

    today, month, year = (rows[name][-1] for name in ("Day", "Month", "Year"))
    for key in ("inverter_power", "ongrid_power"):
        assert total("Hour", key) == pytest.approx(today[key], abs=0.07)
    for key in ("inverter_power", "ongrid_power", "use_power", "chargeCap"):
        assert total("Day", key) == pytest.approx(month[key], abs=0.11)
        assert total("Month", key) == pytest.approx(year[key], abs=0.06)
    life = {
        "inverter_power": energy.pv,
        "ongrid_power": energy.exported,
        "use_power": energy.load,
        "chargeCap": energy.charged,
        "dischargeCap": energy.discharged,
    }
    for key, value in life.items():
        assert total("Year", key) == pytest.approx(value, abs=0.03)
    [real] = await bench.data("getStationRealKpi", {"stationCodes": A})
    shown = {key: float(value) for key, value in real["dataItemMap"].items()}
    assert shown["day_power"] == pytest.approx(today["inverter_power"], abs=0.006)
    assert shown["month_power"] == pytest.approx(month["inverter_power"], abs=0.006)
    inverter, battery = await bench.real(A, 38), await bench.real(A, 39)
    assert inverter["day_cap"] == today["inverter_power"]
    assert inverter["total_cap"] == pytest.approx(shown["total_power"], abs=0.006)
    assert battery["charge_cap"] == today["chargeCap"] > 1
    assert battery["discharge_cap"] == today["dischargeCap"]
    for kind, key, same in (
        (38, "product_power", "inverter_power"),
        (39, "charge_cap", "chargeCap"),
    ):
        device = bench.cloud.device(A, kind)
        body = {"devIds": device.dn, "devTypeId": kind, "collectTime": ms(FUSION_NOW)}
        for name in ("Day", "Month", "Year"):
            answer = await bench.data(f"getDevKpi{name}", body)
            found = [row["dataItemMap"][key] for row in answer]
            assert found == [row[same] for row in rows[name]]


async def test_periods_begin_at_local_midnight(make_fusion: MakeFusion) -> None:
    """Also where a day has 23 hours; or by UTC, as somebody saw (2)."""
    # Sydney skips 02:00 to 03:00 on 4 October 2026.
    now = datetime(2026, 10, 4, 12, 30, tzinfo=UTC)
    [spec] = neighbours("A", "Australia/Sydney", -33.9, 151.2)
    bench = await make_fusion(now=now, fixture=spec, history=timedelta(days=2))
    rows = await bench.kpi("getKpiStationHour")
    stamps = [datetime.fromtimestamp(row["collectTime"] / 1000, UTC) for row in rows]
    assert stamps[0] == datetime(2026, 10, 3, 14, tzinfo=UTC)
    # 23:30 of the summer time: one hour of the 24 was not there.
    assert len(rows) == 23
    days = await bench.kpi("getKpiStationDay")
    assert [row["collectTime"] - days[0]["collectTime"] for row in days] == [
        *(n * 86_400_000 for n in range(4))
    ]
    bench.clock.advance(days=1)
    days = await bench.kpi("getKpiStationDay")
    assert days[4]["collectTime"] - days[3]["collectTime"] == 23 * 3_600_000
    bench.cloud.change(collect_time="utc")
    bench.clock.advance(minutes=2)
    days = await bench.kpi("getKpiStationDay")
    assert [row["collectTime"] % 86_400_000 for row in days] == [0] * 5
    # The future has no rows, nor has what was before the plant.
    for at in (datetime(2028, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)):
        bench.clock.advance(minutes=2)
        assert await bench.kpi("getKpiStationDay", at=at) == []


async def test_midnight(make_fusion: MakeFusion) -> None:
    """What is of today starts from zero; what is for ever goes on."""
    bench = await make_fusion(behaviour=FREE)
    bench.to_local(23, 59)
    before = [await bench.real(A, kind) for kind in (38, 39)]
    bench.to_local(0, 2)
    after = [await bench.real(A, kind) for kind in (38, 39)]
    assert before[0]["day_cap"] > 10
    assert after[0]["day_cap"] == 0
    assert after[0]["total_cap"] == before[0]["total_cap"]
    assert before[1]["charge_cap"] > after[1]["charge_cap"] == 0
    [row] = await bench.data("getStationRealKpi", {"stationCodes": A})
    assert row["dataItemMap"]["day_power"] == "0.000"


# -- time -------------------------------------------------------------------------


async def test_five_minute_rhythm(make_fusion: MakeFusion) -> None:
    """A record is told late by the plant's own delay, and stays for five minutes."""
    bench = await make_fusion(fixture="D", behaviour=FREE)
    delays = {}
    for serial in (A, SECOND):
        bench.to_next(serial)
        marks = []
        for _ in range(10):
            told = bench.cloud.told_next(serial)
            bench.clock.set(told - timedelta(seconds=0.01))
            old = await bench.real(serial, 47)
            bench.clock.set(told)
            new = await bench.real(serial, 47)
            assert new != old
            marks.append(told.timestamp() % 300)
        assert max(marks) - min(marks) <= 5
        delays[serial] = min(marks)
        assert 25 <= delays[serial] <= 100
    assert abs(delays[A] - delays[SECOND]) > 5
    bench.cloud.change(publication_s=200.0, publication_jitter_s=0.0)
    assert bench.cloud.told_next(A).timestamp() % 300 == 200
    # A type of devices may be later than the others.
    bench.cloud.change(type_lag_s={39: 300.0})
    assert bench.cloud.truth(A, 39).mark == bench.cloud.truth(A, 38).mark - 1


async def test_history_is_what_was_told(make_fusion: MakeFusion) -> None:
    """A row each five minutes up to what is told, equal to what was read then."""
    bench = await make_fusion(behaviour=FREE)
    read = []
    for _ in range(6):
        bench.to_next()
        record = bench.cloud.truth(A)
        read.append((ms(record.time), await bench.real(A, 39)))
    body = {
        "devIds": "1000000071000013",
        "devTypeId": 39,
        "startTime": read[0][0],
        "endTime": ms(bench.clock() + timedelta(hours=1)),
    }
    rows = await bench.data("getDevHistoryKpi", body)
    assert [(row["collectTime"], row["dataItemMap"]) for row in rows] == read
    assert [b - a for (a, _), (b, _) in pairwise(read)] == [300_000] * 5
    newer = body | {"devDn": "NE=71000013"}
    del newer["devIds"]
    rows = await bench.data("/rest/openapi/pvms/nbi/v1/device/history", newer)
    assert [(row["collectTime"], row["dataItems"]) for row in rows] == read
    bench.cloud.accounts[0].old = True
    day = {"devIds": "1000000071000013", "devTypeId": 39, "collectTime": read[0][0]}
    rows = await bench.data("getDevFiveMinutes", day)
    assert rows[-1]["collectTime"] == read[-1][0]


async def test_same_seed_same_answers(make_fusion: MakeFusion) -> None:
    """However often, and in whatever steps, it is read."""
    texts = []
    for seed, reads in ((1, 1), (1, 50), (2, 1)):
        bench = await make_fusion(fixture="D", seed=seed, behaviour=FREE)
        for _ in range(reads):
            bench.clock.advance(seconds=5 * 3600 / reads)
            values = await bench.real(A, 38)
        texts.append((values, await bench.kpi("getKpiStationHour")))
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]
