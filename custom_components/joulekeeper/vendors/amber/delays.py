"""How long after a mark prices are published, as far as polls have shown it.

Delays are seconds from a mark to the sending of a request, so that the way there and
back is part of them. They are counted in cells between `EDGES`: half a second as long
as most prices come, 5 s later on. A distribution is a list of masses, one per cell and
the last one for prices that never come; their sum is 1 and none is 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import accumulate, pairwise
from math import inf
from operator import mul
from typing import Any, Final, Self

from ..parsing import number

SETTLEMENT: Final = timedelta(minutes=5)
"""The market's own interval: a longer one is final after its last part."""

_FINE_STEP: Final = 0.5
FINE_END: Final = 60.0
_COARSE_STEP: Final = 5.0
EDGES: Final = (
    *(step * _FINE_STEP for step in range(round(FINE_END / _FINE_STEP))),
    *(
        FINE_END + step * _COARSE_STEP
        for step in range(
            round((SETTLEMENT.total_seconds() - FINE_END) / _COARSE_STEP) + 1
        )
    ),
)
_FINE_CELLS: Final = round(FINE_END / _FINE_STEP)
CELLS: Final = len(EDGES) - 1
MIDDLES: Final = tuple((low + high) / 2 for low, high in pairwise(EDGES))

_KNOWN: Final = (
    (0.0, 0.0),
    (14.0, 0.01),
    (17.1, 0.02),
    (19.4, 0.10),
    (20.9, 0.25),
    (22.5, 0.50),
    (26.2, 0.75),
    (28.7, 0.90),
    (37.1, 0.98),
    (55.0, 0.992),
    (230.0, 0.998),
    (300.0, 0.999),
)
"""Delay in s, and the share of prices published by then; the rest comes never."""
_TRUST: Final = 6.0
"""In the dossier, as a number of observations."""
_FORGET: Final = 0.97
_ALERT: Final = 3.0
_FORGET_ALERT: Final = 0.5
"""The last ones weigh more, for late prices come in streaks."""
_ROUNDS: Final = 4
_KERNEL: Final = tuple(count / 64 for count in (1, 6, 15, 20, 15, 6, 1))


@dataclass(frozen=True, slots=True)
class Observation:
    """Publication was later than `after` and not later than `by`, s from the mark."""

    after: float
    by: float

    def as_data(self) -> list[float | None]:
        """Return it as JSON, in which there is no infinity."""
        return [self.after, None if self.by == inf else self.by]

    @classmethod
    def from_data(cls, data: Any) -> Self | None:
        """Return what was saved; None for what cannot be that."""
        if not isinstance(data, list) or len(data) != 2:
            return None
        after, by = number(data[0]), inf if data[1] is None else number(data[1])
        if after is None or by is None or not 0 <= after <= by:
            return None
        return cls(after, by)


@cache
def known_delays() -> tuple[float, ...]:
    """Return the dossier's distribution: the mass of every cell, the last one never."""
    shares = [_interpolated(edge) for edge in EDGES]
    cells = [after - before for before, after in pairwise(shares)]
    return (*cells, 1.0 - shares[-1])


def _interpolated(delay: float) -> float:
    return next(
        y0 + (y1 - y0) * (delay - x0) / (x1 - x0)
        for (x0, y0), (x1, y1) in pairwise(_KNOWN)
        if delay <= x1
    )


def cell_of(delay: float) -> int:
    """Return the number of edges up to a delay, less one: the cell it begins."""
    if delay >= FINE_END:
        late = int((min(delay, EDGES[-1]) - FINE_END) / _COARSE_STEP)
        return min(_FINE_CELLS + late, CELLS)
    return max(0, int(delay / _FINE_STEP))


def _nearest(delay: float) -> int:
    """Return the number of the edge that is nearest."""
    return cell_of(
        delay + (_FINE_STEP if delay < FINE_END else _COARSE_STEP) / 2,
    )


def estimated_delays(observations: Sequence[Observation]) -> list[float]:
    """Return the distribution that explains the observations, oldest first."""
    known = known_delays()
    masses = list(known)
    newest = len(observations) - 1
    weighted = [
        (
            _nearest(item.after),
            CELLS + 1 if item.by == inf else max(_nearest(item.by), 1),
            _FORGET ** (newest - index) + _ALERT * _FORGET_ALERT ** (newest - index),
        )
        for index, item in enumerate(observations)
    ]
    total = _TRUST + sum(weight for *_, weight in weighted)
    for _ in range(_ROUNDS if weighted else 0):
        # Every mass grows by itself times what the bounds around it weigh.
        weights = [0.0] * (CELLS + 2)
        for low, high, weight in weighted:
            low = min(low, high - 1)
            share = weight / sum(masses[low:high])
            weights[low] += share
            weights[high] -= share
        masses = _smoothed(
            [
                (_TRUST * prior + mass * max(0.0, inside)) / total
                for prior, mass, inside in zip(
                    known, masses, accumulate(weights), strict=False
                )
            ]
        )
    return masses


def _smoothed(masses: list[float]) -> list[float]:
    """Return the masses with each fine cell's spread over its neighbours."""
    reach = len(_KERNEL) // 2
    fine = masses[:_FINE_CELLS]
    around = [*fine[reach - 1 :: -1], *fine, *fine[: -reach - 1 : -1]]
    return [
        *(
            sum(map(mul, _KERNEL, around[cell : cell + len(_KERNEL)], strict=True))
            for cell in range(_FINE_CELLS)
        ),
        *masses[_FINE_CELLS:],
    ]
