"""Solarbanks of a system as its overview tells them (dossier 4.4).

The cloud calls the state of charge `battery_power`, the user's alias `device_name`, and
whatever it likes `charging_power`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

from ..parsing import integer, mapping, text
from .fields import code, flags, fraction, percent, switch, unix, watts
from .products import CAPACITY_WH, SOLARBANK_1
from .status import BankStatus, charging_power, status_of

PV_INPUTS: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Solarbank:
    """One solarbank. Powers are W, shares percent.

    `charging_w` is the battery's power, + while charging and - while discharging.
    `pv_w` are its solar inputs, `preset_w` its share of the home preset where banks
    have one each, `expansions` the number of its expansion batteries. What a bank does
    not have, or an old firmware does not tell, is None.
    """

    serial: str = field(repr=False)
    product: str | None
    name: str | None = field(repr=False)
    online: bool | None
    expansions: int | None
    state_of_charge: float | None
    reserve: float | None
    solar_w: float | None
    pv_w: tuple[float | None, ...]
    micro_inverter_w: float | None
    output_w: float | None
    charge_w: float | None
    discharge_w: float | None
    charging_w: float | None
    heating_w: float | None
    preset_w: float | None
    status_code: str | None
    status: BankStatus | None
    error_code: int | None
    features: Mapping[str, bool]

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of `solarbank_list`; None without a serial number."""
        if (serial := text(raw.get("device_sn"))) is None:
            return None
        inputs = mapping(raw.get("pv_power"))
        numbers = range(1, PV_INPUTS + 1)
        solar_w = watts(inputs.get("total"))
        return cls(
            serial=serial,
            product=text(raw.get("device_pn")),
            name=text(raw.get("device_name")),
            online=switch(raw.get("status")),
            expansions=_count(raw.get("sub_package_num")),
            state_of_charge=percent(raw.get("battery_power")),
            # 0 where the reserve is kept elsewhere, as on a Solarbank 3.
            reserve=percent(raw.get("output_cutoff_data")) or None,
            # Of several banks of newer generations the total is the right one.
            solar_w=watts(raw.get("photovoltaic_power"))
            if solar_w is None
            else solar_w,
            pv_w=tuple(watts(inputs.get(f"pv{n}")) for n in numbers),
            micro_inverter_w=watts(inputs.get("micro_inverter")),
            output_w=watts(raw.get("output_power")),
            charge_w=watts(raw.get("bat_charge_power")),
            discharge_w=watts(raw.get("bat_discharge_power")),
            charging_w=None,
            heating_w=watts(raw.get("heating_power")),
            preset_w=watts(raw.get("set_load_power")),
            status_code=code(raw.get("charging_status")),
            status=None,
            error_code=integer(raw.get("err_code")),
            features=flags(raw.get("feature_switch")),
        )

    @property
    def is_first_generation(self) -> bool:
        """Whether it is a Solarbank E1600, the first one."""
        return self.product == SOLARBANK_1

    @property
    def capacity_wh(self) -> float | None:
        """What its batteries hold, None for a product that is not known."""
        capacity = CAPACITY_WH.get(self.product or "")
        return None if capacity is None else capacity * (1 + (self.expansions or 0))

    @property
    def stored_wh(self) -> float | None:
        """What its batteries hold now."""
        if self.capacity_wh is None or self.state_of_charge is None:
            return None
        return round(self.capacity_wh * self.state_of_charge / 100)

    def without_values(self) -> Self:
        """Return the same bank of which nothing that is measured is known."""
        return replace(
            self.without_powers(),
            state_of_charge=None,
            reserve=None,
            preset_w=None,
            status_code=None,
            error_code=None,
        )

    def without_powers(self) -> Self:
        """Return the same bank, of which nobody knows what it does."""
        return replace(
            self,
            solar_w=None,
            pv_w=(None,) * PV_INPUTS,
            micro_inverter_w=None,
            output_w=None,
            charge_w=None,
            discharge_w=None,
            charging_w=None,
            heating_w=None,
            status=None,
        )


def _count(value: Any) -> int | None:
    amount = integer(value)
    return amount if amount is not None and amount >= 0 else None


def as_first_generation(banks: Sequence[Solarbank]) -> tuple[Solarbank, ...]:
    """Return banks of a first generation system, where one may hide what it is."""
    return tuple(
        bank if bank.product is not None else replace(bank, product=SOLARBANK_1)
        for bank in banks
    )


def is_cascaded(banks: Sequence[Solarbank]) -> bool:
    """Tell whether first generation banks feed into one of a later generation."""
    products = {bank.product for bank in banks}
    return SOLARBANK_1 in products and len(products) > 1


def with_battery_power(
    banks: Sequence[Solarbank],
    *,
    total_charge_w: float | None,
    from_grid_w: float | None,
    preset_w: float | None,
) -> tuple[Solarbank, ...]:
    """Return banks with the power of their batteries, and what they do in words.

    While all of them charge they share what the system says; not in a cascade, for
    there it speaks of the last bank only.
    """
    several = len(banks) > 1
    powers = [
        charging_power(
            bank.solar_w,
            bank.output_w,
            bank.charge_w,
            bank.discharge_w,
            # The grid's is told of all banks together.
            None if several else from_grid_w,
        )
        for bank in banks
    ]
    known = [power for power in powers if power is not None]
    factor = 1.0
    if several and len(known) == len(banks) and not is_cascaded(banks):
        total = sum(known)
        if total_charge_w and total_charge_w > 0 and total > 0 and min(known) >= 0:
            factor = total_charge_w / total
    return tuple(
        _with_power(bank, power and round(power * factor, 1), preset_w)
        for bank, power in zip(banks, powers, strict=True)
    )


def _with_power(
    bank: Solarbank, power: float | None, site_preset_w: float | None
) -> Solarbank:
    preset_w = site_preset_w if bank.preset_w is None else bank.preset_w
    status = None
    if bank.online is not False:
        status = status_of(
            bank.status_code,
            charging_w=power,
            solar_w=bank.solar_w,
            output_w=bank.output_w,
            preset_w=preset_w,
        )
    return replace(bank, charging_w=power, status=status)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTotals:
    """All solarbanks of a system together. Powers are W, shares percent.

    `charging_w` is + while charging and - while discharging. In a cascade, of which the
    cloud tells the last bank only, the sums are ours. `backup` is None unless one is
    planned, `tariff` the number of the use-time tariff of now. Systems of first
    generation banks alone have none of what only later ones measure.
    """

    state_of_charge: float | None = None
    solar_w: float | None = None
    output_w: float | None = None
    charging_w: float | None = None
    pv_w: tuple[float | None, ...] = (None,) * PV_INPUTS
    ac_socket_w: float | None = None
    to_home_w: float | None = None
    other_input_w: float | None = None
    micro_inverter_w: float | None = None
    micro_inverter_limit_w: float | None = None
    grid_to_battery_w: float | None = None
    heating_w: float | None = None
    backup_start: datetime | None = None
    backup_end: datetime | None = None
    backup_full_at: datetime | None = None
    tariff: int | None = None

    def without_powers(self) -> BankTotals:
        """Return what is known of banks that are silent: what they held."""
        return BankTotals(
            state_of_charge=self.state_of_charge,
            backup_start=self.backup_start,
            backup_end=self.backup_end,
        )

    @classmethod
    def parse(cls, info: Mapping[str, Any], banks: Sequence[Solarbank]) -> BankTotals:
        """Read `solarbank_info`, whose banks have their battery's power already."""
        if not banks:
            # Its zeros are nobody's.
            return cls()
        known = cls(
            state_of_charge=fraction(info.get("total_battery_power")),
            solar_w=watts(info.get("total_photovoltaic_power")),
            output_w=watts(info.get("total_output_power")),
            charging_w=_charging_w(info, banks),
        )
        if is_cascaded(banks):
            known = _in_cascade(known, banks)
        if all(bank.is_first_generation for bank in banks):
            return known
        backup = mapping(info.get("backup_info"))
        band = mapping(info.get("use_time_excute_info")).get("current_band")
        return replace(
            known,
            pv_w=tuple(
                watts(info.get(f"solar_power_{n}")) for n in range(1, PV_INPUTS + 1)
            ),
            ac_socket_w=watts(info.get("ac_power")),
            to_home_w=_to_home_w(info),
            other_input_w=watts(info.get("other_input_power")),
            micro_inverter_w=watts(info.get("micro_inverter_power")),
            micro_inverter_limit_w=watts(info.get("micro_inverter_power_limit")),
            grid_to_battery_w=watts(info.get("grid_to_battery_power")),
            heating_w=watts(info.get("pei_heating_power")),
            backup_start=unix(backup.get("start_time")),
            backup_end=unix(backup.get("end_time")),
            backup_full_at=unix(backup.get("full_time")),
            tariff=integer(band) or None,
        )


def with_inputs(
    banks: tuple[Solarbank, ...], totals: BankTotals
) -> tuple[Solarbank, ...]:
    """Return banks with their solar inputs, which of a single one the system tells."""
    if len(banks) != 1 or any(power is not None for power in banks[0].pv_w):
        return banks
    bank = banks[0]
    micro_inverter_w = bank.micro_inverter_w
    if micro_inverter_w is None:
        micro_inverter_w = totals.micro_inverter_w
    return (replace(bank, pv_w=totals.pv_w, micro_inverter_w=micro_inverter_w),)


def _to_home_w(info: Mapping[str, Any]) -> float | None:
    """Return what goes into the house: the cloud may say 0 while no app is open.

    What is drawn from the bank's own socket does not get there.
    """
    told = watts(info.get("to_home_load"))
    output = watts(info.get("total_output_power"))
    if told != 0 or output is None:
        return told
    return max(0.0, output - (watts(info.get("ac_power")) or 0.0))


def _charging_w(info: Mapping[str, Any], banks: Sequence[Solarbank]) -> float | None:
    """Return the batteries' power: what the system says, or else what its banks do.

    `total_charging_power` is only what goes in, and 0 while they discharge.
    """
    charge = watts(info.get("total_charging_power"))
    discharge = watts(info.get("battery_discharge_power"))
    if charge or discharge:
        return (charge or 0.0) - (discharge or 0.0)
    powers = [bank.charging_w for bank in banks if bank.charging_w is not None]
    if not powers:
        return charge
    if sum(powers) >= 0:
        return sum(powers) if charge is None else charge
    solar = watts(info.get("total_photovoltaic_power"))
    output = watts(info.get("total_output_power"))
    if solar is None or output is None or solar > output:
        return sum(powers)
    return solar - output


def _in_cascade(totals: BankTotals, banks: Sequence[Solarbank]) -> BankTotals:
    """Return totals of a cascade: what the first banks give, the last one gets."""
    first = [bank for bank in banks if bank.is_first_generation]
    last = [bank for bank in banks if not bank.is_first_generation]
    solar = _sum([bank.solar_w for bank in banks])
    handed_on = _sum([bank.output_w for bank in first])
    stored = _sum([bank.stored_wh for bank in banks])
    capacity = _sum([bank.capacity_wh for bank in banks])
    return replace(
        totals,
        solar_w=None
        if solar is None or handed_on is None
        else max(0.0, solar - handed_on),
        output_w=_sum([bank.output_w for bank in last]),
        charging_w=_sum([bank.charging_w for bank in banks]),
        state_of_charge=round(100 * stored / capacity, 1)
        if stored is not None and capacity
        else None,
    )


def _sum(values: Sequence[float | None]) -> float | None:
    """Return a sum, None where one of its parts is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
