"""What a fake cloud was asked, for tests of politeness and for benchmarks."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import count


@dataclass(slots=True)
class LoggedRequest:
    """One request, at the time `at` of the cloud's clock.

    `started` and `ended` number the begins and ends of all requests in their order:
    that works with a frozen clock too. `status` and `ended` stay None while it runs,
    `status` also when it got no answer.
    """

    at: datetime
    method: str
    path: str
    query: str
    label: str
    started: int
    ended: int | None = None
    status: int | None = None


class RequestLog:
    """All requests since the start, or since `clear`."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: list[LoggedRequest] = []
        self._order = count()

    def begin(
        self, at: datetime, method: str, path: str, query: str, label: str
    ) -> LoggedRequest:
        """Log a request that begins now."""
        entry = LoggedRequest(at, method, path, query, label, next(self._order))
        self.entries.append(entry)
        return entry

    def end(self, entry: LoggedRequest) -> None:
        """Log that it is over."""
        entry.ended = next(self._order)

    @property
    def total(self) -> int:
        """Number of requests."""
        return len(self.entries)

    def count(self, label: str) -> int:
        """Return the number of requests of one endpoint."""
        return sum(entry.label == label for entry in self.entries)

    def counts(self) -> dict[str, int]:
        """Return the number of requests by endpoint."""
        return dict(Counter(entry.label for entry in self.entries))

    def labels(self) -> list[str]:
        """Return the endpoints in the order of the requests."""
        return [entry.label for entry in self.entries]

    def statuses(self, label: str) -> list[int | None]:
        """Return the statuses of one endpoint in the order of the requests."""
        return [entry.status for entry in self.entries if entry.label == label]

    def sequential_depth(self) -> int:
        """Return the longest chain of requests of which none overlaps another.

        This is the number of round trips that somebody had to wait for.
        """
        depth, free_at = 0, -1
        spans = [(e.ended, e.started) for e in self.entries if e.ended is not None]
        for ended, started in sorted(spans):
            if started > free_at:
                depth += 1
                free_at = ended
        return depth

    def clear(self) -> None:
        """Forget all."""
        self.entries.clear()
