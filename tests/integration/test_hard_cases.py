"""Control where the cloud, the network or the user makes it hard."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.connection import systems_in_use
from custom_components.joulekeeper.core.rules import Rule
from custom_components.joulekeeper.core.schedule import Action
from custom_components.joulekeeper.rule_edits import (
    VIA_ACTION,
    Caller,
    new_id,
    starting,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from ..clouds import Fault
from ..clouds.redback import Behaviour
from .conftest import INVERTER, SITE, House, OpenHouse

HOUR = timedelta(hours=1)

ODD_CLOUDS = {
    "refuses_overlaps": Behaviour(overlap="refuse"),
    "drops_our_mark": Behaviour(notes_echoed=False),
    "refuses_the_past": Behaviour(past_start="refuse", past_grace_s=0),
    "echoes_days": Behaviour(duration_day_part=True, days_active="integer"),
    "older_token_service": Behaviour(entra_endpoint=False, expires_in="3599"),
    "forgets_cancelled": Behaviour(cancelled_listed=False, second_delete_status=400),
}


@pytest.mark.parametrize("cloud", ODD_CLOUDS)
async def test_whole_journey_on_every_kind_of_cloud(
    open_house: OpenHouse, cloud: str
) -> None:
    """Where the dossier marks a contradiction, we survive both answers."""
    house = await open_house(fixture="A", behaviour=ODD_CLOUDS[cloud])
    house.freezer.tick(timedelta(seconds=0.4))
    later = (dt_util.utcnow() + 5 * HOUR).isoformat()
    (planned,) = await house.act(
        "create_schedule", action="export", duration_min=30, power_w=900, start=later
    )
    (edited,) = await house.act(
        "update_schedule", schedule_id=planned["schedule_id"], power_w=800
    )
    (first,) = await house.act("force", action="charge", duration_min=30)
    (second,) = await house.act("force", action="discharge", duration_min=30)
    (capped,) = await house.act(
        "force", action="limit", duration_min=30, max_export_w=0
    )
    for result in (planned, edited, first, second, capped):
        assert result["state"] == "confirmed"
        assert "not_deleted" not in result
    modes = {
        item["DesiredMode"]["InverterMode"]: item["DesiredMode"]["ArgumentInWatts"]
        for item in house.cloud.schedules(INVERTER)
    }
    assert modes == {"ExportPower": 800, "DischargeBattery": 4600}

    await house.reload()
    inverter, _ = await house.act("list_schedules", include_past=True)
    assert {item["owner"] for item in inverter["schedules"]} == {"own"}
    inverter, site = await house.act("stop")
    assert [item["action"] for item in inverter["deleted"]] == ["discharge"]
    assert [item["action"] for item in site["deleted"]] == ["limit"]
    (rest,) = await house.act("delete_all_schedules")
    assert (len(rest["deleted"]), rest["state"]) == (1, "confirmed")
    assert house.cloud.schedules(INVERTER) == []


STRICT = Behaviour(overlap="refuse", past_start="refuse", past_grace_s=0)


async def test_failed_swap_puts_the_old_one_back(open_house: OpenHouse) -> None:
    """A cloud that refuses overlaps and then the new one too: nothing is lost."""
    house = await open_house(fixture="A", behaviour=STRICT)
    await house.act("force", action="charge", duration_min=30, power_w=1000)
    await house.pass_time(timedelta(seconds=90.4))
    house.cloud.faults.add("schedule_create", Fault.STATUS, status=400, times=2)
    with pytest.raises(HomeAssistantError) as error:
        await house.act("force", action="discharge", duration_min=30)
    assert error.value.translation_key == "write_rejected"
    (item,) = house.cloud.schedules(INVERTER)
    assert item["DesiredMode"]["InverterMode"] == "ChargeBattery"
    assert house.value("sensor", "active_action") == "charge"


async def test_failed_swap_of_a_limit(open_house: OpenHouse) -> None:
    """A limit is put back with a start that the cloud accepts."""
    house = await open_house(fixture="A", behaviour=STRICT)
    await house.act("force", action="limit", duration_min=30, max_export_w=0)
    await house.pass_time(timedelta(seconds=90.4))
    house.cloud.faults.add("envelope_create", Fault.STATUS, status=400, times=2)
    with pytest.raises(HomeAssistantError) as error:
        await house.act("force", action="limit", duration_min=30, max_export_w=900)
    assert error.value.translation_key == "write_rejected"
    await house.pass_time(timedelta(seconds=10))
    assert house.value("sensor", "active_max_export", SITE) == "0"


async def test_old_one_that_stays_lost_is_named(open_house: OpenHouse) -> None:
    """When not even putting back works, the user hears what is gone."""
    house = await open_house(fixture="A", behaviour=STRICT)
    await house.act("force", action="charge", duration_min=30, power_w=1000)
    house.cloud.faults.add("schedule_create", Fault.STATUS, status=400)
    with pytest.raises(HomeAssistantError) as error:
        await house.act("force", action="discharge", duration_min=30)
    assert error.value.translation_key == "schedule_lost"
    assert error.value.translation_placeholders is not None
    assert error.value.translation_placeholders["schedule"] == "Charge 1 kW"


async def test_battery_known_by_its_readings_outlives_silence(
    open_house: OpenHouse,
) -> None:
    """What was seen once stays fitted when the inverter goes offline."""
    house = await open_house(fixture="G")
    (serial,) = house.cloud.serials

    def without_capacity(body: dict[str, Any]) -> dict[str, Any]:
        site = body["Data"]["StaticData"]
        details = site["SiteDetails"] | {"BatteryCapacitykWh": None}
        return {"Data": body["Data"] | {"StaticData": site | {"SiteDetails": details}}}

    house.cloud.faults.add("static", Fault.EDIT, edit=without_capacity)
    await house.reload()
    house.cloud.set_offline(serial)
    await house.pass_time(timedelta(minutes=5))
    assert house.value("sensor", "status", serial) == "offline"
    able, _ = await house.act("get_capabilities", f"{serial}_battery")
    assert able["controllable"]


async def test_item_without_a_handle_is_known_all_the_same(house: House) -> None:
    """What the list gives no id for is deleted by the id that its creation gave."""
    for hours in (1, 3):
        start = (dt_util.utcnow() + hours * HOUR).isoformat()
        await house.act("create_schedule", action="hold", duration_min=30, start=start)

    def first_has_no_id(body: dict[str, Any]) -> dict[str, Any]:
        first, *rest = body["Data"]["Schedules"]
        schedules = [first | {"ScheduleId": None}, *rest]
        return {"Data": body["Data"] | {"Schedules": schedules}}

    house.cloud.faults.add("schedules", Fault.EDIT, edit=first_has_no_id, times=1)
    (result,) = await house.act("delete_all_schedules")
    assert result["state"] == "confirmed"
    assert house.cloud.schedules(INVERTER) == []


async def test_refused_list_is_no_empty_plan(house: House) -> None:
    """While the plan cannot be read, nothing is said to be stopped."""
    await house.act("force", action="discharge", duration_min=30)
    for status in (403, 404):
        house.cloud.faults.add("schedules", Fault.STATUS, status=status)
        with pytest.raises(HomeAssistantError) as error:
            await house.act("stop")
        assert error.value.translation_key == "plan_unknown"
        house.cloud.faults.clear()
    inverter, _ = await house.act("stop")
    assert len(inverter["deleted"]) == 1


async def test_lost_create_whose_look_up_fails_is_told_as_such(house: House) -> None:
    """Nobody is told that nothing was sent when something was."""
    house.cloud.faults.add("schedule_create", Fault.DROP, times=1, done=True)
    refresh = house.cloud.requests.count("schedules")

    def list_is_down(body: dict[str, Any]) -> dict[str, Any]:
        down = house.cloud.requests.count("schedules") > refresh + 1
        return {"Data": None} if down else body

    house.cloud.faults.add("schedules", Fault.EDIT, edit=list_is_down)
    (result,) = await house.act("create_schedule", action="charge", duration_min=30)
    assert result["state"] == "sent"
    assert house.cloud.requests.count("schedule_create") == 1


async def test_old_one_that_cannot_be_deleted_is_named(house: House) -> None:
    """The new schedule is not lost from sight because the old one stays."""
    (old,) = await house.act("force", action="charge", duration_min=30)
    house.cloud.faults.add("schedule_delete", Fault.STATUS, status=503)
    (new,) = await house.act("force", action="discharge", duration_min=30)
    assert new["state"] == "restore_pending"
    (left,) = new["not_deleted"]
    assert left == {
        "schedule_id": old["schedule_id"],
        "cause": "schedule delete: HTTP 503",
    }
    assert len(house.cloud.schedules(INVERTER)) == 2


@pytest.mark.parametrize(
    ("data", "mode"),
    [
        ({"action": "idle", "inexact": "nearest"}, "hold"),
        ({"action": "limit", "max_charge_w": 0}, "no_charge"),
    ],
)
async def test_what_reads_back_under_another_name_is_confirmed(
    house: House, data: dict[str, Any], mode: str
) -> None:
    """The nearest thing that a cloud has is proved like the thing itself."""
    (result,) = await house.act("force", duration_min=30, **data)
    assert result["state"] == "confirmed"
    await house.pass_time(timedelta(seconds=7))
    assert house.value("sensor", "active_action", result["device"]) == mode


async def test_late_confirmation_is_waited_for(house: House) -> None:
    """A list that shows the schedule only after a while is asked again."""
    asked = house.cloud.requests.count("schedules")

    def hidden_at_first(body: dict[str, Any]) -> dict[str, Any]:
        if house.cloud.requests.count("schedules") - asked <= 3:
            return {"Data": body["Data"] | {"Schedules": []}}
        return body

    house.cloud.faults.add("schedules", Fault.EDIT, edit=hidden_at_first)
    (result,) = await house.act("create_schedule", action="hold", duration_min=30)
    assert result["state"] == "confirmed"
    assert house.cloud.requests.count("schedules") - asked == 4


async def test_update_of_a_limit_keeps_the_other_caps(house: House) -> None:
    """What is left empty stays; a cap of no limit is none."""
    (old,) = await house.act(
        "create_schedule",
        action="limit",
        duration_min=30,
        max_import_w=3000,
        max_export_w=1000,
        max_generation_va=10000,
        note="lost",
    )
    assert [item["code"] for item in old["inexact"]] == ["cap_is_none", "note_not_kept"]
    (new,) = await house.act(
        "update_schedule", schedule_id=old["schedule_id"], max_export_w=0
    )
    assert new["effective"]["limits"] == {"max_import_w": 3000, "max_export_w": 0}
    assert new["state"] == "confirmed"


async def test_update_to_an_action_with_power_takes_the_maximum(house: House) -> None:
    """Hold has no power to keep; power for an action without one is refused."""
    (hold,) = await house.act("create_schedule", action="hold", duration_min=30)
    with pytest.raises(ServiceValidationError) as error:
        await house.act(
            "update_schedule", schedule_id=hold["schedule_id"], power_w=1000
        )
    assert error.value.translation_key == "power_not_used"
    (charge,) = await house.act(
        "update_schedule", schedule_id=hold["schedule_id"], action="charge"
    )
    assert charge["effective"]["power_w"] == 4600


async def test_one_control_acts_once_however_it_is_named(
    open_house: OpenHouse,
) -> None:
    """An inverter and its battery, or two inverters of a site, mean one plan."""
    house = await open_house(fixture="E")
    first, second = house.cloud.serials
    results = await house.act(
        "create_schedule",
        [first, f"{first}_battery", first],
        action="hold",
        duration_min=30,
    )
    assert [result["state"] for result in results] == ["confirmed"]
    results = await house.act(
        "force", [first, second], action="limit", duration_min=30, max_export_w=0
    )
    assert [result["device"] for result in results] == [SITE]


async def test_writes_end_before_an_account_is_unloaded(house: House) -> None:
    """A running write comes to its end; one that waits is refused, not sent blind."""
    keeper = house.entry.runtime_data.keeper
    (control,) = (item for item in keeper.controls if item.device_id == INVERTER)
    now, half_an_hour = dt_util.utcnow(), timedelta(minutes=30)
    first, second = (
        starting(
            Rule(id=new_id(), action=Action.HOLD, start=now, duration=half_an_hour),
            None,
        )
        for _ in range(2)
    )
    caller = Caller(VIA_ACTION)
    running = asyncio.create_task(keeper.create(control, first, caller))
    waiting = asyncio.create_task(keeper.create(control, second, caller))
    await asyncio.sleep(0)
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    assert (await running)["state"] == "confirmed"
    with pytest.raises(HomeAssistantError) as error:
        await waiting
    assert error.value.translation_key == "account_closing"
    assert house.entry.state is ConfigEntryState.NOT_LOADED
    assert len(house.cloud.schedules(INVERTER)) == 1


async def test_account_without_zero_export_says_so(open_house: OpenHouse) -> None:
    """Every export limit counts, and a limit of nothing is told as such."""
    house = await open_house(fixture="A")
    for limit, key in ((1.5, "power_above_limit"), (0, "power_limit_zero")):
        house.cloud.faults.clear()
        house.cloud.faults.add(
            "configuration",
            Fault.EDIT,
            edit=lambda body, limit=limit: {
                "Data": body["Data"] | {"ExportHardLimitkW": limit}
            },
        )
        await house.reload()
        with pytest.raises(ServiceValidationError) as error:
            await house.act(
                "create_schedule", action="export", duration_min=30, power_w=2000
            )
        assert error.value.translation_key == key


@pytest.mark.parametrize("minutes", [float("inf"), float("nan"), 5e9])
async def test_absurd_durations_are_refused(house: House, minutes: float) -> None:
    """No traceback, whatever a template makes of the minutes."""
    with pytest.raises(Exception, match="duration_min|range|value"):
        await house.act("create_schedule", action="hold", duration_min=minutes)
    assert house.cloud.requests.count("schedule_create") == 0


async def test_second_account_may_not_share_a_new_site(house: House) -> None:
    """A site that came later belongs to the account as well."""
    house.cloud.add("B")
    await house.pass_time(2 * HOUR + timedelta(minutes=1))
    systems = systems_in_use(house.hass, "redback", except_entry=None)
    assert len(systems) == 2
    assert systems_in_use(house.hass, "redback", except_entry=house.entry.entry_id) == (
        frozenset()
    )


async def test_portal_that_is_down_does_not_keep_from_adding(
    open_house: OpenHouse,
) -> None:
    """The portal is optional, also while it is being tried."""
    house = await open_house(fixture="A")
    house.cloud.faults.add("portal_login_page", Fault.STATUS, status=503)
    house.entry.async_start_reauth(house.hass)
    await house.hass.async_block_till_done()
    (flow,) = house.hass.config_entries.flow.async_progress()
    flow = await house.hass.config_entries.flow.async_configure(
        flow["flow_id"],
        {
            "client_id": house.cloud.credentials["client_id"],
            "portal": house.cloud.portal,
            "advanced": {"base_url": house.cloud.base_url},
        },
    )
    assert flow["reason"] == "reauth_successful"
    await house.hass.async_block_till_done(wait_background_tasks=True)
    assert float(house.value("sensor", "solar_power")) > 0
