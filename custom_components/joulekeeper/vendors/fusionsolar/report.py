"""The cloud's answers as they are shown in diagnostics: by plant, and only wanted ones.

One answer tells of all plants of the account, some of which may be other people's.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..parsing import objects, text
from .models import PlantDevice

_PLANT_KEYS: Final = ("stationCode", "plantCode")


def by_plant(
    answers: Mapping[str, Any],
    codes: Sequence[str],
    devices: Sequence[PlantDevice],
) -> dict[str, Any]:
    """Return the rows of the answers by `name code`, those of other plants left out.

    A device type in an answer's name is set off by a slash. What is named by a plant
    already stays as it is.
    """
    owners: dict[str, str] = {}
    for device in devices:
        names = (str(device.id), device.dn, device.serial)
        owners |= dict.fromkeys(filter(None, names), device.plant_code)
    shown: dict[str, Any] = {}
    for name, data in answers.items():
        if name.rpartition(" ")[2] in codes:
            shown[name] = data
            continue
        for row in objects(data):
            code = _plant_of(row, owners)
            if code in codes:
                key = f"{name.replace(' ', '/')} {code}"
                shown.setdefault(key, []).append(row)
    return shown


def _plant_of(row: Mapping[str, Any], owners: Mapping[str, str]) -> str | None:
    for key in _PLANT_KEYS:
        if (code := text(row.get(key))) is not None:
            return code
    device = row.get("devId", row.get("sn"))
    return None if device is None else owners.get(str(device))
