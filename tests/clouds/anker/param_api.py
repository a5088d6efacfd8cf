"""Parameters of a system: schedules and settings (4.12, 5, 9.7)."""

from copy import deepcopy
import json
from typing import Any

from ..server import Route
from .context import Ask, Context
from .device_api import compact
from .errors import NOT_FOUND, ApiError, BadRequest
from .orders import power_of
from .plans import enforced_profile, old_profile
from .site import Site

_SITE = "/power_service/v1/site"
_KNOWN = (*range(1, 8), 12, 13, 16, 18, 19, 20, 23, 26, 27, 28, 29, 30, 33)
_EMPTY = ("1", "2", "3", "5", "20")
_ENFORCED = "9"
_WRITES = 17  # cmd of every write (4.12)


class ParamApi:
    """get_site_device_param and set_site_device_param."""

    def __init__(self, context: Context) -> None:
        """Serve the parameters of a cloud."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        get, put = f"{_SITE}/get_site_device_param", f"{_SITE}/set_site_device_param"
        return [
            Route("POST", get, "get_device_parm", guard(self.get)),
            Route("POST", put, "set_device_parm", guard(self.set)),
        ]

    async def get(self, ask: Ask) -> Any:
        """Answer a parameter as JSON in a string, "" for none."""
        kind = self._kind(ask)
        site = self._context.owned(ask)
        if kind in _EMPTY:
            return {"param_data": ""}
        if kind == _ENFORCED:
            return {"param_data": compact(enforced_profile(50))}
        if kind not in site.params or kind == "19":
            raise ApiError(NOT_FOUND)
        value = site.params[kind].stored.at(ask.now)
        if kind == "4" and self._context.behaviour.old_firmware:
            value = old_profile(value)
        return {"param_data": compact(value)}

    def _kind(self, ask: Ask) -> str:
        kind = ask.text("param_type")
        known = [str(number) for number in _KNOWN]
        if self._context.behaviour.enforced_type == "served":
            known.append(_ENFORCED)
        if kind not in known:
            options = " ".join(known)
            raise BadRequest(
                f'error: value "{kind}" is not defined in options "[{options}]"'
            )
        return kind

    async def set(self, ask: Ask) -> Any:
        """Take a parameter."""
        kind = self._kind(ask)
        if type(ask.body.get("cmd")) is not int or ask.body["cmd"] != _WRITES:
            raise BadRequest('error: field "cmd" is not valid')
        try:
            given = json.loads(ask.text("param_data"))
        except ValueError:
            raise BadRequest('error: field "param_data" is not JSON') from None
        if not isinstance(given, dict):
            raise BadRequest('error: field "param_data" is not an object')
        site = self._context.owned(ask)
        if kind not in site.params:
            raise ApiError(NOT_FOUND)
        if kind == "4" and not site.is_first:
            # A Solarbank 1 behind a later one takes no orders of its own (5.1).
            return {}
        if not self._context.is_ignored(ask):
            delays = self._context.delays(ask, site)
            site.write(kind, merged(site, kind, given), ask.now, delays)
        return {}


def merged(site: Site, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return what a parameter becomes by what was given (9.7).

    A day's plan is stored as it is, of all others what is given is changed (5.2).
    """
    value = deepcopy(given)
    if kind != "4":
        value = deepcopy(site.params[kind].newest) | value
    if kind == "4":
        _share_equally(site, value)
    elif kind == "18":
        number = value.pop("id", None)
        for choice in value["soc_list"]:
            if number is not None:
                choice["is_selected"] = int(choice["id"] == number)
    return dict(value)


def _share_equally(site: Site, profile: dict[str, Any]) -> None:
    """Set the banks' parts where the mode is 1, also for a single one (5.1, 5.6)."""
    serials = [bank.serial for bank in site.spec.banks]
    for slot in profile.get("ranges") or ():
        if slot.get("power_setting_mode") == 1:
            part = power_of(slot) // max(2, len(serials))
            slot["device_power_loads"] = [
                {"device_sn": serial, "power": part} for serial in serials
            ]
