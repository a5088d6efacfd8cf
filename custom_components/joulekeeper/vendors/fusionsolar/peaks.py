"""How much a plant's batteries can do, from what they have told.

They tell less while they are cold, nearly full or nearly empty, or nothing when they
sleep. A schedule is not to be written anew each time, for a day has a hundred writes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.models import Clock
from ...core.proof import Telemetry
from ..parsing import mapping, number, timestamp
from .state import State

_PART: Final = "peaks"
_SLIP: Final = 5
"""A first measurement so many times the next one was none."""
_BELIEVED_FOR: Final = timedelta(days=14)
"""After so long with less, a battery has become weaker, or another one."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The most that was told, W, None where it never was."""

    charge_w: float | None = None
    discharge_w: float | None = None


class Peaks:
    """The most that each plant's batteries have told lately."""

    def __init__(self, state: State, clock: Clock, account: str) -> None:
        """Know nothing until the state is loaded."""
        self._clock = clock
        self._account = account
        self._told: dict[tuple[str, str], tuple[float, datetime]] = {}
        # Told once, and not yet again.
        self._doubtful: set[tuple[str, str]] = set()
        self._last: dict[tuple[str, str], tuple[float, datetime]] = {}
        state.bind(_PART, self._as_data, self._restore)

    def of(self, plant_code: str) -> Peak:
        """Return what a plant's batteries can do."""
        charge = self._told.get((plant_code, "charge"))
        discharge = self._told.get((plant_code, "discharge"))
        return Peak(charge and charge[0], discharge and discharge[0])

    def note(self, plant_code: str, measured: Telemetry) -> None:
        """Take in what they tell now; what only one measurement tells is a slip.

        Nothing at all is no limit: so tells a battery that sleeps, or is full.
        """
        for way, told in (
            ("charge", measured.max_charge_w),
            ("discharge", measured.max_discharge_w),
        ):
            if not told or told < 0:
                continue
            key = plant_code, way
            known, last = self._told.get(key), self._last.get(key)
            if last is not None and last[1] >= measured.time:
                continue
            self._last[key] = told, measured.time
            if known is None or measured.time - known[1] > _BELIEVED_FOR:
                self._told[key] = told, measured.time
                self._doubtful.add(key)
                continue
            both = min(told, known[0] if last is None else last[0])
            slip = key in self._doubtful and both * _SLIP < known[0]
            if both >= known[0] or slip:
                self._told[key] = both, measured.time
            self._doubtful.discard(key)

    def lower(self, plant_code: str) -> bool:
        """Believe only what they told last; tell whether that is less."""
        less = False
        for way in ("charge", "discharge"):
            known = self._told.get((plant_code, way))
            last = self._last.get((plant_code, way))
            if known is not None and last is not None and last[0] < known[0]:
                self._told[plant_code, way] = last
                less = True
        return less

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") != self._account:
            return
        for plant_code, ways in mapping(saved.get("plants")).items():
            for way, item in mapping(ways).items():
                told: Mapping[str, Any] = mapping(item)
                watts, at = number(told.get("w")), timestamp(told.get("at"))
                if watts is not None and at is not None and at <= self._clock():
                    self._told.setdefault((plant_code, way), (watts, at))

    def _as_data(self) -> dict[str, Any]:
        plants: dict[str, dict[str, Any]] = {}
        for (plant_code, way), (watts, at) in self._told.items():
            plants.setdefault(plant_code, {})[way] = {"w": watts, "at": at.isoformat()}
        return {"account": self._account, "plants": plants}
