"""Amber: limits, outages and bad answers, and what of the prices survives them."""

import asyncio
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.setup import async_setup_component

from ..clouds import Fault
from ..clouds.amber import Behaviour
from .amber_home import (
    HOUR,
    INTERVAL,
    MINUTE,
    SECOND,
    attributes,
    begin,
    is_estimate,
    now,
    pass_until,
    pass_until_confirmed,
    reauth_flows,
    set_options,
    shown,
    truth,
    unavailable,
)
from .conftest import AMBER, AMBER_FEED_IN, AMBER_GENERAL, AmberHouse, OpenAmberHouse
from .leap import leap
from .test_entities import entries

IN_20_S = {"publication_s": 20.0}


def most_calls(house: AmberHouse) -> int:
    """Return the most counted calls in any 300 s."""
    times = [
        item.at for item in house.cloud.requests.entries if item.label != "renewables"
    ]
    return max(
        (sum(since <= at < since + INTERVAL for at in times) for since in times),
        default=0,
    )


# -- the limit -----------------------------------------------------------------


async def test_quota_spent_by_others(open_amber_house: OpenAmberHouse) -> None:
    """One refusal, then silence until the window is over, then all is as before."""
    house = await open_amber_house(behaviour=Behaviour(**IN_20_S))
    await pass_until(house, begin(house) + INTERVAL + 10 * SECOND)
    house.cloud.spend(60)
    house.cloud.requests.clear()
    await house.pass_time(4 * MINUTE)
    assert house.cloud.requests.statuses("current") == [429]
    assert is_estimate(house)
    assert shown(house) > 0
    await house.pass_time(7 * MINUTE)
    assert house.cloud.requests.statuses("current").count(429) <= 2
    await pass_until(house, begin(house) + INTERVAL + MINUTE)
    assert not is_estimate(house)
    assert shown(house) == pytest.approx(truth(house))
    assert not unavailable(house)


async def test_busy_gateway(open_amber_house: OpenAmberHouse) -> None:
    """A 429 without headers is tried again within seconds, each time later."""
    house = await open_amber_house(behaviour=Behaviour(**IN_20_S))
    await pass_until(house, begin(house) + INTERVAL + SECOND)
    house.cloud.requests.clear()
    house.cloud.faults.add("current", Fault.THROTTLE, times=3)
    late = await pass_until_confirmed(house)
    assert house.cloud.requests.statuses("current")[:3] == [429] * 3
    assert late.total_seconds() <= 60
    assert shown(house) == pytest.approx(truth(house))


async def test_other_tools_keep_their_half(open_amber_house: OpenAmberHouse) -> None:
    """Beside 25 calls of others in each window none of ours is refused, or late."""
    house = await open_amber_house(behaviour=Behaviour(streak_share=0.0))
    house.cloud.requests.clear()
    for _ in range(6):
        await pass_until(house, begin(house) + INTERVAL + SECOND)
        house.cloud.spend(25)
        await house.pass_time(50 * SECOND)
        assert shown(house) == pytest.approx(truth(house))
    assert set(house.cloud.requests.statuses("current")) == {200}
    assert most_calls(house) <= 8


async def test_two_sites_when_prices_never_come(
    open_amber_house: OpenAmberHouse,
) -> None:
    """The worst case for the limit: at least half of it stays unused."""
    house = await open_amber_house(
        fixture="H", behaviour=Behaviour(publication="never")
    )
    house.cloud.requests.clear()
    await house.pass_time(HOUR)
    assert most_calls(house) <= 25
    assert 429 not in house.cloud.requests.statuses("current")


# -- outages -------------------------------------------------------------------

TROUBLES: dict[str, Callable[[AmberHouse], object]] = {
    "500": lambda house: house.cloud.faults.add("*", Fault.STATUS, status=500),
    "502": lambda house: house.cloud.faults.add("*", Fault.STATUS, status=502),
    "page": lambda house: house.cloud.faults.add("*", Fault.HTML),
    "cut": lambda house: house.cloud.faults.add("*", Fault.CUT),
    "json": lambda house: house.cloud.faults.add("*", Fault.BROKEN_JSON),
    "no_list": lambda house: house.cloud.faults.add("*", Fault.WRONG_TYPE),
    "drop": lambda house: house.cloud.faults.add("*", Fault.DROP),
}


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_short_trouble(open_amber_house: OpenAmberHouse, trouble: str) -> None:
    """Some minutes are bridged by the forecast, which says that it is an estimate."""
    house = await open_amber_house(behaviour=Behaviour(**IN_20_S))
    await pass_until_confirmed(house)
    following = [row["value"] for row in attributes(house)["forecast"]]
    TROUBLES[trouble](house)
    await pass_until(house, begin(house) + INTERVAL + SECOND)
    for n in (1, 2):
        assert is_estimate(house)
        assert attributes(house)["start_time"] == begin(house).isoformat()
        assert shown(house) == pytest.approx(following[n], abs=1e-5)
        assert not unavailable(house)
        if n == 1:
            await pass_until(house, begin(house) + INTERVAL + MINUTE)
    house.cloud.faults.clear()
    late = await pass_until_confirmed(house)
    assert late.total_seconds() <= 65
    assert shown(house) == pytest.approx(truth(house))
    # aiohttp repeats by itself what is dropped on a connection that was kept.
    assert most_calls(house) <= (50 if trouble == "drop" else 25)


async def test_trouble_while_holding(open_amber_house: OpenAmberHouse) -> None:
    """The last confirmed price is held for its next interval, and no longer."""
    house = await open_amber_house(behaviour=Behaviour(**IN_20_S))
    await set_options(house, hold_confirmed=True)
    await pass_until_confirmed(house)
    confirmed = shown(house)
    house.cloud.faults.add("current", Fault.STATUS, status=502)
    for held in (True, False):
        await pass_until(house, begin(house) + INTERVAL + MINUTE)
        assert attributes(house)["held"] is held
        assert (shown(house) == confirmed) is held
        assert is_estimate(house)
    house.cloud.faults.clear()
    await pass_until_confirmed(house)
    assert shown(house) == pytest.approx(truth(house))


async def test_cloud_that_hangs(open_amber_house: OpenAmberHouse) -> None:
    """A call that is never answered is given up, and the next one is made."""
    house = await open_amber_house(behaviour=Behaviour(**IN_20_S))
    await pass_until(house, begin(house) + INTERVAL + 15 * SECOND)
    hang = house.cloud.faults.add("current", Fault.HANG)

    async def let_happen() -> None:
        async_fire_time_changed(house.hass)
        for _ in range(300):
            await asyncio.sleep(0)

    for _ in range(30):
        house.freezer.tick(SECOND)
        await let_happen()
    assert hang.hits >= 1
    assert is_estimate(house)
    assert shown(house) > 0
    house.cloud.faults.clear()
    for _ in range(30):
        house.freezer.tick(SECOND)
        await let_happen()
    await house.pass_time(MINUTE)
    assert shown(house) == pytest.approx(truth(house))
    assert not is_estimate(house)


async def test_outage_of_an_hour(open_amber_house: OpenAmberHouse) -> None:
    """Bridged for minutes, then nothing is pretended; back soon, without a form."""
    house = await open_amber_house(behaviour=Behaviour(**IN_20_S))
    await pass_until_confirmed(house)
    house.cloud.faults.add("*", Fault.DROP)
    # Trouble begins with the next poll, after the boundary.
    await pass_until(house, begin(house) + INTERVAL + 9 * MINUTE)
    assert is_estimate(house)
    assert shown(house) > 0
    await house.pass_time(3 * MINUTE)
    for device in (AMBER_GENERAL, AMBER_FEED_IN):
        assert house.value("sensor", "price", device) == STATE_UNAVAILABLE
    await house.pass_time(48 * MINUTE)
    assert house.value("sensor", "price", AMBER_GENERAL) == STATE_UNAVAILABLE
    house.cloud.faults.clear()
    await house.pass_time(65 * SECOND)
    assert shown(house) > 0
    await pass_until(house, begin(house) + INTERVAL + MINUTE)
    assert shown(house) == pytest.approx(truth(house))
    assert not is_estimate(house)
    await leap(house, 7 * HOUR)
    await house.pass_time(2 * MINUTE)
    assert not unavailable(house)
    assert not reauth_flows(house)


async def test_start_during_an_outage(open_amber_house: OpenAmberHouse) -> None:
    """The account is set up once the cloud is back."""
    house = await open_amber_house(behaviour=Behaviour(**IN_20_S))
    house.cloud.faults.add("current", Fault.STATUS, status=502)
    await house.reload()
    assert house.value("sensor", "price", AMBER_GENERAL) == STATE_UNAVAILABLE
    house.cloud.faults.clear()
    await house.pass_time(2 * MINUTE)
    assert shown(house) > 0


async def test_what_was_learned_is_kept(open_amber_house: OpenAmberHouse) -> None:
    """Over a restart: prices that come late are still polled for when they come."""
    house = await open_amber_house(behaviour=Behaviour(publication_s=70.0))
    await house.pass_time(65 * MINUTE)
    await house.reload()
    await pass_until(house, begin(house) + INTERVAL)
    house.cloud.requests.clear()
    await house.pass_time(60 * SECOND)
    early = house.cloud.requests.count("current")
    await pass_until_confirmed(house)
    assert now(house) - begin(house) <= 80 * SECOND
    assert early <= 2
    assert house.cloud.requests.count("current") <= 5


# -- bad answers ---------------------------------------------------------------

BAD: tuple[Any, ...] = (None, "unexpected", "", [], {}, True, -1, 1e12)
ABSENT = object()
OF_FIELDS: dict[str, set[str]] = {
    "type": set(),
    "date": set(),
    "duration": set(),
    "startTime": set(),
    "endTime": set(),
    "nemTime": set(),
    "perKwh": set(),
    "renewables": {f"{AMBER}_renewables"},
    "spotPerKwh": {f"{AMBER}_spot_price"},
    "spikeStatus": {f"{AMBER}_price_spike", f"{AMBER}_potential_price_spike"},
    "tariffInformation": {
        f"{AMBER}_demand_window",
        f"{AMBER}_demand_window_start",
        f"{AMBER}_demand_window_end",
    },
    "descriptor": {f"{AMBER_GENERAL}_price_descriptor"},
    "estimate": set(),
    "range": set(),
    "advancedPrice": {
        f"{AMBER_GENERAL}_price",
        *(f"{AMBER_GENERAL}_advanced_price_{n}" for n in ("low", "predicted", "high")),
    },
}
"""What may change when a field of the running interval of general usage is spoilt."""


def spoilt(field: str, value: Any) -> Callable[[list[Any]], list[Any]]:
    """Return what spoils a field of the running interval of general usage."""

    def edit(records: list[Any]) -> list[Any]:
        records = deepcopy(records)
        (running,) = (
            item
            for item in records
            if item["type"] == "CurrentInterval" and item["channelType"] == "general"
        )
        if value is ABSENT:
            running.pop(field, None)
        else:
            running[field] = value
        return records

    return edit


def snapshot_of(house: AmberHouse) -> Mapping[str, str]:
    """Return all states by unique id, but those that count calls."""
    return {
        entry.unique_id: state.state
        for entry in entries(house)
        if (state := house.hass.states.get(entry.entity_id)) is not None
    }


async def test_one_bad_field(open_amber_house: OpenAmberHouse) -> None:
    """It costs what is made of it, never anything else, and only for that answer."""
    cooldown = "homeassistant.helpers.update_coordinator"
    with patch(f"{cooldown}.REQUEST_REFRESH_DEFAULT_COOLDOWN", 0):
        house = await open_amber_house(behaviour=Behaviour(publication="never"))
    house.cloud.change(limit=100_000)
    await async_setup_component(house.hass, "homeassistant", {})
    price = house.entity_id("sensor", "price", AMBER_GENERAL)

    async def look() -> Mapping[str, str]:
        house.freezer.tick(SECOND / 100)
        await house.hass.services.async_call(
            "homeassistant", "update_entity", {"entity_id": price}, blocking=True
        )
        await house.hass.async_block_till_done(wait_background_tasks=True)
        return snapshot_of(house)

    await look()
    before = await look()
    for field, touched in OF_FIELDS.items():
        for value in (*BAD, ABSENT):
            fault = house.cloud.faults.add(
                "current", Fault.EDIT, times=1, edit=spoilt(field, value)
            )
            after = await look()
            assert fault.hits == 1
            changed = {key for key in before if after[key] != before[key]}
            assert changed <= touched, (field, value)
            assert STATE_UNAVAILABLE not in after.values()
            assert await look() == before, (field, value)


async def test_unknown_channel(open_amber_house: OpenAmberHouse) -> None:
    """Records of a channel that nobody knows, and what is no record, are ignored."""
    house = await open_amber_house(behaviour=Behaviour(**IN_20_S))

    def edit(records: list[Any]) -> list[Any]:
        extra = [item | {"channelType": "heatPump", "perKwh": 99} for item in records]
        return [None, "?", 7, [], {}, *extra, *records]

    house.cloud.faults.add("current", Fault.EDIT, edit=edit)
    await pass_until(house, begin(house) + INTERVAL + MINUTE)
    for device in (AMBER_GENERAL, AMBER_FEED_IN):
        assert shown(house, device) == pytest.approx(truth(house, device))
    assert float(house.value("sensor", "spot_price")) < 1
