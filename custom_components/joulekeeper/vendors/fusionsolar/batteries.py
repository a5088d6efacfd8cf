"""With what sign a battery tells its power, and whether an inverter's holds it.

A single plant's readings tell: by its energy balance, and by what energies and states
of charge do between two readings (dossier 3.6, 3.7 and section 10). All is pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from ..parsing import mapping
from .models import DeviceType
from .readings import Battery
from .votes import NO_VOTES, Votes, growth, resolved, rounded

_LEAST_W: Final = 150.0


@dataclass(frozen=True, slots=True)
class BatteryConvention:
    """How a battery tells its power; `inside` an inverter's, or on AC by itself."""

    charge_positive: bool
    inside: bool


BATTERY_DEFAULTS: Final[Mapping[int, BatteryConvention]] = {
    DeviceType.BATTERY: BatteryConvention(charge_positive=True, inside=True),
    DeviceType.ESS: BatteryConvention(charge_positive=False, inside=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryOverride:
    """What a user has chosen, None where the choice is left to us."""

    charge_positive: bool | None = None
    inside: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryEvidence:
    """What was found out about a battery so far."""

    charge_positive: Votes = NO_VOTES
    inside: Votes = NO_VOTES

    @classmethod
    def parse(cls, data: Any) -> Self:
        """Read what `as_data` returned."""
        known = mapping(data)
        return cls(
            charge_positive=Votes.parse(known.get("charge_positive")),
            inside=Votes.parse(known.get("inside")),
        )

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "charge_positive": self.charge_positive.as_data(),
            "inside": self.inside.as_data(),
        }

    def convention(
        self, kind: int, override: BatteryOverride | None = None
    ) -> BatteryConvention:
        """Return the user's choice, else what was found, else what is likely."""
        likely, chosen = BATTERY_DEFAULTS[kind], override or BatteryOverride()
        return BatteryConvention(
            charge_positive=resolved(
                chosen.charge_positive, self.charge_positive, likely.charge_positive
            ),
            inside=resolved(chosen.inside, self.inside, likely.inside),
        )

    def with_reading(
        self,
        before: Battery | None,
        battery: Battery,
        pv_w: float | None = None,
        inverter_w: float | None = None,
    ) -> Self:
        """Return the evidence with a reading; inverters only of the sole battery's."""
        sign = None if before is None else positive_on_charge(before, battery)
        inside = None
        if pv_w is not None and inverter_w is not None:
            inside = inside_inverter(battery, pv_w, inverter_w)
            if sign is None:
                sign = positive_by_balance(battery, pv_w, inverter_w)
        return replace(
            self,
            charge_positive=self.charge_positive.plus(sign),
            inside=self.inside.plus(inside),
        )


def discharge_w(battery: Battery, convention: BatteryConvention) -> float | None:
    """Return a battery's power, positive on discharge."""
    if battery.raw_power is None:
        return None
    sign = -1.0 if convention.charge_positive else 1.0
    return rounded(sign * battery.raw_power)


def positive_on_charge(before: Battery, after: Battery) -> bool | None:
    """Tell whether positive power is charging, by what charge and energies did."""
    powers = before.raw_power, after.raw_power
    if powers[0] is None or powers[1] is None or powers[0] * powers[1] <= 0:
        return None
    if min(abs(powers[0]), abs(powers[1])) < _LEAST_W:
        return None
    charging = _rising(before, after)
    return None if charging is None else (powers[0] > 0) == charging


def positive_by_balance(
    battery: Battery, pv_w: float, inverter_w: float
) -> bool | None:
    """Tell whether positive power is charging, by what does not leave the inverter."""
    taken = pv_w - inverter_w
    raw = battery.raw_power
    if raw is None or abs(raw) < 2 * _LEAST_W:
        return None
    if abs(abs(taken) - abs(raw)) > 0.25 * abs(raw):
        return None
    return (raw > 0) == (taken > 0)


def inside_inverter(battery: Battery, pv_w: float, inverter_w: float) -> bool | None:
    """Tell whether an inverter's AC power holds what its battery gives or takes."""
    raw = battery.raw_power
    if raw is None or abs(raw) < 2 * _LEAST_W:
        return None
    taken = abs(pv_w - inverter_w)
    if abs(taken - abs(raw)) <= 0.25 * abs(raw):
        return True
    return False if taken <= 0.25 * abs(raw) else None


def _rising(before: Battery, after: Battery) -> bool | None:
    charge = before.state_of_charge, after.state_of_charge
    if (
        charge[0] is not None
        and charge[1] is not None
        and abs(charge[1] - charge[0]) >= 1
    ):
        return charge[1] > charge[0]
    taken = growth(before.charged_kwh, after.charged_kwh)
    given = growth(before.discharged_kwh, after.discharged_kwh)
    if taken is None or given is None or (taken > 0) == (given > 0):
        return None
    return taken > 0
