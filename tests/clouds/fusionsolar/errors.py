"""failCodes and envelopes (1.1, 1.4, 7.2, 7.9)."""

from collections.abc import Mapping
import json
from typing import Any, Literal

from aiohttp import web

NOT_LOGGED_IN = 305
NO_RIGHT = 401
TOO_OFTEN = 407
PARTLY = 1
ALL_FAILED = 2
WRONG_TYPE = 20006
NO_PLANT = 20007
NO_DEVICE = 20008
PLANTS_EMPTY = 20010
DEVICES_EMPTY = 20011
TIME_EMPTY = 20012
TYPE_UNSUPPORTED = 20013
MANY_PLANTS = 20014
MANY_DEVICES = 20016
START_AFTER_END = 20023
LANGUAGE_EMPTY = 20024
LANGUAGE_INVALID = 20025
SWITCH_INVALID = 20040
CONTROL_TYPE_MISSING = 20041
TARGET_INVALID = 20042
DURATION_INVALID = 20043
REQUEST_ID_EMPTY = 20044
PLANT_RIGHT = 20045
DEVICE_RIGHT = 20046
POWER_INVALID = 20047
REQUEST_ID_UNKNOWN = 20050
BOTH_EMPTY = 20055
NOT_GRANTED = 20056
BAD_LOGIN = 20400
TIMES_REVERSED = 20604
TIME_NEGATIVE = 20605
TASKS_EMPTY = 20607
DUPLICATE_PLANTS = 20608
NETWORKING = 20609
OUT_OF_RANGE = 20611
VALUE_NULL = 20612
COMMUNICATION = 20614
STILL_RUNNING = 20615
TASK_ID_EMPTY = 20616
DAILY_MAXIMUM = 20618
TASK_ID_UNKNOWN = 20620
PAGE_EMPTY = 30004
ONE_OF_TWO_TIMES = 30007
PAGE_NEGATIVE = 30021
PARAMETER = 30030
MANY_HISTORIES = 30031
LONG_HISTORY = 30032

INVALID_LOGIN = "user.login.user_or_value_invalid"
NO_ACCESS = "Invalid access to current interface!"
RELOGIN = "USER_MUST_RELOGIN"
TOO_FREQUENT = "ACCESS_FREQUENCY_IS_TOO_HIGH"
SAME_VALUE = "The configured value is the same as the current value."

_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body>{0}</body></html>"


class ApiError(Exception):
    """A refusal in HTTP 200.

    `echo`: the parameters come back beside it. `data` is there for control tasks
    that failed (2.9).
    """

    def __init__(
        self,
        code: int,
        message: str | None = None,
        *,
        echo: bool = True,
        data: Any = None,
    ) -> None:
        """Refuse with a failCode."""
        super().__init__(f"{code} {message or ''}")
        self.code = code
        self.message = message
        self.echo = echo
        self.data = data


def not_logged_in(code: Literal[305, 306]) -> dict[str, Any]:
    """Return the body of a token that is missing, old or unknown (7.2)."""
    if code == 306:
        return {"failCode": 306, "immediately": True, "message": RELOGIN}
    return {
        "success": False,
        "data": None,
        "failCode": NOT_LOGGED_IN,
        "params": None,
        "message": RELOGIN,
    }


def too_often() -> dict[str, Any]:
    """Return the body over a quota: data is a string (4)."""
    return {
        "data": TOO_FREQUENT,
        "failCode": TOO_OFTEN,
        "params": None,
        "success": False,
    }


def no_access() -> dict[str, Any]:
    """Return the body for an interface that the account may not use (7.2)."""
    return {
        "data": None,
        "failCode": NO_RIGHT,
        "message": NO_ACCESS,
        "params": None,
        "success": False,
    }


def bad_login(message: str = INVALID_LOGIN, code: int = BAD_LOGIN) -> dict[str, Any]:
    """Return the body of a refused login (1.5)."""
    return {
        "success": False,
        "failCode": code,
        "data": None,
        "params": {},
        "message": message,
    }


def answer(
    body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return JSON as the real server does (7)."""
    return web.Response(
        body=json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
        headers={
            "Content-Type": "application/json;charset=UTF-8",
            **(headers or {}),
        },
    )


def page(title: str, status: int = 200) -> web.Response:
    """Return a web page, as a host without the API does (1.7)."""
    return web.Response(
        text=_PAGE.format(title), status=status, content_type="text/html"
    )
