"""One account while it is loaded: what is fetched, what is known, what is shown."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import (
    ConfigEntryAuthFailed,
    ConfigEntryError,
    ConfigEntryNotReady,
)
from homeassistant.helpers import device_registry as dr

from .access import async_update_hints
from .claims import async_claim, async_others, async_release, async_unclaimed
from .const import CONF_SYSTEMS, DOMAIN
from .coordinator import EndpointCoordinator
from .core.models import Device, DeviceReadings, EndpointId, Readings, Topology, Unit
from .core.redact import Redactor
from .issues import async_update_clock_issue, async_update_empty_issue
from .pause import Pause
from .vendors.base import (
    CONF_BASE_URL,
    Endpoint,
    ScheduleController,
    VendorSession,
    VendorSpec,
)
from .vendors.extras import FollowsParts, HasRefresh, HasResume


class LoadedAccount:
    """One account while it is loaded: its endpoints, latest readings and devices."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        spec: VendorSpec,
        session: VendorSession,
    ) -> None:
        """Prepare; nothing is fetched before `async_start`."""
        self.hass = hass
        self._entry = entry
        self.spec = spec
        self.session = session
        self.readings = Readings()
        self.topology = Topology((), ())
        self._parts: dict[str, Topology] = {}
        self.coordinators: dict[EndpointId, EndpointCoordinator[Any]] = {}
        self._devices: dict[str, tuple[Device, ...]] = {}
        self._missing: frozenset[str] = frozenset()
        self._device_listeners: list[Callable[[str], None]] = []
        self.pause = Pause()
        self._pause_listeners: list[Callable[[], None]] = []
        self._topology_coordinator = EndpointCoordinator(
            hass,
            entry,
            session.topology,
            self._async_payload,
            self._async_error,
            always_update=True,
            pause=self.pause,
        )

    @property
    def devices(self) -> tuple[Device, ...]:
        """Every device, parents before children."""
        return tuple(
            device
            for device_id in self._parts
            for device in self._devices.get(device_id, ())
        )

    def device(self, device_id: str) -> Device | None:
        """Return a device by its id."""
        return next((item for item in self.devices if item.id == device_id), None)

    def registry_id(self, device_id: str) -> str | None:
        """Return Home Assistant's id of a device, None while it has none."""
        entry = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, device_id), self._entry.entry_id
        )
        return None if entry is None else entry.id

    def devices_from(self, source_id: str) -> tuple[Device, ...]:
        """Return the devices whose readings come from one source."""
        return self._devices.get(source_id, ())

    def controllers_from(self, source_id: str) -> tuple[ScheduleController, ...]:
        """Return who controls the devices of one source; nobody once it is gone."""
        if source_id not in self._devices:
            return ()
        return self.session.controllers(self._parts[source_id], self.readings)

    def fetches_all(self, endpoint_ids: Iterable[EndpointId]) -> bool:
        """Tell whether all of some endpoints are there to be fetched."""
        return all(item in self.coordinators for item in endpoint_ids)

    @callback
    def async_expire(self, device: Device) -> None:
        """Have what is fetched anew for a device fetched in earnest the next time."""
        if isinstance(self.session, HasRefresh):
            self.session.expire(device)

    def refreshed_at(self, device: Device) -> datetime | None:
        """Return when what is fetched seldom of a device came, None before."""
        if not isinstance(self.session, HasRefresh):
            return None
        seldom, *_ = (*self.refreshed(device), None)
        fetched_at = None if seldom is None else seldom.fetched_at
        return self.session.detailed_at(device) or fetched_at

    def refreshed(self, device: Device) -> tuple[EndpointCoordinator[Any], ...]:
        """Return what is fetched anew for a device on demand, the seldom one first.

        Nothing where that makes no sense, or the seldom one is not there to be fetched.
        """
        if not isinstance(self.session, HasRefresh):
            return ()
        wanted = self.session.refreshed(device)
        if not wanted or wanted[0] not in self.coordinators:
            return ()
        there = (self.coordinators.get(item) for item in wanted)
        return tuple(item for item in there if item is not None)

    def readings_of(self, device: Device) -> DeviceReadings:
        """Return the readings as a device's entities see them."""
        return DeviceReadings(self.readings, device.source_id, device.id)

    def redactor(self, *, for_owner: bool = False) -> Redactor:
        """Return what hides this account's secrets and identities.

        What is shown `for_owner` keeps his own names and numbers.
        """
        fields = self.spec.fields
        hidden = {field.key for field in fields if field.secret} | {CONF_BASE_URL}
        if for_owner:
            emails = {field.key for field in fields if field.email} | {"email"}
            return Redactor(keys=hidden | emails, secrets=self.session.secrets())
        return Redactor(
            keys=self.spec.private_keys | hidden,
            secrets=self.session.secrets(),
            # What the account had when it was added may be gone by now.
            identities=(*self.session.identities(), *self._entry.data[CONF_SYSTEMS]),
        )

    async def async_start(self) -> None:
        """Fetch what the account has, then everything else at once.

        One endpoint that fails costs only its own entities. Raises what set-up may
        raise when the account, or all of its devices, cannot be read.
        """
        await self._topology_coordinator.async_config_entry_first_refresh()
        topology: Topology = self._topology_coordinator.data
        if others := async_others(self.hass, self._entry, topology):
            raise ConfigEntryError(
                translation_domain=DOMAIN,
                translation_key="system_shown_twice",
                translation_placeholders={"other": others[0].title},
            )
        self._entry.async_on_unload(partial(async_release, self.hass, self._entry))
        self._take(topology)
        endpoints = self.session.endpoints(topology)
        essential = [self._add(item) for item in endpoints if item.essential]
        results = await asyncio.gather(
            *(item.async_config_entry_first_refresh() for item in essential),
            return_exceptions=True,
        )
        failures = [item for item in results if isinstance(item, BaseException)]
        for failure in failures:
            if not isinstance(failure, ConfigEntryNotReady):
                raise failure
        if failures and len(failures) == len(results):
            raise failures[0]
        for endpoint in endpoints:
            if not endpoint.essential:
                self._entry.async_create_background_task(
                    self.hass,
                    self._add(endpoint).async_refresh(),
                    f"{DOMAIN} {endpoint.reading.name}",
                )
        for coordinator in self.coordinators.values():
            coordinator.async_wait_for_payload()
        for device_id in self._parts:
            self._async_update_devices(device_id)
        for device_id in topology.device_ids - {item.device_id for item in endpoints}:
            # Nothing is asked of it any more, as when an option was switched off.
            self._async_unregister(device_id)
        if self.spec.picks:
            self._async_unregister_unpicked()
        self._entry.async_on_unload(
            self._topology_coordinator.async_add_listener(self._async_topology)
        )

    async def async_list_anew(self) -> None:
        """Look at once what the account has, as after a change of ours.

        What is missing is looked for twice, so that it is gone at once.
        """
        await self._topology_coordinator.async_refresh()
        if self._missing:
            await self._topology_coordinator.async_refresh()

    async def async_pause(self) -> None:
        """Make no call any more, and show nothing, until `async_resume`."""
        await self.pause.begin()
        for coordinator in (self._topology_coordinator, *self.coordinators.values()):
            coordinator.async_rest()
        self._tell_of_pause()

    @callback
    def async_resume(self) -> None:
        """Go on after a pause; all that anybody wants is fetched at once."""
        if isinstance(self.session, HasResume):
            self.session.resumed()
        self.pause.end()
        self._tell_of_pause()
        self._entry.async_create_background_task(
            self.hass, self._async_wake(), f"{DOMAIN} resume"
        )

    async def _async_wake(self) -> None:
        """Log in by looking what the account has, then fetch the rest, essential first.

        What is refused is asked for no more: that waits for new credentials.
        """
        topology = self._topology_coordinator
        await topology.async_wake()
        refused = isinstance(topology.last_exception, ConfigEntryAuthFailed)
        if refused and not topology.last_update_success:
            return
        for essential in (True, False):
            await asyncio.gather(
                *(
                    coordinator.async_wake()
                    for coordinator in self.coordinators.values()
                    if coordinator.endpoint.essential is essential
                )
            )

    @callback
    def async_on_pause(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener when a pause has begun or ended; return what ends that."""
        self._pause_listeners.append(listener)
        return lambda: self._pause_listeners.remove(listener)

    def _tell_of_pause(self) -> None:
        for listener in list(self._pause_listeners):
            listener()

    @callback
    def async_on_device(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call the listener with the source whose readings have come.

        It is called for every known source at once, then whenever one delivers.
        """
        self._device_listeners.append(listener)
        for source_id in list(self._devices):
            listener(source_id)
        return lambda: self._device_listeners.remove(listener)

    def _take(self, topology: Topology) -> None:
        """Take a topology for the account's; its parts come sites first."""
        self.topology = topology
        async_claim(self.hass, self._entry, topology)
        self._parts = topology.parts()
        async_update_empty_issue(
            self.hass, self._entry, empty=not self._parts, binds=self.spec.binds
        )

    def _add(self, endpoint: Endpoint[Any]) -> EndpointCoordinator[Any]:
        coordinator = EndpointCoordinator(
            self.hass,
            self._entry,
            endpoint,
            self._async_payload,
            self._async_error,
            pause=self.pause,
        )
        self.coordinators[endpoint.id] = coordinator
        return coordinator

    @callback
    def _async_payload(self, endpoint: Endpoint[Any], payload: object) -> None:
        """Keep a payload; once set-up is over, see what devices it brings."""
        self.readings.put(endpoint.id, payload)
        async_update_clock_issue(self.hass, self._entry, self.session.clock_skew())
        async_update_hints(self.hass, self._entry, self.session)
        if endpoint.device_id in self._devices:
            self._async_update_devices(endpoint.device_id)

    @callback
    def _async_error(self) -> None:
        """Tell at once what the session knows of its trouble."""
        async_update_hints(self.hass, self._entry, self.session)

    @callback
    def _async_topology(self) -> None:
        """Follow the account: add what is new, remove what is gone for certain.

        A cloud may leave a device out once by mistake, so only what is missing in two
        listings in a row is removed.
        """
        if not self._topology_coordinator.last_update_success:
            return
        # What another entry shows already stays there.
        listed = async_unclaimed(
            self.hass, self._entry, self._topology_coordinator.data
        )
        missing = self.topology.device_ids - listed.device_ids
        gone = missing & self._missing
        self._missing = missing - gone
        kept = Topology(
            tuple(dict.fromkeys((*listed.site_ids, *self._missing_sites()))),
            tuple(dict.fromkeys((*listed.units, *self._missing_units()))),
        )
        new = kept.device_ids - self.topology.device_ids
        self._take(kept)
        if gone:
            self._async_remove(gone)
        if new:
            self._entry.async_create_background_task(
                self.hass, self._async_add_devices(new), f"{DOMAIN} new devices"
            )

    def _missing_sites(self) -> Iterable[str]:
        return (site for site in self.topology.site_ids if site in self._missing)

    def _missing_units(self) -> Iterable[Unit]:
        return (unit for unit in self.topology.units if unit.serial in self._missing)

    async def _async_add_devices(self, new: frozenset[str]) -> None:
        added = [
            self._add(endpoint)
            for endpoint in self.session.endpoints(self.topology)
            if endpoint.device_id in new
        ]
        await asyncio.gather(*(coordinator.async_refresh() for coordinator in added))
        for coordinator in added:
            coordinator.async_wait_for_payload()
        for device_id in self._parts:
            if device_id in new:
                self._async_update_devices(device_id)

    @callback
    def _async_remove(self, gone: frozenset[str]) -> None:
        for endpoint_id in [key for key in self.coordinators if key.device_id in gone]:
            coordinator = self.coordinators.pop(endpoint_id)
            coordinator.async_delete_issue()
            self._entry.async_create_task(self.hass, coordinator.async_shutdown())
            self.readings.drop(endpoint_id)
        for source_id in gone:
            # A doubtful listing may have left out the parts first.
            self._async_unregister_beside(source_id, self.devices)
            for device in reversed(self._devices.pop(source_id, ())):
                if self.device(device.id) is None:
                    self._async_unregister(device.id)
                else:
                    # It belongs to another source now, which has other entities.
                    self.hass.config_entries.async_schedule_reload(self._entry.entry_id)
            self._tell(source_id)

    @callback
    def _async_update_devices(self, source_id: str) -> None:
        """Bring the registry and the entities up to date with one source's readings."""
        part = self._parts[source_id]
        devices = self.session.devices(part, self.readings)
        if devices != self._devices.get(source_id):
            self._devices[source_id] = devices
            for device in devices:
                self._async_register(device)
        if isinstance(self.session, FollowsParts) and self.session.knows_parts(
            source_id
        ):
            self._async_unregister_beside(source_id, devices)
        self._tell(source_id)

    def _tell(self, source_id: str) -> None:
        for listener in list(self._device_listeners):
            listener(source_id)

    @callback
    def _async_unregister(self, device_id: str) -> None:
        if (registry_id := self.registry_id(device_id)) is not None:
            dr.async_get(self.hass).async_remove_device(registry_id)

    @callback
    def _async_unregister_beside(
        self, source_id: str, devices: Iterable[Device]
    ) -> None:
        """Remove what once hung below a source, now that it has only these devices."""
        if (parent := self.registry_id(source_id)) is None:
            return
        known = {(DOMAIN, device.id) for device in devices}
        registry = dr.async_get(self.hass)
        for entry in dr.async_entries_for_config_entry(registry, self._entry.entry_id):
            if entry.via_device_id == parent and known.isdisjoint(entry.identifiers):
                registry.async_remove_device(entry.id)

    @callback
    def _async_unregister_unpicked(self) -> None:
        """Remove the systems that the user does not want any more, with their parts."""
        registry = dr.async_get(self.hass)
        picked = {(DOMAIN, system) for system in self._entry.data[CONF_SYSTEMS]}
        devices = dr.async_entries_for_config_entry(registry, self._entry.entry_id)
        gone = {
            device.id
            for device in devices
            if device.via_device_id is None and picked.isdisjoint(device.identifiers)
        }
        for device in devices:
            if device.id in gone or device.via_device_id in gone:
                registry.async_remove_device(device.id)

    @callback
    def _async_register(self, device: Device) -> None:
        parent_id = device.parent_id
        named: dict[str, Any] = {"name": device.name}
        if device.name is None:
            named = {
                "translation_key": device.kind.value,
                "translation_placeholders": {"model": device.model or self.spec.name},
            }
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(DOMAIN, device.id)},
            manufacturer=self.spec.name,
            model=device.model if device.kind.is_hardware else None,
            serial_number=device.serial,
            sw_version=device.sw_version,
            **named,
            entry_type=None if device.kind.is_hardware else dr.DeviceEntryType.SERVICE,
            via_device_id=parent_id and self.registry_id(parent_id),
        )
