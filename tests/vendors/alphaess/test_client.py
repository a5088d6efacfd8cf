"""The client: every endpoint as it is sent, and against the fake cloud."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    InvalidRequest,
    NotFound,
    NotSupported,
    RateLimited,
    Rejected,
    TransientError,
)
from custom_components.joulekeeper.vendors.alphaess.client import charge_settings_call
from custom_components.joulekeeper.vendors.alphaess.ev import EvState
from custom_components.joulekeeper.vendors.alphaess.settings import UNUSED, TimeWindow

from .calls import READS, SUCCESS, TODAY, VERIFY, WRITES
from .conftest import APP_ID, CHARGER, NOW, A, B, Bench, Desk, MakeBench
from .test_settings import CHARGE, DISCHARGE, SCHEDULE


@pytest.mark.parametrize("name", READS)
async def test_reads_as_they_are_sent(make_bench: MakeBench, name: str) -> None:
    """A GET with its query, signed, without a body; `data` may be null.

    All but the list of systems take that for an answer.
    """
    ask, query = READS[name]
    desk = Desk([SUCCESS])
    client = (await make_bench(desk=desk)).client()
    with pytest.raises(TransientError) if name == "getEssList" else nullcontext():
        await ask(client)
    ((method, path, headers, body),) = desk.sent
    assert (method, body) == ("GET", b"")
    assert path == f"/api/{name}" + (f"?{query}" if query else "")
    assert headers["appId"] == APP_ID
    assert headers["timeStamp"] == str(int(NOW.timestamp()))
    assert len(headers["sign"]) == 128
    assert list(client.raw.values()) == [None]


@pytest.mark.parametrize("name", WRITES)
async def test_writes_as_they_are_sent(make_bench: MakeBench, name: str) -> None:
    """A POST with exactly this body, and nothing to be read from the answer."""
    ask, written = WRITES[name]
    desk = Desk([SUCCESS])
    await ask((await make_bench(desk=desk)).client())
    ((method, path, headers, body),) = desk.sent
    assert (method, path, body.decode()) == ("POST", f"/api/{name}", written)
    assert headers["Content-Type"] == "application/json"
    assert "sign" in headers


async def test_verification_is_a_get(make_bench: MakeBench) -> None:
    """Older clients posted it and got 405."""
    desk = Desk([SUCCESS])
    assert await VERIFY((await make_bench(desk=desk)).client())
    ((method, path, _, body),) = desk.sent
    assert (method, body) == ("GET", b"")
    assert path == f"/api/getVerificationCode?sysSn={B}&checkCode=CHK000000002"


async def test_base_url(make_bench: MakeBench) -> None:
    """With or without the path that all endpoints share."""
    desk = Desk([SUCCESS])
    bench = await make_bench(desk=desk)
    for tail in ("", "/", "/api", "/api/"):
        await bench.client(base_url=f"{desk.base_url}{tail}").summary(A)
    paths = {path for _, path, _, _ in desk.sent}
    assert paths == {f"/api/getSumDataForCustomer?sysSn={A}"}


def test_a_call_can_be_shown_before_it_is_sent() -> None:
    """What a dry run shows is what is sent."""
    call = charge_settings_call(A, CHARGE)
    assert call.as_dict() == {
        "method": "POST",
        "path": "/api/updateChargeConfigInfo",
        "body": CHARGE.as_body(A),
    }
    assert A not in repr(call)


async def test_nothing_unfit_is_sent(make_bench: MakeBench) -> None:
    """A write that the cloud would refuse costs no call."""
    desk = Desk([SUCCESS])
    client = (await make_bench(desk=desk)).client()
    with pytest.raises(InvalidRequest):
        await client.set_charge_settings(A, replace(CHARGE, target_soc=None))
    for amperes in (0, -6, float("nan")):
        with pytest.raises(InvalidRequest) as raised:
            await client.set_ev_household_current(B, amperes)
        assert raised.value.reason == "current_not_positive"
    assert desk.sent == []


@pytest.mark.parametrize(
    "behaviour",
    [
        {},
        {
            "localised": "all",
            "two_decimals": True,
            "history_order": "shuffled",
            "history_duplicates": True,
            "money": "symbol",
            "ev_status": "list",
            "currentsetting_text": True,
        },
    ],
)
async def test_reads_an_account(
    make_bench: MakeBench, behaviour: dict[str, Any]
) -> None:
    """Everything that the cloud tells of two systems, one call each."""
    bench = await make_bench(behaviour, fixture="D")
    client = bench.client()
    first, second = await client.systems()
    assert [first.serial, second.serial] == bench.cloud.serials
    assert (first.capacity_kwh, first.usable_kwh, first.status) == (
        10.1,
        9.09,
        "Normal",
    )
    live = await client.live_power(A)
    assert live.load_w == pytest.approx(live.pv_w + live.grid_w + live.battery_w)
    assert live.state_of_charge == pytest.approx(bench.cloud.soc(A), abs=1)
    day = await client.day_power(A, TODAY)
    times = [sample.time for sample in day.samples]
    assert len(times) > 10
    assert times == sorted(set(times))
    # Noon of the plant, not of UTC.
    assert times[-1].hour == 12
    energy = await client.day_energy(A, TODAY)
    assert energy.day == TODAY
    summary = await client.summary(A)
    assert summary.load_today_kwh == pytest.approx(energy.load_kwh, abs=0.02)
    assert summary.currency in {"AUD", "USD"}
    assert (await client.charge_settings(A)).windows == (TimeWindow(time(1), time(5)),)
    assert (await client.discharge_settings(A)).floor_soc == 10
    periodic = await client.periodic_schedule(B)
    assert periodic.charge[0].weekdays == frozenset(range(7))
    assert await client.ev_chargers(A) == ()
    (charger,) = await client.ev_chargers(B)
    assert charger.serial == CHARGER
    assert await client.ev_household_current(B) == 25
    assert (await client.ev_status(B, CHARGER)).code is not None
    assert set(bench.cloud.requests.counts().values()) <= {1, 2}
    assert set(client.http.calls) == {key.split()[0] for key in client.raw}
    assert client.clock_skew is not None
    assert abs(client.clock_skew) < timedelta(seconds=2)


@pytest.mark.parametrize(
    ("fixture", "behaviour", "count"),
    [("E", {}, 0), ("A", {"single_system": "object"}, 1)],
)
async def test_odd_lists(
    make_bench: MakeBench, fixture: str, behaviour: dict[str, Any], count: int
) -> None:
    """An empty account is no error, and one system may come without a list."""
    bench = await make_bench(behaviour, fixture=fixture)
    assert len(await bench.client().systems()) == count


async def test_settings_come_back(bench: Bench) -> None:
    """What is written is read again, and the cloud has understood it."""
    client = bench.client()
    await client.set_charge_settings(A, CHARGE)
    assert await client.charge_settings(A) == CHARGE
    await client.set_discharge_settings(A, DISCHARGE)
    assert await client.discharge_settings(A) == DISCHARGE
    await client.set_periodic_schedule(B, SCHEDULE)
    read = await client.periodic_schedule(B)
    assert replace(read, charge_enabled=True, discharge_enabled=False) == SCHEDULE
    stores = bench.cloud.stores(B).periodic
    assert (stores.grid_charge, stores.ctr_dis) == (1, 0)


async def test_binding(make_bench: MakeBench) -> None:
    """From the label on the device to the list of systems, and back."""
    bench = await make_bench(fixture="A")
    client = bench.client()
    assert await VERIFY(client) is True
    code = bench.cloud.verification_code(B)
    with pytest.raises(Rejected) as raised:
        await client.bind(B, "0000")
    assert raised.value.reason == "verification_code_wrong"
    await client.bind(B, code)
    assert len(await client.systems()) == 2
    # Bound already: nothing to do, and no mail to wait for.
    assert await VERIFY(client) is False
    await client.bind(B, code)
    await client.unbind(B)
    assert len(await client.systems()) == 1
    with pytest.raises(NotFound) as unbound:
        await client.unbind(B)
    assert unbound.value.reason == "not_bound"
    with pytest.raises(Rejected) as wrong:
        await client.request_verification_code(B, "wrong")
    assert wrong.value.reason == "check_code_wrong"
    with pytest.raises(Rejected) as nobody:
        await client.request_verification_code("ALX000000000005", "CHK000000005")
    assert nobody.value.reason == "no_owner"


async def test_ev_charger(bench: Bench) -> None:
    """It is stopped and started, and the household's limit is set."""
    client = bench.client()
    bench.cloud.set_charger(B, 3)
    assert (await client.ev_status(B, CHARGER)).state is EvState.CHARGING
    await client.control_ev(B, CHARGER, charge=False)
    assert (await client.ev_status(B, CHARGER)).state is EvState.FINISHING
    await client.control_ev(B, CHARGER, charge=True)
    assert (await client.ev_status(B, CHARGER)).state is EvState.CHARGING
    await client.set_ev_household_current(B, 16)
    assert await client.ev_household_current(B) == 16


@pytest.mark.parametrize(
    ("behaviour", "reason"), [({}, "offline"), ({"offline": "nulls"}, None)]
)
async def test_offline_either_way(
    make_bench: MakeBench, behaviour: dict[str, Any], reason: str | None
) -> None:
    """As an error, or as an answer of nulls."""
    bench = await make_bench(behaviour)
    bench.cloud.set_online(A, False)
    client = bench.client()
    if reason is None:
        assert (await client.live_power(A)).is_blank
    else:
        with pytest.raises(TransientError) as raised:
            await client.live_power(A)
        assert raised.value.reason == reason
    (system,) = await client.systems()
    assert system.offline


async def test_wrong_secret(bench: Bench) -> None:
    """It is the user's matter, in both forms of the answer."""
    client = bench.client(app_secret="f" * 32)
    for form in ("two_keys", "envelope"):
        bench.cloud.behaviour.auth_body = form
        with pytest.raises(AuthError) as raised:
            await client.systems()
        assert raised.value.reason == "credentials_refused"
    assert bench.cloud.requests.count("getEssList") == 2


async def test_not_entitled(bench: Bench) -> None:
    """A system that only has the daily stores says so for good."""
    client = bench.client()
    with pytest.raises(NotSupported) as raised:
        await client.periodic_schedule(A)
    assert raised.value.reason == "not_entitled"
    with pytest.raises(NotSupported):
        await client.set_periodic_schedule(A, SCHEDULE)


async def test_throttled_write(bench: Bench) -> None:
    """The cloud does not tell how long to wait; nothing was written."""
    client = bench.client()
    await client.set_charge_settings(A, CHARGE)
    with pytest.raises(RateLimited) as raised:
        await client.set_charge_settings(A, replace(CHARGE, slots=(UNUSED, UNUSED)))
    assert (raised.value.retry_after, raised.value.reason) == (None, "throttled")
    assert await client.charge_settings(A) == CHARGE
