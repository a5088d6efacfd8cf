"""The past of devices in steps of five minutes (dossier 2.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.errors import NotSupported
from ..parsing import mapping
from .api import CLASSIC, Api
from .choices import Choices
from .codes import INTERFACE_NOT_GRANTED, refused
from .limits import DEVICE_HISTORY, HISTORY_PER_CALL
from .models import PlantDevice
from .readings import DeviceReading, parse_reading
from .rows import DeviceNames, between, of_devices, parts, rows_of, spans
from .times import instant

_SPAN: Final = timedelta(days=3)
_NEW_SPAN: Final = timedelta(days=1)
_NEW_PATH: Final = "/rest/openapi/pvms/nbi/v1/device/history"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastReading:
    """What a device measured at an instant of the past."""

    device_id: int = field(repr=False)
    collected: datetime
    reading: DeviceReading


class HistoryClient:
    """The past of one account's devices; errors are told at `Api`."""

    def __init__(self, api: Api, choices: Choices) -> None:
        """Make calls there."""
        self._api = api
        self._choices = choices

    async def fetch(
        self,
        kind: int,
        devices: Sequence[PlantDevice],
        since: datetime,
        until: datetime,
        *,
        at_once: bool = False,
    ) -> tuple[PastReading, ...]:
        """Return the 5-minute readings of devices of one type, oldest first (2.6).

        Up to ten devices and three days are one call; more take a minute each, and a
        day has few. Clouds that no longer have it are asked in the newer way, for one
        device and day a call; of one device only, if all is to be told `at_once`.
        InvalidRequest `no_time`.
        """
        if since >= until:
            raise refused("there is no time", "no_time")
        named = [device for device in devices if device.dn is not None]
        newer = named[:1] if at_once else named
        found: list[PastReading] = []
        if not await self._choices.prefers(_NEW_PATH):
            try:
                await self._old(kind, devices, (since, until), found)
            except NotSupported as error:
                if error.reason != INTERFACE_NOT_GRANTED:
                    raise
                refusal = error
            else:
                return _oldest_first(found)
            try:
                await self._new(kind, newer, (since, until), found)
            except NotSupported:
                raise refusal from None
            await self._choices.prefer(_NEW_PATH)
        else:
            await self._new(kind, newer, (since, until), found)
        return _oldest_first(found)

    async def _old(
        self,
        kind: int,
        devices: Sequence[PlantDevice],
        span: tuple[datetime, datetime],
        found: list[PastReading],
    ) -> None:
        known = DeviceNames(devices)
        for part in parts(devices, HISTORY_PER_CALL):
            for start, end in spans(*span, _SPAN):
                body = of_devices(kind, part) | between(start, end)
                answer = await self._api.ask(
                    f"{CLASSIC}/{DEVICE_HISTORY}", body, label=DEVICE_HISTORY
                )
                for row in rows_of(answer.data, DEVICE_HISTORY):
                    _add(found, known.id_of(row), row, "dataItemMap", kind)

    async def _new(
        self,
        kind: int,
        devices: Sequence[PlantDevice],
        span: tuple[datetime, datetime],
        found: list[PastReading],
    ) -> None:
        for device in devices:
            for start, end in spans(*span, _NEW_SPAN):
                body = {"devDn": device.dn, "devTypeId": kind} | between(start, end)
                answer = await self._api.ask(
                    _NEW_PATH,
                    body,
                    label="device_history",
                    interface=DEVICE_HISTORY,
                )
                for row in rows_of(answer.data, "device_history"):
                    _add(found, device.id, row, "dataItems", kind)


def _add(
    found: list[PastReading],
    device_id: int | None,
    row: Mapping[str, Any],
    key: str,
    kind: int,
) -> None:
    collected = instant(row.get("collectTime"))
    reading = parse_reading(mapping(row.get(key)), kind)
    if device_id is None or collected is None or reading is None:
        return
    found.append(PastReading(device_id=device_id, collected=collected, reading=reading))


def _oldest_first(found: list[PastReading]) -> tuple[PastReading, ...]:
    return tuple(sorted(found, key=lambda item: (item.collected, item.device_id)))
