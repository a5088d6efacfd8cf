"""What of a system's overviews may be shown: no blinks, no false zeros (dossier 4.3, 13.16)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from .currencies import currency_code
from .models import Scene

_KEPT: Final = timedelta(minutes=10)
"""How long a system's last values are good, two reports of a Solarbank 2."""
_FALLEN: Final = timedelta(minutes=5)
"""How long a total has to be less before it is believed."""


class ShownScene:
    """The overviews of one system, one after the other."""

    def __init__(self, country: str) -> None:
        """Know nothing yet; what money is in hangs on the account's country."""
        self._country = country
        self._last: tuple[datetime, Scene] | None = None
        self._totals = SteadyTotals()

    def after(self, scene: Scene, now: datetime) -> Scene:
        """Return what may be shown of an overview that came just now.

        While the cloud says that its values mean nothing, the last ones are kept for
        ten minutes: it does so now and then, with the next report to follow. `valid`
        stays False then, and it is told when they were measured.
        """
        if scene.valid:
            totals = self._totals.after(scene.totals, now)
            profit = scene.ai_profit
            shown = replace(
                _without_offline(scene),
                totals=replace(totals, currency=self._code(totals.currency)),
                ai_profit=profit
                and replace(profit, currency=self._code(profit.currency)),
            )
            self._last = now, shown
            return shown
        if self._last is not None:
            seen_at, last = self._last
            same = set(last.serials) == set(scene.serials)
            if same and timedelta() <= now - seen_at < _KEPT:
                return replace(last, valid=False)
        return scene

    def _code(self, told: str | None) -> str | None:
        return currency_code(told, self._country)


def _without_offline(scene: Scene) -> Scene:
    """Return an overview without the zeros that stand for what is not told.

    Of a device that has no connection the powers are 0, and its charge is the last one.
    An inverter goes offline with the sun: it really gives nothing then.
    """
    banks, grid = scene.solarbanks, scene.grid
    silent = bool(banks) and all(bank.online is False for bank in banks.values())
    meters = grid.meters.values() if grid is not None else ()
    return replace(
        scene,
        solarbanks={
            serial: bank.without_powers() if bank.online is False else bank
            for serial, bank in banks.items()
        },
        banks=scene.banks.without_powers() if silent else scene.banks,
        grid=replace(grid, import_w=None, export_w=None)
        if grid is not None
        and meters
        and all(meter.online is False for meter in meters)
        else grid,
        plugs={
            serial: replace(plug, power_w=None) if plug.online is False else plug
            for serial, plug in scene.plugs.items()
        },
    )


class _HasTotals(Protocol):
    @property
    def energy_kwh(self) -> float | None: ...
    @property
    def co2_kg(self) -> float | None: ...
    @property
    def money(self) -> float | None: ...


@dataclass(slots=True)
class _Steady:
    """A total that a cloud may tell too low for a moment."""

    value: float | None = None
    fell_at: datetime | None = None

    def after(self, told: float | None, now: datetime) -> float | None:
        """Return what is believed: a fall only once it lasts, as after a new start.

        The same goes for a 0 at first: nobody knows what was shown before a restart.
        """
        if told is None:
            return None
        if told < self.value if self.value is not None else told == 0:
            if self.fell_at is None or now < self.fell_at:
                self.fell_at = now
            if now - self.fell_at < _FALLEN:
                return self.value
        self.value, self.fell_at = told, None
        return told


class SteadyTotals:
    """The totals of a system or an inverter, none of which falls for a moment only."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._energy, self._co2, self._money = _Steady(), _Steady(), _Steady()

    def after[T: _HasTotals](self, told: T, now: datetime) -> T:
        """Return totals as they may be shown."""
        changes = {
            "energy_kwh": self._energy.after(told.energy_kwh, now),
            "co2_kg": self._co2.after(told.co2_kg, now),
            "money": self._money.after(told.money, now),
        }
        return replace(told, **changes)  # type: ignore[type-var]
