"""The code of a brand, imported when an account needs it.

That reads files, which must not hold up the event loop.
"""

from types import ModuleType

from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module

from . import vendors
from .vendors.base import VendorSpec
from .vendors.targets import PushSpec


async def async_vendor(hass: HomeAssistant, key: str) -> VendorSpec:
    """Return what one of `VENDORS` offers."""
    spec: VendorSpec = (await _async_folder(hass, key)).VENDOR
    return spec


async def async_push_target(hass: HomeAssistant, key: str) -> PushSpec:
    """Return what one of `PUSH_TARGETS` offers."""
    spec: PushSpec = (await _async_folder(hass, key)).TARGET
    return spec


async def _async_folder(hass: HomeAssistant, key: str) -> ModuleType:
    return await async_import_module(hass, f"{vendors.__name__}.{key}")
