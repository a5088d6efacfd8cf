"""The pause of an account: while it lasts, nobody calls its cloud."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from homeassistant.exceptions import ServiceValidationError

from .const import DOMAIN


class AccountPaused(ServiceValidationError):
    """Nothing is asked of the cloud, because its user has switched that off."""

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__(translation_domain=DOMAIN, translation_key="account_paused")


class Pause:
    """Whether an account is paused; whoever calls its cloud asks here."""

    def __init__(self) -> None:
        """Begin without a pause: after a restart there is none."""
        self._on = False
        self._calls: set[asyncio.Timeout] = set()
        self._silent = asyncio.Event()

    @property
    def on(self) -> bool:
        """Whether nobody may call the cloud."""
        return self._on

    def check(self) -> None:
        """Raise `AccountPaused` during a pause."""
        if self._on:
            raise AccountPaused

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[None]:
        """Read from the cloud; `AccountPaused` during a pause, or once one begins."""
        self.check()
        call = asyncio.timeout(None)
        try:
            async with call:
                self._calls.add(call)
                try:
                    yield
                finally:
                    self._calls.discard(call)
                    if not self._calls:
                        self._silent.set()
            # What comes just when the pause begins counts no more.
            self.check()
        except TimeoutError:
            if call.expired():
                raise AccountPaused from None
            raise

    async def begin(self) -> None:
        """Let nobody call any more; what is being read is broken off."""
        self._on = True
        for call in self._calls:
            call.reschedule(0)
        while self._calls:
            self._silent.clear()
            await self._silent.wait()

    def end(self) -> None:
        """Let everybody call again."""
        self._on = False
