"""The real `pyhfs` reads the fake FusionSolar cloud (dossier 9).

It learns the token from the cookie, logs in anew after 305, and maps failCodes to
exceptions. Its package holds tests that its author runs against the real cloud, and
answers of that cloud: the first run here too, the second must be like ours.

It has no device calls; its session asks for those, so the way there is the peer's
and the names are ours.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
import json
import logging
from pathlib import Path
from typing import Any
import unittest

import pyhfs
from pyhfs.tests import test_client as its_client, test_session as its_session
import pytest

from tests.clouds import FusionSolarCloud
from tests.clouds.clock import SetClock
from tests.clouds.fusionsolar import Behaviour
from tests.clouds.fusionsolar.fixtures import BATTERY, RESIDENTIAL, SENSOR

pytestmark = pytest.mark.usefixtures("socket_enabled")

A = "NE=71000001"
SECOND = "0123456789abcdef0123456789abcdef"
SUN = datetime(2026, 11, 20, 2, 2, tzinfo=UTC)  # noon in Brisbane
RECORDED = Path(its_client.__file__).parent / "data"

type Connect = Callable[..., Awaitable[tuple[FusionSolarCloud, pyhfs.Client]]]
call = asyncio.to_thread


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Return a function that starts a cloud, and the peer at its address."""
    clouds: list[FusionSolarCloud] = []

    async def _connect(
        **options: Any,
    ) -> tuple[FusionSolarCloud, pyhfs.Client]:
        behaviour = Behaviour(**options.pop("behaviour", {}))
        clock = SetClock(options.pop("now", SUN))
        cloud = FusionSolarCloud(clock=clock, behaviour=behaviour, **options)
        clouds.append(cloud)
        await cloud.start()
        return cloud, peer(cloud)

    yield _connect
    for cloud in clouds:
        await cloud.stop()


def peer(cloud: FusionSolarCloud, **wrong: str) -> pyhfs.Client:
    """Return the peer with the credentials of the first account."""
    keys = cloud.credentials | wrong
    session = pyhfs.Session(keys["user_name"], keys["system_code"], cloud.base_url)
    return pyhfs.Client(session)


def _clock(cloud: FusionSolarCloud) -> SetClock:
    assert isinstance(cloud.clock, SetClock)
    return cloud.clock


async def _real(
    cloud: FusionSolarCloud, client: pyhfs.Client, kind: int
) -> dict[str, Any]:
    """Return what the peer's session reads of A's device of a type."""
    device = cloud.device(A, kind)
    body = {"devIds": str(device.device_id), "devTypeId": kind}
    answer = await call(client.session.post, "getDevRealKpi", body)
    assert answer["data"][0]["devId"] == device.device_id
    values: dict[str, Any] = answer["data"][0]["dataItemMap"]
    return values


async def test_its_own_tests_pass(
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What its author runs against the real cloud, and no call was over a quota."""
    cloud, _ = await connect(
        now=datetime.now(UTC), fixture="D", behaviour={"one_per_minute": False}
    )
    monkeypatch.setattr(pyhfs.Session.__init__, "__defaults__", (cloud.base_url,))
    monkeypatch.setenv("FUSIONSOLAR_USER", cloud.credentials["user_name"])
    monkeypatch.setenv("FUSIONSOLAR_PASSWORD", cloud.credentials["system_code"])
    load = unittest.defaultTestLoader.loadTestsFromModule
    suite = unittest.TestSuite([load(its_session), load(its_client)])
    report = StringIO()
    with caplog.at_level(logging.WARNING):
        result = await call(unittest.TextTestRunner(report).run, suite)
    assert result.wasSuccessful(), report.getvalue()
    assert result.testsRun == 5
    assert "frequency limits" not in caplog.text
    assert cloud.over_quota == {}
    counts = cloud.requests.counts()
    # The second hundred of its made-up plants are all unknown.
    assert counts["getKpiStationDay"] == 2
    for label in ("Hour", "Month", "Year"):
        assert counts[f"getKpiStation{label}"] == 1
    assert (counts["getStationRealKpi"], counts["getAlarmList"]) == (1, 1)


def _types(value: Any) -> Any:
    """Return the kinds of a value: a number is a number, an item may be null."""
    match value:
        case dict():
            return {key: _types(item) for key, item in value.items()}
        case list():
            return [_types(value[0])] if value else []
        case int() | float() | None:
            return "number"
    return type(value).__name__


@pytest.mark.parametrize(
    ("label", "newer"),
    [
        ("getStationRealKpi", set()),
        ("getKpiStationHour", set()),
        ("getKpiStationDay", {"chargeCap", "dischargeCap", "selfProvide"}),
        ("getKpiStationMonth", {"chargeCap", "dischargeCap", "selfProvide"}),
        ("getKpiStationYear", {"chargeCap", "dischargeCap", "selfProvide"}),
    ],
)
async def test_like_the_recorded(connect: Connect, label: str, newer: set[str]) -> None:
    """Our answer has the keys and types of the one that lies in the peer's package."""
    _, client = await connect(fixture="D", history=timedelta(days=1))
    body: dict[str, Any] = {"stationCodes": f"{A},{SECOND}"}
    if label != "getStationRealKpi":
        body["collectTime"] = client.to_timestamp(SUN)
    ours = await call(client.session.post, label, body)
    recorded = json.loads((RECORDED / f"{label}.json").read_text())
    for row in ours["data"]:
        for key in newer:
            del row["dataItemMap"][key]
        assert _types(row) == _types(recorded["data"][0])
    # Not all of the recorded echo the time.
    recorded["params"].setdefault("collectTime", 0)
    ours["params"].setdefault("collectTime", 0)
    assert _types(ours["params"]) == _types(recorded["params"])
    assert set(ours) == set(recorded)


async def test_alarms_like_the_recorded(connect: Connect) -> None:
    """An alarm as its device raised it, with the recorded keys."""
    cloud, client = await connect()
    alarm = cloud.raise_alarm(A, RESIDENTIAL)
    [row] = await call(
        client.get_alarms_list, [A], SUN - timedelta(days=1), SUN + timedelta(days=1)
    )
    recorded = json.loads((RECORDED / "getAlarmList.json").read_text())
    assert _types(row) == _types(recorded["data"][0])
    assert client.from_timestamp(row["raiseTime"]) == alarm.raised
    assert row["esnCode"] == alarm.device.serial


async def test_reads_what_is_true(connect: Connect) -> None:
    """Its values are those of the house: of now, of today, and of all the years."""
    cloud, client = await connect(fixture="D", history=timedelta(days=3))
    plants = await call(client.get_plant_list)
    codes = [plant["plantCode"] for plant in plants]
    assert codes == cloud.serials == [A, SECOND]
    assert [plant["capacity"] for plant in plants] == [6.6, 6.6]
    rows = await call(client.get_plant_realtime_data, codes)
    hours = await call(client.get_plant_hourly_data, codes, SUN)
    days = await call(client.get_plant_daily_data, codes, SUN)
    years = await call(client.get_plant_yearly_data, codes, SUN)
    for code, row in zip(codes, rows, strict=True):
        plant, record = cloud.plant(code), cloud.truth(code)
        today, energy = plant.today(record).energy, record.totals.energy
        values = {key: float(text) for key, text in row["dataItemMap"].items()}
        assert values["day_power"] == pytest.approx(today.pv, abs=0.001)
        assert values["total_power"] == pytest.approx(energy.pv, abs=0.001)
        assert values["real_health_state"] == 3
        made = [r for r in hours if r["stationCode"] == code]
        assert len(made) == 12
        for hour in made:
            start = client.from_timestamp(hour["collectTime"])
            assert start.minute == 0
            end = min(start + timedelta(hours=1), record.time)
            true = plant.recorder.at(end, record).energy.minus(
                plant.recorder.at(start, record).energy
            )
            items = hour["dataItemMap"]
            assert items["inverter_power"] == pytest.approx(true.pv, abs=0.006)
            assert items["ongrid_power"] == pytest.approx(true.exported, abs=0.006)
        newest = [r for r in days if r["stationCode"] == code][-1]["dataItemMap"]
        assert newest["use_power"] == pytest.approx(today.load, abs=0.006)
        assert newest["chargeCap"] == pytest.approx(today.charged, abs=0.006)
        all_years = [r["dataItemMap"] for r in years if r["stationCode"] == code]
        for key, true in (
            ("inverter_power", energy.pv),
            ("ongrid_power", energy.exported),
            ("use_power", energy.load),
            ("dischargeCap", energy.discharged),
        ):
            total = sum(items[key] for items in all_years)
            assert total == pytest.approx(true, abs=0.03)


async def test_devices_through_its_session(connect: Connect) -> None:
    """Inverter, battery and sensor are the house's flow, by day and in the evening."""
    cloud, client = await connect(history=timedelta(days=1))
    listed = await call(client.session.post, "getDevList", {"stationCodes": A})
    assert [row["devTypeId"] for row in listed["data"]] == [62, 38, 39, 47]
    signs = set()
    for hours in (0, 5, 8):
        _clock(cloud).advance(hours=hours)
        inverter, battery, sensor = [
            await _real(cloud, client, kind) for kind in (RESIDENTIAL, BATTERY, SENSOR)
        ]
        record = cloud.truth(A)
        flow = record.flow
        made = inverter["active_power"] * 1000
        assert made == pytest.approx(flow.pv_w + flow.battery_w, abs=1)
        assert sensor["active_power"] == pytest.approx(-flow.grid_w, abs=1)
        assert made - sensor["active_power"] == pytest.approx(flow.load_w, abs=2)
        assert battery["ch_discharge_power"] == pytest.approx(-flow.battery_w, abs=1)
        assert battery["battery_soc"] == pytest.approx(record.soc, abs=0.06)
        signs |= {flow.pv_w > 0, flow.battery_w < -1, flow.battery_w > 1}
    assert signs == {True, False}


async def test_over_a_hundred_plants(connect: Connect) -> None:
    """It pages through the list and asks in batches of a hundred."""
    cloud, client = await connect(fixture=["many", "A"])
    codes = [plant["plantCode"] for plant in await call(client.get_plant_list)]
    assert codes == cloud.serials
    rows = await call(client.get_plant_realtime_data, codes)
    assert [row["stationCode"] for row in rows] == codes
    counts = cloud.requests.counts()
    # The first was asked before the login.
    assert (counts["stations"], counts["getStationRealKpi"]) == (3, 2)
    assert cloud.over_quota == {}


async def test_session(connect: Connect) -> None:
    """It logs in at the first call, and anew after half an hour or a theft."""
    cloud, client = await connect()
    logins = []
    for event in ("start", "again", "later", "theft"):
        if event == "later":
            _clock(cloud).advance(minutes=31)
        if event == "theft":
            cloud.log_in_elsewhere()
        await call(client.get_plant_list)
        logins.append(cloud.requests.count("login"))
    assert logins == [1, 1, 2, 3]


async def test_two_programs_on_one_account(connect: Connect) -> None:
    """They log each other out until the logins of ten minutes are used up (1.3)."""
    cloud, client = await connect()
    other = peer(cloud)

    async def both() -> None:
        for _ in range(9):
            await call(client.get_plant_list)
            await call(other.get_plant_list)

    with pytest.raises(pyhfs.FrequencyLimit):
        await both()
    assert cloud.requests.count("login") == 6
    assert cloud.over_quota == {"login": 1}


@pytest.mark.parametrize("answer", [20400, "empty"])
async def test_wrong_user(connect: Connect, answer: Any) -> None:
    """A failCode or nothing at all: it knows both."""
    cloud, _ = await connect(behaviour={"unknown_user": answer})
    with pytest.raises(pyhfs.LoginFailed):
        await call(peer(cloud, user_name="nobody").get_plant_list)


async def test_lock(connect: Connect) -> None:
    """Wrong passwords lock; the right one is refused alike, and 407 comes between."""
    cloud, client = await connect()
    wrong = peer(cloud, system_code="wrong")
    for _ in range(5):
        with pytest.raises(pyhfs.LoginFailed, match="value_invalid"):
            await call(wrong.session.login)
    with pytest.raises(pyhfs.FrequencyLimit):
        await call(client.get_plant_list)
    _clock(cloud).advance(minutes=11)
    with pytest.raises(pyhfs.LoginFailed, match="lock_default"):
        await call(client.get_plant_list)
    _clock(cloud).advance(minutes=20)
    assert len(await call(client.get_plant_list)) == 1


async def test_refusals(connect: Connect) -> None:
    """401, 407 and 20056 are what it takes them for."""
    cloud, client = await connect()
    with pytest.raises(pyhfs.Permission, match="Invalid access"):
        await call(client.session.post, "getStationList")
    await call(client.get_plant_realtime_data, [A])
    with pytest.raises(pyhfs.FrequencyLimit):
        await call(client.get_plant_realtime_data, [A])
    cloud.grant(A, False)
    with pytest.raises(pyhfs.Exception) as refused:
        await call(client.get_plant_daily_data, [A], SUN)
    assert refused.value.args[0] == 20056
    cloud.change(relogin=306)
    cloud.expire_tokens()
    # It has not heard of 306.
    with pytest.raises(pyhfs.Exception) as refused:
        await call(client.get_plant_list)
    assert refused.value.args == (306, "USER_MUST_RELOGIN")
