"""Fake clouds over one simulated house: products, not mocks (design.md 5)."""

from .alphaess import AlphaEssCloud
from .amber import AmberCloud
from .faults import Fault
from .redback import RedbackCloud
from .server import FakeCloud

CLOUDS: dict[str, type] = {
    "alphaess": AlphaEssCloud,
    "amber": AmberCloud,
    "redback": RedbackCloud,
}
"""Fake clouds by the vendor's registry key."""

__all__ = [
    "CLOUDS",
    "AlphaEssCloud",
    "AmberCloud",
    "FakeCloud",
    "Fault",
    "RedbackCloud",
]
