"""Currencies by what the cloud writes, mostly a symbol (dossier 4.3, 4.10)."""

from collections.abc import Mapping
from typing import Final

_CODES: Final[Mapping[str, str]] = {
    "€": "EUR",
    "£": "GBP",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "lei": "RON",
    "лв": "BGN",
    "₺": "TRY",
    "₴": "UAH",
    "₹": "INR",
    "₩": "KRW",
    "R$": "BRL",
}
"""Codes of currencies whose symbol no other one has."""
_BY_COUNTRY: Final[Mapping[str, Mapping[str, str]]] = {
    "$": {
        "US": "USD",
        "PS": "USD",
        "CA": "CAD",
        "AU": "AUD",
        "NZ": "NZD",
        "HK": "HKD",
        "MX": "MXN",
        "SG": "SGD",
        "TW": "TWD",
    },
    "kr": {"SE": "SEK", "NO": "NOK", "DK": "DKK", "IS": "ISK"},
    "¥": {"JP": "JPY", "CN": "CNY"},
}
"""Codes of currencies that share a symbol, by the country of the account."""


def currency_code(told: str | None, country: str = "") -> str | None:
    """Return a currency's code by what the cloud writes in accounts of a country.

    None for a symbol that several currencies have, none of them that country's: it is
    that of Home Assistant then.
    """
    if told is not None and len(told) == 3 and told.isascii() and told.isalpha():
        return told.upper()
    symbol = told or ""
    return _CODES.get(symbol) or _BY_COUNTRY.get(symbol, {}).get(country)
