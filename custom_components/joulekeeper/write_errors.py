"""What Home Assistant says of a failed write, and what to do next."""

from datetime import datetime, timedelta

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .core.command import Command, format_command
from .core.errors import (
    AuthError,
    InvalidRequest,
    NotSupported,
    NotWrittenDown,
    OptionAuthError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TransientError,
    VendorError,
)
from .core.schedule import MINUTE, Action


def write_error_key(error: VendorError, *, deleting: bool) -> str:
    """Return the key of the text for an error; of a delete less is known."""
    for reason in (
        "check_code_wrong",
        "communication",
        "no_owner",
        "task_busy",
        "task_exception",
        "task_failed",
        "task_invalid",
        "task_running",
        "task_timeout",
        "unknown_system",
        "verification_code_wrong",
    ):
        if error.reason == reason:
            return reason
    if deleting and isinstance(error, TransientError):
        return "write_outcome_unknown"
    for kind, key in (
        (NotWrittenDown, "journal_not_saved"),
        (AuthError, "write_credentials_refused"),
        (OptionAuthError, "option_login_refused"),
        (RateLimited, "write_rate_limited"),
        (Rejected, "write_rejected"),
        (NotSupported, "write_not_supported"),
        (OutcomeUnknown, "write_outcome_unknown"),
    ):
        if isinstance(error, kind):
            return key
    return "write_unexpected_answer"


def seconds_to_wait(error: VendorError) -> str:
    """Return how long to wait, a minute where the cloud does not tell."""
    wait = error.retry_after if isinstance(error, RateLimited) else None
    return "60" if wait is None else f"{wait:.0f}"


def write_error(error: VendorError, *, deleting: bool = False) -> HomeAssistantError:
    """Return a vendor's error as Home Assistant's."""
    kind = (
        ServiceValidationError
        if isinstance(error, NotSupported)
        else HomeAssistantError
    )
    return kind(
        translation_domain=DOMAIN,
        translation_key=write_error_key(error, deleting=deleting),
        translation_placeholders={
            "cause": str(error),
            "seconds": seconds_to_wait(error),
        },
    )


def setting_error_key(error: InvalidRequest) -> str:
    """Return the key of the text for a setting that makes no sense."""
    for key in (
        "setting_backup_over",
        "setting_bank_missing",
        "setting_choice_missing",
        "setting_cycle_unknown",
        "setting_day_missing",
        "setting_ev_faulted",
        "setting_ev_not_plugged_in",
        "setting_firmware_too_old",
        "setting_gap_to_valley",
        "setting_increase_blocked",
        "setting_limit_set_lately",
        "setting_limit_unknown",
        "setting_mode_not_offered",
        "setting_mode_unknown",
        "setting_no_charging_ranges",
        "setting_no_day_profile",
        "setting_no_grid_charge",
        "setting_no_rate_plan",
        "setting_no_room",
        "setting_no_use_time",
        "setting_no_weekdays",
        "setting_not_in_plan",
        "setting_not_time_of_use",
        "setting_nothing_deleted",
        "setting_nothing_left",
        "setting_nothing_told",
        "setting_off_grid",
        "setting_over_midnight",
        "setting_overlap",
        "setting_percent_out_of_range",
        "setting_period_incomplete",
        "setting_period_missing",
        "setting_plan_changed",
        "setting_power_not_positive",
        "setting_power_out_of_range",
        "setting_preset_not_in_mode",
        "setting_price_out_of_range",
        "setting_ruled_elsewhere",
        "setting_settings_unknown",
        "setting_slot_time_error",
        "setting_table_unknown",
        "setting_tariff_missing",
        "setting_too_many_a_day",
        "setting_too_many_a_week",
        "setting_too_many_seasons",
        "setting_too_many_windows",
        "setting_two_ends",
        "setting_use_time_in_use",
        "setting_window_backwards",
        "setting_window_empty",
        "setting_windows_overlap",
    ):
        if error.reason and key.endswith(error.reason):
            return key
    return "setting_refused"


def setting_error(error: VendorError) -> HomeAssistantError:
    """Return a vendor's error, when a setting was to be changed, as Home Assistant's."""
    if not isinstance(error, InvalidRequest):
        return write_error(error)
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=setting_error_key(error),
        translation_placeholders={"cause": str(error)},
    )


def shown(value: str | datetime | timedelta) -> str:
    """Return a placeholder as the user reads it.

    An instant is told as local time, a duration in hours and minutes, and an action as
    it can be typed into a calendar.
    """
    if isinstance(value, timedelta):
        return _hours_and_minutes(value)
    if isinstance(value, str):
        if value not in Action:
            return value
        return format_command(Command(action=Action(value)))
    return f"{dt_util.as_local(value):%Y-%m-%d %H:%M}"


def _hours_and_minutes(duration: timedelta) -> str:
    minutes = round(duration / MINUTE, 1)
    hours, rest = divmod(minutes, 60)
    parts = [f"{hours:g} h"] if hours else []
    if rest or not hours:
        parts.append(f"{rest:g} min")
    return " ".join(parts)
