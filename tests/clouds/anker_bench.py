"""A fake Anker cloud on a bench: a clock to turn and a bare client."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import hashlib
import json
from typing import Any

from aiohttp import ClientResponse, ClientSession
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .anker import AnkerCloud
from .anker.accounts import Account
from .clock import SetClock

A, B, C, E = (f"11111111-2222-4333-8444-00000000000{letter}" for letter in "abce")
SN_A, SN_C, SN_D = "FAKESB1A00000001", "FAKESB2C00000001", "FAKEMI800001"
ANKER_NOW = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)  # Monday 11:30 in Berlin

SITE = "power_service/v1/site"
APP = "power_service/v1/app"
SCENE = f"{SITE}/get_scen_info"
GET_PARAM, SET_PARAM = f"{SITE}/get_site_device_param", f"{SITE}/set_site_device_param"
LOAD = f"{APP}/device/get_device_home_load"
ENERGY = f"{SITE}/energy_analysis"

HEADERS = {
    "app-name": "anker_power",
    "model-type": "DESKTOP",
    "os-type": "android",
    "country": "DE",
    "timezone": "GMT+02:00",
}


def encrypted(password: str, server_key: str) -> tuple[str, str]:
    """Return a client's public key, and a password for a server's (2.3)."""
    own = ec.derive_private_key(4711, ec.SECP256R1())
    point = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), bytes.fromhex(server_key)
    )
    secret = own.exchange(ec.ECDH(), point)
    pad = PKCS7(128).padder()
    padded = pad.update(password.encode()) + pad.finalize()
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    text = encryptor.update(padded) + encryptor.finalize()
    public = own.public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint
    )
    return public.hex(), base64.b64encode(text).decode()


@dataclass
class AnkerBench:
    """A cloud, its clock, and a bare HTTP client with a token."""

    cloud: AnkerCloud
    clock: SetClock
    session: ClientSession
    region: str = ""
    headers: dict[str, str] = field(default_factory=lambda: dict(HEADERS))

    # -- session -----------------------------------------------------------------

    async def send(
        self, path: str, body: Any = None, method: str = "POST", **options: Any
    ) -> ClientResponse:
        """Return the whole answer."""
        url = f"{self.cloud.base_url}{self.region}/{path}"
        headers = self.headers | options.pop("headers", {})
        if "data" not in options and body is not None:
            options["json"] = body
        response = await self.session.request(method, url, headers=headers, **options)
        await response.read()
        return response

    def login_body(
        self, account: Account | None = None, **wrong: Any
    ) -> dict[str, Any]:
        """Return what a client sends to log in."""
        account = account or self.cloud.accounts[0]
        password = wrong.pop("clear", account.password)
        key, text = encrypted(password, self.cloud.server_public_key)
        return {
            "ab": account.country,
            "client_secret_info": {"public_key": key},
            "enc": 0,
            "email": account.email,
            "password": text,
            "time_zone": 7200000,
            "transaction": str(int(self.clock().timestamp() * 1000)),
        } | wrong

    async def log_in(self, account: Account | None = None, **wrong: Any) -> Any:
        """Log in, use the token if there is one, and return the body."""
        response = await self.send("passport/login", self.login_body(account, **wrong))
        body = await response.json()
        if data := body.get("data"):
            self.headers["x-auth-token"] = data["auth_token"]
            digest = hashlib.md5(data["user_id"].encode(), usedforsecurity=False)
            self.headers["gtoken"] = digest.hexdigest()
        return body

    async def ask(self, path: str, body: Any = None) -> Any:
        """Return the envelope of an answer in HTTP 200."""
        response = await self.send(path, body if body is not None else {})
        assert response.status == 200, await response.text()
        return await response.json()

    async def code(self, path: str, body: Any = None) -> int:
        """Return the code."""
        return int((await self.ask(path, body))["code"])

    async def data(self, path: str, body: Any = None) -> Any:
        """Return data of a good answer."""
        answer = await self.ask(path, body)
        assert answer["code"] == 0, answer
        return answer["data"]

    # -- readings ----------------------------------------------------------------

    async def scene(self, site: str = A) -> Any:
        """Return the overview of a system."""
        return await self.data(SCENE, {"site_id": site})

    async def param(self, kind: str, site: str = A) -> Any:
        """Return the decoded object of a parameter, None for none."""
        body = {"site_id": site, "param_type": kind}
        text = (await self.data(GET_PARAM, body))["param_data"]
        return json.loads(text) if text else None

    async def put(self, kind: str, value: Any, site: str = A) -> Any:
        """Write a parameter; return the envelope."""
        body = {
            "site_id": site,
            "param_type": kind,
            "cmd": 17,
            "param_data": value if isinstance(value, str) else json.dumps(value),
        }
        return await self.ask(SET_PARAM, body)

    async def energy(
        self, kind: str, start: str, end: str = "", site: str = A, span: str = "week"
    ) -> Any:
        """Return an energy analysis."""
        body = {
            "site_id": site,
            "device_sn": "",
            "device_type": kind,
            "type": span,
            "start_time": start,
            "end_time": end or start,
        }
        return await self.data(ENERGY, body)

    def forward(self, **units: float) -> None:
        """Turn the clock on by units of a timedelta, with room in every limit."""
        self.clock.advance(timedelta(**units))

    def to_local(self, hour: int, minute: int = 0, site: str = A) -> None:
        """Move on to the next time that a system's clock shows so."""
        local = self.cloud.site(site).local(self.clock())
        minutes = (hour - local.hour) * 60 + minute - local.minute
        if minutes <= 0:
            minutes += 24 * 60
        self.clock.advance(minutes=minutes, seconds=-local.second)
