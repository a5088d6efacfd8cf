"""A fake Amber cloud on a bench: a clock to turn and a bare client."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import ClientSession

from .amber import AmberCloud
from .clock import SetClock

A = "01HXFAKE5MINSITE0000000001"
C = "01HXFAKE30MINCL00000000003"
AMBER_NOW = datetime.fromisoformat("2026-03-02T08:15:04+10:00")


def nem(text: str) -> datetime:
    """Return a NEM time given without its offset."""
    return datetime.fromisoformat(f"{text}+10:00")


@dataclass
class AmberBench:
    """A cloud, its clock, and a bare HTTP client of one of its accounts."""

    cloud: AmberCloud
    clock: SetClock
    session: ClientSession
    account: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """Return what authorises a request."""
        token = self.cloud.accounts[self.account].tokens[0]
        return {"Authorization": f"Bearer {token}"}

    async def raw(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET"
    ) -> tuple[int, str, dict[str, str]]:
        """Return status, text and headers."""
        async with self.session.request(
            method,
            f"{self.cloud.base_url}{path}",
            headers=self.headers if headers is None else headers,
        ) as response:
            return response.status, await response.text(), dict(response.headers)

    async def status(self, path: str) -> int:
        """Return the status of a read of `/v1/{path}`."""
        return (await self.raw(f"/v1/{path}"))[0]

    async def text(self, path: str) -> str:
        """Return the text of a good read of `/v1/{path}`."""
        status, text, _ = await self.raw(f"/v1/{path}")
        assert status == 200, text
        return text

    async def get(self, path: str) -> Any:
        """Return the records of a good read of `/v1/{path}`."""
        async with self.session.get(
            f"{self.cloud.base_url}/v1/{path}", headers=self.headers
        ) as response:
            assert response.status == 200, await response.text()
            assert response.content_type == "application/json"
            return await response.json()

    async def current(self, query: str = "", site: str = A) -> Any:
        """Return current prices."""
        return await self.get(f"sites/{site}/prices/current{query}")
