"""AlphaESS: settings of the owner's, set from here."""

import asyncio
from datetime import UTC, datetime
from threading import Event

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..clouds import Fault
from ..clouds.alphaess.chargers import ChargerStatus
from .conftest import ALPHA, ALPHA_BATTERY, AlphaHouse, OpenAlphaHouse
from .keeping import MINUTE, log

ALPHA_B = "ALX000000000002"
CHARGER = "EVX0000000001"
LATE = datetime(2026, 11, 20, 10, 0, 10, tzinfo=UTC)
"""Half past eight in the evening in Adelaide; eleven in the morning in Berlin."""
UNUSED = ("00:00", "00:00")


@pytest.fixture
async def legacy(open_alpha_house: OpenAlphaHouse) -> AlphaHouse:
    """Return a system with nothing but daily slots, in the evening."""
    house = await open_alpha_house(fixture="A", now=LATE)
    house.cloud.change(write_gap_s=0)
    return house


@pytest.fixture
async def periodic(open_alpha_house: OpenAlphaHouse) -> AlphaHouse:
    """Return an entitled system with an EV charger, before noon."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin", now=LATE)
    house.cloud.change(write_gap_s=0)
    return house


async def set_time(house: AlphaHouse, key: str, at: str) -> None:
    """Set a time as a user does."""
    await house.call("time", "set_value", key, time=at)


async def set_number(
    house: AlphaHouse, key: str, value: float, device: str | None = None
) -> None:
    """Set a number as a user does."""
    await house.call("number", "set_value", key, device, value=value)


async def breathe(house: AlphaHouse, seconds: float) -> None:
    """Move the time in small steps, while calls are under way."""
    for _ in range(round(seconds * 2)):
        house.freezer.tick(0.5)
        async_fire_time_changed(house.hass)
        for _ in range(4):
            await asyncio.to_thread(Event().wait, 0.01)


def writes(house: AlphaHouse) -> list[str]:
    """Return what was written, in order."""
    return [write.label for write in house.cloud.writes]


async def refused(house: AlphaHouse, key: str, at: str) -> str | None:
    """Return why a time cannot be set; nothing is sent."""
    before = len(house.cloud.writes)
    with pytest.raises(ServiceValidationError) as error:
        await set_time(house, key, at)
    assert len(house.cloud.writes) == before
    return error.value.translation_key


# -- daily slots ---------------------------------------------------------------


async def test_daily_settings(legacy: AlphaHouse) -> None:
    """Each entity sets what the cloud then holds, and leaves all else alone."""
    house = legacy
    assert house.value("switch", "scheduled_grid_charging") == "off"
    assert house.value("time", "charge_window_1_start") == "01:00:00"
    assert house.value("time", "charge_window_2_start") == "unknown"
    await house.call("switch", "turn_on", "scheduled_grid_charging")
    await house.call("switch", "turn_on", "discharge_windows")
    await set_number(house, "charge_limit", 85, ALPHA_BATTERY)
    await set_number(house, "discharge_floor", 15, ALPHA_BATTERY)
    await set_time(house, "charge_window_1_start", "02:15")
    # The shortest window there is, until the other edge is set.
    await set_time(house, "discharge_window_2_end", "09:00")
    assert house.value("time", "discharge_window_2_start") == "08:45:00"
    await set_time(house, "discharge_window_2_start", "07:30")
    held = house.cloud.stores(ALPHA)
    assert held.charge.grid_charge == held.discharge.ctr_dis == 1
    assert held.charge.bat_high_cap == 85
    assert held.discharge.bat_use_cap == 15
    assert held.charge.windows == (("02:15", "05:00"), UNUSED)
    assert held.discharge.windows == (UNUSED, ("07:30", "09:00"))
    assert house.value("switch", "scheduled_grid_charging") == "on"
    assert house.value("binary_sensor", "grid_charging_enabled") == "on"
    assert house.value("time", "discharge_window_2_start") == "07:30:00"
    assert house.value("sensor", "min_state_of_charge", ALPHA_BATTERY) == "15"
    assert len(house.cloud.writes) == 7
    # Equal times empty a slot.
    await set_time(house, "charge_window_1_end", "02:15")
    assert house.cloud.stores(ALPHA).charge.windows == (UNUSED, UNUSED)
    assert house.value("time", "charge_window_1_end") == "unknown"


async def test_nothing_is_written_that_is_so_already(legacy: AlphaHouse) -> None:
    """Only what changes costs a write."""
    await legacy.call("switch", "turn_off", "scheduled_grid_charging")
    await set_time(legacy, "charge_window_1_start", "01:00")
    assert not legacy.cloud.writes


async def test_refused_times(legacy: AlphaHouse) -> None:
    """What the cloud would ignore or refuse is refused, with the reason."""
    house = legacy
    assert await refused(house, "charge_window_1_start", "01:07") == "setting_off_grid"
    over = await refused(house, "charge_window_1_start", "06:00")
    assert over == "setting_over_midnight"
    await house.act(
        "change_settings",
        settings={
            "scheduled_grid_charging": True,
            "discharge_windows": True,
            "discharge_window_1_start": "05:00",
            "discharge_window_1_end": "09:00",
        },
    )
    assert await refused(house, "charge_window_1_end", "05:15") == "setting_overlap"
    assert house.value("time", "charge_window_1_end") == "05:00:00"


async def test_written_together(
    legacy: AlphaHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes within a second is one write, and all who asked get its outcome."""
    house = legacy
    package = "custom_components.joulekeeper"
    monkeypatch.setattr(f"{package}.setting_changes.COLLECT_FOR_S", 1.0)
    calls = asyncio.gather(
        set_time(house, "charge_window_1_start", "06:00"),
        set_time(house, "charge_window_1_end", "07:00"),
        set_number(house, "charge_limit", 70, ALPHA_BATTERY),
    )
    await breathe(house, 2)
    await calls
    held = house.cloud.stores(ALPHA).charge
    assert held.windows[0] == ("06:00", "07:00")
    assert held.bat_high_cap == 70
    assert writes(house) == ["updateChargeConfigInfo"]

    # While the cloud wants a pause, more may come.
    monkeypatch.setattr(f"{package}.vendors.alphaess.pace.WRITE_GAP_S", 35)
    before = asyncio.create_task(set_number(house, "charge_limit", 71, ALPHA_BATTERY))
    await breathe(house, 3)
    await before
    first = asyncio.create_task(set_number(house, "charge_limit", 72, ALPHA_BATTERY))
    await breathe(house, 10)
    assert not first.done()
    assert house.value("number", "charge_limit", ALPHA_BATTERY) == "72"
    second = asyncio.create_task(set_time(house, "charge_window_1_end", "07:30"))
    await breathe(house, 40)
    await asyncio.gather(first, second)
    held = house.cloud.stores(ALPHA).charge
    assert (held.windows[0], held.bat_high_cap) == (("06:00", "07:30"), 72)
    assert len(house.cloud.writes) == 3


# -- while something is borrowed -----------------------------------------------


async def test_edit_while_borrowed(legacy: AlphaHouse) -> None:
    """Ours goes on, is never shown as the owner's, and his edit is there afterwards."""
    house = legacy
    await house.act("force", action="charge", duration_min=45)
    lent = house.cloud.stores(ALPHA).charge
    assert lent.grid_charge == 1
    assert house.value("switch", "scheduled_grid_charging") == "off"
    assert house.value("time", "charge_window_1_start") == "01:00:00"
    await set_time(house, "charge_window_1_start", "02:00")
    await set_number(house, "charge_limit", 80, ALPHA_BATTERY)
    await set_number(house, "discharge_floor", 20, ALPHA_BATTERY)
    assert house.cloud.stores(ALPHA).charge == lent
    assert house.cloud.stores(ALPHA).discharge.bat_use_cap == 20
    assert house.value("time", "charge_window_1_start") == "02:00:00"
    assert house.value("number", "charge_limit", ALPHA_BATTERY) == "80"
    await house.reload()
    assert house.value("number", "charge_limit", ALPHA_BATTERY) == "80"
    await house.pass_time(10 * MINUTE)
    assert house.cloud.mode(ALPHA).action == "charge"
    await house.pass_time(45 * MINUTE)
    held = house.cloud.stores(ALPHA)
    assert held.charge.windows == (("02:00", "05:00"), UNUSED)
    assert (held.charge.grid_charge, held.charge.bat_high_cap) == (0, 80)
    assert held.discharge.bat_use_cap == 20
    assert house.value("number", "charge_limit", ALPHA_BATTERY) == "80"


async def test_failed_edit_while_borrowed(legacy: AlphaHouse) -> None:
    """A refused write leaves the entity as it was, and what is given back."""
    house = legacy
    before = house.cloud.stores(ALPHA)
    await house.act("force", action="charge", duration_min=30)
    house.cloud.faults.add("updateDisChargeConfigInfo", Fault.THROTTLE, times=1)
    with pytest.raises(HomeAssistantError) as error:
        await house.act(
            "change_settings", settings={"charge_limit": 60, "discharge_floor": 30}
        )
    assert error.value.translation_key == "write_rate_limited"
    assert house.value("number", "charge_limit", ALPHA_BATTERY) == "100"
    assert house.value("number", "discharge_floor", ALPHA_BATTERY) == "10"
    await house.pass_time(45 * MINUTE)
    after = house.cloud.stores(ALPHA)
    assert (after.charge, after.discharge) == (before.charge, before.discharge)


async def test_lost_answer_while_borrowed(legacy: AlphaHouse) -> None:
    """What was written all the same is the owner's, as if set in the app."""
    house = legacy
    await house.act("force", action="charge", duration_min=30)
    house.cloud.faults.add("updateDisChargeConfigInfo", Fault.DROP, done=True, times=1)
    with pytest.raises(HomeAssistantError) as error:
        await set_number(house, "discharge_floor", 30, ALPHA_BATTERY)
    assert error.value.translation_key == "write_outcome_unknown"
    await house.pass_time(45 * MINUTE)
    assert house.cloud.stores(ALPHA).discharge.bat_use_cap == 30
    assert house.value("number", "discharge_floor", ALPHA_BATTERY) == "30"


async def test_accepted_but_ignored(legacy: AlphaHouse) -> None:
    """What the cloud does not show is no success; an answer in any language is."""
    house = legacy
    house.cloud.change(localised="all")
    await set_number(house, "charge_limit", 90, ALPHA_BATTERY)
    house.cloud.faults.add("updateChargeConfigInfo", Fault.IGNORED, times=2)
    with pytest.raises(HomeAssistantError) as error:
        await set_number(house, "charge_limit", 80, ALPHA_BATTERY)
    assert error.value.translation_key == "setting_unconfirmed"
    # It may still come; asked for again it is written again.
    assert house.value("number", "charge_limit", ALPHA_BATTERY) == "80"
    (result,) = await house.act("change_settings", settings={"charge_limit": 80})
    assert (result["state"], len(result["vendor_calls"])) == ("unconfirmed", 1)
    await house.pass_time(31 * MINUTE)
    assert house.value("number", "charge_limit", ALPHA_BATTERY) == "90"
    (result,) = await house.act("change_settings", settings={"charge_limit": 80})
    assert result["state"] == "confirmed"
    assert house.value("number", "charge_limit", ALPHA_BATTERY) == "80"


async def test_app_undoes_what_was_set_here(legacy: AlphaHouse) -> None:
    """It is the owner's own word, and shown at once."""
    house = legacy
    await set_number(house, "charge_limit", 80, ALPHA_BATTERY)
    house.cloud.app_set_charge(ALPHA, ("01:00", "05:00"), grid_charge=False)
    await house.pass_time(31 * MINUTE)
    assert house.value("number", "charge_limit", ALPHA_BATTERY) == "100"


# -- the periodic schedule -----------------------------------------------------


async def test_periodic_settings(periodic: AlphaHouse) -> None:
    """A period's times, power and limit; its days stay."""
    house = periodic
    assert house.value("time", "charge_period_1_start") == "01:00:00"
    assert house.value("number", "discharge_period_1_power") == "3000"
    assert house.state("number", "charge_period_1_power").attributes["max"] == 10000
    await set_time(house, "charge_period_1_start", "02:30")
    await set_time(house, "discharge_period_1_end", "22:00")
    await set_number(house, "charge_period_1_power", 2500)
    await set_number(house, "discharge_period_1_limit", 35)
    held = house.cloud.stores(ALPHA_B).periodic
    (charge,), (discharge,) = held.charge, held.discharge
    assert (charge.span, charge.power, charge.limit) == (("02:30", "05:00"), 2500, 90)
    assert sorted(charge.weeks) == [1, 2, 3, 4, 5, 6, 7]
    assert (discharge.span, discharge.limit) == (("17:00", "22:00"), 35)
    assert sorted(discharge.weeks) == [1, 2, 3, 4, 5]
    assert (held.grid_charge, held.ctr_dis) == (1, 1)
    assert await refused(house, "charge_period_1_end", "18:00") == "setting_overlap"
    empty = await refused(house, "charge_period_1_end", "02:30")
    assert empty == "setting_window_empty"


async def test_periodic_edit_while_borrowed(periodic: AlphaHouse) -> None:
    """Ours stays a period beside his, and only his are shown and edited."""
    house = periodic
    await house.act("force", action="charge", duration_min=60, power_w=2000)
    assert len(house.cloud.stores(ALPHA_B).periodic.charge) == 2
    with pytest.raises(AssertionError):
        house.entity_id("number", "charge_period_2_limit")
    await set_number(house, "charge_period_1_limit", 55)
    lent = house.cloud.stores(ALPHA_B).periodic.charge
    assert sorted(item.limit for item in lent) == [55, 100]
    await house.pass_time(75 * MINUTE)
    (left,) = house.cloud.stores(ALPHA_B).periodic.charge
    assert (left.span, left.limit) == (("01:00", "05:00"), 55)


async def test_periods_come_and_go(periodic: AlphaHouse) -> None:
    """With everything it needs a period is added; null deletes one."""
    house = periodic
    with pytest.raises(ServiceValidationError) as error:
        await house.act("change_settings", settings={"charge_period_2_power": 1000})
    assert error.value.translation_key == "setting_period_incomplete"
    new = {
        "charge_period_2_start": "12:00",
        "charge_period_2_end": "13:00",
        "charge_period_2_power": 1500,
        "charge_period_2_limit": 80,
    }
    (rehearsed,) = await house.act("change_settings", settings=new, dry_run=True)
    assert rehearsed["state"] == "not_sent"
    assert len(rehearsed["vendor_calls"]) == 1
    assert not house.cloud.writes
    (added,) = await house.act("change_settings", settings=new)
    assert added["state"] == "confirmed"
    assert added["settings"]["charge_period_2_start"] == {
        "before": None,
        "after": "12:00",
    }
    assert added["vendor_calls"] == rehearsed["vendor_calls"]
    second = house.cloud.stores(ALPHA_B).periodic.charge[1]
    assert (second.span, second.power, second.limit) == (("12:00", "13:00"), 1500, 80)
    assert sorted(second.weeks) == [1, 2, 3, 4, 5, 6, 7]
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert house.value("time", "charge_period_2_end") == "13:00:00"
    await house.act(
        "change_settings",
        settings={
            "charge_period_1_start": None,
            "charge_period_1_end": None,
            "charge_period_2_limit": 60,
        },
    )
    (left,) = house.cloud.stores(ALPHA_B).periodic.charge
    assert (left.span, left.limit) == (("12:00", "13:00"), 60)
    assert house.value("time", "charge_period_1_start") == "12:00:00"
    assert house.value("time", "charge_period_2_start") == "unknown"


async def test_period_that_is_another_by_now(periodic: AlphaHouse) -> None:
    """What was changed in the app meanwhile is not overwritten by mistake."""
    house = periodic
    period = house.cloud.stores(ALPHA_B).periodic.discharge[0]
    house.cloud.app_set_periodic(ALPHA_B, discharge=[period])
    assert await refused(house, "charge_period_1_start", "02:00") == (
        "setting_plan_changed"
    )
    assert house.value("time", "charge_period_1_start") == "unknown"


# -- the actions ---------------------------------------------------------------


async def test_get_and_change(legacy: AlphaHouse) -> None:
    """What is returned can be sent back; all keys are checked before anything goes."""
    house = legacy
    (shown,) = await house.act("get_settings")
    assert shown["settings"]["charge_window_1_end"] == "05:00"
    assert shown["settings"]["charge_limit"] == 100
    assert "charge_period_1_start" not in shown["settings"]
    for settings, key in (
        ({"charge_limit": 90, "no_such": 1}, "setting_unknown"),
        ({"charge_limit": 101}, "setting_value"),
        ({"charge_window_1_start": 120}, "setting_value"),
        ({"charge_limit": None}, "setting_null"),
        ({"charge_window_1_start": None}, "setting_null"),
        (
            {"charge_window_1_start": None, "charge_window_1_end": "02:00"},
            "setting_null",
        ),
    ):
        with pytest.raises(ServiceValidationError) as error:
            await house.act("change_settings", settings=settings)
        assert error.value.translation_key == key
    assert not house.cloud.writes
    (done,) = await house.act(
        "change_settings",
        ALPHA_BATTERY,
        settings={
            "charge_window_1_start": None,
            "charge_window_1_end": None,
            "charge_limit": 95,
        },
    )
    assert done["settings"]["charge_limit"] == {"before": 100, "after": 95}
    held = house.cloud.stores(ALPHA).charge
    assert (held.windows, held.bat_high_cap) == ((UNUSED, UNUSED), 95)
    assert writes(house) == ["updateChargeConfigInfo"]
    (entry,) = await log(house, device=ALPHA)
    assert (entry["event"], entry["via"]) == ("change", "action")
    assert "charge_limit" in entry["reason"]
    event = house.state("event", "plan").attributes
    assert event["event_type"] == "change"


# -- EV charger ----------------------------------------------------------------


async def test_charging_switch(periodic: AlphaHouse) -> None:
    """Starts and stops, and does not send what cannot be, or is so already."""
    house = periodic
    assert house.value("switch", "charging", CHARGER) == "off"
    await house.call("switch", "turn_on", "charging", CHARGER)
    assert house.cloud.writes[-1].body["controlMode"] == 1
    assert house.value("switch", "charging", CHARGER) == "on"
    assert house.value("sensor", "charger_status", CHARGER) == "charging"
    await house.call("switch", "turn_on", "charging", CHARGER)
    await house.call("switch", "turn_off", "charging", CHARGER)
    assert house.value("sensor", "charger_status", CHARGER) == "finishing"
    await house.call("switch", "turn_off", "charging", CHARGER)
    assert writes(house) == ["remoteControlEvCharger"] * 2
    for status, key in (
        (ChargerStatus.AVAILABLE, "setting_ev_not_plugged_in"),
        (ChargerStatus.FAULTED, "setting_ev_faulted"),
    ):
        house.cloud.set_charger(ALPHA_B, status)
        with pytest.raises(ServiceValidationError) as error:
            await house.call("switch", "turn_on", "charging", CHARGER)
        assert error.value.translation_key == key
    assert len(house.cloud.writes) == 2
    # What a status of no known meaning allows is for the cloud to say.
    house.cloud.faults.add(
        "getEvChargerStatusBySn",
        Fault.EDIT,
        edit=lambda told: told | {"data": {"evchargerStatus": 7}},
    )
    with pytest.raises(HomeAssistantError) as error2:
        await house.call("switch", "turn_on", "charging", CHARGER)
    assert error2.value.translation_key == "write_rejected"


async def test_charging_switch_does_not_flap(
    periodic: AlphaHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status comes late; the switch shows what was asked until it has come."""
    house = periodic
    settle = "custom_components.joulekeeper.settle.READ_BACK_WAITS_S"
    monkeypatch.setattr(settle, (0, 2, 5, 10))
    late = house.cloud.faults.add(
        "getEvChargerStatusBySn",
        Fault.EDIT,
        edit=lambda told: told | {"data": {"evchargerStatus": 2}},
    )
    call = asyncio.create_task(house.call("switch", "turn_on", "charging", CHARGER))
    for _ in range(4):
        await breathe(house, 1)
        assert house.value("switch", "charging", CHARGER) == "on"
    assert not call.done()
    late.clear()
    await breathe(house, 15)
    await call
    assert house.value("switch", "charging", CHARGER) == "on"
    assert house.value("sensor", "charger_status", CHARGER) == "charging"


async def test_household_current(periodic: AlphaHouse) -> None:
    """The household's limit, where there is an EV charger."""
    house = periodic
    assert house.value("number", "household_current") == "25"
    await set_number(house, "household_current", 16)
    assert house.cloud.system(ALPHA_B).household_current_a == 16
    assert float(house.value("number", "household_current")) == 16
    assert house.cloud.writes[-1].body["currentsetting"] == 16
