"""Where the northbound API of a region is (dossier 1.7), and what opens it."""

from collections.abc import Mapping
from typing import Final

from ..base import CONF_BASE_URL

CONF_REGION: Final = "region"
CONF_USER_NAME: Final = "user_name"
CONF_SYSTEM_CODE: Final = "system_code"

_DOMAIN: Final = "fusionsolar.huawei.com"
DEFAULT_REGION: Final = "eu5"
REGIONS: Final[tuple[str, ...]] = (
    DEFAULT_REGION,
    "intl",
    "sg5",
    "au5",
    "la5",
    "cn",
    "cn5",
)
"""Hosts that serve the API; those of the web pages, such as region01eu5, mostly do not."""

_ROOTS: Final = ("/thirdData", "/rest")


def address(credentials: Mapping[str, str]) -> str:
    """Return the address without a final slash: the own one, or that of the region.

    An own address may come without a scheme, or with the first part of a path.
    """
    own = (credentials.get(CONF_BASE_URL) or "").strip()
    if not own:
        region = (credentials.get(CONF_REGION) or DEFAULT_REGION).strip()
        return f"https://{region}.{_DOMAIN}"
    if "://" not in own:
        own = f"https://{own}"
    own = own.rstrip("/")
    for root in _ROOTS:
        own = own.removesuffix(root)
    return own.rstrip("/")
