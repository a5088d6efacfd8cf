"""What a cloud has answered, for reports."""

from collections.abc import Mapping, Set as AbstractSet
import json
from typing import Any


def answers_about(raw: Mapping[str, Any], ids: AbstractSet[str]) -> dict[str, Any]:
    """Return the raw answers about some devices.

    An answer's name ends with the id of what it is about; one without is about all, of
    which the id is empty.
    """
    return {
        name: payload
        for name, payload in raw.items()
        if name.partition(" ")[2] in ids
        or (" " in name and name.rpartition(" ")[2] in ids)
    }


def opened(value: Any) -> Any:
    """Return JSON-like data with what is written as JSON inside its texts opened."""
    if isinstance(value, Mapping):
        return {key: opened(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [opened(item) for item in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return opened(json.loads(value))
        except ValueError:
            return value
    return value
