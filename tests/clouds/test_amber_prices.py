"""Prices of the fake Amber cloud, byte for byte as in the dossier, and their life."""

from collections.abc import Iterable
from datetime import datetime, timedelta
import itertools
import json
from typing import Any

import pytest

from .amber import Advanced, Script, Slot
from .amber.times import index_at
from .amber_bench import A, AmberBench, C, nem
from .amber_examples import (
    AHEAD,
    CONFIRMED,
    ESTIMATE,
    HALF_HOUR,
    NEGATIVE,
    RENEWABLES,
    SPIKE,
)
from .conftest import MakeAmber

pytestmark = pytest.mark.usefixtures("socket_enabled")

BOUNDARY = nem("2026-03-02T08:15:00")


def compact(record: Any) -> str:
    """Return a record as it was on the wire."""
    return json.dumps(record, separators=(",", ":"))


def spans(records: Iterable[dict[str, Any]], channel: str) -> list[tuple[str, int]]:
    """Return (kind, minutes) of one channel's records."""
    return [
        (r["type"].removesuffix("Interval"), r["duration"])
        for r in records
        if r["channelType"] == channel
    ]


def pin(bench: AmberBench) -> None:
    """Set the market to what the dossier shows of 08:15."""
    bench.cloud.set_price(
        A,
        BOUNDARY,
        spot=10.98031,
        renewables=40.912,
        forecast=12.4138,
        forecast_renewables=41.337,
        advanced=Advanced(9.1, 10.75, 12.2),
    )
    bench.cloud.set_delay(A, BOUNDARY, 23.5)


# -- byte for byte ---------------------------------------------------------------


async def test_estimate_becomes_confirmed(make_amber: MakeAmber) -> None:
    """At 08:15:04 and 08:15:24, and neither is early (7.2)."""
    bench = await make_amber()
    pin(bench)
    path = f"sites/{A}/prices/current"
    assert await bench.text(path) == ESTIMATE
    bench.clock.set(BOUNDARY + timedelta(seconds=23.4))
    assert await bench.text(path) == ESTIMATE
    bench.clock.set(BOUNDARY + timedelta(seconds=24))
    assert await bench.text(path) == CONFIRMED


async def test_past_and_future(make_amber: MakeAmber) -> None:
    """Actual, near and far forecast, and far beyond a day (7.3)."""
    bench = await make_amber(behaviour={"horizon": "long"})
    cloud = bench.cloud
    cloud.set_price(A, nem("2026-03-02T08:10:00"), spot=11.20417, renewables=39.6)
    cloud.set_price(
        A,
        nem("2026-03-02T08:20:00"),
        forecast=13.0021,
        forecast_renewables=41.10352214,
        advanced=Advanced(9.4, 11.2, 13.9),
    )
    cloud.set_price(
        A,
        nem("2026-03-02T09:00:00"),
        30,
        forecast=6.27,
        forecast_renewables=48.77120961,
        advanced=Advanced(3.2, 5.1, 8.4),
    )
    cloud.set_price(
        A,
        nem("2026-03-03T10:30:00"),
        30,
        forecast=-4.37712,
        forecast_renewables=108.20411,
        bounds=(-5.61, -1.05),
    )
    records = await bench.current("?previous=1&next=400")
    wire = [compact(record) for record in records]
    assert [text in wire for text in AHEAD] == [True] * 4
    day = await bench.current("?previous=1&next=288")
    assert (
        spans(day, "general")
        == spans(day, "feedIn")
        == [
            ("Actual", 5),
            ("Current", 5),
            *[("Forecast", 5)] * 8,
            *[("Forecast", 30)] * 46,
        ]
    )
    assert [r["channelType"] for r in day] == ["general"] * 56 + ["feedIn"] * 56


async def test_negative_and_spike(make_amber: MakeAmber) -> None:
    """Below zero, above three dollars, and what may come (7.4)."""
    bench = await make_amber(now=nem("2026-03-02T12:05:50"))
    cloud = bench.cloud
    start = nem("2026-03-02T12:05:00")
    cloud.set_price(A, start, spot=-11.024, renewables=104.66)
    cloud.set_delay(A, start, 20)
    assert await bench.text(f"sites/{A}/prices/current") == NEGATIVE
    cloud.change(below_zero="negative")
    assert {r["descriptor"] for r in await bench.current()} == {"negative"}

    start = nem("2026-03-02T17:40:00")
    cloud.set_price(A, start, spot=1287.31, renewables=18.204, forecast=2000)
    cloud.set_price(
        A,
        nem("2026-03-02T17:45:00"),
        forecast=402.1,
        forecast_renewables=18.9,
        advanced=Advanced(22.5, 61.2, 380),
    )
    cloud.set_delay(A, start, 30)
    bench.clock.set(start + timedelta(seconds=10))
    # Until it is confirmed a spike is but possible; or so it seems.
    assert {r["spikeStatus"] for r in await bench.current()} == {"potential"}
    cloud.change(estimated_spike="spike")
    assert {r["spikeStatus"] for r in await bench.current()} == {"spike"}
    cloud.change(estimated_spike="potential")
    bench.clock.advance(seconds=20)
    records = await bench.current("?next=1")
    assert [compact(records[n]) for n in (0, 2, 1)] == list(SPIKE)


async def test_half_hours(make_amber: MakeAmber) -> None:
    """Three channels and a time-of-use tariff; the last five minutes confirm (7.5)."""
    start = nem("2026-03-02T08:00:00")
    bench = await make_amber(fixture="C", now=start + timedelta(seconds=5))
    cloud = bench.cloud
    cloud.set_price(
        C,
        start,
        30,
        forecast=9.73,
        forecast_renewables=41.337,
        advanced=Advanced(7.5, 9.1, 11.8),
    )
    for k in range(6):
        cloud.set_price(C, start + timedelta(minutes=5 * k), spot=10.0 + k)
    assert await bench.text(f"sites/{C}/prices/current") == HALF_HOUR
    spots, flags = [], []
    for k in range(6):
        bench.clock.set(start + timedelta(minutes=5 * k, seconds=5))
        for _ in range(2):
            general = (await bench.current(site=C))[0]
            spots.append(general["spotPerKwh"])
            flags.append(general["estimate"])
            assert ("advancedPrice" in general) == general["estimate"]
            bench.clock.set(start + timedelta(minutes=5 * k + 4))
    assert flags == [True] * 11 + [False]
    # Each five minutes an actual takes a forecast's place in the mix.
    mixes = [(sum(10.0 + j for j in range(k)) + 9.73 * (6 - k)) / 6 for k in range(7)]
    expected = [mixes[k + late] for k in range(6) for late in (0, 1)]
    assert spots == pytest.approx(expected, abs=1e-5)


async def test_renewables(make_amber: MakeAmber) -> None:
    """As in 7.8, and each state's own words (1.8)."""
    bench = await make_amber(now=nem("2026-03-02T08:00:00"))
    market = bench.cloud.markets["vic"]
    n = index_at(nem("2026-03-02T07:30:00"))
    for k in range(6):
        market.script(n + k, Script(renewables=52.417))
        market.script(n + 6 + k, Script(forecast_renewables=50.93899999999999))
        market.script(n + 12 + k, Script(forecast_renewables=55.102))
    path = "state/vic/renewables/current"
    status, text, _ = await bench.raw(f"/v1/{path}?previous=1&next=1", {})
    assert status == 200
    assert text == RENEWABLES
    assert len(await bench.get(path)) == 1
    short = await bench.get(f"{path}?previous=6&next=3&resolution=5")
    assert [r["duration"] for r in short] == [5] * 10
    assert [r["type"][:3] for r in short] == ["Act"] * 6 + ["Cur"] + ["For"] * 3
    for state, percent, word in (("nsw", 8.2, "notGreat"), ("qld", 31.4, "great")):
        for k in range(6):
            script = Script(renewables=percent, forecast_renewables=percent)
            bench.cloud.markets[state].script(n + 6 + k, script)
        (record,) = await bench.get(f"state/{state}/renewables/current")
        assert (record["renewables"], record["descriptor"]) == (percent, word)


# -- which intervals -------------------------------------------------------------


async def test_counting_on_five_minutes(make_amber: MakeAmber) -> None:
    """48 are nine short and six long records (PA#248); 30 is honoured, or ignored."""
    bench = await make_amber(now=nem("2026-03-02T08:10:04"))
    assert spans(await bench.current("?next=48"), "general") == [
        ("Current", 5),
        *[("Forecast", 5)] * 9,
        *[("Forecast", 30)] * 6,
    ]
    for minute, near in ((0, 11), (5, 10), (15, 8), (20, 7), (25, 12), (30, 11)):
        bench.clock.set(nem(f"2026-03-02T08:{minute:02}:10"))
        got = spans(await bench.current("?next=288"), "feedIn")
        assert got.count(("Forecast", 5)) == near
    query = "?next=3&previous=6&resolution=30"
    assert spans(await bench.current(query), "general") == [
        *[("Actual", 30)] * 6,
        ("Current", 30),
        *[("Forecast", 30)] * 3,
    ]
    bench.cloud.change(resolution_30="ignored")
    assert spans(await bench.current(query), "general") == [
        *[("Actual", 5)] * 6,
        ("Current", 5),
        *[("Forecast", 5)] * 3,
    ]
    bench.cloud.change(resolution_30="honoured", default_resolution=30)
    assert spans(await bench.current(), "general") == [("Current", 30)]


async def test_prices_by_date(make_amber: MakeAmber) -> None:
    """Two days at 08:17; a past day; today; a day ahead (7.6)."""
    bench = await make_amber(now=nem("2026-03-02T08:17:00"))
    path = f"sites/{A}/prices"
    days = "?startDate=2026-03-01&endDate=2026-03-02&resolution=30"
    assert spans(await bench.get(path + days), "general") == [
        *[("Actual", 30)] * 64,
        ("Current", 30),
        *[("Forecast", 30)] * 31,
    ]
    past = await bench.get(f"{path}?startDate=2026-02-03&endDate=2026-02-03")
    assert spans(past, "feedIn") == [("Actual", 5)] * 288
    assert {r["date"] for r in past} == {"2026-02-03"}
    today = await bench.get(path)
    assert {r["date"] for r in today} == {"2026-03-02"}
    assert (today[0]["nemTime"], today[-1]["nemTime"]) == (
        "2026-03-02T00:05:00+10:00",
        "2026-03-03T00:00:00+10:00",
    )
    ahead = f"{path}?startDate=2026-03-03&endDate=2026-03-04"
    assert spans(await bench.get(ahead), "general") == [("Forecast", 30)] * 8
    bench.clock.set(nem("2026-03-02T12:30:00"))
    assert spans(await bench.get(ahead), "general") == [("Forecast", 30)] * 56


async def test_horizon_breathes(make_amber: MakeAmber) -> None:
    """To the end of the trading day, and from 12:30 to that of the next (3)."""
    bench = await make_amber()
    ends = {}
    for hour in ("03:59", "04:00", "12:29", "12:30", "23:59"):
        bench.clock.set(nem(f"2026-03-02T{hour}:00"))
        last = (await bench.current("?next=2048"))[-1]
        ends[hour] = last["nemTime"]
    assert ends == {
        "03:59": "2026-03-03T04:00:00+10:00",
        "04:00": "2026-03-03T04:00:00+10:00",
        "12:29": "2026-03-03T04:00:00+10:00",
        "12:30": "2026-03-04T04:00:00+10:00",
        "23:59": "2026-03-04T04:00:00+10:00",
    }


async def test_cut_over(make_amber: MakeAmber) -> None:
    """A site that changed from half-hours to five minutes mixes them (PA#232)."""
    bench = await make_amber(fixture="I", now=nem("2026-03-02T00:11:00"))
    (site,) = bench.cloud.serials
    got = spans(await bench.current("?previous=14", site), "general")
    assert got == [("Actual", 30)] * 2 + [("Actual", 5)] * 2 + [("Current", 5)]
    path = f"sites/{site}/prices?startDate=2026-03-01"
    got = spans(await bench.get(path), "feedIn")
    assert got[:51] == [("Actual", 30)] * 48 + [("Actual", 5)] * 2 + [("Current", 5)]


async def test_daylight_saving(make_amber: MakeAmber) -> None:
    """Sydney sets its clocks back on 5 April 2026; nothing of that is seen (1.5)."""
    bench = await make_amber(now=nem("2026-04-06T12:00:30"))
    path = f"sites/{A}/prices?startDate=2026-04-04&endDate=2026-04-05&resolution=5"
    records = await bench.get(path)
    assert spans(records, "general") == [("Actual", 5)] * 2 * 288
    times = [datetime.fromisoformat(r["nemTime"]) for r in records[: 2 * 288]]
    assert {t.utcoffset() for t in times} == {timedelta(hours=10)}
    gaps = {b - a for a, b in itertools.pairwise(times)}
    assert gaps == {timedelta(minutes=5)}


# -- doubts ----------------------------------------------------------------------


async def test_confirmed_and_changed(make_amber: MakeAmber) -> None:
    """What was called confirmed changes once more (PA#250)."""
    bench = await make_amber(behaviour={"changed_share": 1.0})
    pin(bench)
    seen = []
    for seconds in (10, 30, 83, 84):
        bench.clock.set(BOUNDARY + timedelta(seconds=seconds))
        general = (await bench.current())[0]
        seen.append((general["estimate"], general["spotPerKwh"]))
        assert ("advancedPrice" in general) == general["estimate"]
    assert seen == [
        (True, 12.4138),
        (False, 12.4138),
        (False, 12.4138),
        (False, 10.98031),
    ]


async def test_never_confirmed(make_amber: MakeAmber) -> None:
    """An estimate to the end, then an actual."""
    bench = await make_amber()
    pin(bench)
    bench.cloud.set_delay(A, BOUNDARY, None)
    assert bench.cloud.published_at(A, BOUNDARY) is None
    bench.clock.set(BOUNDARY + timedelta(seconds=299))
    assert await bench.text(f"sites/{A}/prices/current") == ESTIMATE
    bench.clock.advance(seconds=1)
    actual = (await bench.current("?previous=1"))[0]
    assert (actual["type"], actual["perKwh"]) == ("ActualInterval", 20.9425)
    bench.cloud.change(publication="never")
    bench.clock.advance(seconds=299)
    assert (await bench.current())[0]["estimate"] is True


async def test_outage_and_lost_actuals(make_amber: MakeAmber) -> None:
    """Nothing from AEMO, or nothing of the past (PA#221, PA#247)."""
    bench = await make_amber()
    query = "?previous=2&next=2"
    bench.cloud.change(outage="actuals")
    assert spans(await bench.current(query), "general") == [("Actual", 5)] * 2
    bench.cloud.change(outage="empty")
    assert await bench.current(query) == []
    assert await bench.get(f"sites/{A}/prices") == []
    bench.cloud.change(outage="none", lost_actuals_share=1.0)
    got = spans(await bench.current(query), "general")
    assert got == [("Current", 5), ("Forecast", 5), ("Forecast", 5)]


async def test_optional_fields(make_amber: MakeAmber) -> None:
    """Null instead of absent; tariffs on every channel; ranges late in a minute."""
    bench = await make_amber()
    pin(bench)
    general, feed_in = await bench.current()
    assert "tariffInformation" not in feed_in
    bench.cloud.change(optional="null")
    general, feed_in = await bench.current()
    assert general["range"] is feed_in["tariffInformation"] is None
    assert list(general)[-5:] == [
        *("tariffInformation", "descriptor", "estimate", "range", "advancedPrice"),
    ]
    bench.cloud.change(optional="absent", tariff_on="all")
    _, feed_in = await bench.current()
    assert feed_in["tariffInformation"] == {"demandWindow": False}
    far = "?next=400&resolution=30"
    assert ["range" in r for r in await bench.current(far)].count(True) == 0
    bench.clock.set(nem("2026-03-02T14:00:10"))
    hours = [
        (datetime.fromisoformat(r["startTime"]) - bench.clock()).total_seconds() / 3600
        for r in await bench.current(far)
        if "range" in r
    ]
    assert 20 <= min(hours) < 20.5
    bench.cloud.change(range_shown="late_in_minute")
    assert not any("range" in r for r in await bench.current(far))
    bench.clock.advance(seconds=34)
    assert all("range" in r for r in await bench.current(far))


async def test_tariffs(make_amber: MakeAmber) -> None:
    """None at all, and blocks."""
    bench = await make_amber(fixture=("F", "G"), now=nem("2026-03-21T09:00:40"))
    flat, block = bench.cloud.serials
    (general,) = await bench.current(site=flat)
    assert "tariffInformation" not in general
    general, feed_in = await bench.current(site=block)
    assert general["tariffInformation"] == {"block": 2}
    assert feed_in["duration"] == 30
    truth = bench.cloud.truth(block, bench.clock())
    assert truth.slot == Slot(index_at(nem("2026-03-21T09:00:00")), 6)
