"""The fake FusionSolar northbound cloud ("thirdData").

Endpoint labels, for `cloud.requests.count(label)` and `cloud.faults.add(label, ..)`,
are the vendor's own names:

login, logout; stations, getStationList, getStationRealKpi, getKpiStationHour,
getKpiStationDay, getKpiStationMonth, getKpiStationYear; getDevList, getDevRealKpi,
getDevHistoryKpi, getDevFiveMinutes, getDevKpiDay, getDevKpiMonth, getDevKpiYear,
getAlarmList. Those with long paths have ours:

deviceHistory; dispatch, dispatchStatus; batteryMode, batteryModeInfo,
batteryConfiguration, batteryConfigurationInfo, activePower, activePowerInfo;
readBatteryMode, readActivePower. Whatever else is asked for is `unknown`.

Left out on purpose: OAuth Connect, the private API of the web pages and kiosks, the
flat VPP order (its answer is not known), dispatch of single batteries (26.x, one
source), and the figures of cs/getInventerRealKpi and createStation, which nobody
here may ask for.

Sections named in comments are those of the vendor's dossier.
"""

from .behaviour import Behaviour
from .cloud import FusionSolarCloud
from .dispatch import Dispatch
from .fixtures import FIXTURES, DeviceSpec, PlantSpec
from .inverter import Action, BatteryLimits, BatteryMode, Doing, FeedIn, Window
from .tasks import KINDS

__all__ = [
    "FIXTURES",
    "KINDS",
    "Action",
    "BatteryLimits",
    "BatteryMode",
    "Behaviour",
    "DeviceSpec",
    "Dispatch",
    "Doing",
    "FeedIn",
    "FusionSolarCloud",
    "PlantSpec",
    "Window",
]
