"""Anker: what an owner sets of his systems, and what the cloud gets of it."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.joulekeeper.vendors.anker.client import AnkerClient
from custom_components.joulekeeper.vendors.base import VendorCall
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..clouds.anker import Behaviour
from ..clouds.anker.context import Ask
from ..clouds.anker.price_api import PriceApi
from .conftest import ANKER, ANKER_BANK, ANKER_C, AnkerHouse, OpenAnkerHouse
from .keeping import MINUTE

B = "11111111-2222-4333-8444-00000000000b"
LEFT, RIGHT = "FAKESB1B00000001", "FAKESB1B00000002"
SB3 = "11111111-2222-4333-8444-00000000000e"
MI80 = "FAKEMI800001"
HALF_A_MINUTE = timedelta(seconds=31)

type Sent = list[VendorCall]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Return what is sent to the cloud to change something, as it goes out."""
    calls: Sent = []
    send = AnkerClient.send

    async def note(client: AnkerClient, call: VendorCall) -> None:
        calls.append(call)
        await send(client, call)

    monkeypatch.setattr(AnkerClient, "send", note)
    return calls


@pytest.fixture
async def two_banks(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return two first generation banks side by side."""
    return await open_anker_house(fixture="B")


@pytest.fixture
async def later(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return a second generation system with a meter, on its own consumption."""
    return await open_anker_house(fixture="C")


@pytest.fixture
async def third(open_anker_house: OpenAnkerHouse) -> AnkerHouse:
    """Return a third generation system."""
    return await open_anker_house(fixture="E")


def body(call: VendorCall) -> dict[str, Any]:
    """Return the body of a call, a parameter in it decoded."""
    told = dict(call.body or {})
    if "param_data" in told:
        told["param_data"] = json.loads(told["param_data"])
    return told


def slots(call: VendorCall) -> list[dict[str, Any]]:
    """Return the slots of a day profile that is written."""
    ranges: list[dict[str, Any]] = body(call)["param_data"]["ranges"]
    return ranges


async def set_number(
    house: AnkerHouse, key: str, value: float, device: str | None = None
) -> None:
    """Set a number as a user does."""
    await house.call("number", "set_value", key, device, value=value)


async def choose(
    house: AnkerHouse, key: str, option: str, device: str | None = None
) -> None:
    """Choose an option as a user does."""
    await house.call("select", "select_option", key, device, option=option)


async def refused(call: Awaitable[Any], sent: Sent) -> str | None:
    """Return why something cannot be set; nothing is sent."""
    before = len(sent)
    with pytest.raises(ServiceValidationError) as error:
        await call
    assert len(sent) == before
    return error.value.translation_key


def keys(house: AnkerHouse, *platforms: str) -> set[str]:
    """Return the ids of the entities of some platforms that there are."""
    return {
        state.entity_id
        for state in house.hass.states.async_all(platforms)
        if "_new_" not in state.entity_id
    }


# -- Solarbank 1 -----------------------------------------------------------------


async def test_slot_of_now(anker_house: AnkerHouse, sent: Sent) -> None:
    """Only the slot of now changes; all else goes back as it was read (5.2, 5.3)."""
    house = anker_house
    before = house.cloud.param(ANKER, "4")
    assert house.value("number", "home_preset") == "300"
    assert house.value("switch", "allow_export") == "on"
    assert house.value("switch", "discharge_priority") == "off"
    await set_number(house, "home_preset", 250)
    (call,) = sent
    assert call.path == "/power_service/v1/site/set_site_device_param"
    told = body(call)
    assert (told["site_id"], told["param_type"], told["cmd"]) == (ANKER, "4", 17)
    first, second = slots(call)
    assert first == before["ranges"][0]
    assert second == before["ranges"][1] | {
        "appliance_loads": [{"id": 0, "name": "Custom", "power": 250, "number": 1}],
        "device_power_loads": [{"device_sn": ANKER_BANK, "power": 125}],
    }
    rest = before.keys() - {"ranges"}
    assert {key: told["param_data"][key] for key in rest} == {
        key: before[key] for key in rest
    }
    assert house.value("number", "home_preset") == "250"
    await house.call("switch", "turn_off", "allow_export")
    await house.pass_time(MINUTE)
    await house.call("switch", "turn_on", "discharge_priority")
    await house.act("change_settings", settings={"charge_priority": 60})
    await house.pass_time(MINUTE)
    slot = house.cloud.param(ANKER, "4")["ranges"][1]
    assert slot["turn_on"] is False
    assert slot["priority_discharge_switch"] == 1
    assert slot["charge_priority"] == 60
    assert house.value("number", "home_preset") == "250"
    assert house.value("switch", "allow_export") == "off"
    # What is so already costs nothing.
    await set_number(house, "home_preset", 250)
    await house.call("switch", "turn_off", "allow_export")
    assert len(sent) == 4
    await house.pass_time(12 * 60 * MINUTE)
    assert house.value("number", "home_preset") == "200"
    assert house.value("switch", "allow_export") == "on"


async def test_increase_has_to_wait(anker_house: AnkerHouse, sent: Sent) -> None:
    """More output so soon after a change is refused; less never is (5.3)."""
    house = anker_house
    await set_number(house, "home_preset", 200)
    assert await refused(set_number(house, "home_preset", 210), sent) == (
        "setting_increase_blocked"
    )
    assert house.value("number", "home_preset") == "200"
    await set_number(house, "home_preset", 150)
    await house.pass_time(HALF_A_MINUTE)
    await set_number(house, "home_preset", 210)
    assert house.value("number", "home_preset") == "210"


async def test_limits_of_the_device(two_banks: AnkerHouse, sent: Sent) -> None:
    """Two banks give up to 1600 W together, and each between 50 and 800 W."""
    house = two_banks
    state = house.state("number", "home_preset", B)
    assert (state.attributes["min"], state.attributes["max"]) == (100, 1600)
    assert (state.attributes["step"], state.attributes["unit_of_measurement"]) == (
        10,
        "W",
    )
    state = house.state("number", "battery_preset", LEFT)
    assert (state.attributes["min"], state.attributes["max"]) == (50, 800)
    assert await refused(set_number(house, "home_preset", 1610, B), sent) == (
        "out_of_range"
    )
    result = house.act("change_settings", settings={"home_preset": 90})
    assert await refused(result, sent) == "setting_value"


async def test_limit_of_a_bank(two_banks: AnkerHouse, sent: Sent) -> None:
    """It is what the profile tells of it, of one bank as of both."""
    house = two_banks
    house.cloud.app_sets(B, "4", house.cloud.param(B, "4") | {"max_load": 600})
    await house.pass_time(11 * MINUTE)
    assert house.state("number", "home_preset", B).attributes["max"] == 1200
    assert house.state("number", "battery_preset", LEFT).attributes["max"] == 600
    result = set_number(house, "battery_preset", 605, LEFT)
    assert await refused(result, sent) == "out_of_range"


async def test_power_share(two_banks: AnkerHouse, sent: Sent) -> None:
    """One bank's power makes the mode an advanced one (5.6, 9.3)."""
    house = two_banks
    assert house.value("number", "battery_preset", LEFT) == "150"
    await set_number(house, "battery_preset", 100, LEFT)
    first, second = slots(sent[0])
    assert first["power_setting_mode"] == 1
    assert second["appliance_loads"] == [
        {"id": 0, "name": "Custom", "power": 250, "number": 1}
    ]
    assert second["power_setting_mode"] == 2
    assert second["device_power_loads"] == [
        {"device_sn": LEFT, "power": 100},
        {"device_sn": RIGHT, "power": 150},
    ]
    assert house.value("number", "home_preset", B) == "250"
    await house.pass_time(HALF_A_MINUTE)
    await set_number(house, "home_preset", 240, B)
    slot = slots(sent[1])[1]
    assert slot["power_setting_mode"] == 1
    assert house.value("number", "battery_preset", RIGHT) == "120"


async def test_quick_changes_are_one_write(anker_house: AnkerHouse, sent: Sent) -> None:
    """What is set at the same time goes out together, and all are told of it."""
    house = anker_house
    await asyncio.gather(
        set_number(house, "home_preset", 150),
        house.call("switch", "turn_off", "allow_export"),
    )
    (call,) = sent
    slot = slots(call)[1]
    assert slot["appliance_loads"][0]["power"] == 150
    assert slot["turn_on"] is False


async def test_never_a_single_slot(
    open_anker_house: OpenAnkerHouse, sent: Sent
) -> None:
    """Where there is no slot one of all day is made, and sent as two (5.2)."""
    house = await open_anker_house(fixture="A")
    house.cloud.app_sets_profile(ANKER, [])
    await house.pass_time(11 * MINUTE)
    assert house.value("number", "home_preset") == "200"
    assert house.value("switch", "allow_export") == "unknown"
    await set_number(house, "home_preset", 150)
    spans = [(slot["start_time"], slot["end_time"]) for slot in slots(sent[0])]
    assert spans == [("00:00", "12:00"), ("12:00", "24:00")]
    assert {slot["appliance_loads"][0]["power"] for slot in slots(sent[0])} == {150}


async def test_lying_cloud(anker_house: AnkerHouse, sent: Sent) -> None:
    """What the cloud takes and does not show is no success."""
    house = anker_house
    house.cloud.change(lies=True)
    with pytest.raises(HomeAssistantError) as error:
        await set_number(house, "home_preset", 150)
    assert error.value.translation_key == "setting_unconfirmed"
    # It may still come, in up to six minutes.
    assert house.value("number", "home_preset") == "150"
    with pytest.raises(HomeAssistantError):
        await choose(house, "soc_reserve", "5", ANKER_BANK)
    assert house.value("select", "soc_reserve", ANKER_BANK) == "10"
    await house.pass_time(31 * MINUTE)
    assert house.value("number", "home_preset") == "300"
    assert len(sent) == 2


async def test_late_cloud(anker_house: AnkerHouse, sent: Sent) -> None:
    """What comes minutes later is shown as asked meanwhile, and not sent again."""
    house = anker_house
    house.cloud.change(stored_after_s=90)
    with pytest.raises(HomeAssistantError) as error:
        await set_number(house, "home_preset", 250)
    assert error.value.translation_key == "setting_unconfirmed"
    assert house.value("number", "home_preset") == "250"
    with pytest.raises(HomeAssistantError):
        await choose(house, "soc_reserve", "5", ANKER_BANK)
    await house.pass_time(11 * MINUTE)
    assert house.value("number", "home_preset") == "250"
    await house.pass_time(50 * MINUTE)
    assert house.value("number", "home_preset") == "250"
    assert house.value("select", "soc_reserve", ANKER_BANK) == "5"
    assert len(sent) == 2


async def test_edit_while_borrowed(anker_house: AnkerHouse) -> None:
    """Ours goes on, and is never shown as if it were the owner's."""
    house = anker_house
    await house.act("force", action="discharge", power_w=500, duration_min=30)
    assert house.value("number", "home_preset") == "300"
    await set_number(house, "home_preset", 250)
    assert house.value("number", "home_preset") == "250"
    await house.pass_time(10 * MINUTE)
    assert house.cloud.truth(ANKER).output_w == pytest.approx(500, abs=5)
    await house.pass_time(30 * MINUTE)
    assert house.value("number", "home_preset") == "250"
    assert (
        house.cloud.param(ANKER, "4")["ranges"][1]["appliance_loads"][0]["power"] == 250
    )


async def test_reserve(anker_house: AnkerHouse, sent: Sent) -> None:
    """The reserve is chosen by its id (4.7), also after the app has changed it."""
    house = anker_house
    state = house.state("select", "soc_reserve", ANKER_BANK)
    assert (state.state, state.attributes["options"]) == ("10", ["5", "10"])
    await choose(house, "soc_reserve", "5", ANKER_BANK)
    assert sent[0].path == "/power_service/v1/app/compatible/set_power_cutoff"
    assert sent[0].body == {"device_sn": ANKER_BANK, "cutoff_data_id": 2}
    assert house.value("select", "soc_reserve", ANKER_BANK) == "5"
    house.cloud.app_sets_cutoff(ANKER, ANKER_BANK, 1)
    await choose(house, "soc_reserve", "5", ANKER_BANK)
    assert len(sent) == 2
    await choose(house, "soc_reserve", "5", ANKER_BANK)
    assert len(sent) == 2


async def test_auto_upgrade(two_banks: AnkerHouse, sent: Sent) -> None:
    """Only the device that is named changes (4.8)."""
    house = two_banks
    assert house.value("switch", "auto_upgrade", LEFT) == "off"
    await house.call("switch", "turn_on", "auto_upgrade", LEFT)
    assert sent[0].body == {
        "main_switch": True,
        "device_list": [{"device_sn": LEFT, "auto_upgrade": True}],
    }
    assert house.value("switch", "auto_upgrade", LEFT) == "on"
    assert house.value("switch", "auto_upgrade", RIGHT) == "off"
    await house.call("switch", "turn_off", "auto_upgrade", LEFT)
    assert house.value("switch", "auto_upgrade", LEFT) == "off"


async def test_price(anker_house: AnkerHouse, sent: Sent) -> None:
    """A price goes out with all that belongs to it (4.10)."""
    house = anker_house
    state = house.state("number", "fixed_price")
    assert (state.state, state.attributes["unit_of_measurement"]) == ("0.31", "EUR/kWh")
    assert house.state("select", "price_type").attributes["options"] == ["fixed"]
    await set_number(house, "fixed_price", 0.3355)
    assert sent[0].path == "/power_service/v1/site/update_site_price"
    assert sent[0].body == {
        "site_id": ANKER,
        "price": 0.3355,
        "site_price_unit": "€",
        "site_co2": 0,
        "accuracy": 5,
        "price_type": "fixed",
        "current_mode": 0,
    }
    assert house.value("number", "fixed_price") == "0.3355"


# -- Solarbank 2 and 3 -----------------------------------------------------------


async def test_usage_mode(later: AnkerHouse, sent: Sent) -> None:
    """Only what the system has parts for is offered (5.4)."""
    house = later
    state = house.state("select", "usage_mode")
    assert state.state == "smart_meter"
    assert state.attributes["options"] == ["smart_meter", "manual"]
    # Its output is what the house needs.
    assert house.value("number", "home_preset") == "unknown"
    assert await refused(set_number(house, "home_preset", 300), sent) == (
        "setting_preset_not_in_mode"
    )
    result = house.act("change_settings", settings={"usage_mode": "smart_plugs"})
    assert await refused(result, sent) == "setting_mode_not_offered"
    await house.act(
        "change_settings", settings={"home_preset": 304, "usage_mode": "manual"}
    )
    (call,) = sent
    plan = house.cloud.param(ANKER_C, "6")
    told = body(call)
    assert (told["param_type"], told["cmd"]) == ("6", 17)
    assert told["param_data"] == {
        "mode_type": 3,
        "custom_rate_plan": [
            {
                "index": 0,
                "week": [0, 6],
                "ranges": [{"start_time": "00:00", "end_time": "24:00", "power": 150}],
            },
            {
                "index": 1,
                "week": [1, 2, 3, 4, 5],
                "ranges": [
                    {"start_time": "00:00", "end_time": "07:00", "power": 100},
                    {"start_time": "07:00", "end_time": "24:00", "power": 300},
                ],
            },
        ],
        "blend_plan": [],
    }
    assert plan["mode_type"] == 3
    assert house.value("select", "usage_mode") == "manual"
    assert house.value("number", "home_preset") == "300"
    await choose(house, "usage_mode", "smart_meter")
    assert body(sent[1])["param_data"]["mode_type"] == 1


async def test_no_reserve_of_a_second_generation(later: AnkerHouse) -> None:
    """What would reach nothing but the app is not offered (4.7)."""
    assert not [name for name in keys(later, "select") if "reserve" in name]
    assert not [name for name in keys(later, "switch") if "allow_export" in name]


async def test_grid(later: AnkerHouse, sent: Sent) -> None:
    """Feeding in is blocked by a switch that means the reverse (4.12)."""
    house = later
    assert house.value("switch", "grid_feed_in") == "on"
    await house.call("switch", "turn_off", "grid_feed_in")
    assert body(sent[0])["param_type"] == "18"
    assert body(sent[0])["param_data"] == {"switch_0w": 1}
    assert house.value("switch", "grid_feed_in") == "off"
    assert house.value("number", "feed_in_limit") == "unknown"
    await set_number(house, "feed_in_limit", 600)
    assert body(sent[1])["param_data"] == {"feed-in_power_limit": 600}
    assert house.value("number", "feed_in_limit") == "600"
    # To the cloud 0 is no limit at all.
    state = house.state("number", "feed_in_limit")
    assert (state.attributes["min"], state.attributes["max"]) == (10, 800)
    assert await refused(set_number(house, "feed_in_limit", 0), sent) == "out_of_range"
    result = house.act("change_settings", settings={"feed_in_limit": 0})
    assert await refused(result, sent) == "setting_value"


async def test_no_feed_in_limit_without_a_legal_one(
    open_anker_house: OpenAnkerHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How much may be fed in is not for us to say."""
    power_limit = PriceApi.power_limit

    async def without(api: PriceApi, ask: Ask) -> Any:
        return await power_limit(api, ask) | {"legal_power_limit": 0}

    monkeypatch.setattr(PriceApi, "power_limit", without)
    house = await open_anker_house(fixture="C")
    assert house.value("switch", "grid_feed_in") == "on"
    assert not [name for name in keys(house, "number") if "feed_in" in name]


async def test_station_of_a_third_generation(third: AnkerHouse, sent: Sent) -> None:
    """Reserve and output limit are the system's own (4.12)."""
    house = third
    await choose(house, "soc_reserve", "5")
    assert body(sent[0])["param_data"] == {"id": 2}
    assert house.value("select", "soc_reserve") == "5"
    assert house.state("select", "output_limit").attributes["options"] == [
        "350",
        "600",
        "800",
        "1200",
    ]
    await choose(house, "output_limit", "800")
    assert body(sent[1])["param_type"] == "19"
    assert body(sent[1])["param_data"] == {
        "power_limit": {"limit": 800, "limit_real": 800}
    }
    assert house.value("select", "output_limit") == "800"
    assert house.value("select", "price_type") == "dynamic"
    await choose(house, "price_type", "use_time")
    told = body(sent[2])
    assert (told["price_type"], told["accuracy"]) == ("use_time", 5)
    assert told["dynamic_price"]["company"] == "Nordpool"


async def test_tariff_of_now(third: AnkerHouse, sent: Sent) -> None:
    """The tariff of the running interval and its price (5.5)."""
    house = third
    assert house.value("select", "tariff") == "off_peak"
    state = house.state("number", "tariff_price")
    assert (state.state, state.attributes["unit_of_measurement"]) == ("0.28", "EUR/kWh")
    await set_number(house, "tariff_price", 0.3)
    (season,) = body(sent[0])["param_data"]["use_time"]
    assert {"price": "0.3", "type": 3} in season["weekday_price"]
    await choose(house, "tariff", "valley")
    (season,) = body(sent[1])["param_data"]["use_time"]
    assert [item["type"] for item in season["weekday"]] == [4, 1, 3]
    assert house.value("select", "tariff") == "valley"


async def test_backup_charge(third: AnkerHouse, sent: Sent) -> None:
    """Its times are kept here; only the switch sends them (5.4)."""
    house = third
    assert house.value("switch", "backup_charge") == "off"
    start = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
    for key, at in (
        ("backup_start", start),
        ("backup_end", start + timedelta(hours=2)),
    ):
        await house.call("datetime", "set_value", key, datetime=at.isoformat())
        assert house.value("datetime", key) == at.isoformat()
    await house.pass_time(11 * MINUTE)
    assert not sent
    assert house.value("datetime", "backup_start") == start.isoformat()
    await house.call("switch", "turn_on", "backup_charge")
    (call,) = sent
    told = body(call)["param_data"]
    begin = round(start.timestamp())
    assert told["manual_backup"] == {
        "ranges": [{"start_time": begin, "end_time": begin + 7200}],
        "switch": True,
    }
    assert told.keys() == {"mode_type", "manual_backup", "use_time"}
    assert house.value("switch", "backup_charge") == "on"
    # The owner's own is what is shown once it is sent.
    house.cloud.app_sets_plan(
        SB3, manual_backup=told["manual_backup"] | {"switch": False}
    )
    await house.pass_time(11 * MINUTE)
    assert house.value("switch", "backup_charge") == "off"
    await house.call("datetime", "set_value", "backup_end", datetime=str(start))
    assert (
        await refused(house.call("switch", "turn_on", "backup_charge"), sent)
        == "setting_window_backwards"
    )
    assert house.value("switch", "backup_charge") == "off"


# -- an inverter alone, and what may not be set --------------------------------------


async def test_inverter_limit_is_never_set_fast(
    open_anker_house: OpenAnkerHouse, sent: Sent
) -> None:
    """It is stored for good: ten minutes pass between two writes (4.13, 13.18)."""
    house = await open_anker_house(fixture="D")
    assert house.value("number", "inverter_limit") == "600"
    await set_number(house, "inverter_limit", 500)
    assert sent[0].path == "/charging_pv_svc/set_aps_power"
    assert sent[0].body == {"sn": MI80, "power": 500}
    assert house.value("number", "inverter_limit") == "500"
    assert await refused(set_number(house, "inverter_limit", 510), sent) == (
        "setting_limit_set_lately"
    )
    # What it is already is never written.
    await set_number(house, "inverter_limit", 500)
    await house.pass_time(10 * MINUTE)
    await set_number(house, "inverter_limit", 510)
    assert house.cloud.inverter(MI80).limit_writes == 2
    await set_number(house, "fixed_price", 0.35)
    assert sent[-1].body == {
        "sn": MI80,
        "currencyUnit": "€",
        "tieredElecPrices": [{"from": "00:00", "to": "23:59", "price": 0.35}],
    }
    assert house.value("number", "fixed_price") == "0.35"


async def test_old_firmware(open_anker_house: OpenAnkerHouse, sent: Sent) -> None:
    """Keys that a firmware does not know are not written (13.14)."""
    house = await open_anker_house(fixture="A", behaviour=Behaviour(old_firmware=True))
    await set_number(house, "home_preset", 250)
    assert slots(sent[0])[1].keys() == {
        "id",
        "start_time",
        "end_time",
        "turn_on",
        "appliance_loads",
        "charge_priority",
    }
    with pytest.raises(AssertionError):
        house.entity_id("switch", "discharge_priority")


async def test_cascaded_bank_has_no_settings(
    open_anker_house: OpenAnkerHouse,
) -> None:
    """Another bank rules it, and is itself set as ever (5.1)."""
    house = await open_anker_house(fixture="CASCADE")
    first = "FAKESB1K00000001"
    for platform, key in (("select", "soc_reserve"), ("number", "battery_preset")):
        with pytest.raises(AssertionError):
            house.entity_id(platform, key, first)
    assert house.value("select", "usage_mode") == "smart_meter"


async def test_paused_account(anker_house: AnkerHouse, sent: Sent) -> None:
    """While the account is switched off nothing is set."""
    house = anker_house
    await house.call("switch", "turn_off", "api_usage")
    result = house.act("change_settings", settings={"home_preset": 150})
    assert await refused(result, sent) == "account_paused"
    for platform, key in (("number", "home_preset"), ("switch", "allow_export")):
        assert house.value(platform, key) == "unavailable"
