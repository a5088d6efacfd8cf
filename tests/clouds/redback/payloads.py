"""The vendor's JSON for readings: static, dynamic, configuration (1.5 to 1.8)."""

from datetime import datetime, timedelta
from typing import Any

from ..sun import noise
from .behaviour import Behaviour
from .fixtures import InverterSpec, SiteSpec
from .inverter import Inverter, Sample
from .timespan import format_stamp, format_ticks, format_time

_METADATA_NAMES = (
    "ActiveExportedPowerInstantaneouskW",
    "ActiveImportedPowerInstantaneouskW",
    "VoltageInstantaneousV",
    "CurrentInstantaneousA",
    "PowerFactorInstantaneousMinus1to1",
    "FrequencyInstantaneousHz",
    "BatterySoCInstantaneous0to1",
    "PvPowerInstantaneouskW",
    "InverterTemperatureC",
    "BatteryPowerNegativeIsChargingkW",
    "PvAllTimeEnergykWh",
    "ExportAllTimeEnergykWh",
    "ImportAllTimeEnergykWh",
    "LoadAllTimeEnergykWh",
)


def number(value: float, digits: int = 3) -> float | int:
    """Round; a whole value has no fraction, as in the recordings (1.1)."""
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def node_tree(site: SiteSpec, serials: list[str]) -> dict[str, Any]:
    """Return a site of With/Nodes (1.5)."""
    nodes: list[dict[str, Any]] = [
        {
            "SerialNumber": serial,
            "Id": serial,
            "Nmi": None,
            "Type": "Inverter",
            "Nodes": None,
        }
        for serial in serials
    ]
    nodes.append({"Id": "Houseload", "Nmi": None, "Type": "Houseload", "Nodes": None})
    return {"Id": site.site_id, "Nmi": site.nmi, "Type": "Site", "Nodes": nodes}


def _limits(spec: InverterSpec, site: SiteSpec) -> dict[str, Any]:
    """Return what SiteDetails and Configuration have in common."""
    house = spec.house
    battery = spec.has_battery
    usable = house.battery_kwh * (1 - spec.min_offgrid_soc)
    return {
        "GenerationHardLimitVA": None,
        "GenerationSoftLimitVA": None,
        "ExportHardLimitkW": None,
        "ExportSoftLimitkW": None,
        "SiteExportLimitkW": site.export_limit_kw,
        "BatteryMaxChargePowerkW": number(house.max_charge_w / 1000)
        if battery
        else None,
        "BatteryMaxDischargePowerkW": number(house.max_discharge_w / 1000)
        if battery
        else None,
        "BatteryCapacitykWh": number(house.battery_kwh) if battery else None,
        "UsableBatteryCapacitykWh": number(usable) if battery else None,
        "SystemType": "Hybrid" if spec.schedulable else "Grid Tie",
        "InverterMaxExportPowerkW": spec.max_export_kw,
        "InverterMaxImportPowerkW": spec.max_import_kw,
    }


def _site_details(spec: InverterSpec, site: SiteSpec) -> dict[str, Any]:
    """Return the limits with the panels in between, in the recorded order."""
    panels_kw = sum(p.peak_w for p in spec.house.panels) / 1000
    after: dict[str, dict[str, Any]] = {
        "ExportHardLimitkW": {"ExportHardLimitW": None},
        "ExportSoftLimitkW": {"ExportSoftLimitW": None},
        "UsableBatteryCapacitykWh": {
            "PanelModel": "Example EX-330",
            "PanelSizekW": number(panels_kw),
        },
    }
    details: dict[str, Any] = {}
    for name, value in _limits(spec, site).items():
        details |= {name: value} | after.get(name, {})
    return details


def static_data(
    site: SiteSpec,
    shown: list[InverterSpec],
    newest: datetime,
    status: str,
    now: datetime,
) -> dict[str, Any]:
    """Return Data of a static answer; `shown` are the inverter nodes in order."""
    lead = shown[0]
    site_data = {
        "TimestampUtc": format_ticks(now),
        "Location": {
            "Latitude": site.latitude,
            "Longitude": site.longitude,
            "AddressLineOne": "1 Example St ",
            "AddressLineTwo": None,
            "Suburb": "Exampleville",
            "State": "Qld",
            "Country": "Australia",
            "PostCode": "4000",
        },
        "TechnologyProvider": "Redback",
        "RemoteAccessConnection": {"Type": "ETHERNET", "CustomerChoice": True},
        "ApprovedCapacityW": None,
        "SolarRetailer": {"Name": "Example Solar", "ABN": "00000000000"},
        "SiteDetails": _site_details(lead, site),
        "CommissioningDate": "2021-03-04",
        "NMI": site.nmi,
        "LatestDynamicDataUtc": format_time(newest),
        "Status": status,
        "Id": site.site_id,
        "Type": "Site",
        "DynamicDataMetadata": {
            f"{name}Metadata": {"Measured": name != "PvPowerInstantaneouskW"}
            for name in _METADATA_NAMES
        },
    }
    inverters = [
        {
            "StaticData": {
                "ModelName": spec.model,
                "BatteryCount": spec.battery_count,
                "SoftwareVersion": spec.software,
                "FirmwareVersion": spec.firmware,
                "BatteryModels": list(spec.battery_models),
                "Id": spec.serial,
                "Type": "Inverter",
                "DynamicDataMetadata": None,
            },
            "Nodes": None,
        }
        for spec in shown
    ]
    load = {
        "StaticData": {
            "Id": "HouseLoad",
            "Type": "Houseload",
            "DynamicDataMetadata": None,
        },
        "Nodes": None,
    }
    return {"StaticData": site_data, "Nodes": [inverters[0], load, *inverters[1:]]}


def configuration(spec: InverterSpec, site: SiteSpec) -> dict[str, Any]:
    """Return Data of a configuration answer (1.8)."""
    battery = spec.has_battery
    return {
        "SiteId": site.site_id,
        "Nmi": site.nmi,
        "SerialNumber": spec.serial,
        **_limits(spec, site),
        "MinSoC0to1": spec.house.reserve_soc if battery else None,
        "MinOffgridSoC0to1": spec.min_offgrid_soc if battery else None,
    }


def _phases(inverter: Inverter, sample: Sample) -> list[dict[str, Any]]:
    """Return the phases; their sum is the grid power of the house."""
    spec, flow = inverter.spec, sample.reading.flow
    minute = int(sample.time.timestamp() // 60)
    shares = spec.load_share
    alive = [n for n in range(len(shares)) if n != spec.dead_phase]
    supply = (flow.pv_w + flow.battery_w) / len(alive)
    phases: list[dict[str, Any]] = []
    for n, share in enumerate(shares):
        phase: dict[str, Any] = {
            "Id": "ABC"[n],
            "ActiveExportedPowerInstantaneouskW": None,
            "ActiveImportedPowerInstantaneouskW": None,
            "VoltageInstantaneousV": None,
            "CurrentInstantaneousA": None,
            "PowerFactorInstantaneousMinus1to1": None,
        }
        if n in alive:
            net_kw = round((flow.load_w * share - supply) / 1000, 3)
            voltage = round(238 + 5 * noise(inverter.seed + 10 + n, minute), 1)
            factor = round(0.8 + 0.19 * noise(inverter.seed + 20 + n, minute), 3)
            phase |= {
                "ActiveExportedPowerInstantaneouskW": number(max(0.0, -net_kw)),
                "ActiveImportedPowerInstantaneouskW": number(max(0.0, net_kw)),
                "VoltageInstantaneousV": number(voltage, 1),
                "CurrentInstantaneousA": number(
                    abs(net_kw) * 1000 / voltage / factor, 2
                ),
                "PowerFactorInstantaneousMinus1to1": factor,
            }
        phases.append(phase)
    return phases


def _battery(
    inverter: Inverter, sample: Sample, behaviour: Behaviour
) -> dict[str, Any] | None:
    """Return Battery, or None for null and absent."""
    spec = inverter.spec
    if not spec.has_battery:
        if behaviour.no_battery != "object":
            return None
        return {
            "CurrentNegativeIsChargingA": None,
            "VoltageV": None,
            "VoltageType": None,
            "NumberOfModules": 0,
            "Cabinets": [],
            "Modules": [],
        }
    count = len(spec.battery_models)
    soc = sample.reading.soc or 0.0
    module_v = 48.5 + 3.5 * soc
    stack_v = module_v * count if spec.high_voltage else module_v
    power_w = sample.reading.flow.battery_w
    current = power_w / stack_v
    module_a = current if spec.high_voltage else current / count
    module = {
        "CurrentNegativeIsChargingA": number(module_a, 1),
        "VoltageV": number(module_v, 1),
        "PowerNegativeIsChargingkW": number(power_w / count / 1000),
        "SoC0To1": number(soc, 2),
    }
    return {
        "CurrentNegativeIsChargingA": number(current, 1),
        "VoltageV": number(stack_v, 1),
        "VoltageType": "HV" if spec.high_voltage else "LV",
        "NumberOfModules": count,
        "Cabinets": [
            {
                "TemperatureC": number(24 + abs(power_w) / 1000, 1),
                "FanState": "On" if abs(power_w) > 3000 else "Off",
            }
        ],
        "Modules": None if spec.battery_disabled else [dict(module)] * count,
    }


def dynamic_data(
    inverter: Inverter,
    sample: Sample,
    behaviour: Behaviour,
    *,
    full: bool,
    others: list[tuple[str, Sample]],
    skew: timedelta = timedelta(0),
) -> dict[str, Any]:
    """Return Data of a dynamic answer; `full` is v2.21, else v2.

    `others` are the inverters to list, in order, with their samples.
    """
    spec, flow = inverter.spec, sample.reading.flow
    energy = inverter.counters(sample.reading.energy)
    minute = int(sample.time.timestamp() // 60)
    soc = None if spec.battery_disabled else sample.reading.soc
    battery = spec.has_battery
    tenths = behaviour.inverter_energy_digits
    data: dict[str, Any] = {
        "TimestampUtc": format_time(sample.time + skew),
        "SiteId": inverter.site.site_id,
        "Phases": _phases(inverter, sample),
        "FrequencyInstantaneousHz": number(
            49.95 + 0.1 * noise(inverter.seed + 30, minute), 2
        ),
        "BatterySoCInstantaneous0to1": None if soc is None else number(soc, 2),
        "PvPowerInstantaneouskW": number(flow.pv_w / 1000),
        "InverterTemperatureC": number(
            26 + 3 * noise(inverter.seed + 31, minute) + flow.pv_w / 400, 1
        ),
        "BatteryPowerNegativeIsChargingkW": number(flow.battery_w / 1000)
        if battery
        else None,
        "PvAllTimeEnergykWh": number(energy.pv, tenths),
        "ExportAllTimeEnergykWh": number(energy.exported),
        "ImportAllTimeEnergykWh": number(energy.imported),
        "LoadAllTimeEnergykWh": number(energy.load, tenths),
    }
    if full:
        data |= {
            "BatteryChargeAllTimeEnergykWh": number(energy.charged, tenths)
            if battery
            else None,
            "BatteryDischargeAllTimeEnergykWh": number(energy.discharged, tenths)
            if battery
            else None,
        }
    data |= {
        "Status": inverter.status,
        "Inverters": [
            {
                "SerialNumber": serial,
                "PowerMode": None
                if behaviour.power_mode_null
                else other.wish.power_mode(),
            }
            for serial, other in others
        ],
    }
    if not full:
        return data
    pvs = []
    for n, watts in enumerate(flow.pv_strings_w):
        volts = (
            250 + 140 * spec.high_voltage + 30 * noise(inverter.seed + 40 + n, minute)
        )
        pvs.append(
            {
                "CurrentA": number(watts / volts, 1),
                "VoltageV": number(volts if watts else 0, 1),
                "PowerkW": number(watts / 1000),
            }
        )
    data["PVs"] = pvs if behaviour.pvs == "array" else None
    if battery or behaviour.no_battery != "absent":
        data["Battery"] = _battery(inverter, sample, behaviour)
    return data


def time_travel(site_id: str, time: datetime) -> dict[str, Any]:
    """Return Metadata of a dynamic answer (1.7)."""
    base = f"/Api/v2/EnergyData/{site_id}/Dynamic"
    spans = {
        "1m": (timedelta(minutes=1), 1),
        "10m": (timedelta(minutes=10), 2),
        "1h": (timedelta(hours=1), 5),
        "1d": (timedelta(days=1), 60),
        "1w": (timedelta(weeks=1), 60),
    }

    def links(sign: int) -> dict[str, str]:
        # A second later, as recorded: "before" does not include the instant.
        at = time + timedelta(seconds=1)
        return {
            key: f"{base}/LatestBeforeUtc/{format_stamp(at + sign * span)}"
            f"/{minutes}?metadata=true"
            for key, (span, minutes) in spans.items()
        }

    return {
        "Latest": f"{base}?metadata=True",
        "Permalink": f"{base}/At/{format_stamp(time)}?metadata=True",
        "Back": links(-1),
        "Forward": links(1),
    }
