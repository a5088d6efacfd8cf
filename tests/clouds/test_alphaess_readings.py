"""Readings of the fake AlphaESS cloud (dossier 2.1 to 2.5, 3, 7.3 to 7.6)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .alphaess_bench import TWO_CARS, A, B, C
from .conftest import MakeAlpha

pytestmark = pytest.mark.usefixtures("socket_enabled")

DAY = timedelta(days=1)


def _stamps(rows: list[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(row["uploadTime"]) for row in rows]


async def test_live_power_balances(make_alpha: MakeAlpha) -> None:
    """Pload is the exact sum; phases add up; the grid is positive on import."""
    bench = await make_alpha(fixture=["A", "B"])
    exported = imported = False
    for _ in range(24):
        bench.clock.advance(hours=1)
        for serial in (A, B):
            power = await bench.data("getLastPowerData", serial)
            assert power["pload"] == power["ppv"] + power["pgrid"] + power["pbat"]
            strings = [power["ppvDetail"][f"ppv{n}"] for n in range(1, 5)]
            assert sum(strings) == power["ppv"]
            phases = list(power["pgridDetail"].values())
            assert sum(phases) == pytest.approx(power["pgrid"], abs=2)
            assert (phases[1:] == [0, 0]) is (serial == A or power["pgrid"] == 0)
            flow = bench.cloud.system(serial).live(bench.clock()).flow
            assert power["pgrid"] == pytest.approx(flow.grid_w, abs=1)
            exported |= power["pgrid"] < -500
            imported |= power["pgrid"] > 500
            assert power["pev"] == 0
            assert type(power["pev"]) is int
    assert exported
    assert imported


async def test_live_power_comes_in_blocks(make_alpha: MakeAlpha) -> None:
    """A new sample each 30 s, or as often as the switch says."""
    bench = await make_alpha(now=datetime(2026, 11, 19, 1, 0, tzinfo=UTC))
    for block in (30, 120):
        bench.cloud.behaviour.live_block_s = block
        changes, last = [], None
        for second in range(0, 600, 10):
            power = await bench.data("getLastPowerData")
            if last not in (None, power):
                changes.append(second)
            last = power
            bench.clock.advance(seconds=10)
        assert changes
        assert all(second % block == 0 for second in changes)


async def test_history(make_alpha: MakeAlpha) -> None:
    """288 samples of a plant day, newest first, about 5 min apart."""
    bench = await make_alpha(history=2 * DAY)
    # ALPHA_NOW is Adelaide's midnight: 17 November is complete there.
    rows = await bench.data("getOneDayPowerBySn", queryDate="2026-11-18")
    stamps = _stamps(rows)
    assert len(rows) in (287, 288, 289)
    assert {stamp.date().isoformat() for stamp in stamps} == {"2026-11-18"}
    gaps = [(a - b).total_seconds() for a, b in pairwise(stamps)]
    assert all(295 <= gap <= 305 for gap in gaps)
    assert len(set(gaps)) > 2
    # Powers are told apart from import and export, the load has its own meter.
    for row in rows:
        assert row["feedIn"] == 0 or row["gridCharge"] == 0
    assert any(row["ppv"] > 1000 for row in rows)
    assert any(type(row["gridCharge"]) is int for row in rows)
    behaviour = bench.cloud.behaviour
    behaviour.history_order = "oldest_first"
    query = {"queryDate": "2026-11-18"}
    assert await bench.data("getOneDayPowerBySn", **query) == rows[::-1]
    behaviour.history_duplicates = True
    behaviour.history_order = "shuffled"
    mixed = await bench.data("getOneDayPowerBySn", **query)
    assert len(mixed) > len(rows)
    assert {row["uploadTime"] for row in mixed} == {row["uploadTime"] for row in rows}
    assert await bench.data("getOneDayPowerBySn", queryDate="2027-01-01") == []
    behaviour.unknown_day = "null"
    assert await bench.data("getOneDayPowerBySn", queryDate="2027-01-01") is None
    for bad in ("2026-11-31", "20261118", ""):
        assert (await bench.get("getOneDayPowerBySn", queryDate=bad))["code"] == 6001


async def test_history_repeats_the_doubled_hour(make_alpha: MakeAlpha) -> None:
    """Plant-local times without offset: 02:00 to 03:00 comes twice in autumn."""
    bench = await make_alpha(
        fixture="B", now=datetime(2026, 10, 26, 0, 0, tzinfo=UTC), history=2 * DAY
    )
    rows = await bench.data("getOneDayPowerBySn", B, queryDate="2026-10-25")
    stamps = _stamps(rows)[::-1]
    assert len(stamps) in (299, 300, 301)
    assert sum(stamp.hour == 2 for stamp in stamps) in (23, 24, 25)
    assert sum(later < earlier for earlier, later in pairwise(stamps)) == 1


async def test_energies_count_what_flowed(make_alpha: MakeAlpha) -> None:
    """A day's energies are those of its samples, and the summary agrees."""
    bench = await make_alpha(history=2 * DAY)
    query = {"queryDate": "2026-11-18"}
    energy = await bench.data("getOneDateEnergyBySn", **query)
    rows = await bench.data("getOneDayPowerBySn", **query)
    assert energy["theDate"] == "2026-11-18"
    for name, key in (("ppv", "epv"), ("feedIn", "eOutput"), ("gridCharge", "eInput")):
        kwh = sum(row[name] for row in rows) / 12 / 1000
        assert energy[key] == pytest.approx(kwh, rel=0.08, abs=0.2)
    assert energy["eGridCharge"] == 0
    # Five minutes before the next midnight, in both accounts of the same day.
    bench.to_local(A, 23, 55)
    summary = await bench.data("getSumDataForCustomer")
    energy = await bench.data("getOneDateEnergyBySn", queryDate="2026-11-19")
    assert (summary["epvtoday"], summary["einput"]) == (energy["epv"], energy["eInput"])
    load = sum(energy[key] for key in ("epv", "eInput", "eDischarge"))
    load -= energy["eOutput"] + energy["eCharge"]
    assert summary["eload"] == pytest.approx(load, abs=0.001)
    share = (energy["epv"] - energy["eOutput"]) / energy["epv"]
    assert summary["eselfConsumption"] == pytest.approx(share, abs=1e-4)
    assert 0 < summary["eselfSufficiency"] <= 1
    bench.cloud.behaviour.new_backend = True
    new = await bench.data("getSumDataForCustomer")
    assert {key for key in new if new[key] is None} == {
        *("epvtotal", "todayIncome", "totalIncome", "treeNum", "carbonNum"),
        *("eselfConsumption", "eselfSufficiency", "moneyType"),
    }
    assert list(new) == list(summary)


async def test_summary_day_and_money(make_alpha: MakeAlpha) -> None:
    """Today begins at the plant's midnight, or at UTC's (10.6)."""
    # 09:30 in Adelaide.
    bench = await make_alpha(now=datetime(2026, 11, 18, 23, 0, tzinfo=UTC), history=DAY)
    local = await bench.data("getSumDataForCustomer")
    bench.cloud.behaviour.today = "utc"
    utc = await bench.data("getSumDataForCustomer")
    assert utc["epvtoday"] > local["epvtoday"] + 5
    bench.clock.advance(hours=1, minutes=1)
    assert (await bench.data("getSumDataForCustomer"))["epvtoday"] < 0.2
    monies = []
    for bench.cloud.behaviour.money in ("iso", "symbol", "null"):
        monies.append((await bench.data("getSumDataForCustomer"))["moneyType"])
    assert monies == ["AUD", "A$", None]


async def test_blank_around_midnight(make_alpha: MakeAlpha) -> None:
    """Zeros or null instead of energies, for a while around midnight (2.4)."""
    bench = await make_alpha(history=DAY, behaviour={"midnight": "zeros"})
    query = {"queryDate": "2026-11-18"}
    blank = await bench.data("getOneDateEnergyBySn", **query)
    assert blank["epv"] == blank["eInput"] == 0
    assert blank["theDate"] == "2026-11-18"
    bench.cloud.behaviour.midnight = "null"
    assert await bench.data("getOneDateEnergyBySn", **query) is None
    bench.clock.advance(minutes=21)
    assert (await bench.data("getOneDateEnergyBySn", **query))["epv"] > 5


async def test_live_null_history_full(make_alpha: MakeAlpha) -> None:
    """A Storion has no live power, but history and energies."""
    bench = await make_alpha(fixture="C", history=DAY)
    power = await bench.data("getLastPowerData", C)
    assert len(power) == 12
    assert set(power.values()) == {None}
    rows = await bench.data("getOneDayPowerBySn", C, queryDate="2026-11-18")
    assert len(rows) > 280
    soc = bench.cloud.system(C).recorder.of_day(datetime(2026, 11, 18).date())
    assert rows[0]["cbat"] == pytest.approx(soc[-1].sample.soc, abs=0.06)


async def test_offline_both_ways(make_alpha: MakeAlpha) -> None:
    """6042, or nulls with emsStatus; the counters stand still, then catch up."""
    bench = await make_alpha(now=datetime(2026, 11, 19, 1, 0, tzinfo=UTC), history=DAY)
    today = {"queryDate": "2026-11-19"}
    bench.cloud.set_online(A, False)
    before = await bench.data("getOneDateEnergyBySn", **today)
    bench.clock.advance(hours=2)
    body = await bench.get("getLastPowerData")
    assert (body["code"], body["data"]) == (6042, None)
    assert (await bench.data("getEssList", None))[0]["emsStatus"] == "Offline"
    assert await bench.data("getOneDateEnergyBySn", **today) == before
    bench.cloud.behaviour.offline = "nulls"
    assert set((await bench.data("getLastPowerData")).values()) == {None}
    assert await bench.data("getOneDayPowerBySn", **today) == []
    bench.cloud.set_online(A)
    bench.clock.advance(minutes=6)
    after = await bench.data("getOneDateEnergyBySn", **today)
    assert after["epv"] > before["epv"] + 4
    # What it would have uploaded meanwhile is lost.
    stamps = _stamps(await bench.data("getOneDayPowerBySn", **today))
    hole = max(later - earlier for later, earlier in pairwise(stamps))
    assert hole > timedelta(hours=2)


async def test_cars(make_alpha: MakeAlpha) -> None:
    """Two chargers: start, stop, finish; their power is inside the load (2.10)."""
    bench = await make_alpha(fixture="F")
    one, two = "EVX0000000002", "EVX0000000003"
    listed = await bench.data("getEvChargerConfigList", TWO_CARS)
    assert [car["evchargerSn"] for car in listed] == [one, two]

    async def status(car: str) -> int:
        data = await bench.data("getEvChargerStatusBySn", TWO_CARS, evchargerSn=car)
        return int(data["evchargerStatus"])

    async def control(car: str, mode: int) -> int:
        body = {"sysSn": TWO_CARS, "evchargerSn": car, "controlMode": mode}
        return await bench.write("remoteControlEvCharger", body)

    idle = await bench.data("getLastPowerData", TWO_CARS)
    assert list(idle["pevDetail"].values()) == [0, 0, None, None]
    assert [await control(car, 1) for car in (one, two)] == [200, 200]
    assert await control(one, 1) == 6029
    bench.clock.advance(minutes=1)
    power = await bench.data("getLastPowerData", TWO_CARS)
    assert power["pev"] == 10800
    assert power["pload"] > 10800
    bench.cloud.behaviour.ev_in_load = False
    beside = await bench.data("getLastPowerData", TWO_CARS)
    assert beside["pload"] == power["pload"] - 10800
    assert await control(one, 0) == 200
    assert await status(one) == 6
    bench.clock.advance(minutes=1)
    assert [await status(one), await status(two)] == [2, 3]
    # The other one's car is full after 45 kWh.
    bench.clock.advance(hours=13)
    assert await status(two) == 5
    taken = 0.0
    for day in ("2026-11-18", "2026-11-19"):
        energy = await bench.data("getOneDateEnergyBySn", TWO_CARS, queryDate=day)
        taken += energy["eChargingPile"]
    assert taken == pytest.approx(45 + 7.2 / 60, abs=0.2)
    body = await bench.get("getEvChargerStatusBySn", TWO_CARS, evchargerSn="EVX9")
    assert body["code"] == 6016
    current = {"sysSn": TWO_CARS, "currentsetting": 16}
    assert await bench.write("setEvChargerCurrentsBySn", current) == 200
    data = await bench.data("getEvChargerCurrentsBySn", TWO_CARS)
    assert data == {"currentsetting": 16.0}
    low = current | {"currentsetting": 5}
    assert await bench.write("setEvChargerCurrentsBySn", low) == 6001


async def test_seed_and_zone(make_alpha: MakeAlpha) -> None:
    """One seed, one house; each plant lives in its own zone."""
    one, two, other = [await make_alpha(seed=seed) for seed in (5, 5, 6)]
    for bench in (one, two, other):
        bench.to_local(A, 9)
    power = await one.data("getLastPowerData")
    assert power == await two.data("getLastPowerData")
    assert power != await other.data("getLastPowerData")
    assert one.cloud.system(A).zone == ZoneInfo("Australia/Adelaide")
