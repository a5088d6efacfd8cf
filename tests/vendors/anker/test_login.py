"""Logins: few, one at a time, and what their refusals mean (dossier 2)."""

import asyncio
from datetime import UTC, timedelta
import json
import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.joulekeeper.core.errors import (
    AuthError,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    RateLimited,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.vendors.anker.calls import set_param_call
from custom_components.joulekeeper.vendors.anker.client import AnkerClient
from custom_components.joulekeeper.vendors.anker.countries import region_of, servers
from custom_components.joulekeeper.vendors.anker.login import gmt_offset

from .conftest import (
    BERLIN,
    BOUND,
    EMAIL,
    KICKED,
    NOW,
    PAGE,
    PASSWORD,
    SCENE,
    SITES,
    USER_ID,
    Bench,
    Desk,
    OpenCloud,
    Reply,
    error,
    ok,
    overview,
)

SITE = "11111111-2222-4333-8444-00000000000a"
WRITE = set_param_call(SITE, "4", {"ranges": []})


@pytest.fixture(autouse=True)
def data(desk: Desk) -> None:
    """Let every call but the login succeed."""
    desk.say(SITES, ok({"site_list": [{"site_id": SITE}]}))
    desk.say(SCENE, overview(SITE))
    desk.say("set_site_device_param", ok({}))


def refuse_all(desk: Desk, form: Reply) -> None:
    """Let no endpoint take a session, however new it is."""
    for name in (SCENE, SITES, BOUND):
        desk.say(name, form)


async def failure(client: AnkerClient) -> VendorError:
    """Return what the next call fails with."""
    with pytest.raises(VendorError) as caught:
        await client.scene(SITE)
    return caught.value


async def test_login_as_documented(bench: Bench, desk: Desk) -> None:
    """Body and headers of 2.2 and 2.4; later calls carry the token and its proof."""
    client = bench.client(country="de")
    await client.scene(SITE)
    login, call = desk.sent
    key = login.body.pop("client_secret_info")["public_key"]
    assert re.fullmatch("04[0-9a-f]{128}", key)
    assert len(login.body.pop("password")) == 24
    assert login.body == {
        "ab": "DE",
        "enc": 0,
        "email": EMAIL,
        "time_zone": 7_200_000,
        "transaction": str(int(NOW.timestamp() * 1000)),
    }
    common = {
        "content-type": "application/json",
        "model-type": "DESKTOP",
        "app-name": "anker_power",
        "os-type": "android",
        "country": "DE",
        "timezone": "GMT+02:00",
    }
    assert {name: login.headers.get(name) for name in common} == common
    assert "x-auth-token" not in login.headers
    proof = {
        "x-auth-token": desk.tokens["eu"],
        "gtoken": "a4852d4b6a6c9bd917d4867513b69f62",
    }
    expected = common | proof
    assert {name: call.headers.get(name) for name in expected} == expected
    assert client.nick_name == "tes***"


def test_offsets() -> None:
    """Whole hours, halves, and west of Greenwich."""
    assert gmt_offset(NOW, BERLIN) == "GMT+02:00"
    assert gmt_offset(NOW, UTC) == "GMT+00:00"
    assert gmt_offset(NOW, ZoneInfo("America/St_Johns")) == "GMT-02:30"
    assert gmt_offset(NOW, ZoneInfo("Asia/Kolkata")) == "GMT+05:30"


async def test_two_accounts_share_no_headers(bench: Bench, desk: Desk) -> None:
    """The login of a second account does not carry the token of the first one."""
    await bench.client().scene(SITE)
    bench.disk.text = "null"
    await bench.client(username="other@example.invalid").scene(SITE)
    second = [item for item in desk.sent if item.name == "login"][1]
    assert not {"x-auth-token", "gtoken"} & {name.lower() for name in second.headers}


async def test_password_reaches_the_cloud(open_cloud: OpenCloud) -> None:
    """The fake decrypts it with a key of its own, and knows a wrong one."""
    bench, cloud = await open_cloud(fixture=("A",))
    assert [site.name for site in await bench.client().sites()] == ["Balcony"]
    assert [login.code for login in cloud.logins] == [0]
    bench.disk.text = "null"
    with pytest.raises(AuthError) as caught:
        await bench.client(password="Wrong-Pw-1").sites()
    assert caught.value.reason == "credentials_refused"


# -- few logins ------------------------------------------------------------------


async def test_session_outlives_restarts(bench: Bench, desk: Desk) -> None:
    """One login serves seven days but a minute, whoever starts in between."""
    for _ in range(7):
        await bench.client().scene(SITE)
        bench.clock.advance(hours=23)
    assert desk.logins == 1
    assert PASSWORD not in bench.disk.text
    bench.clock.advance(hours=6, minutes=58, seconds=50)
    await bench.client().scene(SITE)
    assert desk.logins == 1
    bench.clock.advance(seconds=11)
    await bench.client().scene(SITE)
    assert desk.logins == 2


async def test_short_lives_are_lived(bench: Bench, desk: Desk) -> None:
    """A token of 30 s is used all the same: else each call were a login."""
    desk.life = timedelta(seconds=30)
    client = bench.client()
    for _ in range(5):
        await client.scene(SITE)
        bench.clock.advance(seconds=5)
    assert desk.logins == 1


@pytest.mark.parametrize("expired", [True, False])
async def test_ten_calls_at_once_make_one_login(
    bench: Bench, desk: Desk, expired: bool
) -> None:
    """Whether the token has come to its end or was taken away."""
    client = bench.client()
    await client.scene(SITE)
    if expired:
        bench.clock.advance(days=7)
    else:
        desk.log_in_elsewhere()
        bench.clock.advance(minutes=2)
    client.allow_at_once(20)
    await asyncio.gather(*(client.param(SITE, "4") for _ in range(5)), *(_five(client)))
    assert desk.logins == 2


def _five(client: AnkerClient) -> list[Any]:
    return [client.scene(SITE) for _ in range(5)]


@pytest.fixture(autouse=True)
def param(desk: Desk) -> None:
    """Tell that no parameter is stored."""
    desk.say("get_site_device_param", ok({"param_data": ""}))


@pytest.mark.parametrize("cached", [True, False])
async def test_hundred_refusals_make_two_logins(
    bench: Bench, desk: Desk, cached: bool
) -> None:
    """Whatever the cloud answers with 401: at most two, however often it is asked."""
    if cached:
        await bench.client().scene(SITE)
        bench.clock.advance(hours=7)
    before = desk.logins
    refuse_all(desk, Reply(PAGE, 401))
    client = bench.client()
    for _ in range(100):
        assert isinstance(await failure(client), TransientError | RateLimited)
    assert desk.logins - before <= 2
    assert desk.count(SCENE) <= 5
    assert client.trouble == "signed_out"


async def test_a_day_of_refusals(bench: Bench, desk: Desk) -> None:
    """Asked every minute for a day, with a restart each hour: pauses grow."""
    refuse_all(desk, Reply(KICKED, 401))
    for minute in range(24 * 60):
        if minute % 60 == 0:
            client = bench.client()
        await failure(client)
        bench.clock.advance(minutes=1)
    assert desk.logins <= 17
    last = [item.at for item in desk.sent if item.name == "login"][-2:]
    assert last[1] - last[0] >= timedelta(hours=1)


@pytest.mark.parametrize(
    "form",
    [
        Reply(KICKED, 401),
        Reply(PAGE, 401),
        Reply(KICKED, 403),
        Reply(KICKED, 200),
        Reply(error(26108), 200),
        Reply("", 401),
    ],
)
async def test_every_kick_is_made_good_once(
    bench: Bench, desk: Desk, form: Reply
) -> None:
    """However it is told; reads and writes go on with the new token."""
    desk.refuses = form
    client = bench.client()
    await client.scene(SITE)
    desk.log_in_elsewhere()
    await client.send(WRITE)
    assert desk.logins == 2
    assert desk.count("set_site_device_param") == 2
    await client.scene(SITE)
    assert desk.logins == 2


async def test_ping_pong_becomes_no_storm(bench: Bench, desk: Desk) -> None:
    """Another program logs in after each of ours: we wait longer each time."""
    client = bench.client()
    errors: list[VendorError] = []
    for _ in range(6 * 60):
        try:
            await client.scene(SITE)
        except VendorError as told:
            errors.append(told)
        desk.log_in_elsewhere()
        bench.clock.advance(minutes=1)
    assert desk.logins <= 9
    assert {told.reason for told in errors} == {"signed_out"}
    assert client.is_contested or client.trouble == "signed_out"
    assert client.hints(BERLIN).keys() == {"signed_out"}
    # Once it is over, a session that lasts is not distrusted for ever.
    bench.clock.advance(hours=2)
    await client.scene(SITE)
    bench.clock.advance(hours=7)
    desk.log_in_elsewhere()
    await client.scene(SITE)
    assert client.trouble is None
    assert not client.is_contested


async def test_pauses_are_told_and_outlive_restarts(bench: Bench, desk: Desk) -> None:
    """The error says how long, and the client until when; a restart changes nothing."""
    refuse_all(desk, Reply(KICKED, 401))
    client = bench.client()
    assert "HTTP 401, code 26084" in str(await failure(client))
    logins = desk.logins
    for again in (client, bench.client()):
        told = await failure(again)
        assert isinstance(told, RateLimited)
        assert told.retry_after == pytest.approx(300, abs=5)
        assert again.locked_until is not None
        assert abs(again.locked_until - bench.clock() - timedelta(minutes=5)) < (
            timedelta(seconds=5)
        )
    assert desk.logins == logins
    assert "11:3" in client.hints(BERLIN)["signed_out"][0]


@pytest.mark.parametrize(
    ("form", "kind", "reason"),
    [
        (Reply(PAGE, 401), TransientError, "call_refused"),
        (Reply(KICKED, 401), TransientError, "call_refused"),
        (Reply(KICKED, 200), TransientError, "call_refused"),
        (Reply("", 403), TransientError, "call_refused"),
        (Reply(error(160003), 403), NotSupported, "no_access"),
        (Reply(error(10004), 401), NotFound, "not_found"),
        (Reply(PAGE, 403), TransientError, "blocked"),
    ],
)
@pytest.mark.parametrize("restarts", [True, False])
async def test_one_endpoint_refuses(
    bench: Bench,
    desk: Desk,
    form: Reply,
    kind: type[VendorError],
    reason: str,
    restarts: bool,
) -> None:
    """It costs only itself: the session is kept, for others take it."""
    desk.say("get_wifi_info_list", form)
    desk.say("get_power_limit", form)
    client = bench.client()
    for minute in range(360):
        await client.scene(SITE)
        if minute % 10 == 0:
            if restarts:
                client = bench.client()
            for call in (client.wifi(SITE), client.power_limit(SITE)):
                with pytest.raises(VendorError) as caught:
                    await call
                assert isinstance(caught.value, kind)
                assert caught.value.reason == reason
        bench.clock.advance(minutes=1)
    assert desk.logins == 1
    assert client.trouble is None
    assert client.hints(BERLIN) == {}
    # And if it is really ended, that is found out all the same.
    desk.log_in_elsewhere()
    await client.scene(SITE)
    assert desk.logins == 2


async def test_blocked_by_a_gateway(bench: Bench, desk: Desk) -> None:
    """HTTP 403 with a page is no matter of tokens: nobody logs in."""
    client = bench.client()
    await client.scene(SITE)
    refuse_all(desk, Reply(PAGE, 403))
    for _ in range(55):
        told = await failure(client)
        assert isinstance(told, TransientError)
        assert told.reason == "blocked"
        bench.clock.advance(minutes=1)
    assert desk.logins == 1
    desk.say(SCENE, overview(SITE))
    await client.scene(SITE)
    assert desk.logins == 1
    # Unless it is how the cloud tells that a token has ended.
    desk.refuses = Reply(PAGE, 403)
    desk.log_in_elsewhere()
    assert (await failure(client)).reason == "blocked"
    bench.clock.advance(minutes=61)
    await client.scene(SITE)
    assert desk.logins == 2


async def test_everyday_use_of_the_app(bench: Bench, desk: Desk) -> None:
    """Who looks at his app each half an hour is no storm, and hardly noticed here."""
    client = bench.client()
    bad = 0
    for minute in range(24 * 60):
        if minute % 30 == 29:
            desk.log_in_elsewhere()
        try:
            await client.scene(SITE)
        except VendorError:
            bad += 1
        bench.clock.advance(minutes=1)
    assert bad <= 15
    assert desk.logins <= 49
    assert not client.is_contested


async def test_logins_of_a_day(bench: Bench, desk: Desk) -> None:
    """However the sessions end: at most two an hour on the whole, and it is told."""
    client = bench.client()
    reasons = set()
    for minute in range(24 * 60):
        if minute % 16 == 15:
            desk.log_in_elsewhere()
        if minute == 23 * 60:
            assert client.trouble == "login_paused"
            assert "2026-05-05 11:3" in client.hints(BERLIN)["login_paused"][0]
        try:
            await client.scene(SITE)
        except VendorError as told:
            reasons.add(told.reason)
        bench.clock.advance(minutes=1)
    assert reasons == {"login_paused"}
    assert desk.logins == 48


async def test_failures_are_told_by_their_cause(bench: Bench, desk: Desk) -> None:
    """That there were too many of them is not what has to be mended."""
    desk.say("login", Reply("not found", 404))
    client = bench.client()
    for _ in range(60):
        assert isinstance(await failure(client), NotFound)
        bench.clock.advance(minutes=1)
    assert desk.logins == 5


async def test_bad_request_at_login(bench: Bench, desk: Desk) -> None:
    """What the cloud has to say is told (C32)."""
    desk.say("login", Reply('error: field "country" is not valid', 400))
    told = await failure(bench.client())
    assert isinstance(told, TransientError)
    assert 'HTTP 400: error: field "country" is not valid' in str(told)


async def test_file_tells_no_secret(bench: Bench, desk: Desk) -> None:
    """The same password looks different in each file."""
    told = []
    for _ in range(2):
        bench.disk.text = "null"
        await bench.client().scene(SITE)
        told.append(json.loads(bench.disk.text))
    for key in ("account", "credentials", "salt"):
        assert told[0][key] != told[1][key]
    # Without the salt nothing of it can be used.
    bench.disk.text = json.dumps(told[1] | {"salt": "x"})
    logins = desk.logins
    await bench.client().scene(SITE)
    assert desk.logins == logins + 1


# -- what a refusal means --------------------------------------------------------


@pytest.mark.parametrize("code", [26108, 26156, 26055])
async def test_wrong_credentials(bench: Bench, desk: Desk, code: int) -> None:
    """New ones are refused at once; asking again sends nothing."""
    desk.say("login", error(code, "wrong password"))
    client = bench.client()
    for _ in range(20):
        told = await failure(client)
        assert isinstance(told, AuthError)
        assert told.reason == "credentials_refused"
        assert str(code) in str(told)
        bench.clock.advance(minutes=10)
    assert desk.logins == 1


async def test_credentials_that_worked_are_refused_twice(
    bench: Bench, desk: Desk
) -> None:
    """Only then new ones are asked for, even with a lost connection in between."""
    await bench.client().scene(SITE)
    bench.clock.advance(days=8)
    desk.say("login", error(26156), Reply(None), error(26156))
    client = bench.client()
    told = await failure(client)
    assert isinstance(told, TransientError)
    assert told.reason == "refused_once"
    assert desk.logins == 2
    # A set-up is tried again some seconds later.
    bench.clock.advance(seconds=5)
    client = bench.client()
    assert (await failure(client)).reason == "refused_once"
    assert "refused_once" in client.hints(BERLIN)
    assert desk.logins == 2
    bench.clock.advance(minutes=6)
    assert not isinstance(await failure(client), AuthError)
    bench.clock.advance(minutes=6)
    assert isinstance(await failure(client), AuthError)
    assert desk.logins == 4
    # Others are tried at once.
    desk.answers.pop("login")
    await bench.client(password="New-Pw-1").scene(SITE)


@pytest.mark.parametrize(
    ("msg", "hours"),
    [
        ("Please try again in 1 hours.", 1),
        ("Please try again in 13 hours.", 13),
        ("Please try again in 30 minutes.", 0.5),
        ("Please try again in 900 hours.", 24),
        ("", 24),
    ],
)
async def test_lock(bench: Bench, desk: Desk, msg: str, hours: float) -> None:
    """No reason for new credentials: it is waited for, over restarts too."""
    desk.say("login", error(100053, msg))
    client = bench.client()
    told = await failure(client)
    assert isinstance(told, RateLimited)
    assert told.reason == "login_locked"
    assert told.retry_after == pytest.approx(hours * 3600)
    assert client.trouble == "login_locked"
    end = bench.clock() + timedelta(hours=hours)
    bench.clock.advance(minutes=29)
    restarted = bench.client()
    assert (await failure(restarted)).reason == "login_locked"
    assert restarted.locked_until == end
    # Another password does not end it.
    assert (await failure(bench.client(password="x"))).reason == "login_locked"
    assert desk.logins == 1
    desk.answers.pop("login")
    bench.clock.set(end + timedelta(seconds=1))
    await restarted.scene(SITE)
    assert restarted.trouble is None


@pytest.mark.parametrize("code", [26050, 26051, 26052, 26053, 26054, 100032, 100033])
async def test_verification_needed(bench: Bench, desk: Desk, code: int) -> None:
    """Neither a crash nor a refusal; it is tried seldom, however often we start."""
    desk.say("login", error(code, "need verify code"))
    for minute in range(24 * 60):
        client = bench.client()
        told = await failure(client)
        assert isinstance(told, TransientError)
        assert told.reason == client.trouble == "verification_needed"
        bench.clock.advance(minutes=1)
        if minute == 13:
            assert desk.logins == 1
            assert "11:45" in client.hints(BERLIN)["verification_needed"][0]
    assert desk.logins <= 10
    desk.answers.pop("login")
    # Other credentials are tried at once, the same ones when it is their turn.
    await bench.client(password="New-Pw-1").scene(SITE)


@pytest.mark.parametrize(
    "answer",
    [
        ok(None),
        {"code": 0, "msg": "success!"},
        ok([]),
        ok({}),
        ok({"auth_token": "", "user_id": USER_ID}),
        ok({"auth_token": "0f", "user_id": None}),
    ],
)
async def test_login_without_session(bench: Bench, desk: Desk, answer: Any) -> None:
    """Code 0 and nothing else (ioBroker#155): a failure with what was said."""
    desk.say("login", answer)
    told = await failure(bench.client())
    assert isinstance(told, TransientError)
    assert told.reason == "login_without_session"
    assert "code 0" in str(told)


@pytest.mark.parametrize(
    "answer",
    [Reply(PAGE, 502), Reply(PAGE, 403), Reply(PAGE), Reply("[]"), Reply(None)],
)
async def test_login_in_an_outage(bench: Bench, desk: Desk, answer: Reply) -> None:
    """A gateway says nothing about credentials; tries become rare by themselves."""
    desk.say("login", answer)
    client = bench.client()
    for _ in range(60):
        told = await failure(client)
        assert isinstance(told, TransientError)
        assert not isinstance(told, OutcomeUnknown)
        bench.clock.advance(minutes=1)
    assert desk.logins <= 11
    desk.answers.pop("login")
    bench.clock.advance(hours=4)
    await client.scene(SITE)


async def test_nobody_there(bench: Bench) -> None:
    """What was never sent is no login."""
    client = bench.client(base_url="http://127.0.0.1:9")
    for _ in range(20):
        assert isinstance(await failure(client), TransientError)
        bench.clock.advance(minutes=11)
    assert json.loads(bench.disk.text)["logins"]["eu"]["attempts"] == []


async def test_odd_ends_of_tokens(bench: Bench, desk: Desk) -> None:
    """A token whose end is missing or absurd lasts a day."""
    for end in (None, "soon", 0, 1e18):
        desk.say("login", lambda region, _body, end=end: _with_end(desk, region, end))
        bench.disk.text = "null"
        client = bench.client()
        await client.scene(SITE)
        before = desk.logins
        bench.clock.advance(hours=23)
        await client.scene(SITE)
        assert desk.logins == before
        bench.clock.advance(hours=2)


def _with_end(desk: Desk, region: str, end: Any) -> Any:
    answer = desk._logged_in(region)
    answer["data"]["token_expires_at"] = end
    return answer


async def test_broken_files_are_forgotten(bench: Bench, desk: Desk) -> None:
    """Whatever the file holds: it costs one login."""
    await bench.client().scene(SITE)
    good = json.loads(bench.disk.text)
    for key in ("sessions", "logins", "credentials", "account"):
        for bad in (None, [], "x", 7, {"eu": 7, "attempts": [None, "x"], "losses": ""}):
            bench.disk.text = json.dumps(good | {key: bad})
            bench.clock.advance(seconds=15)
            await bench.client().scene(SITE)
    bench.disk.text = "[1]"
    await bench.client().scene(SITE)


async def test_small_steps_of_the_clock(bench: Bench, desk: Desk) -> None:
    """A clock that is put right by some seconds costs no login."""
    client = bench.client()
    await client.scene(SITE)
    bench.clock.advance(seconds=-4)
    await client.scene(SITE)
    assert desk.logins == 1


async def test_clock_that_was_wrong(bench: Bench, desk: Desk) -> None:
    """What a wrong clock has written down must not stop anything for years."""
    bench.clock.advance(days=4000)
    desk.say("login", error(100053))
    await failure(bench.client())
    bench.clock.set(NOW)
    desk.answers.pop("login")
    client = bench.client()
    assert (await failure(client)).reason == "login_locked"
    bench.clock.advance(hours=25)
    await client.scene(SITE)


# -- regions ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("DE", "eu"),
        ("GB", "eu"),
        ("UK", "eu"),
        ("GR", "eu"),
        ("EL", "eu"),
        ("JP", "eu"),
        ("RO", "eu"),
        ("XX", "eu"),
        ("", "eu"),
        ("US", "com"),
        ("AU", "com"),
        ("IN", "com"),
    ],
)
def test_regions_of_countries(country: str, region: str) -> None:
    """ISO's names and the vendor's; who is not listed is in the EU."""
    assert region_of(country) == region
    assert next(iter(servers({"country": country.lower()}))) == region


async def test_region_is_found(bench: Bench, desk: Desk) -> None:
    """An account that is empty here and not there; it is remembered."""
    desk.say(SITES, lambda region, _: ok({"site_list": _in_com(region)}))
    desk.say(BOUND, ok({"data": []}))
    both = {"other_base_url": f"{desk.base_url}/com"}
    client = bench.client(**both)
    assert [site.id for site in await client.sites()] == [SITE]
    assert desk.logins == 2
    await client.scene(SITE)
    assert desk.sent[-1].headers["x-auth-token"] == desk.tokens["com"]
    bench.clock.advance(minutes=2)
    sent = len(desk.sent)
    again = bench.client(**both)
    assert [site.id for site in await again.sites()] == [SITE]
    await again.scene(SITE)
    assert [item.name for item in desk.sent[sent:]] == [SITES, SCENE]
    assert desk.logins == 2


def _in_com(region: str) -> list[dict[str, str]]:
    return [{"site_id": SITE}] if region == "com" else []


async def test_region_by_devices_alone(bench: Bench, desk: Desk) -> None:
    """An inverter without a system tells as much."""
    desk.say(SITES, ok({"site_list": []}))
    device = [{"device_sn": "FAKEMI800001"}]
    desk.say(BOUND, lambda region, _: ok({"data": device if region == "com" else []}))
    client = bench.client(other_base_url=f"{desk.base_url}/com")
    assert await client.sites() == ()
    assert list(await client.bound_devices()) == ["FAKEMI800001"]


async def test_empty_account_stays(bench: Bench, desk: Desk) -> None:
    """It is looked for in the other region once a day, not in each refresh."""
    desk.say(SITES, ok({"site_list": []}))
    desk.say(BOUND, ok({"data": []}))
    client = bench.client(other_base_url=f"{desk.base_url}/com")
    for _ in range(23):
        assert await client.sites() == ()
        bench.clock.advance(hours=1)
    assert desk.logins == 2
    assert client.api.login.region == "eu"
    assert desk.count(SITES) == 24


async def test_other_region_in_trouble(bench: Bench, desk: Desk) -> None:
    """What the other server says must not hide what this one did."""
    desk.say(SITES, ok({"site_list": []}))
    desk.say(BOUND, ok({"data": []}))
    client = bench.client(other_base_url="http://127.0.0.1:9")
    assert await client.sites() == ()
    assert client.api.login.region == "eu"


async def test_unknown_in_the_other_region(bench: Bench, desk: Desk) -> None:
    """It means that the account is not there, and nothing for the logins here."""
    desk.say(SITES, ok({"site_list": []}))
    desk.say(BOUND, ok({"data": []}))

    def login(region: str, _body: Any) -> Any:
        return error(26156) if region == "com" else desk._logged_in(region)

    desk.say("login", login)
    client = bench.client(other_base_url=f"{desk.base_url}/com")
    for _ in range(3):
        for _ in range(23):
            assert await client.sites() == ()
            bench.clock.advance(hours=1)
        desk.log_in_elsewhere()
        bench.clock.advance(hours=2)
    asked = [item.path for item in desk.sent if item.name == "login"]
    assert sum(path.startswith("passport") for path in asked) == len(asked)
    assert client.trouble is None
    # Twice refused there is not once refused here.
    desk.log_in_elsewhere()
    desk.say("login", error(26156))
    assert (await failure(client)).reason == "refused_once"


async def test_account_that_moves(bench: Bench, desk: Desk) -> None:
    """What was found is looked for in the other region once it is gone."""
    here = "eu"

    def listed(region: str, _body: Any) -> Any:
        return ok({"site_list": [{"site_id": SITE}] if region == here else []})

    desk.say(SITES, listed)
    desk.say(BOUND, ok({"data": []}))
    both = {"other_base_url": f"{desk.base_url}/com"}
    client = bench.client(**both)
    assert await client.sites()
    here = "com"
    assert await client.sites() == ()
    for _ in range(25):
        bench.clock.advance(hours=1)
        found = await client.sites()
    assert [site.id for site in found] == [SITE]
    assert client.api.login.region == "com"
    # What is gone there for a moment is not looked for here at once, after a restart.
    here = ""
    bench.clock.advance(minutes=5)
    again = bench.client(**both)
    assert await again.sites() == ()
    here = "com"
    assert await again.sites()


async def test_region_of_the_fake_cloud(open_cloud: OpenCloud) -> None:
    """A German account that lives in the other cloud."""
    bench, cloud = await open_cloud(fixture=("A",), region="com")
    urls = {
        "base_url": cloud.base_urls["eu"],
        "other_base_url": cloud.base_urls["com"],
    }
    client = bench.client(**urls)
    (site,) = await client.sites()
    assert (await client.scene(site.id)).solarbanks
    assert client.api.login.region == "com"


async def test_secrets_are_known(bench: Bench, desk: Desk) -> None:
    """Everything that must be hidden, and nothing of it in an error or a repr."""
    client = bench.client()
    await client.scene(SITE)
    secrets = client.secrets
    assert {EMAIL, PASSWORD, USER_ID, desk.tokens["eu"]} <= set(secrets)
    session = await client.api.login.session()
    desk.say(SCENE, error(10003, f"no right: {EMAIL} FAKESB1A00000001 {SITE}"))
    shown = f"{session!r} {WRITE!r} {await failure(client)!r}"
    for hidden in (*secrets, SITE, "FAKESB1A00000001"):
        assert hidden not in shown
