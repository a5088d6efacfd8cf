"""Energies of a system by day and by interval (4.9)."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
import re
from typing import Any

from ..server import Route
from .context import Ask, Context
from .errors import FAILED, ApiError, BadRequest
from .household import Flow, Totals
from .scene import statistics
from .site import Record, Site

_PATH = "/power_service/v1/site/energy_analysis"
_CHART = "/power_service/v1/site/get_home_load_chart"
_POINT = timedelta(minutes=20)
_POINTS = 73

_KINDS = (
    *("solar_production", "solarbank", "home_usage", "grid", "pps", "ev_charger"),
    "solar_production_microinverter",
    *(f"solar_production_pv{n}" for n in range(1, 5)),
)
_FIRST = ("solarbank", "solar_production")


class EnergyApi:
    """energy_analysis."""

    def __init__(self, context: Context) -> None:
        """Serve the energies of a cloud."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        guard = self._context.guard
        return [
            Route("POST", _PATH, "energy_analysis", guard(self.analysis)),
            Route("POST", _CHART, "home_load_chart", guard(self.chart)),
        ]

    async def analysis(self, ask: Ask) -> Any:
        """Answer the energies of an interval."""
        site = self._context.seen(ask)
        kind, span = ask.text("device_type"), ask.text("type")
        ask.text("device_sn")
        if kind not in _KINDS or span not in ("day", "week", "month", "year"):
            raise BadRequest(f'error: value "{kind}" or "{span}" is not defined')
        if kind in self._context.behaviour.failing_kinds:
            raise ApiError(FAILED)
        start = _day(ask.text("start_time"))
        end = start if span == "day" else _day(ask.text("end_time"))
        if end < start:
            raise BadRequest("error: start_time is after end_time")
        record = site.record(ask.now)
        if not site.spec.banks or (site.is_first and kind not in _FIRST):
            if kind.startswith("solar_production_pv"):
                return None
            return self._nothing(site, record, span, start, end)
        whole = _sum(site.day(day, record) for day in _days(start, end))
        data = _blank(self._context.behaviour.power_unit, site, span)
        data |= _totals(site, kind, whole)
        curves = _curves(kind)
        for name, (of_totals, of_flow) in curves.items():
            if span == "day":
                data[name] = _points(site, record, start, of_flow)
            else:
                data[name] = _items(site, record, span, start, end, of_totals)
        if span == "day":
            _day_extras(site, record, kind, start, data)
        return data

    def _nothing(
        self, site: Site, record: Record, span: str, start: date, end: date
    ) -> dict[str, Any]:
        """Return zeros, as for what a system does not have."""
        data = _blank(self._context.behaviour.power_unit, site, span)
        if span == "day":
            data["power"] = _points(site, record, start, lambda flow: 0.0)
        else:
            data["power"] = _items(site, record, span, start, end, lambda totals: 0.0)
        return data

    async def chart(self, ask: Ask) -> Any:
        """Answer the load of the day, which no client needs."""
        site = self._context.owned(ask)
        record = site.record(ask.now)
        day = site.local(record.time).date()
        points = _points(site, record, day, lambda flow: flow.output_w)
        return {"data": [{"time": it["time"], "power": it["value"]} for it in points]}


def _day(text: str) -> date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        raise BadRequest(f'error: value "{text}" is not a date')
    return date.fromisoformat(text)


def _days(start: date, end: date) -> Iterator[date]:
    for n in range((end - start).days + 1):
        yield start + timedelta(days=n)


def _sum(totals: Iterator[Totals]) -> Totals:
    whole = Totals()
    for one in totals:
        whole = whole.plus(one)
    return whole


def _kwh(value: float) -> str:
    return f"{max(0.0, value):.2f}"


def _item(time: str, value: str) -> dict[str, Any]:
    return {"time": time, "value": value, "rods": None}


def _number(value: float) -> str:
    """Return a value with its sign, and zero without one."""
    text = f"{value:.2f}"
    return "0" if float(text) == 0 else text


def _items(
    site: Site,
    record: Record,
    span: str,
    start: date,
    end: date,
    value: Callable[[Totals], float],
) -> list[dict[str, Any]]:
    """Return the days asked for, or the months of a year, kWh."""
    if span != "year":
        return [
            _item(day.isoformat(), _number(value(site.day(day, record))))
            for day in _days(start, end)
        ]
    months: dict[str, float] = {}
    for day in _days(start, end):
        month = day.isoformat()[:7]
        months[month] = months.get(month, 0.0) + value(site.day(day, record))
    return [_item(month, _number(kwh)) for month, kwh in months.items()]


def _points(
    site: Site, record: Record, day: date, value: Callable[[Flow], float]
) -> list[dict[str, Any]]:
    """Return the 73 points of a day, W; what is to come is 0."""
    start = site.midnight(day)
    points = []
    for n in range(_POINTS):
        time = start + n * _POINT
        known = site.begin <= time <= record.time
        shown = _number(value(site.moment(time).flow)) if known else "0"
        points.append(_item(f"{n // 3:02}:{n % 3 * 20:02}", shown))
    return points


def _curves(
    kind: str,
) -> dict[str, tuple[Callable[[Totals], float], Callable[[Flow], float]]]:
    """Return what the lists of a kind hold, from counters and from powers."""
    match kind:
        case "solarbank":
            return {"power": (lambda t: t.discharged, lambda f: f.discharge_w)}
        case "home_usage":
            return {"power": (lambda t: t.load, lambda f: f.load_w)}
        case "grid":
            return {
                "power": (lambda t: -t.exported, lambda f: min(0.0, f.grid_w)),
                "charge_trend": (
                    lambda t: t.imported,
                    lambda f: max(0.0, f.grid_w),
                ),
            }
        case "solar_production":
            return {"power": (lambda t: t.solar, lambda f: f.pv_w)}
    if kind.startswith("solar_production_pv"):
        n = int(kind[-1]) - 1
        return {
            "power": (
                lambda t: (t.pv1, t.pv2, t.pv3, t.pv4)[n],
                lambda f: sum(
                    bank.inputs_w[n] for bank in f.banks if n < len(bank.inputs_w)
                ),
            )
        }
    return {"power": (lambda t: 0.0, lambda f: 0.0)}


def _blank(unit: str, site: Site, span: str) -> dict[str, Any]:
    """Return every key, without values."""
    later = not site.is_first
    return {
        "power": [],
        "charge_trend": None,
        "charge_level": None,
        "forecast_trend": None,
        "power_unit": unit,
        "charge_total": "",
        "charge_unit": "kwh",
        "discharge_total": "",
        "discharge_unit": "kwh",
        "charging_pre": "",
        "electricity_pre": "",
        "others_pre": "",
        "statistics": None,
        "battery_discharging_total": "",
        "solar_to_grid_total": "",
        "grid_to_home_total": "",
        "ac_out_put_total": "",
        "home_usage_total": "",
        "solar_total": "",
        "trend_unit": ("w" if span == "day" else "kwh") if later else "",
        "battery_to_home_total": "",
        "smart_plug_info": None,
        "local_time": "",
        "grid_to_battery_total": "",
        "grid_imported_total": "",
        "solar_to_battery_total": "",
        "solar_to_home_total": "",
        "forecast_total": "",
        "sop_grid_to_battery_total": "",
        "third_solar_to_battery_total": "",
        "pps_list": None,
        "total_energy_unit": "",
    }


def _totals(site: Site, kind: str, whole: Totals) -> dict[str, Any]:
    """Return the totals of the requested interval that a kind tells."""
    later = not site.is_first
    match kind:
        case "solarbank":
            told = {
                "charge_total": _kwh(whole.charged),
                "discharge_total": _kwh(whole.load if later else whole.discharged),
                "charging_pre": "0",
                "electricity_pre": "0",
                "others_pre": "0",
            }
            return told | (
                {
                    "battery_discharging_total": _kwh(whole.discharged),
                    "ac_out_put_total": "0.00",
                    "battery_to_home_total": _kwh(whole.battery_to_home),
                    "grid_to_battery_total": _kwh(whole.grid_to_battery),
                    "solar_to_battery_total": _kwh(whole.solar_to_battery),
                }
                if later
                else {}
            )
        case "home_usage":
            return _home(site, whole)
        case "grid":
            return {
                "solar_to_grid_total": _kwh(whole.exported),
                "grid_to_home_total": _kwh(whole.grid_to_home),
                "grid_to_battery_total": _kwh(whole.grid_to_battery),
                "grid_imported_total": _kwh(whole.imported),
            }
        case "solar_production":
            return _solar(site, whole)
    if kind.startswith("solar_production_"):
        return {
            "charge_total": _kwh(whole.charged),
            "solar_total": _kwh(whole.solar),
            "solar_to_grid_total": _kwh(whole.solar_to_grid),
            "solar_to_battery_total": _kwh(whole.solar_to_battery),
            "solar_to_home_total": _kwh(whole.solar_to_home),
        }
    return {}


def _home(site: Site, whole: Totals) -> dict[str, Any]:
    plugs = site.spec.plugs
    base = sum(plug.base_w for plug in plugs)
    return {
        "battery_discharging_total": _kwh(whole.discharged),
        "grid_to_home_total": _kwh(whole.grid_to_home),
        "home_usage_total": _kwh(whole.load),
        "battery_to_home_total": _kwh(whole.battery_to_home),
        "solar_to_home_total": _kwh(whole.solar_to_home),
        "smart_plug_info": {
            "smartplug_list": [
                {
                    "device_pn": plug.product,
                    "device_sn": plug.serial,
                    "device_name": site.aliases[plug.serial],
                    "device_img": "",
                    "tag": plug.alias.lower(),
                    "total_power": _kwh(whole.plugs * plug.base_w / base),
                }
                for plug in plugs
            ],
            "total_power": _kwh(whole.plugs),
        },
    }


def _solar(site: Site, whole: Totals) -> dict[str, Any]:
    later = not site.is_first
    battery = whole.discharged if later else whole.charged
    used = max(1e-9, whole.solar_to_home + battery)
    share = battery / used if whole.solar > 0 else 0.0
    told = {
        "charge_level": [],
        "forecast_trend": [],
        "charge_total": _kwh(whole.charged),
        "discharge_total": _kwh(whole.load if later else whole.solar - whole.charged),
        "charging_pre": f"{share:.2f}",
        "electricity_pre": f"{1 - share:.2f}" if whole.solar > 0 else "0",
        "others_pre": "0",
        "statistics": statistics(site, whole.solar, "kwh"),
        "solar_total": f"{whole.solar:.2f}" if later else f"{whole.solar:.4f}",
    }
    return told | (
        {
            "solar_to_grid_total": _kwh(whole.solar_to_grid),
            "solar_to_battery_total": _kwh(whole.solar_to_battery),
            "solar_to_home_total": _kwh(whole.solar_to_home),
        }
        if later
        else {}
    )


def _day_extras(
    site: Site, record: Record, kind: str, day: date, data: dict[str, Any]
) -> None:
    """Add what only the curves of a day have."""
    data["local_time"] = site.local(record.time).strftime("%Y-%m-%d %H:%M")
    if kind == "solarbank":
        data["charge_trend"] = _points(site, record, day, lambda f: f.charge_w)
        data["charge_level"] = _points(
            site,
            record,
            day,
            lambda f: 100 * sum(bank.soc for bank in f.banks) / len(f.banks),
        )
    elif kind == "solar_production" and site.spec.generation >= 3:
        _forecast(site, record.time, day, data)


def _forecast(site: Site, now: datetime, day: date, data: dict[str, Any]) -> None:
    """Add what the sun is to give in the hours that are left, named by their ends.

    So are those of the record of a Solarbank 3: from the next full hour to 00:00.
    """
    items = []
    for hour in range(site.local(now).hour + 1, 25):
        time = site.midnight(day) + timedelta(hours=hour - 0.5)
        watts = sum(site.household.sources.sun_w(time))
        items.append(_item(f"{hour % 24:02}:00", f"{watts:.2f}"))
    data["forecast_trend"] = items
    total = sum(float(item["value"]) for item in items) / 1000
    data["forecast_total"] = f"{total:.2f}"
