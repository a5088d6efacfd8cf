"""Client of the Anker Solix cloud: typed payloads out, `core.errors` raised (4)."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, tzinfo
from typing import Any, Final

from ...core.errors import AuthError, ProtocolError, VendorError
from ..base import Connection, VendorCall
from ..http import HttpClient
from ..parsing import mapping, text
from .api import Api
from .codes import SIGNED_OUT
from .countries import Region, country_of
from .details import (
    AutoUpgrade,
    BoundDevice,
    Cutoff,
    DeviceAttrs,
    Firmware,
    Fitting,
    HomeLoad,
    PowerLimit,
    SolarInfo,
    Wifi,
)
from .devices import all_of, by_serial
from .energy import EnergyAnalysis, EnergyKind, SolarDay
from .fields import embedded
from .models import Scene, Site
from .pace import Sleep
from .panel import PanelDay, PanelSource, RunningInfo
from .prices import AiStatus, DynamicPrices, PriceProvider, SitePrice
from .standalone import PvStatus, PvTariff, PvTotals, pv_days

_POWER: Final = "power_service/v1"
_SITE: Final = f"{_POWER}/site"
_APP: Final = f"{_POWER}/app"
_PV: Final = "charging_pv_svc"
_PANEL: Final = "charging_energy_service"
_STORAGE: Final = "charging_hes_svc"

_ATTRIBUTES: Final = ("rssi", "pv_power_limit", "switch_0w")
_PRICE_ACCURACY: Final = 5


class AnkerClient:
    """One account.

    What every call may raise is told at `Api`. `raw` keeps the last `data` of every
    read for diagnostics, by endpoint and what it was asked about.
    """

    def __init__(self, connection: Connection, sleep: Sleep = asyncio.sleep) -> None:
        """Prepare; nothing is sent before the first call.

        Credentials are `username`, which is an e-mail address, `password`, `country`
        and perhaps `base_url`.
        """
        self.clock = connection.clock
        self.options = connection.options
        self.country = country_of(connection.credentials)
        self.api = Api(connection, sleep)
        self.raw: dict[str, Any] = {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown."""
        return self.api.login.secrets

    @property
    def nick_name(self) -> str | None:
        """What the cloud calls the user, partly hidden; None before a login."""
        return self.api.login.nick_name

    @property
    def locked_until(self) -> datetime | None:
        """Until when no login is made, None while one may be, or need not be."""
        return self.api.login.locked_until

    @property
    def trouble(self) -> str | None:
        """The reason for which there is no session just now, None while there may be."""
        return self.api.login.trouble

    @property
    def is_contested(self) -> bool:
        """Whether another program takes the account's session again and again."""
        return self.api.login.is_contested

    @property
    def http(self) -> HttpClient:
        """What counts the calls."""
        return self.api.http

    def hints(self, zone: tzinfo) -> dict[str, tuple[str, ...]]:
        """Return what keeps it from logging in, by reason, and until when."""
        if (trouble := self.trouble) is None:
            return {SIGNED_OUT: ()} if self.is_contested else {}
        if (until := self.locked_until) is None:
            return {trouble: ()}
        told = f"{until.astimezone(zone):%Y-%m-%d %H:%M}"
        return {trouble: (f"The next login is made at {told}.",)}

    def allow_at_once(self, calls: int) -> None:
        """Let the next calls, so many of them, begin without a distance."""
        self.api.allow_at_once(calls)

    async def send(self, call: VendorCall) -> None:
        """Make a call that changes something (`calls`); see `Api.send`."""
        await self.api.send(call)

    # -- systems -----------------------------------------------------------------

    async def sites(self) -> tuple[Site, ...]:
        """Return the systems of the account (4.2).

        An account without any system or device may be one of the other region, or have
        moved there, so that is looked into too, once a day.
        """
        found = await self._sites(None)
        other = self.api.login.region_to_try
        if other is None:
            return found
        if found or await self._bound(None):
            await self.api.login.settle(self.api.login.region)
            return found
        try:
            elsewhere = await self._sites(other)
            known = bool(elsewhere or await self._bound(other))
        except AuthError:
            # Who has no account there is not there.
            elsewhere, known = (), False
        except VendorError:
            # What cannot be known must not hide what is.
            return found
        await self.api.login.settle(other if known else None)
        return elsewhere if known else found

    async def scene(self, site_id: str) -> Scene:
        """Return what a system does now (4.3)."""
        path = f"{_SITE}/get_scen_info"
        told = await self._object(path, {"site_id": site_id}, site_id)
        whole = isinstance(told.get("solarbank_info"), dict)
        if not whole or (text(told.get("site_id")) or site_id) != site_id:
            raise ProtocolError(f"{_label(path)}: not the overview of a system")
        return Scene.parse(told)

    async def bound_devices(self) -> Mapping[str, BoundDevice]:
        """Return the devices of the account; of a member none (4.5)."""
        return await self._bound(None)

    # -- details -----------------------------------------------------------------

    async def auto_upgrade(self) -> AutoUpgrade:
        """Return which devices update themselves (4.8)."""
        return AutoUpgrade.parse(await self._object(f"{_APP}/get_auto_upgrade"))

    async def firmware(self, serials: Sequence[str]) -> Mapping[str, Firmware]:
        """Return what firmware devices have and could have."""
        body = {"device_list": [{"device_sn": sn, "version": ""} for sn in serials]}
        told = await self._object("app/ota/batch/check_update", body)
        return by_serial(told.get("update_infos"), Firmware.parse)

    async def wifi(self, site_id: str) -> tuple[Wifi, ...]:
        """Return the wireless links of a system's devices (4.6)."""
        told = await self._object(
            f"{_SITE}/get_wifi_info_list", {"site_id": site_id}, site_id
        )
        return all_of(told.get("wifi_info_list"), Wifi.parse)

    async def cutoff(self, site_id: str, serial: str) -> Cutoff:
        """Return the reserve of a solarbank (4.7)."""
        body = {"site_id": site_id, "device_sn": serial}
        path = f"{_APP}/compatible/get_power_cutoff"
        return Cutoff.parse(await self._object(path, body, serial))

    async def solar_info(self, serial: str) -> SolarInfo:
        """Return the inverter behind a solarbank (4.8)."""
        path = f"{_APP}/compatible/get_compatible_solar_info"
        return SolarInfo.parse(
            await self._object(path, {"solarbank_sn": serial}, serial)
        )

    async def fittings(self, site_id: str, serial: str) -> tuple[Fitting, ...]:
        """Return the accessories of a device (4.8)."""
        body = {"site_id": site_id, "device_sn": serial}
        told = await self._object(f"{_APP}/get_relate_device_fittings", body, serial)
        return all_of(told.get("data"), Fitting.parse)

    async def device_attrs(self, serial: str) -> DeviceAttrs:
        """Return settings of a newer device (31)."""
        body = {"device_sn": serial, "attributes": list(_ATTRIBUTES)}
        path = f"{_APP}/device/get_device_attrs"
        return DeviceAttrs.parse(await self._object(path, body, serial))

    async def power_limit(self, site_id: str) -> PowerLimit:
        """Return how much a newer system may give (4.12)."""
        path = f"{_SITE}/get_power_limit"
        return PowerLimit.parse(await self._object(path, {"site_id": site_id}, site_id))

    # -- plans -------------------------------------------------------------------

    async def home_load(self, site_id: str, serial: str) -> HomeLoad:
        """Return the day's plan of a first generation system, and what it gives (4.8).

        It is the same for all banks of a system.
        """
        body = {"site_id": site_id, "device_sn": serial}
        path = f"{_APP}/device/get_device_home_load"
        return HomeLoad.parse(await self._object(path, body, serial))

    async def param(self, site_id: str, kind: str) -> Mapping[str, Any] | None:
        """Return the object of a parameter type, None where none is stored (4.12).

        NotFound where the system has no such type, Rejected where nobody has.
        """
        body = {"site_id": site_id, "param_type": kind}
        path = f"{_SITE}/get_site_device_param"
        told = await self._object(path, body, f"{kind} {site_id}")
        return embedded(told.get("param_data"))

    # -- energies and prices -----------------------------------------------------

    async def energy(
        self, site_id: str, kind: EnergyKind, start: date, end: date | None = None
    ) -> EnergyAnalysis | None:
        """Return the energies of one day, or of a range with totals of all of it (4.9).

        None where the system knows nothing of that kind. Days are local ones.
        """
        told = await self._analysis(site_id, kind, "week", start, end or start)
        return EnergyAnalysis.parse(told)

    async def solar_day(self, site_id: str, day: date) -> SolarDay:
        """Return the curve of a day's solar power, and what is expected (4.9)."""
        told = await self._analysis(site_id, EnergyKind.SOLAR, "day", day, None)
        return SolarDay.parse(mapping(told))

    async def site_price(self, site_id: str) -> SitePrice:
        """Return the prices that a system's owner has set (4.10)."""
        body = {"site_id": site_id, "accuracy": _PRICE_ACCURACY}
        path = f"{_SITE}/get_site_price"
        return SitePrice.parse(await self._object(path, body, site_id))

    async def dynamic_prices(
        self, provider: PriceProvider, day: date, zone: tzinfo
    ) -> DynamicPrices:
        """Return the exchange prices of a day and the next (4.11).

        Rejected where the provider is not known.
        """
        midnight = datetime.combine(day, time(), zone)
        body = {
            "company": provider.company,
            "area": provider.area or "",
            "date": str(int(midnight.timestamp())),
            "device_sn": "",
        }
        path = f"{_POWER}/dynamic_price/price_detail"
        return DynamicPrices.parse(await self._object(path, body))

    async def ai_status(self, site_id: str) -> AiStatus:
        """Return how far the AI mode is (4.11)."""
        body = {"site_id": site_id}
        path = f"{_POWER}/ai_ems/get_status"
        return AiStatus.parse(await self._object(path, body, site_id))

    # -- stand-alone inverters ---------------------------------------------------

    async def pv_status(self, serials: Sequence[str]) -> Mapping[str, PvStatus]:
        """Return what inverters without a system do now (4.13)."""
        told = await self._object(f"{_PV}/getPvStatus", {"sns": ",".join(serials)})
        return by_serial(told.get("pvStatuses"), PvStatus.parse)

    async def pv_totals(self, serial: str) -> PvTotals:
        """Return what an inverter without a system has brought, and its limit (4.13)."""
        path = f"{_PV}/getPvTotalStatistics"
        return PvTotals.parse(await self._object(path, {"sn": serial}, serial))

    async def pv_days(self, serial: str, start: date, end: date) -> dict[date, float]:
        """Return its energies by local day, kWh (4.13)."""
        body = {
            "sn": serial,
            "type": "week",
            "start": start.isoformat(),
            "end": end.isoformat(),
            "version": "1",
        }
        return pv_days(await self._object(f"{_PV}/statisticsPv", body, serial), start)

    async def pv_tariff(self, serial: str) -> PvTariff:
        """Return its price (4.13)."""
        path = f"{_PV}/selectUserTieredElecPrice"
        return PvTariff.parse(await self._object(path, {"sn": serial}, serial))

    # -- power panels and home storage -------------------------------------------

    async def running_info(self, site: Site) -> RunningInfo:
        """Return the totals of a power panel or of home storage (4.14)."""
        path = f"{_service(site)}/get_system_running_info"
        return RunningInfo.parse(await self._object(path, {"siteId": site.id}, site.id))

    async def panel_day(
        self, site: Site, source: PanelSource, now: datetime
    ) -> PanelDay:
        """Return a source's day so far; `now` is in the system's zone (4.14)."""
        day = now.date().isoformat()
        body = {
            "siteId": site.id,
            "sourceType": source.value,
            "dateType": "day",
            "start": day,
            "end": day,
            "global": True,
            "productCode": "",
        }
        name = "get_energy_statistics" if site.is_home_storage else "energy_statistics"
        told = await self._object(
            f"{_service(site)}/{name}", body, f"{source} {site.id}"
        )
        return PanelDay.parse(told, now.time())

    # ----------------------------------------------------------------------------

    async def _sites(self, region: Region | None) -> tuple[Site, ...]:
        told = await self._listed(f"{_SITE}/get_site_list", "site_list", region)
        return all_of(told, Site.parse)

    async def _bound(self, region: Region | None) -> Mapping[str, BoundDevice]:
        path = f"{_APP}/get_relate_and_bind_devices"
        return by_serial(await self._listed(path, "data", region), BoundDevice.parse)

    async def _listed(self, path: str, name: str, region: Region | None) -> list[Any]:
        """Return a list of all that there is: only one that is told may be empty."""
        told = (await self._object(path, region=region)).get(name)
        if not isinstance(told, list):
            raise ProtocolError(f"{_label(path)}: {name} is no list")
        return told

    async def _analysis(
        self, site_id: str, kind: EnergyKind, unit: str, start: date, end: date | None
    ) -> Any:
        body = {
            "site_id": site_id,
            "device_sn": "",
            "device_type": kind.value,
            "type": unit,
            "start_time": start.isoformat(),
            "end_time": end.isoformat() if end is not None else "",
        }
        key = f"{kind} {unit} {site_id}"
        return await self._data(f"{_SITE}/energy_analysis", body, key)

    async def _object(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        key: str = "",
        *,
        region: Region | None = None,
    ) -> Mapping[str, Any]:
        """Return `data` as an object, empty for anything else."""
        return mapping(await self._data(path, body, key, region=region))

    async def _data(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        key: str,
        *,
        region: Region | None = None,
    ) -> Any:
        label = _label(path)
        data = await self.api.ask(path, body, label=label, region=region)
        self.raw[f"{label} {key}".strip()] = data
        return data


def _service(site: Site) -> str:
    return _STORAGE if site.is_home_storage else _PANEL


def _label(path: str) -> str:
    """Return an endpoint's name: two services have some of the same."""
    service, _, name = path.rpartition("/")
    return f"storage {name}" if service == _STORAGE else name
