"""`alphaessopenapi`, unmodified but for the address, and without its pauses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
import logging

from alphaess import alphaess as library

from ..measures.read import Read
from ..subject import Form


@asynccontextmanager
async def _theirs(form: Form) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    # It calls what the system does not have, and says so each time.
    logging.getLogger(library.__name__).setLevel(logging.CRITICAL)
    library.BASEURL = f"{form['base_url']}/api"
    client = library.alphaess(form["app_id"], form["app_secret"], raise_on_error=True)

    async def read() -> None:
        await client.getdata(True, True, 0, True)

    try:
        yield read
    finally:
        await client.close()


SUBJECT = Read("alphaess", "alphaessopenapi", _theirs)
