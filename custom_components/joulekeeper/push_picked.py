"""Entities that were picked by hand as a source, and what flows by them.

Powers are W, energies kWh, states of charge percent; grid + is import, battery + is
discharge. What is unavailable, unknown or too old is unknown, never 0.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
import math
from typing import Any, Final

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    UnitOfEnergy,
    UnitOfPower,
)
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, State, callback
from homeassistant.helpers.event import (
    EventStateChangedData,
    async_track_state_change_event,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter, PowerConverter

from .core.flow import MeterKind, SiteFlow, SiteMeter, total
from .push_feed import Trouble, sun_elevation

CONF_ENTITIES: Final = "entities"

CONF_SOLAR: Final = "solar_power"
CONF_GRID: Final = "grid_power"
CONF_INVERT_GRID: Final = "invert_grid"
CONF_LOAD: Final = "load_power"
CONF_BATTERY: Final = "battery_power"
CONF_INVERT_BATTERY: Final = "invert_battery"
CONF_CHARGE: Final = "state_of_charge"
CONF_STORED: Final = "stored_energy"
CONF_IMPORTED: Final = "grid_import_energy"
CONF_EXPORTED: Final = "grid_export_energy"

POWERS: Final = (CONF_SOLAR, CONF_GRID, CONF_LOAD, CONF_BATTERY)
ENERGIES: Final = (CONF_STORED, CONF_IMPORTED, CONF_EXPORTED)
SHARES: Final = (CONF_CHARGE,)
SUMMED: Final = frozenset({CONF_SOLAR, CONF_LOAD})
"""Of these several entities may be picked."""

_RESTS: Final = timedelta(days=1)
"""What may rest need not be reported for so long: some devices tell changes only."""
_LOW_SUN: Final = 10
"""Degrees; below, panels may well give nothing."""


class EntityFeed:
    """Entities that were picked by hand, in whatever units and signs they are."""

    def __init__(
        self, hass: HomeAssistant, picked: Mapping[str, Any], max_age: timedelta | None
    ) -> None:
        """Read entities by the roles that they were picked for."""
        self._hass = hass
        self._picked = picked
        self._max_age = max_age

    def read(self) -> SiteFlow | Trouble:
        """Return what flows at present, or why that is not known."""
        there = any(
            self._hass.states.get(entity_id)
            for role in POWERS
            for entity_id in entities_of(self._picked, role)
        )
        if not there and self._hass.is_running:
            return Trouble.REMOVED
        return self._flow()

    def _flow(self) -> SiteFlow:
        picked = self._picked
        grid = any(
            picked.get(role) for role in (CONF_GRID, CONF_IMPORTED, CONF_EXPORTED)
        )
        meter = SiteMeter(
            kind=MeterKind.GRID_METER,
            grid_w=self._value(CONF_GRID, inverted=picked.get(CONF_INVERT_GRID, False)),
            import_kwh=self._value(CONF_IMPORTED),
            export_kwh=self._value(CONF_EXPORTED),
        )
        return SiteFlow(
            production_w=self._value(CONF_SOLAR),
            load_w=self._value(CONF_LOAD),
            has_battery=any(picked.get(role) for role in (CONF_BATTERY, CONF_CHARGE)),
            battery_w=self._value(
                CONF_BATTERY, inverted=picked.get(CONF_INVERT_BATTERY, False)
            ),
            state_of_charge=self._value(CONF_CHARGE),
            stored_kwh=self._value(CONF_STORED),
            meters=(meter,) if grid else (),
            outdated=any(
                self._is_outdated(self._hass.states.get(entity_id), role)
                for role in POWERS
                for entity_id in entities_of(picked, role)
            ),
        )

    def _value(self, role: str, *, inverted: bool = False) -> float | None:
        """Return the sum of a role's entities, None unless all are known and fresh."""
        value = total(
            None if self._is_outdated(state, role) else value_of(state, role)
            for entity_id in entities_of(self._picked, role)
            for state in (self._hass.states.get(entity_id),)
        )
        return -value if value is not None and inverted else value

    def _is_outdated(self, state: State | None, role: str) -> bool:
        """Tell whether a value is there, but was reported too long ago."""
        value = value_of(state, role)
        if state is None or value is None or self._max_age is None:
            return False
        rests = self._may_rest(role, value)
        longest = max(self._max_age, _RESTS) if rests else self._max_age
        return dt_util.utcnow() - state.last_reported > longest

    def _may_rest(self, role: str, value: float) -> bool:
        """Tell whether a value may be true for long without being reported again.

        A charge, an energy; 0 of a battery, of what is consumed, and of panels while
        the sun is low. A grid connection never rests.
        """
        if role not in POWERS:
            return True
        if role == CONF_SOLAR:
            low = sun_elevation(self._hass, dt_util.utcnow()) < _LOW_SUN
            return value == 0 and low
        return value == 0 and role != CONF_GRID

    @callback
    def async_start(self, on_change: Callable[[], None]) -> CALLBACK_TYPE:
        """Follow the source until the returned function is called."""

        @callback
        def changed(event: Event[EventStateChangedData]) -> None:
            on_change()

        ids = {
            entity_id
            for role in (*POWERS, *ENERGIES, *SHARES)
            for entity_id in entities_of(self._picked, role)
        }
        return async_track_state_change_event(self._hass, ids, changed)


def entities_of(picked: Mapping[str, Any], role: str) -> Iterable[str]:
    """Return the entities that were picked for a role; none, one or several."""
    chosen = picked.get(role) or ()
    return (chosen,) if isinstance(chosen, str) else tuple(chosen)


def value_of(state: State | None, role: str) -> float | None:
    """Return a state in the unit of its role, None where it tells no number of it."""
    if state is None:
        return None
    try:
        value = float(state.state)
    except ValueError:
        return None
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if not math.isfinite(value) or not is_unit_of(unit, role):
        return None
    if role in POWERS:
        return PowerConverter.convert(value, unit, UnitOfPower.WATT)
    if role in ENERGIES:
        return EnergyConverter.convert(value, unit, UnitOfEnergy.KILO_WATT_HOUR)
    return value


def is_unit_of(unit: str | None, role: str) -> bool:
    """Tell whether values in a unit can be what a role asks for."""
    if role in POWERS:
        return unit in PowerConverter.VALID_UNITS
    if role in ENERGIES:
        return unit in EnergyConverter.VALID_UNITS
    return unit == PERCENTAGE
