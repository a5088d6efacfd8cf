"""In what unit and with what sign a meter tells its power (dossier 3.4, 3.5, 3.7).

It is found out by the physics of a single reading, by the plant's energy balance, and
by what counters do between two readings (section 10). Counters that were once shown as
import and export stay so until the user chooses: if they changed places by themselves,
statistics would book thousands of kWh. Everything here is pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

from ..parsing import mapping
from .models import DeviceType
from .readings import NO_PHASES, Meter, Three
from .votes import NO_VOTES, Votes, growth, resolved, rounded

EXPORT, IMPORT = "export", "import"
"""What a user may choose of the sign."""
_KILO: Final = 1000.0
_LEAST_VA: Final = 50.0
_BALANCE_SLACK_W: Final = 100.0
_WATT_FROM: Final = 0.03
"""Of the apparent power, whose unit is sure: no meter's power factor is below."""
_KILOWATT_TO: Final = 0.0015
_KILOWATT_FROM: Final = 0.0001
_ABOVE_CAPACITY: Final = 3.0
_DARK_W: Final = 20.0


@dataclass(frozen=True, slots=True)
class MeterConvention:
    """How a meter tells its power and its energies.

    `counts_export` tells whether `positive_kwh` counts what is exported, None while
    that is not sure enough to be booked.
    """

    kilowatts: bool
    export_positive: bool
    counts_export: bool | None


METER_DEFAULTS: Final[Mapping[int, MeterConvention]] = {
    # All sources agree about the counters of these two.
    DeviceType.POWER_SENSOR: MeterConvention(
        kilowatts=False, export_positive=True, counts_export=True
    ),
    DeviceType.GRID_METER: MeterConvention(
        kilowatts=True, export_positive=True, counts_export=True
    ),
    DeviceType.EMMA: MeterConvention(
        kilowatts=True, export_positive=False, counts_export=None
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterOverride:
    """What a user has chosen, None where the choice is left to us."""

    kilowatts: bool | None = None
    export_positive: bool | None = None


NO_OVERRIDE: Final = MeterOverride()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What else is known of a plant when a meter is read.

    `produced_w` is what inverters and batteries of their own give on their AC side
    together, `pv_w` what the modules do; `capacity_w` is the plant's.
    """

    at: datetime
    produced_w: float | None = None
    pv_w: float | None = None
    capacity_w: float | None = None

    @property
    def is_dark(self) -> bool:
        """Whether no sun shines on modules, those of others neither."""
        return self.pv_w is not None and self.pv_w <= _DARK_W


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How counters are shown, and what was chosen of the sign then."""

    counts_export: bool
    chosen: bool | None

    @classmethod
    def parse(cls, data: Any) -> Self | None:
        """Read what `as_data` returned; None of anything else."""
        known = mapping(data)
        counts, chosen = known.get("counts_export"), known.get("chosen")
        if not isinstance(counts, bool) or not isinstance(chosen, bool | None):
            return None
        return cls(counts_export=counts, chosen=chosen)

    def as_data(self) -> dict[str, bool | None]:
        """Return it as JSON data."""
        return {"counts_export": self.counts_export, "chosen": self.chosen}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterEvidence:
    """What was found out about a meter so far, and how its counters are `shown`.

    Of the sign, `nights` decide: by day the sun on modules that Huawei does not see
    makes the balance impossible the right way. `aligned` tells whether `positive_kwh`
    counts the energy of positive power.
    """

    kilowatts: Votes = NO_VOTES
    nights: Votes = NO_VOTES
    days: Votes = NO_VOTES
    aligned: Votes = NO_VOTES
    shown: Shown | None = None

    @classmethod
    def parse(cls, data: Any) -> Self:
        """Read what `as_data` returned."""
        known = mapping(data)
        return cls(
            kilowatts=Votes.parse(known.get("kilowatts")),
            nights=Votes.parse(known.get("nights")),
            days=Votes.parse(known.get("days")),
            aligned=Votes.parse(known.get("aligned")),
            shown=Shown.parse(known.get("shown")),
        )

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "kilowatts": self.kilowatts.as_data(),
            "nights": self.nights.as_data(),
            "days": self.days.as_data(),
            "aligned": self.aligned.as_data(),
            "shown": self.shown and self.shown.as_data(),
        }

    @property
    def export_positive(self) -> bool | None:
        """Whether positive power is export, as far as it was found out."""
        night, day = self.nights.verdict, self.days.verdict
        return None if day is not None and day is not night else night

    def convention(
        self, kind: int, override: MeterOverride = NO_OVERRIDE
    ) -> MeterConvention:
        """Return the user's choice, else what was found, else what is likely."""
        likely, sign = METER_DEFAULTS[kind], override.export_positive
        if sign is None:
            sign = self.export_positive
        shown = self._shown_with(override)
        return MeterConvention(
            kilowatts=resolved(override.kilowatts, self.kilowatts, likely.kilowatts),
            export_positive=likely.export_positive if sign is None else sign,
            counts_export=shown.counts_export
            if shown
            else self._counts_export(kind, override.export_positive),
        )

    def disputes(self, override: MeterOverride = NO_OVERRIDE) -> bool:
        """Tell whether counters are shown the other way round than they should."""
        shown = self._shown_with(override)
        proven = self._proven(override.export_positive)
        if shown is None or proven is None:
            return False
        return proven is not shown.counts_export

    def with_shown(self, kind: int, override: MeterOverride = NO_OVERRIDE) -> Self:
        """Return the evidence that holds on to how counters are shown from now on."""
        chosen = override.export_positive
        counts = self.convention(kind, override).counts_export
        shown = None if counts is None else Shown(counts_export=counts, chosen=chosen)
        return replace(self, shown=shown)

    def _shown_with(self, override: MeterOverride) -> Shown | None:
        """Return how counters are shown, None when something else is chosen now."""
        shown = self.shown
        return shown if shown and shown.chosen is override.export_positive else None

    def _proven(self, chosen: bool | None) -> bool | None:
        """Return whether `positive_kwh` counts export, None while nothing shows it."""
        if chosen is not None:
            return chosen is (self.aligned.verdict is not False)
        sign, aligned = self.export_positive, self.aligned.verdict
        return None if sign is None or aligned is None else sign is aligned

    def _counts_export(self, kind: int, chosen: bool | None) -> bool | None:
        if (proven := self._proven(chosen)) is not None:
            return proven
        doubted = self.nights.no > self.nights.yes or self.aligned.no > self.aligned.yes
        return None if doubted else METER_DEFAULTS[kind].counts_export

    def with_reading(
        self, kind: int, before: Meter | None, meter: Meter, moment: Moment
    ) -> Self:
        """Return the evidence with a reading of all that was read at one time."""
        capacity_w, produced_w = moment.capacity_w, moment.produced_w
        told = in_kilowatts(meter, capacity_w)
        votes = self.kilowatts.plus(told)
        unit = votes.verdict if told is None else told
        if unit is None and (capacity_w or not METER_DEFAULTS[kind].kilowatts):
            unit = METER_DEFAULTS[kind].kilowatts
        sign = None
        # A power that is 1000 times too large would show the sun's sign as the night's.
        if None not in (unit, meter.raw_power, produced_w):
            power_w = (meter.raw_power or 0.0) * (_KILO if unit else 1.0)
            sign = positive_on_export(power_w, produced_w or 0.0)
        counters = None if before is None else counters_aligned(before, meter)
        dark, at = moment.is_dark, moment.at
        return replace(
            self,
            kilowatts=votes,
            nights=self.nights.plus_hourly(sign if dark else None, at),
            days=self.days.plus_hourly(None if dark else sign, at),
            aligned=self.aligned.plus_hourly(counters, at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What flows at a meter: import positive; W and kWh."""

    power_w: float | None
    phases_w: Three
    import_kwh: float | None
    export_kwh: float | None


def grid_of(meter: Meter, convention: MeterConvention) -> Grid:
    """Return what a meter says in our units and signs."""
    factor = _KILO if convention.kilowatts else 1.0
    sign = -1.0 if convention.export_positive else 1.0
    power = meter.raw_power
    imported, exported = meter.reverse_kwh, meter.positive_kwh
    if convention.counts_export is None:
        imported = exported = None
    elif not convention.counts_export:
        imported, exported = exported, imported
    phases = _phases_w(meter, factor)
    return Grid(
        power_w=None if power is None else rounded(sign * factor * power),
        phases_w=(
            _signed(phases[0], sign),
            _signed(phases[1], sign),
            _signed(phases[2], sign),
        ),
        import_kwh=imported,
        export_kwh=exported,
    )


def reactive_phases(meter: Meter, kind: int) -> Three:
    """Return the reactive powers of phases in var, with the cloud's sign.

    A grid meter tells kvar. In what unit a power sensor does nobody says (dossier 3.5):
    it shows by the sum, else they are not known.
    """
    raw = meter.raw_reactive
    if kind == DeviceType.POWER_SENSOR:
        return _scaled_to(raw, meter.reactive_var) or NO_PHASES
    return _signed(raw[0], _KILO), _signed(raw[1], _KILO), _signed(raw[2], _KILO)


def in_kilowatts(meter: Meter, capacity_w: float | None) -> bool | None:
    """Tell whether a power is kW, None where one reading cannot show it.

    Voltages and currents give the apparent power in VA, of which the power is a part;
    without them, what is above three times the plant's capacity in kW must be W.
    """
    if meter.raw_power is None:
        return None
    if (told := _unit_by_apparent(meter)) is not None:
        return told
    if not capacity_w:
        return None
    most_kw = _ABOVE_CAPACITY * capacity_w / _KILO
    return False if abs(meter.raw_power) > most_kw else None


def positive_on_export(power_w: float, produced_w: float) -> bool | None:
    """Tell whether positive power is export, None where the balance allows both.

    A house cannot take less than nothing: at night, say, only import is possible.
    """
    slack = max(_BALANCE_SLACK_W, 0.05 * (abs(power_w) + abs(produced_w)))
    load_if_export, load_if_import = produced_w - power_w, produced_w + power_w
    if load_if_import < -slack and load_if_export >= 0:
        return True
    if load_if_export < -slack and load_if_import >= 0:
        return False
    return None


def counters_aligned(before: Meter, after: Meter) -> bool | None:
    """Tell whether `positive_kwh` grew while power was positive, or reverse vice versa.

    None where power changed its sign in between, or both or none of them grew.
    """
    powers = before.raw_power, after.raw_power
    if powers[0] is None or powers[1] is None or powers[0] * powers[1] <= 0:
        return None
    positive = growth(before.positive_kwh, after.positive_kwh)
    reverse = growth(before.reverse_kwh, after.reverse_kwh)
    if positive is None or reverse is None or (positive > 0) == (reverse > 0):
        return None
    return (powers[0] > 0) == (positive > 0)


def _unit_by_apparent(meter: Meter) -> bool | None:
    if meter.raw_power is None:
        return None
    parts = [
        abs(volts * amperes)
        for volts, amperes in zip(meter.phase_v, meter.phase_a, strict=True)
        if volts is not None and amperes is not None
    ]
    apparent = sum(parts)
    if apparent < _LEAST_VA:
        return None
    told = _kilowatts_by(abs(meter.raw_power) / apparent)
    # Nearly nothing may be W too, where phases cancel each other out.
    return None if told and not _is_of_one_sign(meter) else told


def _is_of_one_sign(meter: Meter) -> bool:
    """Tell whether no phase can take what another one gives."""
    told = meter.raw_phases
    if None not in told:
        powers = [power for power in told if power]
        return all(power > 0 for power in powers) or all(power < 0 for power in powers)
    others = (*meter.phase_v[1:], *meter.phase_a[1:], *told[1:], *meter.line_v)
    return not any(others)


def _kilowatts_by(ratio: float) -> bool | None:
    if ratio >= _WATT_FROM:
        return False
    return True if _KILOWATT_FROM <= ratio <= _KILOWATT_TO else None


def _phases_w(meter: Meter, factor: float) -> Three:
    """Return the phases in W with the cloud's sign; their unit is one of its own.

    It shows by the apparent power, or by the sum; None where neither tells.
    """
    raw = meter.raw_phases
    scale: float | None = None
    for power, volts, amperes in zip(raw, meter.phase_v, meter.phase_a, strict=True):
        if power is None or volts is None or amperes is None:
            continue
        if (apparent := abs(volts * amperes)) >= _LEAST_VA and scale is None:
            told = _kilowatts_by(abs(power) / apparent)
            scale = None if told is None else _KILO if told else 1.0
    if scale is None:
        power_w = None if meter.raw_power is None else meter.raw_power * factor
        return _scaled_to(raw, power_w) or NO_PHASES
    return _signed(raw[0], scale), _signed(raw[1], scale), _signed(raw[2], scale)


def _scaled_to(raw: Three, whole: float | None) -> Three | None:
    """Return phases in the unit of what they sum up to, None if that shows no unit."""
    if not any(raw):
        # Nothing is nothing in any unit.
        return raw
    total = sum(power or 0.0 for power in raw)
    if None in raw or not total or not whole:
        return None
    ratio = abs(whole / total)
    scale = next((unit for unit in (1.0, _KILO) if 0.5 < ratio / unit < 2), None)
    if scale is None:
        return None
    return _signed(raw[0], scale), _signed(raw[1], scale), _signed(raw[2], scale)


def _signed(value: float | None, factor: float) -> float | None:
    return None if value is None else rounded(value * factor)
