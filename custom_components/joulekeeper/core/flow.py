"""What flows in a site just now, and how it is told to somebody who checks the balance.

Powers are W: production is the sun's alone and not negative, grid + is import, battery
+ is discharge. Everywhere consumption = production + import + discharge. What is not
known is None, which is never 0.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

_FULL: Final = 100
_SLACK_W: Final = 500
_SLACK_SHARE: Final = 0.05


class MeterKind(StrEnum):
    """What measures at the grid connection."""

    POWER_SENSOR = "power_sensor"
    """The inverter's own meter."""
    GRID_METER = "grid_meter"
    """A meter with a connection of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteMeter:
    """One meter at the grid connection, or the sum of several of one kind.

    `grid_w` + is import, None while the meter is offline. `import_kwh` and `export_kwh`
    are totals that never go down.
    """

    kind: MeterKind
    grid_w: float | None
    import_kwh: float | None = None
    export_kwh: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFlow:
    """The flows of one site, of one moment.

    `production_w` is what the panels give, without the battery. `load_w` is what the
    site uses, where somebody tells it. `battery_w` + is discharge; where `has_battery`
    and it is None, nobody knows it. `state_of_charge` is percent, `stored_kwh` what is
    in the battery now. `measured_at` is the oldest of its times, None for live values.
    `meters` are empty where the grid connection is not measured, or not by itself.
    `outdated` where a power is None because what is known of it is too old.
    """

    production_w: float | None
    load_w: float | None = None
    has_battery: bool = False
    battery_w: float | None = None
    state_of_charge: float | None = None
    stored_kwh: float | None = None
    measured_at: datetime | None = None
    meters: tuple[SiteMeter, ...] = ()
    outdated: bool = False

    def in_the_dark(self) -> SiteFlow:
        """Return the flow as it is without sun: a production that nobody tells is 0.

        Many inverters are off by night. A source that tells no power at all is silent,
        and stays so, as does one whose values are too old.
        """
        others = (self.load_w, self.battery_w, *(item.grid_w for item in self.meters))
        silent = self.outdated or all(power is None for power in others)
        if self.production_w is not None or silent:
            return self
        return replace(self, production_w=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowChoice:
    """What of a flow the user wants to be used."""

    prefer_power_sensor: bool = True
    use_power_sensor: bool = True
    use_grid_meter: bool = True
    use_battery: bool = True

    def usable(self, meters: Iterable[SiteMeter]) -> tuple[SiteMeter, ...]:
        """Return the meters that may be used, the preferred kind first."""
        wanted = {
            MeterKind.POWER_SENSOR: self.use_power_sensor,
            MeterKind.GRID_METER: self.use_grid_meter,
        }
        first = (
            MeterKind.POWER_SENSOR if self.prefer_power_sensor else MeterKind.GRID_METER
        )
        return tuple(
            sorted(
                (meter for meter in meters if wanted[meter.kind]),
                key=lambda meter: meter.kind is not first,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Balanced:
    """The flows of a site in whole watts, which are exactly in balance.

    Where consumption is known, it is production + import + discharge, of which one
    that is None counts as none. Signs and units are those of `SiteFlow`. `totals_of`
    is the kind of meter whose totals these are.
    """

    production_w: int | None = None
    import_w: int | None = None
    consumption_w: int | None = None
    discharge_w: int | None = None
    state_of_charge: float | None = None
    stored_kwh: float | None = None
    import_kwh: float | None = None
    export_kwh: float | None = None
    totals_of: MeterKind | None = None
    measured_at: datetime | None = None

    @property
    def is_contradictory(self) -> bool:
        """Whether more goes out than comes in, by more than clocks and meters differ.

        A few watts are normal, for the values are of slightly different moments.
        """
        if self.consumption_w is None:
            return False
        slack = max(_SLACK_W, _SLACK_SHARE * abs(self.import_w or 0))
        return self.consumption_w < -slack


@dataclass(frozen=True, slots=True)
class Totals:
    """The highest totals of the meter that were told so far, kWh.

    A total that falls, as of a meter that was replaced or that begins anew each day, is
    not told: what it says of the time between, nobody knows. Nor is one of another kind
    of `meter` than the first: it would jump.
    """

    import_kwh: float | None = None
    export_kwh: float | None = None
    meter: MeterKind | None = None

    def rising(self, told: Balanced) -> Balanced:
        """Return the flows without totals that have fallen, or are of another meter."""
        if self.meter not in (None, told.totals_of):
            return replace(told, import_kwh=None, export_kwh=None)
        return replace(
            told,
            import_kwh=_unless_fallen(told.import_kwh, self.import_kwh),
            export_kwh=_unless_fallen(told.export_kwh, self.export_kwh),
        )

    def after(self, told: Balanced) -> Totals:
        """Return the totals once these, of which none has fallen, are told too."""
        if told.import_kwh is None and told.export_kwh is None:
            return self
        return Totals(
            self.import_kwh if told.import_kwh is None else told.import_kwh,
            self.export_kwh if told.export_kwh is None else told.export_kwh,
            told.totals_of,
        )


def _unless_fallen(total_kwh: float | None, before: float | None) -> float | None:
    if total_kwh is None or (before is not None and total_kwh < before):
        return None
    return total_kwh


def balanced(flow: SiteFlow, choice: FlowChoice) -> Balanced:
    """Return what is known of a flow, of which the user's choice is used.

    Of production, import and discharge, one that is not known is what the load leaves
    of the others; consumption is always their sum, for a load that was measured by
    itself is of another moment. Where all meters of a site are switched off, what
    comes out of them is not told, nor what only they would tell of the battery.
    """
    meters = choice.usable(flow.meters)
    if flow.meters and not meters:
        return Balanced(
            production_w=_produced(flow.production_w), measured_at=flow.measured_at
        )
    grid_w = next((meter.grid_w for meter in meters if meter.grid_w is not None), None)
    discharge_w = flow.battery_w if flow.has_battery else 0.0
    production, grid, discharge = _completed(
        flow.production_w, grid_w, discharge_w, flow.load_w
    )
    told = Balanced(
        production_w=_produced(production),
        import_w=_whole(grid),
        # Totals of another meter would jump, so they are of the first one or of none.
        import_kwh=meters[0].import_kwh if meters else None,
        export_kwh=meters[0].export_kwh if meters else None,
        totals_of=meters[0].kind if meters else None,
        measured_at=flow.measured_at,
    )
    return _with_consumption(
        told, flow, _whole(discharge), used=choice.use_battery and flow.has_battery
    )


def _with_consumption(
    told: Balanced, flow: SiteFlow, discharge_w: int | None, *, used: bool
) -> Balanced:
    """Return the flows with the battery, if that is used, and what is consumed."""
    parts = [told.production_w, told.import_w, *([discharge_w] if used else [])]
    known = [part for part in parts if part is not None]
    return replace(
        told,
        consumption_w=sum(known) if len(known) == len(parts) else None,
        discharge_w=discharge_w if used else None,
        state_of_charge=_share(flow.state_of_charge) if used else None,
        stored_kwh=flow.stored_kwh if used else None,
    )


def _completed(
    production_w: float | None,
    grid_w: float | None,
    discharge_w: float | None,
    load_w: float | None,
) -> tuple[float | None, float | None, float | None]:
    """Return the three that make up the load, one of them out of the others."""
    given = (production_w, grid_w, discharge_w)
    known = [power for power in given if power is not None]
    if load_w is None or len(known) != len(given) - 1:
        return given
    rest = load_w - sum(known)
    production, grid, discharge = (rest if item is None else item for item in given)
    return production, grid, discharge


def _produced(production_w: float | None) -> int | None:
    """Return whole watts; what an inverter draws at night is no production."""
    return None if production_w is None else max(0, round(production_w))


def _whole(power_w: float | None) -> int | None:
    return None if power_w is None else round(power_w)


def _share(state_of_charge: float | None) -> float | None:
    """Return a state of charge that can be one, percent."""
    if state_of_charge is None or not 0 <= state_of_charge <= _FULL:
        return None
    return state_of_charge


def summed(flows: Sequence[SiteFlow]) -> SiteFlow | None:
    """Return the flow of a site out of those of its inverters, None without any.

    A sum of which one part is not known is not known. The state of charge is weighted
    by the capacities where all tell what is stored, else it is the mean; of the times the oldest
    counts. Meters are left out: whether they see the same connection, who asks knows.
    """
    if not flows:
        return None
    with_battery = [flow for flow in flows if flow.has_battery]
    times = [flow.measured_at for flow in flows if flow.measured_at is not None]
    return SiteFlow(
        production_w=total(flow.production_w for flow in flows),
        load_w=total(flow.load_w for flow in flows),
        has_battery=bool(with_battery),
        battery_w=total(flow.battery_w for flow in with_battery),
        state_of_charge=_mean_charge(with_battery),
        stored_kwh=total(flow.stored_kwh for flow in with_battery),
        measured_at=min(times, default=None),
    )


def _mean_charge(flows: Sequence[SiteFlow]) -> float | None:
    """Return the state of charge of several batteries, percent."""
    charges = [flow.state_of_charge for flow in flows]
    known = [charge for charge in charges if charge is not None]
    if not known or len(known) < len(charges):
        return None
    stored = [flow.stored_kwh for flow in flows]
    sizes = [
        kwh / charge
        for kwh, charge in zip(stored, known, strict=True)
        if kwh is not None and kwh > 0 and charge > 0
    ]
    if len(sizes) < len(known):
        sizes = [1.0] * len(known)
    weighted = sum(charge * size for charge, size in zip(known, sizes, strict=True))
    return round(weighted / sum(sizes), 2)


def total(values: Iterable[float | None]) -> float | None:
    """Return a sum, None if there is nothing to sum up, or one part is not known."""
    parts = list(values)
    known = [part for part in parts if part is not None]
    return round(sum(known), 3) if parts and len(known) == len(parts) else None
