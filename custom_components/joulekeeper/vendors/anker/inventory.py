"""The devices of a system as Home Assistant shows them (dossier 7.1)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ...core.models import Device, DeviceKind
from .details import BoundDevice
from .models import Scene, Site
from .products import MODELS

type Bound = Callable[[str], BoundDevice | None]
"""Returns what the account's list tells of a device; nothing for a member."""


class Listing:
    """The devices of one system as its overviews list them.

    The cloud may leave one out by mistake, so only what is missing in two overviews in
    a row is gone.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._scene: Scene | None = None
        self._known: dict[str, Device] = {}
        self._missing: frozenset[str] = frozenset()
        self._listings = 0

    @property
    def is_certain(self) -> bool:
        """Whether two overviews have told that there is nothing else."""
        return self._listings > 1 and not self._missing

    def settled(
        self, scene: Scene | None, listed: Sequence[Device]
    ) -> tuple[Device, ...]:
        """Return the devices that are listed, and those that may be back soon."""
        if scene is not None and not scene.lists_devices:
            # What is not listed at all says nothing of what there is.
            there = {device.id for device in listed}
            known = self._known.items()
            return (*listed, *(it for key, it in known if key not in there))
        if scene is not None and scene is not self._scene:
            missing = self._known.keys() - {device.id for device in listed}
            gone = missing & self._missing
            self._scene, self._missing = scene, frozenset(missing - gone)
            self._listings += 1
        kept = (device for key, device in self._known.items() if key in self._missing)
        devices = (*listed, *kept)
        if scene is not None:
            self._known = {device.id: device for device in devices}
        return devices


class _Part(Protocol):
    """What every device of an overview tells of itself."""

    @property
    def serial(self) -> str: ...
    @property
    def product(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...


def site_devices(
    site_id: str, site: Site | None, scene: Scene | None, bound: Bound
) -> tuple[Device, ...]:
    """Return a system and the devices that its overview lists."""
    name = None if site is None else site.name
    system = Device(
        id=site_id,
        kind=DeviceKind.SITE,
        source_id=site_id,
        # The example automation of the older integration counts on this name.
        name=None if name is None else f"System {name}",
    )
    if scene is None:
        return (system,)
    return (
        system,
        *(_device(kind, part, site_id, bound) for kind, part in _parts(scene)),
    )


def inverter_device(serial: str, told: BoundDevice | None) -> Device:
    """Return an inverter that belongs to no system."""
    return Device(
        id=serial,
        kind=DeviceKind.INVERTER,
        source_id=serial,
        model=_model(told.product, told) if told else None,
        serial=serial,
        sw_version=told.sw_version if told else None,
        name=told.name if told else None,
    )


def _parts(scene: Scene) -> Iterator[tuple[DeviceKind, _Part]]:
    meters = scene.grid.meters if scene.grid else {}
    for kind, parts in (
        (DeviceKind.BATTERY, scene.solarbanks),
        (DeviceKind.INVERTER, scene.inverters),
        (DeviceKind.METER, meters),
        (DeviceKind.SMART_PLUG, scene.plugs),
        (DeviceKind.POWER_STATION, scene.power_stations.stations),
        (DeviceKind.POWER_PANEL, scene.panels),
    ):
        for part in parts.values():
            yield kind, part


def _device(kind: DeviceKind, part: _Part, site_id: str, bound: Bound) -> Device:
    told = bound(part.serial)
    return Device(
        id=part.serial,
        kind=kind,
        source_id=site_id,
        parent_id=site_id,
        model=_model(part.product, told),
        serial=part.serial,
        sw_version=told.sw_version if told else None,
        name=part.name,
    )


def _model(product: str | None, told: BoundDevice | None) -> str | None:
    """Return a model as its maker calls it, with its code."""
    model = (told.model if told else None) or MODELS.get(product or "")
    if model is None or product is None:
        return model or product
    return f"{model} ({product})"
