"""Dataclasses as plain data for a file, and back.

What turns a type is put together once for each type: a file has thousands of values.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

SENSELESS: Final = (
    AttributeError,
    KeyError,
    OverflowError,
    TypeError,
    ValueError,
)
"""What reading data may raise that make no sense."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A piece of data that makes no sense: the field that it is of, and its key there.

    Both are empty where it is the whole that makes none.
    """

    part: str
    key: str
    data: Any


def encode(value: Any) -> Any:
    """Return a value as JSON can hold it; fields that are None are left out."""
    kind: Any = type(value)
    return _encoder(kind)(value)


def decode[T](kind: Callable[..., T], data: Mapping[str, Any]) -> T:
    """Return a dataclass from its data.

    What is missing gets its default, what is unknown is passed over, so that another
    version's file can be read. Raises one of `SENSELESS` for data that make no sense.
    """
    made: T = _decoder(kind)(data)
    return made


def decode_parts[T](kind: Callable[..., T], data: Any) -> tuple[T, tuple[Unread, ...]]:
    """Return a dataclass of all the data that make sense, and those that do not.

    Each field is read by itself, and of a field that is a dict each item. A field that
    cannot be read gets its default, so every field must have one.
    """
    if not isinstance(data, Mapping):
        return kind(), (Unread("", "", data),)
    read: dict[str, Any] = {}
    unread: list[Unread] = []
    for name, hint in get_type_hints(kind).items():
        if name not in data:
            continue
        if get_origin(hint) is not dict or not isinstance(data[name], Mapping):
            try:
                read[name] = _decoder(hint)(data[name])
            except SENSELESS:
                unread.append(Unread(name, "", data[name]))
            continue
        items = read[name] = {}
        read_item = _decoder(get_args(hint)[1])
        for key, item in data[name].items():
            try:
                items[key] = read_item(item)
            except SENSELESS:
                unread.append(Unread(name, key, item))
    return kind(**read), tuple(unread)


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
    if hint in (bool, str):
        return lambda data: _checked(data, hint)
    if hint in (int, float):
        # Whether a number is whole is not worth losing a schedule for.
        return lambda data: _checked(data, int, float)
    return _same


def _checked(value: Any, *kinds: type[Any]) -> Any:
    """Return a value of one of the kinds; a number that is true or false is none."""
    if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
        return value
    raise TypeError(f"a {type(value).__name__} is not what was written")


def _same(value: Any) -> Any:
    return value
