"""Plants whose clock is not Home Assistant's."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.vendors.alphaess.plant_clock import (
    AT_HOME_EVERY,
    PlantClocks,
    PlantTime,
    due_in,
)

from .conftest import NOW, A, B, Bench, MakeBench

ADELAIDE = ZoneInfo("Australia/Adelaide")
MINUTE = timedelta(minutes=1)


class Tokens:
    """Keeps what it gets."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.data: Mapping[str, Any] | None = None

    async def load(self) -> Mapping[str, Any] | None:
        """Return what was kept."""
        return self.data

    async def save(self, data: Mapping[str, Any]) -> None:
        """Keep it."""
        self.data = data


def clocks_of(
    bench: Bench, home: str, tokens: Tokens | None = None
) -> tuple[PlantClocks, Tokens]:
    """Return the clocks of an account, for an installation in a zone."""
    kept = tokens or Tokens()
    return PlantClocks(bench.client(), kept, lambda: ZoneInfo(home)), kept


def advance(bench: Bench, duration: timedelta) -> None:
    """Let time pass at both ends."""
    bench.clock.advance(duration)
    bench.cloud.clock.advance(duration)


async def test_same_zone_is_one_call(make_bench: MakeBench) -> None:
    """A plant in our zone has our daylight saving too, and nothing is kept of it."""
    bench = await make_bench()
    clocks, tokens = clocks_of(bench, "Australia/Adelaide")
    told = await clocks.measure(A)
    assert (told, due_in(told, NOW)) == (PlantTime(None), AT_HOME_EVERY)
    assert clocks.zone(A) == ADELAIDE
    assert bench.cloud.requests.count("getOneDayPowerBySn") == 1
    assert tokens.data is None


@pytest.mark.parametrize(
    ("home", "serial", "hours"),
    [
        ("Australia/Brisbane", A, 9.5),
        ("Australia/Brisbane", B, 2.0),
        ("Pacific/Auckland", B, 2.0),
        ("America/Los_Angeles", A, 9.5),
        ("Asia/Kathmandu", A, 9.5),
        ("UTC", B, 2.0),
    ],
)
@pytest.mark.parametrize("hour", [0, 7, 14, 19])
async def test_other_zone(
    make_bench: MakeBench, home: str, serial: str, hours: float, hour: int
) -> None:
    """Two samples, of which the second is newer, tell how far the plant is from UTC."""
    bench = await make_bench(fixture="D")
    advance(bench, timedelta(hours=hour) + 3 * MINUTE)
    clocks, tokens = clocks_of(bench, home)
    first = await clocks.measure(serial)
    assert not first.settled
    assert clocks.zone(serial) == ZoneInfo(home)
    advance(bench, due_in(first, NOW))
    second = await clocks.measure(serial)
    assert second == PlantTime(round(hours * 3600))
    assert clocks.zone(serial) == timezone(timedelta(hours=hours))
    again, _ = clocks_of(bench, home, tokens)
    await again.load()
    assert again.zone(serial) == timezone(timedelta(hours=hours))
    # Nobody has to look twice for what is known.
    assert (await again.measure(serial)).settled


async def test_system_that_went_silent_is_in_no_other_zone(
    make_bench: MakeBench,
) -> None:
    """Its newest sample does not move, so nothing is made of its age."""
    bench = await make_bench()
    bench.cloud.set_online(A, online=False)
    advance(bench, timedelta(hours=1))
    clocks, tokens = clocks_of(bench, "Australia/Adelaide")
    waits = []
    for _ in range(4):
        told = await clocks.measure(A)
        waits.append(due_in(told, NOW))
        advance(bench, waits[-1])
    assert clocks.zone(A) == ADELAIDE
    assert tokens.data is None
    assert waits[-1] == AT_HOME_EVERY


async def test_clocks_that_change(make_bench: MakeBench) -> None:
    """After a change of the plant's clock the new distance is measured."""
    bench = await make_bench()
    change = datetime(2026, 10, 3, 16, 30, tzinfo=UTC)
    advance(bench, change - NOW - timedelta(hours=1))
    clocks, _ = clocks_of(bench, "Australia/Brisbane")
    for hours in (9.5, 10.5):
        for _ in range(2):
            advance(bench, due_in(await clocks.measure(A), NOW))
        assert clocks.zone(A) == timezone(timedelta(hours=hours))


async def test_moved_back_home(make_bench: MakeBench) -> None:
    """A zone of Home Assistant that was wrong at first is believed once it fits."""
    bench = await make_bench()
    clocks, tokens = clocks_of(bench, "Australia/Brisbane")
    for _ in range(2):
        advance(bench, due_in(await clocks.measure(A), NOW))
    assert tokens.data is not None
    moved, _ = clocks_of(bench, "Australia/Adelaide", tokens)
    await moved.load()
    assert moved.zone(A) != ADELAIDE
    await moved.measure(A)
    assert moved.zone(A) == ADELAIDE
    assert tokens.data == {"utc_offsets_s": {}}
