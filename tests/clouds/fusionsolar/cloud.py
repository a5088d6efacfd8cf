"""The fake FusionSolar cloud, and what owner, installer and others do beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from aiohttp import web

from ..clock import Clock, real_clock
from ..faults import Fault
from ..house import Energy
from ..server import FakeCloud, Route
from .accounts import Account, Sessions
from .alarms import MAJOR, Alarm
from .behaviour import Behaviour
from .context import Body, Context
from .control_api import ControlApi
from .device_api import DeviceApi
from .devices import items
from .errors import (
    NO_RIGHT,
    NOT_LOGGED_IN,
    TOO_OFTEN,
    answer,
    bad_login,
    no_access,
    not_logged_in,
    page,
    too_often,
)
from .fixtures import FIXTURES, READABLE, DeviceSpec, PlantSpec
from .inverter import BatteryLimits, BatteryMode, Doing, FeedIn
from .plant import Plant
from .plant_api import PlantApi
from .quotas import Estate, Quotas
from .tasks import KINDS, TaskOutcome
from .telemetry import Record

type Fixture = str | PlantSpec

CONTROLS = ("dispatch", "dispatchStatus", *KINDS, *(f"{kind}Info" for kind in KINDS))


class FusionSolarCloud(FakeCloud):
    """A FusionSolar cloud with one or more northbound accounts.

    `fixture` names the plants of the first account (dossier section 7); `accounts`
    gives a list of fixtures for each of several accounts instead. Accounts see
    the same plant where they name the same. `history` is how long the houses have
    been running at the start; before that, counters are a guess that balances.
    """

    def __init__(
        self,
        *,
        fixture: Fixture | Sequence[Fixture] = "A",
        accounts: Sequence[Sequence[Fixture]] | None = None,
        clock: Clock = real_clock,
        seed: int = 1,
        history: timedelta = timedelta(hours=2),
        latency: float = 0.0,
        behaviour: Behaviour | None = None,
    ) -> None:
        """Make the cloud; `start` opens it."""
        super().__init__(clock=clock, latency=latency)
        self.behaviour = behaviour or Behaviour()
        self._seed = seed
        self._begin = clock() - history
        self._plants: dict[str, Plant] = {}
        self.accounts: list[Account] = []
        first = [fixture] if isinstance(fixture, str | PlantSpec) else fixture
        for n, group in enumerate(accounts or [first], 1):
            plants: dict[str, Plant] = {}
            quotas = Quotas(partial(_estate, plants), self.behaviour)
            self.accounts.append(
                Account(f"api_demo_{n:02d}", f"Sample-Pw-{n}", plants, quotas)
            )
            for name in group:
                self.add(name, account=n - 1)
        self.sessions = Sessions(self.accounts, self.behaviour, seed)
        self._context = Context(
            self.clock, self.faults, self.behaviour, self.accounts, self.sessions
        )
        self._control = ControlApi(self._context)
        self._apis = (
            PlantApi(self._context),
            DeviceApi(self._context),
            self._control,
        )

    # -- public: accounts and plants -------------------------------------------

    @property
    def credentials(self) -> dict[str, str]:
        """What the owner of the first account types into a form."""
        return self.accounts[0].credentials

    @property
    def serials(self) -> list[str]:
        """The codes of all plants, each once."""
        return list(dict.fromkeys(code for a in self.accounts for code in a.plants))

    def add(self, fixture: Fixture, account: int = 0) -> None:
        """Give an account the plants of a fixture, at any time."""
        specs = FIXTURES[fixture] if isinstance(fixture, str) else (fixture,)
        for spec in specs:
            if spec.code not in self._plants:
                self._plants[spec.code] = Plant(
                    spec, self.behaviour, self._begin, self._seed
                )
            self.accounts[account].plants[spec.code] = self._plants[spec.code]

    def remove(self, serial: str, account: int = 0) -> None:
        """Take a plant out of an account, as if sold."""
        del self.accounts[account].plants[serial]

    def plant(self, serial: str) -> Plant:
        """Return a plant, its house run up to now."""
        plant = self._plants[serial]
        plant.advance(self.clock())
        return plant

    def device(self, serial: str, kind: int, number: int = 0) -> DeviceSpec:
        """Return a plant's device of a type."""
        devices = self._plants[serial].spec.devices
        return [device for device in devices if device.kind == kind][number]

    def set_online(self, serial: str, online: bool = True) -> None:
        """Cut or mend the line between a plant and the cloud."""
        self.plant(serial).set_online(online, self.clock())

    def set_device_online(self, serial: str, kind: int, online: bool = True) -> None:
        """Cut or mend the line to the devices of a type."""
        for device in self.plant(serial).spec.devices:
            if device.kind == kind:
                offline = self._plants[serial].offline_devices
                (offline.discard if online else offline.add)(device.number)

    def rename(self, serial: str, name: str) -> None:
        """Rename a plant in the app."""
        self._plants[serial].spec = replace(self._plants[serial].spec, name=name)

    # -- public: sessions, rights and quotas -----------------------------------

    def log_in_elsewhere(self, account: int = 0) -> None:
        """Let another program log in, which ends the session here."""
        self.sessions.new_session(self.accounts[account], self.clock())

    def expire_tokens(self) -> None:
        """Make every token stale while clients think them valid."""
        for account in self.accounts:
            account.drop_session()

    def set_password(self, system_code: str, account: int = 0) -> None:
        """Change a password; whoever is logged in is out."""
        self.accounts[account].system_code = system_code
        self.accounts[account].drop_session()

    def lock(self, account: int = 0) -> None:
        """Lock an account for half an hour, as wrong passwords do."""
        self.accounts[account].locked_until = self.clock() + timedelta(minutes=30)
        self.accounts[account].drop_session()

    def grant(self, serial: str, granted: bool = True) -> None:
        """Let the owner open a plant to the account, or close it (20056)."""
        self._plants[serial].granted = granted

    def allow(self, *labels: str, allowed: bool = True, account: int = 0) -> None:
        """Tick interfaces of an account in the installer's page, or untick them."""
        denied = self.accounts[account].denied
        for label in labels:
            (denied.discard if allowed else denied.add)(label)

    def allow_control(self, allowed: bool = True, account: int = 0) -> None:
        """Tick or untick all that controls."""
        self.allow(*CONTROLS, allowed=allowed, account=account)

    def spend(self, label: str, calls: int = 1, account: int = 0) -> None:
        """Let another customer of the same account make calls."""
        self.accounts[account].quotas.spend(label, self.clock(), calls)

    @property
    def over_quota(self) -> dict[str, int]:
        """Calls beyond the quotas so far, by label."""
        total: dict[str, int] = {}
        for account in self.accounts:
            for label, count in account.quotas.refused.items():
                total[label] = total.get(label, 0) + count
        return total

    def answer_with(
        self, where: str, code: int, times: int = 1, *, http: bool = False
    ) -> None:
        """Answer the next calls of an endpoint with a failCode, or HTTP status."""
        body: Mapping[str, Any] = {
            NOT_LOGGED_IN: not_logged_in(305),
            306: not_logged_in(306),
            NO_RIGHT: no_access(),
            TOO_OFTEN: too_often(),
        }.get(
            code,
            {
                "success": False,
                "data": None,
                "failCode": code,
                "params": None,
                "message": None,
            },
        )
        if http:
            self.faults.add(where, Fault.STATUS, status=code, times=times)
        else:
            self.faults.add(where, Fault.STATUS, status=200, body=body, times=times)

    # -- public: what is so ----------------------------------------------------

    def truth(self, serial: str, kind: int | None = None) -> Record:
        """Return the record that the cloud shows now, of a type of devices."""
        lag = self.behaviour.type_lag_s.get(kind or 0, 0.0)
        return self.plant(serial).latest(self.clock(), lag)

    def shown(self, serial: str, device: DeviceSpec) -> dict[str, Any]:
        """Return the dataItemMap of a device as it is told now."""
        record = self.truth(serial, device.kind)
        return items(self._plants[serial], device, record, self.behaviour)

    def told_next(self, serial: str) -> datetime:
        """Return when the record after the present one is told."""
        recorder = self.plant(serial).recorder
        return recorder.published_at(self.truth(serial).mark + 1)

    def doing(self, serial: str) -> Doing:
        """Return what a plant does now, and why."""
        return self.plant(serial).doing

    def soc(self, serial: str) -> float:
        """Return the true state of charge now, %."""
        return self.plant(serial).soc

    def set_soc(self, serial: str, percent: float) -> None:
        """Fill or empty the battery by magic."""
        house = self.plant(serial).house
        house.stored_kwh = house.spec.battery_kwh * percent / 100

    def battery_mode(self, serial: str) -> BatteryMode:
        """Return the working mode in force."""
        return self.plant(serial).mode.at(self.clock())

    def battery_limits(self, serial: str) -> BatteryLimits:
        """Return the battery parameters in force."""
        return self.plant(serial).limits.at(self.clock())

    def feed_in(self, serial: str) -> FeedIn:
        """Return the feed-in limit in force."""
        return self.plant(serial).feed_in.at(self.clock())

    def schedules(self, serial: str) -> list[dict[str, Any]]:
        """Return the dispatch that runs, if any, and the windows of the TOU table."""
        windows = [window.payload() for window in self.battery_mode(serial).windows]
        running = self.plant(serial).running(self.clock())
        if running is None:
            return windows
        return [
            {
                "requestID": running.number,
                "chargeOrDischarge": "charge" if running.charge else "discharge",
                "power_w": running.power_w,
                "begins": running.begins.isoformat(),
                "minutes": running.minutes,
                "until_soc": running.until_soc,
            },
            *windows,
        ]

    def history(
        self, serial: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, Energy]]:
        """Return (full hour, all-time counters in kWh) for start <= hour <= end."""
        return self.plant(serial).history(start, end)

    # -- public: what others do ------------------------------------------------

    def next_task(self, serial: str, *outcomes: TaskOutcome) -> None:
        """Decide how the next control tasks of a plant end."""
        self._control.outcomes[serial].extend(outcomes)

    def app_set_mode(self, serial: str, mode: BatteryMode) -> None:
        """Set the working mode in the app."""
        self.plant(serial).mode.set(mode, self.clock())

    def app_set_limits(self, serial: str, limits: BatteryLimits) -> None:
        """Set battery parameters in the app."""
        self.plant(serial).limits.set(limits, self.clock())

    def app_set_feed_in(self, serial: str, feed_in: FeedIn) -> None:
        """Set the feed-in limit in the app."""
        self.plant(serial).feed_in.set(feed_in, self.clock())

    def raise_alarm(
        self, serial: str, kind: int, alarm_id: int = 2032, level: int = MAJOR
    ) -> Alarm:
        """Let the first device of a type raise an alarm, and return it."""
        alarm = Alarm(alarm_id, self.device(serial, kind), self.clock(), level)
        self.plant(serial).alarms.append(alarm)
        return alarm

    def clear_alarms(self, serial: str) -> None:
        """End all alarms of a plant."""
        self.plant(serial).alarms.clear()

    def change(self, **switches: Any) -> None:
        """Change switches of the behaviour from now on, not back in time."""
        for plant in self._plants.values():
            plant.advance(self.clock())
        for name, value in switches.items():
            if not hasattr(self.behaviour, name):
                raise AttributeError(name)
            setattr(self.behaviour, name, value)

    # -- server ----------------------------------------------------------------

    def routes(self) -> list[Route]:
        """Return all endpoints."""
        free = self._context.open
        return [
            Route("POST", "/thirdData/login", "login", free(self._login)),
            Route("POST", "/thirdData/logout", "logout", free(self._logout)),
            *(route for api in self._apis for route in api.routes()),
        ]

    async def _login(self, body: Body) -> web.Response:
        return self.sessions.login(body, self.clock())

    async def _logout(self, body: Body) -> web.Response:
        return answer(self.sessions.logout(body, self.clock()))

    def not_found(self, request: web.Request) -> web.Response:
        """Return the page for a path or verb that nobody serves."""
        return self._context.wrong_host() or page("404 Not Found", 404)

    def expired_token(self, request: web.Request) -> web.Response:
        """Return the answer to a stale token: 305."""
        return self.sessions.refusal()

    def locked_out(self, request: web.Request) -> web.Response:
        """Return the answer to a locked account: 20400 with another message."""
        return answer(bad_login(self.behaviour.locked_message))

    def throttled(self, request: web.Request, retry_after: float) -> web.Response:
        """Return 407; this vendor never says how long to wait."""
        return answer(too_often())


def _estate(plants: Mapping[str, Plant]) -> Estate:
    kinds = [
        device.kind
        for plant in plants.values()
        for device in plant.spec.devices
        if device.kind in READABLE
    ]
    return Estate(len(plants), {kind: kinds.count(kind) for kind in set(kinds)})
