"""The vendor's own SDK, `amberelectric`, reads the fake Amber cloud.

It is generated from the vendor's specification and refuses a whole answer for one
wrong type, so what it reads shows that the fake is faithful (dossier section 9).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import amberelectric
from amberelectric.exceptions import (
    ApiException,
    ForbiddenException,
    NotFoundException,
    ServiceException,
    UnauthorizedException,
)
import pytest

from tests.clouds import AmberCloud, Fault
from tests.clouds.amber import NEM, Behaviour
from tests.clouds.clock import SetClock

pytestmark = pytest.mark.usefixtures("socket_enabled")

A = "01HXFAKE5MINSITE0000000001"
C = "01HXFAKE30MINCL00000000003"
NOW = datetime.fromisoformat("2026-03-02T08:15:04+10:00")
DAY = date(2026, 3, 1)

type Connect = Callable[..., Awaitable[tuple[AmberCloud, amberelectric.AmberApi]]]
call = asyncio.to_thread


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Return a function that starts a cloud, and the SDK at its address."""
    clouds: list[AmberCloud] = []

    async def _connect(
        now: datetime = NOW, **options: Any
    ) -> tuple[AmberCloud, amberelectric.AmberApi]:
        cloud = AmberCloud(clock=SetClock(now), **options)
        clouds.append(cloud)
        return cloud, sdk(await cloud.start(), cloud.credentials["token"])

    yield _connect
    for cloud in clouds:
        await cloud.stop()


def sdk(address: str, token: str | None) -> amberelectric.AmberApi:
    """Return the SDK for a token."""
    settings = amberelectric.Configuration(host=f"{address}/v1", access_token=token)
    return amberelectric.AmberApi(amberelectric.ApiClient(settings))


def unwrapped(answer: list[Any]) -> list[Any]:
    """Return the records themselves."""
    return [item.actual_instance for item in answer]


def _clock(cloud: AmberCloud) -> SetClock:
    assert isinstance(cloud.clock, SetClock)
    return cloud.clock


def assert_as_it_came_to_be(cloud: AmberCloud, site: str, record: Any) -> None:
    """Compare a record of the past with what the cloud knows to be true."""
    start = record.start_time - timedelta(seconds=1)
    truth = cloud.truth(site, start)
    channel = record.channel_type.value
    assert record.duration == truth.slot.minutes
    assert record.spot_per_kwh == truth.quote.spot
    assert record.renewables == truth.quote.renewables
    assert record.per_kwh == cloud.per_kwh(site, channel, start)
    assert record.end_time - start == timedelta(minutes=record.duration)
    assert record.nem_time == record.end_time
    assert record.nem_time.utcoffset() == timedelta(hours=10)
    assert record.var_date == start.astimezone(NEM).date()


async def test_sites(connect: Connect) -> None:
    """Every fixture's bodies are valid."""
    _, api = await connect(fixture=("B", "C", "D", "F", "G", "I", "J"))
    sites = await call(api.get_sites)
    assert [(s.nmi, s.status.value, s.interval_length) for s in sites][:3] == [
        ("6100000022", "closed", 30),
        ("6100000011", "active", 5),
        ("63000000333", "active", 30),
    ]
    assert sites[0].closed_on == date(2024, 4, 30)
    assert sites[1].active_from == date(2024, 5, 1)
    assert [c.type.value for c in sites[2].channels] == [
        *("general", "controlledLoad", "feedIn"),
    ]
    assert sites[3].status.value == "pending"
    # It knows no body without an intervalLength, and fills one in.
    assert sites[5].interval_length == 30


@pytest.mark.parametrize(("fixture", "site"), [("A", A), ("C", C)])
async def test_the_life_of_a_price(connect: Connect, fixture: str, site: str) -> None:
    """From forecast to estimate to confirmed to actual, over an hour."""
    start = NOW.replace(minute=0, second=0)
    cloud, api = await connect(start, fixture=fixture)
    first = unwrapped(await call(api.get_current_prices, site, next=288))
    forecasts = {r.start_time for r in first if r.type == "ForecastInterval"}
    confirmed, estimates = 0, 0
    while cloud.clock() < start + timedelta(hours=1):
        _clock(cloud).advance(seconds=97)
        now = cloud.clock()
        published = cloud.published_at(site, now)
        assert published is not None
        for record in unwrapped(await call(api.get_current_prices, site)):
            assert record.type == "CurrentInterval"
            assert record.estimate == (now < published)
            if record.estimate:
                estimates += 1
                price = record.advanced_price
                sign = -1 if record.channel_type.value == "feedIn" else 1
                assert sign * price.low <= sign * price.predicted <= sign * price.high
            else:
                confirmed += 1
                assert record.advanced_price is None
                assert_as_it_came_to_be(cloud, site, record)
    assert confirmed > 0
    assert estimates > 0
    past = unwrapped(await call(api.get_current_prices, site, previous=12, next=0))
    actuals = [r for r in past if r.type == "ActualInterval"]
    assert len(actuals) == 12 * (2 if site == A else 3)
    for record in actuals:
        assert_as_it_came_to_be(cloud, site, record)
    assert forecasts & {r.start_time for r in actuals}
    assert "unknown" not in cloud.requests.counts()


async def test_prices_by_date(connect: Connect) -> None:
    """A week and today, by both resolutions; all three kinds of record."""
    cloud, api = await connect()
    answer = await call(
        api.get_prices, A, start_date=DAY, end_date=date(2026, 3, 2), resolution=30
    )
    records = unwrapped(answer)
    assert len(records) == 2 * 96
    answer = await call(
        api.get_prices, A, start_date=date(2026, 2, 24), end_date=date(2026, 3, 3)
    )
    records = unwrapped(answer)
    now = cloud.clock()
    for record in records:
        kind = record.type
        assert (kind == "ActualInterval") == (record.end_time <= now)
        assert (kind == "ForecastInterval") == (record.start_time > now)
        if kind == "ActualInterval":
            assert_as_it_came_to_be(cloud, A, record)
    assert len(records) > 2 * 6 * 288


@pytest.mark.parametrize(("fixture", "site"), [("A", A), ("C", C)])
async def test_usage(connect: Connect, fixture: str, site: str) -> None:
    """What the house drew and fed, at what it cost then."""
    behaviour = Behaviour(usage_estimated_share=0, usage_gap_share=0)
    cloud, api = await connect(fixture=fixture, behaviour=behaviour)
    rows = await call(api.get_usage, site, DAY, DAY)
    drawn = fed = 0.0
    for row in rows:
        assert_as_it_came_to_be(cloud, site, row)
        start = row.start_time - timedelta(seconds=1)
        channel = row.channel_type.value
        assert row.kwh == cloud.metered(site, channel, start, row.end_time)
        assert row.cost == pytest.approx(row.kwh * row.per_kwh, abs=6e-5)
        assert row.quality == "billable"
        drawn += row.kwh if channel == "general" else 0
        fed += row.kwh if channel == "feedIn" else 0
    begin = datetime(2026, 2, 28, 14, tzinfo=UTC)
    hours = cloud.history(site, begin, begin + timedelta(days=1))
    house = hours[-1][1].minus(hours[0][1])
    assert (drawn, fed) == pytest.approx((house.imported, house.exported), abs=0.0011)
    assert min(drawn, fed) > 1
    assert await call(api.get_usage, site, date(2026, 3, 2), date(2026, 3, 2)) == []


async def test_extremes(connect: Connect) -> None:
    """Spikes, prices below zero, more than all renewables: all is valid."""
    cloud, api = await connect()
    cloud.set_price(A, NOW - timedelta(minutes=5), spot=2000.5, renewables=0.1)
    cloud.set_price(A, NOW, forecast=700.0, spot=-100.25, renewables=124.0)
    # It wants no answer of its own for null.
    cloud.change(optional="null", range_shown="far", horizon="long")
    records = unwrapped(await call(api.get_current_prices, A, next=480, previous=1))
    general, feed_in = [
        [r for r in records if r.channel_type.value == c] for c in ("general", "feedIn")
    ]
    assert general[0].spike_status.value == "spike"
    assert general[0].descriptor.value == "spike"
    assert general[1].spike_status.value == "potential"
    assert general[-1].range.min < general[-1].range.max
    assert general[1].range is None
    assert feed_in[0].per_kwh < -1900
    _clock(cloud).set(NOW + timedelta(minutes=4))
    (general, feed_in) = unwrapped(await call(api.get_current_prices, A))
    assert (general.descriptor.value, feed_in.descriptor.value) == (
        *("extremelyLow", "extremelyLow"),
    )
    assert general.renewables == 124
    assert general.per_kwh < 0 < feed_in.per_kwh


async def test_limits(connect: Connect) -> None:
    """It reads all four headers, and knows a 429 of either kind from the other."""
    cloud, api = await connect()
    answer = await call(api.get_sites_with_http_info)
    assert answer.headers["RateLimit-Remaining"] == "49"
    assert answer.headers["RateLimit-Policy"] == "50;w=300"
    cloud.spend(49)
    with pytest.raises(ApiException) as caught:
        await call(api.get_current_prices, A)
    assert caught.value.status == 429
    assert caught.value.headers is not None
    assert caught.value.headers["RateLimit-Remaining"] == "0"
    assert caught.value.headers["RateLimit-Reset"] == "300"
    _clock(cloud).advance(seconds=300)
    cloud.faults.add("current", Fault.THROTTLE, times=1)
    with pytest.raises(ApiException) as caught:
        await call(api.get_current_prices, A)
    assert caught.value.status == 429
    assert caught.value.headers is not None
    assert "RateLimit-Limit" not in caught.value.headers
    # Without Retry-After nothing is repeated behind our back.
    assert cloud.requests.count("current") == 2


async def test_errors(connect: Connect) -> None:
    """Each refusal has its class."""
    cloud, api = await connect()
    with pytest.raises(UnauthorizedException):
        await call(sdk(cloud.base_url, None).get_sites)
    with pytest.raises(ForbiddenException):
        await call(sdk(cloud.base_url, "psk_wrong").get_sites)
    with pytest.raises(NotFoundException):
        await call(api.get_current_prices, C)
    with pytest.raises(ApiException) as caught:
        await call(api.get_current_prices, A, next=2000, previous=100)
    assert caught.value.status == 422
    cloud.faults.add("sites", Fault.STATUS, status=502, times=1)
    with pytest.raises(ServiceException):
        await call(api.get_sites)
    cloud.renew_token()
    with pytest.raises(ForbiddenException):
        await call(api.get_sites)


async def test_renewables_are_beyond_it(connect: Connect) -> None:
    """A flaw of its own: each record fits all three of its models."""
    cloud, api = await connect()
    with pytest.raises(ValueError, match="Multiple matches found"):
        await call(api.get_current_renewables, "vic")
    assert cloud.requests.statuses("renewables") == [200]
