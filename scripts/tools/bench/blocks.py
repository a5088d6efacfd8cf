"""How long the event loop is blocked, in real milliseconds.

A block is one turn of the loop: all callbacks that were ready, one after the other,
between two looks at the outside world. It is what everybody else in Home Assistant
waits for, and never shorter than the longest callback. The time in which the kernel
let other processes have the processor is taken off where it is known (Linux), for that
is the machine's load and nothing of ours; `wall_ms` still has it. `own_ms` is the
longest turn without Python's garbage collector too: it looks through all of Home
Assistant, whoever made it start.
"""

import asyncio
from asyncio import events
import contextlib
from dataclasses import dataclass, replace
import gc
import os
from time import perf_counter, thread_time
from typing import Any

# CPU time, time spent runnable but not running, and number of slices; ns.
_STATISTICS = "/proc/thread-self/schedstat"


@dataclass(slots=True)
class Block:
    """The longest turn, and its longest callback."""

    ms: float = 0.0
    wall_ms: float = 0.0
    callback_ms: float = 0.0
    callback: str = ""
    own_ms: float = 0.0


class BlockMeter:
    """Times every turn of the running event loop, in the loop's own thread."""

    def __init__(self) -> None:
        """Begin."""
        self._statistics: int | None = None
        with contextlib.suppress(OSError):
            self._statistics = os.open(_STATISTICS, os.O_RDONLY)
        self._longest = Block()
        self._longest_own_ms = 0.0
        self._collected_ms = self._collecting_ms = 0.0
        gc.callbacks.append(self._collects)
        self._slowest_ms = 0.0
        self._slowest: Any = None
        self._begin_turn()
        selector = asyncio.get_running_loop()._selector  # type: ignore[attr-defined]  # noqa: SLF001
        select, run = selector.select, events.Handle._run  # noqa: SLF001

        def watched(timeout: float | None = None) -> Any:
            self._end_turn()
            try:
                return select(timeout)
            finally:
                self._begin_turn()

        def timed(handle: Any) -> None:
            begin = perf_counter()
            run(handle)
            ms = (perf_counter() - begin) * 1000
            if ms > self._slowest_ms:
                self._slowest_ms, self._slowest = ms, handle

        selector.select = watched
        events.Handle._run = timed  # type: ignore[assignment,method-assign]  # noqa: SLF001

    def take(self) -> Block:
        """Return the longest block, the running turn included, and begin anew."""
        self._end_turn()
        longest = replace(self._longest, own_ms=self._longest_own_ms)
        self._longest, self._longest_own_ms = Block(), 0.0
        self._begin_turn()
        return longest

    def _collects(self, phase: str, _info: Any) -> None:
        now = thread_time() * 1000
        if phase == "start":
            self._collecting_ms = now
        else:
            self._collected_ms += now - self._collecting_ms

    def _waited_ms(self) -> float:
        """Return how long this thread has waited for a processor so far."""
        if self._statistics is None:
            return 0.0
        return int(os.pread(self._statistics, 99, 0).split()[1]) / 1e6

    def _begin_turn(self) -> None:
        self._slowest_ms, self._slowest = 0.0, None
        self._collected_ms = 0.0
        self._begin_ms, self._waited = perf_counter() * 1000, self._waited_ms()

    def _end_turn(self) -> None:
        wall_ms = perf_counter() * 1000 - self._begin_ms
        if wall_ms <= self._longest_own_ms:
            return
        ms = wall_ms - (self._waited_ms() - self._waited)
        self._longest_own_ms = max(self._longest_own_ms, ms - self._collected_ms)
        if ms > self._longest.ms:
            name = "" if self._slowest is None else _name(self._slowest)
            self._longest = Block(ms, wall_ms, self._slowest_ms, name)


def _name(handle: Any) -> str:
    """Return what ran, as far as it is known."""
    callback = handle._callback  # noqa: SLF001
    owner = getattr(callback, "__self__", None)
    if owner is not None and hasattr(owner, "get_name"):
        return f"task {owner.get_name()}"
    return str(getattr(callback, "__qualname__", callback))
