"""The fake FusionSolar cloud, as a bench drives it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.clouds import Fault, FusionSolarCloud
from tests.clouds.clock import Clock, real_clock
from tests.clouds.fusionsolar import Behaviour
from tests.clouds.fusionsolar.fixtures import FIXTURES, PlantSpec
from tests.clouds.request_log import RequestLog

from ..driven import DrivenCloud

MARK_S = 300
MOVING = ("getDevRealKpi", "getStationRealKpi")
LATER = ("getDevHistoryKpi", "deviceHistory", "readBatteryMode", "readActivePower")
"""Set-up does not wait for these."""
# What decides what there is, and stays.
CODES = ("state", "status", "model", "run_state")


def fleet(count: int) -> list[PlantSpec]:
    """Return so many plants like A."""
    [home] = FIXTURES["A"]
    return [
        replace(
            home,
            code=f"NE=9{n:07d}",
            name=f"Sample Roof {n}",
            devices=tuple(
                replace(
                    device,
                    number=90000000 + n * 10 + place,
                    serial=f"{device.serial[:7]}{n:04d}{device.serial[11:]}",
                )
                for place, device in enumerate(home.devices)
            ),
        )
        for n in range(1, count + 1)
    ]


class Cloud(DrivenCloud[FusionSolarCloud]):
    """A number of accounts, each with a plant with an inverter and a battery."""

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
        `moving` lets every number differ from one mark to the next. Without simulated
        time, accounts come and go within the same minute: there are no quotas then.
        """
        behaviour = Behaviour(quotas=clock is not None)
        if delay is not None:
            behaviour.publication_s, behaviour.publication_jitter_s = delay
        self._clock = clock or real_clock
        super().__init__(
            FusionSolarCloud(
                clock=self._clock,
                accounts=[(plant,) for plant in fleet(accounts)],
                behaviour=behaviour,
                seed=seed,
            )
        )
        if moving:
            for label in MOVING:
                self._cloud.faults.add(label, Fault.EDIT, edit=self._moved)

    def credentials(self) -> list[dict[str, str]]:
        """Return what is filled into the forms."""
        return [account.credentials for account in self._cloud.accounts]

    def refused(self) -> int:
        """Return how many calls were beyond a quota."""
        return sum(self._cloud.over_quota.values())

    def sequential_depth(self) -> int:
        """Return the number of round trips that somebody had to wait for."""
        waited = RequestLog()
        waited.entries = [
            entry for entry in self._cloud.requests.entries if entry.label not in LATER
        ]
        return waited.sequential_depth()

    def publications(self) -> dict[float, float]:
        """Return when the first plant's records were told, by their marks."""
        recorder = self._cloud.plant(self._cloud.serials[0]).recorder
        return {
            float(mark * MARK_S): recorder.published_at(mark).timestamp()
            for mark in recorder.records
        }

    def _moved(self, payload: Mapping[str, Any]) -> Any:
        mark = int(self._clock().timestamp() // MARK_S)
        rows = payload["data"]
        if not isinstance(rows, list):
            return payload
        return {
            **payload,
            "data": [
                {**row, "dataItemMap": _each_number(row["dataItemMap"], mark)}
                for row in rows
            ],
        }


def _each_number(items: Mapping[str, Any], mark: int) -> dict[str, Any]:
    return {
        name: round(value + mark % 1000 / 1000, 3)
        if isinstance(value, int | float)
        and value > 1
        and not name.endswith((*CODES, "time"))
        else value
        for name, value in items.items()
    }
