"""Home Assistant's own REST and websocket interfaces, as a frontend uses them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from .hass import START_SECONDS, HassError, HassProcess

NAME, USERNAME, PASSWORD = "Demo", "demo", "demo"


class HassAnswerError(HassError):
    """Home Assistant answered with an error."""

    def __init__(self, path: str, status: int, text: str) -> None:
        """Keep the status, which tells bad input (400) from a failure (500)."""
        super().__init__(f"{path}: HTTP {status}: {text}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Entity:
    """A registered entity with its present state, None while it has no state."""

    entity_id: str
    unique_id: str
    key: str
    device_id: str | None
    state: str | None

    @property
    def domain(self) -> str:
        """The entity's platform."""
        return self.entity_id.partition(".")[0]

    @property
    def available(self) -> bool:
        """Tell whether the entity has a state that is not `unavailable`."""
        return self.state not in (None, "unavailable")


class HassApi:
    """A logged-in owner of a running Home Assistant."""

    def __init__(self, http: aiohttp.ClientSession, token: str) -> None:
        """Use a session with an access token, which lasts for half an hour."""
        self._http = http
        self._token = token

    async def get(self, path: str) -> Any:
        """Return the JSON answer to a GET."""
        return await self._request("GET", path)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """Post JSON and return the JSON answer."""
        return await self._request("POST", path, body)

    async def _request(
        self, method: str, path: str, body: dict[str, Any] | None = None
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}
        async with (
            _reachable(),
            self._http.request(method, path, json=body, headers=headers) as response,
        ):
            if not response.ok:
                raise HassAnswerError(path, response.status, await response.text())
            return await response.json()

    async def command(self, kind: str, **data: Any) -> Any:
        """Send a websocket command and return its result.

        A connection for each, so that none has to be kept alive between them.
        """
        async with (
            _reachable(),
            self._http.ws_connect("/api/websocket", max_msg_size=0) as ws,
        ):
            await ws.receive_json()
            await ws.send_json({"type": "auth", "access_token": self._token})
            await ws.receive_json()
            await ws.send_json({"id": 1, "type": kind, **data})
            answer = await ws.receive_json()
        if not answer["success"]:
            raise HassError(f"{kind}: {answer['error']}")
        return answer["result"]

    async def action(self, domain: str, name: str, data: dict[str, Any]) -> Any:
        """Call an action and return its response data."""
        answer = await self.post(f"/api/services/{domain}/{name}?return_response", data)
        return answer["service_response"]

    async def add_entry(self, domain: str, answers: Mapping[str, Any]) -> str:
        """Walk a config flow, giving each form what it asks for; return the entry.

        Of a menu the first item is taken.
        """
        path = "/api/config/config_entries/flow"
        step = await self.post(path, {"handler": domain})
        while step["type"] in ("form", "menu"):
            if step["type"] == "menu":
                chosen = {"next_step_id": step["menu_options"][0]}
                step = await self.post(f"{path}/{step['flow_id']}", chosen)
                continue
            if step["errors"]:
                raise HassError(f"step {step['step_id']}: {step['errors']}")
            data = _filled(step["data_schema"], answers)
            step = await self.post(f"{path}/{step['flow_id']}", data)
        if step["type"] != "create_entry":
            raise HassError(f"the config flow ended with {step}")
        entry_id: str = step["result"]["entry_id"]
        return entry_id

    async def remove_entry(self, entry_id: str) -> None:
        """Remove a config entry."""
        path = f"/api/config/config_entries/entry/{entry_id}"
        await self._request("DELETE", path)

    async def prefer_24_hours(self) -> None:
        """Have the frontend show times from 0 to 24 hours; the rest is its default."""
        await self.command(
            "frontend/set_user_data",
            key="language",
            value={
                "language": "en",
                "number_format": "language",
                "time_format": "24",
                "date_format": "language",
                "time_zone": "local",
                "first_weekday": "language",
            },
        )

    async def entry_state(self, entry_id: str) -> str:
        """Return the state of a config entry, such as `loaded`."""
        entry = await self.command("config_entries/get_single", entry_id=entry_id)
        state: str = entry["config_entry"]["state"]
        return state

    async def entities(self, entry_id: str | None = None) -> list[Entity]:
        """Return the enabled entities of a config entry, or all that there are."""
        registered = await self.command("config/entity_registry/list")
        states = {s["entity_id"]: s["state"] for s in await self.command("get_states")}
        return [
            Entity(
                item["entity_id"],
                item["unique_id"],
                item["translation_key"] or "",
                item["device_id"],
                states.get(item["entity_id"]),
            )
            for item in registered
            if entry_id in (None, item["config_entry_id"])
            and item["disabled_by"] is None
        ]

    async def devices(self, entry_id: str) -> list[dict[str, Any]]:
        """Return the devices of a config entry."""
        devices = await self.command("config/device_registry/list")
        return [item for item in devices if entry_id in item["config_entries"]]


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    """Turn a broken connection into an error for a person."""
    try:
        yield
    except aiohttp.ClientError as err:
        raise HassError(f"Home Assistant cannot be reached: {err!r}") from err


def _filled(schema: list[dict[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Fill a form and its sections with the answers that it has fields for."""
    filled: dict[str, Any] = {}
    for item in schema:
        name = item["name"]
        if item.get("type") == "expandable":
            filled[name] = _filled(item["schema"], answers)
        elif name in answers:
            filled[name] = answers[name]
    return filled


@asynccontextmanager
async def logged_in(hass: HassProcess) -> AsyncIterator[HassApi]:
    """Wait for Home Assistant, create the demo user and log in."""
    client_id = f"{hass.url}/"
    async with aiohttp.ClientSession(hass.url) as http:

        async def answers() -> bool:
            try:
                async with http.get("/api/onboarding") as response:
                    return response.ok
            except aiohttp.ClientError:
                return False

        await hass.until("Home Assistant to answer", START_SECONDS, answers)
        user = {
            "name": NAME,
            "username": USERNAME,
            "password": PASSWORD,
            "client_id": client_id,
            "language": "en",
        }
        async with http.post("/api/onboarding/users", json=user) as response:
            response.raise_for_status()
            code = (await response.json())["auth_code"]
        grant = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": client_id,
        }
        async with http.post("/auth/token", data=grant) as response:
            response.raise_for_status()
            token = (await response.json())["access_token"]
        api = HassApi(http, token)

        async def running() -> bool:
            state: str = (await api.command("get_config"))["state"]
            return state == "RUNNING"

        await hass.until("Home Assistant to start", START_SECONDS, running)
        yield api
