"""The button that fetches at once what is fetched seldom."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from custom_components.joulekeeper.core.models import Device, EndpointId
from custom_components.joulekeeper.vendors.base import Connection, VendorSession
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..brands import SPECS
from ..clouds import Fault
from .conftest import BATTERY, House, OpenHouse
from .keeping import SECOND
from .pausable import vendor
from .test_pause import systems, turn

KEY = "refresh_device"
SELDOM, LIVE = "static", "dynamic"

expired: list[Device] = []
"""The devices of which all was to be fetched in earnest."""


@pytest.fixture
async def home(open_house: OpenHouse) -> AsyncIterator[House]:
    """Return a house whose hardware can be refreshed."""
    spec = SPECS["redback"]
    expired.clear()

    def connect(connection: Connection) -> VendorSession:
        session = spec.connect(connection)

        def refreshed(device: Device) -> tuple[EndpointId, ...]:
            return tuple(EndpointId(name, device.source_id) for name in (SELDOM, LIVE))

        session.refreshed = refreshed  # type: ignore[attr-defined]
        session.expire = expired.append  # type: ignore[attr-defined]
        session.detailed_at = lambda device: None  # type: ignore[attr-defined]
        return session

    with vendor("redback", connect=connect, pausable=True):
        house = await open_house(fixture="A")
        await house.pass_time(40 * SECOND)
        house.cloud.requests.clear()
        yield house


async def test_press_fetches_what_is_seldom_and_what_is_live(home: House) -> None:
    """Each of both once, at once."""
    await home.press(KEY)
    assert home.cloud.requests.counts() == {SELDOM: 1, LIVE: 1}
    assert [device.id for device in expired] == [home.main]


async def test_not_too_often_for_all_parts_of_a_source(home: House) -> None:
    """A part has a button too, but they share the half minute, also with the timer."""
    await home.press(KEY)
    await home.pass_time(10 * SECOND)
    home.cloud.requests.clear()
    with pytest.raises(ServiceValidationError) as error:
        await home.press(KEY, BATTERY)
    assert error.value.translation_key == "refresh_too_soon"
    assert error.value.translation_placeholders == {"seconds": "20"}
    assert home.cloud.requests.count(SELDOM) == 0
    await home.pass_time(20 * SECOND)
    await home.press(KEY, BATTERY)
    assert home.cloud.requests.count(SELDOM) == 1


async def test_what_fails_is_told(home: House) -> None:
    """It can be tried again, though what it fetches is not available."""
    home.cloud.faults.add(SELDOM, Fault.STATUS, status=500)
    with pytest.raises(HomeAssistantError) as error:
        await home.press(KEY)
    assert error.value.translation_key == "refresh_failed"
    home.cloud.faults.clear()
    await home.press(KEY)


async def test_while_it_is_being_fetched(home: House) -> None:
    """Nobody waits in a queue for what comes anyway."""
    home.cloud.faults.add(SELDOM, Fault.HANG)
    account = home.entry.runtime_data.account
    coordinator = account.coordinators[EndpointId(SELDOM, home.main)]
    fetching = asyncio.create_task(coordinator.async_refresh())
    while not coordinator.fetching:
        await asyncio.sleep(0)
    with pytest.raises(HomeAssistantError) as error:
        await home.press(KEY)
    assert error.value.translation_key == "refresh_running"
    fetching.cancel()


async def test_only_hardware_and_only_without_a_pause(home: House) -> None:
    """A site has no details of its own, and a paused account fetches nothing."""
    (site,) = systems(home)
    with pytest.raises(AssertionError):
        home.entity_id("button", KEY, site)
    await turn(home, "off", site)
    assert home.value("button", KEY) == STATE_UNAVAILABLE
    home.cloud.requests.clear()
    await home.press(KEY)
    assert home.cloud.requests.total == 0
