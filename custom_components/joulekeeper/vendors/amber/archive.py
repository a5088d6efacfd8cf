"""What the retailer tells of named days: prices, metered usage, renewables.

Dossier 1.2 and 1.5 to 1.8.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo
from itertools import chain
from typing import Final

from ...core.errors import InvalidRequest
from ...core.prices import PriceInterval, PriceSeries
from ...core.usage import Flow, Phase, RenewablesInterval, UsageInterval, in_order
from .board import PriceBoard
from .client import MOST_DAYS, RESOLUTIONS, AmberClient
from .days import by_day
from .models import CURRENCY, NEM, PriceRecord, RenewablesRecord, Site, UsageRecord
from .words import ChannelType, IntervalKind, State, UsageQuality

FLOWS: Final = {
    ChannelType.GENERAL: Flow.IMPORT,
    ChannelType.CONTROLLED_LOAD: Flow.CONTROLLED_LOAD,
    ChannelType.FEED_IN: Flow.EXPORT,
}
_PHASES: Final = {
    IntervalKind.ACTUAL: Phase.PAST,
    IntervalKind.CURRENT: Phase.RUNNING,
    IntervalKind.FORECAST: Phase.COMING,
}
_MINUTE: Final = timedelta(minutes=1)
_DECIMALS: Final = 7
_SLICE: Final = 256

_DISTRIBUTORS: Final = {
    State.NEW_SOUTH_WALES: ("ausgrid", "endeavour", "essential", "evoenergy"),
    State.QUEENSLAND: ("energex", "ergon"),
    State.SOUTH_AUSTRALIA: ("sa power",),
    State.VICTORIA: ("ausnet", "citipower", "jemena", "powercor", "united"),
}
"""Whose poles and wires are in which of the market's regions, by parts of names."""

type _Slot = tuple[datetime, datetime, Flow]


class AmberArchive:
    """The `Archive` of an account: of its sites, by id, and the states it shows.

    Raises what the client raises, and InvalidRequest `unknown_region`.
    """

    currency: Final = CURRENCY
    zone: Final[tzinfo] = NEM
    most_days: Final = MOST_DAYS
    regions: Final = tuple(state.value for state in State)

    def __init__(
        self,
        client: AmberClient,
        sites: Callable[[], Mapping[str, Site]],
        states: Callable[[], Mapping[str, State]] = dict,
    ) -> None:
        """Ask nothing yet."""
        self._client = client
        self._sites = sites
        self._states = states

    def knows(self, device_id: str) -> bool:
        """Tell whether a device is a site of the account."""
        return device_id in self._sites()

    def region(self, device_id: str) -> str | None:
        """Return the state of a device, for a site by the name of its network."""
        if (shown := self._states().get(device_id)) is not None:
            return shown.value
        site = self._sites().get(device_id)
        network = ((site and site.network) or "").casefold()
        return next(
            (
                state.value
                for state, names in _DISTRIBUTORS.items()
                if any(name in network for name in names)
            ),
            None,
        )

    async def fetch_prices(
        self, device_id: str, start: date, end: date, step: timedelta | None
    ) -> PriceSeries:
        """Return prices; what is not final is the market's forecast.

        The longest of the cloud's resolutions that fits into the step is asked for, and
        then made to fit: far forecasts are half-hourly anyway (dossier 1.2).
        """
        board = await self._client.prices(
            device_id, start, end, resolution=_resolution(step)
        )
        days: dict[date, list[PriceRecord]] = defaultdict(list)
        for item in board.records:
            days[item.span.day].append(item)
        found: list[PriceInterval] = []
        for _, records in sorted(days.items()):
            series = PriceBoard.of(records, board.asked_at).series()
            found += series if step is None else series.uniform(step)
            await asyncio.sleep(0)
        return PriceSeries(tuple(found))

    async def fetch_usage(
        self, device_id: str, start: date, end: date
    ) -> tuple[UsageInterval, ...]:
        """Return usage; several registers of one kind are added (dossier 1.7).

        What does not count in the statistics does not count here either.
        """
        days = await by_day(await self._client.usage(device_id, start, end))
        slots: dict[_Slot, list[UsageRecord]] = defaultdict(list)
        registers: dict[Flow, set[str | None]] = defaultdict(set)
        for item in chain.from_iterable(days.values()):
            if item.channel is not None:
                flow = FLOWS[item.channel]
                registers[flow].add(item.identifier)
                slots[item.span.start, item.span.end, flow].append(item)
        found: list[UsageInterval] = []
        for slot, parts in slots.items():
            found.append(_usage(slot, parts, len(registers[slot[2]])))
            if len(found) % _SLICE == 0:
                await asyncio.sleep(0)
        return tuple(sorted(found, key=in_order))

    async def fetch_renewables(
        self,
        region: str,
        previous: int | None,
        following: int | None,
        step: timedelta | None,
    ) -> tuple[RenewablesInterval, ...]:
        """Return a state's share of renewables; no token is needed (dossier 1.8)."""
        if region not in self.regions:
            raise InvalidRequest(f"no region {region}", reason="unknown_region")
        resolution = None if step is None else step // _MINUTE
        records = await self._client.renewables(
            State(region),
            previous=previous,
            following=following,
            resolution=resolution,
        )
        return tuple(map(_renewables, records))


def _resolution(step: timedelta | None) -> int | None:
    if step is None:
        return None
    fitting = (item for item in RESOLUTIONS if step % (item * _MINUTE) == timedelta())
    return max(fitting, default=min(RESOLUTIONS))


def _usage(slot: _Slot, parts: list[UsageRecord], registers: int) -> UsageInterval:
    start, end, flow = slot
    billable = all(item.quality is UsageQuality.BILLABLE for item in parts)
    known = all(item.kwh is not None and item.cost is not None for item in parts)
    return UsageInterval(
        start=start,
        end=end,
        flow=flow,
        kwh=_sum(item.kwh for item in parts),
        cost=_sum(item.cost for item in parts),
        price=parts[0].price if len({item.price for item in parts}) == 1 else None,
        settled=billable and known and len(parts) >= registers,
    )


def _sum(values: Iterator[float | None]) -> float | None:
    """Return the sum of what is known, None when nothing is."""
    known = [value for value in values if value is not None]
    return round(sum(known), _DECIMALS) if known else None


def _renewables(item: RenewablesRecord) -> RenewablesInterval:
    return RenewablesInterval(
        start=item.span.start,
        end=item.span.end,
        share=item.share,
        phase=None if item.kind is None else _PHASES[item.kind],
        descriptor=None if item.descriptor is None else item.descriptor.name.lower(),
    )
