"""scene_info: the overview of a system, key for key (4.3, 4.4)."""

from datetime import datetime
from typing import Any

from .bank_scene import banks_info, flags_of_later, is_told, stamp, watts
from .behaviour import Behaviour
from .orders import BACKUP, MANUAL, plan_slot
from .site import Record, Site
from .specs import DeviceSpec

_CO2_PER_KWH = 0.997


def statistics(site: Site, kwh: float, unit: str | None = None) -> list[dict[str, str]]:
    """Return energy, CO2 and money of a yield."""
    price = site.price.newest
    return [
        {"type": "1", "total": f"{kwh:.2f}", "unit": unit or site.spec.unit},
        {"type": "2", "total": f"{kwh * _CO2_PER_KWH:.2f}", "unit": "kg"},
        {
            "type": "3",
            "total": f"{kwh * float(price['price']):.2f}",
            "unit": price["site_price_unit"],
        },
    ]


def usage_mode(site: Site, now: datetime) -> int:
    """Return scene_mode: 4 while a backup charge is under way."""
    plan = site.params["6"].shown.at(now) if "6" in site.params else {}
    if site.backup(plan, now):
        return BACKUP
    return int(plan.get("mode_type") or 0)


def retain_load(site: Site, now: datetime) -> int:
    """Return the system's preset that is in force, W."""
    if site.is_first:
        return site.share(now).system_w
    plan = site.params["6"].shown.at(now)
    if plan.get("mode_type") != MANUAL:
        return 0
    return plan_slot(plan, site.local(now), "custom_rate_plan")[1]


def scene(site: Site, behaviour: Behaviour, now: datetime) -> dict[str, Any]:
    """Return data of get_scen_info."""
    record, spec = site.record(now), site.spec
    told = is_told(site, behaviour, now)
    mode = usage_mode(site, now) if spec.banks and not behaviour.invalid else 0
    has_load = spec.meter is not None or bool(spec.plugs)
    home = _home_load(site, record) if has_load and told else 0.0
    plugs = sum(record.flow.plugs_w) if told else 0.0
    preset = retain_load(site, now) if spec.banks and not behaviour.invalid else 0
    flags = {"show_third_party_pv_panel": False}
    if spec.generation >= 3:
        flags = flags_of_later()
    data: dict[str, Any] = {
        "home_info": {
            "home_name": "Home",
            "home_img": "",
            "charging_power": "0.00",
            "power_unit": "W",
        },
        "solar_list": _inverters(site, record, now),
        "pps_info": _stations(site, record, now),
        "statistics": statistics(site, record.totals.solar),
        "topology_type": "1",
        "solarbank_info": banks_info(site, record, behaviour, now),
        "retain_load": f"{preset}W",
        "scene_mode": mode,
        "home_load_power": watts(home),
        "updated_time": "01-01-0001 00:00:00",
        "power_site_type": spec.kind,
        "site_id": spec.site_id,
        "powerpanel_list": [_plain(site, device) for device in spec.panels],
        "grid_info": _grid(site, record, now, told),
        "is_downgrade": False,
        "error_code": 0,
        "smart_plug_info": _plugs(site, record, now, told),
        "feature_switch": flags,
        "other_loads_power": watts(max(0.0, home - plugs)),
        "priority_discharge_switch": _discharge_first(site, now),
        "display_priority_discharge_tips": 0,
        "priority_discharge_upgrade_devices": "",
        "style_id": 0,
        "is_show_priority_discharge": int(spec.is_first),
        "solarbank_pps_info": _no_stations(),
        "user_scene_mode": mode,
        "is_dynamic_price_down_grade": False,
        "aiems_profit": _profit(site, record),
        "switch_0w": site.params["18"].shown.at(now)["switch_0w"]
        if "18" in site.params
        else 0,
        "err_msg": "",
        "third_party_pv": "0",
        "combiner_box_info": {"combiner_box_list": []},
        "charging_pile_info": {"charging_pile_list": []},
    }
    return _old(data) if behaviour.old_firmware and spec.is_first else data


def _home_load(site: Site, record: Record) -> float:
    """Return what the vendor takes for the load: without a meter, the plugs."""
    if site.spec.meter is not None:
        return record.flow.load_w
    return max(sum(record.flow.plugs_w), record.flow.output_w)


def _discharge_first(site: Site, now: datetime) -> int:
    if not site.is_first:
        return 0
    slot = site.share(now).slot or {}
    return int(slot.get("priority_discharge_switch") or 0)


# -- beside the Solarbanks ---------------------------------------------------------


def _plain(site: Site, device: DeviceSpec) -> dict[str, Any]:
    return {
        "device_pn": device.product,
        "device_sn": device.serial,
        "device_name": site.aliases[device.serial],
        "device_img": "",
        "create_time": 1719000000,
        "status": "1",
        "bind_site_status": "",
        "wireless_type": "",
    }


def _inverters(site: Site, record: Record, now: datetime) -> list[dict[str, Any]]:
    device = site.spec.inverter
    if device is None:
        return []
    online = site.is_online(device.serial, now)
    power = record.flow.output_w * 0.957 if online else 0.0
    return [
        {
            "device_sn": device.serial,
            "device_name": site.aliases[device.serial],
            "device_img": "",
            "bind_site_status": "",
            "generate_power": f"{round(power):.2f}",
            "power_unit": "W",
            "status": str(int(online)),
            "wireless_type": "2",
            "device_pn": device.product,
            "main_version": "",
        }
    ]


def _stations(site: Site, record: Record, now: datetime) -> dict[str, Any]:
    devices = site.spec.stations
    load = record.flow.load_w if devices else 0.0
    return {
        "pps_list": [
            {
                **_plain(site, device),
                "charging_power": "0",
                "power_unit": "W",
                "battery_power": "80",
                "output_power": watts(load),
                "charging_status": "2",
                "status": str(int(site.is_online(device.serial, now))),
                "is_display": True,
            }
            for device in devices
        ],
        "total_charging_power": f"{round(load):.2f}",
        "power_unit": "W",
        "total_battery_power": "0.80" if devices else "0.00",
        "updated_time": stamp(site, record.time) if devices else "",
        "pps_status": 0,
    }


def _no_stations() -> dict[str, Any]:
    totals = ("charging_power", "output_power", "battery_power", "pv_input_power")
    return {
        "pps_list": None,
        **{f"total_{name}": "" for name in totals},
        "total_home_load_power": "",
        "total_grid_to_battery": "",
        "home": None,
        "grid": None,
        "system": None,
    }


def _grid(
    site: Site, record: Record, now: datetime, told: bool
) -> dict[str, Any] | None:
    meter = site.spec.meter
    if meter is None:
        return None
    online = told and site.is_online(meter.serial, now)
    grid = record.flow.grid_w if online else 0.0
    return {
        "grid_list": [{**_plain(site, meter), "status": str(int(online))}],
        "photovoltaic_to_grid_power": watts(max(0.0, -grid)),
        "grid_to_home_power": watts(max(0.0, grid)),
        "grid_status": 0,
        "has_history_data": True,
    }


def _plugs(
    site: Site, record: Record, now: datetime, told: bool
) -> dict[str, Any] | None:
    plugs = site.spec.plugs
    if not plugs:
        return None
    return {
        "smartplug_list": [
            {
                "device_pn": plug.product,
                "device_sn": plug.serial,
                "device_name": site.aliases[plug.serial],
                "device_img": "",
                "current_power": watts(power if told else 0.0),
                "tag": plug.alias.lower(),
                "tag_img": "",
                "total_power": "",
                "status": str(int(site.is_online(plug.serial, now))),
                "err_code": 0,
                "priority": n,
                "auto_switch": False,
                "running_time": 0,
                "create_time": 1719000000,
                "bind_site_status": "",
                "wireless_type": "",
            }
            for n, (plug, power) in enumerate(
                zip(plugs, record.flow.plugs_w, strict=True)
            )
        ],
        "total_power": watts(sum(record.flow.plugs_w) if told else 0.0),
    }


def _profit(site: Site, record: Record) -> dict[str, Any] | None:
    if site.spec.generation < 3:
        return None
    money = record.totals.solar_to_home * float(site.price.newest["price"]) * 0.1
    return {
        "unit": "€",
        "aiems_profit_total": f"{money:.2f}",
        "percentage": "9.30",
        "show_percentage": True,
        "aiems_self_use_diff": "3.97",
    }


_OLD_BANK = (
    *("device_pn", "device_sn", "device_name", "device_img", "battery_power"),
    *("bind_site_status", "charging_power", "power_unit", "charging_status"),
    *("status", "wireless_type", "main_version", "photovoltaic_power"),
    *("output_power", "create_time"),
)
_OLD_BANKS = (
    *("solarbank_list", "total_charging_power", "power_unit", "charging_status"),
    *("total_battery_power", "updated_time", "total_photovoltaic_power"),
    "total_output_power",
)
_OLD = (
    *("home_info", "solar_list", "pps_info", "statistics", "topology_type"),
    *("solarbank_info", "retain_load", "updated_time", "power_site_type"),
    *("site_id", "powerpanel_list"),
)


def _old(data: dict[str, Any]) -> dict[str, Any]:
    """Return the scene as the cloud of 2023 gave it (9.2 variants)."""
    info = {key: data["solarbank_info"][key] for key in _OLD_BANKS}
    info["solarbank_list"] = [
        {key: bank[key] for key in _OLD_BANK} for bank in info["solarbank_list"]
    ]
    return {key: data[key] for key in _OLD} | {"solarbank_info": info}
