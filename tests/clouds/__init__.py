"""Fake clouds over one simulated house: products, not mocks (design.md 5)."""

from .faults import Fault
from .redback import RedbackCloud
from .server import FakeCloud

CLOUDS: dict[str, type] = {"redback": RedbackCloud}
"""Fake clouds by the vendor's registry key."""

__all__ = ["CLOUDS", "FakeCloud", "Fault", "RedbackCloud"]
