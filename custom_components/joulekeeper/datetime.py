"""The start of the schedule being put together; nothing is sent from here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, override

from homeassistant.components.datetime import DateTimeEntity, DateTimeEntityDescription
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import (
    ControlDescription,
    ControlEntity,
    async_add_when_known,
    control_candidates,
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
    """Set up the starts."""
    async_add_when_known(
        entry,
        async_add_entities,
        Platform.DATETIME,
        control_candidates(entry.runtime_data, (STAGED_START,), StagingStart),
    )


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
