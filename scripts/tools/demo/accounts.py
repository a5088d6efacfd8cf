"""The accounts that the demo adds, and what it asks of a fake cloud."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from tests.clouds import CLOUDS
from tests.clouds.alphaess.fixtures import neighbours
from tests.clouds.anker import Behaviour as AnkerBehaviour
from tests.clouds.anker.fixtures import neighbours as systems_nearby
from tests.clouds.fusionsolar import Behaviour as FusionSolarBehaviour
from tests.clouds.fusionsolar.fixtures import neighbours as plants_nearby
from tests.clouds.house import Energy
from tests.clouds.request_log import RequestLog

HISTORY = timedelta(days=7)
AT_ONCE = timedelta()
BRISBANE = ("Australia/Brisbane", -27.5, 153.0)


class PricedCloud(Protocol):
    """What the demo needs to know of a retailer's prices."""

    def per_kwh(self, serial: str, channel: str, at: datetime) -> float:
        """Return the confirmed price at a time, c/kWh, negative for what is earned."""


class Cloud(Protocol):
    """What the demo needs of a fake cloud."""

    base_url: str
    requests: RequestLog

    @property
    def credentials(self) -> dict[str, str]:
        """What the owner types into the config flow."""

    @property
    def serials(self) -> list[str]:
        """All hardware of the account."""

    async def start(self) -> str:
        """Listen on a free port and return the address."""

    async def stop(self) -> None:
        """Stop listening."""

    def history(
        self, serial: str, start: datetime, end: datetime
    ) -> list[tuple[datetime, Energy]]:
        """Return the all-time counters at full hours."""

    def schedules(self, serial: str) -> list[dict[str, Any]]:
        """Return the schedules as the vendor holds them."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the demo; a new vendor is one more row.

    `cloud` are arguments of the vendor's fake cloud. `trial` is the schedule of a round
    trip of control, `ahead` of now, or `AT_ONCE` where the cloud holds nothing before its
    start; None where nothing can be controlled, as the `untried` hardware. With `planned`
    the calendar of the first home gets a day of events; with `priced` the account is a
    retailer's, whose first site has the prices of the first home. One that is `told` is
    no account, but told what flows in the first home.
    """

    vendor: str
    trial: Mapping[str, Any] | None = None
    ahead: timedelta = timedelta(hours=2)
    untried: frozenset[str] = frozenset()
    planned: bool = False
    priced: bool = False
    told: bool = False
    cloud: Mapping[str, Any] = field(default_factory=dict)

    def make_cloud(self) -> Cloud:
        """Build the cloud with houses that have been lived in for a week."""
        factory = cast(Callable[..., Cloud], CLOUDS[self.vendor])
        return factory(history=HISTORY, **self.cloud)


ACCOUNTS = (
    # a single-phase home, and a three-phase one far away
    Account(
        "redback",
        trial={"action": "charge", "power_w": 1000},
        planned=True,
        cloud={"fixture": "D"},
    ),
    # prices of 5 minutes, and of half-hours with controlled load
    Account("amber", priced=True, cloud={"fixture": "H"}),
    # daily slots, and a periodic schedule with an EV charger; lent shortly before
    Account(
        "alphaess",
        trial={"action": "hold"},
        ahead=timedelta(minutes=20),
        cloud={
            "fixture": "D",
            "systems": neighbours(*BRISBANE),
        },
    ),
    # a hybrid with battery and power sensor, whose orders begin when they are given
    Account(
        "fusionsolar",
        trial={"action": "charge", "power_w": 1000},
        ahead=AT_ONCE,
        cloud={
            "fixture": plants_nearby("A", *BRISBANE),
            "behaviour": FusionSolarBehaviour(dispatch_delay_s=0.0),
        },
    ),
    # one Solarbank E1600, two, a Solarbank 2 with a meter, and an inverter alone
    Account(
        "anker",
        # what none of their plans has at any time
        trial={"action": "discharge", "power_w": 260},
        ahead=AT_ONCE,
        untried=frozenset({"FAKEMI800001"}),
        cloud={
            "fixture": systems_nearby(("A", "B", "C", "D"), *BRISBANE),
            "behaviour": AnkerBehaviour(crypto="opaque"),
        },
    ),
    # the app that charges the car from the first home's surplus
    Account("chargehq", told=True),
)
