"""Typed payloads of the Redback API, in our units and signs.

Powers are W, energies kWh, shares percent; grid + is import, battery + is discharge.
A null stays None. Sources: dossier sections 1.5 to 1.8.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
import math
from typing import Any, Final, Self

from ...core.flow import total
from ...core.models import Topology, Unit
from ..parsing import (
    calendar_date,
    integer,
    mapping,
    number,
    objects,
    required,
    scaled,
    text,
    timestamp,
)

_KILO: Final = 1000
_PERCENT: Final = 100
UNKNOWN_MODEL: Final = "Unknown"

SILENT_AFTER: Final = timedelta(minutes=10)
"""The vendor's own bound for an inverter that is online (dossier 1.10)."""


def parse_topology(sites: list[Mapping[str, Any]]) -> Topology:
    """Return the sites and inverters of the node tree (dossier 1.5)."""
    units: list[Unit] = []
    site_ids: list[str] = []
    for site in sites:
        if (site_id := text(site.get("Id"))) is None:
            continue
        site_ids.append(site_id)
        for node in objects(site.get("Nodes")):
            serial = text(node.get("SerialNumber")) or text(node.get("Id"))
            if node.get("Type") == "Inverter" and serial is not None:
                units.append(Unit(serial, site_id))
    return Topology(tuple(site_ids), tuple(units))


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase at the grid connection; exported and imported are not negative."""

    name: str
    exported_w: float | None
    imported_w: float | None
    voltage_v: float | None
    current_a: float | None
    power_factor: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read an element of `Phases`."""
        return cls(
            name=(text(raw.get("Id")) or "").lower(),
            exported_w=scaled(raw.get("ActiveExportedPowerInstantaneouskW"), _KILO),
            imported_w=scaled(raw.get("ActiveImportedPowerInstantaneouskW"), _KILO),
            voltage_v=number(raw.get("VoltageInstantaneousV")),
            current_a=number(raw.get("CurrentInstantaneousA")),
            power_factor=number(raw.get("PowerFactorInstantaneousMinus1to1")),
        )

    @property
    def net_w(self) -> float | None:
        """Import less export."""
        if self.imported_w is None or self.exported_w is None:
            return None
        return round(self.imported_w - self.exported_w, 3)

    @property
    def dead(self) -> bool:
        """Whether nothing is measured on the phase: it then counts in no total."""
        return self.voltage_v is None and self.net_w is None


@dataclass(frozen=True, slots=True, kw_only=True)
class PvString:
    """One MPPT input."""

    voltage_v: float | None
    current_a: float | None
    power_w: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read an element of `PVs`."""
        return cls(
            voltage_v=number(raw.get("VoltageV")),
            current_a=number(raw.get("CurrentA")),
            power_w=scaled(raw.get("PowerkW"), _KILO),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cabinet:
    """One battery cabinet."""

    temperature_c: float | None
    fan_state: str | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read an element of `Battery.Cabinets`."""
        fan = text(raw.get("FanState"))
        return cls(
            temperature_c=number(raw.get("TemperatureC")),
            fan_state=fan.lower() if fan else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One battery module; current and power are positive while it discharges."""

    current_a: float | None
    voltage_v: float | None
    power_w: float | None
    state_of_charge: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read an element of `Battery.Modules`."""
        return cls(
            current_a=number(raw.get("CurrentNegativeIsChargingA")),
            voltage_v=number(raw.get("VoltageV")),
            power_w=scaled(raw.get("PowerNegativeIsChargingkW"), _KILO),
            state_of_charge=scaled(raw.get("SoC0To1"), _PERCENT),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """The battery stack; the current is positive while it discharges."""

    current_a: float | None
    voltage_v: float | None
    voltage_type: str | None
    module_count: int | None
    cabinets: tuple[Cabinet, ...]
    modules: tuple[Module, ...]

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read the `Battery` object; one that is null or absent reads as all None."""
        return cls(
            current_a=number(raw.get("CurrentNegativeIsChargingA")),
            voltage_v=number(raw.get("VoltageV")),
            voltage_type=text(raw.get("VoltageType")),
            module_count=integer(raw.get("NumberOfModules")),
            cabinets=tuple(map(Cabinet.parse, objects(raw.get("Cabinets")))),
            modules=tuple(map(Module.parse, objects(raw.get("Modules")))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic:
    """The newest telemetry of one inverter (dossier 1.7)."""

    timestamp: datetime
    status: str | None
    phases: tuple[Phase, ...]
    frequency_hz: float | None
    state_of_charge: float | None
    pv_power_w: float | None
    battery_power_w: float | None
    inverter_temperature_c: float | None
    pv_energy_kwh: float | None
    export_energy_kwh: float | None
    import_energy_kwh: float | None
    load_energy_kwh: float | None
    charge_energy_kwh: float | None
    discharge_energy_kwh: float | None
    mode: str | None
    mode_power_w: int | None
    pv_strings: tuple[PvString, ...]
    battery: Battery
    battery_seen: bool = False
    """Whether the readings, these or earlier ones, show that a battery is fitted."""

    @classmethod
    def parse(cls, raw: Mapping[str, Any], serial: str) -> Self:
        """Read `Data` of v2.21 or v2; without a time stamp it is no telemetry.

        With several inverters on a site the order of `Inverters` is not known, so the
        mode is the asked one's; a single element counts whatever it is called.
        """
        inverters = objects(raw.get("Inverters"))
        asked = [node for node in inverters if node.get("SerialNumber") == serial]
        inverter = (asked or (inverters if len(inverters) == 1 else []) or [{}])[0]
        mode = mapping(inverter.get("PowerMode"))
        status = text(raw.get("Status"))
        battery = Battery.parse(mapping(raw.get("Battery")))
        state_of_charge = scaled(raw.get("BatterySoCInstantaneous0to1"), _PERCENT)
        return cls(
            timestamp=required(timestamp(raw.get("TimestampUtc")), "TimestampUtc"),
            status=status.lower() if status else None,
            phases=tuple(map(Phase.parse, objects(raw.get("Phases")))),
            frequency_hz=number(raw.get("FrequencyInstantaneousHz")),
            state_of_charge=state_of_charge,
            pv_power_w=scaled(raw.get("PvPowerInstantaneouskW"), _KILO),
            battery_power_w=scaled(raw.get("BatteryPowerNegativeIsChargingkW"), _KILO),
            inverter_temperature_c=number(raw.get("InverterTemperatureC")),
            pv_energy_kwh=number(raw.get("PvAllTimeEnergykWh")),
            export_energy_kwh=number(raw.get("ExportAllTimeEnergykWh")),
            import_energy_kwh=number(raw.get("ImportAllTimeEnergykWh")),
            load_energy_kwh=number(raw.get("LoadAllTimeEnergykWh")),
            charge_energy_kwh=number(raw.get("BatteryChargeAllTimeEnergykWh")),
            discharge_energy_kwh=number(raw.get("BatteryDischargeAllTimeEnergykWh")),
            mode=text(mode.get("InverterMode")),
            mode_power_w=integer(mode.get("PowerW")),
            pv_strings=tuple(map(PvString.parse, objects(raw.get("PVs")))),
            battery=battery,
            battery_seen=state_of_charge is not None or bool(battery.modules),
        )

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the inverter is still reporting."""
        return self.status != "offline" and now - self.timestamp <= SILENT_AFTER

    def without_measurements(self) -> Self:
        """Return what stays true while the inverter is silent: totals and status."""
        return replace(
            self,
            phases=(),
            frequency_hz=None,
            state_of_charge=None,
            pv_power_w=None,
            battery_power_w=None,
            inverter_temperature_c=None,
            mode=None,
            mode_power_w=None,
            pv_strings=(),
            battery=Battery.parse({}),
        )

    @property
    def live_phases(self) -> tuple[Phase, ...]:
        """The phases on which something is measured."""
        return tuple(phase for phase in self.phases if not phase.dead)

    @property
    def grid_power_w(self) -> float | None:
        """Import less export over all live phases."""
        return total(phase.net_w for phase in self.live_phases)

    @property
    def grid_import_w(self) -> float | None:
        """Sum of what the phases import."""
        return total(phase.imported_w for phase in self.live_phases)

    @property
    def grid_export_w(self) -> float | None:
        """Sum of what the phases export."""
        return total(phase.exported_w for phase in self.live_phases)

    @property
    def grid_current_a(self) -> float | None:
        """Sum of the phase currents."""
        return total(phase.current_a for phase in self.live_phases)

    @property
    def grid_voltage_v(self) -> float | None:
        """Phase voltage; with three phases the voltage between them (dossier 4.1)."""
        volts = [
            phase.voltage_v for phase in self.phases if phase.voltage_v is not None
        ]
        if not volts:
            return None
        return round(sum(volts) / len(volts) * math.sqrt(len(volts)), 1)

    def load_power_w(self, *, has_battery: bool) -> float | None:
        """House load: grid + solar + battery, unknown when one of them is."""
        sources = [self.grid_power_w, self.pv_power_w]
        if has_battery:
            sources.append(self.battery_power_w)
        return total(sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLimits:
    """Limits in W, nominal in the static data, in force in the configuration."""

    max_charge_w: float | None
    max_discharge_w: float | None
    max_import_w: float | None
    max_export_w: float | None
    site_export_limit_w: float | None
    export_hard_limit_w: float | None
    export_soft_limit_w: float | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `SiteDetails` or the configuration, which name them alike."""
        return cls(
            max_charge_w=scaled(raw.get("BatteryMaxChargePowerkW"), _KILO),
            max_discharge_w=scaled(raw.get("BatteryMaxDischargePowerkW"), _KILO),
            max_import_w=scaled(raw.get("InverterMaxImportPowerkW"), _KILO),
            max_export_w=scaled(raw.get("InverterMaxExportPowerkW"), _KILO),
            site_export_limit_w=scaled(raw.get("SiteExportLimitkW"), _KILO),
            export_hard_limit_w=scaled(raw.get("ExportHardLimitkW"), _KILO),
            export_soft_limit_w=scaled(raw.get("ExportSoftLimitkW"), _KILO),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Static:
    """What seldom changes: the site and the asked inverter (dossier 1.6)."""

    serial: str | None = field(repr=False)
    model: str | None
    software_version: str | None
    firmware_version: str | None
    battery_count: int | None
    battery_models: tuple[str, ...]
    site_id: str | None = field(repr=False)
    site_type: str | None
    system_type: str | None
    commissioning_date: date | None
    network_connection: str | None
    approved_capacity_w: float | None
    panel_model: str | None
    panel_size_w: float | None
    battery_capacity_kwh: float | None
    usable_capacity_kwh: float | None
    generation_hard_limit_va: float | None
    generation_soft_limit_va: float | None
    limits: PowerLimits
    nmi: str | None = field(repr=False)
    latitude: float | None = field(repr=False)
    longitude: float | None = field(repr=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any], serial: str) -> Self:
        """Read `Data`; the inverter node is the one with the asked serial number."""
        site = mapping(raw.get("StaticData"))
        details = mapping(site.get("SiteDetails"))
        place = mapping(site.get("Location"))
        nodes = [mapping(node.get("StaticData")) for node in objects(raw.get("Nodes"))]
        inverters = [node for node in nodes if node.get("Type") == "Inverter"]
        asked = [node for node in inverters if node.get("Id") == serial]
        inverter = (asked or (inverters if len(inverters) == 1 else []) or [{}])[0]
        return cls(
            serial=text(inverter.get("Id")),
            nmi=text(site.get("NMI")),
            latitude=number(place.get("Latitude")),
            longitude=number(place.get("Longitude")),
            model=text(inverter.get("ModelName")),
            software_version=text(inverter.get("SoftwareVersion")),
            firmware_version=text(inverter.get("FirmwareVersion")),
            battery_count=integer(inverter.get("BatteryCount")),
            battery_models=_battery_models(inverter.get("BatteryModels")),
            site_id=text(site.get("Id")),
            site_type=text(site.get("Type")),
            system_type=text(details.get("SystemType")),
            commissioning_date=calendar_date(site.get("CommissioningDate")),
            network_connection=text(
                mapping(site.get("RemoteAccessConnection")).get("Type")
            ),
            limits=PowerLimits.parse(details),
            approved_capacity_w=number(site.get("ApprovedCapacityW")),
            panel_model=text(details.get("PanelModel")),
            panel_size_w=scaled(details.get("PanelSizekW"), _KILO),
            battery_capacity_kwh=number(details.get("BatteryCapacitykWh")),
            usable_capacity_kwh=number(details.get("UsableBatteryCapacitykWh")),
            generation_hard_limit_va=number(details.get("GenerationHardLimitVA")),
            generation_soft_limit_va=number(details.get("GenerationSoftLimitVA")),
        )

    @property
    def has_battery(self) -> bool:
        """Whether a battery was fitted when the system was set up."""
        return (self.battery_count or 0) > 0 or (self.battery_capacity_kwh or 0) > 0

    @property
    def grid_tie_only(self) -> bool:
        """Whether it is an SI model, which has no schedule API (dossier 7.1)."""
        return self.model is not None and self.model.upper().startswith("SI")


def _battery_models(raw: Any) -> tuple[str, ...]:
    """Return a model per module: `Unknown` means the last known one (dossier 4.1)."""
    known = UNKNOWN_MODEL
    models: list[str] = []
    for entry in raw if isinstance(raw, list) else ():
        name = text(entry)
        if name is not None and name != UNKNOWN_MODEL:
            known = name
        models.append(known)
    return tuple(models)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The limits and reserves in force (dossier 1.8)."""

    min_soc: float | None
    min_offgrid_soc: float | None
    limits: PowerLimits

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `Data`."""
        return cls(
            min_soc=scaled(raw.get("MinSoC0to1"), _PERCENT),
            min_offgrid_soc=scaled(raw.get("MinOffgridSoC0to1"), _PERCENT),
            limits=PowerLimits.parse(raw),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelGroup:
    """The panels at one MPPT input, as the portal knows them (dossier 2.3)."""

    size_w: float | None
    panels: int | None
    direction: str | None


@dataclass(frozen=True, slots=True)
class Panels:
    """The panel groups in the order of the MPPT inputs."""

    groups: tuple[PanelGroup, ...]


def has_battery(static: Static | None, dynamic: Dynamic | None) -> bool:
    """Tell whether a battery is fitted: any one trace of it counts (dossier 1.7)."""
    return (static is not None and static.has_battery) or (
        dynamic is not None and dynamic.battery_seen
    )
