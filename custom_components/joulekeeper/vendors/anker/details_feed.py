"""What is asked seldom of the devices of one system (dossier 4.5 to 4.8, 4.12)."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from ...core.errors import NotFound, Rejected
from .banks import Solarbank
from .client import AnkerClient
from .details import (
    AutoUpgrade,
    BoundDevice,
    Cutoff,
    DeviceAttrs,
    Firmware,
    Fitting,
    PowerLimit,
    SolarInfo,
    Wifi,
)
from .models import Scene
from .parts import Part
from .settings import STATION_TYPE, Station

SELDOM: Final = timedelta(hours=1)
"""For what changes only when its owner changes it."""
_OUT_OF_TURN: Final = 0.9
"""Share of its interval before which who asks for details looks for a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDetails:
    """What is asked seldom of a system's devices, by their serial numbers.

    What could not be asked is missing. `owned` is False for a member's account, which
    may see nothing of this.
    """

    owned: bool | None
    devices: Mapping[str, BoundDevice] = field(default_factory=dict, repr=False)
    wifi: tuple[Wifi, ...] = field(default=(), repr=False)
    cutoffs: Mapping[str, Cutoff] = field(default_factory=dict, repr=False)
    solar: Mapping[str, SolarInfo] = field(default_factory=dict, repr=False)
    fittings: Mapping[str, tuple[Fitting, ...]] = field(
        default_factory=dict, repr=False
    )
    auto_upgrade: AutoUpgrade | None = None
    firmware: Mapping[str, Firmware] = field(default_factory=dict, repr=False)
    attrs: Mapping[str, DeviceAttrs] = field(default_factory=dict, repr=False)
    power_limit: PowerLimit | None = None
    station: Station | None = None


_SETTABLE: Final = frozenset({"attrs", "cutoff", "power_limit", "station"})


class AccountDetails:
    """What is asked seldom of an account, for all of its systems."""

    def __init__(self, client: AnkerClient, interval: timedelta) -> None:
        """Know nothing yet; `interval` is that of the details."""
        self.client = client
        self.interval = interval
        self.bound = Part(client.bound_devices, interval, client.clock)
        self.auto_upgrade = Part(client.auto_upgrade, SELDOM, client.clock)


class DetailsFeed:
    """What is asked for one system; what fails costs only itself."""

    def __init__(self, account: AccountDetails, site_id: str) -> None:
        """Know nothing yet."""
        self._account = account
        self._client = account.client
        self._site_id = site_id
        self._parts: dict[tuple[str, str], Part[Any]] = {}
        self._detailed_at: datetime | None = None
        self._mine: tuple[str, ...] = ()

    def identities(self) -> Iterator[str | None]:
        """Yield what names accessories."""
        for (name, _), part in self._parts.items():
            if name == "fittings":
                for fitting in part.known or ():
                    yield from (fitting.serial, fitting.mac)
            elif name == "solar" and part.known is not None:
                yield part.known.serial

    def expire(self) -> None:
        """Have all details fetched anew the next time."""
        self._account.bound.expire()
        self._account.auto_upgrade.expire()
        for part in self._parts.values():
            part.expire()

    def _expire_settings(self) -> None:
        """Look at what can be set again, if somebody asks out of turn."""
        now = self._client.clock()
        before, self._detailed_at = self._detailed_at, now
        every = self._account.interval * _OUT_OF_TURN
        if before is None or not timedelta() <= now - before < every:
            return
        self._account.auto_upgrade.expire()
        for (name, _), part in self._parts.items():
            if name in _SETTABLE:
                part.expire()

    async def details(self, scene: Scene, *, owned: bool | None) -> SiteDetails:
        """Return what is known of the devices; raises what `Part.get` does."""
        if owned is False:
            return SiteDetails(owned=False)
        self._expire_settings()
        client, site_id = self._client, self._site_id
        banks = tuple(scene.solarbanks.values())
        later = [bank.serial for bank in banks if not bank.is_first_generation]
        bound = await self._account.bound.get() or {}
        mine = tuple(serial for serial in scene.serials if serial in bound)
        wifi = await self._part("wifi", "", lambda: client.wifi(site_id), every=2)
        firmware = await self._firmware(mine)
        return SiteDetails(
            owned=owned,
            devices={serial: bound[serial] for serial in mine},
            wifi=wifi or (),
            cutoffs=await self._of_each(
                "cutoff", banks, lambda serial: client.cutoff(site_id, serial)
            ),
            solar=await self._of_each("solar", banks, client.solar_info),
            fittings=await self._of_each(
                "fittings", banks, lambda serial: client.fittings(site_id, serial)
            ),
            auto_upgrade=await self._account.auto_upgrade.get(),
            firmware=firmware or {},
            attrs=await self._of_each(
                "attrs",
                [bank for bank in banks if bank.serial in later],
                client.device_attrs,
            ),
            power_limit=await self.power_limit() if later else None,
            station=await self._part("station", "", self._station) if later else None,
        )

    async def power_limit(self) -> PowerLimit | None:
        """Return how much the system may give, None if it could not be asked."""
        return await self._part(
            "power_limit", "", lambda: self._client.power_limit(self._site_id)
        )

    async def _firmware(self, mine: tuple[str, ...]) -> Mapping[str, Firmware] | None:
        """Return the firmware of devices, asked at once where there are others."""
        changed, self._mine = mine != self._mine, mine
        if not mine:
            return None
        if changed and (part := self._parts.get(("firmware", ""))) is not None:
            part.expire()
        return await self._part(
            "firmware", "", lambda: self._client.firmware(self._mine)
        )

    async def _station(self) -> Station:
        """Return what is set of a later system as a whole; not every one has that."""
        try:
            raw = await self._client.param(self._site_id, STATION_TYPE)
        except NotFound, Rejected:
            raw = None
        return Station.parse(raw)

    async def _part[T](
        self,
        name: str,
        serial: str,
        fetch: Callable[[], Awaitable[T]],
        *,
        every: int | None = None,
    ) -> T | None:
        """Return a part; `every` is after how many intervals of details it is old."""
        key = (name, serial)
        if key not in self._parts:
            age = SELDOM if every is None else self._account.interval * every
            self._parts[key] = Part(fetch, age, self._client.clock)
        part: Part[T] = self._parts[key]
        return await part.get()

    async def _of_each[T](
        self,
        name: str,
        banks: Iterable[Solarbank],
        fetch: Callable[[str], Awaitable[T]],
    ) -> dict[str, T]:
        told: dict[str, T] = {}
        for bank in banks:
            one = await self._part(name, bank.serial, partial(fetch, bank.serial))
            if one is not None:
                told[bank.serial] = one
        return told
