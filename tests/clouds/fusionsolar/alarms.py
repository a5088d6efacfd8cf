"""Active alarms of a plant (2.7)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .fixtures import DeviceSpec, PlantSpec

LANGUAGES = frozenset(
    {
        *("zh_CN", "en_US", "ja_JP", "it_IT", "nl_NL"),
        *("pt_BR", "de_DE", "fr_FR", "es_ES", "pl_PL"),
    }
)
CRITICAL, MAJOR, MINOR, WARNING = 1, 2, 3, 4


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm that is raised by a device; `level` is 1 critical to 4 warning."""

    alarm_id: int
    device: DeviceSpec
    raised: datetime
    level: int = MAJOR
    name: str = "Abnormal Grid Voltage"
    cause: str = "The grid voltage is beyond the range that is allowed."
    cause_id: int = 1
    kind: int = 2
    advice: str = "1. Check the grid voltage. 2. Contact the grid operator."

    def row(self, plant: PlantSpec) -> dict[str, Any]:
        """Return it in the vendor's form."""
        return {
            "alarmCause": self.cause,
            "alarmId": self.alarm_id,
            "alarmName": self.name,
            "alarmType": self.kind,
            "causeId": self.cause_id,
            "devName": self.device.name,
            "devTypeId": self.device.kind,
            "esnCode": self.device.serial,
            "lev": self.level,
            "raiseTime": int(self.raised.timestamp() * 1000),
            "repairSuggestion": self.advice,
            "stationCode": plant.code,
            "stationName": plant.name,
            "status": 1,
        }
