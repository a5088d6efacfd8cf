"""Energies of the day of a system, its inputs and its plugs (dossier 4.9, 7.2)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from ....core.models import DeviceKind
from ....descriptions import OFF, SHARE, ReadingSensorDescription, nth, sensor
from ..banks import PV_INPUTS
from ..endpoints import ENERGIES
from ..energy import DayEnergy
from ..energy_days import Energies
from .parts import ON_SITE, of_day


def _begins(energies: Energies) -> datetime:
    return energies.begins


def _today(
    key: str, value_fn: Callable[[DayEnergy], float | None], **details: Any
) -> ReadingSensorDescription:
    """Return an energy of the day."""
    return of_day(
        key,
        ENERGIES,
        lambda energies, _: value_fn(energies.today),
        _begins,
        **ON_SITE,
        **details,
    )


def _share(
    key: str, value_fn: Callable[[DayEnergy], float | None]
) -> ReadingSensorDescription:
    """Return a part of today's solar energy."""
    return sensor(
        key,
        (ENERGIES,),
        lambda readings: value_fn(readings[ENERGIES].today),
        **SHARE,
        **ON_SITE,
        **OFF,
    )


ENERGY_SENSORS: Final = (
    _today("solar_energy_today", lambda day: day.solar),
    _today("charge_energy_today", lambda day: day.battery_charge),
    _today("discharge_energy_today", lambda day: day.battery_discharge),
    _today("load_energy_today", lambda day: day.home),
    _today("grid_import_energy_today", lambda day: day.grid_import),
    _today("grid_export_energy_today", lambda day: day.grid_export),
    _today("smart_plugs_energy_today", lambda day: day.plugs),
    _today("solar_to_load_energy_today", lambda day: day.solar_to_home, **OFF),
    _today("solar_to_battery_energy_today", lambda day: day.solar_to_battery, **OFF),
    _today("battery_to_load_energy_today", lambda day: day.battery_to_home, **OFF),
    _today("grid_to_load_energy_today", lambda day: day.grid_to_home, **OFF),
    _today("grid_charge_energy_today", lambda day: day.grid_to_battery, rare=True),
    _today("ac_socket_energy_today", lambda day: day.ac_socket, rare=True),
    _today("micro_inverter_energy_today", lambda day: day.micro_inverter, rare=True),
    _today(
        "third_party_solar_to_battery_energy_today",
        lambda day: day.third_solar_to_battery,
        rare=True,
        **OFF,
    ),
    *(
        _today(
            f"string_{number}_energy_today",
            lambda day, index=number - 1: nth(day.pv, index),  # type: ignore[misc]
            rare=True,
            name="string_energy_today",
            number=number,
            **OFF,
        )
        for number in range(1, PV_INPUTS + 1)
    ),
    _share("solar_share_today", lambda day: day.solar_share),
    _share("battery_share_today", lambda day: day.battery_share),
    _share("other_share_today", lambda day: day.other_share),
)

PLUG_ENERGY_SENSORS: Final = (
    of_day(
        "energy_today",
        ENERGIES,
        lambda energies, readings: energies.today.by_plug[readings.part_id],
        _begins,
        on=DeviceKind.SMART_PLUG,
    ),
)
