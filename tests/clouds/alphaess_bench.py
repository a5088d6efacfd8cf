"""A fake AlphaESS cloud on a bench: a clock to turn and a bare, signing client."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession

from .alphaess import AlphaEssCloud, sign
from .clock import SetClock

A = "ALX000000000001"
B = "ALX000000000002"
C = "ALX000000000003"
TWO_CARS = "ALX000000000004"
ALPHA_NOW = datetime(2026, 11, 18, 13, 30, 0, tzinfo=UTC)  # midnight in Adelaide
OFF = ("00:00", "00:00")


def charge_body(
    first: tuple[str, str] = OFF,
    second: tuple[str, str] = OFF,
    *,
    on: int = 1,
    cap: Any = 100,
    serial: str = A,
) -> dict[str, Any]:
    """Return a body of updateChargeConfigInfo."""
    return {
        "sysSn": serial,
        "batHighCap": cap,
        "gridCharge": on,
        "timeChaf1": first[0],
        "timeChae1": first[1],
        "timeChaf2": second[0],
        "timeChae2": second[1],
    }


def discharge_body(
    first: tuple[str, str] = OFF,
    second: tuple[str, str] = OFF,
    *,
    on: int = 1,
    cap: Any = 10,
    serial: str = A,
) -> dict[str, Any]:
    """Return a body of updateDisChargeConfigInfo."""
    return {
        "sysSn": serial,
        "batUseCap": cap,
        "ctrDis": on,
        "timeDisf1": first[0],
        "timeDise1": first[1],
        "timeDisf2": second[0],
        "timeDise2": second[1],
    }


def period(begin: str, end: str, **fields: Any) -> dict[str, Any]:
    """Return a period of a periodic write: every day, 3 kW, to 80 %."""
    return {
        "beginTime": begin,
        "endTime": end,
        "weeks": [1, 2, 3, 4, 5, 6, 7],
        "chargePower": 3000,
        "chargeLimit": 80,
    } | fields


def periodic_body(
    charge: list[dict[str, Any]], discharge: list[dict[str, Any]], **fields: Any
) -> dict[str, Any]:
    """Return a body of setTimeChargeBySn: weekly, both flags on."""
    return {
        "sysSn": B,
        "executeCycleType": 1,
        "gridChargeCycle": 1,
        "ctrDisCycle": 1,
        "chargeTimeList": charge,
        "dischargeTimeList": discharge,
    } | fields


@dataclass
class AlphaBench:
    """A cloud, its clock, and a bare HTTP client of one of its accounts."""

    cloud: AlphaEssCloud
    clock: SetClock
    session: ClientSession
    account: int = 0

    def headers(self, offset_s: int = 0, **other: str) -> dict[str, str]:
        """Return signed headers, `offset_s` beside the clock."""
        keys = self.cloud.accounts[self.account].credentials
        timestamp = str(int(self.clock().timestamp()) + offset_s)
        return {
            "appId": keys["app_id"],
            "timeStamp": timestamp,
            "sign": sign(keys["app_id"], keys["app_secret"], timestamp),
        } | other

    async def raw(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> tuple[int, str]:
        """Return status and text."""
        if headers is None:
            headers = self.headers()
        url = f"{self.cloud.base_url}/api/{path}"
        async with self.session.request(
            method, url, headers=headers, **options
        ) as response:
            return response.status, await response.text()

    async def get(self, name: str, serial: str | None = A, **query: str) -> Any:
        """Return the envelope of a read."""
        params = query | ({"sysSn": serial} if serial else {})
        url = f"{self.cloud.base_url}/api/{name}"
        async with self.session.get(
            url, headers=self.headers(), params=params
        ) as response:
            assert response.status == 200
            return await response.json()

    async def data(self, name: str, serial: str | None = A, **query: str) -> Any:
        """Return data of a good read."""
        body = await self.get(name, serial, **query)
        assert body["code"] == 200, body
        return body["data"]

    async def post(self, name: str, body: dict[str, Any]) -> Any:
        """Return the envelope of a write."""
        url = f"{self.cloud.base_url}/api/{name}"
        async with self.session.post(
            url, headers=self.headers(), json=body
        ) as response:
            assert response.status == 200
            return await response.json()

    async def write(self, name: str, body: dict[str, Any]) -> int:
        """Return the code of a write."""
        return int((await self.post(name, body))["code"])

    def to_local(self, serial: str, hour: int, minute: int = 0) -> None:
        """Move on to the next time that a plant's clock shows so."""
        zone = self.cloud.system(serial).zone
        local = self.clock().astimezone(zone)
        minutes = (hour - local.hour) * 60 + minute - local.minute
        if minutes <= 0:
            minutes += 24 * 60
        self.clock.advance(minutes=minutes)

    def battery_w(self, serial: str) -> float:
        """Return the battery's power now, W, + discharge."""
        return self.cloud.system(serial).live(self.clock()).flow.battery_w
