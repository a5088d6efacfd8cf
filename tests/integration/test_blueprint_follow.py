"""The blueprints that follow an optimiser, with its sensors as it publishes them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .blueprints import (
    FOLDER,
    automate,
    automate_all,
    half_full,
    install,
    notices,
    ruling,
    settled,
    switch_off,
)
from .conftest import (
    ALPHA,
    BATTERY,
    EVENING,
    AlphaHouse,
    FusionHouse,
    House,
    OpenAlphaHouse,
    OpenFusionHouse,
    OpenHouse,
)
from .emhass import LATER, P_BATT, P_GRID, SOC, STATUS, Emhass, follow
from .keeping import HOUR, MINUTE, issues, items, running, writes

PRICE = "sensor.feed_in_price"


@pytest.fixture(autouse=True)
async def automations(hass: HomeAssistant) -> AsyncIterator[None]:
    """Switch all of them off in the end."""
    yield
    await switch_off(hass)


@pytest.fixture
async def emhass(open_house: OpenHouse, tmp_path: Path) -> Emhass:
    """Return EMHASS beside a Redback with half a battery, at night."""
    house = await half_full(open_house)
    await install(house.hass, tmp_path)
    return Emhass(house)


@pytest.mark.parametrize(
    ("battery_w", "grid_w", "mode", "watts"),
    [
        (1520.4, 260, "DischargeBattery", 1500),
        (2500, -1980, "ExportPower", 2000),
        (-1520, 2000, "ChargeBattery", 1500),
        (0, 420, "Conserve", None),
        (-99, 420, "Conserve", None),
        (420, 12, None, None),
        (60, -40, None, None),
    ],
)
async def test_signs_and_powers_of_the_plan(
    emhass: Emhass, battery_w: float, grid_w: float, mode: str | None, watts: int | None
) -> None:
    """Battery + is out, grid + is in; what is below 100 W is nothing."""
    house = emhass.house
    await follow(emhass)
    await emhass.publish(battery_w, grid_w)
    await house.pass_time(6 * MINUTE)
    held = house.cloud.inverter(house.main).plan.schedules
    assert [item.wish.mode for item in held] == ([mode] if mode else [])
    if watts:
        assert held[0].wish.watts == watts
    assert running(house) == (mode or "Auto")
    assert not notices(house.hass)
    assert not issues(house)


async def test_feed_that_stops_ends_in_auto(emhass: Emhass) -> None:
    """While it is fed the order is renewed; after the last plan it lapses by itself."""
    house = emhass.house
    await follow(emhass)
    await emhass.go_on(60, -1500, 2000)
    assert running(house) == "ChargeBattery"
    # Sent, and renewed each time that less than half of the lease was left.
    assert writes(house) <= 1 + 2 * 4
    await house.pass_time(55 * MINUTE)
    assert items(house, EVENING) == []
    assert running(house) == "Auto"
    assert house.value("binary_sensor", "schedule_active") == "off"
    count = writes(house)
    await house.pass_time(30 * MINUTE)
    assert writes(house) == count
    await emhass.go_on(10, -1500, 2000)
    assert running(house) == "ChargeBattery"
    await emhass.publish(0, 0)
    assert running(house) == "Auto"
    assert not issues(house)


@pytest.mark.parametrize(
    "plan",
    [
        {"status": "Infeasible"},
        {"status": "unknown"},
        {"hours": 0.5, "late": 40},
    ],
)
async def test_plan_that_failed_or_is_old_is_not_followed(
    emhass: Emhass, plan: dict[str, Any]
) -> None:
    """Neither is one that is published again and again, though its last hour is over."""
    house = emhass.house
    late = plan.pop("late", 0)
    if late:
        await emhass.publish(-1500, 2000, **plan)
        attributes = house.hass.states.get(P_BATT)
        assert attributes is not None
        await house.pass_time(late * MINUTE)
        await follow(emhass)
        house.hass.states.async_set(P_BATT, "-1600.00", attributes.attributes)
        house.hass.states.async_set(STATUS, "Optimal", force_update=True)
    else:
        await follow(emhass)
        await emhass.publish(-1500, 2000, **plan)
    await settled(house, 6 * MINUTE)
    assert (writes(house), running(house)) == (0, "Auto")
    await emhass.publish(-1700, 2000)
    await house.pass_time(6 * MINUTE)
    assert running(house) == "ChargeBattery"


@pytest.mark.parametrize(
    ("planned", "unit", "target"),
    [("75.20", "%", 76), ("0.752", None, 76), ("0.90", "%", None)],
)
async def test_planned_charge_in_percent_or_as_a_share(
    emhass: Emhass, planned: str, unit: str | None, target: int | None
) -> None:
    """A share is told from a percentage by its unit; what is reached is held."""
    house = emhass.house
    attributes = {} if unit is None else {"unit_of_measurement": unit}
    house.hass.states.async_set(SOC, planned, attributes)
    soc = house.entity_id("sensor", "state_of_charge", BATTERY)
    await follow(emhass, soc_forecast=SOC, battery_soc=soc)
    await emhass.publish(-1500, 2000)
    (listed,) = (
        rule for result in await house.act("list_schedules") for rule in result["rules"]
    )
    if target is None:
        assert (listed["action"], listed["target_soc"]) == ("hold", None)
    else:
        assert (listed["action"], listed["target_soc"]) == ("charge", target)


async def test_new_phase_goes_by_the_grid_of_its_own_plan(emhass: Emhass) -> None:
    """Not by that of the plan before, whose sensor is the last to be replaced."""
    house = emhass.house
    await follow(emhass)
    await emhass.go_on(10, 0, 420)
    assert await ruling(house) == [("hold", None)]
    count = writes(house)
    await emhass.publish(2500, -2000)
    assert await ruling(house) == [("export", 2000)]
    assert writes(house) == count + 2
    house.hass.states.async_set(P_GRID, "unavailable")
    house.hass.states.async_set(P_BATT, "-1500.00")
    await settled(house, 20 * MINUTE)
    assert writes(house) == count + 2
    assert running(house) == "ExportPower"


async def test_surplus_past_a_resting_battery(emhass: Emhass) -> None:
    """The site keeps it from charging, without feed-in when that costs; then it ends."""
    house = emhass.house
    house.hass.states.async_set("sensor.feed_in", "-0.05")
    await follow(emhass, feed_in_price="sensor.feed_in")
    await emhass.publish(-1500, 2000)
    assert await ruling(house) == [("charge", 1500)]
    await emhass.publish(0, -1800)
    assert await ruling(house) == [("limit", None)]
    assert running(house) == "Auto"
    house.hass.states.async_set("sensor.feed_in", "0.05")
    await emhass.go_on(10, 0, -1800)
    assert await ruling(house) == [("no_charge", None)]
    await emhass.publish(-1500, 2000)
    assert await ruling(house) == [("charge", 1500)]
    house.hass.states.async_set("sensor.feed_in", "-0.05")
    await emhass.publish(0, -1800)
    assert await ruling(house) == [("limit", None)]
    house.hass.states.async_set("sensor.feed_in", "0.3")
    await emhass.publish(2500, -2000)
    assert await ruling(house) == [("export", 2000)]
    assert not notices(house.hass)


@pytest.fixture
async def both(emhass: Emhass) -> Emhass:
    """Return EMHASS beside the automation that stops feed-in at a negative price."""
    device = emhass.house.device_id()
    await automate_all(
        emhass.house,
        {
            "follow_emhass": {"device": device},
            "negative_price_curtailment": {"device": device, "price": PRICE},
        },
    )
    return emhass


async def test_limit_by_price_outlives_what_the_plan_ends(both: Emhass) -> None:
    """Whatever is planned, the limit goes on while feeding in costs, and then ends."""
    house = both.house
    house.hass.states.async_set(PRICE, "-0.02")
    await both.publish(-1500, 2000)
    assert await ruling(house) == [("charge", 1500), ("limit", None)]
    await both.publish(0, 0)
    assert await ruling(house) == [("limit", None)]
    assert running(house) == "Auto"
    await both.go_on(10, 0, 420)
    assert await ruling(house) == [("hold", None), ("limit", None)]
    house.hass.states.async_set(PRICE, "0.03")
    await both.go_on(5, 0, 420)
    assert await ruling(house) == [("hold", None)]
    assert not issues(house)


async def test_plan_and_price_do_not_take_the_site_from_one_another(
    both: Emhass,
) -> None:
    """The limit of the price goes first; what the plan wants of the site comes after."""
    house = both.house
    await both.go_on(5, 0, -1800)
    assert await ruling(house) == [("no_charge", None)]
    house.hass.states.async_set(PRICE, "-0.02")
    await both.go_on(5, 0, -1800)
    assert await ruling(house) == [("limit", None)]
    count = writes(house)
    await both.go_on(10, 0, -1800)
    assert (await ruling(house), writes(house)) == ([("limit", None)], count)
    house.hass.states.async_set(PRICE, "0.03")
    await both.go_on(10, 0, -1800)
    assert await ruling(house) == [("no_charge", None)]


async def test_feed_in_price_that_nobody_tells_any_more(emhass: Emhass) -> None:
    """It limits nothing; neither does one whose interval is over."""
    house = emhass.house
    soon = (dt_util.utcnow() + 10 * MINUTE).isoformat()
    house.hass.states.async_set(PRICE, "-0.05", {"end_time": soon})
    await follow(emhass, feed_in_price=PRICE, price_max_age=30, lease=15)
    await emhass.go_on(5, 0, -1800)
    assert await ruling(house) == [("limit", None)]
    await emhass.go_on(35, 0, -1800)
    assert await ruling(house) == [("no_charge", None)]
    house.hass.states.async_set(PRICE, "-0.05")
    await emhass.go_on(25, 0, -1800)
    assert await ruling(house) == [("limit", None)]
    await emhass.go_on(30, 0, -1800)
    assert await ruling(house) == [("no_charge", None)]


async def test_what_works_again_is_told_no_more(
    open_alpha_house: OpenAlphaHouse, tmp_path: Path
) -> None:
    """As when the periodic schedule is granted: the notification goes by itself."""
    house = await open_alpha_house(fixture="A")
    await install(house.hass, tmp_path)
    emhass = Emhass(house)
    await follow(emhass, lease=120)
    await emhass.publish(-1500, 2000)
    key = f"joulekeeper_follow_{house.device_id()}_charge"
    await house.hass.services.async_call(
        "persistent_notification",
        "create",
        {"notification_id": key, "message": "It could not."},
        blocking=True,
    )
    await emhass.go_on(5, -1500, 2000)
    assert not notices(house.hass)


async def test_what_windows_of_a_day_cannot_do_is_told(
    open_alpha_house: OpenAlphaHouse, tmp_path: Path
) -> None:
    """It holds and charges there; discharging is left to auto, and said so."""
    house: AlphaHouse = await open_alpha_house(fixture="A")
    await install(house.hass, tmp_path)
    emhass = Emhass(house)
    await follow(emhass, lease=120)
    await emhass.publish(1500, 400)
    key = f"joulekeeper_follow_{house.device_id()}_discharge"
    assert list(notices(house.hass)) == [key]
    assert "discharge" in notices(house.hass)[key]
    assert await ruling(house) == []
    await emhass.go_on(30, -1500, 2000)
    assert await ruling(house) == [("charge", 1500)]
    # That it can charge is no news of what it cannot.
    assert list(notices(house.hass)) == [key]
    await house.pass_time(2.5 * HOUR)
    (plan,) = await house.act("list_schedules")
    assert [item for item in plan["schedules"] if item["owner"] == "own"] == []
    assert house.main == ALPHA


async def test_plant_that_knows_only_what_runs(
    open_fusion_house: OpenFusionHouse, tmp_path: Path
) -> None:
    """Charge and discharge go out as its own forced ones, and end by themselves."""
    house: FusionHouse = await open_fusion_house(fixture="A")
    await install(house.hass, tmp_path)
    emhass = Emhass(house)
    await follow(emhass, lease=60)
    await emhass.publish(-1500, 2000)
    assert await ruling(house) == [("charge", 1500)]
    await emhass.publish(0, 500)
    assert "hold" in next(iter(notices(house.hass).values()))
    assert await ruling(house) == []
    await emhass.publish(2000, 300)
    assert await ruling(house) == [("discharge", 2000)]
    await house.pass_time(85 * MINUTE)
    assert await ruling(house) == []


# -- HAEO ------------------------------------------------------------------------


class Haeo:
    """HAEO as far as Home Assistant sees it: powers in kW, with a list of what comes."""

    def __init__(self, house: House) -> None:
        """Take the house that it plans for."""
        self.house = house

    async def publish(
        self, charge: float, discharge: float, into: float, out: float, status: str
    ) -> None:
        """Set all its sensors."""
        states, now = self.house.hass.states, dt_util.now()
        states.async_set("sensor.net_optimization_status", status)
        for name, value in (
            ("battery_power_charge", charge),
            ("battery_power_discharge", discharge),
            ("grid_power_import", into),
            ("grid_power_export", out),
        ):
            forecast = [
                {"time": (now + n * 5 * MINUTE).isoformat(), "value": value}
                for n in range(288)
            ]
            states.async_set(
                f"sensor.{name}",
                str(value),
                {"unit_of_measurement": "kW", "forecast": forecast},
            )
        await settled(self.house, LATER)


@pytest.fixture
async def haeo(open_house: OpenHouse, tmp_path: Path) -> Haeo:
    """Return HAEO beside a Redback with half a battery, which follows it."""
    house = await half_full(open_house)
    await install(house.hass, tmp_path)
    await automate(
        house,
        "follow_haeo",
        device=house.device_id(),
        charge_power="sensor.battery_power_charge",
        discharge_power="sensor.battery_power_discharge",
        status="sensor.net_optimization_status",
        import_power="sensor.grid_power_import",
        export_power="sensor.grid_power_export",
    )
    return Haeo(house)


@pytest.mark.parametrize(
    ("plan", "mode", "watts"),
    [
        ((1.52, 0.0, 2.0, 0.0), "ChargeBattery", 1500),
        ((0.0, 1.5, 0.3, 0.0), "DischargeBattery", 1500),
        ((0.0, 2.5, 0.0, 2.0), "ExportPower", 2000),
        ((0.0, 0.0, 0.42, 0.0), "Conserve", None),
        ((0.0, 0.42, 0.0, 0.0), "Auto", None),
    ],
)
async def test_powers_of_haeo(
    haeo: Haeo, plan: tuple[float, ...], mode: str, watts: int | None
) -> None:
    """They are kW, charging and discharging apart."""
    await haeo.publish(*plan, status="success")
    await haeo.house.pass_time(6 * MINUTE)
    assert running(haeo.house) == mode
    for item in haeo.house.cloud.inverter(haeo.house.main).plan.schedules:
        assert watts is None or item.wish.watts == watts
    assert not notices(haeo.house.hass)


async def test_haeo_that_fails_or_is_gone_ends_in_auto(haeo: Haeo) -> None:
    """A plan that has failed is not followed; one that is being made goes on."""
    await haeo.publish(1.5, 0, 2, 0, status="failed")
    await haeo.house.pass_time(6 * MINUTE)
    assert writes(haeo.house) == 0
    await haeo.publish(1.6, 0, 2, 0, status="pending")
    await haeo.house.pass_time(6 * MINUTE)
    assert running(haeo.house) == "ChargeBattery"
    for entity in haeo.house.hass.states.async_entity_ids("sensor"):
        if entity.startswith("sensor.battery_power_"):
            haeo.house.hass.states.async_set(entity, "unavailable")
    await haeo.house.pass_time(35 * MINUTE)
    assert running(haeo.house) == "Auto"
    assert not issues(haeo.house)


def test_both_do_the_same_with_what_they_read() -> None:
    """What follows the sensors is the same text, so that none is mended alone."""
    emhass, haeo = (
        (FOLDER / "automation" / "joulekeeper" / f"follow_{name}.yaml").read_text()
        for name in ("emhass", "haeo")
    )
    assert emhass.partition("\nactions:")[2] == haeo.partition("\nactions:")[2] != ""
