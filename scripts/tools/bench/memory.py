"""Resident memory of this process."""

import contextlib
import ctypes
import gc
import os
from pathlib import Path


def resident_mib() -> float | None:
    """Return what is resident after a clean-up, None where it cannot be known."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        # What was freed goes back to the system, where the C library can do that.
        ctypes.CDLL(None).malloc_trim(0)
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
