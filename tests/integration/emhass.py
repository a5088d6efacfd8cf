"""EMHASS as tests need it: what it publishes, and the automation that follows it."""

from datetime import timedelta
from typing import Any

from homeassistant.util import dt as dt_util

from .blueprints import automate, settled
from .conftest import House
from .keeping import MINUTE, SECOND

P_BATT = "sensor.p_batt_forecast"
P_GRID = "sensor.p_grid_forecast"
SOC = "sensor.soc_batt_forecast"
STATUS = "sensor.optim_status"
LATER = 12 * SECOND
"""Until a new phase is taken up."""


class Emhass:
    """EMHASS as far as Home Assistant sees it: states that it posts one by one, as text.

    Battery + discharges, grid + imports, W; state of charge in percent.
    """

    def __init__(self, house: House[Any]) -> None:
        """Take the house that it plans for."""
        self.house = house

    async def publish(
        self,
        battery_w: float,
        grid_w: float,
        *,
        status: str = "Optimal",
        soc: float | None = None,
        hours: float = 24,
    ) -> None:
        """Post the plan of now and of the hours to come, as `publish-data` does."""
        now = dt_util.now()
        rows = [
            {
                "date": (now + n * timedelta(minutes=30)).isoformat(),
                "p_batt_forecast": f"{battery_w:.2f}",
            }
            for n in range(int(hours * 2))
        ]
        watts = {"unit_of_measurement": "W", "device_class": "power"}
        posts = [
            (STATUS, status, {}),
            (P_BATT, f"{battery_w:.2f}", watts | {"battery_scheduled_power": rows}),
            (SOC, None if soc is None else f"{soc:.2f}", {"unit_of_measurement": "%"}),
            (P_GRID, f"{grid_w:.2f}", watts),
        ]
        for entity_id, state, attributes in posts:
            if state is not None:
                self.house.hass.states.async_set(entity_id, state, attributes)
                await settled(self.house, SECOND)
        await settled(self.house, LATER)

    async def go_on(self, minutes: int, *plan: float, **more: Any) -> None:
        """Publish the same every five minutes for a while."""
        for _ in range(0, minutes, 5):
            await self.publish(*plan, **more)
            await self.house.pass_time(5 * MINUTE - LATER)


async def follow(emhass: Emhass, device: str | None = None, **inputs: Any) -> None:
    """Make the automation."""
    house = emhass.house
    await automate(house, "follow_emhass", device=house.device_id(device), **inputs)
