"""Numbers: of the schedule being put together, and settings out of the tables."""

from typing import override

from homeassistant.components.number import NumberEntity, RestoreNumber
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .descriptions import ReadingNumberDescription
from .entity import (
    ControlEntity,
    SettingEntity,
    async_add_when_known,
    control_candidates,
    reading_candidates,
)
from .runtime import JoulekeeperConfigEntry
from .staging_numbers import STAGING_NUMBERS, StagingNumberDescription

# The keeper takes turns, and writes together what comes together.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the numbers."""
    for candidates in (
        control_candidates(entry.runtime_data, STAGING_NUMBERS, StagingNumber),
        reading_candidates(entry.runtime_data, Platform.NUMBER, SettingNumber),
    ):
        async_add_when_known(entry, async_add_entities, Platform.NUMBER, candidates)


class StagingNumber(ControlEntity, RestoreNumber):
    """A number of the schedule being put together, kept over restarts."""

    entity_description: StagingNumberDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Take up the number of before."""
        last = await self.async_get_last_number_data()
        if last is not None and last.native_value is not None:
            self.entity_description.set_fn(
                self._control.staging, round(last.native_value)
            )
        await super().async_added_to_hass()

    @property
    @override
    def native_value(self) -> int | None:
        return self.entity_description.value_fn(self._control.staging)

    @property
    @override
    def native_max_value(self) -> float:
        return self.entity_description.max_fn(self._control.capabilities)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Keep the number for the next schedule."""
        self.entity_description.set_fn(self._control.staging, round(value))
        self._control.staging.changed()


class SettingNumber(SettingEntity, NumberEntity):
    """A setting that is a number."""

    entity_description: ReadingNumberDescription

    @property
    @override
    def native_value(self) -> float | None:
        value: float | None = self._setting
        return int(value) if value is not None and value == int(value) else value

    @property
    @override
    def native_min_value(self) -> float:
        return self.entity_description.least(self._readings)

    @property
    @override
    def native_max_value(self) -> float:
        return self.entity_description.largest(self._readings)

    @property
    @override
    def native_unit_of_measurement(self) -> str | None:
        return self.entity_description.unit(self._readings)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the number."""
        await self._async_set(value)
