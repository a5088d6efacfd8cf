"""Redback Technologies: hybrid inverters with batteries, controlled by schedules."""

from datetime import timedelta
from typing import Final

from ...core.budget import Allowance
from ..base import CredentialField, OptionField, VendorSpec
from .descriptions import DESCRIPTIONS
from .portal import CONF_PORTAL, CONF_PORTAL_EMAIL, CONF_PORTAL_PASSWORD
from .session import CONF_ENVELOPES, RedbackSession, validate
from .token import API_URL, CONF_CLIENT_ID, CONF_CLIENT_SECRET

VENDOR: Final = VendorSpec(
    key="redback",
    name="Redback Technologies",
    host=API_URL,
    fields=(
        CredentialField(CONF_CLIENT_ID),
        CredentialField(CONF_CLIENT_SECRET, secret=True),
        CredentialField(CONF_PORTAL_EMAIL, section=CONF_PORTAL),
        CredentialField(CONF_PORTAL_PASSWORD, secret=True, section=CONF_PORTAL),
    ),
    options=(
        OptionField(CONF_ENVELOPES, default=True),
        OptionField(CONF_PORTAL, default=True, requires=CONF_PORTAL_EMAIL),
    ),
    descriptions=DESCRIPTIONS,
    # Nobody has told a limit; this is far above what a household needs.
    writes=Allowance(120, timedelta(hours=1), reserved=40),
    private_keys=frozenset(
        {
            "Location",
            "SolarRetailer",
            "NMI",
            "Nmi",
            CONF_CLIENT_ID,
            CONF_PORTAL_EMAIL,
        }
    ),
    connect=RedbackSession,
    validate=validate,
)
