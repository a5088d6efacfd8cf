"""When the entities move that a ChargeHQ target follows."""

from typing import Final

SECOND: Final = 7
"""Of each minute; Home Assistant's timers are up to half a second late."""
