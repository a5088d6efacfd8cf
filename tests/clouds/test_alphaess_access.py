"""Signing, envelopes and binding of the fake AlphaESS cloud (dossier 1, 2.9, 7.6)."""

from datetime import timedelta
import json

import pytest

from . import Fault
from .alphaess import ACCOUNTS, sign
from .alphaess_bench import ALPHA_NOW, A, B, C, charge_body
from .conftest import MakeAlpha

pytestmark = pytest.mark.usefixtures("socket_enabled")


def test_signature() -> None:
    """The dossier's test vector (1.1)."""
    assert sign(
        "alphatest0000000001", "0123456789abcdef0123456789abcdef", "1700000000"
    ) == (
        "598a1826550ca977d69ed8b8482f58fee1e5c7133b7cfac09e2f163a74049e28"
        "e5c1dff7cd4af3c37e253f418c122a79f037553367d61a9331d5e23c6b34a8a6"
    )


async def test_wire_form(make_alpha: MakeAlpha) -> None:
    """Compact JSON in the recorded order, with the recorded decimals and headers."""
    bench = await make_alpha()
    url = bench.cloud.base_url + "/api/getEssList"
    # Header names have no case, and a body on GET is no harm.
    headers = {name.lower(): value for name, value in bench.headers().items()}
    async with bench.session.get(url, headers=headers, json={}) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Server"] == "nginx/1.20.1"
        assert response.headers["Date"] == "Wed, 18 Nov 2026 13:30:00 GMT"
        assert await response.text() == (
            '{"code":200,"msg":"Success","expMsg":null,"data":[{"sysSn":'
            '"ALX000000000001","popv":6.60,"minv":"SMILE5-INV","poinv":5.00,'
            '"cobat":10.10,"mbat":"SMILE-BAT-10.1P","surplusCobat":9.09,'
            '"usCapacity":90.00,"emsStatus":"Normal"}],"extra":null}'
        )
    _, text = await bench.raw("POST", "updateChargeConfigInfo", json=charge_body())
    success = '{"code":200,"msg":"Success","expMsg":null,"data":null,"extra":null}'
    assert text == success
    assert len(text) == 67


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"appId": "", "timeStamp": "", "sign": ""}, 6012),
        ({"timeStamp": "", "sign": ""}, 6011),
        ({"sign": ""}, 6010),
        ({"timeStamp": "1", "sign": "wrong"}, 6009),
        ({"timeStamp": "soon"}, 6009),
        ({"sign": "0" * 128}, 6007),
        ({"sign": "ß"}, 6007),
        ({"appId": "alphatest0000000099"}, 6007),
    ],
)
async def test_order_of_the_gate(
    make_alpha: MakeAlpha, headers: dict[str, str], code: int
) -> None:
    """Fields go before the clock, the clock before the signature (7.1)."""
    bench = await make_alpha()
    status, text = await bench.raw("GET", "getEssList", bench.headers(0, **headers))
    assert status == 200
    body = json.loads(text)
    assert body["code"] == code
    assert list(body) == ["code", "msg"]
    bench.cloud.behaviour.auth_body = "envelope"
    _, text = await bench.raw("GET", "getEssList", bench.headers(0, **headers))
    assert list(json.loads(text)) == ["code", "msg", "expMsg", "data", "extra"]


async def test_clock_window(make_alpha: MakeAlpha) -> None:
    """300 s either way; a later server tells it with its Date."""
    bench = await make_alpha()

    async def code(offset_s: int) -> int:
        _, text = await bench.raw("GET", "getEssList", bench.headers(offset_s))
        return int(json.loads(text)["code"])

    assert [await code(s) for s in (-301, -300, 300, 301)] == [6009, 200, 200, 6009]
    bench.cloud.behaviour.skew_answer = 6006
    assert await code(301) == 6006
    bench.cloud.faults.clock_skew = timedelta(seconds=301)
    assert [await code(0), await code(1)] == [6006, 200]
    # Milliseconds are as good as the wrong century.
    late = bench.headers(timeStamp=bench.headers()["timeStamp"] + "000")
    _, text = await bench.raw("GET", "getEssList", late)
    assert json.loads(text)["code"] == 6006


async def test_verbs_and_paths(make_alpha: MakeAlpha) -> None:
    """The framework answers before the gate does (1.2)."""
    bench = await make_alpha()
    for method, path, status, error in (
        ("POST", "getVerificationCode", 405, "Method Not Allowed"),
        ("GET", "bindSn", 405, "Method Not Allowed"),
        ("GET", "getNothing", 404, "Not Found"),
    ):
        body = (
            '{"timestamp":"2026-11-18T13:30:00.000+00:00",'
            f'"status":{status},"error":"{error}","path":"/api/{path}"}}'
        )
        assert await bench.raw(method, path, {}) == (status, body)


async def test_accounts_see_their_own(make_alpha: MakeAlpha) -> None:
    """Two systems, one, none; another's is 6005 and nobody's is 6038."""
    bench = await make_alpha(accounts=ACCOUNTS)
    seen = []
    for bench.account in range(3):
        seen.append([s["sysSn"] for s in await bench.data("getEssList", None)])
    assert seen == [[A, B], [C], []]
    bench.account = 1
    for serial, code in ((A, 6005), ("ALX9", 6038), (None, 6001), (C, 200)):
        assert (await bench.get("getChargeConfigInfo", serial))["code"] == code
    # Binding goes before entitlement.
    assert (await bench.get("getTimeChargeBySn", B))["code"] == 6005


async def test_whitelist_pace_and_language(make_alpha: MakeAlpha) -> None:
    """Who may ask, how often, and in which language the refusal comes."""
    bench = await make_alpha(behaviour={"whitelist": frozenset({"192.0.2.1"})})
    body = await bench.get("getEssList")
    assert body == {"code": 6009, "msg": "Whitelist verification failed"}
    bench.cloud.behaviour.whitelist = frozenset({"127.0.0.1"})
    assert (await bench.get("getEssList"))["code"] == 200
    bench.cloud.behaviour.call_gap_s = 10
    assert (await bench.get("getEssList"))["code"] == 6053
    bench.clock.advance(seconds=10)
    assert (await bench.get("getEssList"))["code"] == 200
    bench.cloud.behaviour.call_gap_s = 0
    bench.cloud.behaviour.localised = "errors"
    assert not (await bench.get("getChargeConfigInfo", B))["msg"].isascii()
    assert (await bench.get("getEssList"))["msg"] == "Success"
    bench.cloud.behaviour.localised = "all"
    assert not (await bench.get("getEssList"))["msg"].isascii()


async def test_faults_speak_the_vendors_tongue(make_alpha: MakeAlpha) -> None:
    """A throttle is 6053 in HTTP 200, an outage is nginx's page."""
    bench = await make_alpha()
    faults = bench.cloud.faults
    faults.add("getEssList", Fault.THROTTLE, times=1)
    faults.add("getEssList", Fault.EXPIRED_TOKEN, times=1)
    faults.add("getEssList", Fault.LOCKED_OUT, times=1)
    faults.add("getEssList", Fault.NULL, key="data", times=1)
    assert [(await bench.get("getEssList"))["code"] for _ in range(3)] == [
        *(6053, 6007, 6009)
    ]
    assert (await bench.get("getEssList"))["data"] is None
    faults.add("getEssList", Fault.STATUS, status=502, times=1)
    status, _ = await bench.raw("GET", "getEssList")
    assert status == 502
    assert bench.cloud.requests.counts() == {"getEssList": 5}


async def test_binding_walk(make_alpha: MakeAlpha) -> None:
    """A code by mail, bind, listed, unbind, gone (2.9)."""
    bench = await make_alpha(fixture="E")
    cloud = bench.cloud

    async def ask(serial: str, check: str) -> int:
        body = await bench.get("getVerificationCode", serial, checkCode=check)
        return int(body["code"])

    assert await bench.data("getEssList", None) == []
    assert await ask("ALX9", "CHK000000001") == 6038
    assert await ask(A, "wrong") == 6004
    assert await ask("ALX000000000005", "CHK000000005") == 6002
    assert cloud.verification_code(A) is None
    assert await ask(A, "CHK000000001") == 200
    assert cloud.verification_code(A) == "4821"
    assert await bench.write("bindSn", {"sysSn": A, "code": "1111"}) == 6046
    assert await bench.write("bindSn", {"sysSn": A, "code": 4821}) == 200
    assert await bench.write("bindSn", {"sysSn": A, "code": 4821}) == 6003
    body = await bench.get("getVerificationCode", A, checkCode="CHK000000001")
    assert (body["code"], body["msg"]) == (6003, "You have bound this SN!")
    assert cloud.serials == [A]
    assert await bench.write("unBindSn", {"sysSn": A}) == 200
    assert await bench.write("unBindSn", {"sysSn": A}) == 6005
    assert await bench.data("getEssList", None) == []
    assert bench.clock() == ALPHA_NOW
