"""A fake FusionSolar cloud on a bench: a clock to turn and a bare client."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientResponse, ClientSession

from .clock import SetClock
from .fusionsolar import FusionSolarCloud
from .fusionsolar.tasks import KINDS

A = "NE=71000001"
B = "NE=72000001"
C = "NE=73000001"
SECOND = "0123456789abcdef0123456789abcdef"
E = "NE=75000001"
F = "NE=76000001"
G = "NE=77000001"
H = "NE=77100001"
FUSION_NOW = datetime(2026, 11, 20, 2, 0, 0, tzinfo=UTC)  # noon in Brisbane
NBI = "/rest/openapi/pvms/nbi"
DISPATCH = f"{NBI}/v2/control/charge-and-discharge/async-task"
STATUS = "/rest/openapi/pvms/v1/vpp/chargeAndDischargeStatus"


@dataclass
class FusionBench:
    """A cloud, its clock, and a bare HTTP client with a token."""

    cloud: FusionSolarCloud
    clock: SetClock
    session: ClientSession
    token: str | None = None

    # -- session ---------------------------------------------------------------

    async def send(
        self, path: str, body: Any = None, token: str | None = None, **options: Any
    ) -> ClientResponse:
        """Return the whole answer; a short path is one of thirdData."""
        if not path.startswith("/"):
            path = f"/thirdData/{path}"
        headers = {"XSRF-TOKEN": token} if token else {}
        if "data" not in options:
            options["json"] = body
        response = await self.session.post(
            self.cloud.base_url + path, headers=headers, **options
        )
        await response.read()
        return response

    async def log_in(self, account: int = 0, **wrong: str) -> Any:
        """Log in, keep the token if there is one, and return the body."""
        keys = self.cloud.accounts[account].credentials
        form = {"userName": keys["user_name"], "systemCode": keys["system_code"]}
        response = await self.send("login", form | wrong)
        if token := response.headers.get("xsrf-token"):
            self.token = token
        return await response.json()

    async def ask(self, path: str, body: Any = None) -> Any:
        """Return the envelope."""
        response = await self.send(path, body, self.token)
        assert response.status == 200
        return await response.json()

    async def code(self, path: str, body: Any = None) -> int:
        """Return the failCode."""
        return int((await self.ask(path, body))["failCode"])

    async def data(self, path: str, body: Any = None) -> Any:
        """Return data of a good answer, logged in anew where time has passed."""
        answer = await self.ask(path, body)
        if answer["failCode"] == 305:
            await self.log_in()
            answer = await self.ask(path, body)
        assert answer["failCode"] == 0, answer
        assert answer["success"] is True
        return answer["data"]

    # -- readings --------------------------------------------------------------

    async def real(self, serial: str, kind: int, number: int = 0) -> dict[str, Any]:
        """Return the dataItemMap of a plant's device."""
        device = self.cloud.device(serial, kind, number)
        body = {"devIds": str(device.device_id), "devTypeId": kind}
        [row] = await self.data("getDevRealKpi", body)
        values: dict[str, Any] = row["dataItemMap"]
        return values

    async def kpi(
        self, name: str, serial: str = A, at: datetime | None = None
    ) -> list[Any]:
        """Return the rows of a plant's statistic."""
        body = {"stationCodes": serial, "collectTime": ms(at or self.clock())}
        rows: list[Any] = await self.data(name, body)
        return rows

    def to_local(self, hour: int, minute: int = 0, serial: str = A) -> None:
        """Move on to the next time that a plant's clock shows so."""
        local = self.clock().astimezone(self.cloud.plant(serial).zone)
        minutes = (hour - local.hour) * 60 + minute - local.minute
        if minutes <= 0:
            minutes += 24 * 60
        self.clock.advance(minutes=minutes, seconds=-local.second)

    def to_next(self, serial: str = A, after_s: float = 0.01) -> None:
        """Move on to when the next record is told."""
        self.clock.set(self.cloud.told_next(serial) + timedelta(seconds=after_s))

    # -- control ---------------------------------------------------------------

    async def dispatch(self, serial: str = A, **task: Any) -> Any:
        """Deliver a dispatch; return the envelope."""
        return await self.ask(DISPATCH, {"tasks": [{"plantCode": serial, **task}]})

    async def status(self, request: int) -> Any:
        """Return the one row of a dispatch's status."""
        [row] = await self.data(STATUS, {"requestID": request})
        return row

    async def start(self, label: str, serial: str = A, **task: Any) -> Any:
        """Deliver an asynchronous task; return the envelope."""
        body = {"tasks": [{"plantCode": serial, **task}]}
        return await self.ask(f"{KINDS[label].path}/async-task", body)

    async def info(self, label: str, task_id: str) -> Any:
        """Return data of a task's status."""
        return await self.data(f"{KINDS[label].path}/task-info", {"taskId": task_id})


def ms(time: datetime) -> int:
    """Return a time as the API writes it."""
    return int(time.timestamp() * 1000)


def charge(minutes: float = 60, power: float = 2500) -> dict[str, Any]:
    """Return a task that charges for some time."""
    return {
        "dispatchSwitch": 1,
        "controlType": 2,
        "dispatchTime": minutes,
        "powerDispatch": power,
    }


def window(start: str, end: str, direction: str, *days: int) -> dict[str, Any]:
    """Return a TOU window, of every day without days."""
    return {
        "startTime": start,
        "endTime": end,
        "chargeOrDischarge": direction,
        "repeat": list(days or range(1, 8)),
    }


def tou(*windows: dict[str, Any], **other: Any) -> dict[str, Any]:
    """Return a task of the working mode TOU."""
    return {
        "operationMode": "TOU",
        "redundantPVEnergyPriority": "chargePreference",
        "allowedAcChargePower": 2.0,
        "chargingAndDischargingTimeWindow": list(windows),
    } | other
