"""The brands that Joulekeeper speaks to. The only module that names them."""

from typing import Final

from .alphaess import VENDOR as ALPHAESS
from .amber import VENDOR as AMBER
from .anker import VENDOR as ANKER
from .base import VendorSpec
from .chargehq import TARGET as CHARGEHQ
from .fusionsolar import VENDOR as FUSIONSOLAR
from .redback import VENDOR as REDBACK
from .targets import PushSpec

REGISTRY: Final[dict[str, VendorSpec]] = {
    vendor.key: vendor for vendor in (ALPHAESS, AMBER, ANKER, FUSIONSOLAR, REDBACK)
}

PUSH_TARGETS: Final[dict[str, PushSpec]] = {
    target.key: target for target in (CHARGEHQ,)
}
"""Those who are told what flows, in place of being asked."""
