"""The fake AlphaESS Open API.

Endpoint labels, for `cloud.requests.count(label)` and `cloud.faults.add(label, ..)`,
are the vendor's own names:

getEssList, getLastPowerData, getOneDayPowerBySn, getOneDateEnergyBySn,
getSumDataForCustomer; getChargeConfigInfo, updateChargeConfigInfo,
getDisChargeConfigInfo, updateDisChargeConfigInfo, getTimeChargeBySn,
setTimeChargeBySn; getVerificationCode, bindSn, unBindSn; getEvChargerConfigList,
getEvChargerCurrentsBySn, setEvChargerCurrentsBySn, getEvChargerStatusBySn,
remoteControlEvCharger. Whatever else is asked for, or with another verb, is
`unknown`.

Left out on purpose: the meter offset pair of the commercial document, the
developer portal, the dongle's local page, and the dead closed API.

Sections named in comments are those of the vendor's dossier.
"""

from .accounts import sign
from .behaviour import Behaviour
from .cloud import AlphaEssCloud
from .fixtures import ACCOUNTS, FIXTURES, SystemSpec
from .inverter import Action, Doing
from .stores import Period

__all__ = [
    "ACCOUNTS",
    "FIXTURES",
    "Action",
    "AlphaEssCloud",
    "Behaviour",
    "Doing",
    "Period",
    "SystemSpec",
    "sign",
]
