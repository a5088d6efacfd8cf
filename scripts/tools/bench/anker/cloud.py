"""The fake Anker cloud, as a bench drives it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.clouds import AnkerCloud, Fault
from tests.clouds.anker import FIXTURES, Behaviour, SiteSpec
from tests.clouds.clock import Clock, real_clock
from tests.clouds.request_log import RequestLog

from ..driven import DrivenCloud

BRISBANE: Mapping[str, Any] = {
    "zone": "Australia/Brisbane",
    "latitude": -27.5,
    "longitude": 153.0,
}
LATER = frozenset(
    {
        "auto_upgrade",
        "energy_analysis",
        "fittings",
        "get_auto_upgrade",
        "get_cutoff",
        "get_device_load",
        "get_site_price",
        "ota_batch",
        "solar_info",
        "wifi_list",
    }
)
"""Set-up does not wait for these."""


def fleet(count: int) -> list[SiteSpec]:
    """Return so many systems like A: one Solarbank E1600 each."""
    home = FIXTURES["A"]
    assert isinstance(home, SiteSpec)
    [bank] = home.banks
    systems = []
    for n in range(count):
        serial = f"{bank.serial[:-3]}{n:03d}"
        profile = home.params["4"]
        ranges = [
            {**item, "device_power_loads": [{"device_sn": serial, "power": 150}]}
            for item in profile["ranges"]
        ]
        systems.append(
            replace(
                home,
                letter=f"{n:x}",
                name=f"{home.name} {n}",
                banks=(replace(bank, serial=serial),),
                params={"4": {**profile, "ranges": ranges}},
                **BRISBANE,
            )
        )
    return systems


class Cloud(DrivenCloud[AnkerCloud]):
    """A number of accounts, each with a system with one Solarbank."""

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
        `moving` lets every number of the overview differ from one minute to the next.
        Without simulated time, accounts come and go within the same minute: nothing is
        limited then.
        """
        behaviour = Behaviour(crypto="opaque", rate_limit=clock is not None)
        if delay is not None:
            behaviour.publication_s, behaviour.publication_jitter_s = delay
        self._clock = clock or real_clock
        self._begin = self._clock()
        self._count = accounts
        super().__init__(
            AnkerCloud(
                clock=self._clock,
                accounts=[(site,) for site in fleet(accounts)],
                behaviour=behaviour,
                seed=seed,
            )
        )
        if moving:
            self._cloud.faults.add("scene_info", Fault.EDIT, edit=self._moved)

    def credentials(self) -> list[dict[str, str]]:
        """Return what is filled into the forms."""
        owners = self._cloud.accounts[: self._count]
        return [self._cloud.credentials_of(owner) for owner in owners]

    def sequential_depth(self) -> int:
        """Return the number of round trips that somebody had to wait for."""
        waited = RequestLog()
        waited.entries = [
            entry for entry in self._cloud.requests.entries if entry.label not in LATER
        ]
        return waited.sequential_depth()

    def publications(self) -> dict[float, float]:
        """Return when the first system's reports were told, by their time."""
        site = self._cloud.site(self._cloud.serials[0])
        first = int(self._begin.timestamp() // site.every_s)
        last = site.newest_mark(self._clock())
        return {
            # A device tells full seconds.
            float(int(site.report_time(mark).timestamp())): site.published_at(
                mark
            ).timestamp()
            for mark in range(first, last + 1)
        }

    def _moved(self, payload: Mapping[str, Any]) -> Any:
        minute = int(self._clock().timestamp() // 60)
        return {**payload, "data": _each_power(payload["data"], minute)}


def _each_power(node: Any, minute: int) -> Any:
    if isinstance(node, Mapping):
        return {
            key: _moving(item, minute) if "power" in key else _each_power(item, minute)
            for key, item in node.items()
        }
    if isinstance(node, list):
        return [_each_power(item, minute) for item in node]
    return node


def _moving(value: Any, minute: int) -> Any:
    try:
        power = float(value)
    except TypeError, ValueError:
        return value
    # A share stays one, and what is 0 for good stays 0.
    return value if power <= 1 else f"{power % 90 + minute % 7:.0f}"
