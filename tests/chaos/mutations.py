"""Ways to break the integration, each of which an invariant has to notice.

They run in the process of Home Assistant, before it starts.
"""

from collections.abc import Callable
import logging
from typing import Any

import aiohttp

from custom_components.joulekeeper.core.dispatch import Dispatch
from custom_components.joulekeeper.entity import JoulekeeperEntity
from custom_components.joulekeeper.settle_items import ItemSettling
from custom_components.joulekeeper.watch import Watcher

_LOGGER = logging.getLogger("custom_components.joulekeeper.mutated")


async def _nothing(*args: Any, **options: Any) -> bool:
    return True


def never_gives_back() -> None:
    """Delete nothing, and say that it was."""
    ItemSettling._delete = _nothing  # type: ignore[method-assign]


def sends_again_what_was_deleted() -> None:
    """Take what the owner has deleted for lost."""

    def sent_again(self: Dispatch, now: Any) -> Dispatch:
        return self.queued("no_answer") if self.live else self

    Dispatch._not_listed = sent_again  # type: ignore[method-assign]


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

    def stronger(body: Any) -> Any:
        if not isinstance(body, dict) or "DesiredMode" not in body:
            return body
        wish = body["DesiredMode"]
        more = {**wish, "ArgumentInWatts": wish["ArgumentInWatts"] * 10}
        return {**body, "DesiredMode": more}

    _rewrite_bodies(stronger)


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


def _rewrite_bodies(change: Callable[[Any], Any]) -> None:
    request = aiohttp.ClientSession._request

    async def changed(self: Any, method: str, url: Any, **options: Any) -> Any:
        options["json"] = change(options.get("json"))
        return await request(self, method, url, **options)

    aiohttp.ClientSession._request = changed  # type: ignore[method-assign, assignment]
