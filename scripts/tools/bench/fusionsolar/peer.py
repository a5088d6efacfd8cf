"""`pyhfs`, unmodified; it knows plants only, and no devices, so it reads less."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pyhfs

from ..measures.read import Read
from ..subject import Form


@asynccontextmanager
async def _theirs(form: Form) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    session = pyhfs.Session(form["user_name"], form["system_code"], form["base_url"])
    client = pyhfs.Client(session)

    def read() -> None:
        codes = [plant["plantCode"] for plant in client.get_plant_list()]
        now = datetime.now(UTC)
        client.get_plant_realtime_data(codes)
        client.get_plant_daily_data(codes, now)
        client.get_alarms_list(codes, now, now)

    async def in_thread() -> None:
        await asyncio.to_thread(read)

    yield in_thread


SUBJECT = Read("fusionsolar", "pyhfs", _theirs)
