"""What devices measure, by their type (dossier section 3), in our units.

Powers W and var, energies kWh, shares percent. Inverters and weather stations are
certain. Of meters and batteries the sign, of some meters the unit too, differs between
sources: they keep the cloud's number as `raw_power`, and `meters` and `batteries`
turn it into ours. Of a device that is disconnected every present value is None, whatever the cloud
still shows of it; its energy counters stay.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from ..parsing import integer, number, scaled
from .models import BATTERIES, INVERTERS, METERS, DeviceType
from .times import instant

_KILO: Final = 1000
_STRINGS: Final = {
    DeviceType.STRING_INVERTER: 36,
    DeviceType.RESIDENTIAL_INVERTER: 8,
}
_TRACKERS: Final = {
    DeviceType.STRING_INVERTER: 10,
    DeviceType.RESIDENTIAL_INVERTER: 4,
}
WAYS: Final = ("positive", "reverse")
TARIFFS: Final = ("peak", "power", "valley", "top")
"""In the cloud's words: peak, shoulder, off-peak and sharp."""
_PHASES: Final = ("a", "b", "c")
_LINES: Final = ("ab", "bc", "ca")

type Items = Mapping[str, Any]
type Three = tuple[float | None, float | None, float | None]
NO_PHASES: Final[Three] = (None, None, None)


def percent(value: Any) -> float | None:
    """Return a share of 0 to 100 %; anything else is no share."""
    share = number(value)
    return None if share is None or not 0 <= share <= 100 else share


class InverterState(StrEnum):
    """What an inverter does (dossier 3.8)."""

    INITIALISING = "initialising"
    INSULATION_CHECK = "insulation_check"
    IRRADIATION_CHECK = "irradiation_check"
    GRID_CHECK = "grid_check"
    STARTING = "starting"
    ON_GRID = "on_grid"
    POWER_LIMITED = "power_limited"
    SELF_DERATING = "self_derating"
    SHUTDOWN_FAULT = "shutdown_fault"
    SHUTDOWN_COMMAND = "shutdown_command"
    SHUTDOWN_OVGR = "shutdown_ovgr"
    SHUTDOWN_COMMUNICATION = "shutdown_communication"
    SHUTDOWN_POWER_LIMITED = "shutdown_power_limited"
    MANUAL_START_NEEDED = "manual_start_needed"
    DC_SWITCH_OPEN = "dc_switch_open"
    COS_PHI_P = "cos_phi_p"
    Q_U = "q_u"
    TEST_READY = "test_ready"
    TESTING = "testing"
    INSPECTION = "inspection"
    AFCI_CHECK = "afci_check"
    IV_SCAN = "iv_scan"
    DC_INPUT_CHECK = "dc_input_check"
    NO_IRRADIATION = "no_irradiation"
    COMMUNICATION_INTERRUPTED = "communication_interrupted"
    LOADING = "loading"


INVERTER_STATES: Final[Mapping[int, InverterState]] = dict(
    zip(
        (
            *(0, 1, 2, 3, 256, 512, 513, 514, 768, 769, 770, 771, 772, 773, 774),
            *(1025, 1026, 1280, 1281, 1536, 1792, 2048, 2304, 40960, 45056, 49152),
        ),
        InverterState,
        strict=True,
    )
)


class BatteryState(StrEnum):
    """What a battery does (dossier 3.6)."""

    OFFLINE = "offline"
    STANDBY = "standby"
    RUNNING = "running"
    FAULTY = "faulty"
    HIBERNATING = "hibernating"


class BatteryProgramme(StrEnum):
    """What decides about a battery: `ch_discharge_model` (dossier 3.6)."""

    NONE = "none"
    FORCED = "forced"
    TIME_OF_USE_PRICE = "time_of_use_price"
    FIXED = "fixed"
    SELF_CONSUMPTION = "self_consumption"
    FULLY_FED_TO_GRID = "fully_fed_to_grid"
    TIME_OF_USE = "time_of_use"
    REMOTE_SELF_CONSUMPTION = "remote_self_consumption"
    REMOTE_FULLY_FED_TO_GRID = "remote_fully_fed_to_grid"
    REMOTE_TIME_OF_USE = "remote_time_of_use"
    AI = "ai"
    REMOTE_AI = "remote_ai"
    THIRD_PARTY = "third_party"


_BATTERY_STATES: Final = dict(enumerate(BatteryState))
_PROGRAMMES: Final = dict(enumerate(BatteryProgramme))


@dataclass(frozen=True, slots=True, kw_only=True)
class DcString:
    """One string of modules at an inverter."""

    voltage_v: float | None
    current_a: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    """An inverter, types 1 and 38.

    `power_w` is what it gives on its AC side, with a battery behind it included, and
    negative while it charges that from AC. `pv_w` is its DC input from the modules.
    Strings and trackers are as many as the cloud tells of; unused ones read 0.
    """

    connected: bool | None
    state_code: int | None
    state: InverterState | None
    power_w: float | None
    pv_w: float | None
    reactive_var: float | None
    power_factor: float | None
    efficiency: float | None
    temperature_c: float | None
    frequency_hz: float | None
    line_v: Three
    phase_v: Three
    phase_a: Three
    strings: tuple[DcString, ...]
    day_kwh: float | None
    total_kwh: float | None
    dc_total_kwh: float | None
    trackers_kwh: tuple[float | None, ...]
    started_at: datetime | None
    stopped_at: datetime | None

    @classmethod
    def parse(cls, items: Items, kind: int) -> Self:
        """Read a `dataItemMap`."""
        of_kind = DeviceType(kind)
        code = integer(items.get("inverter_state"))
        strings = _strings(items, _STRINGS[of_kind])
        keys = [f"mppt_{n}_cap" for n in range(1, _TRACKERS[of_kind] + 1)]
        return cls(
            connected=_connected(items),
            state_code=code,
            state=None if code is None else INVERTER_STATES.get(code),
            power_w=scaled(items.get("active_power"), _KILO),
            pv_w=scaled(items.get("mppt_power"), _KILO),
            reactive_var=scaled(items.get("reactive_power"), _KILO),
            power_factor=number(items.get("power_factor")),
            efficiency=number(items.get("efficiency")),
            temperature_c=number(items.get("temperature")),
            frequency_hz=number(items.get("elec_freq")),
            line_v=_three(items, _LINES, "u"),
            phase_v=_three(items, _PHASES, "u"),
            phase_a=_three(items, _PHASES, "i"),
            strings=strings,
            day_kwh=number(items.get("day_cap")),
            total_kwh=number(items.get("total_cap")),
            dc_total_kwh=number(items.get("mppt_total_cap")),
            trackers_kwh=tuple(number(items[key]) for key in keys if key in items),
            started_at=instant(items.get("open_time")),
            stopped_at=instant(items.get("close_time")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A grid meter, a power sensor or an EMMA: types 17, 47 and 23070.

    `raw_power` and `raw_phases` are the cloud's numbers, of a unit and a sign that
    `meters` decides upon, as it does upon `raw_reactive`'s unit. `positive_kwh` counts what flowed while the power was
    positive. An EMMA may know another meter too, `external`.
    """

    connected: bool | None
    raw_power: float | None
    raw_phases: Three
    reactive_var: float | None
    raw_reactive: Three
    apparent_va: float | None
    power_factor: float | None
    frequency_hz: float | None
    line_v: Three
    phase_v: Three
    phase_a: Three
    positive_kwh: float | None
    reverse_kwh: float | None
    positive_kvarh: float | None
    reverse_kvarh: float | None
    tariffs_kwh: Mapping[str, float] = field(default_factory=dict)
    tariffs_kvarh: Mapping[str, float] = field(default_factory=dict)
    external_raw_power: float | None = None
    external_positive_kwh: float | None = None
    external_reverse_kwh: float | None = None

    @classmethod
    def parse(cls, items: Items, kind: int) -> Self:
        """Read a `dataItemMap`; a power sensor has names of its own for phase A."""
        sensor = kind == DeviceType.POWER_SENSOR
        phase_v, phase_a = _three(items, _PHASES, "u"), _three(items, _PHASES, "i")
        if sensor:
            phase_v = (_first(items, "meter_u", "a_u"), *phase_v[1:])
            phase_a = (_first(items, "meter_i", "a_i"), *phase_a[1:])
        return cls(
            connected=_connected(items, "meter_status"),
            raw_power=number(items.get("active_power")),
            raw_phases=_numbers(items, *(f"active_power_{p}" for p in _PHASES)),
            reactive_var=scaled(items.get("reactive_power"), 1 if sensor else _KILO),
            raw_reactive=_numbers(items, *(f"reactive_power_{p}" for p in _PHASES)),
            apparent_va=scaled(items.get("total_apparent_power"), _KILO),
            power_factor=number(items.get("power_factor")),
            frequency_hz=number(items.get("grid_frequency")),
            line_v=_three(items, _LINES, "u"),
            phase_v=phase_v,
            phase_a=phase_a,
            positive_kwh=number(items.get("active_cap")),
            reverse_kwh=number(items.get("reverse_active_cap")),
            positive_kvarh=number(items.get("forward_reactive_cap")),
            reverse_kvarh=number(items.get("reverse_reactive_cap")),
            tariffs_kwh=_tariffs(items, "active"),
            tariffs_kvarh=_tariffs(items, "reactive"),
            external_raw_power=number(items.get("ex_active_power")),
            external_positive_kwh=number(items.get("ex_active_cap")),
            external_reverse_kwh=number(items.get("ex_reverse_active_cap")),
        )


def _tariffs(items: Items, what: str) -> dict[str, float]:
    """Return the counters of tariffs that are told, by the cloud's names."""
    keys = (f"{way}_{what}_{tariff}" for way in WAYS for tariff in TARIFFS)
    return {key: n for key in keys if (n := number(items.get(key))) is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery or an energy storage system: types 39 and 41.

    `raw_power` is the cloud's number in W, of a sign that `batteries` decides upon.
    `charged_kwh` and `discharged_kwh` are today's. A health of 0 is none.
    """

    connected: bool | None
    state: BatteryState | None
    raw_power: float | None
    state_of_charge: float | None
    state_of_health: float | None
    programme_code: int | None
    programme: BatteryProgramme | None
    max_charge_w: float | None
    max_discharge_w: float | None
    bus_v: float | None
    charged_kwh: float | None
    discharged_kwh: float | None

    @classmethod
    def parse(cls, items: Items, _kind: int) -> Self:
        """Read a `dataItemMap`."""
        code = integer(items.get("ch_discharge_model"))
        state = integer(items.get("battery_status"))
        return cls(
            connected=_connected(items, "battery_status"),
            state=None if state is None else _BATTERY_STATES.get(state),
            raw_power=number(items.get("ch_discharge_power")),
            state_of_charge=percent(items.get("battery_soc")),
            state_of_health=percent(items.get("battery_soh")) or None,
            programme_code=code,
            programme=None if code is None else _PROGRAMMES.get(code),
            max_charge_w=number(items.get("max_charge_power")),
            max_discharge_w=number(items.get("max_discharge_power")),
            bus_v=number(items.get("busbar_u")),
            charged_kwh=number(items.get("charge_cap")),
            discharged_kwh=number(items.get("discharge_cap")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """An environmental station, type 10."""

    connected: bool | None
    temperature_c: float | None
    module_temperature_c: float | None
    wind_speed_m_s: float | None
    wind_direction_deg: float | None
    irradiance_w_m2: float | None
    horizontal_irradiance_w_m2: float | None
    irradiation_mj_m2: float | None
    horizontal_irradiation_mj_m2: float | None

    @classmethod
    def parse(cls, items: Items, _kind: int) -> Self:
        """Read a `dataItemMap`."""
        return cls(
            connected=_connected(items),
            temperature_c=number(items.get("temperature")),
            module_temperature_c=number(items.get("pv_temperature")),
            wind_speed_m_s=number(items.get("wind_speed")),
            wind_direction_deg=number(items.get("wind_direction")),
            irradiance_w_m2=number(items.get("radiant_line")),
            horizontal_irradiance_w_m2=number(items.get("horiz_radiant_line")),
            irradiation_mj_m2=number(items.get("radiant_total")),
            horizontal_irradiation_mj_m2=number(items.get("horiz_radiant_total")),
        )


type DeviceReading = Inverter | Meter | Battery | Weather

_PARSERS: Final[Mapping[int, Callable[[Items, int], DeviceReading]]] = {
    **dict.fromkeys(INVERTERS, Inverter.parse),
    **dict.fromkeys(METERS, Meter.parse),
    **dict.fromkeys(BATTERIES, Battery.parse),
    DeviceType.EMI: Weather.parse,
}
_KEPT: Final = frozenset(
    {"connected", "state", "state_code", "trackers_kwh", "tariffs_kwh", "tariffs_kvarh"}
    | {"started_at", "stopped_at", "max_charge_w", "max_discharge_w"}
)
"""What a device that is disconnected keeps, besides its energies."""


def parse_reading(items: Items, kind: int) -> DeviceReading | None:
    """Return what a device of a type measured; None of a type that is not read."""
    if (parser := _PARSERS.get(kind)) is None:
        return None
    reading = parser(items, kind)
    return _without_present(reading) if reading.connected is False else reading


def _without_present[T: DeviceReading](reading: T) -> T:
    changes: dict[str, Any] = {}
    for item in fields(reading):
        if item.name in _KEPT or item.name.endswith(("kwh", "kvarh")):
            continue
        blank = NO_PHASES if item.name in _TRIPLES else None
        changes[item.name] = () if item.name == "strings" else blank
    return replace(reading, **changes)


_TRIPLES: Final = frozenset(
    {"line_v", "phase_v", "phase_a", "raw_phases", "raw_reactive"}
)


def _connected(items: Items, status: str = "") -> bool | None:
    """Tell whether the cloud reaches a device, by either key; 0 means that it is not."""
    codes = [integer(items.get(key)) for key in ("run_state", status)]
    known = [code != 0 for code in codes if code is not None]
    return all(known) if known else None


def _strings(items: Items, most: int) -> tuple[DcString, ...]:
    found = [
        DcString(
            voltage_v=number(items.get(f"pv{n}_u")),
            current_a=number(items.get(f"pv{n}_i")),
        )
        for n in range(1, most + 1)
        if f"pv{n}_u" in items or f"pv{n}_i" in items
    ]
    return tuple(found)


def _numbers(items: Items, first: str, second: str, third: str) -> Three:
    return number(items.get(first)), number(items.get(second)), number(items.get(third))


def _three(items: Items, names: tuple[str, str, str], unit: str) -> Three:
    first, second, third = (f"{name}_{unit}" for name in names)
    return _numbers(items, first, second, third)


def _first(items: Items, *keys: str) -> float | None:
    return next((v for key in keys if (v := number(items.get(key))) is not None), None)
