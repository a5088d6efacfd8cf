"""The fault menu common to all fake clouds.

A fault is put on an endpoint, named by its label or by a regular expression over
`METHOD /path`, for a number of times or until it is cleared:

    cloud.faults.add("dynamic", Fault.STATUS, status=502, times=2)
    cloud.faults.add("schedule_create", Fault.DROP, done=True, times=1)

Most faults are played by the shared server. Two are a matter of meaning, so the
vendor's own handlers ask for them: IGNORED and LATE. A DELAY holds the work back as
well; for work that is done while the client gives up, HANG with done=True.

Mind that aiohttp's client repeats a GET by itself, once, when a kept-alive
connection is dropped: it takes a DROP with times=2 to be noticed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
import re
from typing import Any


class Fault(StrEnum):
    """What can go wrong."""

    STATUS = "status"  # status=, body=, content_type=, headers=
    DELAY = "delay"  # seconds=; then the true answer
    HANG = "hang"  # no answer until somebody gives up; done= as DROP
    CUT = "cut"  # headers and half of the true body, then the line is dropped
    BROKEN_JSON = "broken_json"  # half of the true body, as if it were whole
    HTML = "html"  # 200 with a page where JSON is due
    EDIT = "edit"  # edit=: callable over the true payload, gives another
    NULL = "null"  # key=: that key of the true payload is null (default "Data")
    WRONG_TYPE = "wrong_type"  # path=: that value becomes text (default: whole)
    EXPIRED_TOKEN = "expired_token"  # the vendor's answer to a stale token
    LOCKED_OUT = "locked_out"  # the vendor's answer to a barred account
    THROTTLE = "throttle"  # the vendor's answer, 429 for most; retry_after= seconds
    DROP = "drop"  # done=False: dropped unread; done=True: work done, answer lost
    IGNORED = "ignored"  # success is answered, nothing happens; listed=True: is shown
    LATE = "late"  # seconds=: done, but not shown until then
    FOREIGN_EDIT = "foreign_edit"  # action=: called before the request is handled


@dataclass(slots=True, eq=False)
class ActiveFault:
    """A fault that waits for its endpoint. `left` None: until cleared."""

    where: str
    kind: Fault
    left: int | None
    options: dict[str, Any]
    hits: int = 0

    def matches(self, label: str, line: str) -> bool:
        """Whether it is meant for this request (`line`: `METHOD /path`)."""
        if self.left == 0:
            return False
        return self.where in ("*", label) or (
            not self.where.isidentifier() and re.search(self.where, line) is not None
        )

    def take(self) -> ActiveFault:
        """Count one hit."""
        self.hits += 1
        if self.left is not None:
            self.left -= 1
        return self

    def clear(self) -> None:
        """End it."""
        self.left = 0


class Faults:
    """The faults of one cloud."""

    def __init__(self) -> None:
        """Start without any."""
        self._active: list[ActiveFault] = []
        self.clock_skew = timedelta(0)
        """Added to every time the cloud tells, not to when things happen."""

    def add(
        self, where: str, kind: Fault | str, *, times: int | None = None, **options: Any
    ) -> ActiveFault:
        """Put a fault on an endpoint: a label, `*`, or a regular expression."""
        fault = ActiveFault(where, Fault(kind), times, options)
        self._active.append(fault)
        return fault

    def take(self, label: str, line: str, *kinds: Fault) -> ActiveFault | None:
        """Return the first fault of `kinds` for this request, counted as hit."""
        for fault in self._active:
            if fault.kind in kinds and fault.matches(label, line):
                return fault.take()
        return None

    def clear(self) -> None:
        """End all faults and the clock skew."""
        self._active.clear()
        self.clock_skew = timedelta(0)


def edited(fault: ActiveFault, payload: Any) -> Any:
    """Return the payload as EDIT, NULL or WRONG_TYPE would have it."""
    options = fault.options
    if fault.kind is Fault.EDIT:
        edit: Callable[[Any], Any] = options["edit"]
        return edit(payload)
    if fault.kind is Fault.NULL:
        return {**payload, options.get("key", "Data"): None}
    path: list[str | int] = options.get("path", [])
    if not path:
        return "unexpected"
    node = payload
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = options.get("value", "unexpected")
    return payload
