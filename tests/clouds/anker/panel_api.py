"""The power panel of the US, and home storage (4.14), in short."""

from datetime import date, timedelta
from typing import Any

from aiohttp import web

from ..server import Call, Handler, Route
from .context import Ask, Context, region_of
from .errors import BadRequest, gateway
from .household import Flow, Totals
from .site import Record, Site

_PANEL = "/charging_energy_service"
_HES = "/charging_hes_svc"
_POINT = timedelta(minutes=5)
_POINTS = 288
_SOURCES = ("solar", "hes", "grid", "home", "pps", "diesel")
_UNAVAILABLE = 503
_HES_KINDS = (3, 6, 7, 8, 9)  # power_site_type (4.2)


class PanelApi:
    """charging_energy_service, which the EU host does not have, and charging_hes_svc."""

    def __init__(self, context: Context) -> None:
        """Serve the panels of a cloud."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        running, statistics = guard(self.running), guard(self.statistics)
        return [
            Route(
                "POST",
                f"{_PANEL}/get_system_running_info",
                "panel_running_info",
                self._western(running),
            ),
            Route(
                "POST",
                f"{_PANEL}/energy_statistics",
                "panel_statistics",
                self._western(statistics),
            ),
            Route(
                "POST",
                f"{_HES}/get_system_running_info",
                "hes_running_info",
                guard(self.hes),
            ),
            Route(
                "POST",
                f"{_HES}/get_energy_statistics",
                "hes_statistics",
                statistics,
            ),
        ]

    def _western(self, handler: Handler) -> Handler:
        """Wrap a handler that only the host of `com` has."""

        async def guarded(call: Call) -> web.StreamResponse:
            region = region_of(call.request)
            account = self._context.sessions.account(
                call.request, self._context.now(), region
            )
            at = region or (account.region if account else "eu")
            if at == "com":
                return await handler(call)
            return web.Response(
                status=_UNAVAILABLE,
                text=gateway(_UNAVAILABLE),
                content_type="text/html",
            )

        return guarded

    async def running(self, ask: Ask) -> Any:
        """Answer totals; there are no live powers."""
        site = self._context.seen(ask, "siteId")
        kwh = site.record(ask.now).totals.solar
        return {
            "connect_infos": {
                panel.serial: site.is_online(panel.serial, ask.now)
                for panel in site.spec.panels
            },
            "connected": not site.offline.at(ask.now),
            "total_system_savings": round(kwh * site.spec.price, 1),
            "system_savings_price_unit": "$",
            "save_carbon_footprint": round(kwh * 0.997 / 1000, 2),
            "save_carbon_unit": "t",
            "save_carbon_c": 0.997,
            "total_system_power_generation": round(kwh / 1000, 2),
            "system_power_generation_unit": "MWh",
        }

    async def statistics(self, ask: Ask) -> Any:
        """Answer averages of 5 minutes of a day, or a day's energy."""
        site = self._context.seen(ask, "siteId")
        source, kind = ask.text("sourceType"), ask.text("dateType")
        if source not in _SOURCES or kind not in ("day", "week", "month", "year"):
            raise BadRequest("error: sourceType or dateType is not defined")
        start = date.fromisoformat(ask.text("start"))
        end = date.fromisoformat(ask.text("end") or ask.text("start"))
        record = site.record(ask.now)
        days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        yields = [_of_totals(source, site.day(day, record)) for day in days]
        return {
            "totalEnergy": f"{sum(yields):.2f}",
            "totalEnergyUnit": "KWh",
            "totalImportedEnergy": f"{sum(yields) if source == 'grid' else 0:.2f}",
            "totalImportedEnergyUnit": "KWh",
            "totalExportedEnergy": "0.00",
            "totalExportedEnergyUnit": "KWh",
            "power": _curve(site, record, start, source) if kind == "day" else None,
            "powerUnit": "KW",
            "chargeLevel": [],
            "energy": None
            if kind == "day"
            else [
                {"value": f"{kwh:.2f}", "negValue": "0", "rods": None} for kwh in yields
            ],
            "energyUnit": "KWh",
            "aggregates": [],
            "hasDiesel": False,
        }

    async def hes(self, ask: Ask) -> Any:
        """Answer totals; a system that is no HES has none."""
        site = self._context.seen(ask, "siteId")
        is_storage = site.spec.kind in _HES_KINDS
        kwh = site.record(ask.now).totals.solar if is_storage else 0.0
        return {
            "mainSn": "",
            "pcsSns": None,
            "mainDeviceModel": "",
            "connected": is_storage and not site.offline.at(ask.now),
            "totalSystemSavings": round(kwh * site.spec.price, 1),
            "systemSavingsPriceUnit": "€" if is_storage else "",
            "saveCarbonFootprint": round(kwh * 0.997 / 1000, 2),
            "saveCarbonUnit": "t" if is_storage else "",
            "saveCarbonC": 0.997,
            "totalSystemPowerGeneration": round(kwh / 1000, 2),
            "systemPowerGenerationUnit": "MWh" if is_storage else "",
            "numberOfParallelDevice": 0,
            "batCount": 0,
            "rePostTime": 5,
            "supportDiesel": False,
            "net": 0,
            "isAddHeatPump": False,
            "realNet": 0,
            "systemCode": "",
            "emsDisable": False,
            "enwgs": None,
        }


def _of_totals(source: str, totals: Totals) -> float:
    by_source = {"solar": totals.solar, "grid": totals.imported, "home": totals.load}
    return by_source.get(source, 0.0)


def _of_flow(source: str, flow: Flow) -> float:
    by_source = {"solar": flow.pv_w, "grid": max(0.0, flow.grid_w), "home": flow.load_w}
    return by_source.get(source, 0.0)


def _curve(site: Site, record: Record, day: date, source: str) -> list[dict[str, Any]]:
    """Return the points so far, KW."""
    start, points = site.midnight(day), []
    for n in range(_POINTS):
        time = start + n * _POINT
        if time > record.time:
            break
        watts = _of_flow(source, site.moment(time).flow) if time >= site.begin else 0.0
        points.append(
            {
                "time": f"{n // 12:02}:{n % 12 * 5:02}",
                "powerInfos": [{"type": source, "value": f"{watts / 1000:.2f}"}],
            }
        )
    return points
