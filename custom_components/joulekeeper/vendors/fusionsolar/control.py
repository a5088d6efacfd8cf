"""What can be set and started in a plant, as calls (dossier 2.9).

A call is for one plant. What the cloud would refuse raises `InvalidRequest` with a
reason before it is sent. Powers are W, shares percent; the cloud wants some in kW.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from itertools import combinations
import re
from typing import Any, Final, Self

from ..base import VendorCall
from ..parsing import integer, mapping, number, objects, scaled, text
from .codes import refused
from .models import DeviceType

_NBI: Final = "/rest/openapi/pvms/nbi"
_KILO: Final = 1000.0
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
MOST_WINDOWS: Final = 14
MOST_MINUTES: Final = 24 * 60
"""A dispatch that runs longer is broken off."""
EVERY_DAY: Final = frozenset(range(1, 8))
"""Monday is 1."""
GRID_CHARGE_LIMITS_W: Final[Mapping[int, float]] = {
    DeviceType.DONGLE: 30_000.0,
    DeviceType.EMMA: 50_000.0,
    DeviceType.SMART_LOGGER: 50_000_000.0,
    DeviceType.DISTRIBUTED_LOGGER: 50_000_000.0,
}
"""The most that each controller takes; without one it is the inverter's own."""
FEED_IN_RANGE_W: Final = (-1_000_000.0, 50_000_000.0)
"""The widest of all controllers'."""


class Feature(StrEnum):
    """What can be controlled; each one has rights of its own."""

    DISPATCH = "dispatch"
    BATTERY_MODE = "battery_mode"
    BATTERY_LIMITS = "battery_limits"
    FEED_IN = "feed_in_limit"


@dataclass(frozen=True, slots=True)
class Channel:
    """Where something is ordered, and where is told what became of it."""

    order: str
    status: str


def _channel(version: str, name: str) -> Channel:
    base = f"{_NBI}/{version}/control/{name}"
    return Channel(f"{base}/async-task", f"{base}/task-info")


CHANNELS: Final[Mapping[Feature, Channel]] = {
    Feature.DISPATCH: Channel(
        f"{_NBI}/v2/control/charge-and-discharge/async-task",
        "/rest/openapi/pvms/v1/vpp/chargeAndDischargeStatus",
    ),
    Feature.BATTERY_MODE: _channel("v1", "battery/mode"),
    Feature.BATTERY_LIMITS: _channel("v1", "battery/configuration"),
    Feature.FEED_IN: _channel("v2", "active-power-control"),
}
MODE_PATH: Final = f"{_NBI}/v1/configuration/battery-mode"
FEED_IN_PATH: Final = f"{_NBI}/v1/configuration/active-power-control-mode"


def feature_of(call: VendorCall) -> Feature:
    """Return what a call of this module is about."""
    return Feature(call.label)


def plant_of(call: VendorCall) -> str:
    """Return the code of the plant that a call of this module is for."""
    return str((call.body or {})["tasks"][0]["plantCode"])


def _call(feature: Feature, plant_code: str, task: Mapping[str, Any]) -> VendorCall:
    body = {"tasks": [{"plantCode": plant_code, **task}]}
    return VendorCall(feature, "POST", CHANNELS[feature].order, body)


# -- forced charging and discharging ---------------------------------------------------


def dispatch_call(
    plant_code: str,
    *,
    charge: bool,
    power_w: float,
    minutes: int | None = None,
    target_soc: float | None = None,
) -> VendorCall:
    """Return a forced charge or discharge, from now on, for a time or to a charge.

    The working mode stays, and the plant returns to it by itself. InvalidRequest
    `power_not_positive`, `one_end_wanted`, `minutes_out_of_range`,
    `percent_out_of_range`.
    """
    if (power := number(power_w)) is None or power <= 0:
        raise refused("no power to dispatch", "power_not_positive")
    if (minutes is None) == (target_soc is None):
        raise refused("either a time or a charge is the end", "one_end_wanted")
    end: dict[str, Any]
    if minutes is not None:
        if not 1 <= minutes <= MOST_MINUTES:
            raise refused("the time is out of range", "minutes_out_of_range")
        end = {"controlType": 2, "dispatchTime": minutes}
    else:
        end = {"controlType": 1, "targetSOC": _share(target_soc, 0, 100)}
    return _call(
        Feature.DISPATCH,
        plant_code,
        {
            "dispatchSwitch": 1 if charge else 2,
            **end,
            "powerDispatch": round(power if charge else -power),
        },
    )


def stop_call(plant_code: str) -> VendorCall:
    """Return the end of a forced charge or discharge, whoever began it."""
    return _call(Feature.DISPATCH, plant_code, {"dispatchSwitch": 0})


def is_stop(call: VendorCall) -> bool:
    """Whether a call of this module ends what is forced."""
    return bool((call.body or {})["tasks"][0].get("dispatchSwitch") == 0)


# -- the working mode and its table ----------------------------------------------------

SELF_CONSUMPTION: Final = "maximumSelfConsumption"
TIME_OF_USE: Final = "TOU"
_WRITABLE: Final = frozenset({SELF_CONSUMPTION, TIME_OF_USE, "fullyFidToGrid"})
"""Not `thirdPartyDispatch`: nothing here would tell the battery what to do then."""
_TO_BATTERY: Final = "chargePreference"
_TO_GRID: Final = "fedToGridPreference"


@dataclass(frozen=True, slots=True, kw_only=True)
class TouWindow:
    """A window of the table, on the plant's wall clock; up to 23:59 of the same day."""

    start: time
    end: time
    charge: bool
    days: frozenset[int] = EVERY_DAY

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self | None:
        """Read an element of the table; None when any of it is unreadable."""
        start, end = read_clock(raw.get("startTime")), read_clock(raw.get("endTime"))
        way, days = raw.get("chargeOrDischarge"), raw.get("repeat")
        known = {integer(day) for day in days} if isinstance(days, list) else set()
        if start is None or end is None or way not in ("charge", "discharge"):
            return None
        if not known or not known <= EVERY_DAY:
            return None
        numbers = frozenset(day for day in known if day is not None)
        return cls(start=start, end=end, charge=way == "charge", days=numbers)

    def overlaps(self, other: Self) -> bool:
        """Whether both are at work at some minute of a day; an end is not in it."""
        if not self.days & other.days:
            return False
        return self.start < other.end and other.start < self.end

    def as_data(self) -> dict[str, Any]:
        """Return it as the cloud wants it."""
        return {
            "startTime": f"{self.start:%H:%M}",
            "endTime": f"{self.end:%H:%M}",
            "chargeOrDischarge": "charge" if self.charge else "discharge",
            "repeat": sorted(self.days),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryMode:
    """The working mode of a plant's battery, with its table; None is unknown.

    `mode` is the cloud's own word, which may be one that cannot be written. The other
    fields are those of TOU. `windows` is None where some window could not be read.
    """

    mode: str | None
    surplus_to_battery: bool | None = None
    grid_charge_w: float | None = None
    windows: tuple[TouWindow, ...] | None = ()

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read the answer about a mode, or a row about a task that set one."""
        told = raw.get("touOperationModeParamDetail")
        detail = told if isinstance(told, dict) else raw
        rows = objects(detail.get("chargingAndDischargingTimeWindow"))
        windows = [TouWindow.parse(row) for row in rows]
        known = tuple(window for window in windows if window is not None)
        to = text(detail.get("redundantPVEnergyPriority"))
        return cls(
            mode=text(raw.get("operationMode")),
            surplus_to_battery={_TO_BATTERY: True, _TO_GRID: False}.get(to or ""),
            grid_charge_w=scaled(detail.get("allowedAcChargePower"), _KILO),
            windows=known if len(known) == len(windows) else None,
        )

    def call(
        self, plant_code: str, most_grid_charge_w: float | None = None
    ) -> VendorCall:
        """Return the write of this mode and table.

        InvalidRequest `mode_unknown`, `settings_unknown`, `too_many_windows`,
        `window_backwards`, `windows_overlap`, `power_out_of_range`.
        """
        if self.mode not in _WRITABLE:
            raise refused("the mode cannot be written", "mode_unknown")
        task: dict[str, Any] = {"operationMode": self.mode}
        if self.mode == TIME_OF_USE:
            task |= self._table(most_grid_charge_w)
        return _call(Feature.BATTERY_MODE, plant_code, task)

    def _table(self, most_w: float | None) -> dict[str, Any]:
        windows, power, first = (
            self.windows,
            self.grid_charge_w,
            self.surplus_to_battery,
        )
        if windows is None or power is None or first is None:
            raise refused("a part of the table is not known", "settings_unknown")
        if len(windows) > MOST_WINDOWS:
            raise refused("more windows than 14", "too_many_windows")
        if any(window.end <= window.start or not window.days for window in windows):
            raise refused("a window ends before it starts", "window_backwards")
        if any(one.overlaps(other) for one, other in combinations(windows, 2)):
            raise refused("two windows overlap", "windows_overlap")
        if power < 0 or (most_w is not None and power > most_w):
            raise refused("the power is out of range", "power_out_of_range")
        return {
            "redundantPVEnergyPriority": _TO_BATTERY if first else _TO_GRID,
            "allowedAcChargePower": round(power / _KILO, 3),
            "chargingAndDischargingTimeWindow": [item.as_data() for item in windows],
        }


# -- limits ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryLimits:
    """Limits of a battery, each None where it is unknown or to stay.

    The cloud does not tell them; it takes 90 to 100 % as the upper end of charge, and 0
    to 20 % as the lower one, and cuts powers to what the battery can.
    """

    max_soc: float | None = None
    min_soc: float | None = None
    max_charge_w: float | None = None
    max_discharge_w: float | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read a row about a task that set them."""
        # The answer about a task may tell them flat.
        told = mapping(raw.get("batteryConfigurationInfo")) or raw
        return cls(
            max_soc=number(told.get("endOfChargeSoc")),
            min_soc=number(told.get("endOfDischargeSoc")),
            max_charge_w=number(told.get("maximumChargePower")),
            max_discharge_w=number(told.get("maximumDischargePower")),
        )

    def call(self, plant_code: str) -> VendorCall:
        """Return the write of what is not None.

        InvalidRequest `nothing_to_set`, `percent_out_of_range`, `power_out_of_range`.
        """
        info: dict[str, float] = {}
        if self.max_soc is not None:
            info["endOfChargeSoc"] = _share(self.max_soc, 90, 100)
        if self.min_soc is not None:
            info["endOfDischargeSoc"] = _share(self.min_soc, 0, 20)
        for key, power in (
            ("maximumChargePower", self.max_charge_w),
            ("maximumDischargePower", self.max_discharge_w),
        ):
            if power is not None:
                if (value := number(power)) is None or value < 0:
                    raise refused("the power is out of range", "power_out_of_range")
                info[key] = round(value)
        if not info:
            raise refused("there is nothing to set", "nothing_to_set")
        return _call(
            Feature.BATTERY_LIMITS, plant_code, {"batteryConfigurationInfo": info}
        )


def sent_limits(call: VendorCall) -> BatteryLimits:
    """Return the limits that a call of this module sets, none where it sets others."""
    return BatteryLimits.parse((call.body or {})["tasks"][0])


class FeedInMode(StrEnum):
    """How the feed-in is limited."""

    UNLIMITED = "unlimited"
    ZERO_EXPORT = "zero_export"
    POWER = "power"
    PERCENT = "percent"
    OTHER = "other"


_FEED_IN_MODES: Final = {
    "noLimit": FeedInMode.UNLIMITED,
    "zeroExportLimitation": FeedInMode.ZERO_EXPORT,
    "limitedPowerGridKW": FeedInMode.POWER,
    "limitedPowerGridPercent": FeedInMode.PERCENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedIn:
    """The limit of the feed-in; a power below 0 is what is to be imported at least.

    Of the modes only `unlimited` and `power` can be written.
    """

    mode: FeedInMode | None
    limit_w: float | None = None
    limit_percent: float | None = None
    per_phase: bool | None = None

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Read the answer about the mode of the active power."""
        word = text(raw.get("controlMode"))
        mode = None if word is None else _FEED_IN_MODES.get(word, FeedInMode.OTHER)
        power = mapping(raw.get("limitedPowerGridValueParam"))
        share = mapping(raw.get("limitedPowerGridPercentParam"))
        chosen = power if mode is FeedInMode.POWER else share
        way = text(chosen.get("limitationMode"))
        limit = scaled(power.get("maxGridFeedInPowerValue"), _KILO)
        if mode is FeedInMode.ZERO_EXPORT:
            limit = 0.0
        elif mode is not FeedInMode.POWER:
            limit = None
        percent = number(share.get("maxGridFeedInPowerPercent"))
        return cls(
            mode=mode,
            limit_w=limit,
            limit_percent=percent if mode is FeedInMode.PERCENT else None,
            per_phase=None if way is None else way == "singlePhasePower",
        )

    def call(self, plant_code: str) -> VendorCall:
        """Return the write of this limit.

        InvalidRequest `mode_unknown`, `power_out_of_range`.
        """
        if self.mode is FeedInMode.UNLIMITED:
            return _call(Feature.FEED_IN, plant_code, {"controlMode": "0"})
        if self.mode is not FeedInMode.POWER:
            raise refused("the mode cannot be written", "mode_unknown")
        lowest, most = FEED_IN_RANGE_W
        limit = number(self.limit_w)
        if limit is None or not lowest <= limit <= most:
            raise refused("the power is out of range", "power_out_of_range")
        info = {
            "maxGridFeedInPower": round(limit / _KILO, 3),
            "limitationMode": "1" if self.per_phase else "0",
        }
        task = {"controlMode": "6", "controlInfo": info}
        return _call(Feature.FEED_IN, plant_code, task)


def _share(value: Any, lowest: float, most: float) -> float:
    share = number(value)
    if share is None or not lowest <= share <= most:
        raise refused("a share is out of range", "percent_out_of_range")
    return float(share)


def read_clock(value: Any) -> time | None:
    """Read `HH:MM`, 00:00 to 23:59; None for anything else."""
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        return time.fromisoformat(value)
    return None
