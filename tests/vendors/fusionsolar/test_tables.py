"""What the tables make of payloads that the fake cloud's plants do not have."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.joulekeeper.core.models import (
    DeviceKind,
    DeviceReadings,
    EndpointId,
    Readings,
    Topology,
)
from custom_components.joulekeeper.descriptions import ReadingDescription
from custom_components.joulekeeper.vendors.fusionsolar.board import (
    Board,
    Evidence,
    Overrides,
)
from custom_components.joulekeeper.vendors.fusionsolar.descriptions import DESCRIPTIONS
from custom_components.joulekeeper.vendors.fusionsolar.endpoints import LIVE, STATISTICS
from custom_components.joulekeeper.vendors.fusionsolar.feeds import Statistics
from custom_components.joulekeeper.vendors.fusionsolar.flow import flow_sources
from custom_components.joulekeeper.vendors.fusionsolar.meters import MeterOverride
from custom_components.joulekeeper.vendors.fusionsolar.models import (
    PlantDevice,
    PlantPeriod,
)
from custom_components.joulekeeper.vendors.fusionsolar.options import (
    options_of,
    overrides_of,
)
from custom_components.joulekeeper.vendors.fusionsolar.readings import parse_reading
from custom_components.joulekeeper.vendors.fusionsolar.state import State

from .test_traits import Store

PLANT = "NE=1"
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
METER = {
    "active_power": 1.5,
    "active_cap": 100.0,
    "reverse_active_cap": 200.0,
    "forward_reactive_cap": 7.0,
    "reverse_reactive_cap": 8.0,
    "total_apparent_power": 1.6,
    "positive_active_peak": 1.0,
    "positive_active_power": 2.0,
    "positive_active_valley": 3.0,
    "positive_active_top": 4.0,
    "reverse_active_peak": 5.0,
    "reverse_reactive_top": 6.0,
    "ex_active_power": 0.7,
    "ex_active_cap": 11.0,
    "ex_reverse_active_cap": 12.0,
}


def plant_of(
    devices: Mapping[int, tuple[int, Mapping[str, Any] | None]],
    overrides: Overrides | None = None,
    kept: frozenset[int] = frozenset(),
    capacity_w: float | None = None,
) -> Readings:
    """Return the readings of a plant of devices: their types, and what they tell."""
    board = Board(Evidence(State(Store()), "a", overrides or Overrides()))
    known = {
        number: reading
        for number, (kind, items) in devices.items()
        if items is not None and (reading := parse_reading(items, kind)) is not None
    }
    listed = [
        PlantDevice.parse({"id": number, "stationCode": PLANT, "devTypeId": kind})
        for number, (kind, _) in devices.items()
    ]
    live = board.live(
        [item for item in listed if item is not None],
        {key: item for key, item in known.items() if key not in kept},
        capacity_w,
        NOW,
        NOW,
        {key: item for key, item in known.items() if key in kept},
    )
    readings = Readings()
    readings.put(EndpointId(LIVE.name, PLANT), live)
    return readings


def shown(readings: Readings, kind: DeviceKind, part: str = PLANT) -> dict[str, Any]:
    """Return all that the sensors of a device show."""
    own = DeviceReadings(readings, PLANT, part)
    rows: tuple[ReadingDescription, ...] = DESCRIPTIONS["sensor"]
    values = {row.key: row.value(own) for row in rows if row.device_kind is kind}
    return {key: value for key, value in values.items() if value is not None}


@pytest.mark.parametrize("export_positive", [True, False])
def test_meter(export_positive: bool) -> None:
    """Counters and tariffs follow the sign; what is not ours keeps the cloud's."""
    chosen = MeterOverride(export_positive=export_positive)
    overrides = Overrides(meters={23070: chosen})
    readings = plant_of({1: (23070, METER)}, overrides)
    values = shown(readings, DeviceKind.METER, "1")
    ways = ("export", "import") if export_positive else ("import", "export")
    positive, reverse = (f"grid_{way}_energy" for way in ways)
    assert values["grid_power"] == (-1500 if export_positive else 1500)
    assert (values[positive], values[reverse]) == (100, 200)
    assert [
        values[f"{positive}_{tariff}"]
        for tariff in ("peak", "shoulder", "off_peak", "sharp")
    ] == [1, 2, 3, 4]
    assert values[f"{reverse}_peak"] == 5
    assert f"{reverse}_sharp" not in values
    assert values["reactive_energy_positive"] == 7
    assert values["reactive_energy_reverse"] == 8
    assert values["reactive_energy_reverse_sharp"] == 6
    assert values["apparent_power"] == 1600
    assert values["external_power"] == 700
    assert values["external_energy_positive"] == 11
    assert values["external_energy_reverse"] == 12
    assert not [key for key in values if key.startswith(("phase_", "grid_voltage"))]


def test_choices_are_of_a_type() -> None:
    """A plant with a dongle's sensor and one with an EMMA can both be mended."""
    overrides = overrides_of({"emma_sign": "export", "meter_unit": "watt"})
    readings = plant_of({1: (23070, METER), 2: (47, METER), 3: (17, METER)}, overrides)
    powers = [shown(readings, DeviceKind.METER, part)["grid_power"] for part in "123"]
    assert powers == [-1500, -1.5, -1.5]
    assert options_of((47, 39)) == {
        *("sensor_sign", "sensor_unit", "battery_sign", "battery_place")
    }


def test_panel_size() -> None:
    """By the list of plants, for statistics may be refused; else by those."""
    told = plant_of({}, capacity_w=6600.0)
    assert shown(told, DeviceKind.SITE)["panel_size"] == 6600
    old = plant_of({})
    assert "panel_size" not in shown(old, DeviceKind.SITE)
    row = {"stationCode": PLANT, "collectTime": 1700000000000}
    year = PlantPeriod.parse(row | {"dataItemMap": {"installed_capacity": 5.0}})
    assert year is not None
    statistics = Statistics(day=None, month=None, year=year, years=(year,))
    old.put(EndpointId(STATISTICS.name, PLANT), statistics)
    assert shown(old, DeviceKind.SITE)["panel_size"] == 5000


def test_solar_energy_on_the_dc_side() -> None:
    """By the inverter's own sum, or by its trackers; no sum with a gap, no zero."""
    for items, energy in (
        ({"mppt_total_cap": 5.0, "mppt_1_cap": 1.0}, 5.0),
        ({"mppt_1_cap": 1.0, "mppt_2_cap": 2.5}, 3.5),
        ({"mppt_1_cap": 1.0, "mppt_2_cap": None}, None),
        ({"mppt_1_cap": 0.0}, None),
        ({}, None),
    ):
        values = shown(plant_of({1: (1, items)}), DeviceKind.INVERTER, "1")
        assert values.get("dc_energy") == energy


def test_all_years() -> None:
    """A lifetime with a year that is not known is not known."""
    rows = [
        PlantPeriod.parse(
            {"stationCode": PLANT, "collectTime": 1700000000000, "dataItemMap": items}
        )
        for items in (
            {"use_power": 10.0, "chargeCap": None, "reduction_total_co2": 0.5},
            {"use_power": 20.0, "chargeCap": 5.0, "reduction_total_co2": 0.25},
        )
    ]
    years = tuple(row for row in rows if row is not None)
    readings = plant_of({1: (39, {"ch_discharge_power": 0.0})})
    told = Statistics(day=None, month=None, year=years[-1], years=years)
    readings.put(EndpointId(STATISTICS.name, PLANT), told)
    values = shown(readings, DeviceKind.SITE)
    assert (values["load_energy"], values["co2_saved"]) == (30, 750)
    assert values["charge_energy_this_year"] == 5
    assert "charge_energy" not in values
    assert "load_energy_this_month" not in values


def test_flow_of_what_is_not_told() -> None:
    """A battery that is not told is there; a meter of another time tells no power."""
    inverter = {"active_power": 2.0, "mppt_power": 3.0}
    readings = plant_of(
        {
            1: (38, inverter),
            2: (39, None),
            3: (47, {"active_power": 500.0, "active_cap": 9.0}),
        }
    )
    (source,) = flow_sources(Topology((PLANT,), ()))
    flow = source.flow(readings)
    assert flow is not None
    assert (flow.production_w, flow.load_w) == (3000, 1500)
    assert (flow.has_battery, flow.battery_w) == (True, None)
    assert flow.measured_at == NOW
    (meter,) = flow.meters
    assert (meter.grid_w, meter.export_kwh) == (-500, 9)

    late = plant_of(
        {1: (38, inverter), 3: (47, {"active_power": 500.0, "active_cap": 9.0})},
        kept=frozenset({3}),
    )
    flow = source.flow(late)
    assert flow is not None
    assert (flow.load_w, flow.has_battery) == (None, False)
    (meter,) = flow.meters
    assert (meter.grid_w, meter.export_kwh) == (None, 9)
    assert source.flow(Readings()) is None
