"""Entities of what is set: the daily stores, or the periodic schedule in their place.

A system that has the periodic schedule follows it; what its daily stores hold besides
has no effect, or one that nobody expects (dossier 2.7), and is not shown.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import EntityCategory

from ....core.models import DeviceKind
from ....descriptions import (
    DIAGNOSTIC,
    LIMIT_W,
    SHARE,
    ReadingBinarySensorDescription,
    ReadingSensorDescription,
    Value,
    nth,
    sensor,
)
from ..endpoints import FLOOR, PLAN
from ..periodic import Period
from ..plan_edits import periods_of
from ..settings import ALL_DAYS, TimeWindow
from .parts import PERIODS, SLOTS, floor_of, of_store, percent_of

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _text(window: TimeWindow | None) -> str | None:
    if window is None or window.unused:
        return None
    return f"{window.start:%H:%M}-{window.end:%H:%M}"


def _period_text(period: Period) -> str | None:
    text = _text(period.window)
    if text is None or period.weekdays in {None, ALL_DAYS}:
        return text
    days = " ".join(_WEEKDAYS[day] for day in sorted(period.weekdays or ()))
    return f"{text} {days}"


def _window(name: str, index: int, *, charges: bool) -> ReadingSensorDescription:
    return sensor(
        f"{name}_{index + 1}",
        (PLAN,),
        of_store(lambda store: _text(store.slots[index]), charges=charges),
        name=name,
        number=index + 1,
        **DIAGNOSTIC,
    )


def _period(
    name: str, index: int, *, charges: bool
) -> Iterable[ReadingSensorDescription]:
    number = index + 1

    def of_period(
        key: str, value_fn: Callable[[Period], Value], **details: Any
    ) -> ReadingSensorDescription:
        return sensor(
            f"{name}_{number}{key}",
            (PLAN,),
            lambda readings: value_fn(
                nth(periods_of(readings[PLAN], charges=charges), index)
            ),
            name=f"{name}{key}",
            number=number,
            **details,
            **DIAGNOSTIC,
        )

    return (
        of_period("", _period_text),
        of_period("_power", lambda period: period.power_w, **LIMIT_W),
        of_period("_limit", lambda period: period.limit_soc, **SHARE),
    )


SETTINGS_SENSORS: Final = (
    *(_window("charge_window", index, charges=True) for index in range(SLOTS)),
    *(_window("discharge_window", index, charges=False) for index in range(SLOTS)),
    *(
        item
        for index in range(PERIODS)
        for item in _period("charge_period", index, charges=True)
    ),
    *(
        item
        for index in range(PERIODS)
        for item in _period("discharge_period", index, charges=False)
    ),
    sensor(
        "schedule_store",
        (PLAN,),
        lambda readings: "daily" if readings[PLAN].periodic is None else "periodic",
        device_class=SensorDeviceClass.ENUM,
        options=["daily", "periodic"],
        **DIAGNOSTIC,
    ),
    sensor(
        "grid_charge_limit",
        (PLAN,),
        of_store(percent_of, charges=True),
        on=DeviceKind.BATTERY,
        **SHARE,
        **DIAGNOSTIC,
    ),
    # The floor holds at any time, whatever governs the windows.
    sensor(
        "min_state_of_charge",
        (PLAN, FLOOR),
        floor_of,
        on=DeviceKind.BATTERY,
        **SHARE,
        **DIAGNOSTIC,
    ),
)


def _flag(key: str, *, charges: bool) -> ReadingBinarySensorDescription:
    return ReadingBinarySensorDescription(
        key=key,
        translation_key=key,
        entity_category=EntityCategory.DIAGNOSTIC,
        device_kind=DeviceKind.INVERTER,
        inputs=(PLAN,),
        value_fn=of_store(lambda store: store.enabled, charges=charges),
    )


SETTINGS_BINARY_SENSORS: Final = (
    _flag("grid_charging_enabled", charges=True),
    _flag("discharge_windows_enabled", charges=False),
)
