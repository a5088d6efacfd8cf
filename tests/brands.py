"""What all brands offer, by their keys."""

from importlib import import_module
from typing import Any, Final

from custom_components.joulekeeper import vendors
from custom_components.joulekeeper.vendors.base import VendorSpec
from custom_components.joulekeeper.vendors.targets import PushSpec


def folder(key: str) -> Any:
    """Return the package of a brand."""
    return import_module(f"{vendors.__name__}.{key}")


SPECS: Final[dict[str, VendorSpec]] = {
    key: folder(key).VENDOR for key in vendors.VENDORS
}
TARGETS: Final[dict[str, PushSpec]] = {
    key: folder(key).TARGET for key in vendors.PUSH_TARGETS
}
