"""Login, session, rights and hosts of the fake FusionSolar cloud (dossier 1, 7.2)."""

from datetime import timedelta
import re
from typing import Any

import pytest

from . import Fault
from .conftest import MakeFusion
from .fusionsolar_bench import DISPATCH, FUSION_NOW, SECOND, A, FusionBench, charge

pytestmark = pytest.mark.usefixtures("socket_enabled")

WRONG = {
    "success": False,
    "failCode": 20400,
    "data": None,
    "params": {},
    "message": "user.login.user_or_value_invalid",
}
OVER = {
    "data": "ACCESS_FREQUENCY_IS_TOO_HIGH",
    "failCode": 407,
    "params": None,
    "success": False,
}
EXPIRED = {
    "success": False,
    "data": None,
    "failCode": 305,
    "params": None,
    "message": "USER_MUST_RELOGIN",
}
REAL = ("getStationRealKpi", {"stationCodes": A})


async def _plants(bench: FusionBench) -> Any:
    return await bench.ask("stations", {"pageNo": 1})


async def test_login_on_the_wire(make_fusion: MakeFusion) -> None:
    """The token comes as header and cookie, and the body is as recorded."""
    bench = await make_fusion()
    keys = bench.cloud.credentials
    form = {"userName": keys["user_name"], "systemCode": keys["system_code"]}
    response = await bench.send("login", form)
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
    token = response.headers["xsrf-token"]
    assert re.fullmatch("x-[0-9a-z]{100}", token)
    cookie = response.headers["Set-Cookie"]
    assert cookie == f"XSRF-TOKEN={token};Path=/;Secure"
    assert await response.text() == (
        '{"data":null,"success":true,"failCode":0,"params":{},"message":null}'
    )
    bench.cloud.behaviour.login_notice = "See our notice"
    bench.cloud.behaviour.login_form = "2019"
    bench.cloud.behaviour.token_delivery = "cookie"
    response = await bench.send("login", form)
    assert "xsrf-token" not in response.headers
    assert token not in response.headers["Set-Cookie"]
    assert await response.json() == {
        "buildCode": "2",
        "data": None,
        "failCode": 0,
        "message": "See our notice",
        "params": None,
        "success": True,
    }


async def test_one_session_of_thirty_minutes(make_fusion: MakeFusion) -> None:
    """It ends by time, by a login elsewhere, by logout, or without its header."""
    bench = await make_fusion()
    first = bench.token
    bench.clock.advance(seconds=1799)
    assert (await _plants(bench))["failCode"] == 0
    bench.clock.advance(seconds=1)
    assert await _plants(bench) == EXPIRED
    await bench.log_in()
    assert bench.token != first
    assert (await _plants(bench))["failCode"] == 0
    bench.cloud.log_in_elsewhere()
    assert await _plants(bench) == EXPIRED
    bench.cloud.behaviour.relogin = 306
    body = {"failCode": 306, "immediately": True, "message": "USER_MUST_RELOGIN"}
    assert await _plants(bench) == body
    await bench.log_in()
    token = bench.token
    answer = await bench.ask("logout", {"xsrfToken": token})
    assert (answer["success"], answer["params"]["currentTime"] % 1000) == (True, 0)
    assert (await _plants(bench))["failCode"] == 306
    assert await bench.code("logout", {"xsrfToken": token}) == 20001
    bench.token = None
    assert (await _plants(bench))["failCode"] == 306


async def test_use_may_prolong_the_session(make_fusion: MakeFusion) -> None:
    """Whether it does is not known (10.4)."""
    bench = await make_fusion(behaviour={"token_life": "sliding"})
    for _ in range(3):
        bench.clock.advance(minutes=29)
        assert (await _plants(bench))["failCode"] == 0
    bench.clock.advance(minutes=31)
    assert (await _plants(bench))["failCode"] == 305


async def test_cookie_is_no_login(make_fusion: MakeFusion) -> None:
    """The cookie tells the token, the header carries it."""
    bench = await make_fusion()
    url = bench.cloud.base_url + "/thirdData/stations"
    headers = {"Cookie": f"XSRF-TOKEN={bench.token}"}
    async with bench.session.post(url, json={"pageNo": 1}, headers=headers) as response:
        assert await response.json() == EXPIRED
    headers = {"xsrf-token": bench.token or ""}
    async with bench.session.post(url, json={"pageNo": 1}, headers=headers) as response:
        assert (await response.json())["failCode"] == 0


async def test_wrong_passwords_lock(make_fusion: MakeFusion) -> None:
    """Five in a row lock for half an hour; five logins in ten minutes are all."""
    bench = await make_fusion()
    bench.clock.advance(minutes=11)
    for _ in range(5):
        assert await bench.log_in(systemCode="wrong") == WRONG
    assert await bench.log_in() == OVER
    bench.clock.advance(minutes=10, seconds=1)
    locked = await bench.log_in()
    assert locked["failCode"] == 20400
    assert locked["message"].endswith("lock_default")
    bench.clock.advance(minutes=19)
    assert (await bench.log_in())["failCode"] == 20400
    bench.clock.advance(minutes=1)
    assert (await bench.log_in())["failCode"] == 0


async def test_right_password_clears_the_count(make_fusion: MakeFusion) -> None:
    """Only an unbroken row of wrong ones locks."""
    bench = await make_fusion()
    for wrong in (True, True, True, False, True, True):
        bench.clock.advance(minutes=3)
        code = (await bench.log_in(**({"systemCode": "x"} if wrong else {})))[
            "failCode"
        ]
        assert code == (20400 if wrong else 0)


async def test_accounts_out_of_order(make_fusion: MakeFusion) -> None:
    """Unknown, disabled, and an answer without JSON."""
    bench = await make_fusion(accounts=[["A"], ["B"]])
    assert await bench.log_in(userName="nobody") == WRONG
    bench.cloud.behaviour.unknown_user = "empty"
    response = await bench.send("login", {"userName": "nobody", "systemCode": "x"})
    assert await response.text() == ""
    bench.cloud.accounts[1].refusal = 20002
    refused = await bench.log_in(1)
    assert (refused["failCode"], refused["message"]) == (20002, "")
    assert "currentTime" in refused["params"]
    # The other account's session is none of its business.
    assert (await _plants(bench))["failCode"] == 0


async def test_order_of_the_checks(make_fusion: MakeFusion) -> None:
    """JSON, token, right, quota, arguments, plant right (7.1)."""
    bench = await make_fusion()
    cloud, token = bench.cloud, bench.token
    cloud.grant(A, False)
    cloud.allow("getStationRealKpi", allowed=False)
    cloud.spend("getStationRealKpi")
    response = await bench.send("getStationRealKpi", data="{", token=None)
    assert (await response.json())["failCode"] == 30030
    bench.token = "x-old"
    assert await bench.ask(*REAL) == EXPIRED
    bench.token = token
    assert await bench.ask(*REAL) == {
        "data": None,
        "failCode": 401,
        "message": "Invalid access to current interface!",
        "params": None,
        "success": False,
    }
    cloud.allow("getStationRealKpi")
    assert await bench.ask(*REAL) == OVER
    bench.clock.advance(seconds=301)
    assert await bench.code("getStationRealKpi", {"stationCodes": ""}) == 20010
    bench.clock.advance(seconds=301)
    assert await bench.ask(*REAL) == {
        "success": False,
        "data": None,
        "failCode": 20056,
        "params": {
            "stationCodes": A,
            "currentTime": int(bench.clock().timestamp() * 1000),
        },
        "message": None,
    }
    # The list still shows a plant whose owner has closed it, and login works.
    assert (await _plants(bench))["data"]["total"] == 1
    assert (await bench.dispatch(**charge()))["failCode"] == 20056
    cloud.grant(A)
    bench.clock.advance(seconds=301)
    assert await bench.code(*REAL) == 0


async def test_old_and_new_accounts(make_fusion: MakeFusion) -> None:
    """Only old ones may ask getStationList; its capacity is in MW (2.1)."""
    bench = await make_fusion(fixture="D")
    answer = await bench.ask("getStationList", {})
    assert (answer["failCode"], answer["success"]) == (401, False)
    bench.cloud.accounts[0].old = True
    # The seed posts null.
    rows = await bench.data("getStationList", None)
    assert [row["stationCode"] for row in rows] == [A, SECOND]
    assert rows[0] | {"stationName": ""} == {
        "stationCode": A,
        "stationName": "",
        "stationAddr": "1 Example Street",
        "capacity": 0.0066,
        "buildState": "2",
        "combineType": "3",
        "aidType": 1,
        "stationLinkman": None,
        "linkmanPho": None,
    }
    bench.clock.advance(seconds=61)
    bench.cloud.behaviour.station_list_row = "plant"
    page = await bench.data("getStationList", {"pageNo": 2, "pageSize": 50})
    assert page == {
        "list": [],
        "total": 2,
        "pageCount": 1,
        "pageNo": 2,
        "pageSize": 50,
    }


async def test_rights_by_type_and_item(make_fusion: MakeFusion) -> None:
    """Null or nothing for a type, a missing key for an item (1.8, 7.5)."""
    bench = await make_fusion(behaviour={"device_quota": "per_type"})
    account = bench.cloud.accounts[0]
    account.hidden_types.add(47)
    account.hidden_items |= {"active_power", "day_income"}
    body = {"devIds": "1000000071000014", "devTypeId": 47}
    assert await bench.data("getDevRealKpi", body) is None
    bench.clock.advance(seconds=301)
    bench.cloud.behaviour.missing_rights = "empty"
    assert await bench.data("getDevRealKpi", body) == []
    assert "active_power" not in await bench.real(A, 38)
    [row] = await bench.data(*REAL)
    assert "day_income" not in row["dataItemMap"]
    bench.cloud.allow_control(False)
    assert (await bench.dispatch(**charge()))["failCode"] == 401
    assert bench.cloud.requests.count("dispatch") == 1
    assert DISPATCH.endswith("async-task")


async def test_accounts_see_their_own(make_fusion: MakeFusion) -> None:
    """Another's plants are left out, refused, or refused if they are all (2.2)."""
    bench = await make_fusion(accounts=[["A"], ["D"]], behaviour={"quotas": False})
    both = {"stationCodes": f"{A},{SECOND}"}
    rows = await bench.data("getStationRealKpi", both)
    assert [row["stationCode"] for row in rows] == [A]
    bench.cloud.behaviour.unknown_plant = 20045
    assert await bench.code("getStationRealKpi", both) == 20045
    only = {"stationCodes": SECOND}
    codes = []
    for switch in (20045, 20007):
        bench.cloud.behaviour.all_unknown = switch
        codes.append(await bench.code("getStationRealKpi", only))
    assert codes == [20045, 20007]
    bench.cloud.behaviour.all_unknown = "empty"
    assert await bench.data("getStationRealKpi", only) == []
    stranger = {"devIds": "NE=74000012", "devTypeId": 38}
    assert await bench.code("getDevRealKpi", stranger) == 20046
    await bench.log_in(1)
    bench.cloud.behaviour.row_order = "reversed"
    rows = await bench.data("getStationRealKpi", both)
    assert [row["stationCode"] for row in rows] == [SECOND, A]


async def test_web_host_has_no_api(make_fusion: MakeFusion) -> None:
    """A page, or 404, whatever is asked (1.7)."""
    bench = await make_fusion(behaviour={})
    for host, status in (("html", 200), ("missing", 404)):
        bench.cloud.change(host=host)
        for path in ("login", "stations", "/", "/thirdData/nothing"):
            response = await bench.send(path, {})
            assert (response.status, response.content_type) == (status, "text/html")
    bench.cloud.change(host="api")
    assert (await bench.send("getNothing", {})).status == 404
    response = await bench.session.get(bench.cloud.base_url + "/thirdData/stations")
    assert response.status == 404


async def test_faults_speak_the_vendors_tongue(make_fusion: MakeFusion) -> None:
    """407, 305, a lock, a busy server, and the overload of all (1.1, 7.2)."""
    bench = await make_fusion()
    cloud, faults = bench.cloud, bench.cloud.faults
    faults.add("stations", Fault.THROTTLE, times=1)
    faults.add("stations", Fault.EXPIRED_TOKEN, times=1)
    faults.add("stations", Fault.LOCKED_OUT, times=1)
    cloud.answer_with("stations", 20200)
    cloud.answer_with("stations", 429)
    seen = [(await _plants(bench))["failCode"] for _ in range(5)]
    assert seen == [407, 305, 20400, 20200, 429]
    cloud.answer_with("*", 429, http=True)
    assert (await bench.send("stations", {}, bench.token)).status == 429
    faults.clock_skew = timedelta(minutes=-3)
    answer = await bench.ask(*REAL)
    told = int((FUSION_NOW - timedelta(minutes=3)).timestamp() * 1000)
    assert answer["params"] == {"stationCodes": A, "currentTime": told}
    bench.cloud.lock()
    assert await bench.ask(*REAL) == EXPIRED
    assert (await bench.log_in())["message"].endswith("lock_default")
    assert cloud.over_quota == {}


async def test_what_others_change(make_fusion: MakeFusion) -> None:
    """Plants come, go and are renamed; passwords change; hours are remembered."""
    bench = await make_fusion(fixture="D", behaviour={"quotas": False})
    cloud = bench.cloud
    cloud.rename(A, "New Name")
    cloud.remove(SECOND)
    [row] = (await _plants(bench))["data"]["list"]
    assert (row["plantName"], cloud.serials) == ("New Name", [A])
    cloud.add("D")
    assert (await _plants(bench))["data"]["total"] == 2
    cloud.set_password("another")
    assert await _plants(bench) == EXPIRED
    assert cloud.credentials["system_code"] == "another"
    assert (await bench.log_in())["failCode"] == 0
    cloud.expire_tokens()
    assert await _plants(bench) == EXPIRED
    bench.clock.advance(hours=3)
    hours = cloud.history(A, FUSION_NOW, bench.clock())
    stamps = [hour for hour, _ in hours]
    assert stamps == [FUSION_NOW + timedelta(hours=n) for n in range(4)]
    grown = hours[-1][1].minus(hours[0][1])
    assert grown.pv > 1
    made = grown.pv + grown.imported + grown.discharged
    assert made == pytest.approx(grown.load + grown.exported + grown.charged)
    with pytest.raises(AttributeError):
        cloud.change(no_such_switch=1)
