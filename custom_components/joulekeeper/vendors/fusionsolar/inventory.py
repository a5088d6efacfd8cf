"""The plants and devices of an account: listed once a day, and kept over restarts.

A day has some 25 device lists for the whole account, so 24 restarts would spend them.
The account's quotas follow from what is listed. Nobody waits for what takes more than a
call of each list: who is refused is found out meanwhile.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from ...core.errors import (
    AuthError,
    NotSupported,
    RateLimited,
    TransientError,
    VendorError,
)
from ..parsing import integer, mapping, objects, text, timestamp
from .client import FusionSolarClient
from .codes import PLANT_REFUSED, plant_refused, said_again
from .grants import REFUSED_AGAIN, Grants
from .limits import DEVICES
from .models import Plant, PlantDevice

LISTED_FOR: Final = timedelta(days=1)
ASKED_AGAIN: Final = timedelta(hours=1)
"""Who wants to see what is new gets it so often at most."""
_SAID_AGAIN: Final = timedelta(minutes=5)
_KEPT_FOR_LISTS: Final = 5
"""Device lists of a day that nobody spends on finding out who is refused."""
_EMPTY_FOR: Final = timedelta(days=1)
_EMPTY_LISTS: Final = 3
"""So often and so long an empty list is told, until plants are gone."""
_PART: Final = "inventory"


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an account holds, in the cloud's order.

    Devices are those of plants that are wanted and granted. `refused` are the reasons
    by the codes of those that are not granted, `asked` all whose devices are known, or who
    are refused.
    """

    plants: tuple[Plant, ...]
    devices: tuple[PlantDevice, ...]
    refused: Mapping[str, str] = field(default_factory=dict, repr=False)
    asked: frozenset[str] = field(default=frozenset(), repr=False)

    def of_plant(self, code: str) -> tuple[PlantDevice, ...]:
        """Return the devices of a plant."""
        return tuple(item for item in self.devices if item.plant_code == code)

    def of_type(self, kind: int) -> tuple[PlantDevice, ...]:
        """Return the devices of a type, of all plants."""
        return tuple(item for item in self.devices if item.type_id == kind)

    @property
    def counts(self) -> Mapping[int, int]:
        """How many devices there are of each type."""
        return Counter(item.type_id for item in self.devices)


class InventoryFeed:
    """Lists plants and devices, seldom."""

    def __init__(
        self, client: FusionSolarClient, wanted: frozenset[str] = frozenset()
    ) -> None:
        """Know nothing until the first use; all plants are wanted if none is named."""
        self._client = client
        self._wanted = wanted
        self._lock = asyncio.Lock()
        self._known: Inventory | None = None
        self._listed_at: datetime | None = None
        self._tried: frozenset[str] = frozenset()
        self._doubted = False
        self._looked_at: datetime | None = None
        self._empty_since: datetime | None = None
        self._empty_lists = 0
        self._failure: VendorError | None = None
        self._failed_at: datetime | None = None
        # Before the lists, which leave out who is refused.
        self.grants = Grants(client.api.state, client.api.login.account)
        client.api.state.bind(_PART, self._as_data, self._restore)

    @property
    def known(self) -> Inventory | None:
        """What was listed last, None before."""
        return self._known

    async def get(self, *, anew: bool = False) -> Inventory:
        """Return what the account holds, as of a day ago at most; of an hour if `anew`.

        What was listed longer ago serves on, whatever the cloud answers, unless the
        credentials are wrong. What it failed for is said again for five minutes: the
        lists are one a minute.
        """
        async with self._lock:
            await self._client.api.state.load()
            known = self._known
            if known is not None and self._is_fresh(known, anew=anew):
                return known
            try:
                found = await self._list_unless_failed(self._client.clock())
            except AuthError:
                raise
            except VendorError:
                await self._client.api.state.save()
                if known is None:
                    raise
                return known
            self._known, self._listed_at = found, self._client.clock()
            self._resize(found)
            await self._client.api.state.save()
            return found

    def _is_fresh(self, known: Inventory, *, anew: bool) -> bool:
        if self._listed_at is None:
            return False
        now = self._client.clock()
        most = ASKED_AGAIN if anew else LISTED_FOR
        codes = self._codes(known.plants)
        if known.refused and codes.issubset(known.refused):
            # Nothing can be shown, so there is nobody else who would find it out.
            search = self.grants.of(DEVICES)
            return not search.next_test(now)
        listed = {plant.code for plant in known.plants}
        if not listed.issuperset(self._wanted) or not known.devices:
            # Who has chosen another one has it listed soon; none is hardly meant so.
            most = min(most, ASKED_AGAIN)
        return (
            self._tried.issuperset(codes)
            and timedelta() <= now - self._listed_at < most
        )

    def doubt(self) -> None:
        """See soon whether one more plant is refused, for it is by another interface."""
        now = self._client.clock()
        if self._looked_at is None or now - self._looked_at >= REFUSED_AGAIN:
            self._doubted = True

    async def look_on(self) -> bool:
        """Find out more about who is refused, by one call that does not have to wait.

        Return whether somebody is refused, and it is not known yet who.
        """
        async with self._lock:
            await self._client.api.state.load()
            known, search = self._known, self.grants.of(DEVICES)
            if known is None:
                return False
            codes = self._codes(known.plants)
            fine = search.fine(sorted(codes))
            part = frozenset(fine) - known.asked
            if search.under_way or not part:
                part = search.next_test(self._client.clock())
            if not part and self._doubted:
                part = frozenset(fine)
            limiter = self._client.limiter
            if (
                part
                and limiter.left(DEVICES) > _KEPT_FOR_LISTS
                and limiter.wait(DEVICES)[0] <= timedelta()
            ):
                self._doubted = False
                self._looked_at = self._client.clock()
                await self._look(known, part)
            known = self._known or known
            unsettled = not known.asked.issuperset(self._codes(known.plants))
            return unsettled or self._doubted

    async def _look(self, known: Inventory, part: Collection[str]) -> None:
        try:
            self._known = await self._asked(known.plants, part)
        except AuthError:
            raise
        except VendorError:
            return
        self._resize(self._known)
        await self._client.api.state.save()

    async def require(self, code: str) -> None:
        """Raise why a plant is refused, if it is; it is asked for again now and then."""
        if self._known is not None and code in self._known.refused:
            raise self.refusal(code, self._known.refused[code])

    def refusal(self, code: str, reason: str) -> NotSupported:
        """Return the error for a plant that is refused."""
        error = plant_refused(reason)
        plants = self._known.plants if self._known is not None else ()
        error.about = next((item.name for item in plants if item.code == code), None)
        return error

    def _codes(self, plants: Sequence[Plant]) -> frozenset[str]:
        """Return the codes of the plants that are wanted."""
        codes = frozenset(plant.code for plant in plants)
        return codes & self._wanted if self._wanted else codes

    async def _list_unless_failed(self, now: datetime) -> Inventory:
        if self._failure is not None and self._failed_at is not None:
            left = self._failed_at + _SAID_AGAIN - now
            if timedelta() < left <= _SAID_AGAIN:
                raise said_again(self._failure, left.total_seconds())
        self._failure = None
        try:
            return await self._list()
        except VendorError as error:
            self._failure, self._failed_at = error, now
            raise

    async def _list(self) -> Inventory:
        known, (wait, _) = self._known, self._client.limiter.wait(DEVICES)
        if known is not None and wait > timedelta():
            # What is known serves on meanwhile.
            raise RateLimited(f"{DEVICES}: not now", reason="own_budget")
        plants = await self._client.plants()
        self._refuse_empty(plants)
        # Its quota grows with the plants.
        self._client.limiter.resize(len(plants), known.counts if known else {})
        codes = self._codes(plants)
        search = self.grants.of(DEVICES)
        part = search.fine(sorted(codes))
        if not part and not search.under_way:
            part = sorted(search.next_test(self._client.clock()))
        return await self._asked(plants, part)

    def _refuse_empty(self, plants: Sequence[Plant]) -> None:
        """Take an empty list for a mistake of the cloud, where there were plants.

        TransientError, until it was told several times over a day.
        """
        if plants or self._known is None or not self._known.plants:
            self._empty_since, self._empty_lists = None, 0
            return
        now = self._client.clock()
        since = self._empty_since
        if since is None or since > now:
            since, self._empty_lists = now, 0
        self._empty_since = since
        self._empty_lists += 1
        if self._empty_lists < _EMPTY_LISTS or now - since < _EMPTY_FOR:
            raise TransientError("no plants are told", reason="nothing_told")

    async def _asked(self, plants: Sequence[Plant], part: Collection[str]) -> Inventory:
        """Return the inventory, with the devices of some plants asked anew.

        One plant whose owner has not granted it refuses a call for all that are in it.
        """
        known, search = self._known, self.grants.of(DEVICES)
        devices = list(known.devices) if known is not None else []
        told = set(known.asked) if known is not None else set()
        try:
            found = await self._client.devices(sorted(part)) if part else ()
        except NotSupported as error:
            if error.reason not in PLANT_REFUSED:
                raise
            search.refuse(part, error.reason or "", self._client.clock())
        else:
            search.granted(part, self._client.clock())
            told.update(part)
            devices = [item for item in devices if item.plant_code not in part]
            devices += found
        self._tried = self._codes(plants)
        return self._inventory(plants, devices, told)

    def _inventory(
        self,
        plants: Sequence[Plant],
        devices: Sequence[PlantDevice],
        told: Collection[str],
    ) -> Inventory:
        """Return an inventory without the devices of who is refused, or not wanted."""
        codes = self._codes(plants)
        refused = {
            code: refusal.reason
            for code, refusal in self.grants.of(DEVICES).refused.items()
            if code in codes
        }
        shown = codes - refused.keys()
        return Inventory(
            tuple(plants),
            tuple(item for item in devices if item.plant_code in shown),
            refused,
            frozenset(shown.intersection(told) | refused.keys()),
        )

    def _resize(self, found: Inventory) -> None:
        self._client.limiter.resize(len(found.plants), found.counts)
        self._client.api.rights.only(found.counts.keys())

    def _restore(self, data: Any) -> None:
        saved = mapping(data)
        listed_at = timestamp(saved.get("listed_at"))
        if saved.get("account") != self._client.api.login.account or listed_at is None:
            return
        plants = map(Plant.parse, objects(saved.get("plants")))
        devices = map(PlantDevice.parse, objects(saved.get("devices")))
        asked = saved.get("asked")
        codes = filter(None, map(text, asked if isinstance(asked, list) else ()))
        self._known = self._inventory(
            tuple(filter(None, plants)), tuple(filter(None, devices)), frozenset(codes)
        )
        tried = saved.get("tried")
        if isinstance(tried, list):
            self._tried = frozenset(map(str, tried))
        self._listed_at = listed_at
        self._empty_since = timestamp(saved.get("empty_since"))
        self._empty_lists = integer(saved.get("empty_lists")) or 0
        self._resize(self._known)

    def _as_data(self) -> dict[str, Any]:
        known = self._known
        return {
            "account": self._client.api.login.account,
            "listed_at": self._listed_at and self._listed_at.isoformat(),
            "plants": [plant.as_data() for plant in known.plants] if known else [],
            "devices": [item.as_data() for item in known.devices] if known else [],
            "asked": sorted(known.asked) if known else [],
            "tried": sorted(self._tried),
            "empty_since": self._empty_since and self._empty_since.isoformat(),
            "empty_lists": self._empty_lists,
        }
