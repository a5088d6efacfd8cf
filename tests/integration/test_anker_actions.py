"""Anker: actions for the plan that a system keeps itself, and for what is known of it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
import zipfile

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.joulekeeper import plan_services
from custom_components.joulekeeper.const import DOMAIN
from custom_components.joulekeeper.system_services import EXPORTS
from custom_components.joulekeeper.vendors.anker import settings_actions, use_time
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er

from ..clouds import AnkerCloud
from .accounts import add_account
from .conftest import ANKER, ANKER_BANK, ANKER_C, ANKER_NOON, House, OpenAnkerHouse
from .keeping import MINUTE

LEFT, RIGHT = "FAKESB1B00000001", "FAKESB1B00000002"
ALL_WEEK = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


@pytest.fixture
async def two_banks(open_anker_house: OpenAnkerHouse) -> House[AnkerCloud]:
    """Return two first generation banks side by side."""
    return await open_anker_house(fixture="B")


@pytest.fixture
async def later(open_anker_house: OpenAnkerHouse) -> House[AnkerCloud]:
    """Return a second generation system with a meter, on its own consumption."""
    return await open_anker_house(fixture="C")


@pytest.fixture
async def ac_coupled(open_anker_house: OpenAnkerHouse) -> House[AnkerCloud]:
    """Return a system that can be charged from the grid."""
    return await open_anker_house(fixture="AC")


def writes(house: House[AnkerCloud]) -> int:
    """Return how often a parameter was written."""
    return house.cloud.requests.count("set_device_parm")


async def refused(house: House[AnkerCloud], call: Awaitable[Any]) -> str | None:
    """Return why something is refused; nothing is sent."""
    before = writes(house)
    with pytest.raises(ServiceValidationError) as error:
        await call
    assert writes(house) == before
    return error.value.translation_key


def spans(house: House[AnkerCloud]) -> list[tuple[str, str, int]]:
    """Return the slots of a day profile that the cloud holds."""
    return [
        (
            slot["start_time"],
            slot["end_time"],
            slot["appliance_loads"][0]["power"],
        )
        for slot in house.cloud.param(house.main, "4")["ranges"]
    ]


def week(
    house: House[AnkerCloud],
) -> list[tuple[list[int], list[tuple[str, str, int]]]]:
    """Return the weekly plan of the manual mode that the cloud holds."""
    return [
        (
            item["week"],
            [(it["start_time"], it["end_time"], it["power"]) for it in item["ranges"]],
        )
        for item in house.cloud.param(house.main, "6")["custom_rate_plan"]
    ]


# -- the plan of a day -----------------------------------------------------------


async def test_get_plan_of_a_day(two_banks: House[AnkerCloud]) -> None:
    """The owner's own is shown, whatever is borrowed of it."""
    house = two_banks
    await house.act("force", action="discharge", power_w=700, duration_min=30)
    (result,) = await house.act("get_plan", LEFT)
    assert result["device"] == LEFT
    plan = result["plan"]
    assert (plan["kind"], plan["min_power_w"], plan["max_power_w"]) == (
        "day",
        100,
        1600,
    )
    assert plan["slots"] == [
        {
            "start_time": start,
            "end_time": end,
            "power_w": power,
            "allow_export": True,
            "charge_priority": 80,
            "discharge_priority": False,
            "batteries_w": {LEFT: power // 2, RIGHT: power // 2},
        }
        for start, end, power in (("00:00", "10:00", 200), ("10:00", "24:00", 300))
    ]


async def test_slots_of_a_day(two_banks: House[AnkerCloud]) -> None:
    """Slots are put in, set and cleared by the rules of the app (5.3)."""
    house = two_banks
    (result,) = await house.act(
        "update_plan_slot",
        start_time="08:00",
        end_time="12:00",
        power_w=400,
        dry_run=True,
    )
    assert (result["state"], len(result["vendor_calls"])) == ("not_sent", 1)
    assert not writes(house)
    (result,) = await house.act(
        "update_plan_slot", start_time="08:00", end_time="12:00", power_w=400
    )
    assert result["state"] == "confirmed"
    assert spans(house) == [
        ("00:00", "08:00", 200),
        ("08:00", "12:00", 400),
        ("12:00", "24:00", 300),
    ]
    assert [slot["start_time"] for slot in result["plan"]["slots"]] == [
        "00:00",
        "08:00",
        "12:00",
    ]
    await house.pass_time(MINUTE)
    # One bank's power, and that of both: the other one gets what is left (5.3.5).
    await house.act(
        "update_plan_slot",
        LEFT,
        start_time="12:00",
        end_time="23:59",
        power_w=300,
        battery_power_w=100,
        charge_priority=50,
        allow_export=False,
    )
    slot = house.cloud.param(house.main, "4")["ranges"][2]
    assert [load["power"] for load in slot["device_power_loads"]] == [100, 200]
    assert (slot["power_setting_mode"], slot["end_time"]) == (2, "24:00")
    assert (slot["charge_priority"], slot["turn_on"]) == (50, False)
    await house.pass_time(MINUTE)
    await house.act("set_plan_slot", start_time="00:00", end_time="00:00", power_w=900)
    # One slot of all day is never sent as one (5.2).
    assert spans(house) == [("00:00", "12:00", 900), ("12:00", "24:00", 900)]
    await house.pass_time(MINUTE)
    (result,) = await house.act("clear_plan")
    assert result["plan"]["slots"] == []
    assert spans(house) == []


async def test_slots_that_cannot_be(two_banks: House[AnkerCloud]) -> None:
    """Bad input is told before anything is sent."""
    house = two_banks

    def slot(**fields: Any) -> Awaitable[Any]:
        times = {"start_time": "18:00", "end_time": "20:00"}
        return house.act("update_plan_slot", **(times | fields))

    backwards = slot(end_time="17:00", power_w=300)
    assert await refused(house, backwards) == "setting_slot_time_error"
    assert await refused(house, slot(plan="manual")) == "setting_no_rate_plan"
    assert await refused(house, slot(week_days=["mon"])) == "setting_no_rate_plan"
    alone = slot(battery_power_w=100)
    assert await refused(house, alone) == "setting_bank_missing"
    charge = house.act("change_backup_charge", enabled=True)
    assert await refused(house, charge) == "setting_no_grid_charge"
    tariff = house.act("change_use_time", tariff="peak")
    assert await refused(house, tariff) == "setting_no_use_time"
    cleared = house.act("clear_plan", part="backup_charge")
    assert await refused(house, cleared) == "setting_no_grid_charge"


async def test_increase_by_an_action(two_banks: House[AnkerCloud]) -> None:
    """More output so soon after a change is refused here too."""
    house = two_banks
    await house.act(
        "update_plan_slot", start_time="11:00", end_time="20:00", power_w=200
    )
    more = house.act(
        "update_plan_slot", start_time="11:00", end_time="20:00", power_w=500
    )
    assert await refused(house, more) == "setting_increase_blocked"


async def test_increase_of_a_week(later: House[AnkerCloud]) -> None:
    """Later generations are no exception; it is told how long it takes."""
    house = later

    def slot(power_w: int) -> Awaitable[Any]:
        return house.act(
            "update_plan_slot", start_time="11:00", end_time="20:00", power_w=power_w
        )

    await house.act("change_settings", settings={"usage_mode": "manual"})
    await house.pass_time(MINUTE)
    await slot(200)
    await house.pass_time(timedelta(seconds=12))
    with pytest.raises(ServiceValidationError) as error:
        await slot(300)
    assert error.value.translation_key == "setting_increase_blocked"
    placeholders = error.value.translation_placeholders or {}
    assert placeholders["cause"] == "possible again in 18 s"
    await slot(150)
    await house.pass_time(MINUTE)
    await slot(300)
    working = week(house)[1][1]
    assert ("11:00", "20:00", 300) in working


# -- the plan of a week ----------------------------------------------------------


async def test_plan_of_a_week(later: House[AnkerCloud]) -> None:
    """Weekdays are items of their own, by the rules of the app (5.4)."""
    house = later
    (result,) = await house.act("get_plan")
    plan = result["plan"]
    assert (plan["kind"], plan["usage_mode"]) == ("week", "smart_meter")
    assert plan["usage_modes"] == ["smart_meter", "manual"]
    assert plan["plans"]["manual"][0] == {
        "week_days": ["sun", "sat"],
        "slots": [{"start_time": "00:00", "end_time": "24:00", "power_w": 150}],
    }
    assert plan["plans"]["smart_plugs"] == []
    # It is Monday.
    await house.act(
        "update_plan_slot", start_time="18:00", end_time="22:00", power_w=333
    )
    working = [
        ("00:00", "07:00", 100),
        ("07:00", "18:00", 250),
        ("18:00", "22:00", 330),
        ("22:00", "24:00", 250),
    ]
    assert week(house) == [
        ([0, 6], [("00:00", "24:00", 150)]),
        ([1, 2, 3, 4, 5], working),
    ]
    await house.pass_time(MINUTE)
    # What it is to do when the mode comes back to it; the mode stays.
    assert house.cloud.param(ANKER_C, "6")["mode_type"] == 1
    await house.act(
        "set_plan_slot",
        start_time="06:00",
        end_time="23:59",
        power_w=0,
        week_days=["wed", "sat"],
    )
    assert {tuple(days): ranges for days, ranges in week(house)} == {
        (0,): [("00:00", "24:00", 150)],
        (1, 2, 4, 5): working,
        (3, 6): [("06:00", "24:00", 0)],
    }
    await house.pass_time(MINUTE)
    await house.act("clear_plan", week_days=["wed", "sat"])
    assert [days for days, _ in week(house)] == [[0], [1, 2, 4, 5]]
    await house.pass_time(MINUTE)
    await house.act("clear_plan", part="manual")
    assert week(house) == []


async def test_weeks_that_cannot_be(later: House[AnkerCloud]) -> None:
    """What a weekly plan does not have is refused."""
    house = later

    def slot(**fields: Any) -> Awaitable[Any]:
        return house.act(
            "update_plan_slot", start_time="18:00", end_time="20:00", **fields
        )

    assert await refused(house, slot(allow_export=True)) == "setting_no_day_profile"
    assert await refused(house, slot(load_type="charge")) == (
        "setting_no_charging_ranges"
    )
    days = house.act("clear_plan", part="use_time", week_days=["mon"])
    assert await refused(house, days) == "setting_no_weekdays"


# -- backup charge and times of use ----------------------------------------------


async def test_backup_charge(ac_coupled: House[AnkerCloud]) -> None:
    """It starts now and lasts three hours, unless it is told otherwise (5.4)."""
    house = ac_coupled

    def held() -> tuple[int, int, bool]:
        backup = house.cloud.param(house.main, "6")["manual_backup"]
        (span,) = backup["ranges"]
        return span["start_time"], span["end_time"], backup["switch"]

    nothing = house.act("change_backup_charge")
    assert await refused(house, nothing) == "setting_nothing_told"
    await house.act("change_backup_charge", enabled=True)
    start, end, on = held()
    assert (end - start, on) == (3 * 3600, True)
    await house.act("change_backup_charge", duration_min=45, enabled=False)
    assert held() == (start, start + 45 * 60, False)
    await house.pass_time(MINUTE)
    # Wall time of Home Assistant, here Berlin.
    await house.act(
        "change_backup_charge",
        start="2026-05-05 02:00:00",
        end="2026-05-05 04:30:00",
        enabled=True,
    )
    start, end, on = held()
    assert (start, end - start, on) == (1777939200, 9000, True)
    await house.pass_time(MINUTE)
    (result,) = await house.act("get_plan")
    assert result["plan"]["backup_charge"] == {
        "start": "2026-05-05T00:00:00+00:00",
        "end": "2026-05-05T02:30:00+00:00",
        "enabled": True,
    }
    both = house.act("change_backup_charge", end="2026-05-06 04:00", duration_min=5)
    assert await refused(house, both) == "setting_two_ends"
    backwards = house.act("change_backup_charge", end="2026-05-05 01:00:00")
    assert await refused(house, backwards) == "setting_window_backwards"
    await house.pass_time(MINUTE)
    await house.act("clear_plan", part="backup_charge")
    assert held()[2] is False


async def test_use_time(ac_coupled: House[AnkerCloud]) -> None:
    """Intervals are put in, priced and deleted without leaving gaps (5.5)."""
    house = ac_coupled

    def hours() -> list[tuple[int, int, int]]:
        (season,) = house.cloud.param(house.main, "6")["use_time"]
        return [
            (it["start_time"], it["end_time"], it["type"]) for it in season["weekday"]
        ]

    await house.act(
        "change_use_time",
        day_type="weekday",
        start_hour=11,
        end_hour=14,
        tariff="valley",
        tariff_price=0.15,
    )
    assert hours() == [
        (0, 6, 4),
        (6, 11, 3),
        (11, 14, 4),
        (14, 18, 3),
        (18, 21, 1),
        (21, 24, 3),
    ]
    (result,) = await house.act("get_plan")
    (season,) = result["plan"]["use_time"]
    assert season["weekday"][2] == {
        "start_hour": 11,
        "end_hour": 14,
        "tariff": "valley",
        "price": 0.15,
    }
    await house.pass_time(MINUTE)
    await house.act(
        "change_use_time", day_type="weekday", start_hour=11, end_hour=14, delete=True
    )
    assert hours() == [(0, 6, 4), (6, 18, 3), (18, 21, 1), (21, 24, 3)]
    await house.pass_time(MINUTE)
    assert await refused(house, house.act("change_use_time")) == "setting_nothing_told"
    months = house.act("change_use_time", start_month=5, end_month=3, tariff="peak")
    assert await refused(house, months) == "setting_window_backwards"
    await house.act("change_settings", settings={"usage_mode": "use_time"})
    cleared = house.act("clear_plan", part="use_time")
    assert await refused(house, cleared) == "setting_use_time_in_use"


async def test_use_time_is_never_deleted_by_the_way(
    ac_coupled: House[AnkerCloud],
) -> None:
    """What would charge from the grid, end the plan or do nothing is refused."""
    house = ac_coupled

    def deleted(**fields: Any) -> Awaitable[Any]:
        return house.act("change_use_time", delete=True, **fields)

    within = deleted(start_hour=8, end_hour=10)
    assert await refused(house, within) == "setting_nothing_deleted"
    year = deleted(start_month=1, end_month=12)
    assert await refused(house, year) == "setting_nothing_left"
    nights = {"start_hour": 18, "end_hour": 24, "tariff": "valley"}
    await house.act("change_use_time", **nights)
    await house.pass_time(MINUTE)
    day = deleted(start_hour=6, end_hour=18)
    assert await refused(house, day) == "setting_gap_to_valley"
    price = house.act("change_use_time", tariff="mid_peak", tariff_price=0.3)
    assert await refused(house, price) == "setting_tariff_missing"


def test_words_of_the_actions() -> None:
    """The actions take the words that the plans go by."""
    assert [*plan_services.DayType] == [*use_time.DayType]
    assert [*plan_services.Tariff] == [it.name.lower() for it in use_time.Tariff]
    assert tuple(plan_services.Weekday) == settings_actions.WEEKDAYS
    assert [*plan_services.WeekPlan] == [*settings_actions.PLANS]
    assert {*settings_actions.PLANS} < {*plan_services.PlanPart}
    assert [*plan_services.LoadType] == [
        settings_actions.SUPPLY,
        settings_actions.CHARGE,
    ]


# -- who may not -----------------------------------------------------------------


async def test_member_sets_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_anker: Callable[..., Awaitable[AnkerCloud]],
    no_waiting: None,
) -> None:
    """A member has no settings and no plan, and nothing is asked for him (9.6)."""
    freezer.move_to(ANKER_NOON)
    await hass.config.async_set_time_zone("Europe/Berlin")
    cloud = await open_anker(fixture=("A", "C"))
    entry = await add_account(
        hass, cloud, "anker", **cloud.credentials_of(cloud.member)
    )
    house = House(hass, cloud, entry, freezer, ANKER_C)
    settable = {
        item.unique_id
        for item in er.async_entries_for_config_entry(
            er.async_get(hass), entry.entry_id
        )
        if item.domain in ("number", "select", "switch", "datetime", "time")
    }
    assert settable == {f"{ANKER_C}_api_usage"}
    assert await refused(house, house.act("get_plan")) == "plan_none"
    slot = house.act(
        "update_plan_slot", start_time="18:00", end_time="20:00", power_w=300
    )
    assert await refused(house, slot) == "plan_none"
    mode = house.act("change_settings", settings={"usage_mode": "manual"})
    assert await refused(house, mode) == "setting_unknown"
    for label in ("get_device_parm", "get_cutoff", "get_site_price"):
        assert cloud.requests.count(label) == 0


async def test_devices_without_a_plan(open_anker_house: OpenAnkerHouse) -> None:
    """An inverter alone has settings, and no plan."""
    house = await open_anker_house(fixture=("A", "D"))
    alone = house.act("get_plan", "FAKEMI800001")
    assert await refused(house, alone) == "plan_none"
    slot = house.act(
        "update_plan_slot",
        [ANKER, "FAKEMI800001"],
        start_time="18:00",
        end_time="20:00",
        power_w=300,
    )
    assert await refused(house, slot) == "plan_none"


# -- what is known of a system -----------------------------------------------------


async def test_system_info(anker_house: House[AnkerCloud]) -> None:
    """It is the owner's own, without anything that lets one log in."""
    house = anker_house
    (result,) = await house.act("get_system_info", ANKER_BANK)
    assert result["system"] == ANKER
    assert [item["kind"] for item in result["devices"]] == ["site", "battery"]
    assert result["devices"][1]["serial_number"] == ANKER_BANK
    answers = result["answers"]
    slots = answers[f"get_device_home_load {ANKER_BANK}"]["home_load_data"]["ranges"]
    assert slots[1]["appliance_loads"][0]["power"] == 300
    assert answers[f"get_scen_info {ANKER}"]["home_info"]["home_name"] == "Home"
    text = str(result)
    for secret in _secrets(house):
        assert secret not in text


async def test_export(open_anker_house: OpenAnkerHouse, tmp_path: Path) -> None:
    """The file has all answers, and nobody can tell whose they are."""
    house = await open_anker_house(fixture=("A", "B", "C", "D"))
    house.hass.config.config_dir = str(tmp_path)

    async def export() -> dict[str, Any]:
        response: dict[str, Any] = await house.hass.services.async_call(
            DOMAIN,
            "export_data",
            {"config_entry_id": house.entry.entry_id},
            blocking=True,
            return_response=True,
        )
        return response

    before = house.cloud.requests.total
    response = await export()
    assert house.cloud.requests.total == before
    path = Path(response["path"])
    assert path.parent == tmp_path / DOMAIN / EXPORTS
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == response["files"]
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    scenes = [name for name in content if "get_scen_info" in name]
    assert len(scenes) == 3
    assert any("home_load_data" in text for text in content.values())
    hidden = [
        *_secrets(house),
        *house.cloud.serials,
        "FAKESB",
        "FAKEMETER",
        "FAKEMI80",
        "020000AABB",
        "lab-net",
        "Balcony",
        "Left bank",
        "Fence inverter",
        "owner1",
    ]
    for text in (*content.values(), *content):
        for secret in hidden:
            assert secret not in text
    # The same device has the same name wherever it is told.
    alias = _between(content["answers/" + _file(content, "get_power_cutoff")])
    assert sum(alias in text for text in content.values()) > 2

    assert await refused(house, export()) == "export_too_soon"
    await house.pass_time(timedelta(minutes=10))
    (tmp_path / DOMAIN / EXPORTS).rename(tmp_path / "gone")
    (tmp_path / DOMAIN / EXPORTS).write_text("no folder")
    with pytest.raises(HomeAssistantError) as error:
        await export()
    assert error.value.translation_key == "export_failed"


def _secrets(house: House[AnkerCloud]) -> list[str]:
    """Return what lets one log in, and who may."""
    credentials = house.cloud.credentials
    secrets = house.entry.runtime_data.account.session.secrets()
    assert len(secrets) > 3
    return [credentials["username"], credentials["password"], *secrets]


def _file(content: dict[str, str], label: str) -> str:
    return next(name for name in content if label in name).removeprefix("answers/")


def _between(text: str) -> str:
    """Return the alias in an answer's name."""
    start = text.index("**ID-")
    return text[start : text.index("**", start + 2) + 2]
