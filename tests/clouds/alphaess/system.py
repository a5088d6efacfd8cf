"""One system: its house, its settings and chargers, and what it has told."""

from datetime import date, datetime, timedelta
import zlib
from zoneinfo import ZoneInfo

from ..house import Control, Energy, House
from .behaviour import Behaviour
from .chargers import Charger
from .fixtures import SystemSpec
from .inverter import Doing, Settings, control, decide
from .stores import Stores, Versions
from .telemetry import STEP, Counters, Recorder, Sample

_HOURS = STEP.total_seconds() / 3600


class System:
    """A system that lives on whatever the cloud knows of it."""

    def __init__(
        self, spec: SystemSpec, behaviour: Behaviour, begin: datetime, seed: int
    ) -> None:
        """Start at `begin`."""
        self.spec = spec
        self.zone = ZoneInfo(spec.house.zone)
        self.seed = seed + zlib.crc32(spec.serial.encode())
        self.chargers = [Charger(c, behaviour) for c in spec.chargers]
        self.household_current_a = spec.household_current_a
        self.ems_status = "Normal"
        self.time_based = True
        self.offline_since: datetime | None = None
        self._behaviour = behaviour
        # A little earlier, so that there is a sample from the first; on the full
        # minute, so that midnight is a step's start.
        start = begin.replace(second=0, microsecond=0) - timedelta(minutes=2)
        self.house = House(spec.house, start, self.seed, STEP)
        self.recorder = Recorder(self.zone, self.seed, start)
        self.stores = Stores(
            Versions(spec.charge_store, start),
            Versions(spec.discharge_store, start),
            Versions(spec.periodic_store, start),
        )
        self._doing = self.doing(start)

    # -- life ------------------------------------------------------------------

    def doing(self, time: datetime) -> Doing:
        """Return what the inverter does at the present state of the battery."""
        settings = Settings(
            self.stores.charge.obeyed(time),
            self.stores.discharge.obeyed(time),
            self.stores.periodic.obeyed(time),
            self.time_based,
        )
        soc = (self.house.soc or 0.0) * 100
        local = time.astimezone(self.zone)
        return decide(self.spec, settings, local, soc, self._behaviour)

    def _control(self, time: datetime) -> Control:
        self._doing = self.doing(time)
        cars_w = sum(c.power_w for c in self.chargers)
        return control(self._doing, self.spec, self.house.stored_kwh, _HOURS, cars_w)

    def advance(self, now: datetime) -> None:
        """Run the house up to `now`."""
        for reading in self.house.advance(now, self._control):
            cars_w = tuple(c.power_w for c in self.chargers)
            self.recorder.record(reading, cars_w, self._doing, self.is_online)
            for charger, power in zip(self.chargers, cars_w, strict=True):
                charger.count(power * _HOURS / 1000)

    # -- the line to the cloud -------------------------------------------------

    def is_online(self, time: datetime) -> bool:
        """Whether it told the cloud what was at `time`."""
        return self.offline_since is None or time < self.offline_since

    def set_online(self, online: bool, now: datetime) -> None:
        """Cut or mend the line; settings that waited are sent when it is mended."""
        if not online:
            self.offline_since = self.offline_since or now
        elif self.offline_since is not None:
            self.offline_since = None
            if not self._behaviour.app_save_needed:
                self.stores.send(self.reaches_inverter(now))

    def reaches_inverter(self, now: datetime) -> datetime:
        """Return when a setting that is sent now is obeyed."""
        return now + timedelta(seconds=self._behaviour.inverter_delay_s)

    # -- what it has told ------------------------------------------------------

    def live(self, now: datetime) -> Sample:
        """Return the sample that live power shows at `now`."""
        self.advance(now)
        block = timedelta(seconds=self._behaviour.live_block_s)
        return self.recorder.latest(now, block)

    def local_date(self, now: datetime) -> date:
        """Return the plant's date."""
        return now.astimezone(self.zone).date()

    def day(self, day: date, now: datetime, *, utc: bool = False) -> Counters | None:
        """Return the energies of a plant day (or of UTC's), None if unknown."""
        latest = self.live(now).counters
        days = self.recorder.utc_days if utc else self.recorder.local_days
        begin, end = days.get(day), days.get(day + timedelta(days=1))
        if begin is None:
            return None
        # What is told last may be older than a midnight that an offline system lived.
        return _least(end, latest).minus(_least(begin, latest))

    def history(self, start: datetime, end: datetime) -> list[tuple[datetime, Energy]]:
        """Return (full hour, all-time counters) for start <= hour <= end."""
        return [hour for hour in self.recorder.hours if start <= hour[0] <= end]


def _least(counters: Counters | None, latest: Counters) -> Counters:
    """Return the older of two readings of the counters."""
    if counters is None:
        return latest
    age = (sum(counters.house, counters.cars), sum(latest.house, latest.cars))
    return counters if age[0] <= age[1] else latest
