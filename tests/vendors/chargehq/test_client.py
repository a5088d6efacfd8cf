"""What the client sends, and what it makes of the answers."""

from datetime import UTC, datetime, timedelta
import logging
from traceback import format_exception
from typing import Any

from aiohttp import ClientTimeout
import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.core.flow import Balanced
from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.chargehq import TARGET
from custom_components.joulekeeper.vendors.chargehq.payload import body_of
from tests.clouds import Fault
from tests.clouds.chargehq import KEY

from .conftest import NOW, Bench

FLOW = Balanced(production_w=4200, import_w=-1850, consumption_w=2350)


@pytest.mark.parametrize(
    ("key", "good"),
    [
        (KEY, True),
        (KEY.upper(), True),
        ("00000000-0000-0000-0000-000000000000", False),
        (KEY.replace("-", ""), False),
        (f"{{{KEY}}}", False),
        (f" {KEY}", False),
        ("", False),
    ],
)
async def test_form_of_keys(bench: Bench, key: str, good: bool) -> None:
    """Only a GUID that is not all zeros is ever sent."""
    assert TARGET.well_formed(key) is good
    if not good:
        with pytest.raises(InvalidRequest):
            await bench.client(api_key=key).push(FLOW, NOW)
        assert not bench.cloud.requests.total


async def test_time_of_the_reading(bench: Bench) -> None:
    """`tsms` is ms of the past; live values and clocks that are ahead have none."""
    measured = NOW - timedelta(minutes=4, milliseconds=250)
    delayed = Balanced(production_w=1, measured_at=measured)
    assert body_of(delayed, NOW)["tsms"] == 1795139759750
    assert datetime.fromtimestamp(1795139759.75, UTC) == measured
    assert "tsms" not in body_of(Balanced(production_w=1), NOW)
    ahead = Balanced(production_w=1, measured_at=NOW + timedelta(seconds=5))
    assert "tsms" not in body_of(ahead, NOW)


async def test_numbers_are_exact(bench: Bench) -> None:
    """No digit is lost or gained between W and kW, and no 0 is negative."""
    flow = Balanced(
        production_w=0,
        import_w=-1,
        consumption_w=12344,
        discharge_w=12345,
        state_of_charge=33.3,
        stored_kwh=3.00004,
    )
    assert body_of(flow, NOW)["siteMeters"] == {
        "production_kw": 0,
        "net_import_kw": -0.001,
        "consumption_kw": 12.344,
        "battery_discharge_kw": 12.345,
        "battery_soc": 0.333,
        "battery_energy_kwh": 3.0,
    }
    assert str(body_of(flow, NOW)["siteMeters"]["production_kw"]) == "0.0"


async def test_report(bench: Bench) -> None:
    """A failure goes out alone."""
    sent = await bench.client().report("The source is down.")
    assert sent == bench.cloud.pushes[0].body == {"error": "The source is down."}
    assert not bench.cloud.flags


async def test_nothing_to_tell(bench: Bench) -> None:
    """Nothing is sent then."""
    with pytest.raises(InvalidRequest):
        await bench.client().push(Balanced(measured_at=NOW), NOW)
    assert not bench.cloud.requests.total


@pytest.mark.parametrize(
    ("fault", "options", "error"),
    [
        (Fault.STATUS, {"status": 401}, AuthError),
        (Fault.STATUS, {"status": 403}, AuthError),
        (Fault.STATUS, {"status": 400}, Rejected),
        (Fault.STATUS, {"status": 404}, NotFound),
        (Fault.STATUS, {"status": 308, "headers": {"Location": "/"}}, ProtocolError),
        (Fault.STATUS, {"status": 503}, OutcomeUnknown),
        (Fault.THROTTLE, {"retry_after": 45}, RateLimited),
        (Fault.DROP, {}, TransientError),
        (Fault.HANG, {}, TransientError),
    ],
)
async def test_errors(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    options: dict[str, Any],
    error: type[VendorError],
) -> None:
    """Each answer has its meaning; nothing is sent twice, and no key gets out."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(http, "TIMEOUT", ClientTimeout(total=0.3))
    bench.cloud.faults.add("push", fault, **options)
    client = bench.client()
    with pytest.raises(error) as caught:
        await client.push(FLOW, NOW)
    assert bench.cloud.requests.total == client.calls["push"] == 1
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 45
    told = "".join(format_exception(caught.value)) + repr(client) + caplog.text
    assert KEY not in told
    assert client.secrets == (KEY,)


@pytest.mark.parametrize("status", [200, 201, 204])
async def test_any_2xx_is_good(bench: Bench, status: int) -> None:
    """Clients check for 200; what else there is, nobody knows."""
    bench.cloud.faults.add("push", Fault.STATUS, status=status, body="")
    assert await bench.client().push(FLOW, NOW)


async def test_no_connection(bench: Bench) -> None:
    """Where nobody listens."""
    await bench.cloud.refuse()
    with pytest.raises(TransientError):
        await bench.client().push(FLOW, NOW)
