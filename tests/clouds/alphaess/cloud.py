"""The fake AlphaESS Open API, and what its owner's app does beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from aiohttp import web

from ..clock import Clock, real_clock
from ..house import Energy
from ..server import FakeCloud, Route
from .accounts import Account
from .behaviour import Behaviour
from .chargers import ChargerStatus
from .compact import answer
from .context import Context
from .device_api import BindingApi, ChargerApi
from .errors import SIGN, TOO_FAST, WHITELIST, ApiError, spring_error
from .fixtures import FIXTURES, SYSTEMS, SystemSpec
from .inverter import Doing
from .read_api import ReadApi
from .settings_api import SettingsApi
from .stores import (
    ChargeStore,
    DischargeStore,
    Period,
    PeriodicStore,
    Stores,
    Versions,
    Write,
)
from .system import System
from .windows import UNUSED, Span

_HEX = "123456789abcdef0123456789abcdef"


@dataclass(frozen=True, slots=True)
class StoresNow:
    """The newest of each store: `obeyed` tells whether the inverter has them all."""

    charge: ChargeStore
    discharge: DischargeStore
    periodic: PeriodicStore
    obeyed: bool


class AlphaEssCloud(FakeCloud):
    """An AlphaESS cloud with one or more developer accounts.

    `fixture` names the systems of the first account (dossier section 7);
    `accounts` gives a list of fixtures for each of several accounts instead.
    `systems` are further systems that the platform knows, bound to nobody; one of
    the same serial replaces its fixture. `history` is how long the houses have been
    running at the start.
    """

    def __init__(
        self,
        *,
        fixture: str | Sequence[str] = "A",
        accounts: Sequence[Sequence[str]] | None = None,
        systems: Sequence[SystemSpec] = (),
        clock: Clock = real_clock,
        seed: int = 1,
        history: timedelta = timedelta(hours=2),
        latency: float = 0.0,
        behaviour: Behaviour | None = None,
    ) -> None:
        """Make the cloud; `start` opens it."""
        super().__init__(clock=clock, latency=latency)
        self.behaviour = behaviour or Behaviour()
        begin = clock() - history
        known = {spec.serial: spec for spec in (*SYSTEMS, *systems)}
        self._systems = {
            serial: System(spec, self.behaviour, begin, seed)
            for serial, spec in known.items()
        }
        first = [fixture] if isinstance(fixture, str) else fixture
        self.accounts = [
            Account(
                app_id=f"alphatest{n:010d}",
                app_secret=f"{n - 1:x}"[-1] + _HEX,
                bound=[serial for name in group for serial in FIXTURES[name]],
            )
            for n, group in enumerate(accounts or [first], 1)
        ]
        self._context = Context(
            self.clock, self.faults, self.behaviour, self.accounts, self._systems
        )
        self._binding = BindingApi(self._context)
        self._apis = (
            ReadApi(self._context),
            SettingsApi(self._context),
            self._binding,
            ChargerApi(self._context),
        )
        self._known_paths = {
            f"/api/{route.label}" for api in self._apis for route in api.routes()
        }

    # -- public: accounts and hardware -----------------------------------------

    @property
    def credentials(self) -> dict[str, str]:
        """What the owner of the first account types into a form."""
        return self.accounts[0].credentials

    @property
    def serials(self) -> list[str]:
        """All systems that are bound to some account, each once."""
        return list(dict.fromkeys(s for a in self.accounts for s in a.bound))

    @property
    def writes(self) -> list[Write]:
        """Every write of settings or to a charger that was answered with success."""
        return self._context.writes

    def system(self, serial: str) -> System:
        """Return a system of the platform, run up to now."""
        system = self._systems[serial]
        system.advance(self.clock())
        return system

    def bind(self, serial: str, account: int = 0) -> None:
        """Bind a system in the developer portal."""
        if serial not in self.accounts[account].bound:
            self.accounts[account].bound.append(self._systems[serial].spec.serial)

    def unbind(self, serial: str, account: int = 0) -> None:
        """Unbind a system in the developer portal."""
        self.accounts[account].bound.remove(serial)

    def verification_code(self, serial: str) -> str | None:
        """Return what the last mail to the owner said, None without a mail."""
        return self._binding.mailbox.get(serial)

    def set_online(self, serial: str, online: bool = True) -> None:
        """Cut or mend the line between a system and the cloud."""
        self.system(serial).set_online(online, self.clock())

    def set_ems_status(self, serial: str, status: str) -> None:
        """Set emsStatus, `Normal` or `Protection`."""
        self.system(serial).ems_status = status

    def set_charger(
        self, serial: str, status: ChargerStatus | int, number: int = 0
    ) -> None:
        """Put a charger into a status, as a cable, a card or a fault does."""
        self.system(serial).chargers[number].set(status)

    # -- public: what is so ----------------------------------------------------

    def stores(self, serial: str) -> StoresNow:
        """Return what was written last, whether it was obeyed yet or not."""
        now, stores = self.clock(), self.system(serial).stores
        return StoresNow(
            stores.charge.newest,
            stores.discharge.newest,
            stores.periodic.newest,
            all(v.newest is v.obeyed(now) for v in _all_versions(stores)),
        )

    def mode(self, serial: str) -> Doing:
        """Return what the inverter does right now, and why."""
        return self.system(serial).doing(self.clock())

    def soc(self, serial: str) -> float:
        """Return the true state of charge now, %."""
        return (self.system(serial).house.soc or 0.0) * 100

    def set_soc(self, serial: str, percent: float) -> None:
        """Fill or empty the battery by magic."""
        house = self.system(serial).house
        house.stored_kwh = house.spec.battery_kwh * percent / 100

    def schedules(self, serial: str) -> list[dict[str, Any]]:
        """Return every used window of the store that governs the system."""
        system, stores = self.system(serial), self.stores(serial)
        if system.spec.periodic:
            periodic = stores.periodic
            lists = ((0, periodic.charge), (1, periodic.discharge))
            return [
                period.payload(periodic.cycle, strategy, n)
                for strategy, periods in lists
                for n, period in enumerate(periods, 1)
            ]
        windows = (("charge", stores.charge), ("discharge", stores.discharge))
        return [
            {"direction": direction, "begin": begin, "end": end}
            for direction, store in windows
            for begin, end in store.windows
            if begin != end
        ]

    def history(
        self, serial: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, Energy]]:
        """Return (full hour, all-time counters in kWh) for start <= hour <= end."""
        return self.system(serial).history(start, end)

    # -- public: the owner's app -----------------------------------------------

    def app_set_charge(
        self,
        serial: str,
        *windows: Span,
        grid_charge: bool = True,
        bat_high_cap: float = 100,
    ) -> None:
        """Set timed charging in the app: at most two windows."""
        store = ChargeStore(int(grid_charge), _slots(windows), bat_high_cap)
        self._app_write(serial, self.system(serial).stores.charge, store)

    def app_set_discharge(
        self,
        serial: str,
        *windows: Span,
        ctr_dis: bool = True,
        bat_use_cap: float = 10,
    ) -> None:
        """Set discharge windows in the app: at most two."""
        store = DischargeStore(int(ctr_dis), _slots(windows), bat_use_cap)
        self._app_write(serial, self.system(serial).stores.discharge, store)

    def app_set_periodic(
        self,
        serial: str,
        charge: Sequence[Period] = (),
        discharge: Sequence[Period] = (),
        *,
        weekly: bool = True,
        grid_charge: bool = True,
        ctr_dis: bool = True,
    ) -> None:
        """Set the periodic schedule in the app, which may leave a list empty."""
        store = PeriodicStore(
            int(weekly), int(grid_charge), int(ctr_dis), tuple(charge), tuple(discharge)
        )
        self._app_write(serial, self.system(serial).stores.periodic, store)

    def _app_write[T](self, serial: str, versions: Versions[T], value: T) -> None:
        now = self.clock()
        versions.write(value, now, self._systems[serial].reaches_inverter(now))

    def app_save(self, serial: str) -> None:
        """Press Save in the app: what the API wrote goes to the inverter."""
        system = self.system(serial)
        system.stores.send(system.reaches_inverter(self.clock()))

    def app_set_working_mode(
        self, serial: str, mode: Literal["time_based", "self_consumption"]
    ) -> None:
        """Set the app's working mode; only the first acts on any store (2.8)."""
        self.system(serial).time_based = mode == "time_based"

    def change(self, **switches: Any) -> None:
        """Change switches of the behaviour from now on, not back in time."""
        for system in self._systems.values():
            system.advance(self.clock())
        for name, value in switches.items():
            setattr(self.behaviour, name, value)

    # -- server ----------------------------------------------------------------

    def routes(self) -> list[Route]:
        """Return all endpoints."""
        return [route for api in self._apis for route in api.routes()]

    def not_found(self, request: web.Request) -> web.Response:
        """Return 405 for a known path with another verb, 404 for any other."""
        status: Literal[404, 405]
        status = 405 if request.path in self._known_paths else 404
        return spring_error(request.path, status, self._context.told())

    def _refusal(self, code: int) -> web.Response:
        return answer(ApiError(code).body(self.behaviour), self._context.told())

    def expired_token(self, request: web.Request) -> web.Response:
        """Return the answer to a key that was replaced: 6007."""
        return self._refusal(SIGN)

    def locked_out(self, request: web.Request) -> web.Response:
        """Return the answer to an address that is not on the whitelist: 6009."""
        return self._refusal(WHITELIST)

    def throttled(self, request: web.Request, retry_after: float) -> web.Response:
        """Return 6053; this vendor never says how long to wait."""
        return self._refusal(TOO_FAST)


def _slots(windows: Sequence[Span]) -> tuple[Span, Span]:
    unused: Span = (UNUSED, UNUSED)
    first, second = (*windows, unused, unused)[:2]
    return first, second


def _all_versions(stores: Stores) -> tuple[Versions[Any], ...]:
    return stores.charge, stores.discharge, stores.periodic
