"""One Anker account while it is loaded."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ...core.errors import AuthError, NotSupported, RateLimited, Rejected, VendorError
from ...core.models import Device, EndpointId, Readings, Topology
from ...core.pacing import own_jitter
from ..base import (
    Account,
    Connection,
    Endpoint,
    FlowSource,
    ScheduleController,
    VendorCall,
)
from .client import AnkerClient
from .control import SystemController
from .countries import CONF_USERNAME
from .endpoints import (
    DETAILS,
    PLAN,
    SCENE,
    STANDALONE,
    inverter_endpoint,
    panel_endpoint,
    site_endpoints,
    topology_endpoint,
)
from .feeds import AccountFeeds
from .flow import flow_sources
from .inventory import Listing, inverter_device, site_devices
from .models import Scene
from .options import details_interval, scan_interval
from .rhythm import Written
from .settings import serial_limited, serial_of


async def validate(connection: Connection) -> Account:
    """Return the account that the credentials open, with its systems and devices."""
    client = AnkerClient(connection)
    sites = await client.sites()
    try:
        bound = await client.bound_devices()
    except AuthError, RateLimited:
        raise
    except VendorError as error:
        if not sites and not isinstance(error, Rejected | NotSupported):
            raise
        # What a member may not see does no harm, and no more does a trouble there.
        bound = {}
    return Account(
        id=connection.credentials[CONF_USERNAME].strip().lower(),
        systems=frozenset(site.id for site in sites) | bound.keys(),
        names={site.id: site.name for site in sites if site.name},
        title=client.nick_name,
    )


class AnkerSession:
    """Endpoints, devices and controllers of an account."""

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is sent before the first fetch."""
        self._client = AnkerClient(connection)
        self._zone = connection.zone()
        self._interval = scan_interval(connection.options)
        self._details = details_interval(connection.options)
        self._feeds = AccountFeeds(
            self._client,
            self._zone,
            self._interval,
            self._details,
            own_jitter(connection.installation, connection.credentials[CONF_USERNAME]),
        )
        self._written: dict[str, Written] = {}
        self._listings: dict[str, Listing] = {}
        self.topology = topology_endpoint(self._feeds, self._details)

    def endpoints(self, topology: Topology) -> tuple[Endpoint[Any], ...]:
        """Return what can be fetched for the account's systems and inverters."""
        sites = (
            endpoint
            for site_id in topology.site_ids
            for endpoint in site_endpoints(
                self._feeds.feeds(site_id),
                self._details,
                self._written_to(site_id),
            )
        )
        inverters = (
            inverter_endpoint(self._feeds, unit.serial, self._interval)
            for unit in topology.units
        )
        panels = (
            panel_endpoint(self._feeds.feeds(site_id), self._details)
            for site_id in topology.site_ids
            if (site := self._feeds.site(site_id)) is not None and site.has_statistics
        )
        return (*sites, *inverters, *panels)

    def devices(self, topology: Topology, readings: Readings) -> tuple[Device, ...]:
        """Return the systems with their devices, and inverters that belong to none."""
        return (
            *(
                device
                for site_id in topology.site_ids
                for device in self._site_devices(site_id, readings.get(SCENE, site_id))
            ),
            *(
                inverter_device(unit.serial, self._feeds.device(unit.serial))
                for unit in topology.units
            ),
        )

    def _site_devices(self, site_id: str, scene: Scene | None) -> tuple[Device, ...]:
        listed = site_devices(
            site_id, self._feeds.site(site_id), scene, self._feeds.device
        )
        return self._listing(site_id).settled(scene, listed)

    def _listing(self, site_id: str) -> Listing:
        return self._listings.setdefault(site_id, Listing())

    def knows_parts(self, source_id: str) -> bool:
        """Tell whether a system has no other devices than those that are listed."""
        return self._listing(source_id).is_certain

    def flow_sources(
        self, topology: Topology, readings: Readings
    ) -> tuple[FlowSource, ...]:
        """Return what flows in the systems, and out of inverters without one."""
        return flow_sources(topology, readings)

    def controllers(
        self, topology: Topology, readings: Readings
    ) -> tuple[ScheduleController, ...]:
        """Return a controller per system."""
        return tuple(
            SystemController(
                site_id,
                self._client,
                self._feeds.feeds(site_id).plan,
                self._written_to(site_id),
            )
            for site_id in topology.site_ids
        )

    def _written_to(self, site_id: str) -> Written:
        return self._written.setdefault(site_id, Written())

    def refreshed(self, device: Device) -> tuple[EndpointId, ...]:
        """Return what is fetched anew for a device: all of its system's."""
        if device.source_id == device.id:
            return (EndpointId(STANDALONE.name, device.id),)
        return tuple(
            EndpointId(reading.name, device.source_id)
            for reading in (DETAILS, SCENE, PLAN)
        )

    def expire(self, device: Device) -> None:
        """Have all details of a device, or of its system, fetched the next time."""
        if device.source_id != device.id:
            self._feeds.feeds(device.source_id).expire()
        else:
            self._feeds.bound.expire()
            self._feeds.standalone(device.id).expire()

    def detailed_at(self, device: Device) -> datetime | None:
        """Return when the details of an inverter without a system came."""
        if device.source_id != device.id:
            return None
        return self._feeds.standalone(device.id).detailed_at

    def resumed(self) -> None:
        """Take it that the app has taken the session, which is no fight for it."""
        self._client.api.login.expect_loss()

    async def send(self, call: VendorCall) -> None:
        """Make a call that belongs to no plan."""
        if (serial := serial_limited(call)) is not None:
            # Also if the answer is lost.
            await self._feeds.standalone(serial).limited()
        await self._client.send(call)
        if (serial := serial_of(call)) is not None:
            self._feeds.standalone(serial).expire()

    def statistics(self) -> Mapping[str, int]:
        """Return the number of calls made so far, by endpoint label."""
        return dict(self._client.api.http.calls)

    def raw_payloads(self) -> Mapping[str, Any]:
        """Return the last raw answer of every endpoint."""
        return self._client.raw

    def clock_skew(self) -> timedelta | None:
        """The cloud does not mind how late it is here."""
        return None

    def hints(self) -> Mapping[str, tuple[str, ...]]:
        """Return what keeps the account from logging in."""
        return self._client.hints(self._zone)

    def secrets(self) -> tuple[str, ...]:
        """Return the credentials and the token in use."""
        return self._client.secrets

    def identities(self) -> tuple[str, ...]:
        """Return what names systems and devices."""
        return self._feeds.identities()
