"""The fake Amber cloud.

Endpoint labels, for `cloud.requests.count(label)` and `cloud.faults.add(label, ..)`:

sites, prices, current, usage, renewables, and websocket, which is served at the
root of the same address. Whatever else is asked for is `unknown`.

Sections named in comments are those of the vendor's dossier.
"""

from .behaviour import Behaviour
from .cloud import AmberCloud
from .fixtures import ACCOUNTS, FIXTURES, ChannelSpec, SiteSpec
from .market import Advanced, Script
from .meter import DayPlan
from .tariffs import Tariff
from .times import NEM, Slot

__all__ = [
    "ACCOUNTS",
    "FIXTURES",
    "NEM",
    "Advanced",
    "AmberCloud",
    "Behaviour",
    "ChannelSpec",
    "DayPlan",
    "Script",
    "SiteSpec",
    "Slot",
    "Tariff",
]
