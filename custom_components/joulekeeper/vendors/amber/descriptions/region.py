"""What is shown of a state's grid."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import SHARE, sensor
from ..renewables import RENEWABLES
from ..words import RenewablesDescriptor

_DIGITS: Final = 1


def _share(readings: DeviceReadings) -> float | None:
    item = readings[RENEWABLES].running()
    if item is None or item.share is None:
        return None
    return round(item.share, _DIGITS)


def _descriptor(readings: DeviceReadings) -> str | None:
    item = readings[RENEWABLES].running()
    if item is None or item.descriptor is None:
        return None
    return item.descriptor.name.lower()


def _forecast(readings: DeviceReadings) -> Mapping[str, Any]:
    return {
        "interpolation_mode": "previous",
        "forecast": [
            {
                "time": item.span.start.isoformat(),
                "value": None if item.share is None else round(item.share, _DIGITS),
            }
            for item in readings[RENEWABLES].coming()
        ],
    }


REGION_SENSORS: Final = (
    sensor(
        "renewables",
        (RENEWABLES,),
        _share,
        on=DeviceKind.GRID_REGION,
        attributes_fn=_forecast,
        **SHARE,
    ),
    sensor(
        "renewables_descriptor",
        (RENEWABLES,),
        _descriptor,
        on=DeviceKind.GRID_REGION,
        device_class=SensorDeviceClass.ENUM,
        options=[item.name.lower() for item in RenewablesDescriptor],
    ),
)
