"""Importing the past where there is nobody to keep it."""

from datetime import date, timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.core.history_job import ImportJob
from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import ServiceValidationError

from .conftest import ALPHA, ALPHA_BATTERY, AlphaHouse, OpenAlphaHouse


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
    """An import that was begun waits; a job that makes no sense is passed over."""
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
    # Its samples and its energies, once.
    assert len(days) == 2
    assert house.value("sensor", "history_import") == "0"
