"""Hours of a retailer's prices on simulated time: how late a state tells them.

What is noted is the state of the price sensor of general usage: when it first called
an interval's price final, and whether that was the price. The hour of set-up counts.
"""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import datetime
from time import process_time
from typing import Any

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..blocks import BlockMeter
from ..database import record, written
from ..home import DOMAIN, StateCounter, add_account, running_home
from ..isolate import CloudProcess
from ..memory import resident_mib

HOUR_S = 3600
SETTLE_S = 60
ENDING = "_general_usage_price"


async def measure(
    vendor: str,
    cloud: CloudProcess,
    *,
    hours: int,
    accounts: int = 1,
    recorded: bool = False,
) -> dict[str, Any]:
    """Return the figures of all hours; without accounts those of an idle core."""
    meter = BlockMeter()
    figures: dict[str, Any] = {"hours": []}
    async with AsyncExitStack() as stack:
        hass = await stack.enter_async_context(running_home())
        if recorded:
            await record(hass)
        await asyncio.sleep(SETTLE_S)
        figures["memory_before"] = resident_mib()
        if not accounts:
            figures["hours"] = [await _hour(meter, None) for _ in range(hours)]
            figures["memory"] = resident_mib()
            return figures
        begin = dt_util.utcnow().timestamp()
        before = await written(hass) if recorded else {}
        entry = await add_account(hass, vendor, cloud.address)
        await hass.async_block_till_done()
        states = StateCounter(hass, entry, lambda: None)
        watch = Watch(hass)
        meter.take()
        figures["hours"] = [await _hour(meter, states) for _ in range(hours)]
        if recorded:
            after = await written(hass)
            figures["recorded"] = {key: after[key] - before[key] for key in after}
        else:
            figures["memory"] = resident_mib()
        figures["entities"] = len(
            er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        )
        calls = cloud.ask("calls")
        figures["calls"] = [item[0] for item in calls]
        figures["labels"] = cloud.ask("counts")
        figures["refused"] = sum(status == 429 for _, _, status in calls)
        figures |= watch.judged(cloud.ask("prices"), begin)
    return figures


async def _hour(meter: BlockMeter, states: StateCounter | None) -> dict[str, Any]:
    cpu = process_time()
    changes = states.count if states else 0
    meter.take()
    await asyncio.sleep(HOUR_S)
    return {
        "cpu_s": process_time() - cpu,
        "block": meter.take(),
        "changes": (states.count if states else 0) - changes,
    }


class Watch:
    """Notes when a state first called which interval's price final."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin with the state that is."""
        registry = er.async_get(hass)
        self._seen: dict[float, tuple[float, float]] = {}
        (entity_id,) = (
            item.entity_id
            for item in registry.entities.values()
            if item.platform == DOMAIN and item.unique_id.endswith(ENDING)
        )

        @callback
        def changed(event: Event[Any]) -> None:
            if event.data["entity_id"] == entity_id and event.data["new_state"]:
                self._take(event.data["new_state"])

        hass.bus.async_listen(EVENT_STATE_CHANGED, changed)
        self._take(hass.states.get(entity_id))

    def _take(self, state: Any) -> None:
        told = state.attributes
        if told.get("estimate") is False and not told.get("held"):
            start = datetime.fromisoformat(told["start_time"]).timestamp()
            now = dt_util.utcnow().timestamp()
            self._seen.setdefault(start, (now, float(state.state)))

    def judged(
        self, prices: Iterable[tuple[float, float, float, float]], begin: float
    ) -> dict[str, Any]:
        """Return the lags of what was published since `begin`, in s.

        `unseen` counts what was over before it was shown, `wrong` what was not so.
        """
        lags: list[float] = []
        unseen = wrong = 0
        for start, end, published, price in prices:
            if published < begin + SETTLE_S:
                continue
            at, value = self._seen.get(start, (end, price))
            if at >= end:
                unseen += 1
                continue
            lags.append(at - published)
            wrong += abs(value - price) > 1e-6
        intervals = len(lags) + unseen
        return {
            "lags": lags,
            "unseen": unseen,
            "wrong": wrong,
            "intervals": intervals,
        }
