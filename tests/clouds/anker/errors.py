"""Codes and envelopes (3.1, 3.2, 9.1)."""

from collections.abc import Mapping
import hashlib
import json
from typing import Any

from aiohttp import web

FAILED = -1
PARAMETER = 10003
NOT_FOUND = 10004
REQUEST = 10000
BUSY = 21105
VERIFY_CODE = 26052
BAD_KEY = 26070
KICKED_OUT = 26084
LOGIN_LOCKED = 100053
CAPTCHA = 100032
NO_ACCESS = 160003

_MESSAGES = {
    FAILED: "Failed to request.",
    PARAMETER: "Failed to request.",
    NOT_FOUND: "Failed to request.",
    REQUEST: "Failed to request.",
    BUSY: "server busy",
    26055: "password error",
    VERIFY_CODE: "need verify code",
    BAD_KEY: "client public key error",
    KICKED_OUT: "token kicked out",
    26108: "account or password error",
    26156: "account or password error",
    CAPTCHA: "need captcha",
    NO_ACCESS: "no access permission",
}
_GATEWAY = {
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}


class ApiError(Exception):
    """A refusal in HTTP 200."""

    def __init__(self, code: int, message: str | None = None) -> None:
        """Refuse with a code; None is its usual message."""
        super().__init__(f"{code} {message or ''}")
        self.code = code
        self.message = _MESSAGES.get(code, "error") if message is None else message


class BadRequest(Exception):
    """A refusal as HTTP 400 with a text (3.2)."""

    def __init__(self, text: str) -> None:
        """Refuse with a text."""
        super().__init__(text)
        self.text = text


def trace(number: int) -> str:
    """Return a trace_id, another for each number."""
    return hashlib.md5(f"trace {number}".encode(), usedforsecurity=False).hexdigest()


def answer(body: Mapping[str, Any], status: int = 200) -> web.Response:
    """Return JSON with the headers of the real server (3.1)."""
    number = str(body.get("trace_id", ""))
    return web.Response(
        status=status,
        body=json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode(),
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "Server": "APISIX",
            "Bizcode": str(body.get("code", "")),
            "Trace": number,
            "Traceparent": f"00-{number}-{number[:16]}-00",
        },
    )


def envelope(data: Any, number: int) -> dict[str, Any]:
    """Return the body of a success."""
    return {"code": 0, "msg": "success!", "data": data, "trace_id": trace(number)}


def refusal(code: int, number: int, message: str | None = None) -> dict[str, Any]:
    """Return the body of a failure, which has no data."""
    error = ApiError(code, message)
    body: dict[str, Any] = {"code": code, "msg": error.message}
    if code != FAILED:
        body["trace_id"] = trace(number)
    return body


def too_soon() -> web.Response:
    """Return the answer over the limit of an endpoint (3.2)."""
    return answer(
        {"error_msg": "Request too soon. Your actions have been recorded."}, 429
    )


def gateway(status: int) -> str:
    """Return the page of a gateway in trouble."""
    title = _GATEWAY.get(status, f"{status} Error")
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>openresty</center>\r\n"
        '<p><em>Powered by <a href="https://apisix.apache.org/">APISIX</a>.</em></p>'
        "</body>\r\n</html>\r\n"
    )


def bad_request(text: str) -> web.Response:
    """Return HTTP 400 with a plain text."""
    return web.Response(status=400, text=text)
