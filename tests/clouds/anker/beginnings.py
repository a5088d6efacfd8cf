"""What a system counted before it was simulated, and what it is set to at first."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..sun import noise
from .household import Totals
from .plans import day_profile, enforced_profile, no_rate_plan
from .specs import SiteSpec

ENFORCED_W = 50


class Growth:
    """A guess at what the system counted before it was simulated."""

    def __init__(
        self, spec: SiteSpec, zone: ZoneInfo, begin: datetime, seed: int
    ) -> None:
        """Grow to `spec.before` kWh of sun until `begin`."""
        self._zone = zone
        self._seed = seed
        self._days = spec.since_days
        self._last = begin.astimezone(zone).date()
        self._sums = [0.0]
        for back in range(spec.since_days, -1, -1):
            self._sums.append(self._sums[-1] + 0.6 + 0.8 * noise(seed + 5, back))
        solar = spec.before
        load = spec.load_w * 24 * spec.since_days / 1000
        self._ratio = _past(solar, load, len(spec.banks) > 0, spec)
        self.whole = self._ratio
        self._at_begin = self._grown(begin)

    def until(self, time: datetime) -> Totals:
        """Return the counters at a time before the begin."""
        return self.whole.times(self._grown(time) / self._at_begin)

    def _grown(self, time: datetime) -> float:
        local = time.astimezone(self._zone)
        n = self._days - (self._last - local.date()).days
        if n < 0:
            return 0.0
        share = min(1.0, max(0.0, (local.hour + local.minute / 60 - 6) / 12))
        return self._sums[n] + (self._sums[n + 1] - self._sums[n]) * share


def _past(solar: float, load: float, has_bank: bool, spec: SiteSpec) -> Totals:
    """Return counters that balance."""
    charged = solar * 0.4 if has_bank else 0.0
    discharged = charged * 0.9
    exported = solar * 0.08
    home = solar - charged - exported
    from_grid = max(0.0, load - home - discharged)
    count = max(1, len(spec.banks[0].panels)) if has_bank else 1
    inputs = [solar / count if n < count else 0.0 for n in range(4)]
    return Totals(
        solar,
        solar - charged + discharged,
        home + discharged + from_grid,
        from_grid,
        exported,
        charged,
        discharged,
        home,
        charged,
        exported,
        discharged,
        from_grid,
        0.0,
        sum(plug.base_w for plug in spec.plugs) * 24 * spec.since_days / 1000,
        *inputs,
    )


def first_price(spec: SiteSpec) -> dict[str, Any]:
    """Return what get_site_price gives at first (4.10)."""
    price: dict[str, Any] = {
        "site_id": spec.site_id,
        "price": spec.price,
        "site_co2": 0,
        "site_price_unit": "€",
        "price_type": spec.price_type,
        "current_mode": spec.params.get("6", {}).get("mode_type", 0)
        if spec.generation >= 3
        else 0,
    }
    if spec.generation >= 3:
        price |= {
            "use_time": spec.params["6"]["use_time"],
            "dynamic_price": _dynamic(),
            "accuracy": 2,
        }
    return price


def _dynamic() -> dict[str, Any]:
    return {"country": "DE", "company": "Nordpool", "area": "GER", "pct": None}


def first_params(spec: SiteSpec) -> dict[str, Any]:
    """Return the parameter objects that a system has without being set (4.12)."""
    params: dict[str, Any] = {"7": {"install_mode": 0}, "23": {"switch": 0}}
    if spec.is_first:
        return params | {"6": no_rate_plan()}
    serials = [bank.serial for bank in spec.banks]
    params |= {
        "4": enforced_profile(ENFORCED_W)
        if spec.cascaded
        else day_profile(serials, (("00:00", "24:00", 100),), priority=100),
        "18": {
            "soc_list": [
                {"id": 1, "is_selected": 1, "soc": 10},
                {"id": 2, "is_selected": 0, "soc": 5},
            ],
            "switch_0w": 0,
            "enable_0w": 0,
            "enable_0w_change": False,
            "feed-in_power_limit": 0,
            "feed_times": None,
            "charge_upper_limit": 100,
            "discharge_lower_limit": 0,
            "backup_reserve": 50,
            "backup_reserve_switch": 0,
            "cmd_type": 0,
        },
        "26": {"third_part_pv_setting": 1, "show_third_party_pv_panel": 1},
    }
    if spec.generation >= 3:
        params |= {
            "12": {
                "price_type": spec.price_type,
                "use_time": spec.params["6"]["use_time"],
                "dynamic_price": _dynamic() | {"currency": "€", "adjust_coef": None},
                "fixed_price": {
                    "price": str(spec.price),
                    "unit": "€",
                    "accuracy": 2,
                },
                "time_slot_data": None,
            },
            "13": {
                "step": 5,
                "ai_ems": None,
                "max_load": 1200,
                "min_load": None,
                "data_auth": True,
                "mode_type": None,
                "blend_plan": None,
                "custom_rate_plan": None,
                "default_home_load": None,
            },
            "19": {"power_limit": None},
        }
    return params
