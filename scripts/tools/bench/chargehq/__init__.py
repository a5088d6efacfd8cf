"""What the bench knows of ChargeHQ; `cloud` is only imported beside the fake cloud.

It is told what entities say that somebody else moves once a minute. Nobody measured
another integration, and no issue has a target but the vendor's own: a push per 30 s.
"""

from typing import Final

from ..vendor import Vendor

VENDOR: Final = Vendor(
    key="chargehq",
    refresh="push",
    clouds={"usual": {}},
    targets={
        "calls_minute": 2,
        "block_set_up": 20,
        "block_steady": 20,
        # linear, and the noise of the machine
        "cpu_growth": 1.3,
        "memory_growth": 1.3,
    },
    moves=False,
)
