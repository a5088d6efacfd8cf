"""Calls that change something, as pure functions (dossier 4, 5.2).

What a call says it does is not always done: `set_device_home_load` is none of them, for
the cloud accepts it without any effect.
"""

from collections.abc import Mapping
import json
from typing import Any, Final

from ..base import VendorCall
from .prices import SitePrice

SET_PARAM: Final = "set_site_device_param"
_SITE: Final = "/power_service/v1/site"
_APP: Final = "/power_service/v1/app"
_PV: Final = "/charging_pv_svc"
_WRITE_COMMAND: Final = 17
_ACCURACY: Final = 5


def _call(path: str, body: Mapping[str, Any]) -> VendorCall:
    return VendorCall(path.rpartition("/")[2], "POST", path, body)


def set_param_call(site_id: str, kind: str, data: Mapping[str, Any]) -> VendorCall:
    """Return the call that writes an object of a parameter type (4.12, 5.2, 5.4).

    The object goes as text; type 4 takes it as a whole only, 6 and 18 a part of it.
    """
    return _call(
        f"{_SITE}/{SET_PARAM}",
        {
            "site_id": site_id,
            "param_type": kind,
            "cmd": _WRITE_COMMAND,
            "param_data": json.dumps(data, separators=(",", ":"), ensure_ascii=False),
        },
    )


def cutoff_call(serial: str, choice: int) -> VendorCall:
    """Return the call that chooses a reserve by its id (4.7)."""
    return _call(
        f"{_APP}/compatible/set_power_cutoff",
        {"device_sn": serial, "cutoff_data_id": choice},
    )


def auto_upgrade_call(main: bool, devices: Mapping[str, bool]) -> VendorCall:
    """Return the call that switches automatic upgrades, of the devices that change.

    `main` off switches all off; it has to be on where one shall be (4.8).
    """
    changed = [
        {"device_sn": serial, "auto_upgrade": on} for serial, on in devices.items()
    ]
    return _call(
        f"{_APP}/set_auto_upgrade", {"main_switch": main, "device_list": changed}
    )


def site_price_call(site_id: str, known: SitePrice, **changes: Any) -> VendorCall:
    """Return the call that sets prices: all that is known, and what changes (4.10).

    Changes are fields of the cloud, such as `price`, `site_price_unit`, `price_type`.
    What is not repeated may be lost, such as the tariffs of `use_time`.
    """
    return _call(
        f"{_SITE}/update_site_price",
        {
            **known.raw,
            "site_id": site_id,
            "accuracy": _ACCURACY,
            **changes,
        },
    )


def attrs_call(serial: str, attributes: Mapping[str, Any]) -> VendorCall:
    """Return the call that sets attributes of a newer device (31)."""
    return _call(
        f"{_APP}/device/set_device_attrs",
        {"device_sn": serial, "attributes": dict(attributes)},
    )


def aps_power_call(serial: str, limit_w: int) -> VendorCall:
    """Return the call that limits a stand-alone inverter (4.13).

    The inverter stores it for good, and bears a limited number of writes only.
    """
    return _call(f"{_PV}/set_aps_power", {"sn": serial, "power": limit_w})


def tiered_price_call(serial: str, currency: str, price: float) -> VendorCall:
    """Return the call that sets a stand-alone inverter's price of all day (4.13)."""
    return _call(
        f"{_PV}/updateUserTieredElecPrice",
        {
            "sn": serial,
            "currencyUnit": currency,
            "tieredElecPrices": [{"from": "00:00", "to": "23:59", "price": price}],
        },
    )
