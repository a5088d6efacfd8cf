"""Controllers: what was measured and what the site is, from the parsed readings."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import create_autospec
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.core.errors import NotSupported
from custom_components.joulekeeper.core.loan import Sent
from custom_components.joulekeeper.core.models import EndpointId, Readings
from custom_components.joulekeeper.core.proof import Delivery, Verdict, judge
from custom_components.joulekeeper.core.schedule import Action, Source
from custom_components.joulekeeper.core.timeline import Segment
from custom_components.joulekeeper.vendors.redback.client import RedbackClient
from custom_components.joulekeeper.vendors.redback.control import (
    InverterController,
    SiteController,
)
from custom_components.joulekeeper.vendors.redback.endpoints import (
    CONFIGURATION,
    DYNAMIC,
    ENVELOPES,
    SCHEDULES,
    STATIC,
)
from custom_components.joulekeeper.vendors.redback.models import (
    Configuration,
    Dynamic,
    Static,
)
from custom_components.joulekeeper.vendors.redback.schedule import parse_schedules
from tests.clouds import RedbackCloud
from tests.clouds.clock import SetClock
from tests.clouds.redback import Behaviour, payloads

from .conftest import NOW, SITE_A, A

MINUTE = timedelta(minutes=1)


def payload(fixture: str = "A", **behaviour: Any) -> dict[str, Any]:
    """Return what the cloud tells of a fixture's first inverter."""
    cloud = RedbackCloud(fixture=fixture, clock=SetClock(NOW))
    inverter = cloud.inverter(cloud.serials[0])
    sample = inverter.latest(NOW)
    return payloads.dynamic_data(
        inverter,
        sample,
        Behaviour(**behaviour),
        full=True,
        others=[(inverter.spec.serial, sample)],
    )


def running(mode: str | None, watts: int = 0) -> dict[str, Any]:
    """Return the part of the payload that tells the mode."""
    told = None if mode is None else {"InverterMode": mode, "PowerW": watts}
    return {"Inverters": [{"SerialNumber": A, "PowerMode": told}]}


def readings(
    dynamic: Mapping[str, Any] | None = None, configured: bool = True
) -> Readings:
    """Return what is known of system A."""
    cloud = RedbackCloud(clock=SetClock(NOW))
    inverter = cloud.inverter(A)
    known = Readings()
    if dynamic is not None:
        known.put(EndpointId(DYNAMIC.name, A), Dynamic.parse(dynamic, A))
    if configured:
        raw = payloads.configuration(inverter.spec, inverter.site)
        known.put(EndpointId(CONFIGURATION.name, A), Configuration.parse(raw))
    return known


@pytest.fixture
def client() -> Any:
    """Return a client that nothing is asked of."""
    return create_autospec(RedbackClient)


@pytest.fixture
def inverter(client: RedbackClient) -> InverterController:
    """Return the controller of an inverter."""
    return InverterController(A, client, None, None)


def test_telemetry(inverter: InverterController) -> None:
    """W and percent in our signs, and the limits that are in force."""
    raw = payload() | running("ChargeBattery", 2000)
    raw |= {
        "BatteryPowerNegativeIsChargingkW": -1.95,
        "PvPowerInstantaneouskW": 0.5,
        "BatterySoCInstantaneous0to1": 0.63,
    }
    measured = inverter.telemetry(readings(raw))
    assert measured is not None
    assert measured.time == datetime.fromisoformat(raw["TimestampUtc"])
    assert measured.period == MINUTE
    assert measured.online
    assert (measured.mode, measured.mode_word) == (Action.CHARGE, "ChargeBattery")
    assert (measured.battery_w, measured.solar_w) == (-1950, 500)
    assert measured.grid_w == Dynamic.parse(raw, A).grid_power_w
    assert (measured.state_of_charge, measured.min_state_of_charge) == (63, 20)
    assert (measured.max_charge_w, measured.max_discharge_w) == (4600, 4600)
    assert measured.max_export_w == 5000


def test_unknown_stays_unknown(inverter: InverterController) -> None:
    """Without a reading there is no telemetry, without limits there are none."""
    assert inverter.telemetry(Readings()) is None
    measured = inverter.telemetry(readings(payload("F"), configured=False))
    assert measured is not None
    assert measured.state_of_charge is measured.min_state_of_charge is None
    assert measured.max_charge_w is measured.max_export_w is None
    raw = payload() | {"Phases": None, "BatteryPowerNegativeIsChargingkW": None}
    measured = inverter.telemetry(readings(raw))
    assert measured is not None
    assert measured.battery_w is measured.grid_w is None


@pytest.mark.parametrize(
    ("told", "mode", "word", "forced"),
    [
        ("Auto", Action.AUTO, "Auto", False),
        ("conserve", Action.HOLD, "conserve", True),
        ("ExportPower", Action.EXPORT, "ExportPower", True),
        # Modes that we have no word for are not nothing.
        ("BuyPower", None, "BuyPower", True),
        ("Dance", None, "Dance", None),
        (None, None, None, None),
    ],
)
def test_mode(
    inverter: InverterController,
    told: str | None,
    mode: Action | None,
    word: str | None,
    forced: bool | None,
) -> None:
    """What the inverter says that it is doing, and whether somebody asked for it."""
    measured = inverter.telemetry(readings(payload() | running(told)))
    assert measured is not None
    assert (measured.mode, measured.mode_word) == (mode, word)
    assert measured.forced is forced


@pytest.mark.parametrize(
    ("status", "online"), [("OK", True), ("Offline", False), (None, True)]
)
def test_online(inverter: InverterController, status: str | None, online: bool) -> None:
    """Only what is said to be offline is."""
    measured = inverter.telemetry(readings(payload() | {"Status": status}))
    assert measured is not None
    assert measured.online is online


@pytest.mark.parametrize(
    ("mode", "battery_kw", "expected"),
    [
        ("ChargeBattery", -2.0, Delivery(Verdict.DELIVERING)),
        ("ChargeBattery", -0.5, Delivery(Verdict.DIFFERS, "power_differs")),
        ("Auto", -2.0, Delivery(Verdict.DIFFERS, "mode_differs")),
        ("ForceChargeBattery", -2.0, Delivery(Verdict.DIFFERS, "mode_differs")),
        (None, -2.0, Delivery(Verdict.DELIVERING)),
    ],
)
def test_proof(
    inverter: InverterController,
    mode: str | None,
    battery_kw: float,
    expected: Delivery,
) -> None:
    """What the cloud tells is what the proof needs."""
    raw = payload() | running(mode, 2000)
    raw["BatteryPowerNegativeIsChargingkW"] = battery_kw
    raw["BatterySoCInstantaneous0to1"] = 0.5
    asked = Segment(
        rule_id="abc",
        occurrence_id="abc@20261120T020000Z",
        source=Source.SERVICE,
        action=Action.CHARGE,
        start=NOW - 10 * MINUTE,
        end=NOW + 10 * MINUTE,
        power_w=2000,
    )
    assert judge(asked, inverter.telemetry(readings(raw)), NOW) == expected


def test_silent_inverter(inverter: InverterController) -> None:
    """What is kept while it is silent proves nothing, and is not taken for zero."""
    known = Readings()
    live = Dynamic.parse(payload() | running("ChargeBattery"), A)
    known.put(EndpointId(DYNAMIC.name, A), live.without_measurements())
    measured = inverter.telemetry(known)
    assert measured is not None
    assert measured.mode is measured.mode_word is measured.battery_w is None
    assert measured.grid_w is measured.state_of_charge is None


def test_evidence(client: RedbackClient, inverter: InverterController) -> None:
    """Which endpoints show the plan and what comes of it."""
    assert inverter.read_back == EndpointId(SCHEDULES.name, A)
    assert inverter.evidence == EndpointId(DYNAMIC.name, A)
    site = SiteController(SITE_A, client, A)
    assert site.read_back == EndpointId(ENVELOPES.name, SITE_A)
    assert site.evidence == EndpointId(DYNAMIC.name, A)
    known = readings(payload())
    assert site.telemetry(known) == inverter.telemetry(known)
    several = SiteController(SITE_A, client)
    assert several.evidence is None
    assert several.telemetry(known) is None


def test_time_zone(inverter: InverterController) -> None:
    """Only recurring windows tell it."""
    cloud = RedbackCloud(clock=SetClock(NOW))
    spec, site = cloud.inverter(A).spec, cloud.inverter(A).site
    known = readings(payload())
    static = payloads.static_data(site, [spec], NOW, "OK", NOW)
    known.put(EndpointId(STATIC.name, A), Static.parse(static, A))
    assert inverter.capabilities(known, None).zone is None
    daily = {
        "StartTime": "01:00:00",
        "Duration": "02:00:00",
        "DaysActive": "Everyday",
        "TimezoneIANA": "Australia/Brisbane",
        "DesiredMode": {"InverterMode": "ChargeBattery", "ArgumentInWatts": 2000},
    }
    zones = {"Australia/Brisbane": ZoneInfo("Australia/Brisbane")}
    plan = parse_schedules({"DailySchedules": [daily]}, zones)
    known.put(EndpointId(SCHEDULES.name, A), plan)
    assert inverter.programme(known, Sent()) is plan
    able = inverter.capabilities(known, None)
    assert able.zone == "Australia/Brisbane"
    assert able.supports(Action.CHARGE)
    assert able.acts_within == MINUTE


async def test_base_mode_needs_the_portal(
    client: RedbackClient, inverter: InverterController
) -> None:
    """Without it an inverter cannot be set to auto; a site never can."""
    with pytest.raises(NotSupported):
        await inverter.reset_base_mode()
    with pytest.raises(NotSupported):
        await SiteController(SITE_A, client, A).reset_base_mode()
