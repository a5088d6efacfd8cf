"""What every device of a system has: its wireless network and firmware (4.5, 4.6, 4.8)."""

from collections.abc import Iterator
from typing import Final

from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.update import UpdateDeviceClass
from homeassistant.const import EntityCategory

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import (
    DIAGNOSTIC,
    OFF,
    SHARE,
    ReadingBinarySensorDescription,
    ReadingSensorDescription,
    ReadingUpdateDescription,
    sensor,
)
from ..details import wifi_of
from ..endpoints import DETAILS

_WIRELESS: Final = (
    DeviceKind.BATTERY,
    DeviceKind.METER,
    DeviceKind.SMART_PLUG,
    DeviceKind.POWER_STATION,
    DeviceKind.POWER_PANEL,
)
"""Inverters have Bluetooth only, and are told to be offline for ever."""
_ALL: Final = (*_WIRELESS, DeviceKind.INVERTER)


def _signal(readings: DeviceReadings) -> float | None:
    """Return the signal, None where nobody knows whose it is, or there is no link."""
    details = readings[DETAILS]
    connected = tuple(
        serial for serial, device in details.devices.items() if device.wifi_online
    )
    link = wifi_of(details.wifi, readings.part_id, connected)
    return None if link is None or link.offline else link.signal


def _installed(readings: DeviceReadings) -> str | None:
    """Return the firmware; what the list of devices tells is newer."""
    details = readings[DETAILS]
    device = details.devices.get(readings.part_id)
    told = details.firmware.get(readings.part_id)
    return (device.sw_version if device else None) or (told.installed if told else None)


def _latest(readings: DeviceReadings) -> str | None:
    """Return the newest firmware; where none is needed, it is installed."""
    told = readings[DETAILS].firmware[readings.part_id]
    if told.latest is None and told.needed is False:
        return _installed(readings)
    return told.latest


def _wifi() -> Iterator[ReadingBinarySensorDescription]:
    for kind in _WIRELESS:
        yield ReadingBinarySensorDescription(
            key="wifi_connection",
            translation_key="wifi_connection",
            device_class=BinarySensorDeviceClass.CONNECTIVITY,
            entity_category=EntityCategory.DIAGNOSTIC,
            device_kind=kind,
            inputs=(DETAILS,),
            value_fn=lambda readings: (
                readings[DETAILS].devices[readings.part_id].wifi_online
            ),
        )


def _signals() -> Iterator[ReadingSensorDescription]:
    for kind in _WIRELESS:
        yield sensor(
            "wifi_signal", (DETAILS,), _signal, on=kind, **SHARE, **DIAGNOSTIC, **OFF
        )


def _updates() -> Iterator[ReadingUpdateDescription]:
    for kind in _ALL:
        yield ReadingUpdateDescription(
            key="firmware",
            device_class=UpdateDeviceClass.FIRMWARE,
            device_kind=kind,
            inputs=(DETAILS,),
            value_fn=_installed,
            latest_fn=_latest,
            given_fn=lambda readings: _latest(readings) is not None,
        )


HARDWARE_BINARY_SENSORS: Final = tuple(_wifi())
HARDWARE_SENSORS: Final = tuple(_signals())
HARDWARE_UPDATES: Final = tuple(_updates())
