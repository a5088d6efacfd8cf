"""The real `openpower` reads the fake AlphaESS cloud: a second, synchronous opinion.

It signs on its own, so it proves the signature once more. Where its methods are
broken against the real cloud (dossier section 6), they break here in the same way.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from openpower import alphaess as peer_module
from openpower.alphaess import AlphaESS, ApiResponseException
import pytest
from requests import HTTPError

from tests.clouds import AlphaEssCloud
from tests.clouds.clock import SetClock

pytestmark = pytest.mark.usefixtures("socket_enabled")

A = "ALX000000000001"
B = "ALX000000000002"
CAR = "EVX0000000001"
SUN = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)  # 13:00 in Adelaide
OFF = (time(), time())

type Connect = Callable[..., Awaitable[tuple[AlphaEssCloud, AlphaESS]]]
call = asyncio.to_thread


@pytest.fixture
async def connect(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Connect]:
    """Return a function that starts a cloud, and the peer at its address and time."""
    clouds: list[AlphaEssCloud] = []

    async def _connect(**options: Any) -> tuple[AlphaEssCloud, AlphaESS]:
        clock = SetClock(SUN)
        cloud = AlphaEssCloud(clock=clock, **options)
        clouds.append(cloud)
        address = await cloud.start()

        class PeersTime(datetime):
            """The peer's `datetime.now`, by the cloud's clock."""

            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return clock().astimezone(tz)

        monkeypatch.setattr(peer_module, "datetime", PeersTime)
        monkeypatch.setattr(AlphaESS, "_API_ENDPOINT", f"{address}/api")
        keys = cloud.credentials
        return cloud, AlphaESS(keys["app_id"], keys["app_secret"], A)

    yield _connect
    for cloud in clouds:
        await cloud.stop()


async def test_reads(connect: Connect) -> None:
    """What it reads is what the house says; 0 to 100 and not 0 to 1."""
    cloud, peer = await connect(fixture="D", history=timedelta(days=1))
    systems = await call(peer.list_systems)
    assert [system["sysSn"] for system in systems] == [A, B]
    power = await call(peer.get_realtime_power_usage)
    sample = cloud.system(A).live(SUN)
    assert power["ppv"] == pytest.approx(sample.flow.pv_w, abs=1.5)
    assert power["pgrid"] == pytest.approx(sample.flow.grid_w, abs=1)
    assert power["pbat"] == pytest.approx(sample.flow.battery_w, abs=1)
    assert power["soc"] == pytest.approx(cloud.soc(A), abs=0.5)
    rows: Any = await call(peer.get_historical_power_usage, date(2026, 11, 20))
    assert 150 < len(rows) < 165
    energy = await call(peer.get_historical_energy_usage, date(2026, 11, 20))
    summary = await call(peer.get_system_summary)
    assert energy["epv"] == summary["epvtoday"] > 5
    other = peer.for_device(B)
    assert (await call(other.get_realtime_power_usage))["prealL2"] is not None
    settings = await call(other.get_charging_settings, None)
    assert settings["batHighCap"] == 100
    assert (await call(other.get_ev_charger_list))[0]["evchargerSn"] == CAR
    assert await call(other.get_ev_charger_current_draw_settings) == 25.0


async def test_charging_settings(connect: Connect) -> None:
    """It says 0.9 for 90 %, and gets what it says."""
    cloud, peer = await connect()
    window = (time(13), time(15, 30))
    await call(peer.set_charging_settings, 0.9, True, window, OFF, None)
    read = await call(peer.get_charging_settings, None)
    assert (read["timeChaf1"], read["timeChae1"]) == ("13:00", "15:30")
    assert read["batHighCap"] == 0.9
    assert cloud.stores(A).charge.grid_charge == 1


async def test_binding(connect: Connect) -> None:
    """The walk from the mail to the list and back."""
    cloud, peer = await connect(fixture="E")
    await call(peer.get_verification_code, "CHK000000001")
    await call(peer.bind_system, cloud.verification_code(A))
    assert cloud.serials == [A]
    await call(peer.unbind_system)
    assert cloud.serials == []
    with pytest.raises(ApiResponseException, match="not bound"):
        await call(peer.unbind_system)


async def test_its_bugs_are_seen(connect: Connect) -> None:
    """Wrong verb, wrong path, wrong shape: as with the real cloud (6)."""
    _, peer = await connect(fixture="B")
    with pytest.raises(HTTPError, match="405"):
        await call(peer.set_ev_charger_current_draw_settings, 16, B)
    with pytest.raises(HTTPError, match="404"):
        await call(peer.control_ev_charger, CAR, True, B)
    with pytest.raises(ValueError, match="evchargerStatus"):
        await call(peer.get_ev_charger_status, CAR, B)


async def test_wrong_secret(connect: Connect) -> None:
    """A two-key body is enough to tell why."""
    cloud, _ = await connect()
    wrong = AlphaESS(cloud.credentials["app_id"], "0" * 32, A)
    with pytest.raises(ApiResponseException, match="Sign check error") as refused:
        await call(wrong.list_systems)
    assert refused.value.response == {"code": 6007, "msg": "Sign check error"}
