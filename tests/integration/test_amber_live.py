"""Prices that come by themselves, in a whole Home Assistant."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import time

from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.joulekeeper.vendors.amber.session import AmberSession

from ..clouds.amber import Behaviour
from .amber_home import is_estimate, shown, truth
from .conftest import AMBER, AmberHouse, OpenAmberHouse

SECOND = timedelta(seconds=1)


async def until(test: Callable[[], bool]) -> None:
    """Wait in real time, which connections take, while the clock stands."""
    for _ in range(500):
        if test():
            return
        await asyncio.to_thread(time.sleep, 0.01)
    raise AssertionError("waited in vain")


async def listening(house: AmberHouse) -> AmberSession:
    """Switch live prices on, and wait for the connection."""
    hass = house.hass
    manager = hass.config_entries.options
    flow = await manager.async_init(house.entry.entry_id)
    await manager.async_configure(flow["flow_id"], {"live_prices": True})
    await hass.async_block_till_done()
    session: AmberSession = house.entry.runtime_data.account.session
    await until(lambda: session.is_live(AMBER))
    return session


async def tick(house: AmberHouse, duration: timedelta) -> None:
    """Move the time a second at a time; connections get real time for each.

    The connection is listened to in the background without end, so that nobody can wait
    for all that goes on there.
    """
    for _ in range(duration // SECOND):
        house.freezer.tick(SECOND)
        async_fire_time_changed(house.hass)
        await asyncio.to_thread(time.sleep, 0.005)
        await house.hass.async_block_till_done()


async def test_pushed_price(open_amber_house: OpenAmberHouse) -> None:
    """It is shown at once, and only then forecasts are asked for, in one call."""
    house = await open_amber_house(behaviour=Behaviour(publication_s=20))
    await listening(house)
    # Set-up was in this interval: what the next one brings is awaited.
    await tick(house, 300 * SECOND)
    house.cloud.requests.clear()
    await tick(house, 15 * SECOND)
    assert is_estimate(house)
    assert house.cloud.requests.count("current") == 0
    await tick(house, 6 * SECOND)
    await until(lambda: not is_estimate(house))
    assert shown(house) == truth(house)
    assert house.cloud.requests.count("current") == 0
    await tick(house, 5 * SECOND)
    await until(lambda: house.cloud.requests.count("current") == 1)
    await tick(house, 200 * SECOND)
    assert house.cloud.requests.count("current") == 1


async def test_lost_connection(open_amber_house: OpenAmberHouse) -> None:
    """Without it prices are polled as ever, and nobody is asked for a token."""
    house = await open_amber_house(behaviour=Behaviour(publication_s=20))
    session = await listening(house)
    house.cloud.change(websocket=False)
    await house.cloud.drop_websockets()
    await until(lambda: not session.is_live(AMBER))
    await tick(house, 345 * SECOND)
    await until(lambda: not is_estimate(house))
    assert shown(house) == truth(house)
    assert not list(house.hass.config_entries.flow.async_progress())
    await house.hass.config_entries.async_unload(house.entry.entry_id)
