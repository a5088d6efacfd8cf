"""Moves the time of a whole Home Assistant."""

from datetime import timedelta

from pytest_homeassistant_custom_component.common import async_fire_time_changed

from .conftest import House


async def leap(house: House, duration: timedelta) -> None:
    """Let all that is due until then happen once, as after a sleep of the machine."""
    house.freezer.tick(duration)
    async_fire_time_changed(house.hass)
    await house.hass.async_block_till_done(wait_background_tasks=True)
