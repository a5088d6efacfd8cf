"""What Home Assistant's statistics make of energies that begin anew each day."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN

from .conftest import House


class Statistics:
    """What Home Assistant's statistics would sum up of a total with `last_reset`.

    A value that falls within its day fails. `unknown` counts the looks at which nothing
    was known.
    """

    def __init__(
        self, house: House[Any], owners: Mapping[str, str], every: timedelta
    ) -> None:
        """Begin with what is shown now of each key of a device; look now and then."""
        self._house, self._owners, self._every = house, owners, every
        self.sums = dict.fromkeys(owners, 0.0)
        self.unknown = 0
        self._last: dict[str, tuple[str, float]] = {}
        self.look()

    def look(self) -> None:
        """Take in what is shown."""
        for key, owner in self._owners.items():
            state = self._house.state("sensor", key, owner)
            assert state.attributes["state_class"] == "total"
            if state.state in (STATE_UNKNOWN, STATE_UNAVAILABLE):
                self.unknown += 1
                continue
            reset, told = str(state.attributes["last_reset"]), float(state.state)
            before = self._last.get(key)
            self._last[key] = (reset, told)
            if before is not None:
                step = told if before[0] != reset else told - before[1]
                assert step >= 0, (key, before, reset, told)
                self.sums[key] += step

    async def watch(self, duration: timedelta) -> None:
        """Let time pass, looking every few minutes."""
        for _ in range(duration // self._every):
            await self._house.pass_time(self._every)
            self.look()
