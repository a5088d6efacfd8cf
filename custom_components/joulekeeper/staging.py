"""A schedule being put together in a device's entities; sent by a button only."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from .core.schedule import Action


@dataclass(slots=True)
class Staging:
    """What the user has set so far.

    No action means the first that the device can do, no start now, no power the most.
    """

    action: Action | None = None
    start: datetime | None = None
    duration_min: int = 60
    power_w: int | None = None
    caps: dict[str, int] = field(default_factory=dict)
    selected: str | None = None
    """Id of the schedule chosen in the selector, ours or the cloud's."""
    _listeners: list[Callable[[], None]] = field(default_factory=list)
    _steady: list[Callable[[], None]] = field(default_factory=list)

    def subscribe(
        self, listener: Callable[[], None], *, steady: bool = False
    ) -> Callable[[], None]:
        """Call the listener after each change; return what ends that.

        One that is `steady` shows nothing that time alone changes.
        """
        listeners = self._steady if steady else self._listeners
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def changed(self) -> None:
        """Tell everybody that something was set."""
        for listener in (*self._listeners, *self._steady):
            listener()

    def passed(self) -> None:
        """Tell those of it whom it concerns that only time has passed."""
        for listener in list(self._listeners):
            listener()
