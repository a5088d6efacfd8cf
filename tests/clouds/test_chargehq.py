"""The fake ChargeHQ answers, and notices what the real service cannot use."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession
import pytest

from .chargehq import KEY, Behaviour, ChargeHqCloud
from .clock import SetClock

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
FULL = {
    "production_kw": 4.2,
    "net_import_kw": -1.85,
    "consumption_kw": 1.15,
    "imported_kwh": 4310.02,
    "exported_kwh": 9120.55,
    "battery_discharge_kw": -1.2,
    "battery_soc": 0.64,
    "battery_energy_kwh": 6.4,
}


@dataclass
class Bench:
    """The service, its clock, and a bare HTTP client."""

    cloud: ChargeHqCloud
    clock: SetClock
    session: ClientSession

    async def post(
        self, body: Any, method: str = "POST", path: str = "push-solar-data"
    ) -> tuple[int, dict[str, str]]:
        """Send a body, as JSON unless it is text; return status and headers."""
        data = {"data": body} if isinstance(body, str) else {"json": body}
        async with self.session.request(
            method, f"{self.cloud.base_url}/api/public/{path}", **data
        ) as response:
            return response.status, dict(response.headers)

    async def push(self, after: float = 60, **body: Any) -> int:
        """Push with the key some seconds later, and return the status."""
        self.clock.advance(seconds=after)
        status, _ = await self.post({"apiKey": KEY} | body)
        return status

    async def flags(self, after: float = 60, **meters: Any) -> set[str]:
        """Push readings, by default a full set, and return what is wrong with them."""
        assert await self.push(after, siteMeters=FULL | meters) == 200
        return set(self.cloud.pushes[-1].flags)


@pytest.fixture(name="bench")
async def bench_fixture(socket_enabled: None) -> AsyncIterator[Bench]:
    """Return a running service."""
    clock = SetClock(NOW)
    async with ClientSession() as session:
        bench = Bench(ChargeHqCloud(clock=clock, sites=2), clock, session)
        await bench.cloud.start()
        yield bench
        await bench.cloud.stop()


@pytest.mark.parametrize(
    "body",
    [
        {"siteMeters": FULL},
        {"siteMeters": {"production_kw": 2.1}},
        {"siteMeters": FULL, "tsms": 1_795_140_000_000},
        {"error": "source unreachable"},
        # As strepto42's integration for Home Assistant sends it: always of just now.
        {
            "tsms": int(NOW.timestamp() * 1000) + 60_000,
            "siteMeters": {
                "consumption_kw": 1.2345678,
                "net_import_kw": -1.7654322,
                "production_kw": 3.0,
                "imported_kwh": 12.5,
                "exported_kwh": 50.25,
            },
        },
        {"siteMeters": {"production_kw": 0, "unknown_key": "ignored"}},
    ],
)
async def test_good_pushes(bench: Bench, body: dict[str, Any]) -> None:
    """All that the documentation allows passes without a flag."""
    assert await bench.push(**body) == 200
    assert bench.cloud.pushes[-1].body == body
    assert not bench.cloud.flags


async def test_keys(bench: Bench) -> None:
    """A key is a GUID in the body; each belongs to one site."""
    for key in (None, "", "secret", KEY.replace("-", "")):
        assert (await bench.post({"apiKey": key, "siteMeters": FULL}))[0] == 400
    assert (await bench.post({"siteMeters": FULL}))[0] == 400
    assert (await bench.post("no json"))[0] == 400
    assert (await bench.post("[]"))[0] == 400
    unknown = {"apiKey": KEY[:-1] + "9", "siteMeters": FULL}
    assert (await bench.post(unknown))[0] == 401
    bench.cloud.change(unknown_key=403)
    assert (await bench.post(unknown))[0] == 403
    other = bench.cloud.sites[1]
    assert (await bench.post({"apiKey": other.key, "error": "x"}))[0] == 200
    assert len(other.pushes) == 1
    assert not bench.cloud.pushes
    new = bench.cloud.renew_key()
    assert await bench.push(error="x") == 403
    assert (await bench.post({"apiKey": new, "error": "x"}))[0] == 200


async def test_other_addresses(bench: Bench) -> None:
    """There is nothing to read, and nothing elsewhere."""
    assert (await bench.post({}, "GET"))[0] == 405
    assert (await bench.post({}, path="site-meters"))[0] == 404


async def test_flags_of_one_push(bench: Bench) -> None:
    """Each defect has its flag, and is answered with 200 as by the real service."""
    assert await bench.flags(consumption_kw=3.55) == {"unbalanced"}
    assert await bench.flags(consumption_kw=1.151) == set()
    assert await bench.flags(consumption_kw="1.15") == {"type"}
    assert await bench.flags(battery_energy_kwh=None) == {"type"}
    assert await bench.flags(battery_energy_kwh=True) == {"type"}
    assert await bench.flags(battery_soc=64) == {"soc"}
    bench.cloud.pushes.clear()
    # W in place of kW is out of balance too.
    assert await bench.flags(battery_discharge_kw=-1200) == {"kw", "unbalanced"}
    assert await bench.flags(production_kw=-0.1, consumption_kw=-3.15) == {"production"}
    for tsms in (1_795_140_000, 1_895_140_000_000, "now"):
        await bench.push(siteMeters=FULL, tsms=tsms)
        assert bench.cloud.pushes[-1].flags == {"tsms"}
    await bench.push(siteMeters=FULL, error="both")
    assert bench.cloud.pushes[-1].flags == {"mixed"}
    await bench.push(error="")
    assert bench.cloud.pushes[-1].flags == {"type"}
    await bench.push()
    assert bench.cloud.pushes[-1].flags == {"empty"}


async def test_flags_of_a_series(bench: Bench) -> None:
    """Totals never fall, and a battery that charges does not lose its charge."""
    assert await bench.flags() == set()
    assert await bench.flags(imported_kwh=4310.0) == {"decreasing"}
    assert await bench.flags(exported_kwh=9120.5) == {"decreasing"}
    bench.cloud.pushes.clear()
    assert await bench.flags() == set()
    assert await bench.flags(battery_soc=0.66) == set()
    assert await bench.flags(battery_soc=0.65) == {"sign"}
    gives = {"battery_discharge_kw": 1.2, "consumption_kw": 3.55}
    assert await bench.flags(**gives, battery_soc=0.66) == set()
    assert await bench.flags(**gives, battery_soc=0.67) == {"sign"}
    assert await bench.flags(**gives, battery_soc=0.66) == set()


async def test_pace(bench: Bench) -> None:
    """Faster than 30 s is flagged, or refused if so switched."""
    assert await bench.flags() == set()
    assert await bench.flags(after=29.9) == {"too fast"}
    assert await bench.flags(after=30) == set()
    bench.cloud.change(too_fast="refused", retry_after=30)
    bench.clock.advance(seconds=5)
    status, headers = await bench.post({"apiKey": KEY, "siteMeters": FULL})
    assert (status, headers["Retry-After"]) == (429, "30")
    assert len(bench.cloud.accepted) == 3


async def test_truth(bench: Bench) -> None:
    """What was pushed is held against what was so at the time that it tells."""
    bench.cloud.truth = lambda at: {
        "production_kw": 4.0 if at < NOW else 4.2,
        "net_import_kw": -1.85,
    }
    await bench.push(siteMeters=FULL)
    await bench.push(siteMeters=FULL, tsms=int(NOW.timestamp() * 1000) - 1)
    assert bench.cloud.errors_kw("production_kw") == pytest.approx([0, 0.2])
    assert bench.cloud.errors_kw("net_import_kw") == [0, 0]


def test_switches_have_names() -> None:
    """A switch that does not exist is an error of the test."""
    cloud = ChargeHqCloud(behaviour=Behaviour(retry_after=5))
    with pytest.raises(AttributeError):
        cloud.change(retry_later=5)
    assert cloud.serials == []
