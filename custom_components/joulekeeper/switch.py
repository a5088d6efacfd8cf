"""Switches out of the vendors' tables, and the one that pauses pushes."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .descriptions import ReadingSwitchDescription
from .entity import SettingEntity, async_add_when_known, reading_candidates
from .push import pusher_of
from .push_entities import PUSH_SWITCH, PushEntity
from .runtime import JoulekeeperConfigEntry

# The keeper takes turns, and writes together what comes together.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the switches."""
    if (pusher := pusher_of(entry)) is not None:
        async_add_entities([PushSwitch(pusher, PUSH_SWITCH)])
        return
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


class PushSwitch(PushEntity, SwitchEntity):
    """Whether a target is told what flows; off is a pause."""

    @property
    @override
    def is_on(self) -> bool:
        return not self._pusher.paused

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Go on telling."""
        self._pusher.async_pause(False)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Tell nothing for now."""
        self._pusher.async_pause(True)
