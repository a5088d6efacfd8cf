"""What a vendor's folder tells the bench."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One vendor; its folder also has `cloud.py` and `account.py`.

    `delays` are distributions of the time from a reading to its publication: the
    shortest, and what is added at random, in s. The first is the cloud's usual one.
    `targets` and `best` are by the key of a figure: the most that is allowed, and what
    the best integration that existed before needs.
    """

    key: str
    delays: Mapping[str, tuple[float, float]]
    targets: Mapping[str, float]
    best: Mapping[str, float]
