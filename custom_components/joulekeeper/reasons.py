"""Why a schedule is as it is, in words."""

from typing import Final

REASONS: Final = {
    "action_inexact": "the device can do only something near to it",
    "budget": "too many changes in a short time, it waits",
    "cannot_connect": "the cloud cannot be reached",
    "changed_elsewhere": "it was changed elsewhere",
    "credentials_refused": "the cloud refuses the credentials",
    "deleted": "it was deleted",
    "deleted_elsewhere": "it was deleted elsewhere",
    "empty": "the battery is empty",
    "fits_again": "it fits the device again",
    "forced_again": "another action was forced",
    "full": "the battery is full",
    "given_up": "the device did not carry it out",
    "journal_not_saved": "it could not be written down",
    "late": "it could not be sent in time",
    "leftover": "nothing asks for it any more",
    "limit": "a limit of the inverter is reached",
    "limits_mismatch": "its limits make no sense for the device",
    "mode_differs": "the inverter is in another mode",
    "never_confirmed": "the cloud has not listed it",
    "no_slot": "the plan of the device has no room for it yet",
    "no_answer": "the cloud did not answer",
    "not_delivered": "the inverter did not do it",
    "offline": "the inverter is offline",
    "paused": "the API usage of its account was switched off",
    "power_above_limit": "its power is above the limit of the device",
    "power_below_limit": "its power is below what the device takes",
    "power_between_steps": "its power is none of the steps of the device",
    "power_differs": "the measured power differs",
    "power_limit_unknown": "the limit of the device is not known",
    "power_limit_zero": "the limit of the device is zero",
    "rate_limited": "the cloud takes no more changes for a while",
    "refused": "the cloud refused it",
    "replaced": "something else took its place",
    "sent_again": "it was sent again",
    "stale": "no fresh measurement",
    "stopped": "it was stopped",
    "target_reached": "the target is reached",
    "too_short": "too little of its time was left",
    "unreadable": "its record could not be read",
    "unsupported": "the device cannot do it",
}


def reason_in_words(reason: str | None) -> str:
    """Return why something is as it is, as part of a sentence."""
    if reason is None:
        return "nobody told why"
    if reason.startswith("unsupported"):
        reason = "unsupported"
    return REASONS.get(reason) or reason.replace("_", " ")
