"""Usage of the fake Amber cloud: the house's energies at their prices (1.7, 7.7)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
import json
from typing import Any

import pytest

from .amber_bench import A, AmberBench, C, nem
from .amber_examples import USAGE_ROWS
from .conftest import MakeAmber

pytestmark = pytest.mark.usefixtures("socket_enabled")

ORDINARY = {"usage_late_share": 0.0, "usage_gap_share": 0.0}
SURE = ORDINARY | {"usage_estimated_share": 0.0}
DAY = "startDate=2026-03-01&endDate=2026-03-01"


async def usage(bench: AmberBench, query: str = DAY, site: str = A) -> Any:
    """Return rows of usage."""
    return await bench.get(f"sites/{site}/usage?{query}")


def by_channel(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each register."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["channelIdentifier"]].append(row)
    return dict(found)


def later(bench: AmberBench, time: str) -> None:
    """Move on to a NEM time."""
    bench.clock.set(nem(time))


async def test_rows(make_amber: MakeAmber, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte, with the dossier's own kWh (7.7)."""
    bench = await make_amber(behaviour=SURE)
    cloud = bench.cloud
    cloud.set_price(A, nem("2026-03-01T00:00:00"), spot=7.1379, renewables=41.337)
    cloud.set_price(A, nem("2026-03-01T11:00:00"), spot=2.2, renewables=41.337)
    kwh = {"general": 0.031, "feedIn": 0.412}
    monkeypatch.setattr(cloud.site(A).meter, "kwh", lambda channel, slot: kwh[channel])
    text = await bench.text(f"sites/{A}/usage?{DAY}")
    assert text.startswith("[" + USAGE_ROWS[0] + ",")
    assert text.count(USAGE_ROWS[1]) == 1
    rows = json.loads(text)
    assert [r["channelIdentifier"] for r in rows] == ["E1"] * 288 + ["B1"] * 288
    assert {r["date"] for r in rows} == {"2026-03-01"}
    assert rows[287]["nemTime"] == "2026-03-02T00:00:00+10:00"


@pytest.mark.parametrize(("fixture", "site"), [("A", A), ("C", C)])
async def test_usage_is_the_houses(
    make_amber: MakeAmber, fixture: str, site: str
) -> None:
    """Rows add up to what the house drew and fed; cost is kWh times the price."""
    bench = await make_amber(fixture=fixture, behaviour=SURE)
    registers = by_channel(await usage(bench, site=site))
    start, end = nem("2026-03-01T00:00:00"), nem("2026-03-02T00:00:00")
    (_, begin), *_, (_, finish) = bench.cloud.history(site, start, end)
    day = finish.minus(begin)
    assert day.imported > 1
    assert day.exported > 1
    total = {e: sum(r["kwh"] for r in rows) for e, rows in registers.items()}
    assert total["E1"] == pytest.approx(day.imported, abs=0.0011)
    assert total["B1"] == pytest.approx(day.exported, abs=0.0011)
    length = timedelta(minutes=5 if site == A else 30)
    for rows in registers.values():
        assert len(rows) == timedelta(days=1) / length
        for row in rows:
            at = datetime.fromisoformat(row["startTime"]) - timedelta(seconds=1)
            channel = row["channelType"]
            assert row["duration"] == length.seconds / 60
            assert row["perKwh"] == bench.cloud.per_kwh(site, channel, at)
            metered = bench.cloud.metered(site, channel, at, at + length)
            assert row["kwh"] == pytest.approx(metered, abs=1e-9)
            assert row["kwh"] >= 0
            cost = row["kwh"] * row["perKwh"]
            assert row["cost"] == pytest.approx(cost, abs=0.00006)
    if site == C:
        # Hot water after midnight, on a circuit of its own.
        heated = [r["nemTime"] for r in registers["E2"] if r["kwh"]]
        assert 5 < total["E2"] < 13
        assert max(heated) < "2026-03-01T04:00"
        assert registers["E2"][0]["perKwh"] < registers["E1"][0]["perKwh"]
    # What was priced then is what is billed now.
    prices = await bench.get(f"sites/{site}/prices?{DAY}")
    wanted = {(p["startTime"], p["channelType"]): p["perKwh"] for p in prices}
    billed = {
        (r["startTime"], r["channelType"]): r["perKwh"]
        for rows in registers.values()
        for r in rows
    }
    assert billed == wanted


async def test_days_arrive_at_night(make_amber: MakeAmber) -> None:
    """Nothing of today, yesterday after three, and a late day days later."""
    bench = await make_amber(now=nem("2026-03-02T02:59:00"), behaviour=SURE)
    query = "startDate=2026-02-28&endDate=2026-03-03"

    async def days() -> list[str]:
        return sorted({r["date"] for r in await usage(bench, query)})

    # The meter counts from a whole day on, so of that it knows all.
    assert await days() == ["2026-02-28"]
    later(bench, "2026-03-02T03:20:01")
    assert await days() == ["2026-02-28", "2026-03-01"]
    assert await usage(bench, "startDate=2026-03-02&endDate=2026-03-03") == []
    bench.cloud.set_usage(A, date(2026, 3, 2), arrives=nem("2026-03-05T10:00:00"))
    later(bench, "2026-03-05T09:59:00")
    assert await days() == ["2026-02-28", "2026-03-01", "2026-03-03"]
    later(bench, "2026-03-05T10:00:00")
    assert len(await days()) == 4
    bench.cloud.set_usage(A, date(2026, 3, 2), arrives=None)
    assert len(await days()) == 3


async def test_estimates_are_corrected(make_amber: MakeAmber) -> None:
    """One row in ten is a guess for two days, then it is what the meter counted."""
    bench = await make_amber(now=nem("2026-03-02T04:00:00"), behaviour=ORDINARY)
    first = await usage(bench)
    guessed = [n for n, r in enumerate(first) if r["quality"] == "estimated"]
    assert 30 < len(guessed) < 90
    later(bench, "2026-03-04T04:00:00")
    last = await usage(bench)
    assert {r["quality"] for r in last} == {"billable"}
    changed = [n for n in range(576) if first[n]["kwh"] != last[n]["kwh"]]
    assert 0.8 * len(guessed) < len(changed)
    assert set(changed) <= set(guessed)
    for n in guessed:
        for row in (first[n], last[n]):
            cost = row["kwh"] * row["perKwh"]
            assert row["cost"] == pytest.approx(cost, abs=0.00006)
    assert first != last
    bench.cloud.set_usage(A, date(2026, 3, 1), corrected=None)
    assert await usage(bench) == first


async def test_gaps_are_filled(make_amber: MakeAmber) -> None:
    """Four hours are missing at first, on every register."""
    behaviour = SURE | {"usage_gap_share": 1.0}
    bench = await make_amber(now=nem("2026-03-02T04:00:00"), behaviour=behaviour)
    first = by_channel(await usage(bench))
    assert {len(rows) for rows in first.values()} == {288 - 48}
    later(bench, "2026-03-03T04:00:00")
    assert {len(rows) for rows in by_channel(await usage(bench)).values()} == {288}
    bench.cloud.set_usage(A, date(2026, 3, 1), missing=(23, 24), filled=None)
    rows = by_channel(await usage(bench))["E1"]
    assert (len(rows), rows[-1]["nemTime"]) == (276, "2026-03-01T23:00:00+10:00")


async def test_some_days_are_late(make_amber: MakeAmber) -> None:
    """Late days and gaps come by chance too, and the same for the same seed."""
    bench = await make_amber()
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(400)]
    plans = [bench.cloud.site(A).data.plan(day) for day in days]
    delays = [
        (plan.arrives - nem(f"{day}T00:00:00")).total_seconds() / 3600
        for plan, day in zip(plans, days, strict=True)
        if plan.arrives is not None
    ]
    assert all(h % 24 == pytest.approx(3.17, abs=0.17) for h in delays)
    assert 2 <= sum(h > 28 for h in delays) <= 20
    assert max(delays) > 70
    assert 2 <= sum(plan.missing is not None for plan in plans) <= 20
    other = await make_amber()
    assert [other.cloud.site(A).data.plan(day) for day in days] == plans


async def test_doubtful_usage(make_amber: MakeAmber) -> None:
    """Feed-in below zero as in the spec; a part of today."""
    bench = await make_amber(behaviour=SURE, now=nem("2026-03-02T12:01:00"))
    before = by_channel(await usage(bench))["B1"]
    bench.cloud.change(feed_in_kwh="negative", usage_today="partial")
    after = by_channel(await usage(bench))["B1"]
    assert [r["kwh"] for r in after] == [-r["kwh"] for r in before]
    assert [r["cost"] for r in after] == [r["cost"] for r in before]
    assert any(r["cost"] < 0 for r in after)
    today = await usage(bench, "startDate=2026-03-02&endDate=2026-03-02")
    assert {len(rows) for rows in by_channel(today).values()} == {144}


async def test_cut_over(make_amber: MakeAmber) -> None:
    """Half-hours on one day and five minutes on the next (PA#232)."""
    bench = await make_amber(
        fixture="I", now=nem("2026-03-01T12:00:00"), behaviour=SURE
    )
    (site,) = bench.cloud.serials
    later(bench, "2026-03-02T12:00:00")
    rows = await usage(bench, "startDate=2026-02-28&endDate=2026-03-01", site)
    for register in by_channel(rows).values():
        lengths = [r["duration"] for r in register]
        assert lengths == [30] * 48 + [5] * 288


async def test_history_is_as_long_as_asked(make_amber: MakeAmber) -> None:
    """A week back, and nothing of before."""
    bench = await make_amber(history=timedelta(days=7), behaviour=SURE)
    rows = await usage(bench, "startDate=2026-02-21&endDate=2026-02-28")
    assert min(r["date"] for r in rows) == "2026-02-23"
    assert len(rows) == 6 * 2 * 288
    assert bench.cloud.schedules(A) == []
