"""What is left of the account's quotas (dossier section 4), on each of its plants."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.sensor import SensorStateClass

from ....core.models import DeviceKind, DeviceReadings
from ....descriptions import DIAGNOSTIC, sensor
from ..endpoints import QUOTA
from ..limits import Share

_ON: Final[dict[str, Any]] = {
    "on": DeviceKind.SITE,
    "state_class": SensorStateClass.MEASUREMENT,
    **DIAGNOSTIC,
}


def _scarcest(readings: DeviceReadings) -> int:
    return min(share.left for share in readings[QUOTA].daily.values())


def _daily(readings: DeviceReadings) -> Mapping[str, Any]:
    shares = readings[QUOTA].daily
    return {name: _words(share) for name, share in shares.items()}


def _words(share: Share) -> dict[str, Any]:
    """Return what automations and people read of one interface."""
    told: dict[str, Any] = {"left": share.left, "limit": share.calls}
    if share.silent_until is not None:
        told["paused_until"] = share.silent_until.isoformat()
    return told


def _of_control(readings: DeviceReadings) -> Share:
    """Return what is left for control; LookupError for a plant without a battery."""
    if (share := readings[QUOTA].control) is None:
        raise LookupError("no battery")
    return share


def _ordinary(readings: DeviceReadings) -> int:
    share = _of_control(readings)
    return max(0, share.left - share.reserved)


def _control(readings: DeviceReadings) -> Mapping[str, Any]:
    share = _of_control(readings)
    return {**_words(share), "kept_for_giving_back": share.reserved}


QUOTA_SENSORS: Final = (
    sensor("calls_left", (QUOTA,), _scarcest, attributes_fn=_daily, **_ON),
    sensor("control_calls_left", (QUOTA,), _ordinary, attributes_fn=_control, **_ON),
)
