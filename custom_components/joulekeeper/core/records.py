"""Dataclasses as plain data for a file, and back."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def encode(value: Any) -> Any:
    """Return a value as JSON can hold it; fields that are None are left out."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if is_dataclass(value):
        pairs = ((item.name, getattr(value, item.name)) for item in fields(value))
        return {name: encode(item) for name, item in pairs if item is not None}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (frozenset, tuple, list)):
        items = [encode(item) for item in value]
        return sorted(items) if isinstance(value, frozenset) else items
    return value


def decode[T](kind: Callable[..., T], data: Mapping[str, Any]) -> T:
    """Return a dataclass from its data.

    What is missing gets its default, what is unknown is passed over, so that another
    version's file can be read. Raises TypeError, ValueError or KeyError for data that
    make no sense.
    """
    hints = _hints(kind)
    return kind(
        **{name: _decode(hints[name], data[name]) for name in hints if name in data}
    )


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(hint: Any, data: Any) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if data is None:
            return None
        (hint,) = (item for item in arguments if item is not type(None))
        return _decode(hint, data)
    if origin is frozenset:
        return frozenset(_decode(arguments[0], item) for item in data)
    if origin is list:
        return [_decode(arguments[0], item) for item in data]
    if origin is dict:
        return {key: _decode(arguments[1], item) for key, item in data.items()}
    if hint is timedelta:
        return timedelta(seconds=data)
    if isinstance(hint, type):
        if issubclass(hint, datetime):
            return hint.fromisoformat(data)
        if is_dataclass(hint):
            return decode(hint, data)
        if issubclass(hint, Enum):
            return hint(data)
    return data
