"""The WebSocket of the fake Amber cloud (dossier 2.5)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
import pytest

from . import Fault
from .amber_bench import A, AmberBench, C, nem
from .conftest import MakeAmber

pytestmark = pytest.mark.usefixtures("socket_enabled")

BOUNDARY = nem("2026-03-02T08:15:00")
ACK = {"service": "live-prices", "action": "subscribe", "status": 200}


def wish(site: str = A) -> dict[str, Any]:
    """Return a subscription."""
    return {"service": "live-prices", "action": "subscribe", "data": {"siteId": site}}


@asynccontextmanager
async def connected(
    bench: AmberBench, **headers: str
) -> AsyncIterator[ClientWebSocketResponse]:
    """Connect at the root."""
    async with bench.session.ws_connect(
        bench.cloud.base_url, headers=bench.headers | headers
    ) as socket:
        yield socket


async def heard(bench: AmberBench, socket: ClientWebSocketResponse) -> list[Any]:
    """Return what is pushed now; a ping comes after all of it."""
    await bench.cloud.live.push()
    await socket.send_json({"service": "none"})
    messages = []
    while (message := await socket.receive_json(timeout=5)).get("status") != 400:
        messages.append(message)
    return messages


async def test_push(make_amber: MakeAmber) -> None:
    """The confirmed price a second after its publication, as REST has it."""
    bench = await make_amber(now=BOUNDARY - timedelta(minutes=1))
    for minutes in (-5, 0, 5):
        bench.cloud.set_delay(A, BOUNDARY + timedelta(minutes=minutes), 20)
    async with connected(bench) as socket:
        await socket.send_json(wish())
        assert await socket.receive_json() == ACK
        assert await heard(bench, socket) == []
        bench.clock.set(BOUNDARY + timedelta(seconds=20.9))
        assert await heard(bench, socket) == []
        bench.clock.set(BOUNDARY + timedelta(seconds=21))
        (message,) = await heard(bench, socket)
        assert list(message) == ["timestamp", "service", "action", "data"]
        assert message["timestamp"] == "2026-03-01T22:15:21.000Z"
        assert (message["service"], message["action"]) == (
            *("live-prices", "price-update"),
        )
        assert message["data"] == {"siteId": A, "prices": await bench.current()}
        assert not any(p["estimate"] for p in message["data"]["prices"])
        # Once only.
        bench.clock.advance(minutes=2)
        assert await heard(bench, socket) == []
        # Without a push by hand the cloud looks at its clock itself.
        bench.clock.set(BOUNDARY + timedelta(minutes=5, seconds=22))
        message = await socket.receive_json(timeout=5)
        assert message["data"]["prices"][0]["endTime"] == "2026-03-01T22:25:00Z"
    assert bench.cloud.requests.counts() == {"websocket": 1, "current": 1}


async def test_half_hours(make_amber: MakeAmber) -> None:
    """Once a half-hour, or with each estimate."""
    start = nem("2026-03-02T08:00:00")
    bench = await make_amber(fixture="C", now=start - timedelta(seconds=1))
    bench.cloud.set_delay(C, start, 20, minutes=60)
    flags: dict[bool, list[bool]] = {}
    async with connected(bench) as socket:
        await socket.send_json(wish(C))
        assert await socket.receive_json() == ACK
        for estimates in (False, True):
            bench.cloud.change(websocket_estimates=estimates)
            flags[estimates] = []
            for _ in range(6):
                for seconds in (2, 23, 275):
                    bench.clock.advance(seconds=seconds)
                    for message in await heard(bench, socket):
                        prices = message["data"]["prices"]
                        assert len(prices) == 3
                        flags[estimates].append(prices[0]["estimate"])
    assert flags == {False: [False], True: [True] * 11 + [False]}


async def test_refusals(make_amber: MakeAmber) -> None:
    """403 at the handshake; another status for another's site."""
    bench = await make_amber(accounts=(("A",), ("C",)))

    async def refused(**headers: str) -> int:
        with pytest.raises(WSServerHandshakeError) as caught:
            async with connected(bench, **headers):
                pass
        return caught.value.status

    assert await refused(Authorization="Bearer psk_wrong") == 403
    assert await refused(Authorization="") == 403
    bench.cloud.change(websocket=False)
    assert await refused() == 403
    bench.cloud.change(websocket=True)
    bench.cloud.faults.add("websocket", Fault.STATUS, status=502, times=1)
    assert await refused() == 502
    async with connected(bench) as socket:
        await socket.send_json(wish(C))
        assert await socket.receive_json() == ACK | {"status": 404}
        await socket.send_str("nonsense")
        assert await socket.receive_json() == ACK | {"status": 400}
        bench.cloud.change(websocket_ack="type")
        await socket.send_json(wish(C))
        assert (await socket.receive_json())["type"] == "error"
        await socket.send_json(wish())
        assert await socket.receive_json() == {"type": "subscription-success"}


async def test_drop_and_doubts(make_amber: MakeAmber) -> None:
    """Dropped, with lost pushes, without a siteId; no one is left behind."""
    bench = await make_amber(now=BOUNDARY)
    bench.cloud.set_delay(A, BOUNDARY, 20, minutes=60)
    async with connected(bench) as socket:
        await socket.send_json(wish())
        await socket.receive_json()
        bench.cloud.change(websocket_lost_share=1.0)
        bench.clock.advance(seconds=60)
        assert await heard(bench, socket) == []
        bench.cloud.change(websocket_lost_share=0.0, websocket_site_id=False)
        bench.clock.advance(seconds=300)
        (message,) = await heard(bench, socket)
        assert list(message["data"]) == ["prices"]
        assert bench.cloud.live.connections == 1
        dropping = asyncio.create_task(bench.cloud.drop_websockets())
        assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
        await dropping
    assert bench.cloud.live.connections == 0
    # And again.
    async with connected(bench) as socket:
        await socket.send_json(wish())
        assert await socket.receive_json() == ACK
        await bench.cloud.stop()
        assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
