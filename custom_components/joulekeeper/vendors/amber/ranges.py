"""Metered days, several with one call (dossier 1.7)."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from ...core.errors import NotFound, ProtocolError, Rejected, TransientError
from .client import MOST_DAYS, AmberClient
from .days import Rows, by_day

_SHORTEST: Final = 1


class UsageRanges:
    """Fetches ranges of days.

    A long range may be too much for the cloud, and one bad day spoils all of it: after
    one that failed, ranges are short, and grow again with each that does not.
    """

    def __init__(self, client: AmberClient) -> None:
        """Begin with what the cloud allows."""
        self._client = client
        self.most_days = MOST_DAYS
        """How many days are to be asked for at once now."""

    async def fetch(self, site_id: str, first: date, last: date) -> Mapping[date, Rows]:
        """Return the rows of each day that has any; raises what the client raises."""
        try:
            records = await self._client.usage(site_id, first, last)
        except TransientError, ProtocolError, Rejected, NotFound:
            self.most_days = _SHORTEST
            raise
        self.most_days = min(self.most_days + 1, MOST_DAYS)
        return await by_day(records)
