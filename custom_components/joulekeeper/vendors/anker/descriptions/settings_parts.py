"""What the tables of settings share."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.components.number import NumberDeviceClass, NumberMode
from homeassistant.const import EntityCategory, UnitOfPower

from ....core.models import DeviceKind, DeviceReadings
from ..endpoints import PRICES
from ..prices import SitePrice

CONFIG: Final[dict[str, Any]] = {"entity_category": EntityCategory.CONFIG}
OF_SITE: Final[dict[str, Any]] = {"device_kind": DeviceKind.SITE, **CONFIG}
WATTS: Final[dict[str, Any]] = {
    "device_class": NumberDeviceClass.POWER,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "mode": NumberMode.BOX,
}
PRICE: Final[dict[str, Any]] = {
    "native_min_value": 0,
    "native_max_value": 10,
    "native_step": 0.0001,
    "mode": NumberMode.BOX,
}


def known[T](value: T | None) -> T:
    """Return what is known; LookupError, which reads as unknown, for what is not."""
    if value is None:
        raise LookupError
    return value


def there(found: Callable[[DeviceReadings], Any]) -> Callable[[DeviceReadings], bool]:
    """Return what tells whether there is something; LookupError is that there is not."""
    return lambda readings: found(readings) is not None


def price_of(readings: DeviceReadings) -> SitePrice | None:
    """Return the prices of a system, None where they are not known."""
    prices = readings.get(PRICES)
    return None if prices is None else prices.site
