"""One FusionSolar northbound account while it is loaded."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
import hashlib
from typing import Any, Final

from ...core.models import Device, DeviceKind, Readings, Topology
from ...core.pacing import own_jitter
from ..base import (
    Account,
    Connection,
    Endpoint,
    FlowSource,
    ScheduleController,
    VendorCall,
)
from .board import Evidence, PlantLive
from .client import FusionSolarClient
from .controller import DispatchController, telemetry_of
from .device_feeds import DeviceFeeds
from .dispatches import DispatchBook
from .endpoints import (
    LIVE,
    control_endpoints,
    grants_endpoint,
    plant_endpoints,
    rhythm_endpoint,
    setting_endpoints,
    topology_endpoint,
)
from .entitlement import Entitlement
from .flow import flow_sources
from .hosts import CONF_USER_NAME, address
from .inventory import InventoryFeed
from .limits import DEVICES, PLANTS
from .looks import Looks
from .models import BATTERIES, CONTROLLERS, INVERTERS, METERS, DeviceType, PlantDevice
from .options import options_of, overrides_of, sign_in_words
from .pace import Pace
from .peaks import Peaks
from .phase import Phase
from .recall import Recall
from .report import by_plant
from .settings import PlantSettings

_TELLING_NAME: Final = 4
"""Letters."""

_KINDS: Final[Mapping[int, DeviceKind]] = {
    **dict.fromkeys(INVERTERS, DeviceKind.INVERTER),
    **dict.fromkeys(METERS, DeviceKind.METER),
    **dict.fromkeys(BATTERIES, DeviceKind.BATTERY),
    **dict.fromkeys(
        (kind for kind in CONTROLLERS if kind not in METERS), DeviceKind.CONTROLLER
    ),
    DeviceType.EMI: DeviceKind.WEATHER_STATION,
}


async def validate(connection: Connection) -> Account:
    """Return the account that the credentials open, with its plants and their names."""
    plants = await FusionSolarClient(connection).plants()
    given = connection.credentials
    who = f"{address(given)}\0{given[CONF_USER_NAME]}"
    return Account(
        # The name of a northbound user is no secret, but nobody's business either.
        id=hashlib.sha256(who.encode()).hexdigest()[:16],
        systems=frozenset(plant.code for plant in plants),
        names={plant.code: plant.name for plant in plants if plant.name},
    )


class FusionSolarSession:
    """Endpoints, devices and controllers of an account."""

    def __init__(self, connection: Connection) -> None:
        """Prepare; nothing is sent before the first fetch."""
        self._client = FusionSolarClient(connection)
        api = self._client.api
        account = api.login.account
        phase = Phase()
        user_name = connection.credentials[CONF_USER_NAME]
        pace = Pace(phase, own_jitter(connection.installation, user_name))
        self._evidence = Evidence(
            api.state, account, overrides_of(connection.options), connection.zone()
        )
        self._feeds = DeviceFeeds(
            self._client,
            InventoryFeed(self._client, connection.systems),
            Recall(api.state, connection.clock, account),
            self._evidence,
            pace,
            Looks(self._client, phase, pace),
            connection.zone(),
            connection.systems,
        )
        self._entitlement = Entitlement(
            self._client.control,
            self._feeds.devices,
            api.state,
            connection.clock,
            account,
        )
        self._book = DispatchBook(
            self._client.control, api.state, connection.clock, account
        )
        self._settings = PlantSettings(
            self._client.control,
            self._entitlement,
            self._feeds.devices,
            api.state,
            connection.clock,
            account,
        )
        self._peaks = Peaks(api.state, connection.clock, account)
        self._clock = connection.clock
        self.topology = topology_endpoint(self._feeds)

    def endpoints(self, topology: Topology) -> tuple[Endpoint[Any], ...]:
        """Return what can be fetched for the account's plants."""
        return (
            rhythm_endpoint(self._feeds),
            grants_endpoint(self._feeds),
            *(
                endpoint
                for code in topology.site_ids
                for endpoint in (
                    *plant_endpoints(self._feeds, code),
                    *control_endpoints(self._book, self._entitlement, code),
                    *setting_endpoints(
                        self._settings, code, battery=self._has_battery(code)
                    ),
                )
            ),
        )

    def devices(self, topology: Topology, readings: Readings) -> tuple[Device, ...]:
        """Return plants with their devices of types that mean something to us."""
        devices: list[Device] = []
        for code in topology.site_ids:
            plant = self._feeds.plant(code)
            devices.append(
                Device(
                    id=code,
                    kind=DeviceKind.SITE,
                    source_id=code,
                    name=plant.name if plant else None,
                )
            )
            devices += (
                Device(
                    id=str(item.id),
                    kind=_KINDS[item.type_id],
                    source_id=code,
                    parent_id=code,
                    model=item.model,
                    serial=item.serial,
                    sw_version=item.sw_version,
                    name=item.name,
                )
                for item in self._feeds.devices(code)
                if item.type_id in _KINDS
            )
        return tuple(devices)

    def controllers(
        self, topology: Topology, readings: Readings
    ) -> tuple[ScheduleController, ...]:
        """Return a controller per plant."""
        return tuple(
            self._controller(code, readings.get(LIVE, code))
            for code in topology.site_ids
        )

    def _controller(self, code: str, live: PlantLive | None) -> DispatchController:
        """Return a plant's controller, who knows what its battery can."""
        if live is not None:
            self._peaks.note(code, telemetry_of(live))
        return DispatchController(
            code, self._book, self._entitlement, self._peaks, self._clock
        )

    def flow_sources(
        self, topology: Topology, readings: Readings
    ) -> tuple[FlowSource, ...]:
        """Return a source of flows per plant."""
        return flow_sources(topology)

    async def send(self, call: VendorCall) -> None:
        """Make a call that sets something, and wait a while for the plant to obey."""
        await self._settings.send(call)

    async def close(self) -> None:
        """Let an order come to its end, and leave the account's file alone then."""
        await self._settings.close()
        await self._client.api.state.close()

    def _has_battery(self, code: str) -> bool:
        """Tell whether a plant has a battery, or may have one while that is not known."""
        devices = self._feeds.devices(code)
        return not devices or any(item.type_id in BATTERIES for item in devices)

    def statistics(self) -> Mapping[str, int]:
        """Return the number of calls made so far, by endpoint label."""
        return dict(self._client.api.http.calls)

    def raw_payloads(self) -> Mapping[str, Any]:
        """Return the last raw answer of every endpoint by plant, as far as wanted."""
        known = self._feeds.inventory
        if known is None:
            return {}
        return by_plant(
            {
                PLANTS: [plant.as_data() for plant in known.plants],
                DEVICES: [device.as_data() for device in known.devices],
                **self._feeds.recalled,
                **self._client.raw,
            },
            [plant.code for plant in self._feeds.plants],
            known.devices,
        )

    def clock_skew(self) -> timedelta | None:
        """The cloud does not mind how late it is here."""
        return None

    def hints(self) -> Mapping[str, tuple[str, ...]]:
        """Return what keeps it from logging in, what is missing, and who else uses it."""
        api = self._client.api
        hints: dict[str, tuple[str, ...]] = {}
        if trouble := api.login.trouble:
            hints[trouble] = ()
        if missing := api.rights.missing:
            hints["rights_missing"] = missing
        if api.login.is_taken:
            hints["session_taken"] = ()
        if swapped := self._swapped():
            hints["counters_swapped"] = swapped
        return hints

    def _swapped(self) -> tuple[str, ...]:
        """Return what to choose where counters are shown the wrong way round."""
        found = (
            (item.type_id, self._evidence.disputed(item)) for item in self._listed()
        )
        told = {sign_in_words(kind, sign) for kind, sign in found if sign is not None}
        return tuple(sorted(told))

    def _listed(self) -> Iterator[PlantDevice]:
        for plant in self._feeds.plants:
            yield from self._feeds.devices(plant.code)

    def option_keys(self) -> frozenset[str]:
        """Return the options that matter to the devices that there are."""
        return options_of(item.type_id for item in self._listed())

    def secrets(self) -> tuple[str, ...]:
        """Return the credentials and the token in use."""
        return self._client.secrets

    def identities(self) -> tuple[str, ...]:
        """Return what names plants and devices."""
        known = self._feeds.inventory
        if known is None:
            return ()
        ids = (
            text
            for item in known.devices
            for text in (str(item.id), item.serial, item.dn)
        )
        codes = (item.code for item in known.plants)
        # A short name would be found in any word; by their keys all are hidden.
        called = (
            *(plant.name for plant in known.plants),
            *(device.name for device in known.devices),
        )
        names = (name for name in called if name and len(name) >= _TELLING_NAME)
        return tuple(filter(None, (*codes, *ids, *names)))
