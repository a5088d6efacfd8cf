"""What can be set in a plant, for its owner and to stay (dossier 2.9 b, c, e).

Each of the three groups is written by one task, so what is changed together goes out
together.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from homeassistant.components.number import NumberDeviceClass, NumberMode
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfPower

from ....core.models import DeviceKind, DeviceReadings, Reading
from ....descriptions import (
    DIAGNOSTIC,
    CallGroup,
    ReadingListDescription,
    ReadingNumberDescription,
    ReadingSelectDescription,
    ReadingSwitchDescription,
    sensor,
)
from ...base import VendorCall
from ..control import (
    SELF_CONSUMPTION,
    TIME_OF_USE,
    BatteryLimits,
    BatteryMode,
    FeedInMode,
    TouWindow,
)
from ..endpoints import BATTERY_LIMITS, BATTERY_MODE, FEED_IN, LIVE
from ..settings import Setting
from ..settings_edits import FeedInDraft, ModeDraft, read_windows, shown_windows

_CONFIG: Final[dict[str, Any]] = {
    "device_kind": DeviceKind.SITE,
    "entity_category": EntityCategory.CONFIG,
}
_WATTS: Final[dict[str, Any]] = {
    "device_class": NumberDeviceClass.POWER,
    "native_unit_of_measurement": UnitOfPower.WATT,
    "native_min_value": 0,
    "native_step": 1,
    "mode": NumberMode.BOX,
}
_MODES: Final = {
    "self_consumption": SELF_CONSUMPTION,
    "time_of_use": TIME_OF_USE,
    "fully_fed_to_grid": "fullyFidToGrid",
    "third_party": "thirdPartyDispatch",
    "other": "other",
}
_WORDS: Final = {word: key for key, word in _MODES.items()}
_MOST_FEED_IN_W: Final = 5_000_000


def _granted(reading: Reading[Setting[Any]]) -> Callable[[DeviceReadings], bool]:
    def is_granted(readings: DeviceReadings) -> bool:
        return readings[reading].granted

    return is_granted


def _done(
    reading: Reading[Setting[Any]], value_fn: Callable[[DeviceReadings], Any]
) -> Callable[[DeviceReadings, Any], bool]:
    def is_done(readings: DeviceReadings, value: Any) -> bool:
        return readings[reading].settled and bool(value_fn(readings) == value)

    return is_done


# -- the working mode and its table ----------------------------------------------------


_MODE: Final = CallGroup(
    lambda readings: ModeDraft(readings[BATTERY_MODE]), lambda _, draft: draft.call()
)


def _table_of(readings: DeviceReadings) -> BatteryMode:
    """Return the table that is in force; LookupError while none is."""
    now = readings[BATTERY_MODE].value
    if now is None or now.mode != TIME_OF_USE:
        raise LookupError("table")
    return now


def _in_table(key: str) -> Callable[[ModeDraft, Any], ModeDraft]:
    return lambda draft, value: replace(draft, table={**draft.table, key: value})


def _mode_of(readings: DeviceReadings) -> str | None:
    now = readings[BATTERY_MODE].value
    return None if now is None or now.mode is None else _WORDS.get(now.mode, "other")


def _surplus(readings: DeviceReadings) -> bool | None:
    return _table_of(readings).surplus_to_battery


def _grid_charge_w(readings: DeviceReadings) -> float | None:
    return _table_of(readings).grid_charge_w


def _windows(readings: DeviceReadings) -> tuple[TouWindow, ...] | None:
    return _table_of(readings).windows


def _known_windows(readings: DeviceReadings) -> tuple[TouWindow, ...]:
    """Return the windows; LookupError where one of them could not be read."""
    if (windows := _windows(readings)) is None:
        raise LookupError("windows")
    return windows


# -- limits ----------------------------------------------------------------------------


def _limits_call(readings: DeviceReadings, draft: BatteryLimits) -> VendorCall | None:
    return draft.call(readings[BATTERY_LIMITS].plant_code)


_LIMITS: Final = CallGroup(lambda readings: BatteryLimits(), _limits_call)


def _largest(part: str) -> Callable[[DeviceReadings], float | None]:
    def largest(readings: DeviceReadings) -> float | None:
        batteries = readings[LIVE].batteries.values()
        told = [getattr(item.battery, part) for item in batteries]
        # A battery that sleeps or is full tells 0, and the plant cuts what is too much.
        return (sum(told) or None) if told and None not in told else None

    return largest


def _limit(key: str, part: str, **details: Any) -> ReadingNumberDescription:
    """Return a limit, which the cloud does not tell: unknown until we have set it."""
    return ReadingNumberDescription(
        key=key,
        translation_key=key,
        inputs=(BATTERY_LIMITS,),
        value_fn=lambda readings: getattr(readings[BATTERY_LIMITS].value, part),
        there_fn=_granted(BATTERY_LIMITS),
        # The plant cuts what is above its own.
        done_fn=lambda readings, _: readings[BATTERY_LIMITS].settled,
        group=_LIMITS,
        draft_fn=lambda draft, value: replace(draft, **{part: value}),
        entity_registry_enabled_default=False,
        **_CONFIG,
        **details,
    )


# -- the feed-in -----------------------------------------------------------------------


_FEEDING: Final = CallGroup(
    lambda readings: FeedInDraft(readings[FEED_IN]), lambda _, draft: draft.call()
)


def _feed_in_mode(readings: DeviceReadings) -> FeedInMode | None:
    now = readings[FEED_IN].value
    if now is not None and now.mode is FeedInMode.POWER and now.limit_w == 0:
        return FeedInMode.ZERO_EXPORT
    return None if now is None else now.mode


def _feed_in_limit(readings: DeviceReadings) -> float | None:
    now = readings[FEED_IN].value
    return None if now is None else now.limit_w


# -- tables ----------------------------------------------------------------------------

SETTING_SELECTS: Final = (
    ReadingSelectDescription(
        key="battery_mode",
        translation_key="battery_mode",
        options=list(_MODES),
        shown_only=frozenset({"third_party", "other"}),
        inputs=(BATTERY_MODE,),
        value_fn=_mode_of,
        there_fn=lambda readings: readings[BATTERY_MODE].value is not None,
        done_fn=_done(BATTERY_MODE, _mode_of),
        group=_MODE,
        draft_fn=lambda draft, value: replace(draft, mode=_MODES[value]),
        **_CONFIG,
    ),
    ReadingSelectDescription(
        key="feed_in_mode",
        translation_key="feed_in_mode",
        options=[mode.value for mode in FeedInMode],
        shown_only=frozenset({FeedInMode.PERCENT, FeedInMode.OTHER}),
        inputs=(FEED_IN,),
        value_fn=_feed_in_mode,
        there_fn=lambda readings: readings[FEED_IN].value is not None,
        done_fn=_done(FEED_IN, _feed_in_mode),
        group=_FEEDING,
        draft_fn=lambda draft, value: replace(draft, mode=FeedInMode(value)),
        **_CONFIG,
    ),
)
SETTING_SWITCHES: Final = (
    ReadingSwitchDescription(
        key="surplus_to_battery",
        translation_key="surplus_to_battery",
        inputs=(BATTERY_MODE,),
        value_fn=_surplus,
        there_fn=lambda readings: _surplus(readings) is not None,
        open_fn=_granted(BATTERY_MODE),
        done_fn=_done(BATTERY_MODE, _surplus),
        group=_MODE,
        draft_fn=_in_table("surplus_to_battery"),
        **_CONFIG,
    ),
)
SETTING_NUMBERS: Final = (
    ReadingNumberDescription(
        key="grid_charge_power",
        translation_key="grid_charge_power",
        inputs=(BATTERY_MODE,),
        value_fn=_grid_charge_w,
        there_fn=lambda readings: _grid_charge_w(readings) is not None,
        open_fn=_granted(BATTERY_MODE),
        max_fn=lambda readings: readings[BATTERY_MODE].most_w,
        done_fn=_done(BATTERY_MODE, _grid_charge_w),
        group=_MODE,
        draft_fn=_in_table("grid_charge_w"),
        native_max_value=50_000_000,
        **_WATTS,
        **_CONFIG,
    ),
    ReadingNumberDescription(
        key="feed_in_limit",
        translation_key="feed_in_limit",
        inputs=(FEED_IN,),
        value_fn=_feed_in_limit,
        there_fn=lambda readings: _feed_in_limit(readings) is not None,
        open_fn=_granted(FEED_IN),
        done_fn=_done(FEED_IN, _feed_in_limit),
        group=_FEEDING,
        draft_fn=lambda draft, value: replace(draft, limit_w=value),
        native_max_value=_MOST_FEED_IN_W,
        **_WATTS,
        **_CONFIG,
    ),
    _limit(
        "end_of_charge_soc",
        "max_soc",
        native_min_value=90,
        native_max_value=100,
        native_step=1,
        native_unit_of_measurement=PERCENTAGE,
    ),
    _limit(
        "end_of_discharge_soc",
        "min_soc",
        native_min_value=0,
        native_max_value=20,
        native_step=1,
        native_unit_of_measurement=PERCENTAGE,
    ),
    _limit(
        "max_charge_power",
        "max_charge_w",
        max_fn=_largest("max_charge_w"),
        native_max_value=50_000_000,
        **_WATTS,
    ),
    _limit(
        "max_discharge_power",
        "max_discharge_w",
        max_fn=_largest("max_discharge_w"),
        native_max_value=50_000_000,
        **_WATTS,
    ),
)
SETTING_SENSORS: Final = (
    sensor(
        "tou_windows",
        (BATTERY_MODE,),
        lambda readings: len(_known_windows(readings)),
        on=DeviceKind.SITE,
        attributes_fn=lambda readings: {
            "windows": shown_windows(_known_windows(readings))
        },
        **DIAGNOSTIC,
    ),
)
SETTING_LISTS: Final = (
    ReadingListDescription(
        key="tou_windows",
        device_kind=DeviceKind.SITE,
        inputs=(BATTERY_MODE,),
        value_fn=_windows,
        there_fn=lambda readings: _windows(readings) is not None,
        open_fn=_granted(BATTERY_MODE),
        done_fn=_done(BATTERY_MODE, _windows),
        group=_MODE,
        draft_fn=_in_table("windows"),
        read_fn=read_windows,
        show_fn=shown_windows,
    ),
)
