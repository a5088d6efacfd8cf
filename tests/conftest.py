"""Fixtures that all tests share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
import logging
import os
from unittest.mock import PropertyMock, patch

from hypothesis import HealthCheck, settings
import pytest
from pytest_homeassistant_custom_component.common import MockUser

# Imported before `hass` is made: else the loader finds only the plugin's own samples.
import custom_components.joulekeeper  # noqa: F401
from homeassistant.auth.models import Credentials
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity import Entity
from homeassistant.util import dt as dt_util

# All brands too: a thread that imports one could outlive its test.
from . import brands  # noqa: F401
from .clouds import (
    AlphaEssCloud,
    AmberCloud,
    AnkerCloud,
    ChargeHqCloud,
    FakeCloud,
    FusionSolarCloud,
    RedbackCloud,
)
from .integration.translations import checked_translations

# It tells all that any store loads and writes, twice: 4 MiB in a test, kept to the end.
logging.getLogger("pytest_homeassistant_custom_component.common").setLevel(logging.INFO)


# A slow or busy machine is no reason to fail, and what fails once fails again; other
# random cases are tried with JOULEKEEPER_SEED.
settings.register_profile(
    "untimed",
    settings.default,
    deadline=None,
    derandomize="JOULEKEEPER_SEED" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
async def enable_event_loop_debug() -> None:
    """Let the event loop's debug mode be off, which the plugin's fixture would turn on.

    It keeps a traceback for every future and describes every timer that is cancelled:
    nearly half of the time of a whole Home Assistant. `JOULEKEEPER_LOOP_DEBUG=1` has it.
    """
    asyncio.get_running_loop().set_debug(bool(os.environ.get("JOULEKEEPER_LOOP_DEBUG")))


@pytest.fixture(autouse=True)
def integration_in_home_assistant(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let `hass` find the integration; every text that it is asked for must exist.

    The recorder has to be there before `hass`, so it comes first where wanted.
    """
    if "hass" not in request.fixturenames:
        yield
        return
    if "recorder_mock" in request.fixturenames:
        request.getfixturevalue("recorder_mock")
    request.getfixturevalue("enable_custom_integrations")
    request.getfixturevalue("socket_enabled")
    hass: HomeAssistant = request.getfixturevalue("hass")
    with checked_translations(hass):
        yield


@pytest.fixture(autouse=True)
def no_deprecated_use(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which Home Assistant complains about how we use it."""
    yield
    assert "Detected that custom integration" not in caplog.text
    assert "Detected blocking call" not in caplog.text
    assert "Error doing job" not in caplog.text


@pytest.fixture
def no_retry_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat a failed call at once instead of after a moment of real time."""
    monkeypatch.setattr("custom_components.joulekeeper.vendors.http.RETRY_PAUSE_S", 0)


@pytest.fixture
def all_entities_enabled() -> Iterator[None]:
    """Enable the entities too that are off by default."""
    with patch.object(
        Entity,
        "entity_registry_enabled_default",
        PropertyMock(return_value=True),
    ):
        yield


@pytest.fixture
def log_in(
    hass: HomeAssistant,
    hass_access_token: str,
    hass_admin_user: MockUser,
    hass_admin_credential: Credentials,
) -> Callable[[], Awaitable[str]]:
    """Return what logs in at the present time, wherever the frozen clock stands."""

    async def token() -> str:
        refresh = await hass.auth.async_create_refresh_token(
            hass_admin_user, "frozen", credential=hass_admin_credential
        )
        return hass.auth.async_create_access_token(refresh)

    return token


type LogIn = Callable[[], Awaitable[str]]
type OpenCloud = Callable[..., RedbackCloud]


@pytest.fixture
async def open_cloud(socket_enabled: None) -> AsyncIterator[Callable]:
    """Return what opens fake clouds, by their class, on Home Assistant's clock."""
    clouds: list[FakeCloud] = []

    async def open_one[C: FakeCloud](kind: Callable[..., C], **options: object) -> C:
        cloud = kind(clock=dt_util.utcnow, **options)
        await cloud.start()
        clouds.append(cloud)
        return cloud

    yield open_one
    for cloud in clouds:
        await cloud.stop()


@pytest.fixture
def open_redback(open_cloud: Callable) -> OpenCloud:
    """Return what opens fake Redback clouds on Home Assistant's clock."""
    return partial(open_cloud, RedbackCloud)


@pytest.fixture
def open_alphaess(open_cloud: Callable) -> Callable:
    """Return what opens fake AlphaESS clouds on Home Assistant's clock."""
    return partial(open_cloud, AlphaEssCloud)


@pytest.fixture
def open_amber(open_cloud: Callable) -> Callable:
    """Return what opens fake Amber clouds on Home Assistant's clock."""
    return partial(open_cloud, AmberCloud)


@pytest.fixture
def open_fusionsolar(open_cloud: Callable) -> Callable:
    """Return what opens fake FusionSolar clouds on Home Assistant's clock."""
    return partial(open_cloud, FusionSolarCloud)


@pytest.fixture
def open_anker(open_cloud: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Return what opens fake Anker clouds, to whose key passwords are encrypted."""

    async def open_one(**options: object) -> AnkerCloud:
        cloud: AnkerCloud = await open_cloud(AnkerCloud, **options)
        monkeypatch.setattr(
            "custom_components.joulekeeper.vendors.anker.login.SERVER_KEY",
            cloud.server_public_key,
        )
        return cloud

    return open_one


@pytest.fixture
def open_chargehq(open_cloud: Callable) -> Callable:
    """Return what opens the fake ChargeHQ on Home Assistant's clock."""
    return partial(open_cloud, ChargeHqCloud)
