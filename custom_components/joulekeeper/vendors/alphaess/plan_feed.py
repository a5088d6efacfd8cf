"""Fetches the plan of a system: of the store that governs it, probed, never assumed."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ...core.errors import NotSupported, TransientError
from .client import AlphaEssClient
from .plan import Plan

CONF_PERIODIC_ON: Final = "periodic_schedule_on"
"""Whether the owner's periodic schedule is switched on, which cannot be read."""
PROBE_AGAIN: Final = timedelta(days=7)
"""A system that was not entitled to the periodic schedule may be one day."""


_CALLS: Final = 2
"""A plan is read when somebody waits for it, else seldom."""


@dataclass(frozen=True, slots=True)
class Floor:
    """The floor of discharging, percent, where the plan does not hold it.

    `in_plan` tells that it does.
    """

    soc: float | None
    in_plan: bool = False


class PlanFeed:
    """The periodic schedule where a system is entitled to it, else both daily stores.

    `periodic_on` is what holds for a flag of the periodic schedule that reads as 0,
    which tells nothing (dossier 2.8); one that reads as 1 is on.
    """

    def __init__(
        self, client: AlphaEssClient, serial: str, *, periodic_on: bool = True
    ) -> None:
        """Know nothing yet."""
        self._client = client
        self._serial = serial
        self._periodic_on = periodic_on
        self._probe_at: datetime | None = None
        self._periodic: bool | None = None
        self._turn = asyncio.Lock()

    async def fetch(self) -> Plan:
        """Return the plan as the cloud holds it now."""
        async with self._turn:
            plan = await self._fetch()
            self._periodic = plan.periodic is not None
        return plan

    async def fetch_floor(self) -> Floor:
        """Return the floor, which holds at any time, whatever governs the windows.

        TransientError while it is not known where to look for it.
        """
        if self._periodic is None:
            async with self._turn:
                # Whoever fetches the plan right now comes to know.
                pass
        if self._periodic is None:
            raise TransientError("the plan is not known")
        if not self._periodic:
            return Floor(None, in_plan=True)
        settings = await self._client.discharge_settings(self._serial)
        return Floor(settings.floor_soc)

    async def _fetch(self) -> Plan:
        now = self._client.clock()
        self._client.without_waiting(_CALLS)
        if self._probe_at is None or self._probe_at <= now:
            try:
                schedule = await self._client.periodic_schedule(self._serial)
            except NotSupported as error:
                if error.reason != "not_entitled":
                    raise
                self._probe_at = now + PROBE_AGAIN
            else:
                self._probe_at = None
                return Plan(
                    periodic=replace(
                        schedule,
                        charge_enabled=schedule.charge_enabled or self._periodic_on,
                        discharge_enabled=schedule.discharge_enabled
                        or self._periodic_on,
                    )
                )
        return Plan(
            charge=await self._client.charge_settings(self._serial),
            discharge=await self._client.discharge_settings(self._serial),
        )
