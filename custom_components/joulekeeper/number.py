"""Numbers: of the schedule being put together, and settings out of the tables."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, override

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntity,
    NumberEntityDescription,
    NumberMode,
    RestoreNumber,
)
from homeassistant.const import Platform, UnitOfApparentPower, UnitOfPower, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .core.capabilities import Capabilities
from .core.schedule import MINUTE
from .descriptions import ReadingNumberDescription
from .entity import (
    ControlDescription,
    ControlEntity,
    SettingEntity,
    async_add_when_known,
    control_candidates,
    reading_candidates,
)
from .runtime import JoulekeeperConfigEntry
from .staging import Staging

# The keeper takes turns, and writes together what comes together.
PARALLEL_UPDATES = 0

MAX_CAP: Final = 100_000
"""W or VA; more than any home has."""


@dataclass(frozen=True, kw_only=True)
class StagingNumberDescription(ControlDescription, NumberEntityDescription):
    """A number that goes into the next schedule; `set_fn` gets a whole number."""

    value_fn: Callable[[Staging], int | None]
    set_fn: Callable[[Staging, int], None]
    max_fn: Callable[[Capabilities], float]


def _set_power(staging: Staging, value: int) -> None:
    staging.power_w = value


def _set_duration(staging: Staging, value: int) -> None:
    staging.duration_min = value


def _cap(key: str, field: str) -> StagingNumberDescription:
    apparent = field.endswith("_va")

    def set_cap(staging: Staging, value: int) -> None:
        staging.caps[field] = value

    return StagingNumberDescription(
        key=f"staged_{key}",
        translation_key=f"staged_{key}",
        device_class=NumberDeviceClass.APPARENT_POWER
        if apparent
        else NumberDeviceClass.POWER,
        native_unit_of_measurement=UnitOfApparentPower.VOLT_AMPERE
        if apparent
        else UnitOfPower.WATT,
        native_min_value=0,
        native_step=1,
        mode=NumberMode.BOX,
        entity_registry_enabled_default=key == "max_export",
        wanted=attrgetter("takes_limits"),
        value_fn=lambda staging: staging.caps.get(field),
        set_fn=set_cap,
        max_fn=lambda able: MAX_CAP,
    )


STAGING_NUMBERS: Final = (
    StagingNumberDescription(
        key="staged_power",
        translation_key="staged_power",
        device_class=NumberDeviceClass.POWER,
        native_unit_of_measurement=UnitOfPower.WATT,
        native_min_value=1,
        native_step=1,
        mode=NumberMode.BOX,
        wanted=attrgetter("takes_power"),
        value_fn=lambda staging: staging.power_w,
        set_fn=_set_power,
        max_fn=lambda able: able.max_power_w,
    ),
    StagingNumberDescription(
        key="staged_duration",
        translation_key="staged_duration",
        device_class=NumberDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.MINUTES,
        native_min_value=1,
        native_step=1,
        mode=NumberMode.BOX,
        value_fn=lambda staging: staging.duration_min,
        set_fn=_set_duration,
        max_fn=lambda able: able.max_duration / MINUTE,
    ),
    _cap("max_import", "max_import_w"),
    _cap("max_export", "max_export_w"),
    _cap("max_charge", "max_charge_w"),
    _cap("max_discharge", "max_discharge_w"),
    _cap("max_generation", "max_generation_va"),
)


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
    def native_max_value(self) -> float:
        return self.entity_description.largest(self._readings)

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the number."""
        await self._async_set(value)
