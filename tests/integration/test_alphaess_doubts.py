"""AlphaESS: what nobody knows of the cloud, either way, and what comes of it for us.

Each switch of the fake that tells how settings are taken: what the user is told, and
that his settings are in the end as he had made them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.joulekeeper.vendors.alphaess.plan_feed import CONF_PERIODIC_ON
from homeassistant.exceptions import HomeAssistantError

from ..clouds.alphaess import Period
from .conftest import ALPHA, AlphaHouse, OpenAlphaHouse
from .keeping import MINUTE, issues, log

ALPHA_B = "ALX000000000002"
LATE = datetime(2026, 11, 20, 10, 0, 10, tzinfo=UTC)
"""Half past eight in the evening in Adelaide; eleven in the morning in Berlin."""
ALL_WEEK = (1, 2, 3, 4, 5, 6, 7)
NIGHT = Period("01:00", "05:00", 90, 5000, ALL_WEEK)
EVENING = Period("17:00", "21:00", 20, 3000, (1, 2, 3, 4, 5))
NOON = Period("10:00", "15:00", 90, 4000, ALL_WEEK)
CHARGE = {"action": "charge", "duration_min": 15}
POWERED = CHARGE | {"power_w": 6000}
"""More than the sun gives."""
DISCHARGE = {"action": "discharge", "duration_min": 15, "power_w": 4000}

type Prepare = Callable[[AlphaHouse], None]


@pytest.fixture
async def legacy(open_alpha_house: OpenAlphaHouse) -> AlphaHouse:
    """Return a system with nothing but daily slots, in the evening."""
    house = await open_alpha_house(fixture="A", now=LATE)
    house.cloud.change(write_gap_s=0)
    return house


@pytest.fixture
async def periodic(open_alpha_house: OpenAlphaHouse) -> AlphaHouse:
    """Return an entitled system with a schedule of its owner's, before noon."""
    house = await open_alpha_house(fixture="B", zone="Europe/Berlin", now=LATE)
    house.cloud.change(write_gap_s=0)
    return house


def held(house: AlphaHouse) -> object:
    """Return all that the cloud holds, periods in whatever order."""
    stores = house.cloud.stores(house.main)
    schedule = stores.periodic
    return (
        stores.charge,
        stores.discharge,
        (schedule.cycle, schedule.grid_charge, schedule.ctr_dis),
        *(
            sorted(
                str(item.payload(1, 0, 0) | {"weeks": sorted(item.weeks)})
                for item in items
            )
            for items in (schedule.charge, schedule.discharge)
        ),
    )


async def story(house: AlphaHouse) -> list[str]:
    """Return the events of the device, earliest first."""
    return [entry["event"] for entry in await log(house, device=house.main)]


async def recurring(house: AlphaHouse) -> list[str]:
    """Return what the calendar shows of the next day."""
    found = await house.hass.services.async_call(
        "calendar",
        "get_events",
        {
            "entity_id": house.entity_id("calendar", "plan"),
            "start_date_time": LATE.isoformat(),
            "end_date_time": (LATE + 24 * 60 * MINUTE).isoformat(),
        },
        blocking=True,
        return_response=True,
    )
    (events,) = found.values()
    return [event["summary"] for event in events["events"]]


# -- how settings are taken ----------------------------------------------------


def discharges_by_night(house: AlphaHouse) -> None:
    """Let the battery discharge in the night only, by the daily store."""
    house.cloud.app_set_discharge(house.main, ("01:00", "02:00"))


def discharges_now(house: AlphaHouse) -> None:
    """Let the battery discharge in the evening only."""
    house.cloud.app_set_discharge(house.main, ("20:00", "23:00"), ("05:00", "08:00"))


def never_discharges(house: AlphaHouse) -> None:
    """Let the battery discharge in no window."""
    house.cloud.app_set_discharge(house.main)


def charges_without_power(house: AlphaHouse) -> None:
    """Have a period around now that tells no power."""
    around = Period("10:00", "15:00", 90, None, ALL_WEEK)
    house.cloud.app_set_periodic(house.main, charge=[around], discharge=[EVENING])


@dataclass(frozen=True)
class Doubt:
    """What the cloud does, what is asked of us, and what the user is told of it."""

    switches: dict[str, Any]
    force: dict[str, Any] = field(default_factory=lambda: CHARGE)
    at_once: str = "confirmed"
    then: str = "delivering"
    does: str | None = None
    prepare: Prepare | None = None


def doubt(name: str, *args: Any, **details: Any) -> Any:
    """Return a case with its name."""
    return pytest.param(Doubt(*args, **details), id=name)


async def is_told(house: AlphaHouse, case: Doubt) -> None:
    """Force something: see what is told of it, and all as before after `stop`."""
    if case.prepare is not None:
        case.prepare(house)
        await house.pass_time(2 * MINUTE)
        await house.reload()
    before = held(house)
    house.cloud.change(**case.switches)
    (forced,) = await house.act("force", **case.force)
    assert forced["state"] == case.at_once
    assert held(house) != before
    await house.pass_time(4 * MINUTE)
    # Who waits that long knows at least that the cloud has taken it.
    assert "confirmed" in await story(house)
    if case.then == "not_delivering":
        await house.pass_time(6 * MINUTE)
    assert house.value("sensor", "schedule_status") == case.then
    assert ("not_delivering" in issues(house)) is (case.then == "not_delivering")
    if case.does is not None:
        assert house.cloud.mode(house.main).action == case.does
    await house.act("stop")
    assert held(house) == before
    writes = len(house.cloud.writes)
    await house.pass_time(3 * MINUTE)
    assert held(house) == before
    assert len(house.cloud.writes) == writes
    assert "not_delivering" not in issues(house)


@pytest.mark.parametrize(
    "case",
    [
        doubt("shown_6_s_late", {"read_back_delay_s": 6}, at_once="accepted"),
        doubt("shown_120_s_late", {"read_back_delay_s": 120}, at_once="accepted"),
        doubt("app_save", {"app_save_needed": True}, then="not_delivering"),
        doubt("store_ignored", {"legacy_store": "ignored"}, then="not_delivering"),
        doubt("discharge_ignored", {"legacy_store": "discharge_ignored"}),
        doubt(
            "no_window_frees",
            {"ctr_dis_without_window": "free"},
            prepare=never_discharges,
            does="charge",
        ),
        doubt("no_overlap", {"legacy_overlap": 6008}, prepare=discharges_now),
        doubt("on_grid", {"off_grid": 6001}),
    ],
)
async def test_daily_slots(legacy: AlphaHouse, case: Doubt) -> None:
    """Told the truth, and given back, whatever the cloud makes of daily slots."""
    await is_told(legacy, case)


@pytest.mark.parametrize(
    "case",
    [
        doubt("shown_6_s_late", {"read_back_delay_s": 6}, POWERED, "accepted"),
        doubt("shown_120_s_late", {"read_back_delay_s": 120}, POWERED, "accepted"),
        doubt("app_save", {"app_save_needed": True}, POWERED, then="not_delivering"),
        doubt(
            "daily_store_conflicts",
            {"legacy_on_periodic": "conflicts"},
            POWERED,
            then="not_delivering",
            does="hold",
            prepare=discharges_by_night,
        ),
        doubt("flags_told", {"flags_read": "true"}, POWERED, does="charge"),
        doubt("flags_not_kept", {"omitted_flag": "off"}, POWERED, does="charge"),
        doubt("forced", {"periodic_discharge": "forced"}, DISCHARGE, does="discharge"),
        doubt(
            "permitted",
            {"periodic_discharge": "permission"},
            DISCHARGE,
            then="not_delivering",
            does="auto",
        ),
        doubt(
            "without_power",
            {"period_without_power": "full"},
            {"action": "hold", "duration_min": 15},
            does="hold",
            prepare=charges_without_power,
        ),
        doubt("on_grid", {"off_grid": 6008}, POWERED),
    ],
)
async def test_periodic_schedule(periodic: AlphaHouse, case: Doubt) -> None:
    """Told the truth, and given back, whatever the cloud makes of periods."""
    await is_told(periodic, case)


@pytest.fixture(params=[("A", "Australia/Adelaide"), ("B", "Europe/Berlin")])
async def either(
    request: pytest.FixtureRequest, open_alpha_house: OpenAlphaHouse
) -> AlphaHouse:
    """Return a system of either kind."""
    fixture, zone = request.param
    house = await open_alpha_house(fixture=fixture, zone=zone, now=LATE)
    house.cloud.change(write_gap_s=0)
    return house


async def test_offline_and_told(either: AlphaHouse) -> None:
    """What cannot reach the system waits, and is done when it is back."""
    before = held(either)
    either.cloud.set_online(either.main, False)
    (forced,) = await either.act("force", **force_of(either))
    assert forced["state"] == "queued"
    await either.pass_time(MINUTE)
    assert either.value("sensor", "schedule_status") == "queued"
    assert held(either) == before
    either.cloud.set_online(either.main)
    await either.pass_time(4 * MINUTE)
    assert "confirmed" in await story(either)
    assert either.cloud.mode(either.main).action == "charge"
    await either.act("stop")
    assert held(either) == before


async def test_offline_and_refused(either: AlphaHouse) -> None:
    """It is an error, and nothing is left to be done."""
    before = held(either)
    either.cloud.change(offline_write=6008)
    either.cloud.set_online(either.main, False)
    with pytest.raises(HomeAssistantError) as refused:
        await either.act("force", **force_of(either))
    assert refused.value.translation_key == "write_rejected"
    either.cloud.set_online(either.main)
    await either.pass_time(2 * MINUTE)
    assert held(either) == before
    assert either.value("sensor", "schedule_status") == "none"
    assert not either.cloud.writes


async def test_offline_and_accepted(either: AlphaHouse) -> None:
    """It is confirmed, and nobody is told that it is delivered before it is."""
    before = held(either)
    either.cloud.change(offline_write="accepted")
    either.cloud.set_online(either.main, False)
    (forced,) = await either.act("force", **force_of(either))
    assert forced["state"] == "confirmed"
    await either.pass_time(3 * MINUTE)
    assert either.value("sensor", "schedule_status") == "active"
    either.cloud.set_online(either.main)
    # What is fresh comes late at first: there were only errors for a while.
    await either.pass_time(8 * MINUTE)
    assert either.value("sensor", "schedule_status") == "delivering"
    await either.act("stop")
    assert held(either) == before


def force_of(house: AlphaHouse) -> dict[str, Any]:
    """Return what to charge with: daily slots take no power."""
    return CHARGE if house.main == ALPHA else POWERED


@pytest.mark.parametrize("answer", ["ignored", 6008])
async def test_owner_off_the_grid(legacy: AlphaHouse, answer: object) -> None:
    """Times of his that we could not give back are not borrowed, whoever minds."""
    legacy.cloud.change(off_grid=answer)
    legacy.cloud.app_set_charge(ALPHA, ("01:07", "05:00"))
    await legacy.reload()
    before = held(legacy)
    with pytest.raises(HomeAssistantError) as refused:
        await legacy.act("force", **CHARGE)
    assert refused.value.translation_key == "write_rejected"
    assert held(legacy) == before
    assert not legacy.cloud.writes


# -- a periodic schedule that is switched off ----------------------------------


async def switched_off(house: AlphaHouse, **switches: object) -> None:
    """Switch a schedule off in the app, and say so in the options."""
    house.cloud.app_set_periodic(
        ALPHA_B, charge=[NOON], discharge=[EVENING], grid_charge=False, ctr_dis=False
    )
    house.cloud.change(**switches)
    house.hass.config_entries.async_update_entry(
        house.entry, options={CONF_PERIODIC_ON: False}
    )
    await house.reload()


@pytest.mark.parametrize("flags_read", ["zero", "true"])
async def test_stays_switched_off(periodic: AlphaHouse, flags_read: str) -> None:
    """Ours comes alone, and afterwards the schedule is as it was: off."""
    await switched_off(periodic, flags_read=flags_read)
    before = held(periodic)
    assert await recurring(periodic) == []
    (forced,) = await periodic.act("force", **POWERED)
    assert forced["state"] == "confirmed"
    lent = periodic.cloud.stores(ALPHA_B).periodic
    assert (lent.grid_charge, lent.ctr_dis) == (1, 0)
    assert [item.power for item in lent.charge] == [6000]
    assert EVENING not in lent.discharge
    # It is ours still after a restart, and what is read says nothing against it.
    await periodic.reload()
    await periodic.pass_time(3 * MINUTE)
    assert periodic.value("sensor", "schedule_status") == "delivering"
    assert await recurring(periodic) == ["Charge 6 kW"]
    await periodic.pass_time(30 * MINUTE)
    assert held(periodic) == before
    assert periodic.cloud.mode(ALPHA_B).action == "auto"
    assert "done" in await story(periodic)


async def test_a_flag_that_reads_as_on(periodic: AlphaHouse) -> None:
    """It is on, whatever the option says; the other one is not."""
    await switched_off(periodic, flags_read="true")
    periodic.cloud.app_set_periodic(
        ALPHA_B, charge=[NIGHT], discharge=[EVENING], ctr_dis=False
    )
    await periodic.reload()
    before = held(periodic)
    assert await recurring(periodic) == ["Charge 5 kW (foreign)"]
    await periodic.act("force", **POWERED)
    lent = periodic.cloud.stores(ALPHA_B).periodic
    assert [item.power for item in lent.charge] == [5000, 6000]
    assert EVENING not in lent.discharge
    await periodic.act("stop")
    assert held(periodic) == before


# -- the floor of discharging --------------------------------------------------


async def test_not_below_the_floor(periodic: AlphaHouse) -> None:
    """Without a target, or with a lower one, discharging stops where it always does."""
    periodic.cloud.app_set_discharge(ALPHA_B, ctr_dis=False, bat_use_cap=35)
    await periodic.pass_time(2 * MINUTE)
    await periodic.reload()
    before = held(periodic)
    for target, told in ((None, []), (20, ["target_at_floor"]), (50, [])):
        data = DISCHARGE if target is None else DISCHARGE | {"target_soc": target}
        (forced,) = await periodic.act("force", **data)
        assert [item["code"] for item in forced["inexact"]] == [
            "times_widened",
            *told,
        ]
        ours = periodic.cloud.stores(ALPHA_B).periodic.discharge[-1]
        assert (ours.power, ours.limit) == (4000, target if target == 50 else 35)
        writes = len(periodic.cloud.writes)
        await periodic.reload()
        await periodic.pass_time(MINUTE)
        assert len(periodic.cloud.writes) == writes
        await periodic.act("stop")
        assert held(periodic) == before
