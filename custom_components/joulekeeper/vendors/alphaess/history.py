"""The past of a system by the hour (dossier 2.3, 2.4).

A day costs two calls: its 5-minute samples and its energies. The energies are metered
and so what counts; the samples tell in which hours of the day they were.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final

from ...core.history import (
    BATTERY_POWER,
    CHARGE_ENERGY,
    DISCHARGE_ENERGY,
    EV_ENERGY,
    EXPORT_ENERGY,
    GRID_CHARGE_ENERGY,
    GRID_POWER,
    IMPORT_ENERGY,
    LOAD_ENERGY,
    LOAD_POWER,
    SOLAR_ENERGY,
    SOLAR_POWER,
    STATE_OF_CHARGE,
    HistoryDay,
    Series,
    Slot,
    Sums,
    energies_of,
    instants_of,
    levels_of,
    share_out,
    slots_of,
)
from .client import AlphaEssClient
from .models import DayEnergy, PowerSample
from .pace import Pace

DAY_PAUSE: Final = timedelta(seconds=20)
"""For two calls: users are advised to leave 10 s to each."""
WIDE_DAY_PAUSE: Final = timedelta(minutes=5)
"""While the cloud wants few calls, nearly all of them are for what happens now."""
_LAST_SAMPLE: Final = timedelta(minutes=30)
"""A day that has no sample so near to its end is not all there yet."""
_NO_SUN_KWH: Final = 0.05

_BATTERY: Final = (
    CHARGE_ENERGY,
    DISCHARGE_ENERGY,
    GRID_CHARGE_ENERGY,
    BATTERY_POWER,
    STATE_OF_CHARGE,
)
_ALWAYS: Final = (
    SOLAR_ENERGY,
    LOAD_ENERGY,
    IMPORT_ENERGY,
    EXPORT_ENERGY,
    SOLAR_POWER,
    LOAD_POWER,
    GRID_POWER,
)

type _Curve = list[tuple[datetime, float | None]]


@dataclass(frozen=True, slots=True)
class Kit:
    """What belongs to a system, as far as it is known."""

    battery: bool
    ev_charger: bool


class AlphaEssHistory:
    """The past of the systems of one account."""

    def __init__(
        self,
        client: AlphaEssClient,
        pace: Pace,
        zone: Callable[[str], tzinfo],
        kit: Callable[[str], Kit | None],
    ) -> None:
        """Take what tells a system's zone, and what it has: None if it is not ours."""
        self._client = client
        self._pace = pace
        self._zone = zone
        self._kit = kit

    @property
    def day_pause(self) -> timedelta:
        """The time from one day's fetch to the next, so that others have their turn."""
        return WIDE_DAY_PAUSE if self._pace.wide else DAY_PAUSE

    @property
    def followed_at(self) -> None:
        """Nothing is imported by itself: there are sensors for what happens."""
        return None

    def zone(self, device_id: str) -> tzinfo:
        """Return the zone of a system's calendar, as far as it is known."""
        return self._zone(device_id)

    def last_day(self, device_id: str) -> None:
        """No system is known to be closed."""
        return

    def series(self, device_id: str) -> tuple[Series, ...]:
        """Return what a system has a past of; nothing for what is no system."""
        if (kit := self._kit(device_id)) is None:
            return ()
        battery = _BATTERY if kit.battery else ()
        return (*_ALWAYS, *battery, *((EV_ENERGY,) if kit.ev_charger else ()))

    async def fetch_day(
        self, device_id: str, day: date, zone: tzinfo, soon: Sequence[date] = ()
    ) -> HistoryDay:
        """Return a day by the hour, in a zone's calendar; what any call may raise."""
        power = await self._client.day_power(device_id, day)
        energy = await self._client.day_energy(device_id, day)
        if energy.is_empty or energy.day not in {day, None}:
            # Zeros and nulls are no truth around midnight, nor is another day.
            energy = DayEnergy.parse({})
        keys = {series.key for series in self.series(device_id)}
        return booked(day, zone, power.samples, energy, keys)


def booked(
    day: date,
    zone: tzinfo,
    samples: tuple[PowerSample, ...],
    energy: DayEnergy,
    keys: set[str],
) -> HistoryDay:
    """Return a day by the hour: its energies where they are known, else the samples'.

    A day without either is blank. Some inverters tell no solar power in their samples
    (dossier 2.3): then neither it nor the battery's, which is what is left over, counts.
    """
    slots = slots_of(day, zone)
    timed = [
        (instant, sample)
        for sample in samples
        for instant in instants_of(sample.time, zone)
    ]

    def curve(value: Callable[[PowerSample], float | None]) -> _Curve:
        return [(instant, value(sample)) for instant, sample in timed]

    sunless = energy.pv_kwh is not None and energy.pv_kwh < _NO_SUN_KWH
    sees_sun = sunless or any(sample.pv_w for sample in samples)
    levels = {
        LOAD_POWER: curve(lambda sample: sample.load_w),
        GRID_POWER: curve(lambda sample: sample.grid_w),
        STATE_OF_CHARGE: curve(lambda sample: sample.state_of_charge),
    }
    powers = {
        LOAD_ENERGY: levels[LOAD_POWER],
        IMPORT_ENERGY: curve(lambda sample: sample.import_w),
        EXPORT_ENERGY: curve(lambda sample: sample.export_w),
        EV_ENERGY: curve(lambda sample: sample.ev_w),
    }
    if sees_sun:
        levels[SOLAR_POWER] = curve(lambda sample: sample.pv_w)
        levels[BATTERY_POWER] = curve(lambda sample: sample.battery_w)
        powers[SOLAR_ENERGY] = levels[SOLAR_POWER]
        powers[DISCHARGE_ENERGY] = curve(lambda sample: _positive(sample.battery_w))
        powers[CHARGE_ENERGY] = curve(
            lambda sample: _positive(sample.battery_w, sign=-1)
        )
    totals: dict[Series, float | None] = {
        SOLAR_ENERGY: energy.pv_kwh,
        LOAD_ENERGY: energy.load_kwh,
        IMPORT_ENERGY: energy.import_kwh,
        EXPORT_ENERGY: energy.export_kwh,
        CHARGE_ENERGY: energy.charge_kwh,
        DISCHARGE_ENERGY: energy.discharge_kwh,
        GRID_CHARGE_ENERGY: energy.grid_charge_kwh,
        EV_ENERGY: energy.ev_kwh,
    }
    shapes = _shapes(slots, powers, levels[STATE_OF_CHARGE])
    sums: dict[str, Sums] = {}
    for series, total in totals.items():
        if total is not None:
            sums[series.key] = share_out(total, slots, shapes.get(series, {}))
        elif series in powers:
            sums[series.key] = energies_of(slots, powers[series])
    return HistoryDay(
        sums={key: item for key, item in sums.items() if key in keys and item},
        levels={
            series.key: item
            for series, samples in levels.items()
            if series.key in keys and (item := levels_of(slots, samples))
        },
        settled=not energy.is_blank
        and any(instant >= slots[-1].end - _LAST_SAMPLE for instant, _ in timed),
    )


def _shapes(
    slots: tuple[Slot, ...], powers: Mapping[Series, _Curve], charge_level: _Curve
) -> Mapping[Series, Mapping[datetime, float]]:
    """Return in what proportion a day's energies belong to its hours.

    Where the battery's power is not known, the state of charge tells when it rose and
    fell. What the grid gave to the battery, it gave while there was import.
    """
    shapes: dict[Series, Mapping[datetime, float]] = {
        series: _means(slots, power) for series, power in powers.items()
    }
    imported = shapes[IMPORT_ENERGY]
    if CHARGE_ENERGY in shapes:
        charged = shapes[CHARGE_ENERGY]
        shapes[GRID_CHARGE_ENERGY] = {
            hour: min(value, charged.get(hour, 0.0)) for hour, value in imported.items()
        }
        return shapes
    charge = _means(slots, charge_level)
    rise = {hour: charge[hour] - before for before, hour in _after(charge)}
    shapes[CHARGE_ENERGY] = rise
    shapes[DISCHARGE_ENERGY] = {hour: -value for hour, value in rise.items()}
    shapes[GRID_CHARGE_ENERGY] = {
        hour: value for hour, value in imported.items() if rise.get(hour, 0.0) > 0
    }
    return shapes


def _means(slots: tuple[Slot, ...], samples: _Curve) -> dict[datetime, float]:
    return {hour: level.mean for hour, level in levels_of(slots, samples).items()}


def _after(values: Mapping[datetime, float]) -> Iterator[tuple[float, datetime]]:
    """Yield each hour but the first with the value of the hour before it."""
    for earlier, later in pairwise(values):
        yield values[earlier], later


def _positive(value: float | None, *, sign: int = 1) -> float | None:
    return None if value is None else max(0.0, sign * value)
