"""The recorder with its database, to see what states cost on disk."""

import asyncio
import sqlite3

from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import async_initialize_recorder, get_instance
from homeassistant.setup import async_setup_component

from .clock import SimulatedLoop

_TABLES = {
    "states": "SELECT count(*), sum(length(state)) FROM states",
    "state_attributes": "SELECT count(*), sum(length(shared_attrs)) FROM state_attributes",
}
_ROW_BYTES = 60
"""Of a row of states beside its text: ids, time stamps and their indexes."""


async def record(hass: HomeAssistant) -> None:
    """Run the real recorder with its own SQLite file; time waits for it."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    loop.hold()
    try:
        async_initialize_recorder(hass)
        if not await async_setup_component(hass, "recorder", {"recorder": {}}):
            raise RuntimeError("the recorder could not be set up")
        await get_instance(hass).async_db_ready
    finally:
        loop.release()


async def written(hass: HomeAssistant) -> dict[str, float]:
    """Return KiB by table and of the file, and all rows, when all has been written."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    loop.hold()
    try:
        await get_instance(hass).async_block_till_done()
        path = hass.config.path("home-assistant_v2.db")

        def read() -> dict[str, float]:
            with sqlite3.connect(path) as database:
                found: dict[str, float] = {}
                for table, query in _TABLES.items():
                    count, size = database.execute(query).fetchone()
                    found[table] = (count * _ROW_BYTES + (size or 0)) / 1024
                    found["rows"] = found.get("rows", 0) + count
                (pages,) = database.execute("PRAGMA page_count").fetchone()
                (free,) = database.execute("PRAGMA freelist_count").fetchone()
                (page,) = database.execute("PRAGMA page_size").fetchone()
                found["file"] = (pages - free) * page / 1024
                return found

        return await asyncio.to_thread(read)
    finally:
        loop.release()
