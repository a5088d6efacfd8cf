"""Short forms for the entity tables, typed by what an endpoint delivers."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.const import EntityCategory

from ....core.models import DeviceReadings
from ....descriptions import ENERGY_OF_DAY, ReadingSensorDescription, Value, sensor
from ..day import Today
from ..endpoints import FLOOR, PLAN, POWER, SUMMARY, SYSTEM, TODAY
from ..models import LivePower, Summary, System
from ..plan_edits import Settings, store_of
from ..settings import ChargeSettings

SLOTS: Final = 2
PERIODS: Final = 6
"""Of 28 a week that are possible; all of them are in the calendar."""


def live(
    key: str, value_fn: Callable[[LivePower], Value], **details: Any
) -> ReadingSensorDescription:
    """Return a sensor of the power flow."""
    return sensor(
        key, (POWER,), lambda readings: value_fn(readings[POWER].flow), **details
    )


def today(
    key: str, value_fn: Callable[[Today], float | None], **details: Any
) -> ReadingSensorDescription:
    """Return a sensor of an energy that begins anew with the plant's day."""
    return sensor(
        key,
        (TODAY,),
        lambda readings: value_fn(readings[TODAY]),
        last_reset_fn=lambda readings: readings[TODAY].begins,
        **ENERGY_OF_DAY,
        **details,
    )


def summed(
    key: str, value_fn: Callable[[Summary], Value], **details: Any
) -> ReadingSensorDescription:
    """Return a sensor of the summary."""
    return sensor(
        key, (SUMMARY,), lambda readings: value_fn(readings[SUMMARY]), **details
    )


def fact(
    key: str,
    value_fn: Callable[[System], Value],
    *,
    enabled: bool = False,
    **details: Any,
) -> ReadingSensorDescription:
    """Return a diagnostic sensor of what seldom changes, off by default."""
    return sensor(
        key,
        (SYSTEM,),
        lambda readings: value_fn(readings[SYSTEM]),
        enabled=enabled,
        entity_category=EntityCategory.DIAGNOSTIC,
        **details,
    )


def of_store[T](
    value_fn: Callable[[Settings], T], *, charges: bool
) -> Callable[[DeviceReadings], T]:
    """Return what reads a daily store; LookupError where it does not govern."""
    return lambda readings: value_fn(store_of(readings[PLAN], charges=charges))


def percent_of(store: Settings) -> float | None:
    """Return how far a daily store lets the battery charge, or discharge."""
    return store.target_soc if isinstance(store, ChargeSettings) else store.floor_soc


def floor_of(readings: DeviceReadings) -> float | None:
    """Return the floor of discharging, which holds whatever governs the windows."""
    if (store := readings[PLAN].discharge) is not None:
        return store.floor_soc
    return readings[FLOOR].soc
