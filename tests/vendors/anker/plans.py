"""Plans as the cloud holds them, for tests: dossier 9.2 to 9.4 and variants."""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from custom_components.joulekeeper.vendors.anker.plan import Bank, SitePlan

BERLIN: Final = ZoneInfo("Europe/Berlin")
LEFT: Final = "FAKESB1B00000001"
RIGHT: Final = "FAKESB1B00000002"
SINGLE: Final = "FAKESB1A00000001"

_REST: Final[Mapping[str, Any]] = {
    "min_load": 100,
    "max_load": 800,
    "step": 0,
    "is_charge_priority": 1,
    "default_charge_priority": 80,
    "is_zero_output_tips": 0,
    "display_advanced_mode": 1,
    "advanced_mode_min_load": 50,
    "is_show_install_mode": 1,
    "display_priority_discharge_tips": 0,
    "priority_discharge_upgrade_devices": "",
    "default_home_load": 200,
    "is_show_priority_discharge": 1,
}


def slot(
    start: str,
    end: str,
    power: int,
    serials: tuple[str, ...] = (SINGLE,),
    **other: Any,
) -> dict[str, Any]:
    """Return a slot as a firmware of today has it."""
    return {
        "id": 0,
        "start_time": start,
        "end_time": end,
        "turn_on": True,
        "appliance_loads": [{"id": 0, "name": "Custom", "power": power, "number": 1}],
        "charge_priority": 80,
        "power_setting_mode": 1,
        "device_power_loads": [
            {"device_sn": serial, "power": power // 2} for serial in serials
        ],
        "priority_discharge_switch": 0,
        **other,
    }


def old_slot(start: str, end: str, power: int) -> dict[str, Any]:
    """Return a slot as a firmware of 2023 has it."""
    new = slot(start, end, power)
    for key in (
        "power_setting_mode",
        "device_power_loads",
        "priority_discharge_switch",
    ):
        del new[key]
    return new


def profile_raw(*slots: dict[str, Any], **other: Any) -> dict[str, Any]:
    """Return the object of parameter type 4."""
    return {"ranges": list(slots) or None, **_REST, **other}


def profile(*slots: dict[str, Any], serials: tuple[str, ...] = (SINGLE,)) -> SitePlan:
    """Return the plan of a system of the first generation."""
    banks = tuple(Bank(serial, "A17C0") for serial in serials)
    return SitePlan.parse(profile_raw(*slots), banks, BERLIN)


SYSTEM_A: Final = (slot("00:00", "08:00", 200), slot("08:00", "24:00", 300))
SYSTEM_B: Final = (
    slot("00:00", "10:00", 200, (LEFT, RIGHT)),
    slot("10:00", "24:00", 300, (LEFT, RIGHT)),
)


def span(start: str, end: str, power: int, **other: Any) -> dict[str, Any]:
    """Return a range of a rate plan."""
    return {"start_time": start, "end_time": end, "power": power, **other}


def week_item(index: int, week: list[int], *ranges: dict[str, Any]) -> dict[str, Any]:
    """Return an item of a rate plan."""
    return {"index": index, "week": week, "ranges": list(ranges)}


SYSTEM_C: Final = (
    week_item(0, [0, 6], span("00:00", "24:00", 150)),
    week_item(
        1, [1, 2, 3, 4, 5], span("00:00", "07:00", 100), span("07:00", "24:00", 250)
    ),
)


def rate_raw(*items: dict[str, Any], mode: int = 3, **other: Any) -> dict[str, Any]:
    """Return the object of parameter type 6."""
    return {
        "mode_type": mode,
        "custom_rate_plan": list(items) or None,
        "blend_plan": None,
        "use_time": None,
        "manual_backup": None,
        "default_home_load": 200,
        "max_load": 800,
        "min_load": 0,
        "step": 10,
        **other,
    }


def rate_plan(
    *items: dict[str, Any], mode: int = 3, product: str = "A17C1", **other: Any
) -> SitePlan:
    """Return the plan of a system of a later generation."""
    raw = rate_raw(*items, mode=mode, **other)
    banks = (Bank("FAKESB2C00000001", product),)
    return SitePlan.parse(raw, banks, BERLIN, meter=True)
