"""What the bench knows of Anker Solix; `cloud` is only imported beside the fake cloud.

The figures of the best existing integration were measured with it, unmodified, in the
same Home Assistant, with one Solarbank E1600: sixteen calls per set-up, 0.3 s apart, and
a blind overview of the system each minute.
"""

from typing import Final

from ..vendor import Vendor

VENDOR: Final = Vendor(
    key="anker",
    refresh="scene_info",
    clouds={
        "usual (2 to 3 s)": {"delay": (2, 1)},
        "prompt (0.5 to 1 s)": {"delay": (0.5, 0.5)},
        "jittery (2 to 8 s)": {"delay": (2, 6)},
        "late (30 to 33 s)": {"delay": (30, 3)},
    },
    # The vendor takes ten overviews a minute of all accounts behind one address.
    sizes=(1, 3, 6),
    targets={
        "trips_cold": 3,
        "trips_cached": 2,
        "ms_cold_200": 1200,
        "ms_cached_200": 1200,
        "calls": 100,
        "calls_minute": 10,
        "lag_median": 5,
        "lag_p95": 10,
        "block_set_up": 20,
        "block_steady": 20,
        # linear, and the noise of the machine
        "cpu_growth": 1.3,
        "memory_growth": 1.3,
    },
    best={
        "trips_cold": 16,
        "trips_cached": 16,
        "ms_cold_200": 7800,
        "ms_cached_200": 7800,
        "calls": 185,
        "lag_median": 30,
        "lag_p95": 58,
        "block_set_up": 114,
    },
)
