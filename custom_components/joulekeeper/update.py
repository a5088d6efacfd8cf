"""Updates: the firmware that devices have and could have; nothing is installed here."""

from typing import override

from homeassistant.components.update import UpdateEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .descriptions import ReadingUpdateDescription
from .entity import ReadingEntity, async_add_when_known, reading_candidates
from .runtime import JoulekeeperConfigEntry

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the updates."""
    candidates = reading_candidates(entry.runtime_data, Platform.UPDATE, ReadingUpdate)
    async_add_when_known(entry, async_add_entities, Platform.UPDATE, candidates)


class ReadingUpdate(ReadingEntity, UpdateEntity):
    """A firmware out of a cloud's readings."""

    entity_description: ReadingUpdateDescription

    @property
    @override
    def installed_version(self) -> str | None:
        value = self.entity_description.value(self._readings)
        return None if value is None else str(value)

    @property
    @override
    def latest_version(self) -> str | None:
        return self.entity_description.latest(self._readings)

    @property
    @override
    def release_summary(self) -> str | None:
        if self.latest_version in (None, self.installed_version):
            return None
        return "Only the maker's app can install it."
