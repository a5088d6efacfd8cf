"""The access token: two endpoints, few renewals, and what their refusals mean."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    ProtocolError,
    RateLimited,
    TransientError,
    VendorError,
)
from tests.clouds import Fault

from .conftest import NOW, Bench, MakeBench

TOKEN_LABELS = ("token", "token_own")


def token_calls(bench: Bench) -> list[str]:
    """Return the token endpoints that were asked, in order."""
    return [label for label in bench.cloud.requests.labels() if label in TOKEN_LABELS]


async def test_current_endpoint_first(bench: Bench) -> None:
    """Entra's endpoint alone is asked while it works."""
    await bench.client().nodes()
    assert bench.cloud.requests.labels() == ["token", "nodes"]


async def test_fallback_is_remembered_over_restarts(make_bench: MakeBench) -> None:
    """What worked last is asked first; when it goes, the other one is found."""
    bench = await make_bench({"entra_endpoint": False})
    await bench.client().nodes()
    assert token_calls(bench) == ["token", "token_own"]

    bench.cloud.requests.clear()
    bench.clock.advance(hours=2)
    await bench.client().nodes()
    assert token_calls(bench) == ["token_own"]

    bench.cloud.requests.clear()
    bench.cloud.behaviour.entra_endpoint = True
    bench.cloud.behaviour.own_endpoint = False
    bench.clock.advance(hours=2)
    await bench.client().nodes()
    assert token_calls(bench) == ["token_own", "token"]
    assert bench.store.saved[-1]["endpoint"] == "entra"


async def test_token_is_kept_over_restarts(bench: Bench) -> None:
    """A restart costs no token, but another client id never uses an old one."""
    await bench.client().nodes()
    await bench.client().nodes()
    assert token_calls(bench) == ["token"]
    with pytest.raises(AuthError):
        await bench.client(client_id="other").nodes()


@pytest.mark.parametrize("told", [None, "3599", "1e300", -1, 0, "soon"])
async def test_renewed_once_near_its_end(make_bench: MakeBench, told: object) -> None:
    """Not per call, and not before 300 s remain (dossier 1.2).

    A lifetime that makes no sense is taken for the usual one.
    """
    bench = await make_bench({"expires_in": told})
    client = bench.client()
    for _ in range(3):
        await client.nodes()
    bench.clock.set(NOW + timedelta(seconds=3599 - 301))
    await client.nodes()
    assert token_calls(bench) == ["token"]
    bench.clock.advance(seconds=1)
    for _ in range(3):
        await client.nodes()
    assert token_calls(bench) == ["token"] * 2


async def test_concurrent_calls_fetch_one_token(bench: Bench) -> None:
    """Ten calls at once wait for the same token, also when it was revoked."""
    client = bench.client()
    await asyncio.gather(*(client.nodes() for _ in range(10)))
    assert token_calls(bench) == ["token"]
    bench.cloud.expire_tokens()
    await asyncio.gather(*(client.nodes() for _ in range(10)))
    assert token_calls(bench) == ["token"] * 2


@pytest.mark.parametrize("field", ["client_id", "client_secret"])
async def test_wrong_credentials(bench: Bench, field: str) -> None:
    """A wrong id or secret is for the user to mend; both endpoints were asked."""
    with pytest.raises(AuthError):
        await bench.client(**{field: "wrong"}).nodes()
    assert token_calls(bench) == ["token", "token_own"]
    assert bench.store.saved == []


async def test_secret_is_encoded(make_bench: MakeBench) -> None:
    """A secret with `+`, `&`, `=` and `%` arrives as it is, at both endpoints."""
    bench = await make_bench(accounts=[["A"], ["B"]])
    assert set("+&=%") <= set(bench.cloud.accounts[1].client_secret)
    for entra in (True, False):
        bench.cloud.behaviour.entra_endpoint = entra
        bench.store.saved.clear()
        (unit,) = (await bench.client(account=1).nodes()).units
        assert unit.serial in bench.cloud.accounts[1].inverters


REFUSED: dict[str, Any] = {"status": 401, "body": {"error": "invalid_client"}}
REFUSED_IN_200: dict[str, Any] = {"status": 200, "body": {"error": "unauthorized"}}
NO_TOKEN: dict[str, Any] = {"status": 200, "body": {"token_type": "Bearer"}}
DOWN: dict[str, Any] = {"status": 503}
GONE: dict[str, Any] = {"status": 404}
BUSY: dict[str, Any] = {"status": 429, "headers": {"Retry-After": "30"}}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("one", "other", "error"),
    [
        (DOWN, DOWN, TransientError),
        # The one that is down might have accepted the credentials.
        (DOWN, REFUSED, TransientError),
        (DOWN, GONE, TransientError),
        (BUSY, REFUSED, RateLimited),
        (REFUSED, REFUSED, AuthError),
        (REFUSED, GONE, AuthError),
        (REFUSED_IN_200, GONE, AuthError),
        (NO_TOKEN, REFUSED, AuthError),
        (NO_TOKEN, NO_TOKEN, ProtocolError),
    ],
)
async def test_what_two_failures_mean(
    bench: Bench,
    one: dict[str, Any],
    other: dict[str, Any],
    error: type[VendorError],
    turned: bool,
) -> None:
    """Credentials are blamed only when nobody could still accept them."""
    first, second = (other, one) if turned else (one, other)
    bench.cloud.faults.add("token", Fault.STATUS, **first)
    bench.cloud.faults.add("token_own", Fault.STATUS, **second)
    client = bench.client()
    with pytest.raises(error) as raised:
        await client.nodes()
    assert type(raised.value) is error
    # Nothing sticks: the cloud is asked again and answers.
    bench.cloud.faults.clear()
    await client.nodes()


async def test_one_endpoint_down(bench: Bench) -> None:
    """The other one serves, and the data flow on."""
    bench.cloud.faults.add("token", Fault.STATUS, status=500)
    await bench.client().nodes()
    assert token_calls(bench) == ["token", "token", "token_own"]
