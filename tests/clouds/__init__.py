"""Fake clouds over one simulated house: products, not mocks (design.md 5)."""

from .alphaess import AlphaEssCloud
from .faults import Fault
from .redback import RedbackCloud
from .server import FakeCloud

CLOUDS: dict[str, type] = {"alphaess": AlphaEssCloud, "redback": RedbackCloud}
"""Fake clouds by the vendor's registry key."""

__all__ = ["CLOUDS", "AlphaEssCloud", "FakeCloud", "Fault", "RedbackCloud"]
