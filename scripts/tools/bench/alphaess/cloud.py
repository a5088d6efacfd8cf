"""The fake AlphaESS cloud, as a bench drives it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.clouds import AlphaEssCloud, Fault
from tests.clouds.alphaess import payloads
from tests.clouds.alphaess.fixtures import SYSTEMS
from tests.clouds.clock import Clock, real_clock

from ..driven import DrivenCloud

BLOCK_S = 30
MOVING = ("getLastPowerData", "getOneDateEnergyBySn", "getSumDataForCustomer")


class Cloud(DrivenCloud[AlphaEssCloud]):
    """A number of accounts, each with one system with a battery."""

    def __init__(
        self,
        clock: Clock | None,
        *,
        accounts: int = 1,
        moving: bool = False,
        seed: int = 1,
    ) -> None:
        """Make the cloud; `moving` lets numbers differ from one block to the next."""
        self._clock = clock or real_clock
        systems = [
            replace(SYSTEMS[0], serial=f"ALX{9_000 + number:012d}")
            for number in range(accounts)
        ]
        super().__init__(
            AlphaEssCloud(
                clock=self._clock,
                accounts=[("E",)] * accounts,
                systems=systems,
                seed=seed,
            )
        )
        for number, system in enumerate(systems):
            self._cloud.bind(system.serial, number)
        if moving:
            for label in MOVING:
                self._cloud.faults.add(label, Fault.EDIT, edit=self._moved)

    def credentials(self) -> list[dict[str, str]]:
        """Return what is filled into the forms."""
        return [account.credentials for account in self._cloud.accounts]

    def publications(self) -> dict[float, float]:
        """Return when the first system's live power changed: that is its stamp too."""
        system = self._cloud.system(self._cloud.serials[0])
        published: dict[float, float] = {}
        before: Mapping[str, Any] | None = None
        for sample in system.recorder.samples:
            shown = payloads.live_power(sample, system.spec, self._cloud.behaviour)
            if before is not None and shown != before:
                moment = sample.time.timestamp()
                published[moment] = moment
            before = shown
        return published

    def _moved(self, payload: Mapping[str, Any]) -> Any:
        block = int(self._clock().timestamp() // BLOCK_S)
        return {**payload, "data": _each_number(payload["data"], block)}


def _each_number(node: Any, block: int) -> Any:
    if isinstance(node, Mapping):
        return {name: _each_number(item, block) for name, item in node.items()}
    if isinstance(node, bool | str) or node is None:
        return node
    # Counters grow, and shares stay shares.
    return round(node + block % 1000 / 1000 if node > 1 else node, 3)
