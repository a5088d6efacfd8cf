"""Energy data and configuration endpoints (1.3 to 1.8)."""

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from ..server import Call, Route
from . import payloads
from .accounts import Account
from .context import Context
from .errors import ApiError, multiple, single
from .inverter import Inverter, Sample
from .timespan import parse_stamp

_ENERGY = "/Api/v2/EnergyData"
_CONFIG = "/Api/v2/Configuration"
_MAX_IDS = 100
_MAX_MINUTES = 60


class EnergyApi:
    """Reads of one cloud."""

    def __init__(self, context: Context) -> None:
        """Serve what `context` holds."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints, more special ones first."""
        guard = self._context.guard
        routes = [
            Route("GET", "/Api/v2/Alive", "alive", self._alive),
            Route("GET", _ENERGY, "sites", guard(self._sites)),
            Route("GET", f"{_ENERGY}/With/Nodes", "nodes", guard(self._nodes)),
            Route(
                "GET",
                f"{_ENERGY}/Static/BySerialNumber/{{sn}}",
                "static",
                guard(self._static),
            ),
            Route(
                "GET", f"{_ENERGY}/{{site}}/Static", "static_site", guard(self._static)
            ),
            Route(
                "GET",
                f"{_CONFIG}/Configuration/BySerialNumber/{{sn}}",
                "configuration",
                guard(self._configuration),
            ),
            Route(
                "GET",
                f"{_CONFIG}/{{site}}/Configuration",
                "configuration_site",
                guard(self._configuration),
            ),
            Route(
                "POST",
                f"{_CONFIG}/Multiple/BySerialNumber/Configuration",
                "configuration_multiple",
                guard(self._configuration_multiple),
            ),
        ]
        # 2.0 and 2.21 differ in the answer only.
        for version in ("2", "2.21"):
            base = f"/Api/v{version}/EnergyData"
            now, past, many = (
                guard(self._dynamic),
                guard(self._dynamic_at),
                guard(self._dynamic_span),
            )
            several = guard(self._dynamic_multiple)
            serial, site = f"{base}/{{sn}}/Dynamic", f"{base}/{{site}}/Dynamic"
            routes += [
                Route("GET", f"{base}/Dynamic/BySerialNumber/{{sn}}", "dynamic", now),
                Route("GET", site, "dynamic_site", now),
                Route(
                    "POST",
                    f"{base}/Multiple/BySerialNumber/Dynamic",
                    "dynamic_multiple",
                    several,
                ),
                Route(
                    "POST",
                    f"{base}/Multiple/Dynamic",
                    "dynamic_multiple_site",
                    several,
                ),
            ]
            for stem in (f"{serial}/BySerialNumber", site):
                routes += [
                    Route("GET", f"{stem}/At/{{stamp}}", "dynamic_at", past),
                    Route(
                        "GET",
                        f"{stem}/LatestBeforeUtc/{{stamp}}/{{minutes}}",
                        "dynamic_at",
                        past,
                    ),
                    Route(
                        "GET", f"{stem}/From/{{start}}/To/{{end}}", "dynamic_span", many
                    ),
                    Route(
                        "GET",
                        f"{stem}/PeriodBeforeUtc/{{stamp}}/{{minutes}}",
                        "dynamic_span",
                        many,
                    ),
                ]
        return routes

    # -- sites -----------------------------------------------------------------

    async def _alive(self, call: Call) -> web.Response:
        return web.Response(text="OK")

    async def _sites(self, call: Call, account: Account) -> web.Response:
        return self._page(call, list(account.sites()))

    async def _nodes(self, call: Call, account: Account) -> web.Response:
        return self._page(
            call,
            [
                payloads.node_tree(
                    inverters[0].site, [i.spec.serial for i in inverters]
                )
                for inverters in account.sites().values()
            ],
        )

    def _page(self, call: Call, items: list[Any]) -> web.Response:
        query = {name.lower(): value for name, value in call.request.query.items()}
        try:
            page, size = int(query.get("page", 0)), int(query.get("pagesize", 100))
        except ValueError:
            raise ApiError(400, "page", "The value is not valid.") from None
        if page < 0 or not 1 <= size <= 1000:
            raise ApiError(400, "pageSize", "Must be between 1 and 1000.")
        shown = items[page * size : (page + 1) * size]
        pages = -(-len(items) // size)
        records = self._context.behaviour.page_count == "records"
        return web.json_response(
            {
                "Page": page,
                "PageSize": size,
                "PageCount": len(shown) if records else pages,
                "TotalCount": len(items),
                "Data": shown,
            }
        )

    # -- static and configuration ----------------------------------------------

    def _inverter(self, call: Call, account: Account) -> Inverter:
        """Return the inverter by serial, or the oldest of the site."""
        if "sn" in call.args:
            return self._context.inverter(account, call.args["sn"])
        return self._context.site(account, call.args["site"])[0]

    def _shown(self, inverter: Inverter, account: Account) -> list[Inverter]:
        """Return the inverters that an answer about one of them lists (10.4)."""
        mates = account.sites()[inverter.site.site_id]
        match self._context.behaviour.several_inverters:
            case "asked_only":
                return [inverter]
            case "asked_first":
                return [inverter, *(m for m in mates if m is not inverter)]
        return mates

    async def _static(self, call: Call, account: Account) -> web.Response:
        inverter = self._inverter(call, account)
        now, skew = self._context.now(), call.faults.clock_skew
        return single(
            payloads.static_data(
                inverter.site,
                [i.spec for i in self._shown(inverter, account)],
                inverter.latest(now).time + skew,
                inverter.status,
                now + skew,
            )
        )

    async def _configuration(self, call: Call, account: Account) -> web.Response:
        inverter = self._inverter(call, account)
        return single(payloads.configuration(inverter.spec, inverter.site))

    async def _configuration_multiple(
        self, call: Call, account: Account
    ) -> web.Response:
        items: list[dict[str, Any]] = []
        for serial in await _ids(call):
            inverter = account.inverters.get(serial)
            items.append(
                {
                    "Data": inverter
                    and payloads.configuration(inverter.spec, inverter.site),
                    "ErrorMsg": None if inverter else f"{serial} not found",
                }
            )
        return multiple(items)

    # -- dynamic ---------------------------------------------------------------

    def _data(
        self, call: Call, account: Account, inverter: Inverter, sample: Sample
    ) -> dict[str, Any]:
        now = self._context.now()
        others = [
            (
                other.spec.serial,
                sample if other is inverter else other.latest(now, before=sample.time),
            )
            for other in self._shown(inverter, account)
        ]
        return payloads.dynamic_data(
            inverter,
            sample,
            self._context.behaviour,
            full=_full(call),
            others=others,
            skew=call.faults.clock_skew,
        )

    def _with_metadata(
        self, call: Call, account: Account, inverter: Inverter, sample: Sample
    ) -> web.Response:
        answer: dict[str, Any] = {"Data": self._data(call, account, inverter, sample)}
        if call.request.query.get("metadata", "").lower() == "true":
            answer["Metadata"] = payloads.time_travel(
                inverter.site.site_id, sample.time
            )
        return web.json_response(answer)

    async def _dynamic(self, call: Call, account: Account) -> web.Response:
        inverter = self._inverter(call, account)
        sample = inverter.latest(self._context.now())
        return self._with_metadata(call, account, inverter, sample)

    async def _dynamic_at(self, call: Call, account: Account) -> web.Response:
        inverter = self._inverter(call, account)
        before = _stamp(call.args["stamp"])
        _minutes(call)
        sample = inverter.latest(self._context.now(), before=before)
        return self._with_metadata(call, account, inverter, sample)

    async def _dynamic_span(self, call: Call, account: Account) -> web.Response:
        inverter = self._inverter(call, account)
        if "stamp" in call.args:
            end = _stamp(call.args["stamp"])
            start = end - timedelta(minutes=_minutes(call))
        else:
            start, end = _stamp(call.args["start"]), _stamp(call.args["end"])
        if not timedelta(0) <= end - start <= timedelta(minutes=_MAX_MINUTES):
            raise ApiError(400, "end", "The period is limited to 60 minutes.")
        samples = inverter.between(self._context.now(), start, end)
        return multiple([self._data(call, account, inverter, s) for s in samples])

    async def _dynamic_multiple(self, call: Call, account: Account) -> web.Response:
        """Serve both Multiple forms; unknown ids are left out [guess]."""
        now, sites = self._context.now(), account.sites()
        items = []
        for name in await _ids(call):
            inverter = account.inverters.get(name) or sites.get(name, [None])[0]
            if inverter is not None:
                sample = inverter.latest(now)
                items.append(self._data(call, account, inverter, sample))
        return multiple(items)


def _full(call: Call) -> bool:
    return call.request.path.lower().lstrip("/").startswith("api/v2.21/")


async def _ids(call: Call) -> list[str]:
    try:
        ids = await call.request.json()
    except ValueError:
        raise ApiError(400, "$", "The JSON value could not be converted.") from None
    if not isinstance(ids, list) or len(ids) > _MAX_IDS:
        raise ApiError(400, "$", "An array of up to 100 ids is expected.")
    return [str(name) for name in ids]


def _stamp(text: str) -> datetime:
    try:
        return parse_stamp(text)
    except ValueError:
        raise ApiError(400, "timestamp", "The value is not valid.") from None


def _minutes(call: Call) -> int:
    text = call.args.get("minutes", "1")
    if not text.isdigit() or not 1 <= int(text) <= _MAX_MINUTES:
        raise ApiError(400, "periodInMinutes", "Must be between 1 and 60.")
    return int(text)
