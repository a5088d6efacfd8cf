"""Entities that set: windows, periods, limits, EV chargers (dossier 5.1 to 5.3).

What a system can set hangs on the store that governs it, as in `settings`. They show the
plan as its owner wants it; the sensors show what the cloud holds, also what is borrowed.
"""

from collections.abc import Callable, Iterable
from datetime import time
from typing import Any, Final

from homeassistant.components.number.const import NumberDeviceClass, NumberMode
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfPower,
)

from ....core.errors import InvalidRequest
from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    ReadingNumberDescription,
    ReadingSwitchDescription,
    ReadingTimeDescription,
    nth,
)
from ...base import PlanEdit, VendorCall
from ..client import ev_control_call, household_current_call
from ..endpoints import CHARGERS, EV_CURRENT, PLAN, SYSTEM
from ..ev import EvState
from ..periodic import Period
from ..plan_edits import (
    Edge,
    enabling,
    end_at,
    limiting,
    limiting_period,
    moving_period,
    moving_slot,
    periods_of,
    powering,
    start_at,
)
from ..schedule import DEFAULT_MAX_POWER_W
from ..settings import TimeWindow
from .charger import STARTABLE, STOPPABLE, status_of
from .parts import PERIODS, SLOTS, of_store, percent_of

_USUAL_PERIODS: Final = 2
_CONFIG: Final[dict[str, Any]] = {"entity_category": EntityCategory.CONFIG}
_PERCENT: Final[dict[str, Any]] = {
    "native_unit_of_measurement": PERCENTAGE,
    "native_max_value": 100,
    "native_step": 1,
}
_EDGES: Final[tuple[tuple[str, Edge], ...]] = (("start", start_at), ("end", end_at))


def _edge_of(window: TimeWindow | None, name: str) -> time | None:
    """Return the start or the end of a window, None of an empty one."""
    if window is None or window.unused:
        return None
    return window.start if name == "start" else window.end


def _other(name: str) -> str:
    return "end" if name == "start" else "start"


# -- the daily stores --------------------------------------------------------------


def _governs(*, charges: bool) -> Callable[[DeviceReadings], bool]:
    return of_store(lambda store: True, charges=charges)


def _switch(key: str, *, charges: bool) -> ReadingSwitchDescription:
    return ReadingSwitchDescription(
        key=key,
        translation_key=key,
        device_kind=DeviceKind.INVERTER,
        inputs=(PLAN,),
        value_fn=of_store(lambda store: store.enabled, charges=charges),
        there_fn=_governs(charges=charges),
        edit_fn=lambda readings, on: enabling(charges=charges, on=on),
        **_CONFIG,
    )


def _slot(name: str, index: int, *, charges: bool) -> Iterable[ReadingTimeDescription]:
    def at_edge(edge: str, move: Edge) -> ReadingTimeDescription:
        return ReadingTimeDescription(
            key=f"{name}_{index + 1}_{edge}",
            translation_key=f"{name}_{edge}",
            translation_placeholders={"number": str(index + 1)},
            device_kind=DeviceKind.INVERTER,
            inputs=(PLAN,),
            value_fn=of_store(
                lambda store: _edge_of(store.slots[index], edge), charges=charges
            ),
            there_fn=_governs(charges=charges),
            edit_fn=lambda readings, at: moving_slot(index, move, at, charges=charges),
            null_with=f"{name}_{index + 1}_{_other(edge)}",
            **_CONFIG,
        )

    return (at_edge(edge, move) for edge, move in _EDGES)


def _limit(key: str, *, charges: bool) -> ReadingNumberDescription:
    return ReadingNumberDescription(
        key=key,
        translation_key=key,
        device_kind=DeviceKind.BATTERY,
        inputs=(PLAN,),
        value_fn=of_store(percent_of, charges=charges),
        there_fn=_governs(charges=charges),
        edit_fn=lambda readings, percent: limiting(percent, charges=charges),
        native_min_value=0,
        **_PERCENT,
        **_CONFIG,
    )


# -- the periodic schedule ---------------------------------------------------------


def _details(index: int, *, charges: bool) -> dict[str, Any]:
    """Return what all settings of a period share."""

    def is_there(readings: DeviceReadings) -> bool:
        return index < len(periods_of(readings[PLAN], charges=charges))

    return {
        "translation_placeholders": {"number": str(index + 1)},
        "device_kind": DeviceKind.INVERTER,
        "there_fn": is_there,
        "open_fn": lambda readings: readings[PLAN].periodic is not None,
        "entity_registry_enabled_default": index < _USUAL_PERIODS,
        **_CONFIG,
    }


def _of_period[T](
    value_fn: Callable[[Period], T], index: int, *, charges: bool
) -> Callable[[DeviceReadings], T]:
    return lambda readings: value_fn(
        nth(periods_of(readings[PLAN], charges=charges), index)
    )


def _times(name: str, index: int, *, charges: bool) -> Iterable[ReadingTimeDescription]:
    def at_edge(edge: str, move: Edge) -> ReadingTimeDescription:
        def edit(readings: DeviceReadings, at: time | None) -> PlanEdit:
            return moving_period(readings[PLAN], index, move, at, charges=charges)

        return ReadingTimeDescription(
            key=f"{name}_{index + 1}_{edge}",
            translation_key=f"{name}_{edge}",
            inputs=(PLAN,),
            value_fn=_of_period(
                lambda period: _edge_of(period.window, edge), index, charges=charges
            ),
            edit_fn=edit,
            null_with=f"{name}_{index + 1}_{_other(edge)}",
            **_details(index, charges=charges),
        )

    return (at_edge(edge, move) for edge, move in _EDGES)


def _numbers(
    name: str, index: int, *, charges: bool
) -> Iterable[ReadingNumberDescription]:
    return (
        ReadingNumberDescription(
            key=f"{name}_{index + 1}_power",
            translation_key=f"{name}_power",
            device_class=NumberDeviceClass.POWER,
            native_unit_of_measurement=UnitOfPower.WATT,
            native_min_value=1,
            native_max_value=DEFAULT_MAX_POWER_W,
            native_step=1,
            mode=NumberMode.BOX,
            inputs=(PLAN, SYSTEM),
            value_fn=_of_period(lambda item: item.power_w, index, charges=charges),
            max_fn=lambda readings: readings[SYSTEM].inverter_power_w,
            edit_fn=lambda readings, power: powering(
                readings[PLAN], index, power, charges=charges
            ),
            **_details(index, charges=charges),
        ),
        ReadingNumberDescription(
            key=f"{name}_{index + 1}_limit",
            translation_key=f"{name}_limit",
            native_min_value=10,
            inputs=(PLAN,),
            value_fn=_of_period(lambda item: item.limit_soc, index, charges=charges),
            edit_fn=lambda readings, percent: limiting_period(
                readings[PLAN], index, percent, charges=charges
            ),
            **_PERCENT,
            **_details(index, charges=charges),
        ),
    )


# -- EV chargers -------------------------------------------------------------------


def _charging_call(readings: DeviceReadings, charge: bool) -> VendorCall | None:
    """Return the start or stop of a charger, none when it is so already.

    What cannot be is refused; of a status without a known meaning the cloud is to say.
    """
    try:
        state = status_of(readings).state
    except LookupError:
        state = None
    call = ev_control_call(readings.device_id, readings.part_id, charge=charge)
    if state is None or state in (STARTABLE if charge else STOPPABLE):
        return call
    if state is EvState.FAULTED:
        raise InvalidRequest("the charger has a fault", reason="ev_faulted")
    if charge and state is EvState.AVAILABLE:
        raise InvalidRequest("no car is plugged in", reason="ev_not_plugged_in")
    return None


def _has_obeyed(readings: DeviceReadings, charge: bool) -> bool:
    """Tell whether a charger was started, though no car may take anything, or stopped."""
    state = status_of(readings).state
    return state in STOPPABLE if charge else state not in STOPPABLE


SETTINGS_SWITCHES: Final = (
    _switch("scheduled_grid_charging", charges=True),
    _switch("discharge_windows", charges=False),
    ReadingSwitchDescription(
        key="charging",
        translation_key="charge_car",
        device_kind=DeviceKind.EV_CHARGER,
        inputs=(CHARGERS,),
        value_fn=lambda readings: (
            None
            if (state := status_of(readings).state) is None
            else state is EvState.CHARGING
        ),
        there_fn=lambda readings: status_of(readings) is not None,
        call_fn=_charging_call,
        done_fn=_has_obeyed,
    ),
)

SETTINGS_TIMES: Final = (
    *(
        item
        for name, charges in (("charge_window", True), ("discharge_window", False))
        for index in range(SLOTS)
        for item in _slot(name, index, charges=charges)
    ),
    *(
        item
        for name, charges in (("charge_period", True), ("discharge_period", False))
        for index in range(PERIODS)
        for item in _times(name, index, charges=charges)
    ),
)

SETTINGS_NUMBERS: Final = (
    _limit("charge_limit", charges=True),
    _limit("discharge_floor", charges=False),
    *(
        item
        for name, charges in (("charge_period", True), ("discharge_period", False))
        for index in range(PERIODS)
        for item in _numbers(name, index, charges=charges)
    ),
    # Not the current of charging, which cannot be set (dossier 2.10).
    ReadingNumberDescription(
        key="household_current",
        translation_key="household_current",
        device_class=NumberDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        native_min_value=6,
        native_max_value=32,
        native_step=1,
        device_kind=DeviceKind.INVERTER,
        inputs=(EV_CURRENT,),
        value_fn=lambda readings: readings[EV_CURRENT].household_a,
        there_fn=lambda readings: readings[EV_CURRENT].household_a is not None,
        call_fn=lambda readings, amperes: household_current_call(
            readings.device_id, amperes
        ),
        **_CONFIG,
    ),
)
