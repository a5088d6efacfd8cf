"""Hours of polling on simulated time: calls, state changes, lag, CPU, memory, blocks.

Everything but CPU, memory and blocks is exact, for simulated time stands still while
anything works. The warm-up, in which the cloud's delay is learned, is kept apart.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from time import process_time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..blocks import Block, BlockMeter
from ..database import record, written
from ..home import StateCounter, add_account, running_home
from ..isolate import PACKAGE, CloudProcess
from ..memory import resident_mib

HOUR_S = 3600
SETTLE_S = 60


async def measure(
    vendor: str,
    cloud: CloudProcess,
    *,
    warm_up: float = 1,
    hours: float,
    accounts: int = 1,
    recorded: bool = False,
) -> dict[str, Any]:
    """Return figures of the warm-up and of the hours after it, one by one.

    Without accounts they are those of an idle Home Assistant. Where it is `recorded`,
    they have what the database has grown by in these hours, KiB.
    """
    meter = BlockMeter()
    figures: dict[str, Any] = {"hours": []}
    async with running_home() as hass:
        if recorded:
            await record(hass)
        await asyncio.sleep(SETTLE_S)
        figures["memory_before"] = resident_mib()
        watch: Watch | None = None
        if accounts:
            meter.take()
            entry = await add_account(hass, vendor, cloud.address)
            await hass.async_block_till_done()
            figures["set_up_block"] = meter.take()
            figures["entities"] = len(hass.states.async_all())
            stamp = import_module(f"{PACKAGE}.{vendor}.account").newest_stamp
            watch = Watch(hass, entry, stamp)
        figures["warm_up"] = await _hour(cloud, meter, watch, warm_up)
        before = await written(hass) if recorded else {}
        left = hours
        while left > 0:
            figures["hours"].append(await _hour(cloud, meter, watch, min(left, 1)))
            left -= 1
        figures["memory"] = resident_mib()
        if recorded:
            after = await written(hass)
            figures["recorded"] = {key: after[key] - before[key] for key in after}
    return figures


async def _hour(
    cloud: CloudProcess, meter: BlockMeter, watch: Watch | None, hours: float
) -> dict[str, Any]:
    cloud.ask("clear")
    meter.take()
    begin, cpu = dt_util.utcnow().timestamp(), process_time()
    changes = watch.states.count if watch else 0
    await asyncio.sleep(hours * HOUR_S)
    cpu = process_time() - cpu
    block: Block = meter.take()
    return {
        "share": hours,
        "cpu_s": cpu,
        "block": block,
        "calls": cloud.ask("counts"),
        "busiest": cloud.ask("busiest"),
        "changes": (watch.states.count if watch else 0) - changes,
        "lags": watch.lags(cloud.ask("publications"), begin) if watch else [],
    }


class Watch:
    """Notes when the states came to show which reading."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        stamp: Callable[[ConfigEntry], datetime | None],
    ) -> None:
        """Begin."""
        self.states = StateCounter(hass, entry, self._changed)
        self._entry = entry
        self._stamp = stamp
        self._shown: list[tuple[float, float]] = []

    def _changed(self) -> None:
        stamp = self._stamp(self._entry)
        if stamp is None:
            return
        seconds = stamp.astimezone(UTC).timestamp()
        if not self._shown or seconds > self._shown[-1][0]:
            self._shown.append((seconds, dt_util.utcnow().timestamp()))

    def lags(self, published: dict[float, float], begin: float) -> list[float]:
        """Return the seconds from publication until it, or a newer one, was shown.

        Only of what was published since `begin`, and is shown by now.
        """
        found: list[float] = []
        for stamp, moment in published.items():
            if moment < begin:
                continue
            shown = [at for other, at in self._shown if other >= stamp]
            if shown:
                found.append(shown[0] - moment)
        return found
