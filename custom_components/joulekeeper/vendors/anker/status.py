"""What a solarbank does: its battery's power and its mode in words (dossier 4.4)."""

from enum import IntEnum, StrEnum


class UsageMode(IntEnum):
    """By what a system of the second generation or later sets its output (5.4)."""

    SMART_METER = 1
    SMART_PLUGS = 2
    MANUAL = 3
    BACKUP = 4
    USE_TIME = 5
    SMART = 7
    TIME_SLOT = 8


class BankStatus(StrEnum):
    """Mode of a solarbank, partly the cloud's word and partly made from powers."""

    DETECTION = "detection"
    PROTECTION_CHARGE = "protection_charge"
    BYPASS = "bypass"
    BYPASS_DISCHARGE = "bypass_discharge"
    DISCHARGE = "discharge"
    CHARGE = "charge"
    CHARGE_BYPASS = "charge_bypass"
    CHARGE_AC = "charge_ac"
    CHARGE_PRIORITY = "charge_priority"
    WAKEUP = "wakeup"
    COLD_WAKEUP = "cold_wakeup"
    FULLY_CHARGED = "fully_charged"
    FULL_BYPASS = "full_bypass"
    STANDBY = "standby"


_CODES = {
    "0": BankStatus.DETECTION,
    "1": BankStatus.BYPASS,
    "2": BankStatus.DISCHARGE,
    "3": BankStatus.CHARGE,
    "4": BankStatus.WAKEUP,
    "5": BankStatus.FULLY_CHARGED,
    "6": BankStatus.FULL_BYPASS,
    "7": BankStatus.STANDBY,
    "116": BankStatus.COLD_WAKEUP,
    # Never seen from the cloud, but they are the numbers of the words.
    "03": BankStatus.PROTECTION_CHARGE,
    "12": BankStatus.BYPASS_DISCHARGE,
    "31": BankStatus.CHARGE_BYPASS,
    "32": BankStatus.CHARGE_AC,
    "35": BankStatus.CHARGE_BYPASS,
    "37": BankStatus.CHARGE_PRIORITY,
}


def charging_power(
    solar_w: float | None,
    output_w: float | None,
    charge_w: float | None,
    discharge_w: float | None,
    from_grid_w: float | None,
) -> float | None:
    """Return the battery's power in W, + while charging and - while discharging.

    `charge_w` and `discharge_w` are newer, and believed once one of them is not 0; else
    it is what comes in less what goes out.
    """
    if charge_w or discharge_w:
        return (charge_w or 0.0) - (discharge_w or 0.0)
    if solar_w is None or output_w is None:
        return 0.0 if charge_w == 0 and discharge_w == 0 else None
    return solar_w + (from_grid_w or 0.0) - output_w


def status_of(
    code: str | None,
    *,
    charging_w: float | None,
    solar_w: float | None,
    output_w: float | None,
    preset_w: float | None,
) -> BankStatus | None:
    """Return the mode in a word, None for a code that nobody knows.

    The cloud tells 3 for every charging; generations after the first mostly send 0, so
    that their mode is made of the powers.
    """
    told = _CODES.get(code or "")
    if told is BankStatus.CHARGE:
        return _charging(output_w, solar_w, preset_w)
    if told is not BankStatus.DETECTION or charging_w is None:
        return told
    if charging_w > 0:
        return BankStatus.CHARGE_AC if solar_w == 0 else _charging(output_w, None, None)
    if charging_w < 0:
        return BankStatus.BYPASS_DISCHARGE if solar_w else BankStatus.DISCHARGE
    # Nothing flows: it looks for panels or a meter.
    return BankStatus.BYPASS if solar_w else told


def _charging(
    output_w: float | None, solar_w: float | None, preset_w: float | None
) -> BankStatus:
    if output_w:
        return BankStatus.CHARGE_BYPASS
    if output_w == 0 and solar_w is not None and preset_w is not None:
        # What is wanted is not given, for the battery comes first.
        return BankStatus.CHARGE_PRIORITY if solar_w > preset_w else BankStatus.CHARGE
    return BankStatus.CHARGE
