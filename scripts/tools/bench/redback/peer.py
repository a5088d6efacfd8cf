"""`redbacktechpy`, unmodified but for the addresses; it reads the portal's page too."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace

from aiohttp import ClientSession, CookieJar
from redbacktechpy import RedbackTechClient, redbacktech_client

from ..measures.read import Read
from ..subject import Form


@asynccontextmanager
async def _theirs(form: Form) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    keys = dict(form)
    base = keys.pop("base_url") + "/"
    redbacktech_client.BaseUrl = SimpleNamespace(OAUTH=base, API=base, PORTAL=base)
    opened: list[ClientSession] = []

    def session() -> ClientSession:
        opened.append(ClientSession(cookie_jar=CookieJar(unsafe=True)))
        return opened[-1]

    redbacktech_client.ClientSession = session
    client = RedbackTechClient(**keys, session1=session(), include_envelopes=True)
    try:
        yield client.get_redback_data
    finally:
        for each in opened:
            await each.close()


SUBJECT = Read("redback", "redbacktechpy", _theirs, hidden="portal")
