"""The session: few logins, one at a time, and what their refusals mean."""

import asyncio
from datetime import timedelta
import json
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    NotFound,
    NotSupported,
    ProtocolError,
    RateLimited,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.vendors.fusionsolar.hosts import address
from custom_components.joulekeeper.vendors.fusionsolar.limits import (
    DEVICE_REAL_TIME,
    LOGIN,
)
from custom_components.joulekeeper.vendors.fusionsolar.login import token_in

from .conftest import CODE, USER, Bench, Desk, Reply
from .examples import (
    OLD_RELOGIN,
    PLANT,
    PLANT_NOW,
    RELOGIN,
    TOO_OFTEN,
    WRONG_PASSWORD,
    device,
    envelope,
    readings,
)


@pytest.fixture(autouse=True)
def data(desk: Desk) -> None:
    """Let every call but the login succeed."""
    desk.say("getStationRealKpi", envelope([PLANT_NOW]))
    desk.say("getDevRealKpi", lambda body: readings(body["devTypeId"]))


def refused(message: str | None, code: int = 20400) -> dict[str, Any]:
    """Return a login's refusal."""
    return envelope(None, code, message=message)


async def login_error(bench: Bench, client: Any = None) -> VendorError:
    """Return what a login is refused with."""
    with pytest.raises(VendorError) as caught:
        await (client or bench.client()).log_in()
    return caught.value


@pytest.mark.parametrize("tokens", ["both", "header", "cookie"])
async def test_token_of_header_or_cookie(bench: Bench, desk: Desk, tokens: str) -> None:
    """However it comes, it is sent back in both ways; a notice is no error."""
    desk.tokens = tokens
    await bench.client().plants_now([PLANT])
    login, call = desk.sent
    assert login.body == {"userName": USER, "systemCode": CODE}
    assert (login.header, login.cookie) == (None, None)
    assert call.header == call.cookie == desk.token


def test_tokens_among_other_headers() -> None:
    """Names come in any case, and other cookies do no harm."""
    assert token_in({"Xsrf-Token": " x-1 "}) == "x-1"
    assert token_in({"set-cookie": "a=b; Path=/"}) is None
    assert token_in({"SET-COOKIE": "xsrf-token=x-2; Path=/; Secure"}) == "x-2"
    assert token_in({"xsrf-token": "", "Set-Cookie": "XSRF-TOKEN=x-3"}) == "x-3"


async def test_session_outlives_restarts(bench: Bench, desk: Desk) -> None:
    """One login serves 30 minutes, and not a second longer; other users get their own."""
    for _ in range(5):
        await bench.client().plants_now([PLANT])
        bench.clock.advance(seconds=320)
    assert desk.logins == 1
    bench.clock.advance(seconds=170)  # 1770 s in all
    await bench.client().plants_now([PLANT])
    assert desk.logins == 2
    bench.clock.advance(minutes=6)
    await bench.client(system_code="Other-1").plants_now([PLANT])
    assert desk.logins == 3
    assert CODE not in bench.disk.text


async def test_no_login_storm(bench: Bench, desk: Desk) -> None:
    """Calls at once wait for one login, also when they lose the session together."""
    client = bench.client()
    kinds = (38, 39, 47)
    client.limiter.resize(1, dict.fromkeys(kinds, 1))

    async def all_at_once() -> None:
        found = await asyncio.gather(
            *(client.readings(kind, [device(kind)]) for kind in kinds)
        )
        assert [len(item.by_id) for item in found] == [1, 1, 1]

    await all_at_once()
    assert desk.calls.count("login") == 1
    bench.clock.advance(seconds=305)
    desk.steal()
    await all_at_once()
    # Each was refused once and made once more, with the token of one login.
    assert desk.calls.count("login") == 2
    assert desk.calls.count("getDevRealKpi") == 3 + 6


@pytest.mark.parametrize("answer", [RELOGIN, OLD_RELOGIN, Reply("{}", status=401)])
async def test_lost_session_is_renewed_once(
    bench: Bench, desk: Desk, answer: Any
) -> None:
    """305, the older gateways' 306, and a 401; never again and again."""
    client = bench.client()
    desk.say("getStationRealKpi", answer, envelope([PLANT_NOW]))
    assert len(await client.plants_now([PLANT])) == 1
    assert desk.logins == 2
    bench.clock.advance(minutes=11)
    desk.say("getStationRealKpi", answer)
    with pytest.raises(TransientError) as caught:
        await client.plants_now([PLANT])
    assert caught.value.reason == "session_lost"
    assert desk.calls.count("getStationRealKpi") == 4
    assert desk.logins == 3


async def test_fight_for_the_session(bench: Bench, desk: Desk) -> None:
    """Another program logs in all the time: we do, twice in ten minutes."""
    client = bench.client()
    failures: list[VendorError] = []
    for _ in range(24):
        try:
            await client.plants_now([PLANT])
        except RateLimited as error:
            failures.append(error)
        desk.steal()
        bench.clock.advance(seconds=305)
    times = [item.at for item in desk.sent if item.name == "login"]
    windows = [sum(t <= u < t + timedelta(minutes=10) for u in times) for t in times]
    assert max(windows) <= 2
    # Data come all the same.
    assert len(failures) < 10


async def test_no_login_for_what_may_not_be_sent(bench: Bench, desk: Desk) -> None:
    """A call whose quota is spent leaves the login to one that may be made."""
    client = bench.client()
    await client.plants_now([PLANT])
    bench.clock.advance(minutes=11)
    desk.say("getStationRealKpi", RELOGIN)
    with pytest.raises(TransientError):
        await client.plants_now([PLANT])
    assert desk.logins == 2
    with pytest.raises(RateLimited) as caught:
        await client.plants_now([PLANT])
    assert caught.value.reason == "own_budget"
    assert desk.logins == 2
    await client.readings(38, [device(38)])
    assert desk.logins == 3


@pytest.mark.parametrize("refusal", [Reply("", status=429), TOO_OFTEN])
async def test_refusal_outlasts_calls_beside_it(
    bench: Bench, desk: Desk, refusal: Any
) -> None:
    """Of three calls at once one is too much: the two that are not end no silence."""
    client = bench.client()
    kinds = (38, 39, 47)
    client.limiter.resize(1, dict.fromkeys(kinds, 1))
    desk.say("getDevRealKpi", refusal, lambda body: readings(body["devTypeId"]))
    results = await asyncio.gather(
        *(client.readings(kind, [device(kind)]) for kind in kinds),
        return_exceptions=True,
    )
    assert sum(isinstance(item, RateLimited) for item in results) == 1
    wait, _ = client.limiter.wait(DEVICE_REAL_TIME, "17")
    assert wait >= timedelta(minutes=1)
    assert client.limiter.share(DEVICE_REAL_TIME).silent_until is not None


async def test_session_taken_again_and_again(bench: Bench, desk: Desk) -> None:
    """Within ten minutes there is no third login: it is said why, and how long."""
    client = bench.client()
    client.limiter.resize(1, {38: 1, 39: 1, 47: 1})
    for kind in (38, 39):
        await client.readings(kind, [device(kind)])
        desk.steal()
        bench.clock.advance(seconds=30)
    with pytest.raises(RateLimited) as caught:
        await client.readings(47, [device(47)])
    assert (caught.value.reason, caught.value.retry_after) == ("session_taken", 545)
    assert desk.calls.count("login") == 2
    bench.clock.advance(seconds=545)
    await client.readings(47, [device(47)])


@pytest.mark.parametrize("answer", [None, Reply("", status=502)])
async def test_failed_logins_are_nobody_elses(
    bench: Bench, desk: Desk, answer: Any
) -> None:
    """Two that failed are all of ten minutes: it is still said what they failed for."""
    desk.say("login", answer)
    client = bench.client()
    for _ in range(20):
        error = await login_error(bench, client)
        assert (type(error), error.reason) == (TransientError, None)
        assert client.api.login.trouble is None
        bench.clock.advance(seconds=30)
    # Nor is it after a restart, which forgets that.
    again = bench.client()
    assert (await login_error(bench, again)).reason == "own_budget"
    for login in (client.api.login, again.api.login):
        assert not login.is_taken
    assert desk.calls == ["login"] * 2
    del desk.answers["login"]
    bench.clock.advance(seconds=35)
    await client.log_in()


async def test_login_that_did_not_leave_is_none(
    bench: Bench, desk: Desk, unused_tcp_port: int
) -> None:
    """Without a connection no login is spent: there are all as soon as there is one."""
    client = bench.client(base_url=f"http://127.0.0.1:{unused_tcp_port}")
    for _ in range(4):
        assert isinstance(await login_error(bench, client), TransientError)
        assert client.limiter.left(LOGIN) == 2
        bench.clock.advance(seconds=300)


async def test_new_credentials(bench: Bench, desk: Desk) -> None:
    """A wrong password is asked for at once, and not tried again by every endpoint."""
    desk.say("login", WRONG_PASSWORD)
    client = bench.client()
    results = await asyncio.gather(
        *(client.plants_now([PLANT]) for _ in range(4)), return_exceptions=True
    )
    assert [type(item) for item in results] == [AuthError] * 4
    assert desk.calls == ["login"]
    bench.clock.advance(minutes=29)
    assert isinstance(await login_error(bench, client), AuthError)
    assert desk.calls == ["login"]
    bench.clock.advance(minutes=2)
    assert isinstance(await login_error(bench, client), AuthError)
    assert desk.calls == ["login"] * 2


async def test_lock_of_somebody_else_asks_for_no_password(
    bench: Bench, desk: Desk
) -> None:
    """What worked before is tried again after a lock, and only then asked for."""
    await bench.client().log_in()
    bench.clock.advance(minutes=30)
    desk.say("login", WRONG_PASSWORD)
    error = await login_error(bench)
    assert isinstance(error, RateLimited)
    assert (error.reason, error.retry_after) == ("login_refused", 1860)
    bench.clock.advance(minutes=31)
    # A restart in between makes no difference.
    assert isinstance(await login_error(bench), AuthError)

    del desk.answers["login"]
    bench.clock.advance(minutes=1)
    await bench.client().log_in()
    bench.clock.advance(minutes=30)
    desk.say("login", WRONG_PASSWORD)
    assert isinstance(await login_error(bench), RateLimited)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (WRONG_PASSWORD, AuthError, "credentials_refused"),
        (refused(None, 20001), AuthError, "credentials_refused"),
        (refused(None, 30029), AuthError, "credentials_refused"),
        ("", AuthError, "credentials_refused"),
        (refused("user.pwd.expired"), AuthError, "password_expired"),
        (
            refused("user.login.user_or_value_invalid_lock_default"),
            RateLimited,
            "account_locked",
        ),
        (refused("user.login.touch_online_limit"), RateLimited, "session_limit"),
        (TOO_OFTEN, RateLimited, "too_many_logins"),
        (refused(None, 20002), NotSupported, "account_disabled"),
        (refused(None, 20003), NotSupported, "account_expired"),
        (refused(None, 20403), NotSupported, "login_restricted"),
        (refused(None, 20004), TransientError, "server_fault"),
        (refused(None, 99999), ProtocolError, "unknown_code"),
        (envelope(None), ProtocolError, "no_token"),
        ("<html>Sign in</html>", NotFound, "wrong_host"),
        (Reply("", status=404), NotFound, "wrong_host"),
        (Reply("", 302, {"Location": "/login.html"}), NotFound, "wrong_host"),
        (Reply("", status=400), NotFound, "wrong_host"),
        (Reply("", status=405), NotFound, "wrong_host"),
        ("It works!", NotFound, "wrong_host"),
        (Reply("", status=403), RateLimited, "overloaded"),
        (Reply("", status=429), RateLimited, "overloaded"),
        (Reply("", status=502), TransientError, None),
        (Reply("", status=401), TransientError, "gateway"),
        (None, TransientError, None),
        ("[]", ProtocolError, None),
    ],
)
async def test_refusals(
    bench: Bench, desk: Desk, answer: Any, kind: type[VendorError], reason: str | None
) -> None:
    """Credentials are asked for only where they are wrong; and nobody hammers."""
    desk.say("login", answer)
    client = bench.client()
    error = await login_error(bench, client)
    assert (type(error), error.reason) == (kind, reason)
    for _ in range(3):
        again = await login_error(bench, client)
        assert (type(again), again.reason) == (kind, reason)
    assert desk.calls == ["login"]
    if isinstance(error, RateLimited):
        assert error.retry_after is not None
        assert error.retry_after >= 60


@pytest.mark.parametrize(
    "answer",
    ["", "<html/>", "Busy", *(Reply("", status=code) for code in (302, 400, 404, 405))],
)
async def test_outage_asks_for_no_credentials(
    bench: Bench, desk: Desk, answer: Any
) -> None:
    """What has worked is not wrong because of a page or of nothing."""
    await bench.client().log_in()
    bench.clock.advance(minutes=30)
    desk.say("login", answer)
    assert isinstance(await login_error(bench), TransientError)


async def test_failed_logins_are_further_and_further_apart(
    bench: Bench, desk: Desk
) -> None:
    """An outage of hours costs few logins; the first success ends it."""
    desk.say("login", Reply("", status=502))
    client = bench.client()
    for _ in range(2 * 3600 // 10):
        await login_error(bench, client)
        bench.clock.advance(seconds=10)
    times = [item.at for item in desk.sent]
    assert 10 <= len(times) <= 16
    windows = [sum(t <= u < t + timedelta(minutes=10) for u in times) for t in times]
    assert max(windows) <= 2
    del desk.answers["login"]
    bench.clock.advance(minutes=11)
    await client.log_in()


async def test_log_out(bench: Bench, desk: Desk) -> None:
    """A session that is ended is not used again, nor ended twice."""
    desk.say("logout", envelope(None))
    client = bench.client()
    await client.log_in()
    token = desk.token
    await client.log_out()
    await client.log_out()
    assert desk.sent[-1].body == {"xsrfToken": token}
    assert desk.calls == ["login", "logout"]
    assert json.loads(bench.disk.text)["session"]["token"] is None


async def test_odd_files_are_no_session(bench: Bench, desk: Desk) -> None:
    """What cannot be read is as if it had never been."""
    await bench.client().log_in()
    data = json.loads(bench.disk.text)
    for odd in (
        [],
        {"session": [], "limits": 3, "choices": {"a": 1}, "inventory": "x"},
        data | {"session": data["session"] | {"issued_at": "soon"}},
        data | {"session": data["session"] | {"token": 5}},
        {**data, "limits": {"spent": {"login": [[1], ["a", "b"], 7]}, "silent": []}},
    ):
        bench.disk.text = json.dumps(odd)
        bench.clock.advance(minutes=31)
        await bench.client().plants_now([PLANT])
        assert desk.sent[-1].header == desk.token


def test_addresses() -> None:
    """The region's host, or an own one however it is written."""
    assert address({}) == "https://eu5.fusionsolar.huawei.com"
    assert address({"region": "intl"}) == "https://intl.fusionsolar.huawei.com"
    own = "https://proxy.example:8443/x"
    for written in (own, f"{own}/", f"{own}/thirdData", f"{own}/thirdData/"):
        assert address({"region": "sg5", "base_url": written}) == own
    assert address({"base_url": " sg5.example "}) == "https://sg5.example"
