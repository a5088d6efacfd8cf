"""What the bench knows of FusionSolar; `cloud` is only imported beside the fake cloud.

The figures of the best existing integration were measured with it, unmodified, in the
same Home Assistant, with one plant of dongle, inverter, battery and power sensor: it
asks one type of devices after the other, blindly, one each 63 s.
"""

from typing import Final

from ..vendor import Vendor

VENDOR: Final = Vendor(
    key="fusionsolar",
    delays={
        "usual": (55, 5),
        "prompt": (2, 2),
        "jittery": (30, 15),
        "late": (200, 5),
    },
    targets={
        "trips_cold": 4,
        "trips_cached": 1,
        "ms_cold_200": 1200,
        "blank": 0,
        "calls": 30,
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
        "trips_cold": 7,
        "trips_cached": 7,
        "blank": 51,
        "calls": 65,
        "lag_median": 95,
        "lag_p95": 180,
        "block_set_up": 121,
    },
)
