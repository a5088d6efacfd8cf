"""Who may control what, found out without changing anything, and kept (dossier 2.9)."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.models import Clock
from ..parsing import integer, mapping, text, timestamp
from .control import Feature
from .models import PlantDevice
from .orders import Access, ControlAccess, ControlClient
from .state import State

_PART: Final = "control"
_GRANTED_FOR: Final = timedelta(days=7)
_DENIED_FOR: Final = timedelta(days=1)
_FIRST_RETRY: Final = timedelta(minutes=5)
_UNKNOWN_FOR: Final = timedelta(hours=3)
"""At most, where asking fails again and again."""
_ASKED_JUST_NOW: Final = timedelta(minutes=10)
_OTHER_REASON: Final = "control_refused"


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found out, and when; the last so many times not all of it."""

    access: ControlAccess
    at: datetime
    failures: int = 0

    @property
    def good_for(self) -> timedelta:
        """How long it may be believed."""
        granted = [item.granted for item in self.access.features.values()]
        if self.failures or not granted or None in granted:
            doublings = min(max(0, self.failures - 1), 10)
            return min(_FIRST_RETRY * (1 << doublings), _UNKNOWN_FOR)
        return _GRANTED_FOR if all(granted) else _DENIED_FOR


class Entitlement:
    """What may be controlled, by plant."""

    def __init__(
        self,
        control: ControlClient,
        devices: Callable[[str], Sequence[PlantDevice]],
        state: State,
        clock: Clock,
        account: str,
    ) -> None:
        """Know nothing until the state is loaded; `devices` are those of a plant."""
        self._control = control
        self._devices = devices
        self._state = state
        self._clock = clock
        self._account = account
        self._found: dict[str, _Found] = {}
        self._asked: set[str] = set()
        self._locks: dict[str, asyncio.Lock] = {}
        state.bind(_PART, self._as_data, self._restore)

    def of(self, plant_code: str) -> ControlAccess:
        """Return what is known of a plant."""
        found = self._found.get(plant_code)
        return ControlAccess() if found is None else found.access

    async def fetch(self, plant_code: str) -> ControlAccess:
        """Return what may be controlled; ask where that is not known any more.

        Once after a start also what was denied is asked for anew, for a user who was
        told so may have got the right meanwhile.
        """
        await self._state.load()
        async with self._locks.setdefault(plant_code, asyncio.Lock()):
            return await self._fetch(plant_code)

    async def _fetch(self, plant_code: str) -> ControlAccess:
        found, now = self._found.get(plant_code), self._clock()
        if found is not None:
            age, good_for = now - found.at, found.good_for
            if plant_code not in self._asked and good_for < _GRANTED_FOR:
                good_for = _ASKED_JUST_NOW
            if timedelta() <= age < good_for:
                return found.access
        self._asked.add(plant_code)
        access = await self._control.probe_control(
            plant_code, self._devices(plant_code)
        )
        failures = 0
        if any(item.granted is None for item in access.features.values()):
            # A cloud that is busy for a moment must not take control away.
            failures = 1 if found is None else found.failures + 1
            access = access.filled_up(
                ControlAccess() if found is None else found.access
            )
        self._found[plant_code] = _Found(access, now, failures)
        await self._state.save()
        return access

    def due_in(self, plant_code: str) -> timedelta:
        """Return when to ask anew."""
        found = self._found.get(plant_code)
        if found is None:
            return _FIRST_RETRY
        left = found.at + found.good_for - self._clock()
        return max(timedelta(minutes=1), min(left, _DENIED_FOR))

    async def refused(
        self, plant_code: str, feature: Feature, reason: str | None
    ) -> None:
        """Take in that the cloud has refused an order after all."""
        access = self.of(plant_code).without(feature, reason or _OTHER_REASON)
        self._found[plant_code] = _Found(access, self._clock())
        await self._state.save()

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") != self._account:
            return
        for plant_code, item in mapping(saved.get("plants")).items():
            told = mapping(item)
            at = timestamp(told.get("at"))
            features = {
                Feature(name): _access(value)
                for name, value in mapping(told.get("features")).items()
                if name in Feature
            }
            if at is not None and plant_code not in self._found:
                self._found[plant_code] = _Found(
                    ControlAccess(features), at, integer(told.get("failures")) or 0
                )

    def _as_data(self) -> dict[str, Any]:
        return {
            "account": self._account,
            "plants": {
                plant_code: {
                    "at": found.at.isoformat(),
                    "failures": found.failures,
                    "features": {
                        name: {"granted": item.granted, "reason": item.reason}
                        for name, item in found.access.features.items()
                    },
                }
                for plant_code, found in self._found.items()
            },
        }


def _access(data: Any) -> Access:
    told = mapping(data)
    granted = told.get("granted")
    return Access(
        granted if isinstance(granted, bool) else None, text(told.get("reason"))
    )
