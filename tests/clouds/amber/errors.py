"""Refusals, and how an answer looks on the wire (1.1, 2.1, 2.3, 7.9)."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
import json
from typing import Any

from aiohttp import web

UNAUTHORIZED = {"message": "Unauthorized"}
DENIED = {
    "Message": "User is not authorized to access this resource with an explicit deny"
}
# What AWS says of a path or verb that has no route.
UNROUTED = {"message": "Missing Authentication Token"}
SERVER_ERROR = {"message": "Internal server error"}
TOO_MANY = {"message": "Too Many Requests"}


class ApiError(Exception):
    """A refusal with an HTTP status and a body."""

    def __init__(self, status: int, body: Mapping[str, str] | str) -> None:
        """Refuse; a text becomes `message`."""
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = {"message": body} if isinstance(body, str) else dict(body)


def answer(
    payload: Any,
    told: datetime,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    number: int = 0,
) -> web.Response:
    """Return compact JSON with the headers of the gateway.

    `told` is what the server's clock says, `number` that of the request.
    """
    # The gateway itself, which speaks when all behind it is down, writes with spaces.
    separators = (", ", ": ") if status >= 500 else (",", ":")
    trace = f"{number:08x}-0000-4000-8000-{number:012x}"
    return web.Response(
        status=status,
        # Without a charset, as seen.
        body=json.dumps(payload, separators=separators).encode(),
        content_type="application/json",
        headers={
            "Date": format_datetime(told, usegmt=True),
            "x-amzn-RequestId": trace,
            "x-amz-apigw-id": f"fake{number:08x}",
            "X-Amzn-Trace-Id": f"Root=1-{number:08x}",
            "Access-Control-Allow-Origin": "*",
            "X-Cache": "Miss from cloudfront"
            if status < 400
            else "Error from cloudfront",
            "Via": "1.1 fake.cloudfront.net (CloudFront)",
        }
        | dict(headers or {}),
    )
