"""What a vendor's tables of entities are made of: one vocabulary for every brand.

Power is W, energy kWh, shares percent; grid + is import, battery + is discharge.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, override

from homeassistant.components.binary_sensor import BinarySensorEntityDescription
from homeassistant.components.datetime import DateTimeEntityDescription
from homeassistant.components.event import EventEntityDescription
from homeassistant.components.number import NumberEntityDescription
from homeassistant.components.number.const import DEFAULT_MAX_VALUE, DEFAULT_MIN_VALUE
from homeassistant.components.select import SelectEntityDescription
from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.components.switch import SwitchEntityDescription
from homeassistant.components.time import TimeEntityDescription
from homeassistant.components.update import UpdateEntityDescription
from homeassistant.const import (
    PERCENTAGE,
    EntityCategory,
    UnitOfApparentPower,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTemperature,
)
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.typing import StateType

from .core.models import DeviceKind, DeviceReadings, EndpointId, Reading
from .vendors.base import PlanEdit, VendorCall

type Value = StateType | date | datetime


@dataclass(frozen=True, kw_only=True)
class ReadingDescription(EntityDescription):
    """An entity that shows a value out of the readings of a device.

    `inputs` are the endpoints that the value is made of: the entity listens to all of
    them, and is available while the first one is. The entity comes to be with its
    first value that is known, so that a system shows only what it has: `given_fn` tells
    whether there is such a thing where a value does not. `enabled_fn` tells where one
    that is off by default is on.
    """

    device_kind: DeviceKind
    inputs: tuple[Reading[Any], ...]
    value_fn: Callable[[DeviceReadings], Value]
    given_fn: Callable[[DeviceReadings], bool] | None = None
    enabled_fn: Callable[[DeviceReadings], bool] | None = None

    def endpoint_ids(self, source_id: str) -> tuple[EndpointId, ...]:
        """Return the endpoints of a source that the value is made of, in order."""
        return tuple(EndpointId(reading.name, source_id) for reading in self.inputs)

    def value(self, readings: DeviceReadings) -> Value:
        """Return the value, None while an input is missing."""
        try:
            return self.value_fn(readings)
        except LookupError:
            return None

    def is_known(self, readings: DeviceReadings) -> bool:
        """Tell whether there is a value, of something that is there."""
        if self.given_fn is not None and not _holds(self.given_fn, readings):
            return False
        return self.value(readings) is not None

    def is_enabled(self, readings: DeviceReadings) -> bool:
        """Tell whether it is on though it is off by default."""
        return self.enabled_fn is not None and _holds(self.enabled_fn, readings)


@dataclass(frozen=True, kw_only=True)
class ReadingSensorDescription(ReadingDescription, SensorEntityDescription):
    """A sensor of a vendor's table.

    `last_reset_fn` tells when a total began anew, `unit_fn` the unit where the cloud
    does; money of no known currency is Home Assistant's. `attributes_fn` returns what
    automations and cards read beside the state, such as a forecast; it is not recorded.
    """

    attributes_fn: Callable[[DeviceReadings], Mapping[str, Any]] | None = None
    last_reset_fn: Callable[[DeviceReadings], datetime | None] | None = None
    unit_fn: Callable[[DeviceReadings], str | None] | None = None

    def reset_at(self, readings: DeviceReadings) -> datetime | None:
        """Return when the total began anew, None where it never does."""
        try:
            return self.last_reset_fn(readings) if self.last_reset_fn else None
        except LookupError:
            return None

    def attributes(self, readings: DeviceReadings) -> Mapping[str, Any] | None:
        """Return the attributes, None where there are none."""
        try:
            return self.attributes_fn(readings) if self.attributes_fn else None
        except LookupError:
            return None

    def unit(self, readings: DeviceReadings) -> str | None:
        """Return the unit, None where it is not known."""
        try:
            told = self.unit_fn(readings) if self.unit_fn else None
        except LookupError:
            told = None
        return told or self.native_unit_of_measurement


@dataclass(frozen=True, kw_only=True)
class ReadingBinarySensorDescription(ReadingDescription, BinarySensorEntityDescription):
    """A binary sensor of a vendor's table."""


@dataclass(frozen=True, kw_only=True)
class ReadingUpdateDescription(ReadingDescription, UpdateEntityDescription):
    """A firmware of a vendor's table, with the newest one that there is.

    The value is what is installed; only the vendor's app installs another one.
    """

    latest_fn: Callable[[DeviceReadings], str | None]

    def latest(self, readings: DeviceReadings) -> str | None:
        """Return the newest version, None where nobody knows it."""
        try:
            return self.latest_fn(readings)
        except LookupError:
            return None


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that begins and ends, and the events that tell of it."""

    key: str
    begun: str
    ended: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReadingEventDescription(ReadingDescription, EventEntityDescription):
    """Events of a vendor's table: each flag that turns is one.

    `flags_fn` returns which flags hold; of one that is None nothing is known now.
    """

    flags: tuple[Flag, ...]
    flags_fn: Callable[[DeviceReadings], Mapping[str, bool | None]]
    details_fn: Callable[[DeviceReadings], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ReadingComingsDescription(ReadingDescription, EventEntityDescription):
    """Events of things that come and go, each of them by itself.

    `items_fn` returns what there is by what tells it from others, with what its events
    tell of it; LookupError while nothing is known.
    """

    come: str
    gone: str
    items_fn: Callable[[DeviceReadings], Mapping[Hashable, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class CallGroup:
    """Settings that one call sets together.

    `draft_fn` returns all of them as they are, each row's `draft_fn` the draft with its
    own value, and `call_fn` the call that sets a draft, None when it is so already.
    """

    draft_fn: Callable[[DeviceReadings], Any]
    call_fn: Callable[[DeviceReadings, Any], VendorCall | None]


@dataclass(frozen=True, kw_only=True)
class SettingDescription(ReadingDescription):
    """Something that can be set: a part of the owner's plan, or by a call of its own.

    `edit_fn` returns the edit of a plan, `call_fn` the call, None when it is so already;
    both raise `InvalidRequest` for what cannot be. `there_fn` tells whether there is
    such a setting, whatever its value, `open_fn` whether it may come to be there by
    being set. With `null_with`, the key of another, both may be set to nothing together.
    `done_fn` tells whether a call has done what it was made for, where that is not the
    value itself. What a call sets together with others is one of a `group`, with
    `draft_fn` in the place of `call_fn`.
    """

    value_fn: Callable[[DeviceReadings], Any]
    there_fn: Callable[[DeviceReadings], bool]
    open_fn: Callable[[DeviceReadings], bool] | None = None
    edit_fn: Callable[[DeviceReadings, Any], PlanEdit] | None = None
    call_fn: Callable[[DeviceReadings, Any], VendorCall | None] | None = None
    done_fn: Callable[[DeviceReadings, Any], bool] | None = None
    null_with: str | None = None
    group: CallGroup | None = None
    draft_fn: Callable[[Any, Any], Any] | None = None

    @property
    def has_call(self) -> bool:
        """Whether it is set by a call that belongs to no plan."""
        return self.call_fn is not None or self.group is not None

    @override
    def value(self, readings: DeviceReadings) -> Any:
        """Return the value, None while an input is missing, or nothing is set."""
        return super().value(readings)

    @override
    def is_known(self, readings: DeviceReadings) -> bool:
        """Tell whether there is such a setting."""
        return _holds(self.there_fn, readings)

    def is_open(self, readings: DeviceReadings) -> bool:
        """Tell whether it can be set, though it may not be there yet."""
        return _holds(self.open_fn or self.there_fn, readings)

    def is_done(self, readings: DeviceReadings, value: Any) -> bool:
        """Tell whether a call has done what it was made for."""
        if (done_fn := self.done_fn) is not None:
            return _holds(lambda readings: done_fn(readings, value), readings)
        return bool(self.value(readings) == value)


@dataclass(frozen=True, kw_only=True)
class ReadingNumberDescription(SettingDescription, NumberEntityDescription):
    """A number that can be set; its limits and its unit may be the device's."""

    min_fn: Callable[[DeviceReadings], float | None] | None = None
    max_fn: Callable[[DeviceReadings], float | None] | None = None
    unit_fn: Callable[[DeviceReadings], str | None] | None = None

    def least(self, readings: DeviceReadings) -> float:
        """Return the least value."""
        told = _told(self.min_fn, readings)
        if told is not None:
            return told
        return self.native_min_value or DEFAULT_MIN_VALUE

    def largest(self, readings: DeviceReadings) -> float:
        """Return the largest value."""
        told = _told(self.max_fn, readings)
        if told is not None:
            return told
        return self.native_max_value or DEFAULT_MAX_VALUE

    def unit(self, readings: DeviceReadings) -> str | None:
        """Return the unit, None where it is not known."""
        return _told(self.unit_fn, readings) or self.native_unit_of_measurement


@dataclass(frozen=True, kw_only=True)
class ReadingTimeDescription(SettingDescription, TimeEntityDescription):
    """A time of the wall clock that can be set."""


@dataclass(frozen=True, kw_only=True)
class ReadingSwitchDescription(SettingDescription, SwitchEntityDescription):
    """Something that can be switched."""


@dataclass(frozen=True, kw_only=True)
class ReadingDateTimeDescription(SettingDescription, DateTimeEntityDescription):
    """An instant that can be set; it is kept here until `sent_with` is set."""

    sent_with: str


@dataclass(frozen=True, kw_only=True)
class ReadingSelectDescription(SettingDescription, SelectEntityDescription):
    """One of several words; those that are `shown_only` cannot be chosen.

    `options_fn` tells which of them a device has, where not every one has all.
    """

    shown_only: frozenset[str] = frozenset()
    options_fn: Callable[[DeviceReadings], Sequence[str]] | None = None

    def choices(self, readings: DeviceReadings) -> tuple[str, ...]:
        """Return the words that can be chosen, in their order."""
        told = _told(self.options_fn, readings)
        return tuple(
            word
            for word in self.options or ()
            if word not in self.shown_only and (told is None or word in told)
        )


@dataclass(frozen=True, kw_only=True)
class ReadingListDescription(SettingDescription):
    """A list that is set by an action only; it has no entity.

    `read_fn` returns the value of what a user gives, or raises `ValueError`; `show_fn`
    is its reverse.
    """

    read_fn: Callable[[Any], Any]
    show_fn: Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class ReadingPlanDescription(SettingDescription):
    """The plan as a whole, shown and changed by actions of its own; it has no entity.

    Its value is the plan as response data. What is set is the name of an action, one of
    `actions`, with what was given for it.
    """

    actions: frozenset[str]


def _told[T](
    value_fn: Callable[[DeviceReadings], T | None] | None, readings: DeviceReadings
) -> T | None:
    try:
        return value_fn(readings) if value_fn else None
    except LookupError:
        return None


def _holds(test: Callable[[DeviceReadings], bool], readings: DeviceReadings) -> bool:
    try:
        return test(readings)
    except LookupError:
        return False


POWER: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "suggested_display_precision": 0,
}
ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY,
    "state_class": SensorStateClass.TOTAL_INCREASING,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 1,
}
ENERGY_OF_DAY: Final = ENERGY | {"state_class": SensorStateClass.TOTAL}
"""For what begins anew each day: `last_reset` keeps a false zero from counting twice."""
STORED: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY_STORAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 2,
}
VOLTAGE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.VOLTAGE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfElectricPotential.VOLT,
    "suggested_display_precision": 1,
}
CURRENT: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.CURRENT,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfElectricCurrent.AMPERE,
    "suggested_display_precision": 1,
}
SHARE: Final[dict[str, Any]] = {
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": PERCENTAGE,
    "suggested_display_precision": 0,
}
CHARGE_LEVEL: Final = SHARE | {"device_class": SensorDeviceClass.BATTERY}
TEMPERATURE: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.TEMPERATURE,
    "state_class": SensorStateClass.MEASUREMENT,
    "native_unit_of_measurement": UnitOfTemperature.CELSIUS,
    "suggested_display_precision": 1,
}
DIAGNOSTIC: Final[dict[str, Any]] = {"entity_category": EntityCategory.DIAGNOSTIC}
LIMIT_W: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.POWER,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "suggested_display_precision": 0,
}
MONEY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.MONETARY,
    "suggested_display_precision": 2,
}
PRICE: Final[dict[str, Any]] = {
    "state_class": SensorStateClass.MEASUREMENT,
    "suggested_display_precision": 4,
}
LIMIT_VA: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.APPARENT_POWER,
    "native_unit_of_measurement": UnitOfApparentPower.VOLT_AMPERE,
    "suggested_display_precision": 0,
}
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


def event(
    key: str,
    inputs: tuple[Reading[Any], ...],
    flags: tuple[Flag, ...],
    flags_fn: Callable[[DeviceReadings], Mapping[str, bool | None]],
    details_fn: Callable[[DeviceReadings], Mapping[str, Any]],
    *,
    on: DeviceKind,
) -> ReadingEventDescription:
    """Return the events of some flags, there as soon as there is a reading."""
    return ReadingEventDescription(
        key=key,
        translation_key=key,
        device_kind=on,
        inputs=inputs,
        value_fn=lambda readings: bool(flags_fn(readings)),
        event_types=[
            name for flag in flags for name in (flag.begun, flag.ended) if name
        ],
        flags=flags,
        flags_fn=flags_fn,
        details_fn=details_fn,
    )


def comings(
    key: str,
    inputs: tuple[Reading[Any], ...],
    come: str,
    gone: str,
    items_fn: Callable[[DeviceReadings], Mapping[Hashable, Mapping[str, Any]]],
    *,
    on: DeviceKind,
) -> ReadingComingsDescription:
    """Return the events of things that come and go, there with the first reading."""
    return ReadingComingsDescription(
        key=key,
        translation_key=key,
        device_kind=on,
        inputs=inputs,
        value_fn=lambda readings: items_fn(readings) is not None,
        event_types=[come, gone],
        come=come,
        gone=gone,
        items_fn=items_fn,
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
