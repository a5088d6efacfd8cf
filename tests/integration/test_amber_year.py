"""Amber: a year of intervals, and the nights on which clocks change.

None is missing, doubled or shifted: what is shown at an instant is the cloud's truth of
just that interval. With the environment variable JOULEKEEPER_YEAR every half-hour of a
year is asked for; without it all of every tenth day, and the days at which a month or
Sydney's daylight saving begins or ends.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
import os
from typing import Any, Final

from aiohttp import ClientSession
import pytest

from custom_components.joulekeeper.vendors.amber import feed
from custom_components.joulekeeper.vendors.amber.models import NEM
from custom_components.joulekeeper.vendors.amber.prices import PRICES
from custom_components.joulekeeper.vendors.amber.session import AmberSession
from custom_components.joulekeeper.vendors.amber.words import ChannelType
from custom_components.joulekeeper.vendors.base import Connection
from homeassistant.core import Event, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..clouds import AmberCloud
from ..clouds.amber.site import Site
from ..clouds.clock import SetClock
from .conftest import AMBER_FEED_IN, AMBER_GENERAL, AmberHouse, OpenAmberHouse

SECOND: Final = timedelta(seconds=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
FIVE: Final = timedelta(minutes=5)
HALF_HOUR: Final = timedelta(minutes=30)

YEAR: Final = datetime(2026, 7, 1, tzinfo=NEM)
SPRING: Final = datetime(2026, 10, 3, 16, 0, tzinfo=UTC)
"""In Sydney 2 o'clock becomes 3 o'clock."""
AUTUMN: Final = datetime(2027, 4, 3, 16, 0, tzinfo=UTC)
"""In Sydney 3 o'clock becomes 2 o'clock."""
MIDNIGHT: Final = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
"""In Sydney; the market's is an hour later."""
WHOLE: Final = "JOULEKEEPER_YEAR" in os.environ


class Shelf:
    """Keeps what a session wants to be kept."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.data: Mapping[str, Any] | None = None

    async def load(self) -> Mapping[str, Any] | None:
        """Return what was kept."""
        return self.data

    async def save(self, data: Mapping[str, Any]) -> None:
        """Keep it."""
        self.data = data


@pytest.fixture
async def web(socket_enabled: None) -> AsyncIterator[ClientSession]:
    """Return a session that needs no Home Assistant."""
    async with ClientSession() as session:
        yield session


def truth(site: Site, channel: ChannelType, start: datetime) -> float:
    """Return what an interval cost in the end, AUD/kWh; feed-in + is earned."""
    told = site.board.truth(site.slot(start))
    cents = site.spec.tariff.per_kwh(
        channel.value, site.slot(start).first, told.quote.spot
    )
    return (-cents if channel is ChannelType.FEED_IN else cents) / 100


def interesting(day: date) -> bool:
    """Return whether a market's day is asked for by default."""
    changes = (SPRING.date(), AUTUMN.date())
    return (
        day.toordinal() % 10 == 0
        or day.day == 1
        or (day + DAY).day == 1
        or any(abs(day - change) <= DAY for change in changes)
    )


class Reader:
    """One site of a session, its intervals read one after the other."""

    def __init__(self, cloud: AmberCloud, clock: SetClock, web: ClientSession) -> None:
        """Take the cloud's first site."""
        self.clock = clock
        self.site = cloud.accounts[0].sites[0]
        self.length = timedelta(minutes=self.site.spec.interval_minutes)
        self.session = AmberSession(
            Connection(
                http=web,
                cookie_session=lambda: web,
                clock=clock,
                tokens=Shelf(),
                credentials={**cloud.credentials, "base_url": cloud.base_url},
            )
        )
        self.shown: list[tuple[datetime, datetime, date]] = []
        """Start, end and the market's day of what was confirmed."""

    async def read(self, starts: list[datetime]) -> None:
        """Ask once for each interval, right after its confirmation."""
        topology = await self.session.topology.fetch()
        (endpoint,) = (
            item for item in self.session.endpoints(topology) if item.reading is PRICES
        )
        known = None
        for start in starts:
            end, before = start + self.length, known
            if before is not None and before.board.asked_at >= start - self.length:
                # The last answer foretells the interval that begins.
                self.clock.set(start)
                running = before.running(ChannelType.GENERAL)
                assert running is not None
                assert (running.span.start, running.span.end) == (start, end)
                assert before.is_estimate(ChannelType.GENERAL)
                assert before.price(ChannelType.GENERAL) is not None
                self.clock.set(start - SECOND / 1000)
                assert before.price(ChannelType.GENERAL) == pytest.approx(
                    truth(self.site, ChannelType.GENERAL, start - self.length),
                    abs=1e-6,
                )
            published = self.site.publication.published_at(
                self.site.slot(start).end - 1
            )
            assert published is not None
            self.clock.set(published + SECOND / 2)
            known = await endpoint.fetch()
            for moment in (self.clock(), end - SECOND / 1000):
                self.clock.set(moment)
                for channel in known.channels:
                    price = truth(self.site, channel, start)
                    assert known.price(channel) == pytest.approx(price, abs=1e-6)
                    assert known.is_estimate(channel) is False
            running = known.running(ChannelType.GENERAL)
            assert running is not None
            self.shown.append((running.span.start, running.span.end, running.span.day))
            now = known.series.at(self.clock())
            assert now is not None
            assert (now.start, now.end, now.confirmed) == (start, end, True)
            assert now.import_price == known.price(ChannelType.GENERAL)
            assert now.export_price == known.price(ChannelType.FEED_IN)
            assert all(a.end == b.start for a, b in pairwise(known.series))
            assert known.next_boundary() == end


def starts_of(first: datetime, count: int, length: timedelta) -> list[datetime]:
    """Return the starts of so many intervals, UTC."""
    return [first.astimezone(UTC) + n * length for n in range(count)]


@pytest.mark.timeout(600)
async def test_a_year_of_half_hours(
    web: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 30-minute site over a year of the market's days."""
    # An hour ahead: how far forecasts reach is nothing of this.
    monkeypatch.setattr(feed, "HORIZON", HOUR)
    clock = SetClock(YEAR - HOUR)
    cloud = AmberCloud(fixture="C", clock=clock, history=HOUR)
    await cloud.start()
    try:
        reader = Reader(cloud, clock, web)
        days = [YEAR + n * DAY for n in range(365)]
        asked = [day for day in days if WHOLE or interesting(day.date())]
        starts = [
            start
            for day in asked
            for start in starts_of(day, DAY // HALF_HOUR, HALF_HOUR)
        ]
        await reader.read(starts)
    finally:
        await cloud.stop()
    assert [start for start, _, _ in reader.shown] == starts
    assert all(end - start == HALF_HOUR for start, end, _ in reader.shown)
    assert Counter(day for *_, day in reader.shown) == dict.fromkeys(
        (day.date() for day in asked), 48
    )
    assert cloud.requests.count("current") == len(starts)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("middle", [SPRING, AUTUMN], ids=["spring", "autumn"])
async def test_five_minutes_around_a_change(
    middle: datetime, web: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 5-minute site over the market's two days around a change of clocks."""
    monkeypatch.setattr(feed, "HORIZON", HALF_HOUR)
    first = datetime.combine(middle.astimezone(NEM).date() - DAY, YEAR.timetz())
    clock = SetClock(first - HOUR)
    cloud = AmberCloud(fixture="A", clock=clock, history=HOUR)
    await cloud.start()
    try:
        reader = Reader(cloud, clock, web)
        starts = starts_of(first, 2 * DAY // FIVE, FIVE)
        await reader.read(starts)
    finally:
        await cloud.stop()
    assert [start for start, _, _ in reader.shown] == starts
    assert list(Counter(day for *_, day in reader.shown).values()) == [288, 288]


# -- in a whole Home Assistant -------------------------------------------------


async def only(house: AmberHouse, *keys: str) -> None:
    """Leave only the entities that are asked for: all of them would take minutes."""
    registry = er.async_get(house.hass)
    for item in er.async_entries_for_config_entry(registry, house.entry.entry_id):
        if item.unique_id not in keys and item.disabled_by is None:
            registry.async_update_entity(
                item.entity_id, disabled_by=er.RegistryEntryDisabler.USER
            )
    await house.reload()


PRICE_SENSORS: Final = {
    ChannelType.GENERAL: f"{AMBER_GENERAL}_price",
    ChannelType.FEED_IN: f"{AMBER_FEED_IN}_price",
}


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "zone", ["Australia/Sydney", "Australia/Adelaide", "Australia/Brisbane"]
)
@pytest.mark.parametrize(
    ("begin", "hours"),
    [
        (SPRING - HALF_HOUR, 1.5),
        (AUTUMN - HALF_HOUR, 1.5),
        (MIDNIGHT - HALF_HOUR / 2, 1.5),
    ],
    ids=["spring", "autumn", "midnight"],
)
async def test_a_night(
    open_amber_house: OpenAmberHouse, zone: str, begin: datetime, hours: float
) -> None:
    """Every confirmed price is shown in its interval, once and in order, on timers."""
    house = await open_amber_house(fixture="A", zone=zone, now=begin + SECOND)
    await only(house, *PRICE_SENSORS.values())
    channels = {
        house.entity_id("sensor", "price", AMBER_GENERAL): ChannelType.GENERAL,
        house.entity_id("sensor", "price", AMBER_FEED_IN): ChannelType.FEED_IN,
    }
    seen: dict[ChannelType, list[tuple[datetime, Any]]]
    seen = {channel: [] for channel in ChannelType}

    @callback
    def changed(event: Event[Any]) -> None:
        if (channel := channels.get(event.data["entity_id"])) is not None:
            seen[channel].append((dt_util.utcnow(), event.data["new_state"]))

    house.hass.bus.async_listen("state_changed", changed)
    await house.pass_time(timedelta(hours=hours) - 2 * SECOND)
    site = house.cloud.site(house.main)
    starts = starts_of(begin, int(timedelta(hours=hours) / FIVE), FIVE)
    for channel in channels.values():
        confirmed: list[datetime] = []
        for at, state in seen[channel]:
            told = state.attributes
            start = datetime.fromisoformat(told["start_time"])
            assert start <= at < start + FIVE
            assert datetime.fromisoformat(told["end_time"]) == start + FIVE
            times = [datetime.fromisoformat(row["time"]) for row in told["forecast"]]
            assert times == [start + n * FIVE for n in range(len(times))]
            assert len(times) > DAY / 2 / FIVE
            assert told["forecast"][0]["value"] == pytest.approx(
                float(state.state), abs=1e-5
            )
            if told["estimate"]:
                assert start not in confirmed
                continue
            assert float(state.state) == pytest.approx(
                truth(site, channel, start), abs=1e-6
            )
            if start not in confirmed:
                confirmed.append(start)
                published = house.cloud.published_at(house.main, start)
                assert published is not None
                assert timedelta() <= at - published < 15 * SECOND
        assert confirmed == starts
        shown = [
            datetime.fromisoformat(state.attributes["start_time"])
            for _, state in seen[channel]
        ]
        assert shown == sorted(shown)
        # Each began as an estimate, but the one that ran at first.
        assert set(shown) == set(starts)
