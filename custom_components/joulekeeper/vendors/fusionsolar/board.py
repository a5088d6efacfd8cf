"""The newest values of a plant's devices, in our units and signs, and what flows.

Sources contradict each other about signs and units: what a plant's own readings show
of them is kept over restarts, and a user's choice outdoes it (dossier section 10).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from ..parsing import mapping
from .batteries import BatteryConvention, BatteryEvidence, BatteryOverride
from .days import DayStarts
from .flows import BatteryNow, Flow, flow_of, produced_w
from .meters import (
    EXPORT,
    IMPORT,
    Grid,
    MeterConvention,
    MeterEvidence,
    MeterOverride,
    Moment,
    grid_of,
    in_kilowatts,
)
from .models import BATTERIES, METERS, PlantDevice
from .readings import Battery, DeviceReading, Inverter, Meter, Weather, parse_reading
from .state import State
from .traits import Traits
from .votes import AUTOMATIC

_PART: Final = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterNow:
    """A meter, the convention that its numbers follow, and what flows by it."""

    meter: Meter
    kind: int
    convention: MeterConvention
    grid: Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTraits:
    """What a device has, and the midnight at which its counters of the day began.

    `phases` are 1 or 3, 0 while nobody knows; `strings` the indexes of those in use.
    """

    phases: int
    strings: frozenset[int]
    day_begins: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantLive:
    """What a plant's devices measured last, by their ids; those that are told.

    `measured_at` is the mark of five minutes whose values they are, as far as that is
    known; `kept` are the ids of devices whose values are older, for they could not be
    asked. `grid` is what the meter tells that counts, None without one. `has_battery`
    tells whether there is one, also if it is not told. `capacity_w` is the peak power
    of all modules, as the list of plants has it.
    """

    measured_at: datetime
    polled_at: datetime
    inverters: Mapping[int, Inverter] = field(default_factory=dict, repr=False)
    meters: Mapping[int, MeterNow] = field(default_factory=dict, repr=False)
    batteries: Mapping[int, BatteryNow] = field(default_factory=dict, repr=False)
    weather: Mapping[int, Weather] = field(default_factory=dict, repr=False)
    traits: Mapping[int, DeviceTraits] = field(default_factory=dict, repr=False)
    kept: frozenset[int] = field(default=frozenset(), repr=False)
    has_battery: bool = False
    capacity_w: float | None = None
    grid: Grid | None = None
    flow: Flow


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the user has chosen of signs and units, by the type of devices."""

    meters: Mapping[int, MeterOverride] = field(default_factory=dict)
    batteries: Mapping[int, BatteryOverride] = field(default_factory=dict)

    def meter(self, kind: int) -> MeterOverride:
        """Return what is chosen of meters of a type."""
        return self.meters.get(kind) or MeterOverride()

    def battery(self, kind: int) -> BatteryOverride:
        """Return what is chosen of batteries of a type."""
        return self.batteries.get(kind) or BatteryOverride()


class Evidence:
    """What was found out about the devices of an account, by their ids."""

    def __init__(
        self,
        state: State,
        account: str,
        overrides: Overrides,
        zone: tzinfo = UTC,
    ) -> None:
        """Know nothing until the state is loaded; `zone` is the plants'."""
        self.traits = Traits(state, account)
        self.days = DayStarts(state, account, zone)
        self._account = account
        self._overrides = overrides
        self._meters: dict[int, MeterEvidence] = {}
        self._batteries: dict[int, BatteryEvidence] = {}
        state.bind(_PART, self._as_data, self._restore)

    def meter(self, device_id: int) -> MeterEvidence:
        """Return what is known of a meter."""
        return self._meters.get(device_id, MeterEvidence())

    def battery(self, device_id: int) -> BatteryEvidence:
        """Return what is known of a battery."""
        return self._batteries.get(device_id, BatteryEvidence())

    def meter_convention(
        self, device: PlantDevice, meter: Meter, capacity_w: float | None
    ) -> MeterConvention:
        """Return how a meter tells its power.

        What a reading shows of the unit is certain, whatever others have shown.
        """
        chosen = self._overrides.meter(device.type_id)
        convention = self.meter(device.id).convention(device.type_id, chosen)
        told = in_kilowatts(meter, capacity_w)
        if chosen.kilowatts is not None or told is None:
            return convention
        return replace(convention, kilowatts=told)

    def disputed(self, device: PlantDevice) -> str | None:
        """Return the sign to choose where counters are shown the wrong way round."""
        if device.type_id not in METERS:
            return None
        evidence = self.meter(device.id)
        chosen = self._overrides.meter(device.type_id)
        if not evidence.disputes(chosen):
            return None
        if chosen.export_positive is not None:
            return AUTOMATIC
        return EXPORT if evidence.export_positive else IMPORT

    def battery_convention(self, device: PlantDevice) -> BatteryConvention:
        """Return how a battery tells its power."""
        known = self.battery(device.id)
        chosen = self._overrides.battery(device.type_id)
        return known.convention(device.type_id, chosen)

    def learn_meter(self, device: PlantDevice, evidence: MeterEvidence) -> None:
        """Take what a reading has shown, and hold on to how its counters are shown."""
        chosen = self._overrides.meter(device.type_id)
        self._meters[device.id] = evidence.with_shown(device.type_id, chosen)

    def learn_battery(self, device_id: int, evidence: BatteryEvidence) -> None:
        """Take what a reading has shown."""
        self._batteries[device_id] = evidence

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") != self._account:
            return
        for key, item in mapping(saved.get("meters")).items():
            if key.lstrip("-").isdigit():
                self._meters[int(key)] = MeterEvidence.parse(item)
        for key, item in mapping(saved.get("batteries")).items():
            if key.lstrip("-").isdigit():
                self._batteries[int(key)] = BatteryEvidence.parse(item)

    def _as_data(self) -> dict[str, Any]:
        return {
            "account": self._account,
            "meters": {str(key): item.as_data() for key, item in self._meters.items()},
            "batteries": {
                str(key): item.as_data() for key, item in self._batteries.items()
            },
        }


class Board:
    """Puts together what is read of one plant."""

    def __init__(self, evidence: Evidence) -> None:
        """Begin without anything read."""
        self._evidence = evidence
        self._before: dict[int, DeviceReading] = {}
        self._learned_at: datetime | None = None

    def live(
        self,
        devices: Sequence[PlantDevice],
        read: Mapping[int, DeviceReading],
        capacity_w: float | None,
        polled_at: datetime,
        measured_at: datetime,
        kept: Mapping[int, DeviceReading] | None = None,
    ) -> PlantLive:
        """Return the plant's values; `read` is of one time, `kept` of an earlier one.

        What is kept is shown, but with values of another time it makes no balance. An
        inverter that is not told is None in every sum, not left out of it.
        """
        if self._learned_at is None or measured_at > self._learned_at:
            self._learn(devices, read, capacity_w, measured_at)
            self._learned_at = measured_at
        batteries: dict[int, BatteryNow] = {}
        meters: dict[int, MeterNow] = {}
        known = {**(kept or {}), **read}
        for device in devices:
            match reading := known.get(device.id):
                case Battery():
                    batteries[device.id] = BatteryNow(
                        battery=reading,
                        convention=self._evidence.battery_convention(device),
                    )
                case Meter():
                    convention = self._evidence.meter_convention(
                        device, reading, capacity_w
                    )
                    meters[device.id] = MeterNow(
                        meter=reading,
                        kind=device.type_id,
                        convention=convention,
                        grid=grid_of(reading, convention),
                    )
        grid = grid_that_counts(meter for key, meter in meters.items() if key in read)
        return PlantLive(
            measured_at=measured_at,
            polled_at=polled_at,
            inverters=_of(known, Inverter),
            meters=meters,
            batteries=batteries,
            weather=_of(known, Weather),
            traits={
                key: self._traits(key, reading, measured_at)
                for key, reading in known.items()
            },
            kept=frozenset(known.keys() - read.keys()),
            has_battery=any(device.type_id in BATTERIES for device in devices),
            capacity_w=capacity_w,
            grid=grid,
            flow=self._flow(devices, read, grid),
        )

    def _flow(
        self,
        devices: Sequence[PlantDevice],
        read: Mapping[int, DeviceReading],
        grid: Grid | None,
    ) -> Flow:
        inverters: list[Inverter] = []
        batteries: list[BatteryNow] = []
        for device in devices:
            # One that is not told has values that are not known.
            match read.get(device.id) or parse_reading({}, device.type_id):
                case Inverter() as inverter:
                    inverters.append(inverter)
                case Battery() as battery:
                    convention = self._evidence.battery_convention(device)
                    batteries.append(BatteryNow(battery=battery, convention=convention))
        return flow_of(inverters, batteries, None if grid is None else grid.power_w)

    def _traits(
        self, device_id: int, reading: DeviceReading, measured_at: datetime
    ) -> DeviceTraits:
        traits = self._evidence.traits
        traits.learn(device_id, reading)
        counters: tuple[float | None, ...] = ()
        if isinstance(reading, Inverter):
            counters = (reading.day_kwh,)
        elif isinstance(reading, Battery):
            counters = (reading.charged_kwh, reading.discharged_kwh)
        return DeviceTraits(
            phases=traits.phases(device_id),
            strings=traits.strings(device_id),
            day_begins=self._evidence.days.begins(
                str(device_id), measured_at, counters
            ),
        )

    def _learn(
        self,
        devices: Sequence[PlantDevice],
        read: Mapping[int, DeviceReading],
        capacity_w: float | None,
        measured_at: datetime,
    ) -> None:
        """Let the readings vote about signs and units."""
        inverters = tuple(_of(read, Inverter).values())
        own = [item for item in devices if isinstance(read.get(item.id), Battery)]
        for device in own:
            battery, before = read[device.id], self._before.get(device.id)
            assert isinstance(battery, Battery)
            alone = len(own) == 1 and len(inverters) == 1
            evidence = self._evidence.battery(device.id).with_reading(
                before if isinstance(before, Battery) else None,
                battery,
                inverters[0].pv_w if alone else None,
                inverters[0].power_w if alone else None,
            )
            self._evidence.learn_battery(device.id, evidence)
        batteries = []
        for device in own:
            battery = read[device.id]
            assert isinstance(battery, Battery)
            convention = self._evidence.battery_convention(device)
            batteries.append(BatteryNow(battery=battery, convention=convention))
        moment = Moment(
            at=measured_at,
            produced_w=produced_w(inverters, batteries),
            pv_w=flow_of(inverters, batteries, None).pv_w,
            capacity_w=capacity_w,
        )
        for device in devices:
            meter, before = read.get(device.id), self._before.get(device.id)
            if isinstance(meter, Meter):
                learned = self._evidence.meter(device.id).with_reading(
                    device.type_id,
                    before if isinstance(before, Meter) else None,
                    meter,
                    moment,
                )
                self._evidence.learn_meter(device, learned)
        self._before = dict(read)


def _of[T: DeviceReading](
    read: Mapping[int, DeviceReading], kind: type[T]
) -> dict[int, T]:
    return {key: item for key, item in read.items() if isinstance(item, kind)}


def grid_that_counts(meters: Iterable[MeterNow]) -> Grid | None:
    """Return what the meter tells that is believed first and tells something.

    One that is offline does not hide another one (a defect of dossier section 5).
    """
    ranked = sorted(meters, key=lambda item: METERS.index(item.kind))
    told = (item.grid for item in ranked if item.grid.power_w is not None)
    return next(told, ranked[0].grid if ranked else None)
