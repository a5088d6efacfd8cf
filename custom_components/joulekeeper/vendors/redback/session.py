"""One Redback account while it is loaded."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from ...core.errors import OptionAuthError, VendorError
from ...core.models import Device, DeviceKind, Readings, Topology
from ..base import Account, Connection, Endpoint, FlowSource, ScheduleController
from .client import RedbackClient
from .control import InverterController, SiteController
from .endpoints import (
    DYNAMIC,
    STATIC,
    envelopes_endpoint,
    inverter_endpoints,
    topology_endpoint,
)
from .flow import flow_sources
from .models import has_battery
from .portal import CONF_PORTAL, CONF_PORTAL_EMAIL, CONF_PORTAL_PASSWORD, Portal
from .token import CONF_CLIENT_ID

CONF_ENVELOPES: Final = "envelopes"


def portal_of(connection: Connection) -> Portal | None:
    """Return the portal when both its credentials are given."""
    given = connection.credentials
    if given.get(CONF_PORTAL_EMAIL) and given.get(CONF_PORTAL_PASSWORD):
        return Portal(connection)
    return None


async def validate(connection: Connection) -> Account:
    """Log in and return the account; a wrong portal password is told, no error."""
    topology = await RedbackClient(connection).nodes()
    rejected: set[str] = set()
    if (portal := portal_of(connection)) is not None:
        try:
            await portal.check_login()
        except OptionAuthError:
            rejected.add(CONF_PORTAL)
        except VendorError:
            # A portal that is down keeps nobody from adding the account.
            pass
        finally:
            portal.close()
    client_id = connection.credentials[CONF_CLIENT_ID]
    return Account(
        id=client_id,
        systems=frozenset(topology.site_ids),
        rejected_sections=frozenset(rejected),
    )


class RedbackSession:
    """Endpoints, devices and controllers of an account."""

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is sent before the first fetch."""
        self._client = RedbackClient(connection)
        self._portal = (
            portal_of(connection) if connection.options.get(CONF_PORTAL) else None
        )
        self._envelopes = bool(connection.options.get(CONF_ENVELOPES))
        self._installation = connection.installation
        self._topology = Topology((), ())
        self.topology = topology_endpoint(self._client)

    def endpoints(self, topology: Topology) -> tuple[Endpoint[Any], ...]:
        """Return what can be fetched for the account's devices."""
        self._topology = topology
        endpoints: list[Endpoint[Any]] = []
        for unit in topology.units:
            endpoints += inverter_endpoints(
                self._client, self._portal, unit.serial, self._installation
            )
        if self._envelopes:
            endpoints += (
                envelopes_endpoint(self._client, site_id)
                for site_id in topology.site_ids
            )
        return tuple(endpoints)

    def devices(self, topology: Topology, readings: Readings) -> tuple[Device, ...]:
        """Return inverters, batteries where one is found, and sites with envelopes."""
        devices: list[Device] = []
        if self._envelopes:
            devices += (
                Device(
                    id=site_id,
                    kind=DeviceKind.SITE,
                    source_id=site_id,
                    model=self._site_model(site_id, readings),
                )
                for site_id in topology.site_ids
            )
        for unit in topology.units:
            static = readings.get(STATIC, unit.serial)
            devices.append(
                Device(
                    id=unit.serial,
                    kind=DeviceKind.INVERTER,
                    source_id=unit.serial,
                    parent_id=unit.site_id if self._envelopes else None,
                    model=static.model if static else None,
                    serial=unit.serial,
                    sw_version=static.software_version if static else None,
                )
            )
            if has_battery(static, readings.get(DYNAMIC, unit.serial)):
                models = static.battery_models if static else ()
                devices.append(
                    Device(
                        id=f"{unit.serial}_battery",
                        kind=DeviceKind.BATTERY,
                        source_id=unit.serial,
                        parent_id=unit.serial,
                        model=models[0] if models else None,
                    )
                )
        return tuple(devices)

    def controllers(
        self, topology: Topology, readings: Readings
    ) -> tuple[ScheduleController, ...]:
        """Return a controller per inverter, and per site with envelopes."""
        controllers: list[ScheduleController] = []
        for unit in topology.units:
            static = readings.get(STATIC, unit.serial)
            version = static.software_version if static else None
            controllers.append(
                InverterController(unit.serial, self._client, self._portal, version)
            )
        if self._envelopes:
            controllers += (
                SiteController(site_id, self._client, self._only_serial(site_id))
                for site_id in topology.site_ids
            )
        return tuple(controllers)

    def flow_sources(
        self, topology: Topology, readings: Readings
    ) -> tuple[FlowSource, ...]:
        """Return a source of flows per site."""
        return flow_sources(topology)

    def statistics(self) -> Mapping[str, int]:
        """Return the number of calls made so far, by endpoint label."""
        calls = Counter(self._client.http.calls)
        if self._portal is not None:
            calls.update(self._portal.http.calls)
        return calls

    def raw_payloads(self) -> Mapping[str, Any]:
        """Return the last raw answer of every endpoint."""
        return self._client.raw

    def clock_skew(self) -> None:
        """Tokens do not mind how late it is."""

    def secrets(self) -> tuple[str, ...]:
        """Return every credential, token and cookie in use."""
        portal = self._portal.secrets if self._portal is not None else ()
        return (*self._client.token.secrets, *portal)

    def identities(self) -> tuple[str, ...]:
        """Return the serial numbers and site ids."""
        units = self._topology.units
        return (*(unit.serial for unit in units), *self._topology.site_ids)

    def _only_serial(self, site_id: str) -> str | None:
        """Return the serial number of a site's inverter, None if it has several."""
        serials = [
            unit.serial for unit in self._topology.units if unit.site_id == site_id
        ]
        return serials[0] if len(serials) == 1 else None

    def _site_model(self, site_id: str, readings: Readings) -> str | None:
        """Return the model of a site's first inverter: what tells sites apart."""
        for unit in self._topology.units:
            static = readings.get(STATIC, unit.serial)
            if unit.site_id == site_id and static is not None:
                return static.model
        return None
