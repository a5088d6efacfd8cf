"""The fake service, and what it was told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import json
from typing import Any
from uuid import UUID

from aiohttp import web

from ..clock import Clock, real_clock
from ..house import Energy
from ..server import Call, FakeCloud, Route
from .behaviour import Behaviour
from .push import Push, flags_of

PATH = "/api/public/push-solar-data"
KEY = "5a1f0c3e-7b21-4d88-9f10-00c0ffee0001"
_KEYS = "5a1f0c3e-7b21-4d88-9f10-00c0ffee{:04x}"

type Truth = Callable[[datetime], Mapping[str, float] | None]
"""Returns what really flowed at a time, as a push would tell it, None: unknown."""


@dataclass(slots=True)
class Site:
    """One site, which is one key, and the pushes with it in their order."""

    key: str
    pushes: list[Push] = field(default_factory=list)


class ChargeHqCloud(FakeCloud):
    """The service with one or more sites.

    `truth` is what the pushes are compared with by `errors_kw`. `history` is there
    because all fake clouds take it: a site has no past.
    """

    def __init__(
        self,
        *,
        sites: int = 1,
        clock: Clock = real_clock,
        latency: float = 0.0,
        history: timedelta = timedelta(),
        behaviour: Behaviour | None = None,
        truth: Truth | None = None,
    ) -> None:
        """Make the cloud; `start` opens it."""
        super().__init__(clock=clock, latency=latency)
        self.behaviour = behaviour or Behaviour()
        self.truth = truth
        self.sites = [Site(_KEYS.format(n)) for n in range(1, sites + 1)]
        self._made = sites

    # -- public ----------------------------------------------------------------

    @property
    def credentials(self) -> dict[str, str]:
        """What the owner of the first site types into a form."""
        return {"api_key": self.sites[0].key}

    @property
    def serials(self) -> list[str]:
        """Nothing: a site has no hardware here."""
        return []

    @property
    def pushes(self) -> list[Push]:
        """All pushes for the first site, refused ones too."""
        return self.sites[0].pushes

    @property
    def accepted(self) -> list[Push]:
        """What the first site was told of flows."""
        return [item for item in self.pushes if item.status == 200 and item.meters]

    @property
    def reports(self) -> list[Push]:
        """The failures that the first site was told of."""
        return [item for item in self.pushes if item.error is not None]

    @property
    def flags(self) -> set[str]:
        """What was wrong with any push for the first site."""
        return {flag for item in self.pushes for flag in item.flags}

    def renew_key(self, site: int = 0) -> str:
        """Make a new key of a site, which ends the old one, and return it."""
        self._made += 1
        self.sites[site].key = _KEYS.format(self._made)
        return self.sites[site].key

    def change(self, **switches: Any) -> None:
        """Change switches of the behaviour from now on."""
        for name, value in switches.items():
            if not hasattr(self.behaviour, name):
                raise AttributeError(name)
            setattr(self.behaviour, name, value)

    def errors_kw(self, key: str) -> list[float]:
        """Return how far a reading of each accepted push is from the truth, kW."""
        errors: list[float] = []
        for push in self.accepted:
            truth = self.truth(push.measured_at) if self.truth else None
            told = push.number(key)
            if truth is not None and told is not None:
                errors.append(abs(told - truth[key]))
        return errors

    def history(
        self, serial: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, Energy]]:
        """Return nothing: there is no past."""
        return []

    def schedules(self, serial: str) -> list[dict[str, Any]]:
        """Return nothing: there are no schedules."""
        return []

    # -- server ----------------------------------------------------------------

    def routes(self) -> list[Route]:
        """Return the only endpoint."""
        return [Route("POST", PATH, "push", self._push)]

    def not_found(self, request: web.Request) -> web.Response:
        """Return what is said of another path, or of another verb."""
        status = 405 if request.path == PATH else 404
        return web.json_response({"error": "not found"}, status=status)

    def throttled(self, request: web.Request, retry_after: float) -> web.Response:
        """Return the answer to one who pushes too often."""
        headers = {"Retry-After": f"{retry_after:.0f}"} if retry_after else None
        return web.json_response({"error": "slow down"}, status=429, headers=headers)

    async def _push(self, call: Call) -> web.Response:
        try:
            body = json.loads(await call.request.text())
        except ValueError:
            return _refused(400, "no JSON")
        key = body.get("apiKey") if isinstance(body, dict) else None
        if not _is_guid(key):
            return _refused(400, "apiKey is missing or malformed")
        site = next((item for item in self.sites if item.key == key), None)
        if site is None:
            return _refused(self.behaviour.unknown_key, "unknown apiKey")
        return self._take(call, site, {k: v for k, v in body.items() if k != "apiKey"})

    def _take(self, call: Call, site: Site, body: dict[str, Any]) -> web.Response:
        """Keep a push with all that is wrong with it, and answer."""
        push = Push(self.clock(), body)
        before = next((item for item in reversed(site.pushes) if item.meters), None)
        flags = flags_of(push, before, self.behaviour.tolerance_kw)
        pause = timedelta(seconds=self.behaviour.least_pause_s)
        status = 200
        if site.pushes and push.at - site.pushes[-1].at < pause:
            flags.add("too fast")
            status = 429 if self.behaviour.too_fast == "refused" else 200
        site.pushes.append(replace(push, status=status, flags=frozenset(flags)))
        if status != 200:
            return self.throttled(call.request, self.behaviour.retry_after or 0)
        return web.json_response({})


def _refused(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)


def _is_guid(value: object) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value.lower()
    except ValueError:
        return False
