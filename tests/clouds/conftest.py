"""Fake clouds on a bench: a clock to turn and a bare HTTP client."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientSession, CookieJar, DummyCookieJar
import pytest

from . import AlphaEssCloud, AmberCloud, AnkerCloud, FusionSolarCloud, RedbackCloud
from .alphaess import Behaviour as AlphaBehaviour
from .alphaess_bench import ALPHA_NOW, AlphaBench
from .amber import Behaviour as AmberBehaviour
from .amber_bench import AMBER_NOW, AmberBench
from .anker import Behaviour as AnkerBehaviour
from .anker_bench import ANKER_NOW, AnkerBench
from .clock import SetClock
from .fusionsolar import Behaviour as FusionBehaviour
from .fusionsolar_bench import FUSION_NOW, FusionBench
from .redback import Behaviour
from .redback.accounts import SCOPE, TENANT

A = "RB20000000000101"
SITE_A = "S4a1c07e92d5b3"
NOW = datetime(2026, 11, 20, 14, 0, 0, tzinfo=UTC)  # midnight in Brisbane: no sun
LIST = f"/Api/v2/Schedule/By/SerialNumber/{A}"
DYNAMIC = f"/Api/v2.21/EnergyData/Dynamic/BySerialNumber/{A}"


@dataclass
class Bench:
    """A cloud, its clock, and a bare HTTP client with a token."""

    cloud: RedbackCloud
    clock: SetClock
    session: ClientSession
    token: str = ""

    async def log_in(self, **wrong: str) -> tuple[int, Any]:
        """Fetch a token as the first account."""
        form = {
            "client_id": self.cloud.credentials["client_id"],
            "client_secret": self.cloud.credentials["client_secret"],
            "grant_type": "client_credentials",
            "scope": SCOPE,
        } | wrong
        status, body = await self.ask("POST", f"/{TENANT}/oauth2/v2.0/token", data=form)
        self.token = body.get("access_token", "")
        return status, body

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Return status and JSON (or text)."""
        async with self.session.request(
            method,
            self.cloud.base_url + path,
            headers={"Authorization": f"Bearer {self.token}"},
            **options,
        ) as response:
            if "json" in response.content_type:
                return response.status, await response.json()
            return response.status, await response.text()

    async def data(self, path: str) -> Any:
        """Return Data of a good answer."""
        status, body = await self.ask("GET", path)
        if status == 401:
            # The clock was moved past the token's end.
            await self.log_in()
            status, body = await self.ask("GET", path)
        assert status == 200
        return body["Data"]

    async def create(
        self,
        start: datetime = NOW,
        duration: str = "00:30:00",
        mode: str = "ChargeBattery",
        watts: Any = 2000,
    ) -> tuple[int, Any]:
        """Create a schedule for A."""
        return await self.ask(
            "POST",
            "/Api/v2/Schedule/Create/By/SerialNumber/",
            json={
                "SerialNumber": A,
                "UserNotes": "note",
                "StartTimeUtc": start.isoformat(),
                "Duration": duration,
                "DesiredMode": {"InverterMode": mode, "ArgumentInWatts": watts},
            },
        )

    async def mode(self) -> str:
        """Return PowerMode as the API shows it."""
        data = await self.data(DYNAMIC)
        return str(data["Inverters"][0]["PowerMode"]["InverterMode"])

    def to_tick(self, after: float = 30) -> None:
        """Move on until a telemetry newer than now is readable, and `after` s."""
        tick = self.cloud.inverter(A).house.time
        self.clock.set(tick + timedelta(seconds=after))


async def _benches[
    B: (
        Bench,
        AlphaBench,
        AmberBench,
        AnkerBench,
        FusionBench,
    )
](
    make: Callable[..., B],
    now: datetime,
    begin: Callable[[B], Awaitable[object]] | None = None,
) -> AsyncIterator[Callable[..., Awaitable[B]]]:
    """Yield what makes benches with a running cloud, and ends them all."""
    made: list[B] = []

    async def open_one(*, now: datetime = now, **options: Any) -> B:
        bench = make(SetClock(now), **options)
        await bench.cloud.start()
        made.append(bench)
        if begin is not None:
            await begin(bench)
        return bench

    yield open_one
    for bench in made:
        await bench.session.close()
        await bench.cloud.stop()


type MakeBench = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def make_bench() -> AsyncIterator[MakeBench]:
    """Return a function that starts a cloud and logs in."""

    def make(clock: SetClock, **options: Any) -> Bench:
        behaviour = Behaviour(**options.pop("behaviour", {}))
        cloud = RedbackCloud(clock=clock, behaviour=behaviour, **options)
        return Bench(cloud, clock, ClientSession(cookie_jar=CookieJar(unsafe=True)))

    async def log_in(bench: Bench) -> None:
        status, _ = await bench.log_in()
        assert status == 200

    async for open_one in _benches(make, NOW, log_in):
        yield open_one


type MakeAlpha = Callable[..., Awaitable[AlphaBench]]


@pytest.fixture
async def make_alpha() -> AsyncIterator[MakeAlpha]:
    """Return a function that starts an AlphaESS cloud, at midnight in Adelaide."""

    def make(clock: SetClock, **options: Any) -> AlphaBench:
        behaviour = AlphaBehaviour(**options.pop("behaviour", {}))
        cloud = AlphaEssCloud(clock=clock, behaviour=behaviour, **options)
        return AlphaBench(cloud, clock, ClientSession())

    async for open_one in _benches(make, ALPHA_NOW):
        yield open_one


type MakeAmber = Callable[..., Awaitable[AmberBench]]


@pytest.fixture
async def make_amber() -> AsyncIterator[MakeAmber]:
    """Return a function that starts an Amber cloud, on a morning in March."""

    def make(clock: SetClock, **options: Any) -> AmberBench:
        behaviour = AmberBehaviour(**options.pop("behaviour", {}))
        cloud = AmberCloud(clock=clock, behaviour=behaviour, **options)
        return AmberBench(cloud, clock, ClientSession())

    async for open_one in _benches(make, AMBER_NOW):
        yield open_one


type MakeFusion = Callable[..., Awaitable[FusionBench]]


@pytest.fixture
async def make_fusion() -> AsyncIterator[MakeFusion]:
    """Return a function that starts a FusionSolar cloud and logs in, at noon."""

    def make(clock: SetClock, **options: Any) -> FusionBench:
        behaviour = FusionBehaviour(**options.pop("behaviour", {}))
        cloud = FusionSolarCloud(clock=clock, behaviour=behaviour, **options)
        return FusionBench(cloud, clock, ClientSession(cookie_jar=DummyCookieJar()))

    async for open_one in _benches(make, FUSION_NOW, FusionBench.log_in):
        yield open_one


type MakeAnker = Callable[..., Awaitable[AnkerBench]]


@pytest.fixture
async def make_anker() -> AsyncIterator[MakeAnker]:
    """Return a function that starts an Anker cloud and logs in, on a May morning."""

    def make(clock: SetClock, **options: Any) -> AnkerBench:
        behaviour = AnkerBehaviour(**options.pop("behaviour", {}))
        cloud = AnkerCloud(clock=clock, behaviour=behaviour, **options)
        return AnkerBench(cloud, clock, ClientSession())

    async for open_one in _benches(make, ANKER_NOW, AnkerBench.log_in):
        yield open_one
