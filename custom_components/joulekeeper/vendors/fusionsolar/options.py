"""What a user may choose of signs and units, by the type of devices.

A plant may have meters that tell their numbers in different ways, so that one choice
for all of them could not be right (dossier section 10).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..base import OptionField
from .batteries import BatteryOverride
from .board import Overrides
from .meters import EXPORT, IMPORT, MeterOverride
from .models import DeviceType
from .votes import AUTOMATIC

_METERS: Final = {
    DeviceType.POWER_SENSOR: "sensor",
    DeviceType.GRID_METER: "meter",
    DeviceType.EMMA: "emma",
}
_MEANINGS: Final = {
    DeviceType.POWER_SENSOR: "A positive power of the power sensor means",
    DeviceType.GRID_METER: "A positive power of the grid meter means",
    DeviceType.EMMA: "A positive power of the EMMA means",
}
_BATTERIES: Final = {DeviceType.BATTERY: "battery", DeviceType.ESS: "ess"}
_SIGN, _UNIT, _PLACE = "sign", "unit", "place"
_CHARGE, _DISCHARGE = "charge", "discharge"
_KILOWATT, _WATT = "kilowatt", "watt"
_INVERTER, _OWN = "inverter", "own"


def _fields(name: str, **choices: tuple[str, str]) -> tuple[OptionField, ...]:
    return tuple(
        OptionField(f"{name}_{what}", AUTOMATIC, choices=(AUTOMATIC, *both))
        for what, both in choices.items()
    )


_FIELDS: Final[Mapping[int, tuple[OptionField, ...]]] = {
    **{
        kind: _fields(name, sign=(EXPORT, IMPORT), unit=(_WATT, _KILOWATT))
        for kind, name in _METERS.items()
    },
    **{
        kind: _fields(name, sign=(_CHARGE, _DISCHARGE), place=(_INVERTER, _OWN))
        for kind, name in _BATTERIES.items()
    },
}
OPTIONS: Final = tuple(field for fields in _FIELDS.values() for field in fields)


def options_of(kinds: Iterable[int]) -> frozenset[str]:
    """Return the keys of the options that matter to devices of some types."""
    return frozenset(item.key for kind in kinds for item in _FIELDS.get(kind, ()))


def sign_in_words(kind: int, sign: str) -> str:
    """Return the option of a type's sign and what to choose, as the form has them."""
    return f"{_MEANINGS[DeviceType(kind)]}: {sign.capitalize()}"


def overrides_of(options: Mapping[str, Any]) -> Overrides:
    """Return what the user has chosen."""

    def chosen(name: str, what: str, yes: str, no: str) -> bool | None:
        return {yes: True, no: False}.get(options.get(f"{name}_{what}", AUTOMATIC))

    return Overrides(
        meters={
            kind: MeterOverride(
                export_positive=chosen(name, _SIGN, EXPORT, IMPORT),
                kilowatts=chosen(name, _UNIT, _KILOWATT, _WATT),
            )
            for kind, name in _METERS.items()
        },
        batteries={
            kind: BatteryOverride(
                charge_positive=chosen(name, _SIGN, _CHARGE, _DISCHARGE),
                inside=chosen(name, _PLACE, _INVERTER, _OWN),
            )
            for kind, name in _BATTERIES.items()
        },
    )
