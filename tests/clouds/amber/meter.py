"""The meter of a site: what the house drew and fed, and when the cloud learns it."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ..house import Control, Energy, House
from ..sun import noise
from .behaviour import Behaviour
from .fixtures import ChannelSpec, SiteSpec
from .tariffs import ORDER, ChannelType
from .times import NEM, STEP_S, Slot, day_start, hour_of, index_at, nem_date

_STEP = timedelta(seconds=60)
_HEATER_KW = 3.6
_CORRECTED_DAYS = 2


class Meter:
    """A meter that counts in five-minute intervals, and a house behind it.

    A controlled load is on a circuit of its own, which the house knows nothing of.
    """

    def __init__(self, spec: SiteSpec, begin: datetime, seed: int) -> None:
        """Count from the start of the NEM day of `begin`."""
        self._seed = seed
        self.first = day_start(nem_date(index_at(begin)))
        start = datetime.fromtimestamp(self.first * STEP_S, begin.tzinfo)
        self.house = House(spec.house, start, seed, _STEP)
        self.hours: list[tuple[datetime, Energy]] = []
        self._counters: dict[int, Energy] = {}

    def advance(self, now: datetime) -> None:
        """Run the house up to `now`."""
        for reading in self.house.advance(now, lambda time: Control()):
            seconds = int(reading.time.timestamp())
            if seconds % STEP_S == 0:
                self._counters[seconds // STEP_S] = reading.energy
            if seconds % 3600 == 0:
                self.hours.append((reading.time, reading.energy))

    def knows(self, slot: Slot) -> bool:
        """Whether the house has lived through all of a slot."""
        return slot.first in self._counters and slot.end in self._counters

    def kwh(self, channel: ChannelType, slot: Slot) -> float:
        """Return what passed a register, kWh in whole Wh, never negative.

        Differences of a counter in Wh, so that rows add up to what it counted.
        """
        if channel == "controlledLoad":
            return round(sum(self._heater(n) for n in slot.intervals()), 3)
        begin, end = self._counters[slot.first], self._counters[slot.end]
        if channel == "general":
            return round(round(end.imported, 3) - round(begin.imported, 3), 3)
        return round(round(end.exported, 3) - round(begin.exported, 3), 3)

    def _heater(self, n: int) -> float:
        """Return the kWh of the hot water, which heats after midnight."""
        day = nem_date(n).toordinal()
        until = 1.5 + 2 * noise(self._seed + 31, day)
        return _HEATER_KW / 12 if hour_of(n) < until else 0.0


@dataclass(frozen=True, slots=True)
class DayPlan:
    """When a day of usage is told.

    It arrives at `arrives`, without the NEM hours `missing` (first, last excluded)
    until `filled`, and with estimates until `corrected`. None: never.
    """

    arrives: datetime | None
    corrected: datetime | None
    missing: tuple[float, float] | None = None
    filled: datetime | None = None
    estimated_share: float = 0.0


class MeterData:
    """Plans of all days of one site, each the same whenever it is asked."""

    def __init__(self, seed: int, behaviour: Behaviour) -> None:
        """Draw from `seed`."""
        self._seed = seed
        self._behaviour = behaviour
        self._set: dict[date, DayPlan] = {}

    def set(self, day: date, **changes: object) -> None:
        """Change the plan of a day by fields of DayPlan."""
        self._set[day] = replace(self.plan(day), **changes)  # type: ignore[arg-type]

    def plan(self, day: date) -> DayPlan:
        """Return when a day is told, and how well at first (1.2, 1.7)."""
        if day in self._set:
            return self._set[day]
        behaviour, n = self._behaviour, day.toordinal()
        midnight = datetime(day.year, day.month, day.day, tzinfo=NEM)
        arrives = midnight + timedelta(
            days=1, hours=behaviour.usage_hour, minutes=20 * self._noise(0, n)
        )
        if self._noise(1, n) < behaviour.usage_late_share:
            arrives += timedelta(days=1 + int(self._noise(2, n) * 3))
        missing = filled = None
        if self._noise(3, n) < behaviour.usage_gap_share:
            hour = int(self._noise(4, n) * 20)
            missing, filled = (hour, hour + 4), arrives + timedelta(days=1)
        corrected = arrives + timedelta(days=_CORRECTED_DAYS)
        share = behaviour.usage_estimated_share
        return DayPlan(arrives, corrected, missing, filled, share)

    def _noise(self, purpose: int, n: int) -> float:
        return noise(self._seed * 16 + purpose, n)

    def row(
        self, channel: ChannelSpec, slot: Slot, kwh: float, now: datetime
    ) -> tuple[float, str] | None:
        """Return the kWh and quality that are told at `now`, None without a row."""
        plan = self.plan(nem_date(slot.first))
        if plan.missing is not None and (plan.filled is None or now < plan.filled):
            low, high = plan.missing
            if low <= hour_of(slot.first) < high:
                return None
        if plan.corrected is not None and now >= plan.corrected:
            return kwh, "billable"
        key = slot.first * len(ORDER) + ORDER.index(channel.type)
        if self._noise(5, key) >= plan.estimated_share:
            return kwh, "billable"
        guess = kwh * (0.8 + 0.4 * self._noise(6, key)) + 0.002
        return round(guess, 3), "estimated"
