"""Our Redback client at a fake cloud, without Home Assistant."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientSession, CookieJar
import pytest

from custom_components.joulekeeper.core.schedule import Action, Source
from custom_components.joulekeeper.core.timeline import Segment
from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.base import Connection
from custom_components.joulekeeper.vendors.redback.client import RedbackClient
from custom_components.joulekeeper.vendors.redback.portal import Portal
from tests.clouds import RedbackCloud
from tests.clouds.clock import SetClock
from tests.clouds.redback import Behaviour

A = "RB20000000000101"
B = "RB20000000000202"
SITE_A = "S4a1c07e92d5b3"
NOW = datetime(2026, 11, 20, 2, 0, 10, tzinfo=UTC)  # noon in Brisbane


def segment(
    rule_id: str,
    action: Action,
    start: datetime,
    duration: timedelta,
    source: Source = Source.SERVICE,
    **what: Any,
) -> Segment:
    """Return what a cloud may be asked to hold."""
    return Segment(
        rule_id=rule_id,
        occurrence_id=rule_id,
        source=source,
        action=action,
        start=start,
        end=start + duration,
        tag="7a9",
        **what,
    )


@dataclass
class MemoryStore:
    """Keeps tokens in memory, and everything that was ever saved."""

    saved: list[Mapping[str, Any]] = field(default_factory=list)

    async def load(self) -> Mapping[str, Any] | None:
        """Return what was saved last."""
        return self.saved[-1] if self.saved else None

    async def save(self, data: Mapping[str, Any]) -> None:
        """Keep the data."""
        self.saved.append(data)


@dataclass
class Bench:
    """A cloud, its clock, and what a connection to it needs."""

    cloud: RedbackCloud
    clock: SetClock
    store: MemoryStore
    session: Callable[[], ClientSession]

    def connection(self, account: int = 0, **changes: Any) -> Connection:
        """Return a connection; a credential that is changed to None is left out."""
        credentials = self.cloud.accounts[account].credentials | {
            "base_url": self.cloud.base_url
        }
        return Connection(
            http=self.session(),
            cookie_session=self.session,
            clock=self.clock,
            tokens=self.store,
            credentials={
                key: value
                for key, value in (credentials | changes).items()
                if value is not None
            },
            options={"portal": True, "envelopes": True},
        )

    def client(self, account: int = 0, **changes: Any) -> RedbackClient:
        """Return a client that knows nothing yet."""
        return RedbackClient(self.connection(account, **changes))

    def portal(self, **changes: Any) -> Portal:
        """Return the portal of the first account."""
        return Portal(self.connection(**changes))


type MakeBench = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def make_bench(socket_enabled: None) -> AsyncIterator[MakeBench]:
    """Return what opens a cloud, with switches of its behaviour."""
    closers: list[Callable[[], Awaitable[None]]] = []

    def session() -> ClientSession:
        made = ClientSession(cookie_jar=CookieJar(unsafe=True))
        closers.append(made.close)
        return made

    async def make(behaviour: Mapping[str, Any] | None = None, **options: Any) -> Bench:
        clock = SetClock(NOW)
        cloud = RedbackCloud(
            clock=clock, behaviour=Behaviour(**behaviour or {}), **options
        )
        await cloud.start()
        closers.append(cloud.stop)
        return Bench(cloud, clock, MemoryStore(), session)

    yield make
    for close in reversed(closers):
        await close()


@pytest.fixture
async def bench(make_bench: MakeBench) -> Bench:
    """Return a bench with system A."""
    return await make_bench()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once."""
    monkeypatch.setattr(http, "RETRY_PAUSE_S", 0.0)
