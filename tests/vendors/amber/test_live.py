"""Prices that come by themselves, from the fake cloud's WebSocket (dossier 2.5)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
import logging
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.joulekeeper.vendors.amber import live as module
from custom_components.joulekeeper.vendors.amber.client import AmberClient
from custom_components.joulekeeper.vendors.amber.live import LivePrices, live_url
from custom_components.joulekeeper.vendors.amber.models import PriceRecord
from custom_components.joulekeeper.vendors.amber.words import ChannelType
from tests.clouds import Fault
from tests.clouds.amber import AmberCloud
from tests.clouds.amber.behaviour import Behaviour
from tests.clouds.clock import SetClock

from .conftest import connection

A = "01HXFAKE5MINSITE0000000001"
F = "01HXFAKENOEXPORT0000000006"
NOWHERE = "01HXNOSITE0000000000000000"
BOUNDARY = datetime(2026, 3, 1, 22, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def until(condition: Callable[[], bool]) -> None:
    """Let others run until something is so."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


class Waits:
    """Stands for `sleep`: a wait ends when the test lets it."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self.lengths: list[float] = []
        self._permits = asyncio.Semaphore(0)

    async def __call__(self, seconds: float) -> None:
        """Wait for the test."""
        self.lengths.append(seconds)
        await self._permits.acquire()

    async def end(self, number: int) -> None:
        """Let the wait of a number end, once it is there."""
        await until(lambda: len(self.lengths) == number)
        self._permits.release()


@dataclass
class Ear:
    """Somebody who listens to a site."""

    task: asyncio.Task[None]
    heard: list[tuple[PriceRecord, ...]]

    async def stop(self) -> None:
        """Listen no more."""
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(self.task, 1)


@dataclass
class Line:
    """A cloud, our connection to it, and the clock of both."""

    cloud: AmberCloud
    clock: SetClock
    live: LivePrices
    client: AmberClient
    waits: Waits
    ears: list[Ear] = field(default_factory=list)

    def listen(self, site: str = A) -> Ear:
        """Listen to a site."""
        heard: list[tuple[PriceRecord, ...]] = []
        ear = Ear(asyncio.create_task(self.live.listen(site, heard.append)), heard)
        self.ears.append(ear)
        return ear

    async def opened(self, site: str = A) -> Ear:
        """Listen to a site and wait until it is live."""
        ear = self.listen(site)
        await until(lambda: self.live.is_live(site))
        return ear

    async def push(self, at: datetime) -> None:
        """Move the time, and let the cloud push what it has by then."""
        self.clock.set(at)
        await self.cloud.live.push()

    @property
    def connects(self) -> int:
        """How often we connected, or tried to."""
        return self.cloud.requests.count("websocket")


type OpenLine = Callable[..., Awaitable[Line]]


@pytest.fixture
async def open_line(socket_enabled: None) -> AsyncIterator[OpenLine]:
    """Return what opens a cloud, each price of which is published after 20 s."""
    closers: list[Callable[[], Awaitable[None]]] = []

    async def make(*sites: str, **switches: Any) -> Line:
        clock = SetClock(BOUNDARY - MINUTE)
        cloud = AmberCloud(
            fixture=sites or ("A",),
            clock=clock,
            behaviour=Behaviour(publication_s=20, streak_share=0, **switches),
        )
        base_url = await cloud.start()
        session = ClientSession()
        token = cloud.credentials["token"]
        waits = Waits()
        live = LivePrices(session, live_url(base_url), token, clock, waits)
        client = AmberClient(connection(base_url, clock, session, token))
        line = Line(cloud, clock, live, client, waits)

        async def leave() -> None:
            for ear in line.ears:
                ear.task.cancel()
            await asyncio.gather(
                *(ear.task for ear in line.ears), return_exceptions=True
            )

        closers.extend((session.close, cloud.stop, leave))
        return line

    yield make
    for close in reversed(closers):
        await close()


class Log(logging.Handler):
    """What we log, whatever the levels of others are."""

    def __init__(self) -> None:
        """Start empty."""
        super().__init__(logging.DEBUG)
        self.lines: list[tuple[int, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, with its traceback."""
        self.lines.append((record.levelno, self.format(record)))

    def told(self, level: int = logging.DEBUG) -> list[str]:
        """Return what was logged at a level or above it."""
        return [text for levelno, text in self.lines if levelno >= level]


@pytest.fixture(autouse=True)
def log() -> Iterator[Log]:
    """Whatever happens, the log holds no token, site or address."""
    log, logger = Log(), logging.getLogger(module.__name__)
    level = logger.level
    logger.addHandler(log)
    logger.setLevel(logging.DEBUG)
    yield log
    logger.removeHandler(log)
    logger.setLevel(level)
    for text in log.told():
        for secret in ("psk_", A, F, NOWHERE, "127.0.0.1", "ws://"):
            assert secret not in text


def test_where() -> None:
    """The retailer's own address, or the account's server at its root."""
    assert live_url(None) == live_url("") == "wss://api-ws.amber.com.au"
    assert live_url("http://127.0.0.1:81") == "ws://127.0.0.1:81/"
    assert live_url("https://home.example/v1/") == "wss://home.example/"


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("ack", ["status", "type"])
async def test_updates(open_line: OpenLine, log: Log, ack: str, named: bool) -> None:
    """What is pushed is what a poll tells, with our signs; silence ends being live."""
    line = await open_line(websocket_ack=ack, websocket_site_id=named)
    assert not line.live.is_live(A)
    ear = await line.opened()
    assert not line.live.is_live(F)
    await line.push(BOUNDARY + timedelta(seconds=20.9))
    await line.push(BOUNDARY + timedelta(seconds=21))
    await until(lambda: len(ear.heard) == 1)
    board = await line.client.current_prices(A)
    assert set(ear.heard[0]) == set(board.records)
    by_channel = {item.channel: item for item in ear.heard[0]}
    assert by_channel.keys() == {ChannelType.GENERAL, ChannelType.FEED_IN}
    for channel, sign in ((ChannelType.GENERAL, 1), (ChannelType.FEED_IN, -1)):
        cents = line.cloud.per_kwh(A, channel.value, BOUNDARY)
        assert by_channel[channel].price == pytest.approx(sign * cents / 100)
        assert by_channel[channel].is_final
    line.clock.advance(seconds=359)
    assert line.live.is_live(A)
    line.clock.advance(seconds=1)
    assert not line.live.is_live(A)
    await line.push(BOUNDARY + 10 * MINUTE + timedelta(seconds=21))
    await until(lambda: len(ear.heard) == 2)
    assert line.live.is_live(A)
    assert line.connects == 1
    await ear.stop()
    assert not line.live.is_live(A)
    assert log.told() == []
    assert "psk_" not in repr(line.live)
    assert A not in repr(line.live)


async def test_several_sites(open_line: OpenLine) -> None:
    """One connection for all; each hears its own, and the last one closes it."""
    line = await open_line("A", "F")
    first = await line.opened(A)
    second = await line.opened(F)
    assert line.connects == line.cloud.live.connections == 1
    await line.push(BOUNDARY + timedelta(seconds=21))
    await until(lambda: bool(first.heard and second.heard))
    assert [item.channel for item in second.heard[0]] == [ChannelType.GENERAL]
    assert len(first.heard[0]) == 2
    for ear, site in ((first, A), (second, F)):
        cents = line.cloud.per_kwh(site, "general", BOUNDARY)
        (record,) = [i for i in ear.heard[0] if i.channel is ChannelType.GENERAL]
        assert record.price == pytest.approx(cents / 100)
    # Nobody knows whose prices these are.
    line.cloud.change(websocket_site_id=False)
    await line.push(BOUNDARY + 5 * MINUTE + timedelta(seconds=21))
    line.cloud.change(websocket_site_id=True)
    await first.stop()
    await line.push(BOUNDARY + 10 * MINUTE + timedelta(seconds=21))
    await until(lambda: len(second.heard) == 2)
    assert second.heard[1][0].span.start == BOUNDARY + 10 * MINUTE
    assert len(first.heard) == 1
    assert line.cloud.live.connections == 1
    await second.stop()
    await until(lambda: line.cloud.live.connections == 0)
    # And again, both at once.
    first, second = line.listen(A), line.listen(F)
    await until(lambda: line.live.is_live(A) and line.live.is_live(F))
    assert line.connects == 2
    assert line.waits.lengths == []


async def test_one_subscription_at_a_time(open_line: OpenLine) -> None:
    """An answer does not tell whose it is; prices are as good as an answer."""
    line = await open_line("A", "F")
    line.cloud.live.status = None
    first = line.listen(A)
    await until(lambda: line.cloud.live.connections == 1)
    (subscriber,) = line.cloud.live._subscribers
    await until(lambda: len(subscriber.sites) == 1)
    second = line.listen(F)
    await asyncio.sleep(0.05)
    assert len(subscriber.sites) == 1
    assert not line.live.is_live(A)
    await line.push(BOUNDARY + timedelta(seconds=21))
    await until(lambda: len(subscriber.sites) == 2)
    assert line.live.is_live(A)
    assert not line.live.is_live(F)
    await line.push(BOUNDARY + 5 * MINUTE + timedelta(seconds=21))
    await until(lambda: len(second.heard) == 1)
    assert line.live.is_live(F)
    await until(lambda: len(first.heard) == 2)


@pytest.mark.parametrize("status", [403, 401])
async def test_not_enabled(open_line: OpenLine, log: Log, status: int) -> None:
    """Who is turned away at the door does not come back, and says so once."""
    line = await open_line()
    line.cloud.faults.add("websocket", Fault.STATUS, status=status)
    await asyncio.wait_for(line.listen().task, 5)
    assert line.live.refused
    assert not line.live.is_live(A)
    await asyncio.wait_for(line.listen().task, 5)
    assert line.connects == 1
    assert line.waits.lengths == []
    (text,) = log.told()
    assert "not enabled" in text
    assert str(status) in text
    assert log.told(logging.WARNING) == []


@pytest.mark.parametrize("ack", ["status", "type"])
async def test_refused_subscription(open_line: OpenLine, log: Log, ack: str) -> None:
    """A refused site costs only itself; when all are refused, that is the end."""
    line = await open_line(websocket_ack=ack, websocket_site_id=False)
    lost, kept = line.listen(NOWHERE), line.listen(A)
    await until(lambda: line.live.is_live(A))
    assert not line.live.is_live(NOWHERE)
    await line.push(BOUNDARY + timedelta(seconds=21))
    await until(lambda: len(kept.heard) == 1)
    assert not lost.heard
    assert not line.live.refused
    assert len(log.told(logging.INFO)) == 1
    # It is not asked for again.
    await kept.stop()
    await line.cloud.drop_websockets()
    await line.waits.end(1)
    await asyncio.wait_for(lost.task, 5)
    assert line.live.refused
    await until(lambda: line.cloud.live.connections == 0)

    log.lines.clear()
    other = await open_line(websocket_ack=ack)
    await asyncio.wait_for(other.listen(NOWHERE).task, 5)
    assert other.live.refused
    assert other.connects == 1
    assert len(log.told()) == 1
    assert other.waits.lengths == []


NONSENSE: tuple[str | bytes, ...] = (
    "",
    "nonsense",
    "[" * 100_000,
    "null",
    "[]",
    "{}",
    b"\x00\xff",
    '{"message": "Internal server error", "connectionId": "x", "requestId": "y"}',
    '{"type": "pong"}',
    '{"type": ["error"], "service": {"a": 1}, "action": 7, "status": null}',
    '{"service": "live-prices", "action": "subscribe", "status": 403}',
    '{"service": "live-prices", "action": "subscribe", "status": "no"}',
    '{"service": "live-prices", "action": "price-update"}',
    '{"service": "live-prices", "action": "price-update", "data": {"prices": 5}}',
    '{"service": "live-prices", "action": "price-update", "data": {"prices": [{}]}}',
    json.dumps(
        {
            "service": "live-prices",
            "action": "price-update",
            "data": {
                "siteId": NOWHERE,
                "prices": [
                    {
                        "type": "CurrentInterval",
                        "duration": 5,
                        "endTime": "2026-03-01T22:20:00Z",
                        "channelType": "general",
                        "perKwh": 1.0,
                        "estimate": False,
                    }
                ],
            },
        }
    ),
)


async def test_nonsense(open_line: OpenLine, log: Log) -> None:
    """What makes no sense costs only itself, and of a message only the odd record."""
    line = await open_line()
    ear = await line.opened()
    for message in NONSENSE:
        await line.cloud.live.say(message)
    good = {"duration": 5, "endTime": "2026-03-01T22:15:00Z", "newField": [1]}
    odd = [None, 7, {"endTime": "never"}, good | {"channelType": "new", "perKwh": "x"}]
    await line.cloud.live.say(
        json.dumps(
            {
                "service": "live-prices",
                "action": "price-update",
                "data": {"siteId": A, "prices": [*odd, good | {"perKwh": 10}]},
            }
        )
    )
    await line.push(BOUNDARY + timedelta(seconds=21))
    await until(lambda: len(ear.heard) == 2)
    assert [item.price for item in ear.heard[0]] == [None, 0.1]
    assert len(ear.heard[1]) == 2
    assert line.connects == 1
    assert log.told() == []


async def test_backoff(open_line: OpenLine, log: Log) -> None:
    """Whatever fails is tried again, ever later, until prices come."""
    line = await open_line()
    faults, live = line.cloud.faults, line.cloud.live
    faults.add("websocket", Fault.STATUS, status=502, times=1)
    faults.add("websocket", Fault.HTML, times=1)
    ear = line.listen()
    await line.waits.end(1)
    await until(lambda: len(line.waits.lengths) == 2)
    dropping = faults.add("websocket", Fault.DROP)
    await line.waits.end(2)
    await until(lambda: len(line.waits.lengths) == 3)
    dropping.clear()
    await line.cloud.refuse()
    await line.waits.end(3)
    await until(lambda: len(line.waits.lengths) == 4)
    await line.cloud.accept()
    live.status = 503
    await line.waits.end(4)
    await until(lambda: len(line.waits.lengths) == 5)
    live.status = 429
    await line.waits.end(5)
    await until(lambda: len(line.waits.lengths) == 6)
    live.status = 200
    await line.waits.end(6)
    await until(lambda: line.live.is_live(A))
    # Only prices prove that it works.
    await line.cloud.drop_websockets()
    await until(lambda: len(line.waits.lengths) == 7)
    assert not line.live.is_live(A)
    await line.waits.end(7)
    await until(lambda: line.live.is_live(A))
    await line.push(BOUNDARY + timedelta(seconds=21))
    await until(lambda: len(ear.heard) == 1)
    await line.cloud.drop_websockets()
    await line.waits.end(8)
    await until(lambda: line.live.is_live(A))
    for given, meant in zip(
        line.waits.lengths, (5, 10, 20, 40, 60, 60, 60, 5), strict=True
    ):
        assert 0.8 * meant <= given <= 1.2 * meant
    assert any(given % 1 for given in line.waits.lengths)
    assert not line.live.refused
    assert len(log.told()) == 8
    assert len(log.told(logging.INFO)) == 1


async def test_no_answer(open_line: OpenLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who never answers is given up, at the handshake and after it."""
    line = await open_line()
    monkeypatch.setattr(module, "_HANDSHAKE_S", 0.05)
    hanging = line.cloud.faults.add("websocket", Fault.HANG)
    line.listen()
    await until(lambda: len(line.waits.lengths) == 1)
    hanging.clear()
    monkeypatch.undo()
    monkeypatch.setattr(module, "STALE", timedelta(seconds=0.05))
    line.cloud.live.status = None
    await line.waits.end(1)
    await until(lambda: line.cloud.live.connections == 1)
    assert not line.live.is_live(A)
    await until(lambda: len(line.waits.lengths) == 2)
    monkeypatch.undo()
    # Prices are as good as an answer.
    await line.waits.end(2)
    await until(lambda: line.cloud.live.connections == 1)
    await asyncio.sleep(0)
    assert not line.live.is_live(A)
    async with asyncio.timeout(5):
        while not line.live.is_live(A):
            await line.push(line.clock() + 5 * MINUTE)
            await asyncio.sleep(0.001)


async def test_stale(open_line: OpenLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that brings nothing is made anew; messages alone do not count."""
    line = await open_line()
    monkeypatch.setattr(module, "STALE", timedelta(seconds=0.2))
    ear = await line.opened()
    loop = asyncio.get_running_loop()
    begin = loop.time()
    while loop.time() < begin + 0.4:
        await line.push(line.clock() + 5 * MINUTE)
        await asyncio.sleep(0.01)
    assert line.connects == 1
    assert line.waits.lengths == []
    while not line.waits.lengths:
        await line.cloud.live.say('{"type": "pong"}')
        await asyncio.sleep(0.01)
    assert line.connects == 1
    await until(lambda: line.cloud.live.connections == 0)
    monkeypatch.undo()
    await line.waits.end(1)
    await until(lambda: line.live.is_live(A))
    assert line.connects == 2
    assert 4 <= line.waits.lengths[0] <= 6
    heard = len(ear.heard)
    await line.push(line.clock() + 5 * MINUTE)
    await until(lambda: len(ear.heard) > heard)


async def test_heartbeat(open_line: OpenLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that went dead is noticed long before prices are missed."""
    line = await open_line()
    monkeypatch.setattr(module, "_HEARTBEAT_S", 0.1)
    await line.opened()
    (subscriber,) = line.cloud.live._subscribers
    # Nothing is read any more, so no ping is answered.
    subscriber.socket._req.transport.pause_reading()
    await until(lambda: len(line.waits.lengths) == 1)
    assert not line.live.is_live(A)


async def test_cancel_at_any_time(open_line: OpenLine) -> None:
    """Nothing is left behind, wherever it is broken off."""
    line = await open_line()
    before = asyncio.all_tasks()

    def ours() -> set[str]:
        tasks = asyncio.all_tasks() - before
        return {item.get_coro().__qualname__ for item in tasks if not item.done()}

    # Connected: who is called off is not done before the connection is closed.
    ear = await line.opened()
    running = line.live._task
    assert running is not None
    ear.task.cancel()
    await asyncio.wait({ear.task})
    assert running.done()
    assert not any("LivePrices" in name for name in ours())
    await until(lambda: line.cloud.live.connections == 0)
    # In the handshake.
    hanging = line.cloud.faults.add("websocket", Fault.HANG)
    ear = line.listen()
    await until(lambda: line.connects == 2)
    await ear.stop()
    assert not any("LivePrices" in name for name in ours())
    hanging.clear()
    # Between connections.
    line.cloud.faults.add("websocket", Fault.STATUS, status=500, times=1)
    ear = line.listen()
    await until(lambda: len(line.waits.lengths) == 1)
    await ear.stop()
    assert not any("LivePrices" in name for name in ours())
    # With a cloud that does not even say goodbye.
    ear = await line.opened()
    (subscriber,) = line.cloud.live._subscribers
    subscriber.socket._req.transport.pause_reading()
    await ear.stop()
    assert not any("LivePrices" in name for name in ours())
    # Before anything.
    ear = line.listen()
    await ear.stop()
    assert not line.live.is_live(A)


async def test_failing_listener(open_line: OpenLine) -> None:
    """A mistake of ours is not kept quiet, and leaves no connection."""
    line = await open_line()

    def fail(records: tuple[PriceRecord, ...]) -> None:
        raise LookupError(len(records))

    task = asyncio.create_task(line.live.listen(A, fail))
    await until(lambda: line.live.is_live(A))
    await line.push(BOUNDARY + timedelta(seconds=21))
    with pytest.raises(LookupError):
        await asyncio.wait_for(task, 5)
    await until(lambda: line.cloud.live.connections == 0)
