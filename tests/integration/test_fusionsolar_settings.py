"""FusionSolar: settings of the owner's, set from here as tasks that end later."""

from datetime import UTC, datetime
from typing import Any

import pytest

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..clouds import FusionSolarCloud
from ..clouds.fusionsolar.inverter import BatteryMode, FeedIn, Window
from .conftest import FUSION, FusionHouse, OpenFusionHouse
from .keeping import HOUR, MINUTE

LATE = datetime(2026, 11, 20, 10, 2, 30, tzinfo=UTC)
TABLE = BatteryMode(
    "TOU",
    "chargePreference",
    3.0,
    (Window("01:00", "05:00", "charge", (1, 2, 3, 4, 5, 6, 7)),),
)
WRITES = ("batteryMode", "batteryConfiguration", "activePower", "dispatch")


@pytest.fixture
async def house(open_fusion_house: OpenFusionHouse) -> FusionHouse:
    """Return the home of fixture A, whose plant obeys at once."""
    house = await open_fusion_house(fixture="A", now=LATE)
    house.cloud.change(task_s=0)
    return house


def writes(cloud: FusionSolarCloud) -> int:
    """Return how many times something was written."""
    return sum(cloud.requests.count(label) for label in WRITES)


async def change(house: FusionHouse, **settings: Any) -> dict[str, Any]:
    """Change settings by the action."""
    (result,) = await house.act("change_settings", settings=settings)
    return result


async def choose(house: FusionHouse, key: str, option: str) -> None:
    """Choose an option as a user does."""
    await house.call("select", "select_option", key, option=option)


async def set_number(house: FusionHouse, key: str, value: float) -> None:
    """Set a number as a user does."""
    await house.call("number", "set_value", key, value=value)


# -- the working mode ----------------------------------------------------------


async def test_what_is_set_is_shown(house: FusionHouse) -> None:
    """And what is set in the app, some hours later."""
    assert house.value("select", "battery_mode") == "self_consumption"
    assert house.value("select", "feed_in_mode") == "unlimited"
    house.cloud.app_set_mode(FUSION, TABLE)
    house.cloud.app_set_feed_in(FUSION, FeedIn("6", 2.5))
    await house.pass_time(7 * HOUR)
    assert house.value("select", "battery_mode") == "time_of_use"
    assert house.value("sensor", "tou_windows") == "1"
    assert house.state("sensor", "tou_windows").attributes["windows"] == [
        {
            "start": "01:00",
            "end": "05:00",
            "mode": "charge",
            "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        }
    ]
    assert house.value("number", "grid_charge_power") == "3000"
    assert house.value("switch", "surplus_to_battery") == "on"
    assert house.value("select", "feed_in_mode") == "power"
    assert house.value("number", "feed_in_limit") == "2500"
    assert not writes(house.cloud)


async def test_table_is_set_at_once(house: FusionHouse) -> None:
    """Mode, windows and power are one task; what is not named stays."""
    result = await change(
        house,
        battery_mode="time_of_use",
        grid_charge_power=2000,
        tou_windows=[
            {"start": "01:00", "end": "04:30", "mode": "charge"},
            {
                "start": "17:00",
                "end": "21:00",
                "mode": "discharge",
                "days": ["mon", "fri"],
            },
        ],
    )
    assert result["state"] == "confirmed"
    assert writes(house.cloud) == 1
    held = house.cloud.battery_mode(FUSION)
    assert (held.operation, held.ac_charge_kw) == ("TOU", 2.0)
    assert [window.days for window in held.windows] == [(1, 2, 3, 4, 5, 6, 7), (1, 5)]
    assert house.value("select", "battery_mode") == "time_of_use"
    await house.hass.async_block_till_done()
    await house.call("switch", "turn_off", "surplus_to_battery")
    await set_number(house, "grid_charge_power", 1500)
    changed = house.cloud.battery_mode(FUSION)
    assert (changed.priority, changed.ac_charge_kw) == ("fedToGridPreference", 1.5)
    assert changed.windows == held.windows
    # Away from it and back: the table is the same, though the cloud hides it meanwhile.
    await choose(house, "battery_mode", "self_consumption")
    assert house.cloud.battery_mode(FUSION).operation == "maximumSelfConsumption"
    assert house.value("number", "grid_charge_power") == "unknown"
    await choose(house, "battery_mode", "time_of_use")
    assert house.cloud.battery_mode(FUSION) == changed
    assert writes(house.cloud) == 5


async def test_app_edit_is_not_lost(house: FusionHouse) -> None:
    """What was read last may be old, so it is read again before it is written."""
    house.cloud.app_set_mode(FUSION, TABLE)
    await house.pass_time(7 * HOUR)
    window = Window("02:00", "06:00", "charge", (6, 7))
    house.cloud.app_set_mode(
        FUSION, BatteryMode("TOU", "chargePreference", 3.0, (window,))
    )
    await set_number(house, "grid_charge_power", 2500)
    assert house.cloud.battery_mode(FUSION).windows == (window,)


async def test_nothing_is_written_that_is_so_already(house: FusionHouse) -> None:
    """Each write counts."""
    await choose(house, "battery_mode", "self_consumption")
    await choose(house, "feed_in_mode", "unlimited")
    assert not writes(house.cloud)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"battery_mode": "time_of_use"}, "setting_table_unknown"),
        ({"battery_mode": "other"}, "setting_mode_unknown"),
        ({"grid_charge_power": 1000}, "setting_not_time_of_use"),
        ({"feed_in_mode": "power"}, "setting_limit_unknown"),
        ({"feed_in_mode": "percent"}, "setting_mode_unknown"),
        ({"tou_windows": "01:00"}, "setting_value"),
        ({"tou_windows": [{"start": "1", "mode": "charge"}]}, "setting_value"),
        ({"end_of_charge_soc": 80}, "setting_value"),
        ({"battery_mode": "nonsense"}, "setting_value"),
        (
            {
                "battery_mode": "time_of_use",
                "tou_windows": [
                    {"start": "22:00", "end": "06:00", "mode": "charge"},
                ],
            },
            "setting_window_backwards",
        ),
        (
            {
                "battery_mode": "time_of_use",
                "tou_windows": [
                    {"start": "01:00", "end": "06:00", "mode": "charge"},
                    {"start": "05:00", "end": "07:00", "mode": "discharge"},
                ],
            },
            "setting_windows_overlap",
        ),
    ],
)
async def test_what_makes_no_sense(
    house: FusionHouse, settings: dict[str, Any], key: str
) -> None:
    """It is refused with the reason, and nothing is sent."""
    with pytest.raises(ServiceValidationError) as refused:
        await change(house, **settings)
    assert refused.value.translation_key == key
    assert not writes(house.cloud)


# -- limits --------------------------------------------------------------------


async def test_limits(house: FusionHouse, all_entities_enabled: None) -> None:
    """The cloud does not tell them: known is what was set last, cut by the plant."""
    result = await change(house, end_of_discharge_soc=15, max_charge_power=2500)
    assert result["state"] == "confirmed"
    assert writes(house.cloud) == 1
    held = house.cloud.battery_limits(FUSION)
    assert (held.end_of_discharge, held.max_charge_w) == (15, 2500)
    (told,) = await house.act("get_settings")
    assert told["settings"]["end_of_discharge_soc"] == 15
    assert told["settings"]["max_charge_power"] == 2500
    await house.reload()
    (told,) = await house.act("get_settings")
    assert told["settings"]["end_of_discharge_soc"] == 15


async def test_feed_in(house: FusionHouse) -> None:
    """None at all, then a power, then none to limit it."""
    await choose(house, "feed_in_mode", "zero_export")
    assert house.cloud.feed_in(FUSION).limit_w == 0
    assert house.value("select", "feed_in_mode") == "zero_export"
    await house.hass.async_block_till_done()
    assert house.value("number", "feed_in_limit") == "0"
    await set_number(house, "feed_in_limit", 3500)
    assert house.cloud.feed_in(FUSION).limit_w == 3500
    await choose(house, "feed_in_mode", "unlimited")
    assert house.cloud.feed_in(FUSION).mode == "0"
    await choose(house, "feed_in_mode", "power")
    assert house.cloud.feed_in(FUSION).limit_w == 3500


async def test_plant_without_battery(open_fusion_house: OpenFusionHouse) -> None:
    """Only its feed-in can be limited."""
    house = await open_fusion_house(fixture="C", now=LATE)
    house.cloud.change(task_s=0)
    (told,) = await house.act("get_settings")
    assert set(told["settings"]) == {"feed_in_mode"}
    result = await change(house, feed_in_limit=1000)
    assert result["state"] == "confirmed"
    assert house.cloud.feed_in(house.main).limit_w == 1000


# -- what goes wrong -----------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "key"),
    [
        ("BUSY", "task_busy"),
        ("TIMEOUT", "task_timeout"),
        ("FAILURE", "task_failed"),
        ("INVALID", "task_invalid"),
        ("EXCEPTION", "task_exception"),
    ],
)
async def test_failed_task(house: FusionHouse, outcome: Any, key: str) -> None:
    """The user is told what to do, and the old value is shown."""
    house.cloud.next_task(FUSION, outcome)
    with pytest.raises(HomeAssistantError) as failed:
        await choose(house, "feed_in_mode", "zero_export")
    assert failed.value.translation_key == key
    assert house.value("select", "feed_in_mode") == "unlimited"
    await choose(house, "feed_in_mode", "zero_export")
    assert house.value("select", "feed_in_mode") == "zero_export"


async def test_same_value_is_no_failure(house: FusionHouse) -> None:
    """Set in the app just now, to what is set here."""
    house.cloud.answer_with("readActivePower", 20004)
    house.cloud.app_set_feed_in(FUSION, FeedIn("6", 0.0))
    await choose(house, "feed_in_mode", "zero_export")
    assert house.value("select", "feed_in_mode") == "zero_export"


async def test_slow_plant(house: FusionHouse) -> None:
    """It is said that it is not confirmed; it shows as soon as it is."""
    house.cloud.change(task_s=300)
    with pytest.raises(HomeAssistantError) as waited:
        await choose(house, "feed_in_mode", "zero_export")
    assert waited.value.translation_key == "setting_unconfirmed"
    await house.pass_time(7 * MINUTE)
    assert house.value("select", "feed_in_mode") == "zero_export"


@pytest.mark.parametrize("code", [20620, 20004])
async def test_task_that_cannot_be_asked_about(house: FusionHouse, code: int) -> None:
    """Once it is taken it is not confirmed, never failed; the rest goes on."""
    house.cloud.change(task_s=30)
    house.cloud.answer_with("activePowerInfo", code, times=2)
    with pytest.raises(HomeAssistantError) as waited:
        await choose(house, "feed_in_mode", "zero_export")
    assert waited.value.translation_key == "setting_unconfirmed"
    await house.pass_time(4 * MINUTE)
    assert house.value("select", "feed_in_mode") == "zero_export"


async def test_task_that_is_never_known(house: FusionHouse) -> None:
    """What is set is shown all the same, and the task is forgotten."""
    house.cloud.answer_with("activePowerInfo", 20620, times=99)
    with pytest.raises(HomeAssistantError):
        await choose(house, "feed_in_mode", "zero_export")
    await house.pass_time(3 * MINUTE)
    assert house.value("select", "feed_in_mode") == "zero_export"
    await house.pass_time(20 * MINUTE)
    asked = house.cloud.requests.count("activePowerInfo")
    await house.pass_time(20 * MINUTE)
    assert house.cloud.requests.count("activePowerInfo") == asked


async def test_configuration_that_lags(house: FusionHouse) -> None:
    """What is read right after a success may be what was before."""
    house.cloud.change(configuration_lag_s=90)
    with pytest.raises(HomeAssistantError) as waited:
        await choose(house, "feed_in_mode", "zero_export")
    assert waited.value.translation_key == "setting_unconfirmed"
    await house.pass_time(4 * MINUTE)
    assert house.value("select", "feed_in_mode") == "zero_export"


@pytest.mark.parametrize("echo", ["flat", "none"])
async def test_limits_that_are_told_otherwise(
    house: FusionHouse, all_entities_enabled: None, echo: str
) -> None:
    """Flat, or not at all: then it is what was ordered."""
    house.cloud.change(limits_echo=echo)
    await change(house, end_of_discharge_soc=15)
    (told,) = await house.act("get_settings")
    assert told["settings"]["end_of_discharge_soc"] == 15


async def test_limit_per_phase_stays_one(house: FusionHouse) -> None:
    """Without a limit nobody tells which it is."""
    house.cloud.app_set_feed_in(FUSION, FeedIn("6", 2.5, "1"))
    await house.pass_time(7 * HOUR)
    await choose(house, "feed_in_mode", "unlimited")
    await choose(house, "feed_in_mode", "power")
    assert house.cloud.feed_in(FUSION) == FeedIn("6", 2.5, "1")


async def test_unreadable_window(house: FusionHouse) -> None:
    """It is not known what is set, which is not that nothing is."""
    house.cloud.app_set_mode(FUSION, TABLE)
    await house.pass_time(7 * HOUR)
    assert house.value("sensor", "tou_windows") == "1"
    house.cloud.app_set_mode(
        FUSION,
        BatteryMode(
            "TOU", "chargePreference", 3.0, (Window("22:00", "24:00", "charge", (1,)),)
        ),
    )
    await house.pass_time(7 * HOUR)
    assert house.value("sensor", "tou_windows") == "unknown"
    assert "windows" not in house.state("sensor", "tou_windows").attributes


async def test_mode_of_others_is_only_shown(house: FusionHouse) -> None:
    """Nothing here would tell a battery what to do that others dispatch."""
    options = house.state("select", "battery_mode").attributes["options"]
    assert options == ["self_consumption", "time_of_use", "fully_fed_to_grid"]
    house.cloud.app_set_mode(FUSION, BatteryMode("thirdPartyDispatch"))
    await house.pass_time(7 * HOUR)
    assert house.value("select", "battery_mode") == "third_party"


async def test_earlier_task_still_runs(house: FusionHouse) -> None:
    """The cloud takes one at a time."""
    house.cloud.answer_with("activePower", 20615)
    with pytest.raises(HomeAssistantError) as busy:
        await choose(house, "feed_in_mode", "zero_export")
    assert busy.value.translation_key == "task_running"


async def test_several_controllers(open_fusion_house: OpenFusionHouse) -> None:
    """Nothing can be set, and there is nothing to set it with."""
    house = await open_fusion_house(fixture="G", now=LATE)
    assert not any(
        item.entity_id.startswith(("select.", "number.", "switch."))
        for item in house.hass.states.async_all()
    )
    with pytest.raises(ServiceValidationError):
        await change(house, feed_in_mode="zero_export")


async def test_little_is_asked(house: FusionHouse) -> None:
    """What is set is read four times a day, and not after each restart."""
    await house.pass_time(MINUTE)
    for _ in range(4):
        await house.reload()
        await house.pass_time(2 * MINUTE)
    assert house.cloud.requests.count("readBatteryMode") <= 3
    assert house.cloud.requests.count("readActivePower") <= 2
    assert house.cloud.over_quota == {}
