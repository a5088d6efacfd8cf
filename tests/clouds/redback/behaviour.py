"""Every open question about the real cloud, as a switch.

The numbers in comments are sections of the vendor's dossier. The first value of
each choice is the likelier one and the default.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Behaviour:
    """What the fake does where the real cloud is not known.

    May be changed while it runs, `paths_ignore_case` excepted.
    """

    # Token (1.2)
    entra_endpoint: bool = True  # Microsoft's token endpoint serves this cloud
    own_endpoint: bool = True  # /Api/v2/Auth/token still works
    expires_in: object = None  # told in place of the lifetime, such as "3599"
    token_lifetime_s: int = 3599

    # Paths and enums (1.1, 10.5)
    paths_ignore_case: bool = True
    double_slash: bool = True  # `//Api/...` is served
    modes_ignore_case: bool = True

    # Readings (1.4, 1.6, 1.7, 10.3, 10.4)
    page_count: Literal["pages", "records"] = "pages"
    no_battery: Literal["object", "null", "absent"] = "object"
    pvs: Literal["array", "null"] = "array"
    several_inverters: Literal["asked_only", "asked_first", "by_age"] = "asked_only"
    power_mode_null: bool = False
    # Recorded: the inverter's own counters are tenths, the meter's are thousandths.
    inverter_energy_digits: int = 1
    unknown_status: int = 404  # for an unknown serial or site
    error_body: Literal["problem", "html", "empty"] = "problem"

    # Publication: telemetry of minute t is readable `base` to `base + jitter` later
    publish_delay_s: float = 4.0
    publish_jitter_s: float = 4.0

    # Schedules (1.9, 6.6, 10.5)
    duration_day_part: bool = False  # "0.00:30:00" instead of "00:30:00"
    notes_echoed: bool = True
    overlap: Literal["latest_start", "first_start", "refuse"] = "latest_start"
    past_start: Literal["accept", "refuse"] = "accept"
    days_active: Literal["text", "integer"] = "text"
    stale_kept_h: float = 48.0  # then dropped, even from includeStale
    no_schedules_status: int = 404  # grid-tie models have no schedule API
    second_delete_status: int = 404

    # Envelopes (1.10, 6.7)
    past_grace_s: float = 60.0  # a start that much in the past still passes
    cancelled_listed: bool = True

    # Portal (2.1, 2.2, 10.1)
    portal_session_s: float = 1200.0
    expired_xhr: Literal["redirect", "unauthorized"] = "redirect"
    mode_answer: Literal["text", "json"] = "text"
