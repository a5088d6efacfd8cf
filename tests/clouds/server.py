"""What all fake clouds share: a small HTTP server with faults and a log."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import json
import re
from typing import Any

from aiohttp import web

from .clock import Clock, real_clock
from .faults import ActiveFault, Fault, Faults, edited
from .request_log import RequestLog

type Handler = Callable[[Call], Awaitable[web.StreamResponse]]

# Faults that replace the answer before the handler runs.
_INSTEAD = (
    Fault.STATUS,
    Fault.HTML,
    Fault.EXPIRED_TOKEN,
    Fault.LOCKED_OUT,
    Fault.THROTTLE,
)
# Faults that spoil the answer after the handler has done its work.
_AFTER = (
    Fault.CUT,
    Fault.BROKEN_JSON,
    Fault.EDIT,
    Fault.NULL,
    Fault.WRONG_TYPE,
)
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body>{0}</body></html>"


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint: `template` is a path with `{names}`, `label` names it in logs."""

    method: str
    template: str
    label: str
    handler: Handler

    def pattern(self, flags: int) -> re.Pattern[str]:
        """Return the regular expression for the path."""
        names = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.template))
        return re.compile(names + r"/?\Z", flags)


@dataclass(slots=True)
class Call:
    """One request on its way to a handler."""

    request: web.Request
    label: str
    line: str
    args: dict[str, str]
    faults: Faults

    def fault(self, kind: Fault) -> ActiveFault | None:
        """Return (and count) a fault that the handler itself has to play."""
        return self.faults.take(self.label, self.line, kind)


def html(text: str, status: int = 200) -> web.Response:
    """Return a page."""
    return web.Response(text=text, status=status, content_type="text/html")


class FakeCloud:
    """Base of the fake clouds: listens on loopback, plays faults, keeps a log."""

    def __init__(self, *, clock: Clock = real_clock, latency: float = 0.0) -> None:
        """Make a cloud at the time of `clock`.

        `latency` is s per request, in real time: leave it 0 under a frozen clock.
        """
        self.clock = clock
        self.latency = latency
        self.faults = Faults()
        self.requests = RequestLog()
        self.base_url = ""
        self.ignore_case = False
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._port = 0
        self._closing = asyncio.Event()
        self._compiled: list[tuple[Route, re.Pattern[str]]] = []

    # -- what a vendor gives ---------------------------------------------------

    @property
    def credentials(self) -> dict[str, str]:
        """What the owner of the first account types into a form."""
        raise NotImplementedError

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        raise NotImplementedError

    def not_found(self, request: web.Request) -> web.Response:
        """Return the answer for a path that nobody serves."""
        return html(_PAGE.format("404 - Not Found"), 404)

    def expired_token(self, request: web.Request) -> web.Response:
        """Return the answer to a stale token."""
        return web.Response(status=401)

    def locked_out(self, request: web.Request) -> web.Response:
        """Return the answer to a barred account."""
        return web.Response(status=403)

    def throttled(self, request: web.Request, retry_after: float) -> web.Response:
        """Return the answer to one who asks too often (`retry_after`: s)."""
        return web.Response(status=429, headers={"Retry-After": str(retry_after)})

    # -- life ------------------------------------------------------------------

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> str:
        """Listen, and return the base URL (no trailing slash)."""
        flags = re.IGNORECASE if self.ignore_case else 0
        self._compiled = [(route, route.pattern(flags)) for route in self.routes()]
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._dispatch)
        # The access log would trip over a frozen clock.
        self._closing.clear()
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        self._port = port
        await self._listen(host)
        self.base_url = f"http://{host}:{self._port}"
        return self.base_url

    async def _listen(self, host: str) -> None:
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, host, self._port, reuse_address=True)
        await self._site.start()
        if not self._port:
            self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop; hanging requests are dropped."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None

    async def refuse(self) -> None:
        """Refuse connections, as a machine that is up without its service."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        assert self._runner is not None
        assert self._runner.server is not None
        # Connections that are kept alive would still be served.
        await self._runner.server.shutdown(0.05)

    async def accept(self, host: str = "127.0.0.1") -> None:
        """Accept connections again, on the same port."""
        await self._listen(host)

    # -- one request -----------------------------------------------------------

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        path = self.clean_path(request.path)
        line = f"{request.method} {path}"
        route, args = self._route(request.method, path)
        label = route.label if route else "unknown"
        entry = self.requests.begin(
            self.clock(), request.method, path, request.query_string, label
        )
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            if fault := self.faults.take(label, line, Fault.DELAY):
                await asyncio.sleep(fault.options["seconds"])
            response = await self._answer(
                request, route, Call(request, label, line, args, self.faults)
            )
            entry.status = response.status if response is not None else None
        finally:
            self.requests.end(entry)
        if response is None:
            # Dropped: aiohttp has nothing to write to.
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        return response

    def clean_path(self, path: str) -> str:
        """Return the path as routes see it."""
        return path

    def _route(self, method: str, path: str) -> tuple[Route | None, dict[str, str]]:
        for route, pattern in self._compiled:
            if route.method == method and (match := pattern.match(path)):
                return route, match.groupdict()
        return None, {}

    async def _answer(
        self, request: web.Request, route: Route | None, call: Call
    ) -> web.StreamResponse | None:
        """Return the answer, or None when the line is to be dropped."""
        take = self.faults.take
        if fault := take(call.label, call.line, Fault.FOREIGN_EDIT):
            fault.options["action"]()
        if fault := take(call.label, call.line, *_INSTEAD):
            return self._instead(request, fault)
        lost = take(call.label, call.line, Fault.DROP, Fault.HANG)
        if lost is not None:
            if lost.options.get("done") and route is not None:
                await route.handler(call)
            if lost.kind is Fault.HANG:
                await self._closing.wait()
            return None
        if route is None:
            return self.not_found(request)
        response = await route.handler(call)
        if fault := take(call.label, call.line, *_AFTER):
            return await self._after(request, response, fault)
        return response

    def _instead(self, request: web.Request, fault: ActiveFault) -> web.Response:
        options = fault.options
        match fault.kind:
            case Fault.EXPIRED_TOKEN:
                return self.expired_token(request)
            case Fault.LOCKED_OUT:
                return self.locked_out(request)
            case Fault.THROTTLE:
                return self.throttled(request, options.get("retry_after", 60))
            case Fault.HTML:
                return html(_PAGE.format("We will be back soon"))
        status = options.get("status", 500)
        body = options.get("body", _PAGE.format(f"{status} - Server Error"))
        return web.Response(
            status=status,
            text=body if isinstance(body, str) else json.dumps(body),
            content_type=options.get(
                "content_type",
                "text/html" if isinstance(body, str) else "application/json",
            ),
            headers=options.get("headers"),
        )

    @staticmethod
    async def _after(
        request: web.Request, response: web.StreamResponse, fault: ActiveFault
    ) -> web.StreamResponse | None:
        assert isinstance(response, web.Response)
        body = response.body
        assert isinstance(body, bytes)
        if fault.kind is Fault.CUT:
            cut = web.StreamResponse(status=response.status)
            cut.content_type = response.content_type
            cut.content_length = len(body)
            await cut.prepare(request)
            await cut.write(body[: len(body) // 2])
            return None
        if fault.kind is Fault.BROKEN_JSON:
            spoiled: str = body[: len(body) // 2].decode(errors="ignore")
        else:
            payload: Any = edited(fault, json.loads(body))
            spoiled = json.dumps(payload)
        return web.Response(
            status=response.status,
            text=spoiled,
            content_type=response.content_type,
        )
