"""Dataclasses as plain data for a file, and back.

What turns a type is put together once for each type: a file has thousands of values.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def encode(value: Any) -> Any:
    """Return a value as JSON can hold it; fields that are None are left out."""
    kind: Any = type(value)
    return _encoder(kind)(value)


def decode[T](kind: Callable[..., T], data: Mapping[str, Any]) -> T:
    """Return a dataclass from its data.

    What is missing gets its default, what is unknown is passed over, so that another
    version's file can be read. Raises TypeError, ValueError or KeyError for data that
    make no sense.
    """
    made: T = _decoder(kind)(data)
    return made


@cache
def _encoder(kind: type[Any]) -> Callable[[Any], Any]:
    """Return what turns values of a type into data."""
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, datetime):
        return kind.isoformat
    if issubclass(kind, timedelta):
        return kind.total_seconds
    if is_dataclass(kind):
        names = [item.name for item in fields(kind)]
        return lambda value: {
            name: encode(item)
            for name in names
            if (item := getattr(value, name)) is not None
        }
    if issubclass(kind, Mapping):
        return lambda value: {key: encode(item) for key, item in value.items()}
    if issubclass(kind, frozenset):
        return lambda value: sorted(map(encode, value))
    if issubclass(kind, (tuple, list)):
        return lambda value: list(map(encode, value))
    return _same


@cache
def _decoder(hint: Any) -> Callable[[Any], Any]:
    """Return what reads the data of a type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        (hint,) = (item for item in arguments if item is not type(None))
        read = _decoder(hint)
        return lambda data: None if data is None else read(data)
    if origin in (frozenset, list):
        read = _decoder(arguments[0])
        return lambda data: origin(map(read, data))
    if origin is dict:
        read = _decoder(arguments[1])
        return lambda data: {key: read(item) for key, item in dict(data).items()}
    if hint is timedelta:
        return lambda data: timedelta(seconds=data)
    # Whatever is a datetime: tests put another class in its place.
    if isinstance(hint, type) and issubclass(hint, datetime):
        return hint.fromisoformat
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and is_dataclass(hint):
        readers = [
            (name, _decoder(kind)) for name, kind in get_type_hints(hint).items()
        ]
        return lambda data: hint(
            **{name: read(data[name]) for name, read in readers if name in data}
        )
    return _same


def _same(value: Any) -> Any:
    return value
