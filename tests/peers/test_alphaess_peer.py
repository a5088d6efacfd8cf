"""The real `alphaessopenapi` runs its call sequence against the fake cloud.

Nobody here wrote that client, so what it reads and does shows that the fake is
faithful (dossier section 9). Only its base address is replaced.

Its wheel also brings a top-level package `tests`. Ours is found first, because the
repository's root leads `sys.path` wherever our tests and tools run.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiohttp import ClientResponseError, ContentTypeError
from alphaess import alphaess as peer_module
import pytest

import tests
from tests.clouds import AlphaEssCloud, Fault
from tests.clouds.alphaess import ACCOUNTS, Action, Behaviour
from tests.clouds.clock import SetClock

pytestmark = pytest.mark.usefixtures("socket_enabled")

A = "ALX000000000001"
B = "ALX000000000002"
C = "ALX000000000003"
SUN = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)  # 13:00 in Adelaide

type Peer = Any
type Connect = Callable[..., Awaitable[tuple[AlphaEssCloud, Peer]]]


def peer_readings(unit: dict[str, Any]) -> dict[str, float]:
    """Return what the peer's `getdata` read: W, kWh, %; grid + import, battery + out."""
    power, energy = unit["LastPower"], unit["OneDateEnergy"]
    return {
        "pv_power_w": power["ppv"],
        "grid_power_w": power["pgrid"],
        "battery_power_w": power["pbat"],
        "load_power_w": power["pload"],
        "battery_soc": power["soc"],
        "pv_today_kwh": energy["epv"],
        "import_today_kwh": energy["eInput"],
        "export_today_kwh": energy["eOutput"],
        "charge_today_kwh": energy["eCharge"],
        "discharge_today_kwh": energy["eDischarge"],
        "pv_kwh": unit["SumData"]["epvtotal"],
    }


def house_readings(cloud: AlphaEssCloud, serial: str, day: str) -> dict[str, float]:
    """Return what the simulated house says at the time of the live sample."""
    now = cloud.clock()
    system = cloud.system(serial)
    sample = system.live(now)
    counted = system.day(datetime.fromisoformat(day).date(), now)
    assert counted is not None
    flow, house = sample.flow, counted.house
    return {
        "pv_power_w": flow.pv_w,
        "grid_power_w": flow.grid_w,
        "battery_power_w": flow.battery_w,
        "load_power_w": flow.load_w,
        "battery_soc": sample.soc,
        "pv_today_kwh": house.pv,
        "import_today_kwh": house.imported,
        "export_today_kwh": house.exported,
        "charge_today_kwh": house.charged,
        "discharge_today_kwh": house.discharged,
        "pv_kwh": sample.counters.house.pv,
    }


def assert_same_readings(seen: dict[str, float], truth: dict[str, float]) -> None:
    """Compare within the vendor's rounding: whole W per part, kWh/100, %/10."""
    assert seen.keys() == truth.keys()
    for name, value in truth.items():
        tolerance = {"w": 2.5, "kwh": 0.0051, "soc": 0.051}[name.rsplit("_", 1)[1]]
        assert seen[name] == pytest.approx(value, abs=tolerance), name


@pytest.fixture
async def connect(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Return a function that starts a cloud, and the peer at its address.

    The peer signs with the machine's time and asks for the machine's date: both are
    those of the cloud's clock here, which starts at `now`.
    """
    opened: list[Any] = []

    async def _connect(
        *, now: datetime = SUN, raising: bool = True, **options: Any
    ) -> tuple[AlphaEssCloud, Peer]:
        clock = SetClock(now)
        cloud = AlphaEssCloud(clock=clock, **options)
        address = await cloud.start()
        opened.append(cloud.stop)
        monkeypatch.setattr(peer_module, "BASEURL", f"{address}/api")
        peers_time = SimpleNamespace(
            time=lambda: clock().timestamp(),
            strftime=lambda form: clock().strftime(form),
        )
        monkeypatch.setattr(peer_module, "time", peers_time)
        keys = cloud.credentials
        peer = peer_module.alphaess(
            keys["app_id"], keys["app_secret"], raise_on_error=raising
        )
        opened.append(peer.close)
        return cloud, peer

    yield _connect
    for close in reversed(opened):
        await close()


def _clock(cloud: AlphaEssCloud) -> SetClock:
    assert isinstance(cloud.clock, SetClock)
    return cloud.clock


def test_our_tests_come_first() -> None:
    """The peer's own `tests` package does not shadow ours."""
    assert tests.__file__ is not None
    assert Path(tests.__file__).parent == Path(__file__).parents[1]


async def test_every_value_is_the_houses(connect: Connect) -> None:
    """One `getdata` of both systems reads what the houses say, in 19 calls."""
    cloud, peer = await connect(fixture="D", history=timedelta(days=1))
    assert await peer.authenticate() is True
    cloud.requests.clear()

    units = await peer.getdata(True, True, 0, True)

    assert [unit["sysSn"] for unit in units] == [A, B]
    for unit in units:
        serial = unit["sysSn"]
        assert_same_readings(
            peer_readings(unit), house_readings(cloud, serial, "2026-11-20")
        )
        load = unit["SumData"]["eload"]
        assert load > 0
        assert unit["OneDayPower"][0]["uploadTime"].startswith("2026-11-20 ")
    one, two = units
    assert (one["minv"], one["cobat"], one["emsStatus"]) == (
        *("SMILE5-INV", 10.1, "Normal"),
    )
    assert one["ChargeConfig"]["timeChae1"] == "05:00"
    assert one["DisChargeConfig"]["batUseCap"] == 10
    assert one["TimeCharge"] is None
    assert one["EVData"] == []
    assert two["TimeCharge"]["chargeTimeList"][0]["chargePower"] == 5000
    assert two["EVStatus"] == {"evchargerStatus": 2}
    assert two["EVCurrent"] == {"currentsetting": 25.0}
    assert cloud.requests.total == 1 + 8 + 10
    assert "unknown" not in cloud.requests.counts()


async def test_storion(connect: Connect) -> None:
    """A system without live power still has its history."""
    _, peer = await connect(fixture="C", history=timedelta(hours=6))
    (unit,) = await peer.getdata(True)
    assert set(unit["LastPower"].values()) == {None}
    assert 0 < unit["OneDayPower"][0]["cbat"] <= 100


async def test_legacy_writes(connect: Connect) -> None:
    """Both signatures of each write; a read back; and the battery obeys."""
    cloud, peer = await connect(fixture="A")
    # End times come first here.
    answer = await peer.updateChargeConfigInfo(
        A, 90, 1, "16:00", "00:00", "13:00", "00:00"
    )
    assert answer is None
    assert await peer.getChargeConfigInfo(A) == {
        "gridCharge": 1,
        "timeChaf1": "13:00",
        "timeChae1": "16:00",
        "timeChaf2": "00:00",
        "timeChae2": "00:00",
        "batHighCap": 90,
    }
    cloud.set_soc(A, 20)
    _clock(cloud).advance(minutes=2)
    assert cloud.mode(A).action is Action.CHARGE
    assert (await peer.getLastPowerData(A))["pbat"] == -5000
    await peer.setbatterycharge(A, False, "13:00", "16:00", "00:00", "00:00", 90)
    await peer.updateDisChargeConfigInfo(A, 15, 1, "21:00", "00:00", "17:00", "00:00")
    _clock(cloud).advance(minutes=2)
    assert cloud.mode(A).why == "outside the discharge windows"
    await peer.setbatterydischarge(A, True, "13:00", "14:00", "00:00", "00:00", 20)
    _clock(cloud).advance(minutes=2)
    assert cloud.mode(A).why == "discharge window"
    read = await peer.getDisChargeConfigInfo(A)
    assert (read["ctrDis"], read["timeDise1"], read["batUseCap"]) == (1, "14:00", 20)
    for start, code in (("13:00", 200), ("13:00", 6053), ("9:00", 6001)):
        window = (start, "14:00", "00:00", "00:00")
        if code == 200:
            await peer.setbatterydischarge(A, True, *window, 20)
            continue
        with pytest.raises(peer_module.AlphaESSApiError) as refused:
            await peer.setbatterydischarge(A, True, *window, 20)
        assert refused.value.code == code
        _clock(cloud).advance(minutes=1)


async def test_periodic_writes(connect: Connect) -> None:
    """Round trip, refusals with their reason, and no entitlement."""
    cloud, peer = await connect(fixture="D")

    def at(begin: str, end: str, watts: int, limit: int) -> list[dict[str, Any]]:
        period = {"beginTime": begin, "endTime": end, "weeks": [1, 2, 3, 4, 5, 6, 7]}
        return [period | {"chargePower": watts, "chargeLimit": limit}]

    night, evening = at("03:00", "05:00", 5000, 80), at("17:00", "21:00", 3000, 20)
    assert await peer.setTimeChargeBySn(B, 1, night, evening, True, True) is None
    read = await peer.getTimeChargeBySn(B)
    assert read["gridChargeCycle"] == read["ctrDisCycle"] == 0
    assert read["dischargeTimeList"][0]["chargeLimit"] == 20.0
    # 03:30 in Berlin.
    cloud.set_soc(B, 50)
    _clock(cloud).advance(minutes=2)
    assert (await peer.getLastPowerData(B))["pbat"] == -5000
    _clock(cloud).advance(minutes=1)
    for serial, charge, discharge, code, reason in (
        (B, night, [], 6001, "time list is null"),
        (B, night, None, 10001, None),
        (B, night, at("04:45", "06:00", 1, 20), 6008, None),
        (A, night, evening, 6017, None),
    ):
        with pytest.raises(peer_module.AlphaESSApiError) as refused:
            await peer.setTimeChargeBySn(serial, 1, charge, discharge)
        assert (refused.value.code, refused.value.expMsg) == (code, reason)


async def test_cars_and_binding(connect: Connect) -> None:
    """The five calls for chargers, and the binding walk of a second account."""
    cloud, peer = await connect(accounts=ACCOUNTS)
    (car,) = await peer.getEvChargerConfigList(B)
    sn = car["evchargerSn"]
    assert await peer.remoteControlEvCharger(B, sn, 1) is None
    _clock(cloud).advance(minutes=1)
    assert (await peer.getEvChargerStatusBySn(B, sn))["evchargerStatus"] == 3
    assert (await peer.getLastPowerData(B))["pev"] == 7200
    await peer.remoteControlEvCharger(B, sn, 0)
    assert (await peer.getEvChargerStatusBySn(B, sn))["evchargerStatus"] == 6
    await peer.setEvChargerCurrentsBySn(B, 16)
    assert await peer.getEvChargerCurrentsBySn(B) == {"currentsetting": 16.0}

    await peer.getVerificationCode(C, "CHK000000003")
    await peer.bindSn(C, cloud.verification_code(C))
    assert [unit["sysSn"] for unit in await peer.getESSList()] == [A, B, C]
    await peer.unBindSn(C)
    assert len(await peer.getESSList()) == 2


@pytest.mark.parametrize("raising", [False, True])
async def test_wrong_secret(connect: Connect, raising: bool) -> None:
    """The fake computes the signature: one character off is 6007."""
    _, peer = await connect(raising=raising)
    peer.appSecret = peer.appSecret[:-1] + "0"
    assert await peer.getdata() == []
    if not raising:
        assert await peer.getESSList() is None
        assert await peer.authenticate() is False
        return
    with pytest.raises(peer_module.AlphaESSApiError) as refused:
        await peer.authenticate()
    assert (refused.value.code, refused.value.msg) == (6007, "Sign check error")


async def test_skew_throttle_and_outage(connect: Connect) -> None:
    """301 s are too many; 6053, pages and 502 come through as recorded (9)."""
    cloud, peer = await connect()
    cloud.faults.clock_skew = timedelta(seconds=301)
    with pytest.raises(peer_module.AlphaESSApiError, match="validity period"):
        await peer.getESSList()
    cloud.faults.clock_skew = timedelta(seconds=300)
    assert len(await peer.getESSList()) == 1
    cloud.faults.add("getEssList", Fault.THROTTLE, times=1)
    with pytest.raises(peer_module.AlphaESSApiError, match="6053"):
        await peer.getESSList()
    cloud.faults.add("getEssList", Fault.HTML, times=1)
    with pytest.raises(ContentTypeError):
        await peer.getESSList()
    cloud.faults.add("getEssList", Fault.STATUS, status=502, times=1)
    with pytest.raises(ClientResponseError):
        await peer.getESSList()
    with pytest.raises(ClientResponseError, match="405"):
        await peer.api_post(f"{cloud.base_url}/api/getEssList", {})
    assert len(await peer.getESSList()) == 1


async def test_empty_account_and_chinese(connect: Connect) -> None:
    """Nothing bound is no fault; the code decides, not the words."""
    cloud, peer = await connect(fixture="E", behaviour=Behaviour(localised="all"))
    assert await peer.getESSList() == []
    assert await peer.authenticate() is False
    assert await peer.getdata() == []
    cloud.bind(A)
    assert await peer.authenticate() is True
