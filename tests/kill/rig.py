"""A fake cloud and a real Home Assistant in one accelerated time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from typing import Any, Final

import aiohttp

from scripts.tools.demo.api import HassApi, logged_in
from scripts.tools.demo.hass import HassError, HassProcess, free_port

from ..clouds import AlphaEssCloud, FakeCloud, FusionSolarCloud, RedbackCloud
from ..clouds.redback.behaviour import Behaviour
from ..clouds.redback.inverter import Inverter
from ..clouds.redback.schedules import DesiredMode, Schedule
from .clock import SharedClock

DOMAIN: Final = "joulekeeper"
LAUNCHER: Final = Path(__file__).with_name("accelerated.py")
MARK: Final = "joulekeeper "

FACTOR: Final = 20.0
"""The time-outs of a call are then a second and more, and a minute is three."""
LATENCY_S: Final = 0.04
"""Real time: a call takes about a second of simulated time."""
EVENING: Final = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
"""Six in the evening in Brisbane: the battery is neither full nor empty."""
BRISBANE: Final = "Australia/Brisbane"
START_SECONDS: Final = 60
TOKEN: Final = "kill test"

CONFIGURATION: Final = """\
homeassistant:
  name: Demo home
  latitude: -27.5
  longitude: 153.0
  elevation: 20
  unit_system: metric
  currency: AUD
  country: AU
  time_zone: ZONE
  language: en
api:
auth:
config:
network:
onboarding:
websocket_api:
logger:
  default: warning
  logs:
    custom_components.joulekeeper: debug
"""


@dataclass
class Rig[C: FakeCloud]:
    """One account in one Home Assistant, and the cloud behind it."""

    vendor: str
    clock: SharedClock
    cloud: C
    hass: HassProcess
    api: HassApi
    serial: str
    device_id: str = field(default="", init=False)

    @property
    def now(self) -> datetime:
        """The simulated time."""
        return self.clock()

    async def act(self, name: str, **data: Any) -> dict[str, Any]:
        """Call one of our actions for the inverter and return its result."""
        answer = await self.api.action(
            DOMAIN, name, {"device_id": self.device_id, **data}
        )
        result: dict[str, Any] = answer["results"][0]
        return result

    async def cloud_is_idle(self) -> None:
        """Wait until the cloud has dealt with every request that reached it."""
        while any(entry.ended is None for entry in self.cloud.requests.entries):
            await asyncio.sleep(LATENCY_S)

    async def until(self, what: str, minutes: float, holds: Holds) -> None:
        """Wait for a simulated time at most."""
        await self.hass.until(what, minutes * 60 / self.clock.factor, holds)

    async def start(self, away: timedelta) -> None:
        """Start Home Assistant again, after it was away for a time."""
        self.clock.leap(away)
        self.hass.environment |= self.clock.environment()
        await self.hass.start()

    async def restart(self, away: timedelta) -> None:
        """Start, and wait until the account is loaded."""
        await self.start(away)
        await self.hass.until("the account to be loaded", START_SECONDS, self._loaded)

    async def _loaded(self) -> bool:
        try:
            entries = await self.api.get(
                f"/api/config/config_entries/entry?domain={DOMAIN}"
            )
        except HassError:
            return False
        return [entry["state"] for entry in entries] == ["loaded"]

    async def add_account(self) -> None:
        """Add the account, and wait until a sudden death takes nothing of it away."""
        answers = {
            "vendor": self.vendor,
            "base_url": self.cloud.base_url,
            **self.cloud.credentials,
        }
        entry_id = await self.api.add_entry(DOMAIN, answers)
        await self.hass.until("the account to be loaded", START_SECONDS, self._loaded)
        (self.device_id,) = [
            device["id"]
            for device in await self.api.devices(entry_id)
            if [DOMAIN, self.serial] in device["identifiers"]
        ]
        kept = {
            "auth": TOKEN,
            "core.config_entries": entry_id,
            "core.device_registry": self.device_id,
        }

        async def on_disk() -> bool:
            return all(
                (path := self.hass.folder / ".storage" / name).exists()
                and text in path.read_text()
                for name, text in kept.items()
            )

        await self.hass.until("the account to be saved", START_SECONDS, on_disk)


type Holds = Callable[[], Awaitable[bool]]


@dataclass
class RedbackRig(Rig[RedbackCloud]):
    """A cloud that keeps single schedules, and ends them by itself."""

    @property
    def inverter(self) -> Inverter:
        """The fake inverter, run up to now."""
        return self.cloud.inverter(self.serial)

    @property
    def mode(self) -> DesiredMode:
        """Who is in command of the inverter now."""
        return self.inverter.plan.at(self.now)

    @property
    def state_of_charge(self) -> float:
        """What the cloud tells of the battery now, in percent."""
        return (self.inverter.latest(self.now).reading.soc or 0) * 100

    def own(self) -> list[Schedule]:
        """Return what carries our mark in the cloud and is not over."""
        listed = self.inverter.plan.listed(self.now)
        return [item for item in listed if (item.notes or "").startswith(MARK)]


class AlphaRig(Rig[AlphaEssCloud]):
    """A cloud that keeps one plan, and ends nothing by itself."""


class FusionRig(Rig[FusionSolarCloud]):
    """A cloud that begins what it is told at once, lists nothing, and ends it."""


@asynccontextmanager
async def running_rig(
    pycache: Path, seed: int = 1, behaviour: Behaviour | None = None
) -> AsyncIterator[RedbackRig]:
    """Start a Redback cloud and Home Assistant, and add the account."""
    clock = SharedClock(EVENING, FACTOR)
    cloud = RedbackCloud(
        clock=clock, seed=seed, latency=LATENCY_S, behaviour=behaviour or Behaviour()
    )
    async with _running(pycache, cloud, clock, BRISBANE) as (hass, api):
        rig = RedbackRig("redback", clock, cloud, hass, api, cloud.serials[0])
        await rig.add_account()
        yield rig


@asynccontextmanager
async def running_alpha_rig(
    pycache: Path, seed: int, fixture: str, zone: str, prepare: Prepare
) -> AsyncIterator[AlphaRig]:
    """Start an AlphaESS cloud and Home Assistant in its zone, and add the account.

    `prepare` sets what the owner has set before.
    """
    clock = SharedClock(EVENING, FACTOR)
    cloud = AlphaEssCloud(clock=clock, seed=seed, latency=LATENCY_S, fixture=fixture)
    prepare(cloud)
    async with _running(pycache, cloud, clock, zone) as (hass, api):
        rig = AlphaRig("alphaess", clock, cloud, hass, api, cloud.serials[0])
        await rig.add_account()
        yield rig


@asynccontextmanager
async def running_fusion_rig(pycache: Path, seed: int) -> AsyncIterator[FusionRig]:
    """Start a FusionSolar cloud and Home Assistant in its zone, and add the account."""
    clock = SharedClock(EVENING, FACTOR)
    cloud = FusionSolarCloud(clock=clock, seed=seed, latency=LATENCY_S, fixture="A")
    async with _running(pycache, cloud, clock, "Australia/Sydney") as (hass, api):
        rig = FusionRig("fusionsolar", clock, cloud, hass, api, cloud.serials[0])
        await rig.add_account()
        yield rig


type Prepare = Callable[[AlphaEssCloud], None]


@asynccontextmanager
async def _running(
    pycache: Path, cloud: FakeCloud, clock: SharedClock, zone: str
) -> AsyncIterator[tuple[HassProcess, HassApi]]:
    """Start the cloud and Home Assistant.

    `pycache` keeps compiled modules where the environment forbids to keep them.
    """
    await cloud.start()
    try:
        hass = HassProcess(
            free_port(),
            launcher=(str(LAUNCHER),),
            configuration=CONFIGURATION.replace("ZONE", zone),
            environment=_fast_start(pycache) | clock.environment(),
        )
        # Kept-alive connections end while nobody looks, in accelerated time.
        connector = aiohttp.TCPConnector(force_close=True)
        async with (
            hass,
            aiohttp.ClientSession(hass.url, connector=connector) as http,
        ):
            async with logged_in(hass) as owner:
                token = await owner.command(
                    "auth/long_lived_access_token", client_name=TOKEN, lifespan=3650
                )
            yield hass, HassApi(http, token)
            # A stop would take its time; there is nothing that has to be saved.
            await hass.kill()
    finally:
        await cloud.stop()


def _fast_start(pycache: Path) -> dict[str, str]:
    """Return what spares every start but the first one to compile everything."""
    if not os.environ.get("PYTHONDONTWRITEBYTECODE"):
        return {}
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(pycache)}
