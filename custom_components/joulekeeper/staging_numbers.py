"""The numbers of the schedule being put together."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from homeassistant.components.number import (
    NumberDeviceClass,
    NumberEntityDescription,
    NumberMode,
)
from homeassistant.const import UnitOfApparentPower, UnitOfPower, UnitOfTime

from .core.capabilities import Capabilities
from .core.schedule import MINUTE
from .entity import ControlDescription
from .staging import Staging

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
