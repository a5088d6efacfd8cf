"""Who gets into the fake Anker cloud, and how often (dossier 2, 3, 9.1, 9.6)."""

import asyncio
from typing import Any

import aiohttp
import pytest

from .anker import VENDOR_KEY
from .anker_bench import (
    APP,
    ENERGY,
    GET_PARAM,
    LOAD,
    SCENE,
    SET_PARAM,
    SITE,
    SN_A,
    SN_C,
    A,
    C,
    encrypted,
)
from .anker_examples import LOGIN, differences
from .conftest import MakeAnker
from .faults import Fault

pytestmark = pytest.mark.usefixtures("socket_enabled")

LIST = f"{SITE}/get_site_list"
BIND = f"{APP}/get_relate_and_bind_devices"


async def test_login(make_anker: MakeAnker) -> None:
    """A password that was encrypted for this server opens the door for a week."""
    bench = await make_anker()
    body = await bench.log_in()
    assert differences(body, LOGIN) == []
    data = body["data"]
    assert data["user_id"] == bench.cloud.accounts[0].user_id
    assert len(data["user_id"]) == 40
    assert data["token_expires_at"] == int(bench.clock().timestamp()) + 604800
    assert data["server_secret_info"]["public_key"] == bench.cloud.server_public_key
    response = await bench.send(LIST)  # no body at all, as the seed's library
    assert response.status == 200
    assert response.headers["Bizcode"] == "0"
    assert response.headers["Trace"] == (await response.json())["trace_id"]


async def test_wrong_key_and_password(make_anker: MakeAnker) -> None:
    """What was encrypted for another server or is another password is refused."""
    bench = await make_anker()
    account = bench.cloud.accounts[0]
    key, text = encrypted(account.password, VENDOR_KEY)
    wrong: Any = {"client_secret_info": {"public_key": key}, "password": text}
    assert (await bench.log_in(**wrong))["code"] == 26156
    assert (await bench.log_in(clear="another"))["code"] == 26156
    assert (await bench.log_in(email="stranger@example.invalid"))["code"] == 26156
    bad: Any = {"client_secret_info": {"public_key": "04" + "1" * 128}}
    assert (await bench.log_in(**bad))["code"] == 26070
    bench.cloud.change(wrong_password=26108)
    assert (await bench.log_in(clear="another"))["code"] == 26108
    assert "data" not in await bench.log_in(clear="another")
    assert await bench.data(LIST)  # the old session does not mind


async def test_opaque(make_anker: MakeAnker) -> None:
    """An unmodified client encrypts for the vendor; then the account decides."""
    bench = await make_anker(behaviour={"crypto": "opaque"})
    account = bench.cloud.accounts[0]
    _, text = encrypted("whatever it is", VENDOR_KEY)
    assert len(text) == 24
    assert (await bench.log_in(password=text))["code"] == 0
    assert (await bench.log_in(password="bm90IDE2"))["code"] == 26156
    account.wrong = True
    assert (await bench.log_in(password=text))["code"] == 26156


@pytest.mark.parametrize(
    "wrong",
    [
        {"ab": "de"},
        {"time_zone": 3600},
        {"time_zone": "3600000"},
        {"transaction": "12345"},
        {"transaction": 1234567890123},
        {"enc": 1},
        {"client_secret_info": None},
    ],
)
async def test_login_form(make_anker: MakeAnker, wrong: dict[str, Any]) -> None:
    """What no client sends is HTTP 400 with a text (9.1.3)."""
    bench = await make_anker()
    response = await bench.send("passport/login", bench.login_body(**wrong))
    assert response.status == 400
    assert (await response.text()).startswith("error: ")


@pytest.mark.parametrize(
    "header", ["app-name", "model-type", "os-type", "country", "timezone"]
)
async def test_headers(make_anker: MakeAnker, header: str) -> None:
    """Every call carries the client's marks (2.4)."""
    bench = await make_anker()
    assert (await bench.send(LIST, {}, headers={header: "?"})).status == 400
    bench.cloud.change(strict_headers=False)
    assert (await bench.send(LIST, {}, headers={header: "?"})).status == 200


async def test_token(make_anker: MakeAnker) -> None:
    """Token and gtoken belong together, and end."""
    bench = await make_anker()
    for headers in ({"gtoken": "0" * 32}, {"x-auth-token": "0" * 48}):
        response = await bench.send(LIST, {}, headers=headers)
        assert response.status == 401
        assert (await response.json())["code"] == 26084
    bench.cloud.expire_tokens(30)
    await bench.log_in()
    bench.forward(seconds=29)
    assert (await bench.send(LIST, {})).status == 200
    bench.forward(seconds=1)
    assert (await bench.send(LIST, {})).status == 401
    await bench.log_in()
    bench.cloud.revoke_tokens()
    assert (await bench.send(LIST, {})).status == 401
    assert len(bench.cloud.logins) == 3


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ("401", 401, 26084),
        ("401_html", 401, None),
        ("403", 403, 26084),
        ("200", 200, 26084),
    ],
)
async def test_kicked_out(
    make_anker: MakeAnker, form: str, status: int, code: int | None
) -> None:
    """A login elsewhere ends this session, in several forms (2.7)."""
    bench = await make_anker(behaviour={"kick_form": form})
    bench.cloud.log_in_elsewhere()
    response = await bench.send(LIST, {})
    assert response.status == status
    if code is None:
        assert response.content_type == "text/html"
    else:
        assert (await response.json())["code"] == code


async def test_parallel_sessions(make_anker: MakeAnker) -> None:
    """Owners may hold several tokens since mid-2025 (2.7)."""
    bench = await make_anker(behaviour={"single_token": False})
    bench.cloud.log_in_elsewhere()
    assert (await bench.send(LIST, {})).status == 200


async def test_lock(make_anker: MakeAnker) -> None:
    """Ten wrong passwords lock the account, and every try makes it longer (2.7)."""
    bench = await make_anker()
    for _ in range(10):
        assert (await bench.log_in(clear="wrong"))["code"] == 26156
    body = await bench.log_in()
    assert (body["code"], body["msg"]) == (100053, "Please try again in 1 hours.")
    bench.forward(minutes=50)
    assert (await bench.log_in())["code"] == 100053
    bench.forward(minutes=50)
    bench.cloud.change(lock_prolongs=False)
    assert (await bench.log_in())["code"] == 100053
    bench.forward(minutes=10)
    assert (await bench.log_in())["code"] == 0
    codes = [login.code for login in bench.cloud.logins]
    assert codes == [0, *[26156] * 10, 100053, 100053, 100053, 0]
    bench.cloud.change(lock_hours=24)
    bench.cloud.lock()
    assert (await bench.log_in())["msg"] == "Please try again in 24 hours."
    assert (await bench.send(LIST, {})).status == 401


async def test_odd_logins(make_anker: MakeAnker) -> None:
    """Verification, a captcha, and success without data."""
    bench = await make_anker()
    for code in (26052, 100032):
        bench.cloud.change(login=code)
        assert (await bench.log_in())["code"] == code
    bench.cloud.change(login="no_data")
    body = await bench.log_in()
    assert (body["code"], body["data"]) == (0, None)


async def test_regions(make_anker: MakeAnker) -> None:
    """The wrong host lets the account in and has nothing to show (2.1)."""
    bench = await make_anker(fixture=("A", "D"), region="com")
    assert len((await bench.data(LIST))["site_list"]) == 1
    home = dict(bench.headers)
    bench.region = "/eu"
    assert (await bench.send(LIST, {})).status == 401  # a token of another host
    assert (await bench.log_in())["code"] == 0
    assert await bench.data(LIST) == {"site_list": []}
    assert await bench.data(BIND) == {"data": []}
    homepage = await bench.data(f"{SITE}/get_site_homepage")
    assert not any(homepage.values())
    assert await bench.code(SCENE, {"site_id": A}) == 10004
    bench.region, bench.headers = "", home
    assert len((await bench.data(LIST))["site_list"]) == 1  # its own session lives
    bench.region = "/com"
    assert len((await bench.data(BIND))["data"]) == 2


async def test_rate_limit(make_anker: MakeAnker) -> None:
    """Ten calls of an endpoint in a minute, whoever asks (3.3)."""
    bench = await make_anker()
    for _ in range(10):
        assert (await bench.send(LIST, {})).status == 200
        bench.forward(seconds=3)
    await bench.log_in(bench.cloud.empty)
    response = await bench.send(LIST, {})
    assert response.status == 429
    assert await response.json() == {
        "error_msg": "Request too soon. Your actions have been recorded."
    }
    assert (await bench.send(BIND, {})).status == 200
    bench.forward(seconds=30)
    assert (await bench.send(LIST, {})).status == 200
    assert (await bench.send(LIST, {})).status == 429
    assert bench.cloud.over_limit == {"site_list": 2}
    assert bench.cloud.calls_per_minute("site_list") == 12
    bench.cloud.change(rate_limit=False)
    assert (await bench.send(LIST, {})).status == 200


async def test_troubles(make_anker: MakeAnker) -> None:
    """Codes in HTTP 200, gateways, and lines that die (9.1)."""
    bench = await make_anker()
    cloud = bench.cloud
    for code in (21105, -1, 10000, 10004, 160003):
        cloud.answer_with("site_list", code)
        body = await bench.ask(LIST)
        assert body["code"] == code
        assert "data" not in body
        assert await bench.code(LIST) == 0
    bench.forward(minutes=1)
    for status in (502, 503, 504):
        cloud.fail_with("site_list", status)
        response = await bench.send(LIST, {})
        assert response.status == status
        assert response.content_type == "text/html"
        assert str(status) in await response.text()
    assert await bench.code("power_service/v1/nowhere") == 10004
    cloud.change(unknown_path=404)
    assert (await bench.send("power_service/v1/nowhere", {})).status == 404
    cloud.faults.add("site_list", Fault.CUT, times=1)
    with pytest.raises(aiohttp.ClientError):
        await bench.send(LIST, {})
    cloud.faults.add("site_list", Fault.HANG, times=1)
    with pytest.raises(TimeoutError):
        await bench.send(LIST, {}, timeout=aiohttp.ClientTimeout(0.05))
    cloud.faults.add("site_list", Fault.EXPIRED_TOKEN, times=1)
    cloud.faults.add("site_list", Fault.THROTTLE, times=1)
    found = [(await bench.send(LIST, {})).status for _ in range(3)]
    assert found == [401, 429, 200]


async def test_bad_parameters(make_anker: MakeAnker) -> None:
    """Validation answers HTTP 400 with a text (3.2)."""
    bench = await make_anker()
    response = await bench.send(GET_PARAM, {"site_id": C, "param_type": "9"})
    assert response.status == 400
    text = await response.text()
    assert text.startswith('error: value "9" is not defined in options "[1 2 3')
    for body in (
        {"site_id": A, "param_type": 4},
        {"param_type": "4"},
    ):
        assert (await bench.send(GET_PARAM, body)).status == 400
    good = {"site_id": A, "param_type": "4", "cmd": 17, "param_data": "{}"}
    wrongs: list[Any] = [{"cmd": "17"}, {"param_data": "{"}, {"param_data": {}}]
    for wrong in wrongs:
        assert (await bench.send(SET_PARAM, good | wrong)).status == 400
    assert (await bench.send(LIST, data=b"{")).status == 400
    assert await bench.code(GET_PARAM, {"site_id": A, "param_type": "18"}) == 10004
    assert await bench.code(GET_PARAM, {"site_id": "no", "param_type": "4"}) == 10004
    bench.cloud.change(enforced_type="served")
    assert (await bench.param("9", C))["ranges"][0]["turn_on"] is None


async def test_member(make_anker: MakeAnker) -> None:
    """A member sees the overview and energies, and nothing of the devices (9.6)."""
    bench = await make_anker()
    owner = await bench.scene(C)
    await bench.log_in(bench.cloud.member)
    [site] = (await bench.data(LIST))["site_list"]
    assert (site["site_id"], site["ms_type"]) == (C, 2)
    assert await bench.scene(C) == owner
    assert (await bench.energy("home_usage", "2026-05-03", site=C))["power"]
    assert await bench.data(BIND) == {"data": []}
    assert await bench.data(f"{APP}/get_auto_upgrade") == {
        "main_switch": False,
        "device_list": None,
    }
    asked = {"device_sn": SN_C, "attributes": ["rssi"]}
    attributes = await bench.data(f"{APP}/device/get_device_attrs", asked)
    assert attributes == {"device_sn": SN_C, "attributes": {}}
    solar = {"solarbank_sn": SN_C}
    info = await bench.data(f"{APP}/compatible/get_compatible_solar_info", solar)
    assert info["solar_brand"] == "Others"
    update = {"device_sn": SN_C, "insert_sn": ""}
    assert await bench.code(f"{APP}/compatible/get_ota_update", update) == -1
    for path, body in (
        (GET_PARAM, {"site_id": C, "param_type": "6"}),
        (f"{SITE}/get_wifi_info_list", {"site_id": C}),
        (f"{SITE}/get_site_price", {"site_id": C, "accuracy": 5}),
        (f"{APP}/compatible/get_power_cutoff", {"site_id": C, "device_sn": SN_C}),
        (f"{APP}/get_relate_device_fittings", {"site_id": C, "device_sn": SN_C}),
    ):
        assert await bench.code(path, body) == 160003
    bench.cloud.change(member_refusal=10003)
    assert (await bench.put("6", {"mode_type": 3}, C))["code"] == 10003
    assert bench.cloud.param(C, "6")["mode_type"] == 1


async def test_accounts(make_anker: MakeAnker) -> None:
    """One has nothing, one has two systems; what is sold is gone."""
    bench = await make_anker(accounts=[("A", "C"), ("B", "D")])
    assert len((await bench.data(LIST))["site_list"]) == 2
    assert await bench.code(LOAD, {"site_id": A, "device_sn": SN_A}) == 0
    bench.cloud.rename(A, "Loggia")
    bench.cloud.rename(A, "Big one", SN_A)
    assert (await bench.data(LIST))["site_list"][0]["site_name"] == "Loggia"
    [bank] = (await bench.scene(A))["solarbank_info"]["solarbank_list"]
    assert bank["device_name"] == "Big one"
    bench.cloud.remove(A)
    assert len((await bench.data(LIST))["site_list"]) == 1
    assert await bench.code(SCENE, {"site_id": A}) == 10004
    await bench.log_in(bench.cloud.accounts[1])
    names = [row["device_sn"] for row in (await bench.data(BIND))["data"]]
    assert names == ["FAKESB1B00000001", "FAKESB1B00000002", "FAKEMI800001"]
    await bench.log_in(bench.cloud.empty)
    assert await bench.data(LIST) == {"site_list": []}
    assert await bench.data(BIND) == {"data": []}
    asked = {"site_id": C, "device_sn": "", "device_type": "grid", "type": "week"}
    dates = {"start_time": "2026-05-04", "end_time": "2026-05-04"}
    assert await bench.code(ENERGY, asked | dates) == 10004


async def test_ten_at_once(make_anker: MakeAnker) -> None:
    """Calls side by side count one by one."""
    bench = await make_anker()
    found = await asyncio.gather(*(bench.send(LIST, {}) for _ in range(12)))
    assert sorted(response.status for response in found) == [200] * 10 + [429] * 2
