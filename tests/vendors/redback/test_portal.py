"""The portal: logins, the panels of an inverter, and the base mode."""

from typing import Any

import pytest

from custom_components.joulekeeper.core.errors import (
    OptionAuthError,
    OutcomeUnknown,
    ProtocolError,
    TransientError,
    VendorError,
)
from custom_components.joulekeeper.vendors.redback.portal import parse_page
from custom_components.joulekeeper.vendors.redback.session import (
    RedbackSession,
    validate,
)
from tests.clouds import Fault

from .conftest import SITE_A, A, Bench, MakeBench

SOFTWARE = "2.17.32401.2"
LOGIN = ["portal_login_page", "portal_login", "portal_home"]
SET_AUTO = [*LOGIN, "portal_control", "portal_set_mode"]


@pytest.mark.parametrize("field", ["portal_email", "portal_password"])
async def test_wrong_login(bench: Bench, field: str) -> None:
    """The form once more with a 200 is a refusal, of this option alone."""
    portal = bench.portal(**{field: "wrong"})
    with pytest.raises(OptionAuthError) as raised:
        await portal.check_login()
    assert raised.value.option == "portal"
    with pytest.raises(OptionAuthError):
        await portal.panels(A)
    assert bench.cloud.requests.count("portal_login") == 2


async def test_login_with_odd_characters(bench: Bench) -> None:
    """The form carries any password."""
    bench.cloud.accounts[0].portal_password = "p&a=s+s%20 \xe9"
    await bench.portal().check_login()


async def test_panels(bench: Bench) -> None:
    """Sizes in W, numbers and directions of both inputs."""
    first, second = (await bench.portal().panels(A)).groups
    assert (first.size_w, first.panels, first.direction) == (3800, 12, "N")
    assert (second.size_w, second.panels, second.direction) == (2800, 8, "NE")
    assert bench.cloud.requests.labels() == [*LOGIN, "portal_installation"]


async def test_panels_with_an_empty_size(make_bench: MakeBench) -> None:
    """An empty field costs its own value only (dossier 7.1)."""
    bench = await make_bench(fixture="C")
    groups = (await bench.portal().panels(bench.cloud.serials[0])).groups
    assert [(group.size_w, group.panels) for group in groups] == [(None, 12), (2800, 8)]


@pytest.mark.parametrize(
    "page", ["", "<form id=form></form>", "<p>Sorry</p>", "<form id=form><select>"]
)
def test_pages_without_panels(page: str) -> None:
    """A page that is not the form has no panels, a form may have none of them."""
    panels = parse_page("/installationdetails/Configure", page).panels
    assert (panels is not None) == ("form" in page)
    assert panels is None or panels.groups == ()


@pytest.mark.parametrize("answer", ["text", "json"])
async def test_set_auto(make_bench: MakeBench, answer: str) -> None:
    """A fresh anti-forgery token, one POST, and the inverter shows it later."""
    bench = await make_bench({"mode_answer": answer})
    bench.cloud.set_base_mode(A, "ExportPower", 1500)
    portal = bench.portal()
    for _ in range(2):
        bench.cloud.requests.clear()
        await portal.set_auto(A, SOFTWARE)
        assert bench.cloud.requests.labels() == SET_AUTO
    assert bench.cloud.portal_mode(A) == {"InverterMode": "Auto", "PowerW": 0}


@pytest.mark.parametrize("expired_xhr", ["redirect", "unauthorized"])
async def test_session_dropped_on_the_way(
    make_bench: MakeBench, expired_xhr: str
) -> None:
    """Neither a success nor a wrong password: the login was good a moment ago."""
    bench = await make_bench({"expired_xhr": expired_xhr})
    bench.cloud.set_base_mode(A, "ExportPower", 1500)
    portal = bench.portal()
    bench.cloud.faults.add(
        "portal_set_mode",
        Fault.FOREIGN_EDIT,
        action=bench.cloud.expire_portal_sessions,
        times=1,
    )
    with pytest.raises(TransientError):
        await portal.set_auto(A, SOFTWARE)
    assert bench.cloud.portal_mode(A)["InverterMode"] == "ExportPower"
    await portal.set_auto(A, SOFTWARE)
    assert bench.cloud.portal_mode(A)["InverterMode"] == "Auto"


async def test_session_dropped_before_the_page(bench: Bench) -> None:
    """A page that turns out to be the login form is not read as panels."""
    for label in ("portal_installation", "portal_control"):
        bench.cloud.faults.add(
            label,
            Fault.FOREIGN_EDIT,
            action=bench.cloud.expire_portal_sessions,
            times=1,
        )
    portal = bench.portal()
    with pytest.raises(TransientError):
        await portal.panels(A)
    with pytest.raises(TransientError):
        await portal.set_auto(A, SOFTWARE)
    assert bench.cloud.requests.count("portal_set_mode") == 0


@pytest.mark.parametrize(
    ("label", "fault", "options", "error"),
    [
        ("portal_login_page", Fault.STATUS, {"status": 503}, TransientError),
        ("portal_login_page", Fault.HTML, {}, ProtocolError),
        ("portal_control", Fault.HTML, {}, ProtocolError),
        ("portal_set_mode", Fault.DROP, {"done": True}, OutcomeUnknown),
        ("portal_set_mode", Fault.STATUS, {"status": 500}, OutcomeUnknown),
    ],
)
async def test_portal_trouble(
    bench: Bench,
    label: str,
    fault: Fault,
    options: dict[str, Any],
    error: type[VendorError],
) -> None:
    """None of it looks like a wrong password, and no POST is repeated."""
    bench.cloud.faults.add(label, fault, **options)
    with pytest.raises(VendorError) as raised:
        await bench.portal().set_auto(A, SOFTWARE)
    assert type(raised.value) is error
    assert bench.cloud.requests.count("portal_set_mode") <= 1


async def test_login_refused_by_status(bench: Bench) -> None:
    """A 401 while logging in is a refusal as well."""
    bench.cloud.faults.add("portal_login", Fault.STATUS, status=401)
    with pytest.raises(OptionAuthError):
        await bench.portal().check_login()


async def test_refused_login_forgery(bench: Bench) -> None:
    """A server error while logging in is the portal's trouble, not the user's."""
    bench.cloud.faults.add("portal_login", Fault.STATUS, status=500)
    with pytest.raises(TransientError):
        await bench.portal().check_login()


async def test_portal_down_while_the_api_works(bench: Bench) -> None:
    """Only what comes from the portal is missing."""
    session = RedbackSession(bench.connection())
    bench.cloud.faults.add("GET /(Account|ui|installation)", Fault.STATUS, status=502)
    topology = await session.topology.fetch()
    endpoints = session.endpoints(topology)
    optional = [endpoint for endpoint in endpoints if not endpoint.essential]
    assert [endpoint.reading.name for endpoint in optional] == ["panels"]
    for endpoint in endpoints:
        if endpoint.essential:
            await endpoint.fetch()
    with pytest.raises(TransientError):
        await optional[0].fetch()


@pytest.mark.parametrize(
    ("changes", "rejected"),
    [
        ({}, set()),
        ({"portal_email": None, "portal_password": None}, set()),
        ({"portal_password": "wrong"}, {"portal"}),
    ],
)
async def test_validation(
    bench: Bench, changes: dict[str, Any], rejected: set[str]
) -> None:
    """The account is opened by the API; a wrong portal password is told beside it."""
    account = await validate(bench.connection(**changes))
    assert account.id == bench.cloud.credentials["client_id"]
    assert account.systems == {SITE_A}
    assert account.rejected_sections == rejected
    logins = bench.cloud.requests.count("portal_login")
    assert logins == (0 if "portal_email" in changes else 1)
