"""The energies of the present day, fit for statistics (dossier 2.4).

Around midnight, and at quiet times of the night, the cloud may answer with zeros or
nulls; a statistic that believed it would count the whole day twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from .client import AlphaEssClient
from .models import DayEnergy

INTERVAL: Final = timedelta(minutes=5)
_BEFORE_MIDNIGHT: Final = timedelta(seconds=20)
_AFTER_MIDNIGHT: Final = timedelta(seconds=75)


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What was counted since `begins`, the midnight at which the plant's day began.

    All None while the cloud knows nothing of the day. Nothing falls within a day.
    """

    day: date
    begins: datetime
    pv_kwh: float | None = None
    import_kwh: float | None = None
    export_kwh: float | None = None
    charge_kwh: float | None = None
    grid_charge_kwh: float | None = None
    discharge_kwh: float | None = None
    ev_kwh: float | None = None
    load_kwh: float | None = None
    pv_to_battery_kwh: float | None = None
    pv_to_load_kwh: float | None = None
    grid_to_load_kwh: float | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing is known of the day."""
        return self == Today(day=self.day, begins=self.begins)


class DayFeed:
    """Fetches the energies of one system's present day."""

    def __init__(
        self, client: AlphaEssClient, serial: str, zone: Callable[[], tzinfo]
    ) -> None:
        """Know nothing yet."""
        self._client = client
        self._serial = serial
        self._zone = zone
        self._day: date | None = None
        """The day of what is kept below, this one or an earlier one."""
        self._answer: DayEnergy | None = None
        self._highest: dict[str, float] = {}

    async def fetch(self) -> Today:
        """Return the energies; all None instead of those of no or of another day."""
        zone = self._zone()
        day = self._client.clock().astimezone(zone).date()
        begins = datetime.combine(day, time.min, zone)
        answer = await self._client.day_energy(self._serial, day)
        if (
            answer.is_empty
            or answer.day not in {day, None}
            or (day != self._day and self._repeats(answer))
        ):
            return Today(day=day, begins=begins)
        if day != self._day:
            self._day, self._highest = day, {}
        self._answer = answer
        counters = {
            name: self._risen(name, value) for name, value in _counters(answer).items()
        }
        return Today(day=day, begins=begins, **counters)

    def due_in(self, _today: Today, now: datetime) -> timedelta:
        """Return the time to wait: the end of a day is not missed."""
        zone = self._zone()
        tomorrow = now.astimezone(zone).date() + timedelta(days=1)
        left = datetime.combine(tomorrow, time.min, zone).astimezone(now.tzinfo) - now
        if left > INTERVAL + _BEFORE_MIDNIGHT:
            return INTERVAL
        if left > 2 * _BEFORE_MIDNIGHT:
            return left - _BEFORE_MIDNIGHT
        return left + _AFTER_MIDNIGHT

    def _repeats(self, answer: DayEnergy) -> bool:
        """Tell whether a new day's answer is still that of the day before."""
        before = self._answer
        return before is not None and _counters(before) == _counters(answer)

    def _risen(self, name: str, value: float | None) -> float | None:
        """Return a counter; one that falls is wrong, and rises again in a moment."""
        if value is None:
            return None
        highest = self._highest[name] = max(value, self._highest.get(name, value))
        return highest


def _counters(answer: DayEnergy) -> dict[str, float | None]:
    to_battery = _less(answer.charge_kwh, answer.grid_charge_kwh)
    return {
        "pv_kwh": answer.pv_kwh,
        "import_kwh": answer.import_kwh,
        "export_kwh": answer.export_kwh,
        "charge_kwh": answer.charge_kwh,
        "grid_charge_kwh": answer.grid_charge_kwh,
        "discharge_kwh": answer.discharge_kwh,
        "ev_kwh": answer.ev_kwh,
        "load_kwh": answer.load_kwh,
        "pv_to_battery_kwh": to_battery,
        "pv_to_load_kwh": _less(_less(answer.pv_kwh, answer.export_kwh), to_battery),
        "grid_to_load_kwh": _less(answer.import_kwh, answer.grid_charge_kwh),
    }


def _less(whole: float | None, part: float | None) -> float | None:
    """Return what is left of a whole; the cloud's roundings may leave less than 0."""
    if whole is None or part is None:
        return None
    return max(0.0, round(whole - part, 3))
