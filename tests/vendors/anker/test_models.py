"""Parsing: the documented answers, their traps, and whatever may be wrong with them."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import fields, is_dataclass
from datetime import datetime
import math
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.joulekeeper.vendors.anker.details import AutoUpgrade, wifi_of
from custom_components.joulekeeper.vendors.anker.models import Scene, Site
from custom_components.joulekeeper.vendors.anker.status import BankStatus, UsageMode

from .payloads import TYPED, parser, payload, scene

A, B1, B2, C = (
    "FAKESB1A00000001",
    "FAKESB1B00000001",
    "FAKESB1B00000002",
    "FAKESB2C00000001",
)

# -- the documented systems ------------------------------------------------------


def test_single_first_generation() -> None:
    """What the dossier expects of system A (9.2)."""
    told = scene("A")
    bank = told.solarbanks[A]
    assert (bank.charging_w, bank.state_of_charge, bank.stored_wh) == (151, 62, 992)
    assert (bank.status, bank.reserve, bank.name) == (
        BankStatus.CHARGE_BYPASS,
        10,
        "Balcony bank",
    )
    assert told.preset_w == 300
    assert (told.banks.charging_w, told.banks.state_of_charge) == (151, 62)
    assert (told.banks.solar_w, told.banks.output_w) == (451, 300)
    assert told.measured_at == datetime(2026, 5, 4, 11, 22, 33)
    assert (told.totals.energy_kwh, told.totals.co2_kg) == (412.35, 411.12)
    assert (told.totals.money, told.totals.currency) == (123.71, "€")
    # What only later generations measure is not 0 here.
    assert (told.mode, told.load_w, told.other_loads_w, told.grid) == (None,) * 4
    assert (told.banks.to_home_w, told.banks.ac_socket_w) == (None, None)
    assert set(told.banks.pv_w) == set(bank.pv_w) == {None}
    assert not told.power_stations.stations
    assert told.power_stations.charging_w is None


def test_two_first_generation_banks() -> None:
    """What the dossier expects of system B (9.3)."""
    told = scene("B")
    left, right = told.solarbanks[B1], told.solarbanks[B2]
    assert (left.charging_w, right.charging_w) == (60, 40)
    assert (told.banks.charging_w, told.banks.state_of_charge) == (100, 52)
    assert (left.preset_w, right.preset_w, told.preset_w) == (150, 150, 300)


def test_second_generation_with_meter() -> None:
    """What the dossier expects of system C (9.4)."""
    told = scene("C")
    bank = told.solarbanks[C]
    assert (bank.state_of_charge, bank.stored_wh, bank.charging_w) == (57, 1824, 182)
    assert bank.status is BankStatus.CHARGE_BYPASS
    assert bank.pv_w == told.banks.pv_w == (160, 150, 152, 150)
    assert told.grid is not None
    assert (told.load_w, told.grid.import_w, told.grid.export_w) == (505, 75, 0)
    assert (told.grid.power_w, list(told.grid.meters)) == (75, ["FAKEMETER0000001"])
    assert told.mode == UsageMode.SMART_METER
    # Its expansion counts as a second battery.
    assert bank.capacity_wh == 3200


def test_everything_at_once() -> None:
    """Plugs, inverter, power station, AI profit, backup and what else there may be."""
    told = scene("full")
    assert told.plugs["FAKEPLUG00000001"].power_w == told.plugs_w == 62
    assert told.inverters["FAKEMI800001"].power_w == 287
    assert list(told.power_stations.stations) == ["FAKEPPS00000001"]
    assert told.power_stations.state_of_charge == 81
    assert list(told.panels) == ["FAKEPANEL0000001"]
    assert told.ai_profit is not None
    assert (told.ai_profit.total, told.ai_profit.share) == (46.68, 9.3)
    assert told.features == {"enable_timeslot": True, "smart_plug": True}
    assert (told.export_blocked, told.discharge_priority) == (True, True)
    totals = told.banks
    assert totals.backup_start is not None
    assert totals.backup_end is not None
    assert (totals.backup_end - totals.backup_start).total_seconds() == 10800
    assert (totals.tariff, totals.ac_socket_w, totals.heating_w) == (3, 40, 5)
    assert told.solarbanks[C].pv_w == (161, 151, 150, 150)


def test_membership() -> None:
    """0 and 1 own, 2 is a member, else nobody knows (13.6)."""
    raw = payload("site_list A")["site_list"][0]
    owned = [
        getattr(Site.parse(raw | {"ms_type": kind}), "owned", "?")
        for kind in (0, 1, "1", 2, "2", 3, None, "")
    ]
    assert owned == [True, True, True, False, False, None, None, None]


# -- traps -----------------------------------------------------------------------


def bank_of(name: str, **changes: Any) -> Any:
    """Return the first bank of a system with changes of its own."""
    raw = payload(f"scene_info {name}")
    raw["solarbank_info"]["solarbank_list"][0] |= changes
    return next(iter(Scene.parse(raw).solarbanks.values()))


def night(**changes: Any) -> dict[str, Any]:
    """Return the totals of system A at night."""
    return {
        "total_charging_power": "0",
        "total_photovoltaic_power": "0",
        "total_output_power": "180.00",
    } | changes


def test_discharging() -> None:
    """The total of what goes in is 0 then (9.2, night)."""
    raw = payload("scene_info A")
    raw["solarbank_info"] |= night()
    raw["solarbank_info"]["solarbank_list"][0] |= {
        "photovoltaic_power": "0",
        "output_power": "180",
        "charging_status": "2",
        "charging_power": "180",
        "bat_charge_power": "0",
    }
    told = Scene.parse(raw)
    assert told.solarbanks[A].charging_w == told.banks.charging_w == -180
    assert told.solarbanks[A].status is BankStatus.DISCHARGE
    # Newer clouds say it in a field of its own.
    raw["solarbank_info"]["battery_discharge_power"] = "175"
    raw["solarbank_info"]["solarbank_list"][0]["bat_discharge_power"] = "175"
    told = Scene.parse(raw)
    assert told.solarbanks[A].charging_w == told.banks.charging_w == -175


def test_banks_share_what_is_charged() -> None:
    """Old firmware: the balance of each bank, scaled to what the system says."""
    raw = payload("scene_info B")
    for bank in raw["solarbank_info"]["solarbank_list"]:
        del bank["bat_charge_power"], bank["bat_discharge_power"]
    raw["solarbank_info"]["total_charging_power"] = "90"
    told = Scene.parse(raw)
    assert [bank.charging_w for bank in told.solarbanks.values()] == [54, 36]
    assert told.banks.charging_w == 90


def test_cascade() -> None:
    """First banks feed a later one: the cloud's totals are those of the last (11.1)."""
    raw = payload("scene_info C")
    first = payload("scene_info A")["solarbank_info"]["solarbank_list"][0]
    raw["solarbank_info"]["solarbank_list"].append(first)
    told = Scene.parse(raw)
    assert told.is_cascaded
    assert told.solarbanks[A].charging_w == 151
    assert told.solarbanks[C].charging_w == 182
    totals = told.banks
    assert (totals.charging_w, totals.output_w) == (333, 430)
    # 451 W and 612 W, of which 300 W were handed on.
    assert totals.solar_w == 763
    assert totals.state_of_charge == pytest.approx(100 * (992 + 1824) / 4800, abs=0.1)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"charging_status": "3", "output_power": "0"}, BankStatus.CHARGE_PRIORITY),
        (
            {
                "charging_status": "3",
                "output_power": "0",
                "photovoltaic_power": "80",
                "bat_charge_power": "80",
            },
            BankStatus.CHARGE,
        ),
        ({"charging_status": "1"}, BankStatus.BYPASS),
        ({"charging_status": "6"}, BankStatus.FULL_BYPASS),
        ({"charging_status": "7"}, BankStatus.STANDBY),
        ({"charging_status": "116"}, BankStatus.COLD_WAKEUP),
        ({"charging_status": "99"}, None),
        ({"charging_status": ""}, None),
        ({"status": "0", "charging_status": "3"}, None),
    ],
)
def test_status_of_first_generation(
    changes: Mapping[str, str], status: BankStatus | None
) -> None:
    """The words that the cloud does not have are made of powers (4.4)."""
    assert bank_of("A", **changes).status is status


@pytest.mark.parametrize(
    ("solar", "output", "charge", "discharge", "status"),
    [
        ("612", "430", "182", "0", BankStatus.CHARGE_BYPASS),
        ("612", "0", "612", "0", BankStatus.CHARGE),
        ("0", "0", "800", "0", BankStatus.CHARGE_AC),
        ("0", "300", "0", "300", BankStatus.DISCHARGE),
        ("100", "300", "0", "200", BankStatus.BYPASS_DISCHARGE),
        ("300", "300", "0", "0", BankStatus.BYPASS),
        ("0", "0", "0", "0", BankStatus.DETECTION),
    ],
)
def test_status_of_later_generations(
    solar: str, output: str, charge: str, discharge: str, status: BankStatus
) -> None:
    """They mostly send 0."""
    changes = {
        "photovoltaic_power": solar,
        "output_power": output,
        "bat_charge_power": charge,
        "bat_discharge_power": discharge,
    }
    assert bank_of("C", **changes).status is status


def test_invalid_values() -> None:
    """What the cloud itself calls invalid is unknown; the devices are still there."""
    told = scene("full", is_display_data=False)
    assert not told.valid
    assert told.solarbanks.keys() == {C}
    known = {
        key: value
        for key, value in flat(told).items()
        if value is not None and not isinstance(value, str)
    }
    assert {key.rpartition(".")[2] for key in known} <= {
        "discharge_priority_known",
        "enable_timeslot",
        "error_code",
        "expansions",
        "heating",
        "kind",
        "lists_devices",
        "online",
        "priority",
        "smart_plug",
        "valid",
    }
    # Without a solarbank it is said of nobody.
    assert scene("full", is_display_data=False, solarbank_list=[]).valid


@pytest.mark.parametrize(
    "written",
    ["1970-01-01 00:00:00", "0001-01-01 00:00:00", "01-01-0001 00:00:00", "", None, 7],
)
def test_times_that_are_none(written: Any) -> None:
    """A device that has not reported yet (13.11)."""
    assert scene("C", updated_time=written).measured_at is None


def test_home_power_while_no_app_is_open() -> None:
    """The cloud says 0 then, though the bank gives something."""
    assert scene("C", to_home_load="0").banks.to_home_w == 430
    # What hangs on its own socket is not in the house.
    drawn = scene("C", to_home_load="0", ac_power="130")
    assert (drawn.banks.to_home_w, drawn.banks.ac_socket_w) == (300, 130)
    assert scene("C", to_home_load="0", ac_power="500").banks.to_home_w == 0
    assert scene("C", to_home_load="0", ac_power="").banks.to_home_w == 430
    assert scene("C", to_home_load="").banks.to_home_w is None


def test_units_of_totals() -> None:
    """Larger units are converted, unknown ones are unknown."""
    raw = payload("scene_info A")
    raw["statistics"] = [
        {"type": "1", "total": "1.5", "unit": "MWh"},
        {"type": "2", "total": "1.2", "unit": "t"},
        {"type": "3", "total": "9", "unit": "£"},
    ]
    totals = Scene.parse(raw).totals
    assert (totals.energy_kwh, totals.co2_kg, totals.currency) == (1500, 1200, "£")
    raw["statistics"][0]["unit"] = "kJ"
    assert Scene.parse(raw).totals.energy_kwh is None


def test_wifi_of_old_lists() -> None:
    """Which entry is whose they do not tell, unless there is one of each (4.6)."""
    links = parser("wifi_list")(payload("wifi_list old"))
    assert wifi_of(links, A, (A, B1)) is None
    assert wifi_of(links[:1], A, (A, B1)) is None
    found = wifi_of(links[:1], A, (A,))
    assert found is not None
    assert found.signal == 56
    keyed = parser("wifi_list")(payload("wifi_list C"))
    assert getattr(wifi_of(keyed, C, (C,)), "signal", None) == 70


def test_signal_of_a_strength() -> None:
    """-50 dBm is all, -85 dBm nothing (4.6); 0 is no strength."""
    read = parser("wifi_list")
    told = [
        read({"wifi_info_list": [{"wifi_signal": "", "rssi": rssi}]})[0].signal
        for rssi in ("-40", "-50", "-67.5", "-85", "-99", "0", "")
    ]
    assert told == [100, 100, 50, 0, 0, None, None]


def test_auto_upgrade() -> None:
    """Both switches have to be on (4.8); a member has none."""
    raw = payload("get_auto_upgrade")
    assert AutoUpgrade.parse(raw).effective(A) is False
    raw["device_list"][0]["auto_upgrade"] = True
    assert AutoUpgrade.parse(raw).effective(A) is True
    raw["main_switch"] = False
    assert AutoUpgrade.parse(raw).effective(A) is False
    assert AutoUpgrade.parse(raw).effective("other") is None
    member = AutoUpgrade.parse({"main_switch": False, "device_list": None})
    assert member.effective(A) is None


def test_home_load_is_decoded() -> None:
    """JSON inside a text; the object is left as it is (13.2)."""
    load = parser("device_load")(payload("device_load A"))
    assert load.profile["ranges"][1]["appliance_loads"][0]["power"] == 300
    assert (load.preset_w, load.bank_preset_w, load.parallel) == (300, None, False)


def test_panel_until_now() -> None:
    """Of a list that always goes to midnight, what is over counts; kW are W."""
    day = parser("panel_day")(payload("panel_day"))
    assert day.average_w == (6470,)
    assert (day.state_of_charge, day.energy_kwh) == (56, 88.48)
    told = payload("panel_day") | {
        "totalImportedEnergy": "3.5",
        "totalImportedEnergyUnit": "KWh",
        "totalExportedEnergy": "200",
        "totalExportedEnergyUnit": "Wh",
        "power": [
            {
                "time": "11:00",
                "powerInfos": [
                    {"type": "hes", "value": "-1.5"},
                    {"type": "hes", "value": ""},
                ],
            }
        ],
    }
    battery = parser("panel_day")(told)
    assert (battery.imported_kwh, battery.exported_kwh) == (3.5, 0.2)
    # First what goes into it, without a sign, then what it gives.
    assert battery.average_w == (1500, None)
    storage = parser("storage_info")(payload("storage_info"))
    assert (storage.energy_kwh, storage.co2_kg, storage.money) == (1400, 2, 12.5)


# -- whatever may be wrong -------------------------------------------------------


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return what is known by its path, without what is computed from other fields."""
    if is_dataclass(value):
        parts = {item.name: getattr(value, item.name) for item in fields(value)}
    elif isinstance(value, Mapping):
        parts = {str(key): item for key, item in value.items()}
    elif isinstance(value, tuple):
        parts = {str(number): item for number, item in enumerate(value)}
    else:
        return {path: value}
    known: dict[str, Any] = {}
    for name, item in parts.items():
        if name != "raw":
            known |= flat(item, f"{path}.{name}")
    return known


type Path = tuple[str | int, ...]


def paths_of(raw: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the place of every field, objects and lists included."""
    if isinstance(raw, dict):
        for key, item in raw.items():
            yield (*path, key)
            yield from paths_of(item, (*path, key))
    elif isinstance(raw, list):
        for number, item in enumerate(raw):
            yield from paths_of(item, (*path, number))


MISSING = object()


def changed(raw: Any, path: Path, value: Any) -> Any:
    """Return an answer with another value at a place."""
    raw = deepcopy(raw)
    place = raw
    for step in path[:-1]:
        place = place[step]
    if value is MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return raw


def at(raw: Any, path: Path) -> Any:
    """Return the value at a place."""
    for step in path:
        raw = raw[step]
    return raw


PLACES = [(name, path) for name in TYPED for path in paths_of(payload(name))]
DERIVED = {
    "charging_w",
    "output_w",
    "signal",
    "solar_w",
    "state_of_charge",
    "status",
    "to_home_w",
}
"""What is made of several fields, and may come from another one where one is lost."""
LEADING = {
    "area",
    "charge_unit",
    "company",
    "device_pn",
    "device_sn",
    "energyUnit",
    "home_load_data",
    "id",
    "index",
    "is_display_data",
    "limit",
    "powerUnit",
    "power_site_type",
    "power_unit",
    "site_id",
    "sn",
    "symbol",
    "time",
    "type",
    "unit",
}
"""Fields without which others mean nothing."""
CURVES = {"price_detail", "solar_day"}
ODD: tuple[Any, ...] = (
    MISSING,
    None,
    "",
    "  ",
    "abc",
    [],
    {},
    [None],
    [7],
    {"a": "x"},
    True,
    math.nan,
)


@pytest.mark.parametrize("name", TYPED)
def test_one_odd_field(name: str) -> None:
    """Any one field is missing or odd: nothing is raised, and only it is unknown.

    What is made of it may change too, but nothing comes to be that was not there.
    """
    raw, read = payload(name), parser(name)
    before = flat(read(raw))
    for path in paths_of(raw):
        whole = isinstance(at(raw, path), dict | list) or path[-1] in LEADING
        # A point of a curve that says nothing is left out of it.
        whole = whole or (name in CURVES and len(path) > 2)
        for value in ODD:
            after = flat(read(changed(raw, path, value)))
            plain = {
                key
                for key in before.keys() | after.keys()
                if before.get(key) != after.get(key)
                and key.rpartition(".")[2] not in DERIVED
            }
            if whole:
                # Others may go with it, and move up in a list.
                assert known_of(after) <= known_of(before) or value == "abc"
                continue
            # Solar inputs of a single bank are told twice.
            assert len(plain) <= (2 if name.startswith("scene") else 1), (path, value)
            for key in plain:
                as_told = after.get(key) == value or value is True
                assert after.get(key) is None or as_told, (path, value, key)


def known_of(values: Mapping[str, Any]) -> int:
    """Return how much is known."""
    return sum(value is not None for value in values.values())


@pytest.mark.parametrize("name", TYPED)
def test_numbers_as_texts_and_texts_as_numbers(name: str) -> None:
    """Both mean the same, wherever a number is meant."""
    raw, read = payload(name), parser(name)
    before = flat(read(raw))
    for path in paths_of(raw):
        value = at(raw, path)
        other: Any = None
        if isinstance(value, int | float) and not isinstance(value, bool):
            other = str(value)
        elif isinstance(value, str):
            with suppress(ValueError):
                other = float(value)
        if other is None:
            continue
        after = flat(read(changed(raw, path, other)))
        for key, known in before.items():
            # Versions and the like are no numbers, though they may look so.
            assert after.get(key) == known or isinstance(known, str), (path, key)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=300)
@given(place=st.sampled_from(PLACES), value=VALUES)
def test_nothing_raises(place: tuple[str, Path], value: Any) -> None:
    """Whatever stands anywhere."""
    name, path = place
    parser(name)(changed(payload(name), path, value))
    parser(name)(value if isinstance(value, dict) else {})
