"""What Home Assistant has logged in a run: secrets, and exceptions nobody handled."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
import json
import logging
from pathlib import Path
import re
from typing import Any, Final
from urllib.parse import quote

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


def shown(record: dict[str, Any]) -> str:
    """Return a record as a line of a log."""
    return f"{record['time']:.3f} {record['logger']} {record['text']}{record['trace']}"


def told_secrets(
    log: Iterable[dict[str, Any]], secrets: Iterable[str]
) -> Iterator[str]:
    """Yield where a secret was logged, without the secret."""
    known = [text for text in secrets if len(text) >= _SHORTEST_SECRET]
    hidden = {*known, *(quote(text, safe="") for text in known)}
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


class Tokens:
    """All tokens that were ever kept in a configuration's folder."""

    def __init__(self, folder: Path) -> None:
        """Begin with none."""
        self._folder = folder / ".storage"
        self._read: dict[Path, int] = {}
        self.seen: set[str] = set()

    def look(self) -> None:
        """Add what is kept now."""
        for path in self._folder.glob("joulekeeper.*.token"):
            written = path.stat().st_mtime_ns
            if self._read.get(path) == written:
                continue
            self._read[path] = written
            # Home Assistant may be dead in the middle of it.
            with suppress(ValueError, KeyError):
                texts = _texts(json.loads(path.read_text())["data"])
                # What was said of a failure is kept too, and is no token.
                self.seen |= {text for text in texts if " " not in text}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for item in node.values():
            yield from _texts(item)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, str) and len(node) >= _SHORTEST_TOKEN:
        yield node
