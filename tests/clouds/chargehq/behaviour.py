"""Every open question about the real service, as a switch.

Its status codes are not documented (dossier 4); the first value of each choice is the
default.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Behaviour:
    """What the fake does where the real service is not known. May change while it runs."""

    unknown_key: Literal[401, 403] = 401
    too_fast: Literal["accepted", "refused"] = "accepted"  # refused: with 429
    retry_after: int | None = None  # s, told with a 429
    least_pause_s: float = 30
    tolerance_kw: float = 0.0015  # of the balance: what rounding to W may leave
