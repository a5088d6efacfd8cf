"""One full read of an account by a client alone: ours, and one that others wrote.

In real time, each from a client that knows nothing: it logs in, lists what there is and
reads everything once. They take turns, so that what else the machine does is shared.
Ours spaces out what nobody waits for, so what set-up waits for is told apart.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from time import perf_counter, process_time
from typing import Any

from aiohttp import ClientSession, CookieJar

from custom_components.joulekeeper import vendors
from custom_components.joulekeeper.vendors.base import Connection

from ..isolate import CloudProcess
from ..subject import Form

type Reader = Callable[[Form], Any]
"""Returns a context in which a function reads everything."""


@dataclass(frozen=True, slots=True)
class Read:
    """Two clients of one vendor. `hidden` is what the peer types in beside the form."""

    vendor: str
    peer: str
    theirs: Reader
    hidden: str = ""


async def measure(
    subject: Read, cloud: CloudProcess, *, rounds: int, latencies_ms: tuple[int, ...]
) -> dict[str, Any]:
    """Return lists of reads: whose, at what latency, ms, CPU in ms, and requests."""
    form: dict[str, str] = dict(cloud.forms[0])
    if subject.hidden:
        form |= cloud.ask(subject.hidden)
    reads: list[dict[str, Any]] = []
    readers: Mapping[str, Reader] = {
        "ours": lambda form: _ours(subject.vendor, form, (True, False)),
        "ours, until set-up is over": lambda form: _ours(subject.vendor, form, (True,)),
        subject.peer: subject.theirs,
    }
    for latency in latencies_ms:
        cloud.ask("set_latency", latency / 1000)
        for number in range(rounds + 1):
            for name, reader in readers.items():
                cloud.ask("clear")
                async with reader(form) as read:
                    begin, cpu = perf_counter(), process_time()
                    await read()
                    cpu = process_time() - cpu
                    ms = (perf_counter() - begin) * 1000
                if number == 0:
                    # Whoever comes first imports, and compiles.
                    continue
                calls = sum(cloud.ask("counts").values())
                reads.append(
                    {
                        "who": name,
                        "latency": latency,
                        "ms": ms,
                        "cpu_ms": cpu * 1000,
                        "calls": calls,
                    }
                )
    return {"reads": reads}


@dataclass(slots=True)
class _Memory:
    """Keeps tokens for as long as a client lives."""

    data: dict[str, Any] = field(default_factory=dict)

    async def load(self) -> Mapping[str, Any] | None:
        return self.data or None

    async def save(self, data: Mapping[str, Any]) -> None:
        self.data = dict(data)


@asynccontextmanager
async def _ours(
    vendor: str, form: Form, parts: tuple[bool, ...]
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    spec = import_module(f"{vendors.__name__}.{vendor}").VENDOR
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        session = spec.connect(
            Connection(
                http=http,
                cookie_session=lambda: http,
                clock=lambda: datetime.now(UTC),
                tokens=_Memory(),
                credentials=form,
                options={item.key: item.default for item in spec.options},
            )
        )

        async def read() -> None:
            topology = await session.topology.fetch()
            endpoints = session.endpoints(topology)
            for essential in parts:
                await asyncio.gather(
                    *(item.fetch() for item in endpoints if item.essential is essential)
                )

        yield read
