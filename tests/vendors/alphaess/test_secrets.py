"""No secret and no identity gets out of the package by itself."""

from collections.abc import Awaitable, Callable, Iterator
import logging
from traceback import format_exception
from typing import Any

from aiohttp import ClientTimeout
import pytest

from custom_components.joulekeeper.core.errors import VendorError
from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.alphaess.client import AlphaEssClient
from custom_components.joulekeeper.vendors.alphaess.codes import detail_of
from tests.clouds import Fault

from .calls import CHANGES, READS, TODAY
from .conftest import APP_ID, APP_SECRET, CHARGER, B, Bench, MakeBench

CHECK_CODE = "CHK000000002"
CODE = "4821"
EVERYTHING = f"{APP_ID} {APP_SECRET} {B} {CHARGER} {CHECK_CODE}"

TROUBLE: tuple[tuple[Fault, dict[str, Any]], ...] = (
    *((Fault.STATUS, {"status": status}) for status in (401, 403, 404, 405, 502)),
    (Fault.STATUS, {"status": 400, "body": {"error": EVERYTHING}}),
    (Fault.STATUS, {"status": 200, "body": {"code": EVERYTHING}}),
    *(
        (
            Fault.STATUS,
            {"status": 200, "body": {"code": code, "msg": EVERYTHING, "expMsg": said}},
        )
        for code in (6001, 6005, 6007, 6009, 6026, 7777)
        for said in (EVERYTHING, f"code {CODE} is wrong")
    ),
    (Fault.STATUS, {"status": 307, "headers": {"Location": f"http:///{B}"}}),
    (Fault.EXPIRED_TOKEN, {}),
    (Fault.LOCKED_OUT, {}),
    (Fault.THROTTLE, {}),
    (Fault.HTML, {}),
    (Fault.BROKEN_JSON, {}),
    (Fault.WRONG_TYPE, {}),
    (Fault.WRONG_TYPE, {"path": ["data"]}),
    (Fault.CUT, {}),
    (Fault.DROP, {}),
    (Fault.HANG, {}),
)


def calls_of(client: AlphaEssClient) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return everything that can be asked of system B, by a label of the cloud."""
    reads: dict[str, Callable[[], Awaitable[Any]]] = {
        "getEssList": client.systems,
        "getLastPowerData": lambda: client.live_power(B),
        "getOneDayPowerBySn": lambda: client.day_power(B, TODAY),
        "getOneDateEnergyBySn": lambda: client.day_energy(B, TODAY),
        "getSumDataForCustomer": lambda: client.summary(B),
        "getChargeConfigInfo": lambda: client.charge_settings(B),
        "getDisChargeConfigInfo": lambda: client.discharge_settings(B),
    }
    others = {name: ask for name, (ask, _) in READS.items()} | CHANGES
    return {name: lambda ask=ask: ask(client) for name, ask in others.items()} | reads


def told_by(error: BaseException) -> Iterator[str]:
    """Yield what a log would show of an error and of what led to it."""
    yield str(error)
    yield repr(error)
    yield "".join(format_exception(error))


async def everything_told(bench: Bench) -> tuple[list[str], set[str]]:
    """Provoke every error; return what was told, and what must not be in it."""
    connection = bench.connection()
    client = AlphaEssClient(connection)
    told = [repr(connection), repr(client)]
    hidden: set[str] = set()
    for label, call in calls_of(client).items():
        for fault, options in ((None, {}), *TROUBLE):
            if fault is not None:
                bench.cloud.faults.add(label, fault, **options)
            try:
                told.append(repr(await call()))
            except VendorError as error:
                told += told_by(error)
            bench.cloud.faults.clear()
            bench.clock.advance(minutes=1)
            bench.cloud.clock.advance(minutes=1)
            hidden |= set(client.secrets)
    await bench.cloud.refuse()
    with pytest.raises(VendorError) as raised:
        await client.live_power(B)
    told += told_by(raised.value)
    return told, hidden


async def test_nothing_gets_out(
    make_bench: MakeBench,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not in logs, not in errors and their causes, not in what repr shows."""
    monkeypatch.setattr(http, "TIMEOUT", ClientTimeout(total=0.5))
    caplog.set_level(logging.DEBUG)
    bench = await make_bench(fixture="B")
    told, hidden = await everything_told(bench)

    assert len(told) > 500
    # Signatures were really among them.
    assert len(hidden) > 100
    hidden |= {APP_ID, APP_SECRET, B, CHARGER, CHECK_CODE}
    told += [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("aiohttp", "asyncio", "hypothesis"))
    ]
    leaks = {(secret, text) for secret in hidden for text in told if secret in text}
    assert not leaks


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("time list is null", "time list is null"),
        ("timeChaf1 must be HH:mm", "timeChaf1 must be HH:mm"),
        ("sn AL9000000000099 unknown", "sn **REDACTED** unknown"),
        ("code 4821 is wrong", "code **REDACTED** is wrong"),
        ("  two\nlines ", "two lines"),
        (None, ""),
        (["no", "text"], ""),
        ("x" * 500, "x" * 120),
    ],
)
def test_what_the_cloud_says(said: Any, shown: str) -> None:
    """The parameter that is wrong is named, and nobody's property."""
    assert detail_of({"expMsg": said}, (CODE,)) == shown
