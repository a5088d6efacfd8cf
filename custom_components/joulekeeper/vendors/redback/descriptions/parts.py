"""Short forms for the entity tables, typed by what an endpoint delivers."""

from collections.abc import Callable
from typing import Any

from homeassistant.const import EntityCategory

from ....descriptions import ReadingSensorDescription, Value, sensor
from ..endpoints import CONFIGURATION, DYNAMIC, STATIC
from ..models import Configuration, Dynamic, Static


def live(
    key: str, value_fn: Callable[[Dynamic], Value], **details: Any
) -> ReadingSensorDescription:
    """Return a sensor of the telemetry."""
    return sensor(
        key, (DYNAMIC,), lambda readings: value_fn(readings[DYNAMIC]), **details
    )


def fact(
    key: str,
    value_fn: Callable[[Static], Value],
    *,
    enabled: bool = False,
    **details: Any,
) -> ReadingSensorDescription:
    """Return a diagnostic sensor of what seldom changes, off by default."""
    return sensor(
        key,
        (STATIC,),
        lambda readings: value_fn(readings[STATIC]),
        enabled=enabled,
        entity_category=EntityCategory.DIAGNOSTIC,
        **details,
    )


def setting(
    key: str, value_fn: Callable[[Configuration], Value], **details: Any
) -> ReadingSensorDescription:
    """Return a diagnostic sensor of the configuration in force."""
    return sensor(
        key,
        (CONFIGURATION,),
        lambda readings: value_fn(readings[CONFIGURATION]),
        entity_category=EntityCategory.DIAGNOSTIC,
        **details,
    )
