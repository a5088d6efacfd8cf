"""The house of a system: panels, banks, plugs and a meter, with honest counters.

Powers W, energies kWh. At every step, for each bank and for the house,

    pv + discharge + grid charge = output + charge
    output + import = load + export (+ grid charge)
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ..house import House, HouseSpec
from ..sun import Panels
from .specs import BankSpec, InverterSpec, SiteSpec

STEP = timedelta(minutes=1)
HOURS = STEP.total_seconds() / 3600
EFFICIENCY = 0.96  # one way, between a bank's terminals and what it stores
_BARELY_W = 1.0


class Order(NamedTuple):
    """What a bank shall do in a step. W; `floor` is SoC 0..1.

    `most_w` is what it may give at all. With `spill` sun that finds no room goes out
    even beyond `output_w`; without, it is lost. `saves` keeps all for the battery
    while the sun gives less than asked. `from_sun_only` lets the battery rest.
    """

    output_w: float = 0.0
    grid_charge_w: float = 0.0
    most_w: float = 800.0
    floor: float = 0.1
    spill: bool = True
    saves: bool = False
    from_sun_only: bool = False


class BankFlow(NamedTuple):
    """Powers of a bank in one step, W, and its SoC 0..1 at its begin."""

    inputs_w: tuple[float, ...] = ()
    output_w: float = 0.0
    charge_w: float = 0.0
    discharge_w: float = 0.0
    grid_charge_w: float = 0.0
    soc: float = 0.0

    @property
    def pv_w(self) -> float:
        """Return what the panels give."""
        return sum(self.inputs_w)

    @property
    def battery_w(self) -> float:
        """Return the battery power, W, + charging."""
        return self.charge_w - self.discharge_w


class Flow(NamedTuple):
    """Powers of a system in one step, W.

    `cascaded` are banks whose output ends in the house beside the system's own.
    """

    banks: tuple[BankFlow, ...]
    cascaded: tuple[BankFlow, ...]
    load_w: float
    plugs_w: tuple[float, ...]

    @property
    def pv_w(self) -> float:
        """Return what the panels give."""
        return sum(bank.pv_w for bank in self.banks)

    @property
    def output_w(self) -> float:
        """Return what the banks give to the house."""
        return sum(bank.output_w for bank in self.banks)

    @property
    def charge_w(self) -> float:
        """Return what goes into the batteries."""
        return sum(bank.charge_w for bank in self.banks)

    @property
    def discharge_w(self) -> float:
        """Return what comes out of the batteries."""
        return sum(bank.discharge_w for bank in self.banks)

    @property
    def grid_charge_w(self) -> float:
        """Return what is charged from the grid."""
        return sum(bank.grid_charge_w for bank in self.banks)

    @property
    def battery_w(self) -> float:
        """Return the battery power, W, + charging."""
        return self.charge_w - self.discharge_w

    @property
    def grid_w(self) -> float:
        """Return what passes the meter, W, + import."""
        others = sum(bank.output_w for bank in self.cascaded)
        return self.load_w + self.grid_charge_w - self.output_w - others


class Totals(NamedTuple):
    """All-time counters, kWh."""

    solar: float = 0.0
    output: float = 0.0
    load: float = 0.0
    imported: float = 0.0
    exported: float = 0.0
    charged: float = 0.0
    discharged: float = 0.0
    solar_to_home: float = 0.0
    solar_to_battery: float = 0.0
    solar_to_grid: float = 0.0
    battery_to_home: float = 0.0
    grid_to_home: float = 0.0
    grid_to_battery: float = 0.0
    plugs: float = 0.0
    pv1: float = 0.0
    pv2: float = 0.0
    pv3: float = 0.0
    pv4: float = 0.0

    def minus(self, other: Totals) -> Totals:
        """Return what was counted since `other`."""
        return Totals(*(a - b for a, b in zip(self, other, strict=True)))

    def plus(self, other: Totals) -> Totals:
        """Return the sum."""
        return Totals(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, share: float) -> Totals:
        """Return a part of it."""
        return Totals(*(kwh * share for kwh in self))


def counted(flow: Flow, hours: float) -> Totals:
    """Return what a flow counts to in so many hours."""
    direct = sum(
        max(0.0, bank.output_w - bank.discharge_w)
        for bank in (*flow.banks, *flow.cascaded)
    )
    battery = sum(bank.discharge_w for bank in (*flow.banks, *flow.cascaded))
    solar_home = min(direct, flow.load_w)
    battery_home = min(battery, flow.load_w - solar_home)
    from_grid = flow.grid_charge_w
    inputs = [0.0, 0.0, 0.0, 0.0]
    for bank in flow.banks:
        for n, watts in enumerate(bank.inputs_w):
            inputs[n] += watts
    return Totals(
        flow.pv_w,
        flow.output_w,
        flow.load_w,
        max(0.0, flow.grid_w),
        max(0.0, -flow.grid_w),
        flow.charge_w,
        flow.discharge_w,
        solar_home,
        flow.charge_w - from_grid,
        direct - solar_home,
        battery_home,
        flow.load_w - solar_home - battery_home,
        from_grid,
        sum(flow.plugs_w),
        *inputs,
    ).times(hours / 1000)


class Moment(NamedTuple):
    """One step: the counters at its begin, and the flow until its end."""

    time: datetime
    totals: Totals
    flow: Flow


class Sources(House):
    """Sun and load of a place; the shared house does nothing else here."""

    def __init__(
        self,
        spec: SiteSpec | InverterSpec,
        panels: tuple[Panels, ...],
        load_w: float,
        start: datetime,
        seed: int,
    ) -> None:
        """Build it."""
        house = HouseSpec(
            latitude=spec.latitude,
            longitude=spec.longitude,
            zone=spec.zone,
            panels=panels,
            battery_kwh=0.0,
            base_load_w=load_w,
        )
        super().__init__(house, start, seed, STEP)
        self.sky: float | None = None
        """Clearness 0..1 that was set, None: as the weather has it."""
        self.fixed_load_w: float | None = None

    def sun_w(self, time: datetime) -> tuple[float, ...]:
        """Return what each panel could give."""
        watts = self._available_pv_w(time)
        if self.sky is None:
            return watts
        return tuple(panel.peak_w * self.sky for panel in self.spec.panels)

    def load_w(self, time: datetime) -> float:
        """Return what the house uses."""
        return self._load_w(time) if self.fixed_load_w is None else self.fixed_load_w


class Household:
    """The banks of a system in their house; lives in steps of a minute."""

    def __init__(self, spec: SiteSpec, start: datetime, seed: int) -> None:
        """Build it at `start`."""
        self.spec = spec
        self.time = start
        self.totals = Totals()
        self.banks = (*spec.banks, *spec.cascaded)
        self.stored_wh = [bank.soc * bank.capacity_wh for bank in self.banks]
        panels = tuple(panel for bank in self.banks for panel in bank.panels)
        self.sources = Sources(spec, panels, spec.load_w, start, seed)

    def soc(self, number: int) -> float:
        """Return the SoC of a bank, 0..1."""
        return self.stored_wh[number] / self.banks[number].capacity_wh

    def step(self, orders: Callable[[datetime, float], Sequence[Order]]) -> Moment:
        """Live one step; `orders` is asked with time and load (W)."""
        time = self.time
        load = self.sources.load_w(time)
        plugs = tuple(plug.base_w for plug in self.spec.plugs)
        sun = list(self.sources.sun_w(time))
        flows = []
        for number, (bank, order) in enumerate(
            zip(self.banks, orders(time, max(load, sum(plugs))), strict=True)
        ):
            own = tuple(sun[: len(bank.panels)])
            del sun[: len(bank.panels)]
            flows.append(self._bank_flow(number, bank, order, own))
        own_count = len(self.spec.banks)
        flow = Flow(
            tuple(flows[:own_count]),
            tuple(flows[own_count:]),
            max(load, sum(plugs)),
            plugs,
        )
        moment = Moment(time, self.totals, flow)
        for number, bank_flow in enumerate(flows):
            self.stored_wh[number] += (
                bank_flow.charge_w * EFFICIENCY - bank_flow.discharge_w / EFFICIENCY
            ) * HOURS
        self.totals = self.totals.plus(counted(flow, HOURS))
        self.time += STEP
        return moment

    def _bank_flow(
        self, number: int, bank: BankSpec, order: Order, sun: tuple[float, ...]
    ) -> BankFlow:
        """Return what a bank does under an order."""
        makes, stored = bank.makes, self.stored_wh[number]
        available = min(sum(sun), makes.max_pv_w)
        room = max(0.0, bank.capacity_wh - stored) / EFFICIENCY / HOURS
        left = max(0.0, stored - order.floor * bank.capacity_wh) * EFFICIENCY / HOURS
        most_charge = min(makes.max_charge_w, room)
        most = min(order.most_w, makes.max_output_w)
        wanted = min(order.output_w, most)
        if order.saves and _BARELY_W < available < wanted:
            wanted = 0.0
        if order.grid_charge_w > 0:
            # A bank takes from the grid or gives, never both.
            grid = min(order.grid_charge_w, makes.grid_charge_w)
            from_sun = min(available, most_charge)
            from_grid = min(grid, most_charge - from_sun)
            output = min(available - from_sun, most) if order.spill else 0.0
            pv = from_sun + output
            return self._flow(
                number, sun, pv, output, (from_sun + from_grid, 0, from_grid)
            )
        direct = min(available, wanted)
        charge = min(available - direct, most_charge)
        surplus = available - direct - charge
        if surplus > 0 and order.spill:
            direct += min(surplus, most - direct)
        missing = wanted - direct
        discharge = 0.0 if order.from_sun_only else min(max(0.0, missing), left)
        if charge > 0:
            discharge = 0.0
        pv, output = direct + charge, direct + discharge
        return self._flow(number, sun, pv, output, (charge, discharge, 0.0))

    def _flow(
        self,
        number: int,
        sun: tuple[float, ...],
        pv: float,
        output: float,
        battery: tuple[float, float, float],
    ) -> BankFlow:
        """Return the flow with what is used of each panel."""
        whole = sum(sun)
        scale = pv / whole if whole else 0.0
        inputs = tuple(watts * scale for watts in sun)
        return BankFlow(inputs, output, *battery, self.soc(number))
