"""Client of the FusionSolar northbound API (dossier section 2)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final

from ...core.errors import NotSupported, TransientError
from ..base import Connection
from ..parsing import integer, mapping, objects
from .api import CLASSIC, Api
from .choices import Choices
from .codes import INTERFACE_NOT_GRANTED
from .history import HistoryClient
from .limits import (
    ALARMS,
    DEVICE_REAL_TIME,
    DEVICES,
    OLD_PLANTS,
    PER_CALL,
    PLANT_REAL_TIME,
    PLANTS,
    READABLE_TYPES,
    Limiter,
)
from .models import Alarm, Plant, PlantDevice, PlantNow, PlantPeriod
from .orders import ControlClient
from .readings import DeviceReading, parse_reading
from .rows import DeviceNames, of_devices, parts, rows_of
from .times import Period, asked_at, millis

_MOST_PAGES: Final = 100
_PAGE_SIZE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeReadings:
    """What the devices of one type measured, by their ids, as far as they are told.

    When it was measured is not told: `server_time` is when the cloud was asked.
    """

    by_id: Mapping[int, DeviceReading]
    server_time: datetime | None


class FusionSolarClient:
    """One northbound account: typed payloads out, `core.errors` raised.

    What every call may raise is told at `Api`. `raw` keeps the last `data` of every
    read for diagnostics. Which of two interfaces an account may use is remembered.
    """

    def __init__(
        self,
        connection: Connection,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Prepare; nothing is sent before the first call.

        Credentials are `user_name`, `system_code`, and `region` or `base_url`.
        """
        self.clock = connection.clock
        self.api = Api(connection, sleep)
        self.raw: dict[str, Any] = {}
        self.choices = Choices(self.api.state)
        self.history = HistoryClient(self.api, self.choices)
        self.control = ControlClient(self.api, self.raw)

    @property
    def limiter(self) -> Limiter:
        """What is left of the account's quotas."""
        return self.api.limiter

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown."""
        return self.api.login.secrets

    async def log_in(self) -> None:
        """See whether the credentials open an account, and it is one of this host."""
        await self.api.login.token()

    async def log_out(self) -> None:
        """End the session, so that another program can have it."""
        await self.api.login.end()

    # -- plants ------------------------------------------------------------------

    async def plants(self) -> tuple[Plant, ...]:
        """Return all plants of the account (2.1).

        Accounts of before mid 2022 may only have the old list.
        """
        if await self.choices.prefers(OLD_PLANTS):
            try:
                return await self._old_plants()
            except NotSupported as error:
                if error.reason != INTERFACE_NOT_GRANTED:
                    raise
            found = await self._new_plants()
            await self.choices.prefer(OLD_PLANTS, on=False)
            return found
        try:
            return await self._new_plants()
        except NotSupported as error:
            if error.reason != INTERFACE_NOT_GRANTED:
                raise
            refusal = error
        try:
            found = await self._old_plants()
        except NotSupported:
            raise refusal from None
        await self.choices.prefer(OLD_PLANTS)
        return found

    async def _new_plants(self) -> tuple[Plant, ...]:
        rows = await self._pages(PLANTS, {})
        self.raw[PLANTS] = rows
        return tuple(filter(None, map(Plant.parse, rows)))

    async def _old_plants(self) -> tuple[Plant, ...]:
        # All at once: with pages there would be one a minute.
        answer = await self.api.ask(f"{CLASSIC}/{OLD_PLANTS}", {}, label=OLD_PLANTS)
        data = answer.data
        told = data.get("list") if isinstance(data, dict) else data
        if not isinstance(told, list):
            raise TransientError(f"{OLD_PLANTS}: nothing told", reason="nothing_told")
        rows = objects(told)
        self.raw[OLD_PLANTS] = rows
        return tuple(filter(None, map(Plant.parse, rows)))

    async def _pages(
        self, name: str, body: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            answer = await self.api.ask(
                f"{CLASSIC}/{name}",
                {**body, "pageNo": page, "pageSize": _PAGE_SIZE},
                label=name,
            )
            data = mapping(answer.data)
            if not isinstance(data.get("list"), list):
                # That is no empty list: nobody's plants are gone by it.
                raise TransientError(f"{name}: nothing told", reason="nothing_told")
            found = objects(data["list"])
            rows += found
            pages = integer(data.get("pageCount")) or 0
            if not found or page >= pages:
                break
        return rows

    async def plants_now(self, codes: Sequence[str]) -> tuple[PlantNow, ...]:
        """Return the real-time values of plants, of those that are told (2.2)."""
        rows = await self._by_plants(PLANT_REAL_TIME, codes, {})
        return tuple(filter(None, map(PlantNow.parse, rows)))

    async def plant_periods(
        self, period: Period, codes: Sequence[str], day: date, zone: tzinfo
    ) -> tuple[PlantPeriod, ...]:
        """Return statistics around a day of the plants' zone, oldest first (2.3).

        Its hours, the days of its month, the months of its year, or all years.
        """
        rows = await self.plant_period_rows(period, codes, day, zone)
        found = filter(None, map(PlantPeriod.parse, rows))
        return tuple(sorted(found, key=lambda row: (row.plant_code, row.collected)))

    async def plant_period_rows(
        self, period: Period, codes: Sequence[str], day: date, zone: tzinfo
    ) -> Sequence[Mapping[str, Any]]:
        """Return the same as it came: of 100 plants a month has 3100 rows."""
        when = {"collectTime": asked_at(period, day, zone)}
        return await self._by_plants(f"getKpiStation{period}", codes, when)

    async def alarms(
        self,
        codes: Sequence[str],
        since: datetime,
        until: datetime,
        language: str = "en_US",
    ) -> tuple[Alarm, ...]:
        """Return the active alarms that were raised in a time (2.7)."""
        rows = await self._by_plants(
            ALARMS,
            codes,
            {
                "beginTime": millis(since),
                "endTime": millis(until),
                "language": language,
            },
        )
        return tuple(filter(None, map(Alarm.parse, rows)))

    # -- devices -----------------------------------------------------------------

    async def devices(self, codes: Sequence[str]) -> tuple[PlantDevice, ...]:
        """Return the devices of plants, of all types (2.4)."""
        rows = await self._by_plants(DEVICES, codes, {})
        return tuple(filter(None, map(PlantDevice.parse, rows)))

    async def readings(self, kind: int, devices: Sequence[PlantDevice]) -> TypeReadings:
        """Return what devices of one type measured last (2.5).

        Without the right for their values the cloud tells of none. NotSupported
        `device_type` for a type that measures nothing.
        """
        rows, server_time = await self.reading_rows(kind, devices)
        by_id: dict[int, DeviceReading] = {}
        known = DeviceNames(devices)
        for row in rows:
            device_id = known.id_of(row)
            reading = parse_reading(mapping(row.get("dataItemMap")), kind)
            if device_id is not None and reading is not None:
                by_id[device_id] = reading
        return TypeReadings(by_id=by_id, server_time=server_time)

    async def reading_rows(
        self, kind: int, devices: Sequence[PlantDevice]
    ) -> tuple[list[Mapping[str, Any]], datetime | None]:
        """Return the same as it came, and when the cloud was asked."""
        if kind not in READABLE_TYPES:
            raise NotSupported("the type is not read", reason="device_type")
        server_time = None
        rows: list[Mapping[str, Any]] = []
        for part in parts(devices, PER_CALL):
            answer = await self.api.ask(
                f"{CLASSIC}/{DEVICE_REAL_TIME}",
                of_devices(kind, part),
                label=DEVICE_REAL_TIME,
                key=str(kind),
            )
            server_time = answer.server_time or server_time
            rows += rows_of(answer.data, DEVICE_REAL_TIME)
        self.raw[f"{DEVICE_REAL_TIME} {kind}"] = rows
        return rows, server_time

    async def device_period_rows(
        self,
        period: Period,
        kind: int,
        devices: Sequence[PlantDevice],
        day: date,
        zone: tzinfo,
    ) -> list[Mapping[str, Any]]:
        """Return statistics of inverters or batteries as they came (2.6).

        The months of a day's year, or all years up to its own.
        """
        name = f"getDevKpi{period}"
        rows: list[Mapping[str, Any]] = []
        for part in parts(devices, PER_CALL):
            body = of_devices(kind, part) | {"collectTime": asked_at(period, day, zone)}
            answer = await self.api.ask(
                f"{CLASSIC}/{name}", body, label=name, key=str(kind)
            )
            rows += rows_of(answer.data, name)
        self.raw[f"{name} {kind}"] = rows
        return rows

    # ----------------------------------------------------------------------------

    async def _by_plants(
        self, name: str, codes: Sequence[str], more: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        for part in parts(codes, PER_CALL):
            body = {"stationCodes": ",".join(part), **more}
            answer = await self.api.ask(f"{CLASSIC}/{name}", body, label=name)
            rows += rows_of(answer.data, name)
        self.raw[name] = rows
        return rows
