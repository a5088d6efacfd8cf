"""Forgiving readers for vendor JSON: what is missing or of a wrong type is None.

One odd field must not cost the others, so nothing here raises but `required`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
import math
import re
from typing import Any, Final

from ..core.errors import ProtocolError

_FIRST_YEAR: Final = 1970
_FAR_AWAY: Final = datetime(9000, 1, 1, tzinfo=UTC)
_LONG_FRACTION: Final = re.compile(r"(\.\d{6})\d+")


def required[T](value: T | None, what: str) -> T:
    """Return a value that must be there; ProtocolError naming it otherwise."""
    if value is None:
        raise ProtocolError(f"{what} is missing")
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, empty for anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> Sequence[Mapping[str, Any]]:
    """Return the objects of a JSON array, none for anything else."""
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, dict))


def text(value: Any) -> str | None:
    """Return a text without surrounding blanks, None when nothing is left."""
    if not isinstance(value, str):
        return None
    return value.strip() or None


def number(value: Any) -> float | None:
    """Return a finite number, also from its text form."""
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, str):
            value = float(value)
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
    except ValueError, OverflowError:
        return None
    return value


def integer(value: Any) -> int | None:
    """Return a number rounded to a whole one."""
    amount = number(value)
    return None if amount is None else round(amount)


def scaled(value: Any, factor: float, digits: int = 3) -> float | None:
    """Return a number times a factor, without the noise of binary fractions."""
    amount = number(value)
    product = None if amount is None else number(amount * factor)
    return None if product is None else round(product, digits)


def timestamp(value: Any) -> datetime | None:
    """Return an instant in UTC from ISO 8601; a time without offset is UTC already.

    .NET writes seven fraction digits, one more than Python reads. Its least time stands
    for none, its greatest for one so far away that spans can still be added to it.
    """
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(_LONG_FRACTION.sub(r"\1", value.strip()))
    except ValueError:
        return None
    if instant.year < _FIRST_YEAR:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return _FAR_AWAY if instant > _FAR_AWAY else instant.astimezone(UTC)


def calendar_date(value: Any) -> date | None:
    """Return a date from the first ten characters of ISO 8601."""
    if not isinstance(value, str):
        return None
    try:
        day = date.fromisoformat(value.strip()[:10])
    except ValueError:
        return None
    return None if day.year < _FIRST_YEAR else day
