"""What tests of Amber in a whole Home Assistant share."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import logging
from typing import Any

import pytest

from custom_components.joulekeeper.const import DOMAIN
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.helpers import device_registry as dr
from tests.clouds.amber.tariffs import ChannelType

from .conftest import AMBER, AMBER_GENERAL, AmberHouse

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
INTERVAL = timedelta(minutes=5)
HALF_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)

HALF_HOURLY = "01HXFAKE30MINCL00000000003"
CHANNELS: dict[str, ChannelType] = {
    "general_usage": "general",
    "controlled_load": "controlledLoad",
    "feed_in": "feedIn",
}


def now(house: AmberHouse) -> datetime:
    """Return the present."""
    return house.freezer().replace(tzinfo=UTC)


def begin(house: AmberHouse, length: timedelta = INTERVAL) -> datetime:
    """Return when the interval that runs has begun."""
    instant = now(house)
    return instant - (instant - datetime.fromtimestamp(0, UTC)) % length


async def pass_until(house: AmberHouse, instant: datetime) -> None:
    """Let the time pass up to an instant."""
    await house.pass_time(instant - now(house))


async def pass_until_so(
    house: AmberHouse, is_so: Callable[[], bool], limit: timedelta = INTERVAL
) -> timedelta:
    """Let seconds pass until something is so, and return how many."""
    since = now(house)
    while not is_so():
        assert now(house) - since < limit
        await house.pass_time(SECOND)
    return now(house) - since


def shown(house: AmberHouse, device: str = AMBER_GENERAL) -> float:
    """Return the price that is shown, AUD/kWh."""
    return float(house.value("sensor", "price", device))


def attributes(
    house: AmberHouse, device: str = AMBER_GENERAL, key: str = "price"
) -> dict[str, Any]:
    """Return the attributes of a sensor."""
    return dict(house.state("sensor", key, device).attributes)


def truth(
    house: AmberHouse, device: str = AMBER_GENERAL, at: datetime | None = None
) -> float:
    """Return what the price of a channel comes to be; of feed-in + is earned."""
    site, _, kind = device.partition("_")
    cents = house.cloud.per_kwh(site, CHANNELS[kind], at or now(house))
    return (-cents if kind == "feed_in" else cents) / 100


def is_estimate(house: AmberHouse, site: str = AMBER) -> bool:
    """Return whether the site says that its price is an estimate."""
    return house.value("binary_sensor", "price_estimated", site) == "on"


async def pass_until_confirmed(house: AmberHouse, site: str = AMBER) -> timedelta:
    """Let seconds pass until the price is final, and return how many."""
    return await pass_until_so(
        house, lambda: house.value("binary_sensor", "price_estimated", site) == "off"
    )


def unavailable(house: AmberHouse) -> list[str]:
    """Return the entities that show nothing."""
    states = house.hass.states.async_all()
    return [item.entity_id for item in states if item.state == STATE_UNAVAILABLE]


def device_ids(house: AmberHouse) -> set[str]:
    """Return the ids of the account's devices in the registry."""
    registry = dr.async_get(house.hass)
    return {
        identifier
        for device in dr.async_entries_for_config_entry(registry, house.entry.entry_id)
        for domain, identifier in device.identifiers
        if domain == DOMAIN
    }


async def set_options(house: AmberHouse, **options: Any) -> ConfigFlowResult:
    """Change options in the form, as a user does."""
    flow = await house.hass.config_entries.options.async_init(house.entry.entry_id)
    assert flow["data_schema"] is not None
    given = flow["data_schema"]({}) | options
    result = await house.hass.config_entries.options.async_configure(
        flow["flow_id"], given
    )
    await house.hass.async_block_till_done(wait_background_tasks=True)
    return result


def reauth_flows(house: AmberHouse) -> list[ConfigFlowResult]:
    """Return the forms that ask for new credentials."""
    return house.hass.config_entries.flow.async_progress_by_handler(DOMAIN)


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what a user finds in the log with a traceback; of debug logs it is wanted."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.exc_info and record.levelno > logging.DEBUG
    ]
