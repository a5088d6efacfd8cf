"""An Anker system as what ChargeHQ is told of: units, signs, sums and balance."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.joulekeeper.core.flow import SiteFlow
from homeassistant.core import HomeAssistant

from .chargehq_home import MINUTE, add_target
from .conftest import ANKER_NOON, AnkerHouse, OpenAnkerHouse
from .test_anker_entities import NIGHT, truth

type Open = Callable[..., Any]


def flow_of(house: AnkerHouse, site: str | None = None) -> SiteFlow:
    """Return what the account tells of a system."""
    account = house.entry.runtime_data.account
    [source] = [
        item
        for item in account.session.flow_sources(account.topology, account.readings)
        if item.device_id == (site or house.main)
    ]
    told: SiteFlow = source.flow(account.readings)
    return told


@pytest.mark.parametrize("now", [ANKER_NOON, NIGHT])
@pytest.mark.parametrize("fixture", ["A", "B", "C", "E"])
async def test_flow(
    open_anker_house: OpenAnkerHouse, fixture: str, now: datetime
) -> None:
    """Production is the sun's alone, import and discharge are positive."""
    house = await open_anker_house(fixture=fixture, now=now)
    told, flow = flow_of(house), truth(house)
    record = house.cloud.site(house.main).record(house.cloud.clock())
    assert told.production_w == pytest.approx(flow.pv_w, abs=1)
    assert told.has_battery
    assert told.battery_w == pytest.approx(-flow.battery_w, abs=2)
    assert told.state_of_charge == pytest.approx(100 * record.soc, abs=0.6)
    assert told.stored_kwh is not None
    assert told.measured_at is not None
    assert abs((told.measured_at - record.time).total_seconds()) < 61
    if fixture in ("A", "B"):
        # Nobody knows what these houses use or buy.
        assert told.load_w is None
        assert told.meters == ()
        return
    assert told.load_w == pytest.approx(flow.load_w, abs=1)
    [meter] = told.meters
    assert meter.grid_w == pytest.approx(flow.grid_w, abs=1)


@pytest.mark.parametrize("fixture", ["STATION", "PANEL"])
async def test_no_flow(open_anker_house: OpenAnkerHouse, fixture: str) -> None:
    """Of what tells no live values ChargeHQ cannot be told anything."""
    house = await open_anker_house(
        fixture=fixture, region="com" if fixture == "PANEL" else "eu"
    )
    account = house.entry.runtime_data.account
    assert not account.session.flow_sources(account.topology, account.readings)


async def test_flow_of_what_is_silent(open_anker_house: OpenAnkerHouse) -> None:
    """A meter without connection is none, nor are the powers of a silent bank."""
    house = await open_anker_house(fixture="E")
    house.cloud.set_device_online(house.main, "FAKESHELLY0001", online=False)
    await house.pass_time(11 * MINUTE)
    [meter] = flow_of(house).meters
    assert meter.grid_w is None
    house.cloud.set_online(house.main, False)
    await house.pass_time(11 * MINUTE)
    silent = flow_of(house)
    assert (silent.production_w, silent.battery_w) == (None, None)


async def test_lone_inverter(open_anker_house: OpenAnkerHouse) -> None:
    """It tells what it gives, without a battery."""
    house = await open_anker_house(fixture="D")
    told = flow_of(house)
    assert told.production_w is not None
    assert told.production_w > 100
    assert not told.has_battery


@pytest.mark.parametrize("fixture", ["A", "C"])
async def test_pushes(
    hass: HomeAssistant,
    open_anker_house: OpenAnkerHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
    fixture: str,
) -> None:
    """What is pushed is taken, in kW and in balance."""
    house = await open_anker_house(fixture=fixture, now=NIGHT)
    cloud = await open_chargehq()
    target = await add_target(hass, cloud, freezer)
    await target.pass_time(10 * MINUTE)
    assert cloud.flags == set()
    assert cloud.accepted
    battery = -truth(house).battery_w / 1000
    told = cloud.accepted[-1].body["siteMeters"]
    assert told["battery_discharge_kw"] == pytest.approx(battery, abs=0.2)
    if fixture == "C":
        grid = truth(house).grid_w / 1000
        assert told["net_import_kw"] == pytest.approx(grid, abs=0.3)
