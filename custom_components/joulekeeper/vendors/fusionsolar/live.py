"""Present values: all types of devices at once, for all plants, at the right time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from ...core.errors import VendorError
from ..parsing import mapping
from .board import Board, Evidence, PlantLive
from .client import FusionSolarClient
from .estate import Estate
from .inventory import InventoryFeed
from .limits import DEVICE_REAL_TIME, READABLE_TYPES, REAL_TIME_WINDOW
from .looks import Looks, Rhythm
from .models import PlantDevice
from .pace import LOOK_AGAIN, Pace
from .readings import DeviceReading, parse_reading
from .recall import Kept, Recall, Rows
from .rows import DeviceNames

STILL_LIVE: Final = 3 * REAL_TIME_WINDOW + timedelta(seconds=30)
"""Two periods, and one that is left out."""
_SAME_POLL: Final = REAL_TIME_WINDOW / 2
_EARLY: Final = timedelta(seconds=2)
"""A poll that is so near is not kept from being made."""
_ROWS_A_TURN: Final = 25
"""That many rows are read in one turn of the event loop."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What devices of a type told, by their ids, when, and how many were asked."""

    at: datetime
    devices: int
    readings: Mapping[int, DeviceReading] = field(repr=False)


class LiveFeeds(Estate):
    """Fetches present values, in the rhythm of the account."""

    def __init__(
        self,
        client: FusionSolarClient,
        inventory: InventoryFeed,
        recall: Recall,
        evidence: Evidence,
        pace: Pace,
        looks: Looks,
        wanted: frozenset[str],
    ) -> None:
        """Know nothing yet; `wanted` are codes of plants, all if there are none."""
        super().__init__(client, inventory, recall, wanted)
        self._evidence = evidence
        self._pace = pace
        self._looks = looks
        self._boards: dict[str, Board] = {}
        self._told: dict[int, _Told] = {}
        self._parsing: dict[int, asyncio.Lock] = {}

    async def live(self, code: str) -> PlantLive:
        """Return what a plant's devices measured last.

        A type that cannot be read costs only its own values; an error when none can.
        What had to be kept from an earlier poll is shown, but makes no balance.
        """
        await self._inventory.require(code)
        results = await asyncio.gather(
            *(self._type(kind) for kind in self._oldest_first()),
            return_exceptions=True,
        )
        told: list[_Told] = []
        failures: list[BaseException] = []
        for result in results:
            if isinstance(result, _Told):
                told.append(result)
            elif isinstance(result, VendorError):
                failures.append(result)
            else:
                raise result
        if failures and not told:
            raise failures[0]
        plant, devices = self.plant(code), self.devices(code)
        self._require_some(code, devices)
        newest = max((item.at for item in told), default=self._client.clock())
        fresh = [item for item in told if newest - item.at < _SAME_POLL]
        polled_at = min((item.at for item in fresh), default=newest)

        def own(parts: Sequence[_Told]) -> dict[int, DeviceReading]:
            read: dict[int, DeviceReading] = {}
            for part in parts:
                read |= part.readings
            return {item.id: read[item.id] for item in devices if item.id in read}

        self._pace.compare(self._client.api.clock_skew)
        board = self._boards.setdefault(code, Board(self._evidence))
        return board.live(
            devices,
            own(fresh),
            plant.capacity_w if plant else None,
            polled_at,
            self._pace.measured_at(polled_at),
            own([item for item in told if item not in fresh]),
        )

    def _require_some(self, code: str, devices: Sequence[PlantDevice]) -> None:
        """Raise why a plant is refused, where all its types of devices are."""
        kinds = {item.type_id for item in devices} & READABLE_TYPES
        grants = self._inventory.grants
        if all(code in grants.of(_interface(kind)).refused for kind in kinds):
            for kind in kinds:
                self._require(_interface(kind), code)

    async def _type(self, kind: int) -> _Told:
        devices = self._of_type(kind)

        async def ask(codes: Sequence[str]) -> Rows:
            asked = self._of_type(kind, codes)
            return (await self._client.reading_rows(kind, asked))[0]

        kept = await self._recalled(
            _interface(kind),
            ask,
            about=[str(device.id) for device in devices],
            fresh_for=_SAME_POLL,
            good_for=STILL_LIVE,
            next_at=self._next_poll,
        )
        async with self._parsing.setdefault(kind, asyncio.Lock()):
            known = self._told.get(kind)
            if known is None or known.at != kept.at or known.devices != len(devices):
                known = _Told(kept.at, len(devices), await _parsed(kept, kind, devices))
                self._told[kind] = known
        return known

    def _oldest_first(self) -> list[int]:
        """Return the types, so that one that could not be asked is asked first."""
        never = datetime.min.replace(tzinfo=UTC)

        def told_at(kind: int) -> datetime:
            return self._told[kind].at if kind in self._told else never

        return sorted(self.types, key=lambda kind: (told_at(kind), kind))

    def _next_poll(self, polled_at: datetime) -> datetime:
        """Return when the poll after one is due."""
        wait = self._pace.due_in(polled_at, len(self.types), polled_at)
        return polled_at + wait - _EARLY

    def live_due_in(self, payload: PlantLive, now: datetime) -> timedelta:
        """Return when new values are there, and may be asked for.

        That is not after these have lapsed, for they may be of an earlier poll.
        """
        due_in = self._pace.due_in(payload.polled_at, len(self.types), now)
        lapses_in = payload.polled_at + STILL_LIVE - now
        return min(due_in, max(lapses_in, LOOK_AGAIN))

    async def rhythm(self) -> Rhythm:
        """Look how late the cloud shows new values, if it is time for it."""
        return await self._looks.look(
            [device for code in self._codes for device in self.devices(code)]
        )

    def rhythm_due_in(self, payload: Rhythm, now: datetime) -> timedelta:
        """Return the time to the next look."""
        return self._looks.due_in(payload, now)


def _interface(kind: int) -> str:
    """Return how the values of a type of devices are called among answers."""
    return f"{DEVICE_REAL_TIME} {kind}"


async def _parsed(
    kept: Kept, kind: int, devices: Sequence[PlantDevice]
) -> Mapping[int, DeviceReading]:
    """Return the readings in an answer; others have their turn meanwhile."""
    names = DeviceNames(devices)
    found: dict[int, DeviceReading] = {}
    for count, row in enumerate(kept.rows, 1):
        device_id = names.id_of(row)
        reading = parse_reading(mapping(row.get("dataItemMap")), kind)
        if device_id is not None and reading is not None:
            found[device_id] = reading
        if count % _ROWS_A_TURN == 0:
            await asyncio.sleep(0)
    return found
