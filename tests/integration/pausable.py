"""Vendors that are what a fake of theirs is not, for what Home Assistant shows of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from ..brands import folder


@contextmanager
def vendor(key: str, **changes: Any) -> Iterator[None]:
    """Let a vendor's spec be another one for a while."""
    package = folder(key)
    with patch.object(package, "VENDOR", replace(package.VENDOR, **changes)):
        yield
