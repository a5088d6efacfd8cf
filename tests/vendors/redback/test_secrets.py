"""No secret and no identity gets out of the package by itself."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
import logging
from traceback import format_exception
from typing import Any

from aiohttp import ClientTimeout
import pytest

from custom_components.joulekeeper.core.errors import VendorError
from custom_components.joulekeeper.core.schedule import Action
from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.redback import VENDOR
from custom_components.joulekeeper.vendors.redback.client import RedbackClient
from custom_components.joulekeeper.vendors.redback.portal import Portal
from custom_components.joulekeeper.vendors.redback.schedule import schedule_call
from tests.clouds import Fault

from .conftest import NOW, B, Bench, MakeBench, segment

SITE_B = "S7f20be1146aa9"
PERSONAL = ("41000000002", "1 Example St", "Exampleville", "-33.9", "151.2")

TROUBLE: tuple[tuple[Fault, dict[str, Any]], ...] = (
    *((Fault.STATUS, {"status": status}) for status in (400, 403, 404, 418, 500)),
    (Fault.STATUS, {"status": 400, "body": {"error": f"{B} {SITE_B}"}}),
    (Fault.STATUS, {"status": 307, "headers": {"Location": f"http:///{B}"}}),
    (Fault.EXPIRED_TOKEN, {}),
    (Fault.THROTTLE, {"retry_after": 5}),
    (Fault.HTML, {}),
    (Fault.BROKEN_JSON, {}),
    (Fault.NULL, {}),
    (Fault.WRONG_TYPE, {}),
    (Fault.CUT, {}),
    (Fault.DROP, {}),
    (Fault.HANG, {}),
)


def calls_of(
    client: RedbackClient, portal: Portal
) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return everything that can be asked, by a label of the cloud."""
    create = schedule_call(
        B,
        segment(
            rule_id="abc",
            action=Action.HOLD,
            start=NOW,
            duration=timedelta(hours=1),
        ),
    )
    return {
        "nodes": client.nodes,
        "static": lambda: client.static(B),
        "dynamic": lambda: client.dynamic(B),
        "configuration": lambda: client.configuration(B),
        "schedules": lambda: client.schedules(B),
        "envelopes": lambda: client.envelopes(SITE_B),
        "schedule_create": lambda: client.send(create),
        "portal_login": portal.check_login,
        "portal_installation": lambda: portal.panels(B),
        "portal_set_mode": lambda: portal.set_auto(B, "2.17.32401.2"),
    }


def told_by(error: BaseException) -> Iterator[str]:
    """Yield what a log would show of an error and of what led to it."""
    yield str(error)
    yield repr(error)
    yield "".join(format_exception(error))


async def everything_told(bench: Bench) -> tuple[list[str], set[str]]:
    """Provoke every error; return what was told, and what must not be in it."""
    connection = bench.connection()
    session = VENDOR.connect(connection)
    client, portal = RedbackClient(connection), Portal(connection)
    told = [repr(connection), repr(VENDOR), repr(session), repr(client)]
    hidden: set[str] = set()
    for label, call in calls_of(client, portal).items():
        told.append(repr(await call()))
        hidden |= {*client.token.secrets, *portal.secrets}
        for fault, options in TROUBLE:
            bench.cloud.faults.add(label, fault, **options)
            try:
                await call()
            except VendorError as error:
                told += told_by(error)
            bench.cloud.faults.clear()
            hidden |= {*client.token.secrets, *portal.secrets}
    for field, ask_api in (("client_secret", True), ("portal_password", False)):
        bench.store.saved.clear()
        wrong = bench.connection(**{field: f"wrong-{field}"})
        hidden.add(f"wrong-{field}")
        call = RedbackClient(wrong).nodes if ask_api else Portal(wrong).check_login
        with pytest.raises(VendorError) as raised:
            await call()
        told += told_by(raised.value)
    await bench.cloud.refuse()
    with pytest.raises(VendorError) as raised:
        await client.dynamic(B)
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

    assert len(told) > 100
    hidden |= {*bench.cloud.credentials.values(), B, SITE_B, *PERSONAL}
    # Tokens and cookies were really among them.
    assert len(hidden) > 20
    told += [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("aiohttp", "asyncio", "hypothesis"))
    ]
    leaks = {(secret, text) for secret in hidden for text in told if secret in text}
    assert not leaks


async def test_session_knows_what_to_hide(make_bench: MakeBench) -> None:
    """Diagnostics can hide every secret and identity in use."""
    bench = await make_bench(fixture="B")
    session = VENDOR.connect(bench.connection())
    topology = await session.topology.fetch()
    for endpoint in session.endpoints(topology):
        await endpoint.fetch()
    hidden = session.secrets()
    assert set(bench.cloud.credentials.values()) <= set(hidden)
    assert bench.store.saved[-1]["token"] in hidden
    assert len(hidden) > len(bench.cloud.credentials) + 1
    assert set(session.identities()) == {B, SITE_B}
    assert {"Location", "NMI", "Nmi"} <= VENDOR.private_keys
    assert session.statistics()["dynamic"] == 1
    assert session.statistics()["portal"] == 3
