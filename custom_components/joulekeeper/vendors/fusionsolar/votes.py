"""Finding out a convention: findings are votes, and a user's choice outdoes them.

Sources contradict each other about units and signs (dossier section 10). Until votes
agree the likelier convention holds. Everything here is pure.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Self

from ..parsing import integer, mapping

AUTOMATIC: Final = "automatic"
"""What a user chooses who leaves it to us."""
_NEEDED: Final = 3
_TIMES: Final = 4
_MOST_VOTES: Final = 48
_HOUR_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Votes:
    """How often each of two conventions was found; `hour` is that of the last vote."""

    yes: int = 0
    no: int = 0
    hour: int | None = None

    def plus(self, found: bool | None) -> Self:
        """Return the votes with one more; old ones count less with time."""
        if found is None:
            return self
        yes, no = self.yes + found, self.no + (not found)
        if yes + no > _MOST_VOTES:
            yes, no = yes // 2, no // 2
        return type(self)(yes, no, self.hour)

    def plus_hourly(self, found: bool | None, at: datetime) -> Self:
        """Return the votes with one more, if there was none in this hour before.

        What misleads one reading misleads those after it too.
        """
        hour = int(at.timestamp() // _HOUR_S)
        if found is None or hour == self.hour:
            return self
        return replace(self.plus(found), hour=hour)

    @property
    def verdict(self) -> bool | None:
        """What they agree upon, None while they do not."""
        if self.yes >= _NEEDED and self.yes >= _TIMES * self.no:
            return True
        if self.no >= _NEEDED and self.no >= _TIMES * self.yes:
            return False
        return None

    @classmethod
    def parse(cls, data: Any) -> Self:
        """Read what `as_data` returned; none for anything else."""
        known = mapping(data)
        counts = (integer(known.get(name)) or 0 for name in ("yes", "no"))
        yes, no = (max(0, min(count, _MOST_VOTES)) for count in counts)
        return cls(yes, no, integer(known.get("hour")))

    def as_data(self) -> dict[str, int | None]:
        """Return them as JSON data."""
        return {"yes": self.yes, "no": self.no, "hour": self.hour}


def growth(before: float | None, after: float | None) -> float | None:
    """Return by how much a counter grew, None where it began anew."""
    if before is None or after is None or after < before:
        return None
    return after - before


NO_VOTES: Final = Votes()


def resolved(chosen: bool | None, votes: Votes, likely: bool) -> bool:
    """Return what was chosen, else what was found, else what is likely."""
    if chosen is not None:
        return chosen
    found = votes.verdict
    return likely if found is None else found


def rounded(value: float) -> float:
    """Return it without the noise of binary fractions, and without a minus zero."""
    return round(value, 3) + 0.0
