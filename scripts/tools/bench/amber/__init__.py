"""What the bench knows of Amber; `cloud` is only imported beside the fake cloud.

The best before were Home Assistant's own integration, which asks once a minute from
whenever it was started, and amber-express, which is fresher at much of the household's
limit. How late they are is simulated in the same run (`lags.py`).
"""

from typing import Final

from ..vendor import Vendor

VENDOR: Final = Vendor(
    key="amber",
    delays={},
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
    },
    best={
        "recorded": 190,
    },
)
