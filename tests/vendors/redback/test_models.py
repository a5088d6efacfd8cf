"""Parsing of Redback's payloads: units, signs, and whatever may be null or wrong."""

from collections.abc import Iterator, Mapping
import copy
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.joulekeeper.core.errors import ProtocolError
from custom_components.joulekeeper.core.models import Unit
from custom_components.joulekeeper.vendors.parsing import objects
from custom_components.joulekeeper.vendors.redback.models import (
    Configuration,
    Dynamic,
    Static,
    has_battery,
    parse_topology,
)
from custom_components.joulekeeper.vendors.redback.schedule import (
    parse_envelopes,
    parse_schedules,
    zones_of,
)
from tests.clouds.clock import SetClock
from tests.clouds.redback import FIXTURES, Behaviour, RedbackCloud, payloads
from tests.clouds.redback.inverter import Inverter

from .conftest import NOW, SITE_A, A, B

DYNAMIC = {
    "TimestampUtc": "2026-11-20T03:05:40Z",
    "SiteId": SITE_A,
    "Phases": [
        {
            "Id": "A",
            "ActiveExportedPowerInstantaneouskW": 0.512,
            "ActiveImportedPowerInstantaneouskW": 0,
            "VoltageInstantaneousV": 238.4,
            "CurrentInstantaneousA": 2.21,
            "PowerFactorInstantaneousMinus1to1": 0.81,
        },
        {
            "Id": "B",
            "ActiveExportedPowerInstantaneouskW": 0.498,
            "ActiveImportedPowerInstantaneouskW": 0,
            "VoltageInstantaneousV": 239.9,
            "CurrentInstantaneousA": 2.17,
            "PowerFactorInstantaneousMinus1to1": 0.802,
        },
        {
            "Id": "C",
            "ActiveExportedPowerInstantaneouskW": 0,
            "ActiveImportedPowerInstantaneouskW": 0.377,
            "VoltageInstantaneousV": 240.6,
            "CurrentInstantaneousA": 1.63,
            "PowerFactorInstantaneousMinus1to1": 0.841,
        },
    ],
    "FrequencyInstantaneousHz": 50.01,
    "BatterySoCInstantaneous0to1": 0.63,
    "PvPowerInstantaneouskW": 1.9,
    "InverterTemperatureC": 38.2,
    "BatteryPowerNegativeIsChargingkW": -0.75,
    "PvAllTimeEnergykWh": 20411.3,
    "ExportAllTimeEnergykWh": 8120.517,
    "ImportAllTimeEnergykWh": 3311.04,
    "LoadAllTimeEnergykWh": 15210.8,
    "BatteryChargeAllTimeEnergykWh": 4100.2,
    "BatteryDischargeAllTimeEnergykWh": 3802.9,
    "Status": "OK",
    "Inverters": [
        {
            "SerialNumber": A,
            "PowerMode": {"InverterMode": "ChargeBattery", "PowerW": 750},
        }
    ],
    "PVs": [
        {"CurrentA": 4.1, "VoltageV": 268.4, "PowerkW": 1.1},
        {"CurrentA": 3.2, "VoltageV": 250.0, "PowerkW": 0.8},
    ],
    "Battery": {
        "CurrentNegativeIsChargingA": -14.9,
        "VoltageV": 50.3,
        "VoltageType": "LV",
        "NumberOfModules": 2,
        "Cabinets": [{"TemperatureC": 27.5, "FanState": "Off"}],
        "Modules": [
            {
                "CurrentNegativeIsChargingA": -7.5,
                "VoltageV": 50.3,
                "PowerNegativeIsChargingkW": -0.377,
                "SoC0To1": 0.63,
            }
        ],
    },
}
SCHEDULES = {
    "DailySchedules": [
        {
            "SerialNumber": A,
            "StartTime": "01:00:00",
            "Duration": "02:00:00",
            "DaysActive": "Weekdays",
            "TimezoneIANA": "UTC",
            "DesiredMode": {"InverterMode": "ChargeBattery", "ArgumentInWatts": 2500},
        }
    ],
    "Schedules": [
        {
            "ScheduleId": "7c1f0a52-0d0e-4b7e-9f44-2f6f5d1f9a10",
            "SiteId": SITE_A,
            "SerialNumber": A,
            "UserNotes": "joulekeeper service abc: note",
            "StartTimeUtc": "2026-11-20T04:00:00Z",
            "Duration": "00:30:00",
            "DesiredMode": {"InverterMode": "ChargeBattery", "ArgumentInWatts": 3000},
        }
    ],
}
ENVELOPES = [
    {
        "EventId": "joulekeeper-service-abc",
        "Nmi": None,
        "SiteId": SITE_A,
        "StartAtUtc": "2026-11-20T02:00:00Z",
        "EndAtUtc": "2026-11-20T04:00:00Z",
        "MaxImportPowerW": 10000,
        "MaxExportPowerW": 0,
        "MaxDischargePowerW": 10000,
        "MaxChargePowerW": 10000,
        "MaxGenerationPowerVA": 10000,
        "IsNetworkLevel": False,
        "ReportedStartUtc": None,
        "ReportedFinishUtc": None,
        "Status": "Scheduled",
    }
]


def system(fixture: str) -> Inverter:
    """Return the first inverter of a fixture."""
    cloud = RedbackCloud(fixture=fixture, clock=SetClock(NOW))
    return cloud.inverter(cloud.serials[0])


def static_of(fixture: str) -> dict[str, Any]:
    """Return the static payload of a fixture's first inverter."""
    inverter = system(fixture)
    return payloads.static_data(inverter.site, [inverter.spec], NOW, "OK", NOW)


def dynamic_of(fixture: str, *, full: bool = True, **behaviour: Any) -> dict[str, Any]:
    """Return the dynamic payload of a fixture's first inverter."""
    inverter = system(fixture)
    sample = inverter.latest(NOW)
    return payloads.dynamic_data(
        inverter,
        sample,
        Behaviour(**behaviour),
        full=full,
        others=[(inverter.spec.serial, sample)],
    )


def test_units_and_signs() -> None:
    """W, kWh and percent; grid + is import, battery + is discharge."""
    live = Dynamic.parse(DYNAMIC, A)
    assert live.timestamp == datetime(2026, 11, 20, 3, 5, 40, tzinfo=UTC)
    assert live.status == "ok"
    assert (live.pv_power_w, live.battery_power_w) == (1900, -750)
    assert live.state_of_charge == 63
    assert (live.grid_import_w, live.grid_export_w) == (377, 1010)
    assert live.grid_power_w == -633
    assert live.load_power_w(has_battery=True) == 517
    assert live.load_power_w(has_battery=False) == 1267
    # Between the phases, as the dossier derives it.
    assert live.grid_voltage_v == 415.1
    assert live.grid_current_a == pytest.approx(6.01)
    assert (live.mode, live.mode_power_w) == ("ChargeBattery", 750)
    assert [string.power_w for string in live.pv_strings] == [1100, 800]
    assert live.battery.current_a == -14.9
    assert live.battery.modules[0].power_w == -377
    assert live.battery.modules[0].state_of_charge == 63
    assert live.battery.cabinets[0].fan_state == "off"
    assert (live.pv_energy_kwh, live.import_energy_kwh) == (20411.3, 3311.04)


def test_static_and_configuration() -> None:
    """Numbers in our units; the dates and texts of the site."""
    static = Static.parse(static_of("B"), B)
    assert (static.serial, static.model) == (B, "ST10000")
    assert static.commissioning_date == date(2021, 3, 4)
    assert static.panel_size_w == 11400
    assert (static.limits.max_charge_w, static.battery_capacity_kwh) == (10000, 14.2)
    assert static.limits.site_export_limit_w == 10000
    # `Unknown` repeats the last known model.
    assert static.battery_models == ("Pylontech H48050",) * 4
    inverter = system("A")
    configured = Configuration.parse(
        payloads.configuration(inverter.spec, inverter.site)
    )
    assert (configured.min_soc, configured.min_offgrid_soc) == (20, 10)
    assert configured.limits.max_charge_w == 4600


@pytest.mark.parametrize("no_battery", ["object", "null", "absent"])
def test_without_battery(no_battery: str) -> None:
    """However the cloud says so; the load is known all the same."""
    live = Dynamic.parse(dynamic_of("C", no_battery=no_battery), "RB20000000000303")
    static = Static.parse(static_of("C"), "RB20000000000303")
    assert not has_battery(static, live)
    assert live.battery_power_w is live.charge_energy_kwh is None
    assert live.load_power_w(has_battery=False) is not None
    assert live.load_power_w(has_battery=True) is None


@pytest.mark.parametrize("fixture", ["A", "F", "G"])
def test_battery_is_found_by_any_trace(fixture: str) -> None:
    """Also with a count of 0 and with a disabled one, whose level stays unknown."""
    live = Dynamic.parse(dynamic_of(fixture), A)
    static = Static.parse(static_of(fixture), A)
    assert has_battery(static, live)
    assert has_battery(static, None) or fixture == "G"
    assert (live.state_of_charge is None) is (fixture == "F")
    assert (live.battery.modules == ()) is (fixture == "F")


def test_dead_phase() -> None:
    """A phase on which nothing is measured counts in no total."""
    raw = copy.deepcopy(DYNAMIC)
    raw["Phases"][2] = dict.fromkeys(raw["Phases"][2]) | {"Id": "C"}  # type: ignore[index]
    live = Dynamic.parse(raw, A)
    assert [phase.name for phase in live.phases] == ["a", "b", "c"]
    assert live.phases[2].net_w is None
    assert live.grid_power_w == -1010
    assert live.grid_current_a == pytest.approx(4.38)


def test_unknown_is_not_zero() -> None:
    """One unknown summand of a live phase makes the sum unknown."""
    raw = copy.deepcopy(DYNAMIC)
    raw["Phases"][0]["ActiveImportedPowerInstantaneouskW"] = None  # type: ignore[index]
    live = Dynamic.parse(raw, A)
    assert live.grid_power_w is live.grid_import_w is None
    assert live.load_power_w(has_battery=True) is None
    assert live.grid_export_w == 1010
    assert Dynamic.parse(DYNAMIC | {"Phases": None}, A).grid_power_w is None


def test_older_version_lacks_the_details() -> None:
    """What v2 does not tell is unknown; the rest is the same."""
    full, old = (
        Dynamic.parse(dynamic_of("A", full=version), A) for version in (True, False)
    )
    assert old.pv_strings == old.battery.modules == ()
    assert old.charge_energy_kwh is None
    assert (old.pv_power_w, old.state_of_charge, old.grid_power_w) == (
        full.pv_power_w,
        full.state_of_charge,
        full.grid_power_w,
    )


@pytest.mark.parametrize("turned", [False, True])
def test_two_inverters_on_a_site(turned: bool) -> None:
    """Each finds itself, whichever comes first, and nobody else when not there."""
    first, second = FIXTURES["E"][0].inverters
    shown = [second, first] if turned else [first, second]
    static = payloads.static_data(FIXTURES["E"][0], shown, NOW, "OK", NOW)
    modes = [
        {"SerialNumber": spec.serial, "PowerMode": {"InverterMode": spec.serial}}
        for spec in shown
    ]
    raw = DYNAMIC | {"Inverters": modes}
    for spec in shown:
        assert Static.parse(static, spec.serial).serial == spec.serial
        assert Dynamic.parse(raw, spec.serial).mode == spec.serial
    assert Static.parse(static, "RB9").serial is None
    assert Dynamic.parse(raw, "RB9").mode is None


def test_topology() -> None:
    """Sites without hardware count, houseloads and nameless nodes do not."""
    tree = [
        payloads.node_tree(FIXTURES["E"][0], [A, "RB20000000000404"]),
        {"Id": "S2", "Nodes": None},
        {"Id": None, "Nodes": [{"Id": "RB5", "Type": "Inverter"}]},
        {"Id": "S3", "Nodes": [{"Id": B, "Type": "Inverter"}, {"Type": "Inverter"}]},
    ]
    found = parse_topology(tree)
    assert found.site_ids == (SITE_A, "S2", "S3")
    assert found.units == (
        Unit(A, SITE_A),
        Unit("RB20000000000404", SITE_A),
        Unit(B, "S3"),
    )


def test_no_stamp_is_no_telemetry() -> None:
    """The one field without which nothing can be said."""
    for stamp in (None, "", "soon", 5, "2026-13-01T00:00:00Z"):
        with pytest.raises(ProtocolError, match="TimestampUtc"):
            Dynamic.parse(DYNAMIC | {"TimestampUtc": stamp}, A)


@pytest.mark.parametrize(
    ("stamp", "microsecond"),
    [
        ("2026-11-20T03:05:41.0155057Z", 15505),
        ("2026-11-20T03:05:41", 0),
        ("2026-11-20T13:05:41.5+10:00", 500000),
    ],
)
def test_stamps(stamp: str, microsecond: int) -> None:
    """Seven fraction digits, no offset, another offset: always UTC."""
    read = Dynamic.parse(DYNAMIC | {"TimestampUtc": stamp}, A).timestamp
    assert read == datetime(2026, 11, 20, 3, 5, 41, microsecond, tzinfo=UTC)
    assert read.tzinfo is UTC


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every value in a payload, inner and outer ones."""
    if path:
        yield path
    children: Mapping[Any, Any] | enumerate[Any] | tuple[()] = ()
    if isinstance(value, dict):
        children = value
    elif isinstance(value, list):
        children = dict(enumerate(value))
    for key in children:
        yield from paths(value[key], (*path, key))


def mutated(good: Any, path: tuple[Any, ...], bad: Any) -> Any:
    """Return a payload in which one value is another."""
    spoiled = copy.deepcopy(good)
    node = spoiled
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = bad
    return spoiled


BAD_VALUES = (
    *(None, "unexpected", "", [], [[]], {}, {"a": 1}, [{"a": 1}], True, -5, "NaN", "²"),
    *(1e400, 10**400, "9" * 400, "9" * 5000, "99999999999.00:00:00"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
)


@settings(max_examples=400)
@given(data=st.data())
def test_one_wrong_field_costs_no_other(data: st.DataObject) -> None:
    """Parsing goes on, whatever a single field turns into."""
    parsers = {
        "dynamic": (DYNAMIC, lambda raw: Dynamic.parse(raw, A)),
        "static": (static_of("A"), lambda raw: Static.parse(raw, A)),
        "configuration": (
            payloads.configuration(FIXTURES["A"][0].inverters[0], FIXTURES["A"][0]),
            Configuration.parse,
        ),
        "schedules": (
            SCHEDULES,
            lambda raw: (zones_of(raw), parse_schedules(raw, {"UTC": UTC})),
        ),
        "envelopes": (ENVELOPES, parse_envelopes),
        "nodes": (
            [payloads.node_tree(FIXTURES["A"][0], [A])],
            lambda raw: parse_topology([*objects(raw)]),
        ),
    }
    good, parse = parsers[data.draw(st.sampled_from(sorted(parsers)))]
    path = data.draw(st.sampled_from([*paths(good)]))
    parsed = None
    try:
        parsed = parse(
            mutated(
                good, path, data.draw(st.sampled_from(BAD_VALUES) | st.text(max_size=5))
            )
        )
    except ProtocolError:
        assert path == ("TimestampUtc",)
    if isinstance(parsed, Dynamic):
        assert parsed.load_power_w(has_battery=True) is None or parsed.pv_power_w
        assert parsed.grid_voltage_v != 0
        assert path[0] == "PvAllTimeEnergykWh" or parsed.pv_energy_kwh == 20411.3
