"""The account's limit is shared: what is told of it, and how much of it is ours."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

from hypothesis import example, given, strategies as st
import pytest

from custom_components.joulekeeper.core.errors import RateLimited
from custom_components.joulekeeper.vendors.amber.limits import Limiter, RateLimits, Room
from tests.clouds.clock import SetClock

from .conftest import LIMITS, NOW, Open, Reply
from .examples import CONFIRMED, SITE, USAGE

HALF = 25


def limiter() -> tuple[Limiter, SetClock]:
    """Return one that was told nothing yet."""
    clock = SetClock(NOW)
    return Limiter(clock, frozenset({"usage"})), clock


def told(remaining: int, reset: int = 180, **changes: str) -> dict[str, str]:
    """Return the headers of an answer."""
    names = {"RateLimit-Remaining": str(remaining), "RateLimit-Reset": str(reset)}
    return {**LIMITS, **names, **changes}


async def test_what_is_told(open_desk: Open) -> None:
    """Everything of the last counted answer, and what follows from it."""
    client, desk = await open_desk(CONFIRMED)
    assert client.rate_limits is None
    await client.current_prices(SITE)
    limits = client.rate_limits
    assert limits == RateLimits(
        limit=50, remaining=42, reset_s=180, policy="50;w=300", refreshed=NOW
    )
    assert limits.estimated_reset == NOW + timedelta(seconds=180)
    assert limits.time_window == timedelta(seconds=300)
    desk.clock.advance(hours=1)
    # It is what was, and may be past.
    assert limits.estimated_reset < desk.clock()
    desk.answers[:] = [Reply(CONFIRMED, headers={})]
    await client.current_prices(SITE)
    assert client.rate_limits == limits


@pytest.mark.parametrize(
    ("policy", "seconds"),
    [
        ("50;w=300", 300),
        ("50; w = 600", 600),
        ("10;w=1, 50;w=300;comment=all", 300),
        ("100;burst=5;w=60", 60),
        ("50", None),
        ("50;w=0", None),
        ("", None),
        ("50;w=99999999999999999999", None),
    ],
)
def test_policies(policy: str, seconds: int | None) -> None:
    """Of several windows the one of the limit counts."""
    limits = RateLimits.parse(told(5, **{"RateLimit-Policy": policy}), NOW)
    assert limits is not None
    window = limits.time_window
    assert window == (None if seconds is None else timedelta(seconds=seconds))


@given(st.dictionaries(st.sampled_from(list(LIMITS)), st.text(max_size=8)))
@example({"RateLimit-Reset": "1E100"})
def test_odd_headers(headers: dict[str, str]) -> None:
    """Whatever they are, some calls stay possible within the hour."""
    meter, clock = limiter()
    for status in (200, 429, 200):
        with suppress(RateLimited):
            meter.sending("sites")
            meter.answered("sites", status, headers)
        assert clock() <= meter.room().free_at <= clock() + timedelta(hours=1)
    clock.advance(hours=1, seconds=10)
    assert meter.room().calls > 0


def test_half_is_for_others() -> None:
    """In any 300 s there are 25 calls of ours at most, however they are spread."""
    meter, clock = limiter()
    sent = []
    for _ in range(600):
        try:
            meter.sending("current_prices")
        except RateLimited as error:
            assert meter.room().calls == 0
            wait = timedelta(seconds=error.retry_after or 0)
            assert clock() + wait == meter.room().free_at
            clock.advance(wait)
            assert meter.room().calls > 0
        else:
            sent.append(clock())
            clock.advance(seconds=3)
    windows = [sum(1 for t in sent if 0 <= (t - s).total_seconds() < 300) for s in sent]
    assert max(windows) == HALF
    # The waits were not longer than they had to be.
    assert len(sent) / (sent[-1] - sent[0]).total_seconds() > HALF / 310


def test_what_can_wait_leaves_a_reserve() -> None:
    """A month of usage does not keep prices from being asked for."""
    meter, _ = limiter()
    for _ in range(15):
        meter.sending("usage")
    with pytest.raises(RateLimited):
        meter.sending("usage")
    for _ in range(10):
        meter.sending("current_prices")
    with pytest.raises(RateLimited):
        meter.sending("current_prices")


def test_others_have_used_more() -> None:
    """A tenth is left to them, until the window is over."""
    meter, clock = limiter()
    meter.sending("sites")
    meter.answered("sites", 200, told(remaining=8, reset=100))
    assert meter.room() == Room(3, clock())
    assert meter.room("usage").calls == 0
    clock.advance(seconds=10)
    for _ in range(3):
        meter.sending("current_prices")
    assert meter.room() == Room(0, NOW + timedelta(seconds=102))
    with pytest.raises(RateLimited) as raised:
        meter.sending("current_prices")
    assert raised.value.retry_after == 92
    clock.set(NOW + timedelta(seconds=102))
    assert meter.room().calls == HALF - 4


def test_another_limit() -> None:
    """The cloud's numbers count, not ours."""
    meter, clock = limiter()
    more = {"RateLimit-Limit": "20", "RateLimit-Policy": "20;w=60"}
    meter.answered("sites", 200, told(remaining=19, reset=50, **more))
    clock.advance(seconds=60)
    for _ in range(10):
        meter.sending("sites")
    assert meter.room().free_at == clock() + timedelta(seconds=62)


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({}, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]),
        (told(0, 141), [143, 302, 302]),
        ({"RateLimit-Limit": "50"}, [302, 302]),
        ({"Retry-After": "60"}, [60, 60]),
        (told(0, 10, **{"Retry-After": "40"}), [40, 302]),
    ],
)
def test_refusals(headers: Mapping[str, str], waits: list[float]) -> None:
    """With headers the window is waited for, without them the cloud is only busy."""
    meter, clock = limiter()
    for wait in waits:
        meter.sending("sites")
        with pytest.raises(RateLimited) as raised:
            meter.answered("sites", 429, headers)
        assert raised.value.retry_after == wait
        assert meter.room() == Room(0, clock() + timedelta(seconds=wait))
        with pytest.raises(RateLimited):
            meter.sending("sites")
        clock.advance(seconds=wait)
    meter.sending("sites")
    meter.answered("sites", 200, LIMITS)
    with pytest.raises(RateLimited) as raised:
        meter.answered("sites", 429, headers)
    assert raised.value.retry_after == waits[0]


async def test_a_refusal_silences_the_account(open_desk: Open) -> None:
    """Nothing is sent until the wait is over; renewables are not counted."""
    client, desk = await open_desk(
        Reply({"message": "Too Many Requests"}, 429, told(0, 141)), Reply(USAGE)
    )
    with pytest.raises(RateLimited) as raised:
        await client.sites()
    assert raised.value.retry_after == 143
    desk.clock.advance(seconds=100)
    with pytest.raises(RateLimited) as raised:
        await client.usage(SITE)
    assert raised.value.retry_after == 43
    assert len(desk.sent) == 1
    desk.clock.advance(seconds=43)
    assert await client.usage(SITE)


@pytest.mark.parametrize("hours", [-30, 30])
def test_clock_that_jumps(hours: int) -> None:
    """What was counted at a time that is not yet does not block for ever."""
    meter, clock = limiter()
    for _ in range(HALF):
        meter.sending("sites")
    with pytest.raises(RateLimited):
        meter.answered("sites", 429, told(0, 300))
    clock.advance(hours=hours)
    assert meter.room().calls == HALF


async def test_headers_in_any_case(open_desk: Open) -> None:
    """Some proxies write them small."""
    small = {key.lower(): value for key, value in LIMITS.items()}
    client, _ = await open_desk(Reply(CONFIRMED, headers=small))
    await client.current_prices(SITE)
    assert client.rate_limits == RateLimits.parse(LIMITS, NOW)
