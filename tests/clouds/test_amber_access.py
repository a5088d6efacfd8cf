"""Tokens, sites, limits and refusals of the fake Amber cloud (dossier 1, 2, 7)."""

from datetime import timedelta
import json

import pytest

from . import Fault
from .amber import ACCOUNTS
from .amber_bench import A, C, nem
from .conftest import MakeAmber

pytestmark = pytest.mark.usefixtures("socket_enabled")

SITE_A = (
    '{"id":"01HXFAKE5MINSITE0000000001","nmi":"6100000011","channels":['
    '{"identifier":"E1","type":"general","tariff":"TF100"},'
    '{"identifier":"B1","type":"feedIn","tariff":"TF900"}],"network":"Ausgrid",'
    '"status":"active","activeFrom":"2024-05-01","intervalLength":5}'
)
SITE_CLOSED = (
    '{"id":"01HXFAKECLOSED000000000002","nmi":"6100000022","channels":['
    '{"identifier":"E1","type":"general","tariff":"TF100"}],"network":"Ausgrid",'
    '"status":"closed","activeFrom":"2022-02-03","closedOn":"2024-04-30",'
    '"intervalLength":30}'
)
SITE_C = (
    '{"id":"01HXFAKE30MINCL00000000003","nmi":"63000000333","channels":['
    '{"identifier":"E1","type":"general","tariff":"TF210"},'
    '{"identifier":"E2","type":"controlledLoad","tariff":"TF310"},'
    '{"identifier":"B1","type":"feedIn","tariff":"TF900"}],"network":"Jemena",'
    '"status":"active","activeFrom":"2023-07-15","intervalLength":30}'
)
CURRENT = f"sites/{A}/prices/current"


@pytest.mark.parametrize(
    ("fixture", "text"),
    [
        ("A", f"[{SITE_A}]"),
        ("B", f"[{SITE_CLOSED},{SITE_A}]"),
        ("C", f"[{SITE_C}]"),
        ("E", "[]"),
    ],
)
async def test_sites(make_amber: MakeAmber, fixture: str, text: str) -> None:
    """Byte for byte as the dossier has them (7.1)."""
    bench = await make_amber(fixture=fixture)
    assert await bench.text("sites") == text


async def test_odd_sites(make_amber: MakeAmber) -> None:
    """General only; a body of before 2024; whole ids and NMIs everywhere."""
    bench = await make_amber(accounts=(("F",), ("G",), ("I",), ("J",)))
    bodies = []
    for bench.account in range(4):
        bodies += await bench.get("sites")
    only, legacy, cutover, *_ = bodies
    assert [c["type"] for c in only["channels"]] == ["general"]
    assert legacy.keys().isdisjoint({"intervalLength", "activeFrom"})
    assert cutover["intervalLength"] == 5
    assert {len(site["id"]) for site in bodies} == {26}
    assert all(len(site["nmi"]) in (10, 11) for site in bodies)


async def test_a_move(make_amber: MakeAmber) -> None:
    """The old site closes and the pending one becomes active, at NEM midnight."""
    bench = await make_amber(fixture="J", now=nem("2026-03-02T23:30:00"))
    seen = []
    for _ in range(4):
        sites = await bench.get("sites")
        priced = [bool(await bench.current(site=site["id"])) for site in sites]
        seen.append([(s["status"], p) for s, p in zip(sites, priced, strict=True)])
        bench.clock.advance(days=1)
    assert seen == [
        [("active", True), ("pending", False)],
        [("active", True), ("pending", False)],
        [("closed", False), ("active", True)],
        [("closed", False), ("active", True)],
    ]
    assert sites[0]["closedOn"] == "2026-03-03"
    # The closed site still tells its past.
    path = f"sites/{A}/prices?startDate=2026-03-02&endDate=2026-03-03"
    assert len(await bench.get(path)) == 2 * 2 * 288
    bench.cloud.change(inactive_prices=404)
    assert await bench.status(CURRENT) == 404


async def test_tokens(make_amber: MakeAmber) -> None:
    """401 without, 403 with a wrong one, 404 for another's site (2.3, 7.9)."""
    bench = await make_amber(accounts=ACCOUNTS)
    wrong = {"Authorization": "Bearer psk_wrong"}
    status, text, _ = await bench.raw("/v1/sites", {})
    assert (status, text) == (401, '{"message":"Unauthorized"}')
    denied = (
        '{"Message":"User is not authorized to access this resource with an '
        'explicit deny"}'
    )
    assert (await bench.raw("/v1/sites", wrong))[:2] == (403, denied)
    assert await bench.status(f"sites/{C}/prices/current") == 404
    assert await bench.status(f"sites/{A.lower()}/prices/current") == 404
    bench.account = 1
    assert await bench.status(f"sites/{C}/prices/current") == 200
    bench.account = 2
    assert await bench.get("sites") == []
    # Two tokens of an account are alike, until both are revoked.
    bench.account = 0
    old = dict(bench.headers)
    second = {"Authorization": f"Bearer {bench.cloud.add_token()}"}
    assert (await bench.raw("/v1/sites", second))[0] == 200
    bench.cloud.renew_token()
    assert [(await bench.raw("/v1/sites", h))[0] for h in (old, second)] == [403, 403]
    assert await bench.status("sites") == 200
    bench.cloud.change(bad_token=401)
    assert (await bench.raw("/v1/sites", old))[0] == 401


async def test_paths_without_a_route(make_amber: MakeAmber) -> None:
    """The gateway answers 403 to what it does not know, and to every other verb."""
    bench = await make_amber()
    for path in ("/", "/v1", "/v1/sites/x", "/v2/sites"):
        assert (await bench.raw(path))[0] == 403
    assert (await bench.raw("/v1/sites", method="POST"))[0] == 403
    assert bench.cloud.requests.counts() == {"unknown": 4, "websocket": 1}


async def test_headers(make_amber: MakeAmber) -> None:
    """All four rate headers and Date on what is authorised, none on renewables."""
    bench = await make_amber()
    await bench.raw("/v1/sites")
    bench.clock.advance(seconds=120.4)
    _, _, headers = await bench.raw(f"/v1/{CURRENT}")
    assert headers["Date"] == "Sun, 01 Mar 2026 22:17:04 GMT"
    assert headers["Content-Type"] == "application/json"
    rate = {k: v for k, v in headers.items() if k.lower().startswith("ratelimit")}
    assert rate == {
        "RateLimit-Limit": "50",
        "RateLimit-Remaining": "48",
        "RateLimit-Reset": "180",
        "RateLimit-Policy": "50;w=300",
    }
    bench.cloud.change(header_case="lower", policy="rich")
    _, _, headers = await bench.raw("/v1/sites")
    assert headers["ratelimit-policy"] == '50;w=300;comment="per account"'
    bench.cloud.change(rate_headers=False)
    _, _, headers = await bench.raw("/v1/sites")
    assert not any("ratelimit" in name.lower() for name in headers)
    bench.cloud.change(rate_headers=True, header_case="title")
    status, _, headers = await bench.raw("/v1/state/vic/renewables/current", {})
    assert status == 200
    assert not any("ratelimit" in name.lower() for name in headers)
    bench.cloud.faults.clock_skew = timedelta(hours=1)
    _, _, headers = await bench.raw("/v1/sites")
    assert headers["Date"] == "Sun, 01 Mar 2026 23:17:04 GMT"
    assert headers["RateLimit-Remaining"] == "45"


@pytest.mark.parametrize("blocked", ["window", "extended"])
async def test_quota(make_amber: MakeAmber, blocked: str) -> None:
    """The 51st call of an account in five minutes is refused, whoever made the 50."""
    bench = await make_amber(behaviour={"blocked": blocked})
    assert await bench.status("sites") == 200
    bench.cloud.spend(48)
    second = {"Authorization": f"Bearer {bench.cloud.add_token()}"}
    assert (await bench.raw("/v1/sites", second))[2]["RateLimit-Remaining"] == "0"
    bench.clock.advance(seconds=239)
    status, text, headers = await bench.raw(f"/v1/{CURRENT}")
    assert (status, text) == (429, '{"message":"Too Many Requests"}')
    assert headers["RateLimit-Remaining"] == "0"
    assert headers["RateLimit-Reset"] == ("61" if blocked == "window" else "300")
    assert "Retry-After" not in headers
    # Renewables are free.
    assert await bench.status("state/nsw/renewables/current") == 200
    bench.clock.advance(seconds=60)
    assert await bench.status("sites") == 429
    bench.clock.advance(seconds=1)
    assert await bench.status("sites") == (200 if blocked == "window" else 429)
    bench.clock.advance(seconds=300)
    assert (await bench.raw("/v1/sites"))[2]["RateLimit-Remaining"] == "49"


async def test_faults_speak_the_vendors_tongue(make_amber: MakeAmber) -> None:
    """The gateway's 429 has no rate headers; a revoked token is 403."""
    bench = await make_amber()
    faults = bench.cloud.faults
    faults.add("current", Fault.THROTTLE, times=1)
    status, text, headers = await bench.raw(f"/v1/{CURRENT}")
    assert (status, text) == (429, '{"message":"Too Many Requests"}')
    assert headers["x-amzn-ErrorType"] == "TooManyRequestsException"
    assert not any("ratelimit" in name.lower() for name in headers)
    assert "Retry-After" not in headers
    faults.add("current", Fault.EXPIRED_TOKEN, times=1)
    faults.add("current", Fault.LOCKED_OUT, times=1)
    faults.add("current", Fault.STATUS, status=502, body={"message": "x"}, times=1)
    assert [await bench.status(CURRENT) for _ in range(4)] == [403, 403, 502, 200]
    faults.add(
        "current", Fault.EDIT, edit=lambda b: [b[0] | {"descriptor": "odd"}], times=1
    )
    (record,) = await bench.current()
    assert record["descriptor"] == "odd"
    faults.add("current", Fault.BROKEN_JSON, times=1)
    with pytest.raises(json.JSONDecodeError):
        json.loads(await bench.text(CURRENT))
    assert bench.cloud.requests.statuses("current")[:5] == [429, 403, 403, 502, 200]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{CURRENT}?previous=48&next=2000", 200),
        (f"{CURRENT}?previous=100&next=2000", 422),
        (f"{CURRENT}?next=0&previous=0&resolution=30", 200),
        (f"{CURRENT}?next=-1", 400),
        (f"{CURRENT}?next=many", 400),
        (f"{CURRENT}?resolution=15", 400),
        (f"sites/{A}/prices?startDate=2026-03-01&endDate=2026-03-08", 200),
        (f"sites/{A}/prices?startDate=2026-03-01&endDate=2026-03-09", 422),
        (f"sites/{A}/prices?startDate=20260301", 400),
        (f"sites/{A}/usage?startDate=2026-03-01&endDate=2026-03-08", 200),
        (f"sites/{A}/usage?startDate=2026-03-01&endDate=2026-03-09", 422),
        (f"sites/{A}/usage?startDate=2026-03-01", 400),
        (f"sites/{A}/usage", 400),
        ("sites/01HXFAKEUNKNOWN00000000000/usage", 404),
        ("state/tas/renewables/current", 404),
        ("state/VIC/renewables/current", 404),
        ("state/vic/renewables/current?next=2000&previous=100", 422),
    ],
)
async def test_queries(make_amber: MakeAmber, path: str, status: int) -> None:
    """What may be asked (1.2)."""
    bench = await make_amber()
    got, text, _ = await bench.raw(f"/v1/{path}")
    assert got == status
    assert (got == 200) == isinstance(json.loads(text), list)


async def test_doubtful_queries(make_amber: MakeAmber) -> None:
    """The other answers to what the dossier is not sure of."""
    bench = await make_amber(behaviour={"bad_date": 502, "usage_days": 30})
    assert await bench.status(f"sites/{A}/prices?startDate=20260301") == 502
    path = f"sites/{A}/usage?startDate=2026-03-01&endDate=2026-03-"
    assert [await bench.status(f"{path}{day}") for day in (31,)] == [200]


async def test_prices_fail_before_midnight(make_amber: MakeAmber) -> None:
    """Without startDate, in the last eleven minutes of a NEM day (PA#244)."""
    bench = await make_amber(now=nem("2026-03-02T23:48:59"))
    assert await bench.status(f"sites/{A}/prices") == 200
    bench.clock.set(nem("2026-03-02T23:49:01"))
    status, text, _ = await bench.raw(f"/v1/sites/{A}/prices")
    assert (status, text) == (502, '{"message": "Internal server error"}')
    assert await bench.status(f"sites/{A}/prices?startDate=2026-03-02") == 200
    assert await bench.status(CURRENT) == 200
    bench.clock.set(nem("2026-03-03T00:00:00"))
    assert await bench.status(f"sites/{A}/prices") == 200
    bench.clock.set(nem("2026-03-03T23:55:00"))
    bench.cloud.change(midnight_502=False)
    assert await bench.status(f"sites/{A}/prices") == 200
