"""Our FusionSolar client at a desk with answers, without Home Assistant."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web
import pytest

from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.base import Connection
from custom_components.joulekeeper.vendors.fusionsolar.client import FusionSolarClient
from custom_components.joulekeeper.vendors.fusionsolar.inventory import InventoryFeed
from tests.clouds.clock import SetClock

from .examples import RELOGIN, envelope

NOW = datetime(2026, 9, 21, 2, 13, 20, tzinfo=UTC)
USER = "api_demo_01"
CODE = "Sample-Pw-1"


@dataclass(frozen=True)
class Reply:
    """An answer that is more than a body; a text is a body, None hangs up."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sent:
    """A request that came."""

    name: str
    body: Any
    header: str | None
    cookie: str | None
    at: datetime


@dataclass
class Desk:
    """A server that answers by the last words of the path, the last answer for ever.

    It keeps one session, with a token that each login changes; `tokens` tells where the
    token stands.
    """

    clock: SetClock
    answers: dict[str, list[Any]] = field(default_factory=dict)
    tokens: str = "both"
    sent: list[Sent] = field(default_factory=list)
    logins: int = 0
    base_url: str = ""
    token: str | None = None

    def say(self, name: str, *answers: Any) -> None:
        """Answer a call in this way from now on."""
        self.answers[name] = list(answers)

    def steal(self) -> None:
        """Let another program log in."""
        self.token = f"x-other{self.logins}"

    @property
    def calls(self) -> list[str]:
        """The names of all calls so far."""
        return [item.name for item in self.sent]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        path = request.path.removeprefix("/thirdData/")
        name = next((key for key in self.answers if path.endswith(key)), path)
        header = request.headers.get("XSRF-TOKEN")
        cookie = request.cookies.get("XSRF-TOKEN")
        body = await request.json()
        self.sent.append(Sent(name, body, header, cookie, self.clock()))
        waiting = self.answers.get(name, [])
        answer = waiting.pop(0) if len(waiting) > 1 else waiting[0] if waiting else None
        if name == "login" and not waiting:
            return self._logged_in()
        if name != "login" and (self.token is None or header != self.token):
            answer = RELOGIN
        elif name != "login" and not waiting:
            raise AssertionError(f"nobody told what to say to {name}")
        if callable(answer):
            answer = answer(body)
        if not isinstance(answer, Reply):
            answer = Reply(answer)
        if answer.body is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        text = answer.body
        if not isinstance(text, str):
            text = json.dumps(text)
        return web.Response(
            status=answer.status,
            text=text,
            content_type="application/json",
            headers=answer.headers,
        )

    def _logged_in(self) -> web.Response:
        self.logins += 1
        self.token = f"x-{self.logins:04d}abcdefghijklmnop"
        headers = {}
        if self.tokens in ("both", "header"):
            headers["xsrf-token"] = self.token
        if self.tokens in ("both", "cookie"):
            headers["Set-Cookie"] = f"XSRF-TOKEN={self.token};Path=/;Secure"
        told = envelope(None, params={}, message="Please see our page.")
        return web.json_response(told, headers=headers)


class Disk:
    """A file; only JSON survives."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.text = "null"
        self.writes = 0

    async def load(self) -> Any:
        """Return what was saved last."""
        return json.loads(self.text)

    async def save(self, data: Mapping[str, Any]) -> None:
        """Keep the data."""
        self.text = json.dumps(data)
        self.writes += 1


@dataclass
class Bench:
    """A desk or a cloud, our clock, and what a connection needs."""

    cloud: Any
    clock: SetClock
    session: ClientSession
    disk: Disk = field(default_factory=Disk)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds=seconds)

    def client(self, **changes: str) -> FusionSolarClient:
        """Return a client as after a start."""
        connection = Connection(
            http=self.session,
            cookie_session=lambda: self.session,
            clock=self.clock,
            tokens=self.disk,
            credentials={
                "user_name": USER,
                "system_code": CODE,
                "base_url": self.cloud.base_url,
            }
            | changes,
        )
        return FusionSolarClient(connection, self.sleep)

    def start(self) -> tuple[FusionSolarClient, InventoryFeed]:
        """Return a client with its inventory."""
        client = self.client()
        return client, InventoryFeed(client)


type Close = Callable[[], Awaitable[None]]


@pytest.fixture
async def bench(socket_enabled: None) -> AsyncIterator[Bench]:
    """Return a bench with a desk."""
    clock = SetClock(NOW)
    desk = Desk(clock)
    runner = web.ServerRunner(web.Server(desk.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    desk.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with ClientSession() as session:
        yield Bench(desk, clock, session)
    await runner.cleanup()


@pytest.fixture
def desk(bench: Bench) -> Desk:
    """Return the desk of the bench."""
    found: Desk = bench.cloud
    return found


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once."""
    monkeypatch.setattr(http, "RETRY_PAUSE_S", 0.0)


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose patience soon."""
    monkeypatch.setattr(http, "TIMEOUT", ClientTimeout(total=0.2))
