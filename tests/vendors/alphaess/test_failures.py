"""Every business code, and every answer that is none."""

from dataclasses import replace
import json
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    InvalidRequest,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.vendors.alphaess.client import charge_settings_call
from tests.clouds import Fault

from .calls import CHANGES, READS, SUCCESS, TODAY, WRITES, refusal
from .conftest import CHARGER, A, Bench, Desk, MakeBench
from .test_settings import CHARGE, PERIOD

CODES: dict[int, tuple[type[VendorError], str]] = {
    6001: (Rejected, "parameter_error"),
    6002: (Rejected, "no_owner"),
    6003: (Rejected, "already_bound"),
    6004: (Rejected, "check_code_wrong"),
    6005: (NotFound, "not_bound"),
    6006: (NotSupported, "not_whitelisted"),
    6007: (AuthError, "credentials_refused"),
    6008: (Rejected, "set_failed"),
    6009: (NotSupported, "not_whitelisted"),
    6010: (AuthError, "sign_empty"),
    6011: (AuthError, "timestamp_empty"),
    6012: (AuthError, "app_id_empty"),
    6016: (NotFound, "no_data"),
    6017: (NotSupported, "not_entitled"),
    6026: (TransientError, "internal_error"),
    6029: (Rejected, "operation_failed"),
    6038: (NotFound, "unknown_system"),
    6042: (TransientError, "offline"),
    6046: (Rejected, "verification_code_wrong"),
    6053: (RateLimited, "throttled"),
    10001: (Rejected, "malformed_body"),
    7777: (ProtocolError, "unknown_code"),
    201: (ProtocolError, "unknown_code"),
}


@pytest.mark.parametrize("keys", [2, 5])
@pytest.mark.parametrize("code", CODES)
async def test_every_code(make_bench: MakeBench, code: int, keys: int) -> None:
    """Each becomes an error of ours by its number alone, and costs one call.

    Of a write it is known that it was not done, but for an internal error and for
    codes that nobody knows.
    """
    error, reason = CODES[code]
    body = refusal(code, exp_msg="time list is null", keys=keys)
    desk = Desk([body])
    client = (await make_bench(desk=desk)).client()
    told = []
    for ask in (READS["getLastPowerData"][0], WRITES["updateChargeConfigInfo"][0]):
        with pytest.raises(VendorError) as raised:
            await ask(client)
        told.append(raised.value)
    read, write = told
    assert (type(read), read.reason) == (error, reason)
    unsure = code in {6026, 7777, 201}
    assert type(write) is (OutcomeUnknown if unsure else error)
    assert write.reason == reason
    assert len(desk.sent) == 2
    assert str(code) in str(read)
    if keys == 5 and code not in {6006, 6009}:
        assert str(read).endswith(": time list is null")
    assert "\u9519" not in str(read)


@pytest.mark.parametrize("code", ["6005", 6005.0])
async def test_code_in_other_clothes(make_bench: MakeBench, code: Any) -> None:
    """A number may come as text."""
    client = (await make_bench(desk=Desk([{"code": code}]))).client()
    with pytest.raises(NotFound):
        await client.systems()


@pytest.mark.parametrize(
    ("fault", "options", "error", "calls"),
    [
        (Fault.STATUS, {"status": 502}, TransientError, 2),
        (Fault.CUT, {}, TransientError, 2),
        (Fault.HTML, {}, TransientError, 1),
        (Fault.BROKEN_JSON, {}, ProtocolError, 1),
        (Fault.WRONG_TYPE, {}, ProtocolError, 1),
        (Fault.WRONG_TYPE, {"path": ["data"]}, ProtocolError, 1),
        (Fault.NULL, {"key": "code"}, ProtocolError, 1),
        (Fault.STATUS, {"status": 404, "body": {"status": 404}}, NotFound, 1),
        (Fault.STATUS, {"status": 405, "body": {"status": 405}}, Rejected, 1),
        (
            Fault.STATUS,
            {"status": 302, "headers": {"Location": "http://127.0.0.1:9/"}},
            ProtocolError,
            1,
        ),
    ],
)
async def test_odd_answers(
    bench: Bench,
    fault: Fault,
    options: dict[str, Any],
    error: type[VendorError],
    calls: int,
) -> None:
    """Each becomes an error of ours, and leaves no trace."""
    client = bench.client()
    for name in ("getEssList", "getLastPowerData", "getOneDayPowerBySn"):
        ask, _ = READS[name]
        bench.cloud.faults.add(name, fault, **options)
        with pytest.raises(VendorError) as raised:
            await ask(client)
        assert type(raised.value) is error
        assert bench.cloud.requests.count(name) == calls
        bench.cloud.faults.clear()
        await ask(client)


async def test_verbs_and_paths_of_the_cloud(bench: Bench) -> None:
    """The fake refuses other verbs and paths as the real one does."""
    client = bench.client()
    call = charge_settings_call(A, CHARGE)
    with pytest.raises(Rejected) as raised:
        await client.send(replace(call, path="/api/getEssList"))
    assert raised.value.status == 405
    with pytest.raises(NotFound):
        await client.send(replace(call, path="/api/nothing"))


@pytest.mark.parametrize(
    ("fault", "options", "error"),
    [
        (Fault.STATUS, {"status": 502}, OutcomeUnknown),
        (Fault.CUT, {}, OutcomeUnknown),
        (Fault.HTML, {}, OutcomeUnknown),
        (Fault.BROKEN_JSON, {}, OutcomeUnknown),
        (Fault.WRONG_TYPE, {}, OutcomeUnknown),
        (Fault.NULL, {"key": "code"}, OutcomeUnknown),
        (Fault.DROP, {"done": True}, OutcomeUnknown),
        (Fault.HANG, {"done": True}, OutcomeUnknown),
        (Fault.STATUS, {"status": 405}, Rejected),
    ],
)
@pytest.mark.parametrize("name", CHANGES)
async def test_changes_that_fail(
    bench: Bench,
    short_timeout: None,
    name: str,
    fault: Fault,
    options: dict[str, Any],
    error: type[VendorError],
) -> None:
    """They are never repeated; where it may have worked, we say so."""
    client = bench.client()
    bench.cloud.faults.add(name, fault, **options)
    with pytest.raises(VendorError) as raised:
        await CHANGES[name](client)
    assert type(raised.value) is error
    # aiohttp itself repeats a GET whose connection was dropped.
    twice = name == "getVerificationCode" and fault is Fault.DROP
    assert bench.cloud.requests.count(name) == 1 + twice


async def test_no_connection(bench: Bench) -> None:
    """A refused connection is passing, for reads and writes: nothing was done."""
    client = bench.client()
    await client.systems()
    await bench.cloud.refuse()
    for ask in (READS["getEssList"][0], WRITES["unBindSn"][0]):
        with pytest.raises(TransientError) as raised:
            await ask(client)
        assert type(raised.value) is TransientError
    await bench.cloud.accept()
    await client.systems()


async def test_null_for_anything(make_bench: MakeBench) -> None:
    """A read with nothing to say reads as unknown, and cannot be written back."""
    client = (await make_bench(desk=Desk([json.dumps(SUCCESS)]))).client()
    with pytest.raises(TransientError):
        await client.systems()
    assert (await client.live_power(A)).is_blank
    assert (await client.day_power(A, TODAY)).samples == ()
    assert (await client.day_energy(A, TODAY)).is_blank
    assert (await client.summary(A)).is_blank
    assert await client.ev_chargers(A) == ()
    assert await client.ev_household_current(A) is None
    assert (await client.ev_status(A, CHARGER)).code is None
    settings = await client.charge_settings(A)
    with pytest.raises(InvalidRequest):
        await client.set_charge_settings(A, settings)
    schedule = await client.periodic_schedule(A)
    assert schedule.charge == ()
    with pytest.raises(InvalidRequest):
        await client.set_periodic_schedule(A, replace(schedule, charge=(PERIOD,)))
