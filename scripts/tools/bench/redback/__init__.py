"""What the bench knows of Redback; `cloud` is only imported beside the fake cloud.

The figures of the best existing integration were measured with it, unmodified, in the
same Home Assistant: it calls one after the other, and polls blindly once a minute.
"""

from typing import Final

from ..vendor import Vendor

VENDOR: Final = Vendor(
    key="redback",
    refresh="dynamic",
    clouds={
        "usual (4 to 8 s)": {"delay": (4, 4)},
        "prompt (0.5 to 1.5 s)": {"delay": (0.5, 1)},
        "jittery (0 to 6 s)": {"delay": (0, 6)},
        "late (20 to 24 s)": {"delay": (20, 4)},
    },
    targets={
        "trips_cold": 3,
        "trips_cached": 2,
        "ms_cold_200": 900,
        "calls": 70,
        "changes": 1100,
        "lag_median": 3,
        "lag_p95": 8,
        "block_set_up": 20,
        "block_steady": 20,
        "memory": 10,
        # linear, and the noise of the machine
        "cpu_growth": 1.3,
        "memory_growth": 1.3,
    },
    best={
        "trips_cold": 10,
        "ms_cold_200": 2000,
        "calls": 180,
        "changes": 2210,
        "lag_median": 30,
        "lag_p95": 57,
        "block_set_up": 62,
        "memory": 10,
    },
)
