"""What only the user can mend, told as repairs."""

from datetime import timedelta
from hashlib import sha256
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .core.loan import Loan

OPTION_LOGIN: Final = "option_login_refused"
CLOCK_WRONG: Final = "clock_wrong"
NOT_GIVEN_BACK: Final = "plan_not_given_back"
NO_SYSTEMS: Final = "no_systems"
NO_SITES: Final = "no_sites"
SOURCE_REMOVED: Final = "push_source_removed"

_MOST_SKEW: Final = timedelta(seconds=240)
"""Clouds that mind the clock refuse from 300 s on."""


@callback
def async_create_option_login_issue(
    hass: HomeAssistant, entry: ConfigEntry, option: str
) -> None:
    """Tell that an optional login is refused, and offer to do without it."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{OPTION_LOGIN}_{entry.entry_id}",
        data={"entry_id": entry.entry_id, "option": option},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=OPTION_LOGIN,
        translation_placeholders={"account": entry.title},
    )


@callback
def async_update_clock_issue(
    hass: HomeAssistant, entry: ConfigEntry, skew: timedelta | None
) -> None:
    """Tell that the clock is far off, where the cloud minds, or that it is no more."""
    issue_id = f"{CLOCK_WRONG}_{entry.entry_id}"
    if skew is None or abs(skew) <= _MOST_SKEW:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=CLOCK_WRONG,
        translation_placeholders={
            "account": entry.title,
            "minutes": str(round(abs(skew).total_seconds() / 60)),
        },
    )


@callback
def async_update_empty_issue(
    hass: HomeAssistant, entry: ConfigEntry, *, empty: bool, binds: bool
) -> None:
    """Tell that an account has no system, or that it has one now.

    Where the user `binds` systems, he is told how.
    """
    issue_id = f"{NO_SYSTEMS}_{entry.entry_id}"
    if not empty:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=NO_SYSTEMS if binds else NO_SITES,
        translation_placeholders={"account": entry.title},
    )


@callback
def async_update_source_issue(
    hass: HomeAssistant, entry: ConfigEntry, *, removed: bool, target: str
) -> None:
    """Tell that the source of what is pushed is gone, or that it is there again."""
    issue_id = f"{SOURCE_REMOVED}_{entry.entry_id}"
    if not removed:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=SOURCE_REMOVED,
        translation_placeholders={"account": entry.title, "target": target},
    )


@callback
def async_create_loan_issue(
    hass: HomeAssistant, entry: ConfigEntry, device_id: str, loan: Loan
) -> None:
    """Tell what has to be taken out of a plan by hand, until somebody has done it."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{NOT_GIVEN_BACK}_{sha256(device_id.encode()).hexdigest()[:8]}",
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=NOT_GIVEN_BACK,
        translation_placeholders={
            "account": entry.title,
            "windows": "\n".join(f"- {name}" for name in loan.mine),
        },
    )


@callback
def async_delete_entry_issues(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Forget what was wrong with an account: set-up finds out anew."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and entry.entry_id in issue_id:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
