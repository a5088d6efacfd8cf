"""The invented sites of dossier 7.1, and some more. Nobody's meter is so numbered."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import NamedTuple

from ..house import Energy, HouseSpec
from ..sun import Panels
from .tariffs import ChannelType, Tariff


class ChannelSpec(NamedTuple):
    """A register of the meter and its network tariff."""

    identifier: str
    type: ChannelType
    tariff: str


@dataclass(frozen=True, slots=True)
class SiteSpec:
    """One site. Dates are NEM days; it is `closed` from `closed_on` + 1 day on.

    `five_minutes_from` is the first day that is billed in 5-minute intervals, where
    those before it were billed in half-hours. A site of a `legacy` body tells no
    intervalLength.
    """

    site_id: str
    nmi: str
    channels: tuple[ChannelSpec, ...]
    network: str = "Ausgrid"
    state: str = "nsw"
    tariff: Tariff = field(default=Tariff())
    interval_minutes: int = 5
    five_minutes_from: date | None = None
    active_from: date | None = date(2024, 5, 1)
    closed_on: date | None = None
    legacy: bool = False
    house: HouseSpec = field(default=HouseSpec())

    def status(self, day: date) -> str:
        """Return `pending`, `active` or `closed` on a day."""
        if self.active_from is not None and day < self.active_from:
            return "pending"
        if self.closed_on is not None and day > self.closed_on:
            return "closed"
        return "active"

    def minutes(self, day: date) -> int:
        """Return the billing interval on a day."""
        if self.five_minutes_from is not None:
            return 30 if day < self.five_minutes_from else 5
        return self.interval_minutes


_GENERAL = ChannelSpec("E1", "general", "TF100")
_FEED_IN = ChannelSpec("B1", "feedIn", "TF900")
_SYDNEY = HouseSpec(
    latitude=-33.9,
    longitude=151.2,
    zone="Australia/Sydney",
    battery_kwh=6.4,
    max_charge_w=3000,
    max_discharge_w=3000,
    base_load_w=650,
    energy=Energy(5210.4, 2150.7, 2444.9, 4611.3, 1540.2, 1235.3),
)
_A = SiteSpec(
    site_id="01HXFAKE5MINSITE0000000001",
    nmi="6100000011",
    channels=(_GENERAL, _FEED_IN),
    house=_SYDNEY,
)
_CLOSED = replace(
    _A,
    site_id="01HXFAKECLOSED000000000002",
    nmi="6100000022",
    channels=(_GENERAL,),
    active_from=date(2022, 2, 3),
    closed_on=date(2024, 4, 30),
    interval_minutes=30,
)
_C = SiteSpec(
    site_id="01HXFAKE30MINCL00000000003",
    nmi="63000000333",
    channels=(
        ChannelSpec("E1", "general", "TF210"),
        ChannelSpec("E2", "controlledLoad", "TF310"),
        _FEED_IN,
    ),
    network="Jemena",
    state="vic",
    tariff=Tariff(kind="time_of_use"),
    interval_minutes=30,
    active_from=date(2023, 7, 15),
    house=HouseSpec(
        latitude=-37.8,
        longitude=145.0,
        zone="Australia/Melbourne",
        panels=(Panels(5000, 22, 0),),
        battery_kwh=0,
    ),
)
_F = replace(
    _A,
    site_id="01HXFAKENOEXPORT0000000006",
    nmi="3100000066",
    channels=(_GENERAL,),
    network="Energex",
    state="qld",
    tariff=Tariff(kind="flat"),
    house=HouseSpec(panels=(), battery_kwh=0),
)
_G = replace(
    _C,
    site_id="01HXFAKELEGACY000000000007",
    nmi="2001000077",
    channels=(_GENERAL, _FEED_IN),
    network="SA Power Networks",
    state="sa",
    tariff=Tariff(kind="block"),
    active_from=None,
    legacy=True,
    house=replace(_C.house, latitude=-34.9, longitude=138.6, zone="Australia/Adelaide"),
)
_I = replace(_A, site_id="01HXFAKECUTOVER00000000009", nmi="6100000099")
_NEW = replace(_A, site_id="01HXFAKEMOVING000000000010", nmi="6100000110")


def _in_days(day: date, count: int) -> date:
    return day + timedelta(days=count)


FIXTURES: dict[str, Callable[[date], tuple[SiteSpec, ...]]] = {
    # One active site with 5-minute intervals.
    "A": lambda day: (_A,),
    # A meter that was replaced: closed and active.
    "B": lambda day: (_CLOSED, _A),
    # Half-hours, controlled load, time of use.
    "C": lambda day: (_C,),
    # A transfer that takes ten days more.
    "D": lambda day: (replace(_A, active_from=_in_days(day, 10)),),
    "E": lambda day: (),
    # No export and no tariffInformation.
    "F": lambda day: (_F,),
    # A body from before 2024, and a block tariff.
    "G": lambda day: (_G,),
    # Two homes on one token.
    "H": lambda day: (_A, _C),
    # Half-hours until yesterday, 5 minutes from today on.
    "I": lambda day: (replace(_I, five_minutes_from=day),),
    # Somebody who moves tomorrow night.
    "J": lambda day: (
        replace(_A, closed_on=_in_days(day, 1)),
        replace(_NEW, active_from=_in_days(day, 2)),
    ),
}
"""Sites of an account by the fixture's name, as they are on the first NEM day."""

ACCOUNTS: tuple[tuple[str, ...], ...] = (("A",), ("C",), ())
"""Three accounts, for `AmberCloud(accounts=ACCOUNTS)`."""
