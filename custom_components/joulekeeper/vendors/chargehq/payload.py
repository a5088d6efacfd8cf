"""The body of a push (dossier section 2).

Powers are kW with three digits, import and discharge positive, energies kWh, the state
of charge a fraction. A key whose value is not known is left out; 0 is sent.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from ...core.flow import Balanced

_KILO: Final = 1000
_PERCENT: Final = 100


def body_of(flow: Balanced, now: datetime) -> dict[str, Any]:
    """Return what is told of a flow, without the key.

    `tsms` is there for what was measured before now; the time of arrival counts else.
    """
    body: dict[str, Any] = {}
    if flow.measured_at is not None and flow.measured_at < now:
        body["tsms"] = int(flow.measured_at.timestamp() * _KILO)
    return body | {"siteMeters": _known(_meters(flow))}


def _meters(flow: Balanced) -> Mapping[str, float | None]:
    return {
        "production_kw": _kilo(flow.production_w),
        "net_import_kw": _kilo(flow.import_w),
        "consumption_kw": _kilo(flow.consumption_w),
        "imported_kwh": _rounded(flow.import_kwh, 3),
        "exported_kwh": _rounded(flow.export_kwh, 3),
        "battery_discharge_kw": _kilo(flow.discharge_w),
        "battery_soc": _fraction(flow.state_of_charge),
        "battery_energy_kwh": _rounded(flow.stored_kwh, 3),
    }


def _known(values: Mapping[str, float | None]) -> dict[str, float]:
    return {key: value for key, value in values.items() if value is not None}


def _kilo(watts: int | None) -> float | None:
    return None if watts is None else watts / _KILO


def _fraction(percent: float | None) -> float | None:
    return None if percent is None else round(percent / _PERCENT, 4)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
