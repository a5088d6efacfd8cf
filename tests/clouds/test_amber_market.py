"""The generator behind the fake Amber cloud: laws that hold at any time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import mean, median, quantiles

from hypothesis import given, settings, strategies as st
import pytest

from .amber import NEM, Behaviour
from .amber.board import Board, horizon
from .amber.fixtures import FIXTURES
from .amber.market import STATES, Market, Script
from .amber.payloads import channels_of, interval
from .amber.publication import Publication
from .amber.site import Site
from .amber.tariffs import ChannelType, descriptor
from .amber.times import DAY, index_at, start_of

START = datetime(2026, 1, 1, tzinfo=UTC)
times = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31)).map(
    lambda t: t.replace(tzinfo=UTC)
)
states = st.sampled_from(list(STATES))


def make_site(fixture: str, seed: int, now: datetime, behaviour: Behaviour) -> Site:
    """Return the first site of a fixture."""
    spec = FIXTURES[fixture](now.astimezone(NEM).date())[0]
    return Site(spec, Market(spec.state, seed), behaviour, now, seed)


@settings(max_examples=60)
@given(
    now=times,
    fixture=st.sampled_from("ACGI"),
    seed=st.integers(0, 50),
    resolution=st.sampled_from([None, 5, 30]),
    previous=st.integers(0, 60),
    following=st.integers(0, 600),
)
def test_records(
    now: datetime,
    fixture: str,
    seed: int,
    resolution: int | None,
    previous: int,
    following: int,
) -> None:
    """Contiguous, in order, one current; 5 minutes before 30; the price formula."""
    behaviour = Behaviour()
    site = make_site(fixture, seed, now, behaviour)
    slots = site.board.around(now, previous, following, site.minutes(resolution))
    records = site.prices(slots, now)
    channels = [c.type for c in channels_of(site.spec)]
    order = [r["channelType"] for r in records]
    assert order == sorted(order, key=channels.index)
    tariff = site.spec.tariff
    for channel in channels:
        own = [r for r in records if r["channelType"] == channel]
        kinds = [r["type"] for r in own]
        # Their names happen to be in the order of time.
        assert kinds == sorted(kinds)
        assert kinds.count("CurrentInterval") == 1
        starts = [datetime.fromisoformat(r["startTime"]) for r in own]
        ends = [datetime.fromisoformat(r["endTime"]) for r in own]
        for record, start, end in zip(own, starts, ends, strict=True):
            length = timedelta(minutes=record["duration"], seconds=-1)
            assert end - start == length
            assert (start.second, end.second) == (1, 0)
            assert record["date"] == start.astimezone(NEM).date().isoformat()
            assert datetime.fromisoformat(record["nemTime"]) == end
            assert record["nemTime"].endswith("+10:00")
        assert all(
            b - a == timedelta(seconds=1)
            for a, b in zip(ends, starts[1:], strict=False)
        )
        forward = [r["duration"] for r in own if r["type"] == "ForecastInterval"]
        assert forward == sorted(forward)
        for record, start in zip(own, starts, strict=True):
            spot = record["spotPerKwh"]
            hour = start.astimezone(NEM).hour
            if channel == "feedIn":
                extra = 1.6 if 10 <= hour < 15 else -2.2 if 16 <= hour < 21 else 0
                price = -spot * tariff.loss_factor / 1.1 + extra
            elif channel == "general":
                extra = 4.1 if 10 <= hour < 15 else 26.9 if 16 <= hour < 21 else 9.4
                price = spot * tariff.loss_factor + extra
            else:
                price = spot * tariff.loss_factor + 3.05
            assert record["perKwh"] == pytest.approx(price, abs=1e-5)
            if advanced := record.get("advancedPrice"):
                sign = -1 if channel == "feedIn" else 1
                low, middle, high = (
                    sign * advanced[key] for key in ("low", "predicted", "high")
                )
                assert low <= middle <= high
    spots = [
        [(r["startTime"], r["spotPerKwh"]) for r in records if r["channelType"] == c]
        for c in channels
    ]
    assert all(other == spots[0] for other in spots)
    assert index_at(now) in range(slots[0].first, slots[-1].end)
    assert slots[-1].end <= max(horizon(now, behaviour), index_at(now) + 6)


@given(now=times, seed=st.integers(0, 99), state=states)
@settings(max_examples=25)
def test_half_hours_are_means(now: datetime, seed: int, state: str) -> None:
    """An actual half-hour is the mean of its six prices, in any order of asking."""
    market, other = Market(state, seed), Market(state, seed)
    behaviour = Behaviour()
    board = Board(market, Publication(seed, behaviour), behaviour)
    n = index_at(now) // 6 * 6
    late = start_of(n + 6)
    (half,) = board.around(late - timedelta(seconds=1), 0, 0, lambda n: 30)
    spots = [other.actual(k).spot for k in range(n + 5, n - 1, -1)]
    shown = board.shown(half, late)
    assert shown.quote.spot == pytest.approx(mean(spots), abs=1e-5)
    assert shown.highest == max(spots)
    assert other.forecast(n, n - 100) == market.forecast(n, n - 100)


@pytest.mark.parametrize("state", STATES)
def test_a_season_of_market(state: str) -> None:
    """Prices are plausible: mostly cheap, at times negative, seldom above $3."""
    market = Market(state, 1)
    first = index_at(START)
    quotes = [market.actual(n) for n in range(first, first + 150 * DAY)]
    spots = [q.spot for q in quotes]
    assert 3 < median(spots) < 15
    assert 0.05 < mean(s < 0 for s in spots) < 0.35
    assert 0.0001 < mean(s >= 300 for s in spots) < 0.003
    assert max(spots) < 2231
    assert min(spots) > -111
    percent = [q.renewables for q in quotes]
    assert min(percent) > 0
    assert (max(percent) > 100) == (state == "sa")
    # Evenings are dearer than noons.
    by_hour = [mean(spots[(h + 14) * 12 :: DAY]) for h in range(24)]
    noon, evening = by_hour[12], by_hour[18]
    assert noon + 5 < evening


def test_forecasts_get_better() -> None:
    """The nearer the closer; Amber's own errs less; some are phantoms."""
    market = Market("nsw", 1)
    first = index_at(START)
    errors: dict[int, list[float]] = {0: [], 6: [], 72: [], 288: []}
    own: list[float] = []
    for n in range(first, first + 60 * DAY, 7):
        actual = market.actual(n).spot
        for lead, of_lead in errors.items():
            quote = market.forecast(n, n - lead)
            of_lead.append(abs(quote.spot - actual))
            assert quote.advanced is not None
            assert quote.bounds is not None
            assert quote.bounds[0] <= quote.spot / 1.1 <= quote.bounds[1]
            if lead == 288:
                own.append(abs(quote.advanced.predicted - actual))
    medians = [median(of_lead) for of_lead in errors.values()]
    assert all(a < b for a, b in pairwise(medians))
    assert mean(own) < mean(errors[288])
    # 6 c beside -26 c was seen, and $20 beside 30 c.
    assert 0.005 < mean(e > 25 for e in errors[0]) < 0.03
    assert max(errors[72]) > 250


def test_forecasts_are_made_anew() -> None:
    """Each five minutes for an hour ahead, each half-hour for more; spikes surprise."""
    market = Market("nsw", 1)
    first = index_at(START)
    near = {market.forecast(first + 24, first + k).spot for k in range(14, 24)}
    assert len(near) == 10
    far = [market.forecast(first + 200, first + k).spot for k in range(12)]
    assert [len(set(run)) for run in (far[:6], far[6:], far)] == [1, 1, 2]
    market.script(first + 290, Script(spot=1000.0))
    seen = [market.forecast(first + 290, first + 290 - lead).spot for lead in (2, 288)]
    assert seen[0] > 800
    assert seen[1] < 100


@pytest.mark.parametrize(
    ("channel", "cents", "spot", "word"),
    [
        ("general", -3.0, -11.0, "extremelyLow"),
        ("general", 9.3, -0.1, "extremelyLow"),
        ("general", 28.5, 20.4, "veryLow"),
        ("general", 40.1, 31.0, "low"),
        ("general", 449.6, 402.1, "high"),
        ("feedIn", -9.0, 9.0, "high"),
        ("feedIn", -4.6, 4.8, "high"),
        ("feedIn", -4.5, 4.7, "low"),
        ("feedIn", -0.5, 2.2, "low"),
        ("feedIn", 0.4, 1.0, "extremelyLow"),
    ],
)
def test_descriptors(
    channel: ChannelType, cents: float, spot: float, word: str
) -> None:
    """The words that were recorded at these prices, each side by its own (1.5)."""
    assert descriptor(channel, cents, spot, "none", Behaviour()) == word


def test_publication_follows_the_measured_times() -> None:
    """Percentiles of dossier 2.4; rare streaks; the same however it is asked."""
    behaviour = Behaviour()
    publication = Publication(5, behaviour)
    count = 60_000
    delays = [publication.delay(n) or 0 for n in range(count)]
    usual = [d for d in delays if d < 40]
    assert (min(usual), max(usual)) == (
        pytest.approx(17.1, abs=0.05),
        pytest.approx(37.1, abs=0.05),
    )
    cuts = quantiles(usual, n=20)
    got = [cuts[n] for n in (1, 4, 9, 14, 17)]
    assert got == pytest.approx([19.4, 20.9, 22.5, 26.2, 28.7], abs=0.15)
    late = [n for n, d in enumerate(delays) if d >= 40]
    assert 0.007 < len(late) / count < 0.013
    assert 0.0005 < sum(d > 55 for d in delays) / count < 0.0017
    assert 180 < max(delays) <= 230
    # They come in streaks.
    assert sum(b - a == 1 for a, b in pairwise(late)) > 0.5 * len(late)
    again = Publication(5, behaviour)
    assert [again.delay(n) for n in range(999, -1, -1)] == delays[999::-1]
    assert [Publication(6, behaviour).delay(n) for n in range(99)] != delays[:99]
    behaviour.streak_share = 0
    assert max(publication.delay(n) or 0 for n in range(count)) < 40
    behaviour.publication_s = 31.0
    assert publication.delay(3) == 31.0
    behaviour.publication = "never"
    assert publication.published_at(3) is None


def test_sites_differ() -> None:
    """Two sites of a state pay the same spot price and hear of it at other times."""
    behaviour = Behaviour()
    one = make_site("A", 1, START, behaviour)
    other = make_site("I", 1, START, behaviour)
    n = index_at(START)
    assert one.market.actual(n) == other.market.actual(n)
    delays = [[s.publication.delay(n + k) for k in range(9)] for s in (one, other)]
    assert delays[0] != delays[1]


def test_gst_free_feed_in() -> None:
    """What a spot of 110 earns and costs: with GST to buy, without it to sell (1.6)."""
    behaviour = Behaviour()
    site = make_site("A", 1, START, behaviour)
    shown = site.board.truth(site.slot(START))
    shown = shown._replace(quote=shown.quote._replace(spot=110.0))
    general, feed_in = (
        interval(site.spec, channel, shown, START, behaviour)
        for channel in ("general", "feedIn")
    )
    hour = START.astimezone(NEM).hour
    assert hour == 10
    assert general["perKwh"] == 119.732  # 110 * 1.0512 + 4.1
    assert feed_in["perKwh"] == -103.52  # -100 * 1.0512 + 1.6
    assert general["spotPerKwh"] == feed_in["spotPerKwh"] == 110
