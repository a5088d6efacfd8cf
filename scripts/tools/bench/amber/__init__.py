"""What the bench knows of Amber; `cloud` is only imported beside the fake cloud.

The best before were Home Assistant's own integration, which asks once a minute from
whenever it was started, and amber-express, which is fresher at much of the household's
limit. How late they are is simulated in the same run (`lags.py`).
"""

from typing import Final

from ..vendor import Vendor

VENDOR: Final = Vendor(
    key="amber",
    refresh="current",
    clouds={
        "5-minute site": {"minutes": 5},
        "30-minute site": {"minutes": 30},
        "5-minute site, bad days": {"minutes": 5, "days": "bad"},
        "30-minute site, bad days": {"minutes": 30, "days": "bad"},
    },
    ungraded=frozenset({"5-minute site, bad days", "30-minute site, bad days"}),
    left_out_s=300,
    moves=False,
    targets={
        "trips_cold": 2,
        "trips_cached": 2,
        "ms_cold_200": 900,
        "lag_median": 2,
        "lag_p95": 5,
        "calls_interval": 3.5,
        "calls_most": 25,
        "block_set_up": 20,
        "block_steady": 20,
        "memory": 10,
        "recorded": 190,
        # linear, and the noise of the machine
        "cpu_growth": 1.3,
        "memory_growth": 1.3,
    },
    reasons={
        "memory": (
            "code takes most of it; prices, forecasts and usage of the site the rest"
        ),
        "lag_median": "too few half-hours in the days of a quick run",
        "lag_p95": "too few half-hours in the days of a quick run",
        "calls_interval": "bad days of half-hours need some more looks",
    },
    best={
        "recorded": 190,
    },
)
