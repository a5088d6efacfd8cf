"""Schedules of the fake Redback cloud (dossier 1.9, 6.6)."""

from datetime import timedelta
from typing import Any

import pytest

from .conftest import DYNAMIC, LIST, NOW, A, MakeBench
from .redback.timespan import format_timespan, parse_timespan

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_state_machine(make_bench: MakeBench) -> None:
    """Pending, starting, active, ending, finished, dropped: the table of 6.6."""
    bench = await make_bench()
    start = NOW + timedelta(minutes=10)
    status, body = await bench.create(start, "0.00:30:00")
    assert status == 200
    item_id = body["Data"]["ScheduleId"]

    async def listed(query: str = "") -> list[str]:
        data = await bench.data(LIST + query)
        return [item["ScheduleId"] for item in data["Schedules"]]

    # pending
    assert await listed() == [item_id]
    assert await bench.mode() == "Auto"
    # starting: begun, and no telemetry since
    bench.clock.set(start)
    assert await bench.mode() == "Auto"
    # active
    bench.to_tick()
    assert bench.cloud.power_mode(A) == {
        "InverterMode": "ChargeBattery",
        "PowerW": 2000,
    }
    assert await bench.mode() == "ChargeBattery"
    first = await bench.data(DYNAMIC)
    assert first["BatteryPowerNegativeIsChargingkW"] == -2
    bench.clock.set(start + timedelta(minutes=29, seconds=59))
    last = await bench.data(DYNAMIC)
    assert last["BatterySoCInstantaneous0to1"] - first[
        "BatterySoCInstantaneous0to1"
    ] == pytest.approx(0.5 * 2 * 0.96 / 7.1, abs=0.02)
    imported = last["ImportAllTimeEnergykWh"] - first["ImportAllTimeEnergykWh"]
    assert imported > 0.9
    # ending: gone from the list, not yet from telemetry
    bench.clock.set(start + timedelta(minutes=30))
    assert await listed() == []
    assert await listed("?includeStale=true") == [item_id]
    assert await bench.mode() == "ChargeBattery"
    # finished
    bench.to_tick()
    assert await bench.mode() == "Auto"
    # dropped
    bench.clock.advance(days=3)
    assert await listed("?includeStale=true") == []


async def test_delete_while_active(make_bench: MakeBench) -> None:
    """The mode before comes back at the next telemetry; a second delete fails."""
    bench = await make_bench()
    bench.cloud.set_base_mode(A, "Conserve")
    _, body = await bench.create()
    bench.to_tick()
    assert await bench.mode() == "ChargeBattery"
    path = f"{LIST}/{body['Data']['ScheduleId']}"
    assert await bench.ask("DELETE", path) == (200, {"Data": True})
    assert await bench.mode() == "ChargeBattery"
    assert bench.cloud.schedules(A) == []
    bench.to_tick()
    assert await bench.mode() == "Conserve"
    status, _ = await bench.ask("DELETE", path)
    assert status == 404


@pytest.mark.parametrize(
    ("mode", "watts"),
    [("ChargeBattery", 10000), ("DischargeBattery", 4601), ("ImportPower", 5001)],
)
async def test_impossible_power_is_refused_in_silence(
    make_bench: MakeBench, mode: str, watts: int
) -> None:
    """Accepted and listed; only PowerMode tells (1.9)."""
    bench = await make_bench()
    status, _ = await bench.create(mode=mode, watts=watts)
    assert status == 200
    bench.to_tick()
    assert await bench.mode() == "Auto"
    assert len(bench.cloud.schedules(A)) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"duration": "1.25:00:00"},
        {"duration": "90"},
        {"duration": "00:00:00"},
        {"duration": "-00:30:00"},
        {"mode": "NoMode"},
        {"mode": "Charge Battery"},
        {"watts": "2000"},
        {"watts": 2000.5},
        {"start": NOW - timedelta(hours=1)},
    ],
)
async def test_invalid_create(make_bench: MakeBench, wrong: dict[str, Any]) -> None:
    """Nonsense is a 400 with a problem, and nothing is stored."""
    bench = await make_bench()
    status, body = await bench.create(**wrong)
    assert status == 400
    assert body["status"] == 400
    assert bench.cloud.schedules(A) == []


async def test_overlap_is_a_switch(make_bench: MakeBench) -> None:
    """The latest start wins, or the first, or the second is refused."""
    for rule, winner in (("latest_start", "Conserve"), ("first_start", "ExportPower")):
        bench = await make_bench(behaviour={"overlap": rule})
        await bench.create(mode="ExportPower", duration="1.02:00:00")
        await bench.create(NOW + timedelta(minutes=1), mode="Conserve", watts=0)
        bench.clock.advance(minutes=3)
        assert await bench.mode() == winner
    bench = await make_bench(behaviour={"overlap": "refuse"})
    assert (await bench.create())[0] == 200
    assert (await bench.create())[0] == 400


async def test_foreign_and_daily_schedules(make_bench: MakeBench) -> None:
    """Maintenance is listed; a recurring one works by local time, without an id."""
    bench = await make_bench(behaviour={"notes_echoed": False})
    bench.cloud.add_schedule(A, NOW + timedelta(hours=5), timedelta(hours=26))
    bench.cloud.add_daily_schedule(A, start=timedelta(hours=1), days="Saturday, Sunday")
    data = await bench.data(LIST)
    assert data["Schedules"][0]["Duration"] == "1.02:00:00"
    assert data["Schedules"][0]["UserNotes"] is None
    assert data["DailySchedules"] == [
        {
            "SerialNumber": A,
            "StartTime": "01:00:00",
            "Duration": "02:00:00",
            "DaysActive": "Saturday, Sunday",
            "TimezoneIANA": "Australia/Brisbane",
            "DesiredMode": {"InverterMode": "ChargeBattery", "ArgumentInWatts": 2500},
        }
    ]
    bench.cloud.behaviour.days_active = "integer"
    assert (await bench.data(LIST))["DailySchedules"][0]["DaysActive"] == 65
    # Saturday 01:00 in Brisbane is 15:00 UTC on Friday the 20th.
    bench.clock.set(NOW + timedelta(minutes=59))
    assert await bench.mode() == "Auto"
    bench.clock.set(NOW + timedelta(minutes=63))
    assert await bench.mode() == "ChargeBattery"


async def test_grid_tie_has_no_schedules(make_bench: MakeBench) -> None:
    """SI models have no schedule API."""
    bench = await make_bench(fixture="SI")
    status, _ = await bench.ask(
        "GET", f"/Api/v2/Schedule/By/SerialNumber/{bench.cloud.serials[0]}"
    )
    assert status == 404


@pytest.mark.parametrize(
    ("text", "span", "again"),
    [
        ("0.00:30:00", timedelta(minutes=30), "00:30:00"),
        ("1.02:00:00", timedelta(hours=26), "1.02:00:00"),
        ("00:00:01.5000000", timedelta(seconds=1.5), "00:00:01.5000000"),
    ],
)
def test_timespan(text: str, span: timedelta, again: str) -> None:
    """TimeSpan in and out."""
    assert parse_timespan(text) == span
    assert format_timespan(span) == again
