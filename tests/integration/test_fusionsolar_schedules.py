"""FusionSolar: forced charges and discharges, begun by us and ended by the cloud."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.joulekeeper.core.models import EndpointId
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..clouds import Fault, FusionSolarCloud
from .accounts import add_account
from .conftest import FUSION, FusionHouse, House, OpenFusionHouse
from .keeping import DAY, HOUR, MINUTE, SECOND, issues, log

LATE = datetime(2026, 11, 20, 10, 2, 30, tzinfo=UTC)
"""Nine in the evening in Sydney: no sun, the battery in use."""


@pytest.fixture
async def house(open_fusion_house: OpenFusionHouse) -> FusionHouse:
    """Return the home of fixture A in the evening, its battery half full."""
    house = await open_fusion_house(fixture="A", now=LATE)
    house.cloud.set_soc(FUSION, 50)
    return house


async def story(house: FusionHouse) -> list[str]:
    """Return the events of the plant, earliest first."""
    return [entry["event"] for entry in await log(house, device=FUSION)]


def forced(house: FusionHouse) -> list[dict[str, Any]]:
    """Return what is forced now, as the cloud knows it."""
    return [item for item in house.cloud.schedules(FUSION) if "requestID" in item]


async def test_force(house: FusionHouse) -> None:
    """It is ordered at once, obeyed, proved, and ends by itself."""
    (result,) = await house.act("force", action="charge", duration_min=30, power_w=2000)
    assert result["state"] == "confirmed"
    (running,) = forced(house)
    assert (running["chargeOrDischarge"], running["power_w"]) == ("charge", 2000)
    assert running["minutes"] == 30
    await house.pass_time(18 * MINUTE)
    assert house.cloud.doing(FUSION).why == "dispatch"
    assert house.value("sensor", "schedule_status") == "delivering"
    await house.pass_time(16 * MINUTE)
    assert not forced(house)
    assert (await story(house))[-1] == "done"
    assert not issues(house)
    # Nobody has to end it.
    assert house.cloud.requests.count("dispatch") == 1
    await house.pass_time(HOUR)
    assert house.cloud.requests.count("dispatchStatus") < 16
    assert house.cloud.over_quota == {}


async def test_stop(house: FusionHouse) -> None:
    """It is taken back at once, once, and shows as such."""
    await house.act("force", action="discharge", duration_min=120, power_w=1500)
    await house.pass_time(12 * MINUTE)
    assert house.cloud.doing(FUSION).action == "forced_discharge"
    await house.act("stop")
    await house.pass_time(2 * MINUTE)
    assert not forced(house)
    assert house.cloud.doing(FUSION).why != "dispatch"
    await house.pass_time(30 * MINUTE)
    assert house.cloud.requests.count("dispatch") == 2
    assert (await story(house))[-1] == "cancelled"
    # Nothing runs any more, so that there is nothing to stop.
    await house.act("stop")
    await house.act("delete_all_schedules")
    assert house.cloud.requests.count("dispatch") == 2
    assert not issues(house)


async def test_stop_that_did_not_work_is_sent_again(house: FusionHouse) -> None:
    """Accepted is not done."""
    await house.act("force", action="charge", duration_min=120, power_w=1500)
    await house.pass_time(12 * MINUTE)
    house.cloud.next_task(FUSION, "IGNORED")
    await house.act("stop")
    assert forced(house)
    await house.pass_time(15 * MINUTE)
    assert not forced(house)
    assert house.cloud.requests.count("dispatch") == 3


@pytest.mark.parametrize("again", ["replaces", "refused"])
async def test_force_over_force(house: FusionHouse, again: str) -> None:
    """The newer one goes on, and the older one does not come back after it."""
    house.cloud.change(dispatch_again=again)
    await house.act("force", action="charge", duration_min=240, power_w=2000)
    await house.pass_time(12 * MINUTE)
    await house.act("force", action="discharge", duration_min=30, power_w=1000)
    await house.pass_time(15 * MINUTE)
    (running,) = forced(house)
    assert running["chargeOrDischarge"] == "discharge"
    assert house.cloud.doing(FUSION).action == "forced_discharge"
    await house.pass_time(5 * MINUTE)
    assert house.value("sensor", "schedule_status") == "delivering"
    await house.pass_time(20 * MINUTE)
    assert not forced(house)
    assert house.cloud.doing(FUSION).why != "dispatch"
    events = await story(house)
    assert events[-1] == "done"
    assert "superseded" in events
    assert house.cloud.requests.count("dispatch") <= 4


@pytest.mark.parametrize("again", ["replaces", "refused"])
async def test_edit_of_what_runs(house: FusionHouse, again: str) -> None:
    """A shorter end, a longer one, and another power: the newest one counts."""
    house.cloud.change(dispatch_again=again)
    (laid,) = await house.act("force", action="charge", duration_min=240, power_w=2000)
    await house.pass_time(10 * MINUTE)
    await house.act("update_schedule", schedule_id=laid["schedule_id"], power_w=1000)
    await house.pass_time(10 * MINUTE)
    (running,) = forced(house)
    assert running["power_w"] == 1000
    await house.act("extend", duration_min=30)
    await house.pass_time(10 * MINUTE)
    (running,) = forced(house)
    assert 239 <= running["minutes"] + 30 <= 291
    await house.act("update_schedule", schedule_id=laid["schedule_id"], duration_min=20)
    await house.pass_time(25 * MINUTE)
    assert not forced(house)
    assert (await story(house))[-1] == "done"
    assert not issues(house)


async def test_planned_one_is_sent_at_its_start(house: FusionHouse) -> None:
    """The cloud knows no start, so the keeper waits for it; and an overlap is cut."""
    start = (LATE + HOUR).replace(minute=30, second=0)
    (planned,) = await house.act(
        "create_schedule",
        action="charge",
        power_w=2500,
        duration_min=120,
        start=start.isoformat(),
    )
    assert planned["state"] == "planned"
    assert not house.cloud.requests.count("dispatch")
    await house.pass_time(start - LATE - 20 * MINUTE)
    # A force into its time goes first; the rest of it is done after that.
    await house.act("force", action="discharge", duration_min=40, power_w=1000)
    await house.pass_time(30 * MINUTE)
    (running,) = forced(house)
    assert running["chargeOrDischarge"] == "discharge"
    await house.pass_time(12 * MINUTE)
    (running,) = forced(house)
    assert (running["chargeOrDischarge"], running["power_w"]) == ("charge", 2500)
    assert 98 <= running["minutes"] <= 100
    assert house.cloud.requests.count("dispatch") == 2
    await house.pass_time(105 * MINUTE)
    assert not forced(house)


async def test_starts_to_the_minute(house: FusionHouse) -> None:
    """Whenever the next values come."""
    start = (LATE + HOUR).replace(minute=17, second=0)
    await house.act(
        "create_schedule",
        action="charge",
        power_w=2500,
        duration_min=60,
        start=start.isoformat(),
        rrule="FREQ=DAILY",
    )
    await house.pass_time(start - LATE + 5 * SECOND)
    (running,) = forced(house)
    assert running["minutes"] == 60
    assert house.cloud.over_quota == {}


async def test_limit_that_comes_and_goes(house: FusionHouse) -> None:
    """A battery that is cold or nearly full tells less: that is no new order."""
    await house.act("force", action="charge", duration_min=240)
    (running,) = forced(house)
    assert running["power_w"] == 2500

    def weaker(payload: Any) -> Any:
        for row in payload["data"]:
            if "max_charge_power" in row["dataItemMap"]:
                row["dataItemMap"]["max_charge_power"] = 1000
        return payload

    house.cloud.faults.add("getDevRealKpi", Fault.EDIT, edit=weaker)
    await house.pass_time(40 * MINUTE)
    assert house.cloud.requests.count("dispatch") == 1
    await house.reload()
    await house.pass_time(20 * MINUTE)
    assert house.cloud.requests.count("dispatch") == 1
    assert forced(house)


async def test_empty_battery_is_no_failure(house: FusionHouse) -> None:
    """Its floor, 10 %, is not told: up to 20 % it may have come to it."""
    house.cloud.set_soc(FUSION, 11)
    await house.act("force", action="discharge", duration_min=120, power_w=2000)
    await house.pass_time(70 * MINUTE)
    assert house.cloud.soc(FUSION) == pytest.approx(10, abs=0.5)
    assert house.value("sensor", "schedule_status") == "active"
    assert house.cloud.requests.count("dispatch") == 1
    assert not issues(house)


async def test_two_hybrids(open_fusion_house: OpenFusionHouse) -> None:
    """They are told together, and can together what both can."""
    house = await open_fusion_house(fixture="E", now=LATE)
    house.cloud.set_soc(house.main, 50)
    (able,) = await house.act("get_capabilities")
    most = able["actions"]["discharge"]["max_power_w"]
    await house.act("force", action="discharge", duration_min=60)
    (running,) = [i for i in house.cloud.schedules(house.main) if "requestID" in i]
    assert running["power_w"] == most > 2500
    await house.pass_time(20 * MINUTE)
    assert house.value("sensor", "schedule_status") in ("active", "delivering")
    assert house.cloud.doing(house.main).action == "forced_discharge"


async def test_target_ends_it(house: FusionHouse) -> None:
    """The cloud ends it by the time, we end it at the charge."""
    await house.act(
        "force", action="charge", duration_min=240, power_w=2500, target_soc=60
    )
    await house.pass_time(42 * MINUTE)
    assert not forced(house)
    assert 56 < house.cloud.soc(FUSION) < 66
    done = (await log(house, device=FUSION))[-1]
    assert (done["event"], done["reason"]) == ("done", "target_reached")


async def test_what_a_plant_cannot_do(house: FusionHouse) -> None:
    """It is said before anything is sent, and why."""
    for action, key in (
        ("export", "unsupported_battery_power_only"),
        ("import", "unsupported_battery_power_only"),
        ("hold", "unsupported_nothing_ends_it"),
        ("idle", "unsupported_nothing_ends_it"),
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await house.act("force", action=action, duration_min=60)
        assert refused.value.translation_key == key
    with pytest.raises(ServiceValidationError) as refused:
        await house.act("force", action="charge", duration_min=60, power_w=9000)
    assert refused.value.translation_key == "power_above_limit"
    assert not house.cloud.requests.count("dispatch")


# -- restarts ------------------------------------------------------------------


async def away(house: FusionHouse, duration: timedelta) -> None:
    """Let Home Assistant be away for a while."""
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    house.freezer.tick(duration)
    await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)


async def test_restart_in_the_middle(house: FusionHouse) -> None:
    """It goes on, is known as ours, and can be stopped."""
    await house.act("force", action="charge", duration_min=120, power_w=2000)
    await house.pass_time(12 * MINUTE)
    await away(house, 20 * MINUTE)
    await house.pass_time(6 * MINUTE)
    assert house.value("sensor", "schedule_status") == "delivering"
    assert house.cloud.requests.count("dispatch") == 1
    await house.act("stop")
    await house.pass_time(2 * MINUTE)
    assert not forced(house)
    assert not issues(house)


async def test_away_over_the_end(house: FusionHouse) -> None:
    """The cloud has ended it, and nobody writes anything."""
    await house.act("force", action="charge", duration_min=60, power_w=2000)
    await away(house, 3 * HOUR)
    await house.pass_time(15 * MINUTE)
    assert not forced(house)
    assert house.cloud.requests.count("dispatch") == 1
    assert (await story(house))[-1] == "done"
    assert not issues(house)


async def test_outage_over_the_end(house: FusionHouse) -> None:
    """A cloud that cannot be reached keeps nothing forced."""
    await house.act("force", action="charge", duration_min=60, power_w=2000)
    house.cloud.faults.add("*", Fault.STATUS, status=502)
    await house.pass_time(90 * MINUTE)
    house.cloud.faults.clear()
    await house.pass_time(40 * MINUTE)
    assert not forced(house)
    assert (await story(house))[-1] == "done"
    assert house.cloud.requests.count("dispatch") == 1


async def test_lost_file_of_the_account(
    house: FusionHouse, hass_storage: dict[str, Any]
) -> None:
    """The journal still knows what runs; a stop reaches the plant."""
    await house.act("force", action="charge", duration_min=120, power_w=2000)
    await house.pass_time(12 * MINUTE)
    await house.hass.config_entries.async_unload(house.entry.entry_id)
    await house.hass.async_block_till_done()
    for key in [key for key in hass_storage if "token" in key]:
        del hass_storage[key]
    house.freezer.tick(6 * MINUTE)
    await house.hass.config_entries.async_setup(house.entry.entry_id)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    await house.pass_time(6 * MINUTE)
    assert house.value("sensor", "schedule_status") in ("active", "delivering")
    assert house.cloud.requests.count("dispatch") == 1
    await house.act("stop")
    await house.pass_time(2 * MINUTE)
    assert not forced(house)


# -- what goes wrong -----------------------------------------------------------


async def test_lost_answer(house: FusionHouse) -> None:
    """It is ordered once more, to the same end, and so harms nobody."""
    house.cloud.faults.add("dispatch", Fault.CUT, times=1)
    (result,) = await house.act("force", action="charge", duration_min=60, power_w=2000)
    assert result["state"] in ("sent", "unconfirmed", "accepted")
    await house.pass_time(20 * MINUTE)
    assert len(forced(house)) == 1
    assert house.value("sensor", "schedule_status") == "delivering"
    assert house.cloud.requests.count("dispatch") <= 3
    await house.pass_time(45 * MINUTE)
    assert not forced(house)
    assert (await story(house))[-1] == "done"


async def test_lost_answer_and_stop(house: FusionHouse) -> None:
    """What may run is stopped though nobody knows its number."""
    house.cloud.faults.add("dispatch", Fault.CUT, times=1)
    await house.act("force", action="charge", duration_min=60, power_w=2000)
    await house.act("stop")
    await house.pass_time(2 * MINUTE)
    assert not forced(house)
    await house.pass_time(20 * MINUTE)
    assert house.cloud.requests.count("dispatch") == 2
    assert (await story(house))[-1] == "cancelled"


async def test_ignored_one_is_ordered_again_once(house: FusionHouse) -> None:
    """The cloud says that it runs, and the battery shows that it does not."""
    house.cloud.next_task(FUSION, "IGNORED")
    await house.act("force", action="charge", duration_min=120, power_w=2000)
    await house.pass_time(40 * MINUTE)
    assert house.cloud.doing(FUSION).why == "dispatch"
    assert house.value("sensor", "schedule_status") == "delivering"
    assert house.cloud.requests.count("dispatch") == 3


async def test_plant_that_never_obeys(house: FusionHouse) -> None:
    """It is told, and not tried for ever."""
    house.cloud.next_task(FUSION, "TIMEOUT", "SUCCESS", "TIMEOUT")
    await house.act("force", action="charge", duration_min=120, power_w=2000)
    await house.pass_time(60 * MINUTE)
    assert house.value("sensor", "schedule_status") == "not_delivering"
    assert house.cloud.requests.count("dispatch") == 3


async def test_failed_one_is_told(house: FusionHouse) -> None:
    """The cloud itself says so some minutes later."""
    house.cloud.next_task(FUSION, "FAILURE")
    await house.act("force", action="charge", duration_min=120, power_w=2000)
    await house.pass_time(6 * MINUTE)
    last = (await log(house, device=FUSION))[-1]
    assert (last["event"], last["reason"]) == ("rejected", "given_up")
    await house.pass_time(30 * MINUTE)
    assert house.cloud.requests.count("dispatch") == 1


async def test_stopped_in_the_app(house: FusionHouse) -> None:
    """That wins: nothing is ordered again."""
    await house.act("force", action="charge", duration_min=120, power_w=2000)
    await house.pass_time(12 * MINUTE)
    dispatch = house.cloud.plant(FUSION).running(house.cloud.clock())
    assert dispatch is not None
    dispatch.stopped = house.cloud.clock()
    await house.pass_time(10 * MINUTE)
    last = (await log(house, device=FUSION))[-1]
    assert (last["event"], last["reason"]) == ("overridden", "deleted_elsewhere")
    await house.pass_time(20 * MINUTE)
    assert house.cloud.requests.count("dispatch") == 1


async def test_busy_cloud(house: FusionHouse) -> None:
    """It is sent as soon as the cloud takes it."""
    house.cloud.answer_with("dispatch", 20615)
    (result,) = await house.act("force", action="charge", duration_min=60, power_w=2000)
    assert result["state"] == "queued"
    await house.pass_time(6 * MINUTE)
    (running,) = forced(house)
    assert 54 <= running["minutes"] <= 57
    assert house.cloud.requests.count("dispatch") == 2


async def test_spent_quota_leaves_what_gives_back(house: FusionHouse) -> None:
    """New orders wait; a stop still goes out."""
    await house.act("force", action="charge", duration_min=240, power_w=2000)
    keeper = house.entry.runtime_data.keeper
    for _ in range(keeper.budget.left):
        keeper.budget.spend()
    (result,) = await house.act(
        "force", action="discharge", duration_min=60, power_w=1000
    )
    assert result["state"] == "queued"
    (running,) = forced(house)
    assert running["chargeOrDischarge"] == "charge"
    await house.act("stop")
    await house.pass_time(2 * MINUTE)
    assert not forced(house)


async def test_quota_of_a_setting_stops_no_stop(house: FusionHouse) -> None:
    """Each kind of order has a count of its own in the cloud."""
    await house.act("force", action="charge", duration_min=240, power_w=2000)
    house.cloud.answer_with("activePower", 20618)
    with pytest.raises(HomeAssistantError) as refused:
        await house.act("change_settings", settings={"feed_in_mode": "zero_export"})
    assert refused.value.translation_key == "write_rate_limited"
    await house.act("stop")
    await house.pass_time(2 * MINUTE)
    assert not forced(house)


async def test_spent_limiter(house: FusionHouse) -> None:
    """What runs goes on where nothing can take its place; a stop still goes out."""
    await house.act("force", action="charge", duration_min=240, power_w=2000)
    limiter = house.entry.runtime_data.account.session._client.api.limiter
    while limiter.left("control") > 1:
        await limiter.turn("control", "dispatch")
    (result,) = await house.act(
        "force", action="discharge", duration_min=60, power_w=1000
    )
    assert result["state"] == "queued"
    (running,) = forced(house)
    assert running["chargeOrDischarge"] == "charge"
    await house.act("stop")
    await house.pass_time(2 * MINUTE)
    assert not forced(house)


@pytest.mark.parametrize("model", ["forced", "kept"])
async def test_row_that_comes_late(house: FusionHouse, model: str) -> None:
    """States are told after minutes, and the mode perhaps never: one order is enough."""
    house.cloud.change(dispatch_row_s=210, dispatch_model=model)
    await house.act("force", action="charge", duration_min=60, power_w=2000)
    await house.pass_time(24 * MINUTE)
    assert house.value("sensor", "schedule_status") == "delivering"
    assert house.cloud.requests.count("dispatch") == 1


async def test_stop_without_a_number(house: FusionHouse) -> None:
    """That it was taken is all that a stop needs."""
    house.cloud.change(stop_number=False)
    await house.act("force", action="charge", duration_min=120, power_w=1500)
    await house.pass_time(6 * MINUTE)
    await house.act("stop")
    await house.pass_time(2 * MINUTE)
    assert not forced(house)
    assert house.cloud.requests.count("dispatch") == 2


async def test_daily_quota_of_the_cloud(house: FusionHouse) -> None:
    """The cloud's own count is believed; it is not asked again and again."""
    house.cloud.answer_with("dispatch", 20618, times=50)
    (result,) = await house.act("force", action="charge", duration_min=60, power_w=2000)
    assert result["state"] == "queued"
    await house.pass_time(50 * MINUTE)
    assert house.cloud.requests.count("dispatch") <= 2


# -- plants that cannot be controlled ------------------------------------------


@pytest.mark.parametrize(
    ("fixture", "reason"),
    [("C", "no_battery"), ("G", "several_controllers")],
)
async def test_read_only_plants(
    open_fusion_house: OpenFusionHouse, fixture: str, reason: str
) -> None:
    """They say why, and have no entities that do nothing."""
    house = await open_fusion_house(fixture=fixture, now=LATE)
    (able,) = await house.act("get_capabilities")
    assert (able["controllable"], able["reason"]) == (False, reason)
    with pytest.raises(ServiceValidationError) as refused:
        await house.act("force", action="charge", duration_min=60)
    assert refused.value.translation_key == f"unsupported_{reason}"
    assert not any(
        item.entity_id.startswith(("button.", "calendar."))
        for item in house.hass.states.async_all()
    )


async def test_account_without_the_right(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    open_fusionsolar: Callable[..., Awaitable[FusionSolarCloud]],
    no_waiting: None,
) -> None:
    """It says what to ask for; once that is granted, a reload shows it."""
    freezer.move_to(LATE)
    cloud = await open_fusionsolar(fixture="A")
    cloud.allow_control(False)
    entry = await add_account(hass, cloud, "fusionsolar")
    house = House(hass, cloud, entry, freezer, FUSION)
    (able,) = await house.act("get_capabilities")
    assert able["reason"] == "control_not_granted"
    with pytest.raises(ServiceValidationError) as refused:
        await house.act("force", action="charge", duration_min=60)
    assert refused.value.translation_key == "unsupported_control_not_granted"
    # Who reads the text has the rights put right, and reloads.
    cloud.allow_control()
    house.freezer.tick(11 * MINUTE)
    await house.reload()
    (able,) = await house.act("get_capabilities")
    assert able["controllable"]
    assert house.value("sensor", "schedule_status") == "none"


async def test_right_that_is_withdrawn(house: FusionHouse) -> None:
    """The refusal of an order makes the plant read-only, with the reason."""
    house.cloud.grant(FUSION, False)
    with pytest.raises(ServiceValidationError):
        await house.act("force", action="charge", duration_min=60, power_w=2000)
    (able,) = await house.act("get_capabilities")
    assert able["reason"] == "owner_has_not_agreed"
    # A day later it is looked at again.
    house.cloud.grant(FUSION)
    control = house.entry.runtime_data.account.coordinators[
        EndpointId("control", FUSION)
    ]
    assert control.update_interval <= DAY + MINUTE
    house.freezer.tick(DAY)
    await control.async_refresh()
    (able,) = await house.act("get_capabilities")
    assert able["controllable"]


async def test_restart_does_not_ask_again(house: FusionHouse) -> None:
    """What may be controlled is known for a week."""
    await house.pass_time(MINUTE)
    before = house.cloud.requests.count("dispatchStatus")
    await house.reload()
    await house.pass_time(2 * HOUR)
    assert house.cloud.requests.count("dispatchStatus") == before
    (able,) = await house.act("get_capabilities")
    assert able["controllable"]
