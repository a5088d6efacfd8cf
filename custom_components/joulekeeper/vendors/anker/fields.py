"""Readers for the forms in which this cloud writes values (dossier 4.3, 13.1).

Most numbers are texts, powers may end in their unit, times are the device's wall clock,
and "" is unknown. Whatever cannot be read is None.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time
import json
from typing import Any, Final

from ..parsing import integer, number, scaled, text

_LATEST: Final = 4102444800
"""2100: no unix time of this cloud is later in seconds, all are in milliseconds."""
_KWH: Final[Mapping[str, float]] = {"wh": 0.001, "kwh": 1.0, "mwh": 1000.0}
_KG: Final[Mapping[str, float]] = {"g": 0.001, "kg": 1.0, "t": 1000.0}
_W: Final[Mapping[str, float]] = {"w": 1.0, "kw": 1000.0}


def watts(value: Any) -> float | None:
    """Return a power in W, also from `300W`."""
    if isinstance(value, str):
        value = value.strip().removesuffix("W").rstrip()
    return number(value)


def percent(value: Any) -> float | None:
    """Return a share of 0 to 100 %; anything else is no share."""
    share = number(value)
    return None if share is None or not 0 <= share <= 100 else share


def fraction(value: Any) -> float | None:
    """Return a share of 0 to 1 in percent."""
    return percent(scaled(value, 100))


def switch(value: Any) -> bool | None:
    """Return a switch, which may be a bool, a number or a text of 0 and 1."""
    if isinstance(value, bool):
        return value
    state = number(value)
    return None if state not in (0, 1) else state == 1


def code(value: Any) -> str | None:
    """Return a code, which is a text of digits or a whole number."""
    if isinstance(value, int | float) and (whole := integer(value)) is not None:
        return str(whole)
    return text(value)


def wall_time(value: Any) -> datetime | None:
    """Return a device's wall clock time, naive; its zero, of 1970 or year 1, is none."""
    if (written := text(value)) is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment.replace(tzinfo=None) if moment.year > 1970 else None


def time_of_day(value: Any) -> time | None:
    """Return a time as `HH:MM`; 24:00 is another day's."""
    if (written := text(value)) is None or written.startswith("24"):
        return None
    try:
        return time.fromisoformat(written).replace(tzinfo=None)
    except ValueError:
        return None


def unix(value: Any) -> datetime | None:
    """Return an instant from unix seconds, or milliseconds as in older records."""
    seconds = number(value)
    if seconds is None or seconds <= 0:
        return None
    if seconds > _LATEST:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC) if seconds <= _LATEST else None


def kwh(value: Any, unit: Any) -> float | None:
    """Return an energy in kWh; of an unknown unit it is unknown."""
    return _converted(value, unit, _KWH)


def kilograms(value: Any, unit: Any) -> float | None:
    """Return a mass in kg; of an unknown unit it is unknown."""
    return _converted(value, unit, _KG)


def watts_of(value: Any, unit: Any) -> float | None:
    """Return a power in W that comes with its unit."""
    return _converted(value, unit, _W)


def _converted(value: Any, unit: Any, factors: Mapping[str, float]) -> float | None:
    factor = factors.get((text(unit) or "").casefold())
    return None if factor is None else scaled(value, factor, 6)


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a JSON array."""
    if not isinstance(value, list):
        return ()
    return tuple(filter(None, map(text, value)))


def integers(value: Any) -> tuple[int, ...]:
    """Return the whole numbers of a JSON array."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in map(integer, value) if item is not None)


def flags(value: Any) -> Mapping[str, bool]:
    """Return the switches of a JSON object, without what is no switch."""
    if not isinstance(value, dict):
        return {}
    known = {str(key): switch(item) for key, item in value.items()}
    return {key: item for key, item in known.items() if item is not None}


def embedded(value: Any) -> Mapping[str, Any] | None:
    """Return the JSON object inside a text, None where there is none (dossier 13.2)."""
    if isinstance(value, dict):
        return value
    if (written := text(value)) is None:
        return None
    try:
        held = json.loads(written)
    except ValueError:
        return None
    return held if isinstance(held, dict) else None
