"""Anker: real systems, as somebody recorded them, in a whole Home Assistant (10)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
import pytest

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..clouds.anker_replay import ReplayCloud
from ..recorded import recorded
from .accounts import add_account
from .conftest import House

pytestmark = pytest.mark.usefixtures("no_waiting", "all_entities_enabled")

BERLIN: Final = ZoneInfo("Europe/Berlin")
PLAUSIBLE: Final = {
    "power": (-10_000, 10_000),
    "energy": (0, 100_000),
    "energy_storage": (0, 100_000),
    "battery": (0, 100),
    "monetary": (0, 100_000),
    "weight": (0, 100_000),
    "signal_strength": (-120, 100),
}
"""By device class."""


def taken_at(answers: Mapping[str, Any]) -> datetime:
    """Return when the answers were recorded: days of energies are those of then."""
    days = [
        item["time"]
        for name, answer in answers.items()
        if name.startswith("energy_") and "today" not in name
        for item in (answer.get("data") or {}).get("power") or ()
    ]
    for name, answer in answers.items():
        if name.startswith("scene"):
            told = answer["data"]["solarbank_info"]["updated_time"]
            moment = datetime.fromisoformat(told).replace(tzinfo=BERLIN)
            if moment.year > 1970 and (
                not days or moment.date().isoformat() == max(days)
            ):
                return (moment + timedelta(seconds=20)).astimezone(UTC)
    if days:
        noon = datetime.fromisoformat(max(days)).replace(hour=12, tzinfo=BERLIN)
        return noon.astimezone(UTC)
    return datetime(2024, 6, 1, 10, tzinfo=UTC)


async def replayed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_cloud: Any,
    answers: Mapping[str, Any],
) -> House[ReplayCloud]:
    """Add the account of a recorded system, and give it time to be read."""
    freezer.move_to(taken_at(answers))
    await hass.config.async_set_time_zone("Europe/Berlin")
    cloud = await open_cloud(ReplayCloud, answers=answers)
    entry = await add_account(hass, cloud, "anker")
    house = House(hass, cloud, entry, freezer, next(iter(cloud.serials), ""))
    await house.pass_time(timedelta(minutes=3))
    return house


def system(answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the recorded overview."""
    return next(a["data"] for n, a in answers.items() if n.startswith("scene"))


def shown(house: House[Any], device: str, key: str) -> str:
    """Return what a sensor shows."""
    return house.value("sensor", key, device)


SYSTEMS = (
    "MI80_Standalone",
    "SB1_DischargePrio",
    "SB1_Dual_NoEnergy",
    "SB2_SM_ManMode_Schedule",
    "SB3_SM_Smart",
)


@pytest.mark.parametrize("name", SYSTEMS)
async def test_replay(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_cloud: Any,
    caplog: pytest.LogCaptureFixture,
    name: str,
) -> None:
    """No exception, nothing unavailable, and nothing that cannot be."""
    answers = recorded("anker_solix", name)
    house = await replayed(hass, freezer, open_cloud, answers)
    assert house.entry.state is ConfigEntryState.LOADED
    assert not [r for r in caplog.records if r.levelname in ("ERROR", "CRITICAL")]
    ours = [r for r in caplog.records if "joulekeeper" in r.name]
    assert not [r.message for r in ours if r.levelname == "WARNING"]
    states = [
        state
        for state in hass.states.async_all()
        if state.entity_id.split(".")[0] not in ("zone", "person", "sun")
    ]
    assert len(states) >= 8
    assert [s.entity_id for s in states if s.state == STATE_UNAVAILABLE] == []
    for state in states:
        limits = PLAUSIBLE.get(state.attributes.get("device_class", ""))
        if limits is None or state.state == STATE_UNKNOWN:
            continue
        least, most = limits
        assert least <= float(state.state) <= most, state
    coordinators = house.entry.runtime_data.account.coordinators
    assert all(item.last_update_success for item in coordinators.values())


def number(value: Any) -> float:
    """Return a recorded number, with its unit or without."""
    return float(str(value).rstrip("W"))


async def test_first_generation(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, open_cloud: Any
) -> None:
    """One Solarbank E1600: what is told is shown."""
    answers = recorded("anker_solix", "SB1_DischargePrio")
    house = await replayed(hass, freezer, open_cloud, answers)
    scene = system(answers)
    info = scene["solarbank_info"]
    [bank] = info["solarbank_list"]
    device = bank["device_sn"]
    assert number(shown(house, device, "state_of_charge")) == number(
        bank["battery_power"]
    )
    assert number(shown(house, device, "solar_power")) == number(
        bank["photovoltaic_power"]
    )
    assert number(shown(house, house.main, "solar_power")) == number(
        info["total_photovoltaic_power"]
    )
    assert number(shown(house, house.main, "yield_total")) == pytest.approx(
        number(scene["statistics"][0]["total"])
    )
    assert number(shown(house, house.main, "savings_total")) == pytest.approx(
        number(scene["statistics"][2]["total"])
    )
    assert dt_util.utcnow() - datetime.fromisoformat(
        shown(house, house.main, "last_reading")
    ) < timedelta(minutes=5)


async def test_two_banks(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, open_cloud: Any
) -> None:
    """Both discharge: the totals are those of both, each has its share."""
    answers = recorded("anker_solix", "SB1_Dual_NoEnergy")
    house = await replayed(hass, freezer, open_cloud, answers)
    info = system(answers)["solarbank_info"]
    powers = []
    for bank in info["solarbank_list"]:
        device = bank["device_sn"]
        powers.append(number(shown(house, device, "battery_power")))
        flow = number(bank["output_power"]) - number(bank["photovoltaic_power"])
        # Ours is positive when it discharges.
        assert powers[-1] == pytest.approx(flow)
        assert number(shown(house, device, "state_of_charge")) == number(
            bank["battery_power"]
        )
    assert min(powers) > 100
    assert number(shown(house, house.main, "battery_power")) == pytest.approx(
        sum(powers)
    )
    assert number(shown(house, house.main, "state_of_charge")) == pytest.approx(
        100 * number(info["total_battery_power"])
    )


async def test_second_generation(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, open_cloud: Any
) -> None:
    """A Solarbank 2 with a meter in manual mode."""
    answers = recorded("anker_solix", "SB2_SM_ManMode_Schedule")
    house = await replayed(hass, freezer, open_cloud, answers)
    scene = system(answers)
    [meter] = scene["grid_info"]["grid_list"]
    assert house.value("select", "usage_mode") == "manual"
    grid = scene["grid_info"]
    flow = number(grid["grid_to_home_power"]) - number(
        grid["photovoltaic_to_grid_power"]
    )
    assert number(shown(house, meter["device_sn"], "grid_power")) == flow
    assert number(shown(house, house.main, "load_power")) == number(
        scene["home_load_power"]
    )
    assert number(shown(house, house.main, "yield_total")) == pytest.approx(
        number(scene["statistics"][0]["total"])
    )


async def test_third_generation(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, open_cloud: Any
) -> None:
    """A Solarbank 3 in AI mode with dynamic prices, and an MI80 beside it."""
    answers = recorded("anker_solix", "SB3_SM_Smart")
    house = await replayed(hass, freezer, open_cloud, answers)
    scene = system(answers)
    [bank] = scene["solarbank_info"]["solarbank_list"]
    assert number(shown(house, bank["device_sn"], "state_of_charge")) == number(
        bank["battery_power"]
    )
    assert house.value("select", "usage_mode") == "smart"
    assert number(shown(house, house.main, "solar_power")) == number(
        scene["solarbank_info"]["total_photovoltaic_power"]
    )
    trend = next(
        answer["data"]["today_price_trend"]
        for name, answer in answers.items()
        if name.startswith("dynamic_price_details")
    )
    spots = [number(item["price"]) / 1000 for item in trend]
    assert min(spots) <= number(shown(house, house.main, "spot_price")) <= max(spots)
    energy = next(
        answer["data"]
        for name, answer in answers.items()
        if name.startswith("energy_solar_production_") and "pv" not in name
        if "today" not in name and "micro" not in name
    )
    assert number(shown(house, house.main, "solar_energy_today")) == pytest.approx(
        number(energy["power"][-1]["value"]), abs=0.01
    )


PARTS: Final = {
    "solar_energy_today": (
        ("solar_to_load_energy_today", "solar_to_battery_energy_today"),
        ("grid_export_energy_today",),
    ),
    "grid_import_energy_today": (
        ("grid_to_load_energy_today", "grid_charge_energy_today"),
    ),
    "discharge_energy_today": (("battery_to_load_energy_today",),),
    "load_energy_today": (
        ("solar_to_load_energy_today", "battery_to_load_energy_today"),
        ("grid_to_load_energy_today",),
    ),
}
"""Energies, and what is part of them."""


def balance(house: House[Any], slack: float = 0.05) -> set[str]:
    """Check that no part of an energy is more than it; return what is known."""

    def energy(key: str) -> float | None:
        entity = er.async_get(house.hass).async_get_entity_id(
            "sensor", "joulekeeper", f"{house.main}_{key}"
        )
        state = house.hass.states.get(entity) if entity else None
        if state is None or state.state == STATE_UNKNOWN:
            return None
        return float(state.state)

    known = set()
    for whole, groups in PARTS.items():
        parts = [key for group in groups for key in group]
        sizes = [size for key in parts if (size := energy(key)) is not None]
        if (most := energy(whole)) is not None:
            assert sum(sizes) <= most + slack, whole
            known.add(whole)
    charged, solar = energy("charge_energy_today"), energy("solar_energy_today")
    if charged is not None and solar is not None:
        assert charged <= solar + (energy("grid_charge_energy_today") or 0) + slack
        known.add("charge_energy_today")
    return known


@pytest.mark.parametrize(
    "name", ["SB1_DischargePrio", "SB2_SM_ManMode_Schedule", "SB3_SM_Smart"]
)
async def test_parts_of_energies(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, open_cloud: Any, name: str
) -> None:
    """The record holds two days: their totals are not shown as those of today."""
    house = await replayed(hass, freezer, open_cloud, recorded("anker_solix", name))
    assert "solar_energy_today" in balance(house)


def of_today(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return answers about today alone: its totals were recorded with its curve."""
    made = dict(answers)
    for name, answer in answers.items():
        today = answers.get(f"energy_{_kind(name)}_today_{name.rpartition('_')[2]}")
        if not name.startswith("energy_") or "_today_" in name or today is None:
            continue
        days = {
            key: (answer["data"].get(key) or [])[-1:]
            for key in ("power", "charge_trend")
        }
        made[name] = {**answer, "data": {**today["data"], **days}}
    return made


def _kind(name: str) -> str:
    return name.removeprefix("energy_").rpartition("_")[0]


async def test_energies_of_one_day(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, open_cloud: Any
) -> None:
    """Of a Solarbank 3 with a meter all energies fit together."""
    answers = of_today(recorded("anker_solix", "SB3_SM_Smart"))
    house = await replayed(hass, freezer, open_cloud, answers)
    assert balance(house) == {*PARTS, "charge_energy_today"}
    for key, energy in {
        "solar_energy_today": 1.91,
        "charge_energy_today": 0.17,
        "grid_to_load_energy_today": 5.18,
        "grid_import_energy_today": 5.19,
        "load_energy_today": 6.94,
        "battery_share_today": 9,
    }.items():
        assert number(shown(house, house.main, key)) == pytest.approx(energy), key


async def test_inverter_alone(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, open_cloud: Any
) -> None:
    """An MI80 without a system: real numbers, and its limit."""
    answers = recorded("anker_solix", "MI80_Standalone")
    house = await replayed(hass, freezer, open_cloud, answers)
    [status] = next(
        a["data"]["pvStatuses"]
        for n, a in answers.items()
        if n.startswith("device_pv_status")
    )
    totals = next(
        a["data"] for n, a in answers.items() if n.startswith("device_pv_total")
    )
    device = status["sn"]
    assert number(shown(house, device, "solar_power")) == status["power"]
    assert number(shown(house, device, "yield_total")) == pytest.approx(
        totals["energy"]
    )
