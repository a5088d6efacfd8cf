"""What a plant tells its cloud: a record each five minutes, and counters between.

Records lie on full five minutes, which are the collectTime of histories. One is told
(published) some time after its mark; nothing in an answer says when.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..house import Energy, Flow, Reading
from ..sun import noise
from .behaviour import Behaviour
from .inverter import Doing

STEP = timedelta(minutes=1)
MARK_S = 300
_HOURS = STEP.total_seconds() / 3600
# Where a plant's delay lies without a switch, s.
_SOONEST_S, _LATEST_S = 25.0, 95.0


class Totals(NamedTuple):
    """All-time counters: kWh, and h of charging and discharging."""

    energy: Energy = Energy()
    charge_h: float = 0.0
    discharge_h: float = 0.0

    def minus(self, other: Totals) -> Totals:
        """Return what was counted since `other`."""
        return Totals(
            self.energy.minus(other.energy),
            self.charge_h - other.charge_h,
            self.discharge_h - other.discharge_h,
        )

    def times(self, share: float) -> Totals:
        """Return a part of it."""
        return Totals(
            Energy(*(kwh * share for kwh in self.energy)),
            self.charge_h * share,
            self.discharge_h * share,
        )


class Record(NamedTuple):
    """A plant at a mark: counters until then, powers from then on. SoC in %."""

    time: datetime
    flow: Flow
    soc: float | None
    totals: Totals
    doing: Doing

    @property
    def mark(self) -> int:
        """Return its number."""
        return int(self.time.timestamp()) // MARK_S


class Recorder:
    """Keeps every record, and guesses at what was before the first."""

    def __init__(
        self,
        zone: ZoneInfo,
        seed: int,
        start: datetime,
        connected: datetime,
        before: Totals,
        behaviour: Behaviour,
    ) -> None:
        """Record from `start`, a mark, when the counters stood at `before`."""
        self.records: dict[int, Record] = {}
        self.hours: list[tuple[datetime, Energy]] = []
        self.start = start
        self.connected = min(connected, start)
        self._zone = zone
        self._seed = seed
        self._before = before
        self._behaviour = behaviour
        self._charge_h, self._discharge_h = before.charge_h, before.discharge_h
        self._days: list[float] = []

    # -- writing ---------------------------------------------------------------

    def record(self, reading: Reading, doing: Doing) -> None:
        """Take a step of the house."""
        if int(reading.time.timestamp()) % MARK_S == 0:
            totals = Totals(reading.energy, self._charge_h, self._discharge_h)
            soc = None if reading.soc is None else reading.soc * 100
            record = Record(reading.time, reading.flow, soc, totals, doing)
            self.records[record.mark] = record
            if reading.time.minute == 0:
                self.hours.append((reading.time, reading.energy))
        battery = reading.flow.battery_w
        self._charge_h += (battery < -1) * _HOURS
        self._discharge_h += (battery > 1) * _HOURS

    # -- publication -----------------------------------------------------------

    def delay_s(self, mark: int) -> float:
        """Return how long after its mark a record is told."""
        behaviour = self._behaviour
        base = behaviour.publication_s
        if base is None:
            base = _SOONEST_S + (_LATEST_S - _SOONEST_S) * noise(self._seed, 21)
        return base + behaviour.publication_jitter_s * noise(self._seed + 22, mark)

    def published_at(self, mark: int) -> datetime:
        """Return when a record is told."""
        at = mark * MARK_S + self.delay_s(mark)
        return datetime.fromtimestamp(at, self.start.tzinfo)

    def latest(self, now: datetime, until: Callable[[datetime], bool]) -> Record:
        """Return the newest record that is told at `now` and that `until` lets in."""
        first = int(self.start.timestamp()) // MARK_S
        mark = int(now.timestamp()) // MARK_S
        while mark > first:
            record = self.records.get(mark)
            if record and self.published_at(mark) <= now and until(record.time):
                return record
            mark -= 1
        return self.records[first]

    def between(self, start: datetime, end: datetime, newest: Record) -> list[Record]:
        """Return the records from start to end, both included, told so far."""
        first = -(-int(start.timestamp()) // MARK_S)
        last = min(int(end.timestamp()) // MARK_S, newest.mark)
        marks = range(max(first, int(self.start.timestamp()) // MARK_S), last + 1)
        return [self.records[mark] for mark in marks if mark in self.records]

    # -- counters --------------------------------------------------------------

    def at(self, time: datetime, newest: Record) -> Totals:
        """Return the counters at a mark, or the newest for a later time."""
        if time >= newest.time:
            return newest.totals
        if time <= self.start:
            return self._before.times(self._share(time))
        return self.records[int(time.timestamp()) // MARK_S].totals

    def _share(self, time: datetime) -> float:
        """Return the part of the life before `start` that lay before `time`.

        All counters grow alike, by daylight, so that they balance at any time.
        """
        if not self._days:
            self._count_days()
        whole = self._grown(self.start)
        return self._grown(time) / whole if whole else 0.0

    def _count_days(self) -> None:
        first = self.connected.astimezone(self._zone).date()
        count = (self.start.astimezone(self._zone).date() - first).days + 1
        total = 0.0
        self._days = [0.0]
        for n in range(count):
            total += 0.6 + 0.8 * noise(self._seed + 23, first.toordinal() + n)
            self._days.append(total)

    def _grown(self, time: datetime) -> float:
        local = time.astimezone(self._zone)
        day: date = self.connected.astimezone(self._zone).date()
        n = (local.date() - day).days
        if n < 0:
            return 0.0
        n = min(n, len(self._days) - 2)
        share = min(1.0, max(0.0, (local.hour + local.minute / 60 - 6) / 12))
        return self._days[n] + (self._days[n + 1] - self._days[n]) * share
