"""Anker Solix: solarbanks, controlled by their home presets and rate plans."""

from datetime import timedelta
from typing import Final

from ...core.budget import Allowance
from ..base import CredentialField, VendorSpec
from .countries import CONF_COUNTRY, CONF_PASSWORD, CONF_USERNAME, server
from .descriptions import DESCRIPTIONS
from .options import OPTIONS
from .session import AnkerSession, validate

VENDOR: Final = VendorSpec(
    key="anker",
    name="Anker Solix",
    host=server({}),
    host_of=server,
    fields=(
        CredentialField(CONF_USERNAME, email=True),
        CredentialField(CONF_PASSWORD, secret=True),
        CredentialField(CONF_COUNTRY, country=True),
    ),
    options=OPTIONS,
    descriptions=DESCRIPTIONS,
    # Ten a minute is what the cloud takes (dossier 3.3); a device takes minutes to obey.
    writes=Allowance(60, timedelta(hours=1), reserved=20),
    terms_url="https://www.ankersolix.com/terms-of-service",
    pausable=True,
    lends=True,
    scarce_logins=True,
    private_keys=frozenset(
        {
            CONF_USERNAME,
            "email",
            "nick_name",
            "user_id",
            "site_id",
            "site_name",
            "home_name",
            "device_sn",
            "device_name",
            "alias_name",
            "solar_sn",
            "bt_ble_id",
            "bt_ble_mac",
            "wifi_mac",
            "wifi_name",
            "owner_user_id",
            "tag",
        }
    ),
    connect=AnkerSession,
    validate=validate,
)
