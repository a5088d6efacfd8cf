"""What is asked, and what every kind of answer becomes."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from traceback import format_exception
from typing import Any

from aiohttp import ClientTimeout
import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    InvalidRequest,
    NotFound,
    NotSupported,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.core.usage import day_ranges
from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.amber.client import MOST_DAYS, AmberClient
from custom_components.joulekeeper.vendors.amber.words import ChannelType, State

from .conftest import HANG, LIMITS, NOW, TOKEN, Open, Reply
from .examples import (
    ACTUAL,
    CONFIRMED,
    ESTIMATED,
    FAR_FORECAST,
    FORECAST,
    RENEWABLES,
    SITE,
    SITES,
    USAGE,
    WRONG_TOKEN,
)

type Ask = Callable[[AmberClient], Awaitable[Any]]

COUNTED: dict[str, Ask] = {
    "sites": lambda client: client.sites(),
    "current_prices": lambda client: client.current_prices(SITE),
    "prices": lambda client: client.prices(SITE),
    "usage": lambda client: client.usage(SITE),
}
ALL: dict[str, Ask] = COUNTED | {
    "renewables": lambda client: client.renewables(State.VICTORIA)
}


async def test_sites(open_desk: Open) -> None:
    """All are returned; whom to ignore, their status tells."""
    client, desk = await open_desk(SITES)
    sites = await client.sites()
    assert [site.id for site in sites if site.is_active] == [SITE]
    method, path, headers = desk.sent[0]
    assert (method, path) == ("GET", "/v1/sites")
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Accept"] == "application/json"
    assert client.raw["sites"] == SITES


async def test_no_sites(open_desk: Open) -> None:
    """A new customer, or one of the past, has none."""
    client, _ = await open_desk([])
    assert await client.sites() == ()


async def test_current_prices(open_desk: Open) -> None:
    """A zero is sent, what is not given is not; the order of answers is no matter."""
    client, desk = await open_desk([CONFIRMED[1], FORECAST, ACTUAL, CONFIRMED[0]])
    board = await client.current_prices(SITE, previous=0, following=288, resolution=5)
    assert board.confirmed
    assert board.asked_at == NOW
    general = board.of_channel(ChannelType.GENERAL)
    assert [item.price for item in general] == [0.2117782, 0.209425, 4.4958752]
    current = board.current(ChannelType.FEED_IN)
    assert current is not None
    assert current.price == 0.1049318
    assert board.current(ChannelType.CONTROLLED_LOAD) is None
    await client.current_prices(SITE)
    root = f"/v1/sites/{SITE}/prices/current"
    assert desk.paths == [f"{root}?previous=0&next=288&resolution=5", root]


@pytest.mark.parametrize("body", [[], [ACTUAL], [FAR_FORECAST]])
async def test_no_current_price(open_desk: Open, body: list[Any]) -> None:
    """The market's own prices may be missing: nothing is confirmed then."""
    client, _ = await open_desk(body)
    board = await client.current_prices(SITE)
    assert not board.confirmed
    assert board.span is None
    assert len(board.records) == len(body)


async def test_days(open_desk: Open) -> None:
    """Days are the market's; both ends are sent even where the cloud has defaults."""
    client, desk = await open_desk([ACTUAL])
    first, last = date(2026, 2, 20), date(2026, 2, 26)
    await client.prices(SITE, first, last, resolution=30)
    await client.prices(SITE)
    desk.answers[:] = [USAGE]
    rows = await client.usage(SITE, date(2026, 2, 27))
    assert [row.identifier for row in rows] == ["B1", "E1"]
    # Half an hour before the market's midnight.
    desk.clock.set(datetime(2026, 3, 1, 13, 30, tzinfo=UTC))
    await client.usage(SITE, end=last)
    await client.usage(SITE, last)
    await client.usage(SITE)
    root = f"/v1/sites/{SITE}"
    assert desk.paths == [
        f"{root}/prices?startDate=2026-02-20&endDate=2026-02-26&resolution=30",
        f"{root}/prices?startDate=2026-03-02&endDate=2026-03-02",
        f"{root}/usage?startDate=2026-02-27&endDate=2026-03-02",
        f"{root}/usage?startDate=2026-02-26&endDate=2026-02-26",
        f"{root}/usage?startDate=2026-02-26&endDate=2026-03-01",
        f"{root}/usage?startDate=2026-03-01&endDate=2026-03-01",
    ]


def test_long_ranges() -> None:
    """They are covered by calls that the cloud takes, without a day twice."""
    first, last = date(2026, 1, 1), date(2026, 1, 30)
    ranges = list(day_ranges(first, last, MOST_DAYS))
    days = [
        start + timedelta(days=step)
        for start, end in ranges
        for step in range((end - start).days + 1)
    ]
    assert days == [first + timedelta(days=step) for step in range(30)]
    assert all((end - start).days < MOST_DAYS for start, end in ranges)
    assert len(ranges) == 5


async def test_renewables_need_no_token(open_desk: Open) -> None:
    """They are not counted either."""
    client, desk = await open_desk(Reply(RENEWABLES, headers={}))
    records = await client.renewables(
        State.VICTORIA, previous=1, following=0, resolution=30
    )
    assert [item.share for item in records] == [124.417, 50.938999999999995, 55.102]
    assert "Authorization" not in desk.sent[0][2]
    assert desk.paths == [
        "/v1/state/vic/renewables/current?previous=1&next=0&resolution=30"
    ]
    assert client.rate_limits is None
    assert client.room.calls == 25
    assert client.calls == {"renewables": 1}


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda c: c.current_prices(SITE, resolution=15), "bad_resolution"),
        (lambda c: c.prices(SITE, resolution=1), "bad_resolution"),
        (lambda c: c.renewables(State.VICTORIA, resolution=0), "bad_resolution"),
        (lambda c: c.current_prices(SITE, previous=-1), "too_many_intervals"),
        (
            lambda c: c.current_prices(SITE, previous=1024, following=1025),
            "too_many_intervals",
        ),
        (
            lambda c: c.prices(SITE, date(2026, 1, 1), date(2026, 1, 8)),
            "too_many_days",
        ),
        (lambda c: c.usage(SITE, date(2026, 1, 1), date(2026, 1, 8)), "too_many_days"),
        (lambda c: c.usage(SITE, date(2026, 1, 2), date(2026, 1, 1)), "days_reversed"),
    ],
)
async def test_what_is_not_sent(open_desk: Open, ask: Ask, reason: str) -> None:
    """What the cloud would refuse costs no call."""
    client, desk = await open_desk([])
    with pytest.raises(InvalidRequest) as raised:
        await ask(client)
    assert raised.value.reason == reason
    assert desk.sent == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, AuthError),
        (403, AuthError),
        (404, NotFound),
        (422, Rejected),
        (429, RateLimited),
        (301, ProtocolError),
        (500, TransientError),
        (502, TransientError),
    ],
)
@pytest.mark.parametrize("label", COUNTED)
async def test_status(
    open_desk: Open, label: str, status: int, error: type[VendorError]
) -> None:
    """Each means one thing, whatever the body; 5xx are tried once more."""
    client, desk = await open_desk(Reply(WRONG_TOKEN, status=status, headers={}))
    with pytest.raises(VendorError) as raised:
        await COUNTED[label](client)
    assert type(raised.value) is error
    assert len(desk.sent) == (2 if status >= 500 else 1)
    assert client.calls == {label: len(desk.sent)}


async def test_renewables_are_no_proof_of_a_token(open_desk: Open) -> None:
    """A refusal there is none of the token, which was not sent."""
    client, _ = await open_desk(Reply(WRONG_TOKEN, status=403))
    with pytest.raises(NotSupported):
        await client.renewables(State.VICTORIA)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<!DOCTYPE html><html></html>", TransientError),
        ('[{"type":"Curr', ProtocolError),
        ('{"message":"ok"}', ProtocolError),
        ("null", ProtocolError),
        ("", ProtocolError),
        (None, TransientError),
    ],
)
@pytest.mark.parametrize("label", ALL)
async def test_answers_that_are_none(
    open_desk: Open, label: str, body: str | None, error: type[VendorError]
) -> None:
    """They are told apart from an empty list."""
    client, _ = await open_desk(Reply(body))
    with pytest.raises(error):
        await ALL[label](client)


@pytest.mark.parametrize("label", ALL)
async def test_odd_records_cost_only_themselves(open_desk: Open, label: str) -> None:
    """What comes beside the records that can be read is left out."""
    good = {
        "sites": SITES[1],
        "current_prices": ACTUAL,
        "prices": ACTUAL,
        "usage": USAGE[0],
        "renewables": RENEWABLES[0],
    }[label]
    body = [None, 7, {}, {"type": "Quantum"}, good, [], {**good, "type": "Quantum"}]
    client, _ = await open_desk(body)
    found = await ALL[label](client)
    assert len(getattr(found, "records", found)) == 2


async def test_one_failure_of_the_cloud(open_desk: Open) -> None:
    """Both tries are counted, for the cloud counts them."""
    client, desk = await open_desk(Reply({}, status=502, headers={}), CONFIRMED)
    assert (await client.current_prices(SITE)).confirmed
    assert len(desk.sent) == 2
    assert client.room.calls == 23


async def test_hanging(open_desk: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud that never answers is given up on, and not asked twice."""
    monkeypatch.setattr(http, "TIMEOUT", ClientTimeout(total=0.1))
    client, desk = await open_desk(HANG)
    with pytest.raises(TransientError):
        await client.current_prices(SITE)
    assert len(desk.sent) == 1


@pytest.mark.parametrize("ahead", [0, 1, -1, 90, -3600])
async def test_clock_of_the_cloud(open_desk: Open, ahead: int) -> None:
    """A clock that is wrong by more than `Date` can tell is corrected."""
    client, _ = await open_desk(ESTIMATED, ahead=timedelta(seconds=ahead))
    board = await client.current_prices(SITE)
    told = (board.asked_at - NOW).total_seconds()
    assert told == pytest.approx(ahead if abs(ahead) > 1 else 0, abs=0.5)
    assert client.clock_skew is not None
    assert client.clock_skew.total_seconds() == pytest.approx(ahead, abs=0.5)
    assert client.cloud_time() == board.asked_at
    assert client.room.free_at == board.asked_at
    again = await client.current_prices(SITE)
    assert again.asked_at == board.asked_at


async def test_raw_answers(open_desk: Open) -> None:
    """Of a week of usage only a sample is kept for diagnostics."""
    client, _ = await open_desk([{**USAGE[0], "kwh": n} for n in range(4032)])
    await client.usage(SITE)
    kept = [row["kwh"] for row in client.raw[f"usage {SITE}"]]
    assert kept == [0, 1, 2, 3, 4, 4027, 4028, 4029, 4030, 4031]


async def test_nothing_gets_out(
    open_desk: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """No token, site or meter number in errors and their causes, logs and reprs."""
    caplog.set_level("DEBUG")
    replies = [
        Reply(WRONG_TOKEN, status=status, headers=headers)
        for status in (301, 400, 401, 403, 404, 422, 429, 500)
        for headers in (LIMITS, {"Location": f"http:///{SITE}"})
    ]
    replies += [Reply(body) for body in (None, "<", "{", f'{{"a":"{SITE}"}}')]
    told: list[str] = []
    for reply in replies:
        for ask in ALL.values():
            client, _ = await open_desk(reply)
            with pytest.raises(VendorError) as raised:
                await ask(client)
            told += [str(raised.value), "".join(format_exception(raised.value))]
            told += [repr(client), repr(client.limiter)]
    client, _ = await open_desk(SITES)
    told += map(repr, await client.sites())
    told += [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("aiohttp", "asyncio", "hypothesis"))
    ]
    assert len(told) > 200
    hidden = {TOKEN, SITE, *(site["nmi"] for site in SITES)}
    # The source of this very file is in the tracebacks, its constants are not.
    assert not {secret for secret in hidden for text in told if secret in text}
    assert client.secrets == (TOKEN,)
