"""The devices of an account that have a plan, and who may write to them when."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .account import LoadedAccount
from .const import DOMAIN
from .control import DeviceControl
from .issues import async_create_loan_issue
from .journal import Journal
from .pause import AccountPaused


class Controls:
    """Every device of an account that has a plan, now and later."""

    def __init__(
        self, entry: ConfigEntry, account: LoadedAccount, journal: Journal
    ) -> None:
        """Take on nothing before `async_start`."""
        self._entry = entry
        self._account = account
        self._journal = journal
        self._controls: dict[str, DeviceControl] = {}
        self._closing = False
        self._resting = False
        self._wake_listeners: list[Callable[[], None]] = []

    def __iter__(self) -> Iterator[DeviceControl]:
        """Return every one."""
        return iter(tuple(self._controls.values()))

    @property
    def account(self) -> LoadedAccount:
        """The account whose devices they are."""
        return self._account

    def get(self, device_id: str) -> DeviceControl | None:
        """Return who controls a device itself."""
        return self._controls.get(device_id)

    def for_device(self, device_id: str) -> tuple[DeviceControl, ...]:
        """Return who controls a device, the nearest first.

        A battery is controlled by its inverter; what an inverter cannot do may be a
        matter of its site. Raises ServiceValidationError when nobody has a plan.
        """
        controls: list[DeviceControl] = []
        next_id: str | None = device_id
        while next_id is not None:
            if (control := self._controls.get(next_id)) is not None:
                controls.append(control)
            device = self._account.device(next_id)
            next_id = device.parent_id if device else None
        if not controls:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key="not_controllable"
            )
        return tuple(controls)

    @callback
    def async_start(self) -> None:
        """Follow the account: its devices come and go."""
        self._entry.async_on_unload(self._account.async_on_device(self._follow))

    @callback
    def _follow(self, source_id: str) -> None:
        """Take on who controls the devices of a source, or let them go with it."""
        controllers = self._account.controllers_from(source_id)
        if not controllers and (gone := self._controls.pop(source_id, None)):
            loan = gone.ledger.loan
            if loan is not None and loan.mine:
                async_create_loan_issue(
                    self._account.hass, self._entry, source_id, loan
                )
        for controller in controllers:
            if (known := self._controls.get(controller.device_id)) is not None:
                known.controller = controller
            else:
                self._controls[controller.device_id] = DeviceControl(
                    controller,
                    self._account,
                    self._journal,
                    self._journal.ledger(controller.device_id),
                )

    async def async_close(self) -> None:
        """Let the writes that run come to their end, and begin no more."""
        self._closing = True
        for control in self:
            async with control.lock:
                pass
        await self._journal.save()

    @callback
    def async_rest(self) -> None:
        """Give nobody a turn any more; one that is held goes on to its end."""
        self._resting = True

    @callback
    def async_wake(self) -> None:
        """Give turns again, and have all looked at that was left meanwhile."""
        self._resting = False
        for listener in list(self._wake_listeners):
            listener()

    @callback
    def async_on_wake(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call the listener after each rest; return what ends that."""
        self._wake_listeners.append(listener)
        return lambda: self._wake_listeners.remove(listener)

    @property
    def resting(self) -> bool:
        """Whether nothing may be written, for the account is paused or about to be."""
        return self._resting

    def check_awake(self) -> None:
        """Raise `AccountPaused` while nothing may be written."""
        if self._resting:
            raise AccountPaused

    @asynccontextmanager
    async def turn(
        self, control: DeviceControl, *, last: bool = False
    ) -> AsyncIterator[None]:
        """Hold a device's lock; nobody gets a turn once the account is closing.

        The `last` turn before a rest is had although there are no others any more.
        """
        async with control.lock:
            if not last:
                self.check_awake()
            if self._closing:
                raise HomeAssistantError(
                    translation_domain=DOMAIN, translation_key="account_closing"
                )
            yield
