"""The vendor's JSON for readings (2.1 to 2.5): W, kWh, %, grid + import."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ..sun import noise
from .behaviour import Behaviour
from .compact import scaled
from .fixtures import SystemSpec
from .system import System
from .telemetry import Counters, Sample, Upload

# Fitted to the recorded pair of 7.3.
_TARIFF = 0.24
_FEED_IN = 0.05
_CARBON_KG_PER_KWH = 0.9959
_TREES_PER_KG = 0.011434
_INVERTER_LOSS = 0.975
_SYMBOLS = {"AUD": "A$", "EUR": "€"}
_STRINGS = 4
_CARS = 4

type Number = float | Decimal


def essentials(system: System) -> dict[str, Any]:
    """Return an element of getEssList."""
    spec = system.spec
    capacity = spec.house.battery_kwh
    offline = system.offline_since is not None
    return {
        "sysSn": spec.serial,
        "popv": scaled(spec.pv_kw),
        "minv": spec.model,
        "poinv": scaled(spec.inverter_kw),
        "cobat": scaled(capacity),
        "mbat": spec.battery_model,
        "surplusCobat": scaled(capacity * spec.usable_percent / 100),
        "usCapacity": scaled(spec.usable_percent),
        "emsStatus": "Offline" if offline else system.ems_status,
    }


_LIVE_KEYS = (
    *("ppv", "ppvDetail", "soc", "pev", "pevDetail"),
    *("prealL1", "prealL2", "prealL3", "pgrid", "pgridDetail", "pbat", "pload"),
)


def no_live_power() -> dict[str, Any]:
    """Return getLastPowerData of a system that has none: every key is null."""
    return dict.fromkeys(_LIVE_KEYS)


def _watts(value: float, behaviour: Behaviour) -> Number:
    """Return whole watts with a decimal, as 4200.0; never -0.0."""
    rounded = float(round(value)) + 0.0
    return scaled(rounded) if behaviour.two_decimals else rounded


def _phases(
    total: float, spec: SystemSpec, names: tuple[str, ...], behaviour: Behaviour
) -> dict[str, Number]:
    """Return a power split over three phases, of which two may be unused."""
    shares = (*spec.phase_share, 0.0, 0.0)[:3]
    return {
        name: _watts(total * share, behaviour)
        for name, share in zip(names, shares, strict=True)
    }


def live_power(
    sample: Sample, spec: SystemSpec, behaviour: Behaviour
) -> dict[str, Any]:
    """Return getLastPowerData. pload is the sum of the others, never metered (2.2)."""
    flow = sample.flow
    strings = [round(w) for w in flow.pv_strings_w][:_STRINGS]
    pv, grid, battery = sum(strings), round(flow.grid_w), round(flow.battery_w)
    cars = sum(sample.cars_w)
    load = pv + grid + battery - (0 if behaviour.ev_in_load else round(cars))
    loss = _INVERTER_LOSS if pv + battery > 0 else 1 / _INVERTER_LOSS
    through = (pv + battery) * loss
    detail: dict[str, Any] = {
        f"ppv{n + 1}": _watts(strings[n] if n < len(strings) else 0, behaviour)
        for n in range(_STRINGS)
    }
    car_detail = {
        f"ev{n + 1}Power": _watts(sample.cars_w[n], behaviour)
        if n < len(sample.cars_w)
        else None
        for n in range(_CARS)
    }
    values = (
        _watts(pv, behaviour),
        detail | {"pmeterDc": _watts(0, behaviour)},
        round(sample.soc, 1),
        _watts(cars, behaviour) if cars else 0,
        car_detail,
        *_phases(through, spec, ("L1", "L2", "L3"), behaviour).values(),
        _watts(grid, behaviour),
        _phases(grid, spec, ("pmeterL1", "pmeterL2", "pmeterL3"), behaviour),
        _watts(battery, behaviour),
        _watts(load, behaviour),
    )
    return dict(zip(_LIVE_KEYS, values, strict=True))


def _upload(upload: Upload, system: System, behaviour: Behaviour) -> dict[str, Any]:
    """Return an element of getOneDayPowerBySn; the load has a meter of its own."""
    flow, cars = upload.sample.flow, sum(upload.sample.cars_w)
    load = flow.load_w - (0 if behaviour.ev_in_load else cars)
    pv = 0.0 if behaviour.history_ppv == "zero" else flow.pv_w
    imported, exported = max(0, round(flow.grid_w)), max(0, round(-flow.grid_w))
    return {
        "sysSn": system.spec.serial,
        "uploadTime": upload.time.astimezone(system.zone).strftime("%Y-%m-%d %H:%M:%S"),
        "ppv": _watts(pv, behaviour),
        "load": _watts(load * upload.spike, behaviour),
        "cbat": round(upload.sample.soc, 1),
        "feedIn": _watts(exported, behaviour),
        "gridCharge": _watts(imported, behaviour) if imported else 0,
        "pchargingPile": _watts(cars, behaviour) if cars else 0,
    }


def day_power(
    system: System, day: date, now: datetime, behaviour: Behaviour
) -> list[dict[str, Any]] | None:
    """Return getOneDayPowerBySn."""
    system.advance(now)
    uploads = [u for u in system.recorder.of_day(day) if u.time <= now]
    if behaviour.offline == "nulls" and system.offline_since is not None:
        uploads = uploads if day < system.local_date(now) else []
    if not uploads and behaviour.unknown_day == "null":
        return None
    if behaviour.history_duplicates:
        uploads = [u for n, u in enumerate(uploads) for _ in range(1 + (n % 7 == 3))]
    match behaviour.history_order:
        case "newest_first":
            uploads.reverse()
        case "shuffled":
            uploads.sort(key=lambda u: noise(system.seed, int(u.time.timestamp())))
    return [_upload(upload, system, behaviour) for upload in uploads]


def _kwh(value: float) -> float:
    return round(value, 2) + 0.0


def day_energy(
    system: System, day: date, now: datetime, behaviour: Behaviour
) -> dict[str, Any] | None:
    """Return getOneDateEnergyBySn; blank around local midnight, if switched on."""
    counted = system.day(day, now)
    if near_midnight(system, now, behaviour):
        if behaviour.midnight == "null":
            return None
        counted = Counters()
    if counted is None:
        if behaviour.unknown_day == "null":
            return None
        counted = Counters()
    house = counted.house
    return {
        "sysSn": system.spec.serial,
        "theDate": day.isoformat(),
        "eCharge": _kwh(house.charged),
        "epv": _kwh(house.pv),
        "eOutput": _kwh(house.exported),
        "eInput": _kwh(house.imported),
        "eGridCharge": _kwh(counted.grid_charged),
        "eDischarge": _kwh(house.discharged),
        "eChargingPile": _kwh(counted.cars),
    }


def near_midnight(system: System, now: datetime, behaviour: Behaviour) -> bool:
    """Whether the energies are blank now (2.4)."""
    if behaviour.midnight == "true":
        return False
    span = timedelta(minutes=behaviour.midnight_min)
    return system.local_date(now - span) != system.local_date(now + span)


def summary(system: System, now: datetime, behaviour: Behaviour) -> dict[str, Any]:
    """Return getSumDataForCustomer; shares are fractions (2.5)."""
    utc = behaviour.today == "utc"
    day = now.date() if utc else system.local_date(now)
    house = (system.day(day, now, utc=utc) or Counters()).house
    total_pv = system.live(now).counters.house.pv
    pv, imported, exported = map(_kwh, (house.pv, house.imported, house.exported))
    charged, discharged = _kwh(house.charged), _kwh(house.discharged)
    load = _kwh(pv + imported - exported - charged + discharged)
    carbon = total_pv * _CARBON_KG_PER_KWH
    values: dict[str, Any] = {
        "epvtoday": pv,
        "epvtotal": _kwh(total_pv),
        "eload": load,
        "eoutput": exported,
        "einput": imported,
        "echarge": charged,
        "edischarge": discharged,
        "todayIncome": _income(pv, exported),
        "totalIncome": _income(total_pv, system.house.energy.exported),
        "eselfConsumption": _share(pv - exported, pv),
        "eselfSufficiency": _share(load - imported, load),
        "treeNum": round(carbon * _TREES_PER_KG, 1),
        "carbonNum": round(carbon, 1),
        "moneyType": _money(system.spec.money, behaviour),
    }
    if behaviour.new_backend:
        values |= dict.fromkeys(
            ("epvtotal", "todayIncome", "totalIncome", *list(values)[9:])
        )
    return values


def _income(pv: float, exported: float) -> float:
    return round(_TARIFF * (pv - exported) + _FEED_IN * exported, 2)


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0


def _money(code: str, behaviour: Behaviour) -> str | None:
    if behaviour.money == "null":
        return None
    return _SYMBOLS[code] if behaviour.money == "symbol" else code
