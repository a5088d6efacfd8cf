"""The plants of an account that are wanted, and the answers that are kept of them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ...core.errors import NotSupported, RateLimited
from ...core.models import Topology
from .client import FusionSolarClient
from .codes import PLANT_REFUSED, plant_refused
from .inventory import Inventory, InventoryFeed
from .limits import READABLE_TYPES
from .models import Plant, PlantDevice
from .recall import Kept, Recall, Rows


class Estate:
    """What is asked about: one call serves all plants."""

    def __init__(
        self,
        client: FusionSolarClient,
        inventory: InventoryFeed,
        recall: Recall,
        wanted: frozenset[str],
    ) -> None:
        """Know no plant yet; `wanted` are their codes, all if there are none."""
        self._client = client
        self._inventory = inventory
        self._recall = recall
        self._wanted = wanted
        self._plants: tuple[Plant, ...] = ()

    async def topology(self) -> Topology:
        """Return the plants that are wanted, of those that there are."""
        listed = await self._inventory.get()
        self._plants = tuple(
            plant
            for plant in listed.plants
            if not self._wanted or plant.code in self._wanted
        )
        return Topology(tuple(plant.code for plant in self._plants), ())

    async def look_on(self) -> bool:
        """Find out about plants that are refused; tell whether that goes on."""
        return await self._inventory.look_on()

    @property
    def inventory(self) -> Inventory | None:
        """What was listed last."""
        return self._inventory.known

    @property
    def recalled(self) -> Mapping[str, Rows]:
        """The last answers, those of before a restart too."""
        return self._recall.rows

    @property
    def plants(self) -> tuple[Plant, ...]:
        """The plants that are wanted."""
        return self._plants

    @property
    def _codes(self) -> list[str]:
        """The plants that are wanted, and not refused."""
        known = self._inventory.known
        refused = known.refused if known is not None else {}
        return [plant.code for plant in self._plants if plant.code not in refused]

    async def _recalled(
        self,
        name: str,
        ask: Callable[[Sequence[str]], Awaitable[Rows]],
        **options: Any,
    ) -> Kept:
        """Return an answer about the plants that may be asked about there.

        The first word of the name is the interface, the second one a share of it.
        """
        return await self._recall.get(name, lambda: self._granted(name, ask), **options)

    async def _granted(
        self, name: str, ask: Callable[[Sequence[str]], Awaitable[Rows]]
    ) -> Rows:
        """Ask about plants, and find out whom the interface refuses.

        RateLimited while the quota does not allow to go on with that.
        """
        search = self._inventory.grants.of(name)
        interface, _, key = name.partition(" ")
        while True:
            wait, _ = self._client.limiter.wait(interface, key)
            if search.failed and wait > timedelta():
                raise RateLimited(
                    f"{interface}: a plant is refused",
                    wait.total_seconds(),
                    reason="plants_changed",
                )
            now, codes = self._client.clock(), search.fine(self._codes)
            new = search.next_test(now)
            if search.failed and codes:
                # Those of whom all is known have waited for it.
                new = frozenset()
            part = [code for code in self._codes if code in codes or code in new]
            if not part and search.refused:
                raise plant_refused(next(iter(search.refused.values())).reason)
            try:
                rows = await ask(part)
            except NotSupported as error:
                reason = error.reason or ""
                if reason not in PLANT_REFUSED or len(self._codes) == 1:
                    raise
                if not search.refused.keys() >= set(new or part):
                    self._inventory.doubt()
                search.refuse(new or part, reason, self._client.clock())
                await self._client.api.state.save()
            else:
                search.granted(part, self._client.clock())
                return rows

    def _require(self, name: str, code: str) -> None:
        """Raise why an interface refuses a plant, if it does."""
        refusal = self._inventory.grants.of(name).refused.get(code)
        if refusal is not None:
            raise self._inventory.refusal(code, refusal.reason)

    def plant(self, code: str) -> Plant | None:
        """Return a plant, None if it is not there."""
        return next((item for item in self._plants if item.code == code), None)

    def devices(self, code: str) -> tuple[PlantDevice, ...]:
        """Return the devices of a plant, in the cloud's order."""
        known = self._inventory.known
        return () if known is None else known.of_plant(code)

    @property
    def types(self) -> tuple[int, ...]:
        """The types of devices that are asked for their values."""
        found = {
            device.type_id
            for code in self._codes
            for device in self.devices(code)
            if device.type_id in READABLE_TYPES
        }
        return tuple(sorted(found))

    def _of_type(
        self, kind: int, codes: Sequence[str] | None = None
    ) -> list[PlantDevice]:
        """Return the devices of a type, of some plants or all that are not refused."""
        codes = self._codes if codes is None else codes
        known = self._inventory.known
        listed = known.of_type(kind) if known is not None else ()
        return [device for device in listed if device.plant_code in codes]
