"""Details of devices, and what is set on them (4.5 to 4.8, 4.12)."""

import json
from typing import Any

from ..server import Route
from .context import Ask, Context
from .errors import ApiError, BadRequest
from .plans import empty_profile, old_profile
from .site import Site
from .specs import MI80, DeviceSpec

_APP = "/power_service/v1/app"
_SITE = "/power_service/v1/site"
_BRAND = "00000000-0000-4000-8000-000000000001"
_OPTIONS = {1: (10, 5, 10), 2: (5, 4, 5)}
_ATTRIBUTES_LATER = 3  # generation


class DeviceApi:
    """What hangs on the devices of an owner."""

    def __init__(self, context: Context) -> None:
        """Serve the devices of a cloud."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        compatible = f"{_APP}/compatible"
        named = (
            (f"{_APP}/get_relate_and_bind_devices", "bind_devices", self.bind_devices),
            (f"{_SITE}/get_wifi_info_list", "wifi_list", self.wifi_list),
            (f"{compatible}/get_power_cutoff", "get_cutoff", self.get_cutoff),
            (f"{compatible}/set_power_cutoff", "set_cutoff", self.set_cutoff),
            (f"{compatible}/get_compatible_solar_info", "solar_info", self.solar_info),
            (
                f"{compatible}/get_compatible_process",
                "compatible_process",
                self.compatible_process,
            ),
            (
                f"{_APP}/device/get_device_home_load",
                "get_device_load",
                self.get_device_load,
            ),
            (
                f"{_APP}/device/set_device_home_load",
                "set_device_load",
                self.set_device_load,
            ),
            (f"{_APP}/get_relate_device_fittings", "fittings", self.fittings),
            (f"{_APP}/device/get_device_attrs", "get_device_attrs", self.get_attrs),
            (f"{_APP}/device/set_device_attrs", "set_device_attrs", self.set_attrs),
            (f"{_APP}/get_brand_list", "brand_list", self.nothing),
            (f"{_APP}/vehicle/get_vehicle_list", "vehicle_list", self.nothing),
        )
        return [
            Route("POST", path, label, guard(handler)) for path, label, handler in named
        ]

    async def nothing(self, ask: Ask) -> Any:
        """Answer what is of no use here."""
        return {}

    async def bind_devices(self, ask: Ask) -> Any:
        """Answer the devices of the account."""
        return {
            "data": [
                self._bound(ask, device, site)
                for device, site in self._context.devices_of(ask)
            ]
        }

    def _bound(self, ask: Ask, device: DeviceSpec, site: Site | None) -> dict[str, Any]:
        bluetooth = device.product == MI80
        online = site is not None and site.is_online(device.serial, ask.now)
        alias = site.aliases[device.serial] if site else ""
        if site is None:
            alias = self._context.inverters[device.serial].alias
        row: dict[str, Any] = {
            "device_sn": device.serial,
            "product_code": device.product,
            "bt_ble_id": f"020000AABB{device.mac}",
            "bt_ble_mac": f"020000AABB{device.mac}",
            "device_name": device.model,
            "alias_name": alias,
            "img_url": "",
            "link_time": 1700000050,
            "wifi_online": online and not bluetooth,
            "wifi_name": "lab-net" if bluetooth else "",
            "relate_type": ["ble"] if bluetooth else ["ble", "wifi"],
            "charge": False,
            "bws_surplus": 0,
            "device_sw_version": device.firmware,
            "has_manual": False,
            "hes_data": None,
            "tag": "",
            "tag_img": "",
            "platform_tag": "",
            "platform_logo": "",
            "rssi": "",
            "intgr_device": None,
        }
        if self._context.behaviour.newest:
            row |= {
                "wifi_mac": f"020000CCDD{device.mac}",
                "time_zone": "",
                "ms_device_type": 0,
                "owner_user_id": ask.account.user_id,
                "group_info": None,
                "init_status": 1,
                "ocpp_connect_status": 0,
            }
        return row

    async def wifi_list(self, ask: Ask) -> Any:
        """Answer the signals; the newest systems tell more (4.6)."""
        site = self._context.owned(ask)
        rows = []
        for device in site.spec.devices:
            if device.product == MI80:
                continue
            online = site.is_online(device.serial, ask.now)
            signal = str(device.signal) if online else ""
            row: dict[str, Any] = {"wifi_name": "lab-net", "wifi_signal": signal}
            if self._context.behaviour.wifi_keyed:
                row |= {
                    "device_sn": device.serial,
                    "rssi": "",
                    "offline": not online,
                }
                if not site.is_first:
                    # 70 % is -58 dBm and 83 % is -51 dBm in 9.4.
                    dbm = round(-58 + (device.signal - 70) * 7 / 13)
                    row |= {
                        "rssi": str(dbm) if online else "",
                        "is_support_wired": False,
                        "wired_connected": False,
                    }
            rows.append(row)
        return {"wifi_info_list": rows}

    # -- reserve -----------------------------------------------------------------

    async def get_cutoff(self, ask: Ask) -> Any:
        """Answer the reserves to choose from; any owned device of the site (4.7)."""
        device, site = self._context.device_of_site(ask)
        chosen = 1
        if site is not None and device.serial in site.cutoff:
            chosen = site.cutoff[device.serial].stored.at(ask.now)["id"]
        later: dict[str, Any] = {
            "charge_upper_limit": 100,
            "discharge_lower_limit": _OPTIONS[chosen][0],
            "backup_reserve": 0,
            "backup_reserve_switch": 0,
            "cmd_type": 0,
        }
        return (later if self._context.behaviour.newest else {}) | {
            "power_cutoff_data": [
                {
                    "id": number,
                    "is_selected": int(number == chosen),
                    "output_cutoff_data": output,
                    "lowpower_input_data": low,
                    "input_cutoff_data": entry,
                }
                for number, (output, low, entry) in _OPTIONS.items()
            ]
        }

    async def set_cutoff(self, ask: Ask) -> Any:
        """Choose a reserve: a later bank shows it and keeps its own (4.7)."""
        device, site = self._context.device(ask)
        number = ask.body.get("cutoff_data_id")
        if number not in _OPTIONS:
            raise BadRequest('error: field "cutoff_data_id" is not set')
        if (
            site is not None
            and device.serial in site.cutoff
            and not self._context.is_ignored(ask)
        ):
            delays = self._context.delays(ask, site)
            site.cutoff[device.serial].write({"id": number}, ask.now, delays)
        return {}

    # -- inverter and fittings ---------------------------------------------------

    async def solar_info(self, ask: Ask) -> Any:
        """Answer which inverter a bank feeds."""
        try:
            _, site = self._context.device(ask, "solarbank_sn")
        except ApiError:
            return _solar("Others", "Others", "", "Others")
        inverter = site.spec.inverter if site else None
        if inverter is not None:
            return _solar("ANKER", MI80, inverter.serial, inverter.model)
        return _solar("ANKER", "A5140", "", "MI60 Microinverter")

    async def compatible_process(self, ask: Ask) -> Any:
        """Answer the same with the state of updates."""
        try:
            self._context.device(ask, "solarbank_sn")
        except ApiError:
            blank = _solar("", "", "", "") | {"brand_id": ""}
            return _process(1, blank | {"ota_status": 0})
        solar = _solar("ANKER", "A5140", "", "MI60 Microinverter")
        return _process(2, solar | {"ota_status": 1})

    async def fittings(self, ask: Ask) -> Any:
        """Answer the accessories of a bank."""
        _, site = self._context.device_of_site(ask)
        return {
            "data": [
                {
                    "device_sn": fitting.serial,
                    "product_code": fitting.product,
                    "device_name": "E1600 0W Output Switch",
                    "alias_name": fitting.alias,
                    "img_url": "",
                    "bt_ble_id": "",
                    "bt_ble_mac": f"020000AABB{fitting.mac}",
                    "link_time": 1707000000,
                }
                for fitting in (site.spec.fittings if site else ())
            ]
        }

    # -- the load of a Solarbank 1 -------------------------------------------------

    async def get_device_load(self, ask: Ask) -> Any:
        """Answer the schedule and the applied preset (4.8)."""
        device, site = self._context.device_of_site(ask)
        if site is None or "4" not in site.params:
            profile, now_w, own = empty_profile(), 0, ""
        else:
            profile = site.params["4"].stored.at(ask.now)
            now_w, own = _applied(site, device, ask)
        if self._context.behaviour.old_firmware:
            profile = old_profile(profile)
        answered: dict[str, Any] = {
            "site_id": site.spec.site_id if site else "",
            "home_load_data": compact(profile),
            "current_home_load": f"{now_w}W",
            "parallel_home_load": own,
            "parallel_display": bool(own),
        }
        if not self._context.behaviour.old_firmware:
            answered |= {
                "priority_discharge_switch": 0,
                "display_priority_discharge_tips": 0,
                "is_show_priority_discharge": int(site is not None and site.is_first),
            }
        return answered

    async def set_device_load(self, ask: Ask) -> Any:
        """Accept a schedule, and do nothing (9.7)."""
        self._context.owned(ask)
        ask.text("home_load_data")
        return {}

    # -- attributes --------------------------------------------------------------------

    async def get_attrs(self, ask: Ask) -> Any:
        """Answer those attributes that a device has (4.1)."""
        serial, names = ask.text("device_sn"), ask.body.get("attributes") or []
        try:
            device, site = self._context.device(ask)
        except ApiError:
            return {"device_sn": serial, "attributes": {}}
        found = _attributes(device, site)
        if site is not None:
            found |= site.attributes[serial].stored.at(ask.now)
        return {
            "device_sn": serial,
            "attributes": {name: found[name] for name in names if name in found},
        }

    async def set_attrs(self, ask: Ask) -> Any:
        """Merge attributes."""
        device, site = self._context.device(ask)
        given = ask.body.get("attributes")
        if not isinstance(given, dict) or site is None:
            raise BadRequest('error: field "attributes" is not set')
        if not self._context.is_ignored(ask):
            setting = site.attributes[device.serial]
            delays = self._context.delays(ask, site)
            setting.write(setting.newest | given, ask.now, delays)
        return {}


def compact(value: Any) -> str:
    """Return JSON in a string, as the vendor packs it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _applied(site: Site, device: DeviceSpec, ask: Ask) -> tuple[int, str]:
    """Return the applied preset of the system, and of a bank of several."""
    if not site.is_first:
        return 0, ""
    share = site.share(ask.now)
    serials = [bank.serial for bank in site.spec.banks]
    if len(serials) == 1 or device.serial not in serials:
        return share.system_w, ""
    return share.system_w, f"{share.banks_w[serials.index(device.serial)]}W"


def _attributes(device: DeviceSpec, site: Site | None) -> dict[str, Any]:
    if site is None or site.spec.generation < _ATTRIBUTES_LATER:
        return {}
    found: dict[str, Any] = {"rssi": "-70"}
    if device.is_bank:
        found |= {"pv_power_limit": 3600, "switch_0w": 0}
    return found


def _solar(brand: str, model: str, serial: str, name: str) -> dict[str, Any]:
    return {
        "brand_id": _BRAND,
        "solar_brand": brand,
        "solar_model": model,
        "solar_sn": serial,
        "solar_model_name": name,
    }


def _process(state: int, solar: dict[str, Any]) -> dict[str, Any]:
    return {
        "ota_complete_status": state,
        "process_skip_type": 1,
        "solar_info": solar | {"model_img": "", "version": ""},
    }
