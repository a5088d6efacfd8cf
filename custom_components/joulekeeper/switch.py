"""Switches out of the vendors' tables."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .descriptions import ReadingSwitchDescription
from .entity import SettingEntity, async_add_when_known, reading_candidates
from .runtime import JoulekeeperConfigEntry

# The keeper takes turns, and writes together what comes together.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switches."""
    async_add_when_known(
        entry,
        async_add_entities,
        Platform.SWITCH,
        reading_candidates(entry.runtime_data, Platform.SWITCH, SettingSwitch),
    )


class SettingSwitch(SettingEntity, SwitchEntity):
    """A setting that is on or off."""

    entity_description: ReadingSwitchDescription

    @property
    @override
    def is_on(self) -> bool | None:
        value: bool | None = self._setting
        return value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch it on."""
        await self._async_set(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch it off."""
        await self._async_set(False)
