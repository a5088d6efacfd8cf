"""Which plants an interface refuses (dossier 1.8), found out by asking about parts.

Rights are given per interface and plant, and one plant that is not granted refuses a
call for all that are in it. Which one it is takes several calls, of which a quota allows
few at a time: so the search goes on from call to call, and over restarts.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from ..parsing import integer, mapping, text, timestamp
from .codes import PLANT_REFUSED
from .state import State

_PART: Final = "grants"
_FIRST_AGAIN: Final = timedelta(minutes=5)
REFUSED_AGAIN: Final = timedelta(hours=3)
"""How soon a plant is asked for again whose owner had not granted it, at last."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plant is refused, when it was asked for, and how often in a row."""

    reason: str
    at: datetime
    times: int = 1

    def due(self, now: datetime) -> bool:
        """Tell whether the plant is asked for again."""
        wait = min(_FIRST_AGAIN * 2 ** min(self.times - 1, 10), REFUSED_AGAIN)
        return not timedelta() <= now - self.at < wait

    @classmethod
    def parse(cls, data: Any) -> Self | None:
        """Read what `as_data` returned."""
        saved = mapping(data)
        reason, at = text(saved.get("reason")), timestamp(saved.get("at"))
        if reason not in PLANT_REFUSED or at is None:
            return None
        return cls(reason, at, max(1, integer(saved.get("times")) or 1))

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"reason": self.reason, "at": self.at.isoformat(), "times": self.times}


class Search:
    """What is known of one interface: who is refused, and among whom others are.

    The codes of all others are fine, as far as is known.
    """

    def __init__(self) -> None:
        """Refuse nobody."""
        self.refused: dict[str, Refusal] = {}
        self.failed = False
        """Whether the last call was refused."""
        self._groups: list[frozenset[str]] = []
        """Each with one who is refused, and more of them."""
        self._why = ""

    @property
    def under_way(self) -> bool:
        """Whether somebody is refused, and it is not known who."""
        return bool(self._groups)

    def fine(self, codes: Collection[str]) -> list[str]:
        """Return who may be asked for in one call, in order; who is gone is forgotten."""
        for code in self.refused.keys() - set(codes):
            del self.refused[code]
        # Perhaps it was who is gone.
        self._groups = [group for group in self._groups if group.issubset(codes)]
        known = self.refused.keys() | frozenset().union(*self._groups)
        return [code for code in codes if code not in known]

    def next_test(self, now: datetime) -> frozenset[str]:
        """Return about whom it would be good to know more; nobody if all is known."""
        if self._groups:
            ordered = sorted(self._groups[0])
            return frozenset(ordered[: len(ordered) // 2])
        due = (code for code, item in self.refused.items() if item.due(now))
        return frozenset(list(due)[:1])

    def granted(self, part: Collection[str], now: datetime) -> None:
        """Take in that a call about them was answered."""
        self.failed = False
        for code in part:
            self.refused.pop(code, None)
        for group in list(self._groups):
            if not group.isdisjoint(part):
                self._replace(group, group.difference(part), now)

    def refuse(self, part: Collection[str], reason: str, now: datetime) -> None:
        """Take in that a call was refused for one of them."""
        self.failed, self._why = True, reason
        refused = frozenset(part)
        whole = next((group for group in self._groups if group >= refused), None)
        # Of the others in the group nothing is known any more.
        self._replace(whole, refused, now)

    def _replace(
        self, group: frozenset[str] | None, by: frozenset[str], now: datetime
    ) -> None:
        """Take a smaller group for another one, or a new one."""
        if group is not None:
            self._groups.remove(group)
        if len(by) > 1:
            self._groups.insert(0, by)
        for code in by if len(by) == 1 else ():
            known = self.refused.get(code)
            times = known.times + 1 if known else 1
            self.refused[code] = Refusal(self._why, now, times)

    def restore(self, data: Any) -> None:
        """Take what was known before a restart."""
        saved = mapping(data)
        for code, item in mapping(saved.get("refused")).items():
            if (refusal := Refusal.parse(item)) is not None:
                self.refused[code] = refusal
        groups, why = saved.get("groups"), text(saved.get("why"))
        if isinstance(groups, list) and why in PLANT_REFUSED:
            told = [frozenset(map(str, i)) for i in groups if isinstance(i, list)]
            self._groups, self._why = [item for item in told if len(item) > 1], why

    def as_data(self) -> dict[str, Any]:
        """Return what has to be known after a restart."""
        return {
            "refused": {code: item.as_data() for code, item in self.refused.items()},
            "groups": [sorted(group) for group in self._groups],
            "why": self._why,
        }


class Grants:
    """The searches of an account, by interface, kept over restarts."""

    def __init__(self, state: State, account: str) -> None:
        """Know nothing until the state is loaded."""
        self._account = account
        self._searches: dict[str, Search] = {}
        state.bind(_PART, self._as_data, self._restore)

    def of(self, name: str) -> Search:
        """Return what is known of an interface."""
        return self._searches.setdefault(name, Search())

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") == self._account:
            for name, item in mapping(saved.get("searches")).items():
                self.of(name).restore(item)

    def _as_data(self) -> dict[str, Any]:
        return {
            "account": self._account,
            "searches": {
                name: search.as_data()
                for name, search in self._searches.items()
                if search.refused or search.under_way
            },
        }
