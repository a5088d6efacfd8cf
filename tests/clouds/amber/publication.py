"""When the price of an interval that has begun is confirmed (2.4)."""

from datetime import datetime, timedelta
from itertools import pairwise

from ..sun import noise
from .behaviour import Behaviour
from .times import start_of

# (share of intervals, s after the boundary), as measured by amber-express.
_MEASURED = (
    *((0.0, 17.1), (0.1, 19.4), (0.25, 20.9), (0.5, 22.5)),
    *((0.75, 26.2), (0.9, 28.7), (1.0, 37.1)),
)
_BLOCK = 12  # intervals, in which there is at most one streak of late ones
_STREAK = (2, 7)  # intervals long, the last excluded
_MEAN_STREAK = sum(range(*_STREAK)) / (_STREAK[1] - _STREAK[0])
_VERY_LATE = 0.1  # of the late ones


class Publication:
    """Draws the delay of every interval of one site, the same each time."""

    def __init__(self, seed: int, behaviour: Behaviour) -> None:
        """Draw from `seed`."""
        self._seed = seed
        self._behaviour = behaviour
        self._set: dict[int, float | None] = {}

    def set_delay(self, n: int, seconds: float | None) -> None:
        """Set the delay of an interval; None: it is never confirmed."""
        self._set[n] = seconds

    def delay(self, n: int) -> float | None:
        """Return s from the boundary to the confirmed price, None for never."""
        if n in self._set:
            return self._set[n]
        if self._behaviour.publication == "never":
            return None
        if self._behaviour.publication_s is not None:
            return self._behaviour.publication_s
        if self._in_streak(n):
            draw = self._noise(3, n)
            if self._noise(4, n) < _VERY_LATE:
                return 55 + draw * 175
            return 40 + draw * 15
        share = self._noise(0, n)
        return next(
            a + (b - a) * (share - p) / (q - p)
            for (p, a), (q, b) in pairwise(_MEASURED)
            if share <= q
        )

    def _noise(self, purpose: int, n: int) -> float:
        return noise(self._seed * 8 + purpose, n)

    def _in_streak(self, n: int) -> bool:
        block, place = divmod(n, _BLOCK)
        chance = self._behaviour.streak_share * _BLOCK / _MEAN_STREAK
        if self._noise(1, block) >= chance:
            return False
        low, high = _STREAK
        length = low + int(self._noise(2, block) * (high - low))
        first = int(self._noise(5, block) * (_BLOCK - length + 1))
        return first <= place < first + length

    def published_at(self, n: int) -> datetime | None:
        """Return when the price of an interval is confirmed, None for never."""
        delay = self.delay(n)
        return None if delay is None else start_of(n) + timedelta(seconds=delay)

    def is_published(self, n: int, now: datetime) -> bool:
        """Whether the price is confirmed at `now`; it is once the interval is over."""
        if now >= start_of(n + 1):
            return True
        at = self.published_at(n)
        return at is not None and now >= at

    def is_changing(self, n: int, now: datetime) -> bool:
        """Whether what is called confirmed will be changed yet (PA#250)."""
        if self._noise(6, n) >= self._behaviour.changed_share:
            return False
        at = self.published_at(n)
        return at is not None and at <= now < at + timedelta(seconds=60)
