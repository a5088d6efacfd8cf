"""What all fake clouds have in common, as a bench drives them."""

from tests.clouds import FakeCloud

from .figures import most_within


class DrivenCloud[C: FakeCloud]:
    """One account; a vendor's own class tells when its values were published."""

    def __init__(self, cloud: C) -> None:
        """Take a cloud that does not listen yet."""
        self._cloud = cloud

    async def start(self) -> list[dict[str, str]]:
        """Listen, and return what is filled into the form of each account."""
        base_url = await self._cloud.start()
        return [{**keys, "base_url": base_url} for keys in self.credentials()]

    def credentials(self) -> list[dict[str, str]]:
        """Return what the owner of each account knows."""
        return [self._cloud.credentials]

    async def stop(self) -> None:
        """Stop listening."""
        await self._cloud.stop()

    def set_latency(self, seconds: float) -> None:
        """Let every answer take so long, in real time."""
        self._cloud.latency = seconds

    def clear(self) -> None:
        """Forget the requests."""
        self._cloud.requests.clear()

    def counts(self) -> dict[str, int]:
        """Return the requests by endpoint."""
        return self._cloud.requests.counts()

    def busiest(self) -> int:
        """Return the most requests of one endpoint in any minute."""
        times: dict[str, list[float]] = {}
        for entry in self._cloud.requests.entries:
            times.setdefault(entry.label, []).append(entry.at.timestamp())
        return max((most_within(each, 60.0) for each in times.values()), default=0)

    def most_in_five_minutes(self) -> int:
        """Return the most requests in any five minutes."""
        return most_within(item.at.timestamp() for item in self._cloud.requests.entries)

    def refused(self) -> int:
        """Return how many requests were too many."""
        entries = self._cloud.requests.entries
        return sum(entry.status == 429 for entry in entries)

    def sequential_depth(self) -> int:
        """Return the number of round trips that somebody had to wait for."""
        return self._cloud.requests.sequential_depth()
