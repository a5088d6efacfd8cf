"""What the bench knows of AlphaESS; `cloud` is only imported beside the fake cloud.

The figures of the best existing integration were measured with it, unmodified, in the
same Home Assistant: nine calls and a second's sleep per set-up, and eight calls a
minute, blindly. Live power has no time stamp, so there is no delay to be varied: it is
the moment of set-up that falls anywhere in the vendor's 30 s.
"""

from typing import Final

from ..vendor import Vendor

VENDOR: Final = Vendor(
    key="alphaess",
    refresh="getLastPowerData",
    clouds={"usual": {}, "other seconds": {}},
    targets={
        "trips_cold": 3,
        "trips_cached": 3,
        "ms_cold_200": 900,
        "calls": 240,
        "changes": 1140,
        "lag_median": 10,
        "lag_p95": 20,
        "block_set_up": 20,
        "block_steady": 20,
        "memory": 10,
        # linear, and the noise of the machine
        "cpu_growth": 1.3,
        "memory_growth": 1.3,
    },
    best={
        "trips_cold": 9,
        "ms_cold_200": 2800,
        "calls": 480,
        "changes": 1140,
        "lag_median": 30,
        "lag_p95": 57,
    },
)
