"""The energies of today as they may be shown (dossier 4.9, 11.1, 13.16).

The cloud begins its day some minutes after midnight, or only when a device wakes up, and
tells yesterday's energies until then. A day's energies never fall.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from .energy import PV_KINDS, DayEnergy, EnergyAnalysis, EnergyKind, kinds_of
from .models import Scene

_DAY: Final = timedelta(days=1)
_SURELY_TODAY: Final = timedelta(hours=12)
"""After midnight, the time from which on it is never yesterday that is told."""
_DOUBTFUL: Final = timedelta(hours=6)
"""After midnight, the time until which a stranger looks at yesterday first."""
_COUNTS_KWH: Final = 0.05
"""An energy from which on one can tell two days from each other."""
_FALLEN: Final = timedelta(hours=1)
"""How long an energy has to be less before it is believed that it was too high."""
_PV, _PLUG = "pv ", "plug "
_SHARES: Final = frozenset({"battery_share", "solar_share", "other_share"})
_INPUTS: Final = (*PV_KINDS, EnergyKind.MICRO_INVERTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Energies:
    """The energies of a day, the midnight at which it began and when it ends.

    It is today, or yesterday as long as the cloud has not begun its new day.
    """

    today: DayEnergy
    begins: datetime
    ends: datetime


class EnergyDays:
    """What was told of the energies of one system, today and the day before."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._shown: Energies | None = None
        self._before: DayEnergy | None = None
        self._began: datetime | None = None
        self._begun: date | None = None
        self._inputs: set[EnergyKind] = set()
        self._looks: bool | None = None
        self._fell_at: dict[str, datetime] = {}

    def kinds(self, scene: Scene) -> tuple[EnergyKind, ...]:
        """Return what to ask for; an input that has given something is asked for ever.

        At first all are, for in the dark nobody knows which there are.
        """
        banks = scene.solarbanks.values()
        if not banks:
            return ()
        kinds = dict.fromkeys(kinds_of(scene))
        if all(bank.is_first_generation for bank in banks):
            return tuple(kinds)
        self._inputs |= kinds.keys() & set(_INPUTS)
        if self._looks is None:
            self._looks = not self._inputs
        looked_at = PV_KINDS if self._looks else ()
        return tuple(kinds | dict.fromkeys((*looked_at, *sorted(self._inputs))))

    def day_before(self, today: date, begins: datetime, now: datetime) -> date | None:
        """Return yesterday, if it has to be looked at before today is believed."""
        yesterday = today - _DAY
        if self._begun == today or now - begins >= _DOUBTFUL:
            return None
        shown = self._shown.today.day if self._shown else None
        if shown in (yesterday, today):
            return None
        known = self._before.day if self._before else None
        return None if known == yesterday else yesterday

    def learn(self, before: DayEnergy, began: datetime) -> None:
        """Take what yesterday came to, and when it began."""
        self._before, self._began = before, began

    def found(
        self,
        answers: Mapping[EnergyKind, EnergyAnalysis | None],
        *,
        complete: bool,
    ) -> None:
        """See which inputs there are; with complete answers nobody has to look again."""
        if complete:
            self._looks = False
        self._inputs |= {
            kind
            for kind, answer in answers.items()
            if kind in _INPUTS and answer is not None and any(answer.power.values())
        }

    def shown(self, told: Energies, now: datetime) -> Energies:
        """Return the energies to be shown once today's were told."""
        day, last = told.today.day, self._shown
        if last is not None and last.today.day == day - _DAY:
            self._before = last.today
        if self._begun != day and not self._has_begun(told, now):
            if last is None and self._before is not None and self._began is not None:
                last = Energies(
                    today=self._before, begins=self._began, ends=told.begins
                )
                self._shown = last
            if last is not None:
                return replace(last, ends=told.ends)
        self._begun = day
        if last is not None and last.today.day == day:
            told = replace(told, today=self._rising(last.today, told.today, now))
        else:
            self._fell_at = {}
        self._shown = told
        return told

    def _rising(self, earlier: DayEnergy, later: DayEnergy, now: datetime) -> DayEnergy:
        """Return the later energies of a day; what is less than it was has to last.

        What is not told stays what it was, and shares may fall.
        """
        old, new = _values(earlier), _values(later)
        fell_at = {
            name: self._fell_at.get(name, now)
            for name, energy in old.items()
            if new.get(name, energy) < energy
        }
        kept = {
            name: energy
            for name, energy in old.items()
            if name not in new
            or (name in fell_at and timedelta() <= now - fell_at[name] < _FALLEN)
        }
        self._fell_at = {name: at for name, at in fell_at.items() if name in kept}
        return _with_values(later, {**new, **kept})

    def _has_begun(self, told: Energies, now: datetime) -> bool:
        """Tell whether the cloud speaks of the new day already.

        Then something is less than it was, unless nothing was worth telling.
        """
        before = self._before
        if before is None or before.day != told.today.day - _DAY:
            return True
        if now - told.begins >= _SURELY_TODAY:
            return True
        earlier, later = _energies(before), _energies(told.today)
        both = [
            (energy, later[name])
            for name, energy in earlier.items()
            if energy >= _COUNTS_KWH and name in later
        ]
        return not both or any(new < old - _COUNTS_KWH / 2 for old, new in both)


def measured(day: DayEnergy, scene: Scene) -> DayEnergy:
    """Return energies without those that nothing measures, whose zeros are no values."""
    if scene.grid is None or not scene.grid.meters:
        day = replace(day, grid_import=None, grid_export=None, grid_to_home=None)
    if not scene.measures_load:
        day = replace(day, home=None, grid_to_home=None)
    if not scene.plugs:
        day = replace(day, plugs=None, by_plug={})
    return day


def _energies(day: DayEnergy) -> dict[str, float]:
    """Return the plain energies of a day that are known."""
    values = {item.name: getattr(day, item.name) for item in fields(day)}
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, float) and name not in _SHARES
    }


def _values(day: DayEnergy) -> dict[str, float]:
    """Return all energies of a day that are known, also of each input and plug."""
    inputs = ((f"{_PV}{n}", energy) for n, energy in enumerate(day.pv))
    plugs = ((f"{_PLUG}{serial}", energy) for serial, energy in day.by_plug.items())
    known = {name: energy for name, energy in inputs if energy is not None}
    return _energies(day) | known | dict(plugs)


def _with_values(day: DayEnergy, values: Mapping[str, float]) -> DayEnergy:
    """Return a day with energies as `_values` names them."""
    plain: dict[str, Any] = {
        name: energy
        for name, energy in values.items()
        if not name.startswith((_PV, _PLUG))
    }
    return replace(
        day,
        **plain,
        pv=tuple(values.get(f"{_PV}{n}") for n in range(len(day.pv))),
        by_plug={
            name.removeprefix(_PLUG): energy
            for name, energy in values.items()
            if name.startswith(_PLUG)
        },
    )
