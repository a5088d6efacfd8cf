"""What each vendor's readings say of the flows of a site."""

from datetime import UTC, datetime, timedelta
from typing import Any

from custom_components.joulekeeper.core.flow import MeterKind, SiteFlow, SiteMeter
from custom_components.joulekeeper.core.models import (
    EndpointId,
    Reading,
    Readings,
    Topology,
    Unit,
)
from custom_components.joulekeeper.vendors.alphaess import endpoints as alphaess
from custom_components.joulekeeper.vendors.alphaess.flow import (
    flow_sources as alphaess_sources,
)
from custom_components.joulekeeper.vendors.alphaess.models import LivePower, System
from custom_components.joulekeeper.vendors.alphaess.power import Power, PowerSource
from custom_components.joulekeeper.vendors.redback.endpoints import DYNAMIC
from custom_components.joulekeeper.vendors.redback.flow import (
    flow_sources as redback_sources,
)
from custom_components.joulekeeper.vendors.redback.models import Dynamic

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
SENSOR = MeterKind.POWER_SENSOR


def put(readings: Readings, reading: Reading[Any], serial: str, payload: Any) -> None:
    """Let an endpoint deliver."""
    readings.put(EndpointId(reading.name, serial), payload)


def telemetry(serial: str, *, minutes: float = 0, **changes: Any) -> Dynamic:
    """Return the telemetry of a Redback inverter some minutes ago."""
    raw = {
        "TimestampUtc": (NOW - timedelta(minutes=minutes)).isoformat(),
        "Phases": [
            {
                "Id": "A",
                "ActiveExportedPowerInstantaneouskW": 1.85,
                "ActiveImportedPowerInstantaneouskW": 0,
                "VoltageInstantaneousV": 240,
            }
        ],
        "PvPowerInstantaneouskW": 4.2,
        "ImportAllTimeEnergykWh": 10.5,
        "ExportAllTimeEnergykWh": 20.25,
        "BatterySoCInstantaneous0to1": 0.01,
        "BatteryPowerNegativeIsChargingkW": -1.2,
    }
    return Dynamic.parse(raw | changes, serial)


def test_redback_inverters_of_a_site() -> None:
    """All of them count, and nothing does before all have delivered."""
    readings = Readings()
    topology = Topology(("S", "T"), (Unit("1", "S"), Unit("2", "S"), Unit("3", "T")))
    first, second = redback_sources(topology)
    assert [first.device_id, second.device_id] == ["S", "T"]
    assert {item.device_id for item in first.endpoints} == {"1", "2"}
    put(readings, DYNAMIC, "1", telemetry("1"))
    assert first.flow(readings) is None
    no_battery: dict[str, Any] = {
        "BatterySoCInstantaneous0to1": None,
        "BatteryPowerNegativeIsChargingkW": None,
    }
    put(readings, DYNAMIC, "2", telemetry("2", minutes=1, **no_battery))
    assert first.flow(readings) == SiteFlow(
        production_w=8400,
        has_battery=True,
        battery_w=-1200,
        state_of_charge=1,
        measured_at=NOW - timedelta(minutes=1),
        meters=(SiteMeter(kind=SENSOR, grid_w=-3700, import_kwh=21, export_kwh=40.5),),
    )
    silent = telemetry("2", **no_battery).without_measurements()
    put(readings, DYNAMIC, "2", silent)
    flow = first.flow(readings)
    assert flow is not None
    assert flow.production_w is None
    assert flow.meters[0].grid_w is None
    assert flow.meters[0].import_kwh == 21
    assert second.flow(readings) is None


def live(**changes: Any) -> LivePower:
    """Return the live power of an AlphaESS system."""
    raw = {"ppv": 4200, "pgrid": -1850, "pbat": -1200, "soc": 1, "pload": 1150}
    return LivePower.parse(raw | changes)


def test_alphaess_system() -> None:
    """Live values tell no time, samples of the history do."""
    readings = Readings()
    (source,) = alphaess_sources(Topology((), (Unit("A", "A"),)))
    assert source.flow(readings) is None
    power = Power(source=PowerSource.LIVE, time=NOW, flow=live())
    put(readings, alphaess.POWER, "A", power)
    expected = SiteFlow(
        production_w=4200,
        load_w=1150,
        has_battery=True,
        battery_w=-1200,
        state_of_charge=1,
        meters=(SiteMeter(kind=SENSOR, grid_w=-1850),),
    )
    assert source.flow(readings) == expected
    delayed = Power(source=PowerSource.HISTORY, time=NOW, flow=live())
    put(readings, alphaess.POWER, "A", delayed)
    flow = source.flow(readings)
    assert flow is not None
    assert flow.measured_at == NOW


def test_alphaess_system_without_a_battery() -> None:
    """It tells a battery of 0 W and 0 %, which is none; an empty one is one."""
    readings = Readings()
    (source,) = alphaess_sources(Topology((), (Unit("A", "A"),)))
    empty = Power(source=PowerSource.LIVE, time=NOW, flow=live(pbat=0, soc=0))
    put(readings, alphaess.POWER, "A", empty)
    for capacity, fitted in ((0, False), (10.1, True)):
        system = System.parse({"sysSn": "A", "cobat": capacity})
        put(readings, alphaess.SYSTEM, "A", system)
        flow = source.flow(readings)
        assert flow is not None
        assert flow.has_battery is fitted
