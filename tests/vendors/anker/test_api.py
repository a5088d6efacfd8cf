"""Calls: envelopes, statuses, codes, and what may be repeated (dossier 3)."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import (
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.vendors.anker.calls import set_param_call
from custom_components.joulekeeper.vendors.anker.client import AnkerClient

from .conftest import (
    BOUND,
    HANG,
    PAGE,
    SCENE,
    SITES,
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
SET = WRITE.label

BAD_TYPE = 'error: value "9" is not defined in options "[1 2 3 4 5 6 7 12 13 16]"'


async def outcome(call: Awaitable[Any]) -> VendorError:
    """Return what a call fails with."""
    with pytest.raises(VendorError) as caught:
        await call
    return caught.value


def read(client: AnkerClient) -> Awaitable[Any]:
    """Return a read that is to fail."""
    return client.scene(SITE)


def write(client: AnkerClient) -> Awaitable[Any]:
    """Return a write that is to fail."""
    return client.send(WRITE)


@pytest.mark.parametrize(
    ("answer", "for_reads", "for_writes", "reason"),
    [
        (error(-1), TransientError, OutcomeUnknown, "failed"),
        (error(7), TransientError, OutcomeUnknown, "failed"),
        (error(997), TransientError, OutcomeUnknown, "internal_error"),
        (error(10000), Rejected, Rejected, "failed"),
        (error(10003), Rejected, Rejected, "bad_parameter"),
        (error(10007), Rejected, Rejected, "bad_parameter"),
        (error(26161), Rejected, Rejected, "bad_parameter"),
        (error(10004), NotFound, NotFound, "not_found"),
        (error(21105), TransientError, TransientError, "busy"),
        (error(31003), Rejected, Rejected, "too_many"),
        (error(160003), NotSupported, NotSupported, "no_access"),
        (error(200104), NotSupported, NotSupported, "no_such_system"),
        (error(100053), RateLimited, RateLimited, "login_locked"),
        (error(250999), RateLimited, RateLimited, "throttled"),
        (error(77777), ProtocolError, OutcomeUnknown, "unknown_code"),
        (Reply(BAD_TYPE, 400), Rejected, Rejected, "bad_parameter"),
        (Reply(PAGE, 200), TransientError, OutcomeUnknown, "page"),
        (Reply(PAGE, 502), TransientError, OutcomeUnknown, None),
        (Reply(PAGE, 503), TransientError, OutcomeUnknown, None),
        (Reply(PAGE, 504), TransientError, OutcomeUnknown, None),
        (Reply("not found", 404), NotFound, NotFound, None),
        (Reply("{", 200), ProtocolError, OutcomeUnknown, None),
        (Reply("[]", 200), ProtocolError, OutcomeUnknown, None),
        (Reply("{}", 200), ProtocolError, OutcomeUnknown, None),
        (Reply(None), TransientError, OutcomeUnknown, None),
    ],
)
async def test_errors(
    bench: Bench,
    desk: Desk,
    answer: Any,
    for_reads: type[VendorError],
    for_writes: type[VendorError],
    reason: str | None,
) -> None:
    """Any code but 0 is an error, and a write that may have happened is no failure."""
    desk.say(SCENE, answer)
    desk.say(SET, answer)
    client = bench.client()
    for call, kind in ((read, for_reads), (write, for_writes)):
        told = await outcome(call(client))
        assert isinstance(told, kind)
        assert isinstance(told, OutcomeUnknown) == (kind is OutcomeUnknown)
        assert told.reason == reason
    assert desk.count(SET) == 1
    assert desk.logins == 1


@pytest.mark.parametrize("first", [error(21105), Reply(PAGE, 502), Reply(None)])
async def test_reads_are_tried_twice(bench: Bench, desk: Desk, first: Any) -> None:
    """After some seconds, when the cloud is too busy; writes are never repeated."""
    desk.say(SCENE, first, overview(SITE))
    desk.say(SET, first, ok({}))
    client = bench.client()
    assert (await client.scene(SITE)).site_id == SITE
    assert desk.count(SCENE) == 2
    pauses = [pause for pause in bench.slept if pause > 1]
    assert len(pauses) == 1
    assert 2 <= pauses[0] <= 5
    await outcome(write(client))
    assert desk.count(SET) == 1


async def test_time_outs_are_not_repeated(
    bench: Bench, desk: Desk, short_timeout: None
) -> None:
    """A cloud that does not answer is not asked more, and a write is not known."""
    client = bench.client()
    desk.say(SCENE, overview(SITE))
    await client.scene(SITE)
    desk.say(SCENE, HANG)
    desk.say(SET, HANG)
    told = await outcome(read(client))
    assert isinstance(told, TransientError)
    assert not isinstance(told, OutcomeUnknown)
    assert isinstance(await outcome(write(client)), OutcomeUnknown)
    assert (desk.count(SCENE), desk.count(SET)) == (2, 1)


async def test_gateway_trouble_of_the_fake(open_cloud: OpenCloud) -> None:
    """The fake's own menu, with the real envelope around it."""
    bench, cloud = await open_cloud(fixture=("A",))
    client = bench.client()
    (site,) = await client.sites()
    cloud.answer_with("scene_info", 21105)
    assert (await client.scene(site.id)).solarbanks
    cloud.fail_with("scene_info", 502)
    assert (await client.scene(site.id)).solarbanks
    told = await outcome(client.param(site.id, "9"))
    assert isinstance(told, Rejected)
    assert "is not defined" in str(told)


async def test_throttled(bench: Bench, desk: Desk) -> None:
    """429: no retry, and nothing is sent before the oldest call is 65 s old."""
    too_soon = Reply('{"error_msg":"Request too soon."}', 429)
    desk.say(SCENE, overview(SITE), too_soon, overview(SITE))
    desk.say(SET, ok({}))
    client = bench.client()
    await client.scene(SITE)
    bench.clock.advance(seconds=20)
    told = await outcome(read(client))
    assert isinstance(told, RateLimited)
    assert told.reason == "throttled"
    assert told.retry_after == pytest.approx(45, abs=1)
    sent = desk.count(SCENE)
    for _ in range(4):
        assert isinstance(await outcome(read(client)), RateLimited)
        bench.clock.advance(seconds=10)
    assert desk.count(SCENE) == sent
    # Other endpoints are not concerned.
    await client.send(WRITE)
    bench.clock.advance(seconds=6)
    await client.scene(SITE)


@pytest.mark.parametrize(
    "answer",
    [
        ok(None),
        ok([]),
        ok({}),
        ok({"site_list": None, "data": None, "solarbank_info": None}),
        ok({"site_list": "", "data": {}, "solarbank_info": []}),
        overview("11111111-2222-4333-8444-00000000000b"),
    ],
)
async def test_nothing_is_not_empty(bench: Bench, desk: Desk, answer: Any) -> None:
    """Only a list that is told may be empty, and nobody takes one system for another."""
    for name in (SITES, BOUND, SCENE):
        desk.say(name, answer)
    client = bench.client()
    for call in (client.sites(), client.bound_devices(), client.scene(SITE)):
        assert isinstance(await outcome(call), ProtocolError)
    desk.say(SITES, ok({"site_list": []}))
    desk.say(BOUND, ok({"data": []}))
    assert (await client.sites(), await client.bound_devices()) == ((), {})
    assert desk.logins == 1


async def test_params(bench: Bench, desk: Desk) -> None:
    """JSON inside a text, both ways; "" is nothing (4.12)."""
    desk.say("get_site_device_param", ok({"param_data": '{"mode_type":3}'}))
    client = bench.client()
    assert await client.param(SITE, "6") == {"mode_type": 3}
    assert desk.sent[-1].body == {"site_id": SITE, "param_type": "6"}
    for nothing in ({"param_data": ""}, {"param_data": "null"}, {}, None):
        desk.say("get_site_device_param", ok(nothing))
        assert await client.param(SITE, "6") is None
    desk.say(SET, ok({}))
    await client.send(set_param_call(SITE, "6", {"mode_type": 3, "blend_plan": []}))
    assert desk.sent[-1].path == "power_service/v1/site/set_site_device_param"
    assert desk.sent[-1].body == {
        "site_id": SITE,
        "param_type": "6",
        "cmd": 17,
        "param_data": '{"mode_type":3,"blend_plan":[]}',
    }


async def test_bodies_are_never_empty(bench: Bench, desk: Desk) -> None:
    """What needs no parameters sends an empty object; `raw` keeps what came."""
    desk.say("get_auto_upgrade", ok({"main_switch": False, "device_list": None}))
    client = bench.client()
    await client.auto_upgrade()
    assert desk.sent[-1].body == {}
    assert client.raw == {
        "get_auto_upgrade": {"main_switch": False, "device_list": None}
    }
    assert client.http.calls == {"login": 1, "get_auto_upgrade": 1}


type Read = Callable[[AnkerClient], Awaitable[Any]]


async def test_member(open_cloud: OpenCloud) -> None:
    """Empty objects, or refusals, and never a crash (9.6)."""
    bench, cloud = await open_cloud(fixture=("C",))
    given = cloud.credentials_of(cloud.member)
    client = bench.client(**given)
    (site,) = await client.sites()
    assert site.is_member
    (serial, bank) = next(iter((await client.scene(site.id)).solarbanks.items()))
    assert bank.state_of_charge is not None
    assert await client.bound_devices() == {}
    upgrade = await client.auto_upgrade()
    assert (upgrade.main, upgrade.devices) == (False, {})
    reads: tuple[Read, ...] = (
        lambda client: client.cutoff(site.id, serial),
        lambda client: client.wifi(site.id),
        lambda client: client.param(site.id, "6"),
        lambda client: client.site_price(site.id),
        lambda client: client.power_limit(site.id),
        lambda client: client.fittings(site.id, serial),
    )
    for one in reads:
        assert isinstance(await outcome(one(client)), NotSupported | Rejected)
