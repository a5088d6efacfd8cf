"""The examples in the documentation, as data."""

from typing import Any, Final

from homeassistant.util.yaml import parse_yaml

from ..documents import DOCUMENTS

DEVICE: Final = "0123456789abcdef0123456789abcdef"
OTHER_DEVICE: Final = "fedcba9876543210fedcba9876543210"


def blocks(page: str) -> list[dict[str, Any]]:
    """Return every YAML example of a page."""
    parsed = [parse_yaml(text) for text in DOCUMENTS[f"docs/{page}"].blocks("yaml")]
    assert all(isinstance(item, dict) for item in parsed), page
    return parsed  # type: ignore[return-value]


def block(page: str, key: str, name: str | None = None) -> dict[str, Any]:
    """Return what the one example says that has a key, and a name below it."""
    (found,) = (
        item[key]
        for item in blocks(page)
        if key in item and (name is None or name in item[key])
    )
    result: dict[str, Any] = found
    return result


def filled(node: Any, values: dict[str, str]) -> Any:
    """Return an example with other texts in the place of its placeholders."""
    if isinstance(node, dict):
        return {key: filled(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(value, values) for value in node]
    return values.get(node, node) if isinstance(node, str) else node
