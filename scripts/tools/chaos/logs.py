"""What Home Assistant has logged in a run: secrets, and exceptions nobody handled."""

from collections.abc import Iterable, Iterator
import json
import logging
from pathlib import Path
import re
from typing import Any, Final

from .life import LOG

_SHORTEST_SECRET: Final = 6
_SHORTEST_TOKEN: Final = 16
_CRASH: Final = re.compile(
    r"Traceback|Error doing job|never retrieved|was never awaited|Detected that custom"
)
_NO_ROOM: Final = "homeassistant.util.file"


def records(folder: Path) -> list[dict[str, Any]]:
    """Return all that was logged."""
    path = folder / LOG
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def told_secrets(
    log: Iterable[dict[str, Any]], secrets: Iterable[str]
) -> Iterator[str]:
    """Yield where a secret was logged, without the secret."""
    hidden = [text for text in secrets if len(text) >= _SHORTEST_SECRET]
    for record in log:
        for part in ("text", "trace"):
            for secret in hidden:
                if secret in record[part]:
                    shown = record[part].replace(secret, "<secret>")
                    yield f"{record['logger']} {shown[:200]}"


def crashes(log: Iterable[dict[str, Any]], *, disk_was_full: bool) -> Iterator[str]:
    """Yield the exceptions that nobody has handled.

    Home Assistant itself logs one for every file that a full disk does not take.
    """
    for record in log:
        if disk_was_full and record["logger"] == _NO_ROOM:
            continue
        # A coordinator tells whoever debugs the errors that it has handled.
        if record["level"] <= logging.DEBUG:
            continue
        if record["trace"] or _CRASH.search(record["text"]):
            last = record["trace"].strip().splitlines()[-1:] or [""]
            yield f"{record['logger']} {record['text'][:200]} {last[0][:200]}"


def tokens(folder: Path) -> set[str]:
    """Return the tokens that are kept on the disk now."""
    found: set[str] = set()
    for path in (folder / ".storage").glob("joulekeeper.*.token"):
        try:
            data = json.loads(path.read_text())["data"]
        except ValueError, KeyError:
            continue
        found |= set(_texts(data))
    return found


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for item in node.values():
            yield from _texts(item)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, str) and len(node) >= _SHORTEST_TOKEN:
        yield node
