"""One AlphaESS account, an AppID, while it is loaded."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from ...core.models import Device, DeviceKind, Readings, Topology
from ..base import (
    Account,
    Connection,
    Endpoint,
    FlowSource,
    ScheduleController,
    VendorCall,
)
from .api import CONF_APP_ID
from .client import AlphaEssClient
from .control import SystemController
from .endpoints import (
    CHARGERS,
    ESSENTIAL_CALLS,
    SYSTEM,
    ChargerFeed,
    SystemList,
    system_endpoints,
    topology_endpoint,
)
from .flow import flow_sources
from .history import AlphaEssHistory, Kit
from .pace import Pace
from .plan_feed import CONF_PERIODIC_ON, PlanFeed
from .plant_clock import PlantClocks


async def validate(connection: Connection) -> Account:
    """Return the account that the credentials open."""
    systems = await AlphaEssClient(connection).systems()
    return Account(
        id=connection.credentials[CONF_APP_ID],
        systems=frozenset(system.serial for system in systems),
    )


class AlphaEssSession:
    """Endpoints and devices of an account."""

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is sent before the first fetch."""
        self._pace = Pace()
        self._client = AlphaEssClient(connection, self._pace)
        self._systems = SystemList(self._client)
        self._chargers: dict[str, ChargerFeed] = {}
        self._plans: dict[str, PlanFeed] = {}
        self._periodic_on = connection.options.get(CONF_PERIODIC_ON, True)
        self._clocks = PlantClocks(self._client, connection.tokens, connection.zone)
        self._installation = connection.installation
        self.history = AlphaEssHistory(
            self._client, self._pace, self._clocks.zone, self._kit
        )
        listing = topology_endpoint(self._systems)
        self.topology = replace(listing, fetch=partial(self._listed, listing))

    async def _listed(self, listing: Endpoint[Topology]) -> Topology:
        """Return the account's systems, once their clocks are known again."""
        await self._clocks.load()
        return await listing.fetch()

    def endpoints(self, topology: Topology) -> tuple[Endpoint[Any], ...]:
        """Return what can be fetched for the account's devices."""
        endpoints: list[Endpoint[Any]] = []
        for unit in topology.units:
            if (chargers := self._chargers.get(unit.serial)) is None:
                self._pace.allow_at_once(ESSENTIAL_CALLS)
                chargers = ChargerFeed(self._client, unit.serial)
                self._chargers[unit.serial] = chargers
            endpoints += system_endpoints(
                self._client,
                self._systems,
                chargers,
                self._plan(unit.serial),
                unit.serial,
                self._clocks,
                self._installation,
            )
        return tuple(endpoints)

    def devices(self, topology: Topology, readings: Readings) -> tuple[Device, ...]:
        """Return inverters, batteries where one is installed, and EV chargers."""
        devices: list[Device] = []
        for unit in topology.units:
            serial = unit.serial
            system = readings.get(SYSTEM, serial)
            devices.append(
                Device(
                    id=serial,
                    kind=DeviceKind.INVERTER,
                    source_id=serial,
                    model=system.inverter_model if system else None,
                    serial=serial,
                )
            )
            if system is not None and system.has_battery:
                devices.append(
                    Device(
                        id=f"{serial}_battery",
                        kind=DeviceKind.BATTERY,
                        source_id=serial,
                        parent_id=serial,
                        model=system.battery_model,
                    )
                )
            chargers = readings.get(CHARGERS, serial)
            devices += (
                Device(
                    id=item.charger.serial,
                    kind=DeviceKind.EV_CHARGER,
                    source_id=serial,
                    parent_id=serial,
                    model=item.charger.model,
                    serial=item.charger.serial,
                )
                for item in (chargers.items if chargers else ())
            )
        return tuple(devices)

    def controllers(
        self, topology: Topology, readings: Readings
    ) -> tuple[ScheduleController, ...]:
        """Return a controller per system."""
        return tuple(
            SystemController(
                unit.serial,
                self._client,
                self._plan(unit.serial),
                partial(self._clocks.zone, unit.serial),
            )
            for unit in topology.units
        )

    def flow_sources(
        self, topology: Topology, readings: Readings
    ) -> tuple[FlowSource, ...]:
        """Return a source of flows per system."""
        return flow_sources(topology)

    async def send(self, call: VendorCall) -> None:
        """Make a call that belongs to no plan."""
        await self._client.send(call)

    async def request_code(self, serial: str, check_code: str) -> bool:
        """Have a code mailed to the system's owner (dossier 2.9)."""
        return await self._client.request_verification_code(serial, check_code)

    async def bind(self, serial: str, code: str) -> None:
        """Bind a system to the AppID (dossier 2.9)."""
        await self._client.bind(serial, code)
        self._systems.forget()

    async def unbind(self, serial: str) -> None:
        """Unbind a system from the AppID (dossier 2.9)."""
        await self._client.unbind(serial)
        self._systems.forget()

    def _kit(self, serial: str) -> Kit | None:
        """Return what belongs to a system, None for one that is not listed."""
        if (system := self._systems.known(serial)) is None:
            return None
        chargers = self._chargers.get(serial)
        return Kit(system.has_battery, bool(chargers and chargers.serials))

    def _plan(self, serial: str) -> PlanFeed:
        """Return what fetches a system's plan."""
        if serial not in self._plans:
            self._plans[serial] = PlanFeed(
                self._client, serial, periodic_on=self._periodic_on
            )
        return self._plans[serial]

    def statistics(self) -> Mapping[str, int]:
        """Return the number of calls made so far, by endpoint label."""
        return dict(self._client.http.calls)

    def raw_payloads(self) -> Mapping[str, Any]:
        """Return the last raw answer of every endpoint."""
        return self._client.raw

    def clock_skew(self) -> timedelta | None:
        """Return the cloud's clock less ours: signatures hang on it."""
        return self._client.clock_skew

    def secrets(self) -> tuple[str, ...]:
        """Return the credentials and the last signature."""
        return self._client.secrets

    def identities(self) -> tuple[str, ...]:
        """Return the serial numbers of systems and EV chargers."""
        chargers = (
            serial for feed in self._chargers.values() for serial in feed.serials
        )
        return (*self._chargers, *chargers)
