"""What a system tells its cloud: live samples, 5-minute uploads and counters."""

from collections import deque
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ..house import Energy, Flow, Reading
from ..sun import noise
from .inverter import Doing

STEP = timedelta(seconds=30)
_HOURS = STEP.total_seconds() / 3600
_UPLOAD_S = 300
_UPLOAD_JITTER_S = 4
_KEPT = 240  # samples: two hours


class Counters(NamedTuple):
    """All-time counters, kWh."""

    house: Energy = Energy()
    grid_charged: float = 0.0
    cars: float = 0.0

    def minus(self, other: Counters) -> Counters:
        """Return what was counted since `other`."""
        return Counters(
            self.house.minus(other.house),
            self.grid_charged - other.grid_charged,
            self.cars - other.cars,
        )


class Sample(NamedTuple):
    """A system at one instant: counters until then, powers from then on."""

    time: datetime
    flow: Flow
    soc: float  # %
    counters: Counters
    cars_w: tuple[float, ...]
    doing: Doing


class Upload(NamedTuple):
    """A 5-minute sample of the history, uploaded at `time`."""

    time: datetime
    sample: Sample
    spike: float  # factor on the load's own meter


class Recorder:
    """Keeps what was told. Days are those of the plant, and of UTC beside them."""

    def __init__(self, zone: ZoneInfo, seed: int, start: datetime) -> None:
        """Record from `start` on."""
        self.samples: deque[Sample] = deque(maxlen=_KEPT)
        self.uploads: list[Upload] = []
        self.hours: list[tuple[datetime, Energy]] = []
        self.local_days: dict[date, Counters] = {}
        self.utc_days: dict[date, Counters] = {}
        self._zone = zone
        self._seed = seed
        self._grid_charged = 0.0
        self._cars = 0.0
        # The logger's clock has nothing to do with ours.
        phase = noise(seed, 7) * _UPLOAD_S
        first = start.timestamp() // _UPLOAD_S * _UPLOAD_S + phase
        self._next_base = first if first >= start.timestamp() else first + _UPLOAD_S

    def record(
        self,
        reading: Reading,
        cars_w: tuple[float, ...],
        doing: Doing,
        online: Callable[[datetime], bool],
    ) -> None:
        """Take a step of the house."""
        soc = 0.0 if reading.soc is None else reading.soc * 100
        counters = Counters(reading.energy, self._grid_charged, self._cars)
        sample = Sample(reading.time, reading.flow, soc, counters, cars_w, doing)
        local = reading.time.astimezone(self._zone)
        self.local_days.setdefault(local.date(), counters)
        self.utc_days.setdefault(reading.time.date(), counters)
        if online(reading.time):
            self.samples.append(sample)
        if reading.time.minute == 0 and reading.time.second == 0:
            self.hours.append((reading.time, reading.energy))
        self._upload(sample, online)
        kwh = _HOURS / 1000
        charge = max(0.0, -reading.flow.battery_w)
        self._grid_charged += max(0.0, charge - reading.flow.pv_w) * kwh
        self._cars += sum(cars_w) * kwh

    def _upload(self, sample: Sample, online: Callable[[datetime], bool]) -> None:
        """Upload the sample if it is due within its step."""
        n = int(self._next_base // _UPLOAD_S)
        due = self._next_base + int(noise(self._seed + 8, n) * _UPLOAD_JITTER_S)
        if due >= (sample.time + STEP).timestamp():
            return
        self._next_base += _UPLOAD_S
        time = datetime.fromtimestamp(int(due), sample.time.tzinfo)
        if not online(time):
            return
        # Single samples of the load's meter are far off (2.3).
        lone = noise(self._seed + 9, n)
        spike = 4.0 if lone < 0.005 else 0.98 + 0.04 * noise(self._seed + 10, n)
        self.uploads.append(Upload(time, sample, spike))

    def latest(self, now: datetime, block: timedelta) -> Sample:
        """Return the live sample that is shown at `now`: a new one each `block`."""
        seconds = block.total_seconds()
        limit = now.timestamp()
        if seconds:
            limit = limit // seconds * seconds
        for sample in reversed(self.samples):
            if sample.time.timestamp() <= limit:
                return sample
        return self.samples[0]

    def of_day(self, day: date) -> list[Upload]:
        """Return a plant day's uploads, the oldest first."""
        return [u for u in self.uploads if u.time.astimezone(self._zone).date() == day]
