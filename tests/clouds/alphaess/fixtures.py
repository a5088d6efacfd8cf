"""The invented systems of dossier 7.3 and 7.4, and what real ones add to them."""

from dataclasses import dataclass, field, replace

from ..house import Energy, HouseSpec
from ..sun import Panels
from .stores import ChargeStore, DischargeStore, Period, PeriodicStore


@dataclass(frozen=True, slots=True)
class ChargerSpec:
    """One car charger. `power_w` is what its car takes while charging."""

    serial: str
    model: str = "SMILE-EVCT11"
    power_w: float = 7200.0


@dataclass(frozen=True, slots=True)
class SystemSpec:
    """One system, its house, and how the cloud describes it (2.1).

    `phase_share` is one share, or three, of all that is measured by phase.
    """

    serial: str
    check_code: str
    model: str
    battery_model: str
    pv_kw: float
    inverter_kw: float
    usable_percent: float
    house: HouseSpec
    phase_share: tuple[float, ...] = (1.0,)
    chargers: tuple[ChargerSpec, ...] = ()
    household_current_a: float = 32.0
    periodic: bool = False  # entitled to the periodic pair
    live: bool = True  # False: live power is all null (2.2)
    owned: bool = True  # somebody has it in the app (6002 else)
    money: str = "AUD"
    charge_store: ChargeStore = field(default=ChargeStore())
    discharge_store: DischargeStore = field(default=DischargeStore())
    periodic_store: PeriodicStore = field(default=PeriodicStore())


# A battery may be emptied to its floor, batUseCap; the rest is beyond its owner.
_EMPTY = 0.04

_A = SystemSpec(
    serial="ALX000000000001",
    check_code="CHK000000001",
    model="SMILE5-INV",
    battery_model="SMILE-BAT-10.1P",
    pv_kw=6.6,
    inverter_kw=5.0,
    usable_percent=90.0,
    house=HouseSpec(
        latitude=-34.9,
        longitude=138.6,
        zone="Australia/Adelaide",
        panels=(Panels(3600, 20, 350), Panels(3000, 20, 270)),
        inverter_w=5000,
        max_export_w=5000,
        battery_kwh=10.1,
        max_charge_w=5000,
        max_discharge_w=5000,
        reserve_soc=_EMPTY,
        energy=Energy(8123.4, 1904.2, 3302.5, 6461.8, 2110.7, 1847.4),
    ),
    charge_store=ChargeStore(windows=(("01:00", "05:00"), ("00:00", "00:00"))),
)
_EVERY_DAY = (6, 5, 4, 3, 2, 1, 7)
_B = SystemSpec(
    serial="ALX000000000002",
    check_code="CHK000000002",
    model="SMILE-G3-T10-INV",
    battery_model="SMILE-G3-BAT-4.8S",
    pv_kw=9.2,
    inverter_kw=10.0,
    usable_percent=95.0,
    house=HouseSpec(
        latitude=52.5,
        longitude=13.4,
        zone="Europe/Berlin",
        panels=(Panels(5200, 35, 180), Panels(4000, 35, 250)),
        inverter_w=10000,
        max_export_w=10000,
        battery_kwh=19.2,
        max_charge_w=9600,
        max_discharge_w=9600,
        reserve_soc=_EMPTY,
        base_load_w=600,
        energy=Energy(15320.6, 6120.9, 7401.3, 13501.1, 5220.4, 4681.3),
    ),
    phase_share=(0.334, 0.333, 0.333),
    chargers=(ChargerSpec("EVX0000000001"),),
    household_current_a=25.0,
    periodic=True,
    money="EUR",
    periodic_store=PeriodicStore(
        cycle=1,
        grid_charge=1,
        ctr_dis=1,
        charge=(Period("01:00", "05:00", 90.0, 5000, _EVERY_DAY),),
        discharge=(Period("17:00", "21:00", 20.0, 3000, (1, 2, 3, 4, 5)),),
    ),
)
_C = replace(
    _A,
    serial="ALX000000000003",
    check_code="CHK000000003",
    model="Storion-S5",
    battery_model="M4856-P",
    live=False,
    charge_store=ChargeStore(),
)

SYSTEMS: tuple[SystemSpec, ...] = (
    _A,
    _B,
    _C,
    # Two cars, and nothing scheduled by the owner.
    replace(
        _B,
        serial="ALX000000000004",
        check_code="CHK000000004",
        chargers=(
            ChargerSpec("EVX0000000002"),
            ChargerSpec("EVX0000000003", "SMILE-EVCS7", 3600.0),
        ),
        periodic_store=PeriodicStore(),
    ),
    # On the platform, but in no owner's app.
    replace(_A, serial="ALX000000000005", check_code="CHK000000005", owned=False),
)
"""Every system that the platform knows; anything else is 6038."""


def neighbours(zone: str, latitude: float, longitude: float) -> tuple[SystemSpec, ...]:
    """Return the same systems, all in one place."""
    return tuple(
        replace(
            spec,
            house=replace(
                spec.house, zone=zone, latitude=latitude, longitude=longitude
            ),
        )
        for spec in SYSTEMS
    )


FIXTURES: dict[str, tuple[str, ...]] = {
    "A": (_A.serial,),
    "B": (_B.serial,),
    "C": (_C.serial,),
    "D": (_A.serial, _B.serial),
    "E": (),
    "F": ("ALX000000000004",),
}
"""Serials of an account by the fixture's name. E has none, F two chargers."""

ACCOUNTS: tuple[tuple[str, ...], ...] = (("D",), ("C",), ())
"""The accounts of 7.2, for `AlphaEssCloud(accounts=ACCOUNTS)`."""
