"""Fake clouds over one simulated house: products, not mocks (design.md 5)."""

from .alphaess import AlphaEssCloud
from .amber import AmberCloud
from .anker import AnkerCloud
from .chargehq import ChargeHqCloud
from .faults import Fault
from .fusionsolar import FusionSolarCloud
from .redback import RedbackCloud
from .server import FakeCloud

CLOUDS: dict[str, type] = {
    "alphaess": AlphaEssCloud,
    "amber": AmberCloud,
    "anker": AnkerCloud,
    "chargehq": ChargeHqCloud,
    "fusionsolar": FusionSolarCloud,
    "redback": RedbackCloud,
}
"""Fake clouds by the vendor's registry key."""

__all__ = [
    "CLOUDS",
    "AlphaEssCloud",
    "AmberCloud",
    "AnkerCloud",
    "ChargeHqCloud",
    "FakeCloud",
    "Fault",
    "FusionSolarCloud",
    "RedbackCloud",
]
