"""Removing an account: what it left in the cloud, and in the files."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.const import CONF_DELETE_ON_REMOVAL, DOMAIN
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from .conftest import INVERTER, SITE, House, OpenHouse


async def plan(house: House) -> None:
    """Lay a running schedule, a coming one, a recurring one and a limit."""
    later = (dt_util.utcnow() + timedelta(hours=5)).isoformat()
    await house.act("force", action="hold", duration_min=60)
    await house.act(
        "create_schedule",
        action="charge",
        duration_min=30,
        start=later,
        rrule="FREQ=DAILY",
    )
    await house.act(
        "create_schedule", action="limit", duration_min=30, start=later, max_export_w=0
    )
    house.cloud.add_schedule(
        INVERTER, dt_util.utcnow() + timedelta(hours=20), timedelta(hours=1)
    )


async def remove(house: House) -> None:
    """Remove the account as its owner would."""
    await house.hass.config_entries.async_remove(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.parametrize("portal", [True, False])
async def test_own_schedules_go_with_the_account(
    open_house: OpenHouse, hass_storage: dict[str, Any], portal: bool
) -> None:
    """Only what we made is deleted, and no file is left."""
    house = await open_house(fixture="A", portal=portal)
    await plan(house)
    assert len(house.cloud.schedules(INVERTER)) == 5
    await remove(house)
    (foreign,) = house.cloud.schedules(INVERTER)
    assert "joulekeeper" not in (foreign["UserNotes"] or "")
    (envelope,) = house.cloud.envelopes(SITE)
    assert envelope["Status"] == "Cancelled"
    assert not [key for key in hass_storage if key.startswith(DOMAIN)]


async def test_own_schedules_may_stay(open_house: OpenHouse) -> None:
    """The option leaves them to run to their end."""
    house = await open_house(fixture="A")
    house.hass.config_entries.async_update_entry(
        house.entry, options={CONF_DELETE_ON_REMOVAL: False}
    )
    await plan(house)
    await remove(house)
    assert len(house.cloud.schedules(INVERTER)) == 5


async def test_removal_does_not_hang_on_a_cloud_that_is_down(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """The account goes, and the log tells what stays behind."""
    await plan(house)
    house.cloud.faults.add("nodes", Fault.STATUS, status=503)
    await remove(house)
    assert not house.hass.config_entries.async_entries(DOMAIN)
    assert "stay in the cloud of a removed account: 5" in caplog.text
