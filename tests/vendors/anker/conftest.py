"""Our Anker client at a desk with answers and at the fake cloud, without Home Assistant."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import format_datetime
import json
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiohttp import ClientSession, ClientTimeout, web
import pytest

from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.anker.client import AnkerClient
from custom_components.joulekeeper.vendors.base import Connection
from tests.clouds.anker import AnkerCloud, Behaviour
from tests.clouds.clock import SetClock

NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
"""Monday, 11:30 in Berlin."""
BERLIN = ZoneInfo("Europe/Berlin")
EMAIL = "tester@example.invalid"
PASSWORD = "Sample-Pw-1"
USER_ID = "a1" * 20
LOGIN = "login"
SITES = "get_site_list"
SCENE = "get_scen_info"
BOUND = "get_relate_and_bind_devices"

KICKED = {"code": 26084, "msg": "token kicked out", "trace_id": "0" * 32}
PAGE = "<html><center><h1>502 Bad Gateway</h1></center></html>"


def ok(data: Any = None) -> dict[str, Any]:
    """Return an envelope of success."""
    return {"code": 0, "msg": "success!", "data": data, "trace_id": "0" * 32}


def overview(site_id: str) -> dict[str, Any]:
    """Return an envelope with the overview of a system without devices."""
    return ok({"site_id": site_id, "solarbank_info": {"solarbank_list": []}})


def error(code: int, msg: str = "Failed to request.") -> dict[str, Any]:
    """Return an envelope of an error, which has no data."""
    return {"code": code, "msg": msg, "trace_id": "0" * 32}


@dataclass(frozen=True)
class Reply:
    """An answer that is more than a body; a text is a body, None hangs up."""

    body: Any
    status: int = 200
    after_s: float = 0.0


HANG: Final = Reply({}, after_s=0.6)
"""Longer than a short time-out."""


@dataclass(frozen=True)
class Sent:
    """A request that came."""

    name: str
    path: str
    body: Any
    headers: Mapping[str, str] = field(repr=False)
    at: datetime


@dataclass
class Desk:
    """A server of two regions that answers by the last word of the path.

    It keeps one token per region, changed by each login. The last answer goes on for
    ever. `refuses` is the reply for a token that is not the last one.
    """

    clock: SetClock
    answers: dict[str, list[Any]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    refuses: Reply = Reply(KICKED, 401)
    life: timedelta = timedelta(days=7)
    tokens: dict[str, str] = field(default_factory=dict)
    base_url: str = ""

    def say(self, name: str, *answers: Any) -> None:
        """Answer a call in this way from now on."""
        self.answers[name] = list(answers)

    def log_in_elsewhere(self) -> None:
        """Let the app log in, which ends all sessions."""
        self.tokens.clear()

    def count(self, name: str) -> int:
        """Return how often a call came."""
        return sum(item.name == name for item in self.sent)

    @property
    def logins(self) -> int:
        """The number of logins so far."""
        return self.count(LOGIN)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        _, region, path = request.path.split("/", 2)
        name = path.rpartition("/")[2]
        body = await request.json()
        self.sent.append(Sent(name, path, body, request.headers, self.clock()))
        answer = self._answer(region, name, body, request.headers)
        if callable(answer):
            answer = answer(region, body)
        if not isinstance(answer, Reply):
            answer = Reply(answer)
        await asyncio.sleep(answer.after_s)
        if answer.body is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        is_text = isinstance(answer.body, str)
        return web.Response(
            status=answer.status,
            text=answer.body if is_text else json.dumps(answer.body),
            content_type="text/html" if is_text else "application/json",
            headers={"Date": format_datetime(self.clock(), usegmt=True)},
        )

    def _answer(
        self, region: str, name: str, body: Any, headers: Mapping[str, str]
    ) -> Any:
        waiting = self.answers.get(name, [])
        if name == LOGIN and not waiting:
            return self._logged_in(region)
        token = self.tokens.get(region)
        if name != LOGIN and (token is None or headers.get("x-auth-token") != token):
            return self.refuses
        assert waiting, f"nobody told what to say to {name}"
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    def _logged_in(self, region: str) -> Any:
        self.tokens[region] = f"0f1e2d{self.logins:04d}{region}"
        end = self.clock() + self.life
        return ok(
            {
                "user_id": USER_ID,
                "email": EMAIL,
                "nick_name": "tes***",
                "auth_token": self.tokens[region],
                "token_expires_at": int(end.timestamp()),
            }
        )


class Disk:
    """A file; only JSON survives."""

    def __init__(self) -> None:
        """Hold nothing."""
        self.text = "null"

    async def load(self) -> Any:
        """Return what was saved last."""
        return json.loads(self.text)

    async def save(self, data: Mapping[str, Any]) -> None:
        """Keep the data."""
        self.text = json.dumps(data)


@dataclass
class Bench:
    """Our clock, a connection's surroundings, and a server."""

    clock: SetClock
    session: ClientSession
    credentials: dict[str, str]
    disk: Disk = field(default_factory=Disk)
    zone: tzinfo = BERLIN
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.clock.advance(seconds=seconds)

    def client(self, **changes: str) -> AnkerClient:
        """Return a client as after a start."""
        return AnkerClient(self.connection(**changes), self.sleep)

    def connection(self, **changes: str) -> Connection:
        """Return a way to the server."""
        return Connection(
            http=self.session,
            cookie_session=lambda: self.session,
            clock=self.clock,
            tokens=self.disk,
            credentials=self.credentials | changes,
            zone=lambda: self.zone,
        )


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[ClientSession]:
    """Return a session that ends with the test."""
    async with ClientSession() as session:
        yield session


@pytest.fixture
async def desk(socket_enabled: None) -> AsyncIterator[Desk]:
    """Return a desk."""
    desk = Desk(SetClock(NOW))
    runner = web.ServerRunner(web.Server(desk.handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    desk.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield desk
    await runner.cleanup()


@pytest.fixture
def bench(desk: Desk, session: ClientSession) -> Bench:
    """Return a bench with a desk, whose account knows one server only."""
    credentials = {
        "username": EMAIL,
        "password": PASSWORD,
        "country": "DE",
        "base_url": f"{desk.base_url}/eu",
    }
    return Bench(desk.clock, session, credentials)


type OpenCloud = Callable[..., Awaitable[tuple[Bench, AnkerCloud]]]


@pytest.fixture
async def open_cloud(session: ClientSession) -> AsyncIterator[OpenCloud]:
    """Return what opens a fake cloud with a bench."""
    clouds: list[AnkerCloud] = []

    async def open_one(**options: Any) -> tuple[Bench, AnkerCloud]:
        clock = SetClock(NOW)
        behaviour = Behaviour(**options.pop("behaviour", {}))
        cloud = AnkerCloud(clock=clock, behaviour=behaviour, **options)
        clouds.append(cloud)
        await cloud.start()
        credentials = cloud.credentials | {
            "base_url": cloud.base_url,
            "server_public_key": cloud.server_public_key,
        }
        return Bench(clock, session, credentials), cloud

    yield open_one
    for cloud in clouds:
        await cloud.stop()


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose patience soon."""
    monkeypatch.setattr(http, "TIMEOUT", ClientTimeout(total=0.2))
