"""Our push client at the fake service, without Home Assistant."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.joulekeeper.core.flow import FlowChoice, SiteFlow, balanced
from custom_components.joulekeeper.vendors.base import Connection
from custom_components.joulekeeper.vendors.chargehq import TARGET
from custom_components.joulekeeper.vendors.targets import PushTarget
from tests.clouds import ChargeHqCloud
from tests.clouds.clock import SetClock

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


class NoTokens:
    """Keeps nothing."""

    async def load(self) -> None:
        """Return nothing."""

    async def save(self, data: Any) -> None:
        """Forget it."""


@dataclass
class Bench:
    """A service, its clock, and our client of it."""

    cloud: ChargeHqCloud
    clock: SetClock
    session: ClientSession

    def client(self, **changes: str) -> PushTarget:
        """Return a client with the key of the first site."""
        credentials = {"base_url": self.cloud.base_url, **self.cloud.credentials}
        return TARGET.connect(
            Connection(
                http=self.session,
                cookie_session=ClientSession,
                clock=self.clock,
                tokens=NoTokens(),
                credentials=credentials | changes,
            )
        )

    async def told(
        self, flow: SiteFlow, after: float = 60, **choice: bool
    ) -> dict[str, Any]:
        """Push a flow some seconds later, and return the readings that arrived."""
        self.clock.advance(seconds=after)
        told = balanced(flow, FlowChoice(**choice))
        sent = await self.client().push(told, self.clock())
        push = self.cloud.pushes[-1]
        assert sent == push.body
        assert push.flags == set()
        return dict(push.meters)


@pytest.fixture(name="bench")
async def bench_fixture(socket_enabled: None) -> AsyncIterator[Bench]:
    """Return a running service with our client."""
    clock = SetClock(NOW)
    async with ClientSession() as session:
        cloud = ChargeHqCloud(clock=clock)
        await cloud.start()
        yield Bench(cloud, clock, session)
        await cloud.stop()
