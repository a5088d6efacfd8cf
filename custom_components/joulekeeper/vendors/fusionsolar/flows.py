"""What flows in a plant, from its devices (dossier section 11), as pure functions.

Powers are W; grid + is import, battery + is discharge. A sum of which one part is not
known is not known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .batteries import BatteryConvention, discharge_w
from .readings import Battery, Inverter
from .votes import rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryNow:
    """A battery with the convention that its numbers follow."""

    battery: Battery
    convention: BatteryConvention

    @property
    def discharge_w(self) -> float | None:
        """Its power, positive on discharge."""
        return discharge_w(self.battery, self.convention)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The powers of a plant.

    `inverter_w` is what inverters give on AC. `load_w` may be negative by some 10 W,
    for readings of one time come from different moments: it is what energies are to be
    summed up from. `pv_estimated` tells that the sun's power is what is left of the
    inverters' when their batteries are taken away.
    """

    pv_w: float | None
    pv_estimated: bool
    inverter_w: float | None
    battery_w: float | None
    grid_w: float | None
    load_w: float | None
    state_of_charge: float | None

    @property
    def shown_load_w(self) -> float | None:
        """The load without what cannot be."""
        return None if self.load_w is None else max(0.0, self.load_w)


def flow_of(
    inverters: Sequence[Inverter],
    batteries: Sequence[BatteryNow],
    grid_w: float | None,
) -> Flow:
    """Return the powers of a plant of all its inverters and batteries."""
    inverter_w = total(item.power_w for item in inverters)
    inside = [item for item in batteries if item.convention.inside]
    outside = [item for item in batteries if not item.convention.inside]
    pv_w, estimated = total(item.pv_w for item in inverters), False
    if pv_w is None and inverter_w is not None:
        given = total(item.discharge_w for item in inside) if inside else 0.0
        if given is not None:
            pv_w, estimated = max(0.0, rounded(inverter_w - given)), True
    return Flow(
        pv_w=pv_w,
        pv_estimated=estimated,
        inverter_w=inverter_w,
        battery_w=total(item.discharge_w for item in batteries),
        grid_w=grid_w,
        load_w=total((*_produced(inverter_w, outside), grid_w)),
        state_of_charge=mean_charge([item.battery for item in batteries]),
    )


def produced_w(
    inverters: Sequence[Inverter], batteries: Sequence[BatteryNow]
) -> float | None:
    """Return what reaches the house's side of the meter from within, None unknown."""
    outside = [item for item in batteries if not item.convention.inside]
    return total(_produced(total(item.power_w for item in inverters), outside))


def _produced(
    inverter_w: float | None, outside: Iterable[BatteryNow]
) -> tuple[float | None, ...]:
    return inverter_w, *(item.discharge_w for item in outside)


def total(values: Iterable[float | None]) -> float | None:
    """Return a sum, None if there is nothing to sum up, or one part is not known."""
    parts = list(values)
    known = [part for part in parts if part is not None]
    return rounded(sum(known)) if parts and len(known) == len(parts) else None


def mean_charge(batteries: Sequence[Battery]) -> float | None:
    """Return the state of charge of several batteries, by their power, percent.

    Their capacities are not told; where one has no power told, all count the same.
    """
    charges = [item.state_of_charge for item in batteries]
    weights = [item.max_discharge_w or item.max_charge_w for item in batteries]
    known = [charge for charge in charges if charge is not None]
    if not known or len(known) < len(charges):
        return None
    powers = [weight for weight in weights if weight is not None and weight > 0]
    if len(powers) < len(known):
        powers = [1.0] * len(known)
    pairs = zip(known, powers, strict=True)
    return round(sum(charge * power for charge, power in pairs) / sum(powers), 2)
