"""A clock that is wrong, ours or theirs, and the whitelist that looks like it."""

from datetime import timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import (
    NotSupported,
    TransientError,
    VendorError,
)

from .calls import SUCCESS, refusal
from .conftest import NOW, A, Desk, MakeBench
from .test_settings import CHARGE


@pytest.mark.parametrize("answer", [6006, 6009])
@pytest.mark.parametrize("minutes", [-10, 30])
async def test_wrong_clock_of_ours(
    make_bench: MakeBench, answer: int, minutes: int
) -> None:
    """One refusal tells us the time; from then on all calls are right at once."""
    ahead = timedelta(minutes=minutes)
    bench = await make_bench({"skew_answer": answer}, ahead=ahead)
    client = bench.client()
    await client.live_power(A)
    assert bench.cloud.requests.count("getLastPowerData") == 2
    await client.set_charge_settings(A, CHARGE)
    assert bench.cloud.requests.count("updateChargeConfigInfo") == 1
    assert client.clock_skew is not None
    assert abs(client.clock_skew + ahead) < timedelta(seconds=2)
    # The clock is put right: that costs one refusal again, and no more.
    bench.clock.advance(-ahead)
    await client.live_power(A)
    await client.live_power(A)
    assert bench.cloud.requests.count("getLastPowerData") == 5


async def test_wrong_clock_of_ours_when_writing(make_bench: MakeBench) -> None:
    """A refused write was not done, so it may be sent again."""
    bench = await make_bench(ahead=timedelta(hours=1))
    await bench.client().set_charge_settings(A, CHARGE)
    assert bench.cloud.requests.count("updateChargeConfigInfo") == 2
    assert len(bench.cloud.writes) == 1


@pytest.mark.parametrize("form", ["two_keys", "envelope"])
async def test_whitelist(make_bench: MakeBench, form: str) -> None:
    """With a right clock the same code means the whitelist; asking again is idle."""
    bench = await make_bench({"whitelist": frozenset(), "auth_body": form})
    client = bench.client()
    with pytest.raises(NotSupported) as raised:
        await client.systems()
    assert raised.value.reason == "not_whitelisted"
    assert bench.cloud.requests.count("getEssList") == 1
    bench.cloud.behaviour.whitelist = None
    await client.systems()


async def test_wrong_clock_and_whitelist(make_bench: MakeBench) -> None:
    """The clock is seen first, then that it was not all."""
    bench = await make_bench({"whitelist": frozenset()}, ahead=timedelta(minutes=-20))
    with pytest.raises(NotSupported) as raised:
        await bench.client().systems()
    assert raised.value.reason == "not_whitelisted"
    assert bench.cloud.requests.count("getEssList") == 2


@pytest.mark.parametrize("code", [6006, 6009])
async def test_no_telling_without_a_date(make_bench: MakeBench, code: int) -> None:
    """Then it may be either, and time may mend it."""
    desk = Desk([refusal(code, keys=2)], date=None)
    client = (await make_bench(desk=desk)).client()
    with pytest.raises(TransientError) as raised:
        await client.systems()
    assert raised.value.reason == "clock_or_whitelist"
    assert (len(desk.sent), client.clock_skew) == (1, None)


async def test_a_date_that_lies(make_bench: MakeBench) -> None:
    """It harms neither a good clock nor, once it was no help, the calls after it."""
    desk = Desk([SUCCESS], date=NOW + timedelta(days=3))
    client = (await make_bench(desk=desk)).client()
    await client.summary(A)
    await client.summary(A)
    desk.answers = [refusal(6009)]
    with pytest.raises(VendorError):
        await client.summary(A)
    desk.answers = [SUCCESS]
    await client.summary(A)
    now, lie = (str(int(moment.timestamp())) for moment in (NOW, desk.date))
    sent = [headers["timeStamp"] for _, _, headers, _ in desk.sent]
    assert sent == [now, now, now, lie, now]


async def test_a_clock_that_cannot_be_followed(make_bench: MakeBench) -> None:
    """A second refusal with yet another time ends it for now."""

    class Jumping(Desk):
        async def handle(self, request: Any) -> Any:
            self.date = NOW + timedelta(hours=len(self.sent) + 1)
            return await super().handle(request)

    jumping = Jumping([refusal(6006)])
    client = (await make_bench(desk=jumping)).client()
    with pytest.raises(TransientError) as raised:
        await client.systems()
    assert raised.value.reason == "clock_wrong"
    assert len(jumping.sent) == 2
