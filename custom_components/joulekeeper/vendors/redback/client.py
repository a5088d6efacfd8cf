"""HTTP client of the Redback public API (dossier section 1)."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...core.errors import AuthError, NotFound, OutcomeUnknown, ProtocolError, Rejected
from ...core.models import Topology
from ...core.schedule import Programme
from ..base import CONF_BASE_URL, Connection, VendorCall
from ..http import HttpClient
from ..parsing import integer, mapping, objects, required, text
from .models import Configuration, Dynamic, Static, parse_topology
from .schedule import parse_envelopes, parse_schedules, zones_of
from .token import API_URL, Token

_PAGE_SIZE: Final = 100
_MAX_PAGES: Final = 20
_PAST_HOURS: Final = 7 * 24
"""The cloud never lists an envelope that ended longer ago (dossier 1.3)."""


class RedbackClient:
    """One account: typed payloads out, `core.errors` raised.

    Every call needs a token; a 401 is answered with one fresh token, a second one is an
    AuthError. `raw` keeps the last answer of each endpoint for diagnostics.
    """

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is sent before the first call."""
        self.clock = connection.clock
        self.http = HttpClient(connection.http, connection.clock)
        self.token = Token(self.http, connection)
        self.raw: dict[str, Any] = {}
        self._base_url = connection.credentials.get(CONF_BASE_URL) or API_URL
        self.grid_tie: set[str] = set()
        """Serial numbers of the models that have no schedule API."""
        self._batteries: set[str] = set()
        self._dynamic_version = "v2.21"
        self._zones: dict[str, tzinfo] = {}

    async def nodes(self) -> Topology:
        """Return the sites and inverters of the account, all pages of them."""
        sites: list[Mapping[str, Any]] = []
        for page in range(_MAX_PAGES):
            body = await self._get(
                "/Api/v2/EnergyData/With/Nodes",
                label="nodes",
                params={"page": page, "pageSize": _PAGE_SIZE},
            )
            found = objects(_data(body, "nodes", list))
            sites.extend(found)
            if not found or len(sites) >= (integer(body.get("TotalCount")) or 0):
                break
        self.raw["nodes"] = sites
        return parse_topology(sites)

    async def static(self, serial: str) -> Static:
        """Return what seldom changes of an inverter and its site."""
        data = await self._get_object(
            f"/Api/v2/EnergyData/Static/BySerialNumber/{serial}", "static", serial
        )
        static = Static.parse(data, serial)
        if static.grid_tie_only:
            self.grid_tie.add(serial)
        return static

    async def dynamic(self, serial: str) -> Dynamic:
        """Return the newest telemetry of an inverter.

        A cloud without the newer version of the call is asked in the older one, which
        lacks strings, battery details and battery energies.
        """
        try:
            data = await self._get_dynamic(serial)
        except NotFound:
            if self._dynamic_version == "v2":
                raise
            self._dynamic_version = "v2"
            try:
                data = await self._get_dynamic(serial)
            except NotFound:
                self._dynamic_version = "v2.21"
                raise
        dynamic = Dynamic.parse(data, serial)
        if dynamic.battery_seen:
            self._batteries.add(serial)
        return replace(dynamic, battery_seen=serial in self._batteries)

    async def configuration(self, serial: str) -> Configuration:
        """Return the limits and reserves in force."""
        return Configuration.parse(
            await self._get_object(
                f"/Api/v2/Configuration/Configuration/BySerialNumber/{serial}",
                "configuration",
                serial,
            )
        )

    async def schedules(self, serial: str, *, with_past: bool = False) -> Programme:
        """Return the schedules of an inverter, recurring ones included.

        A model that is known to have no schedule API has none (dossier 7.1).
        """
        if serial in self.grid_tie:
            return Programme()
        data = await self._get_object(
            f"/Api/v2/Schedule/By/SerialNumber/{serial}",
            "schedules",
            serial,
            params={"includeStale": "true"} if with_past else None,
        )
        return parse_schedules(data, await self._load_zones(zones_of(data)))

    async def envelopes(self, site_id: str, *, with_past: bool = False) -> Programme:
        """Return the operating envelopes of a site."""
        body = await self._get(
            f"/Api/v2/OperatingEnvelope/By/Site/{site_id}",
            label="envelopes",
            params={"pastHours": _PAST_HOURS} if with_past else None,
        )
        envelopes = _data(body, "envelopes", list)
        self.raw[f"envelopes {site_id}"] = envelopes
        return parse_envelopes(envelopes, with_dead=with_past)

    async def send(self, call: VendorCall) -> str | None:
        """Make a write; return the id of what was created, where the cloud gives one.

        Deleting what is gone already is a success.

        Raises Rejected when the cloud says no, also inside a 200 (dossier 1.10), and
        OutcomeUnknown when a create may or may not have happened.
        """
        try:
            body = await self._call(
                call.method,
                call.path,
                label=call.label,
                repeatable=call.deletes,
                json=call.body,
            )
        except NotFound:
            if call.deletes:
                return None
            raise
        except ProtocolError as error:
            if call.deletes:
                raise
            # A page instead of the answer, say: the create may have gone through.
            raise OutcomeUnknown(str(error)) from error
        data = mapping(body.get("Data"))
        if text(data.get("ErrorMessage")):
            raise Rejected(f"{call.label}: refused")
        return text(data.get("ScheduleId")) or text(data.get("EventId"))

    async def _get_dynamic(self, serial: str) -> Mapping[str, Any]:
        version = self._dynamic_version
        return await self._get_object(
            f"/Api/{version}/EnergyData/Dynamic/BySerialNumber/{serial}",
            "dynamic",
            serial,
        )

    async def _get_object(
        self,
        path: str,
        label: str,
        device_id: str,
        params: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        body = await self._get(path, label=label, params=params)
        data: Mapping[str, Any] = _data(body, label, dict)
        self.raw[f"{label} {device_id}"] = data
        return data

    async def _get(
        self, path: str, *, label: str, params: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        return await self._call("GET", path, label=label, params=params)

    async def _call(
        self, method: str, path: str, *, label: str, **options: Any
    ) -> Mapping[str, Any]:
        token = await self.token.get()
        try:
            return await self._call_with(token, method, path, label, options)
        except AuthError:
            self.token.discard(token)
        fresh = await self.token.get()
        return await self._call_with(fresh, method, path, label, options)

    async def _call_with(
        self,
        token: str,
        method: str,
        path: str,
        label: str,
        options: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        answer = await self.http.request(
            method,
            f"{self._base_url}{path}",
            label=label,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            **options,
        )
        return answer.json_object()

    async def _load_zones(self, names: frozenset[str]) -> Mapping[str, tzinfo]:
        for name in names - self._zones.keys():
            try:
                # Reads a file, so not in the event loop.
                self._zones[name] = await asyncio.to_thread(ZoneInfo, name)
            except ZoneInfoNotFoundError, ValueError, OSError:
                continue
        return self._zones


def _data[T](body: Mapping[str, Any], label: str, kind: type[T]) -> T:
    data = body.get("Data")
    if data is None and body.get("TotalCount") == 0:
        # The envelope allows null for an empty list (dossier 1.4).
        data = []
    required(data, f"{label}: Data")
    if not isinstance(data, kind):
        raise ProtocolError(f"{label}: Data is of a wrong type")
    return data
