"""The invented systems A to I of dossier section 6."""

from dataclasses import dataclass, replace

from ..house import Energy, HouseSpec
from ..sun import Panels


@dataclass(frozen=True, slots=True)
class InverterSpec:
    """One inverter, its house, and how the cloud describes it."""

    serial: str
    model: str
    house: HouseSpec
    battery_models: tuple[str, ...] = ()
    battery_count: int = 0
    battery_disabled: bool = False  # SoC and modules are null (1.7)
    high_voltage: bool = False
    load_share: tuple[float, ...] = (1.0,)  # of each phase; 1 or 3 of them
    dead_phase: int | None = None
    software: str = "2.17.32401.2"
    firmware: str = "080819"
    min_offgrid_soc: float = 0.1
    max_export_kw: float = 5
    max_import_kw: float = 5
    panel_facts: tuple[tuple[str, str, str], ...] = ()  # kW, panels, direction
    offline: bool = False

    @property
    def has_battery(self) -> bool:
        """Whether a battery is fitted, whatever BatteryCount says."""
        return self.house.battery_kwh > 0

    @property
    def schedulable(self) -> bool:
        """Whether the model has the schedule API."""
        return not self.model.startswith("SI")


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """One site; the first inverter is the oldest."""

    site_id: str
    inverters: tuple[InverterSpec, ...]
    latitude: float = -27.5
    longitude: float = 153.0
    zone: str = "Australia/Brisbane"
    export_limit_kw: float | None = 5
    nmi: str | None = None


def _energy(
    pv: float, imported: float, exported: float, charged: float, discharged: float
) -> Energy:
    """Return counters in balance: the load is what is left."""
    load = pv + imported + discharged - exported - charged
    return Energy(pv, imported, exported, load, charged, discharged)


_A = InverterSpec(
    serial="RB20000000000101",
    model="SH5000",
    house=HouseSpec(
        panels=(Panels(3800, 22, 335), Panels(2800, 22, 60)),
        energy=_energy(20411.3, 3311.04, 8120.517, 4100.2, 3802.9),
    ),
    battery_models=("RB600", "Unknown"),
    battery_count=2,
    panel_facts=(("3.8", "12", "N"), ("2.8", "8", "NE")),
)
_B = InverterSpec(
    serial="RB20000000000202",
    model="ST10000",
    house=HouseSpec(
        latitude=-33.9,
        longitude=151.2,
        zone="Australia/Sydney",
        panels=(Panels(6000, 20, 0), Panels(5400, 20, 270)),
        inverter_w=10000,
        max_export_w=10000,
        battery_kwh=14.2,
        max_charge_w=10000,
        max_discharge_w=10000,
        reserve_soc=0.1,
        base_load_w=700,
        energy=_energy(48120.75, 5210.2, 21007.381, 9120.4, 8466.03),
    ),
    battery_models=("Pylontech H48050", "Unknown", "Unknown", "Unknown"),
    battery_count=4,
    high_voltage=True,
    load_share=(0.22, 0.24, 0.54),
    firmware="101020",
    max_export_kw=10,
    max_import_kw=10,
    panel_facts=(("6.0", "18", "N"), ("5.4", "16", "W")),
)
_C = replace(
    _A,
    serial="RB20000000000303",
    house=replace(
        _A.house, battery_kwh=0, energy=_energy(15002.2, 6120.4, 7033.9, 0, 0)
    ),
    battery_models=(),
    battery_count=0,
    panel_facts=(("", "12", "N"), ("2.8", "8", "None")),
)

_SITE_A = SiteSpec("S4a1c07e92d5b3", (_A,))
_SITE_B = SiteSpec(
    "S7f20be1146aa9",
    (_B,),
    latitude=-33.9,
    longitude=151.2,
    zone="Australia/Sydney",
    export_limit_kw=10,
    nmi="41000000002",
)
_SITE_C = SiteSpec("S0d93c5f78e210", (_C,))


def _site(base: SiteSpec, *inverters: InverterSpec) -> SiteSpec:
    return replace(base, inverters=inverters)


FIXTURES: dict[str, tuple[SiteSpec, ...]] = {
    "A": (_SITE_A,),
    "B": (_SITE_B,),
    "C": (_SITE_C,),
    # Grid-tie: no battery and no schedules.
    "SI": (
        SiteSpec(
            "S0d93c5f78e211",
            (replace(_C, serial="RB20000000000313", model="SI6000"),),
        ),
    ),
    "D": (_SITE_A, _SITE_B),
    "E": (_site(_SITE_A, _A, replace(_A, serial="RB20000000000404")),),
    "F": (_site(_SITE_A, replace(_A, battery_disabled=True)),),
    "G": (_site(_SITE_A, replace(_A, battery_count=0)),),
    "H": (
        _site(
            _SITE_B,
            replace(_B, dead_phase=2, load_share=(0.5, 0.5, 0.0), offline=True),
        ),
    ),
    "I": (_site(_SITE_A, _A, replace(_A, serial="RB20000000990101")),),
}


def fleet(count: int) -> tuple[SiteSpec, ...]:
    """Return `count` sites like A, for benchmarks of growth."""
    return tuple(
        replace(
            _SITE_A,
            site_id=f"S{n:013x}",
            inverters=(replace(_A, serial=f"RB3{n:013d}"),),
        )
        for n in range(1, count + 1)
    )
