"""Amber: yesterday, the month so far and its demand peak, for few calls."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
import json
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import ClientSession
import pytest

from custom_components.joulekeeper.core.errors import AuthError, TransientError
from custom_components.joulekeeper.vendors.amber.client import AmberClient
from custom_components.joulekeeper.vendors.amber.days import in_order
from custom_components.joulekeeper.vendors.amber.history import AmberHistory
from custom_components.joulekeeper.vendors.amber.models import NEM, UsageRecord
from custom_components.joulekeeper.vendors.amber.usage import (
    Metered,
    MeteredUsage,
    UsageDiary,
    summary_of,
)
from custom_components.joulekeeper.vendors.amber.words import ChannelType
from tests.clouds import Fault
from tests.clouds.amber import AmberCloud
from tests.clouds.amber.behaviour import Behaviour
from tests.clouds.amber.errors import SERVER_ERROR, ApiError
from tests.clouds.clock import SetClock

from .conftest import connection

A = "01HXFAKE5MINSITE0000000001"
C = "01HXFAKE30MINCL00000000003"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 12, 12, tzinfo=NEM)
SURE: dict[str, Any] = {
    "usage_late_share": 0.0,
    "usage_gap_share": 0.0,
    "usage_estimated_share": 0.0,
}


class Shelf:
    """Keeps what is saved, as JSON."""

    text = "null"

    async def load(self) -> Any:
        """Return what was saved last."""
        return json.loads(self.text)

    async def save(self, data: dict[str, Any]) -> None:
        """Keep it."""
        self.text = json.dumps(data)


@dataclass
class Bench:
    """A diary of the first site of a fake cloud."""

    cloud: AmberCloud
    clock: SetClock
    client: AmberClient
    shelf: Shelf
    diary: UsageDiary

    def calls(self) -> list[tuple[str, str]]:
        """Return for which days usage was asked since the last time."""
        queries = [
            dict(parse_qsl(entry.query))
            for entry in self.cloud.requests.entries
            if entry.label == "usage"
        ]
        self.cloud.requests.clear()
        return [(item["startDate"][8:], item["endDate"][8:]) for item in queries]

    def restart(self) -> None:
        """Begin with what was saved."""
        self.diary = UsageDiary(
            self.client, self.diary.site, self.shelf.load, self.shelf.save
        )

    async def settle(self) -> MeteredUsage:
        """Fetch until there is no more."""
        payload = await self.diary.fetch()
        while payload.has_more:
            self.clock.advance(self.diary.due_in(payload, self.clock()))
            payload = await self.diary.fetch()
        return payload

    async def live_until(self, end: datetime) -> list[datetime]:
        """Fetch whenever that is due; return when, by the market's clock."""
        payload = await self.diary.fetch()
        times = []
        while (due := self.clock() + self.diary.due_in(payload, self.clock())) <= end:
            assert due > self.clock()
            self.clock.set(due)
            times.append(due.astimezone(NEM))
            payload = await self.diary.fetch()
        self.clock.set(end)
        return times

    def true(self, channel: Any, first: date, last: date) -> tuple[float, float]:
        """Return a register's kWh and money, AUD, of some days."""
        site = self.diary.site
        at = datetime(first.year, first.month, first.day, tzinfo=NEM)
        end = datetime(last.year, last.month, last.day, tzinfo=NEM) + DAY
        kwh = self.cloud.metered(site.id, channel, at, end)
        cents = 0.0
        while at < end:
            metered = self.cloud.metered(site.id, channel, at, at + site.interval)
            cents += metered * self.cloud.per_kwh(site.id, channel, at)
            at += site.interval
        return kwh, (-cents if channel == "feedIn" else cents) / 100


type OpenBench = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def open_bench(socket_enabled: None) -> AsyncIterator[OpenBench]:
    """Return what opens a cloud with switches, and a diary of its first site."""
    closers: list[Callable[[], Awaitable[None]]] = []

    async def make(
        fixture: str = "A",
        now: datetime = NOON,
        history: timedelta = 20 * DAY,
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
        site = (await client.sites())[0]
        shelf = Shelf()
        diary = UsageDiary(client, site, shelf.load, shelf.save)
        return Bench(cloud, clock, client, shelf, diary)

    yield make
    for close in reversed(closers):
        await close()


@pytest.mark.parametrize("fixture", ["A", "C", "F"])
async def test_the_month_so_far(open_bench: OpenBench, fixture: str) -> None:
    """A week at a call, the newest first; then it is what the meter counted."""
    bench = await open_bench(fixture)
    first = await bench.diary.fetch()
    assert bench.calls() == [("05", "11")]
    assert (first.missing_days, first.has_more) == (4, True)
    assert first.known_until == date(2026, 3, 11)
    usage = await bench.settle()
    assert bench.calls() == [("01", "04")]
    assert (usage.missing_days, usage.has_more) == (0, False)
    assert (usage.yesterday_settled, usage.month_settled) == (True, True)
    assert (usage.day, usage.month) == (date(2026, 3, 11), date(2026, 3, 1))
    channels = bench.diary.site.channel_types
    assert usage.yesterday.keys() == usage.this_month.keys() == channels
    for channel in channels:
        for told, start in (
            (usage.yesterday[channel], usage.day),
            (usage.this_month[channel], usage.month),
        ):
            kwh, money = bench.true(channel.value, start, usage.day)
            assert told.kwh == pytest.approx(kwh, abs=1e-5)
            assert told.cost == pytest.approx(money, abs=1e-3)
    if fixture != "A":
        # Its tariff has no demand window.
        assert (usage.peak_kw, usage.peak_at) == (None, None)
        return
    half_hours = [
        datetime(2026, 3, n, 15, tzinfo=NEM) + k * HOUR / 2
        for n in range(1, 12)
        for k in range(12)
    ]
    demand = {
        at: 2 * bench.cloud.metered(A, "general", at, at + HOUR / 2)
        for at in half_hours
    }
    peak = max(demand, key=lambda at: demand[at])
    assert usage.peak_kw == pytest.approx(demand[peak], abs=1e-6)
    assert usage.peak_at == peak
    assert usage.peak_at.tzinfo is UTC
    # After a restart nothing is fetched.
    bench.restart()
    assert await bench.diary.fetch() == usage
    assert bench.calls() == []


async def test_calls_of_a_month(open_bench: OpenBench) -> None:
    """One each morning, and none at midnight, when yesterday is another day."""
    bench = await open_bench()
    await bench.settle()
    bench.calls()
    times = await bench.live_until(NOON + 14 * DAY)
    assert bench.calls() == [(f"{n}", f"{n}") for n in range(12, 26)]
    assert len(times) == 28
    assert {item.hour for item in times} == {0, 4}
    assert all(35 <= item.minute < 56 for item in times if item.hour)
    usage = await bench.diary.fetch()
    assert usage.yesterday_settled
    assert usage.missing_days == 0


async def test_midnight_and_the_first_of_a_month(open_bench: OpenBench) -> None:
    """A day that has not come is nothing; last month ends with its last day."""
    bench = await open_bench(now=datetime(2026, 3, 31, 12, tzinfo=NEM))
    await bench.settle()
    bench.calls()
    await bench.live_until(datetime(2026, 4, 1, 0, 1, tzinfo=NEM))
    usage = await bench.diary.fetch()
    assert (usage.day, usage.month) == (date(2026, 3, 31), date(2026, 4, 1))
    assert (usage.yesterday, usage.this_month) == ({}, {})
    assert (usage.peak_kw, usage.known_until, usage.missing_days) == (None, None, 0)
    await bench.live_until(datetime(2026, 4, 1, 6, tzinfo=NEM))
    assert bench.calls() == [("31", "31")]
    usage = await bench.diary.fetch()
    kwh, _ = bench.true("general", usage.day, usage.day)
    assert usage.yesterday[ChannelType.GENERAL].kwh == pytest.approx(kwh, abs=1e-5)
    assert usage.this_month == {}
    await bench.live_until(datetime(2026, 4, 2, 6, tzinfo=NEM))
    usage = await bench.diary.fetch()
    assert bench.calls() == [("01", "01")]
    assert usage.this_month == usage.yesterday != {}
    # What is kept ends with the month before.
    await bench.live_until(datetime(2026, 5, 2, 6, tzinfo=NEM))
    assert min(json.loads(bench.shelf.text)["days"]) == "2026-04-01"


async def test_late_and_corrected_days(open_bench: OpenBench) -> None:
    """Asked again after hours, then days; no call for what is settled."""
    bench = await open_bench(now=datetime(2026, 3, 11, 12, tzinfo=NEM))
    late, guessed = date(2026, 3, 11), date(2026, 3, 12)
    bench.cloud.set_usage(A, late, arrives=datetime(2026, 3, 13, 11, tzinfo=NEM))
    bench.cloud.set_usage(
        A,
        guessed,
        estimated_share=0.5,
        corrected=datetime(2026, 3, 19, 3, tzinfo=NEM),
    )
    await bench.settle()
    bench.calls()
    await bench.live_until(datetime(2026, 3, 13, 0, tzinfo=NEM) - HOUR)
    usage = await bench.diary.fetch()
    assert usage.yesterday == {}
    assert (usage.missing_days, usage.known_until) == (1, date(2026, 3, 10))
    assert not usage.month_settled
    # 04:35, then every four hours while it is yesterday.
    assert bench.calls() == [("11", "11")] * 5
    await bench.live_until(datetime(2026, 3, 14, 6, tzinfo=NEM))
    usage = await bench.diary.fetch()
    assert usage.missing_days == 0
    assert len(bench.calls()) <= 4
    assert not usage.month_settled
    wrong = usage.this_month
    await bench.live_until(datetime(2026, 3, 27, 6, tzinfo=NEM))
    usage = await bench.diary.fetch()
    assert usage.month_settled
    assert len(bench.calls()) <= 13 + 3
    assert usage.this_month != wrong
    for channel, told in usage.this_month.items():
        kwh, money = bench.true(channel.value, usage.month, usage.day)
        assert told == Metered(
            pytest.approx(kwh, abs=1e-5), pytest.approx(money, abs=2e-3)
        )


async def test_what_was_known_is_not_lost(open_bench: OpenBench) -> None:
    """Neither by a cloud that forgets, nor by one that fails, nor by an odd file."""
    bench = await open_bench(usage_estimated_share=0.2)
    usage = await bench.settle()
    bench.clock.advance(3 * DAY)
    for n in range(1, 12):
        bench.cloud.set_usage(A, date(2026, 3, n), arrives=None)
    bench.cloud.faults.add("usage", Fault.STATUS, status=502, times=2)
    failed = await bench.diary.fetch()
    assert failed.this_month == usage.this_month
    bench.clock.advance(HOUR)
    later = await bench.settle()
    assert later.missing_days == 0
    assert later.this_month[ChannelType.GENERAL].kwh > (  # type: ignore[operator]
        usage.this_month[ChannelType.GENERAL].kwh or 0.0
    )
    saved = json.loads(bench.shelf.text)
    saved["days"]["2026-03-10"] = {"kwh": 7}
    saved["days"]["yesterday"] = saved["days"]["2026-03-11"]
    saved["days"]["2026-03-09"]["read_at"] = "2026-03-11T00:00:00"
    bench.shelf.text = json.dumps(saved)
    bench.restart()
    bench.calls()
    assert (await bench.diary.fetch()).missing_days == 2
    assert bench.calls() == [("09", "10")]
    bench.shelf.text = "[7]"
    bench.restart()
    assert (await bench.diary.fetch()).has_more


async def test_a_cloud_in_trouble(open_bench: OpenBench) -> None:
    """What is known is shown; it is asked again in a while, and not for so much."""
    bench = await open_bench("C")
    fault = bench.cloud.faults.add("usage", Fault.STATUS, status=502)
    with pytest.raises(TransientError):
        await bench.diary.fetch()
    fault.clear()
    bench.calls()
    first = await bench.diary.fetch()
    assert bench.calls() == [("11", "11")]
    assert (first.missing_days, first.has_more) == (10, True)
    fault = bench.cloud.faults.add("usage", Fault.STATUS, status=502)
    again = await bench.diary.fetch()
    assert again == first
    assert bench.diary.due_in(again, bench.clock()) == HOUR
    assert await bench.diary.fetch() == first
    # A call is repeated once at once.
    assert bench.calls() == [("09", "10")] * 2
    fault.clear()
    bench.clock.advance(HOUR)
    assert (await bench.settle()).missing_days == 0
    assert bench.calls()[0] == ("10", "10")
    # Other tools have spent the limit.
    bench.clock.set(NOON + 20 * HOUR)
    bench.cloud.spend(50)
    limited = await bench.diary.fetch()
    assert limited.yesterday == {}
    assert limited.this_month.keys() == first.this_month.keys()
    wait = bench.diary.due_in(limited, bench.clock())
    assert timedelta(minutes=1) < wait < timedelta(minutes=10)
    bench.clock.advance(wait)
    assert (await bench.diary.fetch()).yesterday_settled
    bench.cloud.faults.add("usage", Fault.EXPIRED_TOKEN)
    bench.clock.advance(DAY)
    with pytest.raises(AuthError):
        await bench.diary.fetch()


@pytest.mark.parametrize("bad", [2, 7, 11])
async def test_a_day_that_always_fails(open_bench: OpenBench, bad: int) -> None:
    """It keeps no other away, and is asked for again."""
    bench = await open_bench("C")
    site = bench.cloud.site(C)
    usage, day = site.usage, date(2026, 3, bad)

    def failing(start: date, end: date, now: datetime) -> list[dict[str, Any]]:
        if start <= day <= end:
            raise ApiError(500, SERVER_ERROR)
        return usage(start, end, now)

    site.usage = failing  # type: ignore[method-assign]
    # While nothing is known, who asks is told so.
    for _ in range(2):
        with suppress(TransientError):
            await bench.diary.fetch()
    await bench.live_until(NOON + 6 * HOUR)
    told = await bench.diary.fetch()
    assert told.missing_days == 1
    assert (told.yesterday == {}) is (bad == 11)
    assert len(bench.calls()) < 30
    await bench.live_until(NOON + DAY)
    assert (await bench.diary.fetch()).missing_days == 1
    site.usage = usage  # type: ignore[method-assign]
    await bench.live_until(NOON + 17 * DAY)
    assert (await bench.diary.fetch()).missing_days == 0


async def test_the_import_tells_what_it_fetches(open_bench: OpenBench) -> None:
    """A day that is imported is not fetched again for the diary."""
    bench = await open_bench()
    history = AmberHistory(
        bench.client, lambda: {A: bench.diary.site}, lambda site_id: bench.diary
    )
    days = [date(2026, 2, 20) + n * DAY for n in range(20)]
    for n, day in enumerate(days):
        await history.fetch_day(A, day, NEM, days[n + 1 :])
    assert len(bench.calls()) == 3
    usage = await bench.diary.fetch()
    assert bench.calls() == []
    assert usage.missing_days == 0
    assert usage.month_settled
    # What ended long ago is not kept.
    assert min(json.loads(bench.shelf.text)["days"]) == "2026-02-20"
    await history.fetch_day(A, date(2026, 1, 31), NEM)
    assert min(json.loads(bench.shelf.text)["days"]) == "2026-02-20"


def row(minute: int, length: int = 5, **fields: Any) -> UsageRecord:
    """Return a row of 0.1 kWh that begins some minutes after midnight."""
    end = datetime(2026, 3, 10, tzinfo=NEM) + timedelta(minutes=minute + length)
    record = UsageRecord.parse(
        {
            "duration": length,
            "date": "2026-03-10",
            "endTime": end.astimezone(UTC).isoformat(),
            "quality": "billable",
            "kwh": 0.1,
            "cost": 2.0,
            "channelType": "general",
            "channelIdentifier": "E1",
            "tariffInformation": {"demandWindow": True},
        }
        | fields
    )
    assert record is not None
    return record


def half_hour(minute: int, **fields: Any) -> list[UsageRecord]:
    """Return six rows."""
    return [row(minute + 5 * n, **fields) for n in range(6)]


E2 = {"channelIdentifier": "E3"}


@pytest.mark.parametrize(
    ("rows", "kw", "minute"),
    [
        (half_hour(900), 1.2, 900),
        # The first of two that are the same, the higher of others.
        (half_hour(930) + half_hour(900), 1.2, 900),
        (half_hour(900) + half_hour(930, kwh=0.2), 2.4, 930),
        # A row is missing, is not known, or is outside.
        (half_hour(900) + half_hour(930, kwh=0.9)[1:], 1.2, 900),
        ([*half_hour(900), *half_hour(930)[:5], row(955, kwh=None)], 1.2, 900),
        (
            half_hour(900)
            + half_hour(930, kwh=0.9, tariffInformation={"demandWindow": False}),
            1.2,
            900,
        ),
        (half_hour(900) + half_hour(930, kwh=0.9, tariffInformation=None), 1.2, 900),
        (half_hour(900, tariffInformation=None), None, None),
        # Half-hours; registers together, and only where all of them are known.
        ([row(900, 30), row(930, 30, kwh=0.4)], 0.8, 930),
        (half_hour(900) + half_hour(900, **E2, kwh=0.3), 4.8, 900),
        (half_hour(900) + half_hour(900, **E2) + half_hour(930, kwh=9.0), 2.4, 900),
        # What is sold, or is on a circuit of its own, is no demand.
        (half_hour(900) + half_hour(900, channelType="feedIn"), 1.2, 900),
        ([], None, None),
    ],
)
async def test_demand(
    rows: list[UsageRecord],
    kw: float | None,
    minute: int | None,
    open_bench: OpenBench,
) -> None:
    """The mean of a whole half-hour of the window."""
    bench = await open_bench(history=DAY)
    day = date(2026, 3, 10)
    told = in_order(day, rows)
    summary = summary_of(day, told, bench.diary.site, NOON)
    assert summary.peak_kw == (None if kw is None else pytest.approx(kw))
    midnight = datetime(2026, 3, 10, tzinfo=NEM)
    expected = None if minute is None else midnight + timedelta(minutes=minute)
    assert summary.peak_at == expected
    assert not summary.settled
