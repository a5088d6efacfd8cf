"""Lists and the overview (4.1 to 4.3, 9.6)."""

from typing import Any

from ..server import Route
from .context import Ask, Context
from .scene import scene
from .site import Site
from .specs import (
    BANK_TYPE,
    INVERTER_TYPE,
    METER_TYPE,
    MI80,
    PANEL_TYPE,
    PLUG_TYPE,
    SB1,
    BankSpec,
    DeviceSpec,
)

_SITE = "/power_service/v1/site"
_APP = "/power_service/v1"

_CURRENCIES = (
    *(("$", "AUD, CAD, USD"), ("лв", "BGN"), ("CHF", "CHF"), ("Kč", "CZK")),
    *(("€", "EUR"), ("£", "GBP"), ("Ft", "HUF"), ("zł", "PLN"), ("kr", "SEK")),
)


class SiteApi:
    """What is there at all, and how it is now."""

    def __init__(self, context: Context) -> None:
        """Serve the systems of a cloud."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        named = (
            ("get_site_list", "site_list", self.site_list),
            ("get_scen_info", "scene_info", self.scene_info),
            ("get_site_homepage", "homepage", self.homepage),
            ("get_site_detail", "site_detail", self.site_detail),
            ("get_site_rules", "site_rules", self.site_rules),
            ("list_user_devices", "user_devices", self.user_devices),
            ("get_charging_device", "charging_devices", self.charging_devices),
            ("co2_ranking", "co2_ranking", self.co2_ranking),
            ("get_schedule", "forecast_schedule", self.forecast_schedule),
        )
        unread = f"{_APP}/get_message_unread"
        return [
            *(
                Route("POST", f"{_SITE}/{path}", label, guard(handler))
                for path, label, handler in named
            ),
            Route("GET", unread, "message_unread", guard(self.message_unread)),
            *(
                Route("GET", f"{_APP}/{name}", name, guard(self.catalogue))
                for name in ("product_categories", "product_accessories")
            ),
            Route(
                "POST",
                "/app/devicemanage/get_user_mqtt_info",
                "mqtt_info",
                guard(self.mqtt_info),
            ),
            Route(
                "POST",
                f"{_APP}/currency/get_list",
                "currency_list",
                guard(self.currencies),
            ),
        ]

    async def site_list(self, ask: Ask) -> Any:
        """Answer the list of systems."""
        sites = self._context.sites_of(ask)
        return {"site_list": [self.entry(ask, site) for site in sites]}

    def entry(self, ask: Ask, site: Site) -> dict[str, Any]:
        """Return a row of the list of systems."""
        spec = site.spec
        role = ask.account.sites[spec.site_id]
        newest: dict[str, Any] = {
            "init_status": 1,
            "site_device_list": [_listed(site, device) for device in spec.devices],
        }
        return (newest if self._context.behaviour.newest else {}) | {
            "site_id": spec.site_id,
            "site_name": site.name,
            "site_img": "",
            "device_type_list": _types(site),
            "ms_type": self._context.behaviour.own_ms_type if role != 2 else 2,
            "power_site_type": spec.kind,
            "is_allow_delete": True,
            "support_device_models": list(spec.models),
            "current_site_device_models": _models(site),
        }

    async def scene_info(self, ask: Ask) -> Any:
        """Answer the overview of a system."""
        site = self._context.seen(ask)
        return scene(site, self._context.behaviour, ask.now)

    async def homepage(self, ask: Ask) -> Any:
        """Answer what the owner's first page shows, values mostly empty."""
        sites = [
            site
            for site in self._context.sites_of(ask)
            if ask.account.owns(site.spec.site_id)
        ]
        return {
            "site_list": [
                self.entry(ask, site)
                | {
                    "ms_type": 0,
                    "power_site_type": 0,
                    "is_allow_delete": False,
                    "support_device_models": None,
                    "current_site_device_models": None,
                }
                for site in sites
            ],
            "solar_list": [],
            "pps_list": [],
            "solarbank_list": [
                _first_page(site, bank)
                for site in sites
                for bank in (*site.spec.banks, *site.spec.cascaded)
            ],
            "powerpanel_list": [],
        }

    async def site_detail(self, ask: Ask) -> Any:
        """Answer the names of what is in a system."""
        site = self._context.seen(ask)
        spec = site.spec
        empty: dict[str, list[Any]] = {
            name: []
            for name in ("solar_list", "pps_list", "solarbank_list", "powerpanel_list")
        }
        return {
            "site_info": self.entry(ask, site)
            | {
                "ms_type": 0,
                "is_allow_delete": False,
                "current_site_device_models": None,
            },
            **empty,
            "grid_list": [_named(site, spec.meter)] if spec.meter else [],
            "smartplug_list": [_named(site, plug) for plug in spec.plugs],
        }

    async def site_rules(self, ask: Ask) -> Any:
        """Answer which devices go into which systems."""
        return {
            "rule_list": [
                {
                    "power_site_type": 2,
                    "main_device_models": [SB1],
                    "device_models": [SB1, MI80, "A1771"],
                    "can_empty_site": False,
                    "quantity_min_limit_map": {SB1: 1},
                    "quantity_max_limit_map": {"A1771": 2, SB1: 2, MI80: 1},
                }
            ]
        }

    async def user_devices(self, ask: Ask) -> Any:
        """Answer what the owner has, mostly without values."""
        lists: dict[str, list[Any]] = {
            name: []
            for name in (
                *("solar_list", "pps_list", "solarbank_list", "powerpanel_list"),
                *("grid_list", "smartplug_list"),
            )
        }
        for device, site in self._context.devices_of(ask):
            if device.product == MI80:
                lists["solar_list"].append(
                    {
                        "device_sn": device.serial,
                        "device_name": device.alias,
                        "device_img": "",
                        "bind_site_status": str(int(site is not None)),
                        "generate_power": "",
                        "power_unit": "",
                        "status": "0",
                        "wireless_type": "2",
                        "device_pn": device.product,
                        "main_version": "",
                    }
                )
        return lists

    async def charging_devices(self, ask: Ask) -> Any:
        """Answer what it always is."""
        return {"device_list": None, "guide_txt": ""}

    async def co2_ranking(self, ask: Ask) -> Any:
        """Answer what was saved."""
        site = self._context.seen(ask)
        co2 = site.record(ask.now).totals.solar * 0.997
        level = 3 if co2 < 150 else 4
        return {
            "show": True,
            "ranking": "999+",
            "co2": f"{co2:.2f}",
            "tree": f"{co2 / 21:.1f}",
            "content": "Not to be underestimated",
            "level": {"tree": level, "bubble": level},
        }

    async def forecast_schedule(self, ask: Ask) -> Any:
        """Answer the state of the forecast."""
        site = self._context.seen(ask)
        return {
            "status": 0,
            "remain_energy": None,
            "negative_price": None,
            "push_time": site.local(ask.now).strftime("%d/%m/%Y %H:%M:%S"),
        }

    async def message_unread(self, ask: Ask) -> Any:
        """Answer whether there is mail."""
        return {"has_unread_msg": False, "system_msg": False, "device_msg": False}

    async def catalogue(self, ask: Ask) -> Any:
        """Answer a bare list, as few do (3.1)."""
        return []

    async def mqtt_info(self, ask: Ask) -> Any:
        """Answer no way to the broker: there is none."""
        return {}

    async def currencies(self, ask: Ask) -> Any:
        """Answer the currencies."""
        return {
            "currency_list": [
                {"symbol": symbol, "name": name} for symbol, name in _CURRENCIES
            ],
            "default_currency": {"symbol": "€", "name": "EUR"},
        }


def _types(site: Site) -> list[int]:
    spec = site.spec
    there = {
        INVERTER_TYPE: bool(spec.inverter),
        BANK_TYPE: bool(spec.banks),
        PANEL_TYPE: bool(spec.panels),
        METER_TYPE: bool(spec.meter),
        PLUG_TYPE: bool(spec.plugs),
    }
    return [kind for kind, is_there in there.items() if is_there]


def _models(site: Site) -> list[str]:
    return list(dict.fromkeys(device.product for device in site.spec.devices))


def _named(site: Site, device: DeviceSpec) -> dict[str, Any]:
    return {
        "device_pn": device.product,
        "device_sn": device.serial,
        "device_name": site.aliases[device.serial],
        "device_img": "",
        "create_time": 0,
        "status": "",
        "bind_site_status": "",
        "wireless_type": "",
    }


def _listed(site: Site, device: DeviceSpec) -> dict[str, Any]:
    return {
        "device_model": device.product,
        "device_sn": device.serial,
        "device_name": site.aliases[device.serial],
        "device_type": BANK_TYPE if device.is_bank else METER_TYPE,
        "status": 1,
        "create_time": 1700000100,
        "update_time": 1700000100,
    }


def _first_page(site: Site, bank: BankSpec) -> dict[str, Any]:
    empty = (
        *("device_pn", "device_img", "charging_power", "power_unit"),
        *("charging_status", "status", "wireless_type", "main_version"),
        *("photovoltaic_power", "output_power", "set_load_power"),
    )
    number = site.household.banks.index(bank)
    return dict.fromkeys(empty, "") | {
        "device_sn": bank.serial,
        "device_name": site.aliases[bank.serial],
        "battery_power": str(round(site.household.soc(number) * 100)),
        "bind_site_status": "1",
        "create_time": 0,
        "output_cutoff_data": 0,
        "is_display": False,
    }
