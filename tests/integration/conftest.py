"""What tests of a whole Home Assistant share."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter
import os
from typing import Any, Final
from unittest.mock import AsyncMock

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util.async_ import get_scheduled_timer_handles

from ..clouds import (
    AlphaEssCloud,
    AmberCloud,
    AnkerCloud,
    FakeCloud,
    FusionSolarCloud,
    RedbackCloud,
)
from .accounts import add_account

INVERTER = "RB20000000000101"
BATTERY = f"{INVERTER}_battery"
SITE = "S4a1c07e92d5b3"
NOON = datetime(2026, 11, 20, 2, 0, 30, tzinfo=UTC)
"""Noon in Brisbane, half a minute past a telemetry: much sun, the battery full."""
EVENING = datetime(2026, 11, 20, 11, 0, 30, tzinfo=UTC)
"""Nine in the evening: no sun, the battery in use."""


@dataclass
class House[C: FakeCloud = RedbackCloud]:
    """One account in a whole Home Assistant, and the cloud behind it.

    `main` is the device that is meant where none is named.
    """

    hass: HomeAssistant
    cloud: C
    entry: ConfigEntry
    freezer: FrozenDateTimeFactory
    main: str = INVERTER

    def device_id(self, identifier: str | None = None) -> str:
        """Return the registry id of a device."""
        identifier = identifier or self.main
        device = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, identifier), self.entry.entry_id
        )
        assert device is not None, identifier
        return device.id

    def entity_id(self, platform: str, key: str, device: str | None = None) -> str:
        """Return the id of an entity by its key."""
        entity_id = er.async_get(self.hass).async_get_entity_id(
            platform, DOMAIN, f"{device or self.main}_{key}"
        )
        assert entity_id is not None, key
        return entity_id

    def state(self, platform: str, key: str, device: str | None = None) -> State:
        """Return the state object of an entity by its key."""
        state = self.hass.states.get(self.entity_id(platform, key, device))
        assert state is not None, key
        return state

    def value(self, platform: str, key: str, device: str | None = None) -> str:
        """Return the state of an entity by its key."""
        return self.state(platform, key, device).state

    async def act(
        self, name: str, device: str | list[str] | None = None, **data: Any
    ) -> list[dict[str, Any]]:
        """Call one of our actions and return its results."""
        devices = device if isinstance(device, list) else [device]
        response = await self.hass.services.async_call(
            DOMAIN,
            name,
            {"device_id": [self.device_id(item) for item in devices], **data},
            blocking=True,
            return_response=True,
        )
        results: list[dict[str, Any]] = response["results"]
        return results

    async def press(self, key: str, device: str | None = None) -> None:
        """Press one of our buttons."""
        await self.call("button", "press", key, device)

    async def call(
        self,
        platform: str,
        action: str,
        key: str,
        device: str | None = None,
        **data: Any,
    ) -> None:
        """Call an action of a platform on one of our entities."""
        target = {"entity_id": self.entity_id(platform, key, device)}
        await self.hass.services.async_call(
            platform, action, target | data, blocking=True
        )

    async def pass_time(self, duration: timedelta) -> None:
        """Move the time from timer to timer, letting all that is due happen."""
        loop = self.hass.loop
        end = loop.time() + duration.total_seconds()
        while (left := end - loop.time()) > 0:
            wait = min(
                (
                    handle.when() - loop.time()
                    for handle in get_scheduled_timer_handles(loop)
                    if not handle.cancelled()
                ),
                default=left,
            )
            self.freezer.tick(min(max(wait, 0.01), left))
            async_fire_time_changed(self.hass)
            await self.hass.async_block_till_done(wait_background_tasks=True)

    async def reload(self) -> None:
        """Load the account anew, as after a restart."""
        await self.hass.config_entries.async_reload(self.entry.entry_id)
        await self.hass.async_block_till_done(wait_background_tasks=True)


type OpenHouse = Callable[..., Awaitable[House]]

INSTALLATION: Final = os.environ.get("JOULEKEEPER_SEED", "0123456789abcdef")


@pytest.fixture(autouse=True)
def same_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll at the same offsets in every run, so that what fails once fails again.

    `JOULEKEEPER_SEED` is for those of another installation.
    """
    monkeypatch.setattr(
        "custom_components.joulekeeper.connection.instance_id.async_get",
        AsyncMock(return_value=INSTALLATION),
    )
    monkeypatch.setattr(
        "homeassistant.helpers.update_coordinator.randint", lambda low, high: 50_000
    )


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read back and retry at once: a frozen clock would wait for ever."""
    package = "custom_components.joulekeeper"
    monkeypatch.setattr(f"{package}.settle.READ_BACK_WAITS_S", (0, 0, 0, 0))
    monkeypatch.setattr(f"{package}.setting_changes.COLLECT_FOR_S", 0)
    monkeypatch.setattr(f"{package}.vendors.http.RETRY_PAUSE_S", 0)
    monkeypatch.setattr(f"{package}.vendors.fusionsolar.settings.WAITS_S", (0, 0))
    monkeypatch.setattr(f"{package}.vendors.anker.pace.SPACING_S", 0)
    monkeypatch.setattr(f"{package}.vendors.anker.pace.READ_PATIENCE_S", 0)
    monkeypatch.setattr(f"{package}.vendors.anker.api.RETRY_PAUSE_S", (0, 0))
    for spacing in ("SPACING_S", "WIDE_SPACING_S", "WRITE_GAP_S"):
        monkeypatch.setattr(f"{package}.vendors.alphaess.pace.{spacing}", 0)


@pytest.fixture
async def open_house(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_redback: Callable[..., Awaitable[RedbackCloud]],
    no_waiting: None,
) -> OpenHouse:
    """Return what opens a cloud and adds its account."""

    async def open_one(*, portal: bool = False, **options: Any) -> House:
        freezer.move_to(options.pop("now", NOON))
        cloud = await open_redback(**options)
        entry = await add_account(hass, cloud, portal=portal)
        return House(hass, cloud, entry, freezer)

    return open_one


@pytest.fixture
async def house(open_house: OpenHouse) -> House:
    """Return the house of fixture A, a single phase with a battery."""
    return await open_house(fixture="A")


def _opener[C: FakeCloud](
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_cloud: Callable[..., Awaitable[C]],
    vendor: str,
    usual_time: datetime,
    usual_zone: str,
    sites: Callable[[C], Sequence[str]],
) -> Callable[..., Awaitable[House[C]]]:
    """Return what opens a cloud and adds its account, in a zone.

    The first of `sites` is the one that is meant where none is named.
    """

    async def open_one(*, zone: str = usual_zone, **options: Any) -> House[C]:
        freezer.move_to(options.pop("now", usual_time))
        picks = options.pop("picks", None)
        await hass.config.async_set_time_zone(zone)
        cloud = await open_cloud(**options)
        entry = await add_account(hass, cloud, vendor, picks=picks)
        return House(hass, cloud, entry, freezer, next(iter(sites(cloud)), ""))

    return open_one


ALPHA = "ALX000000000001"
ALPHA_BATTERY = f"{ALPHA}_battery"
ALPHA_NOON = datetime(2026, 11, 20, 1, 30, 10, tzinfo=UTC)
"""Noon in Adelaide, 10 s into a block of live power."""

type AlphaHouse = House[AlphaEssCloud]
type OpenAlphaHouse = Callable[..., Awaitable[AlphaHouse]]


@pytest.fixture
async def open_alpha_house(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_alphaess: Callable[..., Awaitable[AlphaEssCloud]],
    no_waiting: None,
) -> OpenAlphaHouse:
    """Return what opens an AlphaESS cloud and adds its account, in the plant's zone."""

    return _opener(
        hass,
        freezer,
        open_alphaess,
        "alphaess",
        ALPHA_NOON,
        "Australia/Adelaide",
        attrgetter("serials"),
    )


@pytest.fixture
async def alpha_house(open_alpha_house: OpenAlphaHouse) -> AlphaHouse:
    """Return the house of fixture A: one phase, a battery, daily windows."""
    return await open_alpha_house(fixture="A")


AMBER = "01HXFAKE5MINSITE0000000001"
AMBER_GENERAL = f"{AMBER}_general_usage"
AMBER_FEED_IN = f"{AMBER}_feed_in"
AMBER_CONTROLLED = f"{AMBER}_controlled_load"
AMBER_MORNING = datetime(2026, 3, 1, 22, 15, 1, tzinfo=UTC)
"""A quarter past eight by the market's clock, an interval has just begun."""

type AmberHouse = House[AmberCloud]
type OpenAmberHouse = Callable[..., Awaitable[AmberHouse]]


@pytest.fixture
async def open_amber_house(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_amber: Callable[..., Awaitable[AmberCloud]],
    no_waiting: None,
) -> OpenAmberHouse:
    """Return what opens an Amber cloud and adds its account, in Sydney."""

    return _opener(
        hass,
        freezer,
        open_amber,
        "amber",
        AMBER_MORNING,
        "Australia/Sydney",
        attrgetter("active_sites"),
    )


@pytest.fixture
async def amber_house(open_amber_house: OpenAmberHouse) -> AmberHouse:
    """Return the house of fixture A: billed in 5 minutes, with feed-in."""
    return await open_amber_house(fixture="A")


FUSION = "NE=71000001"
FUSION_INVERTER = "1000000071000012"
FUSION_BATTERY = "1000000071000013"
FUSION_METER = "1000000071000014"
FUSION_NOON = datetime(2026, 11, 20, 2, 2, 30, tzinfo=UTC)
"""One in the afternoon in Sydney, two and a half minutes into a period."""

type FusionHouse = House[FusionSolarCloud]
type OpenFusionHouse = Callable[..., Awaitable[FusionHouse]]


@pytest.fixture
async def open_fusion_house(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_fusionsolar: Callable[..., Awaitable[FusionSolarCloud]],
    no_waiting: None,
) -> OpenFusionHouse:
    """Return what opens a FusionSolar cloud and adds its account, in Sydney."""
    return _opener(
        hass,
        freezer,
        open_fusionsolar,
        "fusionsolar",
        FUSION_NOON,
        "Australia/Sydney",
        attrgetter("serials"),
    )


@pytest.fixture
async def fusion_house(open_fusion_house: OpenFusionHouse) -> FusionHouse:
    """Return the house of fixture A: dongle, inverter, battery and power sensor."""
    return await open_fusion_house(fixture="A")


ANKER = "11111111-2222-4333-8444-00000000000a"
ANKER_BANK = "FAKESB1A00000001"
ANKER_C = "11111111-2222-4333-8444-00000000000c"
ANKER_C_BANK = "FAKESB2C00000001"
ANKER_NOON = datetime(2026, 5, 4, 10, 2, 30, tzinfo=UTC)
"""Two minutes and a half past noon in Berlin."""

type AnkerHouse = House[AnkerCloud]
type OpenAnkerHouse = Callable[..., Awaitable[AnkerHouse]]


@pytest.fixture
async def open_anker_house(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_anker: Callable[..., Awaitable[AnkerCloud]],
    no_waiting: None,
) -> OpenAnkerHouse:
    """Return what opens an Anker cloud and adds its account, in Berlin."""
    return _opener(
        hass,
        freezer,
        open_anker,
        "anker",
        ANKER_NOON,
        "Europe/Berlin",
        attrgetter("serials"),
    )


@pytest.fixture
async def anker_house(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return the house of fixture A: one Solarbank E1600."""
    return await open_anker_house(fixture="A")
