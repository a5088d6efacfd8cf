"""Which server an account is on (dossier 2.1).

An account may log in on both servers, but only one of them knows its systems: the other
one answers everything with empty lists.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from ..base import CONF_BASE_URL

CONF_USERNAME: Final = "username"
CONF_PASSWORD: Final = "password"
CONF_COUNTRY: Final = "country"
CONF_OTHER_BASE_URL: Final = "other_base_url"
"""Server of the region that is not the country's, beside an own `base_url`."""


class Region(StrEnum):
    """One of the two clouds."""

    EU = "eu"
    COM = "com"

    @property
    def other(self) -> Region:
        """The other one."""
        return Region.COM if self is Region.EU else Region.EU


_SERVERS: Final[Mapping[Region, str]] = {
    Region.EU: "https://ankerpower-api-eu.anker.com",
    Region.COM: "https://ankerpower-api.anker.com",
}
_COM: Final = frozenset(
    [
        "DZ",
        "LB",
        "SY",
        "EG",
        "LY",
        "TN",
        "MA",
        "JO",
        "PS",
        "AR",
        "AU",
        "BR",
        "HK",
        "IN",
        "MX",
        "NG",
        "NZ",
        "RU",
        "SG",
        "ZA",
        "KR",
        "TW",
        "US",
        "CA",
    ]
)
"""All others are in the EU's cloud, whether the vendor names them or not."""


def country_of(credentials: Mapping[str, str]) -> str:
    """Return the country's two capital letters."""
    return (credentials.get(CONF_COUNTRY) or "").strip().upper()


def region_of(country: str) -> Region:
    """Return where accounts of a country mostly are; some moved, others never did."""
    return Region.COM if country in _COM else Region.EU


def servers(credentials: Mapping[str, str]) -> dict[Region, str]:
    """Return the servers without a final slash, that of the country first.

    An own address is the country's; without a second one there is no other.
    """
    home = region_of(country_of(credentials))
    if own := _address(credentials.get(CONF_BASE_URL)):
        other = _address(credentials.get(CONF_OTHER_BASE_URL))
        return {home: own} | ({home.other: other} if other else {})
    return {home: _SERVERS[home], home.other: _SERVERS[home.other]}


def server(credentials: Mapping[str, str]) -> str:
    """Return the server of the country."""
    return next(iter(servers(credentials).values()))


def _address(given: str | None) -> str:
    address = (given or "").strip().rstrip("/")
    return f"https://{address}" if address and "://" not in address else address
