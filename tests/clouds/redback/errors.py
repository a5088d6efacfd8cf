"""Error answers. The vendor documents none, so the body's form is a switch (1.11)."""

from typing import Any

from aiohttp import web

from ..server import html
from .behaviour import Behaviour

_TITLES = {
    400: "One or more validation errors occurred.",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    415: "Unsupported Media Type",
    500: "An error occurred while processing your request.",
}


def single(data: Any) -> web.Response:
    """Return a Single envelope."""
    return web.json_response({"Data": data})


def multiple(data: list[Any]) -> web.Response:
    """Return a Multiple envelope."""
    return web.json_response({"TotalCount": len(data), "Data": data})


class ApiError(Exception):
    """An error answer of the API; `field` and `reason` go into the problem."""

    def __init__(self, status: int, field: str = "", reason: str = "") -> None:
        """Refuse with a status."""
        super().__init__(f"{status} {field} {reason}")
        self.status = status
        self.field = field
        self.reason = reason

    def response(self, behaviour: Behaviour) -> web.Response:
        """Return it in the form that is switched on."""
        title = _TITLES.get(self.status, "Error")
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else None
        if behaviour.error_body == "empty" or self.status == 401:
            return web.Response(status=self.status, headers=headers)
        if behaviour.error_body == "html":
            return html(f"<html><body><h2>{title}</h2></body></html>", self.status)
        problem: dict[str, Any] = {
            "type": "https://tools.ietf.org/html/rfc7231#section-6.5",
            "title": title,
            "status": self.status,
            "traceId": "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00",
        }
        if self.field:
            problem["errors"] = {self.field: [self.reason]}
        return web.json_response(
            problem, status=self.status, content_type="application/problem+json"
        )
