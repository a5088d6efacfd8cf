"""Amber: a retailer that passes wholesale prices on; prices, usage and renewables."""

from typing import Final

from ..base import CredentialField, OptionField, VendorSpec
from .client import API_URL, CONF_TOKEN
from .descriptions import DESCRIPTIONS
from .session import (
    CONF_ADVANCED,
    CONF_HOLD,
    CONF_LIVE,
    CONF_RENEWABLES,
    AmberSession,
    validate,
)
from .words import State

VENDOR: Final = VendorSpec(
    key="amber",
    name="Amber",
    host=API_URL,
    fields=(CredentialField(CONF_TOKEN, secret=True),),
    options=(
        OptionField(CONF_ADVANCED, default=True),
        OptionField(CONF_HOLD, default=False),
        OptionField(CONF_LIVE, default=False),
        OptionField(CONF_RENEWABLES, default=(), choices=tuple(State)),
    ),
    descriptions=DESCRIPTIONS,
    private_keys=frozenset({"nmi"}),
    connect=AmberSession,
    validate=validate,
)
