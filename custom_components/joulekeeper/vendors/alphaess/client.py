"""HTTP client of the AlphaESS Open API: all 19 endpoints (dossier section 2)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from ...core.errors import InvalidRequest, ProtocolError, Rejected, TransientError
from ..base import Connection, VendorCall
from ..http import HttpClient
from ..parsing import number
from .api import SignedApi, call_to
from .codes import ALREADY_BOUND_REASON
from .ev import EvCharger, EvStatus
from .models import DayEnergy, DayPower, LivePower, Summary, System
from .pace import Pace
from .periodic import PeriodicSchedule
from .settings import ChargeSettings, DischargeSettings


def charge_settings_call(serial: str, settings: ChargeSettings) -> VendorCall:
    """Return the write of a system's grid charging; InvalidRequest as `as_body`."""
    return call_to(
        "updateChargeConfigInfo", "charge_settings_set", settings.as_body(serial)
    )


def discharge_settings_call(serial: str, settings: DischargeSettings) -> VendorCall:
    """Return the write of a system's discharging; InvalidRequest as `as_body`."""
    return call_to(
        "updateDisChargeConfigInfo", "discharge_settings_set", settings.as_body(serial)
    )


def periodic_schedule_call(serial: str, schedule: PeriodicSchedule) -> VendorCall:
    """Return the write of a system's periodic plan; InvalidRequest as `as_body`."""
    return call_to("setTimeChargeBySn", "periodic_set", schedule.as_body(serial))


def household_current_call(serial: str, amperes: float) -> VendorCall:
    """Return the write of the household's current limit.

    InvalidRequest `current_not_positive`; up to what the cloud takes is not known.
    """
    if (current := number(amperes)) is None or current <= 0:
        raise InvalidRequest("no current to set", reason="current_not_positive")
    current = int(current) if current == int(current) else current
    return call_to(
        "setEvChargerCurrentsBySn",
        "ev_current_set",
        {"sysSn": serial, "currentsetting": current},
    )


def ev_control_call(serial: str, charger: str, *, charge: bool) -> VendorCall:
    """Return the start or the stop of an EV charger."""
    return call_to(
        "remoteControlEvCharger",
        "ev_control",
        {"sysSn": serial, "evchargerSn": charger, "controlMode": int(charge)},
    )


class AlphaEssClient:
    """One account (an AppID): typed payloads out, `core.errors` raised.

    What every call may raise is told at `SignedApi`. Serial numbers are given in full;
    the limits of writes are for the caller to keep. `raw` keeps the last `data` of each
    read for diagnostics.
    """

    def __init__(self, connection: Connection, pace: Pace | None = None) -> None:
        """Prepare; nothing is sent before the first call.

        Credentials are `app_id`, `app_secret` and, optionally, `base_url`. Without a
        `pace` no call waits for another.
        """
        self.clock = connection.clock
        self.raw: dict[str, Any] = {}
        self._pace = pace
        self._api = SignedApi(connection, pace)

    @property
    def http(self) -> HttpClient:
        """Where the calls are counted."""
        return self._api.http

    @property
    def clock_skew(self) -> timedelta | None:
        """The cloud's clock less ours by its last answer, within some seconds."""
        return self._api.signer.skew

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be shown."""
        return self._api.signer.secrets

    def without_waiting(self, calls: int) -> None:
        """Let the next calls, so many of them, go at once: somebody waits for them."""
        if self._pace is not None:
            self._pace.allow_at_once(calls)

    # -- readings --------------------------------------------------------------

    async def systems(self) -> tuple[System, ...]:
        """Return the systems bound to the AppID, none for an empty account (2.1).

        TransientError when the cloud has nothing to say, which is no empty list.
        """
        data = await self._api.get("getEssList", "systems")
        self.raw["systems"] = data
        if data is None:
            raise TransientError("systems: nothing told")
        # A single object was met by the vendor's own demo.
        found = _list([data] if isinstance(data, dict) else data, "systems")
        return tuple(filter(None, map(System.parse, found)))

    async def live_power(self, serial: str) -> LivePower:
        """Return the present power flow (2.2); all None where there is only history.

        TransientError `offline` is one way to say that the system is not reachable, a
        blank answer the other.
        """
        return LivePower.parse(
            await self._object("getLastPowerData", "live_power", serial)
        )

    async def day_power(self, serial: str, day: date) -> DayPower:
        """Return the 5-minute samples of a day of the plant's calendar (2.3)."""
        data = await self._read(
            "getOneDayPowerBySn", "day_power", serial, queryDate=day.isoformat()
        )
        return DayPower.parse(_list(data, "day_power"))

    async def day_energy(self, serial: str, day: date) -> DayEnergy:
        """Return the energies of a day of the plant's calendar (2.4)."""
        return DayEnergy.parse(
            await self._object(
                "getOneDateEnergyBySn", "day_energy", serial, queryDate=day.isoformat()
            )
        )

    async def summary(self, serial: str) -> Summary:
        """Return today's and all energies and incomes (2.5)."""
        return Summary.parse(
            await self._object("getSumDataForCustomer", "summary", serial)
        )

    # -- settings --------------------------------------------------------------

    async def charge_settings(self, serial: str) -> ChargeSettings:
        """Return the daily store of grid charging (2.6)."""
        return ChargeSettings.parse(
            await self._object("getChargeConfigInfo", "charge_settings", serial)
        )

    async def set_charge_settings(self, serial: str, settings: ChargeSettings) -> None:
        """Replace the daily store of grid charging; InvalidRequest as `as_body`."""
        await self.send(charge_settings_call(serial, settings))

    async def discharge_settings(self, serial: str) -> DischargeSettings:
        """Return the daily store of discharging (2.7)."""
        return DischargeSettings.parse(
            await self._object("getDisChargeConfigInfo", "discharge_settings", serial)
        )

    async def set_discharge_settings(
        self, serial: str, settings: DischargeSettings
    ) -> None:
        """Replace the daily store of discharging; InvalidRequest as `as_body`."""
        await self.send(discharge_settings_call(serial, settings))

    async def periodic_schedule(self, serial: str) -> PeriodicSchedule:
        """Return the periodic schedule (2.8).

        NotSupported `not_entitled` where the system only has the daily stores.
        """
        return PeriodicSchedule.parse(
            await self._object("getTimeChargeBySn", "periodic", serial)
        )

    async def set_periodic_schedule(
        self, serial: str, schedule: PeriodicSchedule
    ) -> None:
        """Replace the periodic schedule; InvalidRequest as `as_body`."""
        await self.send(periodic_schedule_call(serial, schedule))

    def wait_s(self, call: VendorCall) -> float:
        """Return how long a write would be held back for the cloud's sake, s."""
        return self._api.wait_s(call)

    async def send(self, call: VendorCall) -> None:
        """Make a write that one of the functions above returned.

        Success means stored: whether the inverter acts is for its power to show.
        Rejected with the cloud's own words, NotSupported `not_entitled`, TransientError
        `offline`: nothing was changed. OutcomeUnknown: look before doing it again.
        """
        await self._api.send(call)

    # -- binding ---------------------------------------------------------------

    async def request_verification_code(self, serial: str, check_code: str) -> bool:
        """Have a code mailed to the owner (2.9); False if the system is bound already.

        The check code is on the device's label. Rejected `check_code_wrong` or
        `no_owner`, NotFound `unknown_system`.
        """
        return await self._unless_bound(
            call_to(
                "getVerificationCode",
                "verification",
                {"sysSn": serial, "checkCode": check_code},
                method="GET",
            )
        )

    async def bind(self, serial: str, code: str) -> None:
        """Bind a system with the mailed code, or find it bound already (2.9).

        Rejected `verification_code_wrong`.
        """
        await self._unless_bound(
            call_to("bindSn", "bind", {"sysSn": serial, "code": code})
        )

    async def unbind(self, serial: str) -> None:
        """Unbind a system (2.9); NotFound `not_bound` if it was not bound."""
        await self.send(call_to("unBindSn", "unbind", {"sysSn": serial}))

    # -- EV chargers -----------------------------------------------------------

    async def ev_chargers(self, serial: str) -> tuple[EvCharger, ...]:
        """Return the EV chargers of a system, mostly none (2.10)."""
        data = await self._read("getEvChargerConfigList", "ev_chargers", serial)
        return tuple(filter(None, map(EvCharger.parse, _list(data, "ev_chargers"))))

    async def ev_household_current(self, serial: str) -> float | None:
        """Return the limit of the household's current in A: not that of charging."""
        data = await self._object("getEvChargerCurrentsBySn", "ev_current", serial)
        return number(data.get("currentsetting"))

    async def set_ev_household_current(self, serial: str, amperes: float) -> None:
        """Set the limit of the household's current.

        InvalidRequest `current_not_positive`.
        """
        await self.send(household_current_call(serial, amperes))

    async def ev_status(self, serial: str, charger: str) -> EvStatus:
        """Return what an EV charger of a system does (2.10)."""
        label = "ev_status"
        params = {"sysSn": serial, "evchargerSn": charger}
        data = await self._api.get("getEvChargerStatusBySn", label, params)
        self.raw[f"{label} {charger}"] = data
        return EvStatus.parse(data)

    async def control_ev(self, serial: str, charger: str, *, charge: bool) -> None:
        """Start or stop charging; what the charger makes of it, its status shows."""
        await self.send(ev_control_call(serial, charger, charge=charge))

    # --------------------------------------------------------------------------

    async def _unless_bound(self, call: VendorCall) -> bool:
        try:
            await self.send(call)
        except Rejected as error:
            if error.reason != ALREADY_BOUND_REASON:
                raise
            return False
        return True

    async def _read(self, name: str, label: str, serial: str, **more: str) -> Any:
        data = await self._api.get(name, label, {"sysSn": serial, **more})
        self.raw[f"{label} {serial}"] = data
        return data

    async def _object(
        self, name: str, label: str, serial: str, **more: str
    ) -> Mapping[str, Any]:
        data = await self._read(name, label, serial, **more)
        if data is None:
            return {}
        if not isinstance(data, dict):
            raise ProtocolError(f"{label}: data is not an object", reason="wrong_type")
        return data


def _list(data: Any, label: str) -> Sequence[Mapping[str, Any]]:
    if data is None:
        return ()
    if not isinstance(data, list):
        raise ProtocolError(f"{label}: data is not a list", reason="wrong_type")
    return [item for item in data if isinstance(item, dict)]
