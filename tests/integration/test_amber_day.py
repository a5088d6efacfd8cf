"""Amber: a day of an account as the cloud sees it, within the household's limit."""

from collections import Counter, deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import pytest

from homeassistant.util import dt as dt_util

from .conftest import AMBER_GENERAL, AmberHouse, OpenAmberHouse
from .test_amber_year import DAY, FIVE, HALF_HOUR, HOUR, SECOND, only

WINDOW: Final = timedelta(seconds=300)
HALF_OF_LIMIT: Final = 25
CALLS_PER_INTERVAL: Final = 3.5
SELDOM: Final = frozenset({"sites", "usage", "prices"})
"""What is asked for besides prices."""
SELDOM_A_DAY: Final = 24


def most_within(times: Iterable[datetime], window: timedelta = WINDOW) -> int:
    """Return the greatest number of instants in any window."""
    recent: deque[datetime] = deque()
    most = 0
    for at in times:
        recent.append(at)
        while at - recent[0] >= window:
            recent.popleft()
        most = max(most, len(recent))
    return most


def counted(house: AmberHouse) -> list[datetime]:
    """Return when the cloud was asked for what it counts."""
    return [
        entry.at
        for entry in house.cloud.requests.entries
        if entry.label not in {"renewables", "websocket"}
    ]


@pytest.mark.timeout(300)
async def test_a_day(open_amber_house: OpenAmberHouse) -> None:
    """A 5-minute site: few calls, dense where a price is due, none when it is there."""
    house = await open_amber_house(fixture="A")
    await only(house, f"{AMBER_GENERAL}_price")
    house.cloud.requests.clear()
    begin = dt_util.utcnow()
    await house.pass_time(DAY)
    entries = house.cloud.requests.entries
    assert {entry.status for entry in entries} == {200}
    by_label = Counter(entry.label for entry in entries)
    assert by_label["current"] <= CALLS_PER_INTERVAL * (DAY / FIVE)
    assert set(by_label) <= SELDOM | {"current"}
    assert sum(by_label[label] for label in SELDOM) <= SELDOM_A_DAY
    assert most_within(counted(house)) <= HALF_OF_LIMIT

    polls = [entry.at for entry in entries if entry.label == "current"]
    starts = {begin.replace(second=0, microsecond=0) + n * FIVE for n in range(288)}
    polled = {at - (at - min(starts)) % FIVE for at in polls}
    assert polled >= starts - {min(starts)}
    # Once a price is final nothing more is asked: every interval has one such answer.
    site_id = house.main
    final = Counter(
        at - (at - min(starts)) % FIVE
        for at in polls
        if (published := house.cloud.published_at(site_id, at)) is not None
        and at >= published
    )
    assert set(final.values()) == {1}
    assert len(final) >= 287


@pytest.mark.timeout(300)
async def test_two_sites_beside_another_tool(open_amber_house: OpenAmberHouse) -> None:
    """Two sites, and a tool with 20 calls per window: nobody is ever refused."""
    house = await open_amber_house(fixture="H")
    sites = house.cloud.active_sites
    assert len(sites) == 2
    await only(house, *(f"{site_id}_general_usage_price" for site_id in sites))
    house.cloud.requests.clear()
    quota = house.cloud.accounts[0].quota
    every = WINDOW / 20
    begin = dt_util.utcnow()
    while dt_util.utcnow() - begin < 8 * HOUR:
        assert quota.take(dt_util.utcnow())
        await house.pass_time(every)
    entries = house.cloud.requests.entries
    assert {entry.status for entry in entries} == {200}
    # At least half of the limit is never ours.
    assert most_within(counted(house)) <= HALF_OF_LIMIT
    for site_id, length in zip(sites, (FIVE, HALF_HOUR), strict=True):
        polls = [
            entry.at
            for entry in entries
            if entry.label == "current" and site_id in entry.path
        ]
        assert len(polls) <= CALLS_PER_INTERVAL * (8 * HOUR / length)
        seen = {
            published
            for at in polls
            if (published := house.cloud.published_at(site_id, at)) is not None
            and published <= at
        }
        # None is missed, and the last one may be yet to come.
        assert len(seen) >= 8 * HOUR / length - 1


@pytest.mark.timeout(120)
async def test_a_greedy_tool(open_amber_house: OpenAmberHouse) -> None:
    """Where others leave nothing of a window we wait until it is over, and go on."""
    house = await open_amber_house(fixture="A")
    await only(house, f"{AMBER_GENERAL}_price")
    quota = house.cloud.accounts[0].quota
    await house.pass_time(90 * SECOND)
    while int(quota.headers(dt_util.utcnow())["RateLimit-Remaining"]) > 6:
        quota.take(dt_util.utcnow())
    house.cloud.requests.clear()
    await house.pass_time(HALF_HOUR)
    entries = house.cloud.requests.entries
    assert {entry.status for entry in entries} == {200}
    shown = house.state("sensor", "price", AMBER_GENERAL).attributes
    start = datetime.fromisoformat(shown["start_time"])
    assert start <= dt_util.utcnow() < start + FIVE
