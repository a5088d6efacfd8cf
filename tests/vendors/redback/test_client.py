"""The API client against the fake cloud: what it reads, and every way to fail."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import ClientTimeout
import pytest

from custom_components.joulekeeper.core.dispatch import holds
from custom_components.joulekeeper.core.errors import (
    AuthError,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    ProtocolError,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.core.schedule import (
    Action,
    Limits,
    Owner,
    Programme,
    Source,
)
from custom_components.joulekeeper.vendors import http
from custom_components.joulekeeper.vendors.redback import client as client_module
from custom_components.joulekeeper.vendors.redback.client import RedbackClient
from custom_components.joulekeeper.vendors.redback.schedule import (
    delete_envelope_call,
    delete_schedule_call,
    envelope_call,
    schedule_call,
)
from custom_components.joulekeeper.vendors.redback.session import RedbackSession
from tests.clouds import Fault
from tests.clouds.redback import fleet

from .conftest import NOW, SITE_A, A, Bench, MakeBench, segment

READS: dict[str, Callable[[RedbackClient], Awaitable[Any]]] = {
    "nodes": lambda client: client.nodes(),
    "static": lambda client: client.static(A),
    "dynamic": lambda client: client.dynamic(A),
    "configuration": lambda client: client.configuration(A),
    "schedules": lambda client: client.schedules(A),
    "envelopes": lambda client: client.envelopes(SITE_A),
}
RULE = segment(
    rule_id="abc",
    action=Action.CHARGE,
    start=NOW.replace(second=0),
    duration=timedelta(minutes=30),
    power_w=2000,
    source=Source.MANUAL,
    note="a note",
)
CREATE = schedule_call(A, RULE)
CAP = segment(
    rule_id="cap",
    action=Action.LIMIT,
    start=NOW + timedelta(minutes=5),
    duration=timedelta(hours=1),
    limits=Limits(max_export_w=0),
)


async def warm(bench: Bench) -> RedbackClient:
    """Return a client that has its token, and a clean log."""
    client = bench.client()
    await client.nodes()
    bench.cloud.requests.clear()
    return client


@pytest.fixture
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lose patience soon."""
    monkeypatch.setattr(http, "TIMEOUT", ClientTimeout(total=0.2))


async def test_reads_an_account(make_bench: MakeBench) -> None:
    """Everything that the cloud tells of two systems, one call each."""
    bench = await make_bench(fixture="D")
    client = bench.client()
    topology = await client.nodes()
    assert [unit.serial for unit in topology.units] == bench.cloud.serials
    for unit in topology.units:
        static = await client.static(unit.serial)
        assert (static.serial, static.site_id) == (unit.serial, unit.site_id)
        dynamic = await client.dynamic(unit.serial)
        sample = bench.cloud.inverter(unit.serial).latest(NOW)
        assert dynamic.timestamp == sample.time
        assert dynamic.pv_power_w == pytest.approx(sample.reading.flow.pv_w, abs=1)
        assert (await client.configuration(unit.serial)).limits.max_charge_w
        assert await client.schedules(unit.serial)
    assert bench.cloud.requests.counts() == {
        "token": 1,
        "nodes": 1,
        **dict.fromkeys(("static", "dynamic", "configuration", "schedules"), 2),
    }
    assert set(client.raw) == {
        "nodes",
        *(
            f"{label} {serial}"
            for serial in bench.cloud.serials
            for label in ("static", "dynamic", "configuration", "schedules")
        ),
    }


async def test_all_pages(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is lost beyond the first page, whatever PageCount means."""
    monkeypatch.setattr(client_module, "_PAGE_SIZE", 2)
    bench = await make_bench({"page_count": "records"}, fixture=fleet(5))
    topology = await bench.client().nodes()
    assert [unit.serial for unit in topology.units] == bench.cloud.serials
    assert bench.cloud.requests.count("nodes") == 3


async def test_pages_that_never_end(bench: Bench) -> None:
    """A wrong total does not keep us asking."""
    bench.cloud.faults.add(
        "nodes", Fault.EDIT, edit=lambda page: page | {"TotalCount": 10**6}
    )
    client = bench.client()
    await client.nodes()
    assert bench.cloud.requests.count("nodes") <= 20


@pytest.mark.parametrize("read", READS)
async def test_stale_token_is_replaced_once(bench: Bench, read: str) -> None:
    """A 401 costs one fresh token and one more try, and nobody notices."""
    client = await warm(bench)
    bench.cloud.expire_tokens()
    await READS[read](client)
    assert bench.cloud.requests.labels() == [read, "token", read]


async def test_second_401_is_the_users_matter(bench: Bench) -> None:
    """A fresh token that is refused too ends the attempts."""
    client = await warm(bench)
    bench.cloud.faults.add("dynamic", Fault.EXPIRED_TOKEN)
    with pytest.raises(AuthError):
        await client.dynamic(A)
    assert bench.cloud.requests.labels() == ["dynamic", "token", "dynamic"]


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        (Fault.STATUS, {"status": 500}),
        (Fault.STATUS, {"status": 503}),
        (Fault.CUT, {}),
        (Fault.STATUS, {"status": 408}),
    ],
)
@pytest.mark.parametrize("read", READS)
async def test_read_is_tried_once_more(
    bench: Bench, read: str, fault: Fault, options: dict[str, Any]
) -> None:
    """One hiccup is not told, a second one is."""
    client = await warm(bench)
    hiccup = bench.cloud.faults.add(read, fault, times=1, **options)
    await READS[read](client)
    assert bench.cloud.requests.count(read) == 2
    hiccup.left = 2
    with pytest.raises(TransientError):
        await READS[read](client)
    assert bench.cloud.requests.count(read) == 4


async def test_time_out_is_not_tried_again(bench: Bench, short_timeout: None) -> None:
    """A cloud that is too slow is not asked twice at once."""
    client = await warm(bench)
    bench.cloud.faults.add("dynamic", Fault.HANG)
    with pytest.raises(TransientError):
        await client.dynamic(A)
    assert bench.cloud.requests.count("dynamic") == 1


async def test_no_connection(bench: Bench) -> None:
    """A refused connection is passing, for reads and writes: nothing was done."""
    client = await warm(bench)
    await bench.cloud.refuse()
    with pytest.raises(TransientError):
        await client.dynamic(A)
    with pytest.raises(TransientError) as raised:
        await client.send(CREATE)
    assert not isinstance(raised.value, OutcomeUnknown)
    await bench.cloud.accept()
    await client.dynamic(A)


@pytest.mark.parametrize(
    ("fault", "options", "error"),
    [
        (Fault.HTML, {}, ProtocolError),
        (Fault.BROKEN_JSON, {}, ProtocolError),
        (Fault.NULL, {}, ProtocolError),
        (Fault.WRONG_TYPE, {}, ProtocolError),
        (Fault.WRONG_TYPE, {"path": ["Data"]}, ProtocolError),
        (Fault.STATUS, {"status": 418}, Rejected),
        (Fault.STATUS, {"status": 304}, ProtocolError),
        (Fault.STATUS, {"status": 400}, Rejected),
        (Fault.LOCKED_OUT, {}, NotSupported),
    ],
)
@pytest.mark.parametrize("read", READS)
async def test_odd_answers(
    bench: Bench, read: str, fault: Fault, options: dict[str, Any], error: type
) -> None:
    """Each becomes an error of ours, is not asked again, and leaves no trace."""
    client = await warm(bench)
    bench.cloud.add_network_envelope(SITE_A, NOW, NOW + timedelta(hours=1))
    bench.cloud.faults.add(read, fault, **options)
    with pytest.raises(VendorError) as raised:
        await READS[read](client)
    assert type(raised.value) is error
    assert bench.cloud.requests.count(read) == 1
    bench.cloud.faults.clear()
    await READS[read](client)


async def test_null_for_an_empty_list(bench: Bench) -> None:
    """No envelopes may be told as null with a count of 0 (dossier 1.4)."""
    client = await warm(bench)
    bench.cloud.faults.add("envelopes", Fault.NULL)
    assert await client.envelopes(SITE_A) == Programme()


async def test_only_a_grid_tie_model_has_no_plan(make_bench: MakeBench) -> None:
    """A list that is refused is no empty plan, but for models without the API."""
    bench = await make_bench()
    client = await warm(bench)
    await client.static(A)
    bench.cloud.faults.add("schedules", Fault.STATUS, status=404)
    with pytest.raises(NotFound):
        await client.schedules(A)


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("17", 17),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0),
        ((NOW + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S -0000"), 90),
        ("soon", None),
        ("\xb2", None),
        ("", None),
    ],
)
async def test_throttled(bench: Bench, retry_after: str, seconds: float | None) -> None:
    """The wait comes as seconds, as a date, or not at all."""
    client = await warm(bench)
    bench.cloud.faults.add("dynamic", Fault.THROTTLE, retry_after=retry_after)
    with pytest.raises(RateLimited) as raised:
        await client.dynamic(A)
    assert raised.value.retry_after == seconds
    assert bench.cloud.requests.count("dynamic") == 1


async def test_older_version_is_found_and_remembered(bench: Bench) -> None:
    """A cloud without v2.21 is asked in v2 from then on."""
    client = await warm(bench)
    bench.cloud.faults.add(r"GET /Api/v2\.21/", Fault.STATUS, status=404)
    first = await client.dynamic(A)
    assert await client.dynamic(A) == first
    assert first.pv_strings == ()
    assert first.pv_power_w is not None
    asked = [entry.path.split("/")[2] for entry in bench.cloud.requests.entries]
    assert asked == ["v2.21", "v2", "v2"]


async def test_unknown_inverter_does_not_change_the_version(bench: Bench) -> None:
    """When both versions do not know it, the inverter is what is missing."""
    client = await warm(bench)
    with pytest.raises(NotFound):
        await client.dynamic("RB20000000000999")
    bench.cloud.requests.clear()
    assert (await client.dynamic(A)).pv_strings
    (entry,) = bench.cloud.requests.entries
    assert "/v2.21/" in entry.path


async def test_unknown_inverter_of_an_older_cloud(bench: Bench) -> None:
    """Once the older version is known to be right, it is not doubted again."""
    client = await warm(bench)
    bench.cloud.faults.add(r"GET /Api/v2\.21/", Fault.STATUS, status=404)
    await client.dynamic(A)
    bench.cloud.requests.clear()
    with pytest.raises(NotFound):
        await client.dynamic("RB20000000000999")
    await client.dynamic(A)
    asked = [entry.path.split("/")[2] for entry in bench.cloud.requests.entries]
    assert asked == ["v2", "v2"]


async def test_schedule_from_create_to_delete(bench: Bench) -> None:
    """It is listed as ours, deleted, and known as past for a while."""
    client = await warm(bench)
    await client.send(CREATE)
    (item,) = (await client.schedules(A)).items
    assert holds(item, RULE)
    assert (item.owner, item.source, item.note) == (Owner.OWN, Source.MANUAL, "a note")
    delete = delete_schedule_call(A, item)
    await client.send(delete)
    assert (await client.schedules(A)).items == ()
    # Gone already: by us, by the vendor's app, or by the time.
    await client.send(delete)

    await client.send(CREATE)
    bench.clock.advance(hours=1)
    assert (await client.schedules(A)).items == ()
    (past,) = (await client.schedules(A, with_past=True)).items
    assert holds(past, RULE)


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("fault", [Fault.DROP, Fault.HANG])
async def test_lost_answer_of_a_create(
    bench: Bench, short_timeout: None, fault: Fault, done: bool
) -> None:
    """It may have worked or not: we say so, and never send it twice."""
    client = await warm(bench)
    bench.cloud.faults.add("schedule_create", fault, done=done)
    with pytest.raises(OutcomeUnknown):
        await client.send(CREATE)
    assert bench.cloud.requests.count("schedule_create") == 1
    assert len(bench.cloud.schedules(A)) == int(done)


@pytest.mark.parametrize(
    ("fault", "options", "error"),
    [
        (Fault.STATUS, {"status": 500}, OutcomeUnknown),
        (Fault.STATUS, {"status": 502}, OutcomeUnknown),
        (Fault.CUT, {}, OutcomeUnknown),
        (Fault.HTML, {}, OutcomeUnknown),
        (Fault.BROKEN_JSON, {}, OutcomeUnknown),
        (Fault.STATUS, {"status": 400}, Rejected),
        (Fault.STATUS, {"status": 409}, Rejected),
        (Fault.STATUS, {"status": 404}, NotFound),
        (Fault.LOCKED_OUT, {}, NotSupported),
        (Fault.THROTTLE, {}, RateLimited),
    ],
)
async def test_create_that_fails(
    bench: Bench, fault: Fault, options: dict[str, Any], error: type[VendorError]
) -> None:
    """A create is never repeated; only where the cloud said no is nothing there."""
    client = await warm(bench)
    bench.cloud.faults.add("schedule_create", fault, **options)
    with pytest.raises(VendorError) as raised:
        await client.send(CREATE)
    assert type(raised.value) is error
    assert bench.cloud.requests.count("schedule_create") == 1


async def test_create_with_a_stale_token(bench: Bench) -> None:
    """A 401 means that nothing was done: with a fresh token it is sent again."""
    client = await warm(bench)
    bench.cloud.expire_tokens()
    await client.send(CREATE)
    assert bench.cloud.requests.statuses("schedule_create") == [401, 200]
    assert len(bench.cloud.schedules(A)) == 1


async def test_delete_may_be_repeated(bench: Bench) -> None:
    """A delete that was done without an answer is done."""
    client = await warm(bench)
    await client.send(CREATE)
    (item,) = (await client.schedules(A)).items
    bench.cloud.faults.add("schedule_delete", Fault.DROP, done=True, times=1)
    await client.send(delete_schedule_call(A, item))
    assert bench.cloud.schedules(A) == []


async def test_envelope_from_create_to_delete(bench: Bench) -> None:
    """It is listed as ours; after its delete only the past knows it."""
    client = await warm(bench)
    await client.send(envelope_call(SITE_A, CAP))
    (item,) = (await client.envelopes(SITE_A)).items
    assert holds(item, CAP)
    assert item.owner is Owner.OWN
    await client.send(delete_envelope_call(item))
    assert (await client.envelopes(SITE_A)).items == ()
    await client.send(delete_envelope_call(item))
    (past,) = (await client.envelopes(SITE_A, with_past=True)).items
    assert past.status == "cancelled"


async def test_envelope_refused_inside_a_200(bench: Bench) -> None:
    """The cloud answers 200 and says no in the body (dossier 1.10)."""
    client = await warm(bench)
    with pytest.raises(Rejected):
        await client.send(envelope_call("S0000000000000", CAP))
    assert bench.cloud.envelopes(SITE_A) == []


async def test_oddly_named_envelope_of_others(bench: Bench) -> None:
    """Its name arrives at the cloud as it is."""
    client = await warm(bench)
    call = envelope_call(SITE_A, CAP)
    assert call.body is not None
    odd_name = "a b%2F&?#+\xe9"
    await client.send(replace(call, body={**call.body, "EventId": odd_name}))
    (odd,) = (await client.envelopes(SITE_A)).items
    assert (odd.owner, odd.vendor_id) == (Owner.FOREIGN, odd_name)
    await client.send(delete_envelope_call(odd))
    assert bench.cloud.envelopes(SITE_A)[0]["Status"] == "Cancelled"


async def test_recurring_windows_in_their_zone(bench: Bench) -> None:
    """Made in the portal, shown here, in site-local time."""
    bench.cloud.add_daily_schedule(A, days="Saturday, Sunday")
    bench.cloud.behaviour.days_active = "integer"
    (window,) = (await bench.client().schedules(A)).recurring
    assert str(window.zone) == "Australia/Brisbane"
    assert window.weekdays == {5, 6}


@pytest.mark.parametrize("status", [403, 404])
async def test_model_without_schedules(make_bench: MakeBench, status: int) -> None:
    """An SI model has an empty plan, which is no error; the rest works."""
    bench = await make_bench({"no_schedules_status": status}, fixture="SI")
    session = RedbackSession(bench.connection(portal_email=None))
    topology = await session.topology.fetch()
    payloads = {
        endpoint.reading.name: await endpoint.fetch()
        for endpoint in session.endpoints(topology)
    }
    assert payloads["schedules"].items == ()
    assert payloads["static"].grid_tie_only
    assert payloads["dynamic"].pv_power_w is not None
