"""Rules of the quality scale that no test of a single brand or surface proves."""

from datetime import timedelta
import logging

import pytest

from custom_components.joulekeeper.const import DOMAIN, PLATFORMS
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from ..clouds.faults import Fault
from ..metadata import SERVICES
from .conftest import House

MINUTE = timedelta(minutes=1)


async def test_actions_outlive_the_account(house: House) -> None:
    """While an entry is down all actions are there, and say that it is."""
    hass = house.hass
    known = set(hass.services.async_services_for_domain(DOMAIN))
    assert known == SERVICES.keys()
    assert await hass.config_entries.async_unload(house.entry.entry_id)
    assert set(hass.services.async_services_for_domain(DOMAIN)) == known
    with pytest.raises(ServiceValidationError) as raised:
        await house.act("create_schedule", action="charge", duration_min=30)
    assert raised.value.translation_key == "service_config_entry_not_loaded"
    with pytest.raises(ServiceValidationError):
        await house.act("list_schedules")


async def test_ids_are_not_shared(house: House) -> None:
    """An entity is known by its device and its key, not by our name or a platform."""
    entries = er.async_entries_for_config_entry(
        er.async_get(house.hass), house.entry.entry_id
    )
    assert len(entries) > 100
    ids = [(entry.domain, entry.unique_id) for entry in entries]
    assert len(set(ids)) == len(ids)
    for entry in entries:
        words = entry.unique_id.split("_")
        assert DOMAIN not in words
        assert entry.domain not in words
        assert entry.domain in PLATFORMS


async def test_loss_and_return_are_logged_once(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """An outage is one line when it begins and one when it ends, however long."""
    caplog.set_level(logging.INFO, f"custom_components.{DOMAIN}")
    caplog.clear()
    house.cloud.faults.add("dynamic", Fault.STATUS, status=503)
    calls = house.cloud.requests.count("dynamic")
    await house.pass_time(60 * MINUTE)
    assert house.cloud.requests.count("dynamic") > calls + 3

    def lines(level: int) -> list[str]:
        return [
            record.getMessage()
            for record in caplog.records
            if record.name.startswith(f"custom_components.{DOMAIN}")
            and record.levelno == level
        ]

    assert len(lines(logging.ERROR)) == 1
    assert lines(logging.WARNING) == lines(logging.INFO) == []
    house.cloud.faults.clear()
    await house.pass_time(20 * MINUTE)
    assert len(lines(logging.ERROR)) == 1
    assert len(lines(logging.INFO)) == 1
    assert "recovered" in lines(logging.INFO)[0]
