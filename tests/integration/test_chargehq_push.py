"""What is pushed when, from sites and from entities, through a whole Home Assistant."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.core import HomeAssistant

from ..clouds import ChargeHqCloud, Fault
from .accounts import submit
from .chargehq_home import (
    BATTERY,
    CHARGE,
    GRID,
    HOUR,
    IMPORTED,
    LOAD,
    MINUTE,
    PICKED,
    SECOND,
    SOLAR,
    STATES,
    STORED,
    Target,
    add_target,
    disable_sensors_of,
    gaps,
    key_form,
    now,
    reconfigure,
    set_options,
    set_states,
    truth_of,
)
from .conftest import EVENING, INVERTER, NOON, OpenAlphaHouse, OpenHouse

type Open = Callable[..., Any]


@pytest.fixture(name="cloud")
async def cloud_fixture(
    freezer: FrozenDateTimeFactory, open_chargehq: Open
) -> ChargeHqCloud:
    """Return the service, at noon."""
    freezer.move_to(NOON)
    cloud: ChargeHqCloud = await open_chargehq()
    return cloud


async def add_picked(
    hass: HomeAssistant,
    cloud: ChargeHqCloud,
    freezer: FrozenDateTimeFactory,
    **changes: Any,
) -> Target:
    """Add a target fed by entities, with some roles changed or left out."""
    picked = {key: item for key, item in {**PICKED, **changes}.items() if item}
    return await add_target(hass, cloud, freezer, picked=picked)


# -- from a site ---------------------------------------------------------------


@pytest.mark.parametrize("time", [NOON, EVENING])
async def test_redback_site_for_an_hour(
    hass: HomeAssistant,
    open_house: OpenHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
    time: Any,
) -> None:
    """Each telemetry once a minute, in balance, equal to what the house does."""
    house = await open_house(fixture="A", now=time)
    samples = house.cloud.inverter(INVERTER).samples
    cloud = await open_chargehq(
        truth=lambda at: next(
            (truth_of(s.reading) for s in samples if abs(s.time - at) < SECOND), None
        )
    )
    target = await add_target(hass, cloud, freezer)
    await target.pass_time(HOUR)
    assert cloud.flags == set()
    assert 58 <= len(cloud.accepted) <= 70
    assert min(gaps(cloud)) >= 30
    # Telemetry that comes a second late is pushed after the usual push without it.
    assert max(gaps(cloud)) <= 62
    measured = [push.body["tsms"] for push in cloud.accepted[2:]]
    assert len(set(measured)) >= 57
    for key in (
        "production_kw",
        "net_import_kw",
        "consumption_kw",
        "battery_discharge_kw",
    ):
        errors = cloud.errors_kw(key)
        assert len(errors) >= 55, key
        assert max(errors) < 0.006, key
    assert {"imported_kwh", "exported_kwh", "battery_soc"} <= set(
        cloud.accepted[-1].meters
    )
    assert "battery_energy_kwh" not in cloud.accepted[-1].meters


async def test_alphaess_site_for_an_hour(
    hass: HomeAssistant,
    open_alpha_house: OpenAlphaHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Live values tell no time; each new block is pushed, none sooner than 30 s."""
    await open_alpha_house(fixture="A")
    cloud = await open_chargehq()
    target = await add_target(hass, cloud, freezer)
    await target.pass_time(HOUR)
    assert cloud.flags == set()
    assert min(gaps(cloud)) >= 30
    assert max(gaps(cloud)) <= 61
    assert 60 <= len(cloud.accepted) <= 120
    assert not any("tsms" in push.body for push in cloud.accepted)
    assert not any("exported_kwh" in push.meters for push in cloud.accepted)
    assert all("consumption_kw" in push.meters for push in cloud.accepted)


async def test_alphaess_history_is_delayed(
    hass: HomeAssistant,
    open_alpha_house: OpenAlphaHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Where only the history is told, a sample goes out with its own time."""
    house = await open_alpha_house(fixture="A")
    house.cloud.faults.add(
        "getLastPowerData", Fault.EDIT, edit=lambda body: body | {"data": None}
    )
    cloud = await open_chargehq()
    target = await add_target(hass, cloud, freezer)
    await target.pass_time(HOUR)
    delayed = [push for push in cloud.accepted if "tsms" in push.body]
    assert len(delayed) > 40
    assert cloud.flags == set()
    assert {push.at - push.measured_at > MINUTE for push in delayed} == {True, False}
    age = (now(target) - cloud.pushes[-1].measured_at).total_seconds()
    assert float(target.value("sensor", "payload_age")) == pytest.approx(age, abs=60)


async def test_site_is_polled_for_the_target_alone(
    hass: HomeAssistant,
    open_house: OpenHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Nobody else wants the telemetry, and still it is fetched; paused it is too."""
    house = await open_house(fixture="A")
    disable_sensors_of(hass, house.entry)
    await house.reload()
    cloud = await open_chargehq()
    target = await add_target(hass, cloud, freezer)
    house.cloud.requests.clear()
    await target.pass_time(timedelta(minutes=10))
    assert 9 <= house.cloud.requests.count("dynamic") <= 11
    assert house.cloud.requests.count("configuration") == 0
    assert len({push.body["tsms"] for push in cloud.accepted}) >= 9


async def test_inverters_of_a_site_are_summed(
    hass: HomeAssistant,
    open_house: OpenHouse,
    open_chargehq: Open,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Not only the first inverter counts; one that is silent leaves the sum unknown."""
    house = await open_house(fixture="E")
    account = house.cloud.accounts[0]
    site, inverters = next(
        (key, items) for key, items in account.sites().items() if len(items) > 1
    )
    cloud = await open_chargehq()
    target = await add_target(hass, cloud, freezer, site=site)
    await target.pass_time(3 * MINUTE)
    pushed = cloud.accepted[-1].meters["production_kw"]
    flows = [item.samples[-1].reading.flow for item in inverters]
    assert all(flow.pv_w > 100 for flow in flows)
    assert pushed == pytest.approx(sum(flow.pv_w for flow in flows) / 1000, abs=0.3)


# -- from entities -------------------------------------------------------------


async def test_units_and_signs_of_entities(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """The dossier's own example, out of kW, W, Wh and MWh."""
    set_states(hass)
    await add_picked(hass, cloud, freezer)
    (push,) = cloud.pushes
    assert push.body == {
        "siteMeters": {
            "production_kw": 4.2,
            "net_import_kw": -1.85,
            "consumption_kw": 1.15,
            "imported_kwh": 4310.02,
            "exported_kwh": 9120.55,
            "battery_discharge_kw": -1.2,
            "battery_soc": 0.64,
            "battery_energy_kwh": 6.4,
        }
    }
    assert not push.flags


async def test_inverted_signs(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """Export + and charge + are turned round."""
    set_states(hass, {**STATES, GRID: (1.85, "kW"), BATTERY: (1200, "W")})
    await add_picked(hass, cloud, freezer, invert_grid=True, invert_battery=True)
    meters = cloud.pushes[0].meters
    assert meters["net_import_kw"] == -1.85
    assert meters["battery_discharge_kw"] == -1.2
    assert meters["consumption_kw"] == 1.15


async def test_consumption_in_place_of_the_meter(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """Import is worked out; several entities of solar and consumption are added up."""
    set_states(
        hass,
        {**STATES, "sensor.shed": (300, "W"), LOAD: (1, "kW"), "sensor.car": (3, "kW")},
    )
    await add_picked(
        hass,
        cloud,
        freezer,
        solar_power=[SOLAR, "sensor.shed"],
        load_power=[LOAD, "sensor.car"],
        grid_power=None,
        grid_import_energy=None,
        grid_export_energy=None,
    )
    meters = cloud.pushes[0].meters
    assert meters["production_kw"] == 4.5
    assert meters["consumption_kw"] == 4
    assert meters["net_import_kw"] == 0.7
    assert not cloud.flags


async def test_unavailable_is_never_zero(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """What is not known is left out with all that hangs on it; 0 is sent as 0."""
    set_states(hass, {**STATES, BATTERY: (0, "W"), CHARGE: (0, "%")})
    target = await add_picked(hass, cloud, freezer)
    assert cloud.pushes[0].meters["battery_discharge_kw"] == 0
    assert cloud.pushes[0].meters["battery_soc"] == 0
    set_states(hass, {GRID: ("unavailable", "W"), STORED: ("unknown", "Wh")})
    await target.pass_time(MINUTE)
    assert set(cloud.pushes[-1].meters) == {
        "production_kw",
        "imported_kwh",
        "exported_kwh",
        "battery_discharge_kw",
        "battery_soc",
    }
    # Where there is solar, it is told, or else that it is not known.
    set_states(hass, {**STATES, SOLAR: ("nan", "kW")})
    await target.pass_time(3 * MINUTE)
    assert set(cloud.pushes[-1].body) == {"error"}
    assert target.value("sensor", "push_source") == "no_data"
    assert not cloud.flags


async def test_inverter_that_sleeps(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """Off by night, it gives nothing; where all is off, nothing is told."""
    freezer.move_to(EVENING)
    set_states(hass, {SOLAR: ("unavailable", "kW"), GRID: (400, "W")})
    target = await add_target(
        hass, cloud, freezer, picked={"solar_power": [SOLAR], "grid_power": GRID}
    )
    assert cloud.pushes[-1].meters == {
        "production_kw": 0,
        "net_import_kw": 0.4,
        "consumption_kw": 0.4,
    }
    set_states(hass, {GRID: ("unavailable", "W")})
    await target.pass_time(4 * MINUTE)
    assert cloud.pushes[-1].error


@pytest.mark.parametrize(
    ("grid_w", "minutes", "source"), [(-4360, 5, "mismatch"), (700, 19, "stale")]
)
async def test_dead_solar_sensor(
    hass: HomeAssistant,
    cloud: ChargeHqCloud,
    freezer: FrozenDateTimeFactory,
    grid_w: float,
    minutes: int,
    source: str,
) -> None:
    """0 at noon, and never again a word: no production of 0, no negative consumption."""
    states: dict[str, tuple[float | str, str]] = {SOLAR: (0, "kW"), GRID: (300, "W")}
    set_states(hass, states)
    target = await add_target(
        hass, cloud, freezer, picked={"solar_power": [SOLAR], "grid_power": GRID}
    )
    cloud.pushes.clear()
    for _ in range(minutes):
        set_states(hass, {GRID: (grid_w, "W")})
        await target.pass_time(MINUTE)
    assert target.value("sensor", "push_source") == source
    assert cloud.pushes[-1].error
    assert all(item.meters["consumption_kw"] >= 0 for item in cloud.accepted)
    set_states(hass, {SOLAR: (5, "kW")})
    await target.pass_time(MINUTE)
    assert cloud.pushes[-1].meters["consumption_kw"] == pytest.approx(5 + grid_w / 1000)


async def test_what_may_rest(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """Panels by night, a battery and its charge: for hours, but for days neither."""
    freezer.move_to(EVENING)
    set_states(hass, {**STATES, **dict.fromkeys((SOLAR, BATTERY, GRID), (0, "W"))})
    target = await add_picked(hass, cloud, freezer)
    for hours, rests in ((7, True), (18, False)):
        await hass.config_entries.async_unload(target.entry.entry_id)
        freezer.tick(hours * 3600)
        set_states(hass, {GRID: (400, "W")} if rests else {SOLAR: (0, "W")})
        cloud.pushes.clear()
        await hass.config_entries.async_setup(target.entry.entry_id)
        await target.pass_time(2 * MINUTE)
        meters = cloud.pushes[-1].meters
        assert meters["production_kw"] == 0
        assert ("battery_discharge_kw" in meters) is rests
        assert ("battery_soc" in meters) is rests
        assert ("imported_kwh" in meters) is rests
        assert ("consumption_kw" in meters) is rests


async def test_totals_that_fall(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """A counter that begins anew is left out until it is higher, over reloads too."""
    set_states(hass)
    target = await add_picked(hass, cloud, freezer)
    await target.pass_time(MINUTE)
    set_states(hass, {IMPORTED: (0.1, "kWh")})
    await target.pass_time(MINUTE)
    assert "imported_kwh" not in cloud.pushes[-1].meters
    assert cloud.pushes[-1].meters["exported_kwh"] == 9120.55
    await set_options(target, use_battery=False)
    await target.pass_time(2 * MINUTE)
    assert "imported_kwh" not in cloud.pushes[-1].meters
    set_states(hass, {IMPORTED: (4310.03, "kWh")})
    await target.pass_time(MINUTE)
    assert cloud.pushes[-1].meters["imported_kwh"] == 4310.03
    assert not cloud.flags
    # A source that is chosen anew begins anew.
    set_states(hass, {IMPORTED: (0.2, "kWh")})
    freezer.tick(31)
    flow = await reconfigure(hass, target)
    flow = await submit(hass, flow, key_form(cloud))
    flow = await submit(hass, flow, dict(PICKED))
    assert flow["reason"] == "reconfigure_successful"
    await target.pass_time(MINUTE)
    assert cloud.pushes[-1].meters["imported_kwh"] == 0.2


async def test_stale_entities(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """A power that is frozen counts as unknown, unless it rests at 0."""
    set_states(hass, {**STATES, BATTERY: (0, "W")})
    target = await add_picked(hass, cloud, freezer)
    for minute in range(16):
        set_states(hass, {SOLAR: (4 + minute / 100, "kW")})
        await target.pass_time(MINUTE)
    meters = cloud.pushes[-1].meters
    assert "net_import_kw" not in meters
    assert meters["battery_discharge_kw"] == 0
    assert meters["battery_soc"] == 0.64
    # Reported again with the same value: fresh.
    set_states(hass, {GRID: (-1850, "W")})
    await target.pass_time(MINUTE)
    assert cloud.pushes[-1].meters["net_import_kw"] == -1.85
    # Nothing at all is reported any more.
    await target.pass_time(20 * MINUTE)
    assert cloud.pushes[-1].error
    assert target.value("sensor", "push_source") == "stale"
    await set_options(target, max_age_min=0)
    await target.pass_time(2 * MINUTE)
    assert cloud.pushes[-1].meters["net_import_kw"] == -1.85


async def test_entities_without_the_battery(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """The toggle takes the battery's keys out, and the rest is in balance by itself."""
    set_states(hass)
    target = await add_picked(hass, cloud, freezer)
    await set_options(target, use_battery=False)
    await target.pass_time(MINUTE)
    meters = cloud.pushes[-1].meters
    assert meters["consumption_kw"] == 2.35
    assert not {key for key in meters if key.startswith("battery")}
    assert not cloud.flags


# -- when ----------------------------------------------------------------------


async def test_cadence_of_entities(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """Each minute while nothing changes; with news sooner, but never within 30 s."""
    set_states(hass)
    target = await add_picked(hass, cloud, freezer)
    await target.pass_time(timedelta(minutes=10))
    assert set(gaps(cloud)[1:]) == {60}
    cloud.pushes.clear()
    for second in range(300):
        set_states(hass, {SOLAR: (4 + second / 1000, "kW")})
        await target.pass_time(SECOND)
    assert 30 <= min(gaps(cloud)) <= max(gaps(cloud)) <= 33
    assert len(cloud.pushes) in (9, 10)
    cloud.pushes.clear()
    # News shortly after a push, then silence: told as soon as it may be.
    await target.pass_time(2 * MINUTE)
    last = cloud.pushes[-1].at
    set_states(hass, {SOLAR: (1, "kW")})
    await target.pass_time(32 * SECOND)
    assert cloud.pushes[-1].meters["production_kw"] == 1
    assert 30 <= (cloud.pushes[-1].at - last).total_seconds() <= 60
    assert not cloud.flags


async def test_updates_of_one_moment_go_together(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """Solar first, the meter a second later: never one without the other."""
    set_states(hass)
    target = await add_picked(hass, cloud, freezer)
    await target.pass_time(70 * SECOND)
    count = len(cloud.pushes)
    set_states(hass, {SOLAR: (2, "kW")})
    await target.pass_time(SECOND)
    set_states(hass, {GRID: (350, "W")})
    await target.pass_time(5 * SECOND)
    assert len(cloud.pushes) == count + 1
    assert cloud.pushes[-1].meters["production_kw"] == 2
    assert cloud.pushes[-1].meters["net_import_kw"] == 0.35


async def test_reloads_do_not_push_too_fast(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """Options that are changed again and again are no reason for more pushes."""
    set_states(hass)
    target = await add_picked(hass, cloud, freezer)
    for turn in range(10):
        await set_options(target, use_battery=bool(turn % 2))
        await target.pass_time(5 * SECOND)
    assert not cloud.flags
    assert min(gaps(cloud)) >= 30


async def test_one_push_at_a_time(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """The pause counts from when a slow push is over."""
    set_states(hass)
    target = await add_picked(hass, cloud, freezer)
    cloud.faults.add("push", Fault.EDIT, edit=lambda body: freezer.tick(15) or body)
    for second in range(200):
        set_states(hass, {SOLAR: (4 + second / 1000, "kW")})
        await target.pass_time(SECOND)
    assert min(gaps(cloud)[1:]) >= 45


async def test_pause(
    hass: HomeAssistant, cloud: ChargeHqCloud, freezer: FrozenDateTimeFactory
) -> None:
    """The switch stops everything, over a reload too, and starts again at once."""
    set_states(hass)
    target = await add_picked(hass, cloud, freezer)
    await target.pass_time(2 * MINUTE)
    await target.call("switch", "turn_off", "push")
    count = cloud.requests.total
    set_states(hass, {SOLAR: (1, "kW")})
    await target.pass_time(10 * MINUTE)
    # What was told last grows old meanwhile.
    assert 600 <= float(target.value("sensor", "payload_age")) <= 660
    await target.reload()
    assert target.value("sensor", "payload_age") == "unknown"
    assert target.value("switch", "push") == "off"
    await set_options(target, use_battery=False)
    set_states(hass, dict.fromkeys((SOLAR, GRID, BATTERY), ("unavailable", "W")))
    await target.pass_time(10 * MINUTE)
    assert cloud.requests.total == count
    set_states(hass)
    await target.call("switch", "turn_on", "push")
    await target.pass_time(2 * SECOND)
    assert target.value("switch", "push") == "on"
    assert cloud.requests.total == count + 1
    assert cloud.pushes[-1].meters["production_kw"] == 4.2


async def test_entities_of_the_target(
    hass: HomeAssistant,
    cloud: ChargeHqCloud,
    freezer: FrozenDateTimeFactory,
    all_entities_enabled: None,
) -> None:
    """When, what came of it, how old it was, and the powers as they went out."""
    set_states(hass)
    target = await add_picked(hass, cloud, freezer)
    assert target.value("sensor", "last_push") == "unknown"
    assert target.value("sensor", "payload_age") == "unknown"
    await target.pass_time(MINUTE)
    assert target.value("sensor", "push_result") == "accepted"
    assert target.value("sensor", "push_source") == "ok"
    assert target.value("sensor", "payload_age") == "0"
    assert target.value("sensor", "last_push") == cloud.pushes[-1].at.isoformat(
        timespec="seconds"
    )
    shown = {
        key: float(target.value("sensor", f"pushed_{key}"))
        for key in ("production", "grid", "consumption", "battery", "state_of_charge")
    }
    assert shown == {
        "production": 4200,
        "grid": -1850,
        "consumption": 1150,
        "battery": -1200,
        "state_of_charge": 64,
    }
