"""Readings and envelopes of the fake Redback cloud (dossier 6.2 to 6.5, 6.7)."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from .conftest import DYNAMIC, NOW, SITE_A, A, MakeBench

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_telemetry_grid_and_publication(make_bench: MakeBench) -> None:
    """One telemetry per minute, at the inverter's own second, readable later."""
    bench = await make_bench(behaviour={"publish_delay_s": 20, "publish_jitter_s": 5})
    seen: dict[str, datetime] = {}
    for _ in range(600):
        bench.clock.advance(seconds=1)
        seen.setdefault((await bench.data(DYNAMIC))["TimestampUtc"], bench.clock())
    times = [datetime.fromisoformat(text) for text in seen]
    assert len({t.second for t in times}) == 1
    steps = {b - a for a, b in pairwise(times)}
    assert steps == {timedelta(minutes=1)}
    delays = [at - t for t, at in zip(times, seen.values(), strict=True)][1:]
    assert all(20 <= d.total_seconds() <= 26 for d in delays)
    assert len(set(delays)) > 2


async def test_dynamic_forms(make_bench: MakeBench) -> None:
    """v2 lacks what v2.21 has; by site, Multiple and the past agree with serial."""
    bench = await make_bench(fixture="D")
    full = await bench.data(DYNAMIC)
    old = await bench.data(DYNAMIC.replace("v2.21", "v2"))
    assert full.keys() - old.keys() == {
        "BatteryChargeAllTimeEnergykWh",
        "BatteryDischargeAllTimeEnergykWh",
        "PVs",
        "Battery",
    }
    # Any case of letters, and a doubled slash.
    assert await bench.data("/" + DYNAMIC.lower().replace(A.lower(), A)) == full
    status, site = await bench.ask(
        "GET", f"/Api/v2.21/EnergyData/{SITE_A}/Dynamic?metadata=true"
    )
    assert status == 200
    assert site["Data"] == full
    back = site["Metadata"]["Back"]["10m"]
    past = await bench.data(back)
    stamp = datetime.fromisoformat(full["TimestampUtc"])
    assert datetime.fromisoformat(past["TimestampUtc"]) == stamp - timedelta(minutes=10)
    for version in ("v2", "v2.21"):
        base = f"/Api/{version}/EnergyData/Multiple"
        path = f"{base}/BySerialNumber/Dynamic"
        _, many = await bench.ask("POST", path, json=bench.cloud.serials)
        assert many["TotalCount"] == 2
        assert many["Data"][0] == (full if version == "v2.21" else old)
        _, by_site = await bench.ask("POST", f"{base}/Dynamic", json=[SITE_A])
        assert by_site["Data"] == many["Data"][:1]


async def test_same_seed_same_house(make_bench: MakeBench) -> None:
    """Two clouds of one seed say the same, a third says something else."""
    one, two, other = [await make_bench(seed=seed) for seed in (5, 5, 6)]
    assert await one.data(DYNAMIC) == await two.data(DYNAMIC)
    assert await one.data(DYNAMIC) != await other.data(DYNAMIC)


async def test_two_inverters_on_a_site(make_bench: MakeBench) -> None:
    """Which inverters an answer lists, and in which order, is a switch."""
    bench = await make_bench(fixture="E")
    first, second = bench.cloud.serials
    expected = {
        "asked_only": [second],
        "asked_first": [second, first],
        "by_age": [first, second],
    }
    for rule, serials in expected.items():
        bench.cloud.behaviour.several_inverters = rule  # type: ignore[assignment]
        dynamic = await bench.data(DYNAMIC.replace(A, second))
        assert [i["SerialNumber"] for i in dynamic["Inverters"]] == serials
        static = await bench.data(f"/Api/v2/EnergyData/Static/BySerialNumber/{second}")
        nodes = [node["StaticData"] for node in static["Nodes"]]
        found = [node["Id"] for node in nodes if node["Type"] == "Inverter"]
        assert found == serials
        assert nodes[1]["Id"] == "HouseLoad"
    # A site's answer is that of its oldest inverter.
    by_site = await bench.data(f"/Api/v2.21/EnergyData/{SITE_A}/Dynamic")
    assert by_site == await bench.data(DYNAMIC.replace(A, first))


async def test_paging(make_bench: MakeBench) -> None:
    """Pages are zero-based; the meaning of PageCount is a switch."""
    bench = await make_bench(fixture="D")
    path = "/Api/v2/EnergyData/With/Nodes?page=1&pageSize=1"
    _, body = await bench.ask("GET", path)
    assert [site["Id"] for site in body["Data"]] == ["S7f20be1146aa9"]
    counts = (body["Page"], body["PageSize"], body["PageCount"], body["TotalCount"])
    assert counts == (1, 1, 2, 2)
    bench.cloud.behaviour.page_count = "records"
    assert (await bench.ask("GET", path))[1]["PageCount"] == 1


async def test_nulls_and_offline(make_bench: MakeBench) -> None:
    """The systems C, F and H, with the switches for what is not known."""
    bench = await make_bench(fixture=["C", "F", "H"])
    by_name = {bench.cloud.inverter(s).spec.model: s for s in bench.cloud.serials}

    async def dynamic(serial: str) -> Any:
        return await bench.data(DYNAMIC.replace(A, serial))

    bare = "RB20000000000303"
    data = await dynamic(bare)
    assert data["BatterySoCInstantaneous0to1"] is None
    assert data["BatteryChargeAllTimeEnergykWh"] is None
    assert data["Battery"]["Modules"] == []
    bench.cloud.behaviour.no_battery = "null"
    assert (await dynamic(bare))["Battery"] is None
    bench.cloud.behaviour.no_battery = "absent"
    assert "Battery" not in await dynamic(bare)

    disabled = await dynamic(A)
    assert disabled["BatterySoCInstantaneous0to1"] is None
    assert disabled["Battery"]["Modules"] is None

    dead = await dynamic(by_name["ST10000"])
    assert dead["Status"] == "Offline"
    assert dead["Phases"][2]["VoltageInstantaneousV"] is None
    old = datetime.fromisoformat(dead["TimestampUtc"])
    assert old < NOW - timedelta(minutes=40)
    bench.clock.advance(hours=5)
    assert (await dynamic(by_name["ST10000"]))["TimestampUtc"] == dead["TimestampUtc"]


async def test_history_joins_the_live_counters(make_bench: MakeBench) -> None:
    """Hourly counters never fall and run into what the API shows."""
    bench = await make_bench(history=timedelta(days=3))
    hours = bench.cloud.history(A, NOW - timedelta(days=2), NOW)
    assert [hour for hour, _ in hours] == [
        NOW - timedelta(hours=n) for n in range(48, -1, -1)
    ] or len(hours) == 48
    for (_, one), (_, two) in pairwise(hours):
        assert all(b >= a for a, b in zip(one, two, strict=True))
    live = await bench.data(DYNAMIC)
    assert live["LoadAllTimeEnergykWh"] == pytest.approx(hours[-1][1].load, abs=1.5)
    bench.cloud.reset_counters(A)
    bench.to_tick()
    assert (await bench.data(DYNAMIC))["LoadAllTimeEnergykWh"] < 0.2


async def test_accounts_are_apart(make_bench: MakeBench) -> None:
    """A token reaches its own systems only; hardware may come and go."""
    bench = await make_bench(accounts=[["A"], ["B"]])
    other = bench.cloud.accounts[1]
    foreign = next(iter(other.inverters))
    status, _ = await bench.ask("GET", DYNAMIC.replace(A, foreign))
    assert status == 404
    status, _ = await bench.log_in(
        client_id=other.client_id, client_secret=other.client_secret
    )
    assert status == 200
    await bench.data(DYNAMIC.replace(A, foreign))
    bench.cloud.remove(foreign)
    assert await bench.data("/Api/v2/EnergyData") == []
    bench.cloud.restore(foreign)
    bench.cloud.add("C", account=1)
    assert len(await bench.data("/Api/v2/EnergyData")) == 2


async def test_envelope_curtails_export(make_bench: MakeBench) -> None:
    """An envelope goes through its life, and the meter shows it."""
    bench = await make_bench()
    bench.clock.set(datetime(2026, 11, 20, 1, 0, tzinfo=UTC) + timedelta(days=1))
    await bench.log_in()

    async def exported() -> float:
        (phase,) = (await bench.data(DYNAMIC))["Phases"]
        return float(phase["ActiveExportedPowerInstantaneouskW"])

    # 11:00 in Brisbane.
    bench.cloud.set_base_mode(A, "ExportPower", 2500)
    bench.clock.advance(minutes=5)
    assert await exported() > 2.4
    start = bench.clock() + timedelta(minutes=5)

    def body(name: str, begin: datetime, minutes: int = 30) -> dict[str, Any]:
        return {
            "EventId": name,
            "SiteId": SITE_A,
            "StartAtUtc": begin.isoformat(),
            "EndAtUtc": (begin + timedelta(minutes=minutes)).isoformat(),
            "MaxExportPowerW": 0,
        }

    async def statuses() -> list[str]:
        data = await bench.data(f"/Api/v2/OperatingEnvelope/By/Site/{SITE_A}")
        return [item["Status"] for item in data]

    path = "/Api/v2/OperatingEnvelope/Create/By/Site"
    status, answer = await bench.ask("POST", path, json=body("one", start))
    assert status == 200
    assert answer["Data"]["ErrorMessage"] is None
    assert await statuses() == ["New"]
    bench.clock.advance(minutes=1)
    assert await statuses() == ["Scheduled"]
    bench.clock.set(start + timedelta(minutes=3))
    assert await statuses() == ["ReportStarted"]
    assert await exported() == 0

    later = start + timedelta(minutes=10)
    await bench.ask("POST", path, json=body("two", later))
    assert (await statuses())[0] == "FutureSupersede"
    bench.clock.set(later + timedelta(minutes=1))
    assert await statuses() == ["SupersededAfterStart", "ReportStarted"]
    network = bench.cloud.add_network_envelope(
        SITE_A, bench.clock(), bench.clock() + timedelta(hours=1), MaxImportPowerW=9000
    )
    await bench.ask("DELETE", "/Api/v2/OperatingEnvelope/All")
    bench.clock.advance(minutes=2)
    assert await statuses() == [
        "SupersededAfterStart",
        "CancelledAfterStart",
        "ReportStarted",
    ]
    status, _ = await bench.ask(
        "DELETE", f"/Api/v2/OperatingEnvelope/By/EventId/{network}"
    )
    assert status == 404
    assert await exported() > 2.4
    # The past is rejected, with 200.
    _, answer = await bench.ask(
        "POST", path, json=body("past", bench.clock() - timedelta(minutes=5))
    )
    assert answer["Data"]["ErrorMessage"]
    assert (await statuses())[-1] == "RejectedPastEvent"
