"""Short forms for the entity tables, typed by what an endpoint delivers."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from homeassistant.const import EntityCategory
from homeassistant.helpers.typing import StateType

from ....core.models import DeviceKind, DeviceReadings, Reading
from ....descriptions import ReadingSensorDescription
from ..endpoints import CONFIGURATION, DYNAMIC, STATIC
from ..models import Configuration, Dynamic, Static

type Value = StateType | date | datetime

OFF: Final[dict[str, Any]] = {"enabled": False}


def sensor(
    key: str,
    inputs: tuple[Reading[Any], ...],
    value_fn: Callable[[DeviceReadings], Value],
    *,
    on: DeviceKind = DeviceKind.INVERTER,
    enabled: bool = True,
    name: str | None = None,
    number: str | int | None = None,
    **details: Any,
) -> ReadingSensorDescription:
    """Return a sensor; `name` is the text that numbered sensors share."""
    return ReadingSensorDescription(
        key=key,
        translation_key=name or key,
        translation_placeholders=None
        if number is None
        else {"number": str(number).upper()},
        device_kind=on,
        inputs=inputs,
        value_fn=value_fn,
        entity_registry_enabled_default=enabled,
        **details,
    )


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


def nth[T](items: tuple[T, ...], index: int) -> T:
    """Return an item; LookupError, which reads as unknown, where there is none."""
    return items[index]


def share(part: float | None, whole: float | None) -> float | None:
    """Return a part of a whole in percent."""
    if part is None or not whole:
        return None
    return round(part / whole * 100, 1)


def product(first: float | None, second: float | None) -> float | None:
    """Return a product, unknown when a factor is."""
    if first is None or second is None:
        return None
    return round(first * second, 3)
