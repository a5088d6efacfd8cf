"""Hours of polling on simulated time: calls, state changes, lag, CPU, memory, blocks.

Everything but CPU, memory and blocks is exact, for simulated time stands still while
anything works. The warm-up, in which the cloud's delay is learned, is kept apart.
"""

import asyncio
from datetime import UTC
from time import process_time
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..blocks import Block, BlockMeter
from ..database import record, written
from ..home import StateCounter, add_account, running_home
from ..isolate import CloudProcess
from ..memory import resident_mib
from ..subject import Subject
from ..work import CallCounter

HOUR_S = 3600
SETTLE_S = 60


async def measure(
    subject: Subject | None,
    cloud: CloudProcess,
    *,
    warm_up: float = 1,
    hours: float,
    accounts: int = 1,
    recorded: bool = False,
    counted: bool = False,
) -> dict[str, Any]:
    """Return figures of the warm-up and of the hours after it, one by one.

    Without a subject they are those of an idle Home Assistant. Where it is `recorded`,
    they have what the database has grown by in these hours: rows, and KiB. Where it is
    `counted`, they have the number of function calls; times are of no use then.
    """
    meter = BlockMeter()
    figures: dict[str, Any] = {"hours": []}
    async with running_home() as hass:
        if recorded:
            await record(hass)
        await asyncio.sleep(SETTLE_S)
        watch: Watch | None = None
        if subject is not None:
            meter.take()
            forms = cloud.forms[:accounts]
            entries = [await add_account(hass, subject, form) for form in forms]
            await hass.async_block_till_done()
            figures["set_up_block"] = meter.take()
            figures["entities"] = len(hass.states.async_all())
            watch = Watch(hass, entries, subject)
        figures["warm_up"] = await _hour(cloud, meter, watch, warm_up)
        counter = CallCounter() if counted else None
        before = await written(hass) if recorded else {}
        left = hours
        while left > 0:
            figures["hours"].append(await _hour(cloud, meter, watch, min(left, 1)))
            left -= 1
        if counter is not None:
            figures["function_calls"] = counter.take() / hours
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
        "most": cloud.ask("most_in_five_minutes"),
        "refused": cloud.ask("refused"),
        "changes": (watch.states.count if watch else 0) - changes,
        "lags": watch.lags(cloud.ask("publications"), begin) if watch else [],
    }


class Watch:
    """Notes when the states of the first account came to show which reading."""

    def __init__(
        self, hass: HomeAssistant, entries: list[ConfigEntry], subject: Subject
    ) -> None:
        """Begin with the states that are; all accounts' are counted."""
        self.states = StateCounter(hass, entries, self._changed)
        self._hass = hass
        self._entry = entries[0]
        self._subject = subject
        self._shown: list[tuple[float, float]] = []
        self._changed()

    def _changed(self) -> None:
        stamp = self._subject.newest_stamp(self._hass, self._entry)
        if stamp is None:
            return
        seconds = stamp.astimezone(UTC).timestamp()
        if not self._shown or seconds > self._shown[-1][0]:
            self._shown.append((seconds, dt_util.utcnow().timestamp()))

    def lags(self, published: dict[float, float], begin: float) -> list[float]:
        """Return the seconds from publication until it, or a newer one, was shown.

        Only of what was published since `begin`. What is not shown by now counts once
        it has waited longer than all that is.
        """
        now = dt_util.utcnow().timestamp()
        found: list[float] = []
        waiting: list[float] = []
        for stamp, moment in published.items():
            if not begin <= moment <= now:
                continue
            shown = [at for other, at in self._shown if other >= stamp]
            if shown:
                found.append(shown[0] - moment)
            else:
                waiting.append(now - moment)
        longest = max(found, default=0.0)
        return [*found, *(wait for wait in waiting if wait > longest)]
