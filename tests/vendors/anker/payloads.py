"""The answers of the dossier's section 9 and 4, whose values are all invented."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import date, time
import json
from pathlib import Path
from typing import Any

from custom_components.joulekeeper.vendors.anker.details import (
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
from custom_components.joulekeeper.vendors.anker.devices import all_of, by_serial
from custom_components.joulekeeper.vendors.anker.energy import EnergyAnalysis, SolarDay
from custom_components.joulekeeper.vendors.anker.models import Scene, Site
from custom_components.joulekeeper.vendors.anker.panel import PanelDay, RunningInfo
from custom_components.joulekeeper.vendors.anker.prices import (
    AiStatus,
    DynamicPrices,
    SitePrice,
)
from custom_components.joulekeeper.vendors.anker.standalone import (
    PvStatus,
    PvTariff,
    PvTotals,
    pv_days,
)

_PAYLOADS: Mapping[str, Any] = json.loads(
    Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
)
NOON = time(12, 3)


def payload(name: str) -> Any:
    """Return the `data` of an answer, to be changed at will."""
    return deepcopy(_PAYLOADS[name])


def scene(name: str, **changes: Any) -> Scene:
    """Return an overview; changes are of `solarbank_info`."""
    raw = payload(f"scene_info {name}")
    raw["solarbank_info"] |= changes
    return Scene.parse(raw)


def _list_of(key: str, parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda raw: all_of(raw.get(key), parse)


PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "site_list": _list_of("site_list", Site.parse),
    "scene_info": Scene.parse,
    "bind_devices": lambda raw: by_serial(raw.get("data"), BoundDevice.parse),
    "wifi_list": _list_of("wifi_info_list", Wifi.parse),
    "cutoff": Cutoff.parse,
    "solar_info": SolarInfo.parse,
    "fittings": _list_of("data", Fitting.parse),
    "get_auto_upgrade": AutoUpgrade.parse,
    "ota_batch": lambda raw: by_serial(raw.get("update_infos"), Firmware.parse),
    "device_load": HomeLoad.parse,
    "device_attrs": DeviceAttrs.parse,
    "power_limit": PowerLimit.parse,
    "price A": SitePrice.parse,
    "price D": PvTariff.parse,
    "price_detail": DynamicPrices.parse,
    "ai_ems_status": AiStatus.parse,
    "energy D": lambda raw: pv_days(raw, date(2026, 5, 3)),
    "energy": EnergyAnalysis.parse,
    "solar_day": SolarDay.parse,
    "status D": lambda raw: by_serial(raw.get("pvStatuses"), PvStatus.parse),
    "totals D": PvTotals.parse,
    "panel_info": RunningInfo.parse,
    "storage_info": RunningInfo.parse,
    "panel_day": lambda raw: PanelDay.parse(raw, NOON),
}


def parser(name: str) -> Callable[[Any], Any]:
    """Return what reads an answer."""
    return PARSERS.get(name) or PARSERS[name.split(" ", 1)[0]]


TYPED = tuple(name for name in _PAYLOADS if not name.startswith("device_param"))
"""The answers that become something typed."""
