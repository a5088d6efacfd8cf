"""Instants: the start of the schedule being put together, and of settings.

Nothing is sent from here.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, override

from homeassistant.components.datetime import DateTimeEntity, DateTimeEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .descriptions import ReadingDateTimeDescription
from .entity import (
    ControlDescription,
    ControlEntity,
    SettingEntity,
    async_add_when_known,
    control_candidates,
    reading_candidates,
)
from .runtime import JoulekeeperConfigEntry

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class StagingStartDescription(ControlDescription, DateTimeEntityDescription):
    """The start of the next schedule of a device."""


STAGED_START: Final = StagingStartDescription(
    key="staged_start",
    translation_key="staged_start",
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the instants."""
    runtime = entry.runtime_data
    for candidates in (
        control_candidates(runtime, (STAGED_START,), StagingStart),
        reading_candidates(runtime, Platform.DATETIME, SettingDateTime),
    ):
        async_add_when_known(entry, async_add_entities, Platform.DATETIME, candidates)


class StagingStart(ControlEntity, DateTimeEntity):
    """When the next schedule starts; unknown means as soon as it is created."""

    @property
    @override
    def native_value(self) -> datetime | None:
        return self._control.staging.start

    @override
    async def async_set_value(self, value: datetime) -> None:
        """Keep the start for the next schedule."""
        self._control.staging.start = value.astimezone(UTC)
        self._control.staging.changed()


class SettingDateTime(SettingEntity, DateTimeEntity):
    """An instant that is sent with another setting, and kept here until then."""

    entity_description: ReadingDateTimeDescription

    @property
    @override
    def native_value(self) -> datetime | None:
        staged = self._runtime.keeper.settings.staged(self._device)
        value: datetime | None = staged.get(self.entity_description.key, self._setting)
        return value

    @override
    async def async_set_value(self, value: datetime) -> None:
        """Keep the instant until the setting is set that it belongs to."""
        settings = self._runtime.keeper.settings
        settings.stage(self._device, self.entity_description, value.astimezone(UTC))
