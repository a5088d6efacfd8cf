"""Envelopes and business codes (1.3, 1.4, 7.6)."""

from datetime import datetime
from typing import Any, Literal

from aiohttp import web

from .behaviour import Behaviour
from .compact import answer

SUCCESS = 200
PARAMETER = 6001
NOT_OWNED = 6002
ALREADY_BOUND = 6003
CHECK_CODE = 6004
NOT_BOUND = 6005
CLOCK = 6006
SIGN = 6007
SET_FAILED = 6008
WHITELIST = 6009
NO_DATA = 6016
NOT_ENTITLED = 6017
FAILED = 6029
UNKNOWN_SN = 6038
OFFLINE = 6042
VERIFICATION_CODE = 6046
TOO_FAST = 6053
MALFORMED = 10001

OUT_OF_TIME = "The request timestamp is not within the validity period"

# What the real cloud said where somebody saw it, else the portal's words.
_TEXTS = {
    SUCCESS: "Success",
    PARAMETER: "Parameter error",
    NOT_OWNED: "The SN is not bound to the user",
    ALREADY_BOUND: "You have bound this SN!",
    CHECK_CODE: "CheckCode error",
    NOT_BOUND: "This appId is not bound to the SN",
    CLOCK: "Timestamp error",
    SIGN: "Sign check error",
    SET_FAILED: "Set failed",
    WHITELIST: "Whitelist verification failed",
    6010: "Sign is empty",
    6011: "timestamp is empty",
    6012: "AppId is empty",
    NO_DATA: "Data does not exist or has been deleted",
    NOT_ENTITLED: "No operation permissions",
    6026: "internal error",
    FAILED: "operation failed",
    UNKNOWN_SN: "system sn does not exist",
    OFFLINE: "system offline",
    VERIFICATION_CODE: "The verification code is incorrect or expired",
    TOO_FAST: "The maximum number of requests has been reached",
    MALFORMED: "Parameter Error",
}

# Chinese was seen, its words were not recorded: these are invented.
_CHINESE = {SUCCESS: "操作成功", NOT_BOUND: "该appId未绑定此SN"}
_CHINESE_OTHER = "操作失败"

# Raised before anybody is known; these come without data, expMsg and extra (1.3).
_OF_SIGNING = frozenset({CLOCK, SIGN, WHITELIST, 6010, 6011, 6012})


class ApiError(Exception):
    """A refusal. `exp_msg` names the bad parameter, `text` replaces the usual one."""

    def __init__(
        self, code: int, exp_msg: str | None = None, text: str | None = None
    ) -> None:
        """Refuse with a business code."""
        super().__init__(f"{code} {exp_msg or ''}")
        self.code = code
        self.exp_msg = exp_msg
        self.text = text or _TEXTS[code]

    def body(self, behaviour: Behaviour) -> dict[str, Any]:
        """Return it in the form that is switched on."""
        text = self.text
        if behaviour.localised != "none":
            text = _CHINESE.get(self.code, _CHINESE_OTHER)
        if self.code in _OF_SIGNING and behaviour.auth_body == "two_keys":
            return {"code": self.code, "msg": text}
        return _envelope(self.code, text, self.exp_msg, None)


def _envelope(code: int, text: str, exp_msg: str | None, data: Any) -> dict[str, Any]:
    return {"code": code, "msg": text, "expMsg": exp_msg, "data": data, "extra": None}


def success(data: Any, behaviour: Behaviour) -> dict[str, Any]:
    """Return the envelope of a good answer."""
    chinese = behaviour.localised == "all"
    return _envelope(SUCCESS, (_CHINESE if chinese else _TEXTS)[SUCCESS], None, data)


def spring_error(path: str, status: Literal[404, 405], now: datetime) -> web.Response:
    """Return what the framework says before the API is reached (1.2)."""
    body = {
        "timestamp": now.isoformat(timespec="milliseconds"),
        "status": status,
        "error": {404: "Not Found", 405: "Method Not Allowed"}[status],
        "path": path,
    }
    return answer(body, now, status)
