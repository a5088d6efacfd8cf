"""Client and planner at the fake cloud: what they read is so, and they read it soon."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from aiohttp import ClientSession
import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    NotFound,
    RateLimited,
    TransientError,
)
from custom_components.joulekeeper.vendors.amber.client import AmberClient
from custom_components.joulekeeper.vendors.amber.models import nem_day
from custom_components.joulekeeper.vendors.amber.publication import PollPlanner
from custom_components.joulekeeper.vendors.amber.words import (
    ChannelType,
    IntervalKind,
    State,
)
from tests.clouds import Fault
from tests.clouds.amber import AmberCloud
from tests.clouds.amber.behaviour import Behaviour
from tests.clouds.clock import SetClock

from .conftest import connection

A = "01HXFAKE5MINSITE0000000001"
C = "01HXFAKE30MINCL00000000003"
NOW = datetime(2026, 3, 1, 22, 15, 4, tzinfo=UTC)

type OpenCloud = Callable[..., Awaitable[tuple[AmberClient, AmberCloud, SetClock]]]


@pytest.fixture
async def open_cloud(socket_enabled: None) -> AsyncIterator[OpenCloud]:
    """Return what opens a cloud with switches, and a client of its first account."""
    closers: list[Callable[[], Awaitable[None]]] = []

    async def make(
        fixture: str = "A", **switches: Any
    ) -> tuple[AmberClient, AmberCloud, SetClock]:
        clock = SetClock(NOW)
        cloud = AmberCloud(
            fixture=fixture, clock=clock, behaviour=Behaviour(**switches)
        )
        base_url = await cloud.start()
        session = ClientSession()
        closers.extend((cloud.stop, session.close))
        token = cloud.credentials["token"]
        return AmberClient(connection(base_url, clock, session, token)), cloud, clock

    yield make
    for close in reversed(closers):
        await close()


SWITCHES: tuple[dict[str, Any], ...] = (
    {},
    {"optional": "null", "tariff_on": "all", "below_zero": "negative"},
    {"header_case": "lower", "policy": "rich", "default_resolution": 30},
    {"resolution_30": "ignored", "horizon": "long", "lost_actuals_share": 1.0},
    {"feed_in_kwh": "negative", "usage_today": "partial"},
)


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda item: "-".join(item))
@pytest.mark.parametrize("fixture", ["B", "C", "G"])
async def test_everything(
    open_cloud: OpenCloud, fixture: str, switches: dict[str, Any]
) -> None:
    """Whatever is open about the real cloud, the same values are read."""
    client, cloud, clock = await open_cloud(fixture, **switches)
    clock.advance(seconds=50)
    (site,) = [site for site in await client.sites() if site.is_active]
    length = int(site.interval / timedelta(minutes=1))
    board = await client.current_prices(
        site.id, previous=2, following=288, resolution=length
    )
    told = [item for item in board.records if item.kind is not IntervalKind.FORECAST]
    assert {item.channel for item in told} == site.channel_types
    for item in told:
        assert item.channel is not None
        if item.is_final and item.price is not None:
            cents = cloud.per_kwh(site.id, item.channel.value, item.span.start)
            sign = -1 if item.channel is ChannelType.FEED_IN else 1
            assert item.price == pytest.approx(sign * cents / 100, abs=1e-6)
    series = board.series()
    assert len(series) > 40
    assert all(item.import_price is not None for item in series)
    now = series.at(clock())
    assert now is not None
    assert now.confirmed is board.confirmed is (fixture == "B")
    assert board.span is not None
    assert board.span.duration == site.interval

    yesterday = nem_day(clock()) - timedelta(days=1)
    rows = await client.usage(site.id, yesterday, yesterday)
    for channel in site.channel_types:
        own = [row for row in rows if row.channel is channel]
        assert own
        for row in own:
            assert row.kwh is not None
            assert row.kwh >= 0
            assert row.price is not None
            assert row.cost == pytest.approx(row.kwh * row.price, abs=2e-5)
    day = await client.prices(site.id, yesterday, yesterday)
    minutes = sum(
        item.span.duration.total_seconds() / 60
        for item in day.of_channel(ChannelType.GENERAL)
    )
    assert minutes == 1440
    assert all(item.span.day == yesterday for item in day.records)
    for state in State:
        assert len(await client.renewables(state, previous=1, following=1)) == 3
    assert client.rate_limits is not None
    assert client.rate_limits.remaining == 50 - client.calls.total() + len(State)


async def test_refusals(open_cloud: OpenCloud) -> None:
    """A revoked token, an unknown site, a spent limit, a cloud that is busy."""
    client, cloud, clock = await open_cloud()
    with pytest.raises(NotFound):
        await client.current_prices("01HXNOSITE0000000000000000")
    cloud.spend(50)
    with pytest.raises(RateLimited) as raised:
        await client.current_prices(A)
    assert raised.value.retry_after == pytest.approx(302, abs=1)
    clock.advance(seconds=raised.value.retry_after or 0)
    assert (await client.current_prices(A)).records
    cloud.faults.add("current", Fault.THROTTLE, times=1)
    with pytest.raises(RateLimited) as raised:
        await client.current_prices(A)
    assert raised.value.retry_after == 2
    clock.advance(seconds=2)
    cloud.change(outage="actuals")
    assert (await client.current_prices(A, previous=1)).span is None
    cloud.change(outage="none")
    cloud.faults.add("current", Fault.STATUS, status=502)
    with pytest.raises(TransientError):
        await client.current_prices(A)
    cloud.faults.clear()
    cloud.renew_token()
    with pytest.raises(AuthError):
        await client.current_prices(A)


@pytest.mark.parametrize(
    ("fixture", "site_id", "minutes", "count"), [("A", A, 5, 96), ("C", C, 30, 24)]
)
async def test_a_day(
    open_cloud: OpenCloud, fixture: str, site_id: str, minutes: int, count: int
) -> None:
    """Prices are read soon after they are published, at few calls, as the cloud logs."""
    client, cloud, clock = await open_cloud(fixture)
    interval = timedelta(minutes=minutes)
    planner = PollPlanner(interval)
    lags: dict[datetime, float] = {}
    end = NOW + count * interval
    while clock() < end:
        board = await client.current_prices(site_id, previous=1, following=12)
        start = board.span.start if board.span else None
        planner.seen(board.asked_at, start, board.confirmed)
        if board.confirmed and start is not None:
            published = cloud.published_at(site_id, start)
            assert published is not None
            lags.setdefault(start, (clock() - published).total_seconds())
            current = board.current(ChannelType.GENERAL)
            assert current is not None
            cents = cloud.per_kwh(site_id, "general", start)
            assert current.price == pytest.approx(cents / 100, abs=1e-6)
        clock.set(planner.next_poll(client.cloud_time(), client.room))
    assert count - 2 <= len(lags) <= count + 1
    assert min(lags.values()) >= 0
    assert median(lags.values()) <= 2.0
    assert sorted(lags.values())[round(0.95 * len(lags))] <= 5.0
    assert cloud.requests.count("current") <= 3.5 * count
