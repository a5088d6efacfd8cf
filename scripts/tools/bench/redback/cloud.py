"""The fake Redback cloud, as a bench drives it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.clouds import Fault, RedbackCloud
from tests.clouds.clock import Clock, real_clock
from tests.clouds.redback import Behaviour
from tests.clouds.redback.fixtures import fleet

from ..driven import DrivenCloud

MINUTE_S = 60
MOVING = ("dynamic", "static", "configuration")
# Numbers that decide what there is, and stay.
COUNTS = ("NumberOfModules", "Count")


class Cloud(DrivenCloud[RedbackCloud]):
    """A number of accounts, each with one inverter with a battery."""

    def __init__(
        self,
        clock: Clock | None,
        *,
        accounts: int = 1,
        delay: tuple[float, float] | None = None,
        moving: bool = False,
        seed: int = 1,
    ) -> None:
        """Make the cloud.

        `delay` is the publication's shortest delay and what is added at random, s.
        `moving` lets every number differ from one minute to the next.
        """
        behaviour = Behaviour()
        if delay is not None:
            behaviour.publish_delay_s, behaviour.publish_jitter_s = delay
        self._clock = clock or real_clock
        super().__init__(
            RedbackCloud(
                clock=self._clock,
                accounts=[(site,) for site in fleet(accounts)],
                behaviour=behaviour,
                seed=seed,
            )
        )
        if moving:
            for label in MOVING:
                self._cloud.faults.add(label, Fault.EDIT, edit=self._moved)

    def credentials(self) -> list[dict[str, str]]:
        """Return what is filled into the forms, without the portal."""
        return [
            {
                key: value
                for key, value in account.credentials.items()
                if not key.startswith("portal")
            }
            for account in self._cloud.accounts
        ]

    def portal(self) -> dict[str, str]:
        """Return the first account's login at the portal."""
        return self._cloud.portal

    def publications(self) -> dict[float, float]:
        """Return when the first inverter's readings became readable, by their stamps.

        Readings that a later one overtook are left out: nobody could see them.
        """
        inverter = self._cloud.inverter(self._cloud.serials[0])
        published: dict[float, float] = {}
        for sample in inverter.samples:
            moment = inverter._published_at(sample).timestamp()  # noqa: SLF001
            for stamp in [s for s, at in published.items() if at >= moment]:
                del published[stamp]
            published[sample.time.timestamp()] = moment
        return published

    def _moved(self, payload: Mapping[str, Any]) -> Any:
        minute = int(self._clock().timestamp() // MINUTE_S)
        return {**payload, "Data": _each_number(payload["Data"], _mover(minute))}


def _mover(minute: int) -> Callable[[str, float], float]:
    """Return what changes a number by its last digit from minute to minute."""
    since = minute - int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() // MINUTE_S)

    def moved(key: str, value: float) -> float:
        if "AllTime" in key:
            # Counters only grow.
            return round(value + since / 10, 3)
        if "0to1" in key or "0To1" in key:
            return round(min(value, 0.9) + minute % 2 / 100, 3)
        return round(value + minute % 2 / 10, 3)

    return moved


def _each_number(
    node: Any, change: Callable[[str, float], float], key: str = ""
) -> Any:
    if isinstance(node, Mapping):
        return {name: _each_number(item, change, name) for name, item in node.items()}
    if isinstance(node, list):
        return [_each_number(item, change, key) for item in node]
    if isinstance(node, bool | str) or node is None or key.endswith(COUNTS):
        return node
    return change(key, node)
