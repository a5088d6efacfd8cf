"""The Solarbanks in scene_info (4.4)."""

from datetime import datetime
from typing import Any

from .behaviour import Behaviour
from .household import BankFlow
from .orders import band_at
from .site import Record, Site
from .specs import BankSpec

EPOCH = "1970-01-01 00:00:00"
_FULL = 0.995
_BARELY_W = 0.5


def watts(value: float) -> str:
    """Return whole watts as the vendor writes them."""
    return str(round(value))


def stamp(site: Site, time: datetime) -> str:
    """Return a time on the device's clock."""
    return site.local(time).strftime("%Y-%m-%d %H:%M:%S")


def is_told(site: Site, behaviour: Behaviour, now: datetime) -> bool:
    """Whether the powers are shown at all."""
    return not behaviour.invalid and not site.offline.at(now)


def banks_info(
    site: Site, record: Record, behaviour: Behaviour, now: datetime
) -> dict[str, Any]:
    """Return solarbank_info."""
    spec, flow = site.spec, record.flow
    told = is_told(site, behaviour, now)

    def part(value: float) -> str:
        return watts(value) if told else "0"

    flows = (*flow.banks, *flow.cascaded)
    entries = [
        _bank(site, n, bank, flows[n], behaviour, now)
        for n, bank in enumerate((*spec.banks, *spec.cascaded))
    ]
    later = bool(spec.banks) and not spec.is_first
    inputs = [0.0] * 4
    if later:
        for bank in flow.banks:
            for n, value in enumerate(bank.inputs_w):
                inputs[n] += value
    charge = max(0.0, flow.battery_w)
    discharge = max(0.0, -flow.battery_w)
    soc = 0.0 if behaviour.invalid else record.soc
    plan = site.params["6"].shown.at(now) if later else {}
    updated = (
        EPOCH if behaviour.invalid or behaviour.epoch else stamp(site, record.time)
    )
    return {
        "solarbank_list": entries,
        "total_charging_power": part(charge),
        "power_unit": "W",
        "charging_status": "0",
        "total_battery_power": f"{soc:.2f}",
        "updated_time": updated if spec.banks else "",
        "total_photovoltaic_power": part(flow.pv_w),
        "total_output_power": f"{round(flow.output_w) if told else 0:.2f}",
        "display_set_power": spec.is_first and len(spec.banks) > 1,
        "battery_discharge_power": part(discharge if later else 0.0),
        "ac_power": "0",
        "to_home_load": part(flow.output_w if later else 0.0),
        "is_display_data": not behaviour.invalid,
        **{f"solar_power_{n}": part(value) for n, value in enumerate(inputs, 1)},
        "other_input_power": "0",
        "micro_inverter_power": "0",
        "micro_inverter_power_limit": "0",
        "micro_inverter_low_power_limit": "0",
        "grid_to_battery_power": part(flow.grid_charge_w),
        "pei_heating_power": "0",
        "backup_info": _backup(site, plan, flow.banks, now),
        "use_time_excute_info": {
            "current_band": str(
                band_at(plan, site.local(now)) if plan.get("mode_type") == 5 else 0
            )
        },
    }


def _backup(
    site: Site, plan: dict[str, Any], flows: tuple[BankFlow, ...], now: datetime
) -> dict[str, int]:
    span = site.backup(plan, now)
    if span is None:
        return {"start_time": 0, "end_time": 0, "full_time": 0}
    charge = sum(flow.charge_w for flow in flows)
    banks, full = site.spec.banks, 0
    if charge > 0:
        missing = sum(
            bank.capacity_wh * (1 - site.household.soc(n))
            for n, bank in enumerate(banks)
        )
        full = int(now.timestamp() + missing / charge * 3600)
    return {"start_time": span[0], "end_time": span[1], "full_time": full}


def _bank(
    site: Site,
    number: int,
    bank: BankSpec,
    flow: BankFlow,
    behaviour: Behaviour,
    now: datetime,
) -> dict[str, Any]:
    online = site.is_online(bank.serial, now)
    told = online and not behaviour.invalid
    first = bank.makes.generation == 1
    several = site.is_first and len(site.spec.banks) > 1
    power = site.share(now).banks_w[number] if several else None
    net = flow.battery_w
    # Output while it gives any, else what it takes: as unreliable as in 4.4.
    shown = flow.output_w if flow.output_w > _BARELY_W else abs(net)

    def part(value: float) -> str:
        if behaviour.empty_strings:
            return ""
        return watts(value) if told else "0"

    return {
        "device_pn": bank.product,
        "device_sn": bank.serial,
        "device_name": site.aliases[bank.serial],
        "device_img": "",
        "battery_power": "0" if behaviour.invalid else str(int(flow.soc * 100 + 0.5)),
        "bind_site_status": "",
        "charging_power": part(shown),
        "power_unit": "W",
        "charging_status": _status(flow) if first and told else "0",
        "status": str(int(online)),
        "wireless_type": "1",
        "main_version": "",
        "photovoltaic_power": part(flow.pv_w),
        "output_power": part(flow.output_w),
        "create_time": 1700000100,
        "set_load_power": "" if power is None else str(power),
        "sub_package_num": bank.packs,
        "output_cutoff_data": _cutoff(site, bank, now),
        "is_display": True,
        "bat_charge_power": part(max(0.0, net)),
        "pv_name": {
            "micro_inverter_name": "",
            "pv1_name": "PV1",
            "pv2_name": "PV2",
            "pv3_name": "PV3",
            "pv4_name": "PV4",
        },
        "pv_power": None,
        "feature_switch": _bank_flags(bank),
        "heating_power": part(0.0),
        "bat_discharge_power": part(max(0.0, -net)),
        "err_code": 0,
    }


def _bank_flags(bank: BankSpec) -> dict[str, bool] | None:
    match bank.makes.generation:
        case 1:
            return None
        case 2:
            return {}
    return flags_of_later()


def flags_of_later() -> dict[str, bool]:
    """Return feature_switch of a Solarbank 3."""
    return {
        "0w_feed_v2": True,
        "enable_parallel": False,
        "enable_timeslot": True,
        "exceed_power": False,
        "heating": False,
        "plug_switch_report": True,
    }


def _cutoff(site: Site, bank: BankSpec, now: datetime) -> int:
    if bank.makes.generation >= 3:
        return 0
    return 10 if site.cutoff[bank.serial].shown.at(now)["id"] == 1 else 5


def _status(flow: BankFlow) -> str:
    """Return charging_status of a Solarbank 1."""
    if flow.charge_w > _BARELY_W:
        return "3"
    if flow.discharge_w > _BARELY_W:
        return "2"
    return "1" if flow.output_w > _BARELY_W or flow.soc >= _FULL else "7"
