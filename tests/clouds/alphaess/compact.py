"""JSON as the vendor's server writes it: compact, and decimals keep their scale."""

from datetime import datetime
from decimal import Decimal
from email.utils import format_datetime
import json
from typing import Any

from aiohttp import web


def scaled(value: float, places: int = 2) -> Decimal:
    """Return a number that is written with all its decimals, as in 95.00 (2.1)."""
    return Decimal(f"{value:.{places}f}")


def dump(value: Any) -> str:
    """Return compact JSON; a Decimal is written as it is."""
    match value:
        case Decimal():
            return str(value)
        case dict():
            pairs = (f"{json.dumps(key)}:{dump(item)}" for key, item in value.items())
            return "{" + ",".join(pairs) + "}"
        case list():
            return "[" + ",".join(map(dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def answer(body: Any, now: datetime, status: int = 200) -> web.Response:
    """Return a JSON answer with the headers of the real server (1.1)."""
    return web.Response(
        status=status,
        body=dump(body).encode(),
        content_type="application/json",
        headers={
            "Server": "nginx/1.20.1",
            "Date": format_datetime(now, usegmt=True),
        },
    )
