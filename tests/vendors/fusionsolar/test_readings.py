"""Parsing: the shapes of the dossier, and whatever may be wrong with them."""

from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
import math
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.joulekeeper.vendors.fusionsolar.models import (
    Alarm,
    AlarmLevel,
    DevicePeriod,
    Health,
    Plant,
    PlantDevice,
    PlantNow,
    PlantPeriod,
)
from custom_components.joulekeeper.vendors.fusionsolar.readings import (
    INVERTER_STATES,
    Battery,
    BatteryProgramme,
    BatteryState,
    DcString,
    Inverter,
    InverterState,
    Meter,
    Weather,
    parse_reading,
)
from custom_components.joulekeeper.vendors.fusionsolar.times import (
    Period,
    asked_at,
    instant,
    period_start,
)

from .examples import (
    ALARM,
    BATTERY_DAY,
    DEVICE_ROWS,
    INVERTER_AWAY,
    INVERTER_DAY,
    METER_DAY,
    OLD_ROW,
    PLANT,
    PLANT_DAY,
    PLANT_NOW,
    PLANT_ROW,
    SENSOR_DAY,
)

SYDNEY = ZoneInfo("Australia/Sydney")
TYPES = (1, 10, 17, 38, 39, 41, 47, 23070)


def as_texts(value: Any) -> Any:
    """Return the payload with its numbers as texts."""
    if isinstance(value, dict):
        return {key: as_texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_texts(item) for item in value]
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if numeric else value


@pytest.mark.parametrize("form", [lambda value: value, as_texts])
def test_inverter(form: Any) -> None:
    """KW become W; "N/A" is nothing; unused strings stay as they are told."""
    reading = parse_reading(form(INVERTER_DAY), 38)
    assert isinstance(reading, Inverter)
    assert (reading.state, reading.state_code) == (InverterState.ON_GRID, 512)
    assert (reading.power_w, reading.pv_w, reading.reactive_var) == (2950, 4200, -2)
    assert (reading.day_kwh, reading.total_kwh) == (14.62, 20541.38)
    assert reading.phase_v == (238.6, 0, 0)
    assert reading.strings[0] == DcString(voltage_v=351.2, current_a=6.1)
    assert len(reading.strings) == 3
    assert reading.trackers_kwh == (10480.2, 10233.9, 0, 0)
    assert reading.started_at == datetime.fromtimestamp(1789968000, UTC)
    assert reading.stopped_at is None
    assert reading.connected is True


@pytest.mark.parametrize("form", [lambda value: value, as_texts])
def test_others(form: Any) -> None:
    """Units differ between the power sensor and the other meters."""
    sensor = parse_reading(form(SENSOR_DAY), 47)
    assert isinstance(sensor, Meter)
    assert (sensor.raw_power, sensor.reactive_var) == (1850, -210)
    assert (sensor.phase_v[0], sensor.phase_a[0]) == (238.7, 7.8)
    assert (sensor.positive_kwh, sensor.reverse_kwh) == (9120.55, 4310.02)

    meter = parse_reading(form(METER_DAY), 17)
    assert isinstance(meter, Meter)
    assert (meter.raw_power, meter.reactive_var) == (1.85, -200)
    # It tells nowhere whether it is connected.
    assert meter.connected is None

    battery = parse_reading(form(BATTERY_DAY), 39)
    assert isinstance(battery, Battery)
    assert battery.raw_power == 1200
    assert (battery.state_of_charge, battery.state_of_health) == (64, None)
    assert battery.state is BatteryState.RUNNING
    assert battery.programme is BatteryProgramme.SELF_CONSUMPTION
    assert (battery.charged_kwh, battery.discharged_kwh) == (5.31, 1.84)

    weather = parse_reading(form({"temperature": 21.5, "radiant_line": 512.0}), 10)
    assert isinstance(weather, Weather)
    assert (weather.temperature_c, weather.irradiance_w_m2) == (21.5, 512)

    emma = parse_reading(form({"active_power": 0.8, "ex_active_power": 0.7}), 23070)
    assert isinstance(emma, Meter)
    assert (emma.raw_power, emma.external_raw_power) == (0.8, 0.7)
    assert parse_reading(form(INVERTER_DAY), 62) is None


@pytest.mark.parametrize("blank", [None, "N/A", "", "absent"])
@pytest.mark.parametrize(
    ("items", "kind"),
    [(INVERTER_DAY, 38), (INVERTER_DAY, 1), (SENSOR_DAY, 47), (BATTERY_DAY, 39)],
)
def test_unknown_is_not_zero(items: dict[str, Any], kind: int, blank: Any) -> None:
    """Every value may be null, "N/A" or absent, each for itself."""
    full = parse_reading(items, kind)
    for key in items:
        other = {name: value for name, value in items.items() if name != key}
        if blank != "absent":
            other[key] = blank
        reading = parse_reading(other, kind)
        changed = [
            item.name
            for item in fields(full)
            if getattr(full, item.name) != getattr(reading, item.name)
        ]
        assert changed or key in (
            "pv3_u",
            "battery_soh",
            "run_state",
            "meter_status",
            "close_time",
        ), key
        for name in changed:
            before, after = getattr(full, name), getattr(reading, name)
            assert _more_unknown(before, after), (key, name)


def _more_unknown(before: Any, after: Any) -> bool:
    """Whether nothing but None came into the place of what is no longer known."""
    if not isinstance(before, tuple):
        return after is None
    new = [item for item in after if item not in before]
    unknown = (None, DcString(voltage_v=None, current_a=None))
    return all(
        item in unknown or (isinstance(item, DcString) and None in _parts(item))
        for item in new
    )


def _parts(item: DcString) -> tuple[Any, Any]:
    return item.voltage_v, item.current_a


def test_disconnected() -> None:
    """What the cloud last saw is not what is; counters stay."""
    away = parse_reading(INVERTER_AWAY, 38)
    assert isinstance(away, Inverter)
    assert (away.connected, away.power_w, away.pv_w) == (False, None, None)
    assert away.total_kwh == 20541.38
    # The same where stale values are still shown.
    stale = parse_reading({**INVERTER_DAY, "run_state": 0}, 38)
    assert isinstance(stale, Inverter)
    assert (stale.power_w, stale.pv_w, stale.temperature_c) == (None, None, None)
    assert (stale.strings, stale.phase_v) == ((), (None, None, None))
    assert (stale.day_kwh, stale.total_kwh) == (14.62, 20541.38)
    for items, kind in (
        ({**SENSOR_DAY, "meter_status": 0.0}, 47),
        ({**BATTERY_DAY, "battery_status": "0.0"}, 39),
    ):
        reading = parse_reading(items, kind)
        assert isinstance(reading, Meter | Battery)
        assert (reading.connected, reading.raw_power) == (False, None)
    offline = parse_reading({**BATTERY_DAY, "battery_status": 0.0}, 39)
    assert isinstance(offline, Battery)
    assert (offline.state, offline.state_of_charge) == (BatteryState.OFFLINE, None)
    assert offline.charged_kwh == 5.31


def test_inverter_states() -> None:
    """Every documented code has its word; another one keeps its number."""
    assert INVERTER_STATES[513] is InverterState.POWER_LIMITED
    assert INVERTER_STATES[2304] is InverterState.DC_INPUT_CHECK
    assert INVERTER_STATES[40960] is InverterState.NO_IRRADIATION
    odd = parse_reading({"inverter_state": 4711.0}, 1)
    assert isinstance(odd, Inverter)
    assert (odd.state, odd.state_code) == (None, 4711)


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.just("N/A"),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
KEYS = sorted(
    {*INVERTER_DAY, *SENSOR_DAY, *BATTERY_DAY, *METER_DAY, *PLANT_ROW, *OLD_ROW}
    | {*DEVICE_ROWS[0], *PLANT_DAY, *ALARM, *PLANT_DAY["dataItemMap"]}
    | {*PLANT_NOW["dataItemMap"], "devId", "sn", "active_power_a", "total_cap"}
)


def numbers(value: Any) -> list[float]:
    """Return all numbers in a payload."""
    if is_dataclass(value):
        parts: Any = [getattr(value, item.name) for item in fields(value)]
    elif isinstance(value, tuple | list):
        parts = value
    elif isinstance(value, dict):
        parts = value.values()
    else:
        return [value] if isinstance(value, float) else []
    return [number for part in parts for number in numbers(part)]


@given(st.dictionaries(st.sampled_from(KEYS), ODD, max_size=12), st.sampled_from(TYPES))
def test_odd_payloads(raw: dict[str, Any], kind: int) -> None:
    """One odd value costs no other; nothing raises, and nothing is infinite."""
    rows = {**raw, "dataItemMap": raw}
    parsed = [parse_reading(raw, kind)]
    parsed += [
        model.parse(rows)
        for model in (Plant, PlantDevice, PlantNow, PlantPeriod, DevicePeriod, Alarm)
    ]
    for item in parsed:
        assert all(math.isfinite(number) for number in numbers(item))


def test_plants() -> None:
    """KWp and MW become W; both lists give the same plant."""
    new, old = Plant.parse(PLANT_ROW), Plant.parse(OLD_ROW)
    assert new is not None
    assert old is not None
    assert new.capacity_w == old.capacity_w == 6600
    assert (new.code, new.name) == (old.code, old.name) == (PLANT, "Sample Roof")
    assert new.connected_at == datetime(2023, 3, 1, tzinfo=UTC)
    # Rows of the new list in the place of the old ones tell kWp.
    assert Plant.parse(new.as_data()) == new
    assert Plant.parse(old.as_data()) == old
    assert Plant.parse({"plantName": "x"}) is None


def test_devices() -> None:
    """Ids keep all their digits; the model has two names."""
    found = [PlantDevice.parse(row) for row in DEVICE_ROWS]
    assert [item and item.type_id for item in found] == [62, 38, 39, 47]
    inverter = found[1]
    assert inverter is not None
    assert inverter.id == 1000000071000012
    assert (inverter.model, inverter.serial) == ("SUN2000-5KTL-L1", "TESTINV0001")
    assert PlantDevice.parse(inverter.as_data()) == inverter
    negative = PlantDevice.parse({**DEVICE_ROWS[1], "id": "-9007199254740993"})
    assert negative is not None
    assert negative.id == -9007199254740993
    assert PlantDevice.parse({**DEVICE_ROWS[1], "id": None}) is None


def test_statistics() -> None:
    """Texts in real time, numbers in periods, tons in kg."""
    now = PlantNow.parse(PLANT_NOW)
    assert now is not None
    assert now.health is Health.HEALTHY
    assert (now.yield_today_kwh, now.yield_total_kwh) == (18.42, 20541.38)
    assert (now.income_today, now.power_w) == (5.16, None)
    day = PlantPeriod.parse(PLANT_DAY)
    assert day is not None
    assert (day.yield_kwh, day.export_kwh, day.use_kwh) == (18.42, 9.3, 15.7)
    assert (day.charge_kwh, day.discharge_kwh, day.self_provided_kwh) == (5.3, 4.9, 9.1)
    assert (day.co2_kg, day.coal_kg, day.trees) == (9, 7, 0)
    assert (day.installed_w, day.irradiation_kwh_m2) == (6600, None)
    collected = {"devId": 1, "collectTime": 1788184800000}
    items = {"product_power": 431.2, "perpower_ratio": "65.3", "charge_cap": None}
    month = DevicePeriod.parse(collected | {"dataItemMap": items})
    assert month == DevicePeriod(
        collected=datetime(2026, 8, 31, 14, tzinfo=UTC),
        yield_kwh=431.2,
        specific_yield_h=65.3,
        charge_kwh=None,
        discharge_kwh=None,
    )
    items = {"charge_cap": 120.5, "discharge_cap": "N/A", "charge_time": 31.0}
    month = DevicePeriod.parse(collected | {"dataItemMap": items})
    assert month is not None
    assert (month.charge_kwh, month.discharge_kwh, month.yield_kwh) == (
        120.5,
        None,
        None,
    )
    assert DevicePeriod.parse({"dataItemMap": items}) is None
    alarm = Alarm.parse(ALARM)
    assert alarm is not None
    assert (alarm.level, alarm.raised_at) == (AlarmLevel.MAJOR, instant(1789999200000))


@pytest.mark.parametrize(
    "value", [0, None, "N/A", "", True, -5, 1e40, "1e400", 10**15, [1]]
)
def test_no_instants(value: Any) -> None:
    """What no device can have lived to see is no time."""
    assert instant(value) is None


@given(
    st.dates(date(2020, 1, 1), date(2035, 12, 30)),
    st.sampled_from(
        [
            "Australia/Sydney",
            "Pacific/Auckland",
            "America/Los_Angeles",
            "UTC",
            "Asia/Shanghai",
            "Asia/Kathmandu",
            "Europe/Berlin",
        ]
    ),
    st.sampled_from([Period.DAY, Period.MONTH, Period.YEAR]),
    st.booleans(),
)
def test_periods_start_where_they_should(
    day: date, name: str, period: Period, in_utc: bool
) -> None:
    """Whether the cloud stamps the plant's midnights or those of UTC."""
    if period is not Period.DAY:
        day = day.replace(day=1)
    if period is Period.YEAR:
        day = day.replace(month=1)
    zone = ZoneInfo(name)
    clock = UTC if in_utc else zone
    stamp = datetime(day.year, day.month, day.day, tzinfo=clock).astimezone(UTC)
    start = period_start(period, stamp, zone)
    assert start == datetime(day.year, day.month, day.day, tzinfo=zone)
    asked = instant(asked_at(period, day, zone))
    assert asked is not None
    for other in (zone, UTC):
        wall = asked.astimezone(other).date()
        assert wall.year == day.year
        if period is Period.DAY:
            assert wall.month == day.month


def test_hours_of_the_long_day() -> None:
    """Hours are instants: 25 of them, all different."""
    first = datetime(2026, 4, 5, tzinfo=SYDNEY).astimezone(UTC)
    hours = [first + timedelta(hours=n, seconds=7) for n in range(25)]
    starts = [period_start(Period.HOUR, hour, SYDNEY) for hour in hours]
    assert [start.astimezone(UTC) for start in starts] == [
        first + timedelta(hours=n) for n in range(25)
    ]
    asked = instant(asked_at(Period.HOUR, date(2026, 4, 5), SYDNEY))
    assert asked is not None
    assert asked.astimezone(SYDNEY).date() == date(2026, 4, 5)


# -- the dossier's keys --------------------------------------------------------

LINES = "ab_u bc_u ca_u a_i b_i c_i"
PHASES = f"{LINES} a_u b_u c_u"
POWERS = "active_power reactive_power power_factor active_cap reverse_active_cap"
METERS = [
    *f"{PHASES} {POWERS} grid_frequency total_apparent_power".split(),
    *("forward_reactive_cap", "reverse_reactive_cap"),
    *(f"{what}_power_{phase}" for what in ("active", "reactive") for phase in "abc"),
    *(
        f"{way}_{what}_{tariff}"
        for way in ("reverse", "positive")
        for what in ("active", "reactive")
        for tariff in ("peak", "power", "valley", "top")
    ),
]
INVERTERS = (
    f"{PHASES} inverter_state efficiency temperature power_factor elec_freq run_state"
    " active_power reactive_power day_cap mppt_power total_cap open_time close_time"
).split()
STORAGE = "ch_discharge_power battery_soc battery_soh charge_cap discharge_cap"
DOSSIER: dict[int, list[str]] = {
    1: [
        *INVERTERS,
        "mppt_total_cap",
        *(f"pv{n}_{unit}" for n in range(1, 37) for unit in "ui"),
        *(f"mppt_{n}_cap" for n in range(1, 11)),
    ],
    38: [
        *INVERTERS,
        *(f"pv{n}_{unit}" for n in range(1, 9) for unit in "ui"),
        *(f"mppt_{n}_cap" for n in range(1, 5)),
    ],
    10: [
        "temperature",
        "pv_temperature",
        "wind_speed",
        "wind_direction",
        "radiant_total",
        "run_state",
        "radiant_line",
        "horiz_radiant_line",
        "horiz_radiant_total",
    ],
    17: METERS,
    47: [*METERS, "meter_status", "meter_u", "meter_i", "run_state"],
    39: (
        f"{STORAGE} battery_status max_charge_power max_discharge_power busbar_u"
        " ch_discharge_model run_state"
    ).split(),
    41: f"{STORAGE} run_state".split(),
    23070: [
        *f"{LINES} {POWERS} run_state".split(),
        *(f"active_power_{phase}" for phase in "abc"),
        *("ex_active_power", "ex_active_cap", "ex_reverse_active_cap"),
    ],
}


@pytest.mark.parametrize(
    ("kind", "key"), [(kind, key) for kind, keys in DOSSIER.items() for key in keys]
)
def test_every_key_is_read(kind: int, key: str) -> None:
    """Whatever a type may tell (dossier 3.2 to 3.7) has its place."""
    value = 1_789_968_000_000 if key.endswith("_time") else 1.0
    assert parse_reading({key: value}, kind) != parse_reading({}, kind)
