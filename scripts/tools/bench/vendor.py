"""What a vendor's folder tells the bench."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One vendor; its folder also has `cloud.py` and `account.py`.

    `refresh` is the endpoint whose call brings new values. `clouds` are the arguments
    of `cloud.Cloud` by a name; the first is the usual one, and lags in the `ungraded`
    ones have no target. What is shown `left_out_s` after its publication, or later,
    was not fetched at all. `sizes` are the numbers of accounts to grow to.

    `targets` and `best` are by the key of a figure: the most that is allowed, and what
    the best integration that existed before needs. `reasons` tell why a target is, or
    now and then may be, missed.
    """

    key: str
    refresh: str
    clouds: Mapping[str, Mapping[str, Any]]
    targets: Mapping[str, float]
    best: Mapping[str, float] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    ungraded: frozenset[str] = frozenset()
    left_out_s: float | None = None
    sizes: tuple[int, int, int] = (1, 10, 100)
    moves: bool = True
    """Whether the cloud can let every value move."""

    @property
    def usual(self) -> str:
        """The name of the usual cloud."""
        return next(iter(self.clouds))
