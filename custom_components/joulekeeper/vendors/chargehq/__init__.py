"""ChargeHQ: charges cars from what the house does not use; it is told what flows."""

from datetime import timedelta
from typing import Final

from ..base import CredentialField
from ..targets import PushSpec
from .client import API_URL, CONF_API_KEY, ChargeHqClient, is_key

TARGET: Final = PushSpec(
    key="chargehq",
    name="ChargeHQ",
    host=API_URL,
    fields=(CredentialField(CONF_API_KEY, secret=True),),
    key_field=CONF_API_KEY,
    # Dossier section 3.
    usual_pause=timedelta(seconds=60),
    least_pause=timedelta(seconds=30),
    well_formed=is_key,
    connect=ChargeHqClient,
)
