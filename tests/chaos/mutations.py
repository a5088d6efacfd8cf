"""Ways to break the integration, each of which an invariant has to notice.

They run in the process of Home Assistant, before it starts.
"""

import asyncio
from dataclasses import replace
import json
import logging
import re
from typing import Any

import aiohttp

from custom_components.joulekeeper.core.dispatch import Dispatch, State
from custom_components.joulekeeper.core.ledger import Ledger
from custom_components.joulekeeper.entity import JoulekeeperEntity
from custom_components.joulekeeper.journal import Journal
from custom_components.joulekeeper.settle_items import ItemSettling
from custom_components.joulekeeper.settle_plan import PlanSettling
from custom_components.joulekeeper.vendors.alphaess import control as alphaess
from custom_components.joulekeeper.vendors.anker import control as anker
from custom_components.joulekeeper.watch import Watcher
from custom_components.joulekeeper.writes import Writer
from homeassistant.exceptions import ConfigEntryNotReady
from scripts.tools.chaos.story import SETTLED_IN_S

_LOGGER = logging.getLogger("custom_components.joulekeeper.mutated")
_POWER = re.compile(
    r'\\?"(ArgumentInWatts|chargePower|powerDispatch|power)\\?": ?-?[1-9][0-9]*'
)


async def _nothing(*args: Any, **options: Any) -> bool:
    return True


def never_gives_back() -> None:
    """Delete nothing, and say that it was; leave a plan as it is."""
    ItemSettling._delete = _nothing  # type: ignore[method-assign]
    run = PlanSettling.run

    async def only_lends(self: PlanSettling, changes: Any) -> None:
        if changes.send:
            await run(self, changes)

    PlanSettling.run = only_lends  # type: ignore[method-assign]


def sends_again_what_was_deleted() -> None:
    """Take what the owner has deleted for lost."""

    def sent_again(self: Dispatch, now: Any) -> Dispatch:
        return self.queued("no_answer") if self.live else self

    Dispatch._not_listed = sent_again  # type: ignore[method-assign]


def gives_back_what_it_was_lent() -> None:
    """Take a plan for what its owner wants, whatever he has changed in it since."""

    def as_it_was(self: Any, current: Any, now: Any) -> Any:
        return self.owner

    alphaess.Lent.owner_by = as_it_was  # type: ignore[method-assign]
    anker.Lent.owner_by = as_it_was  # type: ignore[method-assign]


def deletes_all() -> None:
    """Delete what others have planned too."""
    run = ItemSettling.run

    async def all_of_it(
        self: ItemSettling, changes: Any, extra: Any, *, blind: bool
    ) -> None:
        await run(self, changes, self.control.listed.items, blind=blind)

    ItemSettling.run = all_of_it  # type: ignore[method-assign]


def ten_times_the_power() -> None:
    """Write ten times the power that was asked for."""

    def stronger(found: re.Match[str]) -> str:
        return f"{found[0]}0"

    request = aiohttp.ClientSession._request

    async def changed(self: Any, method: str, url: Any, **options: Any) -> Any:
        if (body := options.get("json")) is not None:
            text = _POWER.sub(stronger, json.dumps(body))
            options["json"] = json.loads(text)
        elif isinstance(body := options.get("data"), bytes):
            options["data"] = _POWER.sub(stronger, body.decode()).encode()
        return await request(self, method, url, **options)

    aiohttp.ClientSession._request = changed  # type: ignore[method-assign, assignment]


def asks_again_and_again() -> None:
    """Make each call two dozen times, once the account has settled in."""
    request = aiohttp.ClientSession._request

    async def repeated(self: Any, method: str, url: Any, **options: Any) -> Any:
        if asyncio.get_running_loop().time() > SETTLED_IN_S:
            for _ in range(23):
                await request(self, method, url, **options)
        return await request(self, method, url, **options)

    aiohttp.ClientSession._request = repeated  # type: ignore[method-assign, assignment]


def logs_tokens() -> None:
    """Log how each request is authorized."""
    request = aiohttp.ClientSession._request

    async def logged(self: Any, method: str, url: Any, **options: Any) -> Any:
        _LOGGER.debug("asked with %s", options.get("headers"))
        return await request(self, method, url, **options)

    aiohttp.ClientSession._request = logged  # type: ignore[method-assign, assignment]


def breaks_when_it_looks() -> None:
    """Raise what nobody handles, every quarter of an hour."""

    def broken(self: Watcher, now: Any) -> None:
        raise ValueError("broken on purpose")

    Watcher._on_reconcile = broken  # type: ignore[method-assign]


def looks_well() -> None:
    """Show nothing of what goes wrong."""
    JoulekeeperEntity.available = property(lambda self: True)  # type: ignore[assignment, method-assign]


def believes_every_answer() -> None:
    """Take what a cloud has accepted for what it holds."""

    def believed(self: Dispatch, vendor_id: str | None) -> Dispatch:
        return replace(
            self,
            state=State.CONFIRMED,
            vendor_id=vendor_id,
            confirmed_at=self.sent_at,
        )

    Dispatch.accepted = believed  # type: ignore[method-assign]


def writes_nothing_down() -> None:
    """Go on when the journal could not be written."""

    async def booked(self: Writer, control: Any) -> bool:
        await book(self, control)
        return True

    book = Writer.book
    Writer.book = booked  # type: ignore[method-assign]


def loads_only_once() -> None:
    """Give up on what was kept before."""

    async def lost(self: Journal) -> None:
        await load(self)
        if self._ledgers:
            raise ConfigEntryNotReady

    load = Journal.load
    Journal.load = lost  # type: ignore[method-assign]


def measures_nothing() -> None:
    """Take what a cloud lists for what is done."""

    def unseen(self: Ledger, telemetry: Any, able: Any, now: Any) -> tuple[()]:
        return ()

    Ledger.judge = unseen  # type: ignore[method-assign]
