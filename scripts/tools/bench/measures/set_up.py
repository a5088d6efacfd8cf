"""Set-up in real time: round trips, duration and blocked loop.

Real time, because nothing is waited for here but the cloud, whose latency is real too.
Cold is an account that Home Assistant has never seen, cached one that it loads again,
as after a restart. Round trips are counted where the cloud is slow: an answer that
takes no time overlaps with no other one.
"""

from time import perf_counter
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant

from ..blocks import BlockMeter
from ..home import add_account, running_home
from ..isolate import CloudProcess
from ..subject import Subject


async def measure(
    subject: Subject, cloud: CloudProcess, *, rounds: int, latencies_ms: tuple[int, ...]
) -> dict[str, Any]:
    """Return lists with a value per round, by latency and kind of set-up."""
    meter = BlockMeter()
    figures: dict[str, Any] = {"first": None, "rounds": []}
    async with running_home() as hass:
        meter.take()
        entry = await add_account(hass, subject, cloud.forms[0])
        await hass.async_block_till_done()
        figures["first"] = meter.take()
        figures["entities"] = len(hass.states.async_all())
        for latency in latencies_ms:
            cloud.ask("set_latency", latency / 1000)
            for _ in range(rounds):
                template = entry
                await hass.config_entries.async_remove(entry.entry_id)
                await hass.async_block_till_done()
                entry = _copy(template)
                for kind in ("cold", "cached"):
                    if kind == "cached":
                        await hass.config_entries.async_unload(entry.entry_id)
                    round_ = await _timed(hass, subject, cloud, meter, entry, kind)
                    figures["rounds"].append(
                        {"latency": latency, "kind": kind, **round_}
                    )
    return figures


async def _timed(
    hass: HomeAssistant,
    subject: Subject,
    cloud: CloudProcess,
    meter: BlockMeter,
    entry: ConfigEntry,
    kind: str,
) -> dict[str, Any]:
    cloud.ask("clear")
    subject.forget_calls(hass)
    meter.take()
    start = perf_counter()
    if kind == "cold":
        await hass.config_entries.async_add(entry)
    else:
        await hass.config_entries.async_setup(entry.entry_id)
    ms = (perf_counter() - start) * 1000
    entities = set(hass.states.async_entity_ids())
    blank = sum(
        state.state in (STATE_UNKNOWN, STATE_UNAVAILABLE)
        for state in hass.states.async_all(("sensor", "binary_sensor"))
    )
    await hass.async_block_till_done()
    # Before the cloud is asked, which blocks until it has answered.
    block = meter.take()
    changed = entities ^ set(hass.states.async_entity_ids())
    if late := [name for name in changed if not name.endswith(subject.unawaited)]:
        raise RuntimeError(f"set-up was over before there was {sorted(late)}")
    return {
        "ms": ms,
        "trips": cloud.ask("sequential_depth"),
        "calls": sum(cloud.ask("counts").values()),
        "block": block,
        "entities": len(entities),
        "blank": blank,
    }


def _copy(entry: ConfigEntry) -> ConfigEntry:
    """Return the same account as one that was never set up."""
    return ConfigEntry(
        data=entry.data,
        discovery_keys=MappingProxyType({}),
        domain=entry.domain,
        minor_version=entry.minor_version,
        options=entry.options,
        source=entry.source,
        subentries_data=None,
        title=entry.title,
        unique_id=entry.unique_id,
        version=entry.version,
    )
