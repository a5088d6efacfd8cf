"""One inverter: its house, its plan, and the telemetry that it has pushed."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple
import zlib

from ..house import Caps, Control, Energy, House, Reading
from ..sun import noise
from .behaviour import Behaviour
from .fixtures import InverterSpec, SiteSpec
from .schedules import DesiredMode, Plan

MINUTE = timedelta(seconds=60)
_KEPT = 200  # samples; 100 inverters must not fill the memory


class Sample(NamedTuple):
    """One telemetry record: the house and the mode at one tick."""

    reading: Reading
    wish: DesiredMode

    @property
    def time(self) -> datetime:
        """Telemetry time."""
        return self.reading.time


class Inverter:
    """An inverter that pushes telemetry once a minute, at a second of its own."""

    def __init__(
        self,
        spec: InverterSpec,
        site: SiteSpec,
        behaviour: Behaviour,
        begin: datetime,
        seed: int,
        caps: Callable[[datetime], Caps],
    ) -> None:
        """Start at `begin`; `caps` gives the site's limits at a tick."""
        self.spec = spec
        self.site = site
        self.plan = Plan(spec, behaviour)
        self.seed = seed + zlib.crc32(spec.serial.encode())
        self.frozen_at: datetime | None = None
        self.counter_base = Energy()
        self._behaviour = behaviour
        self._caps = caps
        phase = int(noise(self.seed, 5) * 60)
        # A little earlier, so that there is telemetry from the first.
        start = (begin - 2 * MINUTE).replace(second=phase, microsecond=0)
        self.house = House(spec.house, start, self.seed, MINUTE)
        self.samples: deque[Sample] = deque(maxlen=_KEPT)
        self.hours: list[tuple[datetime, Energy]] = []

    @property
    def status(self) -> str:
        """`OK` or `Offline`."""
        return "OK" if self.frozen_at is None else "Offline"

    def _control(self, now: datetime) -> Control:
        own = self.plan.at(now).control()
        return own._replace(caps=own.caps.tightest(self._caps(now)))

    def advance(self, now: datetime) -> None:
        """Run the house up to `now`."""
        for reading in self.house.advance(now, self._control):
            # An offline inverter lives on, and pushes nothing.
            if self.frozen_at is None or reading.time <= self.frozen_at:
                self.samples.append(Sample(reading, self.plan.at(reading.time)))
            if reading.time.minute == 0:
                hour = reading.time.replace(second=0)
                self.hours.append((hour, reading.energy))

    def _published_at(self, sample: Sample) -> datetime:
        """Return when the cloud shows a sample."""
        behaviour = self._behaviour
        jitter = noise(self.seed + 6, int(sample.time.timestamp() // 60))
        return sample.time + timedelta(
            seconds=behaviour.publish_delay_s + jitter * behaviour.publish_jitter_s
        )

    def latest(self, now: datetime, *, before: datetime | None = None) -> Sample:
        """Return the newest telemetry that is readable at `now`.

        `before` asks for the past: no newer than that.
        """
        self.advance(now)
        limit = now if before is None else min(now, before)
        for sample in reversed(self.samples):
            if sample.time <= limit and self._published_at(sample) <= now:
                return sample
        return self.samples[0]

    def between(self, now: datetime, start: datetime, end: datetime) -> list[Sample]:
        """Return the readable telemetry of start <= time < end."""
        newest = self.latest(now).time
        return [s for s in self.samples if start <= s.time < end and s.time <= newest]

    def counters(self, energy: Energy) -> Energy:
        """Return the counters as told, after a reset maybe."""
        return energy.minus(self.counter_base)

    def reset_counters(self, now: datetime) -> None:
        """Set all counters to zero, as after a replaced board."""
        self.advance(now)
        self.counter_base = self.house.energy

    def history(self, start: datetime, end: datetime) -> list[tuple[datetime, Energy]]:
        """Return (full hour, counters) for start <= hour <= end."""
        times = [hour for hour, _ in self.hours]
        first = bisect_right(times, start - timedelta(microseconds=1))
        return self.hours[first : bisect_right(times, end)]
