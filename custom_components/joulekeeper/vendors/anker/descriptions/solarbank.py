"""Entities of a solarbank (dossier 7.1, 7.2)."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    CHARGE_LEVEL,
    DIAGNOSTIC,
    LIMIT_W,
    OFF,
    POWER,
    SHARE,
    STORED,
    ReadingSensorDescription,
    nth,
    sensor,
)
from ..banks import PV_INPUTS
from ..details import Fitting, SolarInfo
from ..endpoints import DETAILS, SCENE
from ..status import BankStatus
from .parts import COUNT, ON_BANK, bank_of, error_code, live, negative, online, part

_NOT_SET_UP: Final = "Others"
_ACCESSORIES: Final = 3
"""How many of a bank are shown; a bank has a switch or none."""


def _kwh(energy_wh: float | None) -> float | None:
    return None if energy_wh is None else energy_wh / 1000


def _reserve(readings: DeviceReadings) -> float | None:
    """Return what the battery keeps; of some generations only their details tell."""
    told = bank_of(readings).reserve
    if told is not None or (details := readings.get(DETAILS)) is None:
        return told
    chosen = details.cutoffs[readings.part_id].selected
    return chosen.reserve if chosen else None


def _grid_input(readings: DeviceReadings) -> float | None:
    """Return what a bank takes from the grid at most, which its cloud cannot set."""
    limit = readings[DETAILS].power_limit
    return limit.devices[readings.part_id].grid_input_w if limit else None


def _solar_info(readings: DeviceReadings) -> SolarInfo:
    return readings[DETAILS].solar[readings.part_id]


def _inverter(readings: DeviceReadings) -> str | None:
    """Return the inverter behind a bank, as its user has set it up."""
    info = _solar_info(readings)
    named = info.model_name or " ".join(filter(None, (info.brand, info.model)))
    told = {info.brand, info.model, info.model_name} - {None}
    # That is what it is called before somebody has set it up.
    return None if told <= {_NOT_SET_UP} else named


def _inverter_details(readings: DeviceReadings) -> Mapping[str, Any]:
    info = _solar_info(readings)
    return {"brand": info.brand, "model": info.model}


def _string(number: int) -> ReadingSensorDescription:
    """Return a solar input, there once it has given something."""
    return live(
        f"string_{number}_power",
        bank_of,
        lambda bank: nth(bank.pv_w, number - 1),
        rare=True,
        name="string_power",
        number=number,
        **POWER,
        **ON_BANK,
    )


def _accessory(number: int) -> ReadingSensorDescription:
    """Return what a bank manages, such as a switch for 0 W output; its name."""

    def fitting(readings: DeviceReadings) -> Fitting:
        return nth(readings[DETAILS].fittings[readings.part_id], number - 1)

    return sensor(
        f"accessory_{number}",
        (DETAILS,),
        lambda readings: fitting(readings).name or fitting(readings).model,
        attributes_fn=lambda readings: {
            "model": fitting(readings).model,
            "product": fitting(readings).product,
        },
        name="accessory",
        number=number,
        **DIAGNOSTIC,
        **ON_BANK,
    )


SOLARBANK_SENSORS: Final = (
    live(
        "state_of_charge",
        bank_of,
        lambda bank: bank.state_of_charge,
        **CHARGE_LEVEL,
        **ON_BANK,
    ),
    live(
        "stored_energy", bank_of, lambda bank: _kwh(bank.stored_wh), **STORED, **ON_BANK
    ),
    live(
        "battery_capacity",
        bank_of,
        lambda bank: _kwh(bank.capacity_wh),
        **STORED | {"state_class": None},
        **DIAGNOSTIC,
        **ON_BANK,
    ),
    live("solar_power", bank_of, lambda bank: bank.solar_w, **POWER, **ON_BANK),
    *(_string(number) for number in range(1, PV_INPUTS + 1)),
    live(
        "micro_inverter_power",
        bank_of,
        lambda bank: bank.micro_inverter_w,
        rare=True,
        **POWER,
        **ON_BANK,
    ),
    live("output_power", bank_of, lambda bank: bank.output_w, **POWER, **ON_BANK),
    live(
        "battery_power",
        bank_of,
        lambda bank: negative(bank.charging_w),
        **POWER,
        **ON_BANK,
    ),
    live(
        "charge_power",
        bank_of,
        lambda bank: part(bank.charging_w),
        **POWER,
        **ON_BANK,
        **OFF,
    ),
    live(
        "discharge_power",
        bank_of,
        lambda bank: part(bank.charging_w, -1),
        **POWER,
        **ON_BANK,
        **OFF,
    ),
    live(
        "heating_power",
        bank_of,
        lambda bank: bank.heating_w,
        rare=True,
        **POWER,
        **ON_BANK,
        **OFF,
    ),
    live(
        "bank_mode",
        bank_of,
        lambda bank: bank.status,
        device_class=SensorDeviceClass.ENUM,
        options=[status.value for status in BankStatus],
        **ON_BANK,
    ),
    live("applied_preset", bank_of, lambda bank: bank.preset_w, **LIMIT_W, **ON_BANK),
    sensor(
        "min_state_of_charge",
        (SCENE, DETAILS),
        _reserve,
        **SHARE,
        **DIAGNOSTIC,
        **ON_BANK,
    ),
    live(
        "expansion_batteries",
        bank_of,
        lambda bank: bank.expansions,
        rare=True,
        **COUNT,
        **ON_BANK,
    ),
    sensor(
        "inverter_model",
        (DETAILS,),
        _inverter,
        attributes_fn=_inverter_details,
        **DIAGNOSTIC,
        **ON_BANK,
    ),
    *(_accessory(number) for number in range(1, _ACCESSORIES + 1)),
    sensor(
        "surplus_power",
        (DETAILS,),
        lambda readings: readings[DETAILS].devices[readings.part_id].surplus_w,
        **POWER,
        **ON_BANK,
        **OFF,
    ),
    sensor(
        "grid_charge_power_limit",
        (DETAILS,),
        _grid_input,
        **LIMIT_W,
        **DIAGNOSTIC,
        **ON_BANK,
        **OFF,
    ),
    sensor(
        "solar_input_limit",
        (DETAILS,),
        lambda readings: readings[DETAILS].attrs[readings.part_id].pv_limit_w,
        **LIMIT_W,
        **DIAGNOSTIC,
        **ON_BANK,
        **OFF,
    ),
    error_code(DeviceKind.BATTERY, lambda readings: bank_of(readings).error_code),
)

SOLARBANK_BINARY_SENSORS: Final = (
    online(DeviceKind.BATTERY, lambda readings: bank_of(readings).online),
)
