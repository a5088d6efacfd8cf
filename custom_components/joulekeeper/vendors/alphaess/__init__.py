"""AlphaESS: systems with batteries and EV chargers, through the Open API."""

from datetime import timedelta
from typing import Final

from ...core.budget import Allowance
from ..base import CredentialField, OptionField, VendorSpec
from .api import API_URL, CONF_APP_ID, CONF_APP_SECRET
from .descriptions import DESCRIPTIONS
from .plan_feed import CONF_PERIODIC_ON
from .session import AlphaEssSession, validate

VENDOR: Final = VendorSpec(
    key="alphaess",
    name="AlphaESS",
    host=API_URL,
    fields=(
        CredentialField(CONF_APP_ID),
        CredentialField(CONF_APP_SECRET, secret=True),
    ),
    options=(OptionField(CONF_PERIODIC_ON, default=True),),
    # No option to leave the certificate unverified, which was asked for when the
    # vendor's had expired: whoever is in between could use a signature for 300 s, for
    # writes too. An own proxy can be named as the server address.
    descriptions=DESCRIPTIONS,
    # Documented as one a day, practised as one in 30 s (dossier section 3): something
    # between, half of it to give back what was borrowed.
    writes=Allowance(48, timedelta(days=1), reserved=24),
    binds=True,
    lends=True,
    private_keys=frozenset({CONF_APP_ID}),
    connect=AlphaEssSession,
    validate=validate,
)
