"""Huawei FusionSolar: plants with inverters, meters and batteries, by the northbound API."""

from datetime import timedelta
from typing import Final

from ...core.budget import Allowance
from ..base import CredentialField, VendorSpec
from .descriptions import DESCRIPTIONS
from .hosts import CONF_REGION, CONF_SYSTEM_CODE, CONF_USER_NAME, REGIONS, address
from .limits import CONTROL_CALLS, CONTROL_RESERVE
from .options import OPTIONS
from .session import FusionSolarSession, validate

VENDOR: Final = VendorSpec(
    key="fusionsolar",
    name="Huawei FusionSolar",
    host=address({}),
    fields=(
        CredentialField(CONF_REGION, choices=REGIONS),
        CredentialField(CONF_USER_NAME),
        CredentialField(CONF_SYSTEM_CODE, secret=True),
    ),
    options=OPTIONS,
    descriptions=DESCRIPTIONS,
    # Of 100 calls a day (dossier section 4 and 1.9) some go back what was set.
    writes=Allowance(
        CONTROL_CALLS, timedelta(days=1), reserved=CONTROL_RESERVE, guarded=True
    ),
    picks=True,
    host_of=address,
    private_keys=frozenset(
        {
            CONF_USER_NAME,
            "stationCode",
            "plantCode",
            "stationName",
            "plantName",
            "stationAddr",
            "plantAddress",
            "stationLinkman",
            "linkmanPho",
            "contactPerson",
            "contactMethod",
            "longitude",
            "latitude",
            "esnCode",
            "sn",
            "devName",
            "devDn",
        }
    ),
    connect=FusionSolarSession,
    validate=validate,
)
