"""Schedules in the vendor's forms (5.1, 5.4, 5.5)."""

from collections.abc import Sequence
from typing import Any

type Slot = tuple[str, str, int]


def day_profile(
    serials: Sequence[str], slots: Sequence[Slot], *, priority: int = 80
) -> dict[str, Any]:
    """Return the object of type 4 for Solarbank 1, with the newest fields."""
    several = len(serials) > 1
    return {
        "ranges": [
            {
                "id": 0,
                "start_time": start,
                "end_time": end,
                "turn_on": True,
                "appliance_loads": [
                    {"id": 0, "name": "Custom", "power": power, "number": 1}
                ],
                "charge_priority": priority,
                "power_setting_mode": 1,
                "device_power_loads": [
                    {"device_sn": serial, "power": power // 2} for serial in serials
                ],
                "priority_discharge_switch": 0,
            }
            for start, end, power in slots
        ],
        "min_load": 100,
        "max_load": 800,
        "step": 0,
        "is_charge_priority": int(several),
        "default_charge_priority": 80 if several else 0,
        "is_zero_output_tips": int(not several),
        "display_advanced_mode": int(several),
        "advanced_mode_min_load": 50 if several else 0,
        "is_show_install_mode": 1,
        "display_priority_discharge_tips": 0,
        "priority_discharge_upgrade_devices": "",
        "default_home_load": 200,
        "is_show_priority_discharge": 1,
    }


def enforced_profile(power: int) -> dict[str, Any]:
    """Return what a Solarbank 1 behind a later one is told (5.1)."""
    profile = day_profile((), (("00:00", "24:00", power),), priority=0)
    [slot] = profile["ranges"]
    slot |= {
        "turn_on": None,
        "power_setting_mode": None,
        "device_power_loads": None,
    }
    return profile


def empty_profile() -> dict[str, Any]:
    """Return the object of a device without a system: no ranges at all (4.8)."""
    profile = day_profile((), ())
    return profile | {"ranges": None}


def old_profile(profile: dict[str, Any]) -> dict[str, Any]:
    """Return a profile without what came after 2023 (5.1)."""
    keys = ("id", "start_time", "end_time", "turn_on", "appliance_loads")
    ranges = [
        {key: slot[key] for key in (*keys, "charge_priority") if key in slot}
        for slot in profile["ranges"] or ()
    ]
    kept = ("min_load", "max_load", "step", "is_charge_priority")
    rest = {
        key: profile[key]
        for key in (*kept, "default_charge_priority")
        if key in profile
    }
    return {"ranges": ranges, **rest}


def rate_plan(
    mode: int,
    *items: tuple[tuple[int, ...], Sequence[Slot]],
    max_load: int = 800,
    newest: bool = False,
    **parts: Any,
) -> dict[str, Any]:
    """Return the object of type 6 for Solarbank 2 and 3."""
    plan: dict[str, Any] = {
        "mode_type": mode,
        "custom_rate_plan": [
            {
                "index": index,
                "week": list(week),
                "ranges": [
                    {"start_time": start, "end_time": end, "power": power}
                    for start, end, power in slots
                ],
            }
            for index, (week, slots) in enumerate(items)
        ]
        or None,
        "blend_plan": None,
        "use_time": None,
        "manual_backup": None,
    }
    if newest:
        plan |= {
            "reserved_soc": 0,
            "dynamic_price": None,
            "ai_ems": {"enable": mode == 7, "status": 5 if mode == 7 else 3},
            "time_slot": None,
            "schedule_mode": {"last_select_mode": 8},
        }
    plan |= {
        "default_home_load": 200,
        "max_load": max_load,
        "min_load": 0,
        "step": 10,
    }
    return plan | parts


def no_rate_plan() -> dict[str, Any]:
    """Return type 6 of a Solarbank 1: all null, mode 0 (4.12)."""
    plan = rate_plan(0)
    return plan | {"default_home_load": 0, "max_load": 0, "min_load": 0, "step": 0}


def use_time() -> list[dict[str, Any]]:
    """Return a time-of-use plan of one season (5.5)."""
    weekday = ((0, 6, 4), (6, 18, 3), (18, 21, 1), (21, 24, 3))
    return [
        {
            "sea": {"start_month": 1, "end_month": 12},
            "weekday": [
                {"start_time": start, "end_time": end, "type": band}
                for start, end, band in weekday
            ],
            "weekend": [{"start_time": 0, "end_time": 24, "type": 3}],
            "weekday_price": [
                {"price": "0.20", "type": 4},
                {"price": "0.28", "type": 3},
                {"price": "0.41", "type": 1},
            ],
            "weekend_price": [{"price": "0.28", "type": 3}],
            "unit": "€",
            "is_same": False,
        }
    ]


def minutes(text: str) -> int:
    """Return the minute of the day of HH:MM; 24:00 is 1440."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)
