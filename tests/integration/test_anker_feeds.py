"""Anker: what is asked on demand, and what is not asked at all."""

from datetime import timedelta
from typing import Final

import pytest

from homeassistant.exceptions import ServiceValidationError

from .conftest import ANKER, AnkerHouse, OpenAnkerHouse
from .test_pause import turn

LONE: Final = "FAKEMI800001"
SECOND: Final = timedelta(seconds=1)


async def test_details_of_an_inverter_alone(open_anker_house: OpenAnkerHouse) -> None:
    """All of them come by a button that does not wait for its power, once a while."""
    house = await open_anker_house(fixture="D")
    await house.pass_time(300 * SECOND)
    account = house.entry.runtime_data.account
    [live] = [it for key, it in account.coordinators.items() if key.device_id == LONE]
    await live.async_refresh()
    house.cloud.requests.clear()
    await house.press("refresh_device", LONE)
    counts = house.cloud.requests.counts()
    assert [counts[it] for it in ("pv_total", "pv_price", "bind_devices")] == [1, 1, 1]
    with pytest.raises(ServiceValidationError):
        await house.press("refresh_device", LONE)


async def test_an_account_that_is_removed_while_it_is_paused(
    anker_house: AnkerHouse,
) -> None:
    """Nothing was lent, so nothing is asked: the app keeps its session."""
    await turn(anker_house, "off", ANKER)
    anker_house.cloud.requests.clear()
    await anker_house.hass.config_entries.async_remove(anker_house.entry.entry_id)
    await anker_house.hass.async_block_till_done(wait_background_tasks=True)
    assert not anker_house.cloud.requests.counts()
