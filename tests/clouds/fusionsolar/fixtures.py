"""The invented plants of dossier 7.3 and 7.4, and what real ones add to them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ..house import Energy, HouseSpec
from ..sun import Panels

INVERTER, RESIDENTIAL = 1, 38
LOGGER, EMI, METER, BATTERY, ESS = 2, 10, 17, 39, 41
SENSOR, DONGLE, DISTRIBUTED_LOGGER, EMMA = 47, 62, 63, 23070

INVERTERS = (INVERTER, RESIDENTIAL)
CONTROLLERS = (DONGLE, DISTRIBUTED_LOGGER, EMMA)
READABLE = (INVERTER, EMI, METER, RESIDENTIAL, BATTERY, ESS, SENSOR, EMMA)
"""Types of getDevRealKpi (2.5)."""

_FIRST_ID = 1_000_000_000_000_000
_CONNECTED = datetime.fromisoformat("2023-03-01T10:00:00+10:00")


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device as getDevList shows it (2.4).

    `number` makes devDn and id. `strings` are the panels of an inverter, `share` the
    part of the plant's battery that hangs on it or that it is.
    """

    number: int
    kind: int
    name: str
    serial: str
    model: str | None = None
    software: str | None = None
    strings: tuple[int, ...] = ()
    share: float = 0.0

    @property
    def dn(self) -> str:
        """Return devDn."""
        return f"NE={self.number}"

    @property
    def device_id(self) -> int:
        """Return id."""
        return _FIRST_ID + self.number


@dataclass(frozen=True, slots=True)
class PlantSpec:
    """One plant, its house and its devices.

    `connected` is aware and local; `address` None goes with null coordinates.
    """

    code: str
    name: str
    house: HouseSpec
    devices: tuple[DeviceSpec, ...]
    address: str | None = "1 Example Street"
    connected: datetime = _CONNECTED
    combine: str = "3"  # residential
    three_phase: bool = False

    @property
    def capacity_kw(self) -> float:
        """Return the peak power of the panels, kWp."""
        return round(sum(p.peak_w for p in self.house.panels) / 1000, 3)

    @property
    def controllers(self) -> int:
        """Return the number of controllers; an inverter alone is its own (2.9)."""
        found = sum(device.kind in CONTROLLERS for device in self.devices)
        if not found and not any(d.kind == LOGGER for d in self.devices):
            found = sum(device.kind in INVERTERS for device in self.devices)
        return found


_HOUSE = HouseSpec(
    panels=(Panels(3300, 22, 330), Panels(3300, 22, 60)),
    inverter_w=5000,
    max_export_w=5000,
    battery_kwh=10.0,
    max_charge_w=2500,
    max_discharge_w=2500,
    # The floor is endOfDischargeSoc, which can be set to 0.
    reserve_soc=0.0,
    energy=Energy(20541.38, 4310.02, 9120.55, 15487.75, 5310.4, 5067.3),
)
_NO_BATTERY = replace(
    _HOUSE, battery_kwh=0.0, energy=Energy(20541.38, 7310.02, 12120.55, 15730.85)
)


def _dongle(n: int, tail: str = "0001") -> DeviceSpec:
    model = "SDongleA-05"
    return DeviceSpec(
        n, DONGLE, f"Dongle-{n % 10}", f"TESTDNG{tail}", model, "V200R022C10SPC100"
    )


def _inverter(
    n: int,
    kind: int = RESIDENTIAL,
    tail: str = "0001",
    strings: tuple[int, ...] = (0, 1),
    share: float = 1.0,
    name: str = "Inverter-1",
) -> DeviceSpec:
    model = "SUN2000-5KTL-L1" if kind == RESIDENTIAL else "SUN2000-10KTL-M1"
    software = "V200R001C00SPC120"
    serial = f"TESTINV{tail}"
    return DeviceSpec(n, kind, name, serial, model, software, strings, share)


def _battery(
    n: int, tail: str = "0001", share: float = 1.0, name: str = "Battery-1"
) -> DeviceSpec:
    # As seen: the inverter's serial with an end to it.
    return DeviceSpec(n, BATTERY, name, f"TESTINV{tail}-BAT", share=share)


def _sensor(n: int, tail: str = "0001") -> DeviceSpec:
    return DeviceSpec(n, SENSOR, "Meter-1", f"TESTMTR{tail}")


_HOME = PlantSpec(
    code="NE=71000001",
    name="Sample Roof",
    house=_HOUSE,
    devices=(
        _dongle(71000011),
        _inverter(71000012),
        _battery(71000013),
        _sensor(71000014),
    ),
)
_STRING = PlantSpec(
    code="NE=72000001",
    name="Sample Shed",
    house=_NO_BATTERY,
    devices=(
        DeviceSpec(72000011, LOGGER, "Logger-1", "TESTLOG0001", "SmartLogger3000"),
        _inverter(72000012, INVERTER, "0002", share=0.0),
        DeviceSpec(72000014, METER, "Meter-1", "TESTMTR0002"),
    ),
    three_phase=True,
)
_LONE = PlantSpec(
    code="NE=73000001",
    name="Sample Garage",
    house=_NO_BATTERY,
    devices=(_inverter(73000012, tail="0003", share=0.0),),
)
_SECOND = PlantSpec(
    code="0123456789abcdef0123456789abcdef",
    name="Sample Beach House",
    house=replace(_NO_BATTERY, base_load_w=260),
    devices=(
        _dongle(74000011, "0004"),
        _inverter(74000012, tail="0004", share=0.0),
        _sensor(74000014, "0004"),
    ),
    address=None,
)
_EMMA = PlantSpec(
    code="NE=75000001",
    name="Sample Villa",
    house=replace(
        _HOUSE,
        panels=(Panels(5000, 22, 330), Panels(4500, 22, 60)),
        inverter_w=10000,
        max_export_w=10000,
        battery_kwh=20.0,
        max_charge_w=5000,
        max_discharge_w=5000,
        base_load_w=700,
    ),
    devices=(
        DeviceSpec(75000011, EMMA, "EMMA-1", "TESTEMM0001", "EMMA-A02"),
        _inverter(75000012, tail="0005", strings=(0,), share=0.5),
        _inverter(75000013, tail="0006", strings=(1,), share=0.5, name="Inverter-2"),
        _battery(75000014, "0005", 0.5),
        _battery(75000015, "0006", 0.5, "Battery-2"),
    ),
    three_phase=True,
)
_WORKS = PlantSpec(
    code="NE=76000001",
    name="Sample Works",
    house=replace(
        _HOUSE,
        panels=(Panels(50000, 10, 0), Panels(50000, 10, 0)),
        inverter_w=100000,
        max_export_w=100000,
        battery_kwh=215.0,
        max_charge_w=100000,
        max_discharge_w=100000,
        base_load_w=16000,
        energy=Energy(320541.3, 94310.0, 99120.5, 312000.0, 52310.4, 48579.6),
    ),
    devices=(
        DeviceSpec(76000011, DISTRIBUTED_LOGGER, "Logger-1", "TESTLOG0006"),
        _inverter(76000012, INVERTER, "0007", share=0.0),
        DeviceSpec(76000013, ESS, "ESS-1", "TESTESS0001", "LUNA2000-215", share=1.0),
        DeviceSpec(76000014, METER, "Meter-1", "TESTMTR0006"),
        DeviceSpec(76000015, EMI, "EMI-1", "TESTEMI0001"),
    ),
    combine="2",
    three_phase=True,
)
_TWO_DONGLES = replace(
    _HOME,
    code="NE=77000001",
    name="Sample Duplex",
    devices=(
        _dongle(77000011, "0007"),
        _dongle(77000012, "0008"),
        _inverter(77000013, tail="0008"),
        _battery(77000014, "0008"),
        _sensor(77000015, "0008"),
    ),
)

_TYPE_1 = replace(
    _HOME,
    code="NE=77100001",
    name="Sample Flat",
    devices=(
        _dongle(77100011, "0009"),
        _inverter(77100012, INVERTER, "0009"),
        _battery(77100013, "0009"),
        _sensor(77100014, "0009"),
    ),
)


def _many(count: int) -> tuple[PlantSpec, ...]:
    """Return so many plants of one inverter."""
    return tuple(
        replace(
            _LONE,
            code=f"NE={78000000 + n}",
            name=f"Sample Lot {n}",
            devices=(_inverter(79000000 + n, tail=f"8{n:03d}", share=0.0),),
        )
        for n in range(1, count + 1)
    )


FIXTURES: Mapping[str, tuple[PlantSpec, ...]] = {
    "A": (_HOME,),
    "B": (_STRING,),
    "C": (_LONE,),
    "D": (_HOME, _SECOND),
    "E": (_EMMA,),
    "F": (_WORKS,),
    "G": (_TWO_DONGLES,),
    "H": (_TYPE_1,),
    "none": (),
    "many": _many(105),
}
"""Plants of an account by the fixture's name (7.4).

A dongle, hybrid, battery and power sensor; B string inverter, grid meter and logger;
C an inverter alone; D two plants; E two hybrids with EMMA; F a works with ESS and
weather station; G two controllers; H as A, its hybrid listed as type 1; `many` more
than a page.
"""


def neighbours(
    name: str, zone: str, latitude: float, longitude: float
) -> tuple[PlantSpec, ...]:
    """Return the plants of a fixture, all in one place."""
    return tuple(
        replace(
            spec,
            house=replace(
                spec.house, zone=zone, latitude=latitude, longitude=longitude
            ),
        )
        for spec in FIXTURES[name]
    )
