"""What a user may choose: how often an account is asked, and what energy costs beside.

Dossier 4.11 and 6.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from ..base import NumberRange, OptionField

CONF_SCAN_INTERVAL: Final = "scan_interval"
CONF_DETAILS_MULTIPLIER: Final = "details_multiplier"
CONF_PRICE_FEE: Final = "price_fee"
CONF_PRICE_VAT: Final = "price_vat"

OPTIONS: Final = (
    OptionField(
        CONF_SCAN_INTERVAL, default=60, range=NumberRange(30, 600, step=10, unit="s")
    ),
    OptionField(CONF_DETAILS_MULTIPLIER, default=10, range=NumberRange(1, 60)),
    OptionField(CONF_PRICE_FEE, default=0, range=NumberRange(0, 200, step=0.001)),
    OptionField(
        CONF_PRICE_VAT, default=0, range=NumberRange(0, 50, step=0.1, unit="%")
    ),
)


def scan_interval(options: Mapping[str, Any]) -> timedelta:
    """Return the longest time from one overview of a system to the next."""
    return timedelta(seconds=options.get(CONF_SCAN_INTERVAL, 60))


def details_interval(options: Mapping[str, Any]) -> timedelta:
    """Return the time from one refresh of the devices' details to the next."""
    overviews: int = options.get(CONF_DETAILS_MULTIPLIER, 10)
    return scan_interval(options) * overviews
