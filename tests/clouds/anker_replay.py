"""A server that gives out the recorded answers of one real Anker system.

An answer's name is its call and what it was asked about; what nobody has recorded is
refused as the cloud refuses what it does not know.
"""

from collections.abc import Mapping
import json
from typing import Any

from aiohttp import web

from .anker.cloud import AnkerCloud
from .clock import Clock
from .server import Call, FakeCloud, Route

_NAMES: Mapping[str, tuple[str, ...]] = {
    "site_list": ("site_list",),
    "scene_info": ("scene",),
    "bind_devices": ("bind_devices",),
    "wifi_list": ("wifi_list",),
    "get_cutoff": ("power_cutoff",),
    "solar_info": ("solar_info",),
    "get_device_load": ("device_load",),
    "get_device_parm": ("device_parm",),
    "fittings": ("device_fittings",),
    "get_auto_upgrade": ("auto_upgrade",),
    "ota_batch": ("ota_batch",),
    "get_device_attrs": ("device_attrs",),
    "energy_analysis": ("energy",),
    "get_site_price": ("price",),
    "power_limit": ("power_limit",),
    "co2_ranking": ("co2_ranking",),
    "currency_list": ("currency_list",),
    "price_options": ("dynamic_price_providers",),
    "price_detail": ("dynamic_price_details",),
    "ai_ems_status": ("ai_ems_status",),
    "pv_status": ("device_pv_status",),
    "pv_total": ("device_pv_total_statistics",),
    "pv_statistics": ("device_pv_statistics",),
    "pv_price": ("device_pv_price",),
}
_REFUSED: Mapping[str, Any] = {"code": 10004, "msg": "Failed to request."}
_TOKEN_LIFE_S = 604800


class ReplayCloud(FakeCloud):
    """One account, whoever logs in."""

    def __init__(self, answers: Mapping[str, Any], *, clock: Clock) -> None:
        """Take the answers by their names."""
        super().__init__(clock=clock)
        self._answers = answers
        self.refused: list[str] = []
        """Calls that were not recorded."""

    @property
    def credentials(self) -> dict[str, str]:
        """What the owner types into a form."""
        return {
            "username": "owner@example.invalid",
            "password": "Sample-Pw-1",
            "country": "DE",
        }

    @property
    def serials(self) -> list[str]:
        """The ids of the systems."""
        listed = self._answers["site_list"]["data"]["site_list"]
        return [site["site_id"] for site in listed]

    def routes(self) -> list[Route]:
        """Return the paths of the fake cloud, all with recorded answers."""
        known = AnkerCloud(fixture="A", clock=self.clock).routes()
        return [
            Route(
                route.method,
                route.template,
                route.label,
                self._login if route.label == "login" else self._replay,
            )
            for route in known
        ]

    async def _login(self, call: Call) -> web.Response:
        data = {
            "user_id": "a1" * 20,
            "nick_name": "own***",
            "auth_token": "0f1e2d3c" * 6,
            "token_expires_at": int(self.clock().timestamp()) + _TOKEN_LIFE_S,
        }
        return web.json_response({"code": 0, "msg": "success!", "data": data})

    async def _replay(self, call: Call) -> web.Response:
        body = json.loads(await call.request.text() or "{}")
        asked = [str(item) for item in body.values() if item and _is_word(item)]
        asked += body.get("sns", "").split(",")
        for prefix in _NAMES.get(call.label, ()):
            found = [
                name
                for name in self._answers
                if name == prefix or name.startswith(f"{prefix}_")
            ]
            best = max(found, key=lambda name: _fit(name, prefix, asked), default=None)
            if best is not None and _fit(best, prefix, asked) > 0:
                return web.json_response(self._answers[best])
        self.refused.append(call.label)
        return web.json_response(_REFUSED)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and not value.startswith("{")


def _fit(name: str, prefix: str, asked: list[str]) -> int:
    """Return how well an answer fits to what was asked, 0 if it does not."""
    rest = name.removeprefix(prefix).strip("_")
    if not rest:
        return 1
    hits = 0
    for word in sorted(set(filter(None, asked)), key=len, reverse=True):
        if word in rest:
            rest = rest.replace(word, "", 1)
            hits += 1
    left = rest.replace("_", "")
    if left == "today":
        # The curve of a day.
        return hits if "day" in asked else 0
    # Of prices the country is named too.
    return hits + 1 if hits and len(left) in (0, 2) else 0
