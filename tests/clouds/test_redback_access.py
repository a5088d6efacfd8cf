"""Tokens and portal of the fake Redback cloud (dossier 6.1, 6.8)."""

import re

import pytest

from .conftest import DYNAMIC, A, Bench, MakeBench

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_tokens(make_bench: MakeBench) -> None:
    """Both endpoints, their refusals, their switches, and the end of a token."""
    bench = await make_bench(behaviour={"expires_in": "3599"})
    secret = dict(bench.cloud.credentials)
    own = {name: secret[name] for name in ("client_id", "client_secret")}
    status, body = await bench.ask("POST", "/Api/v2/Auth/token", data=own)
    assert (status, body["expires_in"]) == (200, "3599")

    assert (await bench.log_in(client_secret="no"))[0] == 401
    status, body = await bench.log_in(client_id="no")
    assert (status, body["error"]) == (400, "unauthorized_client")

    await bench.log_in()
    await bench.data(DYNAMIC)
    bench.cloud.expire_tokens()
    assert (await bench.ask("GET", DYNAMIC))[0] == 401
    await bench.log_in()
    bench.clock.advance(seconds=3600)
    assert (await bench.ask("GET", DYNAMIC))[0] == 401

    bench.cloud.behaviour.entra_endpoint = False
    assert (await bench.log_in())[0] == 400
    bench.cloud.behaviour.own_endpoint = False
    assert (await bench.ask("POST", "/Api/v2/Auth/token", data=own))[0] == 404


def _hidden(page: str) -> str:
    match = re.search(r'type="hidden" value="(\w+)"', page)
    assert match
    return match[1]


async def _portal_login(bench: Bench, password: str) -> tuple[int, str]:
    _, page = await bench.ask("GET", "/Account/Login")
    return await bench.ask(
        "POST",
        "/Account/Login",
        data={
            "Email": bench.cloud.portal["portal_email"],
            "Password": password,
            "__RequestVerificationToken": _hidden(page),
        },
    )


async def test_portal_login(make_bench: MakeBench) -> None:
    """A wrong password is the form again with 200; a wrong token is a 500."""
    bench = await make_bench()
    status, page = await _portal_login(bench, "wrong")
    assert status == 200
    assert 'class="login-form"' in page
    status, page = await bench.ask("GET", f"/productcontrol/Configure?serialNumber={A}")
    assert 'class="login-form"' in page

    good = bench.cloud.portal["portal_password"]
    form = {"Email": bench.cloud.portal["portal_email"], "Password": good}
    assert (await bench.ask("POST", "/Account/Login", data=form))[0] == 500

    status, page = await _portal_login(bench, good)
    assert status == 200
    assert "login-form" not in page


async def test_portal_set_mode(make_bench: MakeBench) -> None:
    """The POST needs its own token, the XHR header and a living session."""
    bench = await make_bench()
    await _portal_login(bench, bench.cloud.portal["portal_password"])
    configure = f"/productcontrol/Configure?serialNumber={A}"
    _, page = await bench.ask("GET", configure)
    form = {
        "SerialNumber": A,
        "AppliedTariffId": "",
        "InverterOperation[Type]": "Set",
        "InverterOperation[Mode]": "ImportPower",
        "InverterOperation[PowerInWatts]": "1200",
        "InverterOperation[AppliedTarrifId]": "",
        "ProductModelName": "",
        "RossVersion": "2.17.32401.2",
        "__RequestVerificationToken": _hidden(page),
    }

    async def post(xhr: bool = True, **changed: str) -> tuple[int, str]:
        headers = {"X-Requested-With": "XMLHttpRequest"} if xhr else {}
        async with bench.session.post(
            f"{bench.cloud.base_url}/productcontrol/Index",
            data=form | changed,
            headers=headers,
        ) as response:
            return response.status, await response.text()

    assert (await post(__RequestVerificationToken="0"))[0] == 500
    assert (await post(xhr=False))[0] == 400
    assert bench.cloud.portal_mode(A)["InverterMode"] == "Auto"
    assert (await post())[0] == 200
    assert bench.cloud.portal_mode(A) == {"InverterMode": "ImportPower", "PowerW": 1200}
    bench.to_tick()
    assert await bench.mode() == "ImportPower"
    bench.cloud.expire_portal_sessions()
    assert "login-form" in (await post())[1]
    bench.cloud.behaviour.expired_xhr = "unauthorized"
    assert (await post())[0] == 401
