"""Systems and what flows in them, in our units (dossier 4.2, 4.3).

Powers are W, energies kWh, shares percent. Every field may be missing; what is "", null
or absurd is None, never 0. Nothing here raises.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

from ..parsing import integer, mapping, number, objects, text
from .banks import (
    BankTotals,
    Solarbank,
    as_first_generation,
    is_cascaded,
    with_battery_power,
    with_inputs,
)
from .devices import (
    Grid,
    Inverter,
    ListedDevice,
    Plug,
    PowerStations,
    all_of,
    by_serial,
)
from .fields import (
    flags,
    integers,
    kilograms,
    kwh,
    percent,
    switch,
    texts,
    wall_time,
    watts,
)
from .products import HES_SITES, SITE_POWER_PANEL, SITE_POWER_STATIONS, SITE_SOLARBANK_1

_OWNER_TYPES: Final = frozenset({0, 1})
_MEMBER: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A system of the account, its own or shared with it (4.2).

    `kind` is the cloud's number for what the system is made of, `products` are the
    codes of its main devices.
    """

    id: str = field(repr=False)
    name: str | None = field(repr=False)
    kind: int | None
    membership: int | None
    device_types: tuple[int, ...]
    products: tuple[str, ...]
    devices: tuple[ListedDevice, ...]

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of `site_list`; None without an id."""
        if (site_id := text(raw.get("site_id"))) is None:
            return None
        return cls(
            id=site_id,
            name=text(raw.get("site_name")),
            kind=integer(raw.get("power_site_type")),
            membership=integer(raw.get("ms_type")),
            device_types=integers(raw.get("device_type_list")),
            products=texts(raw.get("current_site_device_models")),
            devices=all_of(raw.get("site_device_list"), ListedDevice.parse),
        )

    @property
    def owned(self) -> bool | None:
        """Whether the account may see and set all of it, None while that is unknown."""
        if self.membership in _OWNER_TYPES:
            return True
        return False if self.membership == _MEMBER else None

    @property
    def is_member(self) -> bool:
        """Whether it is somebody else's, who lets this account look at it."""
        return self.owned is False

    @property
    def is_first_generation(self) -> bool:
        """Whether it is a system of Solarbanks E1600 alone."""
        return self.kind == SITE_SOLARBANK_1

    @property
    def is_power_panel(self) -> bool:
        """Whether it is a power panel, whose values are elsewhere (4.14)."""
        return self.kind == SITE_POWER_PANEL

    @property
    def is_home_storage(self) -> bool:
        """Whether it is an X1, whose values are elsewhere (4.14)."""
        return self.kind in HES_SITES

    @property
    def has_statistics(self) -> bool:
        """Whether its values are averages and totals of other calls (4.14)."""
        return self.is_power_panel or self.is_home_storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a system has brought since it was set up."""

    energy_kwh: float | None = None
    co2_kg: float | None = None
    money: float | None = None
    currency: str | None = None
    """As the cloud writes it, mostly a symbol."""

    @classmethod
    def parse(cls, raw: Any) -> Self:
        """Read `statistics`."""
        known: dict[str, Any] = {}
        for item in objects(raw):
            total, unit = item.get("total"), item.get("unit")
            match integer(item.get("type")):
                case 1:
                    known["energy_kwh"] = kwh(total, unit)
                case 2:
                    known["co2_kg"] = kilograms(total, unit)
                case 3:
                    known["money"] = number(total)
                    known["currency"] = text(unit)
        return cls(**known)


@dataclass(frozen=True, slots=True, kw_only=True)
class AiProfit:
    """What the vendor thinks that its AI mode has saved."""

    total: float | None
    currency: str | None
    share: float | None

    @classmethod
    def parse(cls, raw: Any) -> Self | None:
        """Read `aiems_profit`."""
        if not isinstance(raw, dict):
            return None
        shown = switch(raw.get("show_percentage")) is not False
        return cls(
            total=number(raw.get("aiems_profit_total")),
            currency=text(raw.get("unit")),
            share=percent(raw.get("percentage")) if shown else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a system does now (4.3).

    `valid` is False when the cloud itself says that its values mean nothing: then all
    of them are None, and only the devices are told. `measured_at` is when the devices
    reported last, by their own wall clock, without a zone, and `reported_at` the same
    for whoever knows the zone. `preset_w` is the home preset that is applied.
    """

    site_id: str | None = field(repr=False)
    kind: int | None
    valid: bool
    measured_at: datetime | None
    solarbanks: Mapping[str, Solarbank] = field(repr=False)
    banks: BankTotals
    preset_w: float | None
    mode: int | None
    """The usage mode that is active, a `UsageMode` as far as it is known."""
    load_w: float | None
    other_loads_w: float | None
    grid: Grid | None
    plugs: Mapping[str, Plug] = field(repr=False)
    plugs_w: float | None
    inverters: Mapping[str, Inverter] = field(repr=False)
    power_stations: PowerStations
    panels: Mapping[str, ListedDevice] = field(repr=False)
    totals: Totals
    ai_profit: AiProfit | None
    features: Mapping[str, bool]
    discharge_priority: bool | None
    discharge_priority_known: bool | None
    """Whether its firmware knows the priority of discharging."""
    export_blocked: bool | None
    third_party_pv_w: float | None
    error_code: int | None
    reported_at: datetime | None = None
    lists_devices: bool = True
    """Whether its list of solarbanks is there, be it an empty one."""

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `data` of the overview."""
        info = mapping(raw.get("solarbank_info"))
        kind = integer(raw.get("power_site_type"))
        found = all_of(info.get("solarbank_list"), Solarbank.parse)
        if kind == SITE_SOLARBANK_1:
            found = as_first_generation(found)
        preset_w = watts(raw.get("retain_load"))
        found = with_battery_power(
            found,
            total_charge_w=watts(info.get("total_charging_power")),
            from_grid_w=watts(info.get("grid_to_battery_power")),
            preset_w=preset_w,
        )
        totals = BankTotals.parse(info, found)
        found = with_inputs(found, totals)
        first_only = bool(found) and all(bank.is_first_generation for bank in found)
        plug_info = mapping(raw.get("smart_plug_info"))
        scene = cls(
            site_id=text(raw.get("site_id")),
            kind=kind,
            valid=switch(info.get("is_display_data")) is not False or not found,
            measured_at=wall_time(info.get("updated_time")),
            solarbanks={bank.serial: bank for bank in found},
            banks=totals,
            preset_w=preset_w,
            mode=integer(raw.get("scene_mode")) or None,
            # First generation systems measure nothing but themselves.
            load_w=None if first_only else watts(raw.get("home_load_power")),
            other_loads_w=None if first_only else watts(raw.get("other_loads_power")),
            grid=Grid.parse(raw.get("grid_info")),
            plugs=by_serial(plug_info.get("smartplug_list"), Plug.parse),
            plugs_w=watts(plug_info.get("total_power")),
            inverters=by_serial(raw.get("solar_list"), Inverter.parse),
            power_stations=PowerStations.parse(mapping(raw.get("pps_info"))),
            panels=by_serial(raw.get("powerpanel_list"), ListedDevice.parse),
            totals=Totals.parse(raw.get("statistics")),
            ai_profit=AiProfit.parse(raw.get("aiems_profit")),
            features=flags(raw.get("feature_switch")),
            discharge_priority=switch(raw.get("priority_discharge_switch")),
            discharge_priority_known=switch(raw.get("is_show_priority_discharge")),
            export_blocked=switch(raw.get("switch_0w")),
            third_party_pv_w=watts(raw.get("third_party_pv")),
            error_code=integer(raw.get("error_code")),
            lists_devices=isinstance(info.get("solarbank_list"), list),
        )
        return scene if scene.valid else scene.without_values()

    @property
    def is_cascaded(self) -> bool:
        """Whether first generation banks feed into one of a later generation."""
        return is_cascaded(tuple(self.solarbanks.values()))

    @property
    def stored_kwh(self) -> float | None:
        """What all of its solarbanks hold now, None where one does not tell."""
        known = [bank.stored_wh for bank in self.solarbanks.values()]
        stored = [energy for energy in known if energy is not None]
        if not known or len(stored) < len(known):
            return None
        return sum(stored) / 1000

    @property
    def solar_w(self) -> float | None:
        """What the sun gives, W: without solarbanks that is what its inverters do."""
        if self.solarbanks:
            return self.banks.solar_w
        powers = [inverter.power_w for inverter in self.inverters.values()]
        known = [power for power in powers if power is not None]
        return sum(known) if known and len(known) == len(powers) else None

    @property
    def tells_flow(self) -> bool:
        """Whether it is a system of which one can know what flows."""
        silent = self.kind in (SITE_POWER_STATIONS, SITE_POWER_PANEL, *HES_SITES)
        return not silent or bool(self.solarbanks or self.inverters)

    @property
    def measures_load(self) -> bool:
        """Whether it knows what the house uses: only a meter or plugs tell."""
        return bool(self.plugs) or (self.grid is not None and bool(self.grid.meters))

    @property
    def serials(self) -> tuple[str, ...]:
        """The serial numbers of all its devices."""
        meters = self.grid.meters if self.grid is not None else {}
        return (
            *self.solarbanks,
            *self.inverters,
            *meters,
            *self.plugs,
            *self.power_stations.stations,
            *self.panels,
        )

    def without_values(self) -> Self:
        """Return the same devices of which nothing that is measured is known."""
        return replace(
            self,
            measured_at=None,
            solarbanks={
                serial: bank.without_values()
                for serial, bank in self.solarbanks.items()
            },
            banks=BankTotals(),
            preset_w=None,
            mode=None,
            load_w=None,
            other_loads_w=None,
            grid=self.grid
            and replace(self.grid, import_w=None, export_w=None, status=None),
            plugs={
                serial: replace(plug, power_w=None)
                for serial, plug in self.plugs.items()
            },
            plugs_w=None,
            inverters={
                serial: replace(inverter, power_w=None)
                for serial, inverter in self.inverters.items()
            },
            power_stations=PowerStations(stations=self.power_stations.stations),
            totals=Totals(),
            ai_profit=None,
            discharge_priority=None,
            export_blocked=None,
            third_party_pv_w=None,
            error_code=None,
        )
