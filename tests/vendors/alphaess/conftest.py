"""Our AlphaESS client at a fake cloud, without Home Assistant."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web
import pytest

from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.alphaess.client import AlphaEssClient
from custom_components.joulekeeper.vendors.base import Connection
from tests.clouds.alphaess import AlphaEssCloud, Behaviour
from tests.clouds.clock import SetClock
from tests.clouds.server import FakeCloud

A = "ALX000000000001"
B = "ALX000000000002"
CHARGER = "EVX0000000001"
APP_ID = "alphatest0000000001"
APP_SECRET = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 9, 14, 2, 34, 50, tzinfo=UTC)  # noon in Adelaide


class NoTokens:
    """There is nothing to keep."""

    async def load(self) -> Mapping[str, Any] | None:
        """Return nothing."""

    async def save(self, data: Mapping[str, Any]) -> None:
        """Fail: nobody logs in."""
        raise AssertionError


@dataclass
class Bench:
    """A cloud, the clock of our side, and what a connection needs."""

    cloud: Any
    clock: SetClock
    session: Callable[[], ClientSession]

    def connection(self, **changes: str) -> Connection:
        """Return a connection of the first account."""
        return Connection(
            http=self.session(),
            cookie_session=self.session,
            clock=self.clock,
            tokens=NoTokens(),
            credentials={
                "app_id": APP_ID,
                "app_secret": APP_SECRET,
                "base_url": self.cloud.base_url,
            }
            | changes,
        )

    def client(self, **changes: str) -> AlphaEssClient:
        """Return a client that knows nothing yet."""
        return AlphaEssClient(self.connection(**changes))


@dataclass
class Desk:
    """A server that answers what it is told to, and keeps what it was sent.

    Answers are given in turn, the last one again and again; a text is a body, None
    hangs up.
    """

    answers: list[Any]
    date: datetime | None = NOW
    status: int = 200
    content_type: str = "application/json"
    sent: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    base_url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        sent = (request.method, request.path_qs, request.headers.copy())
        self.sent.append((*sent, await request.read()))
        body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if body is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        date = "" if self.date is None else format_datetime(self.date, usegmt=True)
        return web.Response(
            status=self.status,
            text=body if isinstance(body, str) else web.json_response(body).text,
            content_type=self.content_type,
            headers={"Date": date},
        )


type MakeBench = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def make_bench(socket_enabled: None) -> AsyncIterator[MakeBench]:
    """Return what opens a cloud, or a desk with answers.

    `ahead` is by how much our clock is ahead of the cloud's.
    """
    closers: list[Callable[[], Awaitable[None]]] = []

    def session() -> ClientSession:
        made = ClientSession()
        closers.append(made.close)
        return made

    async def make(
        behaviour: Mapping[str, Any] | None = None,
        *,
        ahead: timedelta = timedelta(),
        desk: Desk | None = None,
        **options: Any,
    ) -> Bench:
        if desk is not None:
            runner = web.ServerRunner(web.Server(desk.handle))
            await runner.setup()
            closers.append(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            desk.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            return Bench(desk, SetClock(NOW + ahead), session)
        cloud: FakeCloud = AlphaEssCloud(
            clock=SetClock(NOW), behaviour=Behaviour(**behaviour or {}), **options
        )
        await cloud.start()
        closers.append(cloud.stop)
        return Bench(cloud, SetClock(NOW + ahead), session)

    yield make
    for close in reversed(closers):
        await close()


@pytest.fixture
async def bench(make_bench: MakeBench) -> Bench:
    """Return a bench with the systems A and B."""
    return await make_bench(fixture="D")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once."""
    monkeypatch.setattr(http, "RETRY_PAUSE_S", 0.0)


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose patience soon."""
    monkeypatch.setattr(http, "TIMEOUT", ClientTimeout(total=0.2))
