"""The disk below Home Assistant: full, or cut off in the middle of a file."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
import os
import resource
import tempfile
from typing import Any, Final

from .network import die

_ROOM: Final = 64
"""Bytes of a file that a full disk still takes."""

type Write = Callable[..., None]


@dataclass(slots=True)
class Disk:
    """Where the stores are written."""

    full: bool = False
    deadly: int = 0
    """The number of the file in which this process dies, from 1; 0: none."""
    written: float = 0.5
    """How much of that file is written: 1 is all of it, but not in its place."""
    refused: int = 0

    def install(self) -> None:
        """Put it below every store, after Home Assistant is imported."""
        from homeassistant.helpers import json, storage  # noqa: PLC0415

        modules: tuple[Any, ...] = (json, storage)
        for module in modules:
            for name in ("write_utf8_file", "write_utf8_file_atomic"):
                if hasattr(module, name):
                    setattr(module, name, self._below(getattr(module, name)))

    def _below(self, write: Write) -> Write:
        def written(filename: str, data: bytes | str, *args: Any, **more: Any) -> None:
            if self.deadly:
                self.deadly -= 1
                if not self.deadly:
                    self._die_in(filename, data)
            if not self.full:
                write(filename, data, *args, **more)
                return
            self.refused += 1
            with _limited(_ROOM):
                write(filename, data, *args, **more)

        return written

    def _die_in(self, filename: str, data: bytes | str) -> None:
        raw = data.encode() if isinstance(data, str) else data
        folder = os.path.dirname(filename)  # noqa: PTH120
        with tempfile.NamedTemporaryFile("wb", dir=folder, delete=False) as part:
            part.write(raw[: int(len(raw) * self.written)])
        die()


def room() -> AbstractContextManager[None]:
    """Have room for what is none of Home Assistant's."""
    return _limited(resource.RLIM_INFINITY)


@contextmanager
def _limited(size: int) -> Iterator[None]:
    """Let the kernel refuse what a file has beyond a size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
