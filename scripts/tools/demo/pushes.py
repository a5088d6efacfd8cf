"""The app that is told what flows in the first home: is it told the truth?"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from tests.clouds import ChargeHqCloud
from tests.clouds.house import Reading

from .accounts import Cloud
from .hass import HassError, HassProcess

PUSHES = 2
PUSH_SECONDS = 120
MOST_ERROR_KW = 0.006
"""What rounding leaves: the first home's cloud tells kW with two digits."""
_SAME_TIME = timedelta(seconds=1)


class Home(Protocol):
    """What the demo needs to know of the home whose flows are told."""

    def inverter(self, serial: str) -> Any:
        """Return an inverter with the telemetry that it has pushed."""


def tell_truth(target: Cloud, home: Cloud) -> None:
    """Let a target know what really flows in the first home."""
    samples = cast(Home, home).inverter(home.serials[0]).samples

    def truth(at: datetime) -> Mapping[str, float] | None:
        for sample in samples:
            if abs(sample.time - at) < _SAME_TIME:
                return _flows(sample.reading)
        return None

    cast(ChargeHqCloud, target).truth = truth


def _flows(reading: Reading) -> Mapping[str, float]:
    flow = reading.flow
    return {
        "production_kw": flow.pv_w / 1000,
        "net_import_kw": flow.grid_w / 1000,
        "consumption_kw": flow.load_w / 1000,
        "battery_discharge_kw": flow.battery_w / 1000,
    }


async def judge_pushes(hass: HassProcess, cloud: Cloud) -> tuple[int, int]:
    """Wait for some pushes; return how many, and how far they are off at most, W."""
    target = cast(ChargeHqCloud, cloud)

    async def told() -> bool:
        return len(target.accepted) >= PUSHES

    await hass.until("the pushes", PUSH_SECONDS, told)
    if target.flags or target.reports:
        raise HassError(f"something is wrong with the pushes: {sorted(target.flags)}")
    keys = ("production_kw", "net_import_kw", "consumption_kw", "battery_discharge_kw")
    errors = [error for key in keys for error in target.errors_kw(key)]
    if len(errors) < PUSHES * len(keys):
        raise HassError("some pushes tell of a time that the home does not know")
    if max(errors) > MOST_ERROR_KW:
        raise HassError(f"the pushes are {max(errors)} kW off")
    return len(target.accepted), round(max(errors) * 1000)
