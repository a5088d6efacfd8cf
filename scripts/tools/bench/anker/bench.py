"""Runs Anker's measurements and says what they come to.

As for every brand, but for the number of systems in one account: the vendor takes ten
overviews a minute, so nobody has a hundred.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from ..figures import Figure, Figures
from ..plan import FULL, QUICK, results
from ..report import Comparison
from . import VENDOR


def figures(*, quick: bool, say: Callable[[str], None]) -> list[Figure | Comparison]:
    """Measure, and return what is printed."""
    effort = QUICK if quick else FULL
    hours = effort.fleet_hours[1]
    effort = replace(effort, fleet_hours={1: hours, 3: 2, 6: 2})
    return [*AnkerFigures(VENDOR, results(VENDOR, effort, say)).everything()]


class AnkerFigures(Figures):
    """The figures, in the order of the table."""

    def everything(self) -> Iterable[Figure]:
        """Yield every figure."""
        yield from self._set_up()
        yield from self._traffic()
        sizes = [name for name in self._results if name.startswith("fleet ")]
        for name in (self._usual, *sizes[1:]):
            most = max(hour["busiest"] for hour in self._hours(name))
            systems = 1 if name == self._usual else int(name.removeprefix("fleet "))
            yield self._figure(
                f"calls_minute_{systems}",
                f"most calls of one endpoint in a minute, systems: {systems}",
                most,
                goal="calls_minute",
            )
        yield from self._lags()
        yield from self._blocks()
        yield from self._growth()
