"""Importing the past where there is nobody to keep it."""

from datetime import date, timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.core.history_job import ImportJob
from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import ServiceValidationError

from .conftest import (
    ALPHA,
    ALPHA_BATTERY,
    AMBER,
    AMBER_FEED_IN,
    AlphaHouse,
    OpenAlphaHouse,
    OpenAmberHouse,
)
from .leap import leap


@pytest.mark.parametrize("action", ["import_history", "cancel_import"])
async def test_without_a_recorder(alpha_house: AlphaHouse, action: str) -> None:
    """The error says so before anything is sent; all else works."""
    house = alpha_house
    house.cloud.requests.clear()
    data = {"start_date": "2026-11-18"} if action == "import_history" else {}
    for device in (None, ALPHA_BATTERY):
        with pytest.raises(ServiceValidationError) as error:
            await house.act(action, device, **data)
        assert error.value.translation_key == "history_no_recorder"
    assert house.cloud.requests.total == 0
    assert house.value("sensor", "history_import") == STATE_UNKNOWN


async def test_a_recorder_that_is_gone(
    open_alpha_house: OpenAlphaHouse, hass_storage: dict[str, Any]
) -> None:
    """An import that was begun waits, and nothing is fetched for nobody to keep.

    A job that makes no sense is passed over.
    """
    house = await open_alpha_house(fixture="D", history=timedelta(days=2))
    job = ImportJob()
    job.ask(date(2026, 11, 18), date(2026, 11, 19))
    hass_storage[f"{DOMAIN}.{house.entry.entry_id}.history"] = {
        "version": 1,
        "data": {"jobs": {ALPHA: job.as_dict(), "other": {"asked": 7}}},
    }
    await house.reload()
    assert house.value("sensor", "history_import") == "0"
    house.cloud.requests.clear()
    await house.pass_time(timedelta(minutes=5))
    days = [
        entry
        for entry in house.cloud.requests.entries
        if "queryDate=2026-11-18" in entry.query
    ]
    assert days == []
    assert house.value("sensor", "history_import") == "0"


async def test_days_are_not_followed_for_nobody(
    open_amber_house: OpenAmberHouse,
) -> None:
    """Without a recorder no day comes by itself; yesterday's sensors need a call a day."""
    house = await open_amber_house(fixture="C", history=timedelta(days=20))
    for _ in range(9):
        await leap(house, timedelta(minutes=1))
    assert house.entry.runtime_data.history.job(house.main) is None
    house.cloud.requests.clear()
    for _ in range(48):
        await leap(house, timedelta(hours=1))
    assert 1 <= house.cloud.requests.count("usage") <= 4
    assert house.entry.runtime_data.history.job(house.main) is None
    with pytest.raises(ServiceValidationError) as error:
        await house.act(
            "import_history",
            AMBER_FEED_IN.replace(AMBER, house.main),
            start_date="2026-02-20",
        )
    assert error.value.translation_key == "history_no_recorder"
