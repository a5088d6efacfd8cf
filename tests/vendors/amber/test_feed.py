"""What a feed shows when answers fail, come late, or leave something out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import AuthError, TransientError
from custom_components.joulekeeper.core.models import EndpointId, Readings
from custom_components.joulekeeper.vendors.amber.board import PriceBoard
from custom_components.joulekeeper.vendors.amber.feed import PriceFeed
from custom_components.joulekeeper.vendors.amber.limits import Room
from custom_components.joulekeeper.vendors.amber.memory import Memory
from custom_components.joulekeeper.vendors.amber.models import PriceRecord, Site
from custom_components.joulekeeper.vendors.amber.prices import (
    PATIENCE,
    PRICES,
    AmberPrices,
    Basis,
)
from custom_components.joulekeeper.vendors.amber.words import ChannelType

START = datetime(2026, 3, 1, 22, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GENERAL, FEED_IN = ChannelType.GENERAL, ChannelType.FEED_IN
SITE_ID = "01HXFAKE5MINSITE0000000001"


def record(
    start: datetime,
    kind: str = "Current",
    channel: ChannelType = GENERAL,
    cents: float = 20.0,
    **more: Any,
) -> PriceRecord:
    """Return an interval of five minutes."""
    parsed = PriceRecord.parse(
        {
            "type": f"{kind}Interval",
            "duration": 5,
            "startTime": (start + timedelta(seconds=1)).isoformat(),
            "endTime": (start + 5 * MINUTE).isoformat(),
            "perKwh": cents,
            "channelType": channel.value,
            **more,
        }
    )
    assert parsed is not None
    return parsed


def answer(
    start: datetime, *, estimate: bool, channels: tuple[ChannelType, ...] = (GENERAL,)
) -> list[PriceRecord]:
    """Return the current interval, and two hours of forecasts."""
    return [
        item
        for channel in channels
        for item in (
            record(start, channel=channel, estimate=estimate),
            *(
                record(start + n * 5 * MINUTE, "Forecast", channel, 30.0)
                for n in range(1, 24)
            ),
        )
    ]


@dataclass
class _Client:
    """A client whose next answer is laid out, and whose clock is set."""

    now: datetime = START + timedelta(seconds=5)
    next_answer: Callable[[], list[PriceRecord]] = list
    asked: list[dict[str, Any]] = field(default_factory=list)
    rate_limits: None = None

    def clock(self) -> datetime:
        return self.now

    def cloud_time(self, instant: datetime | None = None) -> datetime:
        return instant or self.now

    @property
    def room(self) -> Room:
        return Room(25, self.now)

    async def current_prices(self, site_id: str, **query: Any) -> PriceBoard:
        self.asked.append(query)
        return PriceBoard.of(self.next_answer(), self.now)


class _Nothing:
    async def load(self) -> None:
        return None

    async def save(self, data: Any) -> None:
        del data


@pytest.fixture
def client() -> _Client:
    """Return a client that tells an estimate of two channels."""
    return _Client(
        next_answer=lambda: answer(START, estimate=True, channels=(GENERAL, FEED_IN))
    )


@pytest.fixture
def feed(client: _Client) -> PriceFeed:
    """Return the feed of a site that is billed in five minutes."""
    site = Site.parse({"id": SITE_ID, "status": "active", "intervalLength": 5})
    assert site is not None
    memory = Memory(_Nothing())
    no = timedelta()
    return PriceFeed(client, site, Basis(), memory, no, lambda: 1, lambda: False)  # type: ignore[arg-type]


def fail() -> list[PriceRecord]:
    """Answer with an error of the cloud."""
    raise TransientError("current_prices: HTTP 502")


def confirmed(start: datetime, channel: ChannelType, cents: float) -> PriceRecord:
    """Return what is pushed once a price is locked in."""
    return record(start, channel=channel, cents=cents, estimate=False)


async def test_short_trouble_is_bridged(client: _Client, feed: PriceFeed) -> None:
    """For some minutes the forecast stands in, labelled; then the error is told."""
    await feed.fetch()
    client.next_answer = fail
    client.now = START + 6 * MINUTE
    bridged = await feed.fetch()
    assert bridged.price(GENERAL) == 0.3
    assert bridged.is_estimate(GENERAL) is True
    assert feed.due_in(bridged, client.now) < timedelta(seconds=5)
    client.now += PATIENCE + MINUTE
    with pytest.raises(TransientError):
        await feed.fetch()
    client.next_answer = lambda: answer(START + 15 * MINUTE, estimate=False)
    assert (await feed.fetch()).price(GENERAL) == 0.2


async def test_wrong_clock_bridges_no_longer(client: _Client, feed: PriceFeed) -> None:
    """Trouble that began by a clock an hour ahead is over as soon as any other."""
    await feed.fetch()
    client.next_answer = fail
    client.now = START + timedelta(hours=1)
    await feed.fetch()
    client.now = START + 2 * MINUTE
    await feed.fetch()
    client.now += PATIENCE + MINUTE
    with pytest.raises(TransientError):
        await feed.fetch()


async def test_refused_token_is_never_bridged(client: _Client, feed: PriceFeed) -> None:
    """The user is asked at once."""
    await feed.fetch()

    def refuse() -> list[PriceRecord]:
        raise AuthError("current_prices: HTTP 403")

    client.next_answer = refuse
    with pytest.raises(AuthError):
        await feed.fetch()


@pytest.mark.parametrize(
    "rest",
    [(), (record(START - 5 * MINUTE, "Actual"),)],
    ids=["nothing", "actuals only"],
)
async def test_answer_without_a_price(
    client: _Client, feed: PriceFeed, rest: tuple[PriceRecord, ...]
) -> None:
    """It erases nothing for some minutes; then no price is known, and it is no error."""
    client.next_answer = lambda: answer(START, estimate=False)
    await feed.fetch()
    client.next_answer = lambda: list(rest)
    client.now += MINUTE
    prices = await feed.fetch()
    assert prices.price(GENERAL) == 0.2
    assert prices.is_estimate(GENERAL) is False
    client.now += PATIENCE + MINUTE
    prices = await feed.fetch()
    assert prices.price(GENERAL) is None
    assert prices.is_estimate(GENERAL) is None


async def test_pushes_keep_prices_alive_while_polls_fail(
    client: _Client, feed: PriceFeed
) -> None:
    """What came by itself is shown for as long as it goes on coming."""
    await feed.fetch()
    client.next_answer = fail
    for n in range(1, 13):
        client.now = START + n * 5 * MINUTE + timedelta(seconds=25)
        feed.pushed([confirmed(START + n * 5 * MINUTE, GENERAL, 10.0 + n)])
        prices = await feed.fetch()
        assert prices.price(GENERAL) == round(0.1 + n / 100, 4)
    client.now += PATIENCE + MINUTE
    with pytest.raises(TransientError):
        await feed.fetch()


async def test_late_push(client: _Client, feed: PriceFeed) -> None:
    """One of the interval before changes nothing."""
    client.next_answer = lambda: answer(START, estimate=False)
    before = await feed.fetch()
    after = feed.pushed([confirmed(START - 5 * MINUTE, GENERAL, 99.0)])
    assert after == before
    assert after is not None
    assert after.price(GENERAL) == 0.2


async def test_push_of_one_channel(client: _Client, feed: PriceFeed) -> None:
    """The other one stays as it is."""
    await feed.fetch()
    prices = feed.pushed([confirmed(START, GENERAL, 12.0)])
    assert prices is not None
    assert (prices.price(GENERAL), prices.price(FEED_IN)) == (0.12, -0.2)
    assert prices.is_estimate(GENERAL) is False
    assert prices.is_estimate(FEED_IN) is True
    assert not prices.board.confirmed


async def test_push_before_an_older_answer(client: _Client, feed: PriceFeed) -> None:
    """An answer that was under way makes no estimate of a price that is final."""
    await feed.fetch()
    feed.pushed([confirmed(START, channel, 12.0) for channel in (GENERAL, FEED_IN)])
    prices = await feed.fetch()
    assert prices.price(GENERAL) == 0.12
    assert prices.board.confirmed


@pytest.mark.parametrize(
    "odd",
    [
        record(START, channelType="batteryExport", estimate=True),
        record(START, channel=ChannelType.CONTROLLED_LOAD),
    ],
    ids=["unknown channel", "no flag"],
)
async def test_odd_channel_does_not_keep_us_polling(
    client: _Client, feed: PriceFeed, odd: PriceRecord
) -> None:
    """A channel that nobody knows, or that never says so, is not waited for."""
    client.now = START + timedelta(seconds=30)
    client.next_answer = lambda: [*answer(START, estimate=False), odd]
    prices = await feed.fetch()
    assert prices.board.confirmed
    assert feed.due_in(prices, client.now) > 4 * MINUTE


async def test_source_forgets_what_is_old(client: _Client, feed: PriceFeed) -> None:
    """Whoever plans gets no prices that were told before a long silence."""
    readings = Readings()
    readings.put(EndpointId(PRICES.name, SITE_ID), await feed.fetch())
    source = AmberPrices()
    assert source.prices(SITE_ID, readings)
    client.now += PATIENCE + 6 * MINUTE
    assert source.prices(SITE_ID, readings) is None


async def test_resolution_is_asked_for_and_taken_back(
    client: _Client, feed: PriceFeed
) -> None:
    """Where half-hours come to a site of five minutes, those are asked for."""
    half_hour = record(
        START - 15 * MINUTE,
        duration=30,
        endTime=(START + 15 * MINUTE).isoformat(),
        estimate=True,
    )
    client.next_answer = lambda: [half_hour]
    await feed.fetch()
    await feed.fetch()
    assert [item["resolution"] for item in client.asked] == [None, 5]
    assert all(item["following"] == 576 for item in client.asked)
    listed = Site.parse({"id": SITE_ID, "status": "active", "intervalLength": 30})
    assert listed is not None
    feed.take(listed)
    await feed.fetch()
    assert client.asked[-1]["resolution"] is None
    assert client.asked[-1]["following"] == 96
