"""The archive at the fake cloud: named days as they were, in our units and signs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.joulekeeper.core.errors import InvalidRequest
from custom_components.joulekeeper.core.prices import Certainty
from custom_components.joulekeeper.core.usage import Flow, Phase, UsageInterval
from custom_components.joulekeeper.vendors.amber import archive as archive_module, board
from custom_components.joulekeeper.vendors.amber.archive import AmberArchive
from custom_components.joulekeeper.vendors.amber.client import AmberClient
from custom_components.joulekeeper.vendors.amber.models import PriceRecord, UsageRecord
from custom_components.joulekeeper.vendors.amber.words import State
from custom_components.joulekeeper.vendors.extras import Archive
from tests.clouds import Fault
from tests.clouds.amber import FIXTURES, AmberCloud, ChannelSpec
from tests.clouds.amber.behaviour import Behaviour
from tests.clouds.clock import SetClock

from .conftest import connection

A = "01HXFAKE5MINSITE0000000001"
C = "01HXFAKE30MINCL00000000003"
NOW = datetime(2026, 3, 4, 22, 15, 50, tzinfo=UTC)
TODAY = date(2026, 3, 5)
"""The market's."""
DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
CERTAIN = {
    "usage_late_share": 0.0,
    "usage_gap_share": 0.0,
    "usage_estimated_share": 0.0,
}

type Open = Callable[..., Awaitable[tuple[AmberArchive, AmberCloud]]]


@pytest.fixture
async def open_archive(socket_enabled: None) -> AsyncIterator[Open]:
    """Return what opens a cloud with switches, and the archive of its first account."""
    closers: list[Callable[[], Awaitable[None]]] = []

    async def make(
        fixture: Any = "A", days: int = 3, **switches: Any
    ) -> tuple[AmberArchive, AmberCloud]:
        clock = SetClock(NOW)
        cloud = AmberCloud(
            fixture=fixture,
            clock=clock,
            history=days * DAY,
            behaviour=Behaviour(**CERTAIN | switches),
        )
        base_url = await cloud.start()
        session = ClientSession()
        closers.extend((cloud.stop, session.close))
        token = cloud.credentials["token"]
        client = AmberClient(connection(base_url, clock, session, token))
        sites = {site.id: site for site in await client.sites()}
        archive = AmberArchive(client, lambda: sites, lambda: {"shown": State.VICTORIA})
        known: Archive = archive
        assert known.currency == "AUD"
        return archive, cloud

    yield make
    for close in reversed(closers):
        await close()


def start_of(day: date) -> datetime:
    """Return the market's midnight."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=10)


@pytest.mark.parametrize(("fixture", "site_id", "minutes"), [("A", A, 5), ("C", C, 30)])
async def test_prices_of_past_days(
    open_archive: Open, fixture: str, site_id: str, minutes: int
) -> None:
    """They are the billed ones, in the billing's steps, from midnight to midnight."""
    archive, cloud = await open_archive(fixture)
    first, last = TODAY - 2 * DAY, TODAY - DAY
    items = list(await archive.fetch_prices(site_id, first, last, None))
    assert (items[0].start, items[-1].end) == (start_of(first), start_of(TODAY))
    assert all(a.end == b.start for a, b in pairwise(items))
    assert {item.duration for item in items} == {timedelta(minutes=minutes)}
    assert {item.certainty for item in items} == {Certainty.CONFIRMED}
    for item in items:
        paid = cloud.per_kwh(site_id, "general", item.start) / 100
        assert item.import_price == pytest.approx(paid, abs=1e-6)
        earned = -cloud.per_kwh(site_id, "feedIn", item.start) / 100
        assert item.export_price == pytest.approx(earned, abs=1e-6)
        assert (item.controlled_load_price is None) is (fixture == "A")
    assert {item.demand_window for item in items} == (
        {False, True} if fixture == "A" else {None}
    )


@pytest.mark.parametrize("resolution_30", ["honoured", "ignored"])
async def test_prices_in_steps(open_archive: Open, resolution_30: str) -> None:
    """The steps are what was asked for, whatever the cloud makes of a resolution."""
    archive, cloud = await open_archive(resolution_30=resolution_30)
    yesterday = TODAY - DAY
    fives = list(await archive.fetch_prices(A, yesterday, TODAY, None))
    assert {item.duration for item in fives} == {timedelta(minutes=5), HALF_HOUR}
    for minutes, asked in ((5, 5), (15, 5), (30, 30), (60, 30)):
        step = timedelta(minutes=minutes)
        items = list(await archive.fetch_prices(A, yesterday, TODAY, step))
        assert f"resolution={asked}" in cloud.requests.entries[-1].query
        assert {item.duration for item in items} == {step}
        assert all(a.end == b.start for a, b in pairwise(items))
        assert items[0].start == start_of(yesterday)
        third = items[3]
        mean = [
            item.import_price for item in fives if third.start <= item.start < third.end
        ]
        expected = sum(filter(None, mean)) / len(mean)
        assert third.import_price == pytest.approx(expected, abs=2e-6)


async def test_today_and_tomorrow(open_archive: Open) -> None:
    """What is past is confirmed, what runs is what it is, the rest is foretold."""
    archive, _ = await open_archive()
    series = await archive.fetch_prices(A, TODAY, TODAY + DAY, None)
    now = series.at(NOW)
    assert now is not None
    assert now.certainty is Certainty.CONFIRMED
    for item in series:
        foretold = item.start > NOW
        assert (item.certainty is Certainty.FORECAST) is foretold
        assert (item.import_band is not None) is (foretold and item.start < NOW + DAY)
        if item.import_band is not None and item.export_band is not None:
            for band in (item.import_band, item.export_band):
                assert band.low is not None
                assert band.predicted is not None
                assert band.high is not None
                assert band.low < band.predicted < band.high


@pytest.mark.parametrize("feed_in_kwh", ["positive", "negative"])
@pytest.mark.parametrize(("fixture", "site_id"), [("A", A), ("C", C)])
async def test_usage(
    open_archive: Open, fixture: str, site_id: str, feed_in_kwh: str
) -> None:
    """Energies and money add up to what the meter counted, at the prices of the time."""
    archive, cloud = await open_archive(fixture, feed_in_kwh=feed_in_kwh)
    yesterday = TODAY - DAY
    items = await archive.fetch_usage(site_id, yesterday - DAY, yesterday)
    flows = {Flow.IMPORT: "general", Flow.EXPORT: "feedIn"}
    if fixture == "C":
        flows[Flow.CONTROLLED_LOAD] = "controlledLoad"
    assert [item.start for item in items] == sorted(item.start for item in items)
    for flow, channel in flows.items():
        own = [item for item in items if item.flow is flow]
        assert (own[0].start, own[-1].end) == (
            start_of(yesterday - DAY),
            start_of(TODAY),
        )
        assert all(a.end == b.start for a, b in pairwise(own))
        assert all(item.settled for item in own)
        kwh = sum(item.kwh or 0.0 for item in own)
        metered = cloud.metered(
            site_id, channel, start_of(yesterday - DAY), start_of(TODAY)
        )
        assert kwh == pytest.approx(metered)
        assert kwh > 1
        sign = -1 if flow is Flow.EXPORT else 1
        for item in own:
            price = sign * cloud.per_kwh(site_id, channel, item.start) / 100
            assert item.price == pytest.approx(price, abs=1e-6)
            assert item.cost == pytest.approx(item.kwh * price, abs=2e-6)
    assert await archive.fetch_usage(site_id, TODAY, TODAY) == ()


async def test_two_registers(open_archive: Open) -> None:
    """Registers of one kind are added; where one is missing, nothing is settled."""
    (spec,) = FIXTURES["A"](TODAY)
    both = replace(spec, channels=(*spec.channels, ChannelSpec("E3", "general", "T")))
    archive, cloud = await open_archive(both)
    yesterday = TODAY - DAY
    items = await archive.fetch_usage(A, yesterday, yesterday)
    own = [item for item in items if item.flow is Flow.IMPORT]
    assert len(own) == 288
    assert all(item.settled for item in items)
    # The fake counts the same with both.
    metered = cloud.metered(A, "general", start_of(yesterday), start_of(TODAY))
    assert sum(item.kwh or 0.0 for item in own) == pytest.approx(2 * metered)
    assert own[100].cost == pytest.approx((own[100].kwh or 0) * (own[100].price or 0))

    row = cloud.site(A).data.row

    def without_one(channel: ChannelSpec, slot: Any, *rest: Any) -> Any:
        told = row(channel, slot, *rest)
        return None if channel.identifier == "E3" and slot.first % 2 else told

    cloud.site(A).data.row = without_one  # type: ignore[method-assign]
    items = await archive.fetch_usage(A, yesterday, yesterday)
    own = [item for item in items if item.flow is Flow.IMPORT]
    assert [item.settled for item in own] == [True, False] * 144
    assert all(item.settled for item in items if item.flow is Flow.EXPORT)


async def test_estimated_and_late(open_archive: Open) -> None:
    """An estimate is not settled; a part that has not come is not there."""
    archive, cloud = await open_archive(usage_estimated_share=0.3)
    yesterday = TODAY - DAY
    cloud.set_usage(A, yesterday, missing=(6, 8), filled=None)
    items = await archive.fetch_usage(A, yesterday, yesterday)
    assert len(items) == 2 * (288 - 24)
    estimated = sum(not item.settled for item in items)
    assert 0.2 < estimated / len(items) < 0.4
    assert all(isinstance(item, UsageInterval) for item in items)


async def test_the_same_as_in_the_statistics(open_archive: Open) -> None:
    """What is told twice, in whatever length, counts once; so does the certain one."""
    archive, cloud = await open_archive("C")
    yesterday = TODAY - DAY
    clean = await archive.fetch_usage(C, yesterday, yesterday)

    def odd(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        guesses = [item | {"quality": "estimated", "kwh": 9.0} for item in rows[:3]]
        astray = rows[3] | {"date": f"{yesterday - DAY}"}
        hour = rows[10] | {"duration": 60, "endTime": rows[11]["endTime"]}
        return [*guesses, astray, *rows, hour]

    cloud.faults.add("usage", Fault.EDIT, edit=odd)
    told = await archive.fetch_usage(C, yesterday, yesterday)
    assert told == clean
    assert all(item.settled for item in told)


async def test_renewables(open_archive: Open) -> None:
    """Shares of a state, with where they are in time; no other region is asked for."""
    archive, cloud = await open_archive()
    items = await archive.fetch_renewables("sa", 2, 3, timedelta(minutes=5))
    assert [item.phase for item in items] == [
        *[Phase.PAST] * 2,
        Phase.RUNNING,
        *[Phase.COMING] * 3,
    ]
    assert items[2].start <= NOW < items[2].end
    assert all(a.end == b.start for a, b in pairwise(items))
    assert {item.descriptor for item in items} <= {
        "best",
        "great",
        "ok",
        "not_great",
        "worst",
    }
    market = cloud.markets["sa"]
    index = int(items[0].start.timestamp()) // 300
    assert items[0].share == pytest.approx(market.actual(index).renewables)
    cloud.requests.clear()
    for region, step in (("tas", None), ("sa", timedelta(minutes=15))):
        with pytest.raises(InvalidRequest):
            await archive.fetch_renewables(region, None, None, step)
    assert cloud.requests.total == 0


@pytest.mark.parametrize(
    ("fixture", "region"), [("A", "nsw"), ("C", "vic"), ("F", "qld"), ("G", "sa")]
)
async def test_regions(open_archive: Open, fixture: str, region: str) -> None:
    """A site's region is that of its network; a region that is shown is its own."""
    archive, cloud = await open_archive(fixture, days=1)
    (site_id,) = cloud.serials
    assert archive.knows(site_id)
    assert archive.region(site_id) == region == cloud.site(site_id).spec.state
    assert not archive.knows("shown")
    assert archive.region("shown") == "vic"
    assert archive.region("other") is None


@pytest.mark.parametrize(
    ("what", "steps"),
    [
        ("prices", [(PriceRecord, "parse", 4032), (board, "_interval", 2016)]),
        ("usage", [(UsageRecord, "parse", 4032), (archive_module, "_usage", 4032)]),
    ],
)
async def test_others_have_their_turn(
    open_archive: Open,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    steps: list[tuple[Any, str, int]],
) -> None:
    """A week of 5 min takes longer than anybody may wait, so it is done in slices."""
    archive, _ = await open_archive(days=9)
    done: Counter[str] = Counter()
    at_once: Counter[str] = Counter()
    most: Counter[str] = Counter()

    def counted(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any) -> Any:
            done[name] += 1
            at_once[name] += 1
            most[name] = max(most[name], at_once[name])
            return step(*args)

        return count

    for owner, name, _ in steps:
        monkeypatch.setattr(owner, name, counted(name, getattr(owner, name)))

    async def other() -> None:
        while True:
            at_once.clear()
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    fetch = archive.fetch_prices if what == "prices" else archive.fetch_usage
    more = (None,) if what == "prices" else ()
    assert await fetch(A, TODAY - 7 * DAY, TODAY - DAY, *more)
    task.cancel()
    assert done == {name: count for _, name, count in steps}
    assert max(most.values()) <= 300
