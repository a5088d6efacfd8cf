"""What all entities share: their device, their sources, and when they come to be."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cache, partial
from itertools import batched
from operator import attrgetter
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .control import DeviceControl
from .coordinator import EndpointCoordinator
from .core.capabilities import Capabilities
from .core.models import Device, DeviceKind, DeviceReadings, EndpointId
from .descriptions import ReadingDescription, SettingDescription
from .rule_edits import VIA_ENTITIES, Caller
from .runtime import JoulekeeperConfigEntry, RuntimeData

_BATCH: Final = 8
"""Entities that are added in one turn of the event loop: each takes about 0.5 ms."""
_TURN: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}_turn")


class JoulekeeperEntity(Entity):
    """An entity of one device that follows some of the account's endpoints.

    It is available while the first endpoint is.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self,
        runtime: RuntimeData,
        device: Device,
        description: EntityDescription,
        endpoint_ids: Iterable[EndpointId],
    ) -> None:
        """Follow the endpoints; nothing is fetched before Home Assistant knows us."""
        self.entity_description = description
        self._runtime = runtime
        self._device = device
        self._endpoint_ids = tuple(endpoint_ids)
        self._attr_unique_id = f"{device.id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, device.id)})

    @property
    @override
    def available(self) -> bool:
        """Return whether the cloud delivers what the entity is made of."""
        coordinator = self._runtime.account.coordinators.get(self._endpoint_ids[0])
        return coordinator is not None and coordinator.last_update_success

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the endpoints, which makes them be polled."""
        await super().async_added_to_hass()
        for endpoint_id in self._endpoint_ids:
            if (
                coordinator := self._runtime.account.coordinators.get(endpoint_id)
            ) is not None:
                self.async_on_remove(coordinator.async_add_listener(self._on_reading))

    @callback
    def _on_reading(self) -> None:
        """Show what an endpoint has delivered, or that it does not."""
        self.async_write_ha_state()

    async def async_update(self) -> None:
        """Fetch anew when the user asks for it."""
        coordinator: EndpointCoordinator[Any] | None = (
            self._runtime.account.coordinators.get(self._endpoint_ids[0])
        )
        if coordinator is not None:
            await coordinator.async_request_refresh()


class ReadingEntity(JoulekeeperEntity):
    """An entity that shows a value of a vendor's table."""

    entity_description: ReadingDescription

    def __init__(
        self, runtime: RuntimeData, device: Device, description: ReadingDescription
    ) -> None:
        """Follow the inputs that the description names."""
        super().__init__(
            runtime,
            device,
            description,
            description.endpoint_ids(device.source_id),
        )
        self._readings = runtime.account.readings_of(device)
        if description.is_enabled(self._readings):
            self._attr_entity_registry_enabled_default = True


class SettingEntity(ReadingEntity):
    """Something that can be set; it shows what its owner wants, not what we borrow.

    While it is being set it shows what was asked for, then again what is.
    """

    entity_description: SettingDescription
    _asked: tuple[Any] | None = None

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what is set too, which not every payload shows."""
        await super().async_added_to_hass()
        settings = self._runtime.keeper.settings
        self.async_on_remove(settings.subscribe(self.async_write_ha_state))
        if (control := settings.control_of(self._device)) is not None:
            staging, show = control.staging, self.async_write_ha_state
            self.async_on_remove(staging.subscribe(show, steady=True))

    @property
    def _setting(self) -> Any:
        if self._asked is not None:
            return self._asked[0]
        readings = self._runtime.keeper.settings.readings(self._device)
        return self.entity_description.value(readings)

    async def _async_set(self, value: Any) -> None:
        """Set it; what the cloud does not show afterwards is an error."""
        asked = self._asked = (value,)
        self.async_write_ha_state()
        caller = Caller(VIA_ENTITIES, self._context.user_id if self._context else None)
        settings = self._runtime.keeper.settings
        wanted = settings.with_staged(self._device, self.entity_description, value)
        try:
            changed = await self._runtime.keeper.change(self._device, wanted, caller)
            settings.unstage(self._device, wanted)
        finally:
            if self._asked is asked:
                self._asked = None
            self.async_write_ha_state()
        if not changed.confirmed:
            raise HomeAssistantError(
                translation_domain=DOMAIN, translation_key="setting_unconfirmed"
            )


@dataclass(frozen=True, kw_only=True)
class ControlDescription(EntityDescription):
    """An entity for the plan of a device, whatever its brand."""

    wanted: Callable[[Capabilities], bool] = attrgetter("controllable")


class ControlEntity(JoulekeeperEntity):
    """An entity of a device that has a plan; it follows the plan and the staging."""

    _steady = False
    """Whether time alone changes nothing of it."""

    def __init__(
        self,
        runtime: RuntimeData,
        device: Device,
        description: EntityDescription,
        control: DeviceControl,
    ) -> None:
        """Follow what the cloud has planned."""
        super().__init__(runtime, device, description, (control.controller.read_back,))
        self._control = control

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to the staging too."""
        await super().async_added_to_hass()
        staging, show = self._control.staging, self.async_write_ha_state
        self.async_on_remove(staging.subscribe(show, steady=self._steady))


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity that a device may have; `known` tells whether it has it by now.

    It is not `possible` while what it shows is not fetched at all, as when an option
    is switched off.
    """

    key: str
    known: Callable[[], bool]
    make: Callable[[], Entity]
    possible: Callable[[], bool] = lambda: True


type Find = Callable[[Device, Collection[str]], Iterable[Candidate]]
"""Returns the entities that a device may have, but for those whose keys are given.

It is asked at every payload, so what is there already is to cost nothing.
"""


@callback
def async_add_when_known(
    entry: JoulekeeperConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    platform: str,
    candidates: Find,
) -> None:
    """Add a device's entities as soon as they have something to show.

    An entity that was registered before is always added, so that none is lost because
    a value is missing after a restart. One that is no longer possible is removed.
    """
    runtime = entry.runtime_data
    registry = er.async_get(runtime.account.hass)
    added: dict[str, dict[str, set[str]]] = {}

    @callback
    def check(source_id: str) -> None:
        if not (devices := runtime.account.devices_from(source_id)):
            added.pop(source_id, None)
            return
        before_now = added.get(source_id, {})
        # Of a device that is gone everything is new once it is back.
        by_device = added[source_id] = {
            device.id: before_now.get(device.id, set()) for device in devices
        }
        new: list[Entity] = []
        for device in devices:
            there = by_device[device.id]
            for candidate in candidates(device, there):
                unique_id = f"{device.id}_{candidate.key}"
                before = registry.async_get_entity_id(platform, DOMAIN, unique_id)
                if not candidate.possible():
                    if before:
                        registry.async_remove(before)
                elif before or candidate.known():
                    there.add(candidate.key)
                    new.append(candidate.make())
        if new:
            entry.async_create_task(
                runtime.account.hass,
                _async_add_in_batches(runtime.account.hass, async_add_entities, new),
                f"{DOMAIN} new {platform} entities",
            )

    entry.async_on_unload(runtime.account.async_on_device(check))


async def async_all_added(hass: HomeAssistant) -> None:
    """Wait until every entity that is known by now has been added."""
    async with _turn(hass):
        return


async def _async_add_in_batches(
    hass: HomeAssistant,
    async_add_entities: AddConfigEntryEntitiesCallback,
    entities: Iterable[Entity],
) -> None:
    """Add entities without blocking the event loop for all of them at once.

    Platforms, and accounts, wait for each other: only one batch is added per turn.
    """
    async with _turn(hass):
        for batch in batched(entities, _BATCH, strict=False):
            async_add_entities(batch)
            await asyncio.sleep(0)


@callback
def _turn(hass: HomeAssistant) -> asyncio.Lock:
    """Return what is held while entities are added, first come, first served."""
    return hass.data.setdefault(_TURN, asyncio.Lock())


def reading_candidates(
    runtime: RuntimeData,
    platform: str,
    entity_class: Callable[[RuntimeData, Device, Any], Entity],
) -> Find:
    """Return what finds a device's entities in the vendor's table of a platform."""
    tables: dict[DeviceKind, list[ReadingDescription]] = {}
    for row in runtime.account.spec.descriptions.get(platform, ()):
        tables.setdefault(row.device_kind, []).append(row)

    def find(device: Device, there: Collection[str]) -> Iterable[Candidate]:
        # Many may ask for it, or none.
        owned = cache(partial(runtime.keeper.settings.readings, device))
        return (
            Candidate(
                description.key,
                partial(
                    _is_known, description, runtime.account.readings_of(device), owned
                ),
                partial(entity_class, runtime, device, description),
                partial(
                    runtime.account.fetches_all,
                    description.endpoint_ids(device.source_id),
                ),
            )
            for description in tables.get(device.kind, ())
            if description.key not in there
        )

    return find


def _is_known(
    description: ReadingDescription,
    readings: DeviceReadings,
    owned: Callable[[], DeviceReadings],
) -> bool:
    """Tell whether there is something to show; what is borrowed is no setting."""
    is_setting = isinstance(description, SettingDescription)
    return description.is_known(owned() if is_setting else readings)


def control_candidates[D: ControlDescription](
    runtime: RuntimeData,
    table: Iterable[D],
    entity_class: Callable[[RuntimeData, Device, D, DeviceControl], Entity],
) -> Find:
    """Return what finds the entities of a device that has a plan."""
    rows = tuple(table)

    def find(device: Device, there: Collection[str]) -> Iterable[Candidate]:
        control = runtime.keeper.controls.get(device.id)
        left = [row for row in rows if row.key not in there]
        if control is None or not left:
            return ()
        capabilities = control.capabilities
        return (
            Candidate(
                description.key,
                partial(description.wanted, capabilities),
                partial(entity_class, runtime, device, description, control),
            )
            for description in left
        )

    return find
