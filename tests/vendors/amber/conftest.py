"""Our client at a desk with canned answers, without Home Assistant."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import ClientSession, web
import pytest

from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.amber.client import AmberClient
from custom_components.joulekeeper.vendors.base import Connection
from tests.clouds.clock import SetClock

TOKEN = "psk_0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 3, 1, 22, 15, 24, tzinfo=UTC)  # 08:15:24 in the market's time
LIMITS: Mapping[str, str] = {
    "RateLimit-Limit": "50",
    "RateLimit-Remaining": "42",
    "RateLimit-Reset": "180",
    "RateLimit-Policy": "50;w=300",
}

HANG = object()
"""A body that never comes."""


class NoTokens:
    """There is nothing to keep."""

    async def load(self) -> Mapping[str, Any] | None:
        """Return nothing."""

    async def save(self, data: Mapping[str, Any]) -> None:
        """Fail: nobody logs in."""
        raise AssertionError


@dataclass
class Reply:
    """An answer: a text is a body, None hangs up, anything else becomes JSON."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: dict(LIMITS))
    content_type: str = "application/json"


@dataclass
class Desk:
    """A server that gives its answers in turn, the last one again and again."""

    answers: list[Any]
    ahead: timedelta = timedelta()
    sent: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    base_url: str = ""
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def paths(self) -> list[str]:
        """What was asked for, with its query."""
        return [path for _, path, _ in self.sent]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.sent.append((request.method, request.path_qs, request.headers.copy()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        reply = answer if isinstance(answer, Reply) else Reply(answer)
        if reply.body is HANG:
            await self.closing.wait()
        if reply.body is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        body = reply.body
        date = format_datetime(self.clock() + self.ahead, usegmt=True)
        return web.Response(
            status=reply.status,
            text=body if isinstance(body, str) else web.json_response(body).text,
            content_type=reply.content_type,
            headers={"Date": date, **reply.headers},
        )


def connection(
    base_url: str, clock: SetClock, session: ClientSession, token: str = TOKEN
) -> Connection:
    """Return a connection of an account."""
    return Connection(
        http=session,
        cookie_session=lambda: session,
        clock=clock,
        tokens=NoTokens(),
        credentials={"token": token, "base_url": base_url},
    )


type Open = Callable[..., Awaitable[tuple[AmberClient, Desk]]]


@pytest.fixture
async def open_desk(socket_enabled: None) -> AsyncIterator[Open]:
    """Return what opens a desk with answers, and a client at it.

    `ahead` is by how much the cloud's clock is ahead of ours.
    """
    closers: list[Callable[[], Awaitable[None]]] = []

    async def make(
        *answers: Any, ahead: timedelta = timedelta()
    ) -> tuple[AmberClient, Desk]:
        desk = Desk(list(answers), ahead)
        runner = web.ServerRunner(web.Server(desk.handle), shutdown_timeout=0.1)
        await runner.setup()

        async def close() -> None:
            desk.closing.set()
            await asyncio.sleep(0)
            await runner.cleanup()

        closers.append(close)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        desk.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        session = ClientSession()
        closers.append(session.close)
        return AmberClient(connection(desk.base_url, desk.clock, session)), desk

    yield make
    for close in reversed(closers):
        await close()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once."""
    monkeypatch.setattr(http, "RETRY_PAUSE_S", 0.0)
