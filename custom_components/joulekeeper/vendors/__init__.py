"""The brands that Joulekeeper speaks to. The only module that names them."""

from typing import Final

from .alphaess import VENDOR as ALPHAESS
from .amber import VENDOR as AMBER
from .base import VendorSpec
from .redback import VENDOR as REDBACK

REGISTRY: Final[dict[str, VendorSpec]] = {
    vendor.key: vendor for vendor in (ALPHAESS, AMBER, REDBACK)
}
