"""What a system consists of besides its solarbanks (dossier 4.3).

Powers are W, shares percent. What cannot be read is None, never 0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, override

from ..parsing import integer, objects, text
from .fields import fraction, switch, watts


class _HasSerial(Protocol):
    @property
    def serial(self) -> str: ...


def all_of[T](
    raw: Any, parse: Callable[[Mapping[str, Any]], T | None]
) -> tuple[T, ...]:
    """Return what could be read of a list."""
    return tuple(item for item in map(parse, objects(raw)) if item is not None)


def by_serial[T: _HasSerial](
    raw: Any, parse: Callable[[Mapping[str, Any]], T | None]
) -> dict[str, T]:
    """Return what could be read of a list of devices, by serial number."""
    return {item.serial: item for item in all_of(raw, parse)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDevice:
    """What every list of devices tells of each; of some it is all that is told."""

    serial: str = field(repr=False)
    product: str | None
    name: str | None = field(repr=False)
    """The user's own name for it."""
    online: bool | None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of a list; None without a serial number."""
        if (serial := text(raw.get("device_sn"))) is None:
            return None
        return cls(
            serial=serial,
            product=text(raw.get("device_pn")) or text(raw.get("device_model")),
            name=text(raw.get("device_name")),
            online=switch(raw.get("status")),
            **cls._more(raw),
        )

    @classmethod
    def _more(cls, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields that only this kind of device has."""
        del raw
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The grid connection as the meters measure it; both powers are not negative."""

    meters: Mapping[str, ListedDevice] = field(repr=False)
    import_w: float | None
    export_w: float | None
    status: int | None
    """0 is good; no other one is known."""

    @classmethod
    def parse(cls, raw: Any) -> Self | None:
        """Read `grid_info`; None where there is no meter."""
        if not isinstance(raw, dict):
            return None
        return cls(
            meters=by_serial(raw.get("grid_list"), ListedDevice.parse),
            import_w=watts(raw.get("grid_to_home_power")),
            export_w=watts(raw.get("photovoltaic_to_grid_power")),
            status=integer(raw.get("grid_status")),
        )

    @property
    def power_w(self) -> float | None:
        """Return + for import and - for export."""
        if self.import_w is None or self.export_w is None:
            return None
        return self.import_w - self.export_w


@dataclass(frozen=True, slots=True, kw_only=True)
class Plug(ListedDevice):
    """A smart plug."""

    power_w: float | None
    tag: str | None
    """What the user says hangs on it."""
    error_code: int | None
    priority: int | None

    @classmethod
    @override
    def _more(cls, raw: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "power_w": watts(raw.get("current_power")),
            "tag": text(raw.get("tag")),
            "error_code": integer(raw.get("err_code")),
            "priority": integer(raw.get("priority")),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter(ListedDevice):
    """A micro inverter that is part of a system."""

    power_w: float | None

    @classmethod
    @override
    def _more(cls, raw: Mapping[str, Any]) -> dict[str, Any]:
        return {"power_w": watts(raw.get("generate_power"))}


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerStations:
    """The power stations of a system, all together."""

    stations: Mapping[str, ListedDevice] = field(default_factory=dict, repr=False)
    charging_w: float | None = None
    state_of_charge: float | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read `pps_info`; its zeros mean nothing where there is none."""
        stations = by_serial(raw.get("pps_list"), ListedDevice.parse)
        if not stations:
            return cls()
        return cls(
            stations=stations,
            charging_w=watts(raw.get("total_charging_power")),
            state_of_charge=fraction(raw.get("total_battery_power")),
        )
