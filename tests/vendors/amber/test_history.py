"""Amber: days by the hour from rows of usage, and what they cost in calls."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import ClientSession
import pytest

from custom_components.joulekeeper.core.errors import (
    ProtocolError,
    RateLimited,
    TransientError,
)
from custom_components.joulekeeper.core.history import HOUR, Kind
from custom_components.joulekeeper.vendors.amber import client as client_module
from custom_components.joulekeeper.vendors.amber.client import AmberClient
from custom_components.joulekeeper.vendors.amber.days import (
    by_day,
    in_order,
    is_settled,
)
from custom_components.joulekeeper.vendors.amber.history import (
    DAY_PAUSE,
    AmberHistory,
    sums,
)
from custom_components.joulekeeper.vendors.amber.models import (
    NEM,
    Channel,
    Site,
    UsageRecord,
)
from custom_components.joulekeeper.vendors.amber.words import ChannelType
from tests.clouds import Fault
from tests.clouds.amber import AmberCloud
from tests.clouds.amber.behaviour import Behaviour
from tests.clouds.clock import SetClock

from .conftest import Open, connection

A = "01HXFAKE5MINSITE0000000001"
C = "01HXFAKE30MINCL00000000003"
DAY = timedelta(days=1)
NOON = datetime(2026, 3, 12, 12, tzinfo=NEM)
SURE: dict[str, Any] = {
    "usage_late_share": 0.0,
    "usage_gap_share": 0.0,
    "usage_estimated_share": 0.0,
}
CHANNELS: dict[str, tuple[str, str]] = {
    "general": ("grid_import_energy", "grid_import_cost"),
    "feedIn": ("grid_export_energy", "grid_export_compensation"),
    "controlledLoad": ("controlled_load_energy", "controlled_load_cost"),
}


@dataclass
class Bench:
    """A history at the fake cloud."""

    cloud: AmberCloud
    clock: SetClock
    client: AmberClient
    history: AmberHistory
    sites: dict[str, Site]

    def ranges(self) -> list[tuple[str, str]]:
        """Return for which days usage was asked."""
        queries = (
            dict(parse_qsl(entry.query))
            for entry in self.cloud.requests.entries
            if entry.label == "usage"
        )
        return [(item["startDate"], item["endDate"]) for item in queries]


type OpenBench = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def open_bench(socket_enabled: None) -> AsyncIterator[OpenBench]:
    """Return what opens a cloud with switches, and a history of its first account."""
    closers: list[Callable[[], Awaitable[None]]] = []

    async def make(
        fixture: str = "A",
        now: datetime = NOON,
        history: timedelta = 5 * DAY,
        **switches: Any,
    ) -> Bench:
        clock = SetClock(now)
        cloud = AmberCloud(
            fixture=fixture,
            clock=clock,
            history=history,
            behaviour=Behaviour(**SURE | switches),
        )
        base_url = await cloud.start()
        session = ClientSession()
        closers.extend((cloud.stop, session.close))
        token = cloud.credentials["token"]
        client = AmberClient(connection(base_url, clock, session, token))
        sites = {site.id: site for site in await client.sites()}
        return Bench(cloud, clock, client, AmberHistory(client, lambda: sites), sites)

    yield make
    for close in reversed(closers):
        await close()


# -- what is told of a day -----------------------------------------------------


@pytest.mark.parametrize("feed_in_kwh", ["positive", "negative"])
@pytest.mark.parametrize(("fixture", "site"), [("A", A), ("C", C)])
async def test_a_day_is_the_meters(
    open_bench: OpenBench, fixture: str, site: str, feed_in_kwh: str
) -> None:
    """Each hour's energy and money are those of the house, on every channel."""
    bench = await open_bench(fixture, feed_in_kwh=feed_in_kwh)
    cloud = bench.cloud
    # Export that costs, and import that is paid for, at noon.
    noon = datetime(2026, 3, 10, 11, tzinfo=NEM)
    cloud.set_price(site, noon, minutes=120, spot=-40.0)
    cloud.set_price(site, noon + 8 * HOUR, minutes=60, spot=-90.0)
    day = date(2026, 3, 10)
    told = await bench.history.fetch_day(site, day, UTC)
    assert told.settled
    assert not told.levels
    channels = {item.type for item in cloud.site(site).spec.channels}
    assert told.sums.keys() == {key for item in channels for key in CHANNELS[item]}
    start = datetime(2026, 3, 9, 14, tzinfo=UTC)
    hours = [start + n * HOUR for n in range(24)]
    step = bench.sites[site].interval
    for channel in channels:
        energy, money = (told.sums[key] for key in CHANNELS[channel])
        assert list(energy) == list(money) == hours
        sign = -1 if channel == "feedIn" else 1
        for hour in hours:
            true = cloud.metered(site, channel, hour, hour + HOUR)
            assert energy[hour] == pytest.approx(true, abs=1e-6)
            slots = [hour + n * step for n in range(HOUR // step)]
            cents = sum(
                cloud.metered(site, channel, at, at + step)
                * cloud.per_kwh(site, channel, at)
                for at in slots
            )
            assert money[hour] == pytest.approx(sign * cents / 100, abs=1e-5)
    assert min(told.sums["grid_export_compensation"].values()) < 0
    if fixture == "C":
        # No battery: bought in the evening.
        assert min(told.sums["grid_import_cost"].values()) < 0


async def test_series_of_a_site(open_bench: OpenBench) -> None:
    """Energy and money of the channels that it has; of no other device any."""
    bench = await open_bench("H")
    keys = {
        site: {(item.key, item.unit, item.kind) for item in bench.history.series(site)}
        for site in (A, C, "other")
    }
    assert keys[A] == {
        ("grid_import_energy", "kWh", Kind.SUM),
        ("grid_import_cost", "AUD", Kind.SUM),
        ("grid_export_energy", "kWh", Kind.SUM),
        ("grid_export_compensation", "AUD", Kind.SUM),
    }
    assert keys[C] - keys[A] == {
        ("controlled_load_energy", "kWh", Kind.SUM),
        ("controlled_load_cost", "AUD", Kind.SUM),
    }
    assert keys["other"] == set()
    assert bench.history.zone(A) is NEM


async def test_a_register_that_is_closed(open_bench: OpenBench) -> None:
    """What the site no longer has is booked too, and is not waited for."""
    bench = await open_bench("C")
    site = bench.sites[C]
    left = tuple(
        item for item in site.channels if item.type is not ChannelType.CONTROLLED_LOAD
    )
    bench.sites[C] = replace(site, channels=left)
    assert len(bench.history.series(C)) == 4
    told = await bench.history.fetch_day(C, date(2026, 3, 10), NEM)
    assert told.settled
    assert sum(told.sums["controlled_load_energy"].values()) > 5
    assert len(bench.history.series(C)) == 6


async def test_days_of_both_lengths(open_bench: OpenBench) -> None:
    """Half-hours until a day, five minutes from then on, in one answer."""
    bench = await open_bench("I", history=3 * DAY)
    (site,) = bench.cloud.serials
    bench.clock.advance(3 * DAY)
    days = [date(2026, 3, n) for n in (10, 11, 12, 13)]
    for n, day in enumerate(days):
        told = await bench.history.fetch_day(site, day, NEM, days[n + 1 :])
        assert told.settled, day
        start = datetime(day.year, day.month, day.day, tzinfo=NEM)
        true = bench.cloud.metered(site, "general", start, start + DAY)
        assert len(told.sums["grid_import_energy"]) == 24
        total = sum(told.sums["grid_import_energy"].values())
        assert total == pytest.approx(true, abs=1e-6)
    assert bench.ranges() == [("2026-03-10", "2026-03-13")]


# -- when a day is all there ---------------------------------------------------


async def test_late_estimated_and_incomplete_days(open_bench: OpenBench) -> None:
    """Nothing is nothing; a guess, or a gap, is not settled."""
    bench = await open_bench()
    history, cloud = bench.history, bench.cloud
    day = date(2026, 3, 10)
    cloud.set_usage(A, day, arrives=NOON + HOUR)
    told = await history.fetch_day(A, day, NEM)
    assert told.is_blank
    assert not told.settled
    cloud.set_usage(A, day, arrives=NOON - HOUR, estimated_share=0.1)
    cloud.set_usage(A, day, corrected=NOON + HOUR)
    guessed = await history.fetch_day(A, day, NEM)
    assert not guessed.settled
    cloud.set_usage(A, day, estimated_share=0.0, missing=(20, 24), filled=None)
    gap = await history.fetch_day(A, day, NEM)
    assert not gap.settled
    assert len(gap.sums["grid_import_energy"]) == 20
    cloud.set_usage(A, day, missing=None)
    whole = await history.fetch_day(A, day, NEM)
    assert whole.settled
    assert whole.sums.keys() == guessed.sums.keys()
    assert whole.sums != guessed.sums


def row(day: str, minute: int, length: int = 30, **fields: Any) -> UsageRecord:
    """Return a row that begins some minutes after the market's midnight."""
    start = datetime.fromisoformat(day).replace(tzinfo=NEM) + minute * HOUR / 60
    end = (start + length * HOUR / 60).astimezone(UTC)
    record = UsageRecord.parse(
        {
            "type": "Usage",
            "duration": length,
            "date": day,
            "startTime": (start.astimezone(UTC) + timedelta(seconds=1)).isoformat(),
            "endTime": end.isoformat(),
            "quality": "billable",
            "kwh": 0.1,
            "perKwh": 20.0,
            "cost": 2.0,
            "channelType": "general",
            "channelIdentifier": "E1",
        }
        | fields
    )
    assert record is not None
    return record


def whole_day(day: str = "2026-03-10", **fields: Any) -> list[UsageRecord]:
    """Return the half-hours of a day."""
    return [row(day, 30 * n, **fields) for n in range(48)]


def site_of(*channels: tuple[str, ChannelType]) -> Site:
    """Return a site with some registers."""
    site = Site.parse({"id": A, "status": "active"})
    assert site is not None
    return replace(
        site,
        channels=tuple(
            Channel(type=kind, identifier=name, tariff=None) for name, kind in channels
        ),
    )


E1 = ("E1", ChannelType.GENERAL)
E3 = ("E3", ChannelType.GENERAL)
B1 = ("B1", ChannelType.FEED_IN)
FEED_IN = {"channelType": "feedIn", "channelIdentifier": "B1"}


@pytest.mark.parametrize(
    ("rows", "site", "settled", "long_ago"),
    [
        (whole_day(), site_of(E1), True, True),
        (whole_day()[:-1], site_of(E1), False, False),
        ([], site_of(E1), False, False),
        # Feed-in is missing; long ago there may have been none.
        (whole_day(), site_of(E1, B1), False, True),
        (whole_day() + whole_day(**FEED_IN), site_of(E1, B1), True, True),
        (whole_day() + whole_day(**FEED_IN)[1:], site_of(E1, B1), False, False),
        # A second register of general usage.
        (whole_day(), site_of(E1, E3), False, True),
        # The listing has other names than the rows.
        (whole_day(), site_of(E3), True, True),
        (whole_day()[:-1], site_of(E3), False, False),
        # A register that is no longer listed may end.
        (whole_day()[:20] + whole_day(channelIdentifier="E3"), site_of(E3), True, True),
        ([*whole_day()[:-1], row("2026-03-10", 1410, cost=None)], site_of(E1), 0, 0),
        ([*whole_day()[:-1], row("2026-03-10", 1410, kwh=None)], site_of(E1), 0, 0),
        (whole_day(quality="odd"), site_of(E1), False, False),
        # Told twice, what is certain counts, in whatever order and length.
        (whole_day(quality="estimated") + whole_day(), site_of(E1), True, True),
        (whole_day() + whole_day(quality="estimated"), site_of(E1), True, True),
        (whole_day(kwh=None) + whole_day(), site_of(E1), True, True),
        (
            [row("2026-03-10", 5 * n, 5, quality="estimated") for n in range(288)]
            + whole_day(),
            site_of(E1),
            True,
            True,
        ),
        # Twice the same does not make up for a hole.
        (whole_day()[:-1] + whole_day()[:1], site_of(E1), False, False),
    ],
)
def test_settled(
    rows: list[UsageRecord], site: Site, settled: bool, long_ago: bool
) -> None:
    """Every register from midnight to midnight, all of it billable."""
    day = date(2026, 3, 10)
    told = in_order(day, rows)
    assert is_settled(day, told, site, NOON) is bool(settled)
    assert is_settled(day, told, site, NOON + 60 * DAY) is bool(long_ago)


async def test_rows_belong_to_their_day_and_count_once() -> None:
    """Half-hours told again in five minutes, a day twice, a row of nowhere."""
    last = whole_day("2026-03-09")[-1]
    rows = [
        *whole_day(),
        last,
        *whole_day(),
        *(row("2026-03-10", 5 * n, 5, kwh=0.01) for n in range(12)),
        row("2026-03-10", 2 * 1440),
    ]
    days = await by_day(rows)
    assert days[date(2026, 3, 9)] == (last,)
    told = days[date(2026, 3, 10)]
    assert all(one.span.end <= two.span.start for one, two in pairwise(told))
    assert sum((item.span.duration for item in told), timedelta()) == DAY


def test_what_is_unknown_adds_nothing() -> None:
    """Null is never 0: an hour of nothing else is not booked."""
    rows = in_order(
        date(2026, 3, 10),
        [
            row("2026-03-10", 0, kwh=None, cost=None),
            row("2026-03-10", 30, kwh=None, cost=None),
            row("2026-03-10", 60, cost=None, perKwh=None),
            row("2026-03-10", 90),
            row("2026-03-10", 90, channelIdentifier="E3", kwh=0.3, cost=6.0),
            row("2026-03-10", 120, cost=None, perKwh=None),
            row("2026-03-10", 60, channelType="odd"),
        ],
    )
    one = datetime(2026, 3, 9, 15, tzinfo=UTC)
    told = sums(rows)
    assert told["grid_import_energy"] == {one: 0.5, one + HOUR: 0.1}
    assert told["grid_import_cost"] == {one: 0.08}
    assert set(told) == {"grid_import_energy", "grid_import_cost"}


# -- calls ---------------------------------------------------------------------


async def test_a_year_takes_a_call_a_week(open_bench: OpenBench) -> None:
    """One late day is one day; what was brought along is not asked for again."""
    bench = await open_bench(history=20 * DAY)
    days = [date(2026, 2, 24) + n * DAY for n in range(16)]
    for n, day in enumerate(days):
        told = await bench.history.fetch_day(A, day, NEM, days[n + 1 :])
        assert told.settled, day
        bench.clock.advance(DAY_PAUSE)
    assert bench.ranges() == [
        ("2026-02-24", "2026-03-02"),
        ("2026-03-03", "2026-03-09"),
        ("2026-03-10", "2026-03-11"),
    ]
    bench.cloud.requests.clear()
    await bench.history.fetch_day(A, days[3], NEM)
    # Two that are near each other, and one far off.
    await bench.history.fetch_day(A, days[0], NEM, [days[4], days[12]])
    await bench.history.fetch_day(A, days[4], NEM, [days[12]])
    assert bench.ranges() == [
        ("2026-02-27", "2026-02-27"),
        ("2026-02-24", "2026-02-28"),
    ]
    # A year is over in half an hour, and leaves others more than half of the calls.
    assert timedelta(minutes=35) > 365 * DAY_PAUSE
    assert timedelta(minutes=5) / (7 * DAY_PAUSE) < 10


async def test_what_was_brought_along_grows_old(open_bench: OpenBench) -> None:
    """Soon it counts, also that there was nothing; later it is fetched anew."""
    bench = await open_bench()
    days = [date(2026, 3, n) for n in (8, 9, 10)]
    soon = NOON + timedelta(minutes=20)
    bench.cloud.set_usage(A, days[1], arrives=soon)
    bench.cloud.set_usage(A, days[2], estimated_share=0.2, corrected=soon)
    await bench.history.fetch_day(A, days[0], NEM, days[1:])
    bench.clock.advance(timedelta(minutes=29))
    assert (await bench.history.fetch_day(A, days[1], NEM)).is_blank
    assert len(bench.ranges()) == 1
    bench.clock.advance(timedelta(minutes=2))
    assert (await bench.history.fetch_day(A, days[2], NEM)).settled
    assert len(bench.ranges()) == 2


async def test_a_range_that_is_too_much(open_bench: OpenBench) -> None:
    """After a failure a day is asked for by itself, then ever more again."""
    bench = await open_bench(history=30 * DAY)
    days = [date(2026, 2, 14) + n * DAY for n in range(20)]
    fault = bench.cloud.faults.add("usage", Fault.STATUS, status=502)
    with pytest.raises(TransientError):
        await bench.history.fetch_day(A, days[0], NEM, days[1:])
    fault.clear()
    bench.cloud.requests.clear()
    for n, day in enumerate(days):
        await bench.history.fetch_day(A, day, NEM, days[n + 1 :])
    lengths = [
        (date.fromisoformat(end) - date.fromisoformat(start)).days + 1
        for start, end in bench.ranges()
    ]
    assert lengths == [1, 2, 3, 4, 5, 5]
    # The limit is another matter.
    bench.cloud.spend(50)
    bench.clock.advance(minutes=31)
    bench.cloud.spend(50)
    with pytest.raises(RateLimited):
        await bench.history.fetch_day(A, days[0], NEM, days[1:])
    bench.clock.advance(minutes=10)
    bench.cloud.requests.clear()
    await bench.history.fetch_day(A, days[0], NEM, days[1:])
    assert bench.ranges() == [("2026-02-14", "2026-02-20")]


# -- the client's long answer --------------------------------------------------


def usage_body(days: int) -> list[dict[str, Any]]:
    """Return rows of 5 minutes on two registers."""
    found = []
    for register in ("B1", "E1"):
        for n in range(days * 288):
            end = datetime(2026, 3, 1, 14, tzinfo=UTC) + (n + 1) * timedelta(minutes=5)
            found.append(
                {
                    "type": "Usage",
                    "duration": 5,
                    "date": (end - timedelta(minutes=5))
                    .astimezone(NEM)
                    .date()
                    .isoformat(),
                    "endTime": end.isoformat().replace("+00:00", "Z"),
                    "quality": "billable",
                    "kwh": 0.031,
                    "nemTime": end.astimezone(NEM).isoformat(),
                    "perKwh": 16.9,
                    "channelType": "general" if register == "E1" else "feedIn",
                    "channelIdentifier": register,
                    "cost": 0.524,
                    "note": 'a comma, a ] and a "quote"',
                }
            )
    return found


async def test_a_week_is_read_in_slices(
    open_desk: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others have their turn between them."""
    body = usage_body(7)
    client, _ = await open_desk(json.dumps(body, indent=1))
    turns = 0
    read_in: Counter[int] = Counter()
    parse = UsageRecord.parse

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def counted(raw: Any) -> UsageRecord | None:
        read_in[turns] += 1
        return parse(raw)

    class Counting:
        parse = staticmethod(counted)

    monkeypatch.setattr(client_module, "UsageRecord", Counting)
    task = asyncio.create_task(others())
    day = date(2026, 3, 2)
    records = await client.usage(A, day, day + 6 * DAY)
    task.cancel()
    assert len(records) == len(body) == sum(read_in.values()) == 4032
    assert max(read_in.values()) <= 200
    assert client.raw[f"usage {A}"] == [*body[:5], *body[-5:]]
    assert list(await by_day(records)) == [day + n * DAY for n in range(7)]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("[]", None),
        (" [ ] \n", None),
        (json.dumps(usage_body(1)[:3]), None),
        ("[{}, 7, null]", None),
        ("[{}, 7", ProtocolError),
        ("[{} 7]", ProtocolError),
        ("[{},]", ProtocolError),
        ("[{}] []", ProtocolError),
        ("[", ProtocolError),
        ('{"message": "no"}', ProtocolError),
        ("", ProtocolError),
        ("<html>", TransientError),
    ],
)
async def test_odd_answers(
    open_desk: Open, body: str, error: type[Exception] | None
) -> None:
    """Read as by any reader of JSON."""
    client, _ = await open_desk(body)
    if error is not None:
        with pytest.raises(error):
            await client.usage(A, date(2026, 3, 1), date(2026, 3, 1))
        return
    records = await client.usage(A, date(2026, 3, 1), date(2026, 3, 1))
    assert len(records) == body.count("Usage")
    assert client.raw[f"usage {A}"] == json.loads(body)
