"""What requests for several plants or devices, and their answers, consist of."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ...core.errors import ProtocolError
from ..parsing import objects, text
from .models import PlantDevice
from .times import millis


class DeviceNames:
    """Finds devices by what the rows of answers tell."""

    def __init__(self, devices: Sequence[PlantDevice]) -> None:
        """Take the devices that were asked for."""
        self._ids = {str(device.id): device.id for device in devices}
        self._ids |= {device.dn: device.id for device in devices if device.dn}
        self._serials = {d.serial: d.id for d in devices if d.serial}

    def id_of(self, row: Mapping[str, Any]) -> int | None:
        """Return whose row it is, None where it is nobody's that was asked for."""
        if (name := row.get("devId")) is not None:
            return self._ids.get(str(name))
        return self._serials.get(text(row.get("sn")) or "")


def rows_of(data: Any, label: str) -> Sequence[Mapping[str, Any]]:
    """Return the rows; none where rights are missing, which is said with null."""
    if data is None:
        return ()
    if not isinstance(data, list):
        raise ProtocolError(f"{label}: data is not a list", reason="wrong_type")
    return objects(data)


def of_devices(kind: int, devices: Sequence[PlantDevice]) -> dict[str, Any]:
    """Return the parameters that name devices of one type."""
    ids = ",".join(str(device.id) for device in devices)
    return {"devIds": ids, "devTypeId": kind}


def between(start: datetime, end: datetime) -> dict[str, int]:
    """Return the parameters of a time."""
    return {"startTime": millis(start), "endTime": millis(end)}


def parts[T](items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Yield the items in parts that are not larger than a call takes."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


def spans(
    since: datetime, until: datetime, longest: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    """Yield a time in parts that are not longer than a call takes."""
    while since < until:
        end = min(since + longest, until)
        yield since, end
        since = end
