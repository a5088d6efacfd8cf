"""What every vendor's account consists of: sites, devices and their latest readings."""

from collections.abc import Callable, Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

type Clock = Callable[[], datetime]
"""Returns the present instant as an aware datetime in UTC."""


class DeviceKind(StrEnum):
    """What a device is; its translated name comes from the kind."""

    SITE = "site"
    INVERTER = "inverter"
    BATTERY = "battery"
    EV_CHARGER = "ev_charger"
    METER = "meter"
    WEATHER_STATION = "weather_station"
    CONTROLLER = "controller"
    SMART_PLUG = "smart_plug"
    POWER_STATION = "power_station"
    POWER_PANEL = "power_panel"
    GENERAL_USAGE = "general_usage"
    CONTROLLED_LOAD = "controlled_load"
    FEED_IN = "feed_in"
    GRID_REGION = "grid_region"

    @property
    def is_hardware(self) -> bool:
        """Whether somebody made it; a site, a contract or a region has no maker."""
        return self in _HARDWARE


_HARDWARE: Final = frozenset(
    {
        DeviceKind.INVERTER,
        DeviceKind.BATTERY,
        DeviceKind.EV_CHARGER,
        DeviceKind.METER,
        DeviceKind.WEATHER_STATION,
        DeviceKind.CONTROLLER,
        DeviceKind.SMART_PLUG,
        DeviceKind.POWER_STATION,
        DeviceKind.POWER_PANEL,
    }
)


@dataclass(frozen=True, slots=True)
class Device:
    """One device as it is shown to the user.

    `id` is unique inside the account and never changes: a full serial number or a site
    id, with a suffix for a part that has no serial number of its own. `source_id` is
    the device id under which its endpoints deliver: a battery reads its inverter's.
    `name` is what somebody has called it in the cloud, None where nobody could.
    """

    id: str = field(repr=False)
    kind: DeviceKind
    source_id: str = field(repr=False)
    parent_id: str | None = field(default=None, repr=False)
    model: str | None = None
    serial: str | None = field(default=None, repr=False)
    sw_version: str | None = None
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of hardware found in the account, before anything else is known of it."""

    serial: str = field(repr=False)
    site_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that the account can see, in the cloud's order."""

    site_ids: tuple[str, ...] = field(repr=False)
    units: tuple[Unit, ...]

    def parts(self) -> dict[str, Topology]:
        """Return the parts that consist of one site or one unit, by its id."""
        return {site_id: Topology((site_id,), ()) for site_id in self.site_ids} | {
            unit.serial: Topology((), (unit,)) for unit in self.units
        }

    def without(self, systems: AbstractSet[str]) -> Topology:
        """Return it without some systems, told or meant by their units."""
        return Topology(
            tuple(site_id for site_id in self.site_ids if site_id not in systems),
            tuple(unit for unit in self.units if unit.site_id not in systems),
        )

    @property
    def systems(self) -> frozenset[str]:
        """What is to be in one account only: the sites, told or meant by their units."""
        return frozenset(self.site_ids) | {unit.site_id for unit in self.units}

    @property
    def device_ids(self) -> frozenset[str]:
        """The ids of all sites and units."""
        return frozenset(self.site_ids) | {unit.serial for unit in self.units}


@dataclass(frozen=True, slots=True)
class Reading[T]:
    """Typed name of what one kind of endpoint delivers for one device."""

    name: str


@dataclass(frozen=True, slots=True)
class EndpointId:
    """Which endpoint of which device; the device id is empty for the whole account."""

    reading: str
    device_id: str = field(repr=False)


class Readings:
    """The latest payload of every endpoint of an account, typed by `Reading`.

    A payload is missing while its endpoint has not delivered yet. What was delivered
    last stays readable when the cloud cannot be reached: whether it is still fresh is
    the coordinator's knowledge, not the payload's.
    """

    def __init__(self) -> None:
        """Start with nothing known."""
        # Plain tuples are hashed much faster than what names them.
        self._payloads: dict[tuple[str, str], Any] = {}

    def put(self, endpoint_id: EndpointId, payload: object) -> None:
        """Keep the newest payload of an endpoint."""
        self._payloads[endpoint_id.reading, endpoint_id.device_id] = payload

    def having(self, endpoint_id: EndpointId, payload: object) -> Readings:
        """Return readings that are the same but for one payload."""
        other = Readings()
        other._payloads = self._payloads.copy()
        other.put(endpoint_id, payload)
        return other

    def drop(self, endpoint_id: EndpointId) -> None:
        """Forget an endpoint that no longer exists."""
        self._payloads.pop((endpoint_id.reading, endpoint_id.device_id), None)

    def get[T](self, reading: Reading[T], device_id: str) -> T | None:
        """Return the newest payload, None while there is none."""
        payload: T | None = self._payloads.get((reading.name, device_id))
        return payload


@dataclass(frozen=True, slots=True)
class DeviceReadings:
    """The readings of one device, as the functions of the entity tables see them.

    `device_id` is whose readings they are; `part_id` is the device itself, which may be
    a part that its source reads for it.
    """

    readings: Readings
    device_id: str
    part_id: str = ""

    def get[T](self, reading: Reading[T]) -> T | None:
        """Return this device's newest payload, None while there is none."""
        return self.readings.get(reading, self.device_id)

    def __getitem__[T](self, reading: Reading[T]) -> T:
        """Return this device's newest payload; LookupError while there is none."""
        if (payload := self.get(reading)) is None:
            raise LookupError(reading.name)
        return payload
