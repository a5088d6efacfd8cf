"""The past by the hour: what a cloud tells of a day, and how it is booked.

Statistics are kept by full hours of UTC, days by the clock of a plant. An hour of the
plant's day, counted from its midnight in elapsed time, is booked under the full hour of
UTC that begins within it. So every day has hours of its own, also where the zone is half
an hour off and where clocks change, and booking a day anew changes no other day.

Powers are W, energies kWh; grid + is import, battery + is discharge. A cost is + when it
is paid, a compensation when it is earned; both may be negative.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise
from typing import Final

HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_HOLDS_FOR: Final = timedelta(minutes=10)
"""How long a sample speaks for the time after it, while no other one follows."""
_NOON: Final = 12
_WATT_HOURS: Final = 1000
_DECIMALS: Final = 6
"""Of energies and their sums."""
_NOTHING: Final = 1e-7


class Kind(StrEnum):
    """What an hour's value is."""

    SUM = "sum"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Series:
    """One thing that is known of every hour; the key finds its name.

    The unit of money is the code of its currency, empty while that is not told.
    """

    key: str
    unit: str
    kind: Kind

    def in_currency(self, code: str) -> Series:
        """Return the same sum of money in a currency."""
        return replace(self, unit=code)


def _energy(key: str) -> Series:
    return Series(key, "kWh", Kind.SUM)


def _power(key: str) -> Series:
    return Series(key, "W", Kind.LEVEL)


def _money(key: str) -> Series:
    return Series(key, "", Kind.SUM)


SOLAR_ENERGY: Final = _energy("solar_energy")
LOAD_ENERGY: Final = _energy("load_energy")
IMPORT_ENERGY: Final = _energy("grid_import_energy")
EXPORT_ENERGY: Final = _energy("grid_export_energy")
CHARGE_ENERGY: Final = _energy("charge_energy")
DISCHARGE_ENERGY: Final = _energy("discharge_energy")
GRID_CHARGE_ENERGY: Final = _energy("grid_charge_energy")
EV_ENERGY: Final = _energy("ev_energy")
SOLAR_POWER: Final = _power("solar_power")
LOAD_POWER: Final = _power("load_power")
GRID_POWER: Final = _power("grid_power")
BATTERY_POWER: Final = _power("battery_power")
STATE_OF_CHARGE: Final = Series("state_of_charge", "%", Kind.LEVEL)
IMPORT_COST: Final = _money("grid_import_cost")
EXPORT_COMPENSATION: Final = _money("grid_export_compensation")
CONTROLLED_LOAD_ENERGY: Final = _energy("controlled_load_energy")
"""Imported on a circuit of its own, and not part of what else is imported."""
CONTROLLED_LOAD_COST: Final = _money("controlled_load_cost")

VOCABULARY: Final = (
    SOLAR_ENERGY,
    LOAD_ENERGY,
    IMPORT_ENERGY,
    EXPORT_ENERGY,
    CHARGE_ENERGY,
    DISCHARGE_ENERGY,
    GRID_CHARGE_ENERGY,
    EV_ENERGY,
    SOLAR_POWER,
    LOAD_POWER,
    GRID_POWER,
    BATTERY_POWER,
    STATE_OF_CHARGE,
    IMPORT_COST,
    EXPORT_COMPENSATION,
    CONTROLLED_LOAD_ENERGY,
    CONTROLLED_LOAD_COST,
)
"""What any brand may have; each has a name for the user."""


@dataclass(frozen=True, slots=True)
class Level:
    """The mean of an hour, with its lowest and highest value."""

    mean: float
    low: float
    high: float


type Sums = Mapping[datetime, float]
type Levels = Mapping[datetime, Level]
type Samples = Iterable[tuple[datetime, float | None]]
"""Instants, and what was measured then: it holds until the next one."""


@dataclass(frozen=True, slots=True)
class HistoryDay:
    """What is known of a day, by series and full hour of UTC.

    It is not `settled` while the cloud may still get to know more of it.
    """

    sums: Mapping[str, Sums]
    levels: Mapping[str, Levels]
    settled: bool = True

    @property
    def is_blank(self) -> bool:
        """Whether nothing is known."""
        return not (any(self.sums.values()) or any(self.levels.values()))


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour of a plant's day, and the full hour of UTC it is booked under."""

    hour: datetime
    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        """How long it is: the last one of a day makes up for half hours."""
        return (self.end - self.start) / HOUR


def slots_of(day: date, zone: tzinfo) -> tuple[Slot, ...]:
    """Return the hours of a day of a plant's calendar, mostly 24."""
    start, end = _midnight(day, zone), _midnight(day + _DAY, zone)
    first = _full_hour(start)
    count = (_full_hour(end) - first) // HOUR
    starts = [start + n * HOUR for n in range(count)]
    return tuple(
        Slot(first + n * HOUR, begin, until)
        for n, (begin, until) in enumerate(pairwise([*starts, end]))
    )


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _full_hour(instant: datetime) -> datetime:
    """Return the first full hour of UTC that is not before an instant."""
    full = instant.replace(minute=0, second=0, microsecond=0)
    return full if full == instant else full + HOUR


def instants_of(wall: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """Return when a clock showed a time: twice in the hour that autumn repeats.

    What falls into the hour that spring skips is of a clock that was not yet set.
    """
    both = [wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    return tuple(both) if both[0] < both[1] else (both[0],)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What held for some part of one slot."""

    hour: datetime
    hours: float
    value: float


def _pieces(slots: tuple[Slot, ...], samples: Samples) -> Iterator[_Piece]:
    """Yield what held when in a day, each hour by its own samples alone.

    The first one of an hour speaks for the minutes before it too.
    """
    known = sorted((instant, value) for instant, value in samples if value is not None)
    instants = [instant for instant, _ in known]
    for slot in slots:
        at, until = (bisect_left(instants, end) for end in (slot.start, slot.end))
        if at == until:
            continue
        starts = instants[at:until]
        if starts[0] - slot.start <= _HOLDS_FOR:
            starts[0] = slot.start
        nexts = [*starts[1:], slot.end]
        for start, following, (_, value) in zip(
            starts, nexts, known[at:until], strict=True
        ):
            lasts = min(following - start, _HOLDS_FOR)
            yield _Piece(slot.hour, lasts / HOUR, value)


def levels_of(slots: tuple[Slot, ...], samples: Samples) -> Levels:
    """Return the mean, lowest and highest value of each hour that has samples."""
    by_hour: dict[datetime, list[_Piece]] = {}
    for piece in _pieces(slots, samples):
        by_hour.setdefault(piece.hour, []).append(piece)
    return {hour: _level(pieces) for hour, pieces in by_hour.items()}


def _level(pieces: list[_Piece]) -> Level:
    hours = sum(piece.hours for piece in pieces)
    values = [piece.value for piece in pieces]
    mean = sum(piece.value * piece.hours for piece in pieces) / hours
    return Level(round(mean, 3), min(values), max(values))


def energies_of(slots: tuple[Slot, ...], powers: Samples) -> Sums:
    """Return the energies, kWh, of the hours that have samples of a power."""
    energies: dict[datetime, float] = {}
    for piece in _pieces(slots, powers):
        energy = piece.value * piece.hours / _WATT_HOURS
        energies[piece.hour] = energies.get(piece.hour, 0.0) + energy
    return {hour: round(energy, _DECIMALS) for hour, energy in energies.items()}


def share_out(
    total: float, slots: tuple[Slot, ...], shape: Mapping[datetime, float]
) -> Sums:
    """Return a day's energy, kWh, shared out to its hours in proportion to a shape.

    Without a shape all of it is booked at noon: the day is right, and the sun, which is
    what mostly has none, is up then everywhere.
    """
    weights = [max(0.0, shape.get(slot.hour, 0.0)) * slot.hours for slot in slots]
    if not (whole := sum(weights)):
        weights[min(_NOON, len(weights) - 1)] = whole = 1.0
    shares: dict[datetime, float] = {}
    weighed = booked = 0.0
    for slot, weight in zip(slots, weights, strict=True):
        weighed += weight
        until = round(max(0.0, total) * min(1.0, weighed / whole), _DECIMALS)
        shares[slot.hour] = round(until - booked, _DECIMALS)
        booked = until
    return shares


@dataclass(frozen=True, slots=True)
class SumRow:
    """An hour of a sum: its own value, and all until its end."""

    value: float
    total: float


@dataclass(frozen=True, slots=True)
class Booking:
    """The rows to write, and what to add to the totals of all rows after them."""

    rows: Mapping[datetime, SumRow]
    shift: float


def replaced(
    before: float, rows: Mapping[datetime, SumRow], new: Sums, following: SumRow | None
) -> Booking:
    """Return what changes when hours get other values.

    `before` is the total until the first of the new hours, `rows` are those from there
    to the last one, and `following` is the row after them, None if there is none. What
    a row added to the total stays, for somebody may have corrected it by hand. Only the
    row that follows new ones adds its own value: so a booking that was broken off is
    made good when it is done again.
    """
    changed: dict[datetime, SumRow] = {}
    last = total = before
    mends = False
    for hour in sorted(rows.keys() | new.keys()):
        row = rows.get(hour)
        if hour in new:
            value = added = new[hour]
        else:
            assert row is not None
            value = row.value
            added = value if mends else row.total - last
        mends = hour in new
        last = last if row is None else row.total
        booked = SumRow(value, round(total := total + added, _DECIMALS))
        if row is None or not _same(row, booked):
            changed[hour] = booked
    if following is None:
        return Booking(changed, 0.0)
    shift = round(total + following.value - following.total, _DECIMALS)
    return Booking(changed, shift)


def _same(row: SumRow, other: SumRow) -> bool:
    """Tell whether two rows differ by no more than what adding up may cost."""
    return (
        abs(row.value - other.value) < _NOTHING
        and abs(row.total - other.total) < _NOTHING
    )
