"""Table of the sensor for how far the import of a device's past has come."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.const import PERCENTAGE, EntityCategory

from .core.history_job import ImportJob


@dataclass(frozen=True, kw_only=True)
class HistorySensorDescription(SensorEntityDescription):
    """What is known of the import of one device's past."""

    value_fn: Callable[[ImportJob], int | None]


HISTORY_SENSORS: Final = (
    HistorySensorDescription(
        key="history_import",
        translation_key="history_import",
        native_unit_of_measurement=PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda job: job.progress,
    ),
)
