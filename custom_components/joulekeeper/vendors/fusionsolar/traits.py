"""What devices have shown that they have: unused strings and phases read 0 for ever.

A string or a phase is there as soon as it has once had a voltage, and stays: at night,
and in a blackout, 0 is the truth about it.
"""

from collections.abc import Mapping
from typing import Any, Final

from ..parsing import integer, mapping
from .readings import DeviceReading, Inverter, Meter
from .state import State

THREE: Final = 3
_PART: Final = "traits"
_LEAST_V: Final = 5.0
_LEAST_A: Final = 0.05


class Traits:
    """What is known of the devices of an account, by their ids, over restarts."""

    def __init__(self, state: State, account: str) -> None:
        """Know nothing until the state is loaded."""
        self._account = account
        self._phases: dict[int, int] = {}
        self._strings: dict[int, frozenset[int]] = {}
        state.bind(_PART, self._as_data, self._restore)

    def learn(self, device_id: int, reading: DeviceReading) -> None:
        """Take in what a reading shows."""
        if isinstance(reading, Inverter | Meter):
            seen = max(_phases(reading), self.phases(device_id))
            if seen:
                self._phases[device_id] = seen
        if isinstance(reading, Inverter):
            used = {
                index
                for index, string in enumerate(reading.strings)
                if (string.voltage_v or 0.0) >= _LEAST_V
                or (string.current_a or 0.0) >= _LEAST_A
            }
            if used:
                self._strings[device_id] = self.strings(device_id) | used

    def phases(self, device_id: int) -> int:
        """Return how many phases a device has, 1 or 3; 0 while nobody knows."""
        return self._phases.get(device_id, 0)

    def strings(self, device_id: int) -> frozenset[int]:
        """Return the indexes of the strings that were seen to be used."""
        return self._strings.get(device_id, frozenset())

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        if saved.get("account") != self._account:
            return
        for key, item in mapping(saved.get("devices")).items():
            if not key.lstrip("-").isdigit():
                continue
            known: Mapping[str, Any] = mapping(item)
            if (phases := integer(known.get("phases"))) in (1, THREE):
                self._phases[int(key)] = phases
            told = known.get("strings")
            found = map(integer, told if isinstance(told, list) else ())
            if strings := frozenset(index for index in found if index is not None):
                self._strings[int(key)] = strings

    def _as_data(self) -> dict[str, Any]:
        return {
            "account": self._account,
            "devices": {
                str(key): {
                    "phases": self.phases(key),
                    "strings": sorted(self.strings(key)),
                }
                for key in sorted(self._phases.keys() | self._strings.keys())
            },
        }


def _phases(reading: Inverter | Meter) -> int:
    """Return how many phases have a voltage, 1 or 3; 0 if none has."""

    def alive(*voltages: float | None) -> bool:
        return any((volts or 0.0) >= _LEAST_V for volts in voltages)

    if alive(*reading.phase_v[1:], *reading.line_v):
        return THREE
    return 1 if alive(reading.phase_v[0]) else 0
