"""Times of the wall clock out of the vendors' tables."""

from datetime import time
from typing import override

from homeassistant.components.time import TimeEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .descriptions import ReadingTimeDescription
from .entity import SettingEntity, async_add_when_known, reading_candidates
from .runtime import JoulekeeperConfigEntry

# The keeper takes turns, and writes together what comes together.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the times."""
    async_add_when_known(
        entry,
        async_add_entities,
        Platform.TIME,
        reading_candidates(entry.runtime_data, Platform.TIME, SettingTime),
    )


class SettingTime(SettingEntity, TimeEntity):
    """A setting that is a time of the plant's wall clock."""

    entity_description: ReadingTimeDescription

    @property
    @override
    def native_value(self) -> time | None:
        value: time | None = self._setting
        return value

    @override
    async def async_set_value(self, value: time) -> None:
        """Set the time."""
        await self._async_set(value)
