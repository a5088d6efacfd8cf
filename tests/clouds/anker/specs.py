"""Products, and what a system is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..sun import Panels

SB1, SB2_PRO, SB2_AC, SB2_PLUS, SB3 = "A17C0", "A17C1", "A17C2", "A17C3", "A17C5"
METER, SHELLY, PLUG, MI80, ZERO_SWITCH = "A17X7", "SHEMP3", "A17X8", "A5143", "A17Y0"
POWER_STATION, POWER_PANEL = "A1761", "A17B1"

INVERTER_TYPE, BANK_TYPE, PANEL_TYPE, METER_TYPE, PLUG_TYPE = 1, 3, 5, 6, 7

_PREFIX = "11111111-2222-4333-8444-00000000000"


@dataclass(frozen=True, slots=True)
class Product:
    """What a model can do. Wh, W; `generation` as the vendor counts them."""

    name: str
    capacity_wh: float
    max_pv_w: float
    max_charge_w: float
    max_output_w: float
    generation: int
    grid_charge_w: float = 0.0


PRODUCTS: Mapping[str, Product] = {
    SB1: Product("Solarbank E1600", 1600, 800, 800, 800, 1),
    SB2_PRO: Product("Solarbank 2 E1600 Pro", 1600, 2400, 1800, 800, 2),
    SB2_AC: Product("Solarbank 2 E1600 AC", 1600, 1200, 1200, 800, 2, 1000),
    SB2_PLUS: Product("Solarbank 2 E1600 Plus", 1600, 2000, 1600, 800, 2),
    SB3: Product("Solarbank 3 E2700 Pro", 2688, 3600, 1200, 1200, 3, 1200),
}
NAMES = {
    METER: "Smart Meter",
    SHELLY: "Shelly Pro 3EM",
    PLUG: "Smart Plug",
    MI80: "MI80 Microinverter(BLE)",
    POWER_STATION: "SOLIX C1000",
    POWER_PANEL: "Home Power Panel",
}


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device as bind_devices shows it (4.5). `mac` are its last two digits."""

    serial: str
    product: str
    alias: str
    mac: str
    firmware: str = "v2.0.9"
    signal: int = 70  # %
    base_w: float = 0.0  # what hangs on a plug

    @property
    def model(self) -> str:
        """Return the vendor's name of the model."""
        if self.product in PRODUCTS:
            return PRODUCTS[self.product].name
        return NAMES[self.product]

    @property
    def is_bank(self) -> bool:
        """Whether it is a Solarbank."""
        return self.product in PRODUCTS


@dataclass(frozen=True, slots=True)
class BankSpec(DeviceSpec):
    """A Solarbank with its panels, by input, and its expansion batteries."""

    panels: tuple[Panels, ...] = (Panels(430, 30, 180), Panels(430, 30, 180))
    packs: int = 0  # expansion batteries
    soc: float = 0.6

    @property
    def makes(self) -> Product:
        """Return what it can do."""
        return PRODUCTS[self.product]

    @property
    def capacity_wh(self) -> float:
        """Return what it holds with its expansions."""
        return self.makes.capacity_wh * (1 + self.packs)


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """One system: its devices, the place it stands at, and what it is set to.

    `params` are the decoded objects of the parameter types (4.12). `before` is the
    yield in kWh, and `since_days` its age, when the simulation begins.
    """

    letter: str
    name: str
    kind: int  # power_site_type
    banks: tuple[BankSpec, ...] = ()
    meter: DeviceSpec | None = None
    plugs: tuple[DeviceSpec, ...] = ()
    inverter: DeviceSpec | None = None  # an MI80 in the system
    stations: tuple[DeviceSpec, ...] = ()
    panels: tuple[DeviceSpec, ...] = ()  # power panels
    cascaded: tuple[BankSpec, ...] = ()  # Solarbank 1 behind a later one
    fittings: tuple[DeviceSpec, ...] = ()
    zone: str = "Europe/Berlin"
    latitude: float = 51.0
    longitude: float = 10.0
    load_w: float = 330.0
    before: float = 400.0
    since_days: int = 300
    price: float = 0.31
    price_type: str = "fixed"
    models: tuple[str, ...] = ()
    unit: str = "kWh"
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def site_id(self) -> str:
        """Return the id, a UUID."""
        return _PREFIX + self.letter

    @property
    def is_first(self) -> bool:
        """Whether its banks are Solarbank 1."""
        return bool(self.banks) and self.banks[0].makes.generation == 1

    @property
    def generation(self) -> int:
        """Return the generation of its banks, 0 without any."""
        return max((bank.makes.generation for bank in self.banks), default=0)

    @property
    def devices(self) -> tuple[DeviceSpec, ...]:
        """Return all of it, in the order in which they were bound."""
        return (
            *self.banks,
            *self.cascaded,
            *([self.meter] if self.meter else ()),
            *self.plugs,
            *([self.inverter] if self.inverter else ()),
            *self.stations,
            *self.panels,
        )


@dataclass(frozen=True, slots=True)
class InverterSpec(DeviceSpec):
    """An MI80 that stands alone (4.13)."""

    panels: tuple[Panels, ...] = (Panels(410, 60, 160), Panels(410, 60, 160))
    zone: str = "Europe/Berlin"
    latitude: float = 51.0
    longitude: float = 10.0
    before: float = 58.4
    since_days: int = 60
    price: float = 0.32
    limit_w: int = 600
